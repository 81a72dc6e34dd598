r"""Écrire un texte des données dans du Markdown de Pandoc, où il ne sera jamais que du texte.

Tout signe qui a un sens pour Pandoc, pour Quarto ou pour YAML devient une référence de caractère
(`&#42;`) : Quarto cherche ses commandes dans le texte avant que Pandoc ne le lise, et une barre
oblique inverse y serait elle-même un signe (`\[` ouvre une formule selon les extensions).
"""

from __future__ import annotations

import json
import re

_ILLISIBLES = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]+")
_PONCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_ADRESSES = re.compile(r"[^a-z0-9]+")
_OBLIQUE = "\u29f5"
_SANS_SENS = ",;?"


def echapper(texte: str) -> str:
    """Rend le texte sur une ligne, tel que Pandoc l'imprimera littéralement où qu'il soit placé.

    >>> echapper("Seine-Saint-Denis (93)")
    'Seine-Saint-Denis (93)'
    >>> echapper("1. $x$")
    '1&#46; &#36;x&#36;'
    >>> echapper("[x](javascript:1)")
    '&#91;x&#93;&#40;javascript&#58;1&#41;'
    """
    ligne = une_ligne(texte)
    debut = ligne.find(" ") if " " in ligne else len(ligne)
    return _PONCTUATION.sub(lambda signe: _ecrire(signe, debut), ligne)


def attribut(texte: str) -> str:
    """Rend la valeur d'un attribut, à écrire entre guillemets droits.

    Quarto recopie certains attributs dans du code Typst : le guillemet droit et la barre oblique
    inverse, seuls à y clore une chaîne, y prennent une autre forme.

    >>> attribut('a "b"')
    'a ”b”'
    """
    return echapper(texte.replace('"', "”").replace("\\", _OBLIQUE))


def en_yaml(texte: str) -> str:
    """Rend un texte des données comme chaîne YAML, dont Pandoc lit ensuite le Markdown."""
    return chaine_yaml(echapper(texte))


def chaine_yaml(texte: str) -> str:
    """Rend une chaîne YAML, sans rien changer à ce qu'elle dit."""
    return json.dumps(une_ligne(texte), ensure_ascii=False)


def une_ligne(texte: str) -> str:
    r"""Rend le texte sans retour à la ligne, sans caractère de commande, sans blanc au bord.

    >>> une_ligne(" a\n\n    b\x00")
    'a b'
    """
    lisible = _ILLISIBLES.sub(" ", texte.encode("utf-8", "replace").decode())
    return re.sub(" +", " ", lisible).strip()


def ancre(texte: str) -> str:
    """Rend un nom de fichier ou d'ancre : des lettres sans accent, des chiffres et des tirets.

    >>> ancre("Qui en bénéficie ?")
    'qui-en-beneficie'
    """
    from unicodedata import normalize

    nu = normalize("NFKD", texte).encode("ascii", "ignore").decode().lower()
    return _ADRESSES.sub("-", nu).strip("-") or "x"


def _ecrire(signe: re.Match[str], debut: int) -> str:
    """Le signe tel quel là où il n'a de sens pour personne, sinon sa référence.

    `debut` est la fin du premier mot : avant elle, un point ou une parenthèse ouvrent une liste.
    """
    lettre, rang, ligne = signe[0], signe.start(), signe.string
    avant, apres = ligne[rang - 1 : rang], ligne[rang + 1 : rang + 2]
    anodin = (
        lettre in _SANS_SENS
        or (lettre == "-" and avant.isalnum() and apres.isalnum())
        or (rang > debut and _anodin_dans_la_phrase(lettre, avant, apres))
    )
    return lettre if anodin else f"&#{ord(lettre)};"


def _anodin_dans_la_phrase(lettre: str, avant: str, apres: str) -> bool:
    match lettre:
        case "%" | "/":
            return True
        case "(":
            return avant.isspace()
        case ")":
            return avant.isalnum()
        case "." | ":":
            return apres in ("", " ")
    return False
