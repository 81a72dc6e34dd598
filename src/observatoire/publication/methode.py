"""La note de méthode : ce que chaque indicateur compte, ce qui est publié, ce qui est tu et pourquoi.

Rien n'y est écrit à la main de ce que le code déclare : elle se lit dans le catalogue, le référentiel, le
plan de publication et les paramètres datés. `en_markdown` (voir `methode_markdown`) l'écrit ; le rapport
annuel la reprend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from observatoire.erreurs import PublicationError
from observatoire.perimetre import NIVEAUX
from observatoire.referentiel import ENSEMBLE, ventilations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from observatoire.config import Config, Parametre
    from observatoire.referentiel import Ventilation

RYTHMES = {"trimestre": "Trimestre", "glissant": "Quatre trimestres glissants", "annee": "Année"}
TRANCHES = {
    "rien": "Rien",
    "totaux": "Totaux",
    "ventilations": "Totaux et ventilations",
    "croisements": "Totaux, ventilations et croisements",
}
SIGNES = (
    ("s", "Secret statistique."),
    ("n.d.", "Non disponible : la source ne couvre pas la période, ou rien à quoi rapporter (0 ÷ 0)."),
    ("n.s.", "Non significatif : base trop petite, période provisoire ou champ trop partiel."),
    ("–", "Sans objet."),
    ("0", "Zéro observé."),
    ("(p)", "Provisoire : des données restent à recevoir."),
)
_GEOGRAPHIES = {
    "execution": "lieu d’exécution du marché",
    "execution_marche": "lieu d’exécution du marché, à défaut département de l’acheteur",
    "acheteur": "ressort de l’acheteur",
    "acheteur_marche": "ressort de l’acheteur",
    "residence": "commune de résidence de la personne à son entrée",
    "structure": "commune d’implantation de la structure",
    "projet": "lieu d’exécution du marché du grand projet, à défaut la région entière",
}
_ENTRE = {"territoire": "territoires de même niveau", "periode": "périodes", "modalite": "modalités"}
_SECRET = {
    "seuil_personnes": "Personnes derrière une valeur, au moins",
    "seuil_personnes_sensible": "Personnes derrière une valeur, au moins, si une donnée sensible est en jeu",
    "employeurs_minimum": "Employeurs derrière une somme d’heures ou d’euros, au moins",
    "dominance_maximum_pct": "Part d’une somme apportée par le plus gros employeur, au plus (%)",
    "sensibles_maximum_pct": "Cellules sensibles d’un détail au-delà desquelles il est tu entier (%)",
    "personnes_minimum_mediane": "Personnes derrière une médiane, au moins",
}
_COMPARAISONS = {
    "base_minimale_evolution": "Personnes derrière la valeur de départ d’une évolution, au moins",
    "couverture_minimale_champ_pct": "Part des heures couverte à champ constant, au moins (%)",
    "jours_avant_definitif": "Jours après la fin d’une période où ses chiffres restent provisoires",
}


@dataclass(frozen=True, slots=True)
class NoteIndicateur:
    """La fiche d'un indicateur.

    Attributes:
        formule: pour un rapport, ses termes : un nom et un texte ; vide ailleurs.
        ventilations: les libellés des ventilations publiées.
        definition: la première phrase de la note de méthode ; `paragraphes`, la suite.
    """

    nom: str
    libelle: str
    unite: str
    definition: str
    champ: str
    geographie: str
    source: str
    lecture: str
    additivite: str
    formule: tuple[tuple[str, str], ...]
    ventilations: tuple[str, ...]
    paragraphes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoteVentilation:
    """Une ventilation : ses modalités publiées, et si elles révèlent une donnée sensible."""

    libelle: str
    modalites: tuple[str, ...]
    croisee: bool
    sensible: bool


@dataclass(frozen=True, slots=True)
class Regle:
    """Une valeur fixée par la règle, avec sa date d'effet et sa référence."""

    enonce: str
    valeur: str
    depuis: str
    reference: str


