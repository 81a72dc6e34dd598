"""Tabuler un petit entrepôt comme si rien n'était secret : l'arithmétique s'y lit, pas la protection."""

from __future__ import annotations

from unittest.mock import patch

import pandas as pd

from observatoire.indicateurs import valeurs
from observatoire.indicateurs.audit import Constat
from observatoire.indicateurs.cellule import CLE
from observatoire.indicateurs.secret import Protection


def tabuler(connexion, config, edition=None):
    """Les tables `indicateurs/*`, toutes cellules publiées."""
    with patch.object(valeurs, "proteger", _tout_publier), patch.object(valeurs, "_auditer", _tout_admettre):
        return valeurs.tabuler(connexion, config, edition)


def _tout_publier(cellules, _politique, _geographie):
    statut = cellules["valeur"].isna().map({True: "non_disponible", False: "publie"}).astype("string")
    return Protection(cellules.assign(statut=statut, raison="", close=False))


def _tout_admettre(_publication, _protection):
    vide = pd.DataFrame(columns=[*CLE, "bas", "haut", "protegee"])
    return Constat(vide, vide.assign(motif=""), 0, 0)
