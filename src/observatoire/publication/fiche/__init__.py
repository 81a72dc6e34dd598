"""La fiche territoriale : un territoire, un trimestre, des blocs prêts à publier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from observatoire.config import Config
from observatoire.erreurs import PerimetreError
from observatoire.publication.blocs import Entete
from observatoire.publication.cellules import NON_DISPONIBLE
from observatoire.publication.fiche import (
    bandes,
    chiffres,
    commentaires,
    comptes,
    marches,
    methode,
    phrases,
    profil,
    projets,
    pyramide,
    realisation,
    sorties,
    sujets,
    taux,
    tendance,
    ventilees,
    voisins,
)
from observatoire.publication.fiche.contexte import Contexte
from observatoire.publication.formats import jour, pct

if TYPE_CHECKING:
    from observatoire.publication.blocs import Avis, Chiffres, Commentaire, Figure, Methode
    from observatoire.publication.fiche.phrases import Sujet
    from observatoire.publication.fiche.sujets import SujetCompte, SujetTaux


class Fiche:
    """Les parties d'une fiche, chacune affichable : `fiche.tendance()` en fin de cellule suffit.

    Rien n'y est calculé que ce que permettent les valeurs publiées, secret déjà appliqué.
    """

    def __init__(self, contexte: Contexte) -> None:
        self._contexte = contexte

    @classmethod
    def ouvrir(cls, territoire: str, periode: str, config: Config | None = None) -> Self:
        """Ouvre la fiche d'un territoire et d'un trimestre, dans le dossier de travail courant.

        Raises:
            ParametreError: un paramètre n'est pas un texte.
            PerimetreError: territoire ou trimestre inconnu.
            TableError: les indicateurs n'ont pas encore été construits.
        """
        contexte = Contexte.ouvrir(config or Config.charger(), territoire, periode)
        if contexte.periode.trimestre is None:
            raise PerimetreError(
                f"La fiche est trimestrielle : « {periode} » est une année.",
                f"Écrire un trimestre : {periode}-T4.",
            )
        return cls(contexte)

    def entete(self, pour: str = "") -> Entete:
        """Le titre, la période, l'état des chiffres et leurs avertissements.

        Args:
            pour: à qui la fiche s'adresse : « Fiche de l'élu ».
        """
        contexte = self._contexte
        provisoire = contexte.provisoire(contexte.periode)
        mentions = [phrases.MENTION_FICTIF] if contexte.fictif else []
        if provisoire:
            mentions.append(
                phrases.MENTION_PROVISOIRE.format(date=jour(contexte.definitif_le(contexte.periode)))
            )
        sous_titre = phrases.SOUS_TITRE.format(quand=contexte.quand)
        longue = contexte.publiant("heures_realisees", "modalite")
        if longue.periode != contexte.periode:
            mentions.append(phrases.MENTION_LONGUE.format(quand=longue.quand))
        if contexte.lire("heures_realisees").statut == NON_DISPONIBLE:
            mentions.append(phrases.MENTION_SANS_SUIVI)
        return Entete(
            titre=contexte.territoire.nom_long,
            sous_titre=phrases.SOUS_TITRE_PUBLIC.format(pour=pour, quand=contexte.quand)
            if pour
            else sous_titre,
            territoire=str(contexte.territoire),
            periode=str(contexte.periode),
            statut="provisoire" if provisoire else "définitif",
            extraction=jour(contexte.extraction),
            fictif=contexte.fictif,
            mentions=mentions,
        )

    def chiffres_cles(self, *noms: str) -> Chiffres:
        """La bande des chiffres clés, avec leur évolution sur un an ; ceux de la fiche générale par défaut.

        Raises:
            PublicationError: un nom n'est pas un chiffre clé.
        """
        return chiffres.bande(self._contexte, noms or chiffres.GENERALE)

    def commentaire(self, public: str = "") -> Commentaire | None:
        """Le commentaire de l'analyste, s'il en a écrit un pour ce territoire et cette période.

        Args:
            public: un nom de `publics.toml` ; sans commentaire à ce nom, celui de toutes les fiches.

        Raises:
            PublicationError: fichier illisible, ou texte qui ne se publierait pas partout à l'identique.
        """
        return commentaires.bloc(self._contexte, public)

    def tendance(self) -> Figure | Avis:
        """Les heures d'insertion des derniers trimestres."""
        return tendance.figure_tendance(self._contexte)

    def heures_par_modalite(self) -> Figure | Avis:
        """Les heures selon la modalité juridique de la clause."""
        return ventilees.figure_ventilee(self._contexte, phrases.HEURES_PAR_MODALITE)

    def marches_par_type(self) -> Figure | Avis:
        """Les marchés clausés suivis : notifiés, actifs, générateurs d'heures."""
        return marches.figure_clauses(self._contexte)

    def marches_publics(self) -> Figure | Avis:
        """Les marchés publics notifiés, et la part de ceux qui ont une considération sociale."""
        return marches.figure_marches_publics(self._contexte)

    def realisation(self) -> Chiffres | Avis:
        """L'engagé, le réalisé et le reste à réaliser des clauses."""
        return realisation.bande(self._contexte)

    def profil(self) -> Figure | Avis:
        """Les bénéficiaires : sexe, âge, quartier, diplôme, publics, comparés à la région."""
        return profil.figure_profil(self._contexte)

    def pyramide(self) -> Figure | Avis:
        """Les bénéficiaires selon leur sexe et leur âge, à la période la plus courte qui les croise."""
        return pyramide.figure_pyramide(self._contexte)

    def contrats(self) -> Figure | Avis:
        """Les contrats de travail par type, les principaux employeurs en note."""
        vue = self._contexte.publiant(phrases.CONTRATS.indicateur, "type_employeur")
        employeurs = vue.repartir(phrases.CONTRATS.indicateur, "type_employeur")
        return ventilees.figure_ventilee(self._contexte, phrases.CONTRATS, note=ventilees.citer(employeurs))

    def prescripteurs(self) -> Figure | Avis:
        """Les bénéficiaires selon qui les a orientés."""
        return ventilees.figure_ventilee(self._contexte, phrases.PRESCRIPTEURS)

    def residence(self) -> Figure | Avis:
        """Où habitent les personnes employées sur les marchés du territoire."""
        contexte, departements, habitants = self._contexte, phrases.RESIDENCE, phrases.HABITANTS
        detaillee = contexte.publiant(departements.indicateur, departements.ventilation)
        par_departement = detaillee.detaille(departements.indicateur, departements.ventilation)
        sujet, code = (departements, contexte.territoire.code) if par_departement else (habitants, "OUI")
        vue = contexte.publiant(sujet.indicateur, sujet.ventilation)
        part = vue.repartir(sujet.indicateur, sujet.ventilation).reunir(code, libelle="").part
        constat = phrases.RESIDENCE_CONSTAT.format(part=pct(part), ou=contexte.ou) if part.nombre else ""
        return ventilees.figure_ventilee(contexte, sujet, compare=False, titre=constat)

    def sorties(self) -> Chiffres | Avis:
        """Ce que l'on sait des bénéficiaires six mois après la fin de leur parcours."""
        return sorties.bande(self._contexte)

    # ── Les parties des fiches par public ──

    def heures_par_type(self) -> Figure | Avis:
        """Les heures selon le type de marché."""
        return ventilees.figure_ventilee(self._contexte, sujets.HEURES_PAR_TYPE)

    def heures_par_programme(self) -> Figure | Avis:
        """Les heures des grands projets, et des autres marchés."""
        contexte, sujet = self._contexte, sujets.HEURES_PAR_PROGRAMME
        vue = contexte.publiant(sujet.indicateur, sujet.ventilation)
        part = vue.repartir(sujet.indicateur, sujet.ventilation).reunir("GP", libelle="").part
        constat = sujets.PROGRAMME_CONSTAT.format(part=pct(part)) if part.nombre else ""
        return ventilees.figure_ventilee(contexte, sujet, titre=constat)

    def heures_a_venir(self) -> Figure | Avis:
        """Les heures que les marchés notifiés en quatre trimestres s'engagent à réaliser, par secteur."""
        return ventilees.figure_ventilee(self._sur_un_an(sujets.HEURES_A_VENIR), sujets.HEURES_A_VENIR)

    def heures_par_marche(self) -> Figure | Avis:
        """Les heures engagées en moyenne par marché clausé, par type."""
        return taux.figure_taux(self._sur_un_an(sujets.HEURES_PAR_MARCHE), sujets.HEURES_PAR_MARCHE)

    def considerations_par_acheteur(self) -> Figure | Avis:
        """La part des marchés à considération sociale, par type d'acheteur, comparée à la région."""
        sujet = sujets.CONSIDERATIONS_PAR_ACHETEUR
        return taux.figure_taux(self._sur_un_an(sujet), sujet)

    def projets(self) -> Figure | Avis:
        """Les heures que les grands projets réservent, face à l'objectif de leur charte."""
        return projets.figure_projets(self._contexte)

    def petites_entreprises(self) -> Figure | Avis:
        """La part du montant des grands projets confiée à des PME, face à l'objectif de leur charte."""
        return projets.figure_petites_entreprises(self._contexte)

    def flux(self) -> Figure | Avis:
        """D'où viennent, département par département, les personnes employées dans le territoire."""
        vue, sujet = self._detaillant(sujets.FLUX), sujets.FLUX
        tete = vue.repartir(sujet.indicateur, sujet.ventilation).en_tete
        constat = (
            sujets.FLUX_CONSTAT.format(part=pct(tete.part), ou=vue.ou, modalite=tete.libelle) if tete else ""
        )
        return ventilees.figure_ventilee(vue, sujet, compare=False, titre=constat)

    def employeurs(self) -> Figure | Avis:
        """Les contrats de travail par type d'employeur."""
        return ventilees.figure_ventilee(self._detaillant(sujets.EMPLOYEURS), sujets.EMPLOYEURS)

    def metiers(self) -> Figure | Avis:
        """Les contrats signés par métier exercé."""
        return ventilees.figure_ventilee(self._detaillant(sujets.METIERS), sujets.METIERS)

    def embauches(self) -> Figure | Avis:
        """Les contrats signés selon qui a orienté la personne."""
        return ventilees.figure_ventilee(self._detaillant(sujets.EMBAUCHES), sujets.EMBAUCHES)

    def structures(self) -> Figure | Avis:
        """Les structures de l'insertion et du handicap implantées dans le territoire."""
        return comptes.figure_comptes(self._contexte, sujets.STRUCTURES)

    def marches_reserves(self) -> Figure | Avis:
        """Les marchés réservés notifiés en quatre trimestres, selon à qui."""
        return comptes.figure_comptes(self._sur_un_an(sujets.MARCHES_RESERVES), sujets.MARCHES_RESERVES)

    def publics(self) -> Figure | Avis:
        """La part de chaque public parmi les bénéficiaires, comparée à la région."""
        return taux.figure_taux(self._contexte, sujets.PUBLICS)

    def voisins(self) -> Figure | Avis:
        """Les heures du territoire parmi celles de ses voisins, sur une carte."""
        return voisins.figure_voisins(self._contexte)

    def couverture(self) -> Chiffres | Avis:
        """Ce que les structures porteuses ont transmis, et ce que valent leurs lignes."""
        return bandes.bande(self._contexte, sujets.COUVERTURE)

    def formation(self) -> Chiffres | Avis:
        """Les bénéficiaires formés, et ceux qui auraient à l'être."""
        return bandes.bande(self._contexte, sujets.FORMATION)

    def _detaillant(self, sujet: Sujet) -> Contexte:
        return self._contexte.detaillant(sujet.indicateur, sujet.ventilation)

    def _sur_un_an(self, sujet: Sujet | SujetTaux | SujetCompte) -> Contexte:
        return self._contexte.sur_un_an(sujet.indicateur, sujet.ventilation)

    def methode(self) -> Methode:
        """La boîte de méthode et de qualité."""
        return methode.boite(self._contexte)
