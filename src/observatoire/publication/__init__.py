"""Cinquième maillon : figures, notebooks, HTML, PDF, éditions."""
