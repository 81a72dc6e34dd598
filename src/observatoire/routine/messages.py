"""L'annonce d'un passage, par courriel ou par crochet : des comptes et des phrases sûres, rien d'autre.

Avec le téléchargement des sources, le seul endroit du paquet qui ouvre une connexion. Un envoi manqué se dit
et n'arrête rien.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING

import httpx

from observatoire import __version__
from observatoire.routine.reglages import est_la_machine

if TYPE_CHECKING:
    import datetime as dt

    from observatoire.config import Config
    from observatoire.routine.bilan import Bilan
    from observatoire.routine.reglages import Courriel, Reglages
    from observatoire.routine.secrets import Secrets

_DELAI = 20  # secondes


@dataclass(frozen=True, slots=True)
class Facteur:
    """Envoie les annonces ; `certificats` remplace les autorités reconnues du poste."""

    config: Config
    reglages: Reglages
    secrets: Secrets
    maintenant: dt.datetime
    certificats: ssl.SSLContext | None = None

    def annoncer(self, bilan: Bilan, page: str) -> list[str]:
        """Envoie le bilan partout où c'est réglé, et rend une phrase par envoi manqué ; ne lève rien."""
        manques = []
        for nom, regle, envoyer in (
            ("Le courriel", self.reglages.courriel is not None, self._courriel),
            ("Le crochet", self.reglages.crochet, self._crochet),
        ):
            if not regle:
                continue
            try:
                envoyer(bilan, page)
            except Exception as erreur:  # un envoi manqué n'arrête rien
                manques.append(f"{nom} n'est pas parti ({_raison(erreur)}). Le compte rendu : {page}.")
        return manques

    def _courriel(self, bilan: Bilan, page: str) -> None:
        reglage = self.reglages.courriel
        assert reglage is not None
        message = composer(self.config, bilan, page, reglage)
        message["Date"] = format_datetime(self.maintenant)
        message["Message-ID"] = make_msgid(domain=reglage.expediteur.partition("@")[2])
        contexte = self.certificats or ssl.create_default_context()
        if reglage.chiffrement == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                reglage.serveur, reglage.port, timeout=_DELAI, context=contexte
            )
        else:
            client = smtplib.SMTP(reglage.serveur, reglage.port, timeout=_DELAI)
        with client:
            if reglage.chiffrement == "starttls":
                client.starttls(context=contexte)
            if self.secrets.smtp_utilisateur and reglage.chiffrement != "aucun":
                client.login(self.secrets.smtp_utilisateur, self.secrets.smtp_mot_de_passe)
            client.send_message(message)

    def _crochet(self, bilan: Bilan, page: str) -> None:
        url = httpx.URL(self.secrets.crochet_url)
        admis = ("https", "http") if est_la_machine(url.host) else ("https",)
        if not url.host or url.userinfo or url.scheme not in admis:
            raise _RefuseError("adresse absente ou hors de https")
        entetes = {"User-Agent": f"observatoire-clauses-sociales/{__version__}"}
        if self.secrets.crochet_jeton:
            entetes["Authorization"] = f"Bearer {self.secrets.crochet_jeton}"
        corps = {
            "observatoire": self.config.reglages["observatoire"]["nom"],
            "reussi": bilan.reussi,
            "titre": bilan.titre,
            "debut": bilan.debut,
            "comptes": bilan.comptes,
            "constats": bilan.phrases,
            "compte_rendu": page,
        }
        client = httpx.Client(verify=self.certificats or True, timeout=_DELAI, follow_redirects=False)
        with client, client.stream("POST", url, json=corps, headers=entetes) as reponse:
            if not reponse.is_success:
                raise _RefuseError(f"le serveur répond {reponse.status_code}")


def composer(config: Config, bilan: Bilan, page: str, reglage: Courriel) -> EmailMessage:
    """Rend le courriel, sans date : l'objet est le titre du bilan, le corps ses phrases."""
    observatoire = config.reglages["observatoire"]
    message = EmailMessage()
    message["From"] = reglage.expediteur
    message["To"] = ", ".join(reglage.destinataires)
    message["Subject"] = f"[Observatoire] {bilan.titre}"
    message["Auto-Submitted"] = "auto-generated"
    lignes = [
        *(f"- {phrase}" for phrase in bilan.phrases),
        "",
        f"Le compte rendu : {page}",
        "",
        f"-- \n{observatoire['nom']}",
    ]
    message.set_content("\n".join(lignes) + "\n", cte="quoted-printable")
    return message


class _RefuseError(Exception):
    """Un envoi qui n'a pas lieu d'être ; son texte est écrit ici."""


_RAISONS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((smtplib.SMTPAuthenticationError,), "identifiant ou mot de passe refusé"),
    ((smtplib.SMTPNotSupportedError,), "le serveur ne propose pas STARTTLS, ou pas l'identification"),
    ((smtplib.SMTPRecipientsRefused,), "destinataires refusés"),
    ((ssl.SSLCertVerificationError,), "certificat du serveur refusé"),
    ((httpx.TimeoutException, TimeoutError), f"pas de réponse en {_DELAI} secondes"),
    ((smtplib.SMTPServerDisconnected,), "connexion coupée par le serveur"),
    ((smtplib.SMTPException,), "message refusé par le serveur"),
    ((httpx.TransportError, OSError), "connexion impossible ou coupée"),
)


def _raison(erreur: Exception) -> str:
    """Rend la raison d'un envoi manqué, sans le message d'une bibliothèque : il peut citer un secret."""
    if isinstance(erreur, _RefuseError):
        return str(erreur)
    if isinstance(erreur.__context__, TimeoutError):  # smtplib dit d'un serveur muet qu'il a coupé
        erreur = erreur.__context__
    connue = next((texte for genres, texte in _RAISONS if isinstance(erreur, genres)), "")
    return connue or type(erreur).__name__
