"""Troisième maillon : l'entrepôt, une table par objet du métier."""
