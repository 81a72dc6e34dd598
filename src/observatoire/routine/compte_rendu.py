"""Le compte rendu d'un passage : un texte et une page, dans `outputs/routine/<date>/`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from markupsafe import Markup

from observatoire.magasin import ecrire_octets
from observatoire.publication import charte, polices
from observatoire.publication.formats import jour, typographier
from observatoire.publication.gabarits import environnement

if TYPE_CHECKING:
    from pathlib import Path

    from observatoire.config import Config
    from observatoire.routine.bilan import Bilan

GABARIT = "routine/compte_rendu.html.j2"
_LIBELLES = {
    "livraisons_scellees": "Livraisons scellées",
    "livraisons_refusees": "Livraisons refusées",
    "livraisons_en_attente": "Livraisons en attente",
    "fiches_produites": "Fiches produites",
    "fiches_inchangees": "Fiches inchangées",
    "fiches_en_echec": "Fiches en échec",
}


def ecrire(config: Config, bilan: Bilan, ignorees: list[str]) -> Path:
    """Écrit le compte rendu, texte et page nommés par l'heure du début, et rend le chemin de la page."""
    debut = dt.datetime.fromisoformat(bilan.debut)
    page = config.outputs / "routine" / debut.date().isoformat() / f"{debut:%H-%M-%S}.html"
    ecrire_octets(page.with_suffix(".txt"), en_texte(config, bilan, ignorees).encode())
    ecrire_octets(page, _en_page(config, bilan, ignorees).encode())
    return page


def en_texte(config: Config, bilan: Bilan, ignorees: list[str]) -> str:
    """Rend le compte rendu en texte."""
    debut = dt.datetime.fromisoformat(bilan.debut)
    lignes = [
        bilan.titre,
        f"{config.reglages['observatoire']['nom']}, passage du {jour(debut.date())} à {debut:%H h %M}",
        *(["Données fictives"] if _fictif(config) else []),
        "",
        *(f"- {phrase}" for phrase in bilan.phrases),
    ]
    if ignorees:
        lignes += ["", "Dans data/arrivees, et jamais pris :", *(f"- {phrase}" for phrase in ignorees)]
    return "\n".join(lignes) + "\n"


def _fictif(config: Config) -> bool:
    """Dit si une livraison scellée est inventée ; une provenance abîmée, dite ailleurs, n'arrête rien ici."""
    provenances = config.raw.glob("*/*/provenance.toml")
    return any(b"\nfictif = true\n" in provenance.read_bytes() for provenance in provenances)


def _en_page(config: Config, bilan: Bilan, ignorees: list[str]) -> str:
    lus = environnement(config.racine / "report_templates", typo=typographier)
    debut = dt.datetime.fromisoformat(bilan.debut)
    return lus.get_template(GABARIT).render(
        bilan=bilan,
        fictif=_fictif(config),
        ignorees=ignorees,
        comptes={_LIBELLES[nom]: nombre for nom, nombre in bilan.comptes.items()},
        quand=f"{jour(debut.date())} à {debut:%H h %M}",
        observatoire=config.reglages["observatoire"],
        police=Markup(polices.pour_la_page()),
        charte=Markup(charte.pour_css()),
    )
