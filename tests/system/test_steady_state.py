"""What the processes do for each trade while trades flow: how many allocations, how many system calls. Counts, no times."""

import json
import re
import struct
import subprocess

import pytest

from certificate import certificate
from clients import Requester
from pipeline import BIN, ROOT, SANITIZED, get, until
from secure import listening, start

SYMBOL = "S0000-USD"  # of fan-load (tests/bench), which publishes at one end and reads at the other
MALLOC_COUNT = BIN.parent / "tests/malloc_count.so"


class FanLoad:
    def __init__(self, flow, *arguments, gateway="gateway0"):
        self.popen = subprocess.Popen([str(BIN / "fan-load"), "--protocol", "dataflow", "--address", flow.address(gateway), *map(str, arguments)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.stdin.close()
        self.popen.wait()
        self.popen.stdout.close()

    def hear(self):
        line = self.popen.stdout.readline()
        assert line, f"fan-load ended with {self.popen.wait()}"
        return json.loads(line)

    def go_on(self):
        self.popen.stdin.write("\n")
        self.popen.stdin.flush()


def hears_source(flow):
    up = 'dataflow_gateway_source_up{source="bench"} 1'
    until(lambda: up in get(f"http://{flow.address('gateway0')}/metrics")[1], "the gateway to hear the source")


def allocations(flow, name):
    """(asked for by the program itself, by its libraries)"""
    return struct.unpack("=QQ", (flow.directory / f"{name}.count").read_bytes())


def last_seq(replay):
    streams = replay.ask(op="streams")["streams"]
    return int(streams[0]["last"].split("-")[1]) if streams else 0


def nothing_missing(told):
    assert {name: told[name] for name in ("missing", "lost", "disorder", "gaps", "ended")} == dict.fromkeys(
        ("missing", "lost", "disorder", "gaps", "ended"), 0), told


@pytest.mark.skipif(SANITIZED, reason="a sanitizer has a malloc of its own")
def test_no_trade_makes_a_process_allocate(pipeline):
    flow = pipeline(symbols=[SYMBOL], name="bench")
    flow.config["cached"]["store"] = "sqlite:///trades.db"
    counted = lambda name: {"LD_PRELOAD": str(MALLOC_COUNT), "MALLOC_COUNT": str(flow.directory / f"{name}.count")}
    flow.start_daemon("connectord", **counted("connectord"))
    flow.start_daemon("cached", **counted("cached"))
    flow.start_daemon("gatewayd", **counted("gatewayd"))
    flow.processes["gateway0"] = flow.processes.pop("gatewayd")
    with FanLoad(flow, "--publisher", "exchange", "--publish", flow.address("simulator"), "--clients", 10, "--rate", 2000,
                 "--seconds", 12) as load, Requester(flow.replay) as replay:
        load.hear()
        hears_source(flow)
        load.go_on()
        load.hear()
        load.go_on()
        until(lambda: last_seq(replay) > 4000, "buffers to have grown as far as they will")
        names, first = ("connectord", "cached", "gatewayd"), last_seq(replay)
        before = {name: allocations(flow, name) for name in names}
        until(lambda: last_seq(replay) > first + 10000, "10,000 more trades")
        after, trades = {name: allocations(flow, name) for name in names}, last_seq(replay) - first
        nothing_missing(load.hear())
    for name in names:
        ours, libraries = (now - then for now, then in zip(after[name], before[name]))
        # Heartbeats, and the questions asked here, may; a trade may not. libzmq takes a message of more than 29 bytes, and a block of its queue
        # for every 256 of them, from the heap: a trade has one such message on each side.
        assert ours < trades / 100, f"{name}: {ours} allocations of its own for {trades} trades"
        assert libraries < 4 * trades, f"{name}: {libraries} allocations of its libraries for {trades} trades"


@pytest.mark.skipif(SANITIZED, reason="a sanitizer makes system calls of its own")
@pytest.mark.parametrize("tls, most", [((), 0.05), (("--tls", "full"), 0.03)], ids=["plain", "tls"])
def test_a_frame_costs_a_client_a_small_part_of_a_system_call(pipeline, tmp_path, tls, most):
    """strace makes each call slow, so that more trades wait for the next one: the number is lower than it is without, at the same rate. What it
    shows is that a call takes all that waits, for each client."""
    flow = pipeline(symbols=[SYMBOL], name="bench")
    calls = flow.directory / "calls"
    flow.wrapper = ("strace", "-D", "-f", "-c", "-U", "calls,name", "-o", str(calls))
    start(listening(flow, *certificate(tmp_path, "gateway")))
    with FanLoad(flow, "--publisher", "bus", "--publish", flow.bus, "--replay", flow.replay, "--clients", 100, "--rate", 0,
                 "--trades", 10000, "--seconds", 60, *tls, gateway="gateway1" if tls else "gateway0") as load:
        load.hear()
        hears_source(flow)
        load.go_on()
        load.hear()
        load.go_on()
        nothing_missing(load.hear())
    flow.processes["gateway0"].stop()
    total = until(lambda: calls.exists() and re.search(r"^\s*(\d+)\s+total", calls.read_text(), re.M), "strace to have counted")
    frames = 100 * 10000
    assert int(total[1]) < most * frames, f"{total[1]} system calls for {frames} frames\n{calls.read_text()}"
