"""Les tableaux des fiches recomptés depuis `indicateurs/valeurs`, sans rien emprunter à ce qui les a écrits.

Chaque figure dit ici, une seconde fois, de quelles cellules viennent ses colonnes. L'arithmétique du secret,
celle des parts et l'écriture des nombres sont refaites : c'est un second calcul, non une relecture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from observatoire.perimetre import Periode
from observatoire.publication.verification.constats import Trouve
from observatoire.referentiel import ventilations

if TYPE_CHECKING:
    import pandas as pd

REMEDE = "Relancer « observatoire fiches » ; si l'écart demeure, corriger la figure."
_SIGNES = {"secret": "s", "non_disponible": "n.d.", "non_significatif": "n.s."}
_FORCE = ("s", "n.d.", "n.s.")
_ENSEMBLE, _NR, _REGION = "ensemble", "NR", "reg:11"

Compte = Decimal | str
"""Un nombre publié, ou le signe qui en tient lieu."""


@dataclass(frozen=True)
class Valeurs:
    """Les valeurs publiées d'un territoire et de la région, vues du trimestre d'une fiche."""

    cellules: dict[tuple[str, str, str, str, str], Compte]
    territoire: str
    periode: str
    retrait_nr: Decimal

    @classmethod
    def lire(cls, table: pd.DataFrame, territoire: str, periode: str, retrait_nr: float) -> Valeurs:
        """Lit `indicateurs/valeurs` ; une cellule qui n'est pas publiée devient son signe."""
        colonnes = ["territoire", "periode", "indicateur", "ventilation", "modalite", "valeur", "statut"]
        lignes = table.loc[table["territoire"].isin([territoire, _REGION]), colonnes]
        cellules: dict[tuple[str, str, str, str, str], Compte] = {
            (t, p, i, v, m): Decimal(str(valeur)) if statut == "publie" else _SIGNES[statut]
            for t, p, i, v, m, valeur, statut in lignes.itertuples(index=False, name=None)
        }
        return cls(cellules, territoire, periode, Decimal(str(retrait_nr)))

    def une(
        self,
        indicateur: str,
        ventilation: str = _ENSEMBLE,
        modalite: str = _ENSEMBLE,
        *,
        ou: str = "",
        quand: str = "",
    ) -> Compte:
        """Rend une cellule, « n.d. » si la table ne l'a pas."""
        cle = (ou or self.territoire, quand or self.periode, indicateur, ventilation, modalite)
        return self.cellules.get(cle, "n.d.")

    def codes(self, indicateur: str, ventilation: str, *, ou: str = "", quand: str = "") -> list[str]:
        """Rend les modalités que la table donne à cette tranche."""
        return self._tranches.get((ou or self.territoire, quand or self.periode, indicateur, ventilation), [])

    @cached_property
    def _tranches(self) -> dict[tuple[str, ...], list[str]]:
        tranches: dict[tuple[str, ...], list[str]] = {}
        for *tranche, modalite in self.cellules:
            tranches.setdefault(tuple(tranche), []).append(modalite)
        return tranches

    def quand(self, indicateur: str, ventilation: str, ou: str = "") -> str:
        """Le trimestre s'il a cette ventilation, sinon les quatre trimestres qu'il achève."""
        longue = f"{self.periode}-4T"
        seule = not self.codes(indicateur, ventilation, ou=ou) and self.codes(
            indicateur, ventilation, ou=ou, quand=longue
        )
        return longue if seule else self.periode

    def base(self, indicateur: str, ventilation: str, *, ou: str, quand: str) -> tuple[Compte, bool]:
        """Ce à quoi se rapportent les parts (le renseigné), et s'il y a trop de non-renseigné pour elles."""
        tout = self.une(indicateur, ou=ou, quand=quand)
        inconnus = self.une(indicateur, ventilation, _NR, ou=ou, quand=quand)
        if isinstance(inconnus, str) or isinstance(tout, str):
            return (tout, False) if isinstance(inconnus, str) else (_plus_fort(tout, inconnus), False)
        return tout - inconnus, tout > 0 and 100 * inconnus / tout > self.retrait_nr

    def effectif(self, indicateur: str, ventilation: str, codes: list[str], *, ou: str, quand: str) -> Compte:
        """La somme de plusieurs modalités ; un seul secret la rend secrète."""
        connus = self.codes(indicateur, ventilation, ou=ou, quand=quand)
        return sommer(
            [self.une(indicateur, ventilation, c, ou=ou, quand=quand) for c in codes if c in connus]
        )

    def part(self, indicateur: str, ventilation: str, codes: list[str], *, ou: str, quand: str) -> Compte:
        """La part de modalités réunies dans le renseigné, en %."""
        effectif = self.effectif(indicateur, ventilation, codes, ou=ou, quand=quand)
        base, trop = self.base(indicateur, ventilation, ou=ou, quand=quand)
        if isinstance(effectif, str) or isinstance(base, str):
            return _plus_fort(effectif, base)
        if base == 0:
            return "n.d."
        return "n.s." if trop else 100 * effectif / base


