"""Le mur du secret : ce qui est caché n'atteint aucun octet publié, quelle que soit sa vraie valeur.

Les mondes de ce fichier partagent tout ce qui est publié et les mêmes cellules cachées ; seules les vraies
valeurs de celles-ci diffèrent. Chacun traverse le calcul (gel, secret, rapports, comparaisons, bilan), puis
la publication, dans un dossier de travail qui n'a, de toutes les tables, que `indicateurs/*`.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from dataclasses import replace

import nbformat
import numpy as np
import pandas as pd
import pikepdf
import pyarrow.parquet as pq
import pytest
from pypdf import PdfReader

from observatoire.config import Config
from observatoire.indicateurs import REGISTRE, tabulation, valeurs
from observatoire.indicateurs.audit import Constat, Publication, soustraire
from observatoire.indicateurs.audit.attaque import Attaque
from observatoire.indicateurs.audit.solveur import Programme, trancher
from observatoire.indicateurs.cellule import CLE, SECRET
from observatoire.indicateurs.secret import Protection
from observatoire.indicateurs.secret.primaire import exigences
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode, Territoire
from observatoire.publication.campagne.compte_rendu import rendre_compte
from observatoire.publication.campagne.fichier import improviser
from observatoire.publication.campagne.lancement import lancer
from observatoire.publication.campagne.plan import Choix, planifier
from observatoire.publication.donnees import publier
from observatoire.publication.moteur.executeurs import executeur
from tests.conftest import DEPOT

CANARI = 424242
MESURES = ["valeur", "effectif", "employeurs", "premier"]
PRIVEES = {"effectif", "employeurs", "premier", "bas", "haut", "raison"}
MAILLONS = ("acquisition", "controle", "entrepot")
PERIODE = Periode.lire("2026-T3")
FICHES = ("dep:93", "ept:T3")
# 424242, « 424 242 » et toutes ses espaces, 424242.0, 42424200 (un pourcentage) et 4242.42 (l'inverse) ; pas
# 24,242424… qui est 800 ÷ 33.
_ESPACE = r"(?:[\s\u00a0\u2000-\u200b\u202f\u205f\u2060]|&nbsp;|&#160;|&#8239;|\\u202f|\\u00a0|\\u2009)?"
_NOMBRES = rf"424{_ESPACE}242|4{_ESPACE}242[.,]42|4[.,]24242|42{_ESPACE}424{_ESPACE}200"
FORMES = re.compile(rf"(?<![\d.])(?:{_NOMBRES})(?!\d)")


# ── les mondes ────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def privees(exemple):
    """Les cellules privées de l'exemple, avant tout secret."""
    with Magasin(exemple.processed).connexion(*MAILLONS) as connexion:
        periodes = valeurs.periodes_couvertes(connexion)
        jour = periodes["fin"].max().date()
        parametres = {nom: exemple.parametre(nom, jour).valeur for nom in valeurs.parametres_cites()}
        return tabulation.cellules(connexion, exemple, valeurs.Plan.lire(exemple), periodes, parametres)


pytestmark = pytest.mark.long  # deux minutes : « make test-long »


@pytest.fixture(scope="module")
def publiees(exemple):
    return Magasin(exemple.processed).lire("indicateurs/valeurs")


def tel_quel(cachees):
    return cachees


def en_canaris(cachees):
    """Chaque nombre caché vaut 424242, ceux qui décident du secret compris."""
    return cachees.assign(**dict.fromkeys(MESURES, float(CANARI)))


def en_autres(cachees):
    """Un autre monde : les nombres cachés d'un indicateur et d'une ventilation s'échangent entre cellules."""
    cle = ["indicateur", "ventilation"]
    echangees = cachees.groupby(cle)[MESURES].transform(lambda nombres: nombres.to_numpy()[::-1])
    return cachees.assign(**echangees)


