"""Le téléchargement, contre un serveur local qui se conduit mal : le fichier entier, ou une phrase."""

from __future__ import annotations

import ast
import base64
import email.utils
import gzip
import hashlib
import json
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observatoire.acquisition.telechargement import choisir, telecharger
from observatoire.cli import cli
from observatoire.config import Config
from observatoire.erreurs import ConfigError, SourceError
from tests.conftest import DEPOT

if TYPE_CHECKING:
    from pathlib import Path

CORPS = b'{"marches": [' + b"1, " * 60_000 + b"1]}"  # 180 ko : plusieurs lectures
AUTRE = b'{"marches": [' + b"2, " * 70_000 + b"2]}"
ETAG = '"v1"'


# ── un serveur qui fait ce qu'on lui dit ─────────────────────────────────────────────────────


@pytest.fixture
def travail(tmp_path) -> Config:
    """Un dossier de travail réduit à ses réglages."""
    for nom in ("observatoire.toml", "parametres.toml"):
        shutil.copy(DEPOT / nom, tmp_path / nom)
    return Config.charger(tmp_path)


@pytest.fixture(scope="session")
def certificat(tmp_path_factory) -> Path:
    if not shutil.which("openssl"):
        pytest.skip("openssl absent : pas de certificat d'essai")
    dossier = tmp_path_factory.mktemp("certificat")
    fichier = dossier / "essai.pem"
    options = f"-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=essai \
        -keyout {dossier}/cle.pem -out {fichier} -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
    subprocess.run(["openssl", "req", *options.split()], check=True, capture_output=True)
    return fichier


class Serveur:
    """Rend une réponse par demande, dans l'ordre ; la dernière se répète."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reponses: list = []
        self.demandes: list[dict[str, str]] = []
        self.attentes: list[float] = []

    def url(self, chemin="/decp.json", hote="localhost"):
        return f"https://{hote}:{self.port}{chemin}"

    def repondre(self, demande: BaseHTTPRequestHandler) -> None:
        self.demandes.append({nom.lower(): valeur for nom, valeur in demande.headers.items()})
        suite = self.reponses
        (suite.pop(0) if len(suite) > 1 else suite[0])(demande)


@pytest.fixture(scope="module")
def serveur_ouvert(certificat):
    class Demande(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            try:
                serveur.repondre(self)
            except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                self.close_connection = True

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Demande)
    contexte = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    contexte.load_cert_chain(certificat, certificat.with_name("cle.pem"))
    http.socket = contexte.wrap_socket(http.socket, server_side=True)
    http.handle_error = lambda *_: None
    serveur = Serveur(http.server_address[1])
    fil = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    fil.start()
    yield serveur
    http.shutdown()
    fil.join()
    http.server_close()


@pytest.fixture
def serveur(serveur_ouvert, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setattr(serveur_ouvert, "reponses", [])
    monkeypatch.setattr(serveur_ouvert, "demandes", [])
    monkeypatch.setattr(serveur_ouvert, "attentes", [])
    return serveur_ouvert


def rendre(corps=CORPS, statut=200, coupe=None, longueur=None, **entetes):
    """Une réponse ; `coupe` ferme la connexion après tant d'octets, `longueur` est celle annoncée."""

    def reponse(demande):
        demande.send_response(statut)
        tous = {"Content-Type": "application/json", "Content-Length": len(corps), "ETag": ETAG}
        if longueur is not None:
            tous["Content-Length"] = longueur
        for nom, valeur in (tous | {n.replace("_", "-"): v for n, v in entetes.items()}).items():
            if valeur is not None:
                demande.send_header(nom, str(valeur))
        demande.end_headers()
        demande.wfile.write(corps[:coupe])
        if coupe is not None or longueur is not None:
            demande.wfile.flush()
            demande.close_connection = True

    return reponse


