"""Le compte rendu d'une campagne : les échecs par cause, en texte et en page, dans `outputs/journaux`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.magasin import ecrire_octets
from observatoire.publication.campagne.journal import dossier_des_journaux

if TYPE_CHECKING:
    from pathlib import Path

    from observatoire.config import Config
    from observatoire.publication.campagne.bilan import Bilan

GABARIT = "campagne/bilan.html.j2"
NOM = "bilan"


def rendre_compte(config: Config, bilan: Bilan) -> Path:
    """Écrit `bilan.txt` et `bilan.html`, ceux de la dernière campagne, et rend la page."""
    dossier = dossier_des_journaux(config)
    page = dossier / f"{NOM}.html"
    ecrire_octets(dossier / f"{NOM}.txt", ("\n".join(en_texte(bilan)) + "\n").encode())
    ecrire_octets(page, _en_page(config, bilan))
    return page


def en_texte(bilan: Bilan) -> list[str]:
    """Rend le bilan en lignes : la phrase, l'interruption, une cause après l'autre."""
    lignes = [bilan.phrase, *filter(None, [bilan.arret, bilan.suspens])]
    for cause in bilan.causes:
        lignes += [
            "",
            f"{len(cause.echecs)} échec{'s' if len(cause.echecs) > 1 else ''} : {cause.titre}",
            f"  {cause.detail}",
            f"  → {cause.plus_petit.remede}",
            f"  Documents : {cause.objets}",
            f"  Rejouer le plus petit : {cause.plus_petit.tache.commande}",
        ]
    return lignes


def _en_page(config: Config, bilan: Bilan) -> bytes:
    from markupsafe import Markup

    from observatoire.publication import charte, polices
    from observatoire.publication.formats import typographier
    from observatoire.publication.gabarits import environnement

    lus = environnement(config.racine / "report_templates", typo=typographier)
    page = lus.get_template(GABARIT).render(
        bilan=bilan,
        observatoire=config.reglages["observatoire"],
        police=Markup(polices.pour_la_page()),
        charte=Markup(charte.pour_css()),
    )
    return page.encode()
