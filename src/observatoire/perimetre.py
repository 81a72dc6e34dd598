"""Les deux coordonnées de toute publication : un territoire et une période."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from typing import Self

from observatoire.erreurs import PerimetreError, suggestion
from observatoire.referentiel import lire_liste, nomenclature

NIVEAUX = {"reg": "Région", "dep": "Département", "ept": "Territoire", "epci": "Intercommunalité"}
_RANGS = {1: "1er", 2: "2e", 3: "3e", 4: "4e"}


@cache
def _noms() -> dict[str, dict[str, str]]:
    """Les territoires en vigueur : ceux qui n'existent plus ne se publient pas."""
    return {x["territoire"]: x for x in lire_liste("territoires") if not x["valide_au"]}


@dataclass(frozen=True, slots=True)
class Territoire:
    """Un territoire de publication : `reg:11`, `dep:93`, `ept:T6`, `epci:247800584`.

    Le code s'écrit avec son niveau : aucun outil ne peut le prendre pour un nombre.
    """

    niveau: str
    code: str

    @classmethod
    def lire(cls, texte: str) -> Self:
        """Lit un code de territoire et refuse ce qui n'existe pas.

        >>> Territoire.lire("dep:93").nom
        'Seine-Saint-Denis'

        Raises:
            PerimetreError: le territoire n'existe pas ; le message propose les plus proches.
        """
        if texte not in _noms():
            propre = re.sub(r"[^a-z0-9]", "", str(texte).lower())
            candidats = [t for t in _noms() if propre and t.lower().replace(":", "").endswith(propre)]
            remede = suggestion(str(texte), candidats or _noms())
            raise PerimetreError(f"Territoire inconnu : « {texte} ».", remede)
        niveau, code = texte.split(":")
        return cls(niveau, code)

    @classmethod
    def tous(cls, *niveaux: str) -> list[Self]:
        """Rend les territoires des niveaux demandés, dans l'ordre du référentiel."""
        return [cls.lire(t) for t in _noms() if t.split(":")[0] in niveaux]

    def __str__(self) -> str:
        return f"{self.niveau}:{self.code}"

    @property
    def fichier(self) -> str:
        """Le nom de fichier du territoire, fait de codes validés : `dep-93`."""
        return f"{self.niveau}-{self.code}"

    @property
    def nom(self) -> str:
        """Le nom publié du territoire."""
        return _noms()[str(self)]["nom"]

    @property
    def nom_long(self) -> str:
        """Le nom avec son code, tel qu'il figure en titre d'une fiche.

        >>> Territoire.lire("ept:T6").nom_long
        'Plaine Commune (T6)'
        """
        return f"{self.nom} ({self.code})" if self.niveau in ("dep", "ept") else self.nom

    @property
    def locatif(self) -> str:
        """Le territoire en complément de lieu : « en Seine-Saint-Denis », « à Paris »."""
        return _noms()[str(self)]["locatif"]

    @property
    def genitif(self) -> str:
        """Le territoire en complément de nom.

        >>> [Territoire.lire(code).genitif for code in ("dep:94", "dep:78", "ept:T8")]
        ['du Val-de-Marne', 'des Yvelines', 'd’Est Ensemble']
        """
        return _noms()[str(self)]["genitif"]


@dataclass(frozen=True, slots=True)
class Programme:
    """Un grand programme : `programme:GPE`."""

    code: str

    @classmethod
    def lire(cls, texte: str) -> Self:
        """Lit un code de programme.

        >>> Programme.lire("programme:GPE").nom
        'Grand Paris Express'

        Raises:
            PerimetreError: le programme n'existe pas ; le message propose les plus proches.
        """
        connus = {
            f"programme:{code}": code
            for code, ligne in nomenclature("programmes").items()
            if ligne.groupe == "GP"
        }
        if texte not in connus:
            raise PerimetreError(f"Programme inconnu : « {texte} ».", suggestion(texte, connus))
        return cls(connus[texte])

    def __str__(self) -> str:
        return f"programme:{self.code}"

    @property
    def fichier(self) -> str:
        """Le nom de fichier du programme : `programme-GPE`."""
        return f"programme-{self.code}"

    @property
    def nom(self) -> str:
        """Le nom publié du programme."""
        return nomenclature("programmes")[self.code].libelle

    @property
    def nom_long(self) -> str:
        """Le nom tel qu'il figure en titre d'une fiche."""
        return self.nom


