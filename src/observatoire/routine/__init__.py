"""La routine : un passage rejouable (`observatoire tick`), sa planification, son annonce, son ménage."""
