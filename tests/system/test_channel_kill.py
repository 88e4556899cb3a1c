"""kill -9 of each process in turn, again and again, under the records of channels: of a channel that keeps all, who resumes by cursor has every record of
every key once, in order; of one that keeps the latest, the newest of each key, and never an older one behind a newer. CHANNEL_KILLS makes it longer (make
chaos)."""

import asyncio
import os

from clients import Client, Requester, assert_once_and_in_order, cursor
from pipeline import PATIENCE, until
from readings import Readings, configure, journal_of, offered, topic
from storm import dice, tell
from test_kill import connection_error

KEYS = [f"sensor-{number}" for number in range(5)]
KILLS = int(os.environ.get("CHANNEL_KILLS", "6"))
RATE = int(os.environ.get("CHANNEL_RATE", "100"))  # of each key, a second
MORE = 30  # readings of each key between two kills
BETWEEN = 0.05


class Resuming:
    """A client that comes back with its cursors whenever it loses the connection. `records[key]`: what it was sent, with what a reply had."""

    def __init__(self, url):
        self.url, self.records, self.answers, self.others, self.resumed = url, {key: [] for key in KEYS}, [], [], 0

    async def run(self):
        while True:
            try:
                async with Client(self.url) as client:
                    await self.follow(client)
            except Exception as error:
                if not connection_error(error) and "Invalid symbol" not in str(error):  # a gateway that has just started knows none
                    raise
            await asyncio.sleep(BETWEEN)

    async def follow(self, client):
        taken = 0

        def take():
            nonlocal taken
            for told in client.notifications[taken:]:
                if told["method"] == "readings.update":
                    self.records[told["params"]["key"]].append(told["params"])
                elif told["method"] not in ("connection.lost", "connection.restored"):
                    self.others.append(told)
            taken = len(client.notifications)

        try:
            for key in KEYS:
                take()
                held = self.records[key]
                since = {"since": cursor(held[-1])} if held else {}
                self.answers.append((bool(held), await client.call("subscribe", channel="readings", symbol=key, **since)))
                self.resumed += bool(held)
            while not client.closed:
                take()
                client.news.clear()
                await client.news.wait()
        finally:
            take()

    def last(self):
        return [int(records[-1]["id"]) if records else 0 for records in self.records.values()]


async def until_async(condition, what, task, patience=2 * PATIENCE):
    deadline = asyncio.get_running_loop().time() + patience
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"waited for {what}"
        await asyncio.wait([task], timeout=0.02)
        assert not task.done(), task.exception()


def start(pipeline, source, directory, latest):
    flow = configure(pipeline(), source, directory, latest)
    flow.start_connectord()
    flow.start_cached()
    flow.start_gateway()
    flow.wait_ready("connectord_http", "cached_http", "gateway0")
    source.flow(RATE)
    offered(flow, *KEYS)
    return flow


def storm_of_kills(flow, source, victims):
    """The client's records, and the journal's, once the client has the newest of each key."""
    restart = {"connectord": flow.start_connectord, "cached": flow.start_cached, "gateway0": flow.start_gateway}

    async def run():
        client = Resuming(flow.url())
        task = asyncio.create_task(client.run())
        loop = asyncio.get_running_loop()
        for victim in victims:
            wanted = [number + MORE for number in client.last()]
            await until_async(lambda: all(had >= want for had, want in zip(client.last(), wanted)), f"{MORE} more before {victim} is killed", task)
            await loop.run_in_executor(None, flow.processes[victim].kill)
            await loop.run_in_executor(None, restart[victim])
        wanted = [number + MORE for number in client.last()]
        await until_async(lambda: all(had >= want for had, want in zip(client.last(), wanted)), "more at the end", task)
        last = await loop.run_in_executor(None, source.pause)
        await until_async(lambda: client.last() == list(last.values()), f"the newest of each key, {last}", task)
        task.cancel()
        return client, await loop.run_in_executor(None, journal_of, flow, source)

    return asyncio.run(run())


def victims_of(what):
    random = dice(what)
    every = ["connectord", "cached", "gateway0"]
    chosen = every + [random.choice(every) for _ in range(KILLS - len(every))]
    random.shuffle(chosen)
    return chosen


def test_every_record_of_a_channel_arrives_once_and_in_order(pipeline, tmp_path):
    with Readings(KEYS) as source:
        flow = start(pipeline, source, tmp_path, latest=False)
        victims = victims_of("channel-log")
        client, journal = storm_of_kills(flow, source, victims)
        for key in KEYS:
            assert [int(record["id"]) for record in journal[key]] == list(range(1, source.last[key] + 1)), "the journal has what the source said"
            got = client.records[key]
            assert_once_and_in_order(got)
            assert got == [record for record in journal[key] if record["seq"] >= got[0]["seq"]]
        assert client.others == []
        assert all(answer["recovered"] for held, answer in client.answers if held)
        with Requester(flow.history) as history:
            for key in KEYS:
                until(lambda: history.all(topic(key)) == journal[key], f"cached to have the journal of {key}")
        tell("channel-log", kills=len(victims), resumed=client.resumed, records=sum(map(len, client.records.values())))


def test_of_a_latest_channel_the_newest_of_each_key_arrives_and_none_older_behind_it(pipeline, tmp_path):
    with Readings(KEYS) as source:
        flow = start(pipeline, source, tmp_path, latest=True)
        victims = victims_of("channel-latest")
        client, journal = storm_of_kills(flow, source, victims)
        for key in KEYS:
            got = client.records[key]
            assert got[-1] == journal[key][-1]
            places = [(record["epoch"], record["seq"]) for record in got]
            assert places == sorted(set(places)), f"{key}: {places}"
            numbers = [int(record["id"]) for record in got]
            assert numbers == sorted(set(numbers))
            assert all(record in journal[key] for record in got[-50:])
        assert client.others == []
        tell("channel-latest", kills=len(victims), resumed=client.resumed, records=sum(map(len, client.records.values())))
