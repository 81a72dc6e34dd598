"""La modalité d'une clause lue dans les articles cités, au régime de la date de consultation."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from functools import lru_cache

from observatoire.referentiel import NON_RENSEIGNE

INCONNU, AMBIGU, PERIME = "inconnu", "ambigu", "perime"

# Régimes successifs : code des marchés publics, ordonnance 2015-899 et décret 2016-360, code de la
# commande publique. Ils s'appliquent selon la date d'engagement de la consultation.
REGIMES = (
    ("CMP2006", dt.date(1, 1, 1)),
    ("ORD2015", dt.date(2016, 4, 1)),
    ("CCP", dt.date(2019, 4, 1)),
)
_SENS = {
    "CMP2006": {"14": "CE", "53": "CA", "30": "SI", "15": "MR_HAND", "28": "ACHAT_SIAE"},
    "ORD2015": {
        "38": "CE",
        "52": "CA",
        "62": "CA",
        "28": "SI",
        "36-i": "MR_HAND",
        "36-ii": "MR_SIAE",
        "37": "MR_ESS",
    },
    "CCP": {
        "l2112-2": "CE",
        "l2112-2-1": "CE",
        "l2152-7": "CA",
        "r2152-7": "CA",
        "l2123-1": "SI",
        "r2123-1": "SI",
        "l2113-12": "MR_HAND",
        "l2113-13": "MR_SIAE",
        "l2113-13-1": "MR_PENIT",
        "l2113-14": "MR_HAND_SIAE",
        "l2113-15": "MR_ESS",
        "l2113-16": "MR_ESS",
        "r2122-8": "ACHAT_SIAE",
        "l3114-2": "CONC",
        "l3124-5": "CONC",
        "l3113-1": "CONC",
    },
}
# Ces numéros n'ont pas le même sens d'un texte à l'autre, ou n'en ont pas seuls : sans le bon régime
# (art. 30 : services d'insertion en 2006, définition des besoins en 2015), rien ne se décide.
_SELON_LE_REGIME = {"28", "30", "36"}
_TEXTES = {
    "CMP2006": r"code des marches publics|\bcmp\b|decret (?:n° ?)?2006-975",
    "ORD2015": r"(?:ordonnance|ord\.?|decret) ?(?:n° ?)?201[56]-\d+",
    "CCP": r"code de la commande publique|\bccp\b",
}
_ARTICLE = re.compile(
    r"(?P<code>\b[lr])\s?\.?\s?(?P<numero>\d{4}(?:\s?-\s?\d{1,2}){1,2})(?!\d)"
    r"|(?<!\d)(?P<ancien>\d{2})(?!\d)(?:\s?-?\s?(?P<alinea>ii|i)\b)?"
)
_PRECISION = re.compile(r"\b\d{1,2} ?°|\b[a-z]\)")
_LIAISON = re.compile(r"\b(?:articles?|art|et|de|du|des|la|l|les|code|ordonnance|ord|decret)\b|[\W_]")


def regime(jour: dt.date | None) -> str | None:
    """Rend le régime en vigueur un jour donné.

    >>> regime(dt.date(2017, 5, 2))
    'ORD2015'
    """
    if jour is None:
        return None
    return [nom for nom, depuis in REGIMES if depuis <= jour][-1]


def lire_articles(texte: str, jour: dt.date | None) -> tuple[str, str | None]:
    """Rend le code de modalité d'un texte qui cite des articles, et une marque.

    « 14+53 » se lit condition d'exécution et critère. Un numéro cité hors de son régime est accepté
    avec la marque `perime` quand son sens est sûr ; sinon c'est « NR » et `ambigu`. Un texte où il
    reste autre chose que des articles n'est pas lu (`inconnu`).

    >>> lire_articles("Article 14", dt.date(2017, 5, 2))
    ('CE', 'perime')
    """
    articles, cite = _articles(texte)
    if not articles:
        return NON_RENSEIGNE, INCONNU
    lus = [_sens(article, cite or regime(jour), jour) for article in sorted(articles)]
    codes = {code for code, _ in lus}
    if {marque for _, marque in lus} & {INCONNU, AMBIGU}:
        marques = [marque for _, marque in lus if marque in (INCONNU, AMBIGU)]
        return NON_RENSEIGNE, min(marques, key=(AMBIGU, INCONNU).index)
    perime = PERIME if any(marque for _, marque in lus) else None
    if codes == {"CE", "CA"}:
        return "CE_CA", perime
    return (codes.pop(), perime) if len(codes) == 1 else (NON_RENSEIGNE, AMBIGU)


@lru_cache(maxsize=4096)
def _articles(texte: str) -> tuple[frozenset[str], str | None]:
    """Rend les articles cités et le texte qu'ils citent ; aucun si le reste n'est pas compris."""
    reste = _sans_accents(texte)
    cite = None
    for nom, motif in _TEXTES.items():
        if re.search(motif, reste):
            cite, reste = nom, re.sub(motif, " ", reste)
    articles = set()
    for trouve in _ARTICLE.finditer(reste):
        numero = re.sub(r"\s", "", trouve["numero"] or "")
        alinea = f"-{trouve['alinea']}" if trouve["alinea"] else ""
        articles.add(f"{trouve['code']}{numero}" if numero else f"{trouve['ancien']}{alinea}")
    reste = _PRECISION.sub(" ", _ARTICLE.sub(" ", reste))
    return frozenset() if _LIAISON.sub("", reste) else frozenset(articles), cite


def _sens(article: str, en_vigueur: str | None, jour: dt.date | None) -> tuple[str, str | None]:
    if article in _SELON_LE_REGIME:
        code = _SENS.get(en_vigueur or "", {}).get(article)
        return (code, _decalage(en_vigueur, jour)) if code else (NON_RENSEIGNE, AMBIGU)
    for origine, sens in _SENS.items():
        if article in sens:
            return sens[article], _decalage(origine, jour)
    return NON_RENSEIGNE, INCONNU


def _decalage(origine: str | None, jour: dt.date | None) -> str | None:
    """Dit si le texte cité n'était pas celui en vigueur ; un texte de 2015 ne peut l'être avant 2016."""
    en_vigueur = regime(jour)
    if en_vigueur in (None, origine):
        return None
    return AMBIGU if (origine, en_vigueur) == ("ORD2015", "CMP2006") else PERIME


def _sans_accents(texte: str) -> str:
    decompose = unicodedata.normalize("NFD", texte)
    sans = "".join(c for c in decompose if not unicodedata.combining(c)).casefold()
    return " ".join(re.sub("[\u2010-\u2015\u2212]", "-", sans).split())
