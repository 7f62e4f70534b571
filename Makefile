# make story   a story to a grid of pictures: STORY=my.txt MODEL=/path/to/model ARGS="--steps 30"
# make studio  the same in a page in the browser: MODEL=… ARGS="--port 8000"
# make test    format, lint, types and tests, on each WebUI's libraries, the newest and the oldest
# make bench   what hopping costs, as ratios
# make gpu     what only a GPU can show: the tests for one, and a table
# Each sets up what it needs in folders of its own (.venv*), from locks/: the same next year as today.
# make lock    renews the locks
# make test-latest  the tests on whatever is the newest today, which no lock holds

PYTHON ?= python3
STORY ?= examples/red-dog.txt
MODEL ?=
ARGS ?=
# More workers than cores gain nothing; PYTEST_ARGS selects tests: make test PYTEST_ARGS="-k story"
WORKERS ?= 2
PYTEST_ARGS ?=
# Machines have builds of torch of their own, so that the locks hold only what it may bring along.
# Any torch from 2.0 works: TORCH=torch==2.5.1
LOCKED_TORCH := torch==2.13.0
TORCH ?= $(LOCKED_TORCH)

STUDIO := .venv
NEWEST := .venv-newest
# The libraries that each host pins (webui is AUTOMATIC1111's, forge-classic has the same); the
# newest ones when the locks were written, and the oldest that the extras allow, for no host.
SETS := newest lowest webui forge reforge neo
HOSTS := $(filter-out newest lowest,$(SETS))
PIP := -m pip install --quiet --disable-pip-version-check
# Whole trees, so that nothing is left to resolve; what comes as source is built by the lock's own
# setuptools.
LOCKED := $(PIP) --no-deps --no-build-isolation
OURSELVES := $(LOCKED) --editable .
# What a user typed reaches the program as it is, blanks, quotes and all.
quoted = '$(subst ','\'',$(1))'
INSTALL_TORCH = $(PIP) $(call quoted,$(TORCH)) \
	$(if $(filter $(LOCKED_TORCH),$(TORCH)),--constraint locks/torch.txt)
UV := .venv-lock/bin/uv pip compile --quiet --config-file locks/uv.toml
LOCK := $(UV) --excludes locks/excluded.txt pyproject.toml locks/build.in
HOPPING = $(STUDIO)/bin/python -m hopping
WITH_MODEL = $(if $(MODEL),--model $(call quoted,$(MODEL))) $(ARGS)

.PHONY: story studio test $(SETS:%=test-%) test-latest lint bench gpu storybook lock clean

story: $(STUDIO)/ready
	$(HOPPING) story $(call quoted,$(STORY)) $(WITH_MODEL)

studio: $(STUDIO)/ready
	$(HOPPING) ui $(WITH_MODEL)

test: lint $(SETS:%=test-%)

lint: $(NEWEST)/ready
	$(NEWEST)/bin/ruff format --check .
	$(NEWEST)/bin/ruff check .
	$(NEWEST)/bin/mypy hopping

# No test may need the network once all is installed. No WebUI has the oldest libraries together.
$(SETS:%=test-%): test-%: .venv-%/ready
	HF_HUB_OFFLINE=1 .venv-$*/bin/python -m pytest -n $(WORKERS) \
		$(if $(filter lowest,$*),--ignore tests/webui) $(PYTEST_ARGS)

bench: $(NEWEST)/ready
	$(NEWEST)/bin/python -m hopping.evaluate.bench $(ARGS)

gpu: $(NEWEST)/ready
	@if $(NEWEST)/bin/python -c "import sys, torch; sys.exit(not torch.cuda.is_available())"; then \
		HF_HUB_OFFLINE=1 $(NEWEST)/bin/python -m pytest -m gpu $(PYTEST_ARGS) && \
		HF_HUB_OFFLINE=1 $(NEWEST)/bin/python -m hopping.evaluate.gpu $(ARGS); \
	else echo "There is no GPU here: nothing was run."; fi

storybook: $(STUDIO)/ready
	$(STUDIO)/bin/python -m hopping.storybook.train $(ARGS)

$(STUDIO)/ready: locks/studio.txt pyproject.toml
	$(PYTHON) -m venv --clear $(STUDIO)
	$(STUDIO)/bin/python $(INSTALL_TORCH)
	$(STUDIO)/bin/python $(LOCKED) setuptools --constraint $<
	$(STUDIO)/bin/python $(LOCKED) --requirement $<
	$(STUDIO)/bin/python $(OURSELVES)
	touch $@

# The test sets share one torch, which a .pth file puts behind their own packages.
.venv-torch/ready: locks/torch.txt
	@$(PYTHON) -c 'import sys; (3, 10) <= sys.version_info < (3, 12) or sys.exit("The libraries \
	that the WebUIs pin have no builds for Python %d.%d; name a 3.10 or 3.11: make test \
	PYTHON=python3.11" % sys.version_info[:2])'
	$(PYTHON) -m venv --clear .venv-torch
	.venv-torch/bin/python $(INSTALL_TORCH)
	touch $@

.venv-%/ready: locks/%.txt .venv-torch/ready pyproject.toml
	$(PYTHON) -m venv --clear .venv-$*
	.venv-torch/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
		> $$(.venv-$*/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/torch.pth
	.venv-$*/bin/python $(LOCKED) setuptools --constraint $<
	.venv-$*/bin/python $(LOCKED) --requirement $<
	.venv-$*/bin/python $(OURSELVES)
	touch $@

# torch and the metrics too. What fails is said together with what is newer than it was.
test-latest:
	$(PYTHON) -m venv --clear .venv-latest
	.venv-latest/bin/python $(PIP) --upgrade pip
	.venv-latest/bin/python $(PIP) torch --editable ".[evaluate,dev]" --requirement locks/newest.in
	HF_HUB_OFFLINE=1 .venv-latest/bin/python -m pytest -n $(WORKERS) $(PYTEST_ARGS) || { \
		{ echo $(LOCKED_TORCH); cat locks/torch.txt locks/newest.txt; } > .venv-latest/locked; \
		.venv-latest/bin/python -m pip list --format freeze --exclude-editable | \
			tr "A-Z_" "a-z-" | awk -F "[= ]+" ' \
			NR == FNR { locked[$$1] = locked[$$1] " " $$2 " "; next } \
			!($$1 in locked) { others = others " " $$0; next } \
			!index(locked[$$1], " " $$2 " ") { print "Not as locked: " $$0 ", was" locked[$$1] } \
			END { print "In no lock:" others }' .venv-latest/locked -; exit 1; }

lock:
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/python $(PIP) uv
	echo $(LOCKED_TORCH) | $(UV) --no-emit-package torch --output-file locks/torch.txt -
	$(LOCK) --extra studio --output-file locks/studio.txt
	$(LOCK) --extra evaluate --extra dev locks/newest.in --output-file locks/newest.txt
	$(LOCK) --extra evaluate --extra test locks/lowest.in --resolution lowest-direct \
		--output-file locks/lowest.txt
# A host's pins are installed over what its packages ask for: Forge Neo's Pillow over gradio's.
	for host in $(HOSTS); do \
		$(LOCK) --extra test locks/$$host.in --overrides locks/$$host.in \
			--output-file locks/$$host.txt || exit; \
	done

clean:
	rm -rf .venv .venv-* build dist *.egg-info
