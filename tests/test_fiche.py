"""La fiche : ce qu'elle montre, ce qu'elle tait, ce qu'elle refuse."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from observatoire.erreurs import ParametreError, PerimetreError, PublicationError, TableError
from observatoire.indicateurs.comparaisons import Regles, comparer
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode, Territoire
from observatoire.publication import ouvrir_fiche
from observatoire.publication.blocs import MIME, Avis, Figure
from observatoire.publication.cellules import Cellules
from observatoire.publication.fiche import Fiche
from observatoire.publication.repartitions import repartir
from observatoire.referentiel import ventilations
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from observatoire.config import Config

DEPOT = Path(__file__).parents[1]
VENTILATIONS = {
    "heures_realisees": ["modalite", "programme"],
    "equivalents_temps_plein": [],
    "marches_clauses_notifies": ["type_marche"],
    "marches_clauses_actifs": ["type_marche"],
    "marches_clauses_generateurs": ["type_marche"],
    "marches_notifies": ["type_marche", "consideration_sociale"],
    "part_marches_considerations": ["type_marche"],
    "beneficiaires": ["sexe", "tranche_age", "niveau_diplome", "qpv", "public", "prescripteur"],
    "beneficiaires_sur_place": ["departement_residence", "habite_le_territoire"],
    "contrats_actifs": ["type_contrat", "type_employeur"],
    "heures_engagees_en_cours": [],
    "heures_realisees_en_cours": [],
    "reste_a_realiser": [],
    "taux_avancement": [],
    "avancement_temporel": [],
    "taux_realisation": [],
    "sorties": [],
    "taux_de_reponse_m6": [],
    "taux_d_emploi_durable_m6": [],
    "taux_de_sorties_dynamiques_m6": [],
}
ENSEMBLES = {
    "heures_realisees": 1_600_000,
    "equivalents_temps_plein": 995.6,
    "marches_clauses_notifies": 310,
    "marches_clauses_actifs": 4100,
    "marches_clauses_generateurs": 2300,
    "marches_notifies": 5200,
    "part_marches_considerations": 22.5,
    "beneficiaires": 5100,
    "beneficiaires_sur_place": 5300,
    "contrats_actifs": 6200,
    "heures_engagees_en_cours": 12_800_000,
    "heures_realisees_en_cours": 4_800_000,
    "reste_a_realiser": 8_000_000,
    "taux_avancement": 37.5,
    "avancement_temporel": 52.1,
    "taux_realisation": 97.3,
    "sorties": 1700,
    "taux_de_reponse_m6": 54.2,
    "taux_d_emploi_durable_m6": 33.4,
    "taux_de_sorties_dynamiques_m6": 66.1,
}
EN_PCT = tuple(nom for nom in ENSEMBLES if nom.startswith(("part_", "taux_", "avancement_")))
PARTS = {
    "modalite": {
        "EXECUTION": 86,
        "INSERTION": 3.2,
        "RESERVE": 2.8,
        "AUTRES": 8,
    },
    "programme": {"GP": 25, "HORS": 75},
    "type_marche": {"T": 62, "S": 30, "PI": 6, "F": 2, "NR": 0},
    "consideration_sociale": {"OUI": 20, "NON": 75, "NR": 5},
    "sexe": {"F": 15.1, "M": 84.4, "NR": 0.5},
    "tranche_age": {"M26": 29, "A26_49": 54, "A50P": 16, "NR": 1},
    "niveau_diplome": {"INF3": 38, "N3": 33, "N4": 14, "BAC_PLUS": 8, "ETR": 2, "NR": 5},
    "qpv": {"OUI": 17, "NON": 71, "NR": 12},
    "public": {
        "DELD": 36,
        "JEUNE_SQ": 25,
        "BRSA": 24,
        "PARCOURS": 35,
        "QPV": 17,
        "SENIOR": 12,
        "RQTH": 4,
        "DETLD": 3,
        "NR": 3,
    },
    "prescripteur": {
        "FT": 30,
        "ML": 20,
        "SIAE": 20,
        "PLIE": 9,
        "DEPT": 6,
        "CAPE": 3,
        "SPONT": 8,
        "AUTRE": 1,
        "NR": 3,
    },
    "departement_residence": {
        "93": 40,
        "75": 15,
        "94": 12,
        "95": 10,
        "92": 9,
        "77": 5,
        "91": 4,
        "78": 2,
        "HORS": 2,
        "NR": 1,
    },
    "habite_le_territoire": {"OUI": 40, "NON": 59, "NR": 1},
    "type_contrat": {
        "CTTI": 22,
        "CDI": 18,
        "CDDI": 14,
        "CTT": 14,
        "CDD": 15,
        "ALTERNANCE": 15,
        "AUTRE": 1,
        "NR": 1,
    },
    "type_employeur": {"EC": 42, "SIAE": 36, "ETT": 14, "GEIQ": 6, "STPA": 2, "AUTRE": 0, "NR": 0},
}


def ligne(territoire, periode, indicateur, ventilation, modalite, valeur, statut="publie") -> dict:
    cle = {"territoire": territoire, "periode": periode, "indicateur": indicateur}
    return {
        **cle,
        "ventilation": ventilation,
        "modalite": modalite,
        "valeur": valeur,
        "unite": "",
        "statut": statut,
    }


def lignes(territoire: str, periode: str, taille: float = 1.0, sauf: tuple[str, ...] = ()) -> list[dict]:
    """Des valeurs plausibles pour un territoire et une période ; `taille` 1 = la région."""
    resultat = []
    for indicateur in ENSEMBLES.keys() - set(sauf):
        en_pct = indicateur in EN_PCT
        ensemble = ENSEMBLES[indicateur] if en_pct else round(ENSEMBLES[indicateur] * taille)
        resultat.append(ligne(territoire, periode, indicateur, "ensemble", "ensemble", float(ensemble)))
        for ventilation in VENTILATIONS[indicateur]:
            for code in ventilations()[ventilation].libelles:
                poids = PARTS[ventilation].get(code, 0) / 100
                valeur = float(ensemble if en_pct else round(ensemble * poids))
                resultat.append(ligne(territoire, periode, indicateur, ventilation, code, valeur))
    return resultat


def catalogue() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "indicateur": indicateur,
                "ordre": rang,
                "libelle": indicateur,
                "unite": "",
                "champ": "Heures travaillées dans la période, sur les marchés exécutés dans le territoire.",
                "source": "logiciels de suivi des structures porteuses, calculs de l’observatoire.",
                "lecture": "{territoire}, {periode} : {valeur} heures d’insertion ont été réalisées.",
                "additif": "",
                "rattachement": "",
                "ventilations": "|".join(croisements),
                "multiples": "",
                "numerateur": "",
                "denominateur": "",
                "personnes": True,
                "methode": "",
            }
            for rang, (indicateur, croisements) in enumerate(VENTILATIONS.items())
        ]
    )


def provenance(extraction: dt.date, fictif: bool = True) -> pd.DataFrame:
    titres = [
        "Données essentielles de la commande publique",
        "Logiciel de suivi A, export mensuel des heures",
        "Logiciel de suivi B, classeur trimestriel",
        "Marchés des grands projets franciliens",
        "Structures de l’insertion et du handicap",
    ]
    return pd.DataFrame(
        [
            {
                "source": f"source_{rang}",
                "millesime": str(extraction),
                "fichier": "fichier.csv",
                "titre": titre,
                "producteur": "producteur",
                "licence": "licence",
                "date_extraction": pd.Timestamp(extraction),
                "fictif": fictif,
                "sha256": "0" * 64,
                "lues": 123_456,
                "gardees": 123_400,
                "marquees": 1_234,
                "ecartees": 56,
            }
            for rang, titre in enumerate(titres)
        ]
    )


def trimestres(dernier: str, combien: int = 14) -> list[str]:
    return [str(periode) for periode in Periode.lire(dernier).jusqu_ici(combien)]


def ecrire(config: Config, valeurs: list[dict], extraction: dt.date = dt.date(2026, 11, 14)) -> Config:
    magasin = Magasin(config.processed)
    colonnes = ["indicateur", "territoire", "periode", "ventilation", "modalite", "valeur", "unite", "statut"]
    table = pd.DataFrame(valeurs, columns=colonnes)
    magasin.ecrire("indicateurs/valeurs", table)
    regles = Regles.lire(config, dt.date(2026, 9, 30), extraction)
    magasin.ecrire(
        "indicateurs/comparaisons", comparer(SCHEMAS["indicateurs/valeurs"].verifier(table), regles)
    )
    magasin.ecrire("indicateurs/catalogue", catalogue())
    magasin.ecrire("indicateurs/provenance", provenance(extraction))
    magasin.ecrire("indicateurs/qualite", SCHEMAS["indicateurs/qualite"].vide())
    return config


def complet(config: Config) -> Config:
    """Quatorze trimestres de la région et de la Seine-Saint-Denis, en légère hausse."""
    valeurs = []
    for rang, periode in enumerate(trimestres("2026-T3")):
        croissance = 1 + 0.02 * rang - (0.3 if periode == "2026-T3" else 0)
        valeurs += lignes("reg:11", periode, croissance) + lignes("dep:93", periode, 0.25 * croissance)
    return ecrire(config, valeurs)


def secrets(valeurs: list[dict], *modalites: str, indicateur: str | None = None) -> list[dict]:
    """Les mêmes lignes, certaines cachées comme le fait la tabulation : statut secret, valeur vide."""
    return [
        {**valeur, "valeur": None, "statut": "secret"}
        if valeur["modalite"] in modalites and indicateur in (None, valeur["indicateur"])
        else valeur
        for valeur in valeurs
    ]


def changer(valeurs: list[dict], indicateur: str, ventilation: str, **nouvelles: float) -> list[dict]:
    """Les mêmes lignes, où certaines modalités d'une ventilation prennent d'autres valeurs."""
    return [
        {**valeur, "valeur": float(nouvelles[valeur["modalite"]])}
        if (valeur["indicateur"], valeur["ventilation"]) == (indicateur, ventilation)
        and valeur["modalite"] in nouvelles
        else valeur
        for valeur in valeurs
    ]


FIGURES = (
    "tendance",
    "heures_par_modalite",
    "marches_par_type",
    "marches_publics",
    "profil",
    "contrats",
    "prescripteurs",
    "residence",
)
METHODES = ("entete", "chiffres_cles", *FIGURES, "realisation", "sorties", "methode")
SUIVI = tuple(ENSEMBLES.keys() - {"marches_notifies", "part_marches_considerations"})


@pytest.fixture(scope="module")
def fiche(tmp_path_factory) -> Fiche:
    """La fiche de la Seine-Saint-Denis, tout publié, au dernier trimestre provisoire."""
    from conftest import dossier_de_travail

    config = complet(dossier_de_travail(tmp_path_factory.mktemp("fiche")))
    return Fiche.ouvrir("dep:93", "2026-T3", config)


def ouvrir(
    config: Config, valeurs: list[dict], territoire: str = "dep:93", periode: str = "2026-T3", **options
) -> Fiche:
    return Fiche.ouvrir(territoire, periode, ecrire(config, valeurs, **options))


def nombres(texte: str) -> set[str]:
    """Les nombres d'un texte, hors dates et rangs de trimestre."""
    texte = re.sub(r"\d(er|e) trimestre \d{4}|\d+ \w+ \d{4}|\(T?\d+\)", "", texte)
    return set(re.findall(r"\d[\d\u202f]*(?:,\d+)?", texte))


