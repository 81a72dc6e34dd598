"""Les données essentielles de la commande publique : JSON ou XML, v1 ou v2, ou tableau de decp.info."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from observatoire.acquisition.decp_contrats import Contrats
from observatoire.acquisition.decp_json import contrats_json
from observatoire.acquisition.decp_tabulaire import TableauCsv, TableauParquet
from observatoire.acquisition.decp_xml import contrats_xml
from observatoire.erreurs import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from observatoire.config import Source

_BLANCS = b" \t\r\n\0"  # en UTF-16, un octet sur deux est nul


def lire_decp(source: Source, fichier: Path) -> Iterator[pd.DataFrame]:
    """Rend, par morceaux, un fichier DECP comme il a été publié : renommé, jamais corrigé.

    Le format se reconnaît au contenu. En JSON et en XML, une ligne est un contrat ; dans le tableau
    de decp.info, un contrat et un titulaire.

    Raises:
        SourceError: fichier vide, mal formé, d'une version inconnue ou sans contrat.
        ColonnesManquantesError: le tableau n'a pas les colonnes indispensables.
    """
    vide = True
    for table in _ouvrir(source, fichier).morceaux():
        vide = False
        yield table
    if vide:
        raise _sans_contrat(fichier)


def verifier_decp(source: Source, fichier: Path) -> int:
    """Lit un fichier sans rien garder, avec les mêmes refus que `lire_decp`, et rend son nombre de lignes."""
    nombre = _ouvrir(source, fichier).controler()
    if not nombre:
        raise _sans_contrat(fichier)
    return nombre


def _ouvrir(source: Source, fichier: Path) -> Contrats | TableauCsv | TableauParquet:
    with fichier.open("rb") as flux:
        brut = flux.read(1024)
    if brut.startswith(b"PAR1"):
        return TableauParquet(fichier)
    debut = brut.removeprefix(codecs.BOM_UTF8).lstrip()
    if debut.startswith((b"{", b"[")):
        return Contrats(contrats_json(fichier))
    if debut.removeprefix(codecs.BOM_UTF16_LE).removeprefix(codecs.BOM_UTF16_BE).lstrip(_BLANCS)[:1] == b"<":
        if b"<html" in debut.lower():
            raise SourceError(
                f"{fichier.name} contient une page web au lieu de données DECP.",
                "Télécharger de nouveau le fichier, au format JSON.",
            )
        return Contrats(contrats_xml(fichier))
    return TableauCsv(source, fichier)


def _sans_contrat(fichier: Path) -> SourceError:
    return SourceError(
        f"{fichier.name} ne contient aucun contrat.", "Vérifier l'export, ou en choisir un autre."
    )
