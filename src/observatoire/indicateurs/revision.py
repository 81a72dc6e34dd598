"""Réviser : quelles valeurs parues peuvent changer, sans que la différence désigne quelqu'un.

Le lecteur a gardé l'édition précédente : il connaît aussi le tableau des différences. C'est un tableau comme
un autre, de personnes et d'heures ajoutées : mêmes règles primaires, même auditeur. La somme d'un monde qui
imprime les anciens chiffres et d'un monde qui imprime les différences imprime les nouveaux : protéger l'un et
l'autre protège les deux éditions ensemble (docs/diffusion.md).

L'unité d'une révision est l'étage : un indicateur, un trimestre, un niveau de territoire, toutes
ventilations. Il est révisé entier ou pas du tout : un ensemble est toujours la somme de ses modalités. La
région l'est avant les départements, eux avant les territoires.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from observatoire.indicateurs.audit import AuditImpossibleError, ChiffresIncoherentsError, auditer
from observatoire.indicateurs.cellule import CLE, DEJA_PUBLIEE, PUBLIE, SECRET
from observatoire.indicateurs.diffusions.revisions import ECART_NUL, quatre_trimestres
from observatoire.indicateurs.registre import REGISTRE
from observatoire.indicateurs.saisies import MESURES, PROUVABLES
from observatoire.indicateurs.secret.primaire import SOMMES, exigences, seuils

if TYPE_CHECKING:
    from collections.abc import Mapping

    from observatoire.indicateurs.audit import Publication
    from observatoire.indicateurs.secret import Politique

REFERENCES = ("diffusee", "origine")
_BLOC = ["indicateur", "periode"]
_ETAGE = [*_BLOC, "niveau"]
# Ce que transmettait une structure un an plus tôt ou plus tard n'est pas un détail du trimestre.
_A_PART = ("present_un_an_avant", "present_un_an_apres")
_CENTIEME = 0.011
_ESSAIS = 4
_TEMOINS = dict.fromkeys(("contrats_actifs", "missions"), "beneficiaires_sur_place")

Etage = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Atelier:
    """Ce qu'il faut pour juger une révision.

    Attributes:
        politique: les seuils du secret.
        publication: le catalogue et la géographie que l'audit lit.
        mouvements: ce que rend `saisies.mouvements`, depuis la dernière et depuis la première impression.
    """

    politique: Politique
    publication: Publication
    mouvements: Mapping[str, pd.DataFrame]


def reviser(figees: pd.DataFrame, atelier: Atelier) -> pd.DataFrame:
    """Rend les cellules qui changent de valeur imprimée : la clé et `valeur`.

    Les indicateurs qui ne reposent pas sur des personnes suivent leurs données. Les autres sont révisés
    étage par étage, si chaque différence imprimée repose sur zéro ou assez de personnes, et chaque somme
    sur assez d'employeurs, depuis la dernière valeur imprimée et depuis la première, et si l'audit du tableau
    des différences ne retrouve rien de ce qui n'y est pas imprimé.

    Args:
        figees: ce que rend `diffusions.figer`.
        atelier: de quoi juger.
    """
    de_personnes = figees["indicateur"].map({nom: i.personnes for nom, i in REGISTRE.items()}).astype(bool)
    lineaires = figees["indicateur"].map({nom: i.absence_nulle for nom, i in REGISTRE.items()}).astype(bool)
    libres = figees[figees["revisable"] & ~de_personnes & figees["valeur"].notna()]
    blocs = figees.loc[figees["revisable"] & de_personnes & lineaires, _BLOC].drop_duplicates()
    dedans = figees.merge(blocs, on=_BLOC)
    dedans = dedans.assign(
        niveau=dedans["territoire"].str.split(":").str[0],
        revisable=dedans["revisable"] & ~dedans["ventilation"].isin(_A_PART),
    )
    if dedans.empty:
        return _arrondir(libres)[[*CLE, "valeur"]]
    tableaux = [ecarts(dedans, nom, atelier) for nom in REFERENCES]
    admis = _qui_bougent(tableaux, _etages_surs(tableaux))
    for tableau in tableaux if not tableaux[0]["valeur"].equals(tableaux[1]["valeur"]) else tableaux[:1]:
        admis = _audites(tableau, admis, atelier)
    admis = _baisses_entieres(tableaux[0], admis, figees)
    revisees = dedans[_parmi(dedans, admis) & dedans["revisable"]]
    return _arrondir(pd.concat([libres, revisees]))[[*CLE, "valeur"]].reset_index(drop=True)


def ecarts(dedans: pd.DataFrame, reference: str, atelier: Atelier) -> pd.DataFrame:
    """Rend le tableau des différences, au schéma des cellules privées, avec ce que chacune exige.

    `sens` : 1 si le bloc (un indicateur, un trimestre) monte, −1 s'il baisse. `valeur` : la différence, dans
    ce sens ; vide quand elle est cachée et que rien ne la dit. `sure` : elle peut être imprimée ; `inconnue`
    : on ignore sur qui elle repose.
    """
    mouvements = atelier.mouvements.get(reference, pd.DataFrame(columns=CLE))
    table = dedans.merge(mouvements, how="left", on=CLE, validate="one_to_one")
    table["brut"] = (_arrondir(dedans)["valeur"] - table[reference]).astype("Float64")
    table["sens"] = _sens(table)
    somme, preuve = table["unite"].isin(SOMMES), _preuve(table)
    expliquee = (table["brut"] - table["sens"] * preuve["valeur"]).abs().le(_CENTIEME).fillna(value=False)
    expliquee = (expliquee & table["indicateur"].isin(PROUVABLES)).astype(bool)
    nulle = table["brut"].abs().le(ECART_NUL).fillna(value=False).astype(bool)
    prouvee = somme & (expliquee | table["brut"].isna())
    valeur = (table["sens"] * table["brut"]).mask(prouvee, preuve["valeur"])
    effectif = _personnes(table, valeur).mask(somme, preuve["effectif"]).mask(nulle, 0)
    rendu = table[[*CLE, "unite", "niveau", "sens", "etat", "revisable"]].assign(
        valeur=valeur.mask(nulle, 0),
        effectif=effectif,
        employeurs=preuve["employeurs"].where(somme),
        premier=preuve["premier"].where(somme),
    )
    rendu = rendu.assign(**exigences(rendu, atelier.politique), seuil=seuils(rendu, atelier.politique))
    neuve = exigences(dedans, atelier.politique)["raison"].eq("").to_numpy()
    montre = rendu["valeur"].ge(-ECART_NUL).fillna(value=False) & rendu["raison"].eq("")
    inconnue = ~nulle & (rendu["valeur"].isna() | (somme & ~expliquee & table["brut"].notna()))
    sure = nulle | (montre & neuve & (~somme | expliquee)).astype(bool)
    return rendu.assign(sure=sure, inconnue=inconnue)


def _personnes(table: pd.DataFrame, comptes: pd.Series) -> pd.Series:
    """Les personnes derrière la différence d'un compte, au moins : une seule peut avoir plusieurs contrats.

    Qui s'ajoute aux personnes d'une cellule s'ajoute à ses contrats.
    """
    contrats = table["unite"].eq("contrats")
    autres = table[CLE].assign(indicateur=table["indicateur"].map(_TEMOINS))
    connues = table[CLE].assign(personnes=comptes.to_numpy())
    personnes = autres.merge(connues, how="left", on=CLE)["personnes"].set_axis(table.index)
    au_moins = pd.concat([personnes.fillna(0), comptes], axis="columns").min(axis="columns").clip(lower=1)
    return comptes.mask(contrats & comptes.notna(), au_moins)


def _preuve(table: pd.DataFrame) -> pd.DataFrame:
    """Les heures ajoutées moins les heures retirées, et qui en répond au moins, dans le sens du bloc."""
    monte = table["sens"] > 0
    colonnes = {}
    for mesure in MESURES:
        plus, moins = (
            table.get(f"{mesure}_{cote}", pd.Series(pd.NA, index=table.index)).astype("Float64")
            for cote in ("plus", "moins")
        )
        cote, autre = plus.where(monte, moins), moins.where(monte, plus)
        # Qui a des heures ajoutées et des heures retirées peut n'avoir rien de changé.
        colonnes[mesure] = cote if mesure == "premier" else cote - autre
    return pd.DataFrame(colonnes)


def _sens(table: pd.DataFrame) -> pd.Series[int]:
    region = table["niveau"].eq("reg") & table["ventilation"].eq("ensemble")
    baissent = pd.MultiIndex.from_frame(table.loc[region & table["brut"].lt(-ECART_NUL), _BLOC])
    return pd.Series(1, index=table.index).mask(pd.MultiIndex.from_frame(table[_BLOC]).isin(baissent), -1)


def _etages_surs(tableaux: list[pd.DataFrame]) -> set[Etage]:
    """Les étages dont toutes les différences imprimées sont sûres, comme celles des étages au-dessus."""
    parues = [t[t["etat"].eq(DEJA_PUBLIEE) & ~t["ventilation"].isin(_A_PART)] for t in tableaux]
    surs = [p.groupby(_ETAGE)["sure"].all() for p in parues]
    existants = set(surs[0].index)
    return _sous_un_etage(existants.intersection(*(set(s.index[s]) for s in surs)), existants)


def _qui_bougent(tableaux: list[pd.DataFrame], etages: set[Etage]) -> set[Etage]:
    """Ôte les blocs dont rien d'imprimé ne change : ils n'apprennent rien."""
    bougent: set[tuple[str, str]] = set()
    for tableau in tableaux:
        ecart = tableau["valeur"].abs().gt(ECART_NUL).fillna(value=False) & _parmi(tableau, etages)
        bougent |= set(tableau.loc[ecart, _BLOC].itertuples(index=False, name=None))
    return {t for t in etages if t[:2] in bougent}


def _sous_un_etage(retenus: set[Etage], existants: set[Etage]) -> set[Etage]:
    """Ôte les étages dont celui du dessus existe et n'est pas retenu."""
    gardes = set()
    for niveau in ("reg", "dep", *sorted({e[2] for e in retenus} - {"reg", "dep"})):
        dessus = {"reg": "reg", "dep": "reg"}.get(niveau, "dep")
        for indicateur, periode, _ in (e for e in retenus if e[2] == niveau):
            tout = (indicateur, periode, dessus)
            if niveau == "reg" or tout in gardes or tout not in existants:
                gardes.add((indicateur, periode, niveau))
    return gardes


