"""Who asks for much keeps nobody waiting: what is asked for is answered in turns, and others have theirs in between. Told by the order in which things
come, not by time."""

import asyncio
import json
import select
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from clients import Client, Requester, cursor
from pipeline import get, loads, until
from stores import journaled

MANY = 10000   # trades in an answer, as many as there can be
GREEDY = 60    # who ask for them at one time


@pytest.fixture(scope="module")
def flow(tmp_path_factory):
    from pipeline import Pipeline
    flow = Pipeline(tmp_path_factory.mktemp("shares"), symbols=["BTC-USD"])
    flow.config["gatewayd"]["ring_bytes"] = 1 << 20  # what is asked for is more than that
    flow.start_all("--symbols", "BTC-USD", "--rate", 5000)
    until(lambda: journaled(flow) > MANY, "enough trades")
    flow.tell_simulator("/control/pause")
    with Requester(flow.history) as history:
        until(lambda: len(history.ask(op="recent", symbol="BTC-USD", count=MANY)["trades"]) == MANY, "history to have them")
    yield flow
    codes = flow.stop()
    assert set(codes.values()) == {0}, codes
    assert not any("Sanitizer" in p.log() or "runtime error" in p.log() for p in flow.processes.values())


def connect(flow):
    host, port = flow.address("gateway0").split(":")
    return socket.create_connection((host, int(port)))


def ask(connection, path):
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: gateway\r\n\r\n".encode())


def answered(connections):
    return len(select.select(connections, [], [], 0)[0])


def test_health_is_answered_while_most_large_answers_are_still_to_come(flow):
    greedy = [connect(flow) for _ in range(GREEDY)]
    probe = connect(flow)
    for connection in greedy:
        ask(connection, f"/api/v1/trades/BTC-USD?count={MANY}")
    until(lambda: answered(greedy), "the first answer")
    ask(probe, "/health")
    assert probe.recv(4096).startswith(b"HTTP/1.1 200")
    assert answered(greedy) < GREEDY / 2
    for connection in [*greedy, probe]:
        connection.close()


def test_a_live_trade_comes_while_most_large_answers_are_still_to_come(flow):
    async def run():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            greedy = [connect(flow) for _ in range(GREEDY)]
            for connection in greedy:
                ask(connection, f"/api/v1/trades/BTC-USD?count={MANY}")
            await asyncio.to_thread(until, lambda: answered(greedy), "the first answer")
            await asyncio.to_thread(flow.tell_simulator, "/control/play?count=1")
            await client.until(lambda: client.trades, "the trade")
            assert answered(greedy) < GREEDY / 2
            for connection in greedy:
                connection.close()

    asyncio.run(run())


def test_a_batch_that_asks_for_too_much_is_refused_by_one_error_and_its_client_goes_on(flow):
    async def run():
        async with Client(flow.url()) as client:
            call = {"jsonrpc": "2.0", "method": "getRecentTrades", "params": {"channel": "trades", "symbol": "BTC-USD", "count": MANY}}
            await client.send_raw(json.dumps([{**call, "id": number} for number in range(100)]))
            refused = await client.answer(None)
            assert refused["error"]["code"] == -32603
            assert not client.answers
            assert (await client.call("ping"))["pong"]

    asyncio.run(run())


def test_a_long_answer_in_pieces_is_what_history_would_have_said(flow):
    def page(count, **place):
        with Requester(flow.history) as history:
            answer = history.ask(op="recent", symbol="BTC-USD", count=count, **place)
            return [cursor(trade) for trade in answer["trades"]], answer.get("next")

    told, following = page(MANY - 500)
    rest = loads(get(f"http://{flow.address('gateway0')}/api/v1/trades/BTC-USD?count={MANY - 500}")[1])
    assert [cursor(trade) for trade in rest["trades"]] == told

    async def run():
        async with Client(flow.url()) as client:
            recent = await client.call("getRecentTrades", channel="trades", symbol="BTC-USD", count=MANY - 500)
            assert [cursor(trade) for trade in recent["trades"]] == told and recent["next"] == following
            older = await client.call("getRecentTrades", channel="trades", symbol="BTC-USD", count=1500, next=following)
            assert [cursor(trade) for trade in older["trades"]] == page(1500, upto=following)[0]
            since = await client.call("getTradesSince", symbol="BTC-USD", afterTimestamp=0, count=3000)
            assert len(since["trades"]) == 3000
            first = [cursor(trade) for trade in since["trades"]]
            reach = await client.call("getTradesRange", symbol="BTC-USD", source="blockchain", count=3000, **{"from": first[0]})
            assert [cursor(trade) for trade in reach["trades"]] == first and reach["missing"] == 0

    asyncio.run(run())


def test_many_who_ask_for_much_at_once_all_have_their_answer(flow):
    asking = lambda _: get(f"http://{flow.address('gateway0')}/api/v1/trades/BTC-USD?count=2500")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(asking, range(40)))
    assert {status for status, _ in answers} == {200}
    assert {len(loads(text)["trades"]) for _, text in answers} == {2500}
