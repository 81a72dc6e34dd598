"""Le passage de routine : livraisons dans l'ordre, refus sans dommage, rien sans changement, reprise."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter

import pytest
from click.testing import CliRunner
from stdnum import luhn

from observatoire.cli import cli
from observatoire.config import Config
from observatoire.erreurs import ConfigError, ObservatoireError, QualiteError
from observatoire.routine import arrivees, reception
from observatoire.routine.bilan import (
    CONNUE,
    EN_ATTENTE,
    REFUSEE,
    SCELLEE,
    Bilan,
    Construction,
    Fiches,
    Qualite,
)
from observatoire.routine.passage import Contexte, noter_construction, passer
from observatoire.routine.production import Production
from observatoire.routine.reglages import Reglages
from observatoire.routine.verrou import verrou

ENTETE = "siret,kind,nom,code_commune,departement\n"
BONNE = ENTETE + "13002526500013,EI,Chantier du canal,93066,93\n"
AUTRE = ENTETE + "13002526500013,EI,Chantier du parc,93066,93\n"
CANARI = "Mme Zoé Canari"


def demain() -> dt.datetime:
    """Une heure où ce qu'un essai vient d'écrire ne bouge plus."""
    return dt.datetime.now(tz=dt.UTC) + dt.timedelta(days=1)


class Chaine:
    """Une fausse chaîne : compte ce qu'on lui demande, écrit ce que la vraie laisse derrière elle."""

    def __init__(self):
        self.appels = Counter()
        self.echec: Exception | None = None
        self.fiches_en_echec: tuple[str, ...] = ()
        self.annonces: list[Bilan] = []
        self.manques: list[str] = []

    def construire(self, config):
        self.appels["construire"] += 1
        if self.echec:
            raise self.echec
        valeurs = config.processed / "indicateurs" / "valeurs.parquet"
        valeurs.parent.mkdir(parents=True, exist_ok=True)
        valeurs.write_bytes(b"v")
        return Construction(12, 1.5)

    def controler(self, config):
        self.appels["controler"] += 1
        return Qualite({"À corriger": 2}, "outputs/qualite/2026-11-14.html")

    def editer(self, config):
        self.appels["editer"] += 1
        (config.outputs / "fiches" / "2026-T3").mkdir(parents=True, exist_ok=True)
        return Fiches("2026-T3", 21, 0, self.fiches_en_echec, "outputs/fiches/2026-T3", 4.0)

    def passer(self, config, quand=demain, **options) -> Bilan:
        production = Production(self.construire, self.controler, self.editer)
        contexte = Contexte(config, Reglages.lire(config), production, quand, self.annoncer, lambda _: None)
        return passer(contexte, **options)

    def annoncer(self, bilan, page):
        self.annonces.append(bilan)
        return self.manques


@pytest.fixture(autouse=True)
def temporaires_a_part(tmp_path_factory, monkeypatch):
    """Le ménage ne touche pas au dossier temporaire du poste."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporaires")))


@pytest.fixture
def chaine() -> Chaine:
    return Chaine()


@pytest.fixture
def sans_essai(monkeypatch):
    """L'essai d'une livraison est l'affaire de ses propres essais."""
    monkeypatch.setattr(reception, "_essayer", lambda *_: None)


def deposer(
    config: Config, nom: str, texte: str = BONNE, *, source: str = "structures", age_jours: float = 0
):
    chemin = config.racine / "data" / "arrivees" / source / nom
    chemin.parent.mkdir(parents=True, exist_ok=True)
    chemin.write_text(texte, encoding="utf-8")
    quand = dt.datetime.now(tz=dt.UTC).timestamp() - 86400 * age_jours
    os.utime(chemin, (quand, quand))
    return chemin


def scelles(config: Config) -> list[str]:
    return sorted(str(p.relative_to(config.raw)) for p in config.raw.glob("*/*/[!.]*") if p.suffix != ".toml")


def restes(config: Config) -> list[str]:
    racine = arrivees.dossier_des_arrivees(config)
    return sorted(str(p.relative_to(racine)) for p in racine.rglob("[!.]*") if p.is_file())


