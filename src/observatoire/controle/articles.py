"""La modalité d'une clause lue dans les articles cités, au régime de la date de consultation."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from observatoire.referentiel import NON_RENSEIGNE, lire_liste, nomenclature

if TYPE_CHECKING:
    import datetime as dt

INCONNU, AMBIGU, PERIME = "inconnu", "ambigu", "perime"

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
    """Rend le régime en vigueur un jour donné ; avant le premier régime connu, le premier.

    >>> import datetime as dt
    >>> regime(dt.date(2017, 5, 2))
    'ORD2015'
    """
    if jour is None:
        return None
    regimes = nomenclature("regimes")
    commences = [nom for nom, texte in regimes.items() if texte.valide_du <= jour.isoformat()]
    return commences[-1] if commences else next(iter(regimes))


@cache
def articles() -> dict[str, dict[str, str]]:
    """Rend, par article, son code de modalité sous chaque régime ; vide si l'article n'en dit aucune.

    >>> articles()["28"]
    {'CMP2006': 'ACHAT_SIAE', 'ORD2015': 'SI'}
    """
    sens: dict[str, dict[str, str]] = {}
    for ligne in lire_liste("articles"):
        sens.setdefault(ligne["article"], {})[ligne["regime"]] = ligne["modalite"]
    return sens


def lire_articles(texte: str, jour: dt.date | None) -> tuple[str, str | None]:
    """Rend le code de modalité d'un texte qui cite des articles, et une marque.

    « 14+53 » se lit condition d'exécution et critère. Un numéro cité hors de son régime est accepté
    avec la marque `perime` quand son sens est sûr ; sinon c'est « NR » et `ambigu`. Un texte où il
    reste autre chose que des articles n'est pas lu (`inconnu`).

    >>> import datetime as dt
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
    """Rend le sens d'un article.

    Celui qui n'en a qu'un se lit sous tous les régimes. Celui dont le numéro change de sens d'un
    texte à l'autre (art. 30 : services d'insertion en 2006, définition des besoins en 2015), ou qui
    n'en a pas seul (art. 36), demande le bon régime.
    """
    sens = articles().get(article)
    if sens is None:
        return NON_RENSEIGNE, INCONNU
    origine = next(iter(sens)) if len(sens) == 1 else en_vigueur
    code = sens.get(origine or "")
    return (code, _decalage(origine, jour)) if code else (NON_RENSEIGNE, AMBIGU)


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
