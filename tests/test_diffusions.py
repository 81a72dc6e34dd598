"""Le registre des diffusions : une chaîne qui se vérifie, et ce que les éditions passées imposent."""

from __future__ import annotations

import datetime as dt
import fcntl
import os

import pytest
from click.testing import CliRunner

from observatoire.cli import cli
from observatoire.erreurs import PublicationError
from observatoire.indicateurs.diffusions import (
    DiffusionError,
    Registre,
    RegistreError,
    controler,
    diffuser,
    figer,
    revisions,
)
from observatoire.indicateurs.diffusions.chaine import CHAINE, en_octets, lire_cellules
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode
from tests.petit_registre import (
    HEURES,
    MARCHES,
    PERSONNES,
    T1,
    T2,
    T3,
    T4,
    cellules,
    par_sexe,
    publiees,
    registre,
    rejouer,
    total,
    valeur,
)

JOUR = dt.date(2026, 11, 14)


# ── La chaîne ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def trois(tmp_path):
    """Un registre de trois éditions."""
    dossier = tmp_path / "registre"
    tables = [publiees(cellules(total(PERSONNES, "dep:93", p, 40.0))) for p in (T1, T2, T3)]
    registre(dossier, *((f"{p}-e1", t) for p, t in zip((T1, T2, T3), tables, strict=True)))
    return dossier


def lignes(dossier):
    return (dossier / CHAINE).read_text(encoding="utf-8").splitlines()


def recrire(dossier, gardees):
    (dossier / CHAINE).write_text("".join(f"{x}\n" for x in gardees), encoding="utf-8")


def test_un_registre_intact_se_verifie_et_se_relit(trois):
    assert controler(trois) == []
    tenu = Registre.ouvrir(trois)
    assert [i.edition for i in tenu.inscriptions] == [f"{p}-e1" for p in (T1, T2, T3)]
    assert list(tenu.cellules["periode"]) == [T1, T2, T3]


def test_un_dossier_absent_est_un_registre_vide(tmp_path):
    tenu = Registre.ouvrir(tmp_path / "jamais")
    assert tenu.vide
    assert tenu.cellules.empty
    assert not (tmp_path / "jamais").exists()


def test_un_octet_change_et_le_fichier_est_nomme(trois):
    fichier = trois / f"{T2}-e1.csv.gz"
    octets = bytearray(fichier.read_bytes())
    octets[-1] ^= 1
    fichier.write_bytes(octets)
    (constat,) = controler(trois)
    assert f"{T2}-e1.csv.gz" in constat
    assert "altéré" in constat
    with pytest.raises(RegistreError, match=f"{T2}-e1"):
        Registre.ouvrir(trois)


def test_une_ligne_reecrite_se_voit(trois):
    toutes = lignes(trois)
    recrire(trois, [toutes[0], toutes[1].replace("2026-01-01", "2025-12-31"), toutes[2]])
    (constat,) = controler(trois)
    assert "Ligne 2" in constat
    assert "réécrite" in constat


def test_une_ligne_reecrite_et_resignee_se_voit_a_la_suivante(trois):
    tenu = Registre.ouvrir(trois)
    toutes = lignes(trois)
    autre = tenu.inscriptions[0].ligne.replace('"politique": "p"', '"politique": "q"')
    recrire(trois, [autre, *toutes[1:]])
    assert "Ligne 1" in controler(trois)[0]


def test_une_edition_otee_se_voit(trois):
    premiere, _, derniere = lignes(trois)
    recrire(trois, [premiere, derniere])
    rompue, orphelin = controler(trois)
    assert rompue == "Ligne 2 : numéro 3, une édition a été ôtée ou déplacée."
    assert f"{T2}-e1.csv.gz" in orphelin


def test_un_fichier_manquant_est_nomme(trois):
    (trois / f"{T1}-e1.csv.gz").unlink()
    assert controler(trois) == [f"{T1}-e1.csv.gz : le fichier manque."]


@pytest.mark.parametrize(
    "fausse", ["", "{", "[]", '{"numero": 1}', "null", "[" * 100_000, '{"numero": "1"}', "\ud7ff"]
)
def test_une_ligne_illisible_est_un_constat_jamais_une_pile(trois, fausse):
    recrire(trois, [fausse, *lignes(trois)[1:]])
    assert "illisible" in controler(trois)[0]


