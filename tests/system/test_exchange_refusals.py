"""What Coinbase, Kraken and Binance refuse, end or limit, as users see it: the bad one is named, and of the good ones nothing is lost."""

import json

import pytest
from clients import Tap
from counted import assert_all, counted, last_ids, metric, start, start_daemons, start_exchange, status, trade
from pipeline import loads, until
from transports import PythonWebsockets

GOOD, UNKNOWN = ["BTC-USD", "ETH-USD"], "NOSUCH-USD"
WORDS = {"coinbase": "NOSUCH-USD is not a valid product", "kraken": "Currency pair not supported NOSUCH/USD", "binance": "Unknown stream"}


@pytest.fixture
def following(request):
    """following(flow, symbols): a client that is subscribed to these."""
    made = []

    def make(flow, symbols):
        made.append(PythonWebsockets(flow))
        made[-1].follow(symbols)
        return made[-1]

    yield make
    for client in made:
        client.close()


def ready_source(flow):
    code, text = flow.ready("connectord_http")
    assert code == 200
    return json.loads(text)["sources"][0]


@pytest.mark.parametrize("exchange", WORDS)
def test_a_symbol_that_the_exchange_does_not_know_is_named_while_the_others_trade(pipeline, following, exchange):
    """Binance accepts streams that there are none of, unless it is told not to."""
    flow = counted(pipeline, exchange, [GOOD[0], UNKNOWN, GOOD[1]], backoff={"initial_ms": 60000, "maximum_ms": 60000})
    start_exchange(flow, offered=GOOD)
    if exchange == "binance":
        flow.tell_simulator("/control/reject?symbol=UNKNOWN&n=1000&text=Unknown%20stream")
    start_daemons(flow)
    until(lambda: WORDS[exchange] in ready_source(flow)["failing"].get(UNKNOWN, ""), "/ready to name the symbol")
    assert set(ready_source(flow)["failing"]) == {UNKNOWN}
    flow.subscribed(*GOOD)
    with Tap(flow.bus, "status.") as tap:
        told = loads(tap.receive()[1])
    assert set(told["failing"]) == {UNKNOWN} and told["connected"]
    client = following(flow, GOOD)
    answer = client.rpc("subscribe", channel="trades", symbol=UNKNOWN)["result"]
    assert WORDS[exchange] in answer["failing"][exchange]
    trade(flow, 300)
    client.until(lambda: len(client.received) == 300, "the trades of the others")
    assert_all(client.received, flow.ledger())
    assert client.client.of("trades.gap") == client.client.of("connection.lost") == []


@pytest.mark.parametrize("exchange", WORDS)
def test_a_symbol_that_is_refused_later_is_told_to_who_is_subscribed_and_filled_when_it_is_back(pipeline, following, exchange):
    flow = counted(pipeline, exchange, GOOD, backoff={"initial_ms": 300, "maximum_ms": 300})
    start(flow)
    flow.subscribed()
    client = following(flow, GOOD)
    trade(flow, 100)
    client.until(lambda: len(client.received) == 100, "trades")
    flow.tell_simulator("/control/reject?symbol=ETH-USD&n=2&text=not%20now")
    flow.tell_simulator("/control/reset")
    client.until(lambda: client.client.of("subscription.failing"), "the word that it fails")
    trade(flow, 100)
    client.until(lambda: client.client.of("subscription.restored"), "the end of it")
    trade(flow, 100)
    client.until(lambda: len(client.received) == 300, "all trades")
    assert_all(client.received, flow.ledger())
    assert {told["symbol"] for told in client.client.of("subscription.failing")} == {"ETH-USD"}
    assert client.client.of("trades.gap") == []


def run(flow, client, condition, what):
    """Trades until then, and a little longer; all of it must come."""
    flow.tell_simulator("/control/play")
    until(condition, what)
    flow.tell_simulator("/control/pause")
    client.until(lambda: len(client.received) == len(flow.ledger("made")), "all that was traded")
    assert_all(client.received, flow.ledger())
    assert client.client.of("trades.gap") == []
    assert "holes" not in ready_source(flow)


def connections(flow):
    return len({entry["conn"] for entry in flow.ledger("open")})


def test_binance_shuts_down_a_server_and_nothing_is_lost(pipeline, following):
    flow = counted(pipeline, "binance", GOOD)
    start(flow, "--rate", 300)
    flow.subscribed()
    client = following(flow, GOOD)
    trade(flow, 100)
    client.until(lambda: len(client.received) == 100, "trades")
    flow.tell_simulator("/control/play")
    for _ in range(2):
        before = connections(flow)
        flow.tell_simulator("/control/shutdown?after_ms=1000")
        until(lambda: connections(flow) > before, "another connection")
        flow.subscribed()
    run(flow, client, lambda: status(flow)["sent"] > 1000, "trades")
    flow.processes["connectord"].wait_for_line("the server shuts down")


def test_binance_ends_connections_that_are_old_and_nothing_is_lost(pipeline, following):
    flow = counted(pipeline, "binance", GOOD)
    start(flow, "--rate", 300, "--cut-ms", 1500)
    client = following(flow, GOOD)
    trade(flow, 100)
    client.until(lambda: len(client.received) == 100, "trades")
    run(flow, client, lambda: connections(flow) >= 4, "three cuts")


def test_binance_is_answered_its_pings(pipeline, following):
    """It sends so many that pongs use up half of what it takes from a client in a second."""
    flow = counted(pipeline, "binance", GOOD)
    start(flow, "--rate", 300, "--ping-ms", 400, "--pong-ms", 5000)
    client = following(flow, GOOD)
    run(flow, client, lambda: status(flow)["sent"] > 3000, "trades")
    assert connections(flow) == 1 and metric(flow, "dataflow_source_reconnects_total") == 0


def test_more_symbols_than_a_connection_of_binance_takes_are_spread_over_two(pipeline):
    symbols = [f"S{number:04}-USD" for number in range(1100)]
    flow = counted(pipeline, "binance", symbols)
    start(flow, "--rate", 20000, "--streams-max", 1024)
    until(lambda: sum(map(bool, status(flow)["subscriptions"].values())) == 1100, "all to be subscribed")
    assert status(flow)["connections"] == 2
    with Tap(flow.bus) as tap:
        tap.wait_connected()
        trade(flow, 30000)
        assert len(last_ids(flow)) == 1100, "each was traded"
        assert_all([loads(body) for _, body in tap.take(30000)], flow.ledger())
    assert ready_source(flow)["failing"] == {}
    assert metric(flow, "dataflow_source_malformed_total") == metric(flow, "dataflow_source_reconnects_total") == 0
