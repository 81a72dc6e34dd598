"""La structure d'une page HTML : ce que les outils d'accessibilité automatiques ne voient pas tous."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from observatoire.publication.verification.constats import Controle, Trouve
from observatoire.publication.verification.page import Page, cache_aux_lecteurs, contenu, defauts, epurer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

_TITRES = ("h1", "h2", "h3", "h4", "h5", "h6")
_VAGUES = {
    "ici", "cliquez ici", "cliquer ici", "cliquez", "lien", "ce lien", "lire la suite", "la suite", "suite",
    "en savoir plus", "plus", "voir", "voir plus", "détails", "télécharger", "pdf", "csv", "html", "page",
}  # fmt: skip
_PUCES = re.compile(r"^\s*(?:[-–—•*·▪►]|\d+[.)])\s+\S")


def _doctype(page: Page) -> Iterator[Trouve]:
    if not re.match(r"\s*<!doctype html>", page.source, re.IGNORECASE):
        yield Trouve("la page ne commence pas par <!DOCTYPE html>")


def _langue(page: Page) -> Iterator[Trouve]:
    langue = page.arbre.get("lang", "")
    if langue.split("-")[0] != "fr":
        yield Trouve(f"langue de la page : « {langue} »")


def _titre(page: Page) -> Iterator[Trouve]:
    """Le titre dit le sujet de la page (son h1) et de quand elle parle (une année)."""
    titre = epurer(page.arbre.findtext(".//title") or "")
    principal = next((contenu(h1) for h1 in page.tous("h1")), "")
    if not titre:
        yield Trouve("la page n'a pas de titre")
    elif _mots(principal) not in _mots(titre):
        yield Trouve(f"le titre « {titre} » ne dit pas « {principal} »")
    elif not re.search(r"\b(19|20)\d\d\b", titre):
        yield Trouve(f"le titre « {titre} » ne dit pas la période")


def _mots(texte: str) -> str:
    """Les mots d'un texte, sans ponctuation : « 1. Synthèse » vaut « 1 Synthèse »."""
    return " ".join(re.findall(r"\w+", texte))


def _h1(page: Page) -> Iterator[Trouve]:
    combien = len(page.tous("h1"))
    if combien != 1:
        yield Trouve(f"la page a {combien} titre(s) de niveau 1")


def _niveaux(page: Page) -> Iterator[Trouve]:
    """Un titre de navigation n'est pas dans le plan du document."""
    titres = [titre for titre in page.tous(*_TITRES) if next(titre.iterancestors("nav"), None) is None]
    yield from defauts([titre for titre in titres if not contenu(titre)], page, "titre vide")
    if titres and titres[0].tag != "h1":
        yield Trouve(f"le premier titre est un {titres[0].tag}", page.montrer(titres[0]).ou)
    for avant, titre in pairwise(titres):
        if int(titre.tag[1]) > int(avant.tag[1]) + 1:
            yield Trouve(f"un {titre.tag} suit un {avant.tag}", page.montrer(titre).ou)


def _dessins(page: Page) -> list[HtmlElement]:
    return [
        dessin
        for dessin in page.tous("img", "svg")
        if not cache_aux_lecteurs(dessin) and next(dessin.iterancestors("svg"), None) is None
    ]


def _alternatives(page: Page) -> Iterator[Trouve]:
    noms = {dessin: page.nom(dessin) for dessin in _dessins(page)}
    repetes = {nom for nom, combien in Counter(noms.values()).items() if combien > 1}
    for dessin, nom in noms.items():
        ou = page.montrer(dessin).ou
        if not nom:
            yield Trouve("dessin sans alternative", ou)
        elif nom in repetes:
            yield Trouve(f"deux dessins ont la même alternative : « {nom[:60]} »", ou)
        elif re.search(r"\.(svg|png|jpe?g)$", nom):
            yield Trouve(f"l'alternative est un nom de fichier : « {nom} »", ou)
        elif dessin.tag == "svg" and dessin.get("role") != "img":
            yield Trouve("dessin SVG sans role=img", ou)


def _figures(page: Page) -> Iterator[Trouve]:
    for figure in page.tous("figure"):
        ou = page.montrer(figure).ou
        legende = figure.find(".//figcaption")
        if legende is None or not contenu(legende):
            yield Trouve("figure sans légende (figcaption)", ou)
        if figure.find(".//table") is None and not _mene_a_un_tableau(page, figure):
            yield Trouve("figure sans le tableau de ses données, ni lien vers lui", ou)
        alternatives = {page.nom(dessin) for dessin in figure.iter("img", "svg")}
        if legende is not None and contenu(legende) in alternatives:
            yield Trouve("l'alternative du dessin répète sa légende", ou)


def _mene_a_un_tableau(page: Page, figure: HtmlElement) -> bool:
    ancres = [lien.get("href", "")[1:] for lien in figure.iter("a") if lien.get("href", "").startswith("#")]
    cibles = [page.arbre.get_element_by_id(ancre, None) for ancre in ancres]
    return any(cible is not None and next(cible.iter("table"), None) is not None for cible in cibles)


