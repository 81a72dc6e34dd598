"""Tenter un document : le produire, ou dire pourquoi il ne l'est pas, sans qu'aucune erreur ne sorte."""

from __future__ import annotations

import re
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.erreurs import ObservatoireError, raison_du_systeme
from observatoire.publication.campagne.tache import Document, Echec, Tache

if TYPE_CHECKING:
    from collections.abc import Callable

_DE_LA_CELLULE = re.compile(r", (cellule « .*? ») : (\w+) : ", flags=re.DOTALL)
_BIBLIOTHEQUE = Path(__file__).parents[2]
_REMEDE = "Rejouer ce document seul, avec la commande donnée."


def tenter(tache: Tache, producteur: Callable[[Tache], Document] | None = None) -> Document | Echec:
    """Produit un document, ou rend l'échec.

    L'endroit de l'erreur se lit ici : une pile d'appels ne passe pas d'un processus à l'autre. Papermill
    et le dessin ne se chargent qu'ici aussi : une campagne qui n'a rien à faire s'en passe.

    Args:
        tache: le document demandé.
        producteur: ce qui le produit ; par défaut `production.produire`.
    """
    debut = time.perf_counter()
    try:
        return (producteur or _producteur())(tache)
    except Exception as erreur:  # une erreur inattendue ne doit pas arrêter les autres documents
        return constater(tache, erreur, time.perf_counter() - debut)


def _producteur() -> Callable[[Tache], Document]:
    from observatoire.publication.campagne.production import produire

    return produire


def constater(tache: Tache, erreur: BaseException, secondes: float = 0.0) -> Echec:
    """Rend l'échec que raconte une erreur."""
    constat = str(getattr(erreur, "constat", "") or erreur or type(erreur).__name__)
    if isinstance(erreur, OSError) and erreur.errno:
        constat = " : ".join(filter(None, (raison_du_systeme(erreur), str(erreur.filename or ""))))
    remede = str(getattr(erreur, "remede", "") or _REMEDE)
    if trouve := _DE_LA_CELLULE.search(constat):
        return Echec(tache, trouve[2], f"{tache.notebook}, {trouve[1]}", constat, remede, secondes)
    if isinstance(erreur, ObservatoireError):
        endroit = ", ".join(filter(None, (tache.notebook, erreur.endroit)))
    else:
        endroit = _dernier_appel(erreur)
    return Echec(tache, type(erreur).__name__, endroit, constat, remede, secondes)


def _dernier_appel(erreur: BaseException) -> str:
    """La dernière ligne de la pile qui soit à nous : `rendu_pdf.py, ligne 57 (rendre_pdf)`."""
    appels = traceback.extract_tb(erreur.__traceback__)
    ailleurs = [appel for appel in appels if Path(appel.filename) != Path(__file__)]
    notres = [appel for appel in ailleurs if Path(appel.filename).is_relative_to(_BIBLIOTHEQUE)]
    if not ailleurs:
        return "production"
    dernier = (notres or ailleurs)[-1]
    return f"{Path(dernier.filename).name}, ligne {dernier.lineno} ({dernier.name})"
