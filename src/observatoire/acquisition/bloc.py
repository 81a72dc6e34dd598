"""Le bloc de `observatoire.toml` que `observatoire mapper` écrit : il se colle tel quel."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from observatoire.acquisition.correspondance import colonnes_connues
from observatoire.acquisition.formes import DATES, MOIS, decimale_lue, formes_lues, separateur_lu
from observatoire.referentiel.ecritures import comparable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observatoire.acquisition.correspondance import Proposition, Trouvee

SURE = 90  # % : en dessous, la ligne demande un regard
_NOMBRE = re.compile(r"\d{4}|\d\D\d\D\d")  # une année, une date, un numéro
# sans ces colonnes, la source n'entre pas dans l'entrepôt ; chaque groupe en veut une
_INDISPENSABLES = {
    "suivi": ("structure_id", "operation", "contrat", "heures", "mois|contrat_debut",
              "identite.nom|identite.identifiant", "identite.date_naissance|identite.identifiant"),
    "enquetes": ("annee", "acheteur_id", "heures"),
    "grands_projets": ("acheteur_id", "marche_reference"),
    "structures": ("siret", "genre"),
    "entreprises": ("siret",),
}  # fmt: skip


def nom_de_source(texte: str) -> str:
    """Rend un nom de source tiré d'un nom de fichier.

    >>> nom_de_source("Export Août 2026 (v2)"), nom_de_source("../é")
    ('export_aout_2026_v2', 'e')
    """
    return comparable(texte).replace(" ", "_") or "source"


def ecrire_bloc(proposition: Proposition, nom: str) -> str:
    """Rend le bloc à coller, précédé de commentaires ; aucune valeur du fichier n'y est citée."""
    colonnes = [t for t in proposition.trouvees if not t.nom.startswith("identite.")]
    identite = [t for t in proposition.trouvees if t.nom.startswith("identite.")]
    lignes = [
        *_constats(proposition),
        "",
        f"[sources.{nom}]",
        f"genre = {_texte(proposition.genre)}",
        f"titre = {_texte(nom)}",
        'producteur = "à renseigner"',
        'licence = "à renseigner"',
        'millesimes = "dernier"',
        "",
        f"[sources.{nom}.lecture]",
        *(f"{cle} = {_valeur(valeur)}" for cle, valeur in lecture_proposee(proposition).items()),
        "",
        f"[sources.{nom}.colonnes]",
        *map(_correspondance, colonnes),
    ]
    if identite:
        lignes += ["", f"[sources.{nom}.identite]", *map(_correspondance, identite)]
    return "\n".join(lignes) + "\n"


def lecture_proposee(proposition: Proposition) -> dict[str, str | list[str]]:
    """Rend `[lecture]` : le format, puis ce que les valeurs montrent (dates, mois, décimale, séparateur)."""
    de = {t.nom: proposition.fichier.valeurs[t.entete] for t in proposition.trouvees}
    formes = {colonne.nom: colonne.forme for colonne in colonnes_connues(proposition.genre)}
    par_forme = {
        forme: [valeurs for nom, valeurs in de.items() if formes[nom] == forme]
        for forme in ("date", "mois", "nombre")
    }
    defaut = "," if proposition.fichier.lecture.get("separateur") == ";" else "."
    lecture: dict[str, str | list[str]] = {**proposition.fichier.lecture}
    if par_forme["date"]:
        lecture["date"] = formes_lues(par_forme["date"], DATES)
    if par_forme["mois"]:
        lecture["mois"] = formes_lues(par_forme["mois"], MOIS)
    if par_forme["nombre"]:
        lecture["decimale"] = decimale_lue(par_forme["nombre"], defaut)
    separateur = separateur_lu(de.get("publics", []))
    return lecture | ({"separateur_publics": separateur} if separateur else {})


def manquantes(proposition: Proposition) -> list[str]:
    """Rend ce qui manque d'indispensable ; « a|b » demande l'une ou l'autre."""
    presentes = {trouvee.nom for trouvee in proposition.trouvees}
    return [groupe for groupe in _INDISPENSABLES[proposition.genre] if not presentes & set(groupe.split("|"))]


def _constats(proposition: Proposition) -> list[str]:
    lues = len(proposition.fichier.entetes)
    nom, reconnues = _sur_une_ligne(proposition.fichier.chemin.name), len(proposition.trouvees)
    constats = [f"# {nom} : {reconnues} colonnes reconnues sur {lues}. Relire chaque ligne avant de coller."]
    if not reconnues:
        # sans en-tête, la première ligne peut être celle d'une personne : elle n'est pas citée
        return [*constats, "# Aucun titre n'est connu : la première ligne nomme-t-elle bien les colonnes ?"]
    absents = [groupe.replace("|", " ou ") for groupe in manquantes(proposition)]
    for titre, noms in (
        ("INDISPENSABLE ET ABSENT", absents),
        ("Colonnes du fichier sans correspondance", _citer(proposition, proposition.sans_correspondance)),
        ("Colonnes nominatives à retirer de l'export", _citer(proposition, proposition.nominatives)),
        ("Colonnes portées deux fois, laissées de côté", _citer(proposition, proposition.repetees)),
        ("Nos colonnes que le fichier n'a pas", proposition.absentes),
    ):
        if noms:
            constats.append(f"# {titre} : {', '.join(map(_sur_une_ligne, noms))}")
    return constats


def _citer(proposition: Proposition, titres: Sequence[str]) -> list[str]:
    """Rend les titres à citer ; leur rang seul si moins de la moitié sont connus ou s'ils portent un nombre.

    Un fichier sans titres commence par une personne : ce qui pourrait en être une n'est pas cité.
    """
    entetes = proposition.fichier.entetes
    surs = 2 * len(proposition.trouvees) >= len(entetes)
    return [
        titre if surs and not _NOMBRE.search(titre) else f"n° {entetes.index(titre) + 1}" for titre in titres
    ]


def _correspondance(trouvee: Trouvee) -> str:
    doute = "" if trouvee.confiance >= SURE else ", à vérifier"
    nom = trouvee.nom.removeprefix("identite.")
    return f"{nom} = {_texte(trouvee.entete)}  # {trouvee.confiance} %{doute}"


def _valeur(valeur: str | Sequence[str]) -> str:
    if isinstance(valeur, str):
        return _texte(valeur)
    return _texte(valeur[0]) if len(valeur) == 1 else f"[{', '.join(map(_texte, valeur))}]"


def _texte(texte: str) -> str:
    """Écrit une chaîne TOML ; JSON l'écrit de même, sauf un caractère."""
    return json.dumps(texte, ensure_ascii=False).replace("\x7f", "\\u007F")


def _sur_une_ligne(texte: str) -> str:
    """Rend un titre sans retour à la ligne ni caractère de commande : il est cité dans un commentaire."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", texte)
