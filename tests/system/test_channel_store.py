"""Records of a channel in each kind of store behind memory: whatever is killed, history is what the journal is, over memory and the store."""

import asyncio
import contextlib
import signal

import pytest
from clients import Client, Requester
from pipeline import loads, until
from readings import Readings, configure, journal_of, offered, topic
from servers import Postgres, Redis
from stores import Sqlite, metric, state

KEYS = ["sensor-7", "Öl2", "k" * 64]
IN_MEMORY, ROUNDS, KILLS = 100, 40, 4
LONG = "x" * 4000


@contextlib.contextmanager
def sqlite(directory):
    store = Sqlite(directory)
    store.url = lambda: Sqlite.url
    yield store


@contextlib.contextmanager
def server(kind):
    made = kind()
    try:
        yield made.start()
    finally:
        made.remove()


STORES = {"sqlite": sqlite, "postgres": lambda _: server(Postgres), "redis": lambda _: server(Redis)}


def start(pipeline, source, directory, store, **cached):
    flow = configure(pipeline(), source, directory)
    flow.config["cached"].update(store=store, **cached)
    flow.start_connectord()
    flow.start_cached()
    flow.wait_ready("connectord_http", "cached_http")
    return flow


def say(source, rounds=ROUNDS):
    """Ten readings of each key a round, one of them as long as they may be, about."""
    for _ in range(rounds):
        first = max(source.last.values()) + 1
        source.say_readings([(key, number, {"n": number, "text": LONG if number % 10 == 0 else "short"})
                             for number in range(first, first + 10) for key in KEYS])


def assert_history(flow, journal):
    """All of it in pages, by cursor and by time; and backwards from the newest."""
    with Requester(flow.history) as history:
        for key, records in journal.items():
            until(lambda: history.ask(op="range", topic=topic(key))["ok"], f"{key} to be known")
            until(lambda: history.all(topic(key)) == records, f"history to have the journal of {key}")
            answer = history.ask(op="recent", symbol=f"readings.{key}", count=70)
            found = answer["trades"]
            while "next" in answer and len(found) < len(records):
                answer = history.ask(op="recent", symbol=f"readings.{key}", count=70, upto=answer["next"])
                found += answer["trades"]
            assert found == records[::-1]
            middle = records[len(records) // 4]
            since = history.ask(op="since", symbol=f"readings.{key}", after=middle["timestamp"], count=50)
            assert since["trades"] == records[len(records) // 4 + 1:][:50]


@pytest.mark.parametrize("kind", STORES)
def test_cached_is_killed_and_history_is_whole_over_memory_and_store(pipeline, tmp_path, kind):
    with Readings(KEYS) as source, STORES[kind](tmp_path) as store:
        flow = start(pipeline, source, tmp_path, store.url(), trades=IN_MEMORY)
        for number in range(KILLS):
            say(source, ROUNDS // KILLS)
            until(lambda: store.count() >= number * 300 + 1, "some to be stored")
            flow.processes["cached"].kill()
            flow.start_cached()
        journal = journal_of(flow, source)
        assert {len(records) for records in journal.values()} == {10 * ROUNDS}
        until(lambda: store.count() == 10 * ROUNDS * len(KEYS), "all to be stored")
        assert_history(flow, journal)
        with Requester(flow.replay) as replay:
            for key in KEYS:
                assert store.lines(topic(key)) == list(replay.texts(topic(key)))
        assert metric(flow, "dataflow_store_lost_total") == 0 and state(flow)["state"] == "up"
        for name in ("cached", "connectord"):  # without the journal
            flow.processes[name].kill()
        flow.start_cached()
        assert_history(flow, journal)


def test_without_a_store_history_comes_from_the_journal(pipeline, tmp_path):
    with Readings(KEYS) as source:
        flow = start(pipeline, source, tmp_path, "memory:")
        for _ in range(KILLS):
            say(source, ROUNDS // KILLS)
            flow.processes["cached"].kill()
            flow.start_cached()
        assert_history(flow, journal_of(flow, source))


def test_retention_is_by_patterns_of_channels(pipeline, tmp_path):
    with Readings(KEYS) as source:
        flow = start(pipeline, source, tmp_path, Sqlite.url)
        store = Sqlite(tmp_path)
        say(source)
        journal = journal_of(flow, source)
        until(lambda: store.count() == 10 * ROUNDS * len(KEYS), "all to be stored")
        flow.config["cached"]["retention"] = {"memory": {"readings.*": {"trades": 50}, "readings.sensor-*": {"trades": 20}},
                                              "store": {"readings.sensor-*": {"trades": 200}, "readings.*": {"trades": 300}}}
        flow.write_config()
        flow.processes["cached"].popen.send_signal(signal.SIGHUP)
        flow.processes["cached"].wait_for_line("config: changed key=cached.retention.store")
        kept = {"sensor-7": 200, "Öl2": 300, "k" * 64: 300}
        for key, count in kept.items():
            until(lambda: [loads(line)["seq"] for line in store.lines(topic(key))] == [record["seq"] for record in journal[key][-count:]],
                  f"{count} of {key} to be kept in the store")
        assert_history(flow, {key: journal[key][-count:] for key, count in kept.items()})
        with Requester(flow.history) as history:
            assert {key: history.ask(op="stats", symbol=f"readings.{key}")["stats"][0]["trades"] for key in KEYS} == {
                "sensor-7": 20, "Öl2": 50, "k" * 64: 50}


def test_clients_page_through_memory_and_store(pipeline, tmp_path):
    with Readings(KEYS) as source:
        flow = start(pipeline, source, tmp_path, Sqlite.url, trades=IN_MEMORY)
        flow.start_gateway()
        flow.wait_ready("gateway0")
        say(source)
        journal = journal_of(flow, source)
        store = Sqlite(tmp_path)
        until(lambda: store.count() == 10 * ROUNDS * len(KEYS), "all to be stored")
        offered(flow, *KEYS)

        async def run():
            async with Client(flow.url()) as client:
                answer = await client.call("getRecent", channel="readings", symbol=KEYS[1], count=90)
                found = answer["records"]
                while "next" in answer and len(found) < 10 * ROUNDS:
                    answer = await client.call("getRecent", channel="readings", symbol=KEYS[1], count=90, next=answer["next"])
                    found += answer["records"]
                return found

        assert asyncio.run(run()) == journal[KEYS[1]][::-1]


def test_of_a_channel_that_keeps_the_latest_memory_holds_less(pipeline, tmp_path):
    with Readings(KEYS[:1]) as source:
        flow = configure(pipeline(), source, tmp_path, latest=True)
        flow.config["cached"]["trades"] = 5000
        flow.start_connectord()
        flow.start_cached()
        flow.wait_ready("connectord_http", "cached_http")
        for first in range(1, 3000, 100):
            source.say_readings([(KEYS[0], number) for number in range(first, first + 100)])
        with Requester(flow.history) as history:
            held = lambda: history.ask(op="stats", symbol=f"readings.{KEYS[0]}").get("stats")
            until(lambda: held() and held()[0]["trades"] == 1000, f"1,000 to be held: {held()}")
            assert history.ask(op="recent", symbol=f"readings.{KEYS[0]}", count=1)["trades"][0]["id"] == "3000"
