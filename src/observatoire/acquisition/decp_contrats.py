"""Un contrat publié, en JSON ou en XML, v1 ou v2, devient une ligne : renommé, déplié, jamais corrigé."""

from __future__ import annotations

from json import JSONEncoder
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from observatoire.acquisition.flux_json import lire_texte_json
from observatoire.acquisition.tableurs import colonnes_attendues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Publie = tuple[str, str, dict[str, Any], int]  # version, genre, contrat, taille en caractères

_CONTRATS_PAR_MORCEAU = 50_000
_CARACTERES_PAR_MORCEAU = 1 << 26
_LISTE_COURTE, _LISTES_GARDEES = 100, 1000
_DEJA_ECRITES: dict[str, str] = {}  # une valeur publiée seule → sa liste en JSON


class _Champs:
    """Des valeurs simples d'un objet publié : notre nom ← chemins, marché puis concession.

    `acheteur.id` se lit emboîté, ou parfois à plat, sous cette clé même.
    """

    def __init__(self, chemins: Mapping[str, tuple[str, ...]]) -> None:
        self.noms = list(chemins)
        self._premiers = [possibles[0] for possibles in chemins.values()]
        self._autres = [
            (rang, chemin) for rang, possibles in enumerate(chemins.values()) for chemin in possibles[1:]
        ]
        self._emboites: dict[str, list[tuple[int, str]]] = {}
        for rang, possibles in enumerate(chemins.values()):
            for parent, point, cle in (chemin.partition(".") for chemin in possibles):
                if point:
                    self._emboites.setdefault(parent, []).append((rang, cle))

    def lire(self, objet: dict[str, Any]) -> list[str | None]:
        """Rend les valeurs, dans l'ordre de `noms` ; la première publiée de chaque nom."""
        publiees = map(objet.get, self._premiers)
        valeurs = [v if v is None or (type(v) is str and v) else _en_texte(v) for v in publiees]
        for rang, cle in self._autres:
            if valeurs[rang] is None and cle in objet:
                valeurs[rang] = _en_texte(objet[cle])
        for parent, emboites in self._emboites.items():
            dedans = objet.get(parent)
            if type(dedans) is dict:
                for rang, cle in emboites:
                    if valeurs[rang] is None and cle in dedans:
                        valeurs[rang] = _en_texte(dedans[cle])
        return valeurs

    def nommer(self, publie: Any) -> dict[str, Any]:
        """Rend un objet publié sous nos clés ; une valeur nue est un identifiant."""
        if isinstance(publie, dict):
            return dict(zip(self.noms, self.lire(publie), strict=True))
        return dict.fromkeys(self.noms) | {"id": _en_texte(publie)}


_CONTRAT = _Champs(
    {
        "uid": ("uid",),
        "id_source": ("id",),
        "acheteur_id": ("acheteur.id", "autoriteConcedante.id"),
        "acheteur_nom": ("acheteur.nom", "autoriteConcedante.nom"),
        "nature": ("nature",),
        "objet": ("objet",),
        "cpv": ("codeCPV",),
        "procedure": ("procedure",),
        "id_accord_cadre": ("idAccordCadre",),
        "marche_innovant": ("marcheInnovant",),
        "ccag": ("ccag",),
        "offres_recues": ("offresRecues",),
        "attribution_avance": ("attributionAvance",),
        "taux_avance": ("tauxAvance",),
        "type_groupement": ("typeGroupementOperateurs",),
        "sous_traitance_declaree": ("sousTraitanceDeclaree",),
        "lieu_code": ("lieuExecution.code",),
        "lieu_type": ("lieuExecution.typeCode",),
        "date_notification": ("dateNotification", "dateSignature"),
        "date_publication": ("datePublicationDonnees",),
        "date_debut_execution": ("dateDebutExecution",),
        "duree_mois": ("dureeMois",),
        "montant": ("montant", "valeurGlobale"),
        "montant_subvention": ("montantSubventionPublique",),
        "forme_prix": ("formePrix",),
        "origine_ue": ("origineUE",),
        "origine_france": ("origineFrance",),
    }
)
# l'arrêté et le schéma ne s'accordent pas sur le pluriel
_LISTES = {
    "techniques": ("techniques", "technique"),
    "modalites_execution": ("modalitesExecution", "modaliteExecution"),
    "types_prix": ("typesPrix", "typePrix", "TypePrix"),
    "considerations": ("considerationsSociales", "considerationSociale"),
    "considerations_environnementales": ("considerationsEnvironnementales", "considerationEnvironnementale"),
}
_TITULAIRE = _Champs(
    {
        "id": ("id",),
        "type_identifiant": ("typeIdentifiant",),
        "denomination": ("denominationSociale",),
    }
)
_MODIFICATION = _Champs(
    {
        "id": ("id",),
        "date_notification": ("dateNotificationModification", "dateSignatureModification"),
        "date_publication": ("datePublicationDonneesModification",),
        "montant": ("montant", "valeurGlobale"),
        "duree_mois": ("dureeMois",),
    }
)
_ACTE = _Champs(
    {
        "id": ("id",),
        "sous_traitant_id": ("sousTraitant.id",),
        "type_identifiant": ("sousTraitant.typeIdentifiant",),
        "montant": ("montant",),
        "duree_mois": ("dureeMois",),
        "date_notification": ("dateNotification",),
        "date_publication": ("datePublicationDonnees",),
        "variation_prix": ("variationPrix",),
    }
)
_MODIFICATION_D_ACTE = _Champs(
    {
        "id": ("id",),
        "montant": ("montant",),
        "duree_mois": ("dureeMois",),
        "date_notification": ("dateNotificationModificationSousTraitance",),
    }
)
_OPERATEURS = ("titulaire", "concessionnaire")

