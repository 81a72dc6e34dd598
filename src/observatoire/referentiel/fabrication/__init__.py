"""Comment les fichiers du référentiel ont été tirés de leurs sources ; rien d'ici ne sert à la chaîne."""
