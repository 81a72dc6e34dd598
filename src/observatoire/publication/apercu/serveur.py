"""Le serveur de l'aperçu : cette machine seule, une adresse tirée au sort, aucune page d'un autre site.

Une page ouverte ailleurs dans le même navigateur peut appeler 127.0.0.1. Trois refus l'empêchent de lire :
le jeton de l'adresse, qu'elle ne connaît pas ; l'en-tête `Host`, qui doit être le nôtre (un nom de domaine
qui mène à 127.0.0.1 est refusé) ; `Origin` et `Sec-Fetch-Site`, que le navigateur écrit et qu'elle ne choisit
pas.
"""

from __future__ import annotations

import json
import mimetypes
import secrets
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from observatoire.erreurs import PublicationError
from observatoire.publication import charte
from observatoire.publication.apercu.vue import Echec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from observatoire.publication.apercu.session import Session

GABARIT, SCRIPT = "apercu/apercu.html.j2", "apercu/apercu.js"
HOTE = "127.0.0.1"
_BATTEMENT = 15.0  # secondes : une page fermée se découvre en lui écrivant
_CADRE = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; frame-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_DOCUMENT = (
    "default-src 'none'; img-src 'self' data:; font-src data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


class Serveur(ThreadingHTTPServer):
    """Sert une session sur un port de la boucle locale ; `port` 0 en laisse choisir un."""

    daemon_threads = True

    def __init__(self, session: Session, port: int = 0) -> None:
        self.session = session
        self.jeton = secrets.token_urlsafe(16)
        try:
            super().__init__((HOTE, port), _Reponse)
        except OSError:
            raise PublicationError(
                f"Le port {port} est déjà pris.",
                "Retirer --port : un port libre sera choisi ; ou fermer l'autre aperçu.",
            ) from None

    @property
    def adresse(self) -> str:
        """L'adresse à ouvrir."""
        return f"http://{HOTE}:{self.server_port}/{self.jeton}/"


class _Reponse(BaseHTTPRequestHandler):
    server: Serveur
    server_version, sys_version = "observatoire", ""

    def do_GET(self) -> None:
        """Répond à une page, si c'est la nôtre qui demande."""
        with suppress(ConnectionError):  # la page est partie avant la réponse
            self._repondre()

    def _repondre(self) -> None:
        chemin = unquote(urlsplit(self.path).path)
        jeton, _, quoi = chemin.removeprefix("/").partition("/")
        if not self._de_chez_nous():
            self._envoyer("Demande refusée : elle vient d'un autre site.", HTTPStatus.FORBIDDEN)
        elif not secrets.compare_digest(jeton.encode(), self.server.jeton.encode()):
            self._envoyer("Adresse inconnue : reprendre celle du terminal.", HTTPStatus.NOT_FOUND)
        elif quoi.startswith("page/"):
            self._page(quoi.removeprefix("page/"))
        else:
            self._route(quoi)()

    def _route(self, quoi: str) -> Callable[[], None]:
        routes = {
            "": self._cadre,
            "apercu.js": self._script,
            "evenements": self._evenements,
            "document.pdf": self._pdf,
        }
        return routes.get(quoi, self._absente)

    def _de_chez_nous(self) -> bool:
        """Vrai si l'hôte est le nôtre, et si la demande ne part pas d'un autre site."""
        hotes = {f"{nom}:{self.server.server_port}" for nom in (HOTE, "localhost")}
        origine, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site", "none")
        ouverture = self.headers.get("Sec-Fetch-Mode") == "navigate"
        return (
            self.headers.get("Host") in hotes
            and (origine is None or origine in {f"http://{hote}" for hote in hotes})
            and (site in ("same-origin", "none") or ouverture)
        )

    def _cadre(self) -> None:
        demande = self.server.session.demande
        page = (
            _gabarits(demande.racine)
            .get_template(GABARIT)
            .render(titre=demande.titre, charte=Markup(charte.pour_css()))
        )
        self._envoyer(page, genre="text/html; charset=utf-8", politique=_CADRE)

    def _script(self) -> None:
        script = (self.server.session.demande.racine / "report_templates" / SCRIPT).read_bytes()
        self._envoyer(script, genre="text/javascript; charset=utf-8")

    def _page(self, nom: str) -> None:
        vue = self.server.session.vue
        nom = nom or (vue.accueil if vue else "")
        if vue is None or nom not in vue.fichiers:
            self._absente()
            return
        genre = mimetypes.guess_type(nom)[0] or "application/octet-stream"
        self._envoyer(vue.fichiers[nom], genre=f"{genre}; charset=utf-8", politique=_DOCUMENT)

    def _pdf(self) -> None:
        rendu = self.server.session.pdf()
        if isinstance(rendu, Echec):
            self._envoyer(f"{rendu.constat}\n→ {rendu.remede}", HTTPStatus.CONFLICT)
        else:
            self._envoyer(rendu, genre="application/pdf")

    def _evenements(self) -> None:
        """Envoie l'état, puis chaque nouvel état, tant que la page est ouverte."""
        self._entetes(HTTPStatus.OK, "text/event-stream", _CADRE)
        session, rang = self.server.session, -1
        try:
            while not session.finie:
                etat = session.attendre(rang, _BATTEMENT)
                donnees = json.dumps(etat.en_json(), ensure_ascii=False)
                self.wfile.write((f"data: {donnees}\n\n" if etat.rang != rang else ": \n\n").encode())
                self.wfile.flush()
                rang = etat.rang
        except OSError:
            return  # la page est fermée

    def _absente(self) -> None:
        self._envoyer("Rien à cette adresse.", HTTPStatus.NOT_FOUND)

    def _envoyer(
        self,
        corps: str | bytes,
        statut: HTTPStatus = HTTPStatus.OK,
        *,
        genre: str = "text/plain; charset=utf-8",
        politique: str = "default-src 'none'",
    ) -> None:
        octets = corps.encode() if isinstance(corps, str) else corps
        self._entetes(statut, genre, politique, len(octets))
        self.wfile.write(octets)

    def _entetes(self, statut: HTTPStatus, genre: str, politique: str, taille: int | None = None) -> None:
        self.send_response(statut)
        self.send_header("Content-Type", genre)
        self.send_header("Content-Security-Policy", politique)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        if taille is not None:
            self.send_header("Content-Length", str(taille))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Ne dit rien : le terminal garde les messages de la session."""


def _gabarits(racine: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(racine / "report_templates"), autoescape=True, undefined=StrictUndefined
    )
