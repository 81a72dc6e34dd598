"""Une campagne est une donnée : ce qu'il faut éditer, pour qui, de quand, dans quels formats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from observatoire.config import lire_toml
from observatoire.erreurs import ConfigError, ObservatoireError, ParametreError, suggestion
from observatoire.perimetre import NIVEAUX, Programme, Territoire, lire_perimetre
from observatoire.publication.campagne.tache import FORMATS, NOM, Tache
from observatoire.publication.editions import derniere_periode, periode_demandee, trimestres_acheves

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from observatoire.config import Config
    from observatoire.perimetre import Periode

Perimetre: TypeAlias = Territoire | Programme
DOSSIER, PAR_DEFAUT = "campagnes", "trimestre"
GENERAL = "general"
DERNIER, HISTORIQUE = "dernier", "tout l'historique"
_CLES = {"titre", "editions"}
_CLES_EDITION = {"niveaux", "perimetres", "periodes", "publics", "formats"}


@dataclass(frozen=True, slots=True)
class Edition:
    """Des périmètres × des périodes × des publics, dans des formats ; sans public, la fiche générale."""

    perimetres: tuple[Perimetre, ...]
    periodes: tuple[Periode, ...]
    publics: tuple[str, ...] = ("",)
    formats: tuple[str, ...] = FORMATS


@dataclass(frozen=True, slots=True)
class Campagne:
    """Des éditions à produire ensemble ; `nom` est celui du fichier, ou « fiches » si elle est improvisée."""

    nom: str
    titre: str
    editions: tuple[Edition, ...]

    def taches(self, config: Config) -> list[Tache]:
        """Rend un document par périmètre, période et public, chacun une fois, dans l'ordre du fichier."""
        formats: dict[tuple[str, str, str], set[str]] = {}
        for edition in self.editions:
            for periode in edition.periodes:
                for public in edition.publics:
                    for objet in edition.perimetres:
                        cle = (str(objet), str(periode), public)
                        formats.setdefault(cle, set()).update(edition.formats)
        return [
            Tache(config.racine, *cle, tuple(nom for nom in FORMATS if nom in voulus))
            for cle, voulus in formats.items()
        ]


def lire_campagne(config: Config, nom: str = PAR_DEFAUT, periode: Periode | None = None) -> Campagne:
    """Lit `campagnes/<nom>.toml`.

    Args:
        config: le dossier de travail.
        nom: celui du fichier, sans extension.
        periode: le trimestre que « dernier » désigne ; par défaut le dernier complet dans les données.

    Raises:
        ConfigError: campagne inconnue, clé inconnue ou manquante, valeur qui n'existe pas.
        PublicationError: aucun trimestre n'est complet dans les données.
    """
    connues = sorted(chemin.stem for chemin in (config.racine / DOSSIER).glob("*.toml"))
    if nom in connues and not NOM.fullmatch(nom):
        raise ConfigError(
            f"Le nom de {DOSSIER}/{nom}.toml est refusé.",
            "Le renommer : minuscules sans accent, chiffres, tirets.",
        )
    if nom not in connues:
        remede = suggestion(nom, connues) if connues else f"Écrire {DOSSIER}/{PAR_DEFAUT}.toml."
        raise ConfigError(f"Campagne inconnue : « {nom} ».", remede)
    fichier = f"{DOSSIER}/{nom}.toml"
    bloc = lire_toml(config.racine / DOSSIER / f"{nom}.toml")
    _verifier_cles(fichier, bloc, _CLES)
    if not isinstance(bloc.get("editions"), list) or not bloc["editions"]:
        raise ConfigError(f"{fichier} : aucune édition.", "Ajouter un tableau [[editions]].")
    editions = [
        _edition(config, f"{fichier}, édition {rang}", edition, periode)
        for rang, edition in enumerate(bloc["editions"], 1)
    ]
    return Campagne(nom, str(bloc.get("titre", nom)), tuple(editions))


def improviser(
    config: Config, perimetres: Sequence[Perimetre], periode: Periode, publics: Iterable[str] = ("",)
) -> Campagne:
    """Rend la campagne de quelques fiches, demandées une à une.

    Raises:
        ParametreError: public inconnu, ou fiche d'un programme avec un public.
    """
    voulus = tuple(publics)
    _verifier_publics(config, voulus, perimetres)
    return Campagne("fiches", f"Fiches {periode}", (Edition(tuple(perimetres), (periode,), voulus),))