def test_une_livraison_va_jusqu_aux_fiches_puis_rien_ne_bouge(travail, chaine):
    deposer(travail, "2026-11-14/siae.csv")
    bilan = chaine.passer(travail)
    assert [li.issue for li in bilan.livraisons] == [SCELLEE]
    assert bilan.reussi
    assert scelles(travail) == ["structures/2026-11-14/siae.csv"]
    assert restes(travail) == []
    assert chaine.passer(travail).vide
    assert chaine.appels == {"construire": 1, "controler": 1, "editer": 1}
    assert len(chaine.annonces) == 1
    textes = list((travail.outputs / "routine").glob("*/*.txt"))
    assert len(textes) == 1
    assert "Fiches 2026-T3 : 21 produites" in textes[0].read_text(encoding="utf-8")
    assert not (travail.racine / "data" / "routine" / "essai").exists()


def test_apres_une_panne_tout_ce_qui_attend_est_recu_dans_l_ordre(travail, chaine, sans_essai):
    deposer(travail, "2026-10-02/siae.csv", AUTRE)
    deposer(travail, "export.csv", age_jours=3)
    deposer(travail, "2026-09-01/siae.csv")
    bilan = chaine.passer(travail)
    dates = [li.date for li in bilan.livraisons]
    vrac = (dt.datetime.now(tz=dt.UTC) - dt.timedelta(days=3)).date().isoformat()
    assert dates == sorted(["2026-09-01", "2026-10-02", vrac])
    assert chaine.appels["construire"] == 1
    assert len(scelles(travail)) == 3


def test_des_fichiers_arrives_ensemble_font_une_livraison_et_les_autres_une_autre(travail):
    deposer(travail, "a.csv", age_jours=2)
    deposer(travail, "b.csv", age_jours=2 - 0.5 / 24)
    deposer(travail, "c.csv", age_jours=1)
    listees = arrivees.lister(travail, demain(), dt.timedelta(minutes=10))
    assert [[chemin.name for chemin in li.chemins] for li in listees] == [["a.csv", "b.csv"], ["c.csv"]]


@pytest.mark.parametrize("nom", ["b.csv.part", "b.csv.partiel", "b.TMP"])
def test_une_copie_en_cours_n_est_pas_prise(travail, chaine, nom):
    deposer(travail, "a.csv")
    assert chaine.passer(travail, lambda: dt.datetime.now(tz=dt.UTC)).vide, "arrivé à l'instant"
    deposer(travail, nom)
    assert chaine.passer(travail).vide
    assert restes(travail) == sorted(["structures/a.csv", f"structures/{nom}"])


def test_un_fichier_date_de_l_avenir_ne_bloque_pas_sa_source(travail, chaine, sans_essai):
    chemin = deposer(travail, "siae.csv")
    lointain = (demain() + dt.timedelta(days=900)).timestamp()  # l'horloge du poste d'envoi avance
    os.utime(chemin, (lointain, lointain))
    assert [li.issue for li in chaine.passer(travail).livraisons] == [SCELLEE]


REFUS = {
    "illisible": ("2026-11-14/siae.csv", "siret\x00,kind\n", "structures"),
    "colonnes": ("2026-11-14/siae.csv", f"{CANARI},1990-01-01\nx,y\n", "structures"),
    "seuil": ("2026-11-14/siae.csv", ENTETE + "pas un siret,??,x,99999,99\n" * 50, "structures"),
    "à venir": ("2099-01-01/siae.csv", BONNE, "structures"),
}


@pytest.mark.parametrize("cas", REFUS)
def test_une_mauvaise_livraison_est_mise_de_cote_et_n_arrete_pas_les_autres(travail, chaine, cas):
    nom, texte, source = REFUS[cas]
    deposer(travail, nom, texte, source=source)
    deposer(travail, "2026-11-15/siae.csv", AUTRE)
    bilan = chaine.passer(travail)
    assert sorted(li.issue for li in bilan.livraisons) == sorted([REFUSEE, SCELLEE])
    assert scelles(travail) == ["structures/2026-11-15/siae.csv"]
    refusee = next(li for li in bilan.livraisons if li.issue == REFUSEE)
    raison = travail.racine / refusee.suite
    assert "→" in raison.read_text(encoding="utf-8")
    assert raison.stat().st_mode & 0o077 == 0
    assert (raison.parent / refusee.date / "siae.csv").read_text(encoding="utf-8") == texte
    assert chaine.appels["editer"] == 1
    assert CANARI not in "".join([bilan.titre, *bilan.phrases])