def cellules(figure: Figure) -> set[str]:
    return {nombre for ligne in figure.tableau.lignes for cellule in ligne for nombre in nombres(cellule)}


def cellule(figure: Figure, libelle: str, colonne: str) -> str:
    return next(c for c in figure.tableau.lignes if c[0] == libelle)[figure.tableau.colonnes.index(colonne)]


# ── Toute la fiche ──


@pytest.mark.parametrize("methode", METHODES)
def test_chaque_partie_se_donne_en_json_en_html_et_en_texte(fiche, methode, monkeypatch):
    monkeypatch.setenv("OBSERVATOIRE_RACINE", str(DEPOT))
    paquet = getattr(fiche, methode)()._repr_mimebundle_()
    assert set(paquet) == {MIME, "text/html", "text/plain"}
    assert json.loads(json.dumps(paquet[MIME])) == paquet[MIME]
    assert paquet[MIME]["genre"] in {"entete", "chiffres", "figure", "methode"}
    assert paquet["text/html"].strip().startswith("<")


@pytest.mark.parametrize("methode", FIGURES)
def test_toute_figure_tient_dans_sa_place(fiche, methode):
    figure = getattr(fiche, methode)()
    largeur, hauteur = (
        float(mesure) for mesure in re.findall(r'(?:width|height)="([\d.]+)pt"', figure.svg)[:2]
    )
    assert largeur == pytest.approx(105 * 72 / 25.4)
    assert 15 <= hauteur * 25.4 / 72 <= 42
    assert len(figure.tableau.lignes) <= 8
    assert 2 <= len(figure.tableau.colonnes) <= 5
    assert len(figure.titre.split()) <= 15


