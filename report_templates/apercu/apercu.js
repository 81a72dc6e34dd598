/*
  apercu/apercu.js — recharge le document quand il a été refait, et montre les erreurs
  Rendu par  : observatoire.publication.apercu.serveur
  Contexte   : les états que le serveur envoie (observatoire.publication.apercu.session.Etat)
  Blocs      : aucun
  Tout ce qui vient du serveur est écrit comme du texte, jamais comme du HTML.
*/
"use strict";
(() => {
  const un = (choix) => document.querySelector(choix);
  const cadre = un("#document");
  let version = 0;

  const ecrire = (choix, texte) => {
    const ou = un(choix);
    (ou.querySelector("pre") ?? ou).textContent = texte;
    ou.hidden = !texte;
  };

  const recharger = () => {
    const fenetre = cadre.contentWindow;
    const hauteur = cadre.hidden ? 0 : fenetre.scrollY;
    const ou = cadre.hidden ? "page/" : fenetre.location.href;
    cadre.hidden = false;
    cadre.onload = () => cadre.contentWindow.scrollTo(0, hauteur);
    if (cadre.src === "") cadre.src = ou; else fenetre.location.replace(ou);
  };

  const montrer = (etat) => {
    un("#etat").textContent = etat.message;
    document.body.dataset.etat = etat.en_cours ? "en_cours" : etat.echec ? "erreur" : "pret";
    if (!etat.en_cours) {
      un("#erreur").hidden = !etat.echec;
      ecrire("#constat", etat.echec?.constat ?? "");
      ecrire("#remede", etat.echec?.remede ? `→ ${etat.echec.remede}` : "");
      ecrire("#cellule", etat.echec?.cellule ?? "");
      ecrire("#trace", etat.echec?.trace ?? "");
      un("#ancien").hidden = !version;
      cadre.classList.toggle("ancien", Boolean(etat.echec));
      un("#remarques").hidden = !etat.remarques.length;
      un("#remarques ul").replaceChildren(...etat.remarques.map((texte) => {
        const ligne = document.createElement("li");
        ligne.textContent = texte;
        return ligne;
      }));
    }
    if (etat.version > version) {
      version = etat.version;
      recharger();
    }
  };

  const flux = new EventSource("evenements");
  flux.onmessage = (recu) => montrer(JSON.parse(recu.data));
  flux.onerror = () => { un("#etat").textContent = "Aperçu arrêté : relancer « observatoire apercu »."; };
})();
