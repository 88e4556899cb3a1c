"""The programs are built so that an error in memory is hard to exploit."""

import re
import subprocess

import pytest
from pipeline import BIN, SANITIZED

PROGRAMS = ["connectord", "cached", "gatewayd", "store-import", "source-try"]
pytestmark = pytest.mark.skipif(SANITIZED, reason="sanitizers have their own ways")


def readelf(program, *options):
    return subprocess.run(["readelf", "-W", *options, BIN / program], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_addresses_are_random_and_tables_of_them_are_read_only(program):
    assert re.search(r"Type:\s+DYN", readelf(program, "-h"))
    flags = " ".join(line for line in readelf(program, "-d").splitlines() if "FLAGS" in line)
    assert "PIE" in flags and "BIND_NOW" in flags, flags
    segments = readelf(program, "-l")
    assert "GNU_RELRO" in segments
    assert re.search(r"GNU_STACK.* RW ", segments), "the stack holds no code"


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_stack_and_the_calls_of_the_c_library_are_checked(program):
    symbols = readelf(program, "--dyn-syms")
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__(memcpy|snprintf|vsnprintf|fprintf)_chk", symbols), "_FORTIFY_SOURCE"
    compilers = set(re.findall(r"GNU C\d+ .*", readelf(program, "-p", ".debug_str")))
    assert compilers and all("-fstack-clash-protection" in line for line in compilers), compilers


def test_only_what_talks_to_exchanges_has_a_websocket_library():
    """What clients reach is our own server (gatewayd/doors, common/http, common/websocket)."""
    linked = {program for program in PROGRAMS if "[libwebsockets.so" in readelf(program, "-d")}
    assert linked == {"connectord", "source-try"}
