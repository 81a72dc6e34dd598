"""La géographie publique, vue par l'attaquant : qui contient qui, et les morceaux communs à deux découpages.

Une *maille* est l'ensemble des communes d'un département et d'un territoire à cheval sur plusieurs ; un
*reste*, ce qu'un territoire compte hors de ses parties publiées. Ni l'une ni l'autre n'est publiée : ce
sont des inconnues, qui suivent les mêmes relations que les territoires.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Collection

_PARTIES_LOCALES = ("ept", "epci")


@dataclass(frozen=True, slots=True)
class Decoupage:
    """Un tout et ses parties disjointes.

    Attributes:
        tout, parties: les territoires.
        reste: le reste du tout hors de ses parties, ou vide si elles le couvrent.
        certain: le tout n'est, par définition, rien d'autre que ses parties et ce reste ; sinon, un objet
            mal localisé peut n'être rattaché qu'au tout.
    """

    tout: str
    parties: tuple[str, ...]
    reste: str = ""
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Geographie:
    """Les découpages d'une région.

    Attributes:
        decoupages: du plus grand tout au plus petit.
        departements: pour chaque territoire, les départements qu'il touche.
    """

    decoupages: tuple[Decoupage, ...]
    departements: dict[str, tuple[str, ...]]

    @property
    def noeuds(self) -> list[str]:
        """Les territoires, les mailles et les restes, chacun une fois."""
        noms = [nom for d in self.decoupages for nom in (d.tout, *d.parties, d.reste) if nom]
        return list(dict.fromkeys(noms))


def lire_geographie(appartenances: pd.DataFrame, territoires: Collection[str]) -> Geographie:
    """Lit les découpages entre territoires publiés, dans les appartenances en vigueur des communes.

    Args:
        appartenances: `entrepot/appartenances`, publique.
        territoires: les territoires publiés ; un niveau absent n'est pas une partie.
    """
    vivantes = appartenances.loc[appartenances["valide_au"].isna(), ["commune", "territoire"]]
    niveau = vivantes["territoire"].str.split(":").str[0]
    locales = vivantes[niveau.isin(_PARTIES_LOCALES) & vivantes["territoire"].isin(list(territoires))]
    communes = (
        pd.DataFrame({"commune": vivantes["commune"].unique()})
        .merge(vivantes[niveau == "dep"].rename(columns={"territoire": "dep"}), how="left", on="commune")
        .merge(locales.rename(columns={"territoire": "local"}), how="left", on="commune")
    )
    par_local = communes.groupby("local")["dep"].unique()
    departements = {str(nom): tuple(sorted(deps)) for nom, deps in par_local.items()}
    decoupages = _regions(vivantes[niveau == "reg"], communes)
    for dep, siennes in communes.groupby("dep"):
        departements[str(dep)] = (str(dep),)
        decoupages += _departement(str(dep), siennes, departements)
    for local, deps in departements.items():
        if len(deps) > 1:
            decoupages.append(Decoupage(local, tuple(f"{dep}∩{local}" for dep in deps)))
    return Geographie(tuple(decoupages), departements)


def _regions(regionales: pd.DataFrame, communes: pd.DataFrame) -> list[Decoupage]:
    deps = tuple(sorted(communes["dep"].dropna().unique()))
    return [Decoupage(str(reg), deps, f"reste {reg}") for reg in sorted(regionales["territoire"].unique())]


def _departement(
    dep: str, communes: pd.DataFrame, departements: dict[str, tuple[str, ...]]
) -> list[Decoupage]:
    locales = sorted(communes["local"].dropna().unique())
    if not locales:
        return []
    mailles = tuple(nom if len(departements[nom]) == 1 else f"{dep}∩{nom}" for nom in locales)
    if communes["local"].isna().any():
        return [Decoupage(dep, mailles, f"reste {dep}")]
    return [Decoupage(dep, mailles, certain=False)]
