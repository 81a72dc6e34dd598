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

  // où l'on en est du document ; à sa première page s'il n'est pas encore là, ou si un lien l'a quitté
  const ici = () => {
    const debut = new URL("page/", document.baseURI).href;
    try {
      const { location, scrollY } = cadre.contentWindow;
      if (location.href.startsWith(debut)) return [location.href, scrollY];
    } catch { /* un autre site, qu'on n'a pas le droit de lire */ }
    return [debut, 0];
  };

  const recharger = () => {
    const [page, hauteur] = ici();
    cadre.hidden = false;
    cadre.onload = () => {
      cadre.onload = null;
      cadre.contentWindow.scrollTo(0, hauteur);
    };
    if (cadre.src === "") cadre.src = page; else cadre.contentWindow.location.replace(page);
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
