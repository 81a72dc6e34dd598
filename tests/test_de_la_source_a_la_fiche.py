"""De la source à la fiche : trois nombres recalculés en Python nu, retrouvés dans les deux documents."""

from __future__ import annotations

import csv
import datetime as dt
import html
import re
import unicodedata
from collections import defaultdict
from itertools import zip_longest

import openpyxl
import pandas as pd
import pytest
from pypdf import PdfReader
from stdnum.fr import siret

from observatoire.magasin import Magasin
from observatoire.perimetre import Periode, Territoire
from observatoire.publication.campagne.edition import produire_fiches
from observatoire.schemas import SCHEMAS

DEBUT, FIN = dt.date(2026, 7, 1), dt.date(2026, 9, 30)


@pytest.fixture(scope="module")
def fiche(exemple):
    """La fiche de la Seine-Saint-Denis au troisième trimestre 2026."""
    [document] = produire_fiches(exemple, [Territoire.lire("dep:93")], Periode.lire("2026-T3"))
    return document


def _lignes_brutes(config):
    """Les deux exports, tels que reçus : un dictionnaire par ligne, aux noms de l'outil."""
    [export] = (config.raw / "suivi_a").rglob("*.csv")
    with export.open(encoding="cp1252", newline="") as flux:
        yield from (("suivi_a", ligne) for ligne in csv.DictReader(flux, delimiter=";"))
    [classeur] = (config.raw / "suivi_b").rglob("*.xlsx")
    ouvert = openpyxl.load_workbook(classeur, read_only=True)
    feuille = ouvert["Heures"].iter_rows(values_only=True)
    entetes = next(feuille)
    for valeurs in feuille:
        textes = ("" if valeur is None else str(valeur) for valeur in valeurs)
        yield "suivi_b", dict(zip_longest(entetes, textes, fillvalue=""))
    ouvert.close()


def _date(texte: str) -> dt.date | None:
    """Une date écrite 31/12/2026 ou 2026-12-31 ; rien si elle est vide ou impossible."""
    try:
        if "/" in texte:
            texte = "-".join(reversed(texte.split("/")))
        return dt.date.fromisoformat(texte[:10])
    except ValueError:
        return None


def _nombre(texte: str) -> float | None:
    try:
        return float(texte.replace(",", "."))
    except ValueError:
        return None


def _dans_le_trimestre(ligne: dict[str, str], heures: float) -> float:
    """Les heures de la ligne qui tombent au troisième trimestre ; sans mois, au prorata des jours."""
    mois = ligne["mois"]
    if mois:
        annee, rang = (mois[3:], mois[:2]) if "/" in mois else (mois[:4], mois[5:7])
        return heures if annee == "2026" and rang in ("07", "08", "09") and 0 <= heures <= 220 else 0.0
    debut, fin = _date(ligne["contrat_debut"]), _date(ligne["contrat_fin"]) or _date(ligne["date_saisie"])
    if debut is None or fin is None or heures < 0:
        return 0.0
    jours = (min(fin, FIN) - max(debut, DEBUT)).days + 1
    return heures * max(jours, 0) / ((fin - debut).days + 1)


_MEMES_TYPES = {"intérim": "ctt", "ctti": "ctt insertion"}


def _suite(personne, ligne):
    """Ce qu'un renouvellement partage avec le contrat d'avant (R3), et les dates du contrat."""
    employeur = ligne["employeur_id"].replace(" ", "")
    reference = re.sub(r"[\W_]", "", ligne["marche_reference"]).upper().lstrip("0")
    type_contrat = ligne["type_contrat"].lower()
    meme = (
        personne,
        employeur[:9] if siret.is_valid(employeur) else None,
        (ligne["acheteur_id"].replace(" ", "")[:9], reference),
        _MEMES_TYPES.get(type_contrat, type_contrat),
    )
    debut = _date(ligne["contrat_debut"]) or _date(ligne["contrat_fin"])
    return meme, debut, _date(ligne["contrat_fin"]) or dt.date.max - dt.timedelta(days=30)


def _premiers_contrats(contrats):
    """Chaque contrat → le premier de sa suite : sept jours au plus entre une fin et un début."""
    premiers, ouverts = {}, {}
    for contrat, (meme, debut, fin) in sorted(contrats.items(), key=lambda c: (str(c[1][1]), c[0])):
        connu = ouverts.get(meme) if meme[1] and debut else None
        suit = connu is not None and (debut - connu[1]).days <= 7
        premiers[contrat] = connu[0] if suit else contrat
        ouverts[meme] = (premiers[contrat], max(fin, connu[1]) if suit else fin)
    return premiers