def suite(corps=CORPS, etag=ETAG, decalage=0, coupe=None):
    """La suite demandée par `Range`, ou tout si la version a changé (`If-Range`)."""

    def reponse(demande):
        demandes = demande.headers
        if "Range" not in demandes or demandes["If-Range"] != etag:
            return rendre(corps, coupe=coupe, ETag=etag)(demande)
        depuis = int(demandes["Range"].removeprefix("bytes=").removesuffix("-")) + decalage
        reste = corps[depuis:]
        etendue = f"bytes {depuis}-{len(corps) - 1}/{len(corps)}"
        return rendre(reste, 206, coupe=coupe, ETag=etag, Content_Range=etendue)(demande)

    return reponse


def rediriger(lieu, statut=302):
    return rendre(b"", statut, Location=lieu, ETag=None)


def demander(travail, serveur, certificat, *reponses, fichier="decp.json", **declaration):
    """Télécharge ; rend les octets arrivés."""
    serveur.reponses[:] = reponses
    bloc = {"url": serveur.url(), "fichier": fichier} | declaration
    travail.reglages["sources"]["decp"]["telechargement"] = [bloc]
    (adresse,) = choisir(travail, "decp")
    contexte = ssl.create_default_context(cafile=certificat)
    recu = telecharger(travail, "decp", adresse, certificats=contexte, attendre=serveur.attentes.append)
    octets = recu.chemin.read_bytes()
    assert (recu.octets, recu.sha256) == (len(octets), hashlib.sha256(octets).hexdigest())
    return octets


def arrives(travail):
    dossier = travail.racine / "data" / "arrivees" / "decp"
    return sorted(fichier.name for fichier in dossier.iterdir()) if dossier.exists() else []


def refuser(travail, serveur, certificat, constat, *reponses, **declaration):
    """Le téléchargement finit par une phrase, et rien n'est à sa place."""
    with pytest.raises(SourceError, match=constat) as refus:
        demander(travail, serveur, certificat, *reponses, **declaration)
    assert "decp.json" not in arrives(travail)
    assert refus.value.remede
    return refus.value


# ── ce qui se passe bien ─────────────────────────────────────────────────────────────────────


def test_un_fichier_arrive_entier_a_sa_place(travail, serveur, certificat):
    assert demander(travail, serveur, certificat, rendre()) == CORPS
    assert arrives(travail) == ["decp.json"]
    (demande,) = serveur.demandes
    assert demande["user-agent"].startswith("observatoire-clauses-sociales/")
    assert "observatoire@exemple.invalid" in demande["user-agent"]
    assert demande["accept-encoding"] == "identity"
    assert "range" not in demande


def test_un_contact_accentue_ne_gene_pas_la_demande(travail, serveur, certificat):
    travail.reglages["observatoire"]["contact"] = "équipe@exemple.invalid"
    assert demander(travail, serveur, certificat, rendre()) == CORPS
    assert "(quipe@exemple.invalid)" in serveur.demandes[0]["user-agent"]


def test_un_nouveau_telechargement_remplace_le_fichier_arrive(travail, serveur, certificat):
    demander(travail, serveur, certificat, rendre())
    assert demander(travail, serveur, certificat, rendre(AUTRE, ETag='"v2"')) == AUTRE


def test_un_refus_laisse_en_place_le_fichier_deja_arrive(travail, serveur, certificat):
    demander(travail, serveur, certificat, rendre())
    with pytest.raises(SourceError, match="404"):
        demander(travail, serveur, certificat, rendre(b"", 404))
    assert (travail.racine / "data/arrivees/decp/decp.json").read_bytes() == CORPS


def test_sans_longueur_annoncee_le_fichier_arrive_par_morceaux(travail, serveur, certificat):
    def morceaux(demande):
        demande.send_response(200)
        demande.send_header("Transfer-Encoding", "chunked")
        demande.end_headers()
        for debut in range(0, len(CORPS), 50_000):
            bloc = CORPS[debut : debut + 50_000]
            demande.wfile.write(b"%x\r\n%s\r\n" % (len(bloc), bloc))
        demande.wfile.write(b"0\r\n\r\n")

    assert demander(travail, serveur, certificat, morceaux) == CORPS