def sommer(comptes: list[Compte]) -> Compte:
    """Rend la somme, ou le signe le plus fort ; une somme de rien n'est pas disponible."""
    nombres = [compte for compte in comptes if isinstance(compte, Decimal)]
    return sum(nombres, Decimal(0)) if comptes and len(nombres) == len(comptes) else _plus_fort(*comptes)


def _plus_fort(*comptes: Compte) -> str:
    return next((signe for signe in _FORCE if signe in comptes), "n.d.")


def ecrire(compte: Compte, decimales: int = 0, unite: str = "") -> str:
    r"""Écrit un nombre comme il s'imprime.

    >>> ecrire(Decimal("1234.5")), ecrire(Decimal("-0.25"), 1, "%"), ecrire("s", 1, "%")
    ('1\u202f235', '−0,3\xa0%', 's')
    """
    if isinstance(compte, str):
        return compte
    arrondi = compte.quantize(Decimal(1).scaleb(-decimales), ROUND_HALF_UP)
    texte = f"{abs(arrondi):,.{decimales}f}".replace(",", "\u202f").replace(".", ",")
    return ("−" if arrondi < 0 else "") + texte + (f"\xa0{unite}" if unite else "")


# ── Ce que contient chaque figure ──

Figure = dict[str, Any]
Recompte = Callable[[Valeurs, Figure], Iterator[list[str]]]


def _tendance(valeurs: Valeurs, figure: Figure) -> Iterator[list[str]]:
    for annee, *_ in figure["lignes"]:
        trimestres = [Periode(int(annee), rang) for rang in (1, 2, 3, 4)]
        limite = Periode.lire(valeurs.periode)
        yield [
            annee,
            *(
                "–" if t > limite else ecrire(valeurs.une("heures_realisees", quand=str(t)))
                for t in trimestres
            ),
        ]


def _repartie(indicateur: str, *ventilations_admises: str, reste: str = "Autres") -> Recompte:
    """Un effectif par modalité, sa part, celle de la région : la première ventilation publiée."""

    def recompter(valeurs: Valeurs, figure: Figure) -> Iterator[list[str]]:
        publiees = [
            v
            for v in ventilations_admises
            if valeurs.codes(indicateur, v, quand=valeurs.quand(indicateur, v))
        ]
        ventilation = publiees[0] if publiees else ventilations_admises[-1]
        ici = {"ou": valeurs.territoire, "quand": valeurs.quand(indicateur, ventilation)}
        la_bas = _region(valeurs, indicateur, ventilation, ici["quand"])
        lieux = [ici, *([la_bas] if "Région" in figure["colonnes"] else [])]
        par_libelle = {libelle: code for code, libelle in ventilations()[ventilation].libelles.items()}
        cites = {par_libelle.get(ligne[0]) for ligne in figure["lignes"] if ligne[0] != reste}
        for libelle, *_ in figure["lignes"]:
            codes = [par_libelle.get(libelle, "")]
            if libelle == reste:
                codes = [c for c in valeurs.codes(indicateur, ventilation, **ici) if c not in cites]
            parts = [
                "–"
                if codes == [_NR]
                else ecrire(valeurs.part(indicateur, ventilation, codes, **lieu), 1, "%")
                for lieu in lieux
            ]
            yield [libelle, ecrire(valeurs.effectif(indicateur, ventilation, codes, **ici)), *parts]

    return recompter


def _region(valeurs: Valeurs, indicateur: str, ventilation: str, quand: str) -> dict[str, str]:
    """La région à la même période, ou au trimestre si elle n'y est pas détaillée."""
    detaillee = valeurs.codes(indicateur, ventilation, ou=_REGION, quand=quand)
    return {"ou": _REGION, "quand": quand if detaillee else valeurs.periode}