en_json = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Contrats:
    """Les contrats d'un fichier, à compter ou à mettre en tables."""

    def __init__(self, publies: Iterable[Publie]) -> None:
        self._publies = publies

    def controler(self) -> int:
        """Rend le nombre de contrats, tous lus."""
        return sum(1 for _ in self._publies)

    def morceaux(self) -> Iterator[pd.DataFrame]:
        """Rend une ligne par contrat, aux colonnes de `acquisition/decp`, par morceaux.

        Un morceau tient cinquante mille contrats, moins s'ils sont longs : la mémoire est bornée.
        """
        lignes: list[tuple[str | None, ...]] = []
        deja = caracteres = 0
        for version, genre, contrat, taille in self._publies:
            lignes.append((*_ligne(contrat), version, _genre(contrat, genre)))
            caracteres += taille
            if len(lignes) >= _CONTRATS_PAR_MORCEAU or caracteres >= _CARACTERES_PAR_MORCEAU:
                yield _en_table(lignes, deja)
                deja += len(lignes)
                lignes, caracteres = [], 0
        if lignes:
            yield _en_table(lignes, deja)


def _en_table(lignes: list[tuple[str | None, ...]], deja: int) -> pd.DataFrame:
    colonnes = zip(_COLONNES, zip(*lignes, strict=True), strict=True)
    arrow = pa.table({nom: _en_arrow(valeurs) for nom, valeurs in colonnes})
    table: pd.DataFrame = arrow.to_pandas(types_mapper={pa.string(): pd.StringDtype()}.get)
    table["ligne"] = pd.RangeIndex(deja + 1, deja + len(lignes) + 1)
    table["nb_modifications"] = table["nb_modifications"].astype("Int64")
    return table.reindex(columns=["ligne", *colonnes_attendues("decp")])


def _en_arrow(valeurs: tuple[str | None, ...]) -> pa.Array:
    try:
        return pa.array(valeurs, pa.string())
    except UnicodeEncodeError:  # la moitié d'un caractère, coupé par le producteur
        return pa.array([None if v is None else _reparer(v) for v in valeurs], pa.string())


def _reparer(texte: str) -> str:
    r"""Écrit U+FFFD à la place de la moitié d'un caractère, qu'aucun fichier ne peut garder.

    >>> _reparer("a\ud83d") == "a\N{REPLACEMENT CHARACTER}"
    True
    """
    return texte.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _genre(contrat: dict[str, Any], liste: str) -> str:
    concession = "autoriteConcedante" in contrat or contrat.get("_type") == "Contrat de concession"
    return "concession" if concession else liste


def _ligne(contrat: dict[str, Any]) -> list[str | None]:
    """Rend les colonnes d'un contrat, dans l'ordre de `_COLONNES`, sauf le format et le genre."""
    ligne = _CONTRAT.lire(contrat)
    for noms in _LISTES.values():
        liste = _premier(contrat, noms)
        ligne.append(None if liste is None else _ecrire_feuilles(liste))
    modifications = 0
    for nom, (noms, enveloppes, lire) in _OBJETS.items():
        publie = _premier(contrat, noms)
        objets = [] if publie is None else [lire(objet) for objet in _deplier(publie, enveloppes)]
        ligne.append(None if publie is None else en_json(objets))
        modifications += len(objets) if nom == "modifications" else 0
    ligne.append(str(modifications))
    return ligne