def test_un_imprevu_fait_attendre_une_livraison_et_n_arrete_pas_les_autres(travail, chaine, monkeypatch):
    """Un fichier d'un autre compte, qu'on ne peut pas lire, ou une erreur du programme."""

    def essayer(config, prise, recus):
        if prise.source == "structures":
            raise PermissionError(13, "Permission denied", str(recus[0]))

    monkeypatch.setattr(reception, "_essayer", essayer)
    siae = "siret,kind,nom,commune,departement,naf,lon,lat\n13002526500013,EI,Chantier,93066,93,,,\n"
    for jour in ("2026-11-14", "2026-11-16"):
        deposer(travail, f"{jour}/siae.csv")
    deposer(travail, "2026-11-15/siae.csv", siae, source="siae")
    bilan = chaine.passer(travail)
    assert [(li.source, li.issue) for li in bilan.livraisons] == [
        ("structures", EN_ATTENTE),
        ("siae", SCELLEE),
    ]
    assert bilan.fiches
    assert not bilan.abouti
    journal = next((travail.outputs / "journaux").iterdir()).read_text(encoding="utf-8")
    assert "l'accès est refusé : " in journal
    monkeypatch.setattr(reception, "_essayer", lambda *_: None)
    assert [li.issue for li in chaine.passer(travail).livraisons] == [SCELLEE, SCELLEE]


@pytest.mark.parametrize("nom", [b"donn\xe9es.csv", b"a\x1b[31m.csv", b"a\nfaux : rien.csv"])
def test_un_nom_qui_ne_se_lit_pas_est_refuse_et_n_arrete_pas_les_autres(travail, chaine, sans_essai, nom):
    """Un nom en latin-1, tel que l'envoie un poste Windows, ne s'encode pas en UTF-8."""
    deposer(travail, f"2026-11-14/{os.fsdecode(nom)}")
    deposer(travail, "2026-11-15/siae.csv", AUTRE)
    bilan = chaine.passer(travail)
    assert [li.issue for li in bilan.livraisons] == [REFUSEE, SCELLEE]
    [raison] = (travail.racine / "data/arrivees/refusees/structures").glob("*.raison.txt")
    assert "ne se lit pas" in raison.read_text(encoding="utf-8")
    assert raison.read_text(encoding="utf-8").replace("\n", "").isprintable()


def test_un_dossier_au_nom_illisible_se_dit_sans_arreter_le_compte_rendu(travail, chaine, sans_essai):
    for nom in (b"suivi\xe9", b"x\x1b[31m\nfaux"):
        (travail.racine / "data" / "arrivees" / os.fsdecode(nom)).mkdir(parents=True)
    deposer(travail, "2026-11-15/siae.csv")
    assert chaine.passer(travail).reussi
    [texte] = (travail.outputs / "routine").glob("*/*.txt")
    assert "data/arrivees/suivi\N{REPLACEMENT CHARACTER} : ce n'est le dossier" in texte.read_text("utf-8")
    assert "\x1b" not in texte.read_text("utf-8")


def test_une_chute_de_lignes_est_refusee_sans_toucher_a_la_livraison_d_avant(travail, chaine):
    debuts = [f"1300252650{n:03d}" for n in range(4)]
    sirets = [debut + luhn.calc_check_digit(debut) for debut in debuts]
    lignes = [f"{siret},EI,Structure {n},93066,93\n" for n, siret in enumerate(sirets)]
    deposer(travail, "2026-10-01/siae.csv", ENTETE + "".join(lignes))
    assert chaine.passer(travail).reussi
    deposer(travail, "2026-11-01/siae.csv", ENTETE + lignes[0])
    bilan = chaine.passer(travail)
    assert [li.issue for li in bilan.livraisons] == [REFUSEE]
    assert bilan.livraisons[0].motif == "un seuil de qualité est franchi"
    assert scelles(travail) == ["structures/2026-10-01/siae.csv"]
    assert chaine.appels["construire"] == 1


