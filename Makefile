# The commands of the project. Building and running needs only Go; the tests also need gcc, for the race detector, and Chromium.

GO   ?= go
ARGS ?=

# The packages with native tests: PRODUCT needs no built client, EMBEDS embeds it. E2E tests the built binary from outside.
PRODUCT := ./app/... ./server/... ./shared/...
EMBEDS  := ./web/... ./cmd/mayfly ./cmd/mayfly-web
NATIVE  := $(PRODUCT) $(EMBEDS)
E2E     := $(addprefix ./cmd/mayfly/e2e/,chat offline network signin operate gallery)

# The tests called TestCluster… start NATS servers of their own, kill and stop them. They take minutes: make cluster runs them.
ALONE := -skip='^TestCluster'

# HUNG is the time after which a test binary counts as hung. A binary that still works takes less on any busy machine.
HUNG := 30m

.DEFAULT_GOAL := help
.PHONY: help build run generate release quick test race cluster check measure bench pictures soak torture fuzz vuln clean go gcc

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: generate ## build bin/mayfly, with the smallest client inside; the binary needs no library of the system
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=auto -ldflags='-s -w' -o bin/mayfly ./cmd/mayfly

run: go ## build quickly and serve on http://localhost:8080, with people to sign in as; ARGS='-ttl 1m' adds flags
	$(GO) run ./web/gen -quick
	$(GO) build -o bin/mayfly ./cmd/mayfly
	@exec bin/mayfly dev $(ARGS)

generate: go ## build and compress the web client, if it has changed
	$(GO) generate ./...

release: generate ## build archives of a clean checkout for all systems into dist, the same bytes each time
	$(GO) run ./scripts/release

quick: go ## the check for every change: vet, staticcheck and the tests of every package but the end-to-end ones
	$(GO) run ./web/gen -quick
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) test $(ALONE) $(NATIVE)

test: gcc ## run every test that must pass: the packages with the race detector, then the built binary in a real browser
	scripts/chromium.sh
	@# Compressing keeps one processor busy, and most tests wait: side by side, both end earlier.
	@$(MAKE) --no-print-directory -j2 build race
	$(GO) test -race -count=1 -timeout=$(HUNG) $(EMBEDS)
	@# Many tests wait for time to pass, so two packages run side by side.
	MAYFLY_BINARY=$(CURDIR)/bin/mayfly $(GO) test -count=1 -timeout=$(HUNG) -p 2 -parallel 4 $(ALONE) $(E2E)

race: gcc
	$(GO) test -race -count=1 -timeout=$(HUNG) $(ALONE) $(PRODUCT)

check: quick ## run everything that CI runs: quick, format, licences, known vulnerabilities, vet of the client, then all tests and the builds that they need
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .); test -z "$$unformatted" || { echo "make check: run gofmt -w on:" $$unformatted >&2; exit 1; }
	scripts/licences.sh
	scripts/vuln.sh
	$(GO) vet -C cmd/mayfly/e2e/signin/otheridp ./...
	$(GO) vet -C cmd/mayfly/e2e/operate/testca ./...
	GOOS=js GOARCH=wasm $(GO) vet ./app/... ./shared/... ./cmd/mayfly-web
	$(MAKE) --no-print-directory test

cluster: FOR ?= 10m
cluster: build ## run the tests of many nodes, whose NATS servers are killed, stopped, restarted and cut off; then torture them for 10 minutes, or FOR=1h
	$(GO) test -count=1 -timeout=$(HUNG) -p 1 -run='^TestCluster' ./server/stream
	MAYFLY_BINARY=$(CURDIR)/bin/mayfly $(GO) test -count=1 -timeout=$(HUNG) -p 1 -run='^TestCluster' \
		./cmd/mayfly/e2e/network ./cmd/mayfly/e2e/operate
	MAYFLY_BINARY=$(CURDIR)/bin/mayfly $(GO) test -count=1 -v -timeout=0 -run 'OnTwoNodes' ./cmd/mayfly/e2e/network -for $(FOR)

measure: build ## measure the cost of a message, a start, a tab and a connection, and stop a server under load twenty times
	scripts/chromium.sh
	MAYFLY_BINARY=$(CURDIR)/bin/mayfly $(GO) test -count=1 -v -timeout=0 ./cmd/mayfly/e2e/measure

bench: go ## measure deliveries with mayfly bench, a bare server beside Mayfly, and write the table in docs/benchmarks.md
	$(GO) run ./web/gen -quick
	$(GO) test -count=1 -v -timeout=0 -run 'TestBench$$' ./cmd/mayfly/e2e/measure -table docs/benchmarks.md

pictures: generate ## take the screenshots and the film of the documentation, and the manifest's, from the running product
	$(GO) test -count=1 ./cmd/mayfly/e2e/measure -run 'TestPictures|TestFilm' -into docs

soak: FOR ?= 20m
soak: generate ## leave a tab in a busy room for 20 minutes, or FOR=1h, and check that its memory levels off
	$(GO) test -count=1 -v -timeout=0 -run TestWhatATabHoldsLevelsOff ./cmd/mayfly/e2e/measure -for $(FOR)

torture: FOR ?= 1m
torture: go ## break connections and kill servers, one or two nodes, for a minute, or FOR=1h, while people write, react and take back, and check that nothing is lost, comes twice or comes back
	$(GO) run ./web/gen -quick
	$(GO) test -count=1 -v -timeout=0 -run 'NothingLost|ReactionsAgree' ./cmd/mayfly/e2e/network -for $(FOR)

fuzz: go ## feed nonsense to the readers of frames, events, files, tokens, names and texts, for a minute each
	$(GO) test -run='^$$' -fuzz=FuzzDecode -fuzztime=1m ./shared/wire
	$(GO) test -run='^$$' -fuzz=FuzzEvent -fuzztime=1m ./server/hub
	$(GO) test -run='^$$' -fuzz=FuzzCompact -fuzztime=1m ./server/hub
	$(GO) test -run='^$$' -fuzz=FuzzFileRecords -fuzztime=1m ./server/stream
	$(GO) test -run='^$$' -fuzz=FuzzParse -fuzztime=1m ./server/auth
	$(GO) test -run='^$$' -fuzz=FuzzReadHeader -fuzztime=1m ./server/network
	$(GO) test -run='^$$' -fuzz=FuzzSVG -fuzztime=1m ./web
	$(GO) test -run='^$$' -fuzz=FuzzConfigFile -fuzztime=1m ./cmd/mayfly
	$(GO) test -run='^$$' -fuzz=FuzzClean -fuzztime=1m ./server/names/spelling
	$(GO) test -run='^$$' -fuzz=FuzzParse -fuzztime=1m ./shared/markup
	$(GO) test -run='^$$' -fuzz=FuzzLinks -fuzztime=1m ./shared/markup

vuln: go ## look up known vulnerabilities in the code that is used, in today's database
	scripts/vuln.sh latest

clean: ## delete everything that was built
	rm -rf bin dist web/static/build web/gen/goapp cmd/mayfly/e2e/measure/build

gcc:
	@command -v gcc >/dev/null || { echo "make test: the race detector needs gcc: install it (Debian: apt-get install gcc libc6-dev)" >&2; exit 1; }

go:
	@command -v $(GO) >/dev/null || { echo "make: Go is missing: install it from https://go.dev/dl, 1.21 or newer, which fetches the release that go.mod names" >&2; exit 1; }