@pytest.fixture(scope="module")
def recalcul(exemple):
    """Heures et contrats du 93, comptés ligne à ligne sans rien emprunter à la chaîne."""
    noms = {
        nom: exemple.source(nom).colonnes | exemple.source(nom).identite for nom in ("suivi_a", "suivi_b")
    }
    heures_du_93, par_contrat, par_personne, residence = 0.0, defaultdict(float), defaultdict(float), {}
    vues, contrats = set(), {}
    for source, brute in _lignes_brutes(exemple):
        ligne = {notre: brute[leur].strip() for notre, leur in noms[source].items()}
        cle = (source, *ligne.values())
        heures = _nombre(ligne["heures"])
        if cle in vues or not ligne["contrat"] or heures is None or "priv" in ligne["modalite"]:
            continue
        vues.add(cle)
        faites = _dans_le_trimestre(ligne, heures)
        identite = "".join(
            lettre
            for lettre in unicodedata.normalize("NFKD", ligne["nom"] + "/" + ligne["prenom"]).upper()
            if lettre.isalpha() or lettre == "/"
        )
        personne = (identite, _date(ligne["date_naissance"]))
        par_personne[personne] += faites
        residence.setdefault(personne, ligne["commune_residence"][:2])
        contrat = (source, ligne["structure_id"].replace(" ", ""), ligne["contrat"])
        contrats[contrat] = _suite(personne, ligne)
        if ligne["commune_execution"][:2] == "93":
            heures_du_93 += faites
            par_contrat[contrat] += faites
    premiers, par_suite = _premiers_contrats(contrats), defaultdict(float)
    for contrat, total in par_contrat.items():
        par_suite[premiers[contrat]] += total
    return {
        "heures": heures_du_93,
        "contrats": sum(total >= 1 for total in par_suite.values()),
        "habitants": sum(t >= 1 and residence[p] == "93" for p, t in par_personne.items()),
    }


def _texte_html(document) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", document.html.read_text(encoding="utf-8")))


def _texte_pdf(document) -> str:
    return " ".join(page.extract_text() for page in PdfReader(document.pdf).pages)


@pytest.mark.parametrize("quoi", ["heures", "contrats", "habitants"])
def test_un_nombre_recalcule_depuis_les_fichiers_bruts_est_dans_la_fiche(fiche, recalcul, quoi):
    attendu = f"{recalcul[quoi]:,.0f}".replace(",", "\u202f")
    unite = {"heures": "heures", "contrats": "contrats", "habitants": "personnes"}[quoi]
    motif = rf"\b{attendu}\s+{unite}"
    assert re.search(motif, _texte_html(fiche)), f"{attendu} {unite} absent du HTML"
    pdf = re.sub(r"(?<=\d)[\u202f\u00a0 ](?=\d{3}\b)", "\u202f", _texte_pdf(fiche))
    assert re.search(motif, pdf), f"{attendu} {unite} absent du PDF"


def _identites(config) -> set[str]:
    """Noms, dates de naissance et NIR des exports : ce qui ne doit jamais en sortir."""
    interdits = set()
    for source, brute in _lignes_brutes(config):
        identite = config.source(source).identite
        interdits |= {brute[identite[nom]] for nom in ("date_naissance", "nir") if nom in identite}
    return {"CANARI", *interdits} - {""}


def test_aucune_identite_ne_passe_la_porte(exemple):
    interdits = _identites(exemple)
    for nom in SCHEMAS:
        table = Magasin(exemple.processed).lire(nom).select_dtypes("string")
        presentes = interdits & set(pd.unique(table.to_numpy().ravel()).tolist())
        assert not presentes, nom
        assert not any(table[colonne].str.contains("CANARI").any() for colonne in table), nom


def test_ni_identite_ni_pseudonyme_dans_les_documents(exemple, fiche):
    texte = _texte_html(fiche) + _texte_pdf(fiche) + fiche.notebook.read_text(encoding="utf-8")
    pseudonymes = set(Magasin(exemple.processed).lire("entrepot/beneficiaires")["personne"])
    mots = set(re.findall(r"[A-Z2-7]{26}|\d{15}|CANARI", texte.upper()))
    assert not mots & (pseudonymes | _identites(exemple))


def test_toute_valeur_secrete_est_vide_et_sans_effectif(exemple):
    valeurs = Magasin(exemple.processed).lire("indicateurs/valeurs")
    secretes = valeurs["statut"] == "secret"
    assert secretes.any()
    assert valeurs.loc[secretes, "valeur"].isna().all()
    personnes = valeurs.loc[valeurs["unite"] == "personnes", "valeur"]
    assert not personnes.between(1, 4).any()
    assert "effectif" not in valeurs.columns
