"""L'annonce d'un passage : ce qui part, ce qui ne part jamais, et un envoi manqué n'arrête rien."""

from __future__ import annotations

import base64
import datetime as dt
import http.server
import json
import socket
import socketserver
import ssl
import subprocess
import threading
from contextlib import contextmanager
from email import message_from_string, policy

import pytest

from observatoire.config import Config
from observatoire.erreurs import ConfigError
from observatoire.routine.annonce import annonceur
from observatoire.routine.bilan import (
    REFUSEE,
    SCELLEE,
    Bilan,
    Construction,
    Echec,
    Fiches,
    Livraison,
    Qualite,
)
from observatoire.routine.messages import Facteur
from observatoire.routine.reglages import Reglages
from observatoire.routine.secrets import Secrets, lire_secrets

PAGE = "outputs/routine/2026-11-14/08-10-00.html"
QUAND = dt.datetime(2026, 11, 14, 8, 10, tzinfo=dt.UTC)
MOT = "mot-de-passe-canari"
BILAN = Bilan(
    "2026-11-14T08:10:00+00:00",
    [
        Livraison("suivi_a", "2026-11-14", 1, SCELLEE),
        Livraison(
            "suivi_b", "2026-11-13", 2, REFUSEE, "il lui manque des colonnes", "data/arrivees/refusees/x"
        ),
    ],
    Construction(1200, 150.0),
    Qualite({"À corriger": 2, "À regarder": 5}, "outputs/qualite/2026-11-14.html"),
    Fiches("2026-T3", 21, 0, (), "outputs/fiches/2026-T3", 41.0),
)
ECHEC = Bilan(
    "2026-11-14T08:10:00+00:00", echec=Echec("construction", "un seuil de qualité est franchi", "Lire.")
)


@pytest.fixture(scope="module")
def certificat(tmp_path_factory):
    """Un certificat d'essai pour localhost : le fichier, sa clé."""
    dossier = tmp_path_factory.mktemp("tls")
    cle, cert = dossier / "cle.pem", dossier / "cert.pem"
    commande = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                "-keyout", str(cle), "-out", str(cert)]  # fmt: skip
    subprocess.run(commande, check=True, capture_output=True)
    return cert, cle


class _Smtp(socketserver.StreamRequestHandler):
    """Un serveur SMTP de quelques lignes : STARTTLS, AUTH, un message gardé."""

    def _dire(self, texte: str) -> None:
        self.wfile.write(f"{texte}\r\n".encode())

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def handle(self) -> None:
        serveur, chiffre = self.server, False
        self._dire("220 essai")
        while ligne := self.rfile.readline():
            mot = ligne.decode().strip()
            serveur.dialogue.append((chiffre, mot))
            match mot.split(" ")[0].upper():
                case "EHLO":
                    self._dire("250-essai")
                    self._dire("250-AUTH PLAIN" if chiffre or not serveur.contexte else "250-STARTTLS")
                    self._dire("250 8BITMIME")
                case "STARTTLS":
                    self._dire("220 prêt".encode("ascii", "ignore").decode())
                    self.connection = serveur.contexte.wrap_socket(self.connection, server_side=True)
                    self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                    chiffre = True
                case "AUTH":
                    recu = base64.b64decode(mot.split(" ")[2]).decode().split("\0")
                    self._dire("235 ok" if recu[2] == MOT else "535 refus")
                case "DATA":
                    self._dire("354 envoyez")
                    corps = []
                    while (suite := self.rfile.readline()) != b".\r\n":
                        corps.append(suite.decode())
                    serveur.messages.append("".join(corps))
                    self._dire("250 ok")
                case "QUIT":
                    self._dire("221 fin")
                    return
                case _:
                    self._dire("250 ok")


