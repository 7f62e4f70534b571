# make story   a story to a grid of pictures: STORY=my.txt MODEL=/path/to/model ARGS="--steps 30"
# make studio  the same in a page in the browser: MODEL=… ARGS="--port 8000"
# make test    format, lint, types and tests, on the WebUI's libraries and on the newest
# make bench   what hopping costs, as ratios
# Each sets up what it needs in folders of its own (.venv*).

PYTHON ?= python3
# One version for every environment, so that no resolver picks another. Any torch from 2.0 works.
TORCH ?= torch==2.13.0
STORY ?= examples/dog.txt
MODEL ?=
ARGS ?=
# More workers than cores gain nothing; PYTEST_ARGS selects tests: make test PYTEST_ARGS="-k story"
WORKERS ?= 2
PYTEST_ARGS ?=

STUDIO := .venv
WEBUI := .venv-webui
NEWEST := .venv-newest
PIP := -m pip install --quiet --disable-pip-version-check

.PHONY: story studio test test-webui test-newest lint bench storybook clean

story: $(STUDIO)/ready
	$(STUDIO)/bin/python -m hopping story $(STORY) $(if $(MODEL),--model "$(MODEL)") $(ARGS)

studio: $(STUDIO)/ready
	$(STUDIO)/bin/python -m hopping ui $(if $(MODEL),--model "$(MODEL)") $(ARGS)

test: lint test-newest test-webui

lint: $(NEWEST)/ready
	$(NEWEST)/bin/ruff format --check .
	$(NEWEST)/bin/ruff check .
	$(NEWEST)/bin/mypy hopping

# No test may need the network once all is installed.
test-newest: $(NEWEST)/ready
	HF_HUB_OFFLINE=1 $(NEWEST)/bin/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

test-webui: $(WEBUI)/ready
	HF_HUB_OFFLINE=1 $(WEBUI)/bin/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

bench: $(NEWEST)/ready
	$(NEWEST)/bin/python -m hopping.evaluate.bench $(ARGS)

storybook: $(STUDIO)/ready
	$(STUDIO)/bin/python -m hopping.storybook.train $(ARGS)

$(STUDIO)/ready: pyproject.toml
	$(PYTHON) -m venv $(STUDIO)
	$(STUDIO)/bin/python $(PIP) "$(TORCH)"
	$(STUDIO)/bin/python $(PIP) -e ".[studio]"
	touch $@

# open_clip_torch asks for torchvision, which the tests do without: its own needs are installed by
# name. So it is with the ldm package.
$(NEWEST)/ready: pyproject.toml tests/requirements/newest.txt
	$(PYTHON) -m venv $(NEWEST)
	$(NEWEST)/bin/python $(PIP) "$(TORCH)"
	$(NEWEST)/bin/python $(PIP) -r tests/requirements/newest.txt -e ".[studio,dev]"
	$(NEWEST)/bin/python $(PIP) --no-deps -r tests/requirements/newest-no-deps.txt
	touch $@

$(WEBUI)/ready: pyproject.toml tests/requirements/webui.txt
	$(PYTHON) -m venv $(WEBUI)
	$(WEBUI)/bin/python $(PIP) "$(TORCH)"
	$(WEBUI)/bin/python $(PIP) -r tests/requirements/webui.txt
	$(WEBUI)/bin/python $(PIP) --no-deps -r tests/requirements/webui-no-deps.txt
	touch $@

clean:
	rm -rf $(STUDIO) $(WEBUI) $(NEWEST) build *.egg-info