@dataclass(frozen=True, slots=True)
class NoteDeMethode:
    """Toute la méthode, prête à être écrite dans n'importe quelle forme.

    Attributes:
        plan: pour chaque niveau publié, la tranche de chaque rythme, dans l'ordre de `RYTHMES`.
        exceptions: ce que le plan retire, en phrases.
    """

    titre: str
    indicateurs: tuple[NoteIndicateur, ...]
    rapports: tuple[NoteIndicateur, ...]
    ventilations: tuple[NoteVentilation, ...]
    secret: tuple[Regle, ...]
    comparaisons: tuple[Regle, ...]
    plan: tuple[tuple[str, tuple[str, ...]], ...]
    exceptions: tuple[str, ...]


def composer(catalogue: pd.DataFrame, config: Config) -> NoteDeMethode:
    """Rend la note de méthode d'un catalogue, dans son ordre.

    Raises:
        ConfigError: un paramètre manque dans `parametres.toml`.
        PublicationError: le catalogue cite un rattachement que la note ne sait pas dire.
    """
    fiches = [
        {str(nom): valeur for nom, valeur in fiche.items()}
        for fiche in catalogue.sort_values("ordre").to_dict("records")
    ]
    libelles = {str(fiche["indicateur"]): str(fiche["libelle"]) for fiche in fiches}
    notes = {str(fiche["indicateur"]): _note(fiche, libelles) for fiche in fiches}
    citees = {nom for fiche in fiches for nom in _liste(fiche["ventilations"])}
    return NoteDeMethode(
        titre=config.reglages["observatoire"]["nom"],
        indicateurs=tuple(note for note in notes.values() if not note.formule),
        rapports=tuple(note for note in notes.values() if note.formule),
        ventilations=tuple(_ventilation(v) for nom, v in ventilations().items() if nom in citees),
        secret=tuple(_regles(config, _SECRET)),
        comparaisons=tuple(_regles(config, _COMPARAISONS)),
        plan=tuple(_plan(config.reglages.get("publication", {}))),
        exceptions=tuple(_exceptions(config.reglages.get("publication", {}), libelles)),
    )


# ── les indicateurs ──


def _note(fiche: Mapping[str, Any], libelles: Mapping[str, str]) -> NoteIndicateur:
    definition, *suite = [" ".join(morceau.split()) for morceau in str(fiche["methode"]).split("\n\n")]
    if fiche["rattachement"] not in _GEOGRAPHIES:
        raise PublicationError(
            f"Le rattachement « {fiche['rattachement']} » de {fiche['indicateur']} n'a pas de nom publié.",
            "L'ajouter à la note de méthode (publication/methode.py).",
        )
    termes = (("Numérateur", fiche["numerateur"]), ("Dénominateur", fiche["denominateur"]))
    return NoteIndicateur(
        nom=str(fiche["indicateur"]),
        libelle=str(fiche["libelle"]),
        unite=str(fiche["unite"]),
        definition=definition,
        champ=str(fiche["champ"]),
        geographie=_GEOGRAPHIES[str(fiche["rattachement"])],
        source=str(fiche["source"]),
        lecture=_modele(str(fiche["lecture"])),
        additivite=_additivite(fiche),
        formule=tuple((nom, _dire_terme(terme, libelles)) for nom, terme in termes if terme),
        ventilations=tuple(ventilations()[nom].libelle for nom in _liste(fiche["ventilations"])),
        paragraphes=tuple(suite),
    )


def _modele(lecture: str) -> str:
    """Rend la phrase modèle telle qu'un lecteur la comprend."""
    return lecture.format(territoire="[territoire]", periode="[période]", valeur="[valeur]")