@pytest.fixture(scope="module")
def en_temoin(exemple, publiees):
    """Un autre monde possible : il a tout ce qui est publié, et toutes ses sommes.

    C'est un point du système de l'attaquant, tiré vers d'autres valeurs de ce qui est caché ; ce que rien ne
    relie (effectifs, employeurs, médianes) s'échange entre cellules.
    """
    attaque = Attaque.dresser(publication(exemple, publiees))
    systeme, _ = trancher(avec_les_valeurs(attaque.systeme))
    cachees = publiees.loc[publiees["statut"] == SECRET, CLE]
    reperes = attaque.grille.reperer(cachees)
    reliees = reperes >= 0
    couts = np.random.default_rng(7).uniform(0, 1, reliees.sum())
    point = Programme(systeme).minimiser((reperes[reliees], couts))
    possibles = pd.Series(point[reperes[reliees]], index=pd.MultiIndex.from_frame(cachees[reliees]))

    def en_temoin(cachees):
        echangees = en_autres(cachees)
        valeurs_possibles = possibles.reindex(pd.MultiIndex.from_frame(cachees[CLE])).array
        trouvees = pd.Series(valeurs_possibles, index=cachees.index)
        assert trouvees.notna().mean() > 0.5
        assert (trouvees - cachees["valeur"].astype(float)).abs().gt(0.5).mean() > 0.2
        return echangees.assign(valeur=trouvees.fillna(echangees["valeur"].astype(float)))

    return en_temoin


def avec_les_valeurs(systeme):
    """Le système, ses valeurs publiées tenues par une relation de plus chacune."""
    connues = np.flatnonzero(~np.isnan(systeme.valeurs))
    bas, haut = (systeme.valeurs[connues] + signe * (systeme.erreurs[connues] + 1e-6) for signe in (-1, 1))
    return replace(
        systeme,
        lignes=np.concatenate([systeme.lignes, systeme.relations + np.arange(len(connues))]),
        colonnes=np.concatenate([systeme.colonnes, connues]),
        coefficients=np.concatenate([systeme.coefficients, np.ones(len(connues))]),
        bas=np.concatenate([systeme.bas, bas]),
        haut=np.concatenate([systeme.haut, haut]),
        bas_presume=np.concatenate([systeme.bas_presume, bas]),
        haut_presume=np.concatenate([systeme.haut_presume, haut]),
    )


def publication(exemple, publiees):
    magasin = Magasin(exemple.processed)
    appartenances = magasin.lire("entrepot/appartenances")
    actuelles = appartenances[appartenances["valide_au"].isna()]
    return Publication(publiees, magasin.lire("indicateurs/catalogue"), actuelles)


def tabuler(config, privees, publiees, changer, monkeypatch):
    """Les tables `indicateurs/*` du monde que `changer` fait des cellules cachées ; rien d'autre ne change.

    Ce qui est caché est ce que l'exemple cache : la suppression et l'audit ne sont pas rejoués.
    """
    statuts = publiees.set_index(CLE)["statut"]

    def sans_secret(cellules, politique, _geographie):
        table = cellules.sort_values(CLE, ignore_index=True)
        return Protection(table.assign(**exigences(table, politique), close=False, statut="publie"))

    def comme_l_exemple(protection, parametres, *_):
        table = protection.cellules
        table = table.assign(statut=statuts.reindex(pd.MultiIndex.from_frame(table[CLE])).array)
        assert table["statut"].notna().all()
        cachees = table["statut"] == SECRET
        assert cachees.sum() > 1000
        table = pd.concat([table[~cachees], changer(table[cachees]).astype(table.dtypes)]).sort_index()
        rien = pd.DataFrame(columns=[*CLE, "bas", "haut"])
        publiee = Protection(table)
        return valeurs._valeurs(publiee, parametres), publiee, Constat(rien, rien, 0, 0)

    with monkeypatch.context() as m, Magasin(config.processed).connexion(*MAILLONS) as connexion:
        m.setattr(valeurs, "cellules", lambda *_: privees)
        m.setattr(valeurs, "proteger", sans_secret)
        m.setattr(valeurs, "_publier", comme_l_exemple)
        return valeurs.tabuler(connexion, config)


