"""Deuxième maillon : typer, marquer, mettre en quarantaine ; ne rien perdre."""
