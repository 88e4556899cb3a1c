"""Symbols that operators add and remove over connectord's replay socket: at once, over any end of the process, and over SIGHUP."""

import asyncio
import json
import signal

import pytest
from clients import Client, Requester
from pipeline import get, loads, until

TOKEN = "a token of connectord"


@pytest.fixture
def flow(pipeline):
    flow = pipeline(symbols=["BTC-USD", "ETH-USD"])
    flow.config["connectord"]["token"] = TOKEN
    flow.start_simulator("--symbols", "BTC-USD,ETH-USD,SOL-USD,LTC-USD", "--rate", "200")
    flow.start_connectord()
    flow.wait_ready("connectord_http")
    return flow


def order(flow, op, symbol, token=TOKEN, source="blockchain"):
    with Requester(flow.replay) as replay:
        return replay.ask(op=op, token=token, source=source, symbol=symbol)


def offers(flow):
    with Requester(flow.replay) as replay:
        return replay.ask(op="offers", source="blockchain")


def restart(flow):
    """kill -9, and another one."""
    flow.processes["connectord"].kill()
    flow.start_connectord()
    flow.wait_ready("connectord_http")


def upstream(flow):
    return {symbol for symbol, count in flow.control("/status", "GET")[1]["subscriptions"].items() if count}


def changes(flow):
    return json.loads((flow.directory / "state/journal/overlay.json").read_text())["changes"]


def metric(flow, name):
    text = get(f"http://{flow.address('connectord_http')}/metrics")[1]
    return next(line.split()[-1] for line in text.splitlines() if line.startswith(name + " "))


def test_a_symbol_that_is_added_flows_at_once_and_over_a_kill(flow):
    flow.start_cached()
    flow.start_gateway()
    flow.wait_ready("cached_http", "gateway0")

    async def trades_of(client, symbol):
        await client.until(lambda: sum(trade["symbol"] == symbol for trade in client.trades) > 20, f"trades of {symbol}")

    async def run():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            answer = await asyncio.to_thread(order, flow, "add", "SOL-USD")
            assert answer == {"ok": True, "source": "blockchain", "changed": True, "symbols": ["BTC-USD", "ETH-USD", "SOL-USD"],
                              "added": ["SOL-USD"], "removed": []}
            while "SOL-USD" not in (await client.call("getSymbols"))["symbols"]:
                pass
            await client.subscribe("SOL-USD")
            await trades_of(client, "SOL-USD")
            assert not client.of("connection.lost"), "the connection to the exchange stayed"

    asyncio.run(run())
    assert order(flow, "add", "LTC-USD")["changed"]
    restart(flow)
    assert offers(flow)["symbols"] == ["BTC-USD", "ETH-USD", "SOL-USD", "LTC-USD"]
    until(lambda: upstream(flow) == {"BTC-USD", "ETH-USD", "SOL-USD", "LTC-USD"}, "what was added to be subscribed again")
    assert order(flow, "add", "LTC-USD")["changed"] is False
    assert order(flow, "remove", "LTC-USD") == {"ok": True, "source": "blockchain", "changed": True,
                                                "symbols": ["BTC-USD", "ETH-USD", "SOL-USD"], "added": ["SOL-USD"], "removed": []}
    assert changes(flow) == [{"source": "blockchain", "symbol": "SOL-USD", "change": "added"}]
    until(lambda: upstream(flow) == {"BTC-USD", "ETH-USD", "SOL-USD"}, "LTC-USD to be unsubscribed")


def test_a_symbol_of_the_configuration_is_removed_over_reloads_until_it_is_added(flow):
    answer = order(flow, "remove", "ETH-USD")
    assert (answer["symbols"], answer["removed"]) == (["BTC-USD"], ["ETH-USD"])
    until(lambda: upstream(flow) == {"BTC-USD"}, "ETH-USD to be unsubscribed")
    restart(flow)
    assert offers(flow)["symbols"] == ["BTC-USD"]
    assert metric(flow, 'dataflow_overlay_symbols{change="removed"}') == "1"

    connectord = flow.processes["connectord"]
    flow.source["symbols"] = ["BTC-USD", "ETH-USD", "LTC-USD"]
    flow.write_config()
    connectord.popen.send_signal(signal.SIGHUP)
    until(lambda: offers(flow)["symbols"] == ["BTC-USD", "LTC-USD"], "the new configuration, with the overlay over it")
    assert order(flow, "add", "ETH-USD")["removed"] == []
    assert changes(flow) == []
    until(lambda: upstream(flow) == {"BTC-USD", "ETH-USD", "LTC-USD"}, "ETH-USD to be subscribed again")


def test_what_the_configuration_takes_up_is_the_configurations(flow):
    order(flow, "add", "SOL-USD")
    order(flow, "remove", "ETH-USD")
    for symbols in (["BTC-USD", "SOL-USD"], ["BTC-USD", "ETH-USD"]):
        flow.source["symbols"] = symbols
        flow.write_config()
        flow.processes["connectord"].popen.send_signal(signal.SIGHUP)
        until(lambda: offers(flow)["symbols"] == symbols, f"{symbols} to be offered")
        assert offers(flow)["added"] == offers(flow)["removed"] == changes(flow) == []


def test_nobody_orders_without_the_token(flow):
    for token in ("", "another token", TOKEN[:-1]):
        assert order(flow, "add", "SOL-USD", token)["error"]["code"] == "forbidden"
    connectord = flow.processes["connectord"]
    line = connectord.wait_for_line("overlay: an order was refused")
    assert "SOL-USD" in line and "another" not in connectord.log()
    assert metric(flow, "dataflow_overlay_refused_total") == "3"
    assert order(flow, "add", "SOL-USD", source="other")["error"]["code"] == "invalid_source"
    assert order(flow, "add", "coverage.SOL-USD")["error"]["code"] == "invalid_symbol"
    assert offers(flow)["symbols"] == ["BTC-USD", "ETH-USD"]

    flow.config["connectord"]["token"] = "the token of another day"
    flow.write_config()
    connectord.popen.send_signal(signal.SIGHUP)
    connectord.wait_for_line("config: changed.*connectord.token")
    assert order(flow, "add", "SOL-USD")["error"]["code"] == "forbidden"
    assert order(flow, "add", "SOL-USD", "the token of another day")["ok"]
    assert TOKEN not in connectord.log() and "of another day" not in connectord.log()


def test_a_damaged_overlay_is_set_aside_and_the_configuration_counts(flow):
    order(flow, "add", "SOL-USD")
    flow.processes["connectord"].kill()
    overlay = flow.directory / "state/journal/overlay.json"
    overlay.write_text(overlay.read_text()[:-10])
    connectord = flow.start_connectord()
    connectord.wait_for_line("error.*overlay: set aside")
    flow.wait_ready("connectord_http")
    assert loads(flow.ready("connectord_http")[1])["overlay"] == {"added": 0, "removed": 0, "damaged": True}
    assert metric(flow, "dataflow_overlay_damaged") == "1"
    assert offers(flow)["symbols"] == ["BTC-USD", "ETH-USD"]
    assert (overlay.parent / "overlay.damaged.json").exists() and not overlay.exists()
    assert order(flow, "remove", "ETH-USD")["symbols"] == ["BTC-USD"]
