"""La note de méthode en Markdown : `docs/methode.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.publication.formats import typographier
from observatoire.publication.methode import RYTHMES, SIGNES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from observatoire.publication.methode import NoteDeMethode, NoteIndicateur, Regle

_DEBUT = """\
Écrit par « observatoire methode » à partir de ce que le code calcule : ne pas le modifier à la main.

Un chiffre de l’observatoire se lit avec trois mots : son **unité** (des heures, des contrats, des personnes
ou des marchés, jamais confondus), son **champ** (ce qui est compté) et sa **géographie** (où c’est compté).
Cette page les donne pour chacun, puis dit ce qui n’est pas publié et pourquoi.
"""
_REGLES = """\
- Une heure appartient au mois où elle a été travaillée. Un trimestre est un trimestre civil.
- Une personne compte une fois dans chaque cellule où elle a travaillé au moins une heure.
- L’âge, le diplôme, les publics et la résidence d’une personne sont ceux de son entrée.
- « Non renseigné » n’est ni « non » ni zéro : il est montré à part, et sort des parts.
- Les chiffres récents sont provisoires : des heures se déclarent encore des mois après avoir été faites.
"""
_SECRET = """\
Une valeur qui permettrait de reconnaître une personne ou une entreprise n’est pas publiée : elle est
remplacée par la marque **s**, la même partout. Elle l’est quand elle repose sur trop peu de personnes, sur
trop peu d’employeurs, ou quand un seul employeur en fait l’essentiel. Elle l’est aussi quand ce qui
resterait du total, une fois la valeur retirée, serait dans ce cas.
"""
_COMPLEMENT = """\
**Pourquoi d’autres valeurs sont cachées.** Un total moins ses autres parties rend la partie cachée ; une
année moins trois trimestres rend le quatrième ; une région moins sept départements rend le huitième.
D’autres valeurs sont donc cachées avec les premières, sur toutes les tables liées à la fois : territoires,
périodes et ventilations. La marque ne dit pas lesquelles : « s » peut couvrir un grand nombre comme un
petit, et parfois un zéro.

**Ce qui est vérifié avant de publier.** Un second calcul, écrit à part, prend la place du lecteur : à
partir des seuls chiffres publiés, il cherche entre quelles bornes chaque valeur cachée est enfermée. Si
elles sont trop proches, rien n’est publié.

