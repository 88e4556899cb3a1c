"""A failover group over two exchanges that count their trades: what one of them traded while the other was active is no hole, and is not asked for; what it
missed while nobody took over is."""

import pathlib

import pytest
from clients import assert_once_and_in_order
from counted import PATHS, counted, made, received, start_daemons, start_exchange, trade
from pipeline import free_ports, get, loads, until
from transports import PythonWebsockets

FIRST, SECOND = "coinbase", "kraken"


class Other:
    """The second exchange."""

    def __init__(self, flow):
        self.flow, (self.port,) = flow, free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        flow.config["connectord"]["sources"].append({**flow.source, "name": SECOND, "connector": SECOND, "backfill": {"url": self.url},
                                                     "url": f"ws://127.0.0.1:{self.port}{PATHS[SECOND]}"})
        flow.start(SECOND, ["--exchange", SECOND, "--listen", f"127.0.0.1:{self.port}", "--symbols", "BTC-USD", "--paused", "--rate", "2000", "--ledger",
                            str(pathlib.Path(flow.directory) / "second.ndjson")], program="exchange-simulator")
        until(lambda: get(f"{self.url}/health")[0] == 200, "the other exchange")

    def trade(self, count):
        before = len(made(self.ledger()).get("BTC-USD", []))
        assert get(f"{self.url}/control/play?count={count}", "POST")[0] == 200
        until(lambda: len(made(self.ledger()).get("BTC-USD", [])) == before + count, f"{count} more trades")

    def ledger(self):
        return list(map(loads, get(f"{self.url}/ledger")[1].splitlines()))


@pytest.fixture
def group(pipeline):
    """(flow, the other exchange, a client); the first one is active."""
    flow = counted(pipeline, FIRST, ["BTC-USD"], group="btc")
    flow.config["connectord"]["failover"] = {"after_ms": 300, "hysteresis_ms": 300}
    other = Other(flow)
    start_exchange(flow, "--rate", 2000)
    start_daemons(flow)
    client = PythonWebsockets(flow)
    client.follow(["BTC-USD"])
    until(lambda: active(client) == FIRST and all(source["connected"] for source in sources(client)), "both to be connected, and the first to be active")
    yield flow, other, client
    client.close()


def sources(client):
    return client.rpc("getStatus")["result"]["sources"]


def active(client):
    return next((source["name"] for source in sources(client) if source["active"]), None)


def of(client, source):
    return [one for one in client.received if one["source"] == source]


def states(client, source):
    found = client.rpc("getCoverage", channel="trades", symbol="BTC-USD", source=source)["result"]["coverage"]
    return [one["state"] for one in found]


@pytest.mark.parametrize("meanwhile", ["also while it stands by", "only while it is away"])
def test_what_is_traded_while_another_is_active_is_no_hole(group, meanwhile):
    flow, other, client = group
    trade(flow, 100)
    client.until(lambda: len(of(client, FIRST)) == 100, "the first one's trades")
    other.trade(100)
    flow.tell_simulator("/control/refuse?seconds=60")
    flow.tell_simulator("/control/reset")
    until(lambda: active(client) == SECOND, "the other to take over")
    trade(flow, 100)
    other.trade(100)
    client.until(lambda: len(of(client, SECOND)) >= 100, "the other one's trades")
    flow.config["connectord"]["failover"] = {}
    flow.tell_simulator("/control/refuse?seconds=0")
    until(lambda: flow.control("/status", "GET")[1]["subscriptions"], "the first to be back")
    if meanwhile == "also while it stands by":
        trade(flow, 10)
    until(lambda: active(client) == FIRST, "the first to be active again")
    trade(flow, 100)
    last = str(flow.control("/status", "GET")[1]["last_ids"]["BTC-USD"])
    client.until(lambda: of(client, FIRST)[-1]["tradeId"] == last, "the first one's trades again")

    for source, ledger in ((FIRST, flow.ledger()), (SECOND, other.ledger())):
        assert_once_and_in_order(of(client, source))
        found, rows = received(of(client, source))["BTC-USD"], made(ledger)["BTC-USD"]
        assert found == [row for row in rows if row in set(found)], "in the order of ids"
    first = received(of(client, FIRST))["BTC-USD"]
    rows = made(flow.ledger())["BTC-USD"]
    assert first[:100] == rows[:100] and first[-100:] == rows[-100:] and len(first) <= 210
    until(lambda: states(client, FIRST) == ["live", "unknown", "live"], f"what is known of the first one; it is {states(client, FIRST)}")
    assert states(client, SECOND)[-2:] == ["live", "unknown"]
    assert client.client.of("trades.gap") == []
    assert all(not source.get("holes") for source in sources(client))


def test_what_is_missed_while_nobody_takes_over_is_asked_for(group):
    flow, other, client = group
    trade(flow, 100)
    client.until(lambda: len(of(client, FIRST)) == 100, "the first one's trades")
    get(f"{other.url}/control/refuse?seconds=60", "POST")
    get(f"{other.url}/control/reset", "POST")
    until(lambda: not all(source["connected"] for source in sources(client)), "the other to be away")
    flow.tell_simulator("/control/refuse?seconds=60")
    flow.tell_simulator("/control/reset")
    until(lambda: not any(source["connected"] for source in sources(client)), "both to be away")
    trade(flow, 100)
    flow.tell_simulator("/control/refuse?seconds=0")
    client.until(lambda: len(of(client, FIRST)) == 200, "what was missed")
    assert received(client.received) == made(flow.ledger())
    assert_once_and_in_order(client.received)
    until(lambda: states(client, FIRST) == ["live", "backfilled", "live"], f"what is known of it; it is {states(client, FIRST)}")