@pytest.mark.parametrize("methode", FIGURES)
def test_tout_nombre_d_un_titre_ou_d_une_lecture_est_dans_le_tableau(fiche, methode):
    figure = getattr(fiche, methode)()
    assert nombres(figure.lecture), "une lecture lit un nombre"
    assert nombres(figure.lecture) <= cellules(figure)
    if methode != "residence":  # la part d'habitants vient d'une autre ventilation du même indicateur
        assert nombres(figure.titre) <= cellules(figure)


@pytest.mark.parametrize("methode", METHODES)
def test_deux_appels_donnent_les_memes_octets(fiche, methode):
    assert json.dumps(getattr(fiche, methode)().json()) == json.dumps(getattr(fiche, methode)().json())


def test_le_svg_n_a_ni_date_ni_metadonnee_et_garde_son_texte(fiche):
    svg = fiche.heures_par_modalite().svg
    assert svg.startswith("<svg")
    assert "metadata" not in svg
    assert "2026-" not in svg
    assert "Condition d’exécution</text>" in svg


def test_les_titres_enoncent_un_constat_vrai(fiche):
    # 330 240 heures d'exécution sur 384 000 : 86,0 %
    assert fiche.heures_par_modalite().titre == "Les conditions d’exécution portent 86,0\u00a0% des heures"
    # 185 femmes sur 1 224 dont 6 non renseignées : 185 / 1 218 = 15,2 %
    assert fiche.profil().titre.startswith("Les femmes forment 15,2\u00a0% des bénéficiaires")
    # 509 habitants sur 1 272 dont 13 non renseignés : 509 / 1 259 = 40,4 %
    assert fiche.residence().titre == "40,4\u00a0% des personnes employées en Seine-Saint-Denis y habitent"


def test_la_fiche_de_la_region_ne_se_compare_pas_a_elle_meme(travail):
    fiche = ouvrir(travail, lignes("reg:11", "2026-T3"), "reg:11")
    for methode in FIGURES:
        assert "Région" not in getattr(fiche, methode)().tableau.colonnes
    assert "Île-de-France" not in fiche.profil().titre


# ── Le secret ──


def test_une_cellule_secrete_qui_porte_une_valeur_arrete_tout(travail):
    valeurs = lignes("dep:93", "2026-T3")
    valeurs[0] = {**valeurs[0], "statut": "secret"}
    with pytest.raises(PublicationError, match="secret"):
        ouvrir(travail, valeurs)


