"""Le livre en pages HTML : sommaire, navigation, recherche sans serveur, aucune adresse extérieure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from observatoire.publication import charte, polices
from observatoire.publication.gabarits import environnement
from observatoire.publication.jumeau import joindre_jumeau

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from observatoire.publication.deroule import Bloc
    from observatoire.publication.rapport.livre import Chapitre, Livre

ACCUEIL = "index"
_EXTRAIT = 400


def rendre_pages(livre: Livre, ours: dict[str, Any], gabarits: Path) -> dict[str, bytes]:
    """Rend les fichiers du livre : une page par chapitre, l'accueil, le style, la recherche.

    Args:
        livre: les chapitres.
        ours: ce que dit l'ours du rapport (titre, année, éditeur, dates, version).
        gabarits: le dossier `report_templates`.
    """
    lus = environnement(gabarits)
    page, accueil = (lus.get_template(f"rapport/{nom}.html.j2") for nom in ("page", "accueil"))
    commun = {"livre": livre, "ours": ours}
    fichiers = {f"{ACCUEIL}.html": accueil.render(chapitre=None, **commun).encode()}
    for rang, chapitre in enumerate(livre.chapitres):
        voisins = {
            "precedent": livre.chapitres[rang - 1] if rang else None,
            "suivant": livre.chapitres[rang + 1] if rang + 1 < len(livre.chapitres) else None,
        }
        blocs = [joindre_jumeau(_avec_police(bloc), ours["annee"]) for bloc in chapitre.blocs]
        fichiers[f"{chapitre.fichier}.html"] = page.render(
            chapitre=chapitre, blocs=blocs, **voisins, **commun
        ).encode()
    style = lus.get_template("rapport/rapport.css")
    fichiers["style.css"] = style.render(
        police=Markup(polices.pour_la_page()), charte=Markup(charte.pour_css())
    ).encode()
    fichiers["recherche.js"] = (gabarits / "rapport" / "recherche.js").read_bytes()
    fichiers["contenu.js"] = _index(livre).encode()
    return fichiers


def _avec_police(bloc: Bloc) -> Bloc:
    return {**bloc, "svg": polices.dans_le_svg(bloc["svg"])} if bloc.get("svg") else bloc


def _index(livre: Livre) -> str:
    """Ce que la recherche parcourt : un script, car une page ouverte du disque ne lit pas d'autre fichier."""
    entrees = [entree for chapitre in livre.chapitres for entree in _entrees(chapitre)]
    ecrit = json.dumps(entrees, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    return f"window.CONTENU = {ecrit};\n"


def _entrees(chapitre: Chapitre) -> Iterator[dict[str, str]]:
    page = f"{chapitre.fichier}.html"
    yield {"titre": chapitre.nom, "ou": page, "texte": _premier_texte(chapitre.blocs)}
    for bloc in chapitre.blocs:
        match bloc["genre"]:
            case "titre" if "ancre" in bloc:
                titre = f"{bloc['numero']} {bloc['texte']}"
                yield {"titre": titre, "ou": f"{page}#{bloc['ancre']}", "texte": ""}
            case "figure" | "tableau":
                titre = f"{bloc['signe']} {bloc['numero']}. {bloc['titre']}"
                libelles = " ".join(ligne[0] for ligne in bloc["lignes"])
                texte = f"{bloc['sous_titre']} {libelles}"[:_EXTRAIT]
                yield {"titre": titre, "ou": f"{page}#{bloc['id']}", "texte": texte}
            case "definitions":
                for entree in bloc["entrees"]:
                    yield {"titre": entree["terme"], "ou": page, "texte": entree["definition"][:_EXTRAIT]}


def _premier_texte(blocs: list[Bloc]) -> str:
    for bloc in blocs:
        if bloc["genre"] == "texte":
            return "".join(morceau["texte"] for morceau in bloc["paragraphes"][0])[:_EXTRAIT]
    return ""
