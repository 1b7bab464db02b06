# The everyday commands. CMake does the building (see CMakePresets.json for use without make).
#   JOBS=n          how many things at once (default: every core)
#   BENCH=--smoke   options of bench/run.py
#   SEEDS=n FROM=k  which seeds make sim runs (default: 5000 from 1)
#   MINUTES=n       how long make soak lasts (default: 1)
#   SECONDS=n       how long each fuzz target runs (default: 30)
#   FAULTS=--list   options of tests/faults/run.py
JOBS ?= $(shell nproc)
MINUTES ?= 1
SEEDS ?= 5000
FROM ?= 1
SECONDS ?= 30
BIN = build/release/bin/millrace
SOURCES = $(shell git ls-files '*.cc' '*.h')

# $(call configure_and_build,PRESET,TARGETS)
define configure_and_build
	cmake --preset $(1) >/dev/null
	cmake --build --preset $(1) $(if $(2),--target $(2)) -- -j$(JOBS)
endef
CTEST = ctest --output-on-failure --no-tests=error -j$(JOBS)

# The path-sensitive analyzer looks shallowly: half the time, and what it finds deeper is mostly wrong.
SHALLOW = $(addprefix -extra-arg=,-Xclang -analyzer-config -Xclang mode=shallow)

# What `make test-real` runs once more on a current nats-server. (The simulator's fake knows no server.)
ON_CURRENT = '^(contract_(nats|setup|login|tls|cluster)|e2e_(kill|outage|chaos|cluster|rights|isolation|context|aggregates_(kill$$|the_|cluster)))'

.PHONY: help deps build test test-real demo widgets accounts asan tsan format format-check tidy fuzz faults bench bench-instructions bench-growth bench-memory bench-peers soak sim long clean

help: ## this list
	@echo "Millrace: events from NATS JetStream, scored by a model endpoint, back on result subjects."
	@echo
	@echo "  New here?  make demo      builds it and shows it at work; stops by itself."
	@echo "  Changing?  make test      after each change;  .ci/run  before it lands."
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | while IFS='	' read -r name text; do printf '  make %-18s %s\n' "$$name" "$$text"; done

deps: ## install the Debian packages that are missing (as root or with sudo)
	@.ci/install build test

build: deps ## the release binary, build/release/bin/millrace
	$(call configure_and_build,release,millrace)

test: deps ## build everything, then all tests that need Debian's packages alone
	$(call configure_and_build,release)
	$(CTEST) --test-dir build/release

test-real: deps ## tests that need more: Go's module proxy (kustomize, a current nats-server, the NATS CLI), PyPI (model servers), npm (an OpenID provider), root for a chroot
	$(call configure_and_build,release)
	@.ci/install test-real
	@.ci/go install
	@.ci/venv install
	@.ci/npm install
	nats-server --version
	$(CTEST) --test-dir build/release -C Real -L real
	"$$(.ci/go path)/nats-server" --version
	PATH="$$(.ci/go path):$$PATH" $(CTEST) --test-dir build/release -C Real -R $(ON_CURRENT)

demo: build ## a private NATS server, a small model and 100,000 taxi trips through the bridge
	python3 examples/demo.py $(BIN)

accounts: build ## tenants in accounts of their own, and one that tries to reach another's
	python3 examples/accounts.py $(BIN)

widgets: build ## widgets counted per kind every 5 seconds, through a kill -9, checked to the last one
	python3 examples/widgets.py $(BIN)

# With a sanitizer the end-to-end tests that kill and drain; the others wait more than they work.
E2E_UNDER_SANITIZER = $(CTEST) -R '^e2e_(kill_bridge|kill_server|tenants|shutdown)$$' --test-dir

asan: deps ## tests with AddressSanitizer and UndefinedBehaviorSanitizer
	$(call configure_and_build,asan)
	$(call configure_and_build,release,sim) # to compare traces with
	$(CTEST) -LE e2e --test-dir build/asan
	$(E2E_UNDER_SANITIZER) build/asan