def test_une_modalite_secrete_n_a_ni_nombre_ni_part_ni_barre_ni_constat(travail):
    # 100 heures : 60 d'exécution, 40 de marchés réservés (secrètes) ; 40 ne doit se lire nulle part
    valeurs = changer(lignes("dep:93", "2026-T3"), "heures_realisees", "ensemble", ensemble=100)
    valeurs = changer(
        valeurs, "heures_realisees", "modalite", EXECUTION=60, RESERVE=40, INSERTION=0, AUTRES=0
    )
    figure = ouvrir(travail, secrets(valeurs, "RESERVE")).heures_par_modalite()
    assert cellule(figure, "Marchés réservés", "Heures") == "s"
    assert cellule(figure, "Marchés réservés", "Part") == "s"
    assert cellule(figure, "Condition d’exécution", "Part") == "60,0\u00a0%"
    ecrit = json.dumps({**figure.json(), "svg": ""}, ensure_ascii=False)
    assert not re.search(r"\b40\b|40,0", ecrit)
    assert "40,0" not in figure.svg
    pleines = figure.svg.count("fill: #0a3e61")
    assert pleines == 4, "une barre par ligne ; celle de la secrète est de longueur nulle"

    tete = ouvrir(travail, secrets(valeurs, "EXECUTION")).heures_par_modalite()
    assert tete.titre == "Les marchés réservés portent 40,0\u00a0% des heures"
    assert "60" not in nombres(" ".join((tete.titre, tete.alt, tete.lecture, tete.note)))


def test_le_non_renseigne_secret_ne_se_retrouve_pas_par_les_parts(travail):
    # 3 personnes non renseignées sur 103, cachées : 20 / 103 = 19,4 %, et non 20 / 100 = 20,0 %
    valeurs = changer(lignes("dep:93", "2026-T3"), "beneficiaires", "ensemble", ensemble=103)
    valeurs = changer(valeurs, "beneficiaires", "sexe", F=20, M=80, NR=3)
    figure = ouvrir(travail, secrets(valeurs, "NR", indicateur="beneficiaires")).profil()
    assert cellule(figure, "Femmes", "Part") == "19,4\u00a0%"


def test_une_somme_de_modalites_est_secrete_des_qu_une_l_est(travail):
    figure = ouvrir(travail, secrets(lignes("dep:93", "2026-T3"), "INF3", "PLIE")).profil()
    assert cellule(figure, "CAP, BEP ou moins", "Personnes") == "s"  # infra-CAP (secret) + CAP
    assert figure.svg


@pytest.mark.parametrize("methode", FIGURES)
def test_quand_tout_est_secret_il_reste_un_tableau_de_signes_et_pas_d_axes(travail, methode):
    valeurs = [
        {**valeur, "valeur": None, "statut": "secret"} for valeur in lignes("dep:93", "2026-T3", 0.001)
    ]
    figure = getattr(ouvrir(travail, valeurs), methode)()
    assert figure.svg is None
    assert figure.avis
    assert not nombres(figure.titre)
    assert not nombres(figure.lecture)
    propres = {ligne[1] for ligne in figure.tableau.lignes} if methode != "tendance" else {"s"}
    assert propres == {"s"}


def test_quand_tout_est_secret_les_chiffres_cles_le_disent(travail):
    valeurs = [
        {**valeur, "valeur": None, "statut": "secret"} for valeur in lignes("dep:93", "2026-T3", 0.001)
    ]
    bande = ouvrir(travail, valeurs).chiffres_cles()
    assert {chiffre.valeur for chiffre in bande.chiffres} == {"s"}
    assert {chiffre.evolution for chiffre in bande.chiffres} == {""}


# ── Ce qui manque ──


def test_une_periode_sans_donnees_donne_des_avis_et_garde_son_en_tete(travail):
    fiche = ouvrir(travail, lignes("dep:93", "2026-T3"), periode="2031-T2")
    assert all(
        isinstance(getattr(fiche, methode)(), Avis) for methode in (*FIGURES, "realisation", "sorties")
    )
    assert "aucune donnée en Seine-Saint-Denis au 2e trimestre 2031" in fiche.profil().contenu
    assert fiche.entete().titre == "Seine-Saint-Denis (93)"
    assert any("logiciel de suivi" in mention for mention in fiche.entete().mentions)
    assert {chiffre.valeur for chiffre in fiche.chiffres_cles().chiffres} == {"n.d."}
    assert fiche.methode().tableau.lignes


def test_avec_les_seules_donnees_essentielles_la_part_sociale_n_est_jamais_zero(travail):
    valeurs = changer(
        lignes("dep:93", "2019-T1", sauf=SUIVI),
        "marches_notifies",
        "consideration_sociale",
        OUI=0,
        NON=0,
        NR=5200,
    )
    valeurs = [
        {**valeur, "valeur": None, "statut": "non_disponible"} if valeur["indicateur"] in EN_PCT else valeur
        for valeur in valeurs
    ]
    fiche = ouvrir(travail, valeurs, periode="2019-T1")
    figure = fiche.marches_publics()
    assert figure.titre.startswith("5\u202f200\u00a0marchés publics notifiés en Seine-Saint-Denis")
    assert figure.titre.endswith("considération sociale non renseignée")
    assert {ligne[2] for ligne in figure.tableau.lignes} == {"n.d."}
    assert "0\u00a0%" not in json.dumps(figure.json(), ensure_ascii=False)
    assert figure.svg
    assert isinstance(fiche.heures_par_modalite(), Avis)