def test_un_lien_n_est_jamais_suivi(travail, chaine, tmp_path_factory):
    secret = tmp_path_factory.mktemp("ailleurs") / "siae.csv"
    secret.write_text(BONNE, encoding="utf-8")
    deposer(travail, "2026-11-14/bonne.csv")
    (arrivees.dossier_des_arrivees(travail) / "structures/2026-11-14/lien.csv").symlink_to(secret)
    assert [li.issue for li in chaine.passer(travail).livraisons] == [REFUSEE]
    assert scelles(travail) == []


def test_le_meme_contenu_ne_change_rien_et_un_autre_a_la_meme_date_est_refuse(travail, chaine, sans_essai):
    for texte, issue in ((BONNE, SCELLEE), (BONNE, CONNUE), (AUTRE, REFUSEE)):
        deposer(travail, "2026-11-14/siae.csv", texte)
        assert [li.issue for li in chaine.passer(travail).livraisons] == [issue]
    assert chaine.appels["construire"] == 1
    assert (travail.raw / "structures/2026-11-14/siae.csv").read_text(encoding="utf-8") == BONNE


def test_une_livraison_en_retard_est_scellee_et_dit_qu_elle_ne_compte_pas(travail, chaine, sans_essai):
    deposer(travail, "2026-11-14/siae.csv")
    assert "compte" not in chaine.passer(travail).livraisons[0].phrase
    deposer(travail, "2026-10-01/siae.csv", AUTRE)
    assert "celle du 2026-11-14, plus récente, reste celle qui compte" in chaine.passer(travail).phrases[0]


def test_une_configuration_incomplete_fait_attendre_la_livraison_et_celles_d_apres(
    travail, chaine, monkeypatch
):
    def sans_cle(*_):
        raise ConfigError("Clé absente.", "La créer.")

    monkeypatch.setattr(reception, "_essayer", sans_cle)
    deposer(travail, "2026-11-14/siae.csv")
    deposer(travail, "2026-11-15/siae.csv", AUTRE)
    for _ in range(2):
        bilan = chaine.passer(travail)
        assert [li.issue for li in bilan.livraisons] == [EN_ATTENTE]
        assert not bilan.abouti
    assert len(chaine.annonces) == 1, "le même problème n'est annoncé qu'une fois"
    monkeypatch.setattr(reception, "_essayer", lambda *_: None)
    assert chaine.passer(travail).reussi
    assert len(scelles(travail)) == 2


def test_un_echec_est_retente_trois_fois_annonce_une_fois_et_repart_au_changement(
    travail, chaine, sans_essai
):
    deposer(travail, "2026-11-14/siae.csv")
    chaine.echec = QualiteError(f"suivi_a : {CANARI}", "Corriger.")
    for _ in range(5):
        bilan = chaine.passer(travail)
        assert bilan.echec
        assert CANARI not in bilan.echec.phrase
    assert chaine.appels["construire"] == 3
    assert len(chaine.annonces) == 1
    journal = next((travail.outputs / "journaux").iterdir())
    assert CANARI in journal.read_text(encoding="utf-8"), "le constat entier est au journal"
    assert journal.stat().st_mode & 0o077 == 0
    chaine.echec = None
    assert chaine.passer(travail).echec
    (travail.racine / "corrections.toml").write_text("# relu\n", encoding="utf-8")
    assert chaine.passer(travail).reussi
    assert len(chaine.annonces) == 2


