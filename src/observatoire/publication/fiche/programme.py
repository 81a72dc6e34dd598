"""La fiche d'un grand programme : ce que ses marchés engagent, dans la région et ses départements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from observatoire.config import Config
from observatoire.erreurs import ParametreError
from observatoire.magasin import Magasin
from observatoire.perimetre import Programme, Territoire
from observatoire.publication import figures
from observatoire.publication.blocs import Avis, Chiffre, Chiffres, Entete, Figure, Methode, Tableau
from observatoire.publication.cellules import NON_DISPONIBLE, Cellule, Cellules
from observatoire.publication.charte import COULEURS
from observatoire.publication.echelles import echelle
from observatoire.publication.fiche import Fiche, phrases, projets, sujets
from observatoire.publication.fiche.chiffres import CLES, chiffrer, ecrire
from observatoire.publication.fiche.contexte import Contexte
from observatoire.publication.formats import SANS_OBJET, accorder, entier, pct
from observatoire.publication.lectures import PROJET, REGION, des_departements

if TYPE_CHECKING:
    from observatoire.perimetre import Periode
    from observatoire.publication.echelles import Echelle

_MARCHES, _HEURES = "marches_projets", "heures_reservees_projets"
_TAUX = ("part_heures_reservees", "objectif_heures_reservees", "part_pme_projets")
_CHIFFRES = (
    "marches_projets",
    "couverture_projets",
    "part_heures_reservees",
    "part_projets_conformes",
    "part_pme_projets",
    "part_projets_pme_conformes",
)


@dataclass(frozen=True)
class FicheProgramme:
    """Les parties de la fiche d'un programme : des cellules publiées de la région et des départements."""

    programme: Programme
    contexte: Contexte
    departements: Cellules

    @classmethod
    def ouvrir(cls, programme: str, periode: str, config: Config | None = None) -> Self:
        """Ouvre la fiche d'un programme et d'un trimestre, dans le dossier de travail courant.

        Raises:
            ParametreError: le programme n'est pas un texte.
            PerimetreError: programme ou trimestre inconnu.
            TableError: les indicateurs n'ont pas encore été construits.
        """
        if not isinstance(programme, str):
            raise ParametreError(
                f"Le paramètre « programme » n'est pas un texte : {programme!r}.",
                'Écrire programme = "programme:GPE".',
            )
        lu = Programme.lire(programme)
        contexte = Contexte.ouvrir(config or Config.charger(), str(REGION), periode)
        magasin = Magasin(contexte.config.processed)
        [valeurs] = (magasin.lire(nom, lus) for nom, lus in des_departements(contexte.periode).items())
        return cls(lu, contexte, Cellules(valeurs))

    def entete(self) -> Entete:
        """Le nom du programme, la période, l'état des chiffres."""
        entete = Fiche(self.contexte).entete()
        sous_titre = phrases.SOUS_TITRE_PUBLIC.format(pour="Fiche de programme", quand=self.contexte.quand)
        return replace(
            entete, titre=self.programme.nom, sous_titre=sous_titre, territoire=str(self.programme)
        )

    def chiffres_cles(self) -> Chiffres:
        """Les chiffres clés du programme, avec leur valeur un an plus tôt."""
        return Chiffres([self._chiffre(nom) for nom in _CHIFFRES])

    def evolution(self) -> Figure | Avis:
        """Les heures que les marchés notifiés depuis l'origine réservent, trimestre par trimestre."""
        contexte, derniere = self.contexte, self._lire(_HEURES)
        series = {quand: self._lire(_HEURES, quand) for quand in contexte.trimestres}
        if all(cellule.statut == NON_DISPONIBLE for cellule in series.values()):
            return self._rien()
        unites = echelle(series.values(), "heures")
        publiees = [f"{entier(c)} à la fin du {q.libelle}" for q, c in series.items() if c.nombre is not None]
        heures = accorder(derniere, "heure", "heures")
        constat = sujets.EVOLUTION_CONSTAT if derniere.nombre is not None else sujets.EVOLUTION_TITRE
        lecture = sujets.EVOLUTION_LECTURE if derniere.nombre is not None else phrases.LECTURE_VIDE
        return Figure(
            id="evolution",
            titre=constat.format(heures=heures),
            sous_titre=sujets.EVOLUTION_SOUS_TITRE.format(nom=self.programme.nom, unite=unites.unite),
            alt=_alt("Colonnes par trimestre", publiees[-2:]),
            tableau=_par_trimestre(series),
            lecture=lecture.format(quand=contexte.quand, heures=heures),
            champ=contexte.champ(_HEURES),
            source=contexte.decrire(_HEURES, "source"),
            svg=self._colonnes(series, unites) if publiees else None,
            avis="" if publiees else phrases.RIEN_DE_PUBLIABLE,
            note=sujets.EVOLUTION_NOTE,
        )

    def par_departement(self) -> Figure | Avis:
        """Les marchés du programme, leurs heures réservées et leur part de PME, par département."""
        contexte = self.contexte
        marches = {ici: self._ici(ici, _MARCHES) for ici in Territoire.tous("dep")}
        if all(cellule.statut == NON_DISPONIBLE for cellule in marches.values()):
            return self._rien()
        publiees = [(ici, cellule) for ici, cellule in marches.items() if cellule.nombre]
        total = self._lire(_MARCHES)
        constat = sujets.DEPARTEMENTS_CONSTAT if total.nombre is not None else sujets.DEPARTEMENTS_TITRE
        ecrit = accorder(total, "marché notifié", "marchés notifiés")
        barres = [
            figures.Barre(ici.nom, cellule.reel, entier(cellule), COULEURS["marches"])
            for ici, cellule in marches.items()
        ]
        return Figure(
            id="par-departement",
            titre=constat.format(marches=ecrit, nom=self.programme.nom),
            sous_titre=sujets.DEPARTEMENTS_SOUS_TITRE.format(quand=contexte.quand),
            alt=_alt("Barres horizontales", [f"{ici.nom}, {entier(c)}" for ici, c in publiees[:4]]),
            tableau=self._tableau_departements(marches),
            lecture=self._lecture_departements(publiees),
            champ=contexte.champ(_MARCHES),
            source=contexte.decrire(_MARCHES, "source"),
            svg=figures.barres(barres) if publiees else None,
            avis="" if publiees else phrases.RIEN_DE_PUBLIABLE,
            note=sujets.DEPARTEMENTS_NOTE,
        )

    def projets(self) -> Figure | Avis:
        """Tous les programmes, pour situer celui-ci."""
        return projets.figure_projets(self.contexte)

    def petites_entreprises(self) -> Figure | Avis:
        """La part du montant confiée à des PME, par maître d'ouvrage."""
        return projets.figure_petites_entreprises(self.contexte)

    def realisation(self) -> Chiffres | Avis:
        """L'engagé et le réalisé des clauses de tous les grands projets : le suivi ne les distingue pas."""
        lues = [
            (self.contexte.lire(indicateur, "programme", "GP"), unite, libelle, precision)
            for indicateur, unite, libelle, precision in phrases.REALISATION
        ]
        if all(cellule.statut == NON_DISPONIBLE for cellule, *_ in lues):
            return self.contexte.sans_donnees(sujets.REALISATION_GP_TITRE)
        chiffres = [
            Chiffre(libelle, *chiffrer(cellule, unite, int(unite == "%")), "", precision)
            for cellule, unite, libelle, precision in lues
        ]
        pied = [
            ["Note", sujets.REALISATION_GP_NOTE],
            ["Champ", self.contexte.champ("taux_avancement")],
            ["Source", self.contexte.decrire("taux_avancement", "source")],
        ]
        return Chiffres(chiffres, sujets.REALISATION_GP_TITRE, pied)

    def methode(self) -> Methode:
        """La boîte de méthode et de qualité."""
        return Fiche(self.contexte).methode()

    def _lire(self, indicateur: str, periode: Periode | None = None) -> Cellule:
        return self.contexte.lire(indicateur, PROJET, self.programme.code, periode=periode)

    def _ici(self, territoire: Territoire, indicateur: str) -> Cellule:
        return self.departements.lire(
            indicateur, PROJET, self.programme.code, territoire=territoire, periode=self.contexte.periode
        )

    def _chiffre(self, nom: str) -> Chiffre:
        cle = CLES[nom]
        avant = self._lire(cle.indicateur, self.contexte.periode.an_precedent)
        ecrite = pct(avant) if cle.unite == "%" else ecrire(avant, cle.decimales)
        libelle = "Marchés" if nom == _MARCHES else cle.libelle
        valeur = chiffrer(self._lire(cle.indicateur), cle.unite, cle.decimales)
        evolution = phrases.UN_AN_AVANT.format(valeur=ecrite) if avant.nombre is not None else ""
        return Chiffre(libelle, *valeur, evolution, cle.precision)

    def _rien(self) -> Avis:
        return Avis(sujets.PROGRAMME_SANS.format(nom=self.programme.nom, pendant=self.contexte.pendant))

    def _colonnes(self, series: dict[Periode, Cellule], unites: Echelle) -> str:
        compare = self.contexte.periode.trimestre
        colonnes = []
        for quand, cellule in series.items():
            couleur = COULEURS["heures" if quand.trimestre == compare else "heures_autres"]
            rang, annee = f"T{quand.trimestre}", str(quand.annee)
            colonnes.append(figures.Colonne(rang, annee, cellule.reel, unites.ecrire(cellule), couleur))
        return figures.trimestres(colonnes)

    def _tableau_departements(self, marches: dict[Territoire, Cellule]) -> Tableau:
        lignes = [
            [ici.nom, entier(cellule), *(pct(self._ici(ici, nom)) for nom in _TAUX)]
            for ici, cellule in marches.items()
        ]
        region = [phrases.REGION, entier(self._lire(_MARCHES)), *(pct(self._lire(nom)) for nom in _TAUX)]
        return Tableau(["Département", "Marchés", "Réservé", "Objectif", "Part PME"], [*lignes, region])

    def _lecture_departements(self, publiees: list[tuple[Territoire, Cellule]]) -> str:
        if not publiees:
            return phrases.LECTURE_VIDE
        ici, cellule = publiees[0]
        marches = accorder(cellule, "marché", "marchés")
        return sujets.DEPARTEMENTS_LECTURE.format(
            quand=self.contexte.quand, marches=marches, ou=ici.locatif, nom=self.programme.nom
        )


def _alt(forme: str, dits: list[str]) -> str:
    lus = " ; ".join(dits) or phrases.RIEN_DE_PUBLIABLE.rstrip(".")
    return f"{forme}. {lus}. Toutes les valeurs sont dans le tableau."


def _par_trimestre(series: dict[Periode, Cellule]) -> Tableau:
    annees = dict.fromkeys(quand.annee for quand in series)
    ecrites = {(quand.annee, quand.trimestre): entier(cellule) for quand, cellule in series.items()}
    lignes = [[str(a), *(ecrites.get((a, rang), SANS_OBJET) for rang in (1, 2, 3, 4))] for a in annees]
    return Tableau(["Année", "T1", "T2", "T3", "T4"], lignes)