@pytest.fixture(scope="module")
def monde(exemple, privees, publiees, tmp_path_factory):
    """Rend le dossier d'un monde, publié : ses tables, ses fiches, ses données ouvertes."""
    patch = pytest.MonkeyPatch()
    connus = {}

    def publier_le_monde(changer, retoucher=tel_quel, fiches=FICHES):
        if (changer, retoucher) in connus:
            return connus[changer, retoucher]
        dossier = tmp_path_factory.mktemp(changer.__name__)
        for nom in ("observatoire.toml", "parametres.toml"):
            shutil.copy(exemple.racine / nom, dossier / nom)
        for nom in ("notebooks", "report_templates"):
            shutil.copytree(DEPOT / nom, dossier / nom, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
        config = Config.charger(dossier)
        tables = tabuler(exemple, privees, publiees, changer, patch)
        tables["indicateurs/valeurs"] = retoucher(tables["indicateurs/valeurs"])
        for nom, table in tables.items():
            Magasin(config.processed).ecrire(nom, table)
        publier(config)
        assert not campagne(config, fiches).echecs
        connus[changer, retoucher] = config
        return config

    yield publier_le_monde
    patch.undo()


def campagne(config, fiches, choix=None):
    """Produit des fiches et rend compte, comme « observatoire campagne » ; rend le bilan."""
    lieux = [Territoire.lire(texte) for texte in fiches]
    plan = planifier(config, improviser(config, lieux, PERIODE, [""]), choix)
    with executeur() as ouvriers:
        bilan = lancer(config, plan, ouvriers)
    rendre_compte(config, bilan)
    return bilan


# ── lire tout ce qu'un fichier dit ────────────────────────────────────────────────────────────
def ecrits(config):
    """Tout ce qu'un monde a écrit : documents, données, tables, journaux, bilan, manifeste, caches, verrous.

    Ce dossier de travail n'a que cela, et les notebooks, gabarits et réglages qu'il a reçus.
    """
    recus = ("notebooks", "report_templates", "observatoire.toml", "parametres.toml")
    trouves = (chemin for chemin in config.racine.rglob("*") if chemin.is_file())
    noms = {str(chemin.relative_to(config.racine)): chemin for chemin in sorted(trouves)}
    return {nom: chemin for nom, chemin in noms.items() if not nom.startswith(recus)}


def fichiers(config):
    """Ce qui sort et ne dépend que des données : ni journal, ni bilan, qui ont leur date et leurs durées."""
    return {
        nom: chemin
        for nom, chemin in ecrits(config).items()
        if chemin.parent.name != "journaux" and not chemin.name.startswith(".")
    }


def octets_durables(chemin):
    """Les octets d'un fichier ; d'un manifeste, tout sauf les durées, qui sont celles du poste."""
    if chemin.name != "manifeste.json":
        return chemin.read_bytes()
    return {nom: lu for nom, lu in json.loads(chemin.read_bytes()).items() if nom != "durees"}


def textes(chemin):
    """Tout ce que dit un fichier, décodé : une liste de textes où chercher un nombre."""
    octets = chemin.read_bytes()
    match chemin.suffix:
        case ".parquet":
            table = pq.read_table(chemin)
            return [
                "\n".join(map(str, {*colonne.unique().to_pylist()} - {None})) for colonne in table.columns
            ]
        case ".xlsx":
            with zipfile.ZipFile(io.BytesIO(octets)) as archive:
                return [archive.read(nom).decode("utf-8", "replace") for nom in archive.namelist()]
        case ".pdf":
            return [*textes_du_pdf(octets)]
        case ".ipynb":
            notebook = nbformat.reads(octets.decode(), as_version=4)
            sorties = [str(sortie) for cellule in notebook.cells for sortie in cellule.get("outputs", [])]
            return [octets.decode(), *sorties]
        case _:
            return [octets.decode("utf-8", "replace")]


def textes_du_pdf(octets):
    """Les pages telles qu'elles se lisent, puis chaque objet et chaque flux décompressé."""
    for page in PdfReader(io.BytesIO(octets)).pages:
        yield page.extract_text()
    with pikepdf.open(io.BytesIO(octets)) as pdf:
        for objet in pdf.objects:
            if isinstance(objet, pikepdf.Stream) and objet.get("/Type") != "/XObject":
                if "/FontFile3" not in str(objet.keys()) and objet.get("/Length1") is None:
                    yield objet.read_bytes().decode("latin-1")
            else:
                yield str(objet)


def canaris(config):
    """Les fichiers où se lit une forme du canari, et la première trouvée."""
    trouves = {}
    for nom, chemin in ecrits(config).items():
        for texte in textes(chemin):
            if trouve := FORMES.search(texte):
                trouves[nom] = texte[max(0, trouve.start() - 30) : trouve.end() + 30]
                break
    return trouves


# ── les essais ────────────────────────────────────────────────────────────────────────────────
def test_le_monde_tel_quel_est_l_exemple(exemple, monde):
    """Les mondes passent par le vrai chemin : sans rien changer, on retrouve l'exemple à l'octet."""
    config = monde(tel_quel)
    for nom in ("valeurs", "comparaisons", "catalogue", "provenance", "qualite"):
        chemin = f"indicateurs/{nom}.parquet"
        assert (config.processed / chemin).read_bytes() == (exemple.processed / chemin).read_bytes(), nom


def en_canari_publie(table):
    """Le témoin : un nombre publié de la fiche vaut 424242."""
    ici = table["indicateur"].eq("heures_realisees") & table["territoire"].eq("dep:93")
    montre = ici & table["ventilation"].eq("ensemble") & table["statut"].eq("publie")
    assert montre.any()
    return table.assign(valeur=table["valeur"].mask(montre, float(CANARI)))


def test_un_canari_publie_se_retrouve_dans_chaque_sorte_de_fichier(monde):
    # Sans ce témoin, ne rien trouver ne prouverait rien.
    trouves = canaris(monde(tel_quel, en_canari_publie, ("dep:93",)))
    sortes = {nom.rsplit(".", 1)[1] for nom in trouves}
    assert sortes == {"parquet", "csv", "xlsx", "ipynb", "html", "pdf"}


def test_t5_aucun_canari_cache_n_atteint_un_octet_ecrit(monde):
    config = monde(en_canaris)
    sortes = {chemin.suffix for chemin in ecrits(config).values()}
    assert {".jsonl", ".json", ".txt", ".html", ".pdf", ".ipynb", ".xlsx", ".csv", ".parquet"} <= sortes
    assert canaris(config) == {}


def test_t5_un_echec_ne_dit_pas_non_plus_ce_qui_est_cache(monde, tmp_path):
    """Un notebook qui échoue en citant toute la table des valeurs : journal, bilan et restes n'ont rien."""
    dossier = shutil.copytree(monde(en_canaris).racine, tmp_path / "monde")
    config, chemin = Config.charger(dossier), dossier / "notebooks" / "fiche_territoire.ipynb"
    notebook = nbformat.read(chemin, as_version=4)
    lire = (
        "from pathlib import Path\nfrom observatoire.config import Config\n"
        "from observatoire.magasin import Magasin\n"
        f"config = Config.charger(Path({str(dossier)!r}))\n"
        "raise ValueError(Magasin(config.processed).lire('indicateurs/valeurs').to_csv())"
    )
    notebook.cells.append(nbformat.v4.new_code_cell(lire))
    nbformat.write(notebook, chemin)
    assert campagne(config, FICHES[:1], Choix(forcer=True)).echecs
    assert canaris(config) == {}


@pytest.mark.parametrize("autre", ["en_canaris", "en_temoin"])
def test_t4_deux_mondes_qui_publient_les_memes_cellules_donnent_les_memes_fichiers(monde, en_temoin, autre):
    autre = en_canaris if autre == "en_canaris" else en_temoin
    attendus, rendus = fichiers(monde(tel_quel)), fichiers(monde(autre))
    assert list(rendus) == list(attendus)
    assert len([nom for nom in rendus if nom.startswith("outputs/fiches")]) == 3 * len(FICHES) + 1
    differents = [nom for nom in rendus if octets_durables(rendus[nom]) != octets_durables(attendus[nom])]
    assert differents == []


def test_rien_de_prive_n_a_de_colonne_dans_ce_qui_est_ecrit(exemple, monde):
    ouvertes = monde(tel_quel).outputs / "donnees"
    tables = [*(exemple.processed / "indicateurs").glob("*.parquet"), ouvertes / "valeurs.parquet"]
    colonnes = {chemin.name: pq.read_schema(chemin).names for chemin in tables}
    colonnes |= {
        chemin.name: chemin.read_text(encoding="utf-8").split("\n", 1)[0].strip().split(",")
        for chemin in ouvertes.glob("*.csv")
    }
    assert len(colonnes) > 8
    assert {nom: set(noms) & PRIVEES for nom, noms in colonnes.items() if set(noms) & PRIVEES} == {}


def test_une_valeur_n_est_ecrite_que_si_elle_est_publiee(publiees, exemple):
    comparaisons = Magasin(exemple.processed).lire("indicateurs/comparaisons")
    for table, nombre in ((publiees, "valeur"), (comparaisons, "ecart")):
        assert (table["statut"] == SECRET).any()
        assert table.loc[table["statut"] != "publie", nombre].isna().all()


def test_une_mediane_n_est_publiee_que_si_son_nombre_de_personnes_l_est(publiees):
    comptes = {nom: i.mediane_de for nom, i in REGISTRE.items() if i.mediane_de}
    lisibles = publiees[publiees["statut"] == "publie"]
    medianes = lisibles[lisibles["indicateur"].isin(comptes)]
    assert len(medianes)
    leurs_comptes = medianes.assign(indicateur=medianes["indicateur"].map(comptes))[CLE]
    sans_compte = ~pd.MultiIndex.from_frame(leurs_comptes).isin(pd.MultiIndex.from_frame(lisibles[CLE]))
    assert medianes[sans_compte].empty


def attaquer(exemple, publiees):
    return soustraire(publication(exemple, publiees))


@pytest.fixture(scope="module")
def sensibles(exemple, privees):
    """La clé des cellules que cachent les règles primaires."""
    raisons = exigences(privees, valeurs.Politique.lire(exemple, PERIODE.fin))["raison"]
    return pd.MultiIndex.from_frame(privees.loc[raisons.ne(""), CLE])


def test_des_soustractions_repetees_ne_retrouvent_aucune_cellule_sensible(exemple, publiees, sensibles):
    # Une cellule tue par l'escalade, elle, peut se retrouver : elle n'avait rien à cacher.
    retrouvees = attaquer(exemple, publiees)
    trahies = retrouvees[pd.MultiIndex.from_frame(retrouvees[CLE]).isin(sensibles)]
    assert trahies.empty, trahies.head(10).to_string()


def test_sans_protection_complementaire_des_soustractions_en_retrouvent(
    exemple, privees, publiees, sensibles
):
    # Le témoin de l'essai précédent : la seule règle primaire laisse un total moins ses autres parties.
    vraies = privees.set_index(CLE)["valeur"].reindex(pd.MultiIndex.from_frame(publiees[CLE])).array
    relevees = publiees["statut"].eq(SECRET) & ~pd.MultiIndex.from_frame(publiees[CLE]).isin(sensibles)
    relevees &= ~pd.isna(vraies)
    nues = publiees.assign(
        valeur=publiees["valeur"].mask(relevees, vraies), statut=publiees["statut"].mask(relevees, "publie")
    )
    retrouvees = attaquer(exemple, nues)
    assert pd.MultiIndex.from_frame(retrouvees[CLE]).isin(sensibles).sum() > 100
