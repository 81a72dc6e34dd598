/*
  rapport/recherche.js — la recherche du rapport en ligne, sans serveur
  Rendu par  : observatoire.publication.rapport.pages
  Contexte   : window.CONTENU (contenu.js)
  Blocs      : aucun
  Tous les mots cherchés doivent y être, accents et majuscules ignorés ; un titre compte plus qu'un texte.
*/
"use strict";
(() => {
  const MAXIMUM = 12;
  const nu = (texte) => texte.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  const entrees = window.CONTENU.map((e) => ({ ...e, cle: nu(e.titre), tout: nu(`${e.titre} ${e.texte}`) }));
  const champ = document.getElementById("chercher");
  const resultats = document.getElementById("resultats");
  const trouve = document.getElementById("trouve");

  function chercher(mots) {
    return entrees
      .filter((e) => mots.every((mot) => e.tout.includes(mot)))
      .map((e, rang) => ({ e, rang, poids: mots.filter((mot) => e.cle.includes(mot)).length }))
      .sort((a, b) => b.poids - a.poids || a.rang - b.rang);
  }

  function montrer({ e }) {
    const ligne = document.createElement("li");
    const lien = document.createElement("a");
    lien.href = e.ou;
    lien.textContent = e.titre;
    ligne.append(lien);
    if (e.texte) {
      const extrait = document.createElement("small");
      extrait.textContent = e.texte.length > 110 ? `${e.texte.slice(0, 110)}…` : e.texte;
      ligne.append(extrait);
    }
    return ligne;
  }

  champ.addEventListener("input", () => {
    const mots = nu(champ.value).split(/\s+/).filter((mot) => mot.length > 1);
    const trouves = mots.length ? chercher(mots) : [];
    resultats.replaceChildren(...trouves.slice(0, MAXIMUM).map(montrer));
    const compte = trouves.length > 1 ? `${trouves.length} résultats` : `${trouves.length} résultat`;
    trouve.textContent = mots.length ? compte : "";
  });
  champ.closest("[hidden]").hidden = false;
  // Sur un téléphone, le sommaire se replie : le chapitre vient d'abord.
  document.querySelector(".cote details").open = window.matchMedia("(min-width: 64rem)").matches;
})();