def test_une_edition_mal_nommee_ne_mene_pas_ailleurs(trois):
    premiere, *reste = lignes(trois)
    recrire(trois, [premiere.replace(f"{T1}-e1", "../secret"), *reste])
    assert "illisible" in controler(trois)[0]


def test_des_fins_de_ligne_changees_ne_sont_pas_une_alteration(trois):
    chaine = trois / CHAINE
    chaine.write_bytes(chaine.read_bytes().replace(b"\n", b"\r\n"))
    assert controler(trois) == []


def test_la_fin_otee_laisse_le_fichier_et_le_temoin_la_dit(trois):
    temoin = Registre.ouvrir(trois).temoin
    recrire(trois, lignes(trois)[:2])
    assert controler(trois) == [
        f"{T3}-e1.csv.gz n'est inscrit à aucune ligne : diffusion interrompue, ou ligne ôtée."
    ]
    (trois / f"{T3}-e1.csv.gz").unlink()
    assert controler(trois) == []  # la chaîne seule ne peut pas le dire
    assert controler(trois, temoin) == ["La fin de la chaîne a été ôtée : 1 édition(s) manquent."]


def test_le_temoin_dit_qu_une_chaine_a_ete_refaite_entiere(trois, tmp_path):
    temoin = Registre.ouvrir(trois).temoin
    assert controler(trois, temoin) == []
    autre = tmp_path / "autre"
    registre(
        autre, *((f"{p}-e1", publiees(cellules(total(PERSONNES, "dep:93", p, 41.0)))) for p in (T1, T2, T3))
    )
    assert controler(autre) == []
    assert "refaite" in controler(autre, temoin)[0]
    assert "illisible" in controler(autre, "trois")[0]


def test_memes_cellules_memes_octets_et_rien_ne_se_perd(tmp_path):
    table = publiees(
        cellules(total(HEURES, "dep:93", T1, 0.1 + 0.2, 9.0), *par_sexe(PERSONNES, "dep:93", T1, 7, None)),
        [1],
    )
    octets = en_octets(table)
    assert octets == en_octets(table.sample(frac=1, random_state=3))
    (tmp_path / "f").write_bytes(octets)
    relue = lire_cellules(tmp_path / "f").set_index("indicateur")["valeur"]
    assert relue[HEURES] == 0.1 + 0.2
    assert relue[PERSONNES].isna().all()


def test_une_diffusion_interrompue_se_reprend_mais_ne_s_ecrase_pas(trois):
    table = publiees(cellules(total(PERSONNES, "dep:93", T4, 40.0)))
    (trois / f"{T4}-e1.csv.gz").write_bytes(en_octets(table))  # le fichier, sans sa ligne
    tenu = Registre(trois, _inscriptions_sans_controle(trois))
    with pytest.raises(RegistreError, match="dit autre chose"):
        tenu.ajouter(f"{T4}-e1", table.assign(valeur=41.0), jour="2026-02-01", politique="p")
    assert not tenu.ajouter(f"{T4}-e1", table, jour="2026-02-01", politique="p").vide
    assert controler(trois) == []


def _inscriptions_sans_controle(dossier):
    reste = next(dossier.glob(f"{T4}*"))
    garde = reste.read_bytes()
    reste.unlink()
    inscriptions = Registre.ouvrir(dossier).inscriptions
    reste.write_bytes(garde)
    return inscriptions


def test_la_ligne_de_commande_diffuse_liste_et_verifie(travail, monkeypatch):
    monkeypatch.chdir(travail.racine)
    ecrire(travail, publiees(cellules(total(PERSONNES, "reg:11", T1, 40.0))))

    def lancer(*arguments):
        resultat = CliRunner().invoke(cli, list(arguments))
        return resultat.exit_code, resultat.output

    monkeypatch.setattr("observatoire.publication.campagne.parution.exiger_complete", lambda *_: None)
    code, sortie = lancer("diffuser", T1, "--date", "2026-05-15")
    temoin = sortie.split()[-1]
    assert (code, sortie) == (0, f"{T1}-e1 : 1 cellules, témoin {temoin}\n")
    assert "Rien de nouveau" in lancer("diffuser", T1)[1]
    assert lancer("registre", "lister") == (
        0,
        f"{T1}-e1   2026-05-15        1 {temoin}  \n1 édition(s) vérifiée(s), témoin {temoin}\n",
    )
    (travail.racine / "registre" / CHAINE).unlink()
    (travail.racine / "registre" / f"{T1}-e1.csv.gz").unlink()
    assert lancer("registre", "verifier")[0] == 0
    code, sortie = lancer("registre", "verifier", "--temoin", temoin)
    assert code == 1
    assert "la fin de la chaîne" in sortie.lower()


