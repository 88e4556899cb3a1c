"""Recordings: the Blockchain.com Exchange's frames of trades, one JSON object a line."""

import datetime
import json

from .failure import Failure
from .trade import loads

MEMBERS = ("symbol", "timestamp", "side", "qty", "price", "trade_id")


def read(path, id_suffix=""):
    """The trades: (what a frame has behind its number, symbol, seconds since 1970). Other frames are passed over."""
    try:
        with open(path, encoding="utf-8-sig") as lines:
            found = [read_line(f"{path}:{number}", line.strip(), id_suffix) for number, line in enumerate(lines, 1) if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    trades = [trade for trade in found if trade]
    if not trades:
        raise Failure(f"{path}: expected trades, one JSON object a line, found none")
    return trades


def read_line(where, text, id_suffix):
    try:
        frame = loads(text)
        if (frame.get("channel"), frame.get("event")) != ("trades", "updated"):
            return None
        number = type(frame["trade_id"]) is int
        frame["trade_id"] = (str(frame["trade_id"]) if number else frame["trade_id"]) + id_suffix
        members = [f'"{name}":{frame[name] if name in ("qty", "price") else json.dumps(frame[name])}' for name in MEMBERS]
        return ",".join(members), frame["symbol"], seconds(frame["timestamp"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        shown = text if len(text) <= 80 else text[:80] + "…"
        raise Failure(f"{where}: expected an object with event, channel, {', '.join(MEMBERS)}; found {shown} "
                      f"({type(error).__name__}: {error})") from None


def seconds(timestamp):
    """Since 1970; a time without an offset is UTC."""
    moment = datetime.datetime.fromisoformat(timestamp.rstrip("Z")[:26])
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp()