def test_un_vrai_zero_s_imprime_zero_et_ne_se_dessine_pas(travail):
    valeurs = [{**valeur, "valeur": 0.0} for valeur in lignes("dep:93", "2026-T3")]
    fiche = ouvrir(travail, valeurs)
    contrats = fiche.contrats()
    assert contrats.svg is None
    assert {ligne[1] for ligne in contrats.tableau.lignes} == {"0"}
    assert cellule(contrats, "CDI", "Part") == "n.d."  # 0 / 0
    assert contrats.lecture.endswith("compte 0\u00a0contrat.")
    assert fiche.marches_par_type().svg is None


@pytest.mark.parametrize(
    ("nr", "note", "part", "dessine"),
    [
        (0, "", "50,0\u00a0%", True),
        (100, "Non renseigné : 10,0\u00a0%, hors du calcul des parts.", "55,6\u00a0%", True),  # 500 / 900
        (
            101,
            "Non renseigné : 10,1\u00a0%, hors du calcul des parts, à lire avec prudence.",
            "55,6\u00a0%",
            True,
        ),
        (
            300,
            "Non renseigné : 30,0\u00a0%, hors du calcul des parts, à lire avec prudence.",
            "71,4\u00a0%",
            True,
        ),
        (301, "Non renseigné : 30,1\u00a0%, hors du calcul des parts, à lire avec prudence.", "n.s.", False),
    ],
)
def test_le_non_renseigne_sort_des_parts_alerte_puis_retire_la_figure(travail, nr, note, part, dessine):
    valeurs = changer(lignes("dep:93", "2026-T3"), "contrats_actifs", "ensemble", ensemble=1000)
    figure = ouvrir(travail, changer(valeurs, "contrats_actifs", "type_contrat", CDI=500, NR=nr)).contrats()
    assert figure.note.startswith(note)
    assert nr or "Non renseigné" not in figure.note
    assert cellule(figure, "CDI", "Part") == part
    assert cellule(figure, "Non renseigné", "Part") == "–"
    assert figure.tableau.lignes[-1][0] == "Non renseigné"
    assert bool(figure.svg) is dessine
    assert dessine or "Figure retirée" in figure.avis


def test_les_prescripteurs_au_dela_du_sixieme_se_reunissent(fiche):
    # 3 % de Cap emploi et 1 % d'autres : 37 + 12 = 49 personnes
    figure = fiche.prescripteurs()
    assert cellule(figure, "Autres prescripteurs", "Personnes") == "49"
    assert [ligne[0] for ligne in figure.tableau.lignes[-2:]] == ["Autres prescripteurs", "Non renseigné"]


# ── Les chiffres clés ──


def test_les_chiffres_cles_se_comparent_au_meme_trimestre_un_an_avant(travail):
    valeurs = lignes("dep:93", "2026-T3", 0.11) + lignes("dep:93", "2025-T3", 0.10)
    fiche = ouvrir(travail, valeurs, extraction=dt.date(2027, 3, 1))
    heures, cumul, personnes, *_ = fiche.chiffres_cles().chiffres
    assert (heures.valeur, heures.evolution) == ("176\u202f000", "+10,0\u00a0% en un an")
    assert personnes.valeur == "561"
    # le cumul n'a qu'un trimestre publié sur trois : il le dit et ne se compare pas
    assert (cumul.valeur, cumul.evolution) == ("176\u202f000", "")
    assert cumul.precision == "1\u00a0trimestre publié sur 3"


def test_le_cumul_additionne_les_trimestres_publies(fiche):
    cumul = fiche.chiffres_cles().chiffres[1]
    # 0,25 × 1,6 M × (1,22 + 1,24 + 0,96) = 1 368 000, contre 0,25 × 1,6 M × (1,14 + 1,16 + 1,18) = 1 392 000
    assert (cumul.valeur, cumul.precision) == ("1\u202f368\u202f000", "T1 à T3")
    assert cumul.evolution == "1\u202f392\u202f000 un an plus tôt", "provisoire : pas de pourcentage"


def test_un_trimestre_secret_sort_du_cumul_qui_ne_se_compare_plus(travail):
    annees = [lignes("dep:93", f"{an}-T{rang}", 0.1) for an in (2025, 2026) for rang in (1, 2, 3)]
    annees[4] = secrets(annees[4], "ensemble", indicateur="heures_realisees")  # 2026-T2
    cumul = ouvrir(travail, [valeur for annee in annees for valeur in annee]).chiffres_cles().chiffres[1]
    assert cumul.valeur == "320\u202f000"  # T1 + T3 : 2 × 160 000
    assert cumul.precision == "2\u00a0trimestres publiés sur 3"
    assert cumul.evolution == ""


