"""La chaîne : un fichier de cellules et une ligne par édition, chaque ligne scellant la précédente."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import re
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from observatoire.erreurs import ObservatoireError
from observatoire.indicateurs.cellule import CLE
from observatoire.magasin import ecrire_octets
from observatoire.schemas.schema import declarer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHAINE = "chaine.jsonl"
SUFFIXE = ".csv.gz"
ORIGINE = "0" * 64  # ce que la première ligne scelle
_EDITION = re.compile(r"20\d\d(-T[1-4])?-e[1-9]\d*", flags=re.ASCII)
CELLULES = declarer(
    "registre/cellules",
    "une cellule diffusée par une édition",
    "indicateur ventilation territoire periode modalite",
    """
indicateur           texte    Indicateur
ventilation          texte    Croisement, ou ensemble
territoire           texte    Territoire
periode              texte    Période
modalite             texte    Modalité publiée, ou ensemble
valeur               reel     Valeur imprimée, vide si elle ne l'est pas
statut               texte    Statut imprimé
""",
)


class RegistreError(ObservatoireError):
    """Le registre des diffusions ne se vérifie pas : rien ne peut s'appuyer sur lui."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inscription:
    """Une ligne de la chaîne.

    Attributes:
        numero: rang de la ligne, à partir de 1.
        edition: `2026-T3-e1`.
        date: jour de la diffusion, AAAA-MM-JJ.
        raison: ce que corrige un erratum ; vide pour une édition ordinaire.
        cellules: nombre de cellules nouvelles ou révisées.
        sha256: empreinte du fichier de cellules.
        politique: empreinte du plan de publication et des paramètres.
        precedente: empreinte de la ligne précédente.
    """

    numero: int
    edition: str
    date: str
    raison: str
    cellules: int
    sha256: str
    politique: str
    precedente: str

    @property
    def fichier(self) -> str:
        """Le nom du fichier de cellules."""
        return f"{self.edition}{SUFFIXE}"

    @property
    def ligne(self) -> str:
        """La ligne telle qu'elle est écrite."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @property
    def empreinte(self) -> str:
        """L'empreinte de la ligne : ce que la suivante scelle."""
        return empreinte(self.ligne.encode())

    @property
    def temoin(self) -> str:
        """Le rang de la ligne et le début de son empreinte, à imprimer avec l'édition : `7-3f2a9c01b4de`.

        La chaîne ne peut pas dire seule qu'on lui a ôté sa fin ; le témoin imprimé ailleurs le dit.
        """
        return f"{self.numero}-{self.empreinte[:12]}"


