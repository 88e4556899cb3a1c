"""Recordings: messages, one a line, as they are or as connectord records them; of the Blockchain.com Exchange's the frames of trades."""

import datetime
import json
import re

from .failure import Failure
from .trade import loads

# A line of a recording: a message, as it is or behind the time at which it was received; or what was sent, and where.
RECORDED = re.compile(r"(?P<url>\S+://\S+ )?(?P<way><->|<-)?\s*(?P<time>\d+(?:\.\d+)?)(?:: (?P<message>.*))?")
MEMBERS = ("symbol", "timestamp", "side", "qty", "price", "trade_id")


def received(line):
    """The message that a line holds; None: it holds what was sent, a remark, or nothing."""
    if line.startswith("#"):
        return None
    recorded = RECORDED.fullmatch(line) if not line.startswith(("{", "[")) else None
    if not recorded:
        return None if line.startswith(("wss://", "ws://")) else line
    return None if recorded["way"] or recorded["url"] else recorded["message"]


def read(path, id_suffix=""):
    """The trades: (what a frame has behind its number, symbol, seconds since 1970). Other frames are passed over; so are those that connectord
    could not read when it recorded them."""
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as lines:
            found = [read_line(f"{path}:{number}", line.strip(), id_suffix) for number, line in enumerate(lines, 1) if line.strip()]
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}") from None
    trades = [trade for trade in found if trade]
    if not trades:
        raise Failure(f"{path}: expected trades, one JSON object a line, found none")
    return trades


def read_line(where, line, id_suffix):
    text = received(line)
    if text is None:
        return None
    try:
        frame = loads(text)
        if (frame.get("channel"), frame.get("event")) != ("trades", "updated"):
            return None
        number = type(frame["trade_id"]) is int
        frame["trade_id"] = (str(frame["trade_id"]) if number else frame["trade_id"]) + id_suffix
        members = [f'"{name}":{frame[name] if name in ("qty", "price") else json.dumps(frame[name])}' for name in MEMBERS]
        return ",".join(members), frame["symbol"], seconds(frame["timestamp"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if text is not line:
            return None
        shown = text if len(text) <= 80 else text[:80] + "…"
        raise Failure(f"{where}: expected an object with event, channel, {', '.join(MEMBERS)}; found {shown} "
                      f"({type(error).__name__}: {error})") from None


def seconds(timestamp):
    """Since 1970; a time without an offset is UTC."""
    moment = datetime.datetime.fromisoformat(timestamp.rstrip("Z")[:26])
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp()