def _marches_suivis(valeurs: Valeurs, figure: Figure) -> Iterator[list[str]]:
    suivis = {"Notifiés": "notifies", "Actifs": "actifs", "Générateurs": "generateurs"}
    indicateurs = [f"marches_clauses_{suivis[colonne]}" for colonne in figure["colonnes"][1:]]
    for libelle, tranche in _par_type(figure):
        yield [libelle, *(ecrire(valeurs.une(indicateur, *tranche)) for indicateur in indicateurs)]


def _marches_notifies(valeurs: Valeurs, figure: Figure) -> Iterator[list[str]]:
    ici = {"ou": valeurs.territoire, "quand": valeurs.periode}
    _, trop = valeurs.base("marches_notifies", "consideration_sociale", **ici)
    for libelle, tranche in _par_type(figure):
        part = valeurs.une("part_marches_considerations", *tranche)
        part = "n.s." if trop and isinstance(part, Decimal) else part
        yield [libelle, ecrire(valeurs.une("marches_notifies", *tranche)), ecrire(part, 1, "%")]


def _par_type(figure: Figure) -> Iterator[tuple[str, tuple[str, str]]]:
    par_libelle = {libelle: code for code, libelle in ventilations()["type_marche"].libelles.items()}
    for libelle, *_ in figure["lignes"]:
        code = par_libelle.get(libelle, "")
        yield libelle, (_ENSEMBLE, _ENSEMBLE) if libelle == "Ensemble" else ("type_marche", code)


_PROFIL = {
    "Femmes": ("sexe", ["F"]),
    "Moins de 26 ans": ("tranche_age", ["M26"]),
    "50 ans et plus": ("tranche_age", ["A50P"]),
    "Habitants d’un QPV": ("qpv", ["OUI"]),
    "CAP, BEP ou moins": ("niveau_diplome", ["INF3", "N3"]),
    "Chômage de très longue durée": ("public", ["DETLD"]),
    "Chômage de longue durée": ("public", ["DELD"]),
    "Bénéficiaires du RSA": ("public", ["BRSA"]),
    "Travailleurs handicapés": ("public", ["RQTH"]),
    "Jeunes peu ou pas qualifiés": ("public", ["JEUNE_SQ"]),
    "En parcours d’insertion": ("public", ["PARCOURS"]),
}


def _profil(valeurs: Valeurs, figure: Figure) -> Iterator[list[str]]:
    ici = {"ou": valeurs.territoire, "quand": valeurs.quand("beneficiaires", "sexe")}
    la_bas = _region(valeurs, "beneficiaires", "sexe", ici["quand"])
    lieux = [ici, *([la_bas] if "Région" in figure["colonnes"] else [])]
    for libelle, *_ in figure["lignes"]:
        ventilation, codes = _PROFIL.get(libelle, ("", []))
        parts = [ecrire(valeurs.part("beneficiaires", ventilation, codes, **lieu), 1, "%") for lieu in lieux]
        yield [libelle, ecrire(valeurs.effectif("beneficiaires", ventilation, codes, **ici)), *parts]


FIGURES: dict[str, Recompte] = {
    "tendance": _tendance,
    "heures-par-modalite": _repartie("heures_realisees", "modalite"),
    "marches-clauses": _marches_suivis,
    "marches-publics": _marches_notifies,
    "profil": _profil,
    "residence": _repartie(
        "beneficiaires_sur_place",
        "departement_residence",
        "habite_le_territoire",
        reste="Autres départements",
    ),
    "contrats-par-type": _repartie("contrats_actifs", "type_contrat"),
    "prescripteurs": _repartie("beneficiaires", "prescripteur", reste="Autres prescripteurs"),
}
CHIFFRES: dict[str, tuple[str, int]] = {
    "Heures du trimestre": ("heures_realisees", 0),
    "Bénéficiaires": ("beneficiaires", 0),
    "Contrats actifs": ("contrats_actifs", 0),
    "Marchés générateurs": ("marches_clauses_generateurs", 0),
    "En temps plein": ("equivalents_temps_plein", 1),
    "Engagées": ("heures_engagees_en_cours", 0),
    "Réalisées": ("heures_realisees_en_cours", 0),
    "À réaliser": ("reste_a_realiser", 0),
    "Avancement": ("taux_avancement", 1),
    "Temps écoulé": ("avancement_temporel", 1),
}

SORTIES: dict[str, tuple[str, int]] = {
    "Fins de parcours": ("sorties", 0),
    "Situations connues": ("taux_de_reponse_m6", 1),
    "En emploi durable": ("taux_d_emploi_durable_m6", 1),
    "En emploi ou formation": ("taux_de_sorties_dynamiques_m6", 1),
}


