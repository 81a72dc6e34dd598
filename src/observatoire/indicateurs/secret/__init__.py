"""Le secret statistique : ce qui est caché l'est avant l'écriture de `indicateurs/valeurs`.

Deux temps. Les règles primaires (`primaire`) désignent les cellules sensibles. La suppression
complémentaire (`suppression`), conjointe sur tous les territoires et toutes les périodes d'un
indicateur, tait en plus ce qu'il faut pour qu'aucune ne se recalcule par différence : le total moins les
autres modalités, l'année moins trois trimestres, le département moins ses territoires. L'auditeur
(`indicateurs.audit`), qui n'en partage pas une ligne, le vérifie ensuite sur les chiffres écrits.
"""

from observatoire.indicateurs.secret.escalade import PAS, escalader
from observatoire.indicateurs.secret.geographie import Geographie
from observatoire.indicateurs.secret.politique import Politique
from observatoire.indicateurs.secret.protection import Protection, exiger, proteger

__all__ = ["PAS", "Geographie", "Politique", "Protection", "escalader", "exiger", "proteger"]
