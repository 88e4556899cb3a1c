"""A peer of a ZeroMQ socket that makes the process hold ever more is closed, and what others have is not touched."""

import pathlib
import re
from typing import NamedTuple

import pytest
import zmq
from clients import Requester, Tap
from pipeline import SANITIZED, loads, until
from stores import journaled, metric, topic
from zmtp import PING, Peer, frame

MIB = 1 << 20
ENDLESS = 640 * MIB  # more is not sent to see whether there is an end


class Service(NamedTuple):
    name: str
    daemon: str
    kind: str    # of a peer's socket
    part: bytes  # of a message without an end
    request: str
    short: str


BUS = Service("bus", "connectord", "SUB", b"\x01" + b"x" * 99, "", "")
REPLAY = Service("replay", "connectord", "DEALER", b"x" * 60000, '{"op":"range","topic":"%s","count":%%d}' % topic("BTC-USD"), "streams")
HISTORY = Service("history", "cached", "DEALER", b"x" * 60000, '{"op":"recent","symbol":"BTC-USD","count":%d}', "symbols")
each_socket = pytest.mark.parametrize("service", [BUS, REPLAY, HISTORY], ids=lambda service: service.name)
each_service = pytest.mark.parametrize("service", [REPLAY, HISTORY], ids=lambda service: service.name)


def closed(flow, service, reason):
    return metric(flow, f'dataflow_peers_closed_total{{socket="{service.name}",reason="{reason}"}}', f"{service.daemon}_http")


def resident(process):
    status = pathlib.Path(f"/proc/{process.popen.pid}/status").read_text()
    return int(re.search(r"^RssAnon:\s+(\d+) kB", status, re.M)[1]) << 10


@pytest.fixture
def make(pipeline):
    def make(trades=100, rate=1000, **settings):
        flow = pipeline(symbols=["BTC-USD"])
        for section in ("connectord", "cached"):
            flow.config[section].update(settings)
        flow.start_simulator("--symbols", "BTC-USD", "--rate", rate)
        flow.start_connectord()
        flow.start_cached()
        flow.wait_ready("connectord_http", "cached_http")
        until(lambda: journaled(flow) > trades, "trades")
        return flow

    return make


