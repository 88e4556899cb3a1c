"""A source of readings, a channel beside trades: any number of keys at any rate. Who connects gets the last ones again, in order, so that nothing is
missing however often connectord is killed; and a pipeline that follows it."""

import asyncio
import json
import math
import threading

from clients import Requester
from pipeline import get, until
from ws_source import Exchange

# Several in one message.
DEFINITION = {"websocket": {"subscribe": "{\"want\":\"${channel} ${key}\"}"},
              "mapping": {"where": {"/type": "readings"}, "each": "/all", "channel": "readings", "key": "/sensor", "id": "/n", "timestamp": "/at",
                          "unit": "ms", "data": "/values"}}
BEGIN_MS = 1772366400000  # 2026-03-01T12:00:00Z
AGAIN = 400  # messages that who connects gets again: more than connectord may have had on its way when it was killed
TICK = 0.02


def message(readings):
    """readings: (key, number) of each, or (key, number, values)."""
    return json.dumps({"type": "readings", "all": [
        {"sensor": key, "n": number, "at": BEGIN_MS + number, "values": values[0] if values else {"n": number, "text": "x \" y" + number % 7 * "ü"}}
        for key, number, *values in readings]})


class Readings(Exchange):
    """`flow(rate)`: so many readings of each key a second from now on, numbered from 1; `say_readings` some at once. `last[key]`: the newest number."""

    def __init__(self, keys=(), again=AGAIN):
        self.keys, self.last, self.again, self.rate, self.due = list(keys), dict.fromkeys(keys, 0), again, 0, 0.0
        self.texts, self.gone, self.grown, self.places = [], 0, None, {}
        super().__init__(None)

    async def serve(self):
        self.grown = asyncio.Condition()
        ticking = asyncio.create_task(self.tick())
        await super().serve()
        ticking.cancel()

    async def tick(self):
        while True:
            await asyncio.sleep(TICK)
            self.due += self.rate * TICK
            count, self.due = math.floor(self.due), self.due % 1
            for _ in range(count):
                for key in self.keys:
                    self.last[key] += 1
                await self.add(message([(key, self.last[key]) for key in self.keys]))

    async def add(self, text):
        async with self.grown:
            self.texts.append(text)
            if len(self.texts) > 2 * AGAIN:
                heard = min(self.places.values(), default=self.gone + AGAIN) - self.gone  # by all who are connected
                del self.texts[:min(heard, AGAIN)]
                self.gone += min(heard, AGAIN)
            self.grown.notify_all()

    async def talk(self, socket):
        """Each has a place of its own in what there is to say, and misses nothing, however slowly it reads."""
        self.heard.append(await socket.recv())
        self.places[socket] = max(self.gone, self.gone + len(self.texts) - self.again)
        closed = asyncio.create_task(socket.wait_closed())
        try:
            await self.say_all(socket, closed)
        finally:
            del self.places[socket]

    async def say_all(self, socket, closed):
        while not closed.done():
            place = self.places[socket]
            if place == self.gone + len(self.texts):
                async with self.grown:
                    waiting = asyncio.create_task(self.grown.wait())
                    try:
                        await asyncio.wait([waiting, closed], timeout=1, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        waiting.cancel()
                        await asyncio.wait([waiting])
                continue
            await socket.send(self.texts[place - self.gone])
            self.places[socket] += 1

    def flow(self, rate):
        self.loop.call_soon_threadsafe(setattr, self, "rate", rate)

    def pause(self):
        """Returns what was the last number of each key."""
        ended = threading.Event()
        self.loop.call_soon_threadsafe(lambda: (setattr(self, "rate", 0), setattr(self, "due", 0.0), ended.set()))
        ended.wait()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(2 * TICK), self.loop).result()
        return dict(self.last)

    def say_readings(self, readings):
        for key, number, *_ in readings:
            self.last[key] = number
        asyncio.run_coroutine_threadsafe(self.add(message(readings)), self.loop).result()


def configure(flow, source, directory, latest=False, symbols=("readings.*",)):
    path = directory / "readings.json"
    path.write_text(json.dumps(DEFINITION))
    flow.exchange = source
    flow.source.update(name="lab", connector="websocket", url=f"ws://127.0.0.1:{source.port}/", definition=str(path), symbols=list(symbols),
                       silence_ms=600000,  # it says nothing but readings, and who says them takes its time
                       latest=["readings"] if latest else [])
    return flow


def topic(key):
    return f"readings.{key}.lab"


def offered(flow, *keys):
    """The gateway knows of them: before that it takes no subscribe."""
    def told():
        return json.loads(get(f"http://{flow.address('gateway0')}/api/v1/symbols?channel=readings")[1])["symbols"]

    until(lambda: set(keys) <= set(told()), f"{len(keys)} keys to be offered")


def journal_of(flow, source):
    """{key: the records of the journal}, once it has the newest of each key."""
    with Requester(flow.replay) as replay:
        return {key: until(lambda: whole(replay.all(topic(key)), number), f"the journal to have number {number} of {key}")
                for key, number in source.last.items()}


def whole(records, number):
    return records if records and records[-1]["id"] == str(number) else None
