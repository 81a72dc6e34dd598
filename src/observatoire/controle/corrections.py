"""Les corrections déclarées par l'équipe (`corrections.toml`), appliquées au texte reçu.

Une correction dit la valeur fausse qu'elle attend : quand la source a corrigé, ou qu'elle écrit autre
chose, la chaîne s'arrête et le dit ; une correction ne survit jamais à sa raison d'être.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import pandas as pd

from observatoire.erreurs import ConfigError, QualiteError, suggestion
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from observatoire.config import Source

FICHIER = "corrections.toml"
STATUTS = ("ouverte", "signalee")
_ORIGINE = ("source", "millesime", "fichier", "ligne")
# un pseudonyme ne s'écrit pas dans un fichier de l'équipe
_IDENTITE = ("personne",)


@dataclass(frozen=True, slots=True)
class Correction:
    """Une correction : où (`quand`), quoi (`colonne`), la valeur fausse attendue et la bonne.

    Une valeur vide (`""`) veut dire « rien n'est écrit ».
    """

    nom: str
    source: str
    quand: Mapping[str, str]
    colonne: str
    valeur_attendue: str
    valeur: str
    raison: str
    statut: str
    reference: str


def lire_corrections(chemin: Path, sources: Mapping[str, Source]) -> list[Correction]:
    """Rend les corrections déclarées ; aucune si le fichier est absent.

    Raises:
        ConfigError: fichier illisible, champ absent ou inconnu, colonne inconnue ou d'identité.
    """
    try:
        blocs = tomllib.loads(chemin.read_text(encoding="utf-8")).get("corrections", [])
    except FileNotFoundError:
        return []
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as erreur:
        raise ConfigError(f"{FICHIER} est illisible : {erreur}.", "Corriger la ligne citée.") from None
    corrections = [_correction(rang, bloc, sources) for rang, bloc in enumerate(blocs, 1)]
    doubles = [nom for nom, fois in Counter(c.nom for c in corrections).items() if fois > 1]
    if doubles:
        raise ConfigError(f"{FICHIER} : deux corrections se nomment « {doubles[0]} ».", "En renommer une.")
    return corrections


def _correction(rang: int, bloc: Mapping[str, Any], sources: Mapping[str, Source]) -> Correction:
    attendus = {champ.name for champ in fields(Correction)}
    if ecarts := sorted(attendus ^ set(bloc)):
        raise ConfigError(
            f"{FICHIER}, correction n° {rang} : champs absents ou inconnus : {', '.join(ecarts)}.",
            f"Une correction a ces champs, et eux seuls : {', '.join(f.name for f in fields(Correction))}.",
        )
    quand = bloc["quand"]
    if not isinstance(quand, dict) or not quand:
        raise ConfigError(
            f"{FICHIER}, correction n° {rang} : « quand » ne désigne aucune ligne.",
            'Écrire quand = {colonne = "valeur"}.',
        )
    textes = {nom: str(valeur) for nom, valeur in bloc.items() if nom != "quand"}
    correction = Correction(**textes, quand={nom: str(valeur) for nom, valeur in quand.items()})
    _verifier(correction, sources)
    return correction


def _verifier(correction: Correction, sources: Mapping[str, Source]) -> None:
    if correction.source not in sources:
        raise _fautive(
            correction, f"source « {correction.source} » inconnue", suggestion(correction.source, sources)
        )
    if correction.statut not in STATUTS:
        raise _fautive(
            correction, f"statut « {correction.statut} » inconnu", suggestion(correction.statut, STATUTS)
        )
    if correction.valeur == correction.valeur_attendue:
        raise _fautive(correction, "elle ne change rien", "Écrire la bonne valeur dans « valeur ».")
    table = SCHEMAS[f"acquisition/{sources[correction.source].genre}"]
    for nom in (correction.colonne, *correction.quand):
        if nom in _IDENTITE:
            raise _fautive(
                correction,
                f"« {nom} » désigne une personne",
                "Une personne ne se corrige pas ici : faire corriger l'export par la structure.",
            )
        if nom not in table.noms:
            raise _fautive(correction, f"colonne « {nom} » inconnue", suggestion(nom, table.noms))
    if correction.colonne in _ORIGINE:
        raise _fautive(correction, f"« {correction.colonne} » ne se corrige pas", "C'est l'origine reçue.")


def _fautive(correction: Correction, constat: str, remede: str) -> ConfigError:
    return ConfigError(f"{FICHIER}, « {correction.nom} » : {constat}.", remede)


class Atelier:
    """Applique les corrections morceau par morceau et compte ce que chacune a trouvé."""

    def __init__(self, corrections: Iterable[Correction]) -> None:
        self._corrections = tuple(corrections)
        self._corrigees: Counter[str] = Counter()
        self._justes: Counter[str] = Counter()
        self._imprevues: Counter[str] = Counter()
        self._recues: set[str] = set()

    def appliquer(self, source: str, morceau: pd.DataFrame) -> pd.DataFrame:
        """Rend le morceau corrigé ; les textes comparés sont déjà sans espaces de trop."""
        self._recues.add(source)
        for correction in self._corrections:
            if correction.source == source:
                morceau = self._corriger(correction, morceau)
        return morceau

    def _corriger(self, correction: Correction, morceau: pd.DataFrame) -> pd.DataFrame:
        visees = pd.Series(True, index=morceau.index)
        for nom, valeur in correction.quand.items():
            visees &= _egales(morceau[nom], valeur)
        if not visees.any():
            return morceau
        recues = morceau[correction.colonne]
        fausses = visees & _egales(recues, correction.valeur_attendue)
        justes = visees & _egales(recues, correction.valeur)
        self._corrigees[correction.nom] += int(fausses.sum())
        self._justes[correction.nom] += int(justes.sum())
        self._imprevues[correction.nom] += int((visees & ~fausses & ~justes).sum())
        nouvelle = recues.mask(fausses, correction.valeur or pd.NA)
        return morceau.assign(**{correction.colonne: nouvelle.astype(recues.dtype)})

    def reunir(self, autre: Atelier) -> None:
        """Ajoute ce qu'a compté un autre atelier, sur d'autres morceaux."""
        self._corrigees += autre._corrigees
        self._justes += autre._justes
        self._imprevues += autre._imprevues
        self._recues |= autre._recues

    def finir(self) -> pd.DataFrame:
        """Rend `controle/corrections`.

        Une correction dont la source n'a pas été reçue n'est pas jugée.

        Raises:
            QualiteError: une correction n'a plus lieu d'être, ou ne trouve plus la valeur attendue.
        """
        for correction in self._corrections:
            if correction.source in self._recues:
                self._juger(correction)
        schema = SCHEMAS["controle/corrections"]
        lignes = [(c.nom, c.source, c.raison, self._corrigees[c.nom]) for c in self._corrections]
        return schema.typer(pd.DataFrame(lignes, columns=schema.noms))

    def _juger(self, correction: Correction) -> None:
        nom, debut = correction.nom, f"{FICHIER}, « {correction.nom} » : "
        if imprevues := self._imprevues[nom]:
            raise QualiteError(
                f"{debut}{imprevues} ligne(s) de {correction.source} n'ont dans « {correction.colonne} » "
                "ni la valeur attendue, ni la bonne.",
                "Relire ces lignes, puis corriger « valeur_attendue », préciser « quand » ou retirer la "
                "correction.",
            )
        if not self._corrigees[nom]:
            cause = (
                f"la source {correction.source} a été corrigée"
                if self._justes[nom]
                else f"plus aucune ligne de {correction.source} ne correspond à « quand »"
            )
            raise QualiteError(f"{debut}{cause}.", f"Retirer cette correction de {FICHIER}.")


def _egales(colonne: pd.Series, valeur: str) -> pd.Series:
    if valeur == "":
        return colonne.isna()
    return (colonne.astype("string") == valeur).fillna(False).astype(bool)