# ── reprises et relances ─────────────────────────────────────────────────────────────────────


def test_une_coupure_au_milieu_est_reprise_ou_elle_en_etait(travail, serveur, certificat):
    assert demander(travail, serveur, certificat, rendre(coupe=100_000), suite()) == CORPS
    _, reprise = serveur.demandes
    assert reprise["if-range"] == ETAG
    assert reprise["range"] == "bytes=100000-"
    assert serveur.attentes == [2.0]


def test_une_coupure_est_reprise_au_lancement_suivant(travail, serveur, certificat):
    panne = rendre(b"", 503, ETag=None)
    constat = refuser(travail, serveur, certificat, "503", rendre(coupe=100_000), panne)
    assert "repris" in constat.remede
    assert arrives(travail) == ["decp.json.partiel", "decp.json.version"]
    serveur.demandes.clear()
    assert demander(travail, serveur, certificat, suite()) == CORPS
    assert serveur.demandes[0]["range"] == "bytes=100000-"
    assert arrives(travail) == ["decp.json"]


def test_un_fichier_change_pendant_la_coupure_est_repris_du_debut(travail, serveur, certificat):
    change = suite(AUTRE, etag='"v2"')
    assert demander(travail, serveur, certificat, rendre(coupe=100_000), change) == AUTRE


@pytest.mark.parametrize(
    "mauvaise",
    [
        suite(decalage=1),
        rendre(CORPS[100_000:], 206, Content_Range=None),
        rendre(
            AUTRE[100_000:], 206, ETag='"v2"', Content_Range=f"bytes 100000-{len(AUTRE) - 1}/{len(AUTRE)}"
        ),
        rendre(CORPS[100_000:], 206, Content_Range=f"bytes 100000-{len(CORPS) - 1}/{len(CORPS) + 5}"),
        rendre(CORPS[100_000:], 206, Content_Range=f"bytes 100000-9/{'9' * 5_000}"),
        rendre(b"", 416),
    ],
    ids=["decalee", "sans etendue", "autre version", "autre taille", "taille geante", "416"],
)
def test_une_suite_incoherente_fait_repartir_du_debut(travail, serveur, certificat, mauvaise):
    assert demander(travail, serveur, certificat, rendre(coupe=100_000), mauvaise, rendre()) == CORPS
    assert "range" not in serveur.demandes[2]


def test_une_suite_que_personne_n_a_demandee_est_redemandee_en_entier(travail, serveur, certificat):
    etendue = f"bytes 0-{len(CORPS) - 1}/{len(CORPS)}"
    intruse = rendre(statut=206, ETag=None, Content_Range=etendue)
    assert demander(travail, serveur, certificat, intruse, rendre()) == CORPS
    assert len(serveur.demandes) == 2


def test_sans_version_forte_la_reprise_se_fie_a_la_date_sinon_a_rien(travail, serveur, certificat):
    date = "Mon, 23 Nov 2026 10:00:00 GMT"
    faible = rendre(coupe=100_000, ETag='W/"v1"', Last_Modified=date)
    demander(travail, serveur, certificat, faible, rendre())
    assert serveur.demandes[1]["if-range"] == date
    serveur.demandes.clear()
    for sans_version in (None, '"\xe9"'):
        serveur.demandes.clear()
        demander(travail, serveur, certificat, rendre(coupe=100_000, ETag=sans_version), rendre())
        assert "range" not in serveur.demandes[1]


def test_un_serveur_en_panne_puis_retabli_est_relance_de_moins_en_moins_vite(travail, serveur, certificat):
    panne = rendre(b"panne", 500)
    assert demander(travail, serveur, certificat, panne, panne, panne, rendre()) == CORPS
    assert serveur.attentes == [2.0, 4.0, 8.0]


def test_un_serveur_toujours_en_panne_est_laisse_tranquille_au_cinquieme_essai(travail, serveur, certificat):
    refuser(travail, serveur, certificat, r"localhost ne répond pas.*statut 503", rendre(b"", 503))
    assert len(serveur.demandes) == 5
    assert serveur.attentes == [2.0, 4.0, 8.0, 16.0]


