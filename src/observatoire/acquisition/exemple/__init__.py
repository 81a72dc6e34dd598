"""Données d'exemple : une Île-de-France fictive dans les formats réels."""
