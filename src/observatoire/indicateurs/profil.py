"""Le profil des bénéficiaires : des parts, en personnes et en heures, et les heures par personne.

Chaque part porte sur le renseigné : une personne au profil inconnu n'est ni d'un côté ni de l'autre.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from observatoire.indicateurs.registre import PART, Comptes, rapport
from observatoire.referentiel import NON_RENSEIGNE, ventilations

if TYPE_CHECKING:
    import narwhals as nw

_SOURCE = "Logiciels de suivi des clauses sociales, traitements de l’observatoire."
_HABITANTS = "Personnes résidant dans le territoire ayant réalisé au moins une heure dans la période, {}."
_TRAVAIL = "Heures travaillées dans la période, sur les marchés exécutés dans le territoire, {}."


def _part(indicateur: str, ventilation: str, *modalites: str, champ: str, sur: str = "") -> dict[str, Any]:
    """La déclaration d'une part : des modalités, parmi celles que la ventilation renseigne.

    `sur` est la ventilation du dénominateur quand ce n'est pas celle du numérateur.
    """
    renseignees = [code for code in ventilations()[sur or ventilation].libelles if code != NON_RENSEIGNE]
    return {
        "unite": PART,
        "numerateur": Comptes(indicateur=indicateur, ventilation=ventilation, modalites=modalites),
        "denominateur": Comptes(
            indicateur=indicateur, ventilation=sur or ventilation, modalites=tuple(renseignees)
        ),
        "champ": champ,
        "source": _SOURCE,
    }


def _public(code: str) -> dict[str, Any]:
    """La déclaration de la part d'un public, parmi les personnes dont un public est connu."""
    champ = _HABITANTS.format("dont un public au moins est renseigné")
    return _part("beneficiaires", "public", code, sur="public_principal", champ=champ)


@rapport(
    libelle="Part des femmes",
    lecture="{territoire}, {periode} : {valeur} des bénéficiaires sont des femmes.",
    **_part("beneficiaires", "sexe", "F", champ=_HABITANTS.format("de sexe renseigné")),
)
def part_femmes(femmes: nw.Expr, renseignes: nw.Expr) -> nw.Expr:
    """Femmes parmi les bénéficiaires dont le sexe est renseigné, en nombre de personnes.

    Une femme qui a travaillé une heure y compte autant qu’une femme employée à plein temps : la part
    des heures faites par des femmes est un autre chiffre, publié à côté. Des publications confondent
    les deux ; il faut toujours dire lequel est cité. La part est calculée sur les seuls nombres
    publiés : si l’un d’eux est caché, elle l’est aussi.
    """
    return 100 * femmes / renseignes


@rapport(
    libelle="Part des femmes, en heures",
    lecture="{territoire}, {periode} : {valeur} des heures sont réalisées par des femmes.",
    **_part("heures_realisees", "sexe", "F", champ=_TRAVAIL.format("par des personnes de sexe renseigné")),
)
def part_femmes_heures(femmes: nw.Expr, renseignees: nw.Expr) -> nw.Expr:
    """Heures réalisées par des femmes, parmi les heures des personnes dont le sexe est renseigné.

    Les heures sont rattachées au lieu d’exécution du marché, les personnes à leur résidence : cette
    part et celle des femmes parmi les bénéficiaires ne décrivent pas le même territoire. Elle baisse
    quand les femmes ont des contrats plus courts ou à temps partiel. Elle est calculée sur les seules
    heures publiées : si l’une des sommes est cachée, elle l’est aussi.
    """
    return 100 * femmes / renseignees


@rapport(
    libelle="Part des moins de 26 ans",
    lecture="{territoire}, {periode} : {valeur} des bénéficiaires avaient moins de 26 ans à l’entrée.",
    **_part("beneficiaires", "tranche_age", "M26", champ=_HABITANTS.format("de tous âges")),
)
def part_moins_26_ans(jeunes: nw.Expr, personnes: nw.Expr) -> nw.Expr:
    """Bénéficiaires qui avaient moins de 26 ans à leur entrée, quelle que soit leur qualification.

    L’âge est celui de l’entrée, non celui de la période : une personne entrée à 25 ans reste comptée ici
    tant que son parcours dure. Le public « jeune peu ou pas qualifié » est un autre chiffre. Les
    quelques personnes d’âge non renseigné sont comptées avec les 26 à 49 ans : publiées à part, elles
    obligeraient à cacher d’autres âges. La part en est sous-estimée d’autant.
    """
    return 100 * jeunes / personnes