def test_un_serveur_sature_dit_combien_attendre(travail, serveur, certificat):
    passe = email.utils.format_datetime(email.utils.parsedate_to_datetime("Mon, 01 Jan 2024 00:00:00 GMT"))
    for demande, attente in [
        ("7", 7.0),
        (passe, 0.0),
        ("bientôt".encode().decode("latin-1"), 2.0),
        ("-3", 2.0),
    ]:
        serveur.attentes.clear()
        demander(travail, serveur, certificat, rendre(b"", 429, Retry_After=demande), rendre())
        assert serveur.attentes == [attente], demande


def test_une_attente_trop_longue_est_dite_plutot_que_subie(travail, serveur, certificat):
    patience = rendre(b"", 429, Retry_After="3600")
    refuser(travail, serveur, certificat, "demande d'attendre 60 minutes", patience)
    assert serveur.attentes == []
    refuser(travail, serveur, certificat, "minutes", rendre(b"", 503, Retry_After="9" * 4_000))


# ── refus ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("statut", [400, 401, 403, 404, 410, 204])
def test_un_refus_du_serveur_n_est_pas_relance(travail, serveur, certificat, statut):
    refuser(travail, serveur, certificat, f"répond {statut}", rendre(b"", statut))
    assert len(serveur.demandes) == 1
    assert arrives(travail) == []


PAGE = b"<!DOCTYPE html><html><body>Maintenance</body></html>"
MAUVAIS_CONTENUS = {
    "page html": (rendre(PAGE, Content_Type="text/html; charset=utf-8"), "text/html"),
    "image": (rendre(b"GIF89a", Content_Type="image/gif"), "image/gif"),
    "page sous un faux type": (rendre(PAGE), "pas celui de ce format"),
    "page apres des blancs": (rendre(b"\r\n  " + PAGE), "pas celui de ce format"),
    "autre format": (rendre(b"PAR1....PAR1"), "pas celui de ce format"),
    "vide": (rendre(b""), "pas celui de ce format"),
    "gzip non demande": (rendre(gzip.compress(CORPS), Content_Encoding="gzip"), r"compressé \(gzip\)"),
    "bombe gzip": (rendre(gzip.compress(b"0" * 50_000_000), Content_Encoding="x-gzip"), "compressé"),
    "longueur trop courte": (rendre(longueur=1_000), "tronqué"),
}


@pytest.mark.parametrize("cas", MAUVAIS_CONTENUS)
def test_un_contenu_qui_n_est_pas_le_fichier_attendu_n_est_pas_garde(travail, serveur, certificat, cas):
    reponse, constat = MAUVAIS_CONTENUS[cas]
    refuser(travail, serveur, certificat, constat, reponse)
    assert arrives(travail) == []


@pytest.mark.parametrize(
    ("fichier", "corps"),
    [
        ("a.xml", b"<marches/>\n"),
        ("a.parquet", b"PAR1..PAR1"),
        ("a.csv", b"uid;objet\n"),
        ("a.xlsx", b"PK\3\4.."),
    ],
)
def test_chaque_format_se_reconnait_a_ses_bouts(travail, serveur, certificat, fichier, corps):
    assert demander(travail, serveur, certificat, rendre(corps), fichier=fichier) == corps
    with pytest.raises(SourceError, match="pas celui de ce format"):
        demander(travail, serveur, certificat, rendre(PAGE), fichier=fichier)


def test_une_longueur_trop_grande_est_une_coupure(travail, serveur, certificat):
    refuser(travail, serveur, certificat, "coupée", rendre(longueur=len(CORPS) + 10, ETag=None))
    assert len(serveur.demandes) == 5


def sha(corps, algorithme="sha256"):
    return base64.b64encode(hashlib.new(algorithme, corps).digest()).decode()


