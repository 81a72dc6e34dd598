"""Le livre : les chapitres d'un rapport mis bout à bout, numérotés, leurs renvois résolus.

Le même livre donne les pages HTML, le PDF et le classeur : un numéro de figure y est donc le même.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from observatoire.erreurs import PublicationError
from observatoire.publication.deroule import RENVOI, Bloc, lire_chapitre

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nbformat import NotebookNode

ANNEXES = 90
"""À partir de ce rang, un notebook est une annexe : elle porte une lettre."""

_SIGNES = {"figure": "Figure", "tableau": "Tableau"}


@dataclass(frozen=True, slots=True)
class Repere:
    """Ce vers quoi on renvoie : son numéro (« 3.2 »), son nom (« figure 3.2 »), son titre, sa page HTML."""

    numero: str
    nom: str
    titre: str
    fichier: str
    ancre: str


@dataclass(frozen=True)
class Chapitre:
    """Un chapitre ou une annexe : ses blocs, et les titres de ses parties."""

    numero: str
    titre: str
    fichier: str
    blocs: list[Bloc]
    sections: list[Repere] = field(default_factory=list)

    @property
    def annexe(self) -> bool:
        """Vrai si le chapitre porte une lettre."""
        return self.numero.isalpha()

    @property
    def nom(self) -> str:
        """Le chapitre dans un sommaire : « 3. Les heures », « Annexe A. Définitions »."""
        return f"{'Annexe ' if self.annexe else ''}{self.numero}. {self.titre}"


@dataclass(frozen=True)
class Livre:
    """Un rapport entier ; `reperes` : chaque figure et chaque tableau, dans l'ordre."""

    chapitres: list[Chapitre]
    reperes: list[Repere]

    def liste(self, signe: str) -> list[Repere]:
        """Rend les figures, ou les tableaux."""
        return [repere for repere in self.reperes if repere.nom.startswith(signe.lower())]


def assembler(notebooks: Mapping[str, NotebookNode]) -> Livre:
    """Rend le livre de notebooks exécutés, dans l'ordre de leurs noms (`03_heures`).

    Raises:
        PublicationError: un chapitre sans titre, deux figures de même identifiant, un renvoi vers rien.
    """
    lus = {nom: lire_chapitre(notebook) for nom, notebook in sorted(notebooks.items())}
    chapitres = [_numeroter(numero, nom, *lus[nom]) for nom, numero in zip(lus, _numeros(lus), strict=True)]
    reperes = [repere for chapitre in chapitres for repere in _reperer(chapitre)]
    _refuser_les_doubles(reperes)
    cibles = {repere.ancre: repere for repere in reperes}
    for chapitre in chapitres:
        cibles |= {section.ancre: section for section in chapitre.sections}
    resolus = [
        Chapitre(
            chapitre.numero,
            chapitre.titre,
            chapitre.fichier,
            [_resoudre(bloc, cibles, chapitre) for bloc in chapitre.blocs],
            chapitre.sections,
        )
        for chapitre in chapitres
    ]
    return Livre(resolus, reperes)


def _numeros(noms: Iterable[str]) -> list[str]:
    """Les chapitres sont numérotés à partir de 1, les annexes à partir de A."""
    chapitres = annexes = 0
    numeros = []
    for nom in noms:
        if int(nom[:2]) >= ANNEXES:
            numeros.append(chr(ord("A") + annexes))
            annexes += 1
        else:
            chapitres += 1
            numeros.append(str(chapitres))
    return numeros


def _numeroter(numero: str, nom: str, titre: str, blocs: list[Bloc]) -> Chapitre:
    comptes: Counter[str] = Counter()
    sections, numerotes = [], []
    for bloc in blocs:
        genre = bloc["genre"]
        if genre == "titre" and bloc["niveau"] == 2:
            comptes["section"] += 1
            rang = f"{numero}.{comptes['section']}"
            ancre = f"{nom[:2]}-{ancre_de(bloc['texte'])}"
            sections.append(Repere(rang, f"partie {rang}", bloc["texte"], nom, ancre))
            numerotes.append({**bloc, "numero": rang, "ancre": ancre})
        elif genre in _SIGNES:
            comptes[genre] += 1
            numerotes.append({**bloc, "numero": f"{numero}.{comptes[genre]}", "signe": _SIGNES[genre]})
        else:
            numerotes.append(bloc)
    return Chapitre(numero, titre, nom, numerotes, sections)


def _reperer(chapitre: Chapitre) -> Iterator[Repere]:
    for bloc in chapitre.blocs:
        if bloc["genre"] in _SIGNES:
            numero = bloc["numero"]
            # Dans une liste, ce que montre la figure, non ce qu'on y trouve.
            titre = bloc["titre"] if bloc["genre"] == "tableau" else _sujet(bloc["sous_titre"])
            yield Repere(numero, f"{bloc['genre']} {numero}", titre, chapitre.fichier, bloc["id"])


def _sujet(sous_titre: str) -> str:
    return re.split(r"\s; ", sous_titre)[0]


def _refuser_les_doubles(reperes: list[Repere]) -> None:
    for ancre, fois in Counter(repere.ancre for repere in reperes).items():
        if fois > 1:
            ou = " et ".join(dict.fromkeys(r.fichier for r in reperes if r.ancre == ancre))
            raise PublicationError(
                f"La figure « {ancre} » est {fois} fois dans le rapport ({ou}).",
                "N'en garder qu'une, et y renvoyer d'ailleurs : [](#" + ancre + ").",
            )


def _resoudre(bloc: Bloc, cibles: Mapping[str, Repere], chapitre: Chapitre) -> Bloc:
    """Les paragraphes et les éléments de liste deviennent des morceaux : du texte, ou un renvoi."""
    champ = {"texte": "paragraphes", "liste": "elements"}.get(bloc["genre"])
    if champ is None:
        return bloc
    return {**bloc, champ: [list(_morceaux(texte, cibles, chapitre)) for texte in bloc[champ]]}


def _morceaux(texte: str, cibles: Mapping[str, Repere], chapitre: Chapitre) -> Iterator[dict[str, Any]]:
    for rang, morceau in enumerate(RENVOI.split(texte)):
        if rang % 2 == 0:
            if morceau:
                yield {"texte": morceau}
            continue
        if morceau not in cibles:
            raise PublicationError(
                f"{chapitre.fichier} renvoie à « {morceau} », qui n'est pas dans le rapport.",
                "Écrire l'identifiant d'une figure, d'un tableau ou d'une partie du rapport.",
            )
        cible = cibles[morceau]
        yield {"texte": cible.nom, "ancre": cible.ancre, "fichier": cible.fichier}


def ancre_de(texte: str) -> str:
    """Rend l'ancre d'un titre.

    >>> ancre_de("Qui en bénéficie ?")
    'qui-en-beneficie'
    """
    nu = unicodedata.normalize("NFKD", texte).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", nu).strip("-")