@rapport(
    libelle="Part des moins de 26 ans, en heures",
    lecture="{territoire}, {periode} : {valeur} des heures sont réalisées par des moins de 26 ans.",
    **_part("heures_realisees", "tranche_age", "M26", champ=_TRAVAIL.format("à tous âges")),
)
def part_moins_26_ans_heures(jeunes: nw.Expr, heures: nw.Expr) -> nw.Expr:
    """Heures réalisées par des personnes qui avaient moins de 26 ans à leur entrée.

    Elle se lit à côté de la part des moins de 26 ans parmi les bénéficiaires, dont elle diffère par
    l’unité et par la géographie : les heures sont au lieu d’exécution du marché, les personnes à leur
    résidence. Les heures des quelques personnes d’âge non renseigné sont comptées avec celles des
    26 à 49 ans : la part en est sous-estimée d’autant.
    """
    return 100 * jeunes / heures


@rapport(
    libelle="Part des 50 ans et plus",
    lecture="{territoire}, {periode} : {valeur} des bénéficiaires avaient 50 ans ou plus à l’entrée.",
    **_part("beneficiaires", "tranche_age", "A50P", champ=_HABITANTS.format("de tous âges")),
)
def part_50_ans_et_plus(seniors: nw.Expr, personnes: nw.Expr) -> nw.Expr:
    """Bénéficiaires qui avaient 50 ans ou plus à leur entrée.

    L’âge est un fait, calculé à l’entrée ; le public « 50 ans et plus » est un critère
    d’éligibilité, coché ou non par le facilitateur : les deux nombres diffèrent. Les quelques
    personnes d’âge non renseigné sont comptées avec les 26 à 49 ans, car publiées à part elles
    obligeraient à cacher d’autres âges : la part en est sous-estimée d’autant.
    """
    return 100 * seniors / personnes


@rapport(
    libelle="Part des habitants de quartiers prioritaires",
    lecture="{territoire}, {periode} : {valeur} des bénéficiaires habitaient un quartier prioritaire.",
    **_part("beneficiaires", "qpv", "OUI", champ=_HABITANTS.format("d’adresse renseignée")),
)
def part_qpv(habitants: nw.Expr, renseignes: nw.Expr) -> nw.Expr:
    """Bénéficiaires qui habitaient un quartier prioritaire de la ville à leur entrée.

    Le quartier est celui de la géographie prioritaire en vigueur à l’entrée. Une personne dont on ne sait
    pas si elle y habite n’est pas comptée hors quartier : elle sort du calcul, et leur nombre est
    publié avec la ventilation. Le critère est sensible : une valeur de une à dix personnes n’est pas
    publiée, et la part ne l’est que si tous les nombres qui la composent le sont.
    """
    return 100 * habitants / renseignes


@rapport(
    libelle="Part des habitants de quartiers prioritaires, en heures",
    lecture="{territoire}, {periode} : {valeur} des heures sont réalisées par des habitants de quartiers "
    "prioritaires.",
    **_part(
        "heures_realisees", "qpv", "OUI", champ=_TRAVAIL.format("par des personnes d’adresse renseignée")
    ),
)
def part_qpv_heures(habitants: nw.Expr, renseignees: nw.Expr) -> nw.Expr:
    """Heures réalisées par des personnes qui habitaient un quartier prioritaire à leur entrée.

    Les heures sont au lieu d’exécution du marché : le quartier prioritaire peut être dans un autre
    territoire. Les heures des personnes dont on ne sait pas si elles y habitent sortent du calcul, elles
    ne sont jamais comptées hors quartier. La part n’est publiée que si toutes les sommes qui la
    composent le sont.
    """
    return 100 * habitants / renseignees