EMPREINTES = [
    ({"Content_MD5": sha(CORPS, "md5")}, {"Content_MD5": sha(AUTRE, "md5")}),
    ({"Repr_Digest": f"sha-256=:{sha(CORPS)}:"}, {"Repr_Digest": f"sha-256=:{sha(AUTRE)}:"}),
    ({"Digest": f"SHA-256={sha(CORPS)},unixsum=3"}, {"Digest": f"SHA-256={sha(AUTRE)}"}),
    ({"Content_Digest": f"sha-512=:{sha(CORPS, 'sha512')}:"}, {"Content_Digest": "sha-512=:AAAA:"}),
    ({"Digest": "inconnu=abc"}, {"Content_MD5": "pas du base64 !"}),
]


@pytest.mark.parametrize(("juste", "fausse"), EMPREINTES)
def test_l_empreinte_annoncee_par_le_serveur_est_verifiee(travail, serveur, certificat, juste, fausse):
    refuser(travail, serveur, certificat, "empreinte annoncée", rendre(**fausse))
    assert arrives(travail) == []
    assert demander(travail, serveur, certificat, rendre(**juste)) == CORPS


def test_l_empreinte_declaree_est_verifiee(travail, serveur, certificat):
    faux, vrai = (hashlib.sha256(corps).hexdigest() for corps in (AUTRE, CORPS))
    refuser(travail, serveur, certificat, r"SHA-256.*observatoire\.toml", rendre(), sha256=faux)
    assert demander(travail, serveur, certificat, rendre(), sha256=vrai.upper()) == CORPS


def test_apres_une_reprise_l_empreinte_du_morceau_n_est_pas_prise_pour_celle_du_tout(
    travail, serveur, certificat
):
    reste = CORPS[100_000:]
    etendue = f"bytes 100000-{len(CORPS) - 1}/{len(CORPS)}"
    for du_morceau in ({"Content_MD5": sha(reste, "md5")}, {"Content_Digest": f"sha-256=:{sha(reste)}:"}):
        fin = rendre(reste, 206, Content_Range=etendue, **du_morceau)
        assert demander(travail, serveur, certificat, rendre(coupe=100_000), fin) == CORPS
    faux = rendre(reste, 206, Content_Range=etendue, Repr_Digest=f"sha-256=:{sha(AUTRE)}:")
    with pytest.raises(SourceError, match="empreinte annoncée"):
        demander(travail, serveur, certificat, rendre(coupe=100_000), faux)


def test_un_fichier_trop_lourd_est_refuse_avant_ou_pendant(travail, serveur, certificat):
    refuser(travail, serveur, certificat, "plus de 0 Mo", rendre(), octets_maximum=100_000)
    assert arrives(travail) == []

    def sans_fin(demande):
        demande.send_response(200)
        demande.send_header("Transfer-Encoding", "chunked")
        demande.end_headers()
        while True:
            demande.wfile.write(b"10000\r\n" + b"{" * 65_536 + b"\r\n")

    refuser(travail, serveur, certificat, "plus de 5 Mo", sans_fin, octets_maximum=5_000_000)
    assert arrives(travail) == []


def test_un_serveur_qui_goutte_est_abandonne_mais_ce_qui_est_arrive_est_garde(
    travail, serveur, certificat, monkeypatch
):
    monkeypatch.setattr("observatoire.acquisition.telechargement._DUREE_MAXIMUM_SECONDES", -1)
    refuser(travail, serveur, certificat, "trop lent", rendre())
    assert arrives(travail) == ["decp.json.partiel", "decp.json.version"]


# ── redirections ─────────────────────────────────────────────────────────────────────────────


def test_une_redirection_vers_le_meme_hote_ou_un_hote_declare_est_suivie(travail, serveur, certificat):
    relative, ailleurs = rediriger("/autre.json"), rediriger(serveur.url(hote="127.0.0.1"), 307)
    assert demander(travail, serveur, certificat, relative, rendre()) == CORPS
    assert demander(travail, serveur, certificat, ailleurs, rendre(), hotes=["127.0.0.1"]) == CORPS