def test_un_probleme_qui_se_repete_ne_cache_pas_ce_qui_vient_d_etre_fait(travail, chaine, monkeypatch):
    def refuser_la_configuration(config, prise, recus):
        if prise.source == "structures":
            raise ConfigError("la clé manque", "Lancer « observatoire cle ».")

    monkeypatch.setattr(reception, "_essayer", refuser_la_configuration)
    deposer(travail, "2026-11-14/siae.csv")
    chaine.passer(travail)
    assert len(chaine.annonces) == 1
    siae = "siret,kind,nom,commune,departement,naf,lon,lat\n13002526500013,EI,Chantier,93066,93,,,\n"
    deposer(travail, "2026-11-15/siae.csv", siae, source="siae")
    bilan = chaine.passer(travail)
    assert sorted(li.issue for li in bilan.livraisons) == [EN_ATTENTE, SCELLEE]
    assert len(chaine.annonces) == 2, "structures attend toujours, mais siae est scellée"
    assert any(
        "siae, livraison du 2026-11-15" in texte.read_text(encoding="utf-8")
        for texte in (travail.outputs / "routine").glob("*/*.txt")
    )
    chaine.passer(travail)
    assert len(chaine.annonces) == 2, "rien de neuf depuis : le même problème ne s'annonce plus"


def test_une_annonce_qui_n_est_pas_partie_se_retente_tant_que_le_probleme_dure(travail, chaine, sans_essai):
    """Le serveur de courriel est tombé à l'heure de l'échec : l'équipe l'apprend à l'heure suivante."""
    deposer(travail, "2026-11-14/siae.csv")
    chaine.echec = QualiteError("un seuil", "Corriger.")
    chaine.manques = ["Le courriel n'est pas parti (connexion impossible ou coupée)."]
    chaine.passer(travail)
    chaine.manques = []
    chaine.passer(travail)
    assert len(chaine.annonces) == 2
    chaine.passer(travail)
    assert len(chaine.annonces) == 2


def test_un_incident_imprevu_se_dit_sans_son_message_et_forcer_relance(travail, chaine, sans_essai):
    deposer(travail, "2026-11-14/siae.csv")
    chaine.echec = KeyError(CANARI)
    for _ in range(4):
        assert chaine.passer(travail).echec.motif
    journal = next((travail.outputs / "journaux").iterdir()).read_text(encoding="utf-8")
    assert "KeyError" in journal
    assert CANARI not in journal
    chaine.echec = None
    assert chaine.passer(travail, forcer=True).reussi


def test_des_fiches_en_echec_se_nomment_et_se_refont_sans_reconstruire(travail, chaine, sans_essai):
    deposer(travail, "2026-11-14/siae.csv")
    chaine.fiches_en_echec = ("dep:93",)
    bilan = chaine.passer(travail)
    assert "dep:93" in bilan.fiches.phrase
    assert bilan.titre == "Échec à l'étape « fiches »"
    journal = next((travail.outputs / "journaux").iterdir()).read_text(encoding="utf-8")
    assert "outputs/journaux/bilan.html. En rejouer une : « observatoire fiches dep:93 »" in journal
    chaine.fiches_en_echec = ()
    assert chaine.passer(travail).reussi
    assert chaine.appels == {"construire": 1, "controler": 1, "editer": 2}


def test_un_gabarit_change_refait_les_fiches_sans_reconstruire_et_la_routine_reglee_ne_refait_rien(
    travail, chaine, sans_essai
):
    deposer(travail, "2026-11-14/siae.csv")
    chaine.passer(travail)
    with (travail.racine / "report_templates/fiche/fiche.css").open("a") as flux:
        flux.write("/* relu */\n")
    assert chaine.passer(travail).fiches
    assert chaine.appels == {"construire": 1, "controler": 1, "editer": 2}
    autre = Config(travail.racine, travail.reglages | {"routine": {"calme_minutes": 1}})
    assert chaine.passer(autre).vide


def test_une_construction_a_la_main_n_est_pas_refaite(travail, chaine, sans_essai):
    deposer(travail, "2026-11-14/siae.csv")
    chaine.echec = QualiteError("suivi_a : trop.", "Passer outre.")
    chaine.passer(travail)
    chaine.echec = None
    chaine.construire(travail)  # ce que fait « observatoire construire --malgre »
    noter_construction(travail)
    assert chaine.passer(travail).reussi
    assert chaine.appels["construire"] == 2


