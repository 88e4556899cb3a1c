"""Trade ids that lie: what differs is another trade, whatever its id, and what is the same is a repeat, however it is written."""

import asyncio

import pytest
from clients import Client, assert_once_and_in_order
from frames import connected, frame, journal, send, status
from pipeline import get

T = "2026-01-05T17:24:33.%06dZ"


def start(pipeline, **source):
    flow = pipeline(symbols=["BTC-USD"], **source)
    flow.start_simulator("--symbols", "BTC-USD", "--paused")
    flow.start_connectord()
    flow.wait_ready("connectord_http")
    connected(flow, 1, source.get("lines", 1))
    return flow


def metric(flow, name):
    lines = get(f"http://{flow.address('connectord_http')}/metrics")[1].splitlines()
    return int(next(line for line in lines if line.startswith(f"dataflow_source_{name}_total{{")).split()[-1])


def zeros(count):
    return [frame("0", timestamp=T % i, price=f"{100 + i}.50") for i in range(count)]


def test_different_trades_of_one_id_are_all_published_and_each_repeat_is_known_whatever_is_started_again(pipeline):
    flow = start(pipeline)
    send(flow, zeros(200))
    trades = journal(flow, 200)
    assert_once_and_in_order(trades)
    assert [trade["price"] for trade in trades] == [f"{100 + i}.50" for i in range(200)]
    assert {trade["tradeId"] for trade in trades} == {"0"}
    assert status(flow)["id_conflicts"] == metric(flow, "id_conflicts") == 199
    assert metric(flow, "duplicates") == 0
    flow.processes["connectord"].wait_for_line("another with the same id.*id=0")

    flow.tell_simulator("/control/reset")
    connected(flow, 2)
    send(flow, zeros(200) + [frame("1")])
    assert len(journal(flow, 201)) == 201
    assert metric(flow, "duplicates") == 200

    flow.processes["connectord"].kill()
    flow.start_connectord()
    connected(flow, 3)
    send(flow, [*zeros(200), frame("2")])
    assert len(journal(flow, 202)) == 202
    assert metric(flow, "duplicates") == 200 and metric(flow, "id_conflicts") == 0


def test_ids_that_begin_again_with_other_trades_lose_none_of_them(pipeline):
    flow = start(pipeline)
    flow.start_cached()
    flow.start_gateway()
    flow.wait_ready("cached_http", "gateway0")

    async def follow():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            send(flow, [frame(str(i), timestamp=T % i, price="100.1") for i in range(1, 51)])
            await client.until(lambda: len(client.trades) >= 50, "fifty trades")  # a reset may take away what is still on its way
            flow.tell_simulator("/control/reset")
            await asyncio.to_thread(connected, flow, 2)
            await asyncio.to_thread(send, flow, [frame(str(i), timestamp=T % (900 + i), price="200.1") for i in range(1, 51)])
            await client.until(lambda: len(client.trades) >= 100, "a hundred trades")
            return client.trades

    trades = asyncio.run(follow())
    assert_once_and_in_order(trades)
    assert [(trade["tradeId"], trade["price"]) for trade in trades] == \
           [(str(i), price) for price in ("100.1", "200.1") for i in range(1, 51)]
    assert status(flow)["id_conflicts"] == 50


@pytest.mark.parametrize("other", [{"timestamp": T % 2}, {"side": "sell"}, {"price": "100.51"}, {"qty": "0.26"}],
                         ids=lambda change: next(iter(change)))
def test_a_trade_that_differs_in_one_thing_is_another_one(pipeline, other):
    flow = start(pipeline)
    send(flow, [frame("7", timestamp=T % 1), frame("7", **{"timestamp": T % 1, **other})])
    assert len(journal(flow, 2)) == 2


def test_a_trade_that_is_only_written_in_another_way_is_a_repeat(pipeline):
    flow = start(pipeline)
    send(flow, [frame("7", timestamp="2026-01-05T17:24:33.500Z", price="100.50", qty="0.000085"),
                frame("7", timestamp="2026-01-05T18:24:33.5+01:00", price="1.005e2", qty="8.5E-5"),
                frame("8")])
    trades = journal(flow, 2)
    assert [(trade["tradeId"], trade["qty"]) for trade in trades][0] == ("7", "0.000085")
    assert len(trades) == 2 and metric(flow, "duplicates") == 1


def test_an_id_that_is_a_whole_number_is_its_digits(pipeline):
    flow = start(pipeline)
    big = 123456789012345678901234567890
    send(flow, [frame(77, timestamp=T % 1), frame("77", timestamp=T % 1), frame(big), frame(7.5), frame("78")])
    assert [trade["tradeId"] for trade in journal(flow, 3)] == ["77", str(big), "78"]
    assert metric(flow, "duplicates") == 1 and metric(flow, "malformed") == 1


def test_trades_of_one_id_come_once_over_two_lines(pipeline):
    flow = start(pipeline, lines=2)
    send(flow, [*zeros(50), frame("1", timestamp=T % 999999)])
    trades = journal(flow, 51)
    assert_once_and_in_order(trades)
    assert len({trade["price"] for trade in trades}) == len(trades) == 51
    assert status(flow)["id_conflicts"] == 49
    assert metric(flow, "duplicates") >= 50  # the second line may still bring the last one
