"""Le secret d'une édition à l'autre : ce qui a été caché le reste, aussi par déduction."""

from __future__ import annotations

import pandas as pd
import pytest

from observatoire.indicateurs.cellule import CLE
from observatoire.indicateurs.secret import PAS, escalader
from observatoire.indicateurs.secret.primaire import exigences
from tests.petites_cellules import POLITIQUE, attaquer, taire, tirer, typer

EDITIONS = ["2025-T1", "2025-T2", "2025-T3", "2025-T4", "2025"]


def heures(periode, valeur, personnes, etat="libre", territoire="reg:11"):
    cle = dict(zip(CLE, ("heures_realisees", "ensemble", territoire, periode, "ensemble"), strict=True))
    return cle | {
        "valeur": valeur,
        "effectif": personnes,
        "employeurs": 5,
        "premier": valeur / 5,
        "etat": etat,
    }


def test_une_annee_ne_rend_pas_le_trimestre_qu_une_edition_a_cache():
    # T1 caché (3 personnes, 300 h) ; 27 300 − 3 × 9 000 = 300 : l'année nouvelle se tait
    lignes = [heures("2025-T1", 300, 3, "cachee")]
    lignes += [heures(f"2025-T{rang}", 9000, 50, "publiee") for rang in (2, 3, 4)]
    protection = taire(typer(pd.DataFrame([*lignes, heures("2025", 27300, 60)])))
    statuts = protection.cellules.set_index("periode")["statut"]
    assert statuts.to_dict() == {
        "2025": "secret",
        "2025-T1": "secret",
        "2025-T2": "publie",
        "2025-T3": "publie",
        "2025-T4": "publie",
    }
    annee = int(protection.cellules.index[protection.cellules["periode"] == "2025"][0])
    refus = attaquer(protection, montrees=[annee]).refus
    assert list(refus["periode"]) == ["2025-T1"]


def test_une_somme_dont_les_parties_ont_change_depuis_n_arrete_pas_le_calcul():
    # Imprimé : T2 à T4, 9 000 h. T1, caché à 300 h, en vaut aujourd'hui 5 000 : l'année les aurait
    lignes = [heures("2025-T1", 5000, 4, "cachee")]
    lignes += [heures(f"2025-T{rang}", 9000, 50, "publiee") for rang in (2, 3, 4)]
    protection = taire(typer(pd.DataFrame([*lignes, heures("2025", 32000, 60)])))
    assert protection.cellules.set_index("periode")["statut"]["2025"] == "secret"
    assert attaquer(protection).refus.empty


def test_une_cellule_cachee_devenue_trop_grande_ne_fait_pas_taire_le_reste():
    # T1 imprimé : 1 000 h, deux départements cachés. L'un en vaut aujourd'hui 5 000 : plus que le tout.
    lignes = [heures("2025-T1", 1000, 8, "publiee")]
    lignes += [heures("2025-T1", 5000, 4, "cachee", lieu) for lieu in ("dep:75", "dep:93")]
    lignes += [heures("2025-T2", 18000, 80)]
    lignes += [heures("2025-T2", 9000, 40, territoire=lieu) for lieu in ("dep:75", "dep:93")]
    table = taire(typer(pd.DataFrame(lignes))).cellules
    assert table.loc[table["periode"] == "2025-T2", "statut"].tolist() == ["publie"] * 3


def publier_edition_par_edition(table):
    """Chaque édition ne connaît que les périodes achevées, et ce que les précédentes ont fait d'elles."""
    statuts = pd.Series(dtype="string")
    for rang in range(len(EDITIONS)):
        vues = table[table["periode"].isin(EDITIONS[: rang + 1])].reset_index(drop=True)
        avant = pd.Series(statuts.reindex(pd.MultiIndex.from_frame(vues[CLE])).array, dtype="string")
        etat = avant.map({"secret": "cachee", "publie": "publiee"}).fillna("libre").astype("string")
        protection = taire(vues.assign(etat=etat))
        for pas in range(PAS):
            if (refus := attaquer(protection).refus).empty:
                break
            protection = escalader(protection, refus, pas)
        statuts = protection.cellules.set_index(CLE)["statut"]
    return protection


@pytest.mark.parametrize("graine", range(3))
@pytest.mark.parametrize(
    ("indicateur", "ventilation", "modalites"),
    [
        ("heures_realisees", "sexe", ("F", "M", "NR")),
        ("beneficiaires", "qpv", ("OUI", "NON", "NR")),
        ("contrats_actifs", "type_contrat", ("CDDI", "CDI", "NR")),
    ],
)
def test_cinq_editions_ensemble_ne_disent_pas_plus_qu_une_seule(graine, indicateur, ventilation, modalites):
    """Tout ce qui est paru, jugé d'un coup comme si rien ne l'avait été."""
    protection = publier_edition_par_edition(tirer(graine, indicateur, ventilation, modalites))
    table = protection.cellules.drop(columns=["raison", "bas", "haut", "close"])
    ensemble = type(protection)(table.assign(**exigences(table, POLITIQUE), close=False))
    cachees = table["statut"] == "secret"
    assert ensemble.cellules.loc[cachees, "raison"].ne("").sum() > 20
    assert attaquer(ensemble).refus.empty