class _Crochet(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        corps = self.rfile.read(int(self.headers["content-length"]))
        self.server.recus.append((self.headers["authorization"], json.loads(corps)))
        self.send_response(self.server.statut)
        if self.server.statut == 302:
            self.send_header("Location", "http://exemple.invalid/")
        self.end_headers()

    def log_message(self, *_):
        """Rien : le serveur d'essai se tait."""


@contextmanager
def servir(genre, **attributs):
    class Serveur(socketserver.ThreadingMixIn, socketserver.TCPServer):
        daemon_threads = True

    with Serveur(("127.0.0.1", 0), genre) as serveur:
        vars(serveur).update(attributs)
        fil = threading.Thread(target=serveur.serve_forever, args=(0.01,), daemon=True)
        fil.start()
        try:
            yield serveur
        finally:
            serveur.shutdown()
            fil.join()


def facteur(travail, secrets=None, certificats=None, **routine) -> Facteur:
    config = Config(travail.racine, travail.reglages | {"routine": routine})
    return Facteur(config, Reglages.lire(config), secrets or Secrets(), QUAND, certificats)


def courriel(port: int, **autres):
    adresses = {"expediteur": "observatoire@exemple.invalid", "destinataires": ["equipe@exemple.invalid"]}
    return {"serveur": "localhost", "port": port, **adresses, **autres}


@pytest.fixture
def smtp(certificat):
    contexte = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    contexte.load_cert_chain(*certificat)
    with servir(_Smtp, contexte=contexte, dialogue=[], messages=[]) as serveur:
        yield serveur


def test_le_courriel_part_chiffre_avec_des_comptes_et_des_phrases(travail, smtp, certificat):
    secrets = Secrets(smtp_utilisateur="observatoire", smtp_mot_de_passe=MOT)
    confiance = ssl.create_default_context(cafile=certificat[0])
    port = smtp.server_address[1]
    assert facteur(travail, secrets, confiance, courriel=courriel(port)).annoncer(BILAN, PAGE) == []
    message = message_from_string(smtp.messages[0], policy=policy.default)
    assert message["subject"] == "[Observatoire] Fiches 2026-T3 à jour, 1 livraison(s) refusée(s)"
    corps = message.get_content()
    for attendu in ("21 produites", "2 « À corriger »", "il lui manque des colonnes", PAGE):
        assert attendu in corps
    assert all(chiffre for chiffre, mot in smtp.dialogue if mot.split(" ")[0] in ("AUTH", "MAIL", "DATA"))
    assert MOT not in smtp.messages[0]


def test_un_echec_s_annonce_aussi(travail, smtp, certificat):
    confiance = ssl.create_default_context(cafile=certificat[0])
    envoi = facteur(travail, None, confiance, courriel=courriel(smtp.server_address[1]))
    assert envoi.annoncer(ECHEC, PAGE) == []
    message = message_from_string(smtp.messages[0], policy=policy.default)
    assert message["subject"] == "[Observatoire] Échec à l'étape « construction »"
    assert "un seuil de qualité est franchi" in message.get_content()


@pytest.mark.parametrize(
    ("mot", "confiant", "attendu"),
    [("faux", True, "identifiant ou mot de passe refusé"), (MOT, False, "certificat du serveur refusé")],
)
def test_un_courriel_refuse_se_dit_sans_citer_de_secret(travail, smtp, certificat, mot, confiant, attendu):
    secrets = Secrets(smtp_utilisateur="observatoire", smtp_mot_de_passe=mot)
    confiance = ssl.create_default_context(cafile=certificat[0] if confiant else None)
    envoi = facteur(travail, secrets, confiance, courriel=courriel(smtp.server_address[1]))
    manques = envoi.annoncer(BILAN, PAGE)
    assert len(manques) == 1
    assert attendu in manques[0]
    assert mot not in repr(envoi) + manques[0]
    assert smtp.messages == []


def test_un_serveur_sans_starttls_ne_recoit_rien(travail):
    with servir(_Smtp, contexte=None, dialogue=[], messages=[]) as serveur:
        envoi = facteur(travail, courriel=courriel(serveur.server_address[1]))
        assert "STARTTLS" in envoi.annoncer(BILAN, PAGE)[0]
        assert not serveur.messages
        local = facteur(travail, courriel=courriel(serveur.server_address[1], chiffrement="aucun"))
        assert local.annoncer(BILAN, PAGE) == []
        assert len(serveur.messages) == 1


def test_un_serveur_muet_n_est_pas_dit_avoir_coupe(travail, monkeypatch):
    monkeypatch.setattr("observatoire.routine.messages._DELAI", 0.2)
    with socket.create_server(("localhost", 0)) as muet:  # accepte, et ne dit jamais rien
        [manque] = facteur(travail, courriel=courriel(muet.getsockname()[1])).annoncer(BILAN, PAGE)
    assert "pas de réponse" in manque


def test_un_serveur_absent_n_arrete_rien(travail):
    with servir(_Crochet) as serveur:
        port = serveur.server_address[1]
    secrets = Secrets(crochet_url=f"http://127.0.0.1:{port}/jeton-canari")
    manques = facteur(travail, secrets, courriel=courriel(port), crochet=True).annoncer(BILAN, PAGE)
    assert len(manques) == 2
    assert all("connexion impossible" in phrase for phrase in manques)
    assert "jeton-canari" not in "".join(manques)


def test_le_crochet_recoit_le_bilan_en_json(travail):
    with servir(_Crochet, recus=[], statut=204) as serveur:
        url = f"http://127.0.0.1:{serveur.server_address[1]}/x"
        envoi = facteur(travail, Secrets(crochet_url=url, crochet_jeton="j"), crochet=True)
        assert envoi.annoncer(BILAN, PAGE) == []
        jeton, corps = serveur.recus[0]
    assert jeton == "Bearer j"
    assert corps["reussi"] is False, "une livraison a été refusée"
    assert corps["comptes"]["fiches_produites"] == 21
    assert corps["constats"] == BILAN.phrases


@pytest.mark.parametrize("statut", [302, 500])
def test_le_crochet_ne_suit_pas_de_redirection_et_dit_le_statut(travail, statut):
    with servir(_Crochet, recus=[], statut=statut) as serveur:
        url = f"http://127.0.0.1:{serveur.server_address[1]}/x"
        manques = facteur(travail, Secrets(crochet_url=url), crochet=True).annoncer(BILAN, PAGE)
        assert f"le serveur répond {statut}" in manques[0]
        assert len(serveur.recus) == 1


@pytest.mark.parametrize(
    "url", ["", "http://exemple.invalid/x", "https://u:p@exemple.invalid/", "ftp://localhost/"]
)
def test_le_crochet_n_appelle_que_https_hors_de_la_machine(travail, url):
    manques = facteur(travail, Secrets(crochet_url=url), crochet=True).annoncer(BILAN, PAGE)
    assert "adresse absente ou hors de https" in manques[0]


# ── Les secrets ──


def test_les_secrets_viennent_du_fichier_puis_de_l_environnement_qui_les_perd(tmp_path):
    fichier = tmp_path / "secrets.toml"
    fichier.write_text('smtp_utilisateur = "u"\nsmtp_mot_de_passe = "du fichier"\n', encoding="utf-8")
    fichier.chmod(0o600)
    environ = {"OBSERVATOIRE_SECRETS": str(fichier), "OBSERVATOIRE_SECRET_SMTP_MOT_DE_PASSE": MOT}
    secrets = lire_secrets(environ)
    assert (secrets.smtp_utilisateur, secrets.smtp_mot_de_passe) == ("u", MOT)
    assert MOT not in repr(secrets)
    assert list(environ) == ["OBSERVATOIRE_SECRETS"]
    assert lire_secrets({"XDG_CONFIG_HOME": str(tmp_path / "vide")}) == Secrets()


@pytest.mark.parametrize(
    ("texte", "droits", "attendu"),
    [
        ('smtp_mot_de_passe = "canari"', 0o644, "chmod 600"),
        ('mot_de_passe = "canari"', 0o600, "smtp_mot_de_passe"),
        ("canari", 0o600, "illisible"),
    ],
)
def test_un_mauvais_fichier_de_secrets_est_refuse_sans_en_citer_un_mot(tmp_path, texte, droits, attendu):
    fichier = tmp_path / "secrets.toml"
    fichier.write_text(texte, encoding="utf-8")
    fichier.chmod(droits)
    with pytest.raises(ConfigError) as erreur:
        lire_secrets({"OBSERVATOIRE_SECRETS": str(fichier)})
    assert attendu in str(erreur.value)
    assert "canari" not in str(erreur.value)


def test_un_fichier_de_secrets_refuse_se_dit_a_l_envoi_et_n_arrete_rien(travail, tmp_path):
    fichier = tmp_path / "secrets.toml"
    fichier.write_text('crochet_url = "https://exemple.invalid/canari"', encoding="utf-8")
    fichier.chmod(0o644)
    config = Config(travail.racine, travail.reglages | {"routine": {"crochet": True}})
    environ = {"OBSERVATOIRE_SECRETS": str(fichier)}
    annoncer = annonceur(config, Reglages.lire(config), environ, lambda: QUAND)
    phrase = annoncer(BILAN, PAGE)[0]
    assert "chmod 600" in phrase
    assert "canari" not in phrase


def test_un_notebook_ne_recoit_pas_les_secrets(tmp_path):
    from observatoire.publication.environnement import environnement_du_noyau

    environ = {f"OBSERVATOIRE_SECRET_{nom.upper()}": MOT for nom in Secrets.__slots__}
    assert MOT not in environnement_du_noyau(environ, tmp_path, str(tmp_path)).values()
