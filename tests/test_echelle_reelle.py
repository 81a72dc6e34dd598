"""L'exemple au volume de la région : toutes les fiches, et les sommes qui doivent tomber juste."""

from __future__ import annotations

import pytest

from observatoire.acquisition.exemple import ecrire_exemple
from observatoire.chaine import construire
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode, Territoire
from observatoire.publication.campagne.edition import produire_fiches
from tests.conftest import dossier_de_travail

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def region(tmp_path_factory, cle_de_test):
    config = dossier_de_travail(tmp_path_factory.mktemp("region"))
    ecrire_exemple(config)
    construire(config)
    return config


def test_les_vingt_et_une_fiches_tiennent_en_deux_pages(region):
    territoires = Territoire.tous("reg", "dep", "ept")
    documents = produire_fiches(region, territoires, Periode.lire("2026-T3"))
    assert [document.territoire for document in documents] == territoires
    assert {document.pages for document in documents} == {2}


def test_les_heures_des_departements_font_celles_de_la_region(region):
    """Seules manquent les clauses sans commune d'exécution, rattachées à la région seule."""
    valeurs = Magasin(region.processed).lire("indicateurs/valeurs", [("indicateur", "=", "heures_realisees")])
    totaux = valeurs.loc[(valeurs["ventilation"] == "ensemble") & (valeurs["periode"] == "2025")]
    par_niveau = totaux.groupby(totaux["territoire"].str.slice(0, 3))["valeur"].sum()
    assert par_niveau["dep"] == pytest.approx(par_niveau["reg"], rel=1e-9)
    assert par_niveau["reg"] == pytest.approx(6.3e6, rel=0.05)
    assert par_niveau["ept"] < par_niveau["reg"]
