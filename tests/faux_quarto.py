"""Une doublure de Quarto : elle note comment on l'appelle, puis imite ce que FAUX_QUARTO demande."""

from __future__ import annotations

import html
import json
import os
import re
import sys
import time
from pathlib import Path

MODES = ("reussite", "echec", "muet", "lent", "sans_pdf", "sans_norme", "reseau", "melange")


def noter(trace: Path) -> None:
    ici = Path.cwd()
    fichiers = {str(f.relative_to(ici)): f.stat().st_size for f in ici.rglob("*") if f.is_file()}
    appel = {"argv": sys.argv[1:], "cwd": str(ici), "env": dict(os.environ), "fichiers": fichiers}
    with trace.open("a", encoding="utf-8") as flux:
        flux.write(json.dumps(appel) + "\n")


def titre(chemin: Path) -> str:
    """Le titre de la première cellule, tel que Pandoc le lirait."""
    tete = "".join(json.loads(chemin.read_text(encoding="utf-8"))["cells"][0]["source"])
    return html.unescape(json.loads(re.search(r"^title: (.+)$", tete, re.MULTILINE)[1]))


def page(sortie: Path, nom: str, texte: str, mode: str) -> None:
    script = '<script src="https://cdn.exemple.invalid/require.js"></script>' if mode == "reseau" else ""
    corps = f"<title>{html.escape(texte)}</title>{script}"
    (sortie / f"{nom}.html").write_text(corps, encoding="utf-8")


def rendre(mode: str) -> int:
    reglages = Path("_quarto.yml").read_text(encoding="utf-8")
    livre = "type: book" in reglages
    documents = re.findall(r'^\s+- "(.+)\.ipynb"$', reglages, re.MULTILINE)
    global_ = html.unescape(json.loads(re.search(r"^  title: (.+)$", reglages, re.MULTILINE)[1]))
    sortie = Path("_sortie")
    if mode == "muet":
        return 0
    sortie.mkdir()
    page(sortie, "index", global_, mode)
    norme = b"" if mode == "sans_norme" else b"<pdfuaid:part>1</pdfuaid:part>"
    titres = [titre(Path(f"{nom}.ipynb")) for nom in documents]
    if mode == "melange":
        titres = titres[1:] + titres[:1]
    for rang, (nom, texte) in enumerate(zip(documents, titres, strict=True), start=1):
        print(f"\x1b[1m[{rang:2}/{len(documents)}] {nom}.ipynb\x1b[22m", file=sys.stderr, flush=True)
        if mode == "lent":
            time.sleep(60)
        if mode == "echec" and rang == 2:
            print("ERROR: error: PDF/UA-1 error: missing alt text", file=sys.stderr)
            return 1
        page(sortie, nom, texte, mode)
        if not livre and mode != "sans_pdf":
            (sortie / f"{nom}.pdf").write_bytes(b"%PDF-1.7 " + norme)
    if livre:
        fichier = json.loads(re.search(r"^  output-file: (.+)$", reglages, re.MULTILINE)[1])
        (sortie / f"{fichier}.pdf").write_bytes(b"%PDF-1.7 " + norme)
    print("Output created: _sortie/index.html", file=sys.stderr)
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        print(os.environ.get("FAUX_QUARTO_VERSION", "1.10.18"))
        sys.exit(0)
    noter(Path(os.environ["FAUX_QUARTO_TRACE"]))
    sys.exit(rendre(os.environ.get("FAUX_QUARTO", "reussite")))
