"""Le volume ne change rien : par morceaux, au plus court ou à plusieurs, les mêmes tables sortent."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from observatoire.acquisition import classeurs, valeurs_separees
from observatoire.acquisition.exemple.fichiers import Classeur as ClasseurEcrit
from observatoire.chaine import construire
from observatoire.controle import morceaux, typage
from observatoire.controle.typage import nettoyer
from observatoire.magasin import Magasin
from observatoire.schemas import SCHEMAS


@given(st.lists(st.one_of(st.none(), st.text(max_size=6)), max_size=6))
@example(["a b", "a\u00a0b", " a", "a  b", "", "\ufeffa", "a\u2028", None])
@settings(deadline=None)
def test_nettoyer_ne_saute_que_ce_qui_est_deja_propre(textes):
    table = pd.DataFrame({"objet": pd.array(textes, dtype="string")})
    attendus = [None if texte is None else typage._propre(texte) for texte in textes]
    obtenus = [None if pd.isna(texte) else texte for texte in nettoyer(table)["objet"]]
    assert obtenus == attendus


def test_un_csv_coupe_en_blocs_se_lit_comme_d_un_trait(tmp_path, monkeypatch):
    # 3 000 lignes de 15 octets environ, dont des retours à la ligne entre guillemets, en blocs de 1 ko.
    fichier = tmp_path / "t.csv"
    lignes = [f'{n};"é {n}\n{n}"' for n in range(3000)]
    fichier.write_text("\n".join(["a;b", *lignes]) + "\n", encoding="utf-8")

    def lire():
        texte = valeurs_separees.TexteSepare.ouvrir(fichier, {"separateur": ";"})
        return list(texte.morceaux({"b": 1, "a": 0}))

    [entier] = lire()
    monkeypatch.setattr(valeurs_separees, "_BLOC", 1 << 6)
    coupes = lire()
    assert len(coupes) > 10
    pd.testing.assert_frame_equal(pd.concat(coupes, ignore_index=True), entier)
    assert entier["ligne"].tolist() == list(range(1, 3001))
    assert entier["a"].iloc[-1] == "2999"


def test_un_classeur_lu_par_morceaux_garde_le_rang_de_ses_lignes(tmp_path, monkeypatch):
    chemin = tmp_path / "t.xlsx"
    ecrit = ClasseurEcrit(chemin, "F", ["a", "b"])
    ecrit.ajouter([(f"x{n}", f"y{n}") for n in range(10)])
    ecrit.fermer()
    monkeypatch.setattr(classeurs, "_LIGNES_PAR_MORCEAU", 4)
    lus = list(classeurs.Classeur.ouvrir(chemin, {}).morceaux({"b": 1}))
    assert [len(lu) for lu in lus] == [4, 4, 2]
    assert pd.concat(lus)["ligne"].tolist() == list(range(1, 11))
    assert pd.concat(lus)["b"].iloc[-1] == "y9"


@pytest.mark.long
def test_deux_processus_ecrivent_les_memes_octets_qu_un_seul(travail, monkeypatch):
    from observatoire.acquisition.exemple import ecrire_exemple

    ecrire_exemple(travail, echelle=0.02)
    tables = [nom for nom in SCHEMAS if nom.startswith("controle/")]
    magasin = Magasin(travail.processed)
    octets = []
    for seuil in (10**9, 1):
        monkeypatch.setattr(morceaux, "LIGNES_A_PARTAGER", seuil)
        monkeypatch.setattr(morceaux, "_PROCESSUS", 2)
        construire(travail, jusqu_a="recoupements")
        octets.append({nom: magasin.chemin(nom).read_bytes() for nom in tables})
    assert octets[0] == octets[1]