def _ecrire_feuilles(publiee: Any) -> str:
    """Écrit la liste des valeurs simples ; les quelques listes publiées sans cesse le sont une fois."""
    valeurs = next(iter(publiee.values())) if type(publiee) is dict and len(publiee) == 1 else None
    if type(valeurs) is not list or len(valeurs) != 1 or type(valeurs[0]) is not str:
        return _ecrire_liste(_feuilles(publiee, []))
    ecrite = _DEJA_ECRITES.get(valeurs[0])
    if ecrite is None:
        ecrite = _ecrire_liste(_feuilles(valeurs, []))
        if len(ecrite) < _LISTE_COURTE and len(_DEJA_ECRITES) < _LISTES_GARDEES:
            _DEJA_ECRITES[valeurs[0]] = ecrite
    return ecrite


def _ecrire_liste(textes: list[str]) -> str:
    r"""Écrit une liste de textes comme `en_json`, trois fois plus vite.

    >>> _ecrire_liste(['dit "oui"', "a"])
    '["dit \\"oui\\"","a"]'
    """
    return f"[{','.join(map(encode_basestring, textes))}]"


def _premier(contrat: dict[str, Any], noms: Iterable[str]) -> Any:
    for nom in noms:
        if (valeur := contrat.get(nom)) is not None:
            return valeur
    return None


def _en_texte(valeur: Any) -> str | None:
    """Écrit une valeur publiée ; un objet ou une liste vide ne dit rien.

    >>> [_en_texte(v) for v in ("61100", True, "NC", "", {}, ["a"])]
    ['61100', 'true', 'NC', None, None, '["a"]']
    """
    if isinstance(valeur, str):
        return valeur or None
    if isinstance(valeur, bool):
        return "true" if valeur else "false"
    return en_json(valeur) if valeur else None


def _feuilles(valeur: Any, lues: list[str]) -> list[str]:
    """Ajoute à `lues` les valeurs simples d'une liste ou d'un objet, dans l'ordre."""
    if isinstance(valeur, dict | list):
        for element in valeur.values() if isinstance(valeur, dict) else valeur:
            if type(element) is str and element:
                lues.append(element)
            else:
                _feuilles(element, lues)
    elif (texte := _en_texte(valeur)) is not None:
        lues.append(texte)
    return lues


def _deplier(valeur: Any, enveloppes: Iterable[str]) -> list[Any]:
    """Rend les objets publiés, quelle que soit leur écriture.

    On a rencontré la liste, la liste de listes, l'objet seul, l'un ou l'autre sous une enveloppe
    (`{"titulaire": …}`), l'identifiant nu, et le tout écrit dans une chaîne.
    """
    if isinstance(valeur, str):
        valeur = lire_texte_json(valeur) if valeur[:1] in ("[", "{") else valeur
    if isinstance(valeur, dict):
        emballes = [valeur[nom] for nom in enveloppes if nom in valeur]
        if not emballes:
            return [valeur] if valeur else []
        valeur = emballes
    if isinstance(valeur, list):
        return [objet for element in valeur for objet in _deplier(element, enveloppes)]
    return [] if valeur in (None, "") else [valeur]


def _modification(publiee: Any) -> dict[str, Any]:
    titulaires = _premier(publiee, _TITULAIRES) if isinstance(publiee, dict) else None
    lus = None if titulaires is None else [_TITULAIRE.nommer(t) for t in _deplier(titulaires, _OPERATEURS)]
    return _MODIFICATION.nommer(publiee) | {"titulaires": lus}


def _annee_d_execution(publiee: Any) -> Any:
    """Rend une année d'exécution telle que publiée, ses tarifs sortis de leur enveloppe."""
    if not isinstance(publiee, dict) or "tarifs" not in publiee:
        return publiee
    return publiee | {"tarifs": list(_tarifs(publiee["tarifs"]))}


def _tarifs(publies: Any) -> Iterator[Any]:
    for tarif in _deplier(publies, ()):
        # « tarif » est à la fois l'enveloppe et le prix qu'elle contient
        enveloppe = isinstance(tarif, dict) and isinstance(tarif.get("tarif"), dict | list)
        yield from _tarifs(tarif["tarif"]) if enveloppe else (tarif,)


_TITULAIRES = ("titulaires", "concessionnaires")
# notre colonne ← noms publiés, enveloppes, lecture d'un objet
_OBJETS: dict[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[Any], Any]]] = {
    "titulaires": (_TITULAIRES, _OPERATEURS, _TITULAIRE.nommer),
    "modifications": (("modifications",), ("modification",), _modification),
    "actes_sous_traitance": (("actesSousTraitance",), ("acteSousTraitance",), _ACTE.nommer),
    "modifications_sous_traitance": (
        ("modificationsActesSousTraitance",),
        ("modificationActeSousTraitance",),
        _MODIFICATION_D_ACTE.nommer,
    ),
    "donnees_execution": (("donneesExecution",), ("donneesAnnuelles",), _annee_d_execution),
}
_COLONNES = [*_CONTRAT.noms, *_LISTES, *_OBJETS, "nb_modifications", "format", "genre"]
