"""Ce qu'une édition doit avoir pour paraître : tout ce que sa campagne prévoit, tel qu'il a été produit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.erreurs import PublicationError
from observatoire.publication.campagne.cle import Cles
from observatoire.publication.campagne.fichier import DOSSIER, PAR_DEFAUT, lire_campagne
from observatoire.publication.campagne.manifeste import Manifeste, dossier_de
from observatoire.publication.campagne.tache import Tache, commande_de

if TYPE_CHECKING:
    from collections.abc import Collection

    from observatoire.config import Config
    from observatoire.perimetre import Periode

_MONTRES = 6
_IMPRIMEES = ("donnees", "ailleurs")  # les parties d'une clé que le registre inscrit comme lues


def exiger_complete(config: Config, periode: Periode) -> None:
    """Refuse de publier un trimestre à qui il manque un document, dont un fichier ou les données ont changé.

    Il lui faut tous les documents que `campagnes/trimestre.toml` prévoit pour lui, dans tous leurs formats,
    et ceux qu'une production a laissés en échec ou en route. Tous doivent montrer les données d'aujourd'hui :
    ce sont elles que le registre inscrirait comme lues.

    Raises:
        PublicationError: rien n'est prévu, un document manque ou a vieilli, un fichier est absent ou changé.
        ConfigError: la campagne n'est pas lisible.
    """
    campagne = lire_campagne(config, PAR_DEFAUT, periode)
    prevus = {tache.nom: tache for tache in campagne.taches(config) if tache.periode == str(periode)}
    if not prevus:
        raise PublicationError(
            f"La campagne « {PAR_DEFAUT} » ne prévoit aucun document pour {periode}.",
            f"Compléter les periodes de {DOSSIER}/{PAR_DEFAUT}.toml.",
        )
    manifeste = Manifeste.lire(dossier_de(config, str(periode)))
    absents = {nom for nom, tache in prevus.items() if not _produit(manifeste, tache)}
    if manquants := sorted({*absents, *manifeste.restants, *manifeste.echecs}):
        raise PublicationError(
            f"La campagne {periode} est incomplète, il y manque {len(manquants)} document(s) sur "
            f"{len({*prevus, *manquants})} ({_citer(manquants)}).",
            _produire(periode, manquants, prevus),
        )
    if anomalies := manifeste.anomalies():
        premier = next(iter(anomalies.values()))[0]
        raise PublicationError(
            f"{len(anomalies)} document(s) de {periode} ne sont plus ceux qui ont été produits ({premier}).",
            _produire(periode, anomalies, prevus),
        )
    if vieillis := _vieillis(config, manifeste):
        raise PublicationError(
            f"{len(vieillis)} document(s) de {periode} montrent des données qui ont changé depuis "
            f"({_citer(vieillis)}).",
            _produire(periode, vieillis, prevus),
        )


def exiger_rapport(config: Config, annee: Periode) -> None:
    """Refuse de publier une année dont le rapport n'est pas produit ; il l'est en entier, ou pas du tout.

    Raises:
        PublicationError: le rapport n'est pas là.
    """
    if not (config.outputs / "rapports" / str(annee) / f"rapport-{annee}.pdf").is_file():
        raise PublicationError(
            f"Le rapport {annee} n'est pas produit.", f"D'abord « observatoire rapport --annee {annee} »."
        )


def _produit(manifeste: Manifeste, tache: Tache) -> bool:
    fichiers = manifeste.documents.get(tache.nom, {}).get("fichiers", {})
    return all(f"{tache.nom}.{format_}" in fichiers for format_ in tache.formats)


def _vieillis(config: Config, manifeste: Manifeste) -> list[str]:
    cles, vieillis = Cles(config), []
    for nom, connu in sorted(manifeste.documents.items()):
        tache = Tache(config.racine, connu["objet"], manifeste.dossier.name, connu["public"])
        parties = cles.parties(tache, connu["lectures"])
        if any(parties[partie] != connu["parties"].get(partie) for partie in _IMPRIMEES):
            vieillis.append(nom)
    return vieillis


def _citer(noms: list[str]) -> str:
    return ", ".join([*noms[:_MONTRES], *(["…"] if len(noms) > _MONTRES else [])])


def _produire(periode: Periode, noms: Collection[str], prevus: Collection[str]) -> str:
    """Ce qu'il faut lancer pour produire ces documents ; un qui n'est pas prévu se demande à part."""
    commandes = [f"observatoire campagne {PAR_DEFAUT} --periode {periode}"] if {*noms} & {*prevus} else []
    commandes += [commande_de(nom, str(periode)) for nom in sorted({*noms} - {*prevus})]
    dites = " ; ".join(f"« {commande} »" for commande in commandes)
    return f"Lancer {dites} ; un échec s'explique dans outputs/journaux/bilan.html."
