# The two commands that a newcomer needs: `make demo` and `make test`. Both set up what is missing.

CARGO ?= cargo
KUSION := target/debug/kusion
CATALOG := target/debug/catalog
RELEASE := $(or $(CARGO_TARGET_DIR),target)/release
MODULES := $(sort $(wildcard plugins/*))
GUEST_TARGETS := wasm32-unknown-unknown wasm32-wasip2

.PHONY: demo test interop crash bench build catalog cluster registry definitions cluster-up cluster-down targets lint doc deny fuzz

## Build everything and show the main job in a temporary folder.
demo: catalog
	@scripts/demo.sh $(KUSION)

## Run every check and test. The last lines are the test runner's own summary.
test: lint doc catalog cluster registry definitions
	$(CARGO) test --workspace

## Kill and refuse runs at many random changes to files; a failure prints how to run its seed again.
RUNS ?= 3000
crash: targets
	KUSION_CRASH_RUNS=$(RUNS) $(CARGO) test --package kusion-tests --test runner crash:: -- --nocapture

## Feed everything that reads files with what nobody would write, for a while; what fails is kept as a corpus file.
FUZZ_SECONDS ?= 600
fuzz:
	PROPTEST_CASES=20000 $(CARGO) test --package kusion --lib properties
	$(CARGO) test --package kusion-tests --test fuzz -- --seconds $(FUZZ_SECONDS)

## Build other people's tools and let them and kusion read what the other one wrote. Takes long the first time.
interop: catalog registry
	tests/interop/oras.sh
	tests/interop/wkg.sh
	tests/interop/cosign.sh

## Measure against the floors, as users get it, and print a table. `make bench BENCH=--quick` only tries it out.
bench: targets cluster registry
	$(CARGO) build --release --package kusion --package kusion-benches
	$(RELEASE)/kusion mod build $(MODULES) --output-dir $(RELEASE)/catalog
	$(RELEASE)/kusion-bench --kusion $(RELEASE)/kusion --catalog $(RELEASE)/catalog --disk $(RELEASE) $(BENCH)

## Build the command line.
build:
	$(CARGO) build

## Build the first-party modules beside the command line, where it finds them.
catalog: build targets
	$(KUSION) mod build $(MODULES) --output-dir $(CATALOG)

## Build the Kubernetes control plane that tests run against; minutes the first time, milliseconds afterwards.
cluster:
	@tests/cluster/build.sh >/dev/null

## Unpack the registry that tests run against, if there is none on the PATH.
registry:
	@tests/registry/build.sh >/dev/null

## Fetch what Kubernetes and others define, against which everything that modules make is checked.
definitions:
	@tests/validity/build.sh >/dev/null

## Start such a cluster for yourself and say how to use it. `eval "$$(make --silent cluster-up)"` uses it at once.
cluster-up: cluster
	@tests/cluster/up.sh

## Stop it. Nothing of it stays but its logs.
cluster-down:
	@tests/cluster/down.sh

## Install the compilation targets of modules if they are missing.
targets:
	@for target in $(GUEST_TARGETS); do \
		test -d "$$(rustc --print target-libdir --target $$target)" || rustup target add $$target; \
	done

## Check formatting and lints, of modules also for their own target.
lint: targets
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- --deny warnings
	$(CARGO) clippy --package kusion-sdk --package 'kusion-module-*' --target wasm32-unknown-unknown -- --deny warnings

## Build the documentation; a warning is an error.
doc:
	RUSTDOCFLAGS="--deny warnings" $(CARGO) doc --workspace --no-deps --document-private-items

## Check licences, duplicates and advisories (needs cargo-deny).
deny:
	$(CARGO) deny check
