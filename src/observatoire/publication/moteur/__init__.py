"""Le moteur des notebooks : des noyaux neufs, fourchés d'un processus déjà chaud.

```
pilote (nbclient, papermill, HTML, PDF)
  ├── zygote.py         un processus, un fil : il importe, ne calcule jamais, et se divise à la demande
  │     └── fils.py     un noyau IPython par notebook : son environnement, son dossier, sa mémoire
  ├── zygotes.py        démarre le zygote, le redémarre quand le code change, lui demande un noyau
  ├── noyau_fourche.py  ce noyau vu de nbclient ; tube.py : les messages Jupyter sur une paire de sockets
  ├── engin.py          le moteur « observatoire » de papermill, et le repli sur le moteur ordinaire
  └── executeurs.py     sur quoi répartir les documents : ce poste, ou une grappe Dask
```
"""
