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

PACKAGES := libzmq libczmq libcjson libwebsockets libuv
WARNINGS := -Wall -Wextra -Wpedantic -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion \
            -Wno-sign-conversion -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2
CFLAGS   ?= -O2 -g
PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -I. $(WARNINGS) $(CFLAGS) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all) \
             -fstack-protector-strong $(PACKAGE_CFLAGS)
ALL_LDFLAGS = $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN))
LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lm
CHECK_LIBS := $(shell pkg-config --libs check 2>/dev/null)

COMMON     := $(wildcard common/*.c proto/*.c)
CONNECTORD := $(wildcard connectord/*.c connectord/connectors/*.c)
CACHED     := $(wildcard cached/*.c)
GATEWAYD   := $(wildcard gatewayd/*.c)
SIMULATOR  := $(wildcard tests/simulator/*.c)
UNIT       := $(wildcard tests/unit/test_*.c tests/contract/test_*.c)

object = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
PROGRAMS := $(addprefix $(BUILD)/bin/,connectord cached gatewayd exchange-simulator)
UNIT_PROGRAMS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT))

$(BUILD)/bin/connectord: $(call object,$(CONNECTORD) $(COMMON))
$(BUILD)/bin/cached: $(call object,$(CACHED) $(COMMON))
$(BUILD)/bin/gatewayd: $(call object,$(GATEWAYD) $(COMMON))
$(BUILD)/bin/exchange-simulator: $(call object,$(SIMULATOR))

$(PROGRAMS):
	@mkdir -p $(@D)
	@echo '  link $@'
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(LIBS) -o $@

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo '  cc   $<'
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# A unit test links every part but the mains.
PARTS := $(filter-out %/main.c,$(COMMON) $(CONNECTORD) $(CACHED) $(GATEWAYD))
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(call object,$(PARTS))
	@mkdir -p $(@D)
	@echo '  link $@'
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(LIBS) $(CHECK_LIBS) -o $@

FUZZERS := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
build/fuzz/%: tests/fuzz/%.c $(COMMON)
	@mkdir -p $(@D)
	clang -std=c17 -D_GNU_SOURCE -I. -O1 -g -fsanitize=fuzzer,address,undefined $(shell pkg-config --cflags $(PACKAGES)) $^ $(LIBS) -o $@

setup:  ## install what building needs (apt; as root or by sudo)
	@scripts/setup

setup-test:  ## install what tests and checks need, too
	@scripts/setup test

# What is built must see what was installed just now, so each of these calls make again.
run: setup  ## install what is missing, build, and run it all with a simulated exchange; Ctrl-C stops it
	@$(MAKE) --no-print-directory -j$(shell nproc) all
	@scripts/run

test: setup-test  ## install what is missing, build, and run every test (SAN=address,undefined; CONTRACT=connector for one contract)
	@$(MAKE) --no-print-directory -j$(shell nproc) all unit
	@scripts/test --build $(BUILD) $(if $(CONTRACT),--contract $(CONTRACT)) $(if $(SAN),--only unit --only system) $(TESTFLAGS)

check: setup-test  ## formatting and static analysis
	@scripts/check

fmt:  ## format all sources
	@clang-format -i $(shell find common proto connectord cached gatewayd tests -name '*.[ch]')

bench: setup-test  ## measure, and print one table (QUICK=1: less exactly)
	@$(MAKE) --no-print-directory -j$(shell nproc) all
	@tests/bench/bench $(if $(QUICK),--quick)

fuzz: setup-test  ## fuzz what parses bytes from outside, FUZZ_SECONDS=60 for each
	@$(MAKE) --no-print-directory fuzzers
	@for fuzzer in $(FUZZERS); do mkdir -p $$fuzzer.corpus; $$fuzzer -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
	    $$fuzzer.corpus tests/fuzz/corpus/$$(basename $$fuzzer | sed s/fuzz_//) || exit 1; done

install: all  ## into DESTDIR and PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/dataflow $(DESTDIR)$(PREFIX)/share/doc/dataflow
	install -m 755 $(addprefix $(BUILD)/bin/,connectord cached gatewayd) scripts/dataflow $(DESTDIR)$(PREFIX)/bin
	install -m 644 deploy/dataflow.json $(DESTDIR)$(PREFIX)/share/dataflow
	install -m 644 README.md CHANGELOG.md LICENSE proto/*.md $(DESTDIR)$(PREFIX)/share/doc/dataflow

uninstall:  ## what install put there
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,connectord cached gatewayd dataflow)
	rm -rf $(DESTDIR)$(PREFIX)/share/dataflow $(DESTDIR)$(PREFIX)/share/doc/dataflow

clean:  ## all that was built
	rm -rf build

help:  ## this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

all: $(PROGRAMS)  ## the programs, into build/bin (the default)
unit: $(UNIT_PROGRAMS)
fuzzers: $(FUZZERS)

-include $(shell find build -name '*.d' 2>/dev/null)
.PHONY: all unit fuzzers setup setup-test run test check fmt bench fuzz install uninstall clean help
.SECONDARY:
