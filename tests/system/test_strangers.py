"""Who may not connect to the bus, to replay and to history, and what a stranger on the bus can't do to others."""

from typing import NamedTuple

import pytest
from clients import Requester, Tap
from pipeline import until
from stores import metric
from zmtp import Peer, connect


class Door(NamedTuple):
    name: str
    section: str
    said: bytes  # by a peer of ZMTP 1.0: its name, which is empty, and what it wants
    heard: bytes


DOORS = [Door("bus", "connectord", b"\x01\x00\x07\x00\x01trade.", b"trade."),
         Door("replay", "connectord", b'\x01\x00\x01\x01\x11\x00{"op":"streams"}', b'"ok"'),
         Door("history", "cached", b'\x01\x00\x01\x01\x11\x00{"op":"symbols"}', b'"ok"')]
each_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)


def started(flow):
    flow.start_simulator("--symbols", ",".join(flow.symbols), "--rate", 500)
    flow.start_connectord()
    flow.start_cached()
    flow.wait_ready("connectord_http", "cached_http")
    return flow


def heard(connection):
    """All that comes until the other side closes."""
    data = b""
    try:
        while more := connection.recv(65536):
            data += more
            assert len(data) < 1 << 20, "it is served"
    except ConnectionError:
        pass
    return data


@each_door
@pytest.mark.parametrize("web", [False, True], ids=["of 2009", "a web page"])
def test_who_speaks_no_version_of_the_protocol_that_can_be_asked_about_is_not_served(pipeline, door, web):
    flow = started(pipeline(symbols=["BTC-USD"]))
    said = b"POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000\r\n\r\n" % flow.address(door.name).encode() if web else door.said
    with connect("127.0.0.1", flow.port[door.name]) as connection:
        connection.sendall(said)
        data = heard(connection)
        assert door.heard not in data and len(data) <= 10  # the beginning of ZeroMQ's greeting


@each_door
def test_a_peer_whose_address_is_not_admitted_is_refused_and_counted(pipeline, door):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config[door.section]["peers"] = ["192.0.2.0/24", "2001:db8::1"]
    flow.start_simulator("--symbols", "BTC-USD")
    process = flow.start_daemon(door.section)
    until(lambda: flow.ready(f"{door.section}_http")[0], "its HTTP to answer")
    with connect("127.0.0.1", flow.port[door.name]) as connection:
        heard(connection)
    refused = f'dataflow_peers_closed_total{{socket="{door.name}",reason="address"}}'
    until(lambda: metric(flow, refused, f"{door.section}_http"), "the refusal to be counted")
    process.wait_for_line("closed a peer's connection.*127.0.0.1.*not admitted")


@each_door
def test_connections_are_bounded_and_silent_ones_give_their_place_to_others(pipeline, door):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config[door.section]["connections"] = 16
    started(flow)
    silent = [connect("127.0.0.1", flow.port[door.name]) for _ in range(60)]
    until(lambda: 0 < metric(flow, f'dataflow_peers{{socket="{door.name}"}}', f"{door.section}_http") <= 16, "others to be closed")
    if door.name == "bus":
        with Tap(flow.bus, "trade.") as tap:
            tap.take(10)
    else:
        with Requester(f"tcp://{flow.address(door.name)}") as requester:
            assert requester.ask(op="streams" if door.name == "replay" else "symbols")["ok"]
    for connection in silent:
        connection.close()


def counts(flow, symbol):
    events = [event["event"] for event in flow.ledger("subscribe", "unsubscribe") if event.get("symbol") == symbol]
    return events.count("subscribe"), events.count("unsubscribe")


def test_whoever_never_subscribed_ends_nothing_for_others(pipeline):
    flow = started(pipeline(symbols=["BTC-USD", "ETH-USD"], subscribe="demand", grace_ms=50))
    with Tap(flow.bus, "trade.BTC-USD.") as tap:
        tap.take(10)
        with Peer(flow.address("bus"), "SUB") as stranger:
            stranger.send(b"\x01trade.ETH-USD.")
            stranger.send(b"\x00trade.BTC-USD.")
            stranger.send(b"\x00trade.ETH-USD.")
            until(lambda: counts(flow, "ETH-USD") == (1, 1), "the stranger's own demand to end")
            tap.take(100)
        assert counts(flow, "BTC-USD") == (1, 0)


def test_what_a_peer_wanted_ends_with_it_and_nothing_else_does(pipeline):
    flow = started(pipeline(symbols=["BTC-USD", "ETH-USD"], subscribe="demand", grace_ms=50))
    with Tap(flow.bus, "trade.BTC-USD.") as tap:
        tap.take(10)
        peer = Peer(flow.address("bus"), "SUB")
        for _ in range(3):
            peer.send(b"\x01trade.BTC-USD.")
            peer.send(b"\x01trade.ETH-USD.")
        until(lambda: counts(flow, "ETH-USD") == (1, 0), "its demand")
        peer.reset()
        until(lambda: counts(flow, "ETH-USD") == (1, 1), "its demand to end")
        tap.take(100)
        assert counts(flow, "BTC-USD") == (1, 0)
