"""L'essai d'une fiche sur ses extrêmes : le plus grand territoire, le plus petit, le secret, le vide."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from observatoire.erreurs import ObservatoireError, PublicationError
from observatoire.magasin import Magasin, ecrire_octets
from observatoire.perimetre import Periode
from observatoire.publication.blocs import MIME
from observatoire.publication.cahiers.tout_secret import vue_secrete
from observatoire.publication.cellules import PUBLIE, SECRET
from observatoire.publication.editions import derniere_periode
from observatoire.publication.execution import executer
from observatoire.publication.formats import INSECABLE
from observatoire.publication.lectures import REGION
from observatoire.publication.moteur.executeurs import executeur
from observatoire.publication.rendu_html import rendre_html
from observatoire.publication.rendu_pdf import rendre_pdf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd
    from nbformat import NotebookNode

    from observatoire.config import Config

TAILLE = "heures_realisees"
TAMPON = f"ESSAI{INSECABLE}: NE PAS DIFFUSER."
TAMPON_SECRET = f"{TAMPON} Tous les chiffres de ce territoire y sont cachés, même ceux qui sont publiés."


@dataclass(frozen=True, slots=True)
class Cas:
    """Un cas à essayer : ce qu'il a d'extrême, son territoire, son trimestre.

    `tout_secret` : chaque cellule du territoire est d'abord marquée secrète, dans une copie jetable.
    """

    nom: str
    territoire: str
    periode: str
    tout_secret: bool = False


@dataclass(frozen=True, slots=True)
class Essai:
    """Un cas essayé : ses deux fichiers, ou l'erreur."""

    cas: Cas
    html: Path | None = None
    pdf: Path | None = None
    erreur: ObservatoireError | None = None


def choisir_cas(config: Config) -> list[Cas]:
    """Choisit les cas dans les valeurs publiées, jamais dans ce qui les a produites.

    Le plus grand et le plus petit ont le plus et le moins d'heures publiées au dernier trimestre achevé ; le
    plus secret, la plus forte part de secrets parmi ses cellules. Le tout secret est le plus grand hors la
    région, dont plus rien ne serait publié ; le vide, le trimestre qui précède le premier publié.

    Raises:
        PublicationError: aucune valeur publiée au dernier trimestre achevé.
    """
    periode = derniere_periode(config)
    valeurs = Magasin(config.processed).lire("indicateurs/valeurs")
    niveaux = tuple(f"{niveau}:" for niveau in config.reglages["fiches"]["niveaux"])
    valeurs = valeurs[valeurs["territoire"].str.startswith(niveaux)]
    trimestre = valeurs[valeurs["periode"] == str(periode)]
    tailles = trimestre[
        (trimestre["indicateur"] == TAILLE)
        & (trimestre["ventilation"] == "ensemble")
        & (trimestre["statut"] == PUBLIE)
    ].set_index("territoire")["valeur"]
    if tailles.empty:
        raise PublicationError(
            f"Aucun territoire n'a d'heures publiées au trimestre {periode}.", "Construire les indicateurs."
        )
    remplies = trimestre[trimestre["statut"].isin([PUBLIE, SECRET])]
    secretes = (remplies["statut"] == SECRET).groupby(remplies["territoire"]).mean()
    plus_petit = str(tailles.idxmin())
    hors_region = tailles.drop(str(REGION), errors="ignore")
    a_cacher = str(hors_region.idxmax()) if len(hors_region) else plus_petit
    return [
        Cas("le plus grand", str(tailles.idxmax()), str(periode)),
        Cas("le plus petit", plus_petit, str(periode)),
        Cas("le plus secret", str(secretes.idxmax()), str(periode)),
        Cas("tout secret", a_cacher, str(periode), tout_secret=True),
        Cas("sans données", plus_petit, str(_avant_tout(valeurs))),
    ]


def _avant_tout(valeurs: pd.DataFrame) -> Periode:
    """Le trimestre qui précède le premier où une valeur est publiée."""
    lues = map(Periode.lire, valeurs.loc[valeurs["statut"] == PUBLIE, "periode"].unique())
    return min(periode for periode in lues if periode.rythme == "trimestre").decalee(-1)


def essayer(config: Config, notebook: str, suivi: Callable[[Essai], None] = lambda _: None) -> list[Essai]:
    """Produit la fiche d'un notebook pour chaque cas, dans `outputs/essais/<notebook>/`, tous ensemble.

    Un échec n'arrête pas les autres cas. Chaque document dit qu'il est un essai, à ne pas diffuser.

    Args:
        config: le dossier de travail.
        notebook: son nom sous `notebooks/`, sans extension ; ses paramètres sont `territoire` et `periode`.
        suivi: appelée à chaque cas essayé, dans l'ordre.
    """
    essais = []
    with executeur() as ouvriers:
        for essai in ouvriers.map(partial(_essayer, config, notebook), choisir_cas(config)):
            suivi(essai)
            essais.append(essai)
    return essais


def _essayer(config: Config, notebook: str, cas: Cas) -> Essai:
    parametres = {"territoire": cas.territoire, "periode": cas.periode}
    ou = (
        config.outputs / "essais" / notebook / f"{cas.nom} {cas.territoire} {cas.periode}".translate(_FICHIER)
    )
    try:
        with vue_secrete(config, cas.territoire) if cas.tout_secret else nullcontext(config) as lue:
            execute = executer(lue.racine / "notebooks" / f"{notebook}.ipynb", parametres, racine=lue.racine)
        _tamponner(execute, cas)
        html, (pdf, _) = rendre_html(execute, config), rendre_pdf(execute, config)
    except ObservatoireError as erreur:
        return Essai(cas, erreur=erreur)
    chemins = ou.with_name(f"{ou.name}.html"), ou.with_name(f"{ou.name}.pdf")
    ecrire_octets(chemins[0], html)
    ecrire_octets(chemins[1], pdf)
    return Essai(cas, *chemins)


def _tamponner(execute: NotebookNode, cas: Cas) -> None:
    """Écrit dans l'en-tête du document, donc dans la page et dans le PDF, qu'il est un essai."""
    sorties = [sortie for cellule in execute.cells for sortie in cellule.get("outputs", [])]
    for bloc in (sortie.get("data", {}).get(MIME, {}) for sortie in sorties):
        if bloc.get("genre") == "entete":
            bloc["titre"] = f"ESSAI – {bloc['titre']}"
            bloc["mentions"] = [TAMPON_SECRET if cas.tout_secret else TAMPON, *bloc["mentions"]]


_FICHIER = str.maketrans({" ": "-", ":": "-", "é": "e"})
