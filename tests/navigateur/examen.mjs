// L'examen de pages dans un vrai navigateur : node examen.mjs CHROMIUM PAGE…
//
// Écrit sur la sortie une liste JSON, un objet par page :
//   {page, mesures: {axe, cibles, …}, constats: [{controle, constat, ou}]}
// Les contrôles sont ceux de CONTROLES ; une page sans constat les a tous passés. Un seul navigateur sert
// toutes les pages. Les remèdes sont du côté de Python (publication/verification/navigateur.py).

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const ECRAN = { width: 1280, height: 1024 };
const MOBILE = { width: 320, height: 640 };
const ZOOM = { width: 640, height: 512, deviceScaleFactor: 2 }; // 1280 × 1024 à 200 %
const FEUILLE = { width: 688, height: 1024 }; // la largeur utile d'un A4 dont les marges font 14 mm
// RGAA 10.12 : interligne 1,5 ; paragraphes 2 ; lettres 0,12 ; mots 0,16 fois la taille du texte
const ESPACEMENT =
  "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }" +
  "p { margin-bottom: 2em !important }";

const CONTROLES = {
  axe: examinerAxe,
  clavier: parcourirAuClavier,
  "affichage à 320 px": (page) => rienNeDeborde(page, MOBILE),
  "zoom à 200 %": (page) => rienNeDeborde(page, ZOOM),
  "espacement des textes": espacerLesTextes,
  impression: imprimer,
};

async function examinerAxe(page, mesures) {
  await page.setViewport(ECRAN);
  await page.evaluate(AXE);
  const resultat = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"], preload: false }));
  mesures.axe = resultat.passes.length;
  return resultat.violations.map((violation) => ({
    constat: `${violation.id} : ${violation.help} (${violation.nodes.length})`,
    ou: violation.nodes[0].target.join(" "),
  }));
}

// Chaque cible est atteinte par la touche Tab, montre qu'elle a le focus, et le laisse repartir.
async function parcourirAuClavier(page, mesures) {
  await page.setViewport(ECRAN);
  const noms = await page.evaluate(() => {
    const selecteur =
      "a[href], button, input:not([type=hidden]), select, textarea, summary, iframe, [tabindex], [contenteditable]";
    const visible = (element) => element.checkVisibility({ visibilityProperty: true });
    window.cibles = [...document.querySelectorAll(selecteur)].filter(
      (element) => element.tabIndex >= 0 && !element.disabled && visible(element),
    );
    return window.cibles.map((e) => `${e.localName}${e.id && "#" + e.id} « ${nommer(e)} »`);
    function nommer(e) {
      return (e.getAttribute("aria-label") ?? e.textContent).trim().replace(/\s+/g, " ").slice(0, 50);
    }
  });
  mesures.cibles = noms.length;
  const constats = [];
  const atteintes = new Set();
  let precedente = -1;
  for (let pas = 0; pas < noms.length && constats.length === 0; pas += 1) {
    await page.keyboard.press("Tab");
    const [rang, montre] = await page.evaluate(() => {
      const actif = document.activeElement;
      const style = getComputedStyle(actif);
      const contour = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
      return [window.cibles.indexOf(actif), contour || style.boxShadow !== "none"];
    });
    if (rang < 0 || rang === precedente) {
      constats.push({ constat: "la touche Tab ne passe plus d'une cible à la suivante", ou: noms[Math.max(precedente, 0)] });
    } else if (!montre) {
      constats.push({ constat: "le focus ne se voit pas", ou: noms[rang] });
    }
    atteintes.add(rang);
    precedente = rang;
  }
  const oubliees = noms.filter((_, rang) => !atteintes.has(rang));
  if (constats.length === 0 && oubliees.length > 0) {
    constats.push({ constat: `${oubliees.length} cible(s) jamais atteinte(s) par la touche Tab`, ou: oubliees[0] });
  }
  return constats;
}

async function rienNeDeborde(page, ecran) {
  await page.setViewport(ecran);
  return [...(await deborde(page, ecran.width)), ...(await coupe(page))];
}

async function espacerLesTextes(page) {
  await page.setViewport(ECRAN);
  const poser = (regles) => {
    const feuille = new CSSStyleSheet();
    feuille.replaceSync(regles);
    document.adoptedStyleSheets = [feuille];
  };
  await page.evaluate(poser, ESPACEMENT);
  const constats = [...(await deborde(page, ECRAN.width)), ...(await coupe(page))];
  await page.evaluate(poser, "");
  return constats;
}

