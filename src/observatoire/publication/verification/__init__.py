"""La vérification des documents produits : accessibles par construction, et d'accord entre eux.

`dossier.verifier` passe tous les contrôles sur `outputs/` ; chacun se lance aussi sur un seul fichier.
"""
