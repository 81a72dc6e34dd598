"""Premier maillon : des fichiers reçus aux tables telles que publiées."""
