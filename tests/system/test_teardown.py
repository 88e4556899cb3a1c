"""connectord is told to end at any moment, while its sources come and go: it ends in time and in good order, whatever was half made."""

import contextlib
import os
import signal
import socket

import zmq
from pipeline import free_ports, get, until
from storm import PAUSE, dice, setting

ENDS = setting("ENDS", 12)
GOOD_END = {"ASAN_OPTIONS": "handle_abort=1:" + os.environ.get("ASAN_OPTIONS", "")}  # where it is built so: an abort tells its place


@contextlib.contextmanager
def listener(backlog):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(backlog)
        yield s.getsockname()[1]


@contextlib.contextmanager
def full_listener():
    """Takes no connection: those that it would take wait already."""
    with listener(0) as port, contextlib.ExitStack() as stack:
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(("127.0.0.1", port))
        yield port


def urls(flow, mute, full):
    """Exchanges good, mute, busy, absent, speaking another protocol, and of several addresses."""
    good, (closed,) = flow.port["simulator"], free_ports(1)
    return [f"ws://127.0.0.1:{good}/ws", f"ws://localhost:{good}/ws"] * 3 + [
        f"ws://127.0.0.1:{mute}/ws", f"ws://127.0.0.1:{full}/ws", f"ws://localhost:{closed}/ws", f"wss://127.0.0.1:{good}/ws",
        f"wss://localhost:{mute}/ws", f"ws://127.0.0.1:{good}/nowhere"]


def some_sources(flow, chance, choice):
    """Any of five sources, each with any settings."""
    def source(number):
        lines = chance.choice([{"lines": 1}, {"lines": 2}, {"lines": 2, "rotate_ms": 1000}])
        more = chance.choice([{}, {"group": "g"}, {"subscribe": "demand", "grace_ms": 10}])
        symbols = chance.choice([["BTC-USD"], ["ETH-USD"], ["BTC-USD", "ETH-USD"]])
        return {**flow.source, "name": f"source{number}", "url": chance.choice(choice), "symbols": symbols, **lines, **more}

    return [source(number) for number in chance.sample(range(5), chance.randint(0, 5))]


def pause(chance):
    PAUSE.wait(chance.choice([0, 0.001, 0.01, 0.05, 0.3]) * chance.random())


def peers(flow, chance, stack):
    """Subscribers, and requests for /metrics, some of which never end."""
    for _ in range(chance.randint(0, 3)):
        sub = stack.enter_context(zmq.Context.instance().socket(zmq.SUB))
        sub.linger = 0
        sub.connect(flow.bus)
        sub.subscribe(chance.choice([b"", b"trade.", b"trade.BTC-USD.", b"trade.ETH-USD.source1"]))
    for _ in range(chance.randint(0, 3)):
        with contextlib.suppress(ConnectionError):
            probe = stack.enter_context(socket.create_connection(("127.0.0.1", flow.port["connectord_http"])))
            probe.send(chance.choice([b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /re", b""]))


def live_and_end(flow, chance, choice):
    """One life of connectord; what it said at its end."""
    flow.config["connectord"]["sources"] = some_sources(flow, chance, choice)
    connectord = flow.start_daemon("connectord", **GOOD_END)
    until(lambda: not connectord.alive() or get(f"http://{flow.address('connectord_http')}/health")[0] == 200, "connectord to serve")
    with contextlib.ExitStack() as stack:
        for _ in range(chance.randint(0, 5)):
            pause(chance)
            flow.config["connectord"]["sources"] = some_sources(flow, chance, choice)
            flow.write_config()
            connectord.popen.send_signal(signal.SIGHUP)
            peers(flow, chance, stack)
        flow.control("/control/" + chance.choice(["reset", "close?code=1012", "refuse?seconds=0"]))
        pause(chance)
        code = connectord.stop()
    return code, connectord.log()


def test_connectord_ends_in_good_order_at_any_moment(pipeline):
    chance = dice("teardown")
    flow = pipeline()
    flow.config["connectord"]["journal"]["bytes"] = 16 << 20
    flow.start_simulator("--symbols", "BTC-USD,ETH-USD", "--rate", 300)
    with listener(100) as mute, full_listener() as full:
        choice = urls(flow, mute, full)
        for number in range(ENDS):
            code, log = live_and_end(flow, chance, choice)
            assert code == 0, f"round {number} ended with {code}:\n{log}"
    del flow.processes["connectord"]
