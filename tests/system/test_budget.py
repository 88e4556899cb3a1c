"""What waits for clients that don't read has a bound, of all doors together; whoever reads, and asks for little, is served meanwhile."""

import asyncio
import contextlib
import json
import signal
import socket

import pytest
from clients import Client, RpcError
from handshake import call, upgrade
from pipeline import PATIENCE, get, until

MIB = 1 << 20
LIMIT = 16 * MIB
TRADES = 8000  # some 2.3 MB as an answer
ALL = {"channel": "trades", "symbol": "BTC-USD", "count": TRADES}
MANY = {**ALL, "count": TRADES // 2}
REST = f"/api/v1/trades/BTC-USD?count={TRADES}"


@pytest.fixture
def flow(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["gatewayd"].update(memory_bytes=LIMIT, pending_bytes=MIB)
    flow.start_all("--paused", "--symbols", "BTC-USD", "--rate", "max")
    flow.subscribed("BTC-USD")
    flow.tell_simulator(f"/control/play?count={TRADES}")
    until(lambda: len(json.loads(get(f"http://{flow.address('gateway0')}{REST}")[1]).get("trades", [])) == TRADES, "the trades")
    return flow


def value(flow, sample):
    text = until(lambda: get(f"http://{flow.address('gateway0')}/metrics")[1], "/metrics")
    return next(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(sample + " "))


def waiting(flow):
    return value(flow, "dataflow_gateway_waiting_bytes")


def resident(flow):
    return value(flow, "process_resident_memory_bytes")


def refused(flow):
    return value(flow, 'dataflow_gateway_crowded_total{action="refused"}')


@contextlib.contextmanager
def unread(flow, count, text):
    """Peers that ask, and take little of the answer."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            peer = stack.enter_context(socket.socket())
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.settimeout(PATIENCE)
            peer.connect(("127.0.0.1", flow.port["gateway0"]))
            peer.sendall(text)
        yield


WEBSOCKET = upgrade() + call("getRecentTrades", **MANY)
ATTACKS = {"ws": (WEBSOCKET, 120), "rest": (f"GET {REST[:-4]}{TRADES // 2} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 120),
           "since": (upgrade() + call("getTradesSince", **MANY, afterTimestamp="1970-01-01"), 40)}


@pytest.mark.parametrize("attack", ATTACKS)
def test_answers_that_nobody_reads_have_a_bound_and_others_are_served(flow, attack):
    text, count = ATTACKS[attack]
    before = resident(flow)
    with unread(flow, count, text):
        until(lambda: refused(flow) > count / 4, "many to be refused")
        assert waiting(flow) <= LIMIT and resident(flow) - before < LIMIT + 24 * MIB
        few = json.loads(get(f"http://{flow.address('gateway0')}/api/v1/trades/BTC-USD?count=10")[1])
        assert len(few["trades"]) == 10

        async def run():
            async with Client(flow.url()) as client:
                assert len((await client.call("getRecentTrades", channel="trades", symbol="BTC-USD", count=10))["trades"]) == 10
                try:  # refused, or, where those that take nothing have given up what they held, answered
                    assert len((await client.call("getRecentTrades", **ALL))["trades"]) == TRADES
                except RpcError as error:
                    assert error.code == -32000 and "wait for clients" in str(error)

        asyncio.run(run())
    until(lambda: waiting(flow) < MIB, "what waited for those that have gone to be given back")
    assert get(f"http://{flow.address('gateway0')}{REST}")[0] == 200


def test_what_there_is_no_room_for_is_refused_and_told_when_to_come_back(flow):
    flow.config["gatewayd"]["memory_bytes"] = 4 * MIB
    flow.write_config()
    flow.processes["gateway0"].popen.send_signal(signal.SIGHUP)
    until(lambda: get(f"http://{flow.address('gateway0')}{REST}")[0] == 503, "the new limit")
    with socket.create_connection(("127.0.0.1", flow.port["gateway0"]), timeout=PATIENCE) as peer:
        peer.sendall(f"GET {REST} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = peer.recv(65536).decode()
        assert head.startswith("HTTP/1.1 503") and "Retry-After: 1\r\n" in head and "application/problem+json" in head

    async def run():
        async with Client(flow.url()) as client:
            with pytest.raises(RpcError) as error:
                await client.call("getRecentTrades", **ALL)
            assert error.value.code == -32000 and "wait for clients" in str(error.value)
            assert (await client.call("ping"))["pong"]

    asyncio.run(run())
    assert refused(flow) >= 3


STREAM = b"GET /api/v1/stream?symbols=BTC-USD HTTP/1.1\r\nHost: x\r\n\r\n"


def test_a_stream_of_events_costs_little_whether_it_is_read_or_not(pipeline):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--paused", "--symbols", "BTC-USD", "--rate", "max")
    flow.subscribed("BTC-USD")
    before = resident(flow)
    with unread(flow, 200, STREAM):
        until(lambda: value(flow, "dataflow_gateway_clients") == 200, "the streams")
        assert (resident(flow) - before) / 200 < 10 << 10
    until(lambda: value(flow, "dataflow_gateway_clients") == 0, "the streams to have gone")
    with unread(flow, 20, STREAM):
        until(lambda: value(flow, "dataflow_gateway_clients") == 20, "the streams")
        flow.tell_simulator(f"/control/play?count={TRADES}")
        until(lambda: value(flow, "dataflow_gateway_ring_lag_bytes") > MIB, "the streams to be behind")
        assert waiting(flow) / 20 < 16 << 10