def _images_de_texte(page: Page) -> Iterator[Trouve]:
    """Un dessin en points ne s'agrandit pas et son texte ne se lit pas : le SVG seul est admis."""
    points = [
        i
        for i in page.tous("img")
        if re.match(r"data:image/(?!svg)|.*\.(png|jpe?g|gif|webp)$", i.get("src", ""))
    ]
    yield from defauts(points, page, "image en points")


def _tableaux(page: Page) -> Iterator[Trouve]:
    legendes = Counter(contenu(legende) for legende in page.tous("caption"))
    for tableau in page.tous("table"):
        if tableau.get("role") in ("presentation", "none"):
            continue
        ou = page.montrer(tableau).ou
        legende = tableau.find("caption")
        if legende is None or not contenu(legende):
            yield Trouve("tableau sans légende (caption)", ou)
        elif legendes[contenu(legende)] > 1:
            yield Trouve(f"deux tableaux ont la même légende : « {contenu(legende)} »", ou)
        entetes = list(tableau.iter("th"))
        if not entetes:
            yield Trouve("tableau sans cellule d'en-tête (th)", ou)
        if any(entete.get("scope") not in ("col", "row", "colgroup", "rowgroup") for entete in entetes):
            yield Trouve("cellule d'en-tête sans scope", ou)
        if any(not contenu(entete) for entete in entetes):
            yield Trouve("cellule d'en-tête vide", ou)


def _liens(page: Page) -> Iterator[Trouve]:
    for lien in page.tous("a"):
        nom = page.nom(lien)
        court = re.sub(r"[^\w\s]", "", nom).strip().lower()
        if not court:
            yield Trouve("lien sans texte", page.montrer(lien).ou)
        elif court in _VAGUES or court.startswith("cliqu") or re.match(r"(https?://|www\.)", nom):
            yield Trouve(f"lien qui ne dit pas où il mène : « {nom} »", page.montrer(lien).ou)


def _adresses(page: Page) -> Iterator[Trouve]:
    """Rien hors de la page n'est chargé ni visé ; ce qui est relatif existe."""
    for attribut in ("src", "href", "action", "formaction", "data", "poster", "srcset", "background"):
        for element in page.arbre.xpath(f"//*[@{attribut}]"):
            adresse = element.get(attribut).strip()
            if constat := _adresse_fautive(page, adresse):
                yield Trouve(constat, f"<{element.tag} {attribut}> {adresse[:80]}")
    styles = [*(style.text or "" for style in page.tous("style")), *map(str, page.arbre.xpath("//@style"))]
    for regle in re.findall(r"url\(\s*[\"']?(?!data:|#)([^)\"']+)|(@import[^;]+)", "\n".join(styles)):
        yield Trouve("feuille de style qui sort de la page", "".join(regle)[:80])


def _adresse_fautive(page: Page, adresse: str) -> str:
    if adresse.startswith("#"):
        return "" if adresse[1:] in {*page.identifiants, ""} else "lien vers une ancre qui n'existe pas"
    if re.match(r"data:(image|font|text/csv)[/;]|mailto:", adresse):
        return ""
    if re.match(r"[a-z][a-z0-9+.-]*:|//", adresse, re.IGNORECASE):
        return "adresse extérieure"
    relatif = re.split(r"[?#]", adresse)[0]
    return "" if (page.chemin.parent / relatif).exists() else "fichier qui n'existe pas"


def _evitement(page: Page) -> Iterator[Trouve]:
    premier = next(iter(page.arbre.xpath("//body//a[@href] | //body//button | //body//input")), None)
    ancre = "" if premier is None else premier.get("href", "")
    cible = page.arbre.get_element_by_id(ancre[1:], None) if ancre.startswith("#") else None
    if cible is None or cible.tag != "main":
        yield Trouve("la page ne commence pas par un lien vers son contenu (<main>)")


def _reperes(page: Page) -> Iterator[Trouve]:
    for balise, role in (("main", "main"), ("header", "banner"), ("footer", "contentinfo")):
        hors = [
            e
            for e in page.tous(balise)
            if balise == "main" or next(e.iterancestors("main", "section", "article"), None) is None
        ]
        combien = len(hors) + len(page.arbre.xpath(f"//*[@role='{role}'][not(self::{balise})]"))
        if combien != 1:
            yield Trouve(f"la page a {combien} repère(s) <{balise}>")
    navigations = [page.nom(nav) for nav in page.tous("nav")]
    if len(navigations) > 1 and len(set(navigations)) < len(navigations):
        yield Trouve("deux navigations portent le même nom")


def _identifiants(page: Page) -> Iterator[Trouve]:
    for identifiant, combien in Counter(page.identifiants).items():
        if combien > 1 or not identifiant.strip():
            yield Trouve(f"identifiant « {identifiant} » présent {combien} fois")


