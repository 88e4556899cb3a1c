"""dataflow watch: live trades."""

import asyncio
import sys

from .follow import Follower
from .terminal import say, several
from .trade import Printer


def watch(options):
    printer = Printer(options.json)
    left = options.count

    def show(trade, text):
        nonlocal left
        if left == 0:
            return
        printer.trade(trade, text)
        left = None if left is None else left - 1

    follower = Follower(options.url, options.symbol, show, options.recent)
    try:
        asyncio.run(follower.run(lambda: left == 0))
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            print(file=sys.stderr)  # the terminal has written ^C
        raise
    finally:
        if sys.stderr.isatty() and follower.connections:
            tell(follower)


def tell(follower):
    """What went by, when it ends."""
    streams, again = follower.streams, follower.connections - 1
    nothing = "nothing missed" if streams.whole() else several(streams.missed, "trade") + " missed"
    if streams.new_epochs:
        nothing += ", and whatever a lost journal held"
    resumed = f", resumed {several(again, 'time')}" if again else ""
    say(f"{several(streams.trades, 'trade')}, {nothing}{resumed}", "green" if streams.whole() else "yellow")
