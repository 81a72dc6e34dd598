"""Ce qu'une édition peut réviser, ce qu'il en coûte de personnes, et la table des révisions parues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.indicateurs.cellule import CLE
from observatoire.indicateurs.registre import REGISTRE
from observatoire.perimetre import Periode
from observatoire.referentiel import ENSEMBLE

if TYPE_CHECKING:
    from observatoire.indicateurs.diffusions.chaine import Registre

ECART_NUL = 1e-6


def ouverte(
    table: pd.DataFrame, registre: Registre, edition: Periode, *, erratum: bool = False
) -> pd.Series[bool]:
    """Marque les cellules que le calendrier laisse réviser à cette édition : des trimestres.

    L'édition annuelle révise une fois les trimestres de son année ; l'année est ensuite définitive. D'ici
    là, la réédition d'un trimestre révise le sien. Un erratum lève le calendrier pour les trimestres de son
    édition. Une année, quatre trimestres glissants ne se révisent pas : ils disent ce qui était connu.
    """
    editions = {i.edition.rpartition("-e")[0] for i in registre.inscriptions}
    definitive = str(edition.annee) in editions
    permise = erratum or (not definitive and (edition.rythme == "annee" or str(edition) in editions))
    trimestres = [str(Periode(edition.annee, rang)) for rang in (1, 2, 3, 4)]
    visees = trimestres if edition.rythme == "annee" else [str(edition)]
    return table["periode"].isin(visees if permise else [])


def suit_ses_trimestres(table: pd.DataFrame) -> pd.Series[bool]:
    """Marque les sommes d'une année ou de quatre trimestres glissants, faites de trimestres imprimés."""
    additifs = [nom for nom, i in REGISTRE.items() if "periode" in i.additif]
    longues = list(quatre_trimestres(table["periode"]))
    return table["indicateur"].isin(additifs) & table["periode"].isin(longues)


def quatre_trimestres(periodes: pd.Series[str]) -> dict[str, list[str]]:
    """Rend les quatre trimestres de chaque année et de chaque période glissante citées."""
    lues = {texte: Periode.lire(texte) for texte in periodes.unique()}
    return {
        texte: [str(t) for t in Periode(periode.annee, periode.trimestre or 4).jusqu_ici(4)]
        for texte, periode in lues.items()
        if periode.rythme != "trimestre"
    }


def revisions(
    registre: Registre, edition: str = "", revisees: pd.DataFrame | None = None, raison: str = ""
) -> pd.DataFrame:
    """Rend les totaux révisés : l'ancienne valeur, la nouvelle, leur écart, l'édition et son motif.

    Une ligne par révision d'un total (sans ventilation), dans l'ordre des éditions, celle qui se prépare
    comprise. `motif` est vide pour une révision ordinaire, due aux saisies tardives. `non_reparties` : les
    niveaux et les ventilations qui gardent leur première valeur ; leur somme ne fait plus le total.

    Args:
        registre: les éditions parues.
        edition: le nom de celle qui se prépare.
        revisees: ses cellules révisées, la clé et `valeur`.
        raison: l'erratum qu'elle porte.
    """
    toutes = registre.cellules
    if revisees is not None and len(revisees):
        suite = revisees[[*CLE, "valeur"]].assign(edition=edition, numero=len(registre.inscriptions) + 1)
        toutes = pd.concat([toutes, suite.astype({"edition": "string"})], ignore_index=True)
    chiffrees = toutes.dropna(subset="valeur")
    nouvelles = chiffrees.rename(columns={"valeur": "nouvelle"})
    nouvelles = nouvelles.assign(ancienne=chiffrees.groupby(CLE)["valeur"].shift())
    parues = nouvelles.dropna(subset="ancienne").loc[lambda t: t["nouvelle"] != t["ancienne"]]
    raisons = {i.edition: i.raison for i in registre.inscriptions} | {edition: raison}
    table = parues[parues["ventilation"] == ENSEMBLE]
    table = table.assign(
        ecart=table["nouvelle"] - table["ancienne"],
        motif=table["edition"].map(raisons).fillna("").astype("string"),
        non_reparties=_non_reparties(table, parues, chiffrees),
    )
    colonnes = ["edition", "indicateur", "territoire", "periode", "ancienne", "nouvelle", "ecart", "motif"]
    return table.sort_values(["numero", *CLE])[[*colonnes, "non_reparties"]].reset_index(drop=True)


def _non_reparties(totaux: pd.DataFrame, revisees: pd.DataFrame, parues: pd.DataFrame) -> pd.Series[str]:
    """Ce que la révision laisse tel quel : les niveaux d'un total de la région, et les ventilations."""
    bloc = ["indicateur", "periode"]
    detail = [t.assign(niveau=t["territoire"].str.split(":").str[0]) for t in (parues, revisees)]
    existants, changes = (
        set(zip(*(t[c] for c in (*bloc, "niveau", "ventilation")), strict=True)) for t in detail
    )
    rendus = []
    for ligne in totaux.itertuples():
        niveau = str(ligne.territoire).split(":")[0]
        autres = [
            (n, v)
            for i, p, n, v in existants - changes
            if (i, p) == (ligne.indicateur, ligne.periode)
            and (n == niveau if v != ENSEMBLE else niveau == "reg" and n != niveau)
        ]
        rendus.append("|".join(sorted(v if v != ENSEMBLE else n for n, v in autres)))
    return pd.Series(rendus, index=totaux.index, dtype="string")