@dataclass(frozen=True)
class Registre:
    """Le registre d'un dossier, vérifié à l'ouverture ; un dossier absent est un registre vide."""

    dossier: Path
    inscriptions: tuple[Inscription, ...] = ()

    @classmethod
    def ouvrir(cls, dossier: Path) -> Self:
        """Lit et vérifie le registre.

        Raises:
            RegistreError: fichier altéré, ligne réécrite, édition ôtée.
        """
        inscriptions, constats = _relire(dossier)
        if constats:
            raise RegistreError(
                " ".join(constats),
                "Remettre registre/ tel que git l'a gardé, puis « observatoire registre verifier ».",
            )
        return cls(dossier, inscriptions)

    @property
    def vide(self) -> bool:
        """Dit si rien n'a encore été diffusé."""
        return not self.inscriptions

    @property
    def temoin(self) -> str:
        """Le témoin de la dernière ligne, voir `Inscription.temoin`."""
        return self.inscriptions[-1].temoin if self.inscriptions else f"0-{ORIGINE[:12]}"

    @cached_property
    def cellules(self) -> pd.DataFrame:
        """Tout ce qui a été diffusé : une ligne par cellule et par édition, `numero` et `edition` à côté."""
        tables = [
            lire_cellules(self.dossier / i.fichier).assign(numero=i.numero, edition=i.edition)
            for i in self.inscriptions
        ]
        if not tables:
            return CELLULES.vide().assign(numero=0, edition="")
        return pd.concat(tables, ignore_index=True).astype({"edition": "string"})

    @cached_property
    def connues(self) -> pd.DataFrame:
        """Ce que le lecteur connaît de chaque cellule déjà diffusée.

        Colonnes : la clé, `statut` (le dernier imprimé), `origine`, `diffusee` et `plancher` (la première, la
        dernière et la plus petite valeur imprimées ; vides si elle ne l'a jamais été). Une valeur retirée
        reste connue.
        """
        chiffrees = self.cellules.dropna(subset="valeur")
        premieres = chiffrees.drop_duplicates(CLE, keep="first").rename(columns={"valeur": "origine"})
        dernieres = chiffrees.drop_duplicates(CLE, keep="last").rename(columns={"valeur": "diffusee"})
        statuts = self.cellules.drop_duplicates(CLE, keep="last")
        table = statuts[[*CLE, "statut"]].merge(premieres[[*CLE, "origine"]], how="left", on=CLE)
        table = table.merge(dernieres[[*CLE, "diffusee"]], how="left", on=CLE)
        planchers = chiffrees.groupby(CLE)["valeur"].min().rename("plancher").reset_index()
        return table.merge(planchers, how="left", on=CLE)

    def editions(self, periode: str) -> list[str]:
        """Rend les éditions qui ont imprimé une valeur de cette période, dans l'ordre."""
        citees = self.cellules.loc[self.cellules["periode"] == periode].dropna(subset="valeur")
        return list(citees["edition"].unique())

    def ajouter(
        self, edition: str, cellules: pd.DataFrame, *, jour: str, politique: str, raison: str = ""
    ) -> Self:
        """Ajoute une édition : son fichier d'abord, sa ligne ensuite.

        Raises:
            RegistreError: un fichier non inscrit porte déjà ce nom et dit autre chose.
        """
        octets = en_octets(cellules)
        nouvelle = Inscription(
            numero=len(self.inscriptions) + 1,
            edition=edition,
            date=jour,
            raison=raison,
            cellules=len(cellules),
            sha256=empreinte(octets),
            politique=politique,
            precedente=_derniere(self.inscriptions),
        )
        chemin = self.dossier / nouvelle.fichier
        if chemin.exists() and chemin.read_bytes() != octets:
            raise RegistreError(
                f"{nouvelle.fichier} existe déjà, sans ligne dans la chaîne, et dit autre chose.",
                "Si cette édition n'est jamais parue, effacer ce fichier ; sinon remettre la chaîne.",
            )
        ecrire_octets(chemin, octets)
        _pousser(self.dossier)
        toutes = (*self.inscriptions, nouvelle)
        ecrire_octets(self.dossier / CHAINE, "".join(f"{i.ligne}\n" for i in toutes).encode())
        _pousser(self.dossier)
        return type(self)(self.dossier, toutes)


def controler(dossier: Path, temoin: str = "") -> list[str]:
    """Rend ce qui ne va pas dans le registre, une phrase par constat ; rien si tout se vérifie.

    Args:
        dossier: le registre.
        temoin: le témoin imprimé par une édition passée, voir `Registre.temoin`.
    """
    inscriptions, constats = _relire(dossier)
    if not temoin:
        return constats
    nombre, _, debut = temoin.partition("-")
    if not nombre.isdecimal() or len(debut) < 8:
        return [*constats, f"Témoin illisible : « {temoin} »."]
    if int(nombre) > len(inscriptions):
        manquent = int(nombre) - len(inscriptions)
        return [*constats, f"La fin de la chaîne a été ôtée : {manquent} édition(s) manquent."]
    if not _derniere(inscriptions[: int(nombre)]).startswith(debut):
        constats.append(f"La ligne {nombre} n'est pas celle que le témoin a vue : la chaîne a été refaite.")
    return constats


def empreinte(octets: bytes) -> str:
    """Rend le SHA-256 d'un contenu."""
    return hashlib.sha256(octets).hexdigest()


def en_octets(cellules: pd.DataFrame) -> bytes:
    """Rend les octets d'un fichier de cellules : mêmes cellules, mêmes octets."""
    rangees = CELLULES.verifier(cellules[CELLULES.noms]).sort_values(CLE)
    return gzip.compress(rangees.to_csv(index=False, lineterminator="\n").encode(), mtime=0)


