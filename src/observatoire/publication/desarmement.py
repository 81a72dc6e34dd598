"""Écrire des textes qu'un tableur ne prendra pas pour des formules.

Un tableur exécute une cellule qui commence par « = », « + », « - » ou « @ », ou par leurs formes en pleine
chasse.
"""

from __future__ import annotations

import re

# En tête, ou après ce qu'un tableur mal réglé prendrait pour un séparateur.
_ARME = re.compile(r"(^|[;,\t])(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


def desarmer(texte: str) -> str:
    """Rend un texte sur une ligne, sans caractère de commande, qui ne peut pas être une formule.

    >>> desarmer("=1+1"), desarmer(" @SOMME(A1)"), desarmer("a ; =b"), desarmer("Travaux – lot 1")
    ("'=1+1", "'@SOMME(A1)", "a ; '=b", 'Travaux – lot 1')
    """
    propre = " ".join("".join(c if c.isprintable() else " " for c in texte).split())
    return _ARME.sub(r"\1\2'", propre)
