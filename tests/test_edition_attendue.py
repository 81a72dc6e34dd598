"""L'édition de référence : le texte d'une fiche entière, comparé à ce qui a été relu."""

from __future__ import annotations

import pytest

from observatoire.perimetre import Periode, Territoire
from observatoire.publication.deroule import lire_blocs
from observatoire.publication.execution import executer
from tests.conftest import DEPOT

ATTENDUS = DEPOT / "tests" / "attendus"


def _texte(bloc: dict) -> str:
    """Le texte d'un bloc, une ligne par phrase et par ligne de tableau ; ni dessin ni code."""
    lignes = []
    for nom, valeur in bloc.items():
        if nom in ("svg", "id", "niveau", "alignements") or valeur in ("", None, []):
            continue
        if isinstance(valeur, list):
            lignes += [_ligne(element) for element in valeur]
        else:
            lignes.append(f"{nom} : {valeur}")
    return "\n".join(lignes)


def _ligne(element: object) -> str:
    if isinstance(element, dict):
        return " | ".join(str(valeur) for valeur in element.values())
    return " | ".join(element) if isinstance(element, list) else str(element)


@pytest.mark.parametrize(
    ("territoire", "periode"),
    [("reg:11", "2026-T3"), ("dep:93", "2026-T3"), ("ept:T3", "2026-T3"), ("dep:93", "2022-T1")],
    ids=["grand", "effectif insuffisant", "presque tout secret", "sans données"],
)
def test_la_fiche_est_celle_qui_a_ete_relue(exemple, request, territoire, periode):
    lieu, quand = Territoire.lire(territoire), Periode.lire(periode)
    notebook = executer(
        exemple.racine / "notebooks" / "fiche_territoire.ipynb",
        {"territoire": str(lieu), "periode": str(quand)},
        racine=exemple.racine,
    )
    texte = "\n\n".join(_texte(bloc) for bloc in lire_blocs(notebook)) + "\n"
    attendu = ATTENDUS / f"{lieu.fichier}_{quand}.txt"
    if request.config.getoption("--reecrire-attendus"):
        attendu.parent.mkdir(exist_ok=True)
        attendu.write_text(texte, encoding="utf-8")
    assert texte == attendu.read_text(encoding="utf-8"), (
        "La fiche a changé. Si c'est voulu : relire, puis pytest --reecrire-attendus, et CHANGELOG."
    )
