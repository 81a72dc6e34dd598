"""La qualité : seuils et dérogations, mesures, comparaison des livraisons, rapport, lignes à renvoyer."""

from __future__ import annotations

import csv
import datetime as dt
import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.acquisition.depot import sceller
from observatoire.acquisition.livraisons import lignes_precedentes
from observatoire.chaine import Demande, construire
from observatoire.config import Config
from observatoire.controle.derogations import Derogations, refuser_trop_d_ecarts, refuser_une_chute
from observatoire.controle.quarantaine import Compte
from observatoire.erreurs import ConfigError, QualiteError, SourceError, TableError
from observatoire.indicateurs.qualite import ATTENDUES_SUIVI, mesurer
from observatoire.magasin import Magasin
from observatoire.publication.fiche import methode
from observatoire.publication.fiche.contexte import Contexte
from observatoire.publication.formats import pct
from observatoire.qualite import _exiger_une_construction_finie, controler
from observatoire.qualite.decisions import JOURNAL, inscrire
from observatoire.qualite.livraisons import comparer
from observatoire.qualite.rejets import sans_formule
from observatoire.qualite.sections import citer
from observatoire.qualite.vraisemblance import juger
from observatoire.schemas import SCHEMAS
from tests.conftest import dossier_de_travail
from tests.maillons import connecter

ENTETE = "siret,kind,nom,code_commune,departement"
# le SIRET 00000000000018 est faux (racine nulle) ; ceux-ci ont une clé de Luhn juste
SIRETS = ["73282932000074", "55208131766522", "44306184100047", "38347481400100", "54205118000066"]


def table(nom: str, *lignes: dict) -> pd.DataFrame:
    schema = SCHEMAS[nom]
    return schema.typer(pd.DataFrame(list(lignes), columns=schema.noms))


def livrer(config: Config, jour: dt.date, lignes: list[str]) -> None:
    fichier = config.racine / f"structures_{jour}.csv"
    fichier.write_text("\n".join([ENTETE, *lignes]) + "\n", encoding="utf-8")
    sceller(config, "structures", [fichier], date_extraction=jour)


def structure(rang: int, nom: str = "Structure") -> str:
    return f"{SIRETS[rang % 5]},EI,{nom} {rang},93066,93"


# ── Seuils ──


@given(lues=st.integers(0, 500), avant=st.integers(1, 500), maximum=st.integers(0, 100))
def test_une_livraison_s_arrete_exactement_au_dela_de_la_chute_admise(lues, avant, maximum):
    derogations = Derogations("essai")
    refuser_une_chute("x", lues, ("2026-01-01", avant), maximum, derogations)
    assert bool(derogations.passees) == (100 * (avant - lues) / avant > maximum + 1e-9)


def test_une_chute_arrete_avec_cette_phrase_et_dit_comment_passer_outre():
    with pytest.raises(QualiteError) as refus:
        refuser_une_chute("suivi_b", 60, ("2026-08-14", 100), 30, Derogations())
    assert "60 lignes reçues contre 100 dans la livraison du 2026-08-14, soit 40 % de moins" in str(
        refus.value
    )
    assert '--malgre "raison"' in refus.value.remede


def test_trop_de_lignes_ecartees_passent_outre_avec_une_raison_et_restent_inscrites():
    compte = Compte(lues=5, ecartees=3)
    derogations = Derogations("  format changé,\n vu avec la structure ")
    refuser_trop_d_ecarts("suivi_b", compte, 20, derogations)
    (ligne,) = derogations.table().to_dict("records")
    assert ligne["source"] == "suivi_b"
    assert "3 lignes écartées sur 5, soit 60 %" in ligne["constat"]
    assert ligne["raison"] == "format changé, vu avec la structure"


def test_une_raison_faite_d_espaces_n_est_pas_une_raison():
    with pytest.raises(QualiteError):
        refuser_une_chute("x", 0, ("2026-01-01", 10), 30, Derogations("  \n "))


