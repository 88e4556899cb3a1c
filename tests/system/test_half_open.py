"""Who begins and never ends: messages, questions, heads. What is held of that has a bound, and whoever comes meanwhile is served."""

import asyncio
import contextlib
import os
import select
import signal
import struct

import pytest
from clients import Client, assert_once_and_in_order
from pipeline import get, until
from slow_clients import masked
from secure import certify, context  # noqa: F401 (a fixture)
from test_http import HEALTH, UPGRADE
from test_limits import start, start_all
from test_proxies import From, a_client
from test_tls import client_hello

MIB = 1 << 20
MESSAGE = 60000


def value(flow, sample):
    text = until(lambda: get(f"http://{flow.address('gateway0')}/metrics")[1], "/metrics")
    return next(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(sample + " "))


def fragment(payload, first):
    """A part of a text message that is never the last."""
    return struct.pack(">BBH", 1 if first else 0, 0x80 | 126, len(payload)) + bytes(4) + payload


@contextlib.contextmanager
def begun(flow, kind, count, address):
    """Clients that have sent all of a message, or of a hub's record, but its end."""
    path = {"ws": b"/ws", "signalr": b"/blockchain"}[kind]
    with contextlib.ExitStack() as stack:
        peers = []
        for _ in range(count):
            peer = stack.enter_context(From(flow.port["gateway0"], address))
            peer.send(UPGRADE.replace(b"/ws", path))
            assert peer.answer()[0] == 101
            if kind == "signalr":
                peer.send(masked('{"protocol":"json","version":1}\x1e'))
                assert peer.frame()[1] == b"{}\x1e"
            peers.append(peer)
        for peer in peers:
            with contextlib.suppress(ConnectionError):
                peer.send(masked("x" * MESSAGE) if kind == "signalr" else fragment(b"x" * MESSAGE, True))
        yield peers


@pytest.mark.parametrize("kind", ["ws", "signalr"])
def test_messages_that_are_begun_and_never_ended_take_no_more_than_there_is(pipeline, kind):
    flow = start_all(pipeline(symbols=["BTC-USD"]), 1000, memory_bytes=4 * MIB)
    before = value(flow, "dataflow_gateway_waiting_bytes")
    with begun(flow, kind, 8, a_client()):
        until(lambda: value(flow, "dataflow_gateway_waiting_bytes") >= before + 8 * MESSAGE, "what has come of them to be counted")

        async def follow():
            async with Client(flow.url()) as client:
                await client.subscribe("BTC-USD")
                with begun(flow, kind, 130, a_client()) as peers:
                    until(lambda: flow.processes["gateway0"].log().count("code=1008"), "somebody to be closed")
                    assert value(flow, "dataflow_gateway_waiting_bytes") <= 4 * MIB
                    await client.until(lambda: len(client.trades) > 2000, "trades")
                    assert await client.call("ping")
                    assert_once_and_in_order(client.trades)
                    assert len(peers) == 130
        asyncio.run(follow())
    until(lambda: value(flow, "dataflow_gateway_waiting_bytes") <= before, "all to be given back")


def test_handshakes_that_never_end_leave_memory_for_who_is_in_and_for_who_comes(pipeline, certify):  # noqa: F811
    flow = pipeline(symbols=["BTC-USD"])
    certificate, key = certify("gateway")
    flow.trust = certificate
    listen = [flow.address("gateway0"), {"address": flow.address("gateway1"), "tls": {"certificate": certificate, "key": key}}]
    start_all(flow, 100, listen=listen, memory_bytes=8 * MIB)
    hello = client_hello()[:-1]

    async def ask():
        async with Client(flow.url()) as client:
            with contextlib.ExitStack() as stack:
                address = a_client()
                peers = [stack.enter_context(From(flow.port["gateway1"], address)) for _ in range(400)]  # 19 MiB, if all could have it
                for peer in peers:
                    with contextlib.suppress(ConnectionError):
                        peer.send(hello)
                for _ in range(20):
                    assert await client.call("ping")
                    with From(flow.port["gateway1"], a_client(), context(flow)) as newcomer:
                        newcomer.send(HEALTH)
                        assert newcomer.answer()[0] == 200
                assert value(flow, "dataflow_gateway_waiting_bytes") <= 6 * MIB
    asyncio.run(ask())


def answered(peers, count):
    """Those that have something to read, if they are so many."""
    ready, _, _ = select.select([peer.socket for peer in peers], [], [], 0.2)
    return len(ready) >= count and [peer for peer in peers if peer.socket in ready]


def test_one_address_can_not_have_all_that_may_be_asked_at_a_time(pipeline):
    flow = start_all(pipeline(symbols=["BTC-USD"]), 100, history_timeout_ms=60000)
    ask = b"GET /api/v1/stats HTTP/1.1\r\nHost: x\r\n\r\n"
    os.kill(flow.processes["cached"].popen.pid, signal.SIGSTOP)
    try:
        with contextlib.ExitStack() as stack:
            def crowd(count):
                address = a_client()
                peers = [stack.enter_context(From(flow.port["gateway0"], address)) for _ in range(count)]
                for peer in peers:
                    peer.send(ask)
                return peers
            first = crowd(200)
            refused = until(lambda: answered(first, 200 - 128), "those that are too many to be answered")
            for peer in refused:
                status, headers, _ = peer.answer()
                assert (status, headers["retry-after"]) == (503, "1")
            others = crowd(60)
            assert not answered(others, 1)
            os.kill(flow.processes["cached"].popen.pid, signal.SIGCONT)
            assert {peer.answer()[0] for peer in [*others, *first] if peer not in refused} == {200}
    finally:
        os.kill(flow.processes["cached"].popen.pid, signal.SIGCONT)


def test_half_open_requests_of_one_address_leave_room_for_others(pipeline):
    flow = pipeline()
    start(flow, clients=100, clients_per_address=20)
    with contextlib.ExitStack() as stack:
        address = a_client()
        peers = [stack.enter_context(From(flow.port["gateway0"], address)) for _ in range(300)]
        for peer in peers:
            with contextlib.suppress(ConnectionError):
                peer.send(b"GET /health HTTP/1.1\r\nHost:")
        until(lambda: value(flow, "dataflow_http_given_up_total") >= 300 - 20 - 32 - 1, "those that are too many to go")
        with From(flow.port["gateway0"], a_client()) as other:
            other.send(UPGRADE)
            assert other.answer()[0] == 101
        assert value(flow, "dataflow_http_connections") <= 20 + 32 + 2
        for peer in peers[-20:]:  # those that came last are not given up
            peer.send(b" x\r\n\r\n")
            assert peer.answer()[0] == 200