def noms_des_publics(config: Config) -> list[str]:
    """Rend les publics déclarés, sans les lire : le fichier n'est vérifié qu'au moment de s'en servir."""
    chemin = config.racine / "notebooks" / "publics.toml"
    return list(lire_toml(chemin)) if chemin.is_file() else []


def _edition(config: Config, ou: str, bloc: object, dernier: Periode | None) -> Edition:
    if not isinstance(bloc, dict):
        raise ConfigError(f"{ou} n'est pas un tableau.", "L'écrire sous [[editions]].")
    _verifier_cles(ou, bloc, _CLES_EDITION)
    textes = {nom: _textes(ou, nom, bloc[nom]) for nom in bloc.keys() - {"periodes"}}
    try:
        perimetres = _perimetres(textes.get("niveaux", []), textes.get("perimetres", []))
        publics = tuple("" if p == GENERAL else p for p in textes.get("publics", [GENERAL]))
        _verifier_publics(config, publics, perimetres)
        periodes = _periodes(config, bloc.get("periodes", DERNIER), dernier)
    except ObservatoireError as erreur:
        raise ConfigError(f"{ou} : {erreur.constat}", erreur.remede) from None
    formats = textes.get("formats", list(FORMATS))
    for nom in formats:
        if nom not in FORMATS:
            raise ConfigError(f"{ou} : format inconnu « {nom} ».", suggestion(nom, FORMATS))
    for cle, valeurs in (("perimetres", perimetres), ("publics", publics), ("formats", formats)):
        if not valeurs:
            raise ConfigError(f"{ou} : {cle} est vide.", "En donner au moins un.")
    return Edition(tuple(perimetres), tuple(periodes), publics, tuple(formats))


def _perimetres(niveaux: list[str], perimetres: list[str]) -> list[Perimetre]:
    for niveau in niveaux:
        if niveau not in NIVEAUX:
            raise ParametreError(f"Niveau inconnu : « {niveau} ».", suggestion(niveau, NIVEAUX))
    lus: list[Perimetre] = [*Territoire.tous(*niveaux), *map(lire_perimetre, perimetres)]
    return list(dict.fromkeys(lus))


def _periodes(config: Config, ecrites: object, dernier: Periode | None) -> list[Periode]:
    if ecrites == DERNIER:
        return [dernier or derniere_periode(config)]
    if ecrites == HISTORIQUE:
        return trimestres_acheves(config)
    if isinstance(ecrites, list) and ecrites and all(isinstance(texte, str) for texte in ecrites):
        return [periode_demandee(config, texte) for texte in ecrites]
    raise ParametreError(
        f"periodes = {ecrites!r} n'est pas lisible.",
        f'Écrire "{DERNIER}", "{HISTORIQUE}" ou une liste : ["2026-T3"].',
    )


def _verifier_publics(config: Config, publics: Iterable[str], perimetres: Iterable[Perimetre]) -> None:
    connus = noms_des_publics(config)
    for public in filter(None, publics):
        if public not in connus or not NOM.fullmatch(public):
            raise ParametreError(f"Public inconnu : « {public} ».", suggestion(public, [GENERAL, *connus]))
        if any(isinstance(objet, Programme) for objet in perimetres):
            raise ParametreError(
                "La fiche d'un programme n'a pas de public.",
                "Retirer le public : elle est la même pour tous.",
            )


def _verifier_cles(ou: str, bloc: dict[str, Any], connues: set[str]) -> None:
    for cle in sorted(bloc.keys() - connues):
        raise ConfigError(f"{ou} : clé inconnue « {cle} ».", suggestion(cle, sorted(connues)))


def _textes(ou: str, nom: str, valeur: object) -> list[str]:
    if not isinstance(valeur, list) or not all(isinstance(texte, str) for texte in valeur):
        raise ConfigError(f"{ou} : {nom} = {valeur!r} n'est pas une liste de textes.", f'{nom} = ["…"].')
    return valeur