tsan: export TSAN_OPTIONS = suppressions=$(CURDIR)/tests/tsan.supp
tsan: deps ## tests of what has threads, with ThreadSanitizer
	$(call configure_and_build,tsan,threads)
	$(CTEST) -L threads --test-dir build/tsan
	$(E2E_UNDER_SANITIZER) build/tsan

sim: deps ## seeds of the simulator (SEEDS=5000, FROM=1), also those that fail
	$(call configure_and_build,release,sim)
	build/release/bin/sim --seeds $(SEEDS) --from $(FROM) --keep-going

long: deps ## the full counts: 20,000 seeds twice, every schedule of small worlds, owners killed 300 times, 100 logins of two kinds replaced
	$(call configure_and_build,release)
	build/release/bin/sim --seeds 20000 --twice --marks --keep-going
	build/release/bin/sim --exhaustive --deviations 2
	cd tests/e2e && PYTHONDONTWRITEBYTECODE=1 MILLRACE=$(CURDIR)/$(BIN) E2E_KILLS=300 python3 -m unittest -v \
		aggregates_test.AggregatesTest.test_kill_9_at_random_moments
	MILLRACE_ROTATIONS=100 build/release/bin/test_contract_login -tc='login: *replaced under load'

format: ## rewrite the sources in the house's format
	@.ci/install lint
	@clang-format-19 -i $(SOURCES)

format-check: ## fail on a source that is not in the house's format
	@.ci/install lint
	@clang-format-19 --dry-run -Werror $(SOURCES)

tidy: deps ## clang-tidy with the checks of .clang-tidy
	@.ci/install lint
	cmake --preset release >/dev/null
	run-clang-tidy-19 -quiet -j $(JOBS) -p build/release -extra-arg=-Wno-unknown-warning-option $(SHALLOW) "$(CURDIR)/(bridge|subjects|auth)/.*\.cc$$"

fuzz: ## run each fuzz target for SECONDS seconds; a finding is left in build/fuzz/findings
	@.ci/install build test fuzz
	$(call configure_and_build,fuzz,fuzzers)
	tests/fuzz/run.sh $(SECONDS) $(JOBS)

faults: build ## fault plans with real processes, as a table (PLAN=name: one of them); see tests/faults/README.md
	@.ci/install test-real
	@.ci/go install
	PYTHONDONTWRITEBYTECODE=1 python3 tests/faults/run.py $(FAULTS) $(PLAN)

bench: deps ## throughput and latency beside a plain loop, as a ratio
	$(call configure_and_build,release,millrace bench)
	python3 bench/run.py build/release/bin $(BENCH)

bench-instructions: deps ## instructions and allocations of each step of an event's way (INSTRUCTIONS=--check: fail where docs/performance.md has less)
	@.ci/install bench
	$(call configure_and_build,release,bench_instructions)
	python3 bench/instructions.py build/release/bin/bench_instructions $(INSTRUCTIONS)

bench-growth: deps ## what an event costs as partitions, tenants, sizes, requests in flight, latency and groups grow (GROWTH=--smoke)
	$(call configure_and_build,release,millrace bench)
	python3 bench/growth.py build/release/bin $(GROWTH)

bench-memory: deps ## memory while idle, with 100,000 events in hand, and over minutes (MEMORY="--minutes 10")
	$(call configure_and_build,release,millrace bench)
	python3 bench/memory.py build/release/bin $(MEMORY)

bench-peers: deps ## the same beside peers: Redpanda Connect, a tuned Go program, a careful Python one (Go's module proxy, PyPI)
	@.ci/install test-real
	@.ci/venv install peers
	$(call configure_and_build,release,millrace bench)
	mkdir -p build/peers
	for peer in tuned connect; do (cd bench/peers/$$peer && $(CURDIR)/.ci/go build -mod=readonly -o $(CURDIR)/build/peers/$$peer .) || exit 1; done
	ln -sfn "$$(.ci/venv path)/peers" build/peers/python
	python3 bench/run.py build/release/bin --peers build/peers $(BENCH)

soak: build ## load in phases for MINUTES: overload, slow model, noisy tenant, kill -9 …; then what was lost or leaked
	MILLRACE=$(CURDIR)/$(BIN) python3 tests/soak/soak.py --minutes $(MINUTES)

clean: ## remove everything built
	rm -rf build