**Tout est une valeur.** La règle vaut pour les personnes, les contrats, les heures, les euros, les parts et
les moyennes. Une part, un taux ou une moyenne n’est publié que si tous les nombres dont il est fait le
sont. Une valeur cachée n’existe dans aucun fichier publié : ni texte de remplacement, ni ordre de tri, ni
rang.
"""
_PLAN = """\
Moins de tranches publiées, moins de valeurs cachées : ce tableau dit ce qui paraît des indicateurs qui
reposent sur des personnes, à chaque niveau et à chaque rythme. Les autres paraissent partout.
"""
_REPERES = (
    ("Un an avant", "La même période de l’année précédente : les saisons se compensent."),
    (
        "Quatre trimestres",
        "Les quatre trimestres achevés, contre les quatre d’un an avant : la tendance sans les saisons.",
    ),
    (
        "Champ constant",
        (
            "Les heures des seules structures qui transmettaient les deux années, et la part des heures "
            "qu’elles couvrent : une structure qui commence à transmettre n’y fait pas une hausse."
        ),
    ),
    ("Région", "Pour une part ou une moyenne seulement : l’écart à celle de l’Île-de-France."),
)
_COMPARER = """\
L’écart entre deux parts se dit en points, l’évolution d’un nombre en pourcentage. Une comparaison n’est
faite qu’entre deux valeurs publiées. Elle est « n.s. » quand la valeur de départ repose sur trop peu de
personnes, quand la période est encore provisoire, ou quand le champ constant couvre trop peu d’heures. Le
nombre de personnes derrière des heures ou des contrats est estimé au prorata, à partir des seuls nombres
publiés.
"""


def en_markdown(note: NoteDeMethode) -> str:
    """Rend la note en Markdown, la même à chaque fois pour le même contenu."""
    lignes = [
        "# Méthode",
        f"*{note.titre}*",
        _DEBUT.rstrip(),
        *_sommaire(note),
        *_partie("Ce qui vaut partout", "regles", [_REGLES.rstrip()]),
        *_partie("Les indicateurs", "indicateurs", _fiches(note.indicateurs)),
        *_partie("Les parts, les taux et les moyennes", "rapports", _fiches(note.rapports)),
        *_partie("Les ventilations", "ventilations", _ventilations(note)),
        *_partie("Le secret statistique", "secret", _secret(note)),
        *_partie("Les comparaisons", "comparaisons", _comparaisons(note)),
        *_partie("Les signes", "signes", [_tableau(["Signe", "Sens"], SIGNES)]),
    ]
    return "\n\n".join(map(_imprimer, lignes)) + "\n"


def _partie(titre: str, ancre: str, contenu: Iterable[str]) -> Iterator[str]:
    yield f'<a id="{ancre}"></a>\n\n## {titre}'
    yield from contenu


def _sommaire(note: NoteDeMethode) -> Iterator[str]:
    yield "## Sommaire"
    parties = (
        ("Ce qui vaut partout", "regles", ()),
        ("Les indicateurs", "indicateurs", note.indicateurs),
        ("Les parts, les taux et les moyennes", "rapports", note.rapports),
        ("Les ventilations", "ventilations", ()),
        ("Le secret statistique", "secret", ()),
        ("Les comparaisons", "comparaisons", ()),
        ("Les signes", "signes", ()),
    )
    lignes = []
    for titre, ancre, notes in parties:
        lignes.append(f"- [{titre}](#{ancre})")
        lignes += [f"  - [{fiche.libelle}](#{fiche.nom})" for fiche in notes]
    yield "\n".join(lignes)


def _fiches(notes: Iterable[NoteIndicateur]) -> Iterator[str]:
    for note in notes:
        yield f'<a id="{note.nom}"></a>\n\n### {note.libelle}'
        yield f"**{note.definition}**"
        yield from note.paragraphes
        lignes = [
            ("Unité", note.unite),
            *note.formule,
            ("Champ", note.champ),
            ("Géographie", f"{note.geographie[0].upper()}{note.geographie[1:]}."),
            ("Ventilations", f"{', '.join(note.ventilations)}." if note.ventilations else "Aucune."),
            ("Additivité", note.additivite),
            ("Source", note.source),
            ("Lecture", note.lecture),
            ("Nom dans les données", f"`{note.nom}`"),
        ]
        yield _tableau(["", ""], lignes)


def _ventilations(note: NoteDeMethode) -> Iterator[str]:
    yield (
        "Les regroupements sont les mêmes dans toutes les publications. Une ventilation sensible relève d’un "
        "seuil de secret plus élevé."
    )
    lignes = [
        (v.libelle, (" × " if v.croisee else " · ").join(v.modalites), "Oui" if v.sensible else "Non")
        for v in note.ventilations
    ]
    yield _tableau(["Ventilation", "Modalités", "Sensible"], lignes)


def _secret(note: NoteDeMethode) -> Iterator[str]:
    yield _SECRET.rstrip()
    yield _regles(note.secret)
    yield _COMPLEMENT.rstrip()
    yield "### Ce qui est publié, à quel niveau et à quel rythme"
    yield _PLAN.rstrip()
    yield _tableau(["Niveau", *RYTHMES.values()], ([niveau, *tranches] for niveau, tranches in note.plan))
    if note.exceptions:
        yield "\n".join(f"- {exception}" for exception in note.exceptions)


def _comparaisons(note: NoteDeMethode) -> Iterator[str]:
    yield _tableau(["Repère", "Ce qu’il dit"], _REPERES)
    yield _COMPARER.rstrip()
    yield _regles(note.comparaisons)


def _regles(regles: Iterable[Regle]) -> str:
    lignes = ([r.enonce, r.valeur, r.depuis, r.reference] for r in regles)
    return _tableau(["Règle", "Valeur", "Depuis", "Référence"], lignes)


def _tableau(colonnes: Iterable[str], lignes: Iterable[Iterable[str]]) -> str:
    entetes = list(colonnes)
    return "\n".join([_ligne(entetes), f"|{'---|' * len(entetes)}", *map(_ligne, lignes)])


def _ligne(cellules: Iterable[str]) -> str:
    r"""Rend une ligne de tableau.

    >>> _ligne(["a | b", "c"])
    '| a \\| b | c |'
    """
    return f"| {' | '.join(' '.join(texte.split()).replace('|', chr(92) + '|') for texte in cellules)} |"


def _imprimer(texte: str) -> str:
    """Rend le texte avec l'apostrophe et les espaces insécables du français."""
    return typographier(texte.replace("'", "’"))