def _audites(tableau: pd.DataFrame, admis: set[Etage], atelier: Atelier) -> set[Etage]:
    """Ôte les étages qui laissent retrouver une différence qui n'est pas imprimée.

    Imprimer moins de différences ne peut que moins en dire : il suffit d'auditer de nouveau.
    """
    existants = set(admis)
    for essai in range(_ESSAIS):
        if not admis:
            break
        try:
            refus = _refus(tableau, admis, atelier)
        except (AuditImpossibleError, ChiffresIncoherentsError):
            # Les différences ne sont pas celles d'un monde possible : seule la région, puis rien.
            admis = {e for e in admis if e[2] == "reg"} if essai == 0 else set()
            continue
        if refus.empty:
            return admis
        trahis = set(refus[_ETAGE].itertuples(index=False, name=None))
        # Ce qui se retrouve d'un étage qui attend vient de ceux qui n'attendent pas : tout le bloc attend.
        blocs = {e[:2] for e in (trahis if essai else trahis - admis)}
        admis = _sous_un_etage({e for e in admis - trahis if e[:2] not in blocs}, existants)
    return set()


def _refus(tableau: pd.DataFrame, admis: set[Etage], atelier: Atelier) -> pd.DataFrame:
    """Les différences non imprimées que les autres donnent de trop près."""
    blocs = pd.MultiIndex.from_tuples(sorted({t[:2] for t in admis}))
    table = tableau[pd.MultiIndex.from_frame(tableau[_BLOC]).isin(blocs)].reset_index(drop=True)
    imprimee = _parmi(table, admis) & table["revisable"]
    statut = pd.Series(SECRET, index=table.index, dtype="string").mask(imprimee, PUBLIE)
    valeurs = table[[*CLE, "unite"]].assign(valeur=table["valeur"].where(imprimee), statut=statut)
    cherchees = table[~imprimee].pipe(_exiger)
    constat = auditer(replace(atelier.publication, valeurs=valeurs, anterieures=None), cherchees)
    vues = constat.refus[CLE].drop_duplicates().merge(constat.intervalles, on=CLE)
    vues = vues.merge(table[[*CLE, "niveau", "unite", "seuil"]], on=CLE)
    # Savoir que personne ne s'est ajouté, ou au moins tant, ne désigne personne.
    anodine = ~vues["unite"].isin(SOMMES) & ((vues["haut"] <= 0.5) | (vues["bas"] >= vues["seuil"] - 0.5))
    return vues[~anodine]


