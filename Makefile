# Data Flow. `make help` tells the targets.
.DEFAULT_GOAL := all

PREFIX  ?= /usr/local
DESTDIR ?=
SAN     ?=
CC      ?= gcc

# Each set of flags has its own objects, so that a sanitizer build and a plain one live side by side.
comma := ,
# V=1 shows the commands.
Q := $(if $(V),,@)
BUILD := build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))

PACKAGES := libzmq libczmq libcjson libssl libcrypto libuv zlib
WEBSOCKET_PACKAGES := libwebsockets
STORE_PACKAGES := sqlite3 libpq hiredis
WARNINGS := -Wall -Wextra -Wpedantic -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion \
            -Wno-sign-conversion -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2
CFLAGS   ?= -O2 -g
# What makes an error in memory harder to exploit. _FORTIFY_SOURCE takes optimization, and hides errors from sanitizers.
FORTIFY := $(if $(SAN),,$(if $(filter-out -O0,$(filter -O%,$(CFLAGS))),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
HARDENING = -fPIE -fstack-protector-strong -fstack-clash-protection $(FORTIFY)
PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) $(WEBSOCKET_PACKAGES) $(STORE_PACKAGES) 2>/dev/null)
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -I. $(WARNINGS) $(CFLAGS) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all) \
             $(HARDENING) $(PACKAGE_CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro -Wl,-z,now $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN))
LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lm
WEBSOCKET_LIBS := $(shell pkg-config --libs $(WEBSOCKET_PACKAGES) 2>/dev/null)
CURL_LIBS := $(shell pkg-config --libs libcurl 2>/dev/null)
STORE_LIBS := $(shell pkg-config --libs $(STORE_PACKAGES) 2>/dev/null)
GMP_LIBS := $(shell pkg-config --libs gmp 2>/dev/null)
CHECK_LIBS := $(shell pkg-config --libs check 2>/dev/null)

COMMON     := $(filter-out common/http_client/% common/numbers/exact.c,$(wildcard common/*.c common/*/*.c proto/*.c))
ASKING     := $(wildcard common/http_client/*.c)
CONNECTORD := $(filter-out connectord/try/%,$(wildcard connectord/*.c connectord/*/*.c)) common/numbers/exact.c
CACHED     := $(filter-out cached/import/%,$(wildcard cached/*.c cached/*/*.c)) common/numbers/exact.c
GATEWAYD   := $(wildcard gatewayd/*.c gatewayd/*/*.c)
SIMULATOR  := $(wildcard tests/simulator/*.c tests/simulator/*/*.c)
STORM      := $(wildcard tests/chaos/*.c)
HERD       := tests/attack/herd.c tests/chaos/wire.c
UNIT       := $(wildcard tests/unit/*/test_*.c tests/unit/*/*/test_*.c tests/contract/test_*.c)

object = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
PROGRAMS := $(addprefix $(BUILD)/bin/,connectord cached gatewayd store-import source-try exchange-simulator storm-clients)
ATTACK_PROGRAMS := $(BUILD)/bin/herd
BENCH_PROGRAMS := $(addprefix $(BUILD)/bin/,fan-load ask-load handshake-load relay baseline)
UNIT_PROGRAMS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT))

$(BUILD)/bin/connectord: $(call object,$(CONNECTORD) $(ASKING) $(COMMON))
$(BUILD)/bin/cached: $(call object,$(CACHED) $(COMMON))
$(BUILD)/bin/store-import: $(call object,cached/import/main.c $(filter-out cached/main.c,$(CACHED)) $(COMMON))
$(BUILD)/bin/source-try: $(call object,connectord/try/main.c $(filter-out connectord/main.c,$(CONNECTORD)) $(ASKING) $(COMMON))
$(BUILD)/bin/gatewayd: $(call object,$(GATEWAYD) $(ASKING) $(COMMON))
$(BUILD)/bin/exchange-simulator: $(call object,$(SIMULATOR))
$(BUILD)/bin/storm-clients: $(call object,$(STORM))
$(BUILD)/bin/herd: $(call object,$(HERD))
BENCH := $(addprefix tests/bench/,crowd.c exchange.c expand.c latency.c link.c played_bus.c protocol.c publisher.c sample.c schedule.c stream.c watch.c) tests/chaos/wire.c
$(BENCH_PROGRAMS): $(BUILD)/bin/%: $(BUILD)/bench.a
$(BUILD)/bin/fan-load: $(call object,tests/bench/fan_load.c)
$(BUILD)/bin/ask-load: $(call object,tests/bench/ask_load.c)
$(BUILD)/bin/handshake-load: $(call object,tests/bench/handshake_load.c)
$(BUILD)/bin/relay: $(call object,tests/bench/relay.c)
$(BUILD)/bin/baseline: $(call object,tests/bench/baseline.c)

