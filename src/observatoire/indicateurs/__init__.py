"""Quatrième maillon : mesures, croisements, secret statistique."""
