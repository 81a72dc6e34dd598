"""L'auditeur indépendant : ce qu'un lecteur attentif déduit de ce qui va être publié.

Il ne partage avec le secret aucune ligne de calcul : il relit les valeurs écrites, rebâtit les relations
d'après le catalogue et la géographie publique, et attaque. Une exigence non prouvée arrête la publication.

Ce qu'il ne voit pas : un monde aux valeurs non entières compte pour possible. Deux éditions dont des cellules
visibles ont été révisées se jugent à part, par leurs différences (`indicateurs.revision`).
"""

from observatoire.indicateurs.audit.attaque import Publication, rapports_trahis, soustraire
from observatoire.indicateurs.audit.constat import AuditRefuseError, Constat, auditer
from observatoire.indicateurs.audit.reduction import ChiffresIncoherentsError
from observatoire.indicateurs.audit.solveur import AuditImpossibleError

__all__ = [
    "AuditImpossibleError",
    "AuditRefuseError",
    "ChiffresIncoherentsError",
    "Constat",
    "Publication",
    "auditer",
    "rapports_trahis",
    "soustraire",
]
