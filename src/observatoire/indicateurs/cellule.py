"""Une cellule : ce qui la désigne, ce qu'il en est publié, ce que les éditions passées en ont fait."""

CLE = ["indicateur", "ventilation", "territoire", "periode", "modalite"]
PUBLIE, SECRET, NON_DISPONIBLE = "publie", "secret", "non_disponible"
LIBRE, DEJA_CACHEE, DEJA_PUBLIEE = "libre", "cachee", "publiee"
