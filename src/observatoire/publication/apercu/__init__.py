"""L'aperçu : une page locale qui montre le document d'un notebook et le refait à chaque enregistrement.

Deux processus. Le premier, léger, sert la page (`serveur`), guette les fichiers (`veille`) et tient l'état
(`session`) ; le second, l'atelier, exécute et met en page (`fabrique`) avec la bibliothèque chargée d'avance.
Un changement de la bibliothèque fait repartir l'atelier : ce qui s'affiche vient toujours du code enregistré.
"""