def test_un_seuil_de_source_gagne_sur_celui_de_la_methode_et_se_verifie(travail):
    texte = (travail.racine / "observatoire.toml").read_text(encoding="utf-8")
    jour = dt.date(2026, 11, 14)
    assert travail.seuil("decp", "chute_maximum_pct", jour) == 30
    avec = texte + "\n[sources.decp.seuils]\nchute_maximum_pct = 90\n"
    (travail.racine / "observatoire.toml").write_text(avec, encoding="utf-8")
    config = Config.charger(travail.racine)
    assert config.seuil("decp", "chute_maximum_pct", jour) == 90
    assert config.seuil("suivi_a", "ecartees_maximum_pct", jour) == 20
    for faux in ("chute_maximum = 3", "chute_maximum_pct = 130", 'chute_maximum_pct = "30"'):
        autre = texte + f"\n[sources.decp.seuils]\n{faux}\n"
        (travail.racine / "observatoire.toml").write_text(autre, encoding="utf-8")
        with pytest.raises(ConfigError, match="seuils"):
            assert Config.charger(travail.racine).sources


# ── Livraisons ──


@pytest.fixture(scope="module")
def deux_livraisons(tmp_path_factory) -> Config:
    """Cinq structures, puis cinq : une perdue, une renommée, une nouvelle au SIRET hostile."""
    config = dossier_de_travail(tmp_path_factory.mktemp("livraisons"))
    livrer(config, dt.date(2026, 8, 14), [structure(n) for n in range(5)])
    piege = "<script>1</script>,EI,x,93066,93"
    recues = [structure(0, "Renommée"), *(structure(n) for n in (1, 2, 3)), piege]
    livrer(config, dt.date(2026, 11, 14), recues)
    construire(config)
    return config


def test_la_livraison_precedente_est_comptee_et_comparee_ligne_a_ligne(deux_livraisons):
    assert lignes_precedentes(deux_livraisons) == {"structures": ("2026-08-14", 5)}
    with Magasin(deux_livraisons.processed).connexion() as connexion:
        (comparaison,) = comparer(deux_livraisons, connexion)
    assert (comparaison.lues_avant, comparaison.lues_apres) == (5, 5)
    assert (comparaison.nouvelles, comparaison.perdues, comparaison.changees) == (1, 1, 1)