# ── Le gel ───────────────────────────────────────────────────────────────────────────────────


def test_un_registre_vide_ne_change_rien(tmp_path):
    table = cellules(total(PERSONNES, "reg:11", T1, 40.0), total(HEURES, "reg:11", "2025", 900.0, 12.0))
    figees = figer(table, Registre.ouvrir(tmp_path), Periode.lire(T1))
    assert set(figees["etat"]) == {"libre"}
    assert rejouer(figees)[table.columns].equals(table)


def test_une_cellule_connait_son_etat(tmp_path):
    # rang 1 cachée, rang 2 non disponible, la quatrième n'était pas là
    avant = cellules(
        *(total(PERSONNES, t, T1, v) for t, v in [("dep:75", 40), ("dep:77", 3), ("dep:78", None)])
    )
    tenu = registre(tmp_path / "r", (f"{T1}-e1", publiees(avant, [1])))
    apres = cellules(*(total(PERSONNES, f"dep:{d}", T1, 50.0) for d in (75, 77, 78, 91)))
    figees = figer(apres, tenu, Periode.lire(T2))
    assert list(figees["etat"]) == ["publiee", "cachee", "libre", "libre"]
    assert figees["diffusee"].fillna(-1).tolist() == [40.0, -1, -1, -1]


def test_une_cellule_cachee_le_reste_meme_devenue_grande(tmp_path):
    tenu = registre(
        tmp_path / "r", (f"{T1}-e1", publiees(cellules(total(PERSONNES, "reg:11", T1, 3.0)), [0]))
    )
    for edition in (T2, "2025"):
        figees = figer(cellules(total(PERSONNES, "reg:11", T1, 400.0)), tenu, Periode.lire(edition))
        assert list(rejouer(figees)["etat"]) == ["cachee"]


# ── Les sommes de trimestres ─────────────────────────────────────────────────────────────────


def annee(tmp_path, imprimees, vraies, caches=(), territoire="dep:93"):
    """Quatre trimestres imprimés puis leur année, diffusée après des saisies tardives."""
    avant = cellules(
        *(total(HEURES, territoire, t, v, 9.0) for t, v in zip((T1, T2, T3, T4), imprimees, strict=True))
    )
    tenu = registre(tmp_path / "r", (f"{T4}-e1", publiees(avant, caches)))
    apres = cellules(
        *(total(HEURES, territoire, t, v, 9.0) for t, v in zip((T1, T2, T3, T4), vraies, strict=True)),
        total(HEURES, territoire, "2025", sum(vraies), 30.0),
    )
    return valeur(rejouer(figer(apres, tenu, Periode.lire("2026-T1"))), HEURES, territoire, "2025")


def test_une_annee_est_la_somme_de_ses_trimestres_imprimes(tmp_path):
    # imprimé 100 + 200 + 300 + 400 = 1 000 ; vrai aujourd'hui 1 020 : l'écart dirait les 20 h tardives
    ligne = annee(tmp_path, [100.0, 200.0, 300.0, 400.0], [110.0, 200.0, 310.0, 400.0])
    assert (ligne["valeur"], ligne["etat"]) == (1000.0, "libre")


