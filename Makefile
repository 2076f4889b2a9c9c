# make demo    see a card work, in a minute: a simulated one; needs Python 3.11 or later, and nothing else
# make test    all checks: style, types, arrows, tests (OpenSC and PC/SC are installed where that can be done)
# make bench   how long things take
# make wycheproof WYCHEPROOF=DIR   signatures against public test vectors, which DIR holds (C2SP/wycheproof, testvectors_v1)
# make campaign   500 applications on lines that break, by programs that are killed; writes docs/campaign.md
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

.PHONY: demo test bench wycheproof campaign pot clean installed checkable

demo: installed
	@$(RUN) -m mynacard demo $(ARGS)

bench: installed
	@$(RUN) tools/bench.py $(ARGS)

wycheproof: installed
	@$(RUN) tools/wycheproof.py "$(WYCHEPROOF)"

campaign: checkable
	$(CHECK) -m tests.portal.faults $(or $(COUNT),500) > build/campaign.md
	mv build/campaign.md docs/campaign.md

test: checkable
	$(CHECK) -m ruff check --quiet .
	$(CHECK) -m ruff format --check --quiet .
	$(CHECK) -m mypy --no-error-summary
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(CHECK) -m pyright --project pyproject.toml --pythonpath $(CHECK)
	$(CHECK) -c "from importlinter.cli import lint_imports_command as run; run()" --no-logo --no-cache
	$(CHECK) -m pytest $(ARGS)

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

checkable:
	@PYTHON="$(PYTHON)" sh tools/system_packages.sh
	@sh tools/install.sh build/venv

export PYTHON
