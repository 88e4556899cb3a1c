"""A channel whose journal is lost while the clock is behind: a new epoch begins, and clients of a channel that keeps all have every record once, told where
the epoch turned; those of one that keeps the latest have the newest, and are told nothing."""

import asyncio
import shutil

import pytest
from clients import Client, Requester, cursor
from pipeline import until
from readings import Readings, configure, journal_of, offered, topic
from test_epochs import DAY, wrong_clock

KEY = "sensor-7"
BEFORE, AFTER = 50, 30


def say(source, count):
    first = source.last[KEY] + 1
    for number in range(first, first + count):
        source.say_readings([(KEY, number)])
    return str(source.last[KEY])


def lose_the_journal(flow, source):
    heard = len(source.heard)
    flow.processes["connectord"].kill()
    shutil.rmtree(flow.directory / "state/journal")
    flow.start_daemon("connectord", **wrong_clock(-DAY))
    flow.wait_ready("connectord_http")
    until(lambda: len(source.heard) > heard, "the source to be subscribed again")


def ids(records):
    return [int(record["id"]) for record in records]


@pytest.mark.parametrize("keeps", ["log", "latest"])
def test_a_lost_journal_under_a_channel(pipeline, tmp_path, keeps):
    async def run(flow, source):
        loop = asyncio.get_running_loop()
        async with Client(flow.url()) as client:
            had = lambda: client.of("readings.update")
            await client.call("subscribe", channel="readings", symbol=KEY)
            newest = await loop.run_in_executor(None, say, source, BEFORE)
            await client.until(lambda: had()[-1:] and had()[-1]["id"] == newest, "the newest before")
            left = had()[-1]
            await loop.run_in_executor(None, lose_the_journal, flow, source)
            newest = await loop.run_in_executor(None, say, source, AFTER)
            await client.until(lambda: had()[-1]["id"] == newest, "the newest behind")
            assert had()[-1]["epoch"] > left["epoch"]
            numbers = ids(had())
            gaps = client.of("readings.gap") + client.of("trades.gap")
        async with Client(flow.url()) as client:  # one that was away meanwhile
            await client.call("subscribe", channel="readings", symbol=KEY, since=cursor(left))
            await client.until(lambda: had()[-1:] and had()[-1]["id"] == newest, "the newest, when it resumes")
            return numbers, gaps, ids(had()), client.of("readings.gap") + client.of("trades.gap")

    with Readings([KEY], again=0) as source:
        flow = configure(pipeline(), source, tmp_path, keeps == "latest")
        flow.start_connectord()
        flow.start_cached()
        flow.start_gateway()
        flow.wait_ready("connectord_http", "cached_http", "gateway0")
        say(source, 1)
        with Requester(flow.history) as history:
            until(lambda: history.ask(op="recent", symbol=f"readings.{KEY}").get("trades"), "the first reading")
            offered(flow, KEY)
            live, gaps, resumed, more_gaps = asyncio.run(run(flow, source))
            journal_of(flow, source)
            until(lambda: ids(history.all(topic(KEY))) == list(range(1, 2 + BEFORE + AFTER)), "history to have all of both epochs")
        if keeps == "log":
            assert live == list(range(2, 2 + BEFORE + AFTER)) and resumed == list(range(2 + BEFORE, 2 + BEFORE + AFTER))
            assert gaps and all(gap["missing"] in (0, None) for gap in gaps + more_gaps), gaps
        else:
            assert live == sorted(set(live)) and resumed == sorted(set(resumed)) and resumed[0] > 1 + BEFORE
            assert gaps == more_gaps == []
