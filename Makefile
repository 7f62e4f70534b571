# make story   a story to a grid of pictures: STORY=my.txt MODEL=/path/to/model ARGS="--steps 30"
# make studio  the same in a page in the browser: MODEL=… ARGS="--port 8000"
# make test    format, lint, types and tests, on each WebUI's libraries and on the newest
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
NEWEST := .venv-newest
# The libraries that each host pins (webui is AUTOMATIC1111's, forge-classic has the same), and the
# newest ones, which stand for no host.
SETS := newest webui forge reforge
PIP := -m pip install --quiet --disable-pip-version-check

.PHONY: story studio test $(SETS:%=test-%) lint bench storybook clean

story: $(STUDIO)/ready
	$(STUDIO)/bin/python -m hopping story $(STORY) $(if $(MODEL),--model "$(MODEL)") $(ARGS)

studio: $(STUDIO)/ready
	$(STUDIO)/bin/python -m hopping ui $(if $(MODEL),--model "$(MODEL)") $(ARGS)

test: lint $(SETS:%=test-%)

lint: $(NEWEST)/ready
	$(NEWEST)/bin/ruff format --check .
	$(NEWEST)/bin/ruff check .
	$(NEWEST)/bin/mypy hopping

# No test may need the network once all is installed.
$(SETS:%=test-%): test-%: .venv-%/ready
	HF_HUB_OFFLINE=1 .venv-$*/bin/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

bench: $(NEWEST)/ready
	$(NEWEST)/bin/python -m hopping.evaluate.bench $(ARGS)

storybook: $(STUDIO)/ready
	$(STUDIO)/bin/python -m hopping.storybook.train $(ARGS)

$(STUDIO)/ready: pyproject.toml
	$(PYTHON) -m venv $(STUDIO)
	$(STUDIO)/bin/python $(PIP) "$(TORCH)"
	$(STUDIO)/bin/python $(PIP) -e ".[studio]"
	touch $@

# The test sets share one torch, which a .pth file puts behind their own packages.
.venv-torch/ready:
	$(PYTHON) -m venv .venv-torch
	.venv-torch/bin/python $(PIP) "$(TORCH)"
	touch $@

# open_clip_torch asks for torchvision, which the tests do without: its own needs are installed by
# name. So it is with the ldm package.
.venv-%/ready: .venv-torch/ready pyproject.toml tests/requirements/%.txt tests/requirements/%-no-deps.txt
	$(PYTHON) -m venv .venv-$*
	.venv-torch/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
		> $$(.venv-$*/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/torch.pth
	.venv-$*/bin/python $(PIP) "setuptools>=77" -r tests/requirements/$*.txt
	.venv-$*/bin/python $(PIP) --no-deps -r tests/requirements/$*-no-deps.txt
	touch $@

clean:
	rm -rf .venv .venv-* build *.egg-info