@pytest.mark.parametrize(("base", "evolution"), [(30, "+100,0\u00a0% en un an"), (29, "29 un an plus tôt")])
def test_pas_d_evolution_sur_une_base_de_moins_de_trente_personnes(travail, base, evolution):
    avant = changer(lignes("dep:93", "2025-T3"), "beneficiaires", "ensemble", ensemble=base)
    avant = changer(avant, "beneficiaires_sur_place", "ensemble", ensemble=29)
    valeurs = changer(lignes("dep:93", "2026-T3"), "beneficiaires", "ensemble", ensemble=60)
    definitive = ouvrir(travail, valeurs + avant, extraction=dt.date(2027, 3, 1))
    heures, _, personnes, *_ = definitive.chiffres_cles().chiffres
    assert (personnes.evolution, personnes.precision) == (evolution, "qui y habitent")
    assert "%" not in heures.evolution, "les heures de 29 personnes ne fondent pas une évolution"


def test_un_trimestre_provisoire_donne_la_valeur_d_un_an_avant_sans_pourcentage(travail):
    valeurs = lignes("dep:93", "2026-T3", 0.11) + lignes("dep:93", "2025-T3", 0.10)
    heures = ouvrir(travail, valeurs).chiffres_cles().chiffres[0]
    assert heures.evolution == "160\u202f000 un an plus tôt"


# ── Provisoire, définitif ──


@pytest.mark.parametrize(
    ("extraction", "statut"),
    # fin du trimestre le 30 septembre 2026, + 120 jours = 28 janvier 2027
    [(dt.date(2027, 1, 27), "provisoire"), (dt.date(2027, 1, 28), "définitif")],
)
def test_les_chiffres_sont_definitifs_120_jours_apres_la_fin_du_trimestre(travail, extraction, statut):
    fiche = ouvrir(travail, lignes("dep:93", "2026-T3"), extraction=extraction)
    assert fiche.entete().statut == statut
    hachure = "<pattern" in fiche.tendance().svg
    assert hachure == (statut == "provisoire")


def test_un_mouvement_n_est_annonce_que_sur_des_chiffres_definitifs(travail):
    valeurs = lignes("dep:93", "2026-T3", 0.11) + lignes("dep:93", "2025-T3", 0.10)
    assert ouvrir(travail, valeurs).tendance().titre.startswith("176\u202f000\u00a0heures")
    definitive = ouvrir(travail, valeurs, extraction=dt.date(2027, 3, 1))
    assert definitive.tendance().titre == "Les heures d’insertion progressent de 10,0\u00a0% en un an"


def test_la_methode_dit_ce_que_couvre_le_secret_et_le_compte(travail):
    valeurs = secrets(lignes("dep:93", "2026-T3"), "DETLD", "RQTH")
    texte = " ".join(ouvrir(travail, valeurs).methode().paragraphes)
    assert (
        "s : donnée couverte par le secret statistique (moins de 5 personnes — 11 pour les données "
        "sensibles —, moins de 3 entreprises, une entreprise dominante, ou donnée permettant de recalculer "
        "une donnée protégée)"
    ) in texte
    assert f"2\u00a0données sur {len(valeurs)} dans ce territoire" in texte
    assert not re.search("primaire|complémentaire|différence", texte)
    assert "120\u00a0jours" in texte
    assert "1\u202f607\u00a0heures" in texte
    assert "Données fictives" in texte


def test_la_methode_dit_la_qualite_des_heures_du_territoire_et_tait_ce_qui_n_est_pas_publie(travail):
    mesures = [
        ligne("dep:93", "2026-T3", "part_heures_completes", "ensemble", "ensemble", 84.8),
        ligne("dep:93", "2026-T3", "part_structures_ayant_transmis", "ensemble", "ensemble", 100.0),
        ligne("dep:93", "2026-T3", "delai_de_saisie", "ensemble", "ensemble", None, "secret"),
    ]
    texte = " ".join(ouvrir(travail, lignes("dep:93", "2026-T3") + mesures).methode().paragraphes)
    assert "Qualité des heures en Seine-Saint-Denis, 3e trimestre 2026 : 84,8\u00a0% sur une ligne" in texte
    assert "renseignée ; 100,0\u00a0% des structures attendues ont transmis. " in texte


# ── Le plan de publication : répartitions sur quatre trimestres, ou pas de répartition ──

PERSONNES = ("heures_realisees", "beneficiaires", "beneficiaires_sur_place", "contrats_actifs")


def totaux(valeurs: list[dict], *indicateurs: str) -> list[dict]:
    """Les mêmes lignes sans les répartitions de ces indicateurs."""
    return [v for v in valeurs if v["ventilation"] == "ensemble" or v["indicateur"] not in indicateurs]


def plaine_commune(taille: float = 0.1, publie: tuple[str, ...] = PERSONNES) -> list[dict]:
    """Un territoire dont le trimestre n'a que des totaux ; les répartitions sont sur quatre trimestres."""
    longues = lignes("ept:T6", "2026-T3-4T", taille)
    tues = [nom for nom in PERSONNES if nom not in publie]
    trimestre = totaux(lignes("ept:T6", "2026-T3", taille / 4), *PERSONNES)
    return trimestre + totaux(longues, *tues) + lignes("reg:11", "2026-T3")


