# Two commands set everything up:   make try    make test
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ONLY   ?=
QUESTION ?= what happens to my index when the computer crashes?

.PHONY: try test lint unit faults scale lock audit integrations release docs man format clean

try: $(VENV)/.installed  ## install, index this repository's own documentation, ask it a question
	$(BIN)/searchkit index README.md ARCHITECTURE.md CHANGELOG.md index_data/README.md
	$(BIN)/searchkit query "$(QUESTION)"

test: lint unit  ## style, types and all tests

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

unit: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal

faults: $(VENV)/.installed-dev  ## long: kills, power cuts, disks, damage, hostile inputs; a part: make faults ONLY=kill
	SEARCHKIT_FAULTS=long $(BIN)/python -m pytest tests/faults -v -k "$(ONLY)"

scale: $(VENV)-scale/.installed  ## Ray, whose workers and drivers are killed, and Milvus, in an environment of its own
	HF_HUB_OFFLINE=1 $(VENV)-scale/bin/python -m pytest tests/scale

# the versions and hashes that development is pinned to; users get the ranges of pyproject.toml
lock: | $(BIN)/python  ## newest versions that fit pyproject.toml into requirements/dev.txt
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra train --extra eval --extra docs --extra server --extra watch --extra mcp --extra openvino \
	  --group dev --universal --python-version 3.10 --generate-hashes --override requirements/apart.txt \
	  --no-emit-package torch --no-emit-package searchkit --upgrade --quiet -o requirements/dev.txt

audit: | $(BIN)/python  ## are known vulnerabilities in what is pinned? asks the network
	$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/pip-audit --requirement requirements/dev.txt --require-hashes --disable-pip

integrations: $(VENV)-integrations/.installed  ## LangChain, LlamaIndex, Haystack and the rest, in an environment of its own
	HF_HUB_OFFLINE=1 $(VENV)-integrations/bin/python -m pytest tests/integrations tests/store/test_other_programs.py \
		tests/encoder/test_sentence_transformers.py -o asyncio_mode=auto -o asyncio_default_fixture_loop_scope=function

PYTHONS ?= $(PYTHON)

release:  ## sdist and wheel into dist/, checked; the wheel alone in new environments of PYTHONS="python3.10 python3.13"
	test -x $(VENV)-release/bin/python || $(PYTHON) -m venv $(VENV)-release
	$(VENV)-release/bin/python -m pip install --quiet build
	rm -rf dist
	$(VENV)-release/bin/python -m build
	$(VENV)-release/bin/python recipes/check_release.py dist --python $(PYTHONS)

docs: $(VENV)-docs/.installed  ## the documentation as a site in build/site; a link that leads nowhere fails
	$(VENV)-docs/bin/python docs/make_site.py
	$(VENV)-docs/bin/zensical build --strict --clean
	! grep -rlE --include='*.html' '<(script|link|img|iframe)[^>]* (src|href)="?https?://' build/site  # loads nothing

man: $(VENV)/.installed  ## the manual page, build/searchkit.1, for those who package searchkit
	mkdir -p build
	$(BIN)/python docs/make_manual.py > build/searchkit.1

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

# torch is pinned so that the tests run on what they were written against; any CPU or CUDA build of it will do
$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable '.[train,eval,docs]' --group dev
	touch $@ $(VENV)/.installed

$(VENV)-integrations/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-integrations
	$(VENV)-integrations/bin/python -m pip install --quiet --upgrade pip
	$(VENV)-integrations/bin/python -m pip install --quiet torch==2.13.0
	$(VENV)-integrations/bin/python -m pip install --quiet --editable '.[train,eval,docs]' --group integrations
	touch $@

$(VENV)-docs/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip install --quiet --upgrade pip
	$(VENV)-docs/bin/python -m pip install --quiet --editable . --group docs-site
	touch $@

$(VENV)-scale/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-scale
	$(VENV)-scale/bin/python -m pip install --quiet --upgrade pip
	$(VENV)-scale/bin/python -m pip install --quiet --editable '.[ray,milvus]' milvus-lite pytest hypothesis
	touch $@

clean:
	rm -rf build $(VENV) $(VENV)-scale $(VENV)-integrations $(VENV)-docs .cache $(VENV)-release dist .mypy_cache .ruff_cache .pytest_cache
