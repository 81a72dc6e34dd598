"""Les grands projets : ce que leurs marchés engagent, face aux objectifs de leurs chartes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from observatoire.perimetre import Territoire
from observatoire.publication.verification.recomptage.attendu import Attendu
from observatoire.publication.verification.recomptage.nombres import SANS_OBJET, ecrire, pct
from observatoire.referentiel import ENSEMBLE, ventilations

if TYPE_CHECKING:
    from observatoire.publication.deroule import Bloc
    from observatoire.publication.verification.recomptage.vue import Vue

PROJET, _MAITRE = "projet", "maitre_ouvrage"


@dataclass(frozen=True)
class Projets:
    """Un projet par ligne : ses marchés, puis des taux ; l'ensemble à la fin."""

    titre: str
    indicateur: str
    taux: tuple[str, ...]
    courts: dict[str, str]

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la figure."""
        return bool(_presents(vue.etat(self.indicateur), PROJET, self.indicateur))

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la figure."""
        lue = vue.etat(self.indicateur)
        tranches = {
            self.courts.get(code, libelle): (PROJET, code)
            for code, libelle in _presents(lue, PROJET, self.indicateur).items()
        } | {"Ensemble": (ENSEMBLE, ENSEMBLE)}
        lignes = [
            [libelle, ecrire(lue.une(self.indicateur, *t)), *(pct(lue.une(nom, *t)) for nom in self.taux)]
            for libelle, t in tranches.items()
        ]
        chartes = {str(objectif) for objectif in _objectifs(lue)}
        return Attendu(lignes, nombres=chartes, phrases=lue.phrases | lue.champ(self.taux[0]))


def _objectifs(vue: Vue) -> set[int]:
    """Les parts d'heures que les chartes obligent à réserver, telles que la note les rappelle."""
    dates = vue.tables.config.parametres_dates()
    return {int(valeur) for nom, _, valeur in dates if nom.startswith("charte_heures_pct_")}


@dataclass(frozen=True)
class PetitesEntreprises:
    """Un maître d'ouvrage par ligne : la part de PME, l'objectif de sa charte, les marchés conformes."""

    titre: str
    indicateur: str
    conformes: str
    courts: dict[str, str]

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la figure."""
        lue = vue.etat(self.indicateur)
        presents = _presents(lue, _MAITRE, self.indicateur)
        return bool(presents) or isinstance(lue.une(self.indicateur), Decimal)

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la figure."""
        lue, lignes, chartes = vue.etat(self.indicateur), [], set()
        for code, libelle in _presents(lue, _MAITRE, self.indicateur).items():
            objectif = _charte(lue, code)
            conformes = pct(lue.une(self.conformes, _MAITRE, code))
            fin = [SANS_OBJET, SANS_OBJET] if objectif is None else [ecrire(objectif, 0, "%"), conformes]
            part = pct(lue.une(self.indicateur, _MAITRE, code))
            lignes.append([self.courts.get(code, libelle), part, *fin])
            chartes.add(fin[0])
        lignes.append(["Ensemble", pct(lue.une(self.indicateur)), SANS_OBJET, pct(lue.une(self.conformes))])
        return Attendu(lignes, nombres=chartes, phrases=lue.phrases | lue.champ(self.indicateur))


def _charte(vue: Vue, code: str) -> Decimal | None:
    """La part de PME que fixe la charte d'un maître d'ouvrage, à la fin de la période."""
    dates = [
        (depuis, valeur)
        for nom, depuis, valeur in vue.tables.config.parametres_dates()
        if nom == f"charte_pme_pct_{code}" and depuis <= vue.periode.fin
    ]
    return Decimal(str(max(dates)[1])) if dates else None


def _presents(vue: Vue, ventilation: str, indicateur: str) -> dict[str, str]:
    """Les modalités qui ont une valeur, ou un secret ; un zéro n'en est pas une."""
    comptes = vue.tranche(indicateur, ventilation)
    return {
        code: libelle
        for code, libelle in ventilations()[ventilation].libelles.items()
        if comptes.get(code, "n.d.") != "n.d." and comptes[code] != 0
    }


@dataclass(frozen=True)
class Departements:
    """Un département par ligne : les marchés d'un programme, puis des taux ; la région à la fin."""

    titre: str
    indicateur: str
    code: str
    taux: tuple[str, ...]

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la figure."""
        ici = map(str, Territoire.tous("dep"))
        return any(vue.chez(dep).une(self.indicateur, PROJET, self.code) != "n.d." for dep in ici)

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la figure."""
        lieux = [*Territoire.tous("dep"), Territoire.lire(vue.territoire)]
        lignes = []
        for lieu in lieux:
            lu = vue.chez(str(lieu))
            marches, *taux = (lu.une(nom, PROJET, self.code) for nom in (self.indicateur, *self.taux))
            lignes.append([lieu.nom, ecrire(marches), *map(pct, taux)])
        return Attendu(lignes, phrases=vue.phrases | vue.champ(self.indicateur))
