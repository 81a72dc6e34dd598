#!/usr/bin/env bash
# Installe Chromium et Node par apt, puis axe-core et puppeteer-core par npm, aux versions du verrou.
# Avec « --si-possible », dit ce qui manque et sort sans erreur : les essais dans un navigateur se sautent.
set -euo pipefail
cd "$(dirname "$0")"

renoncer() {
  echo "Essais dans un navigateur sautés : $1"
  if [ "$mode" = "--si-possible" ]; then exit 0; else exit 1; fi
}

mode="${1:-}"
manquants=()
command -v chromium > /dev/null || manquants+=(chromium)
command -v node > /dev/null || manquants+=(nodejs)
command -v npm > /dev/null || manquants+=(npm)
if [ ${#manquants[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    renoncer "il manque ${manquants[*]} (paquets du système)."
  fi
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "${manquants[@]}"; } \
    > /dev/null || renoncer "apt n'a pas pu installer ${manquants[*]}."
fi
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --silent || renoncer "npm n'a pas pu installer axe-core et puppeteer-core."
  touch node_modules/.package-lock.json
fi