@each_socket
def test_a_message_without_an_end_ends_its_connection(make, service):
    flow = make()
    process = flow.processes[service.daemon]
    before, data = resident(process), frame(service.part, more=True)
    with Tap(flow.bus, "trade.") as tap, Peer(flow.address(service.name), service.kind) as peer:
        tap.take(10)
        assert peer.sent_until_closed(data * (MIB // len(data)), ENDLESS) < ENDLESS
        until(lambda: closed(flow, service, "endless"), "the reason to be counted")
        tap.take(10)
    if not SANITIZED:
        until(lambda: resident(process) - before < 300 * MIB, "memory to be given back")


def test_frames_without_a_byte_count_too(make):
    flow = make()
    with Peer(flow.address("replay"), "DEALER") as peer:
        assert peer.sent_until_closed(frame(b"", more=True) * (MIB // 4), ENDLESS // 64) < ENDLESS // 64
    until(lambda: closed(flow, REPLAY, "endless"), "the reason to be counted")


REFUSED = {
    "no subscription": [b"hello"],
    "nothing": [b""],
    "two frames": [b"\x01trade.", b"x"],
    "longer than any topic": [b"\x01trade.BTC-USD." + b"x" * 65],
    "longer than is taken": [b"\x01trade.BTC-USD." + b"x" * 200],
    "no topic begins so": [b"\x01Nonsense"],
    "no symbol begins so": [b"\x01trade.b/c"],
    "a source without a name": [b"\x01status. "],
}


def test_what_is_no_subscription_to_any_topic_ends_the_connection(make):
    flow = make()
    with Tap(flow.bus, "trade.BTC-USD.") as tap:
        for what, frames in REFUSED.items():
            with Peer(flow.address("bus"), "XSUB") as peer:
                peer.send(*frames)
                peer.wait_closed()
        tap.take(100)


def prefixes(count):
    return b"".join(frame(b"\x01trade.A%d-" % number) for number in range(count))


def test_subscriptions_are_bounded_and_who_goes_beyond_has_to_leave(make):
    flow = make()
    with Tap(flow.bus, "trade.BTC-USD.") as tap, Peer(flow.address("bus"), "SUB") as honest:
        honest.send(b"\x01trade.BTC-")
        with Peer(flow.address("bus"), "SUB") as peer:
            peer.sent_until_closed(prefixes(60000), 1)
            peer.wait_closed()
        tap.take(100)
        assert frame(b"trade.BTC-USD.blockchain", more=True) in honest.socket.recv(65536, 0)


@each_service
def test_a_peer_that_is_to_be_answered_a_ping_when_it_has_gone_takes_nobody_with_it(make, service):
    flow = make(2000, 5000)
    flow.tell_simulator("/control/pause")
    flood = (frame(b"", more=True) + frame(service.request.encode() % 1000) + PING) * 4000
    with Requester(f"tcp://{flow.address(service.name)}") as other:
        for _ in range(2):
            with Peer(flow.address(service.name), "DEALER") as peer:
                peer.socket.sendall(flood)
                peer.read(500000)  # the others wait to be answered
                peer.reset()
            for _ in range(700):  # each has its turn: by then more than half of a queue of 1,000 has been taken
                assert other.ask(op=service.short)["ok"]
    assert all(process.alive() for process in flow.processes.values())


@pytest.mark.skipif(SANITIZED, reason="a sanitizer keeps freed memory")
@each_service
def test_answers_that_wait_for_all_peers_are_bounded_and_who_has_most_goes(make, service):
    flow = make(6000, 5000, memory_bytes=128 * MIB)  # of which a half is for replay
    flow.tell_simulator("/control/pause")
    process, endpoint = flow.processes[service.daemon], f"tcp://{flow.address(service.name)}"
    before, share = resident(process), 64 * MIB if service is REPLAY else 128 * MIB
    request = frame(b"", more=True) + frame(service.request.encode() % 5000)
    with Requester(endpoint) as other:
        peers = [Peer(flow.address(service.name), "DEALER", receive_bytes=4096) for _ in range(8)]
        for peer in peers:
            peer.socket.sendall(request * 40)
        until(lambda: closed(flow, service, "unread"), "one that does not read to be closed")
        assert other.ask(op=service.short)["ok"]
        assert resident(process) - before < 2 * share
        for peer in peers:
            peer.socket.close()


def test_what_waits_for_subscribers_that_do_not_read_is_bounded(make):
    flow = make(100, 5000, memory_bytes=64 * MIB)
    idle = [Peer(flow.address("bus"), "SUB", receive_bytes=4096) for _ in range(20)]
    with Tap(flow.bus, "trade.") as tap:
        tap.take(10)
        for peer in idle:
            peer.send(b"\x01trade.")
        for _ in range(100):
            tap.take(200)
            if closed(flow, BUS, "slow"):
                break
        else:
            raise AssertionError("none was closed")
        first = tap.take(1000)
        seqs = [int(re.search(r'"seq":(\d+)', body)[1]) for _, body in first]
        assert seqs == list(range(seqs[0], seqs[0] + 1000))
    for peer in idle:
        peer.socket.close()


def test_a_peer_that_asks_the_store_without_end_leaves_places_to_others(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["cached"].update(store="sqlite:///state/trades.db", trades=10)
    flow.start_simulator("--symbols", "BTC-USD", "--rate", 5000)
    flow.start_connectord()
    flow.start_cached()
    flow.wait_ready("connectord_http", "cached_http")
    until(lambda: journaled(flow) > 10000, "trades to ask for")
    flow.tell_simulator("/control/pause")
    until(lambda: loads(flow.ready("cached_http")[1])["store"]["lag"] == 0, "the store to have them")
    flood = zmq.Context.instance().socket(zmq.DEALER)
    flood.setsockopt(zmq.LINGER, 0)
    flood.connect(flow.history)
    with Requester(flow.history) as other:
        assert other.ask(op="symbols")["ok"]
        for _ in range(600):
            flood.send_multipart([b"", b'{"op":"recent","symbol":"BTC-USD","count":10000}'])
        until(lambda: metric(flow, "dataflow_history_waiting", "cached_http") > 200, "the queue to be full")
        for _ in range(3):
            assert len(other.ask(op="recent", symbol="BTC-USD", count=100)["trades"]) == 100
        assert metric(flow, "dataflow_history_waiting", "cached_http") > 0, "the flood waits still"
    flood.close()
