"""Un fichier fait pour nuire : une phrase en français, un refus, rien d'écrit, peu de mémoire.

Chaque fichier passe par la commande « importer », dans un processus à part dont on mesure la mémoire.
"""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from observatoire.config import Config

if sys.platform == "win32":
    pytest.skip("la mémoire d'un processus se mesure ici sous Unix", allow_module_level=True)

MEMOIRE_MAXIMUM = 500 * 1024  # Kio
MO = 1 << 20
CONTRAT = {"id": "2026-1", "acheteur": {"id": "21930066200012"}, "montant": 1}
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"


# ── des CSV ────────────────────────────────────────────────────────────────────────────────────
def entete(nom: str) -> str:
    source = Config.charger(Path(__file__).parents[1]).source(nom)
    return source.lecture.get("separateur", ",").join([*source.colonnes.values(), *source.identite.values()])


def csv(suite: bytes) -> bytes:
    return entete("structures").encode() + b"\n" + suite


CSV = {
    "octet nul": csv(b"1,EI,a\x00b,93066,93,8,9,1,2,3\n"),
    "lignes de longueur inegale": csv(b"1,EI,a,93066,93\n1,EI,a,93066,93,x,y,z,t,u,v,w,x\n"),
    "champ d'un Mo": csv(b"1,EI," + b"a" * (2 * MO) + b",93066,93\n"),
    "guillemet jamais ferme": csv(b'1,EI,"' + b"a,b\n" * 300_000),
    "encodages meles": csv("1,EI,Élan,93066,93\n".encode() + b"1,EI,\xc9lan\x81\x9d,93066,93\n"),
    "utf-16": csv(b"1,EI,a,93066,93\n").decode().encode("utf-16"),
    "colonne deux fois": csv(b"").replace(b"siret", b"siret,siret", 1) + b"1,1,EI,a,93066,93\n",
    "autre separateur": csv(b"1;EI;a;93066;93\n").replace(b",", b";"),
    "sans ligne": csv(b""),
    "vide": b"",
    "des zeros": b"\x00" * MO,
    "au hasard": bytes(range(256)) * 4096,
    "compresse": gzip.compress(csv(b"1,EI,a,93066,93\n")),
    "page web": b"<!DOCTYPE html><html><body>404</body></html>",
}


# ── des classeurs ──────────────────────────────────────────────────────────────────────────────
def archive(pieces: dict[str, bytes]) -> bytes:
    tampon = io.BytesIO()
    with zipfile.ZipFile(tampon, "w", zipfile.ZIP_DEFLATED) as sortie:
        for nom, contenu in pieces.items():
            sortie.writestr(nom, contenu)
    return tampon.getvalue()


def classeur(feuille: bytes, textes: bytes = b"<sst/>") -> bytes:
    espace = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    lien = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return archive(
        {
            "[Content_Types].xml": f'<Types xmlns="{_TYPES}"/>'.encode(),
            "xl/workbook.xml": b"<workbook "
            + espace
            + f' xmlns:r="{lien}"><sheets>'.encode()
            + b'<sheet name="Heures" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": b'<Relationships xmlns="http://schemas.openxmlformats.org/package/'
            b'2006/relationships"><Relationship Id="r1" Target="worksheets/sheet1.xml" Type="'
            + lien.encode()
            + b'/worksheet"/></Relationships>',
            "xl/worksheets/sheet1.xml": feuille,
            "xl/sharedStrings.xml": textes,
        }
    )


