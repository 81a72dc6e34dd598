// Le cadre de l'aperçu dans un vrai navigateur : node apercu.mjs CHROMIUM ADRESSE
//
// Écrit le texte du document que le cadre montre ; sort en erreur s'il n'en montre aucun.

import puppeteer from "puppeteer-core";

const [chromium, adresse] = process.argv.slice(2);
const navigateur = await puppeteer.launch({
  executablePath: chromium,
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});
try {
  const page = await navigateur.newPage();
  await page.goto(adresse, { waitUntil: "domcontentloaded" });
  const montre = () => document.querySelector("#document").contentDocument?.body?.innerText;
  process.stdout.write(await (await page.waitForFunction(montre, { timeout: 10000 })).jsonValue());
} finally {
  await navigateur.close();
}
