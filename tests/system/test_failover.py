"""A failover group over two exchanges: one source publishes, the other stands by and takes over."""

import asyncio
import json
import pathlib
import re
from datetime import datetime

import pytest
from clients import Client, Requester, Tap, assert_once_and_in_order
from pipeline import PATIENCE, free_ports, get, loads, until

AFTER_MS, HYSTERESIS_MS = 400, 1200
TOPIC = {"one": "trade.BTC-USD.one", "two": "trade.BTC-USD.two"}


class Exchange:
    """A simulator of its own."""

    def __init__(self, flow, name):
        self.flow, self.name, (self.port,) = flow, name, free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        ledger = pathlib.Path(self.flow.directory) / f"{self.name}.ndjson"
        self.flow.start(self.name, ["--listen", f"127.0.0.1:{self.port}", "--ledger", str(ledger), "--symbols", "BTC-USD", "--rate",
                                    "1000"], program="exchange-simulator")
        until(lambda: get(f"{self.url}/health")[0] == 200, f"the exchange {self.name}")

    def tell(self, path):
        assert get(self.url + path, "POST")[0] == 200

    def ledger(self, event):
        entries = [json.loads(line) for line in get(f"{self.url}/ledger")[1].splitlines()]
        return [entry for entry in entries if entry["event"] == event]


class Group:
    """Two exchanges, connectord with a source for each, and what the status topic says of them."""

    def __init__(self, flow, failover, **source):
        self.flow = flow
        self.exchange = {name: Exchange(flow, name) for name in ("one", "two")}
        flow.config["connectord"]["sources"] = [
            {**flow.source, "name": name, "url": exchange.url.replace("http", "ws") + "/ws", "group": "btc", **source}
            for name, exchange in self.exchange.items()]
        flow.config["connectord"]["failover"] = failover
        for exchange in self.exchange.values():
            exchange.start()
        self.tap = Tap(flow.bus, "status.").__enter__()
        flow.start_connectord()
        self.state, self.heard = {}, []

    def take(self):
        status = loads(self.tap.receive()[1])
        assert status["group"] == "btc"
        self.state[status["source"]] = status
        return status

    def listen(self, condition, what):
        """Takes statuses until the condition on the last one of each source holds; returns those it took."""
        taken = []
        while not (len(self.state) == 2 and condition(self.state)):
            taken.append(self.take())
            assert len(taken) < 1000, f"never heard {what}"
            assert sum(s["active"] for s in self.state.values()) <= 1, "two are active"
        self.heard += taken
        return taken

    def until_active(self, name):
        return self.listen(lambda state: state[name]["active"] and all(s["active"] == (n == name) for n, s in state.items()),
                           f"{name} to be active")


@pytest.fixture
def group(pipeline):
    made = []

    def make(failover=None, **source):
        flow = pipeline(symbols=["BTC-USD"])
        settings = {"after_ms": AFTER_MS, "hysteresis_ms": HYSTERESIS_MS, **(failover or {})}
        made.append(Group(flow, settings, **source))
        made[0].listen(lambda state: all(s["connected"] for s in state.values()), "both to be connected")
        return made[0]

    yield make
    for one in made:
        one.tap.__exit__()


def ms(status, member="time"):
    """A time of a status, in ms since 1970."""
    whole, ns = re.fullmatch(r"(.*)\.(\d{9})Z", status[member]).groups()
    return datetime.fromisoformat(whole + "+00:00").timestamp() * 1000 + int(ns) / 1e6


def first(statuses, **members):
    return next(status for status in statuses if all(status[m] == value for m, value in members.items()))


