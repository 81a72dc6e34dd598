"""Les grands projets : la part du montant de leurs marchés confiée à des PME, face à leurs chartes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from observatoire.indicateurs.registre import PART, SANS_PERSONNES, Comptes, indicateur, rapport
from observatoire.indicateurs.sommes import sommer_apports, sommer_connus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import FrameT

_SOURCE = "Maîtres d’ouvrage des grands projets franciliens, traitements de l’observatoire."
_AU_MONTANT = (
    "Marchés des grands projets notifiés à la fin du trimestre, exécutés dans le territoire, dont le montant "
    "et la part confiée à des PME sont connus."
)
_A_LA_CHARTE = _AU_MONTANT[:-1] + ", et dont la charte fixe une part."
_VENTILATIONS = ("projet", "maitre_ouvrage")


def _au_montant(table: FrameT) -> FrameT:
    return table.filter(~nw.col("montant_pme_eur").is_null())


def _a_la_charte(table: FrameT) -> FrameT:
    return _au_montant(table).filter(~nw.col("pme_obligation_pct").is_null())


def _compter(table: FrameT, par: Sequence[str]) -> FrameT:
    comptes = table.group_by(*par).agg(nw.col("marche_cle").n_unique().alias("valeur"))
    return comptes.select(*par, "valeur", SANS_PERSONNES)


@indicateur(
    libelle="Montant des marchés des grands projets",
    unite="€",
    table="projets",
    rattachement="projet",
    ventilations=_VENTILATIONS,
    champ=_AU_MONTANT,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : les marchés des grands projets représentent {valeur} HT.",
    additif=("modalite",),
    personnes=False,
)
def montant_projets(table: FrameT, par: Sequence[str]) -> FrameT:
    """Montant hors taxes des marchés des grands projets dont la part confiée à des PME est connue.

    Le montant est celui que déclare le maître d’ouvrage. Un marché sans montant ou sans part de PME
    n’y est pas, pour que la part des PME ait le même champ au numérateur et au dénominateur. Le
    montant d’un marché est une donnée publique : le secret ne s’y applique pas.
    """
    return sommer_connus(_au_montant(table), par, "montant_eur")


@indicateur(
    libelle="Montant des grands projets confié à des PME",
    unite="€",
    table="projets",
    rattachement="projet",
    ventilations=_VENTILATIONS,
    champ=_AU_MONTANT,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : les grands projets confient {valeur} HT à des PME.",
    additif=("modalite",),
    personnes=True,
)
def montant_pme_projets(table: FrameT, par: Sequence[str]) -> FrameT:
    """Montant des marchés multiplié par la part que le maître d’ouvrage déclare confiée à des PME.

    Cette part réunit les PME titulaires, cotraitantes et sous-traitantes, hors filiales de groupes.
    Ce qu’un titulaire sous-traite relève de ses affaires : une cellule n’est publiée que si trois
    titulaires au moins y contribuent et qu’aucun n’en fait plus de 85 %. Un titulaire inconnu
    compte pour un, comme si tous les inconnus n’en faisaient qu’un.
    """
    sommes = sommer_apports(_au_montant(table), par, "montant_pme_eur", "titulaire")
    return sommes.select(*par, "valeur", SANS_PERSONNES, "employeurs", "premier")


@rapport(
    libelle="Part du montant des grands projets confiée à des PME",
    unite=PART,
    numerateur=Comptes(indicateur="montant_pme_projets"),
    denominateur=Comptes(indicateur="montant_projets"),
    champ=_AU_MONTANT,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : {valeur} du montant des grands projets va à des PME.",
    croise=_VENTILATIONS,
)
def part_pme_projets(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Montant confié à des PME, rapporté au montant des marchés des grands projets.

    Les chartes visent 20 % du montant des travaux (Société du Grand Paris, hors filiales de
    groupes) ou 25 % (SOLIDEO, petites entreprises et économie sociale comprises). C’est ce que
    déclarent les maîtres d’ouvrage ; rien ne le vérifie ici. Quelques très grands marchés font la
    part : celle des marchés qui atteignent leur charte est à côté.
    """
    return 100 * numerateur / denominateur


@indicateur(
    libelle="Marchés des grands projets dont la charte fixe une part de PME",
    unite="marchés",
    table="projets",
    rattachement="projet",
    ventilations=_VENTILATIONS,
    champ=_A_LA_CHARTE,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : la charte de {valeur} marchés fixe une part de PME.",
    additif=("modalite",),
    personnes=False,
)
def projets_pme_evalues(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de marchés des grands projets dont on peut dire s’ils confient à des PME la part attendue.

    Il y faut le montant, la part de PME déclarée, et une charte qui fixe une part à la date de
    notification. Toutes n’en fixent pas : les marchés des maîtres d’ouvrage sans objectif chiffré
    ne sont ni conformes ni non conformes.
    """
    return _compter(_a_la_charte(table), par)


@indicateur(
    libelle="Marchés des grands projets qui confient à des PME la part attendue",
    unite="marchés",
    table="projets",
    rattachement="projet",
    ventilations=_VENTILATIONS,
    champ=_A_LA_CHARTE,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : {valeur} marchés confient à des PME la part attendue.",
    additif=("modalite",),
    personnes=False,
)
def projets_pme_conformes(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de marchés des grands projets dont la part confiée à des PME atteint celle de leur charte.

    La charte fixe 20 % du montant pour la Société du Grand Paris, 25 % pour la SOLIDEO, à la date
    de notification du marché. L’objectif est souvent une moyenne sur l’ensemble des ouvrages : un
    marché en deçà n’est pas un manquement.
    """
    return _compter(_a_la_charte(table).filter(nw.col("pme_pct") >= nw.col("pme_obligation_pct")), par)


@rapport(
    libelle="Part des marchés des grands projets qui confient à des PME la part attendue",
    unite=PART,
    numerateur=Comptes(indicateur="projets_pme_conformes"),
    denominateur=Comptes(indicateur="projets_pme_evalues"),
    champ=_A_LA_CHARTE,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : {valeur} des marchés confient à des PME la part attendue.",
    croise=_VENTILATIONS,
)
def part_projets_pme_conformes(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Marchés qui confient à des PME la part attendue, rapportés à ceux dont la charte en fixe une.

    Chaque marché compte pour un, grand ou petit. À lire à côté de la part du montant confiée à des
    PME, qui pèse les marchés par leur montant, comme le font les chartes.
    """
    return 100 * numerateur / denominateur