@rapport(
    libelle="Part des niveaux inférieurs au baccalauréat",
    lecture="{territoire}, {periode} : {valeur} des bénéficiaires ont un CAP, un BEP ou moins.",
    **_part("beneficiaires", "niveau_diplome", "INF3", "N3", champ=_HABITANTS.format("de diplôme renseigné")),
)
def part_infra_bac(infra_bac: nw.Expr, renseignes: nw.Expr) -> nw.Expr:
    """Bénéficiaires sans diplôme, ou de niveau CAP ou BEP, parmi ceux dont le niveau est renseigné.

    Le niveau est celui de l’entrée, dans la nomenclature de 2019 (niveau 3 et moins). Les diplômes
    étrangers non reconnus et les niveaux non renseignés, réunis dans une même modalité, sortent du
    calcul : ils ne sont ni au-dessus ni au-dessous du baccalauréat. La part est calculée sur les seuls
    nombres publiés.
    """
    return 100 * infra_bac / renseignes


@rapport(
    libelle="Part des travailleurs handicapés",
    lecture="{territoire}, {periode} : {valeur} des bénéficiaires sont reconnus travailleurs handicapés.",
    **_public("RQTH"),
)
def part_travailleurs_handicapes(travailleurs: nw.Expr, renseignes: nw.Expr) -> nw.Expr:
    """Bénéficiaires de l’obligation d’emploi des travailleurs handicapés, à leur entrée.

    Une personne peut relever de plusieurs publics : les parts des publics ne font pas 100 %. Elles
    portent sur les personnes dont un public au moins est renseigné. Le critère est sensible : une
    valeur de une à dix personnes n’est pas publiée, et la part ne l’est que si tous les nombres qui la
    composent le sont.
    """
    return 100 * travailleurs / renseignes


@rapport(
    libelle="Part des bénéficiaires du RSA",
    lecture="{territoire}, {periode} : {valeur} des bénéficiaires de la clause touchaient le RSA à l’entrée.",
    **_public("BRSA"),
)
def part_rsa(allocataires: nw.Expr, renseignes: nw.Expr) -> nw.Expr:
    """Allocataires du RSA à leur entrée, parmi les personnes dont un public au moins est renseigné.

    Les autres minima sociaux (ASS, AAH) n’y sont pas : trop rares, ils sont réunis aux autres
    publics. Une personne peut relever de plusieurs publics : les parts des publics ne font pas
    100 %. Le critère est sensible : une valeur de une à dix personnes n’est pas publiée, et la part ne
    l’est que si tous les nombres qui la composent le sont.
    """
    return 100 * allocataires / renseignes


@rapport(
    libelle="Part des demandeurs d’emploi de très longue durée",
    lecture="{territoire}, {periode} : {valeur} des bénéficiaires étaient chômeurs depuis deux ans ou plus.",
    **_public("DETLD"),
)
def part_chomeurs_tres_longue_duree(chomeurs: nw.Expr, renseignes: nw.Expr) -> nw.Expr:
    """Personnes inscrites depuis vingt-quatre mois ou plus à leur entrée dans la clause.

    La part porte sur les personnes dont un public au moins est renseigné. Les inscrits depuis douze à
    vingt-trois mois sont un autre public : une personne que le logiciel déclare des deux compte dans
    chacun, et leurs parts ne s’additionnent pas. Une valeur de une à dix personnes n’est pas publiée, et
    la part ne l’est que si tous les nombres qui la composent le sont.
    """
    return 100 * chomeurs / renseignes


@rapport(
    libelle="Part des demandeurs d’emploi de longue durée",
    lecture="{territoire}, {periode} : {valeur} des bénéficiaires étaient au chômage depuis un à deux ans.",
    **_public("DELD"),
)
def part_chomeurs_longue_duree(chomeurs: nw.Expr, renseignes: nw.Expr) -> nw.Expr:
    """Personnes inscrites depuis douze à vingt-trois mois à leur entrée dans la clause.

    La part porte sur les personnes dont un public au moins est renseigné. Les inscrits depuis deux ans
    ou plus sont un autre public, celui du chômage de très longue durée : les deux parts ne
    s’additionnent pas. Une valeur de une à dix personnes n’est pas publiée, et la part ne l’est que si
    tous les nombres qui la composent le sont.
    """
    return 100 * chomeurs / renseignes


