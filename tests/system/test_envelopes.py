"""Any REQ socket will do, and any proxy between: an answer repeats the whole envelope of its request (history.md), at both doors."""

import asyncio
import json
from typing import NamedTuple

import pytest
import zmq
from clients import Client, Requester
from pipeline import PATIENCE, loads, until
from proxy import Proxy
from stores import journaled, topic

STORED = 3000
IN_MEMORY = 100
FRAMES, BYTES = 16, 2048  # of an envelope, at most, with the connection's own frame of five bytes
OWN_BYTES = 5


class Service(NamedTuple):
    name: str
    short: str  # an op whose answer is
    long: str   # one of some hundred KB


HISTORY = Service("history", "symbols", '{"op":"recent","symbol":"BTC-USD","count":1000,"id":%d}')
REPLAY = Service("replay", "streams", '{"op":"range","topic":"%s","count":1000,"id":%%d}' % topic("BTC-USD"))
each_service = pytest.mark.parametrize("service", [HISTORY, REPLAY], ids=lambda service: service.name)


class Dealer:
    """Sends and receives frames as they are."""

    def __init__(self, endpoint):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVTIMEO, int(PATIENCE * 1000))
        self.socket.connect(endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, *frames):
        self.send(*frames)
        return self.receive()

    def send(self, *frames):
        self.socket.send_multipart(list(frames))

    def receive(self):
        """The envelope and the answer."""
        *envelope, answer = self.socket.recv_multipart()
        return envelope, loads(answer.decode())


@pytest.fixture
def flow(pipeline):
    """With more trades in the journal and the store than in memory, and no more to come."""
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["cached"].update(store="sqlite:///state/trades.db", trades=IN_MEMORY)
    flow.start_simulator("--symbols", "BTC-USD", "--rate", 5000)
    flow.start_connectord()
    flow.start_cached()
    flow.wait_ready("connectord_http", "cached_http")
    until(lambda: journaled(flow) > STORED, "trades to ask for")
    flow.tell_simulator("/control/pause")
    until(lambda: loads(flow.ready("cached_http")[1])["store"]["lag"] == 0, "the store to have them")
    return flow


def correlating(requester):
    requester.socket.setsockopt(zmq.REQ_CORRELATE, 1)
    requester.socket.setsockopt(zmq.REQ_RELAXED, 1)
    return requester


@each_service
@pytest.mark.parametrize("hops", [0, 1, 2])
def test_a_req_is_answered_with_and_without_a_number_of_its_own_directly_and_through_proxies(flow, service, hops):
    with Proxy(f"tcp://{flow.address(service.name)}", hops) as proxy:
        with Requester(proxy.endpoint) as plain, correlating(Requester(proxy.endpoint)) as numbered:
            for requester in (plain, numbered, plain, numbered):
                assert requester.ask(op=service.short, id=7)["id"] == 7
                assert len(loads(requester.raw(service.long % 8))["trades"]) == 1000


@each_service
def test_answers_that_come_later_find_the_way_back_to_each_of_many_behind_a_proxy(flow, service):
    with Proxy(f"tcp://{flow.address(service.name)}", 2) as proxy:
        dealers = [Dealer(proxy.endpoint) for _ in range(5)]
        for number in range(10):
            for which, dealer in enumerate(dealers):
                dealer.send(b"mine", str(which).encode(), b"", (service.long % (10 * which + number)).encode())
        for which, dealer in enumerate(dealers):
            ids = set()
            for _ in range(10):
                envelope, answer = dealer.receive()
                assert envelope == [b"mine", str(which).encode(), b""] and len(answer["trades"]) == 1000
                ids.add(answer["id"])
            assert ids == set(range(10 * which, 10 * which + 10))
            dealer.socket.close()


MALFORMED = {
    "no body": [],
    "two bodies": [b'{"op":"symbols"}', b'{"op":"symbols"}'],
    "many frames": [b"x"] * 100,
    "an empty body": [b""],
    "no JSON": [b"symbols"],
    "no object": [b"[]"],
    "too long": [b'{"op":"%s"}' % (b"x" * 20000)],
}


@each_service
@pytest.mark.parametrize("before", [[], [b"number", b"name"]], ids=["bare", "enveloped"])
def test_a_malformed_request_gets_an_error_whenever_it_carries_an_empty_frame(flow, service, before):
    with Dealer(f"tcp://{flow.address(service.name)}") as dealer:
        for what, frames in MALFORMED.items():
            envelope, answer = dealer.ask(*before, b"", *frames)
            assert envelope == [*before, b""], what
            assert answer["ok"] is False and answer["error"]["code"] in ("invalid_request", "invalid_json"), what
        assert "found 100" in dealer.ask(b"", *MALFORMED["many frames"])[1]["error"]["message"]


@each_service
def test_an_envelope_is_bounded_and_one_that_is_longer_harms_nobody(flow, service):
    request = json.dumps({"op": service.short}).encode()
    longest = [b"x"] * (FRAMES - 2), [b"x" * (BYTES - OWN_BYTES)]
    too_long = [b"x"] * (FRAMES - 1), [b"x" * (BYTES - OWN_BYTES + 1)], [b"x"] * 1000
    with Dealer(f"tcp://{flow.address(service.name)}") as dealer:
        for before in longest:
            envelope, answer = dealer.ask(*before, b"", request)
            assert envelope == [*before, b""] and answer["ok"]
        for before in too_long:
            dealer.send(*before, b"", request)
        dealer.send(request)  # without any empty frame
        envelope, answer = dealer.ask(b"after", b"", request)
        assert envelope == [b"after", b""] and answer["ok"]


def test_a_gateway_asks_history_through_a_proxy(flow):
    with Proxy(flow.history) as proxy:
        flow.config["gatewayd"]["history"] = [proxy.endpoint]
        flow.start_gateway()
        flow.wait_ready("gateway0")

        async def ask():
            async with Client(flow.url()) as client:
                return await client.call("getRecentTrades", channel="trades", symbol="BTC-USD", count=1000)

        assert len(asyncio.run(ask())["trades"]) == 1000
