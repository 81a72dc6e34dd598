"""Les bancs : ce que la chaîne coûte à grande échelle. `make bench` les lance, aucun essai ne les juge."""