def _additivite(fiche: Mapping[str, Any]) -> str:
    """Dit en français ce qui s'additionne."""
    if fiche["numerateur"]:
        return "Ne s’additionne jamais : c’est le rapport de deux valeurs, ou le multiple d’une autre."
    sommables = _liste(fiche["additif"])
    oui = [_ENTRE[nom] for nom in _ENTRE if nom in sommables]
    non = [_ENTRE[nom] for nom in _ENTRE if nom not in sommables]
    if not oui:
        return (
            "Ne s’additionne jamais : une même unité peut compter dans plusieurs territoires, périodes "
            "et modalités."
        )
    phrases = [f"S’additionne entre {_enumerer(oui)}"]
    if non:
        phrases = [f"{phrases[0]}, pas entre {_enumerer(non)} : une même unité peut compter dans plusieurs"]
    if multiples := [ventilations()[nom].libelle for nom in _liste(fiche["multiples"])]:
        phrases.append(f"Les modalités de « {' » et de « '.join(multiples)} » se recouvrent")
    return ". ".join(phrases) + "."


def _dire_terme(terme: str, libelles: Mapping[str, str]) -> str:
    """Rend le terme d'un rapport en français : « Bénéficiaires (Sexe : Femmes, Hommes) »."""
    indicateur, _, reste = terme.partition(".")
    if not reste:
        return libelles[indicateur]
    nom, _, codes = reste.partition("=")
    ventilation = ventilations()[nom]
    modalites = ", ".join(ventilation.libelles[code] for code in codes.split("|"))
    return f"{libelles[indicateur]} ({ventilation.libelle} : {modalites})"


def _ventilation(ventilation: Ventilation) -> NoteVentilation:
    croisee = len(ventilation.axes) > 1
    modalites = [ventilations()[axe].libelle for axe in ventilation.axes]
    return NoteVentilation(
        ventilation.libelle,
        tuple(modalites if croisee else ventilation.libelles.values()),
        croisee,
        ventilation.sensible,
    )


# ── les règles et le plan ──


def _regles(config: Config, enonces: Mapping[str, str]) -> Iterator[Regle]:
    for nom, enonce in enonces.items():
        for valeur in config.historique(nom):
            yield Regle(enonce, _nombre(valeur), f"{valeur.depuis:%d/%m/%Y}", valeur.reference)


def _nombre(parametre: Parametre) -> str:
    return str(parametre.valeur).replace(".", ",")


def _plan(publication: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    plan = publication.get("plan", {})
    for niveau, nom in NIVEAUX.items():
        if niveau in plan:
            yield nom, tuple(TRANCHES[plan[niveau].get(rythme, "rien")] for rythme in RYTHMES)


def _exceptions(publication: Mapping[str, Any], libelles: Mapping[str, str]) -> Iterator[str]:
    for niveau, rythmes in publication.get("exceptions", {}).items():
        for rythme, retirees in rythmes.items():
            noms = " ; ".join(_dire_tranche(retiree, libelles) for retiree in retirees)
            yield f"{NIVEAUX[niveau]}, {RYTHMES[rythme].lower()}, n’est pas publié : {noms}."
    for niveau, rythmes in publication.get("personnes_minimum", {}).items():
        for rythme, effectif in rythmes.items():
            yield (
                f"{NIVEAUX[niveau]}, {RYTHMES[rythme].lower()} : un territoire de moins de {effectif} "
                "habitants bénéficiaires ne publie que ses totaux."
            )


def _dire_tranche(tranche: str, libelles: Mapping[str, str]) -> str:
    indicateur, _, ventilation = tranche.partition(".")
    libelle = f"« {libelles.get(indicateur, indicateur)} »"
    if ventilation == "*":
        return f"{libelle} dans tous ses croisements"
    if ventilation == ENSEMBLE:
        return f"{libelle} dans son ensemble"
    return f"{libelle} par « {ventilations()[ventilation].libelle} »"


def _liste(texte: object) -> list[str]:
    return [nom for nom in str(texte).split("|") if nom]


def _enumerer(noms: list[str]) -> str:
    """Rend une énumération.

    >>> _enumerer(["a", "b", "c"])
    'a, b et c'
    """
    return " et ".join(filter(None, [", ".join(noms[:-1]), noms[-1]]))