@pytest.mark.parametrize(
    ("lieu", "constat"),
    [
        ("http://localhost:{port}/x", "hors de https"),
        ("https://127.0.0.1:{port}/x", r"non déclaré \(127\.0\.0\.1\)"),
        ("//127.0.0.1:{port}/x", "non déclaré"),
        ("https://localhost.pirate.invalid/x", "non déclaré"),
        ("https://u:p@localhost:{port}/x", "non déclaré"),
        ("file:///etc/passwd", "hors de https"),
        ("/boucle", "trop de redirections"),
    ],
)
def test_une_redirection_ailleurs_n_est_pas_suivie(travail, serveur, certificat, lieu, constat):
    refuser(travail, serveur, certificat, constat, rediriger(lieu.format(port=serveur.port)))
    assert len(serveur.demandes) == (6 if "boucle" in lieu else 1)


def test_une_redirection_illisible_se_dit_d_une_phrase(travail, serveur, certificat):
    refuser(travail, serveur, certificat, "ne répond pas comme attendu", rediriger("https://[::1/x"))
    assert len(serveur.demandes) == 5


def test_un_certificat_inconnu_est_refuse_sans_insister(travail, serveur):
    bloc = {"url": serveur.url(), "fichier": "decp.json"}
    travail.reglages["sources"]["decp"]["telechargement"] = [bloc]
    (adresse,) = choisir(travail, "decp")
    with pytest.raises(SourceError, match="certificat du serveur refusé"):
        telecharger(travail, "decp", adresse, attendre=serveur.attentes.append)
    assert serveur.attentes == serveur.demandes == []


def test_un_serveur_absent_se_dit_d_une_phrase(travail, serveur, certificat):
    constat = "localhost ne répond pas comme attendu .connexion impossible"
    refuser(travail, serveur, certificat, constat, rendre(), url="https://localhost:1/decp.json")


# ── une suite quelconque d'incidents ─────────────────────────────────────────────────────────

