"""Le dépôt des fichiers reçus : scellés une fois avec leur provenance, jamais modifiés."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from observatoire.acquisition.lecture import verifier
from observatoire.erreurs import SourceError, raison_du_systeme
from observatoire.magasin import ecrire_octets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from observatoire.config import Config, Source

PROVENANCE = "provenance.toml"
_ERREURS_CITEES = 20
_CHAMPS = ("titre", "producteur", "licence", "date_extraction", "fictif", "fichiers")


@dataclass(frozen=True)
class Depot:
    """Un fichier scellé et sa provenance."""

    source: Source
    millesime: str
    chemin: Path
    titre: str
    producteur: str
    licence: str
    date_extraction: dt.date
    fictif: bool
    sha256: str
    lignes: int | None = None


def sceller(
    config: Config,
    nom_source: str,
    fichiers: Sequence[Path],
    *,
    date_extraction: dt.date,
    fictif: bool = False,
    titre: str | None = None,
    producteur: str | None = None,
    licence: str | None = None,
    defauts: Mapping[str, tuple[str, int]] | None = None,
) -> list[tuple[Path, bool]]:
    """Copie des fichiers, ou ceux d'un dossier, dans `data/raw/<source>/<date>/` et écrit leur provenance.

    Tous les fichiers sont lus d'essai avant que le premier soit copié : un mauvais fichier n'écrit
    rien. Un contenu déjà scellé ne change rien : sous n'importe quelle date quand les livraisons
    s'ajoutent, dans la même livraison quand la dernière remplace les autres.

    Args:
        config: le dossier de travail.
        nom_source: une source déclarée.
        fichiers: les fichiers et dossiers reçus ; les noms des fichiers sont gardés.
        date_extraction: la date des données ; elle nomme la livraison.
        fictif: les données sont inventées, et tout ce qui en sort le dira.
        titre: celui d'une nouvelle livraison, à défaut celui de la source ; de même pour la suite.
        producteur: qui a produit les données.
        licence: sous quelle licence.
        defauts: pour des données d'exemple, les défauts plantés : nom, description et nombre.

    Returns:
        Le chemin scellé de chaque fichier, et `True` s'il est nouveau.

    Raises:
        SourceError: fichier absent, illisible, ou même nom déjà pris par un autre contenu.
    """
    source = config.source(nom_source)
    dossier = config.raw / source.nom / date_extraction.isoformat()
    provenance = _lire_provenance(dossier) or {
        "titre": titre or source.titre,
        "producteur": producteur or source.producteur,
        "licence": licence or source.licence,
        "date_extraction": date_extraction,
        "fictif": fictif,
        "fichiers": [],
    }
    _refuser_un_melange(dossier, provenance, fictif=fictif)
    recus = [(fichier, _empreinte(fichier)) for recu in fichiers for fichier in _deplier(recu)]
    deja = _scelles(config, source, dossier)
    nouveaux: dict[str, Path] = {}
    for fichier, sha256 in recus:
        if sha256 not in deja:
            nouveaux.setdefault(sha256, fichier)
    _refuser_les_conflits(dossier, provenance, nouveaux.values())
    lignes = _verifier(source, nouveaux.values())
    if nouveaux:
        if defauts:
            provenance["defauts"] = _dire(defauts)
        _deposer(dossier, provenance, nouveaux, lignes, prive=bool(source.identite))
    scelles = _scelles(config, source, dossier)
    return [(scelles[sha256], nouveaux.get(sha256) == fichier) for fichier, sha256 in recus]


def _dire(defauts: Mapping[str, tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"nom": nom, "description": texte, "nombre": n} for nom, (texte, n) in defauts.items()]


def _refuser_un_melange(dossier: Path, provenance: Mapping[str, Any], *, fictif: bool) -> None:
    if provenance["fictif"] != fictif:
        raise SourceError(
            f"La livraison {dossier.parent.name}/{dossier.name} mêlerait données réelles et fictives.",
            "Choisir une autre date d'extraction, ou retirer ce dossier de data/raw.",
        )


def _deplier(recu: Path) -> list[Path]:
    """Rend les fichiers d'un dossier et de ses sous-dossiers, triés, sans les fichiers cachés."""
    if not recu.is_dir():
        return [recu]
    fichiers = sorted(
        fichier
        for fichier in recu.rglob("*")
        if fichier.is_file() and not any(p.startswith(".") for p in fichier.relative_to(recu).parts)
    )
    if not fichiers:
        raise SourceError(f"Le dossier {recu} ne contient aucun fichier.", "Vérifier le chemin.")
    return fichiers


