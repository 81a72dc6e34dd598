"""Un montant publié est-il croyable ? Un statut à côté de la valeur, qui reste celle qui fut publiée."""

from __future__ import annotations

import pandas as pd

OK, SUSPECT, ABERRANT, ABSENT = "ok", "suspect", "aberrant", "absent"

# Seuils du ministère (contrôles des données essentielles) et de decp-qualite ; euros hors taxes.
_MINIMUM, _MAXIMUM = 1, 3_000_000_000
_FAIBLE, _ELEVE = 200, 100_000_000
_SAISIE_FACTICE = 99_999_999


def juger(montants: pd.Series) -> pd.Series:
    """Rend le statut de montants en euros : ok, suspect, aberrant ou absent.

    - aberrant : moins d'un euro, plus de trois milliards, ou saisie factice (99 999 999,
      123456789…, un même chiffre plus de six fois) ;
    - suspect : moins de 200 euros (un prix unitaire pris pour un total) ou 100 millions et plus.

    >>> juger(pd.Series([50_000.0, 20.91, 99_999_999.0, 111_859_144.0])).tolist()
    ['ok', 'suspect', 'aberrant', 'suspect']
    """
    grands = montants[(montants >= _SAISIE_FACTICE).fillna(False)]
    factice = montants.isin([montant for montant in grands.unique() if _est_factice(montant)])
    aberrant = (montants < _MINIMUM) | (montants > _MAXIMUM) | factice
    suspect = (montants < _FAIBLE) | (montants >= _ELEVE)
    statuts = pd.Series(OK, index=montants.index, dtype="string")
    for statut, masque in ((SUSPECT, suspect), (ABERRANT, aberrant), (ABSENT, montants.isna())):
        statuts = statuts.mask(masque.fillna(False), statut)
    return statuts


def _est_factice(montant: float) -> bool:
    chiffres = str(int(montant))
    return chiffres.startswith("123456789") or any(chiffres.count(chiffre) > 6 for chiffre in "123456789")
