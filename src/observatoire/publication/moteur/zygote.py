"""Le zygote : un processus qui a tout importé et se divise en noyaux.

Il importe et ne calcule jamais : une requête DuckDB, une lecture Arrow ou un produit de matrices y
laisseraient des fils, et un processus à plusieurs fils ne se divise pas sans risque. Il le vérifie avant
chaque division. Il n'a pas de socket nommée : seul le processus qui l'a lancé peut lui parler.
"""

from __future__ import annotations

import datetime as dt
import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

ESSENTIELLES = (
    "asyncio",
    "babel.dates",
    "babel.numbers",
    "IPython.core.completer",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.historyapp",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "ipykernel.debugger",
    "ipykernel.kernelapp",
    "jinja2",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "mistune",
    "numpy",
    "pandas",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "seaborn",
    "tornado.platform.asyncio",
)
"""Ce que toute fiche charge, et qui n'est pas de nous : un aperçu s'en contente pour naître plus tôt."""

FICHE = ("observatoire.publication.fiche", "observatoire.publication.moteur.fils")

BIBLIOTHEQUES = (
    *ESSENTIELLES,
    "duckdb",
    "observatoire.publication.commentaire",  # le relevé d'une fiche le lit : 1,2 s par noyau, sinon
    *FICHE,
    "observatoire.publication.fiche.programme",
    "observatoire.publication.rapport",
)
"""Ce que le zygote importe, et rien d'autre.

Jamais `matplotlib_inline`, qui se lie au shell présent à son import (les figures disparaîtraient), ni
`polars`, dont l'import démarre des fils.
"""

SANS_FILS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
"""L'environnement dans lequel ces imports ne démarrent aucun fil."""

ESSENTIEL = "essentiel"
"""L'argument d'un zygote qui ne charge pas l'observatoire : d'autres en naissent, qui le chargent."""

_DEMANDE_MAXIMUM = 1 << 20
_DECHETS = 10_000, 10, 10
"""Un noyau vit peu : chercher ses déchets toutes les 700 créations prenait un douzième de son calcul."""


def fils_en_cours() -> int:
    """Compte les fils d'exécution du processus, ceux des bibliothèques C compris."""
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208  appelé à chaque division


def prechauffer(noms: Iterable[str] = BIBLIOTHEQUES) -> None:
    """Importe les bibliothèques et gèle ce qu'elles ont créé : les noyaux en partagent la mémoire."""
    gc.disable()  # un import crée peu de déchets ; les chercher coûte un dixième de sa durée
    try:
        for nom in noms:
            importlib.import_module(nom)
        _remplir_les_caches()
        if noms is BIBLIOTHEQUES:  # des centaines de noyaux en profitent ; celui d'un aperçu l'attendrait
            _dessiner_un_exemple()
            _lire_le_gabarit()
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(*_DECHETS)


def _remplir_les_caches() -> None:
    """Remplit ce qui ne dépend d'aucune donnée : formats français, liste des affichages, dessin."""
    from babel.dates import format_date
    from babel.numbers import format_decimal
    from matplotlib.backends.registry import backend_registry
    from matplotlib.figure import Figure

    format_date(dt.date(2026, 1, 1), locale="fr"), format_decimal(1.5, locale="fr")
    backend_registry.list_all()
    Figure().savefig(io.StringIO(), format="svg")


def _dessiner_un_exemple() -> None:
    """Charge notre police et nos formats, en dessinant une figure de chaque sorte."""
    from observatoire.publication import charte, figures, formats

    barre = figures.Barre("Gras et italique", 2.0, formats.pct(12.5), charte.TEXTE, repere=1.0)
    vide = figures.Barre("Secret", None, "s", charte.TEXTE)
    figures.barres([barre, vide], repere="Région")
    figures.panneaux([("Titre", [barre, vide])])
    figures.trimestres(
        [figures.Colonne("T1", "2026", 1.0, formats.entier(1234), charte.TEXTE, provisoire=True)]
    )
    figures.points([figures.Point("Part", 1.0, "1", 2.0)], ("Ici", "Région"))


def _lire_le_gabarit() -> None:
    """Compile le gabarit des blocs du dossier de travail, s'il y en a un."""
    from observatoire.config import dossier_de_travail
    from observatoire.publication import blocs

    with suppress(Exception):  # absent ou faux : la cellule qui s'en sert le dira
        blocs.gabarit(dossier_de_travail())


