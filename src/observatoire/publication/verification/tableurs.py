"""Les fichiers de données comparés aux indicateurs : CSV, Parquet, classeurs."""

from __future__ import annotations

import csv
import re
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from observatoire.publication.verification.constats import Trouve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from observatoire.publication.deroule import Bloc

REMEDE = "Relancer « observatoire donnees »."
CLE = ["indicateur", "territoire", "periode", "ventilation", "modalite"]
_MESURES = {"valeurs": ("valeur",), "comparaisons": ("reference", "ecart")}
_MONTRES = 5
_LIGNES_DE_TITRE = 20


def comparer(chemin: Path, tables: dict[str, pd.DataFrame]) -> Iterator[Trouve] | None:
    """Compare un fichier aux tables `indicateurs/*` qu'il publie ; `None` s'il n'en publie aucune.

    Args:
        chemin: un CSV, un Parquet ou un classeur.
        tables: « valeurs » et « comparaisons », telles que le magasin les garde.
    """
    trouvees = [
        (nom, lue)
        for lue in _lire(chemin)
        for nom, mesures in _MESURES.items()
        if {*CLE, *mesures} <= {*lue.columns}
    ]
    return _comparer_toutes(trouvees, tables) if trouvees else None


def comparer_livre(chemin: Path, blocs: list[Bloc]) -> Iterator[Trouve]:
    """Compare le classeur d'un livre à ses blocs : une feuille par figure ou tableau, le nombre imprimé.

    Args:
        chemin: le classeur.
        blocs: ceux du livre, numérotés.
    """
    feuilles = pd.read_excel(chemin, sheet_name=None, header=None, dtype=object, engine="calamine")
    for bloc in blocs:
        if bloc["genre"] not in ("figure", "tableau"):
            continue
        nom = f"{bloc['signe']} {bloc['numero']}"
        attendues = [bloc["colonnes"], *bloc["lignes"]]
        feuille = feuilles.get(nom, pd.DataFrame())
        lues = feuille.iloc[-len(attendues) :, : len(bloc["colonnes"])].to_numpy().tolist()
        if len(lues) != len(attendues):
            yield Trouve("feuille absente du classeur, ou trop courte", nom)
        for attendue, lue in zip(attendues, lues, strict=False):
            for imprime, ecrit in zip(attendue, lue, strict=True):
                if not _meme_nombre(imprime, ecrit):
                    yield Trouve(f"« {ecrit} » au lieu de « {imprime} »", f"{nom}, « {attendue[0]} »")


def _meme_nombre(imprime: str, ecrit: object) -> bool:
    """Dit si une cellule d'un classeur porte ce qui est imprimé : le même texte, ou le même nombre."""
    if isinstance(ecrit, str):
        return ecrit == imprime
    lu = re.fullmatch(r"([+−]?)([\d\u202f]+(?:,\d+)?)(?:\u00a0(?:%|points?))?", imprime)
    if lu is None or not isinstance(ecrit, int | float):
        return False
    nombre = lu[2].replace("\u202f", "").replace(",", ".")
    return Decimal(str(ecrit)) == Decimal(nombre) * (-1 if lu[1] == "−" else 1)


def formules(chemin: Path) -> Iterator[Trouve]:
    """Cherche une formule dans un classeur : aucun tableur n'y calcule rien à la place des données."""
    with zipfile.ZipFile(chemin) as archive:
        for nom in archive.namelist():
            if nom.startswith("xl/worksheets/") and re.search(rb"<f[ >/]", archive.read(nom)):
                yield Trouve("le classeur contient une formule", nom)


def _lire(chemin: Path) -> Iterator[pd.DataFrame]:
    if chemin.suffix == ".csv":
        with chemin.open(encoding="utf-8") as flux:
            entetes = next(csv.reader(flux), [])
        if not {*CLE} <= {*entetes}:
            return
        yield pd.read_csv(chemin, dtype=dict.fromkeys(CLE, "string"), keep_default_na=False, na_values=[""])
    elif chemin.suffix == ".parquet":
        yield pd.read_parquet(chemin)
    else:
        for feuille in pd.read_excel(chemin, sheet_name=None, header=None, engine="calamine").values():
            yield _sous_ses_entetes(feuille)


def _sous_ses_entetes(feuille: pd.DataFrame) -> pd.DataFrame:
    """Une feuille, à partir de la ligne qui nomme les colonnes de la clé ; vide s'il n'y en a pas."""
    debut = feuille.head(_LIGNES_DE_TITRE)
    for rang, rangee in enumerate(debut.itertuples(index=False, name=None)):
        if {*CLE} <= {*rangee}:
            return feuille.iloc[rang + 1 :].set_axis([str(nom) for nom in rangee], axis="columns")
    return pd.DataFrame()


def _comparer_toutes(
    trouvees: list[tuple[str, pd.DataFrame]], tables: dict[str, pd.DataFrame]
) -> Iterator[Trouve]:
    for nom, lue in trouvees:
        cle = [*CLE, *(["repere"] if "repere" in lue.columns else [])]
        yield from _comparer(lue, tables[nom], cle, _MESURES[nom])


def _comparer(
    lue: pd.DataFrame, juste: pd.DataFrame, cle: list[str], mesures: tuple[str, ...]
) -> Iterator[Trouve]:
    """Les mêmes cellules de part et d'autre, et le même nombre ou la même absence dans chacune."""
    gauche, droite = (t[[*cle, *mesures]].astype(dict.fromkeys(cle, "string")) for t in (lue, juste))
    jointes = gauche.merge(droite, on=cle, how="outer", suffixes=("", "_juste"), indicator="ou_est")
    for ou_est, constat in (
        ("left_only", "cellule qui n'est pas publiée"),
        ("right_only", "cellule manquante"),
    ):
        yield from _citer(jointes[jointes["ou_est"] == ou_est], cle, constat)
    communes = jointes[jointes["ou_est"] == "both"]
    for mesure in mesures:
        ecrit, vrai = (communes[nom].astype("float64") for nom in (mesure, f"{mesure}_juste"))
        differe = ~(np.isclose(ecrit, vrai, rtol=1e-12, atol=0) | (ecrit.isna() & vrai.isna()))
        yield from _citer(communes[differe], cle, f"{mesure} différente de celle des indicateurs")


def _citer(lignes: pd.DataFrame, cle: list[str], constat: str) -> Iterator[Trouve]:
    combien = len(lignes)
    for ligne in lignes.head(_MONTRES)[cle].itertuples(index=False, name=None):
        yield Trouve(f"{constat} ({combien})" if combien > 1 else constat, " ".join(map(str, ligne)))
