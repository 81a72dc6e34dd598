"""L'aperçu : une page locale qui montre le document d'un notebook et le refait à chaque enregistrement.

```
session (léger : il sert la page, guette les fichiers)      serveur, veille, session
  ├── parent des ateliers : bibliothèques de mise en page    prechargement
  │     └── atelier : exécute par nbclient, met en page      atelier, fabrique
  └── parent des zygotes (moteur.zygote, sans notre code)
        └── zygote : charge ce qu'une fiche lit de nous
              ├── noyau de la dernière exécution
              └── noyau parti d'avance                       relais
```

Les deux parents restent chauds et n'ont rien de nous. Un changement de la bibliothèque fait repartir
l'atelier et le zygote, qui la relisent en même temps : ce qui s'affiche vient toujours du code enregistré.
La session et les deux parents, eux, ne se rechargent qu'en relançant la commande.
"""