def test_une_valeur_hostile_est_echappee(deux_livraisons):
    page = controler(deux_livraisons).rapport.read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_une_livraison_qui_fond_arrete_la_chaine_sans_rien_ecrire_puis_passe_outre(travail):
    livrer(travail, dt.date(2026, 8, 14), [structure(n) for n in range(5)])
    livrer(travail, dt.date(2026, 11, 14), [structure(n) for n in range(3)])  # 3 sur 5 : 40 % de moins
    magasin = Magasin(travail.processed)
    with pytest.raises(QualiteError, match="3 lignes reçues contre 5"):
        construire(travail)
    assert not magasin.existe("controle/structures")
    construire(travail, demande=Demande(malgre="deux structures fermées"))
    assert len(magasin.lire("controle/structures")) == 3
    qualite = magasin.lire("indicateurs/qualite").set_index("mesure")
    assert qualite.loc["derogation:1", "texte"].endswith("Raison donnée : deux structures fermées")
    assert "Passé outre" in controler(travail).rapport.read_text(encoding="utf-8")
    journal = inscrire(travail, dt.date(2026, 11, 20))
    avant = journal.read_bytes()
    assert journal == travail.outputs / "qualite" / JOURNAL
    inscrire(travail, dt.date(2026, 11, 21))
    assert journal.read_bytes().startswith(avant)
    lues = list(csv.reader(journal.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert [ligne[0] for ligne in lues] == ["date", "2026-11-20", "2026-11-21"]
    assert (lues[1][2], lues[1][4]) == ("structures", "deux structures fermées")


def test_sans_derogation_il_n_y_a_pas_de_journal(deux_livraisons):
    assert inscrire(deux_livraisons, dt.date(2026, 11, 20)) is None
    assert not (deux_livraisons.outputs / "qualite" / JOURNAL).exists()


def test_une_livraison_precedente_modifiee_depuis_son_scellement_se_dit(travail):
    livrer(travail, dt.date(2026, 8, 14), [structure(0)])
    livrer(travail, dt.date(2026, 11, 14), [structure(1)])
    (fichier,) = (travail.raw / "structures" / "2026-08-14").glob("*.csv")
    fichier.chmod(0o644)
    fichier.write_text("siret\n1\n")
    with pytest.raises(SourceError, match="a changé depuis son scellement"):
        lignes_precedentes(travail)


# ── Mesures ──


def clause(identifiant: str, marche: str | None = None) -> dict:
    return {"clause_id": identifiant, "source": "suivi_a", "structure_id": "S", "marche_id": marche}


def heures(mois: str, nombre: float, **autres) -> dict:
    jour = pd.Timestamp(mois)
    return {"contrat_id": mois, "clause_id": "A", "mois": jour, "heures": nombre, **autres}


def mesures(**tables: pd.DataFrame) -> dict[tuple[str, str], float]:
    nommees = {nom.replace("_", "/", 1): contenu for nom, contenu in tables.items()}
    with connecter(nommees, "acquisition", "controle", "entrepot") as connexion:
        rendue = mesurer(connexion)
    return {(ligne.source, ligne.mesure): ligne.valeur for ligne in rendue.itertuples()}


def test_le_delai_de_saisie_va_de_la_fin_du_mois_a_la_saisie():
    recues = [("2026-01-01", "2026-02-10"), ("2026-01-01", "2026-02-20"), ("2026-02-01", "2026-03-05")]
    lignes = [
        {
            "source": "suivi_a",
            "millesime": "m",
            "fichier": "f",
            "ligne": rang,
            "mois": pd.Timestamp(mois),
            "date_saisie": pd.Timestamp(saisie),
        }
        for rang, (mois, saisie) in enumerate(recues, 1)
    ]
    # fin janvier → 10 et 20 février : 10 et 20 jours ; fin février → 5 mars : 5 jours ; médiane 10
    rendues = mesures(controle_suivi=table("controle/suivi", *lignes))
    assert rendues["suivi_a", "delai_saisie_median"] == 10
    assert rendues["ensemble", "delai_saisie_median"] == 10


def test_le_rapprochement_et_les_parts_estimee_et_mutualisee_sont_des_parts():
    rendues = mesures(
        entrepot_clauses=table("entrepot/clauses", clause("A", "M1"), clause("B"), clause("C"), clause("D")),
        entrepot_heures=table(
            "entrepot/heures",
            heures("2026-01-01", 30, estime=True, mutualise=False),
            heures("2026-02-01", 70, estime=False, mutualise=True),
        ),
    )
    assert rendues["suivi_a", "rapprochement"] == 25  # 1 clause sur 4
    assert rendues["suivi_a", "part_heures_estimees"] == 30  # 30 h sur 100
    assert rendues["suivi_a", "part_heures_mutualisees"] == 70


def test_un_bilan_d_une_autre_construction_arrete_le_rapport():
    depots = pd.DataFrame([("suivi_a", "m2", "f", 3)], columns=["source", "millesime", "fichier", "lues"])
    _exiger_une_construction_finie(depots, depots)
    with pytest.raises(TableError, match="arrêtée avant la fin"):
        _exiger_une_construction_finie(depots, depots.assign(lues=5))


def test_t1_la_part_des_personnes_suivies_par_plusieurs_structures_est_dite():
    lignes = [
        {"source": d_ou, "millesime": "m", "fichier": "f", "ligne": rang, "personne": qui, "structure_id": ou}
        for rang, (d_ou, qui, ou) in enumerate(
            [("suivi_a", "p1", "S1"), ("suivi_a", "p1", "S2"), ("suivi_a", "p2", "S1"),
             ("suivi_a", "p3", "S1"), ("suivi_b", "p3", "S9"), ("suivi_a", None, "S1")], 1
        )
    ]  # fmt: skip
    rendues = mesures(controle_suivi=table("controle/suivi", *lignes))
    # suivi_a : p1 et p3 sur trois personnes ; suivi_b : p3 seule ; ensemble : deux sur trois
    assert rendues["suivi_a", "personnes_de_plusieurs_structures"] == pytest.approx(66.67)
    assert rendues["suivi_b", "personnes_de_plusieurs_structures"] == 100
    assert rendues["ensemble", "personnes_de_plusieurs_structures"] == pytest.approx(66.67)


def test_sans_heures_une_part_n_est_pas_zero_mais_absente():
    rendues = mesures(entrepot_clauses=table("entrepot/clauses", clause("A")))
    assert ("suivi_a", "part_heures_estimees") not in rendues
    assert ("ensemble", "completude_heures") not in rendues


def test_une_heure_complete_a_tout_ce_que_la_fiche_ventile():
    ventilees = set(ATTENDUES_SUIVI.split()) - {"age_entree"}
    complete = dict.fromkeys(ventilees, "X") | {"age_entree": 30}
    complete |= {"source": "suivi_a", "millesime": "m", "fichier": "f"}
    lignes = [
        complete | {"ligne": 1, "heures": 60},
        complete | {"ligne": 2, "heures": 30, "qpv": "NR"},
        complete | {"ligne": 3, "heures": 10, "age_entree": None},
    ]
    assert mesures(controle_suivi=table("controle/suivi", *lignes))["suivi_a", "completude_heures"] == 60


def test_un_trimestre_sous_la_moitie_du_meme_trimestre_un_an_avant_est_incomplet():
    depot = {
        "source": "suivi_a",
        "millesime": "m",
        "fichier": "f",
        "genre": "suivi",
        "date_extraction": pd.Timestamp(2026, 11, 14),
    }
    rendues = mesures(
        acquisition_depots=table("acquisition/depots", depot),
        entrepot_clauses=table("entrepot/clauses", clause("A")),
        entrepot_heures=table(
            "entrepot/heures",
            *(heures(f"2025-{mois:02}-01", 100) for mois in (1, 4, 7, 10)),
            heures("2024-07-01", 9),  # quelques heures isolées
            heures("2023-07-01", 9),  # ne sont pas une base : 2024-T3 et 2025-T3 ne s'y comparent pas
            heures("2023-04-01", 9),  # 2024-T2 est vide, sans être dit incomplet
            heures("2026-01-01", 50),  # la moitié juste : complet
            heures("2026-04-01", 49),  # 49 % : incomplet
        ),
    )
    # le troisième trimestre 2026 est vide, donc incomplet ; le quatrième n'est pas achevé le 14 novembre
    couvertures = {mesure: v for (_, mesure), v in rendues.items() if mesure.startswith("couverture")}
    assert couvertures == {"couverture:2026-T2": 49, "couverture:2026-T3": 0}


def test_le_recouvrement_se_dit_par_paire_de_sources():
    lignes = [
        {"source": "a", "autre_source": "b", "marches": 200, "communs": 50},
        {"source": "a", "autre_source": "a", "marches": 200, "communs": 4},
    ]
    rendues = mesures(entrepot_recouvrements=table("entrepot/recouvrements", *lignes))
    assert rendues["a", "recouvrement:b"] == 25
    assert rendues["a", "recouvrement:a"] == 2


# ── Vraisemblance ──


def _annee(mensuelles: float, personnes: int) -> dict[str, pd.DataFrame]:
    """Une année 2021 entière : autant d'heures chaque mois pour chacun, une femme sur dix personnes."""
    contrats = [{"contrat_id": f"C{n}", "personne": f"P{n}"} for n in range(personnes)]
    mois = [pd.Timestamp(2021, m, 1) for m in range(1, 13)]
    lignes = [
        {"contrat_id": f"C{n}", "clause_id": "A", "mois": jour, "heures": mensuelles}
        for n in range(personnes)
        for jour in mois
    ]
    depot = {"source": "suivi_a", "millesime": "m", "fichier": "f", "genre": "suivi"}
    return {
        "acquisition/depots": table(
            "acquisition/depots", depot | {"date_extraction": pd.Timestamp(2022, 6, 1)}
        ),
        "entrepot/clauses": table("entrepot/clauses", clause("A") | {"modalite": "CE", "programme": "GPE"}),
        "entrepot/contrats": table("entrepot/contrats", *contrats),
        "entrepot/heures": table("entrepot/heures", *lignes),
        "entrepot/beneficiaires": table(
            "entrepot/beneficiaires",
            *({"personne": f"P{n}", "sexe": "M" if n % 10 else "F"} for n in range(personnes)),
        ),
    }


def test_une_annee_entiere_se_juge_contre_les_bornes_et_les_totaux_publies():
    with connecter(_annee(50, 20), "acquisition", "entrepot") as connexion:
        jugements = {(j.quoi, j.quand): j for j in juger(connexion)}
    # 12 mois × 50 h = 600 h par personne : entre 250 et 800 ; tout en CE : 100 %, au-dessus de 97 %
    assert jugements["Heures par personne et par an", "2021"].valeur == 600
    assert jugements["Heures par personne et par an", "2021"].dedans
    assert not jugements["Part des heures en condition d'exécution seule", "2021"].dedans
    assert jugements["Part des femmes parmi les bénéficiaires", "2021"].valeur == 10
    # 20 × 600 h = 12 000 h, loin des 6,3 M publiées à 15 % près
    total = jugements["Heures, région entière", "2021"]
    assert (total.valeur, total.dedans) == (12_000, False)
    assert total.minimum == pytest.approx(5_355_000)


def test_une_annee_commencee_ou_inachevee_ne_se_juge_pas():
    tables = _annee(50, 2)
    entieres = tables["entrepot/heures"]
    tables["entrepot/heures"] = entieres.loc[entieres["mois"].dt.month > 1].reset_index(drop=True)
    with connecter(tables, "acquisition", "entrepot") as connexion:
        assert juger(connexion) == []


# ── Ce qui est cité ──


def test_un_tiers_est_cite_par_son_identifiant_jamais_par_son_nom():
    recu = '[{"id": "NC", "denomination": "Monsieur Untel"}, {"id": "73282932000074"}]'
    assert citer("titulaires", recu) == "= « NC, 73282932000074 »"
    assert "Untel" not in citer("titulaires", "[Monsieur Untel")
    assert citer("personne", "0123456789abcdef") == "non cité"
    assert len(citer("objet", "x" * 500)) < 90


@given(st.text(max_size=12))
def test_aucune_cellule_des_rejets_ne_commence_comme_une_formule(texte):
    assert not sans_formule(texte).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert sans_formule(texte).endswith(texte)


# ── Le rapport ──


class Page(HTMLParser):
    """Ce qu'un lecteur d'écran et un navigateur hors ligne verraient de la page."""

    def __init__(self, texte: str) -> None:
        super().__init__()
        self.balises: list[tuple[str, dict]] = []
        self.feed(texte)

    def handle_starttag(self, tag, attrs):
        self.balises.append((tag, dict(attrs)))

    def tous(self, nom: str) -> list[dict]:
        return [attributs for balise, attributs in self.balises if balise == nom]


@pytest.fixture(scope="module")
def ecrits(exemple):
    return controler(exemple)


def test_le_rapport_porte_la_date_d_extraction_et_se_suffit(exemple, ecrits):
    assert ecrits.rapport == exemple.outputs / "qualite" / "2026-11-14.html"
    texte = ecrits.rapport.read_text(encoding="utf-8")
    page = Page(texte)
    assert not page.tous("script")
    assert not page.tous("link")
    adresses = [a.get("href") or a.get("src") for b, a in page.balises if a.get("href") or a.get("src")]
    assert all(adresse.startswith(("#", "data:")) for adresse in adresses)
    assert not re.search(r"https?://", re.sub(r"data:[^\"')]+", "", texte))
    assert "Données fictives" in texte


def test_le_rapport_est_accessible(ecrits):
    page = Page(ecrits.rapport.read_text(encoding="utf-8"))
    assert len(page.tous("h1")) == 1
    assert all(th.get("scope") in {"col", "row"} for th in page.tous("th"))
    assert len(page.tous("caption")) == len(page.tous("table")) > 5
    ancres = {a["id"] for _, a in page.balises if "id" in a}
    assert all(a["href"][1:] in ancres for a in page.tous("a"))


def test_chaque_gravite_est_ecrite_et_chaque_constat_a_son_remede(ecrits):
    texte = ecrits.rapport.read_text(encoding="utf-8")
    assert ecrits.constats
    for constat in ecrits.constats:
        assert constat.remede
        assert f">{constat.gravite}</strong>" in texte


def test_ni_pseudonyme_ni_colonne_d_identite_ne_sortent(exemple, ecrits):
    personnes = Magasin(exemple.processed).lire("controle/suivi")["personne"].dropna().unique()
    sorties = [ecrits.rapport, *ecrits.rejets]
    textes = "".join(chemin.read_text(encoding="utf-8-sig") for chemin in sorties)
    assert not any(personne in textes for personne in personnes[:500])
    for chemin in ecrits.rejets:
        entete = chemin.read_text(encoding="utf-8-sig").split("\n", 1)[0].split(";")
        for source in exemple.sources.values():
            assert not set(source.identite.values()) & set(entete)


def test_les_rejets_ont_la_forme_du_ministere_et_toutes_les_lignes_ecartees(exemple, ecrits):
    magasin = Magasin(exemple.processed)
    bilan = magasin.lire("controle/bilan").groupby("source")[["marquees", "ecartees"]].sum().sum(axis=1)
    for chemin in ecrits.rejets:
        assert chemin.read_bytes().startswith(b"\xef\xbb\xbfErreurs;")
        with chemin.open(encoding="utf-8-sig", newline="") as flux:
            lignes = list(csv.DictReader(flux, delimiter=";"))
        source = chemin.stem.removeprefix("rejets_")
        assert len(lignes) == bilan[source]
        assert all(re.match(r"Champ .+ (probablement )?erroné \(.+\)", ligne["Erreurs"]) for ligne in lignes)
    suivi = next(chemin for chemin in ecrits.rejets if "suivi_a" in chemin.name)
    assert suivi.stat().st_mode & 0o777 == 0o600
    assert "Heures réalisées" in suivi.read_text(encoding="utf-8-sig").split("\n", 1)[0]


def test_deux_rapports_des_memes_donnees_ont_les_memes_octets(exemple, ecrits):
    avant = [chemin.read_bytes() for chemin in (ecrits.rapport, *ecrits.rejets)]
    encore = controler(exemple)
    assert [chemin.read_bytes() for chemin in (encore.rapport, *encore.rejets)] == avant


def test_sans_construction_le_rapport_dit_quoi_lancer(travail):
    with pytest.raises(TableError) as refus:
        controler(travail)
    assert "observatoire construire" in refus.value.remede


# ── La fiche ──


def boite(exemple: Config, *lignes: dict) -> str:
    contexte = Contexte.ouvrir(exemple, "dep:93", "2026-T3")
    qualite = table("indicateurs/qualite", *lignes) if lignes else contexte.qualite
    return " ".join(methode.boite(replace(contexte, qualite=qualite)).paragraphes)


def test_la_boite_de_la_fiche_vient_des_mesures(exemple):
    qualite = Magasin(exemple.processed).lire("indicateurs/qualite").set_index(["source", "mesure"])
    texte = boite(exemple)
    for mesure in ("completude_heures", "rapprochement", "completude_marches"):
        assert pct(qualite.loc[("ensemble", mesure), "valeur"]) in texte
    assert "passé outre" not in texte


def test_la_boite_dit_la_couverture_incomplete_de_ce_trimestre_et_pas_d_un_autre(exemple):
    ligne = {"source": "suivi_a", "mesure": "couverture:2026-T3", "valeur": 41.0}
    assert "Couverture incomplète : 41,0\u00a0% du volume" in boite(exemple, ligne)
    assert "Couverture" not in boite(exemple, ligne | {"mesure": "couverture:2026-T2"})


def test_la_boite_dit_le_seuil_passe_outre_et_sa_raison(exemple):
    ligne = {"source": "decp", "mesure": "derogation:1", "texte": "5 contre 10. Raison donnée : essai"}
    assert "Seuil de qualité passé outre" in boite(exemple, ligne)
    assert "Raison donnée : essai" in boite(exemple, ligne)


def test_sans_mesure_la_boite_n_invente_pas_de_zero(exemple):
    texte = boite(exemple, {"source": "decp", "mesure": "autre", "valeur": 1.0})
    assert "Toutes sources" not in texte
    assert "publiés" not in texte


# ── Fichiers réels ──


def test_le_rapport_des_fichiers_reels_compte_chaque_ligne(travail, reelles):
    jour = dt.date(2026, 10, 1)
    sceller(travail, "decp", [reelles / "decp_v1" / "derive_idf_v1.json"], date_extraction=jour)
    construire(travail)
    texte = controler(travail).rapport.read_text(encoding="utf-8")
    assert "1\u202f520" in texte
    assert "Données fictives" not in texte
    assert "Non importées\u00a0: suivi_a" in texte or "Non importées\u00a0: decp_info" in texte
