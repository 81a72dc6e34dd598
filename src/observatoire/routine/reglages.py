"""Les réglages du passage de routine : le bloc `[routine]` d'`observatoire.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from observatoire.erreurs import ConfigError, suggestion

if TYPE_CHECKING:
    from observatoire.config import Config

_BOUCLE = ("localhost", "127.0.0.1", "::1")
_ENTIERS = {"calme_minutes": (10, 0), "essais": (3, 1), "rapports_jours": (400, 1), "journaux_jours": (90, 1)}
_TEXTES = {"courriel", "crochet"}


@dataclass(frozen=True, slots=True)
class Courriel:
    """Le serveur d'envoi (`[routine.courriel]`) ; l'identifiant et le mot de passe n'y sont jamais."""

    serveur: str
    port: int
    expediteur: str
    destinataires: tuple[str, ...]
    chiffrement: str  # « starttls », « tls » dès la connexion, ou « aucun » vers la machine elle-même

    @classmethod
    def lire(cls, bloc: dict[str, Any]) -> Self:
        """Lit le bloc.

        Raises:
            ConfigError: clé inconnue, adresse absente, ou envoi en clair vers une autre machine.
        """
        ou = "[routine.courriel]"
        _refuser_les_inconnues(ou, bloc, cls.__slots__)
        destinataires = bloc.get("destinataires", [])
        adresses = [bloc.get("expediteur", ""), *(destinataires if isinstance(destinataires, list) else [])]
        if len(adresses) < 2 or not all(isinstance(a, str) and _est_une_adresse(a) for a in adresses):
            raise ConfigError(
                f"{ou} : expediteur ou destinataires mal écrits.",
                'Écrire expediteur = "nom@domaine" et destinataires = ["nom@domaine"].',
            )
        port, serveur = bloc.get("port", 587), str(bloc.get("serveur", ""))
        chiffrement = bloc.get("chiffrement", "tls" if port == 465 else "starttls")
        if chiffrement not in ("starttls", "tls", "aucun"):
            raise ConfigError(f"{ou} : chiffrement « {chiffrement} » inconnu.", "starttls, tls ou aucun.")
        if not serveur or type(port) is not int or not 0 < port < 65536:
            raise ConfigError(f"{ou} : serveur ou port mal écrit.", 'Écrire serveur = "hôte", port = 587.')
        if chiffrement == "aucun" and serveur not in _BOUCLE:
            raise ConfigError(
                f"{ou} : un envoi en clair vers {serveur} est refusé.",
                "Retirer chiffrement : STARTTLS est le défaut. « aucun » ne vaut que pour localhost.",
            )
        return cls(serveur, port, adresses[0], tuple(adresses[1:]), chiffrement)


@dataclass(frozen=True, slots=True)
class Reglages:
    """Ce que l'équipe règle ; chaque valeur a un défaut, un bloc absent est permis.

    `calme_minutes` : un fichier qui a bougé depuis moins que cela est peut-être en cours de copie.
    `essais` : nombre de fois qu'un même échec est retenté tant que rien n'a changé.
    `rapports_jours`, `journaux_jours` : durée de garde de `outputs/routine` et de `outputs/journaux`.
    """

    calme_minutes: int
    essais: int
    rapports_jours: int
    journaux_jours: int
    courriel: Courriel | None
    crochet: bool

    @property
    def voies(self) -> int:
        """Le nombre de voies par lesquelles un passage s'annonce."""
        return (self.courriel is not None) + self.crochet

    @classmethod
    def lire(cls, config: Config) -> Self:
        """Lit `[routine]`.

        Raises:
            ConfigError: clé inconnue ou valeur hors bornes.
        """
        bloc = config.reglages.get("routine", {})
        _refuser_les_inconnues("[routine]", bloc, [*_ENTIERS, *_TEXTES])
        entiers = {nom: bloc.get(nom, defaut) for nom, (defaut, _) in _ENTIERS.items()}
        for nom, valeur in entiers.items():
            if type(valeur) is not int or valeur < _ENTIERS[nom][1]:
                raise ConfigError(
                    f"[routine] : {nom} = {valeur!r} est refusé.",
                    f"Écrire un nombre entier d'au moins {_ENTIERS[nom][1]}.",
                )
        crochet = bloc.get("crochet", False)
        if not isinstance(crochet, bool):
            raise ConfigError(
                "[routine] : crochet vaut true ou false.",
                "L'adresse, qui vaut souvent mot de passe, se met dans le fichier des secrets.",
            )
        courriel = Courriel.lire(bloc["courriel"]) if "courriel" in bloc else None
        return cls(**entiers, courriel=courriel, crochet=crochet)


def est_la_machine(hote: str) -> bool:
    """Dit si un hôte est la machine elle-même."""
    return hote in _BOUCLE


def _refuser_les_inconnues(ou: str, bloc: dict[str, Any], connues: Any) -> None:
    for cle in bloc:
        if cle not in connues:
            raise ConfigError(f"{ou} : « {cle} » inconnu.", suggestion(cle, connues))


def _est_une_adresse(texte: str) -> bool:
    r"""Dit si un texte a la forme d'une adresse, sans rien qui puisse ajouter une ligne au message.

    >>> _est_une_adresse("equipe@exemple.invalid"), _est_une_adresse("a@b.c\nBcc: x@y.z")
    (True, False)
    """
    nom, arobase, domaine = texte.partition("@")
    return bool(nom and arobase and domaine) and texte.isprintable() and not set(texte) & set(' ,;<>"')