class Zygote:
    """Attend des demandes sur `commande` ; suit ses noyaux jusqu'à leur fin.

    Chaque demande est un JSON accompagné de deux descripteurs : la socket du noyau, et le tube où le
    zygote écrit « noyau <numéro> » puis, à la fin, « fin <code> <ms de calcul> <mémoire au plus haut, ko> ».
    Si le lecteur de ce tube disparaît, le noyau est tué. Accompagnée d'une seule socket, elle fait naître un
    zygote de plus, qui charge l'observatoire et vit tant que l'autre bout est ouvert.

    Args:
        commande: la socket des demandes.
        ajoutees: les variables d'environnement que les imports ont posées, comme dans un noyau ordinaire.
    """

    def __init__(self, commande: socket.socket, ajoutees: dict[str, str]) -> None:
        self._commande = commande
        self._ajoutees = ajoutees
        self._suivis: dict[int, int] = {}  # numéro du noyau → tube de suivi
        self._sondeur = select.poll()
        self._sondeur.register(commande, select.POLLIN)
        self._reveil, ecriture = os.pipe()
        os.set_blocking(self._reveil, False)
        os.set_blocking(ecriture, False)
        self._sondeur.register(self._reveil, select.POLLIN)
        self._ecriture = ecriture
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(ecriture)

    def servir(self) -> None:
        """Sert jusqu'à la fermeture de la commande, puis jusqu'à la fin du dernier noyau."""
        ouverte = True
        while ouverte or self._suivis:
            for descripteur, evenement in self._sondeur.poll():
                if descripteur == self._commande.fileno():
                    ouverte = self._recevoir()
                    if not ouverte:
                        self._sondeur.unregister(self._commande)
                elif descripteur == self._reveil:
                    self._moissonner()
                elif evenement & (select.POLLERR | select.POLLHUP | select.POLLNVAL):
                    self._abattre(descripteur)

    def _recevoir(self) -> bool:
        octets, descripteurs, _, _ = socket.recv_fds(self._commande, _DEMANDE_MAXIMUM, 2)
        if not octets:
            return False
        prise, *suivi = descripteurs
        numero, refus = self._se_diviser()
        if numero == 0:
            self._naitre(json.loads(octets), prise, suivi)
        os.close(prise)
        for tube in suivi:
            with suppress(OSError):
                os.write(tube, f"{refus or f'noyau {numero}'}\n".encode())
            if refus:
                os.close(tube)
            else:
                self._suivis[numero] = tube
                self._sondeur.register(tube, 0)
        return True

    def _se_diviser(self) -> tuple[int, str]:
        """Rend le numéro du processus fils, 0 dans celui-ci, ou -1 et pourquoi il n'y en a pas."""
        nombre = fils_en_cours()
        if nombre != 1:
            return -1, f"refus {nombre} fils d'exécution"
        try:
            return os.fork(), ""
        except OSError as erreur:
            return -1, f"refus {erreur.strerror}"

    def _naitre(self, demande: dict[str, Any], prise: int, suivi: list[int]) -> None:
        """Dans le processus fils : oublie le zygote, vit sa vie de noyau ou de zygote ; ne revient jamais."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for descripteur in (*suivi, self._reveil, self._ecriture, *self._suivis.values()):
                os.close(descripteur)
            self._commande.close()
            if suivi:
                _devenir_noyau(demande, socket.socket(fileno=prise), self._ajoutees)
            else:
                _devenir_zygote(demande, socket.socket(fileno=prise), self._ajoutees)
        except BaseException:  # rien ne doit remonter dans la boucle du zygote
            os._exit(70)
        os._exit(0)

    def _moissonner(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._reveil, 4096)
        while True:
            try:
                numero, etat, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if numero == 0:
                return
            suivi = self._suivis.pop(numero, None)
            if suivi is None:
                continue  # un zygote né de celui-ci, que personne ne suit
            with suppress(KeyError):  # un noyau abattu n'y est plus
                self._sondeur.unregister(suivi)
            with suppress(OSError):
                calcul = round(1000 * (usage.ru_utime + usage.ru_stime))
                code = os.waitstatus_to_exitcode(etat)
                os.write(suivi, f"fin {code} {calcul} {usage.ru_maxrss}\n".encode())
            os.close(suivi)

    def _abattre(self, suivi: int) -> None:
        """Plus personne ne suit ce noyau : il disparaît, avec ce qu'il a lancé."""
        for numero, sien in self._suivis.items():
            if sien == suivi:
                self._sondeur.unregister(suivi)
                for tuer in (os.killpg, os.kill):
                    with suppress(OSError):
                        tuer(numero, signal.SIGKILL)


def _devenir_noyau(demande: dict[str, Any], prise: socket.socket, ajoutees: dict[str, str]) -> None:
    from observatoire.publication.moteur import fils

    complet = {**ajoutees, **demande["environnement"]}
    fils.vivre({**demande, "environnement": complet}, prise)


def _devenir_zygote(demande: dict[str, Any], commande: socket.socket, ajoutees: dict[str, str]) -> None:
    """Charge l'observatoire tel qu'il est enregistré, y compris ce module-ci, et ce qu'une fiche en lit."""
    sys.dont_write_bytecode |= demande["relu"]
    for nom in [nom for nom in sys.modules if nom.partition(".")[0] == "observatoire"]:
        del sys.modules[nom]
    from observatoire.publication.moteur import zygote

    zygote.vivre(commande, zygote.FICHE, ajoutees)


def vivre(commande: socket.socket, noms: Iterable[str], ajoutees: dict[str, str]) -> None:
    """Importe des bibliothèques, puis sert ; `ajoutees` : les variables posées par de précédents imports."""
    recues = dict(os.environ)
    # une bibliothèque qu'on est en train d'écrire peut être fausse : la cellule qui l'importe le dira
    with suppress(Exception):
        prechauffer(noms)
    posees = {nom: valeur for nom, valeur in os.environ.items() if nom not in recues}
    zygote = Zygote(commande, {**ajoutees, **posees})
    sys.argv = [str(Path(sys.executable).with_name("ipykernel_launcher.py"))]
    zygote.servir()


def main() -> None:
    """Démarre sur la socket dont le descripteur est le premier argument ; un second l'allège."""
    del sys.path[0]  # « -m » y met le dossier courant, qu'un noyau ordinaire n'a pas là
    noms = ESSENTIELLES if ESSENTIEL in sys.argv else BIBLIOTHEQUES
    vivre(socket.socket(fileno=int(sys.argv[1])), noms, {})


if __name__ == "__main__":
    main()
