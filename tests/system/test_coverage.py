"""What is known of the completeness of trades: told by connectord, which the test plays, folded by cached, and had by clients."""

import asyncio
import json
import re
import subprocess
from urllib.parse import urlencode

import pytest
from cli import DATAFLOW, dataflow
from clients import Client, Requester, RpcError
from event_source import Events
from fake_connectord import FakeConnectord
from pipeline import get, until
from test_signalr import Hub

SYMBOL, SOURCE = "BTC-USD", "blockchain"
LATER = "2250-01-01T00:00:00.000000000Z"  # the time of the fake's statuses: what goes on is believed up to now


def at(minute, second=0):
    """A time of the fake's trades, number 60 * minute + second of which is made a little later."""
    return f"2025-11-10T17:{minute:02}:{second:02}.000000000Z"


@pytest.fixture
def flow(pipeline):
    flow = pipeline(symbols=[SYMBOL])
    with FakeConnectord(flow.bus, flow.replay, symbols=(SYMBOL, f"coverage.{SYMBOL}")) as fake:
        fake.time = LATER
        fake.status_more = {"channels": {"coverage": "log"}}
        flow.fake = fake
        yield flow


def start(flow):
    flow.start_cached()
    flow.wait_ready("cached_http")


def restart(flow):
    flow.processes["cached"].kill()
    start(flow)


def ask(flow, **request):
    with Requester(flow.history) as history:
        return history.ask(**{"op": "coverage", "symbol": SYMBOL, **request})


def folded(flow, **request):
    """The answer's intervals, once it is complete, as short as they can be written."""
    answer = until(lambda: {"incomplete": True, **ask(flow, count=10000, **request)}, "an answer")
    until(lambda: "incomplete" not in ask(flow), "the older records")
    answer = ask(flow, count=10000, **request)
    return [(c["state"], c["from"], c["to"], *([c["missing"]] if "missing" in c else [])) for c in answer["coverage"]]


def tell_of_an_hour(fake):
    fake.cover(SYMBOL, "live", at(0))
    fake.cover(SYMBOL, "hole", at(1), at(2), missing=17, first_id="9001", last_id="9017")
    fake.cover(SYMBOL, "unknown", at(3))
    fake.cover(SYMBOL, "live", at(4))
    fake.cover(SYMBOL, "backfilled", at(3), at(4), trades=5, first="7-1", last="7-5")


HOUR = [("live", at(0), at(1)), ("hole", at(1), at(2), 17), ("live", at(2), at(3)), ("backfilled", at(3), at(4)), ("live", at(4), None)]


def test_what_was_said_is_folded_from_the_journal_and_from_the_bus(flow):
    flow.fake.trade(SYMBOL, 1)
    flow.fake.cover(SYMBOL, "live", at(0))
    start(flow)
    assert folded(flow) == [("live", at(0), None)]
    flow.fake.cover(SYMBOL, "hole", at(1), at(2), missing=None)
    flow.fake.cover(SYMBOL, "hole", at(5), at(6), missing=2, publish=False)  # replay has it
    until(lambda: len(folded(flow)) == 5, "the holes")
    assert folded(flow) == [("live", at(0), at(1)), ("hole", at(1), at(2), None), ("live", at(2), at(5)), ("hole", at(5), at(6), 2),
                            ("live", at(6), None)]
    answer = ask(flow)
    assert answer["oldest"] == {SOURCE: {"cursor": f"{flow.fake.epoch}-1", "time": "2025-11-10T17:00:01.937345000Z"}}
    assert folded(flow, after=at(1, 30), before=at(3)) == [("hole", at(1, 30), at(2), None), ("live", at(2), at(3))]
    page = ask(flow, count=2)
    assert [c["from"] for c in page["coverage"]] == [at(0), at(1)]
    assert [c["from"] for c in ask(flow, next=page["next"])["coverage"]] == [at(2), at(5), at(6)]


def stored(flow):
    return json.loads(flow.ready("cached_http")[1])["store"]["lag"] == 0


