"""Un fichier CSV : encodage reconnu, structure contrôlée ligne à ligne, colonnes lues en texte."""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc

from observatoire.erreurs import ConfigError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_BLOC = 1 << 20
_SEPARATEURS = (";", ",", "\t", "|")
_AUTRES_FORMATS = {
    b"PK": "un classeur XLSX ou une archive ZIP",
    b"\xd0\xcf\x11\xe0": "un classeur Excel ancien ou protégé",
    b"\x1f\x8b": "un fichier compressé",
    b"<": "du XML ou une page web",
}


@dataclass(frozen=True)
class TexteSepare:
    """Un fichier CSV ouvert, dont l'encodage est sûr et l'en-tête lu."""

    chemin: Path
    encodage: str
    separateur: str
    entetes: list[str]

    @classmethod
    def ouvrir(cls, chemin: Path, lecture: Mapping[str, Any]) -> Self:
        """Reconnaît l'encodage et lit l'en-tête.

        L'UTF-8 se reconnaît sans erreur possible en pratique ; il passe avant l'encodage déclaré.

        Raises:
            SourceError: fichier vide, d'un autre format, mal encodé, ou d'un autre séparateur.
            ConfigError: encodage ou séparateur mal déclaré.
        """
        separateur = lecture.get("separateur", ",")
        if len(separateur) != 1:
            raise ConfigError(
                f"Séparateur mal déclaré : « {separateur} ».", "Un seul caractère dans [lecture] separateur."
            )
        _refuser_autre_format(chemin)
        encodage = _reconnaitre_encodage(chemin, lecture.get("encodage", "utf-8"))
        premiere = next(_lignes(chemin, encodage, separateur), (1, []))[1]
        _refuser_autre_separateur(chemin, premiere, separateur)
        return cls(chemin, encodage, separateur, premiere)

    @classmethod
    def deviner(cls, chemin: Path) -> Self:
        """Ouvre un CSV dont rien n'est déclaré : le séparateur est celui qui donne le plus de colonnes.

        Raises:
            SourceError: fichier vide, d'un autre format, mal encodé, ou d'une seule colonne.
        """
        _refuser_autre_format(chemin)
        encodage = _reconnaitre_encodage(chemin, "cp1252")
        ouverts = []
        for separateur in _SEPARATEURS:
            try:
                premiere = next(_lignes(chemin, encodage, separateur), (1, []))[1]
            except SourceError:
                continue  # un guillemet mal fermé pour ce séparateur n'en est peut-être pas un pour un autre
            ouverts.append(cls(chemin, encodage, separateur, premiere))
        if not any(len(ouvert.entetes) > 1 for ouvert in ouverts):
            raise SourceError(
                f"{chemin.name} : une seule colonne, quel que soit le séparateur.",
                "La première ligne nomme les colonnes, séparées par un point-virgule.",
            )
        return max(ouverts, key=lambda ouvert: len(ouvert.entetes))

    def controler(self) -> int:
        """Rend le nombre de lignes de données, chacune ayant autant de valeurs que l'en-tête.

        La lecture se fait en flux : un gros fichier ne remplit pas la mémoire.

        Raises:
            SourceError: ligne trop courte ou trop longue, guillemet mal fermé, valeur démesurée.
        """
        nombre = -1  # l'en-tête
        for ligne, valeurs in _lignes(self.chemin, self.encodage, self.separateur):
            nombre += 1
            if len(valeurs) != len(self.entetes):
                raise SourceError(
                    f"{self.chemin.name}, ligne {ligne} : {len(valeurs)} valeurs pour "
                    f"{len(self.entetes)} colonnes.",
                    "Chercher un séparateur ou un retour à la ligne non protégé par des guillemets.",
                )
        return nombre

    def morceaux(self, positions: Mapping[str, int]) -> Iterator[pd.DataFrame]:
        """Rend, par morceaux, les colonnes demandées en texte et `ligne`, le rang de la ligne de données.

        Args:
            positions: rang de la colonne dans le fichier, pour chaque nom rendu.

        Raises:
            SourceError: le fichier ne se découpe pas en colonnes.
        """
        lues = -1  # l'en-tête
        for lot in self._lots(positions):
            table = lot.to_pandas(types_mapper={pa.string(): pd.StringDtype()}.get)
            morceau = pd.DataFrame({nom: table[str(rang)] for nom, rang in positions.items()})
            morceau["ligne"] = pd.RangeIndex(lues + 1, lues + 1 + len(table))
            if lues < 0:
                morceau = morceau.iloc[1:]
            lues += len(table)
            if len(morceau):
                yield morceau.reset_index(drop=True)

    def _lots(self, positions: Mapping[str, int]) -> Iterator[pa.RecordBatch]:
        lues = sorted({str(rang) for rang in positions.values()})
        try:
            yield from pc.open_csv(
                self.chemin,
                pc.ReadOptions(
                    column_names=[str(rang) for rang in range(len(self.entetes))],
                    encoding=self.encodage,
                    block_size=16 * _BLOC,
                ),
                pc.ParseOptions(delimiter=self.separateur, newlines_in_values=True),
                pc.ConvertOptions(
                    column_types=dict.fromkeys(lues, pa.string()),
                    include_columns=lues,
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid:
            # le message d'origine cite la ligne, donc peut-être une personne : il n'est pas repris
            raise SourceError(
                f"{self.chemin.name} : le texte ne se découpe pas en colonnes.",
                "Vérifier le séparateur, les guillemets et les retours à la ligne.",
            ) from None


def _refuser_autre_format(chemin: Path) -> None:
    with chemin.open("rb") as flux:
        debut = flux.read(1024).removeprefix(codecs.BOM_UTF8).lstrip()
    if not debut:
        raise SourceError(f"{chemin.name} est vide.", "Refaire l'export.")
    for signature, contenu in _AUTRES_FORMATS.items():
        if debut.startswith(signature):
            raise SourceError(
                f"{chemin.name} contient {contenu} au lieu d'un CSV.",
                "Refaire l'export en CSV, ou déclarer le format reçu dans [lecture] d'observatoire.toml.",
            )


def _reconnaitre_encodage(chemin: Path, declare: str) -> str:
    if _premiere_faute(chemin, "utf-8") is None:
        return "utf-8"
    try:
        ligne = _premiere_faute(chemin, declare)
    except LookupError:
        raise ConfigError(f"Encodage inconnu : « {declare} ».", "Écrire utf-8 ou cp1252.") from None
    if ligne is not None:
        raise SourceError(
            f"{chemin.name}, ligne {ligne} : caractère illisible en {declare}.",
            "Déclarer le bon encodage (cp1252 pour un export de Windows), ou refaire l'export en UTF-8.",
        )
    return declare


def _premiere_faute(chemin: Path, encodage: str) -> int | None:
    """Rend la ligne du premier octet que l'encodage n'admet pas."""
    decodeur = codecs.getincrementaldecoder(encodage)()
    ligne = 1
    with chemin.open("rb") as flux:
        while bloc := flux.read(_BLOC):
            if (rang := bloc.find(b"\0")) >= 0:
                raise SourceError(
                    f"{chemin.name}, ligne {ligne + bloc[:rang].count(10)} : octet nul.",
                    "Ce n'est pas du texte, ou c'est de l'UTF-16 : refaire l'export en CSV UTF-8.",
                )
            try:
                decodeur.decode(bloc)
            except UnicodeDecodeError as erreur:
                return ligne + erreur.object.count(b"\n", 0, erreur.start)
            ligne += bloc.count(b"\n")
    try:
        decodeur.decode(b"", final=True)
    except UnicodeDecodeError:
        return ligne
    return None


def _lignes(chemin: Path, encodage: str, separateur: str) -> Iterator[tuple[int, list[str]]]:
    """Rend chaque ligne non vide, précédée du rang où elle finit dans le fichier."""
    with chemin.open(encoding="utf-8-sig" if encodage == "utf-8" else encodage, newline="") as flux:
        lecteur = csv.reader(flux, delimiter=separateur, strict=True)
        try:
            for valeurs in lecteur:
                if valeurs:
                    yield lecteur.line_num, valeurs
        except csv.Error as erreur:
            limite = csv.field_size_limit()
            constat = (
                f"valeur de plus de {limite} caractères" if "limit" in str(erreur) else "guillemet mal fermé"
            )
            raise SourceError(
                f"{chemin.name}, ligne {lecteur.line_num} : {constat}.",
                "Corriger les guillemets de l'export : une valeur qui en contient les double.",
            ) from None


def _refuser_autre_separateur(chemin: Path, entetes: list[str], separateur: str) -> None:
    if not any(entetes):
        raise SourceError(f"{chemin.name} n'a pas d'en-tête.", "La première ligne nomme les colonnes.")
    presents = [autre for autre in _SEPARATEURS if autre != separateur and autre in entetes[0]]
    if len(entetes) == 1 and presents:
        raise SourceError(
            f"{chemin.name} : le séparateur semble être {presents[0]!r} et non {separateur!r}.",
            "Corriger [lecture] separateur dans observatoire.toml.",
        )
