"""Who does not read for a while on a channel that keeps the latest gets the newest record of each key then, no gap, and costs no memory meanwhile."""

import re

import pytest
from clients import Requester
from pipeline import PATIENCE, SANITIZED, running_time, until
from readings import Readings, configure, offered, topic
from slow_clients import SlowClient, masked, subscribe
from test_slow import memory

KEYS = [f"sensor-{number}" for number in range(20)]
ROUNDS, ROUND = 40, 50  # far more than the sockets' buffers hold
FILL = "x" * 500
RECORD = re.compile(rb'seq\\?":(\d+),\\?"channel\\?":\\?"readings\\?",\\?"key\\?":\\?"([^"\\]+)\\?"')
TOLD = re.compile(rb"\.gap|event: gap|connection\.lost|event: lost")
CROWD, CROWD_BYTES = 50, 8 << 20
MANY_KEYS, KEY_BYTES = 1000, 40 << 10


class SlowReader(SlowClient):
    """`had`: the seqs of each key."""

    def __init__(self, flow, kind):
        self.had = {key: [] for key in KEYS}
        super().__init__(flow, kind, KEYS[0], "readings")
        for key in KEYS[1:] if kind in ("ws", "batch") else ():
            self.socket.sendall(masked(subscribe(key, channel="readings", batch=kind == "batch")))
            self.read_until(b"subscribed")

    def take(self):
        self.rest += self.read()
        end = 0
        for found in RECORD.finditer(self.rest):
            self.had[found[2].decode()].append(int(found[1]))
            end = found.end()
        self.told += TOLD.findall(self.rest[:end])
        self.rest = self.rest[end:]

    def keys(self):
        return KEYS if self.kind in ("ws", "batch") else KEYS[:1]

    def read_to(self, last):
        deadline = running_time() + PATIENCE
        while any(self.had[key][-1:] != [last] for key in self.keys()):
            assert running_time() < deadline, (self.kind, {key: seqs[-1:] for key, seqs in self.had.items()}, last)
            self.take()


@pytest.fixture
def lab(pipeline, tmp_path):
    with Readings(KEYS) as source:
        flow = configure(pipeline(), source, tmp_path, latest=True)
        flow.config["cached"]["trades"] = 100
        flow.config["gatewayd"]["subscriptions"] = 10 * MANY_KEYS
        yield flow


def start(flow, keys=KEYS):
    flow.start_connectord()
    flow.start_cached()
    flow.start_gateway()
    flow.wait_ready("connectord_http", "cached_http", "gateway0")
    for place in range(0, len(keys), 500):
        flow.exchange.say_readings([(key, 1) for key in keys[place:place + 500]])
    offered(flow, *keys)


def play(flow, first, rounds=ROUNDS):
    """Readings of all keys, from that number on; returns the last one once history has it, and the gateway has been by."""
    for number in range(first, first + rounds * ROUND):
        flow.exchange.say_readings([(key, number, {"n": number, "fill": FILL}) for key in KEYS])
    last = first + rounds * ROUND - 1
    with Requester(flow.history) as history:
        until(lambda: history.ask(op="recent", symbol=f"readings.{KEYS[-1]}", count=1)["trades"][0]["seq"] == last, f"number {last} in history")
    return last


def test_who_stops_reading_gets_the_newest_of_each_key_and_no_gap(lab):
    start(lab)
    clients = [SlowReader(lab, kind) for kind in ("ws", "batch", "signalr", "sse")]
    last = play(lab, 2)
    for client in clients:
        client.read_to(last)
    last = play(lab, last + 1, 1)  # and is live again
    for client in clients:
        client.read_to(last)
        for key in client.keys():
            seqs = client.had[key]
            assert seqs == sorted(set(seqs)), f"{client.kind}: {key}: never an older one behind a newer: {seqs}"
            assert seqs[-1] == last
        assert sum(map(len, client.had.values())) < len(client.keys()) * last / 2, "not all that went by"
        assert client.told == []
        client.close()


def test_many_who_stop_reading_cost_no_memory(lab):
    start(lab)
    gateway = lab.processes["gateway0"]
    clients = [SlowReader(lab, "ws") for _ in range(CROWD)]
    last = play(lab, 2, 2)
    for client in clients:
        client.read_to(last)
    with open(f"/proc/{gateway.popen.pid}/clear_refs", "w") as peak:
        peak.write("5")
    before = memory(gateway, "VmRSS")
    last = play(lab, last + 1)
    for client in clients:
        client.read_to(last)
        assert client.told == []
        client.close()
    if not SANITIZED:
        assert memory(gateway, "VmHWM") - before <= CROWD_BYTES


def test_a_key_costs_little_memory(lab):
    keys = [f"key-{number}" for number in range(MANY_KEYS)]
    start(lab, keys)
    gateway = lab.processes["gateway0"]
    client = SlowClient(lab, "ws", keys[0], "readings")
    before = memory(gateway, "VmRSS")
    for key in keys[1:]:
        client.socket.sendall(masked(subscribe(key, channel="readings")))
        client.read_until(b"subscribed")
    for number in range(2, 30):  # rings are full
        for place in range(0, len(keys), 500):
            lab.exchange.say_readings([(key, number, {"n": number, "fill": FILL}) for key in keys[place:place + 500]])
    with Requester(lab.replay) as replay:
        until(lambda: {s["topic"]: s["last"] for s in replay.ask(op="streams")["streams"]}[topic(keys[-1])].endswith("-29"), "the last reading")
    while b'"29"' not in client.read():
        pass
    grown = memory(gateway, "VmRSS") - before
    print(f"{grown / MANY_KEYS / 1024:.1f} KiB a key")
    client.close()
    if not SANITIZED:
        assert grown <= MANY_KEYS * KEY_BYTES
