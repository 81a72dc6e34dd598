"""Les marchés par type : ceux des logiciels de suivi, ceux des données essentielles."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from observatoire.publication.verification.recomptage.attendu import Attendu
from observatoire.publication.verification.recomptage.nombres import Compte, ecrire, pct
from observatoire.referentiel import ENSEMBLE, NON_RENSEIGNE, ventilations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from observatoire.publication.deroule import Bloc
    from observatoire.publication.verification.recomptage.vue import Vue

_TYPE = "type_marche"


@dataclass(frozen=True)
class MarchesSuivis:
    """Les marchés clausés par type, une colonne par état ; `indicateur` est l'état dont parle le titre."""

    titre: str
    indicateur: str
    etats: tuple[str, ...]

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la figure."""
        comptes = [n for etat in self.etats for n in (vue.une(etat), *vue.tranche(etat, _TYPE).values())]
        return {*comptes} != {"n.d."}

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la figure."""
        lignes = [
            [libelle, *(ecrire(vue.effectif(etat, _TYPE, [code])) for etat in self.etats)]
            for libelle, code in _types(vue, (self.indicateur, *self.etats))
        ]
        lignes.append(["Ensemble", *(ecrire(vue.une(etat)) for etat in self.etats)])
        nombres = vue.dire_nr(self.indicateur, _TYPE)
        return Attendu(lignes, nombres=nombres, phrases=vue.phrases | vue.champ(self.indicateur))


@dataclass(frozen=True)
class MarchesNotifies:
    """Les marchés publics par type, et la part de ceux qui portent une considération sociale.

    Attributes:
        rapport: cette part.
        reponse: la ventilation dont le non-renseigné la rend non significative.
    """

    titre: str
    indicateur: str
    rapport: str
    reponse: str

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la figure."""
        return {vue.une(self.indicateur), *vue.tranche(self.indicateur, _TYPE).values()} != {"n.d."}

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la figure."""
        tranches = {libelle: (_TYPE, code) for libelle, code in _types(vue, (self.indicateur,))} | {
            "Ensemble": (ENSEMBLE, ENSEMBLE)
        }
        lignes = [
            [libelle, ecrire(vue.une(self.indicateur, *tranche)), pct(self._part(vue, tranche))]
            for libelle, tranche in tranches.items()
        ]
        inconnus = vue.taux_nr(self.indicateur, self.reponse)
        renseignes = pct(100 - inconnus) if isinstance(inconnus, Decimal) else inconnus
        return Attendu(lignes, nombres={renseignes}, phrases=vue.phrases | vue.champ(self.indicateur))

    def _part(self, vue: Vue, tranche: tuple[str, str]) -> Compte:
        part = vue.une(self.rapport, *tranche)
        trop = isinstance(part, Decimal) and vue.trop_de_nr(self.indicateur, self.reponse)
        return "n.s." if trop else part


def _types(vue: Vue, indicateurs: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Les types de marché du premier indicateur ; le non-renseigné n'y est que s'il y en a."""
    inconnus = [vue.une(indicateur, _TYPE, NON_RENSEIGNE) for indicateur in indicateurs]
    montre = any(isinstance(compte, Decimal) and compte for compte in inconnus)
    for code in vue.codes(indicateurs[0], _TYPE):
        if code != NON_RENSEIGNE or montre:
            yield ventilations()[_TYPE].libelles[code], code
