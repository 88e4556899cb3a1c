"""dataflow watch: live trades, or records of another channel."""

import asyncio
import sys

from .credential import Credential
from .follow import Follower
from .record import noun, printer
from .terminal import say, several


def watch(options):
    rows = printer(options.channel, options.json, options.symbol)
    left = options.count

    def show(record, text):
        nonlocal left
        if left == 0:
            return
        rows.rows([(record, text)])
        left = None if left is None else left - 1

    follower = Follower(options.url, options.symbol, show, options.recent, options.channel, Credential(options.token))
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
    streams, again, name = follower.streams, follower.connections - 1, noun(follower.channel)
    nothing = ", nothing missed" if streams.whole() else f", {several(streams.missed, name)} missed"
    if streams.latest:
        nothing = ""
    if streams.new_epochs:
        nothing += ", and whatever a lost journal held"
    resumed = f", resumed {several(again, 'time')}" if again else ""
    say(f"{several(streams.records, name)}{nothing}{resumed}", "green" if streams.whole() else "yellow")
