"""Les notebooks en tant que fichiers : les lire, les tenir propres, en créer, les essayer."""
