"""Les mêmes contrats fictifs, publiés une seconde fois dans le tableau de decp.info."""

from __future__ import annotations

import csv
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable
    from pathlib import Path

PART_PUBLIEE_DEUX_FOIS = 35  # % des contrats : hypothèse
DESCRIPTIONS = {
    "publies_deux_fois": "Contrats que les données essentielles publient aussi",
    "lignes_de_cotitulaire": "Contrats écrits sur plusieurs lignes, une par titulaire",
}
_TYPES = {"45": "Travaux", "39": "Fournitures", "30": "Fournitures"}
_COLONNES = (
    "uid", "id", "type", "codeCPV", "acheteur_id", "acheteur_nom", "titulaire_id",
    "titulaire_typeIdentifiant", "montant", "dateNotification", "datePublicationDonnees", "procedure",
    "dureeMois", "offresRecues", "considerationsSociales", "acheteur_departement_code",
)  # fmt: skip


class FichierDecpInfo:
    """Le CSV de decp.info : une ligne par contrat et titulaire, sans objet, chaque contrat une fois."""

    def __init__(self, chemin: Path, nombres: Counter[str]) -> None:
        self._nombres = nombres
        self._flux = chemin.open("w", encoding="utf-8", newline="")
        self._sortie = csv.writer(self._flux, lineterminator="\n")
        self._sortie.writerow(_COLONNES)
        self._deja: set[str] = set()

    def ajouter(self, contrats: Iterable[dict[str, Any]]) -> None:
        """Ajoute la part des contrats que ce tableau publie aussi."""
        for contrat in contrats:
            uid = contrat["acheteur"]["id"] + contrat["id"]
            if zlib.crc32(uid.encode()) % 100 < PART_PUBLIEE_DEUX_FOIS and uid not in self._deja:
                self._deja.add(uid)
                self._sortie.writerows(_lignes(uid, contrat))
                self._nombres["publies_deux_fois"] += 1
                self._nombres["lignes_de_cotitulaire"] += len(contrat["titulaires"]) > 1

    def fermer(self) -> None:
        """Ferme le fichier."""
        self._flux.close()


def _lignes(uid: str, contrat: dict[str, Any]) -> Iterable[list[Any]]:
    sociales = contrat.get("considerationsSociales", {}).get("considerationSociale", [])
    seules = ["Sans objet"] if sociales == ["Pas de considération sociale"] else sociales
    lieu = contrat["lieuExecution"]["code"]
    for titulaire in contrat["titulaires"]:
        yield [
            uid,
            contrat["id"],
            _TYPES.get(contrat["codeCPV"][:2], "Services"),
            contrat["codeCPV"],
            contrat["acheteur"]["id"],
            "Acheteur fictif",
            titulaire["titulaire"]["id"],
            titulaire["titulaire"]["typeIdentifiant"],
            contrat["montant"],
            contrat["dateNotification"],
            contrat["datePublicationDonnees"],
            contrat["procedure"],
            contrat["dureeMois"],
            contrat["offresRecues"],
            ", ".join(seules),
            lieu[:2] if lieu != "11" else "",
        ]
