"""Préparer l'annonce : lire les secrets d'emblée, n'ouvrir de connexion que s'il y a quelque chose à dire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.erreurs import ConfigError
from observatoire.routine.secrets import lire_secrets

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, MutableMapping

    from observatoire.config import Config
    from observatoire.routine.bilan import Bilan
    from observatoire.routine.reglages import Reglages


def annonceur(
    config: Config,
    reglages: Reglages,
    environ: MutableMapping[str, str],
    maintenant: Callable[[], dt.datetime],
) -> Callable[[Bilan, str], list[str]]:
    """Rend de quoi annoncer un bilan ; un fichier de secrets refusé se dit à l'envoi et n'arrête rien."""
    try:
        secrets = lire_secrets(environ)
    except ConfigError as erreur:
        refus = f"Rien n'est annoncé. {erreur.constat} {erreur.remede}"
        return lambda _bilan, _page: [refus] if reglages.courriel or reglages.crochet else []

    def annoncer(bilan: Bilan, page: str) -> list[str]:
        from observatoire.routine.messages import Facteur

        return Facteur(config, reglages, secrets, maintenant()).annoncer(bilan, page)

    return annoncer