ENTITES = (
    b'<!DOCTYPE x [<!ENTITY a "' + b"ha" * 20 + b'">'
    + b"".join(b'<!ENTITY %c "%s">' % (n, b"&%c;" % (n - 1) * 10) for n in b"bcdefghi")
    + b"]>"
)  # fmt: skip
EXTERNE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
CLASSEURS = {
    "bombe": classeur(b"<worksheet>" + b" " * (450 * MO)),
    "dix mille entrees": archive({f"xl/{rang}.xml": b"<a/>" for rang in range(10_000)}),
    "chemin remontant": archive({"../../xl/workbook.xml": b"<workbook/>", "/etc/passwd": b"x"}),
    "milliard de rires": classeur(ENTITES + b"<worksheet>&i;</worksheet>"),
    "entite externe": classeur(EXTERNE + b"<worksheet>&a;</worksheet>"),
    "entite externe des textes": classeur(b"<worksheet/>", EXTERNE + b"<sst>&a;</sst>"),
    "cellule a l'autre bout": classeur(
        b'<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    ),
    "tronque": classeur(b"<worksheet/>")[:-40],
    "xml abime": classeur(b"<worksheet><sheetData><row>"),
    "texte partage absent": classeur(
        b'<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>9999999</v></c></row></sheetData></worksheet>'
    ),
    "zip d'un autre genre": archive({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}),
}


# ── des données essentielles ───────────────────────────────────────────────────────────────────
def json_de(texte: str) -> bytes:
    return f'{{"marches": [{texte}]}}'.encode()


RIRES = ENTITES + b"<marches><marche><id>&i;</id></marche></marches>"
DECP = {
    "profondeur": json_de('{"id":' + "[" * 100_000 + "]" * 100_000 + "}"),
    "entier de 5 000 chiffres": json_de('{"id": "1", "montant": ' + "9" * 5_000 + "}"),
    "cle en double": json_de('{"id": "1", "montant": 1, "montant": 2}'),
    "tronque": json_de(json.dumps(CONTRAT))[:-3],
    "liste vide": b'{"marches": []}',
    "objet vide": b"{}",
    "autre json": b'{"features": [1, 2, 3]}',
    "utf-16": json_de(json.dumps(CONTRAT)).decode().encode("utf-16"),
    "suite de deux documents": json_de(json.dumps(CONTRAT)) * 2,
    "milliard de rires": RIRES,
    "quadratique": b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 100_000 + b'">]><marches>' + b"&a;" * 10_000,
    "entite externe": EXTERNE + b"<marches><marche><id>&a;</id></marche></marches>",
    "dtd externe": b'<!DOCTYPE marches SYSTEM "http://127.0.0.1:9/x.dtd"><marches><marche/></marches>',
    "xml emboite": b"<marches>" + b"<a>" * 100_000,
    "autre xml": b"<feed><entry/></feed>",
    "parquet tronque": b"PAR1" + b"\x00" * 200 + b"PAR1",
}
CAS = [
    *(("structures", f"{nom}.csv", contenu) for nom, contenu in CSV.items()),
    *(("suivi_b", f"{nom}.xlsx", contenu) for nom, contenu in CLASSEURS.items()),
    *(("decp", f"{nom}.json", contenu) for nom, contenu in DECP.items()),
]


# Un petit processus à part, qui se dédouble pour chaque fichier : la mémoire mesurée n'est que la sienne.
PORTIER = """
import json, os, resource, sys
from click.testing import CliRunner
from observatoire.cli import cli
from observatoire.acquisition import decp, depot, tableurs

for demande in sys.stdin:
    racine, source, fichier = json.loads(demande)
    sortie, entree = os.pipe()
    enfant = os.fork()
    if enfant == 0:
        os.chdir(racine)
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
        r = CliRunner().invoke(cli, ["importer", source, fichier, "--date", "2026-10-01"])
        os.write(entree, json.dumps([r.exit_code, r.output[:20000], repr(r.exception)[:2000]]).encode())
        os._exit(0)
    os.close(entree)
    with os.fdopen(sortie, "rb") as flux:
        recu = flux.read()
    _, etat, usage = os.wait4(enfant, 0)
    print(json.dumps([etat, recu.decode(), usage.ru_maxrss]), flush=True)
"""


@pytest.fixture(scope="module")
def portier():
    with subprocess.Popen(
        [sys.executable, "-c", PORTIER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as processus:
        yield processus
        processus.stdin.close()


def importer(portier, racine: Path, source: str, fichier: Path) -> tuple[int, str, int]:
    """Le code de sortie, ce qui est affiché et la mémoire prise (Kio) par « importer »."""
    portier.stdin.write(json.dumps([str(racine), source, str(fichier)]) + "\n")
    portier.stdin.flush()
    etat, recu, memoire = json.loads(portier.stdout.readline())
    assert etat == 0, f"le processus est mort : {etat}"
    code, sortie, exception = json.loads(recu)
    return code, f"{sortie} {exception if code not in (0, 1) else ''}", memoire


@pytest.mark.parametrize(("source", "nom", "contenu"), CAS, ids=[f"{c[0]}-{c[1]}" for c in CAS])
def test_un_fichier_hostile_est_refuse_d_une_phrase_et_n_ecrit_rien(portier, travail, source, nom, contenu):
    fichier = travail.racine / nom
    fichier.write_bytes(contenu)
    code, sortie, memoire = importer(portier, travail.racine, source, fichier)
    assert code == 1, sortie
    assert sortie.startswith("Erreur : ")
    assert "→" in sortie
    assert "Traceback" not in sortie
    assert memoire < MEMOIRE_MAXIMUM
    assert not [chemin for chemin in travail.racine.joinpath("data").rglob("*") if chemin.is_file()]


@pytest.mark.parametrize("nom", [".cache.csv", "provenance.toml", "a\nb.csv"])
def test_un_nom_reserve_ou_piege_est_refuse(portier, travail, nom):
    fichier = travail.racine / nom
    fichier.write_bytes(csv(b"1,EI,a,93066,93,8,9,1,2,3\n"))
    code, sortie, _ = importer(portier, travail.racine, "structures", fichier)
    assert code == 1
    assert sortie.startswith("Erreur : ")
    assert not list(travail.raw.rglob("*.csv"))


def test_un_chemin_remontant_ne_sort_pas_du_depot(portier, travail):
    """« ../x.csv » est lu là où il est, et copié sous son seul nom."""
    source = Config.charger(Path(__file__).parents[1]).source("structures")
    fichier = travail.racine / "x.csv"
    fichier.write_bytes(csv(b",".join(b"1" for _ in source.colonnes) + b"\n"))
    (travail.racine / "bas").mkdir()
    code, sortie, _ = importer(portier, travail.racine, "structures", travail.racine / "bas" / ".." / "x.csv")
    assert code == 0, sortie
    assert [c.name for c in travail.raw.rglob("*.csv")] == ["x.csv"]
    assert (travail.raw / "structures" / "2026-10-01" / "x.csv").is_file()
