"""Follows symbols over any number of connections to any number of gateways, from cursor to cursor."""

import asyncio
import itertools
import random

from .failure import Failure
from .gateway import LOST, NotNow, connect, unreachable, why
from .record import TRADES, is_trades, list_name, noun
from .streams import Streams
from .terminal import say, several, span
from .trade import exact_objects, exact_update, loads

FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 10


class Follower:
    """`on_record (record, text)` gets each record of a channel once. What went wrong, and right again, is said on stderr."""

    def __init__(self, urls, symbols, on_record, recent=None, channel=TRADES, credential=None):
        self.urls, self.symbols, self.on_record, self.recent = itertools.cycle(urls), symbols, on_record, recent
        self.channel, self.credential = channel, credential
        self.rounds, self.streams = len(urls), Streams()
        self.gateway, self.connections, self.recovered = None, 0, True

    async def run(self, enough):
        """Until enough() or forever."""
        await self.connect()
        while not enough():
            await self.step()

    async def step(self):
        """Takes one notification, or a new connection when this one is lost."""
        try:
            message, text = await self.gateway.next()
            self.notified(message, text)
            if message.get("method") == "token.expiring":
                await self.renew(message["params"])
        except LOST as error:
            say(f"lost the connection to {self.gateway.url}: {why(error)}", "red")
            await self.connect()

    async def renew(self, params):
        """There may be a newer token by now; if there is none it ends, and one is waited for."""
        try:
            await self.gateway.present("refreshToken")
        except (Failure, NotNow) as failure:
            say(f"the token expires at {params['expires']}, and can't be renewed: {failure}", "yellow")

    async def connect(self):
        """To the first gateway that has us. Where none ever was it ends; one that is not ready, or was there, is waited for."""
        wait, there = FIRST_WAIT_S, self.connections > 0
        while True:
            failures = await self.try_each()
            if not failures:
                return
            not_ready = [failure for failure in failures if isinstance(failure[1], NotNow)]
            there = there or bool(not_ready)
            if not there:
                raise unreachable(failures)
            url, error = (not_ready or failures)[-1]
            pause = wait * random.uniform(0.8, 1)
            say(f"{url}: {why(error)}; next try in {span(pause)}", "red")
            await asyncio.sleep(pause)
            wait = min(wait * 2, LONGEST_WAIT_S)

    async def try_each(self):
        """What each said that would not have us; nothing once one has."""
        failures = []
        for url in itertools.islice(self.urls, self.rounds):
            try:
                self.gateway = await connect(url, self.credential)
                await self.subscribe()
                return []
            except NotNow as error:
                if self.gateway:
                    await self.gateway.close()
                failures.append((url, error))
            except LOST as error:
                failures.append((url, error))
            except Failure as failure:
                if not self.connections:
                    raise
                failures.append((url, failure))  # a gateway that has just started may not know the symbol yet
        return failures

    async def subscribe(self):
        self.recovered = True
        if not is_trades(self.channel):
            channels, _ = await self.gateway.call("getChannels")
            self.streams.latest = channels["channels"].get(self.channel, {}).get("keep") == "latest"
        for symbol in self.symbols:
            since, wanted = self.streams.since(symbol), {}
            if since:
                wanted["since"] = since
            elif self.recent:
                wanted["count"] = self.recent
            answer, text = await self.gateway.call("subscribe", channel=self.channel, symbol=symbol, **wanted)
            self.recovered &= bool(answer.get("recovered", True))
            for exact in reversed(exact_objects(text, list_name(self.channel))):
                self.take(loads(exact), exact)
            self.streams.begin(symbol, answer.get("cursors") or {})
        self.connections += 1
        if self.connections > 1:
            self.say_resumed()

    def say_resumed(self):
        if self.streams.latest:
            say(f"connected to {self.gateway.url}: what is newest follows", "green")
        elif self.recovered:
            say(f"connected to {self.gateway.url}: what was missed follows, nothing is lost", "green")
        else:
            say(f"connected to {self.gateway.url}: not everything that was missed is available", "yellow")

    def take(self, record, text):
        if self.streams.take(record):
            self.on_record(record, text)

    def notified(self, message, text):
        method, params = message.get("method"), message.get("params", {})
        if method == f"{self.channel}.update":
            self.take(params, exact_update(message, text))
        elif method == f"{self.channel}.gap":
            missing = self.streams.skip(params)
            what = f"an unknown number of {list_name(self.channel)}" if missing is None else several(missing, noun(self.channel))
            first, last = (params["upstream"][end] if "upstream" in params else params[end] for end in ("from", "to"))
            whose = "missing at the exchange" if "upstream" in params else "missed"
            say(f"{whose}: {what} of {params['symbol']} from {params['source']}, {first} to {last}", "yellow")
        elif method == "connection.lost":
            say(f"{subject(params)}: {params.get('reason') or 'no reason given'}", "yellow")
        elif method == "connection.restored":
            say(f"{subject(params, restored=True)} after {span(params.get('staleness') or 0)}", "green")


def subject(params, restored=False):
    if "symbol" in params:
        if not is_trades(params.get("channel", TRADES)):
            return f"{params['symbol']} from {params['source']} {'is back' if restored else 'has no records'}"
        return f"{params['symbol']} from {params['source']} {'is trading again' if restored else 'has no trades'}"
    return f"{params['source']} {'is connected to its exchange again' if restored else 'lost its exchange'}"
