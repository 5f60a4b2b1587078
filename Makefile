# The two commands of the README are `make demo` and `make test`. Everything that they need is installed or built first.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
# Child processes print their colours only where somebody sees them.
INSTALLED := node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help install prepare generate lint typecheck test soak mutants e2e-kind demo bench build clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Install the npm packages, with the Node that everything runs on.

$(INSTALLED): package.json package-lock.json
	@scripts/install-packages

# What is prepared: the programs that test, demo or bench start.
FOR ?= test
test: FOR := test
bench: FOR := bench

prepare: install ## Install or build the programs that tests start, or FOR=demo, FOR=bench: control plane, registries, foreign clients.
	@node test/harness/binaries/prepare.ts $(FOR)

generate: install ## Write config/crd, config/rbac and docs/reference from src/.
	@node scripts/generate.ts

typecheck: install ## Check the types.
	@tsc -p .

lint: install ## Format, lint, types, import boundaries, generated files; proves with fixtures that each of them bites.
	@scripts/lint

test: prepare build ## Run every test against a real API server and real registries. Last line: N passed, N failed.
	@scripts/test $(ONLY)

soak: prepare build ## Let everything go wrong for MINUTES=10; no image in use may be lost. PART=inventory or policy for one half. PART=kills: runs killed at every single request on both registries, also while others push, move and use images, and the operator killed and frozen in the middle of one: a round of many minutes, or as many as begin within MINUTES. SEED=n repeats a run, as far as real time lets it.
	@node --disable-warning=ExperimentalWarning scripts/soak.ts '$(MINUTES)' '$(SEED)' '$(PART)'

mutants: prepare ## Take one protection of what is in use after the other out of a copy; for each some test must fail. ONLY=text: of that rule or file.
	@node --disable-warning=ExperimentalWarning scripts/mutants.ts $(if $(ONLY),'$(ONLY)')

e2e-kind: install build ## Run the cluster tests against an existing cluster: TALLYMAN_TEST_KUBECONFIG, or a new kind cluster.
	@scripts/e2e-kind

demo: ## Run the operator against a real API server and a registry with damaged images, and show what kubectl shows.
	@$(MAKE) --no-print-directory prepare build FOR=demo
	@! node test/harness/node/obstacle.ts >/dev/null || node test/harness/binaries/prepare.ts node || true
	@node scripts/demo.ts

bench: prepare build ## Measure, as ratios to something run beside it. ONLY=read for one group: read, watch, inventory, check or policy.
	@node --expose-gc bench/main.ts $(ONLY)

build: install ## Bundle the operator into dist/tallyman.mjs.
	@node scripts/build.ts

clean: ## Remove what was built here. The cache of binaries stays.
	rm -rf dist node_modules .demo