@pytest.mark.parametrize("methode", ["heures_par_modalite", "profil", "prescripteurs", "contrats"])
def test_un_territoire_montre_ses_repartitions_sur_quatre_trimestres_et_le_dit(travail, methode):
    fiche = ouvrir(travail, plaine_commune(), "ept:T6")
    figure = getattr(fiche, methode)()
    assert "quatre trimestres jusqu’au 3e trimestre 2026" in figure.sous_titre
    assert "quatre trimestres" in figure.lecture
    assert figure.champ.endswith("Période : du 1er octobre 2025 au 30 septembre 2026.")
    # la région n'a pas de répartition sur quatre trimestres : le repère est son trimestre, et c'est écrit
    assert "Région : 3e trimestre 2026 seul." in figure.note
    assert "Région" in figure.tableau.colonnes
    assert "contre" not in figure.titre, "un titre ne compare pas deux périodes différentes"
    assert any("quatre trimestres" in mention for mention in fiche.entete().mentions)
    assert fiche.chiffres_cles().chiffres[0].valeur == "40\u202f000", "les totaux restent ceux du trimestre"


def test_au_quatrieme_trimestre_les_repartitions_d_un_territoire_sont_celles_de_l_annee(travail):
    valeurs = totaux(lignes("ept:T6", "2025-T4", 0.02), *PERSONNES) + lignes("ept:T6", "2025", 0.1)
    fiche = ouvrir(travail, valeurs + lignes("reg:11", "2025"), "ept:T6", "2025-T4")
    figure = fiche.profil()
    assert figure.lecture.startswith("en 2025, ")
    assert "Région :" not in figure.note, "l'année de la région est publiée"
    assert figure.titre.endswith("comme en Île-de-France")


def test_un_territoire_d_effectif_insuffisant_ne_donne_que_ses_totaux(travail):
    # 5 100 × 0,0196 = 100 : le minimum du plan ; 5 100 × 0,0194 = 99
    assert isinstance(ouvrir(travail, plaine_commune(0.0196, ()), "ept:T6").profil(), Avis)
    for methode in ("heures_par_modalite", "profil", "contrats", "prescripteurs", "residence"):
        avis = getattr(ouvrir(travail, plaine_commune(0.0194, ()), "ept:T6"), methode)()
        assert "effectif insuffisant à Plaine Commune" in avis.contenu
        assert "moins de 100 bénéficiaires en quatre trimestres" in avis.contenu
        assert "Ensemble : " in avis.contenu
    caches = secrets(plaine_commune(0.0194, ()), "ensemble")
    assert ouvrir(travail, caches, "ept:T6").contrats().contenu.endswith("L’ensemble n’est pas publiable.")
    assert (
        "effectif insuffisant" not in ouvrir(travail, plaine_commune(0.0196, ()), "ept:T6").profil().contenu
    )


def test_un_detail_que_le_plan_ne_publie_pas_le_dit_avec_l_ensemble(travail):
    fiche = ouvrir(travail, plaine_commune(publie=("heures_realisees", "beneficiaires")), "ept:T6")
    # 6 200 × 0,025 = 155 contrats au trimestre
    assert "non publié à cette échelle" in fiche.contrats().contenu
    assert fiche.contrats().contenu.endswith("Ensemble : 155\u00a0contrats au 3e trimestre 2026.")
    assert isinstance(fiche.residence(), Avis)
    assert isinstance(fiche.profil(), Figure)


def test_sans_departement_de_residence_la_fiche_dit_qui_habite_le_territoire(travail):
    valeurs = [v for v in lignes("dep:93", "2026-T3", 0.25) if v["ventilation"] != "departement_residence"]
    figure = ouvrir(travail, valeurs).residence()
    # 530 habitants sur 1 325 dont 13 non renseignés : 530 / 1 312 = 40,4 %
    assert figure.titre == "40,4\u00a0% des personnes employées en Seine-Saint-Denis y habitent"
    assert [ligne[0] for ligne in figure.tableau.lignes] == ["Non", "Oui", "Non renseigné"]
    assert nombres(figure.titre) <= cellules(figure)


def test_un_profil_entierement_secret_laisse_une_fiche(travail):
    caches = [
        {**v, "valeur": None, "statut": "secret"} if v["indicateur"] == "beneficiaires" else v
        for v in lignes("dep:93", "2026-T3", 0.25)
    ]
    fiche = ouvrir(travail, caches + lignes("reg:11", "2026-T3"))
    profil = fiche.profil()
    assert (profil.svg, profil.titre) == (None, "Profil des bénéficiaires")
    assert profil.avis
    assert fiche.heures_par_modalite().svg
    assert "s" in {chiffre.valeur for chiffre in fiche.chiffres_cles().chiffres}


# ── La réalisation, les sorties ──


def test_la_realisation_donne_l_engage_le_realise_le_reste_et_le_taux(travail):
    bande = ouvrir(travail, lignes("dep:93", "2026-T3", 0.25)).realisation()
    valeurs = {chiffre.libelle: f"{chiffre.valeur} {chiffre.unite}" for chiffre in bande.chiffres}
    assert valeurs == {
        "Engagées": "3\u202f200\u202f000 h",
        "Réalisées": "1\u202f200\u202f000 h",
        "À réaliser": "2\u202f000\u202f000 h",
        "Avancement": "37,5 %",
        "Temps écoulé": "52,1 %",
        "Clauses soldées": "97,3 %",
    }
    assert [nom for nom, _ in bande.pied] == ["Note", "Lecture", "Champ", "Source"]


