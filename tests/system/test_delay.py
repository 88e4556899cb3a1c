"""A role with a delay: everything comes, once and in order, and nothing of it too early, by whatever door."""

import asyncio
import datetime

from clients import Client, assert_cursors_follow
from event_source import Events
from guarded import guarded  # noqa: F401 (a fixture)
from pipeline import loads, until
from told import ages, ask_everything, cursors

DELAY_S = 3
ROLES = {"late": {"delay_ms": DELAY_S * 1000}, "trader": {}}
LOOKS = 20  # how often it is looked whether the newest one is old enough


def now():
    return datetime.datetime.now(datetime.UTC)


def made(trade, member="timestamp"):
    return datetime.datetime.fromisoformat(trade[member].replace("Z", "+00:00"))


def age(trade, member="timestamp"):
    return (now() - made(trade, member)).total_seconds()


def place(trade):
    return trade["epoch"], trade["seq"]


def start(guarded):
    """The ring holds less than what is made in the delay: the rest is history's."""
    guard = guarded(ROLES)
    return guard, guard.url(f"/ws?access_token={guard.token('late')}", "ws"), guard.url(f"/ws?access_token={guard.token('trader')}", "ws")


def test_a_client_gets_every_trade_so_much_later(guarded):
    guard, late_url, url = start(guarded)

    async def run():
        async with Client(url) as client, Client(late_url) as late, Client(late_url) as other:
            await client.subscribe("BTC-USD")
            await client.until(lambda: client.trades, "a trade")
            answer = await late.subscribe("BTC-USD", count=10)
            assert answer["recovered"] is True
            assert all(age(trade) >= DELAY_S for trade in answer["trades"])
            await other.subscribe("BTC-USD")
            for _ in range(LOOKS):
                count = len(late.trades)
                await late.until(lambda: len(late.trades) > count, "a trade")
                assert age(late.trades[-1]) >= DELAY_S
            first = place(client.trades[0])
            await late.until(lambda: place(late.trades[-1]) > (first[0], first[1] + 50), "what the other one had", 60)
            await other.until(lambda: place(other.trades[-1]) >= place(late.trades[-1]), "the same")
            assert_cursors_follow([place(trade) for trade in late.trades])
            assert_cursors_follow([place(trade) for trade in other.trades])
            had = {place(trade): trade for trade in client.trades}
            common = [trade for trade in late.trades if place(trade) in had]
            assert len(common) > 50 and all(trade == had[place(trade)] for trade in common)
            assert not late.of("trades.gap")
            assert guard.metric("dataflow_gateway_delayed_streams") == 1, "both read the same"
            assert guard.metric("dataflow_gateway_delayed_records_total") >= len(late.trades)
            return late.trades[-1]

    last = asyncio.run(run())

    async def resume():
        async with Client(late_url) as late:
            answer = await late.subscribe("BTC-USD", since=f"{last['epoch']}-{last['seq']}")
            assert answer["recovered"] is True
            await late.until(lambda: len(late.trades) > 50, "what it missed, and more")
            assert place(late.trades[0]) == (last["epoch"], last["seq"] + 1)
            assert_cursors_follow([place(trade) for trade in late.trades])
            assert age(late.trades[-1]) >= DELAY_S

    asyncio.run(resume())


def test_a_kill_of_a_process_loses_nothing_of_it(guarded):
    guard, late_url, _ = start(guarded)

    async def run():
        async with Client(late_url) as late:
            await late.subscribe("BTC-USD")
            await late.until(lambda: late.trades, "a trade")
            for name, again in (("cached", guard.flow.start_cached), ("connectord", guard.flow.start_connectord)):
                guard.flow.processes[name].kill()
                again()
                await asyncio.to_thread(guard.flow.wait_ready, f"{name}_http")
                there = now()
                await late.until(lambda: made(late.trades[-1]) > there, f"trades made after {name} was there again")
            assert_cursors_follow([place(trade) for trade in late.trades])

    asyncio.run(run())


def test_nothing_can_be_asked_for_that_is_not_due(guarded):
    guard, _, _ = start(guarded)
    late, trader = guard.token("late"), guard.token("trader")

    def ask(path, token=late):
        status, _, body = guard.get(f"/api/v1/{path}", token=token)
        assert status == 200, body
        return loads(body)

    until(lambda: ask("trades/BTC-USD?count=1")["trades"], "a trade that is due")
    for path in ("?count=1000", "?since=0&count=10000", "?from=0-1&source=blockchain&count=10000", "?source=blockchain&from=0-1&to=9999999999999999-1&count=10000"):
        found = ask(f"trades/BTC-USD{path}")["trades"]
        assert found and min(map(age, found)) >= DELAY_S, path
    newest = ask("trades/BTC-USD?count=1", trader)["trades"][0]
    early = ask(f'trades/BTC-USD?from={newest["epoch"]}-{newest["seq"]}&source=blockchain')["trades"]
    assert all(age(trade) >= DELAY_S for trade in early), "none, where it was asked for at once"
    for candle in ask("candles/BTC-USD?interval=1s&count=1000")["candles"]:
        assert age(candle, "start") >= DELAY_S + 1, "its second is over, and all of it is due"
    assert ask("candles/BTC-USD?interval=1d")["candles"] == []


COUNTS = {"trades", "bytes", "stored", "first", "last", "firstTimestamp", "lastTimestamp", "duplicates", "gaps"}


def test_no_answer_tells_of_what_is_not_due(guarded):
    """Whatever is asked, from when on nothing is due: no time and no cursor in it is of a trade to come, and no count is of all."""
    guard, _, _ = start(guarded)
    late, trader = guard.token("late"), guard.token("trader")

    def first_not_due():
        at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=DELAY_S)
        status, _, body = guard.get(f"/api/v1/trades/BTC-USD?since={at.isoformat().replace('+00:00', 'Z')}&count=1", token=trader)
        assert status == 200, body
        return [place(trade) for trade in loads(body)["trades"]]

    seen = 0
    while seen < 3:  # rounds in which something was due
        answers = asyncio.run(ask_everything(guard, late))
        beyond = first_not_due()
        for asked, answer in answers.items():
            assert min(ages(answer), default=DELAY_S) >= DELAY_S, (asked, answer)
            assert not beyond or max(cursors(answer), default=(0, 0)) <= beyond[0], (asked, answer)
        for row in answers["getStats"]["stats"] + answers["stats"]["stats"]:
            assert not COUNTS & set(row) and row["topic"], row
        seen += bool(answers["getRecent"]["trades"])
    assert "first" in loads(guard.get("/api/v1/stats", token=trader)[2])["stats"][-1]
    assert answers["getCoverage"]["oldest"] and answers["getCoverage"]["coverage"] and answers["getCandles"]["candles"]


def test_an_event_stream_is_late_too(guarded):
    guard, _, _ = start(guarded)
    with Events(guard.flow, f"symbols=BTC-USD&access_token={guard.token('late')}") as events:
        for _ in range(LOOKS):
            count = len(events.trades)
            events.wait(lambda: len(events.trades) > count, "a trade")
            assert age(events.trades[-1]) >= DELAY_S
        assert max(cursors(events.last_id)) <= place(events.trades[-1])
        assert_cursors_follow([place(trade) for trade in events.trades])
