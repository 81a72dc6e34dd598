"""Produire des fiches d'un appel, sur ce poste : une campagne improvisée."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.erreurs import PublicationError
from observatoire.publication.campagne.fichier import Perimetre, improviser
from observatoire.publication.campagne.lancement import Options, lancer
from observatoire.publication.campagne.plan import Choix, planifier
from observatoire.publication.moteur.executeurs import executeur

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observatoire.config import Config
    from observatoire.perimetre import Periode
    from observatoire.publication.campagne.bilan import Bilan, Ecrit


def produire_fiches(
    config: Config,
    perimetres: Sequence[Perimetre],
    periode: Periode,
    *,
    public: str = "",
    processus: int | None = None,
    choix: Choix | None = None,
    options: Options | None = None,
) -> list[Ecrit]:
    """Produit la fiche de chaque périmètre, ou garde celle qui est à jour.

    Args:
        config: le dossier de travail.
        perimetres: des territoires ou des grands programmes.
        periode: la période des fiches.
        public: à qui elles s'adressent ; vide, la fiche générale.
        processus: documents produits en même temps.
        choix: ce qui force ou restreint la production.
        options: comment la lancer.

    Returns:
        Les fiches, dans l'ordre des périmètres.

    Raises:
        ParametreError: public inconnu, ou fiche d'un programme avec un public.
        PublicationError: à la fin, si des fiches ont échoué ; le message les donne toutes.
    """
    plan = planifier(config, improviser(config, perimetres, periode, [public]), choix)
    with executeur(processus=processus) as ouvriers:
        bilan = lancer(config, plan, ouvriers, options)
    if bilan.echecs or bilan.restants:
        raise _recapituler(bilan, len(plan.lignes))
    ecrits = {ecrit.tache.nom: ecrit for ecrit in bilan.documents}
    return [ecrits[ligne.tache.nom] for ligne in plan.lignes]


def _recapituler(bilan: Bilan, total: int) -> PublicationError:
    lignes = [f"  {e.tache.objet} : {e.constat}" for e in sorted(bilan.echecs, key=lambda e: e.tache.dit)]
    remedes = dict.fromkeys(echec.remede for echec in bilan.echecs)
    manquent = len(bilan.echecs) + len(bilan.restants)
    return PublicationError(
        f"{manquent} fiche(s) sur {total} n'ont pas été produites :\n" + "\n".join(lignes),
        "\n  ".join(remedes),
    )