async function imprimer(page) {
  await page.setViewport(FEUILLE);
  await page.emulateMediaType("print");
  const constats = [...(await deborde(page, FEUILLE.width, true)), ...(await coupe(page, true))];
  await page.emulateMediaType(null);
  return constats;
}

// Ce qui dépasse à droite ; à l'écran, ce qui défile dans sa propre boîte ne déborde pas.
async function deborde(page, largeur, papier = false) {
  return page.evaluate(
    (largeur, papier) => {
      const defile = (e) => !papier && ["auto", "scroll"].includes(getComputedStyle(e).overflowX);
      const dans = (e) => e.parentElement && (defile(e.parentElement) || dans(e.parentElement));
      const larges = [...document.body.querySelectorAll("*")].filter(
        (e) => e.getBoundingClientRect().right > largeur + 1 && !dans(e),
      );
      const total = document.documentElement.scrollWidth;
      if (larges.length === 0 && total <= largeur) return [];
      const pire = larges.at(-1);
      const mesure = Math.round(Math.max(total, ...larges.map((e) => e.getBoundingClientRect().right)));
      const ou = pire ? `${pire.localName}${pire.className && "." + pire.className} « ${pire.textContent.trim().slice(0, 40)} »` : "";
      return [{ constat: `le contenu fait ${mesure} px de large pour ${largeur}`, ou }];
    },
    largeur,
    papier,
  );
}

// Les textes qu'une boîte trop petite coupe ; un texte réservé aux lecteurs d'écran (1 px) n'en est pas un.
async function coupe(page, papier = false) {
  return page.evaluate((papier) => {
    const aUnTexte = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const cache = (valeur) => ["hidden", "clip"].includes(valeur) || (papier && ["auto", "scroll"].includes(valeur));
    const coupes = [...document.body.querySelectorAll("*")].filter((e) => {
      const style = getComputedStyle(e);
      if (e.clientWidth <= 1 || !(aUnTexte(e) || papier)) return false;
      const large = cache(style.overflowX) && e.scrollWidth > e.clientWidth + 1;
      return large || (cache(style.overflowY) && e.scrollHeight > e.clientHeight + 1);
    });
    return coupes.slice(0, 1).map((e) => ({
      constat: `${coupes.length} texte(s) coupé(s)`,
      ou: `${e.localName}${e.className && "." + e.className} « ${e.textContent.trim().slice(0, 40)} »`,
    }));
  }, papier);
}

// Une page ne demande rien hors d'elle-même et n'a pas d'erreur : CSP, script, image.
function surveiller(page) {
  const constats = [];
  const noter = (constat, ou = "") => constats.push({ controle: "réseau et console", constat, ou });
  page.on("request", (demande) => {
    if (!/^(file|data|about):/.test(demande.url())) noter("demande une adresse extérieure", demande.url());
  });
  page.on("requestfailed", (demande) => noter("ne trouve pas un fichier", demande.url().slice(0, 120)));
  page.on("pageerror", (erreur) => noter("a une erreur de script", erreur.message));
  page.on("console", (message) => {
    if (message.type() === "error") noter("écrit une erreur dans la console", message.text().slice(0, 200));
  });
  page.on("dialog", (boite) => {
    noter("ouvre une boîte de dialogue", boite.message());
    boite.dismiss();
  });
  return constats;
}

async function examiner(navigateur, chemin) {
  const page = await navigateur.newPage();
  const constats = surveiller(page);
  const mesures = {};
  await page.goto(pathToFileURL(chemin), { waitUntil: "load" });
  for (const [controle, chercher] of Object.entries(CONTROLES)) {
    const trouves = await chercher(page, mesures);
    constats.push(...trouves.map((trouve) => ({ controle, ...trouve })));
  }
  await page.close();
  return { page: chemin, mesures, constats };
}

const [chromium, ...pages] = process.argv.slice(2);
const navigateur = await puppeteer.launch({
  executablePath: chromium,
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});
try {
  const examens = [];
  for (const chemin of pages) examens.push(await examiner(navigateur, chemin));
  process.stdout.write(JSON.stringify(examens));
} finally {
  await navigateur.close();
}