def test_the_backup_takes_over_and_the_primary_comes_back(group):
    group = group()
    group.until_active("one")
    with Tap(group.flow.bus) as trades:
        while trades.receive()[0] != TOPIC["one"]:
            pass
        group.flow.processes["one"].kill()
        heard = group.until_active("two")
        lost, taken = first(heard, source="one", event="lost"), first(heard, source="two", active=True)
        assert AFTER_MS <= ms(taken) - ms(lost, "since") < AFTER_MS + 1000
        assert lost["active"], "not before its time"
        while trades.receive()[0] != TOPIC["two"]:
            pass
        group.exchange["one"].start()
        heard = group.until_active("one")
        restored, back = first(heard, source="one", event="restored"), first(heard, source="one", active=True)
        assert HYSTERESIS_MS <= ms(back) - ms(restored, "since") < HYSTERESIS_MS + 1000
        while trades.receive()[0] != TOPIC["one"]:
            pass
    with Requester(group.flow.replay) as replay:
        journal = {name: replay.all(topic) for name, topic in TOPIC.items()}
    for trades in journal.values():
        assert_once_and_in_order(trades)
    assert all(ms(trade, "received") >= ms(taken) - 1 for trade in journal["two"]), "nothing of the backup's before"
    assert all(ms(trade, "received") <= ms(back) + 1 for trade in journal["two"]), "and nothing after"


def test_the_backup_is_warm_and_its_trades_are_counted_and_dropped(group):
    group = group()
    group.listen(lambda state: state["one"]["trades"] > 500 and state["two"]["trades"] > 500, "trades of both")
    assert group.state["two"]["connected"] and not group.state["two"]["active"]
    assert group.state["two"]["symbols"] == {"BTC-USD": 0}
    assert group.state["one"]["symbols"]["BTC-USD"] > 500
    assert group.exchange["two"].ledger("subscribe"), "subscribed all the while"


def test_a_short_loss_of_the_primary_changes_nothing(group):
    group = group({"after_ms": 1500})
    group.until_active("one")
    group.exchange["one"].tell("/control/reset")
    heard = group.listen(lambda state: state["one"]["reconnects"] == 1, "the reconnect")
    lost_at = ms(first(heard, source="one", event="lost"))
    heard += group.listen(lambda state: all(ms(s) > lost_at + 2500 for s in state.values()), "the time to go by")
    assert all(status["active"] == (status["source"] == "one") for status in heard)


def test_a_primary_that_is_not_there_from_the_start_is_replaced(group):
    group = group()
    group.flow.processes["one"].kill()
    group.flow.processes["connectord"].kill()
    group.state.clear()
    group.flow.start_connectord()
    group.until_active("two")
    assert not group.state["one"]["connected"] and group.state["two"]["connected"]


def test_get_status_tells_who_is_active(group):
    group = group()
    group.until_active("one")
    group.flow.start_cached()
    group.flow.start_gateway()
    group.flow.wait_ready("cached_http", "gateway0")

    async def run():
        async with Client(group.flow.url()) as client:
            async def active():
                status = await client.call("getStatus")
                return {source["name"]: source["active"] for source in status["sources"] if source["group"] == "btc"}

            while await active() != {"one": True, "two": False}:
                pass
            group.flow.processes["one"].kill()
            while await active() != {"one": False, "two": True}:
                pass

    asyncio.run(asyncio.wait_for(run(), PATIENCE))


def is_replaced(group):
    """Whether two takes over when one goes stale. What is missed is known from twenty arrivals of trades; a machine that stands still now and then may have
    a thousand trades in fewer, and then they go on."""
    before = group.state.get("one", {"trades": 0})["trades"]
    group.listen(lambda state: state["one"]["trades"] > before + 1000, "a rate to be learned")
    group.exchange["one"].tell("/control/pause")
    for _ in range(10):
        group.take()
    if group.state["two"]["active"]:
        return True
    group.exchange["one"].tell("/control/play")
    return False


def test_a_primary_that_is_connected_but_stale_is_replaced(group):
    group = group(starvation={"minimum_ms": 500})
    until(lambda: is_replaced(group), "the stale source to be replaced")
    group.until_active("two")
    assert group.state["one"]["connected"] and group.state["one"]["health"] < 65
    group.exchange["one"].tell("/control/play")
    group.until_active("one")
