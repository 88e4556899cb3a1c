"""What a peer calls itself (ZMQ_ROUTING_ID) is its own affair: each connection is served, whatever others are called."""

import os
from typing import NamedTuple

import pytest
import zmq
from clients import Tap
from pipeline import PATIENCE, loads, until
from stores import journaled, topic

NAME = b"one and the same"
REOPENED = 20
PAIRS = 20
SPARE = 10  # descriptors that come and go with what else a process does


class Service(NamedTuple):
    name: str
    daemon: str
    request: str  # some 250 KB are answered


HISTORY = Service("history", "cached", '{"op":"recent","symbol":"BTC-USD","count":1000,"id":%d}')
REPLAY = Service("replay", "connectord", '{"op":"range","topic":"%s","count":1000,"id":%%d}' % topic("BTC-USD"))
each_service = pytest.mark.parametrize("service", [HISTORY, REPLAY], ids=lambda service: service.name)


class Named:
    """A peer that has a name, which others have, too."""

    def __init__(self, endpoint, kind=zmq.DEALER, name=NAME):
        self.kind, self.sent, self.socket = kind, 0, zmq.Context.instance().socket(kind)
        self.socket.setsockopt(zmq.ROUTING_ID, name)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVTIMEO, int(PATIENCE * 1000))
        self.socket.connect(endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, request, number):
        frame = (request % number).encode()
        self.socket.send_multipart([frame] if self.kind == zmq.REQ else [b"", frame])

    def receive(self):
        return loads(self.socket.recv_multipart()[-1].decode())["id"]

    def ask(self, request, number):
        self.send(request, number)
        return self.receive()


@pytest.fixture
def flow(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.start_simulator("--symbols", "BTC-USD", "--rate", 5000)
    flow.start_connectord()
    flow.start_cached()
    flow.wait_ready("connectord_http", "cached_http")
    until(lambda: journaled(flow) > 1000, "trades to ask for")
    flow.tell_simulator("/control/pause")
    return flow


@each_service
def test_two_peers_of_one_name_are_both_answered_each_what_it_asked(flow, service):
    endpoint = f"tcp://{flow.address(service.name)}"
    with Named(endpoint) as one, Named(endpoint) as other:
        for number in range(0, 20, 2):
            assert one.ask(service.request, number) == number
            assert other.ask(service.request, number + 1) == number + 1
            assert other.ask(service.request, number + 1) == number + 1
        for number in range(10):
            one.send(service.request, number)
            other.send(service.request, 100 + number)
        assert sorted(one.receive() for _ in range(10)) == list(range(10))
        assert sorted(other.receive() for _ in range(10)) == list(range(100, 110))


@each_service
def test_a_peer_that_is_reopened_with_requests_under_way_is_answered_each_time(flow, service):
    endpoint = f"tcp://{flow.address(service.name)}"
    for number in range(REOPENED):
        with Named(endpoint, zmq.REQ) as peer:
            assert peer.ask(service.request, number) == number
            peer.send(service.request, 1000)
    for number in range(REOPENED):
        with Named(endpoint) as peer:
            for more in range(5):
                peer.send(service.request, 10 * number + more)
            assert peer.receive() // 10 == number


@each_service
def test_peers_of_one_name_leave_nothing_behind(flow, service):
    endpoint, process = f"tcp://{flow.address(service.name)}", flow.processes[service.daemon].popen.pid
    opened = lambda: len(os.listdir(f"/proc/{process}/fd"))
    before = opened()
    for number in range(PAIRS):
        with Named(endpoint) as one, Named(endpoint) as other:
            one.ask(service.request, number)
            other.ask(service.request, number)
            one.send(service.request, number)
    until(lambda: opened() < before + SPARE, "what they had opened to be closed")


@each_service
def test_a_name_over_ipc_is_no_ones_own_either(flow, service):
    endpoint = f"ipc://{flow.directory}/{service.name}"
    key = {"history": "CACHED__HISTORY", "replay": "CONNECTORD__REPLAY"}[service.name]
    flow.processes[service.daemon].stop()
    flow.start_daemon(service.daemon, **{f"DATAFLOW_{key}": endpoint})
    flow.wait_ready(f"{service.daemon}_http")
    with Named(endpoint) as one, Named(endpoint) as other, Named(endpoint, zmq.REQ) as third:
        for number, peer in enumerate((one, other, third, one)):
            peer.send('{"op":"none","id":%d}', number)
            assert peer.receive() == number


def test_subscribers_of_one_name_all_hear_the_bus(flow):
    taps = [Tap(flow.bus, "trade.") for _ in range(2)]
    for tap in taps:
        tap.socket.disconnect(flow.bus)
        tap.socket.setsockopt(zmq.ROUTING_ID, NAME)
        tap.socket.connect(flow.bus)
        tap.wait_connected()
    flow.tell_simulator("/control/play?count=100")
    heard = [tap.take(100) for tap in taps]
    assert heard[0] == heard[1]
    for tap in taps:
        tap.socket.close()