def lire_perimetre(texte: str) -> Territoire | Programme:
    """Lit ce dont on veut la fiche : un territoire ou un grand programme.

    Raises:
        PerimetreError: périmètre inconnu, ou acheteur, dont rien n'est publié isolément.
    """
    if texte.startswith("acheteur:"):
        raise PerimetreError(
            f"Pas de fiche pour « {texte} » : le plan de publication n'a aucune cellule par acheteur, et le "
            "secret statistique n'a donc pas été calculé à cette échelle.",
            "Demander la fiche des acheteurs du territoire : observatoire fiches dep:93 --public acheteur.",
        )
    return Programme.lire(texte) if texte.startswith("programme:") else Territoire.lire(texte)


@dataclass(frozen=True, order=True, slots=True)
class Periode:
    """Une année civile (`2025`), un trimestre civil (`2026-T3`) ou les quatre qu'il achève (`2026-T3-4T`)."""

    annee: int
    trimestre: int | None = None
    glissante: bool = False

    @classmethod
    def lire(cls, texte: str) -> Self:
        """Lit une période.

        >>> Periode.lire("2026-T3").fin
        datetime.date(2026, 9, 30)

        Raises:
            PerimetreError: l'écriture n'est ni `AAAA`, ni `AAAA-Tn`, ni `AAAA-Tn-4T`.
        """
        if trouve := re.fullmatch(r"(20\d\d)(?:-T([1-4])(-4T)?)?", str(texte), flags=re.ASCII):
            annee, trimestre, glissante = trouve.groups()
            return cls(int(annee), int(trimestre) if trimestre else None, bool(glissante))
        chiffres = re.findall(r"\d+", str(texte))
        annees = [c for c in chiffres if re.fullmatch(r"20\d\d", c)]
        rangs = [c for c in chiffres if re.fullmatch(r"[1-4]", c)]
        proche = f"{annees[0]}-T{rangs[0]}" if annees and rangs else "2026-T3"
        raise PerimetreError(
            f"Période inconnue : « {texte} ».",
            f"Écrire une année depuis 2000 (2025), ou un trimestre civil ({proche}).",
        )

    @classmethod
    def trimestre_de(cls, jour: dt.date) -> Self:
        """Rend le trimestre civil qui contient un jour."""
        return cls(jour.year, (jour.month + 2) // 3)

    def __str__(self) -> str:
        if self.trimestre is None:
            return str(self.annee)
        return f"{self.annee}-T{self.trimestre}{'-4T' if self.glissante else ''}"

    @property
    def rythme(self) -> str:
        """`annee`, `trimestre` ou `glissant` : la clé du plan de publication."""
        if self.trimestre is None:
            return "annee"
        return "glissant" if self.glissante else "trimestre"

    @property
    def quatre_trimestres(self) -> Self:
        """Les quatre trimestres que celui-ci achève ; au dernier de l'année, c'est l'année.

        >>> str(Periode.lire("2026-T3").quatre_trimestres), str(Periode.lire("2025-T4").quatre_trimestres)
        ('2026-T3-4T', '2025')
        """
        if self.trimestre in (4, None):
            return type(self)(self.annee)
        return type(self)(self.annee, self.trimestre, glissante=True)

    @property
    def debut(self) -> dt.date:
        """Le premier jour de la période."""
        annee, rang = (
            (self.annee - 1, (self.trimestre or 0) + 1)
            if self.glissante
            else (self.annee, self.trimestre or 1)
        )
        return dt.date(annee, 3 * (rang - 1) + 1, 1)

    @property
    def fin(self) -> dt.date:
        """Le dernier jour de la période."""
        if self.trimestre is None:
            return dt.date(self.annee, 12, 31)
        suivant = Periode(self.annee, self.trimestre).decalee(1)
        return suivant.debut - dt.timedelta(days=1)

    @property
    def libelle(self) -> str:
        """La période en toutes lettres.

        >>> Periode.lire("2026-T1").libelle
        '1er trimestre 2026'
        """
        if self.trimestre is None:
            return str(self.annee)
        seul = f"{_RANGS[self.trimestre]} trimestre {self.annee}"
        return f"quatre trimestres jusqu’au {seul}" if self.glissante else seul

    @property
    def an_precedent(self) -> Self:
        """La même période un an plus tôt."""
        return type(self)(self.annee - 1, self.trimestre, self.glissante)

    def decalee(self, pas: int) -> Self:
        """Rend la période `pas` trimestres (ou années) plus tard.

        >>> str(Periode.lire("2026-T1").decalee(-1))
        '2025-T4'
        """
        if self.trimestre is None:
            return type(self)(self.annee + pas)
        rang = 4 * self.annee + self.trimestre - 1 + pas
        return type(self)(rang // 4, rang % 4 + 1, self.glissante)

    def jusqu_ici(self, combien: int) -> list[Self]:
        """Rend les `combien` dernières périodes, celle-ci comprise, de la plus ancienne à celle-ci."""
        return [self.decalee(-pas) for pas in range(combien - 1, -1, -1)]
