# Porthole. Needs Go, Node and make; everything else is fetched or built here.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run build page test test-hosts bench soak recording pictures fuzz audit clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 17

run: build ## build all and serve http://localhost:8080 (more flags: make run ARGS="--listen …")
	@exec bin/porthole serve $(ARGS)

build: page ## the page and the server, as bin/porthole
	CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o bin/porthole ./server

page: static/bundle/porthole.js

# Browser packages, again whenever the lock file has changed.
web/node_modules/.installed: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

# The bundle, again whenever anything that goes into it has.
static/bundle/porthole.js: web/node_modules/.installed web/build.mjs web/tsconfig.json \
		$(shell find web/src static -path static/bundle -prune -o -type f -print)
	cd web && npm run --silent build

test: ## set up all that the tests need, and run every one
	@.ci/with-engine .ci/suite

test-hosts: build ## other kernels and engines, in throw-away Debian hosts (HOSTS="trixie remapped sid old podman builtin rootless")
	@.ci/setup && .ci/hosts/run $(foreach host,$(HOSTS),--host $(host))

bench: build ## what it costs: each figure beside its goal
	@.ci/with-engine .ci/bench

soak: build ## lessons started, stopped and killed at random, and what is left of them (SOAK=30m)
	@.ci/with-engine go run ./server/bench -soak $(or $(SOAK),30m)

recording: build ## the recording that Porthole brings along, made anew on this machine
	rm -f server/recording/bundled/architecture.porthole
	@.ci/with-engine bin/porthole record server/recording/bundled/architecture.porthole

pictures: build ## the pictures of README and docs, of a live run
	@.ci/with-engine node web/dev/pictures.mjs

fuzz: ## every fuzz target for a short while (FUZZTIME=10s)
	@.ci/fuzz $(or $(FUZZTIME),10s)

audit: ## what is publicly known to be weak in what it is made of
	@.ci/audit

clean: ## remove what was built here, and what the tests have left on the engine
	rm -rf bin .ci/state web/node_modules
	find static/bundle -type f ! -name .gitkeep -delete
	@docker image ls --quiet --filter label=porthole.standin 2>/dev/null | sort -u | xargs -r docker image rm --force