def inventaire(config: Config) -> list[Depot]:
    """Rend les fichiers à lire, triés, selon ce que chaque source garde : tous ou le dernier millésime.

    Raises:
        SourceError: un fichier a changé depuis son scellement, manque, ou n'a pas été scellé.
    """
    depots: list[Depot] = []
    for source in sorted(config.sources.values(), key=lambda source: source.nom):
        livraisons = list(_livraisons(config, source))
        retenues = livraisons if source.millesimes == "tous" else livraisons[-1:]
        for dossier, provenance in retenues:
            depots += _depots(source, dossier, provenance)
    return depots


def livraison_precedente(config: Config, source: Source) -> list[Depot]:
    """Rend les fichiers de l'avant-dernière livraison d'une source ; aucun s'il n'y en a qu'une.

    Raises:
        SourceError: un de ces fichiers a changé depuis son scellement, manque, ou n'a pas été scellé.
    """
    livraisons = list(_livraisons(config, source))
    return list(_depots(source, *livraisons[-2])) if len(livraisons) > 1 else []


def _depots(source: Source, dossier: Path, provenance: dict[str, Any]) -> Iterator[Depot]:
    declares = {fichier["nom"]: fichier["sha256"] for fichier in provenance["fichiers"]}
    lignes = {fichier["nom"]: fichier.get("lignes") for fichier in provenance["fichiers"]}
    presents = _visibles(dossier) - {PROVENANCE}
    if inconnus := sorted(presents - set(declares)):
        raise SourceError(
            f"{source.nom}/{dossier.name} : fichiers non scellés : {', '.join(inconnus)}.",
            "Relancer leur import s'il a été interrompu ; sinon, les retirer de ce dossier et les importer.",
        )
    for nom, sha256 in sorted(declares.items()):
        if nom not in presents or _empreinte(dossier / nom) != sha256:
            raise SourceError(
                f"{source.nom}/{dossier.name}/{nom} manque ou a changé depuis son scellement.",
                "Remettre le fichier d'origine ; pour une version corrigée, l'importer sous une autre date.",
            )
        yield Depot(
            source=source,
            millesime=dossier.name,
            chemin=dossier / nom,
            titre=provenance["titre"],
            producteur=provenance["producteur"],
            licence=provenance["licence"],
            date_extraction=provenance["date_extraction"],
            fictif=provenance["fictif"],
            sha256=sha256,
            lignes=lignes[nom],
        )


