"""La campagne : planifier des documents, ne refaire que les vieillis, ne rien laisser d'à moitié écrit.

`campagnes/*.toml` → `fichier` → `plan` (`cle`, `donnees`, `manifeste`) → `lancement` → `bilan`.
Rien n'est importé d'avance : savoir qu'il n'y a rien à faire prend moins de temps que charger le dessin.
"""
