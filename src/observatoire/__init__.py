"""Suite de production de l'Observatoire régional des clauses sociales en Île-de-France."""

__version__ = "0.2.0"