INCIDENTS = st.lists(
    st.one_of(
        st.tuples(st.just("coupe"), st.integers(0, 300_000), st.booleans()),
        st.tuples(st.just("panne"), st.sampled_from([429, 500, 502, 503, 504]), st.booleans()),
    ),
    max_size=7,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(INCIDENTS)
def test_quels_que_soient_les_incidents_le_fichier_arrive_entier_ou_pas_du_tout(
    travail, serveur, certificat, incidents
):
    # chaque incident porte la version que le serveur publie alors : v1 ou v2
    reponses = [
        suite(AUTRE if nouvelle else CORPS, etag='"v2"' if nouvelle else ETAG, coupe=valeur)
        if genre == "coupe"
        else rendre(b"", valeur)
        for genre, valeur, nouvelle in incidents
    ]
    shutil.rmtree(travail.racine / "data" / "arrivees", ignore_errors=True)
    try:
        assert demander(travail, serveur, certificat, *reponses, suite()) in (CORPS, AUTRE)
        assert arrives(travail) == ["decp.json"]
    except SourceError:
        assert "decp.json" not in arrives(travail)
        assert len(incidents) >= 5


# ── déclarations et commande ─────────────────────────────────────────────────────────────────

BON = {"url": "https://www.data.gouv.fr/x", "fichier": "decp.json"}


@pytest.mark.parametrize(
    ("ecart", "constat"),
    [
        ({"url": "http://www.data.gouv.fr/x"}, "https://"),
        ({"url": "https://u:p@www.data.gouv.fr/x"}, "https://"),
        ({"url": "https:///x"}, "https://"),
        ({"url": "https://[::1/x"}, "https://"),
        ({"url": 3}, "https://"),
        ({"fichier": "../decp.json"}, "refusé"),
        ({"fichier": "decp.exe"}, "Extensions"),
        ({"fichier": ".json"}, "refusé"),
        ({"fichier": None}, "refusé"),
        ({"sha256": "abc"}, "64 chiffres"),
        ({"sha-256": "abc"}, "Clés admises"),
        ({"octets_maximum": "1 Go"}, "illisible"),
        ({"hotes": "static.data.gouv.fr"}, "illisible"),
    ],
)
def test_une_adresse_mal_declaree_est_refusee_avant_toute_connexion(travail, ecart, constat):
    travail.reglages["sources"]["decp"]["telechargement"] = [BON | ecart]
    with pytest.raises(ConfigError, match=constat):
        choisir(travail, "decp")


def test_les_adresses_declarees_dans_le_depot_sont_lisibles(travail):
    assert [a.fichier for a in choisir(travail, "decp", ["decp-2026.json"])] == ["decp-2026.json"]
    for source in ("decp", "decp_info"):
        for adresse in choisir(travail, source):
            assert adresse.url.scheme == "https"
            assert adresse.url.host == "www.data.gouv.fr"
    with pytest.raises(ConfigError, match=r"decp-2026\.json"):
        choisir(travail, "decp", ["decp-2025.jsom", "decp-2026.jso"])
    with pytest.raises(ConfigError, match="observatoire importer"):
        choisir(travail, "suivi_a")


def test_la_commande_telecharge_puis_importe(travail, serveur, certificat, monkeypatch):
    contrat = {"id": "2026-1", "acheteur": {"id": "21930066200012"}, "objet": "Essai", "montant": 1000}
    corps = json.dumps({"marches": {"marche": [contrat]}}).encode()
    serveur.reponses[:] = [rendre(corps)]
    texte = (travail.racine / "observatoire.toml").read_text("utf-8")
    texte = texte.replace(
        'url = "https://www.data.gouv.fr/api/1/datasets/r/11cea8e8-df3e-4ed1-932b-781e2635e432"\n'
        'fichier = "decp.parquet"',
        f'url = "{serveur.url()}"\nfichier = "decp.json"',
    )
    (travail.racine / "observatoire.toml").write_text(texte, "utf-8")
    monkeypatch.setenv("OBSERVATOIRE_RACINE", str(travail.racine))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificat))
    rendu = CliRunner().invoke(cli, ["telecharger", "decp_info", "--importer", "--date", "2026-11-01"])
    assert rendu.exit_code == 0, rendu.output
    assert "reçu     data/arrivees/decp_info/decp.json" in rendu.output
    assert "scellé   data/raw/decp_info/2026-11-01/decp.json" in rendu.output
    assert (travail.raw / "decp_info/2026-11-01/decp.json").read_bytes() == corps


def test_seuls_le_telechargement_et_l_annonce_ouvrent_une_connexion():
    reseau = {
        "aiohttp", "fsspec", "ftplib", "http", "httpx", "pooch", "requests", "smtplib", "socket", "urllib",
        "urllib3",
    }  # fmt: skip
    trouves = {}
    for module in sorted((DEPOT / "src" / "observatoire").rglob("*.py")):
        for noeud in ast.walk(ast.parse(module.read_text("utf-8"))):
            noms = [a.name for a in noeud.names] if isinstance(noeud, ast.Import) else []
            noms += [noeud.module or ""] if isinstance(noeud, ast.ImportFrom) else []
            for nom in noms:
                if nom.split(".")[0] in reseau and nom != "urllib.parse":
                    trouves.setdefault(module.name, set()).add(nom)
    # Sans sortir du poste : les tubes du moteur (une paire de sockets) et le serveur de l'aperçu (127.0.0.1).
    locaux = {
        nom: trouves.pop(nom)
        for nom in ("atelier.py", "fils.py", "tube.py", "zygote.py", "zygotes.py", "serveur.py")
    }
    assert set().union(*locaux.values()) == {"socket", "http", "http.server"}
    assert trouves == {"telechargement.py": {"httpx"}, "messages.py": {"httpx", "smtplib"}}
    ecritures = ["read_csv('http", "httpfs", "install spatial", "s3://"]
    for module in (DEPOT / "src" / "observatoire").rglob("*.py"):
        texte = module.read_text("utf-8").lower()
        assert not [ecriture for ecriture in ecritures if ecriture in texte], module
