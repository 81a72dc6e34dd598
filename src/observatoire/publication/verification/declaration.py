"""La déclaration d'accessibilité, dans sa forme officielle : ce qui est vérifié, ce qui ne l'est pas."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from observatoire.magasin import Magasin, ecrire_octets
from observatoire.publication import charte, polices
from observatoire.publication.formats import entier, jour, typographier
from observatoire.publication.verification import navigateur
from observatoire.publication.verification.pdf import PDF
from observatoire.publication.verification.structure import STRUCTURE
from observatoire.publication.verification.typographie import TYPOGRAPHIE

if TYPE_CHECKING:
    from pathlib import Path

    from observatoire.config import Config
    from observatoire.publication.verification.constats import Examen

GABARIT = "accessibilite/declaration.html.j2"
FICHIER = "declaration-accessibilite.html"
_NAVIGATEUR = {
    "axe": "règles d’axe-core",
    "clavier": "RGAA 7.3, 10.7, 12.9",
    "affichage à 320 px": "RGAA 10.11",
    "zoom à 200 %": "RGAA 10.4",
    "espacement des textes": "RGAA 10.12",
    "impression": "rien de coupé sur A4",
    "réseau et console": "document autonome",
}
_CRITERES = {
    ".html": {c.nom: c.critere for c in (*STRUCTURE, *TYPOGRAPHIE)} | _NAVIGATEUR,
    ".pdf": {c.nom: c.critere for c in PDF},
}
_GENRES = {".html": "Pages HTML", ".pdf": "Documents PDF", ".ipynb": "Notebooks", ".csv": "Données CSV"}


@dataclass(frozen=True, slots=True)
class Resultat:
    """Un contrôle automatique : son critère, les documents qu'il a vus, ceux où il n'a rien à dire."""

    controle: str
    critere: str
    vus: str
    sans_defaut: str


def rediger(config: Config, examens: list[Examen]) -> Path:
    """Écrit `outputs/declaration-accessibilite.html` à partir des examens, et rend son chemin.

    Raises:
        TableError: les indicateurs n'ont pas été construits.
    """
    provenance = Magasin(config.processed).lire("indicateurs/provenance")
    chemin = config.outputs / FICHIER
    page = _rendre(
        config.racine / "report_templates",
        {
            "observatoire": config.reglages["observatoire"],
            "extraction": jour(provenance["date_extraction"].max().date()),
            "fictif": bool(provenance["fictif"].any()),
            "tableaux": {_GENRES[suffixe]: resultats(examens, suffixe) for suffixe in _CRITERES},
            "sans_navigateur": any("navigateur" in examen.omis for examen in examens),
        },
    )
    ecrire_octets(chemin, page)
    return chemin


def resultats(examens: list[Examen], suffixe: str) -> list[Resultat]:
    """Rend un résultat par contrôle de ce genre de document, dans l'ordre où ils se passent."""
    autres = [e for e in examens if e.document.suffix == suffixe and e.document.name != FICHIER]
    vus = Counter(controle for examen in autres for controle in examen.controles)
    fautifs = Counter(controle for examen in autres for controle in examen.fautifs)
    criteres = _CRITERES[suffixe]
    return [
        Resultat(
            _nommer(controle), criteres.get(controle, "concordance"), entier(n), entier(n - fautifs[controle])
        )
        for controle, n in vus.items()
    ]


def _nommer(controle: str) -> str:
    """Le nom d'un contrôle, écrit pour un lecteur."""
    nom = "outil axe-core" if controle == navigateur.AXE else controle
    return nom[0].upper() + nom[1:]


def _rendre(gabarits: Path, contexte: dict[str, object]) -> bytes:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environnement = Environment(
        loader=FileSystemLoader(gabarits),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # la ponctuation se pose sur du texte déjà échappé
    environnement.filters["typo"] = lambda texte: Markup(typographier(str(texte)))
    page = environnement.get_template(GABARIT).render(
        **contexte, police=Markup(polices.pour_la_page()), charte=Markup(charte.pour_css())
    )
    return page.encode()
