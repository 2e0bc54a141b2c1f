# What one does with Mayfly. Building and running needs Go alone; the tests also need gcc, for the race detector, and Chromium.

GO   ?= go
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help build run generate test check pictures soak torture fuzz clean go

help: ## list what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: generate ## build bin/mayfly with the client at its smallest inside
	$(GO) build -trimpath -o bin/mayfly ./cmd/mayfly

run: go ## build quickly and serve on http://localhost:8080, with people to sign in as; ARGS='-ttl 1m' adds flags
	$(GO) run ./web/gen -quick
	$(GO) build -o bin/mayfly ./cmd/mayfly
	@exec bin/mayfly dev $(ARGS)

generate: go ## build and compress the web client, if it has changed
	$(GO) generate ./...

test: build ## run every test, with the race detector and in a real browser
	@command -v gcc >/dev/null || { echo "make test: the race detector needs gcc: install it (Debian: apt-get install gcc libc6-dev)" >&2; exit 1; }
	scripts/chromium.sh
	@# -count=1: the end-to-end tests start the binary, so go does not see when their result is out of date
	MAYFLY_BINARY=$(CURDIR)/bin/mayfly $(GO) test -race -count=1 -timeout=10m ./...

check: go ## all that CI checks: format, vet, staticcheck, both builds, then the tests
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .); test -z "$$unformatted" || { echo "make check: run gofmt -w on:" $$unformatted >&2; exit 1; }
	$(GO) vet ./...
	$(GO) vet -C cmd/mayfly/e2e/signin/otheridp ./...
	GOOS=js GOARCH=wasm $(GO) vet ./app/... ./shared/... ./cmd/mayfly-web
	$(GO) tool staticcheck ./...
	$(MAKE) --no-print-directory test

pictures: generate ## take the screenshots of the documentation and of the manifest from the running product
	$(GO) test -count=1 ./cmd/mayfly/e2e/measure -run TestPictures -into docs

soak: FOR ?= 20m
soak: generate ## leave a tab in a busy room for 20 minutes, or FOR=1h, and look whether what it holds levels off
	$(GO) test -count=1 -v -timeout=0 -run TestWhatATabHoldsLevelsOff ./cmd/mayfly/e2e/measure -for $(FOR)

torture: FOR ?= 1m
torture: go ## cut, swallow and kill for a minute, or FOR=1h, while 50 people write, and look whether a message is lost or comes twice
	$(GO) run ./web/gen -quick
	$(GO) test -race -count=1 -v -timeout=0 -run TestNothingLostNothingTwice ./cmd/mayfly/e2e/network -for $(FOR)

fuzz: go ## feed what reads strangers' frames, tokens and names with nonsense, for a minute each
	$(GO) test -run='^$$' -fuzz=FuzzDecode -fuzztime=1m ./shared/wire
	$(GO) test -run='^$$' -fuzz=FuzzParse -fuzztime=1m ./server/auth
	$(GO) test -run='^$$' -fuzz=FuzzCleanName -fuzztime=1m ./server/auth

clean: ## delete what was built
	rm -rf bin web/static/build web/gen/goapp cmd/mayfly/e2e/measure/build

go:
	@command -v $(GO) >/dev/null || { echo "make: Go is missing: install it from https://go.dev/dl, 1.21 or newer, which fetches the release that go.mod names" >&2; exit 1; }