def _exiger(table: pd.DataFrame) -> pd.DataFrame:
    """Ce qu'il faut laisser croire possible d'une différence : aucune personne, ou assez."""
    compte = ~table["unite"].isin(SOMMES)
    visees = table[table["raison"].ne("") | table["inconnue"]]
    compte, inconnue = compte.loc[visees.index], visees["inconnue"] & ~compte
    haut = visees["haut"].mask(inconnue, visees["valeur"].abs().fillna(0.0) + 1.0)
    return visees[[*CLE, "valeur", "effectif"]].assign(
        bas_maximum=visees["bas"].mask(compte | inconnue, 0.0),
        haut_minimum=haut.mask(compte, visees["seuil"].astype("Float64")),
    )


def _baisses_entieres(tableau: pd.DataFrame, admis: set[Etage], figees: pd.DataFrame) -> set[Etage]:
    """Un bloc qui baisse n'est révisé qu'entier, et si aucune somme parue ne garde l'ancienne valeur."""
    baissent = tableau[(tableau["sens"] < 0) & tableau["etat"].eq(DEJA_PUBLIEE)]
    retenus = set()
    longues = figees.loc[figees["etat"].eq(DEJA_PUBLIEE), _BLOC].drop_duplicates()
    quatre = quatre_trimestres(longues["periode"])
    prises = {(nom, t) for nom, p in longues.itertuples(index=False, name=None) for t in quatre.get(p, [])}
    for bloc, lignes in baissent.groupby(_BLOC):
        if bloc in prises or not set(lignes[_ETAGE].itertuples(index=False, name=None)) <= admis:
            retenus.add(bloc)
    return {t for t in admis if t[:2] not in retenus}


def _parmi(table: pd.DataFrame, etages: set[Etage]) -> pd.Series[bool]:
    cles = table[_ETAGE].itertuples(index=False, name=None)
    return pd.Series([cle in etages for cle in cles], index=table.index, dtype=bool)


def _arrondir(table: pd.DataFrame) -> pd.DataFrame:
    au_centieme = table["unite"].isin(("h", "€"))
    return table.assign(valeur=table["valeur"].mask(au_centieme, table["valeur"].round(2)))