def test_une_annee_dont_un_trimestre_est_cache_se_tait_apres_un_retard(tmp_path):
    assert annee(tmp_path / "a", [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [0])["etat"] == "libre"
    assert annee(tmp_path / "b", [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.5, 4.0], [0])["etat"] == "cachee"


@pytest.fixture(autouse=True)
def _dossiers(tmp_path):
    for nom in ("a", "b"):
        (tmp_path / nom).mkdir()


def test_des_personnes_distinctes_ne_contredisent_pas_les_trimestres(tmp_path):
    # 10 par trimestre : l'année en compte de 10 à 40. 41 dirait qu'une saisie tardive est retenue.
    trimestres = [total(PERSONNES, "dep:93", t, 10.0) for t in (T1, T2, T3, T4)]
    tenu = registre(tmp_path / "r", (f"{T4}-e1", publiees(cellules(*trimestres))))
    for personnes, etat in [(9, "cachee"), (10, "libre"), (40, "libre"), (41, "cachee")]:
        table = cellules(*trimestres, total(PERSONNES, "dep:93", "2025", float(personnes)))
        figees = figer(table, tenu, Periode.lire("2026-T1"))
        assert valeur(rejouer(figees), PERSONNES, "dep:93", "2025")["etat"] == etat


def test_une_ventilation_ajoutee_apres_coup_ne_dit_pas_le_retard(tmp_path):
    # 40 imprimés ; une personne tardive ; publier F = 21 et M = 20 la montrerait
    tenu = registre(tmp_path / "r", (f"{T1}-e1", publiees(cellules(total(PERSONNES, "dep:93", T1, 40.0)))))
    apres = cellules(total(PERSONNES, "dep:93", T1, 41.0), *par_sexe(PERSONNES, "dep:93", T1, 21.0, 20.0))
    assert list(rejouer(figer(apres, tenu, Periode.lire(T2)))["etat"]) == ["publiee", "cachee", "cachee"]


# ── Diffuser ─────────────────────────────────────────────────────────────────────────────────


def ecrire(config, table):
    Magasin(config.processed).ecrire(
        "indicateurs/valeurs",
        table.drop(columns=["effectif", "employeurs", "premier", "etat"], errors="ignore"),
    )


def edition_de(config, table, edition=T1, jour=JOUR, **options):
    ecrire(config, table)
    return diffuser(config, Periode.lire(edition), jour, **options)


def test_diffuser_deux_fois_la_meme_chose_ne_fait_rien(travail):
    table = publiees(cellules(total(PERSONNES, "reg:11", T1, 100.0), total(MARCHES, "dep:93", T1, 7.0)))
    inscrite = edition_de(travail, table)
    assert (inscrite.edition, inscrite.cellules, inscrite.date) == (f"{T1}-e1", 2, "2026-11-14")
    octets = (travail.racine / "registre" / CHAINE).read_bytes()
    assert diffuser(travail, Periode.lire(T1), dt.date(2026, 12, 1)) is None
    assert (travail.racine / "registre" / CHAINE).read_bytes() == octets


def test_une_revision_prend_le_rang_suivant_et_ne_repete_pas_le_reste(travail):
    edition_de(
        travail, publiees(cellules(total(PERSONNES, "reg:11", T1, 100.0), total(MARCHES, "dep:93", T1, 7.0)))
    )
    suite = edition_de(
        travail, publiees(cellules(total(PERSONNES, "reg:11", T1, 120.0), total(MARCHES, "dep:93", T1, 7.0)))
    )
    assert (suite.numero, suite.edition, suite.cellules) == (2, f"{T1}-e2", 1)
    (ligne,) = revisions(Registre.ouvrir(travail.racine / "registre")).itertuples()
    assert (ligne.edition, ligne.ancienne, ligne.nouvelle, ligne.ecart, ligne.motif) == (
        f"{T1}-e2",
        100,
        120,
        20,
        "",
    )


def test_une_edition_trimestrielle_laisse_l_annee_a_la_sienne(travail):
    table = publiees(
        cellules(
            *(total(PERSONNES, "reg:11", p, 100.0) for p in ("2024", T3, T4, f"{T3}-4T", "2025", "2026-T1"))
        )
    )
    edition_de(travail, table, T4)
    tenu = Registre.ouvrir(travail.racine / "registre")
    assert sorted(tenu.cellules["periode"]) == ["2024", T3, f"{T3}-4T", T4]
    edition_de(travail, table, "2025")
    assert Registre.ouvrir(tenu.dossier).inscriptions[-1].cellules == 1


@pytest.mark.parametrize("erratum", ["", "double compte"])
def test_une_cellule_cachee_n_est_jamais_devoilee_meme_par_un_erratum(travail, erratum):
    edition_de(travail, publiees(cellules(total(PERSONNES, "dep:93", T1, 424242.0)), [0]))
    with pytest.raises(DiffusionError) as refus:
        edition_de(travail, publiees(cellules(total(PERSONNES, "dep:93", T1, 424242.0))), T1, erratum=erratum)
    assert "dep:93" in str(refus.value)
    assert "424242" not in str(refus.value)
    assert len(Registre.ouvrir(travail.racine / "registre").inscriptions) == 1


def test_cacher_une_cellule_publiee_demande_un_erratum_et_le_lecteur_la_connait_encore(travail):
    avant = cellules(total(PERSONNES, "dep:93", T1, 40.0))
    edition_de(travail, publiees(avant))
    with pytest.raises(DiffusionError, match="erratum"):
        edition_de(travail, publiees(avant, [0]))
    inscrite = edition_de(travail, publiees(avant, [0]), erratum="publiée par erreur")
    assert inscrite.raison == "publiée par erreur"
    figees = figer(avant, Registre.ouvrir(travail.racine / "registre"), Periode.lire(T2))
    assert (figees["etat"][0], figees["diffusee"][0]) == ("cachee", 40)


# De 40 à la nouvelle valeur : à l'édition suivante, à la réédition du trimestre, par un erratum.
@pytest.mark.parametrize(
    ("edition", "nouvelle", "erratum", "refus"),
    [
        (T2, 60.0, "", "ne révise pas"),
        (T2, 60.0, "faute", "ne révise pas"),
        (T1, 42.0, "", "trop peu de personnes"),
        (T1, 42.0, "faute", "trop peu de personnes"),
        (T1, 60.0, "faute", None),
        (T1, 60.0, "", None),
    ],
)
def test_la_porte_relit_le_calendrier_et_le_seuil(travail, edition, nouvelle, erratum, refus):
    t2 = total(PERSONNES, "dep:93", T2, 40.0)
    edition_de(travail, publiees(cellules(total(PERSONNES, "dep:93", T1, 40.0))))
    changee = publiees(cellules(total(PERSONNES, "dep:93", T1, nouvelle), t2))
    if refus:
        with pytest.raises(DiffusionError, match=refus):
            edition_de(travail, changee, edition, erratum=erratum)
    else:
        assert edition_de(travail, changee, edition, erratum=erratum).raison == erratum


def test_une_demande_absurde_est_refusee_en_clair(travail):
    table = publiees(
        cellules(total(PERSONNES, "reg:11", T3, 40.0), total(PERSONNES, "reg:11", f"{T3}-4T", 90.0))
    )
    with pytest.raises(PublicationError, match="n'est pas une édition"):
        edition_de(travail, table, f"{T3}-4T")
    with pytest.raises(PublicationError, match="ne couvrent pas"):
        edition_de(travail, table, "2030-T1")
    with pytest.raises(DiffusionError, match="secrète"):
        edition_de(travail, table.assign(statut="secret"), T3)
    edition_de(travail, table, T3)
    with pytest.raises(PublicationError, match="dernière édition"):
        edition_de(travail, table, T3, dt.date(2020, 1, 1))


def test_deux_diffusions_a_la_fois_une_seule_passe(travail):
    dossier = travail.racine / "registre"
    dossier.mkdir()
    ecrire(travail, publiees(cellules(total(PERSONNES, "reg:11", T1, 40.0))))
    tenu = os.open(dossier, os.O_RDONLY)
    fcntl.flock(tenu, fcntl.LOCK_EX)
    with pytest.raises(RegistreError, match="en cours"):
        diffuser(travail, Periode.lire(T1), JOUR)
    os.close(tenu)
    assert diffuser(travail, Periode.lire(T1), JOUR)


def test_un_registre_altere_arrete_la_diffusion(travail):
    edition_de(travail, publiees(cellules(total(PERSONNES, "reg:11", T1, 40.0))))
    (travail.racine / "registre" / f"{T1}-e1.csv.gz").write_bytes(b"")
    with pytest.raises(RegistreError, match=f"{T1}-e1"):
        edition_de(travail, publiees(cellules(total(PERSONNES, "reg:11", T1, 60.0))))


def test_la_politique_du_jour_est_scellee(travail, monkeypatch):
    avant = edition_de(travail, publiees(cellules(total(PERSONNES, "reg:11", T1, 40.0))))
    monkeypatch.setitem(travail.reglages["publication"]["plan"]["reg"], "annee", "rien")
    apres = edition_de(travail, publiees(cellules(total(PERSONNES, "reg:11", T1, 60.0))))
    assert len(avant.politique) == 64
    assert avant.politique != apres.politique