def _listes(page: Page) -> Iterator[Trouve]:
    admis = {"ul": {"li"}, "ol": {"li"}, "dl": {"dt", "dd", "div"}}
    for liste in page.tous(*admis):
        intrus = [
            str(enfant.tag) for enfant in liste if enfant.tag not in {*admis[liste.tag], "script", "template"}
        ]
        if intrus:
            yield Trouve(f"une liste contient un <{intrus[0]}>", page.montrer(liste).ou)
    for balise, parents in (("li", ("ul", "ol", "menu")), ("dt", ("dl", "div")), ("dd", ("dl", "div"))):
        hors = [e for e in page.tous(balise) if e.getparent().tag not in parents]
        yield from defauts(hors, page, f"<{balise}> hors d'une liste")
    for avant, suivant in pairwise(page.tous("p")):
        if avant.getnext() is suivant and all(_PUCES.match(contenu(p)) for p in (avant, suivant)):
            yield Trouve("des paragraphes imitent une liste", page.montrer(avant).ou)


def _etiquettes(page: Page) -> Iterator[Trouve]:
    pour = {label.get("for") for label in page.tous("label") if contenu(label)}
    for champ in page.tous("input", "select", "textarea"):
        nomme = champ.get("id") in pour or next(champ.iterancestors("label"), None) is not None
        if champ.get("type") not in ("hidden", "submit", "button") and not nomme and not _nom_aria(champ):
            yield Trouve("champ sans étiquette", page.montrer(champ).ou)
    muets = [e for e in page.tous("button", "summary") if not page.nom(e)]
    yield from defauts(muets, page, "bouton sans nom")
    regions = page.arbre.xpath("//*[@role='region' or @tabindex='0'][not(self::a or self::button)]")
    yield from defauts([e for e in regions if not _nom_aria(e)], page, "région sans nom")


def _nom_aria(element: HtmlElement) -> bool:
    return bool(element.get("aria-label", "").strip() or element.get("aria-labelledby", "").strip())


def _liberte(page: Page) -> Iterator[Trouve]:
    """Rien ne bouge seul, n'empêche d'agrandir, ne change l'ordre du clavier."""
    for vue in page.arbre.xpath("//meta[@name='viewport']/@content"):
        if re.search(r"user-scalable\s*=\s*(no|0)|maximum-scale", vue):
            yield Trouve("la page empêche d'agrandir", str(vue))
    animes = page.arbre.xpath(
        "//marquee | //blink | //*[@autoplay] | //meta[translate(@http-equiv,'RESH','resh')='refresh']"
    )
    yield from defauts(animes, page, "contenu qui bouge ou se recharge seul")
    yield from defauts(page.arbre.xpath("//*[@tabindex > 0]"), page, "ordre du clavier forcé (tabindex)")


_GABARIT = "Corriger le gabarit de la page (report_templates)."
STRUCTURE: tuple[Controle[Page], ...] = (
    Controle("doctype", "RGAA 8.1", _doctype, _GABARIT),
    Controle("langue", "RGAA 8.3", _langue, 'Écrire <html lang="fr">.'),
    Controle("titre", "RGAA 8.6", _titre, "Donner à <title> le titre de la page et sa période."),
    Controle("titre de niveau 1", "RGAA 9.1", _h1, "N'en garder qu'un, celui du document."),
    Controle("niveaux de titre", "RGAA 9.1", _niveaux, "Ne pas sauter de niveau entre deux titres."),
    Controle(
        "alternatives",
        "RGAA 1.1",
        _alternatives,
        "Écrire ce que montre chaque dessin, dans ses propres mots.",
    ),
    Controle("figures", "RGAA 1.6, 1.9", _figures, "Donner à la figure sa légende et son tableau."),
    Controle("images de texte", "RGAA 1.8", _images_de_texte, "Dessiner la figure en SVG."),
    Controle(
        "tableaux",
        "RGAA 5.4, 5.6, 5.7",
        _tableaux,
        "Donner au tableau une légende et des en-têtes (th, scope).",
    ),
    Controle(
        "liens", "RGAA 6.1", _liens, "Écrire dans le lien ce qu'il ouvre : « Données de l'édition (CSV) »."
    ),
    Controle("adresses", "document autonome", _adresses, "Joindre le fichier à l'édition, ou ôter le lien."),
    Controle("lien d'évitement", "RGAA 12.7", _evitement, 'Commencer la page par <a href="#contenu">.'),
    Controle("repères", "RGAA 12.6", _reperes, "Un seul <header>, un seul <main>, un seul <footer>."),
    Controle("identifiants", "RGAA 8.2", _identifiants, "Donner à chaque élément un identifiant à lui."),
    Controle("listes", "RGAA 9.3", _listes, "Écrire les énumérations avec <ul>, <ol> ou <dl>."),
    Controle("étiquettes", "RGAA 11.1", _etiquettes, "Nommer le champ, le bouton ou la région."),
    Controle("liberté du lecteur", "RGAA 10.4, 12.8, 13.8", _liberte, _GABARIT),
)