def test_deux_passages_ne_se_croisent_jamais(travail, monkeypatch):
    monkeypatch.chdir(travail.racine)
    with verrou(travail):
        rendu = CliRunner().invoke(cli, ["tick"])
        assert rendu.exit_code == 0
        assert rendu.output == "Un autre passage est en cours : rien à faire.\n"
    assert CliRunner().invoke(cli, ["tick"]).output.startswith("Rien de neuf")


def test_la_commande_sort_en_erreur_sur_un_echec_et_dit_ce_qui_est_mal_range(travail, monkeypatch):
    monkeypatch.chdir(travail.racine)
    deposer(travail, "x.csv", source="strutures")
    rendu = CliRunner().invoke(cli, ["tick"])
    assert rendu.exit_code == 0
    assert "data/arrivees/strutures : ce n'est le dossier d'aucune source" in rendu.output
    (travail.raw / "decp" / "2026-13-01").mkdir(parents=True)
    (travail.raw / "decp" / "2026-13-01" / "provenance.toml").write_text("x = \n", encoding="utf-8")
    rendu = CliRunner().invoke(cli, ["tick"])
    assert rendu.exit_code == 1
    assert "Étape « construction »" in rendu.output
    assert "Traceback" not in rendu.output


def test_ce_qui_empeche_un_passage_va_au_journal_car_cron_ne_garde_rien(travail, monkeypatch):
    monkeypatch.chdir(travail.racine)
    reglages = travail.racine / "observatoire.toml"
    reglages.write_text(reglages.read_text(encoding="utf-8") + "[routine\n", encoding="utf-8")
    rendu = CliRunner().invoke(cli, ["tick"])
    assert rendu.exit_code == 1
    journal = next((travail.outputs / "journaux").iterdir()).read_text(encoding="utf-8")
    assert "observatoire.toml est illisible : ligne " in journal
    assert "→ Corriger cette ligne" in journal


def test_le_journal_dit_quel_chemin_le_systeme_a_refuse(travail, chaine, sans_essai):
    deposer(travail, "2026-11-14/siae.csv")
    chaine.echec = PermissionError(13, "Permission denied", "/srv/tables")
    chaine.passer(travail)
    journal = next((travail.outputs / "journaux").iterdir()).read_text(encoding="utf-8")
    assert "l'accès est refusé : /srv/tables" in journal


# ── L'arrêt brutal ──

_EVENEMENTS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "shutil.rmtree"}


def _tuer_au(rang: int, config: Config, chaine: Chaine) -> bool:
    """Lance un passage dans un processus qui se tue à son énième geste sur le disque ; dit s'il a été tué."""
    enfant = os.fork()
    if not enfant:
        compte, racine = 0, str(config.racine)

        def surveiller(evenement, arguments):
            nonlocal compte
            if evenement in _EVENEMENTS and arguments and str(arguments[0]).startswith(racine):
                compte += 1
                if compte == rang:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(surveiller)
        try:
            with verrou(config):
                chaine.passer(config)
        finally:
            os._exit(0)
    _, statut = os.waitpid(enfant, 0)
    return os.WIFSIGNALED(statut)


@pytest.mark.parametrize("pas", [9, pytest.param(1, marks=pytest.mark.long)])
def test_tue_a_n_importe_quel_geste_le_passage_suivant_finit_le_travail(
    travail, chaine, sans_essai, tmp_path_factory, pas
):
    """Fichiers en vrac, livraison datée, livraison refusée : SIGKILL à chaque geste sur le disque."""
    depart = tmp_path_factory.mktemp("tue")
    rang, tues = 2, 0
    while True:
        config = Config(depart / str(rang), travail.reglages)
        shutil.copytree(travail.racine / "report_templates", config.racine / "report_templates")
        shutil.copy(travail.racine / "parametres.toml", config.racine)
        for nom, age in (("a.csv", 2), ("b.csv", 2)):
            deposer(config, nom, BONNE if nom == "a.csv" else AUTRE, age_jours=age)
        deposer(config, "2026-09-01/siae.csv")
        deposer(config, "2026-09-02/siae.csv", "rien\n")
        tue = _tuer_au(rang, config, chaine)
        bilan = chaine.passer(config)
        etat = (scelles(config), restes(config), list((config.racine / "data/routine").glob("essai*")))
        vrac = (dt.datetime.now(tz=dt.UTC) - dt.timedelta(days=2)).date().isoformat()
        attendus = [f"structures/{vrac}/a.csv", f"structures/{vrac}/b.csv", "structures/2026-09-01/siae.csv"]
        refusees = ["refusees/structures/2026-09-02.raison.txt", "refusees/structures/2026-09-02/siae.csv"]
        assert etat == (sorted(attendus), refusees, []), rang
        assert (config.outputs / "fiches").is_dir(), rang
        assert len(list((config.outputs / "routine").glob("*/*.html"))) >= 1, rang
        assert chaine.passer(config).vide, rang
        shutil.rmtree(config.racine)
        if not tue:
            assert bilan.vide
            break
        rang, tues = rang + pas, tues + 1
    assert tues > 80 // pas