def recompter(blocs: list[dict[str, Any]], valeurs: Valeurs) -> Iterator[Trouve]:
    """Recompte les chiffres clés et les tableaux d'une fiche ; rend les cellules qui ne sont pas justes."""
    for bloc in blocs:
        if bloc["genre"] == "chiffres":
            yield from _recompter_chiffres(bloc["chiffres"], valeurs)
        elif bloc["genre"] == "figure" and bloc["id"] in FIGURES:
            for lue, juste in zip(bloc["lignes"], FIGURES[bloc["id"]](valeurs, bloc), strict=True):
                yield from (
                    Trouve(f"« {a} » imprimé, « {b} » d'après les indicateurs", f"{bloc['id']}, « {lue[0]} »")
                    for a, b in zip(lue, juste, strict=True)
                    if a != b
                )


def sans_recompte(blocs: list[dict[str, Any]]) -> list[str]:
    """Rend les figures et les chiffres que ce module ne sait pas recompter."""
    figures = [bloc["id"] for bloc in blocs if bloc["genre"] == "figure" and bloc["id"] not in FIGURES]
    chiffres = [c["libelle"] for bloc in blocs if bloc["genre"] == "chiffres" for c in bloc["chiffres"]]
    return figures + [libelle for libelle in chiffres if _source(libelle) is None]


def _recompter_chiffres(chiffres: list[dict[str, str]], valeurs: Valeurs) -> Iterator[Trouve]:
    for chiffre in chiffres:
        source = _source(chiffre["libelle"])
        juste = _ecrire_chiffre(source(valeurs)) if source else chiffre["valeur"]
        if juste != chiffre["valeur"]:
            constat = f"« {chiffre['valeur']} » imprimé, « {juste} » d'après les indicateurs"
            yield Trouve(constat, chiffre["libelle"])


def _source(libelle: str) -> Callable[[Valeurs], tuple[Compte, int]] | None:
    """D'où vient un chiffre, et ses décimales ; `None` si ce module ne le sait pas."""
    if libelle in CHIFFRES:
        indicateur, decimales = CHIFFRES[libelle]
        return lambda valeurs: (valeurs.une(indicateur), decimales)
    if libelle.startswith("Cumul "):
        return lambda valeurs: (_cumul(valeurs), 0)
    if libelle in SORTIES:
        indicateur, decimales = SORTIES[libelle]
        return lambda valeurs: (valeurs.une(indicateur, quand=_derniere_sortie(valeurs)), decimales)
    return _soldees if libelle == "Clauses soldées" else None


def _derniere_sortie(valeurs: Valeurs) -> str:
    """La dernière période achevée, trimestre ou année, dont le taux de réponse à six mois est publié."""
    limite = Periode.lire(valeurs.periode)
    candidates = [*limite.jusqu_ici(8), Periode(limite.annee), Periode(limite.annee - 1)]
    publiees = [
        periode
        for periode in candidates
        if periode.fin <= limite.fin
        and isinstance(valeurs.une("taux_de_reponse_m6", quand=str(periode)), Decimal)
    ]
    return str(max(publiees, key=lambda periode: periode.fin)) if publiees else valeurs.periode


def _cumul(valeurs: Valeurs) -> Compte:
    """Les heures des trimestres publiés de l'année, jusqu'à celui de la fiche."""
    limite = Periode.lire(valeurs.periode)
    trimestres = [Periode(limite.annee, rang) for rang in range(1, (limite.trimestre or 4) + 1)]
    comptes = [valeurs.une("heures_realisees", quand=str(trimestre)) for trimestre in trimestres]
    return sommer([compte for compte in comptes if isinstance(compte, Decimal)] or comptes)


def _soldees(valeurs: Valeurs) -> tuple[Compte, int]:
    """Le taux sur quatre trimestres, à défaut celui du trimestre."""
    long = valeurs.une("taux_realisation", quand=f"{valeurs.periode}-4T")
    return (valeurs.une("taux_realisation") if long == "n.d." else long), 1


def _ecrire_chiffre(chiffre: tuple[Compte, int]) -> str:
    """Un très grand nombre s'écrit en millions ou en milliards pour tenir dans sa case."""
    compte, decimales = chiffre
    for seuil, unite in ((Decimal(10**9), "Md"), (Decimal(10**6), "M")):
        if isinstance(compte, Decimal) and compte >= max(seuil, Decimal(10**7)):
            return ecrire(compte / seuil, 1, unite)
    return ecrire(compte, decimales)
