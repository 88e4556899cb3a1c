"""Symbols that come and go, by configuration or by demand, at exchanges that count their trades: what was not subscribed is asked for when it is again,
as far back as is configured; and what nobody can say is not claimed."""

import signal

import pytest
from clients import assert_once_and_in_order, cursor
from counted import assert_all, counted, made, metric, received, start, status, trade
from pipeline import until
from transports import PythonWebsockets

EXCHANGES = ["coinbase", "kraken", "binance"]


@pytest.fixture
def following():
    clients = []

    def make(flow, *symbols):
        clients.append(PythonWebsockets(flow))
        if symbols:
            clients[-1].follow(symbols)
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def coverage(client, symbol, source):
    """[(state, missing or trades), …], oldest first; the last one goes on."""
    found = client.rpc("getCoverage", channel="trades", symbol=symbol, source=source)["result"]["coverage"]
    assert all(one["to"] == next_["from"] for one, next_ in zip(found, found[1:])), found
    assert not found or found[-1]["to"] is None
    return [(one["state"], *([one["missing"]] if "missing" in one else [])) for one in found]


def until_covered(client, symbol, source, wanted):
    until(lambda: coverage(client, symbol, source) == wanted or None,
          f"{symbol} to be covered as {wanted}; it is {coverage(client, symbol, source)}")


def subscribed(flow):
    return {symbol for symbol, count in status(flow)["subscriptions"].items() if count}


def reload(flow, *symbols):
    flow.source["symbols"] = list(symbols)
    flow.write_config()
    flow.processes["connectord"].popen.send_signal(signal.SIGHUP)
    until(lambda: subscribed(flow) == set(symbols), f"exactly {symbols} to be subscribed")


def of(trades, symbol):
    return [one for one in trades if one["symbol"] == symbol]


def until_received(flow, client, *symbols):
    ids = lambda: {symbol: len(rows) for symbol, rows in made(flow.ledger(), *symbols).items()}
    client.until(lambda: {symbol: len(of(client.received, symbol)) for symbol in symbols} == ids(), f"all trades of {symbols}")


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_symbols_that_are_added_removed_and_added_again(pipeline, following, exchange):
    flow = counted(pipeline, exchange, ["BTC-USD", "ETH-USD"])
    start(flow, "--rate", 2000, offered=["BTC-USD", "ETH-USD", "SOL-USD"])
    flow.subscribed()
    client = following(flow, "BTC-USD", "ETH-USD")
    trade(flow, 200)
    until_received(flow, client, "BTC-USD", "ETH-USD")
    for symbol in ("BTC-USD", "ETH-USD"):
        until_covered(client, symbol, exchange, [("live",)])

    reload(flow, "BTC-USD", "SOL-USD")
    until(lambda: client.rpc("subscribe", channel="trades", symbol="SOL-USD").get("result"), "the new one to be offered")
    until_covered(client, "ETH-USD", exchange, [("live",), ("unknown",)])
    trade(flow, 200)
    until_received(flow, client, "BTC-USD")
    until_covered(client, "SOL-USD", exchange, [("live",)])

    reload(flow, "BTC-USD", "ETH-USD", "SOL-USD")
    until_received(flow, client, "BTC-USD", "ETH-USD")
    trade(flow, 200)
    until_received(flow, client, "BTC-USD", "ETH-USD")
    assert_all([one for one in client.received if one["symbol"] != "SOL-USD"], flow.ledger(), "BTC-USD", "ETH-USD")
    until_covered(client, "ETH-USD", exchange, [("live",), ("backfilled",), ("live",)])
    new = of(client.received, "SOL-USD")
    assert_once_and_in_order(new)
    assert received(new)["SOL-USD"] == made(flow.ledger())["SOL-USD"][-len(new):], "without a hole"
    assert coverage(client, "SOL-USD", exchange) == coverage(client, "BTC-USD", exchange) == [("live",)]
    assert client.client.of("trades.gap") == []
    assert metric(flow, "dataflow_source_reconnects_total") == 0


def on_demand(pipeline, exchange, **backfill):
    flow = counted(pipeline, exchange, ["BTC-USD", "ETH-USD"], subscribe="demand", grace_ms=1, backfill=backfill)
    start(flow, "--rate", 2000)
    return flow


def leave(flow, client, symbol="BTC-USD"):
    client.rpc("unsubscribe", channel="trades", symbol=symbol)
    until(lambda: symbol not in subscribed(flow), "nobody to want it")


def return_to(client):
    """Subscribes from the last trade on."""
    answer = client.rpc("subscribe", channel="trades", symbol="BTC-USD", since=cursor(client.received[-1]))
    assert answer["result"]["recovered"]


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_what_was_traded_while_nobody_wanted_it_is_asked_for_when_somebody_does(pipeline, following, exchange):
    """More than a page of it."""
    flow = on_demand(pipeline, exchange)
    client = following(flow, "BTC-USD")
    flow.subscribed("BTC-USD")
    trade(flow, 100)
    until_received(flow, client, "BTC-USD")
    leave(flow, client)
    trade(flow, 4000)
    assert not client.client.of("trades.gap")
    late = following(flow, "BTC-USD")
    until(lambda: "BTC-USD" in subscribed(flow), "it to be wanted")
    return_to(client)
    until_received(flow, client, "BTC-USD")
    trade(flow, 100)
    until_received(flow, client, "BTC-USD")
    assert_all(client.received, flow.ledger(), "BTC-USD")
    assert late.received == client.received[-len(late.received):]
    until_covered(client, "BTC-USD", exchange, [("live",), ("backfilled",), ("live",)])
    assert client.client.of("trades.gap") == late.client.of("trades.gap") == []


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_what_is_older_than_is_configured_is_not_asked_for_but_told_as_a_hole(pipeline, following, exchange):
    flow = on_demand(pipeline, exchange, age_ms=0)
    client = following(flow, "BTC-USD")
    flow.subscribed("BTC-USD")
    trade(flow, 100)
    until_received(flow, client, "BTC-USD")
    leave(flow, client)
    trade(flow, 400)  # more than Kraken repeats
    return_to(client)
    flow.subscribed("BTC-USD")
    until_covered(client, "BTC-USD", exchange, [("live",), ("hole", None), ("live",)])
    count = len(client.received)
    trade(flow, 100)
    last = str(status(flow)["last_ids"]["BTC-USD"])
    client.until(lambda: client.received[-1]["tradeId"] == last, "what is traded now")
    assert len(client.received) < len(made(flow.ledger())["BTC-USD"]) and len(client.received) > count
    assert_once_and_in_order(client.received)
    numbers = [int(one["tradeId"]) for one in client.received]
    assert numbers == sorted(set(numbers))
    assert flow.ledger("rest") == []
    holes = lambda: client.rpc("getStatus")["result"]["sources"][0].get("holes", {})
    until(holes, "the hole in the status")
    assert (holes()["BTC-USD"]["count"], holes()["BTC-USD"]["missing"]) == (1, None)
