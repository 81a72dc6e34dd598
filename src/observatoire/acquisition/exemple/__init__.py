"""Une Île-de-France fictive, écrite dans les formats où arrivent les vraies sources."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.acquisition.depot import sceller
from observatoire.acquisition.exemple.calendrier import Fenetre
from observatoire.acquisition.exemple.livraison import ecrire_sources
from observatoire.acquisition.exemple.region import Region
from observatoire.acquisition.pseudonymes import chemin_cle, creer_cle
from observatoire.erreurs import ConfigError, ParametreError, SourceError
from observatoire.perimetre import Periode

if TYPE_CHECKING:
    from observatoire.acquisition.exemple.livraison import Livraison
    from observatoire.config import Config

ECHELLES = (0.01, 1000)
PRODUCTEUR = "Générateur d'exemple de l'observatoire"
LICENCE = "Données fictives, sans droit attaché"


def ecrire_exemple(
    config: Config,
    *,
    echelle: float = 1.0,
    dernier_trimestre: Periode | None = None,
    graine: int | None = None,
) -> list[tuple[Path, bool]]:
    """Écrit et scelle des données fictives pour toutes les sources, et crée la clé des pseudonymes.

    La région est calée sur des chiffres publiés ; chaque défaut planté est nommé, décrit et compté
    dans `provenance.toml`. Mêmes arguments, mêmes octets.

    Args:
        config: le dossier de travail ; `[exemple]` y fixe période, durée et graine.
        echelle: 1 pour le volume réel de la région, 0,02 pour un essai, 100 pour une charge.
        dernier_trimestre: le dernier trimestre complet ; l'extraction suit de 45 jours.
        graine: celle du hasard.

    Returns:
        Le chemin scellé de chaque fichier, et `True` s'il est nouveau.

    Raises:
        ParametreError: l'échelle est hors bornes, ou la période n'est pas un trimestre.
        ConfigError: `[exemple]` manque ou est incomplet.
        SourceError: une autre livraison porte déjà ces noms à cette date.
    """
    minimum, maximum = ECHELLES
    if not minimum <= echelle <= maximum:
        raise ParametreError(
            f"Échelle refusée : {echelle}.", f"Donner un nombre entre {minimum} et {maximum}, par exemple 1."
        )
    trimestre, region = _fonder(config, dernier_trimestre, graine)
    creer_cle(chemin_cle())
    with tempfile.TemporaryDirectory() as dossier:
        livraisons = ecrire_sources(config, region, echelle, Path(dossier), str(trimestre))
        scelles = [_sceller(config, nom, livraisons[nom], region) for nom in livraisons]
    return [scelle for livraison in scelles for scelle in livraison]


def _sceller(config: Config, nom: str, livraison: Livraison, region: Region) -> list[tuple[Path, bool]]:
    try:
        return sceller(
            config,
            nom,
            livraison.fichiers,
            date_extraction=region.fenetre.date_extraction,
            fictif=True,
            titre=f"{config.source(nom).titre} (données fictives)",
            producteur=PRODUCTEUR,
            licence=LICENCE,
            defauts=livraison.defauts,
        )
    except SourceError as erreur:
        raise SourceError(
            erreur.constat, "Un autre exemple est déjà là : vider data/raw, ou choisir un autre trimestre."
        ) from None


def _fonder(config: Config, dernier_trimestre: Periode | None, graine: int | None) -> tuple[Periode, Region]:
    reglages = config.reglages.get("exemple", {})
    if manquants := {"dernier_trimestre", "trimestres", "graine"} - set(reglages):
        raise ConfigError(
            f"[exemple] : réglages absents : {', '.join(sorted(manquants))}.",
            "Les ajouter à observatoire.toml.",
        )
    trimestre = dernier_trimestre or Periode.lire(reglages["dernier_trimestre"])
    if trimestre.trimestre is None:
        raise ParametreError(
            f"« {trimestre} » n'est pas un trimestre.", f"Écrire par exemple {trimestre}-T4."
        )
    fenetre = Fenetre.jusqu_a(trimestre, reglages["trimestres"])
    return trimestre, Region.fonder(reglages["graine"] if graine is None else graine, fenetre)
