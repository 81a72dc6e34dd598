"""Le noyau Jupyter des éditions : notre interpréteur, et lui seul."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets import Dict, Int, default

_COMMANDE = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]


class NoyauCourant(AsyncKernelManager):
    """Démarre toujours l'interpréteur qui exécute l'observatoire.

    Un noyau « python3 » installé pour l'utilisateur par un autre environnement l'emporterait
    sinon (`ipykernel install --user`), et la fiche serait produite par une autre version du
    code. La recherche d'une kernelspec n'a donc pas lieu.
    """

    environnement = Dict(help="Tout l'environnement du noyau.").tag(config=True)
    memoire_mo = Int(0, help="Mémoire que le noyau peut s'allouer (Mo) ; 0 : sans limite.").tag(config=True)

    @default("transport_encryption")
    def _chiffrer(self) -> str:
        return "auto"

    @property
    def kernel_spec(self) -> KernelSpec:
        """La commande de démarrage, sans lecture du disque."""
        return KernelSpec(
            argv=list(_COMMANDE),
            display_name="Python 3",
            language="python",
            metadata={"supported_encryption": "curve"},
        )

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        """Démarre le noyau avec `environnement` au lieu de celui du processus."""
        await super().start_kernel(**options, env=dict(self.environnement))
        if self.memoire_mo:
            self._limiter(self.memoire_mo << 20)

    def _limiter(self, octets: int) -> None:
        """Borne la mémoire du noyau, là où le système le permet (Linux)."""
        with suppress(ImportError, AttributeError, OSError):
            import resource

            resource.prlimit(self.provisioner.pid, resource.RLIMIT_DATA, (octets, octets))  # type: ignore[union-attr]