def test_un_etat_abime_ne_coute_qu_une_reconstruction(travail, chaine, sans_essai):
    deposer(travail, "2026-11-14/siae.csv")
    chaine.passer(travail)
    (travail.racine / "data/routine/etat.json").write_text('{"faites": 3}', encoding="utf-8")
    assert chaine.passer(travail).reussi
    assert chaine.appels["construire"] == 2


# ── Le ménage ──


def test_le_menage_ne_retire_que_comptes_rendus_journaux_et_restes(travail, tmp_path):
    from observatoire.routine.menage import ranger

    maintenant = demain()
    vieux = maintenant.timestamp() - 86400 * 500
    gardes = [
        travail.raw / "decp/2020-01-01/x.json",
        travail.outputs / "fiches/2020-T1/dep-93.html",
        travail.racine / "registre/2020.json",
        travail.racine / "data/arrivees/refusees/decp/2020-01-01/x.json",
        tmp_path / "ailleurs/autre/x",
        tmp_path / "ailleurs/observatoire-idf/observatoire.toml",  # des projets clonés là
        tmp_path / "ailleurs/observatoire-nouvelle/observatoire.toml",
        tmp_path / "ailleurs/observatoire-ancienne/.git",
        travail.outputs / f"routine/{maintenant.date()}/08-00-00.txt",
    ]
    retires = [
        travail.outputs / "routine/2020-01-01/08-00-00.txt",
        travail.outputs / "journaux/routine-2020-01-01.log",
        tmp_path / "ailleurs/observatoire-abcd_123/x",
        tmp_path / "ailleurs/observatoire-polices-abcd_123/x",
        travail.raw / "decp/2020-01-01/.copie.abc",
    ]
    for chemin in (*gardes, *retires):
        chemin.parent.mkdir(parents=True, exist_ok=True)
        chemin.write_text("x", encoding="utf-8")
        if chemin in retires or chemin.name == ".git":
            chemin.parent.chmod(0o700)  # comme les fait tempfile
        for dossier in (chemin, chemin.parent):
            os.utime(dossier, (vieux, vieux))
    ranger(travail, Reglages.lire(travail), maintenant, tmp_path / "ailleurs")
    assert [chemin.exists() for chemin in gardes] == [True] * len(gardes)
    assert [chemin.exists() for chemin in retires] == [False] * len(retires)


@pytest.mark.parametrize(
    ("bloc", "attendu"),
    [
        ({"calmes": 1}, "calme_minutes"),
        ({"essais": 0}, "essais"),
        ({"crochet": "https://x"}, "secrets"),
        ({"courriel": {"serveur": "s", "expediteur": "a@b.c", "destinataires": []}}, "destinataires"),
        (
            {"courriel": {"serveur": "s", "expediteur": "a@b\nBcc: c", "destinataires": ["a@b.c"]}},
            "expediteur",
        ),
        (
            {
                "courriel": {
                    "serveur": "s",
                    "expediteur": "a@b.c",
                    "destinataires": ["a@b.c"],
                    "chiffrement": "aucun",
                }
            },
            "en clair",
        ),
    ],
)
def test_un_reglage_mal_ecrit_se_dit(travail, bloc, attendu):
    with pytest.raises(ObservatoireError, match=attendu):
        Reglages.lire(Config(travail.racine, travail.reglages | {"routine": bloc}))