def test_it_survives_kills_and_memory_that_holds_less(flow):
    """More records than memory holds: what only the store has is folded again in the background."""
    flow.config["cached"].update({"store": "sqlite:///trades.db", "trades": 50})
    flow.fake.trade(SYMBOL, 1)
    tell_of_an_hour(flow.fake)
    start(flow)
    assert folded(flow) == HOUR
    for n in range(1500):
        flow.fake.cover(SYMBOL, "proved", at(10 + n // 60, n % 60), at(10 + (n + 1) // 60, (n + 1) % 60), trades=2, volume="0.10")
    expected = [*HOUR[:4], ("live", at(4), at(10)), ("proved", at(10), at(35)), ("live", at(35), None)]
    until(lambda: folded(flow) == expected, "the proofs")
    proved = lambda: next(c for c in ask(flow)["coverage"] if c["state"] == "proved")
    assert (proved()["trades"], proved()["volume"]) == (3000, "150.00")
    until(lambda: stored(flow), "all to be stored")
    for name in flow.fake.journal:
        flow.fake.journal[name] = flow.fake.journal[name][-10:]  # the journal's ring has lost the rest
    for _ in range(2):
        restart(flow)
        assert folded(flow) == expected
        assert (proved()["trades"], proved()["volume"]) == (3000, "150.00")


@pytest.mark.parametrize("store", ["memory:", "sqlite:///trades.db"])
def test_a_limit_of_trades_tears_no_hole_into_it(flow, store):
    flow.config["cached"].update({"store": store, "trades": 5, "retention": {"memory": {"*": {"trades": 5}}, "store": {"*": {"trades": 10, "hours": 1}}}})
    tell_of_an_hour(flow.fake)
    for seq in range(1, 31):
        flow.fake.trade(SYMBOL, seq)
    start(flow)
    assert folded(flow) == HOUR
    until(lambda: store == "memory:" or stored(flow), "all to be stored")
    restart(flow)  # the store's retention begins with a round
    held = lambda: int(ask(flow)["oldest"].get(SOURCE, {"cursor": "7-0"})["cursor"].split("-")[1])
    until(lambda: held() == 26, "retention to drop all but what memory holds")
    assert folded(flow) == HOUR


def test_clear_of_a_symbol_forgets_its_coverage(flow):
    flow.config["cached"].update({"store": "sqlite:///trades.db", "token": "let me in, please"})
    tell_of_an_hour(flow.fake)
    flow.fake.trade(SYMBOL, 1)
    start(flow)
    assert folded(flow) == HOUR
    assert ask(flow, op="clear", token="let me in, please")["cleared"] == 1
    assert folded(flow) == [] and ask(flow)["oldest"] == {}
    restart(flow)
    assert folded(flow) == []
    flow.fake.cover(SYMBOL, "live", at(7))
    until(lambda: folded(flow) == [("live", at(7), None)], "what is said from now on")


def test_candles_say_whether_they_are_complete(flow):
    for seq in (1, 61, 121, 181):
        flow.fake.trade(SYMBOL, seq)
    start(flow)
    with Requester(flow.history) as history:
        complete = lambda: [c["complete"] for c in history.ask(op="candles", symbol=SYMBOL, interval="1m")["candles"]]
        until(lambda: complete() == [False] * 4, "candles, of which nothing is known")
        flow.fake.cover(SYMBOL, "live", at(0))
        flow.fake.cover(SYMBOL, "hole", at(1, 5), at(1, 6), missing=1)
        until(lambda: complete() == [True, False, True, True], "what is known of them")
        flow.fake.cover(SYMBOL, "backfilled", at(1, 5), at(1, 6), trades=1)
        until(lambda: complete() == [True] * 4, "the hole to be filled")


def test_clients_have_it_by_json_rpc_and_rest(flow):
    tell_of_an_hour(flow.fake)
    flow.fake.trade(SYMBOL, 1)
    start(flow)
    flow.start_gateway()
    flow.wait_ready("gateway0")
    whole = ask(flow)["coverage"]

    def rest(**query):
        status, text = get(f"http://{flow.address('gateway0')}/api/v1/coverage/{SYMBOL}?{urlencode(query)}")
        return status, json.loads(text)

    async def run():
        async with Client(flow.url()) as client:
            result = await client.call("getCoverage", symbol=SYMBOL)
            assert (result["channel"], result["symbol"], result["coverage"]) == ("trades", SYMBOL, whole)
            assert result["oldest"][SOURCE]["cursor"] == f"{flow.fake.epoch}-1" and "next" not in result
            found, place = [], {}
            while True:
                page = await client.call("getCoverage", symbol=SYMBOL, source=SOURCE, count=2, **place)
                found += page["coverage"]
                if "next" not in page:
                    break
                place = {"next": page["next"]}
            assert found == whole
            bounds = {"afterTimestamp": at(1), "beforeTimestamp": at(2)}
            assert [c["state"] for c in (await client.call("getCoverage", symbol=SYMBOL, **bounds))["coverage"]] == ["hole"]
            for wrong in ({"next": "x"}, {"next": {}}, {"count": 0}, {"symbol": "X-Y"}, {"channel": "coverage"}):
                with pytest.raises(RpcError) as refusal:
                    await client.call("getCoverage", **{"symbol": SYMBOL, **wrong})
                assert refusal.value.code == -32602

    asyncio.run(run())
    status, answer = rest()
    assert status == 200 and (answer["version"], answer["symbol"], answer["coverage"]) == ("v1", SYMBOL, whole)
    status, first = rest(count=3)
    for name in ("cursor", "next"):
        assert first["coverage"] + rest(count=3, **{name: first["next"]})[1]["coverage"] == whole
    assert [c["state"] for c in rest(after=at(1), before=at(2))[1]["coverage"]] == ["hole"]
    assert rest(count=0)[0] == 400 and rest(cursor="IjEi")[0] == 400 and rest(colour="red")[0] == 400


def hole(fake, count, missing, run=1):
    """What statuses tell from now on."""
    fake.status_more = {"run": run, "holes": {SYMBOL: {"count": count, "missing": missing, "from": at(1), "to": at(2), "cursor": f"{fake.epoch}-1"}}}


def told(fake, missing):
    return {"channel": "trades", "symbol": SYMBOL, "source": SOURCE, "from": f"{fake.epoch}-1", "to": f"{fake.epoch}-1", "missing": missing,
            "upstream": {"from": at(1), "to": at(2)}}


def test_a_hole_upstream_is_told_once_to_who_is_subscribed(flow):
    fake = flow.fake
    fake.trade(SYMBOL, 1)
    hole(fake, 1, 5)
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/api/v1/sources")[1].count("holes"), "the gateway to hear of the source")

    async def run():
        async with Client(flow.url()) as client, Client(flow.url()) as other, Hub(flow) as hub:
            await client.subscribe(SYMBOL)
            await hub.call("subscribe", channel="trades", symbol=SYMBOL)
            with Events(flow, f"symbols={SYMBOL}") as events:
                events.wait(lambda: events.last_id, "the stream to begin")
                place = events.last_id
                fake.trade(SYMBOL, 2)
                await client.until(lambda: client.trades, "a trade")
                hole(fake, 2, 17)
                await client.until(lambda: client.of("trades.gap"), "the hole")
                hole(fake, 3, None)
                await client.until(lambda: len(client.of("trades.gap")) == 2, "another hole")
                hole(fake, 1, 9, run=2)
                await client.until(lambda: len(client.of("trades.gap")) == 3, "a hole of another run")
                fake.trade(SYMBOL, 3)
                await client.until(lambda: len(client.trades) == 2, "a trade behind the holes")
                assert client.of("trades.gap") == [told(fake, 17), told(fake, None), told(fake, 9)]
                events.wait(lambda: len(events.trades) == 2, "the trades as events")
                assert [json.loads(data) for name, data in events.events if name == "gap"] == client.of("trades.gap")
                assert events.last_id == place.replace("-1", "-3")
            gaps = lambda: [m["params"] for r in hub.records if r.get("type") == 1 and (m := json.loads(r["arguments"][0])).get("method") == "trades.gap"]
            await hub.until(lambda: len(gaps()) == 3, "the holes over SignalR")
            assert gaps() == client.of("trades.gap") and other.notifications == []
            status = await client.call("getStatus")
            assert status["sources"][0]["holes"] == json.loads(json.dumps(fake.status_more["holes"]))

    asyncio.run(run())


def test_a_gateway_that_comes_late_tells_no_old_hole(flow):
    fake = flow.fake
    fake.trade(SYMBOL, 1)
    hole(fake, 3, 5)
    fake.status_more["backfill"] = {SYMBOL: {"missing": 120, "late": True}}
    flow.start_gateway()

    async def run():
        until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway to listen")
        async with Client(flow.url()) as client:
            await client.subscribe(SYMBOL)
            source, = (await client.call("getStatus"))["sources"]
            assert (source["holes"], source["backfill"]) == (fake.status_more["holes"], fake.status_more["backfill"])
            for seq in (2, 3):  # a status comes between them
                fake.trade(SYMBOL, seq)
                await client.until(lambda: len(client.trades) == seq - 1, "a trade")
                fake.status()
            hole(fake, 4, 6)
            await client.until(lambda: client.of("trades.gap"), "the new hole")
            assert client.of("trades.gap") == [told(fake, 6)]

    asyncio.run(run())


@pytest.fixture
def asked(flow):
    """A gateway to ask, and `dataflow coverage` of it."""
    tell_of_an_hour(flow.fake)
    flow.fake.trade(SYMBOL, 1)
    start(flow)
    flow.start_gateway()
    flow.wait_ready("gateway0")
    return lambda *more, **environment: dataflow("coverage", SYMBOL, *more, "--url", flow.url(), **environment)


def test_the_command_line_shows_a_table_and_sums_it_up(flow, asked):
    ended = asked("--before", at(10))
    assert ended.returncode == 1 and ended.stderr == ""
    head, *rows, summary = ended.stdout.splitlines()
    assert head.split() == ["source", "state", "from", "(UTC)", "to", "for", "trades"]
    assert [row.split()[:6] for row in rows] == [
        [SOURCE, "live", "2025-11-10", "17:00:00", "17:01:00", "1"], [SOURCE, "hole", "2025-11-10", "17:01:00", "17:02:00", "1"],
        [SOURCE, "live", "2025-11-10", "17:02:00", "17:03:00", "1"], [SOURCE, "backfilled", "2025-11-10", "17:03:00", "17:04:00", "1"],
        [SOURCE, "live", "2025-11-10", "17:04:00", "17:10:00", "6"]]
    assert rows[1].endswith("17 missing") and rows[3].endswith("5")
    assert summary == "blockchain: 90.00 % complete, 1 hole, 17 trades missing"
    flow.fake.cover(SYMBOL, "hole", at(5), at(5, 30), missing=None)
    flow.fake.cover(SYMBOL, "unknown", at(6), at(7))
    until(lambda: len(folded(flow)) == 9, "what is told of it")
    assert asked("--before", at(10)).stdout.splitlines()[-1] == \
        "blockchain: 75.00 % complete, 2 holes, 17 trades missing, 1 hole of unknown size, nothing known of 1 min 0 s"
    flow.fake.cover(SYMBOL, "proved", at(0), at(10), trades=7, volume="3.5")
    until(lambda: len(folded(flow)) == 2, "the proof")
    ended = asked("--since", at(0), "--before", at(10))
    assert ended.returncode == 0 and ended.stdout.splitlines()[-1] == "blockchain: complete"


def test_the_command_line_knows_what_nobody_knows(flow, asked):
    ended = asked("--since", "2025-11-10T16:59:00Z", "--before", at(1))
    assert ended.returncode == 1
    assert [row.split()[1] for row in ended.stdout.splitlines()[1:3]] == ["unknown", "live"]
    assert ended.stdout.splitlines()[-1] == "blockchain: 50.00 % complete, nothing known of 1 min 0 s"
    ended = asked("--since", "1h")
    assert ended.returncode == 0 and ended.stdout.splitlines()[-1] == "blockchain: complete" and " now " in ended.stdout
    ended = asked("--source", "other")
    assert ended.returncode == 1 and ended.stdout == "" and "nothing is known" in ended.stderr
    assert asked("--since", "1y").returncode == 2
    assert dataflow("coverage", "X-Y", "--url", flow.url()).returncode == 1


def test_the_command_line_prints_json_as_it_was_sent(flow, asked):
    ended = asked("--json")
    assert ended.returncode == 1
    assert [json.loads(line) for line in ended.stdout.splitlines()] == ask(flow)["coverage"]


@pytest.mark.parametrize("room", [60, 80, 132])
def test_the_table_fits_the_terminal(flow, asked, room):
    command = f"stty columns {room}; {DATAFLOW} coverage {SYMBOL} --before {at(10)} --url {flow.url()}"
    ended = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    lines = re.sub(r"\x1b\[\d+m", "", ended.stdout).splitlines()
    assert len(lines) == 7 and all(len(line) <= room for line in lines[:-1]), lines
    assert ("  now  " in lines[0] or "  to  " in lines[0]) is (room > 60), lines[0]
    assert "\x1b[31m" in ended.stdout and "\x1b[32m" in ended.stdout