@rapport(
    libelle="Part des jeunes peu ou pas qualifiés",
    lecture="{territoire}, {periode} : {valeur} des bénéficiaires sont des jeunes peu ou pas qualifiés.",
    **_public("JEUNE_SQ"),
)
def part_jeunes_peu_qualifies(jeunes: nw.Expr, renseignes: nw.Expr) -> nw.Expr:
    """Jeunes de moins de 26 ans peu ou pas qualifiés, parmi les personnes dont un public est renseigné.

    C’est un critère d’éligibilité, non un âge : la part des moins de 26 ans, qui les compte tous, est
    plus élevée. Des publications ont donné le même chiffre pour l’un et pour l’autre. Une personne
    peut relever de plusieurs publics : les parts des publics ne font pas 100 %. Une valeur de une à dix
    personnes n’est pas publiée.
    """
    return 100 * jeunes / renseignes


@rapport(
    libelle="Part des personnes en parcours d’insertion",
    lecture="{territoire}, {periode} : {valeur} des bénéficiaires étaient déjà en parcours d’insertion.",
    **_public("PARCOURS"),
)
def part_parcours_insertion(personnes: nw.Expr, renseignes: nw.Expr) -> nw.Expr:
    """Personnes en parcours à leur entrée, parmi celles dont un public au moins est renseigné.

    Le parcours est celui d’une structure d’insertion, d’un GEIQ, d’une entreprise adaptée ou d’un ESAT,
    d’un plan local pour l’insertion et l’emploi (PLIE), d’une école de la deuxième chance ou d’un EPIDE ;
    qui en suit deux compte une fois. Une personne peut relever d’autres publics encore : les parts des
    publics ne font pas 100 %.
    """
    return 100 * personnes / renseignes


@rapport(
    libelle="Part des résidents parmi les personnes employées",
    lecture="{territoire}, {periode} : {valeur} des personnes employées y habitent.",
    **_part(
        "beneficiaires_sur_place",
        "habite_le_territoire",
        "OUI",
        champ=(
            "Personnes de résidence connue ayant réalisé au moins une heure dans la période, "
            "sur les marchés exécutés dans le territoire."
        ),
    ),
)
def part_residents(residents: nw.Expr, renseignes: nw.Expr) -> nw.Expr:
    """Personnes qui habitent le territoire, parmi celles qui y travaillent et dont on sait où elles habitent.

    C’est la retombée locale des marchés du territoire. Elle croît avec sa taille : la région compte
    comme résidents tous les Franciliens, un territoire n’y compte que ses habitants ; deux niveaux ne se
    comparent pas. Une résidence inconnue sort du calcul, elle n’est jamais comptée dehors. La part n’est
    publiée que si tous les nombres qui la composent le sont.
    """
    return 100 * residents / renseignes


@rapport(
    libelle="Heures par bénéficiaire",
    unite="h",
    numerateur=Comptes(indicateur="heures_realisees"),
    denominateur=Comptes(indicateur="beneficiaires_sur_place"),
    champ="Personnes ayant réalisé au moins une heure dans la période, sur les marchés exécutés "
    "dans le territoire.",
    source=_SOURCE,
    lecture="{territoire}, {periode} : chaque personne employée y a réalisé {valeur} heures en moyenne.",
    croise=("sexe", "type_marche"),
)
def heures_par_beneficiaire(heures: nw.Expr, personnes: nw.Expr) -> nw.Expr:
    """Heures réalisées sur les marchés du territoire, divisées par les personnes qui y ont travaillé.

    Une personne qui travaille aussi ailleurs n’apporte ici que ses heures du territoire. La moyenne d’une
    année dépasse celle d’un trimestre : on ne compare que des périodes de même longueur. Quelques
    contrats longs la tirent vers le haut. Elle est calculée sur les seules cellules publiées : si
    les heures ou les personnes sont cachées, elle l’est aussi.
    """
    return heures / personnes