# Only cached, the import, and the unit tests know the stores.
$(BUILD)/bin/cached $(BUILD)/bin/store-import $(BUILD)/tests/%: LIBS += $(STORE_LIBS)

# Only what sums up trades knows large numbers.
$(addprefix $(BUILD)/bin/,cached store-import connectord source-try) $(BUILD)/tests/%: LIBS += $(GMP_LIBS)

# connectord asks sources over HTTP, and gatewayd whoever makes tokens.
$(BUILD)/bin/connectord $(BUILD)/bin/source-try $(BUILD)/bin/gatewayd $(BUILD)/tests/%: LIBS += $(CURL_LIBS)

# libwebsockets is the client towards exchanges; gatewayd's server is our own. The simulator and others that play a part of it link it, too.
$(addprefix $(BUILD)/bin/,connectord source-try exchange-simulator) $(BENCH_PROGRAMS) $(BUILD)/tests/% $(BUILD)/examples/%: LIBS += $(WEBSOCKET_LIBS)

# What the benchmarks stand on.
$(BUILD)/bench.a: $(call object,$(BENCH) $(COMMON))
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(PROGRAMS) $(ATTACK_PROGRAMS):
	@mkdir -p $(@D)
	@echo '  link $@'
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(LIBS) -o $@

$(BENCH_PROGRAMS):
	@mkdir -p $(@D)
	@echo '  link $@'
	$(Q)$(CC) $(ALL_LDFLAGS) $(filter %.o,$^) $(BUILD)/bench.a $(LIBS) -lsqlite3 -o $@

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo '  cc   $<'
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# The page is a part of the program. The library of its chart comes from npm, once; where it can't be had, charts.js is empty, and the page
# has no chart. That is tried again when there is an npm.
CHARTS := build/web/charts.js
$(BUILD)/obj/gatewayd/web/assets.o: gatewayd/openapi.json $(wildcard gatewayd/web/*) $(CHARTS)
$(CHARTS): gatewayd/web/package-lock.json $(if $(shell [ -f $(CHARTS) ] && [ ! -s $(CHARTS) ] && command -v npm),again)
	@mkdir -p $(@D)
	$(Q)if scripts/npm gatewayd/web; then \
	    echo '  npm  $@' && cp build/npm/gatewayd/web/node_modules/lightweight-charts/dist/lightweight-charts.standalone.production.mjs $@; \
	else echo '  npm  $@: the page is built without its chart' && { [ -f $@ ] && [ ! -s $@ ] || : >$@; }; fi

# Every program checks the whole configuration, with what connectors alone know: those rows of the schema come from the connectors' files.
CONNECTOR_SETTINGS := build/connector_settings.h
$(BUILD)/obj/common/config/schema.o build/fuzz/obj/common/config/schema.o: $(CONNECTOR_SETTINGS)
$(CONNECTOR_SETTINGS): $(wildcard $(foreach room,connectors exchanges http push replay,connectord/$(room)/*.c))
	@mkdir -p $(@D)
	@echo '  sed  $@'
	$(Q)sed -n '/^static const schema_key_t settings\[\] = {/,/^};/{//!p}' $^ >$@

# A unit test links what it needs of every part but the mains.
PARTS := $(filter-out %/main.c,$(COMMON) $(ASKING) $(CONNECTORD) $(CACHED) $(GATEWAYD))
$(BUILD)/parts.a: $(call object,$(PARTS))
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(BUILD)/parts.a
	@mkdir -p $(@D)
	@echo '  link $@'
	$(Q)$(CC) $(ALL_LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(LIBS) $(CHECK_LIBS) -o $@

# The clients for users to start from are compiled as a user would, but with our warnings.
$(BUILD)/examples/watch: deploy/examples/watch.c
	@mkdir -p $(@D)
	@echo '  cc   $<'
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $< $(LIBS) -o $@

$(BUILD)/tests/unit/bench/test_latency: $(call object,tests/bench/latency.c)
$(BUILD)/tests/unit/bench/test_sample: $(call object,tests/bench/sample.c)
$(BUILD)/tests/unit/bench/test_schedule: $(call object,tests/bench/schedule.c)
$(BUILD)/tests/unit/bench/test_protocol: $(call object,tests/bench/protocol.c tests/bench/sample.c tests/bench/expand.c)

$(BUILD)/tests/unit/connectord/websocket/test_dialing: $(call object,tests/system/fake_resolver.c)

# Preloaded by tests, so they must not be instrumented.
$(BUILD)/tests/%.so: tests/system/%.c
	@mkdir -p $(@D)
	@echo '  link $@'
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -fno-builtin -shared -fPIC $< -o $@

PRELOADED := $(BUILD)/tests/malloc_count.so $(BUILD)/tests/shifted_clock.so $(BUILD)/tests/fake_resolver.so \
             $(BUILD)/tests/full_disk.so

# Each fuzz target is linked with all parts twice: as it is, to run over its corpus as a unit test, and with libFuzzer.
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
CORPUS_PROGRAMS := $(addprefix $(BUILD)/tests/fuzz/test_fuzz_,$(FUZZ_TARGETS))
$(BUILD)/tests/fuzz/test_fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/corpus.o $(BUILD)/parts.a
	@mkdir -p $(@D)
	@echo '  link $@'
	$(Q)$(CC) $(ALL_LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(LIBS) $(CHECK_LIBS) -o $@

FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60
FUZZERS := $(addprefix build/fuzz/fuzz_,$(FUZZ_TARGETS))
FUZZ_FLAGS := -std=c17 -D_GNU_SOURCE -I. -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all $(PACKAGE_CFLAGS)
build/fuzz/obj/gatewayd/web/assets.o: $(CHARTS)
build/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo '  cc   $< (to fuzz)'
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

build/fuzz/parts.a: $(patsubst %.c,build/fuzz/obj/%.o,$(PARTS))
	@rm -f $@
	$(Q)ar rcs $@ $^

build/fuzz/fuzz_%: build/fuzz/obj/tests/fuzz/fuzz_%.o build/fuzz/obj/tests/fuzz/asserts.o build/fuzz/parts.a
	@echo '  link $@'
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined $^ $(LIBS) $(WEBSOCKET_LIBS) $(CURL_LIBS) $(STORE_LIBS) $(GMP_LIBS) -o $@

setup:  ## install what building needs (apt; as root or by sudo)
	@scripts/setup

setup-test:  ## also install what tests and checks need
	@scripts/setup test

# What is built must see what was installed just now, so each of these calls make again.
run:  ## install what is missing, build, and run it all with a simulated exchange; Ctrl-C stops it
	@scripts/setup start
	@$(MAKE) -s --no-print-directory -j$(shell nproc) all
	@scripts/run

test: setup-test  ## install what is missing, build, and run every test (SAN=address,undefined; CONTRACT=connector for one contract)
	@$(MAKE) -s --no-print-directory -j$(shell nproc) all unit
	@scripts/test --build $(BUILD) $(if $(CONTRACT),--contract $(CONTRACT)) $(if $(SAN),--only unit --only system) $(TESTFLAGS)

check: setup-test  ## formatting and static analysis
	@scripts/check

fmt:  ## format all sources
	@clang-format -i $(shell find common proto connectord cached gatewayd tests deploy -name '*.[ch]')

bench:  ## install the peers, measure, and print one table (QUICK=1: less exactly)
	@scripts/setup bench && scripts/npm tests/bench
	@$(MAKE) -s --no-print-directory -j$(shell nproc) all bench-programs
	@tests/bench/bench $(if $(QUICK),--quick)

chaos: setup-test  ## kill, cut and misbehave at random, and count what clients got (KILLS=60 SECONDS_EACH=120 SEED=1 ROUNDS=1)
	@$(MAKE) -s --no-print-directory -j$(shell nproc) all
	@KILLS=$(KILLS) SECONDS_EACH=$(SECONDS_EACH) SEED=$(SEED) ROUNDS=$(ROUNDS) scripts/chaos $(TESTFLAGS)

attack: setup-test  ## attack a fresh pipeline in every way known, and print what clients saw (ATTACK="gets 6"; SAN=…)
	@$(MAKE) -s --no-print-directory -j$(shell nproc) all attack-programs
	@TEST_BIN=$(BUILD)/bin scripts/attack $(ATTACK)

screenshot: setup-test  ## take the README's pictures of the page again (PAGE_SECONDS=100 of trades)
	@$(MAKE) -s --no-print-directory -j$(shell nproc) all
	@tests/browser/screenshot tests/browser/screenshot.png
	@tests/browser/screenshot tests/browser/readings.png --channel

fuzz: setup-test  ## fuzz what parses bytes from outside, FUZZ_SECONDS=60 for each (FUZZ="pack rpc": only these)
	@$(MAKE) -s --no-print-directory -j$(shell nproc) $(if $(FUZZ),$(addprefix build/fuzz/fuzz_,$(FUZZ)),fuzzers)
	@for target in $(or $(FUZZ),$(FUZZ_TARGETS)); do mkdir -p build/fuzz/corpus/$$target; \
	    build/fuzz/fuzz_$$target -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=build/fuzz/$$target- \
	    build/fuzz/corpus/$$target tests/fuzz/corpus/$$target || exit 1; done

SYSCONFDIR ?= $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)
INSTALLED_PROGRAMS := connectord cached gatewayd store-import source-try dataflow dataflow-export dataflow-import
INSTALLED_UNITS := $(notdir $(wildcard deploy/systemd/*.service deploy/systemd/*.target))
DOCS := README.md CHANGELOG.md LICENSE deploy/configuration.md $(wildcard proto/*.md)
INSTALLED_DOCS := $(notdir $(DOCS))
INSTALLED_EXAMPLES := $(wildcard deploy/examples/*)
SHARE = $(DESTDIR)$(PREFIX)/share
MAN = $(SHARE)/man
COMPLETIONS = $(SHARE)/bash-completion/completions
UNITS = $(DESTDIR)$(PREFIX)/lib/systemd/system
CONFIGURATION = $(DESTDIR)$(SYSCONFDIR)/dataflow
# The files name /usr/local: whoever installs elsewhere gets them with the right paths.
relocate = sed -i -e 's|/usr/local/bin|$(PREFIX)/bin|g' -e 's|/usr/local/share|$(PREFIX)/share|g' -e 's|/usr/local/etc|$(SYSCONFDIR)|g'

install: all  ## programs, manual pages, units, services, an example configuration: into DESTDIR and PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/dataflow/dataflow_cli $(SHARE)/dataflow/sources $(SHARE)/doc/dataflow/examples $(MAN)/man1 $(MAN)/man8 \
	    $(COMPLETIONS) $(UNITS) $(CONFIGURATION)
	install -m 755 $(addprefix $(BUILD)/bin/,connectord cached gatewayd store-import source-try) scripts/dataflow $(DESTDIR)$(PREFIX)/bin
	install -m 755 scripts/export $(DESTDIR)$(PREFIX)/bin/dataflow-export
	install -m 755 scripts/import $(DESTDIR)$(PREFIX)/bin/dataflow-import
	install -m 644 scripts/dataflow_cli/*.py $(SHARE)/dataflow/dataflow_cli
	install -m 644 deploy/man/*.1 $(MAN)/man1
	install -m 644 deploy/man/*.8 $(MAN)/man8
	install -m 644 deploy/bash-completion/dataflow $(COMPLETIONS)
	install -m 644 $(INSTALLED_EXAMPLES) $(SHARE)/doc/dataflow/examples
	install -m 644 deploy/dataflow.json $(SHARE)/dataflow
	install -m 644 deploy/sources/*.json $(SHARE)/dataflow/sources
	[ -e $(CONFIGURATION)/dataflow.json ] || install -m 644 deploy/dataflow.json $(CONFIGURATION)
	install -m 644 $(DOCS) $(SHARE)/doc/dataflow
	install -m 644 $(addprefix deploy/systemd/,$(INSTALLED_UNITS)) $(UNITS)
	rm -rf $(SHARE)/dataflow/runit && cp -R deploy/runit $(SHARE)/dataflow/runit && rm -r $(SHARE)/dataflow/runit/exchange-simulator
	$(relocate) $(addprefix $(UNITS)/,$(INSTALLED_UNITS)) $(SHARE)/dataflow/runit/settings

uninstall:  ## what install put there; a configuration that was changed stays
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,$(INSTALLED_PROGRAMS)) $(addprefix $(UNITS)/,$(INSTALLED_UNITS))
	cmp -s deploy/dataflow.json $(CONFIGURATION)/dataflow.json && rm -f $(CONFIGURATION)/dataflow.json || true
	rm -f $(SHARE)/dataflow/dataflow.json $(addprefix $(SHARE)/doc/dataflow/,$(INSTALLED_DOCS))
	rm -rf $(SHARE)/dataflow/runit $(SHARE)/dataflow/dataflow_cli $(SHARE)/dataflow/sources
	rm -f $(addprefix $(MAN)/man1/,$(notdir $(wildcard deploy/man/*.1))) $(addprefix $(MAN)/man8/,$(notdir $(wildcard deploy/man/*.8)))
	rm -f $(COMPLETIONS)/dataflow $(addprefix $(SHARE)/doc/dataflow/examples/,$(notdir $(INSTALLED_EXAMPLES)))
	rmdir $(SHARE)/dataflow $(SHARE)/doc/dataflow/examples $(SHARE)/doc/dataflow $(CONFIGURATION) 2>/dev/null || true

clean:  ## all that was built
	rm -rf build

help:  ## this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

all: $(PROGRAMS)  ## the programs, into build/bin (the default)
unit: $(UNIT_PROGRAMS) $(CORPUS_PROGRAMS) $(BUILD)/examples/watch $(BUILD)/bin/fan-load $(BUILD)/tests/system/token_check \
    $(PRELOADED)
bench-programs: $(BENCH_PROGRAMS)
attack-programs: $(ATTACK_PROGRAMS)
fuzzers: $(FUZZERS)

-include $(shell find build -name '*.d' 2>/dev/null)
.PHONY: all again unit fuzzers bench-programs attack-programs setup setup-test run test check fmt bench chaos attack screenshot fuzz install uninstall clean help
.SECONDARY:
