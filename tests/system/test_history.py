"""History through the whole pipeline, into each store and back out: the bytes that were on the bus, whatever memory holds, page by page."""

import asyncio
import itertools
import json
import re
import runpy
import subprocess
from collections import defaultdict

import pytest
from cli import MOMENT
from clients import Client, Requester, RpcError, Tap, cursor
from pipeline import BIN, PATIENCE, ROOT, loads, until
from servers import Postgres, Redis

TOKEN = 'let "me" in, please'
URLS = {"memory": "memory:", "sqlite": "sqlite:///state/trades.db"}
SERVERS = {"postgres": Postgres, "redis": Redis}
DURABLE = ["sqlite", *SERVERS]


@pytest.fixture
def symbols(recordings):
    return sorted({loads(line)["symbol"] for line in (recordings / "trades-real.ndjson").read_text().splitlines()})


def exact(trade):
    """Every member of a trade with its exact text, for comparing."""
    return tuple(trade.items())


class Bus(defaultdict):
    """What was on the bus: the exact texts by symbol, in order."""

    def __init__(self, tap, count):
        super().__init__(list)
        for topic, body in tap.take(count):
            self[topic.split(".")[1]].append(body)


@pytest.fixture
def store(request):
    """The URL of the store that the test names, with its server where it has one."""
    if request.param in URLS:
        yield URLS[request.param]
        return
    server = SERVERS[request.param]()
    try:
        yield server.start().url()
    finally:
        server.remove()


@pytest.fixture
def play(pipeline, recordings, symbols):
    """Plays the real trades through a pipeline; returns it, and what was on its bus."""

    def start(store, trades=1000000, gateway=False):
        flow = pipeline(symbols=symbols)
        flow.config["cached"].update(store=store, trades=trades, token=TOKEN)
        flow.start_simulator("--file", recordings / "trades-real.ndjson", "--rate", 2000, "--paused")
        flow.start_connectord()
        flow.start_cached()
        flow.wait_ready("connectord_http", "cached_http")
        if gateway:
            flow.start_gateway()
            flow.wait_ready("gateway0")
        flow.subscribed()
        with Tap(flow.bus) as tap:
            tap.wait_connected()
            flow.tell_simulator("/control/play")
            bus = Bus(tap, 1097)
        return flow, bus

    return start


def stats(history):
    return {stream["symbol"]: stream for stream in history.ask(op="stats")["stats"]}


def wait_for_all(history, bus, stored):
    """Until history, and the store where there is one, have everything that was on the bus."""

    def complete():
        known = stats(history)
        return all(symbol in known and known[symbol].get("last", "").endswith(f"-{len(texts)}") and
                   (not stored or known[symbol]["stored"] == len(texts)) for symbol, texts in bus.items())

    until(complete, "everything to be in history")


def trades_of(answer):
    """The exact texts of the trades in a raw answer."""
    at = answer.index('"trades":[') + len('"trades":[')
    while answer[at] == "{":
        end = answer.index("}", at) + 1  # a trade holds no other object
        yield answer[at:end]
        at = end + (answer[end] == ",")


def pages(history, member, count, **request):
    """All pages one behind the other: the exact texts."""
    texts, place = [], {}
    while True:
        raw = history.raw(json.dumps({**request, "count": count, **place}))
        answer = loads(raw)
        assert answer["ok"] and not answer.get("incomplete") and answer.get("missing", 0) == 0, raw[:300]
        page = list(trades_of(raw))
        assert len(page) == len(answer["trades"]) <= count
        assert page or not texts, "a page beyond the last one is empty"
        texts += page
        if "next" not in answer:
            return texts
        place = {member: answer["next"]}


def assert_comes_back(history, bus, count):
    for symbol, texts in bus.items():
        topic = f"trade.{symbol}.blockchain"
        assert pages(history, "from", count, op="range", topic=topic) == texts
        assert pages(history, "from", count, op="since", symbol=symbol) == texts
        assert pages(history, "upto", count, op="recent", symbol=symbol) == texts[::-1]


@pytest.mark.parametrize("store,trades", [("memory", 1000000), *itertools.product(DURABLE, [1000000, 50])], indirect=["store"])
def test_every_real_trade_comes_back_byte_for_byte(play, store, trades):
    flow, bus = play(store, trades)
    with Requester(flow.history) as history:
        wait_for_all(history, bus, store != "memory:")
        assert_comes_back(history, bus, 10000)
        assert_comes_back(history, bus, 37)


@pytest.mark.parametrize("store", DURABLE, indirect=True)
def test_after_a_restart_it_comes_back_from_the_store(play, store):
    flow, bus = play(store, trades=50)
    with Requester(flow.history) as history:
        wait_for_all(history, bus, True)
    flow.processes["cached"].kill()
    flow.processes["connectord"].kill()  # and with it the journal's word
    flow.start_cached()
    with Requester(flow.history) as history:
        until(lambda: stats(history).get("BTC-USD", {}).get("trades") == 50, "memory to be warm")
        assert pages(history, "upto", 99, op="recent", symbol="BTC-USD") == bus["BTC-USD"][::-1]


def test_between_two_times_and_two_cursors(play):
    flow, bus = play(URLS["sqlite"], trades=50)
    texts = bus["BTC-USD"]
    trades = [loads(text) for text in texts]
    times = [trade["timestamp"] for trade in trades]
    after, before = times[300], times[600]
    expected = [text for text, time in zip(texts, times) if after < time < before]
    with Requester(flow.history) as history:
        wait_for_all(history, bus, True)
        bounds = {"symbol": "BTC-USD", "after": after, "before": before}
        assert pages(history, "from", 77, op="since", **bounds) == expected
        assert pages(history, "upto", 77, op="recent", **bounds) == expected[::-1]
        first, last = (f"{trades[i]['epoch']}-{trades[i]['seq']}" for i in (300, 600))
        raw = history.raw(json.dumps({"op": "range", "topic": "trade.BTC-USD.blockchain", "from": first, "to": last, "count": 1000}))
        assert list(trades_of(raw)) == texts[300:601]


def test_json_rpc_clients_page_through_memory_and_store(play):
    flow, bus = play(URLS["sqlite"], trades=50, gateway=True)
    with Requester(flow.history) as history:
        wait_for_all(history, bus, True)
    expected = [exact(loads(text)) for text in bus["BTC-USD"]]

    async def all_pages(client, method, member, **params):
        trades, place = [], {}
        while True:
            page = await client.call(method, symbol="BTC-USD", count=333, **params, **place)
            trades += [exact(trade) for trade in page["trades"]]
            if "next" not in page:
                return trades
            place = {member: page["next"]}

    async def run():
        async with Client(flow.url()) as client:
            assert await all_pages(client, "getRecentTrades", "next") == expected[::-1]
            assert await all_pages(client, "getTradesSince", "next", afterTimestamp="1970-01-01T00:00:00Z") == expected
            assert await all_pages(client, "getTradesRange", "from", source="blockchain") == expected
            known, = (await client.call("getStats", symbol="BTC-USD"))["stats"]
            assert known["trades"] == 50 and known["stored"] == len(expected)
            assert known["duplicates"] == 0 and known["gaps"] == {"seen": 0, "repaired": 0, "lost": 0}
            assert await client.call("clearHistory", symbol="BTC-USD", token=TOKEN) == {"cleared": len(expected)}
            assert (await client.call("getRecentTrades", symbol="BTC-USD"))["trades"] == []
            with pytest.raises(RpcError) as error:
                await client.call("clearHistory", token="g-u-e-s-s")
            assert error.value.code == -32003

    asyncio.run(run())
    for process in flow.processes.values():
        assert TOKEN not in process.log() and "g-u-e-s-s" not in process.log()


def test_clear_forgets_in_memory_and_in_the_store(play):
    flow, bus = play(URLS["sqlite"], trades=50)
    with Requester(flow.history) as history:
        wait_for_all(history, bus, True)
        assert history.ask(op="clear", token="wrong")["error"]["code"] == "forbidden"
        assert history.ask(op="clear", symbol="BTC-USD", token=TOKEN) == {"ok": True, "cleared": len(bus["BTC-USD"])}
        assert pages(history, "upto", 100, op="recent", symbol="BTC-USD") == []
        others = sum(len(texts) for symbol, texts in bus.items() if symbol != "BTC-USD")
        assert history.ask(op="clear", token=TOKEN) == {"ok": True, "cleared": others}
        for symbol in bus:
            assert history.ask(op="since", symbol=symbol)["trades"] == []
    flow.processes["cached"].kill()
    flow.start_cached()
    flow.wait_ready("cached_http")
    with Requester(flow.history) as history:
        assert all(stream["trades"] == 0 and stream["stored"] == 0 for stream in history.ask(op="stats")["stats"])


def test_without_the_store_memory_answers_and_says_so(play):
    flow, bus = play(URLS["sqlite"], trades=50)
    path = flow.directory / "state/trades.db"
    with Requester(flow.history) as history:
        wait_for_all(history, bus, True)
        for file in path.parent.glob("trades.db*"):
            file.unlink()
        path.mkdir()
        answer = history.ask(op="recent", symbol="BTC-USD", count=100)
        assert answer["ok"] and answer["incomplete"] is True and len(answer["trades"]) == 50
        assert history.ask(op="recent", symbol="BTC-USD", count=10)["ok"]


def run(*command, stdin=None):
    done = subprocess.run([str(part) for part in command], input=stdin, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def export(flow, *arguments):
    return run(ROOT / "scripts/export", "BTC-USD", "--history", flow.history, *arguments)


def test_an_export_holds_the_trades_of_its_time_as_they_were(play):
    flow, bus = play(URLS["sqlite"], trades=50)
    texts = bus["BTC-USD"]
    with Requester(flow.history) as history:
        wait_for_all(history, bus, True)
    assert export(flow).splitlines() == texts
    times = [loads(text)["timestamp"] for text in texts]
    start, end = times[100], times[400]
    expected = [text for text, time in zip(texts, times) if start <= time < end]
    assert export(flow, "--from", start, "--to", end, "--source", "blockchain").splitlines() == expected
    assert export(flow, "--to", "1999-01-01") == ""


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_what_was_exported_comes_back_in_a_new_installation(play, pipeline, form):
    flow, bus = play(URLS["sqlite"], trades=50)
    with Requester(flow.history) as history:
        wait_for_all(history, bus, True)
    file = flow.directory / f"export.{form}"
    export(flow, "--format", form, "-o", file)
    flow.stop()

    fresh = pipeline(symbols=["BTC-USD"])
    fresh.config["cached"].update(store=f"sqlite:///{fresh.directory}/new.db", trades=50)
    for _ in range(2):  # twice is as good as once
        run(ROOT / "scripts/import", file, "--config", fresh.write_config(), "--bin", BIN)
    fresh.start_simulator("--symbols", "BTC-USD", "--paused")
    fresh.start_connectord()
    fresh.start_cached()
    fresh.wait_ready("cached_http")
    assert export(fresh).splitlines() == bus["BTC-USD"]
    assert export(fresh, "--format", form) == file.read_text()
    with Requester(fresh.history) as history:
        assert_comes_back(history, {"BTC-USD": bus["BTC-USD"]}, 333)


def imported(*arguments):
    """The counts that an import tells: read, and new to the store."""
    done = subprocess.run([str(ROOT / "scripts/import"), "--bin", str(BIN), *map(str, arguments)], capture_output=True, text=True,
                          timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    read, new = re.search(r": (\d+) trades, (\d+) of them new to the store", done.stderr).groups()
    return int(read), int(new)


@pytest.mark.parametrize("store,form", zip(DURABLE, ("ndjson", "csv", "ndjson")), indirect=["store"])
def test_an_import_fills_a_store_that_is_in_use(play, store, form):
    flow, bus = play(store, trades=50)
    texts = bus["BTC-USD"]
    if "/state/" in store:
        store = f"sqlite:///{flow.directory}/state/trades.db"
    times = [loads(text)["timestamp"] for text in texts]
    middle = times[400]
    split = times.index(middle)
    with Requester(flow.history) as history:
        wait_for_all(history, bus, True)
        older, newer = (flow.directory / f"{name}.{form}" for name in ("older", "newer"))
        export(flow, "--format", form, "--to", middle, "-o", older)
        export(flow, "--format", form, "--from", middle, "-o", newer)
        assert imported(newer, "--store", store) == (len(texts) - split, 0)
        assert history.ask(op="clear", symbol="BTC-USD", token=TOKEN)["ok"]
        assert pages(history, "upto", 100, op="recent", symbol="BTC-USD") == []

        assert imported(newer, "--store", store) == (len(texts) - split, len(texts) - split)
        until(lambda: pages(history, "from", 333, op="since", symbol="BTC-USD") == texts[split:], "what was imported to be found")
        assert imported(older, "--store", store) == (split, split)
        assert imported(older, "--store", store) == (split, 0)
        until(lambda: pages(history, "from", 333, op="since", symbol="BTC-USD") == texts, "what is older to be found")
        assert pages(history, "upto", 50, op="recent", symbol="BTC-USD") == texts[::-1]
        until(lambda: stats(history)["BTC-USD"]["stored"] == len(texts), "cached to know how many there are")

    flow.processes["cached"].kill()
    flow.start_cached()
    flow.wait_ready("cached_http")
    with Requester(flow.history) as history:
        assert pages(history, "from", 333, op="since", symbol="BTC-USD") == texts
    problems = [line for line in flow.processes["cached"].lines if " error " in line or " warn " in line]
    assert not problems, problems


def test_a_name_that_clients_escape_pages_resumes_exports_and_clears(pipeline):
    """json.dumps sends "b\\u00f6rse"."""
    flow = pipeline(symbols=["BTC-USD"], name="börse")
    flow.config["cached"].update(store=URLS["sqlite"], trades=50, token="geheimgeheim-ü\"")
    flow.start_all("--symbols", "BTC-USD", "--paused", "--rate", "max")
    flow.tell_simulator("/control/play?count=300")
    with Requester(flow.history) as history:
        until(lambda: stats(history).get("BTC-USD", {}).get("stored") == 300, "the store to have all")
        texts = pages(history, "from", 1000, op="since", symbol="BTC-USD")
        assert len(texts) == 300
        for member, asked in (("from", {"op": "since"}), ("from", {"op": "since", "source": "börse"}), ("from", {"op": "range", "topic": "trade.BTC-USD.börse"})):
            assert pages(history, member, 70, symbol="BTC-USD", **asked) == texts, asked
        assert pages(history, "upto", 70, op="recent", symbol="BTC-USD") == texts[::-1]
        asyncio.run(follow_on(flow, [loads(text) for text in texts]))
        assert export(flow).splitlines() == texts
        assert history.ask(op="clear", token="geheimgeheim-ü")["error"]["code"] == "forbidden"
        assert history.ask(op="clear", token="geheimgeheim-ü\"")["cleared"] == 300


async def follow_on(flow, trades):
    async with Client(flow.url()) as client:
        first = await client.call("getTradesSince", symbol="BTC-USD", afterTimestamp="1970-01-01T00:00:00Z", count=200)
        rest = await client.call("getTradesSince", symbol="BTC-USD", count=200, afterTimestamp="1970-01-01T00:00:00Z", next=first["next"])
        assert first["trades"] + rest["trades"] == trades
        answer = await client.subscribe("BTC-USD", since={"börse": cursor(trades[249])})
        assert answer["recovered"]
        await client.until(lambda: len(client.trades) == 50, "what was missed")
        assert client.trades == trades[250:]


def test_an_export_goes_by_json_and_not_by_braces():
    trades = ['{"tradeId":"1"}', '{"tradeId":"a}b"}', '{"tradeId":"}"}', '{"tradeId":"4"}']
    script = runpy.run_path(str(ROOT / "scripts/export"))
    assert list(script["trades_of"]('{"ok":true,"trades":[' + ",".join(trades) + '],"missing":0}')) == trades
def test_an_export_takes_the_times_that_history_knows_and_no_others(pipeline):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--paused")
    assert export(flow, "--from", "1970-01-01", "--to", "2262-04-11") == ""
    for text in ("noon", "1969-12-31", "2262-04-12", "2025-02-30"):
        refused = subprocess.run([ROOT / "scripts/export", "BTC-USD", "--from", text], capture_output=True, text=True, timeout=PATIENCE)
        assert refused.returncode == 2 and f"{MOMENT}, found {text!r}" in refused.stderr


def test_what_is_no_export_is_refused(pipeline):
    store = f"sqlite:///{pipeline().directory}/new.db"
    for text in ("{}\n", '{"epoch":1}\n', "a,b\n1,2\n"):
        done = subprocess.run([str(ROOT / "scripts/import"), "-", "--store", store, "--bin", str(BIN)], input=text,
                              capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 1 and "expected" in done.stderr