def _livraisons(config: Config, source: Source) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Rend les livraisons d'une source, par date ; un dossier resté vide n'en est pas une."""
    for dossier in sorted((config.raw / source.nom).glob("[!.]*/")):
        if not _est_une_date(dossier.name):
            raise SourceError(
                f"{dossier} n'est pas une livraison : son nom n'est pas une date (AAAA-MM-JJ).",
                "Retirer ce dossier et importer ses fichiers.",
            )
        if provenance := _lire_provenance(dossier):
            yield dossier, provenance
        elif _visibles(dossier):
            yield dossier, {"fichiers": []}


def _est_une_date(texte: str) -> bool:
    try:
        return dt.date.fromisoformat(texte).isoformat() == texte
    except ValueError:
        return False


def _visibles(dossier: Path) -> set[str]:
    return {fichier.name for fichier in dossier.iterdir() if not fichier.name.startswith(".")}


def _lire_provenance(dossier: Path) -> dict[str, Any] | None:
    chemin = dossier / PROVENANCE
    if not chemin.exists():
        return None
    try:
        provenance = tomllib.loads(chemin.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as erreur:
        raise SourceError(f"{chemin} est illisible : {erreur}.", "Corriger la ligne citée.") from None
    if manquants := [champ for champ in _CHAMPS if champ not in provenance]:
        raise SourceError(f"{chemin} est incomplet : {', '.join(manquants)}.", "Remettre ces champs.")
    return provenance


def _scelles(config: Config, source: Source, dossier: Path) -> dict[str, Path]:
    """Rend les contenus déjà scellés pour une source, tous millésimes confondus.

    Quand une livraison remplace la précédente, seuls comptent ceux du même dossier : un fichier qui
    n'a pas changé depuis fait partie de la nouvelle livraison.
    """
    return {
        fichier["sha256"]: livraison / fichier["nom"]
        for livraison, provenance in _livraisons(config, source)
        for fichier in provenance["fichiers"]
        if source.millesimes == "tous" or livraison == dossier
    }


def _refuser_les_conflits(dossier: Path, provenance: dict[str, Any], nouveaux: Iterable[Path]) -> None:
    pris = {PROVENANCE, *(fichier["nom"] for fichier in provenance["fichiers"])}
    for fichier in nouveaux:
        nom = fichier.name
        if nom in pris or nom.startswith(".") or "\\" in nom or not nom.isprintable():
            raise SourceError(
                f"{nom} : ce nom est réservé, ou déjà pris dans {dossier}.",
                "Renommer le fichier, ou l'importer sous une autre date d'extraction.",
            )
        pris.add(nom)


def _verifier(source: Source, fichiers: Iterable[Path]) -> dict[Path, int]:
    """Lit tous les fichiers et rend leur nombre de lignes ; dit ensemble tout ce qui ne se lit pas."""
    lignes: dict[Path, int] = {}
    erreurs = []
    for fichier in fichiers:
        try:
            lignes[fichier] = verifier(source, fichier)
        except SourceError as erreur:
            erreurs.append(erreur)
    if len(erreurs) == 1:
        raise erreurs[0]
    if erreurs:
        suite = len(erreurs) - _ERREURS_CITEES
        autres = [f"… et {suite} autres fichiers."] if suite > 0 else []
        citees = [*map(str, erreurs[:_ERREURS_CITEES]), *autres]
        raise SourceError("\n".join(citees), "Rien n'a été importé.")
    return lignes


def _empreinte(fichier: Path) -> str:
    try:
        with fichier.open("rb") as flux:
            return hashlib.file_digest(flux, "sha256").hexdigest()
    except OSError as erreur:
        raise SourceError(
            f"{fichier} ne peut pas être ouvert : {raison_du_systeme(erreur)}.",
            "Vérifier le chemin et les droits.",
        ) from None


def _deposer(
    dossier: Path,
    provenance: dict[str, Any],
    nouveaux: Mapping[str, Path],
    lignes: Mapping[Path, int],
    *,
    prive: bool,
) -> None:
    """Copie les fichiers, puis écrit la provenance qui les déclare : interrompu, rien n'est scellé."""
    for sha256, fichier in nouveaux.items():
        _copier(fichier, dossier / fichier.name, prive=prive)
        mesures = {"octets": fichier.stat().st_size, "lignes": lignes[fichier]}
        provenance["fichiers"].append({"nom": fichier.name, "sha256": sha256, **mesures})
    ecrire_octets(dossier / PROVENANCE, _en_toml(provenance).encode())


def _copier(origine: Path, destination: Path, *, prive: bool) -> None:
    """Copie d'un seul geste, en lecture seule ; un fichier nominatif reste fermé aux autres comptes."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    descripteur, provisoire = tempfile.mkstemp(dir=destination.parent, prefix=".copie.")
    try:
        with os.fdopen(descripteur, "wb") as sortie, origine.open("rb") as entree:
            shutil.copyfileobj(entree, sortie, 1 << 20)
            sortie.flush()
            os.fsync(sortie.fileno())
        os.chmod(provisoire, 0o400 if prive else 0o444)
        os.replace(provisoire, destination)
    except BaseException:
        Path(provisoire).unlink(missing_ok=True)
        raise


def _en_toml(provenance: Mapping[str, Any]) -> str:
    blocs = {nom: valeur for nom, valeur in provenance.items() if isinstance(valeur, list)}
    lignes = [f"{nom} = {_valeur(valeur)}" for nom, valeur in provenance.items() if nom not in blocs]
    for nom, bloc in blocs.items():
        for entree in bloc:
            lignes += ["", f"[[{nom}]]", *(f"{cle} = {_valeur(valeur)}" for cle, valeur in entree.items())]
    return "\n".join(lignes) + "\n"


def _valeur(valeur: str | bool | int | dt.date) -> str:
    r"""Écrit une valeur TOML.

    >>> _valeur(True), _valeur('dit "ici"'), _valeur(dt.date(2026, 11, 14))
    ('true', '"dit \\"ici\\""', '2026-11-14')
    """
    if isinstance(valeur, bool):
        return str(valeur).lower()
    if isinstance(valeur, str):
        return json.dumps(valeur, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(valeur)
