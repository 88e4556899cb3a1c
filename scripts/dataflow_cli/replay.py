"""dataflow replay: plays a recording as an exchange. A source of connectord whose url is ours has its trades.

It speaks as much of the Blockchain.com Exchange's WebSocket API as connectord needs. Trades go by only while somebody is subscribed, so
that none is played to nobody; who connects again goes on where the recording is then, as with an exchange.
"""

import asyncio
import datetime
import json
import time

import websockets

from . import recording
from .failure import EXIT_UNREACHABLE, Failure, reason
from .terminal import Progress, say, several, span

SEAM_S = 3600  # a recorded pause that is longer is where two recordings were joined
SETTLE_S = 1  # a source subscribes to its symbols one by one
HEARTBEAT_S, PROGRESS_S = 5, 0.1


class Source:
    """One connection: what it is subscribed to, and its own count of messages."""

    def __init__(self, websocket, offered):
        self.websocket, self.offered, self.subscribed, self.seqnum = websocket, offered, set(), 0

    async def send(self, members):
        """False when the source is gone."""
        try:
            await self.websocket.send(f'{{"seqnum":{self.seqnum},{members}}}')
        except websockets.ConnectionClosed:
            return False
        self.seqnum += 1
        return True

    async def tell(self, **members):
        await self.send(json.dumps(members)[1:-1])

    async def asked(self, text):
        request = json.loads(text)
        action, channel, symbol = request.get("action"), request.get("channel"), request.get("symbol")
        if channel == "heartbeat" and action == "subscribe":
            await self.tell(event="subscribed", channel=channel)
        elif channel == "trades" and action in ("subscribe", "unsubscribe") and symbol in self.offered:
            (self.subscribed.add if action == "subscribe" else self.subscribed.discard)(symbol)
            await self.tell(event=action + "d", channel=channel, symbol=symbol)
        else:
            await self.tell(event="rejected", channel=channel, symbol=symbol, text="expected trades of a symbol in the recording")


class Pace:
    """When a trade is due. `speed` 0: at once."""

    def __init__(self, speed):
        self.speed, self.recorded, self.began, self.before = speed, None, 0, None

    async def wait(self, recorded):
        if self.speed == 0:
            await asyncio.sleep(0)  # who connects or subscribes gets a turn
            return
        if self.before is None or recorded - self.before > SEAM_S:
            self.restart(recorded)
        self.before = recorded
        await asyncio.sleep(max(0, (recorded - self.recorded) / self.speed - (time.monotonic() - self.began)))

    def restart(self, recorded):
        self.recorded, self.began = recorded, time.monotonic()


class Exchange:
    """Plays trades to all sources that are connected."""

    def __init__(self, trades, speed):
        self.trades, self.pace, self.offered = trades, Pace(speed), {symbol for _, symbol, _ in trades}
        self.sources, self.subscribed, self.progress = set(), asyncio.Event(), Progress()
        self.gone_by = self.taken = 0

    async def serve(self, websocket, _path=None):
        source = Source(websocket, self.offered)
        self.sources.add(source)
        self.progress.remark("a source is connected", "green")
        try:
            async for text in websocket:
                await source.asked(text)
                self.subscribed.set()
        except (ValueError, AttributeError, TypeError):
            await websocket.close(1007, "expected a JSON object")
        except websockets.ConnectionClosed:
            pass
        finally:
            self.sources.discard(source)
            self.progress.remark("the source is gone", "yellow")

    def is_wanted(self):
        return any(source.subscribed for source in self.sources)

    async def wait_until_wanted(self, recorded):
        """Until somebody is subscribed, and done with subscribing."""
        if self.is_wanted():
            return
        while True:
            self.subscribed.clear()
            try:
                await asyncio.wait_for(self.subscribed.wait(), SETTLE_S)
            except asyncio.TimeoutError:
                if self.is_wanted():
                    break
        self.pace.restart(recorded)

    async def play(self):
        shown = 0.0
        for members, symbol, recorded in self.trades:
            await self.wait_until_wanted(recorded)
            await self.pace.wait(recorded)
            for source in [source for source in self.sources if symbol in source.subscribed]:
                self.taken += await source.send(f'"event":"updated","channel":"trades",{members}')
            self.gone_by += 1
            if time.monotonic() - shown >= PROGRESS_S:
                shown = time.monotonic()
                self.show()
        self.show()

    def show(self):
        self.progress.show(self.gone_by / len(self.trades), f"{self.gone_by:,} of {several(len(self.trades), 'trade')}")

    async def beat(self):
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
            for source in list(self.sources):
                await source.tell(event="updated", channel="heartbeat", timestamp=now)


async def run(options, trades):
    host, port = options.listen
    exchange = Exchange(trades, options.speed)
    try:
        # The end may take what the last trades take to leave.
        server = await websockets.serve(exchange.serve, host, port, close_timeout=10)
    except (OSError, UnicodeError) as error:
        raise Failure(f"--listen: can't listen on {host}:{port}: {reason(error)}", EXIT_UNREACHABLE) from None
    async with server:
        say(f"{several(len(trades), 'trade')} of {several(len(exchange.offered), 'symbol')}; waiting for a source with the url "
            f"ws://{host}:{port}/ws")
        heart = asyncio.create_task(exchange.beat())
        began = time.monotonic()
        try:
            await exchange.play()
        finally:
            heart.cancel()
            exchange.progress.clear()
    say(f"played {several(exchange.gone_by, 'trade')} in {span(time.monotonic() - began)}; {exchange.taken:,} were subscribed to",
        "green" if exchange.taken else "yellow")


def replay(options):
    suffix = f"-{time.time_ns() // 1000000}" if options.new_ids else ""
    asyncio.run(run(options, recording.read(options.file, suffix)))