def lire_cellules(chemin: Path) -> pd.DataFrame:
    """Relit un fichier de cellules, à ses types."""
    textes = gzip.decompress(chemin.read_bytes())
    lues = pd.read_csv(BytesIO(textes), dtype=str, keep_default_na=False)
    valeur = pd.to_numeric(lues["valeur"].mask(lues["valeur"] == ""))
    return CELLULES.verifier(lues.assign(valeur=valeur.astype("Float64")))


@contextmanager
def seul_a_diffuser(dossier: Path) -> Iterator[None]:
    """Tient le registre pendant une diffusion.

    Raises:
        RegistreError: une autre diffusion est en cours.
    """
    dossier.mkdir(parents=True, exist_ok=True)
    descripteur = os.open(dossier, os.O_RDONLY)
    try:
        fcntl.flock(descripteur, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RegistreError("Une autre diffusion est en cours.", "Attendre qu'elle finisse.") from None
    finally:
        os.close(descripteur)


def _derniere(inscriptions: tuple[Inscription, ...]) -> str:
    return inscriptions[-1].empreinte if inscriptions else ORIGINE


def _pousser(dossier: Path) -> None:
    """Pousse jusqu'au disque les noms de fichiers du dossier."""
    descripteur = os.open(dossier, os.O_RDONLY)
    try:
        os.fsync(descripteur)
    finally:
        os.close(descripteur)


def _relire(dossier: Path) -> tuple[tuple[Inscription, ...], list[str]]:
    """Rend les lignes lisibles de la chaîne et les constats."""
    chaine = dossier / CHAINE
    texte = chaine.read_bytes().decode(errors="replace") if chaine.is_file() else ""
    # un git mal réglé change les fins de ligne : ce n'est pas une réécriture
    lignes = texte.replace("\r\n", "\n").removesuffix("\n").split("\n") if texte else []
    inscriptions: list[Inscription] = []
    constats: list[str] = []
    for rang, ligne in enumerate(lignes, start=1):
        inscription = _lire_ligne(ligne)
        if inscription is None:
            constats.append(f"Ligne {rang} de {CHAINE} : illisible.")
            break
        constats += _constats_ligne(dossier, tuple(inscriptions), inscription)
        inscriptions.append(inscription)
    inscrits = {i.fichier for i in inscriptions}
    constats += [
        f"{chemin.name} n'est inscrit à aucune ligne : diffusion interrompue, ou ligne ôtée."
        for chemin in sorted(dossier.glob(f"*{SUFFIXE}"))
        if chemin.name not in inscrits
    ]
    return tuple(inscriptions), constats


def _lire_ligne(ligne: str) -> Inscription | None:
    try:
        lue: Any = json.loads(ligne)
        inscription = Inscription(**lue)
    except (ValueError, TypeError, RecursionError):
        return None
    types = {"numero": int, "cellules": int}
    bien_typee = all(
        type(getattr(inscription, champ.name)) is types.get(champ.name, str) for champ in fields(inscription)
    )
    if not bien_typee or not _EDITION.fullmatch(inscription.edition) or inscription.ligne != ligne:
        return None
    return inscription


def _constats_ligne(dossier: Path, avant: tuple[Inscription, ...], inscription: Inscription) -> list[str]:
    rang = len(avant) + 1
    constats = []
    if inscription.numero != rang:
        constats.append(f"Ligne {rang} : numéro {inscription.numero}, une édition a été ôtée ou déplacée.")
    elif inscription.precedente != _derniere(avant):
        constats.append(f"Ligne {rang - 1} : réécrite après coup (la ligne {rang} en scelle une autre).")
    if inscription.edition in {i.edition for i in avant}:
        constats.append(f"Ligne {rang} : l'édition {inscription.edition} est inscrite deux fois.")
    fichier = dossier / inscription.fichier
    if not fichier.is_file():
        constats.append(f"{inscription.fichier} : le fichier manque.")
    elif empreinte(fichier.read_bytes()) != inscription.sha256:
        constats.append(f"{inscription.fichier} : le fichier a été altéré.")
    return constats
