"""Un montant publié est-il croyable ? Un statut et sa raison à côté de la valeur, qui reste celle publiée."""

from __future__ import annotations

import pandas as pd

OK, SUSPECT, ABERRANT, ABSENT = "ok", "suspect", "aberrant", "absent"

# Seuils du ministère (contrôles des données essentielles) et de decp-qualite ; euros hors taxes.
_MINIMUM, _MAXIMUM = 1, 3_000_000_000
_FAIBLE, _ELEVE = 200, 100_000_000
_SAISIE_FACTICE = 99_999_999

_ABSENT = (ABSENT, "montant absent ou illisible")
_TROP_PETIT = (ABERRANT, "moins de 1 €")
_TROP_GRAND = (ABERRANT, "plus de 3 milliards d’euros")
_FACTICE = (ABERRANT, "saisie factice (99 999 999, 123456789, chiffre répété)")
_PRIX_UNITAIRE = (SUSPECT, "moins de 200 € : un prix unitaire ?")
_A_VERIFIER = (SUSPECT, "100 millions d’euros ou plus : à vérifier")


def juger(montants: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Rend le statut de montants en euros (ok, suspect, aberrant ou absent) et pourquoi il n'est pas ok.

    - aberrant : moins d'un euro, plus de trois milliards, ou saisie factice (99 999 999,
      123456789…, un même chiffre plus de six fois) ;
    - suspect : moins de 200 euros (un prix unitaire pris pour un total) ou 100 millions et plus.

    >>> juger(pd.Series([50_000.0, 20.91, 99_999_999.0, 111_859_144.0], dtype="Float64"))[0].tolist()
    ['ok', 'suspect', 'aberrant', 'suspect']
    """
    rangs, distincts = pd.factorize(montants)
    jugements = [juger_un(float(montant)) for montant in distincts]
    colonnes = [
        pd.array([jugement[i] for jugement in jugements], dtype="string").take(rangs, allow_fill=True)
        for i in (0, 1)
    ]
    statuts, raisons = (pd.Series(colonne, index=montants.index) for colonne in colonnes)
    absents = montants.isna()
    return statuts.mask(absents, _ABSENT[0]), raisons.mask(absents, _ABSENT[1])


def juger_un(montant: float) -> tuple[str, str | None]:
    """Rend le statut d'un montant en euros et sa raison.

    >>> juger_un(0.0)
    ('aberrant', 'moins de 1 €')
    """
    cas = (
        (montant < _MINIMUM, _TROP_PETIT),
        (montant > _MAXIMUM, _TROP_GRAND),
        (montant >= _SAISIE_FACTICE and _est_factice(montant), _FACTICE),
        (montant < _FAIBLE, _PRIX_UNITAIRE),
        (montant >= _ELEVE, _A_VERIFIER),
    )
    return next((jugement for vrai, jugement in cas if vrai), (OK, None))


def _est_factice(montant: float) -> bool:
    chiffres = str(int(montant))
    return chiffres.startswith("123456789") or any(chiffres.count(chiffre) > 6 for chiffre in "123456789")
