# Everything on a fresh machine: `make demo` runs the main job, `make test` passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export QT_QPA_PLATFORM ?= offscreen

# Two workers at least share the tests; more need 2 GB of memory each.
PYTEST := $(BIN)/pytest -n auto --maxprocesses 8 --dist worksteal

.PHONY: demo test checks tests coverage format manual requirements architecture looks-page panel-page decisions changelog lock \
	package deb archive release clean

demo: $(VENV)/.runtime
	$(BIN)/rostfine demo --out demo-report
	@if [ -n "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" ] || [ "$$(uname -s)" = Darwin ]; then \
		echo "Opening the window on the demo video; close it to end."; \
		env -u QT_QPA_PLATFORM $(BIN)/rostfine-app --demo; \
	fi

# mypy works on one core alone: beside the tests it costs half of its time.
test: $(VENV)/.development
	@$(MAKE) --no-print-directory -j2 checks tests
	@cat docs/coverage.txt

checks:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

tests:
	$(PYTEST)

# Apart from `make test`, which it would make half as long again; it renews the figure shown there.
coverage: $(VENV)/.development
	$(PYTEST) --cov --cov-report=
	$(BIN)/coverage report --format=text --skip-covered --show-missing
	echo "Lines that the tests run: $$($(BIN)/coverage report)% (make coverage)" > docs/coverage.txt

format: $(VENV)/.development
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

manual: $(VENV)/.development
	$(BIN)/python -m docs.make_manual --pdf build/manual

requirements: $(VENV)/.development
	$(BIN)/python -m docs.make_requirements

architecture: $(VENV)/.development
	$(BIN)/python -m docs.draw_architecture

looks-page: $(VENV)/.development
	$(BIN)/python -m docs.measure_looks

panel-page: $(VENV)/.development
	$(BIN)/python -m docs.make_panel_page

decisions:
	$(PYTHON) -m docs.number_decisions

changelog: $(VENV)/.development
	$(BIN)/towncrier build --yes

# The lock holds every package the commands above install; `-e .` itself is left out of it.
lock: $(VENV)/.development
	$(BIN)/pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --all-extras --strip-extras --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --output-file requirements.lock pyproject.toml
	sed -i -e '/^rostfine-assist/d' -e '/^#/d' -e '/^$$/d' requirements.lock

# The installed program, in build/package: one folder that needs no Python. VARIANT is cpu or cuda.
VARIANT ?= cpu
PACKAGE_VENV := build/package-venv
PACKAGE := build/package/rostfine-assist
NICE ?= nice -n 10
# As the smoke test starts the program: a variable such as OPENBLAS_CORETYPE moves a result's digits.
EMPTY := env -i HOME=$(CURDIR)/build PATH=/usr/bin:/bin LANG=C.UTF-8

package: $(PACKAGE_VENV)/.$(VARIANT)
	rm -rf build/lib build/bdist.* build/demo-answer $(PACKAGE)
	$(PACKAGE_VENV)/bin/pip install --quiet --no-deps --force-reinstall .
	cd build && $(NICE) package-venv/bin/pyinstaller --noconfirm --log-level ERROR \
		--workpath pyinstaller --distpath package ../packaging/rostfine.spec
	$(PACKAGE_VENV)/bin/python packaging/finish_bundle.py $(PACKAGE)
	$(PACKAGE_VENV)/bin/python packaging/check_bundle.py $(PACKAGE) --variant $(VARIANT)
	cd build && $(EMPTY) package-venv/bin/rostfine demo --out demo-answer --device cpu >/dev/null
	$(PACKAGE_VENV)/bin/python packaging/make_certificate.py build/smoke-test.p12
	$(PACKAGE_VENV)/bin/python packaging/smoke_test.py $(PACKAGE) --answer build/demo-answer \
		--certificate build/smoke-test.p12

# Debian's package of what `make package` built.
deb:
	$(PACKAGE_VENV)/bin/python packaging/make_deb.py $(PACKAGE) build

# For Linux without Debian's packages: it unpacks and installs itself.
archive:
	sh packaging/system_packages.sh --with-makeself
	$(PACKAGE_VENV)/bin/python packaging/make_archive.py $(PACKAGE) build

# All that a release gives away, in dist/VERSION; it asks first whether this commit is one.
release:
	$(PYTHON) packaging/release.py --check
	$(MAKE) manual package deb archive VARIANT=cpu
	$(PYTHON) packaging/release.py build

# A lock is whole: nothing that a package asks for beside it is installed.
$(PACKAGE_VENV)/.$(VARIANT): packaging/requirements-$(VARIANT).lock packaging/system_packages.sh
	sh packaging/system_packages.sh --with-binutils
	rm -rf $(PACKAGE_VENV)
	$(PYTHON) -m venv $(PACKAGE_VENV)
	$(PACKAGE_VENV)/bin/pip install --quiet --no-deps -r $<
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info

$(VENV)/.system: packaging/system_packages.sh
	sh packaging/system_packages.sh
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.runtime: $(VENV)/.system pyproject.toml requirements.lock
	$(BIN)/pip install --quiet -c requirements.lock -e .
	touch $@

$(VENV)/.development: $(VENV)/.system pyproject.toml requirements.lock
	sh packaging/system_packages.sh --for-tests
	$(BIN)/pip install --quiet -c requirements.lock -e ".[development]"
	touch $@ $(VENV)/.runtime
