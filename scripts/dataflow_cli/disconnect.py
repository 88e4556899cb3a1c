"""dataflow disconnect-test: loses its connection on purpose, resumes by cursor, and holds what it got against history."""

import asyncio
import json
import time

from .credential import Credential
from .failure import EXIT_REFUSED, EXIT_UNREACHABLE, Failure
from .follow import Follower
from .gateway import NoSuchMethod, ask
from .modes import MODES
from .terminal import painted, put, several, span
from .trade import cursor, exact_objects, loads

PAGE, PAUSE_S = 1000, 0.2


class Client:
    """Follows one symbol, and keeps the exact text of each trade by source and cursor."""

    def __init__(self, options):
        self.options, self.texts = options, {}
        self.follower = Follower(options.url, [options.symbol], self.keep, credential=Credential(options.token))

    def keep(self, trade, text):
        self.texts.setdefault(trade["source"], {})[cursor(trade)] = text

    async def begin(self):
        """A gateway that is not ready is waited for, but a test must end."""
        try:
            await asyncio.wait_for(self.follower.connect(), self.options.patience)
        except asyncio.TimeoutError:
            raise Failure(f"expected a gateway that is ready within {self.options.patience} s, found none: nothing was tested",
                          EXIT_UNREACHABLE) from None

    async def receive(self, count):
        """So many more trades."""
        streams = self.follower.streams
        enough = streams.records + count
        while streams.records < enough:
            try:
                await asyncio.wait_for(self.follower.step(), self.options.patience)
            except asyncio.TimeoutError:
                found = count - (enough - streams.records)
                raise Failure(f"expected {several(count, 'trade')} of {self.options.symbol} with no more than "
                              f"{self.options.patience} s between two, found {found}: nothing was tested", EXIT_UNREACHABLE) from None

    async def lose(self, mode):
        if mode == "graceful":
            await self.follower.gateway.close()
        else:
            self.follower.gateway.reset()
        if mode == "temporary-drop":
            await asyncio.sleep(self.options.away)


async def lose_and_resume(client, mode):
    """One round: what is to be told of it."""
    began = time.monotonic()
    left_at = client.follower.streams.since(client.options.symbol)
    await client.lose(mode)
    await client.follower.connect()
    back = time.monotonic() - began
    before = client.follower.streams.records
    await client.receive(client.options.trades)
    return {"mode": mode, "left_at": left_at, "seconds": round(back, 3), "recovered": client.follower.recovered,
            "trades": client.follower.streams.records - before}


# -- history has the last word -------------------------------------------------------------------------------------------------


async def history_of(options, source, first, last):
    """The exact texts from cursor to cursor, by cursor."""
    texts, place = {}, first
    while place:
        answer, text = await ask(options, "getTradesRange", channel="trades", symbol=options.symbol, source=source, to=last,
                                 count=PAGE, **{"from": place})
        texts.update((cursor(loads(exact)), exact) for exact in exact_objects(text, "trades"))
        place = answer.get("next")
    return texts


async def compare(options, source, mine):
    """How many of history's trades are not mine, how many of mine are not history's or differ. History may be a moment behind."""
    first, *_, last = [*mine, list(mine)[-1]]
    deadline = time.monotonic() + options.patience
    while True:
        theirs = await history_of(options, source, first, last)
        lost = sum(place not in mine for place in theirs)
        other = sum(theirs.get(place) != text for place, text in mine.items())
        if not other or time.monotonic() > deadline:
            return lost, other
        await asyncio.sleep(PAUSE_S)


async def judge(client):
    """The verdict as an object."""
    streams, lost, other, compared = client.follower.streams, 0, 0, True
    try:
        for source, texts in client.texts.items():
            more_lost, more_other = await compare(client.options, source, texts)
            lost, other = lost + more_lost, other + more_other
    except Failure as failure:
        if failure.code != EXIT_UNREACHABLE and not isinstance(failure, NoSuchMethod):
            raise
        compared = False
    lost = max(lost, streams.missed)
    passed = not (lost or other or streams.doubled or streams.new_epochs)
    return {"passed": passed, "symbol": client.options.symbol, "trades": streams.records, "lost": lost, "doubled": streams.doubled,
            "differing": other, "new_epochs": streams.new_epochs, "compared_with_history": compared}


# -- what is told --------------------------------------------------------------------------------------------------------------


def tell_round(number, found):
    whole = painted("recovered", "green") if found["recovered"] else painted("not all recovered", "yellow")
    put(f"{number:>5}  {found['mode']:<14}  back after {span(found['seconds']):<8}  {whole}, then {several(found['trades'], 'trade')}")


def tell_verdict(verdict):
    said = painted("PASSED", "green") if verdict["passed"] else painted("FAILED", "red")
    counts = ", ".join(f"{verdict[name]} {name}" for name in ("lost", "doubled", "differing"))
    how = "digit for digit as in history" if verdict["compared_with_history"] else "by cursor; history was not available"
    new_epochs = f", {several(verdict['new_epochs'], 'new epoch')}" if verdict["new_epochs"] else ""
    put(f"{said}  {several(verdict['trades'], 'trade')} of {verdict['symbol']}: {counts}{new_epochs} ({how})")


async def run(options):
    client, rounds = Client(options), []
    modes = options.mode or list(MODES)
    await client.begin()
    await client.receive(options.trades)
    for number in range(options.rounds * len(modes)):
        rounds.append(await lose_and_resume(client, modes[number % len(modes)]))
        if not options.json:
            tell_round(number + 1, rounds[-1])
    verdict = await judge(client)
    if options.json:
        put(json.dumps({**verdict, "rounds": rounds}))
    else:
        tell_verdict(verdict)
    await client.follower.gateway.close()
    return verdict["passed"]


def disconnect_test(options):
    return None if asyncio.run(run(options)) else EXIT_REFUSED
