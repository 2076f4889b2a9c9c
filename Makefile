# make demo    see a card work, in a minute: a simulated one; needs Python 3.11 or later, and nothing else
# make test    style, types, arrows, and the tests that need nothing but Python; says at its end what it left out
# make thorough   what that left out: OpenSC, PC/SC and more (installed where that can be done), all examples of every
#              property, and the lowest and the newest dependencies, on Python 3.11 and 3.13 (a new environment of
#              `make test` has the newest, and on 3.11 that is not done twice)
# make bench   how long things take
# make wycheproof WYCHEPROOF=DIR   signatures against public test vectors, which DIR holds (C2SP/wycheproof, testvectors_v1)
# make campaign   500 applications on lines that break, by programs that are killed; writes docs/campaign.md
# make races     1,000 runs of every pair of changes at one time, in threads and processes; writes docs/races.md
# make load      what many rows, strangers and submissions cost the receiver; writes docs/load.md
# make documents  how long documents made to keep a program busy can do that; writes docs/documents.md
# make checking   how fast signatures are checked; writes docs/checking.md
# make browsers  log-ins and signatures from pages in Chromium and Firefox; writes docs/browsers-tested.md
# make mutations  whether `make test` sees small mistakes; writes docs/mutations.md
# make pot     bring the message catalogues up to date with the texts for people in the source
# make clean   remove what the others made
#
# PYTHON=…  which Python, else the newest that is found    NO_APT=1  leave the system's packages alone
# ARGS=…    for the demo                                    CI=true   what cannot be tested is a failure
#
# Paths here are relative: the folder's own may have spaces.

BIN = $(if $(filter Windows_NT,$(OS)),Scripts,bin)
RUN = .venv/$(BIN)/python
CHECK = build/venv/$(BIN)/python
BABEL = $(CHECK) -m babel.messages.frontend --quiet

# At most four: more workers spend their time on collecting. PYTEST_XDIST_AUTO_NUM_WORKERS=… says how many.
WORKERS = -n auto --maxprocesses 4 --dist worksteal

# Else each of the hundreds of processes that the tests start would compile mynacard anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test thorough bench wycheproof campaign races load documents checking browsers mutations pot clean installed checkable packages dss

demo: installed
	@$(RUN) -m mynacard demo $(ARGS)

bench: installed
	@$(RUN) tools/bench.py $(ARGS)

wycheproof: installed
	@$(RUN) tools/wycheproof.py "$(WYCHEPROOF)"

campaign: checkable
	$(CHECK) -m tests.portal.campaign $(or $(COUNT),500) > build/campaign.md
	mv build/campaign.md docs/campaign.md

races: checkable
	$(CHECK) -m tests.portal.races $(or $(COUNT),1000) > build/races.md
	mv build/races.md docs/races.md

load: checkable
	$(CHECK) -m tests.portal.load 20000 10000 > build/load.md
	mv build/load.md docs/load.md

documents: checkable
	$(CHECK) -m tests.signing.bench_documents > build/documents.md
	mv build/documents.md docs/documents.md

checking: checkable
	$(CHECK) -m tests.signing.bench_checking > build/checking.md
	mv build/checking.md docs/checking.md

browsers: packages checkable
	$(CHECK) -m tests.browsers.recorded > build/browsers-tested.md
	mv build/browsers-tested.md docs/browsers-tested.md

test: checkable
	$(CHECK) -m ruff check --quiet .
	$(CHECK) -m ruff format --check --quiet .
	$(CHECK) -m mypy --no-error-summary
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(CHECK) -m pyright --project pyproject.toml --pythonpath $(CHECK)
	$(CHECK) -c "from importlinter.cli import lint_imports_command as run; run()" --no-logo --no-cache
	$(CHECK) -m pytest $(WORKERS) $(ARGS)

thorough: packages checkable dss
	$(CHECK) -m pytest $(WORKERS) --thorough $(ARGS)
	sh tools/dependencies.sh lowest 3.11
	sh tools/dependencies.sh lowest 3.13
	sh tools/dependencies.sh newest 3.13

mutations: checkable
	$(CHECK) tools/mutations.py --output docs/mutations.md $(ARGS)

pot: checkable
	@mkdir -p build
	$(BABEL) extract --project mynacard --keywords _ --add-location never --sort-output \
		--output-file build/mynacard.pot src
	$(BABEL) update --domain mynacard --no-fuzzy-matching --no-wrap \
		--input-file build/mynacard.pot --output-dir src/mynacard/locale
	@sh tools/install.sh build/venv

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

installed:
	@sh tools/install.sh .venv

packages:
	@sh tools/system_packages.sh

dss: packages
	@sh tools/dss.sh

checkable:
	@sh tools/install.sh build/venv

export PYTHON