def test_une_realisation_secrete_n_a_ni_nombre_ni_unite_ni_lecture(travail):
    caches = secrets(lignes("dep:93", "2026-T3", 0.25), "ensemble")
    bande = ouvrir(travail, caches).realisation()
    assert {(chiffre.valeur, chiffre.unite) for chiffre in bande.chiffres} == {("s", "")}
    assert [nom for nom, _ in bande.pied] == ["Note", "Champ", "Source"]


def test_les_sorties_sont_celles_de_la_derniere_periode_dont_le_delai_est_ecoule(travail):
    taux = ("taux_de_reponse_m6", "taux_d_emploi_durable_m6", "taux_de_sorties_dynamiques_m6")
    valeurs = lignes("dep:93", "2026-T3", 0.25, sauf=taux) + lignes("dep:93", "2025", 0.5)
    fiche = ouvrir(travail, valeurs + lignes("reg:11", "2025"))
    fins, reponse, durable, dynamiques = fiche.sorties().chiffres
    assert (fins.valeur, fins.precision) == ("850", "en 2025")
    assert (reponse.valeur, reponse.unite) == ("54,2", "%")
    assert (durable.valeur, durable.precision) == ("33,4", "Île-de-France : 33,4\u00a0%")
    assert dynamiques.valeur == "66,1"
    # un territoire sans taux renvoie à la région
    avis = ouvrir(travail, plaine_commune() + lignes("reg:11", "2026-T1"), "ept:T7").sorties()
    assert isinstance(avis, Avis)
    assert "En Île-de-France, six mois après" in avis.contenu


def test_trop_peu_de_reponses_rend_les_taux_de_sortie_non_significatifs(travail):
    valeurs = [
        {**v, "valeur": None, "statut": "non_significatif"}
        if v["indicateur"] in ("taux_d_emploi_durable_m6", "taux_de_sorties_dynamiques_m6")
        else v
        for v in lignes("dep:93", "2026-T3")
    ]
    bande = ouvrir(travail, valeurs).sorties()
    assert [chiffre.valeur for chiffre in bande.chiffres][2:] == ["n.s.", "n.s."]
    assert "Lecture" not in dict(bande.pied)


# ── Ouvrir ──


@pytest.mark.parametrize(
    ("territoire", "periode", "erreur", "indice"),
    [
        (93, "2026-T3", ParametreError, "dep:93"),
        ("dep:93", 2026, ParametreError, "2026-T3"),
        ("dep:93", None, ParametreError, "2026-T3"),
        ("93", "2026-T3", PerimetreError, "dep:93"),
        ("dep:93 ", "2026-T3", PerimetreError, "dep:93"),
        ("dep:13", "2026-T3", PerimetreError, "dep:"),
        ("dep:93", "2026-T5", PerimetreError, "trimestre"),
        ("dep:93", "T3 2026", PerimetreError, "2026-T3"),
        ("dep:93", "2025", PerimetreError, "2025-T4"),
    ],
)
def test_un_parametre_faux_est_refuse_avec_le_bon_exemple(travail, territoire, periode, erreur, indice):
    ecrire(travail, [])
    with pytest.raises(erreur) as levee:
        Fiche.ouvrir(territoire, periode, travail)
    assert indice in levee.value.remede


def test_sans_indicateurs_la_fiche_dit_quoi_lancer(travail, monkeypatch):
    monkeypatch.setenv("OBSERVATOIRE_RACINE", str(travail.racine))
    with pytest.raises(TableError, match="observatoire construire"):
        ouvrir_fiche("dep:93", "2026-T3")


def test_un_indicateur_absent_du_catalogue_est_une_erreur_qui_se_comprend(travail):
    fiche = ouvrir(travail, lignes("dep:93", "2026-T3"))
    Magasin(travail.processed).ecrire("indicateurs/catalogue", catalogue().iloc[:0])
    with pytest.raises(PublicationError, match="catalogue"):
        Fiche.ouvrir("dep:93", "2026-T3", travail).contrats()
    assert fiche.contrats(), "une fiche ouverte ne relit pas le disque"


def test_une_modalite_que_la_region_n_a_jamais_observee_n_a_pas_de_ligne():
    # Les valeurs ne portent que F et NR : « Hommes » n'aurait rien d'autre à dire que « n.d. ».
    presentes = pd.DataFrame(
        [("ensemble", "ensemble", 12), ("sexe", "F", 12), ("sexe", "NR", 0)],
        columns=["ventilation", "modalite", "valeur"],
    ).assign(territoire="dep:93", periode="2026-T3", indicateur="beneficiaires", statut="publie")
    ou, quand = Territoire.lire("dep:93"), Periode.lire("2026-T3")
    rendue = repartir(Cellules(presentes), "beneficiaires", "sexe", ou, quand, retrait_nr=30)
    assert [ligne.codes for ligne in rendue.lignes] == [("F",), ("NR",)]
    vide = repartir(Cellules(presentes.head(0)), "beneficiaires", "sexe", ou, quand, retrait_nr=30)
    assert len(vide.lignes) == 3
    assert vide.vide
