"""Times as people and programs write them ("time" in proto/history.md): RFC 3339, less of it, or milliseconds since 1970."""

import argparse
import re
import time
from datetime import datetime, timedelta, timezone

FORM = re.compile(r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?:(:\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d:[0-5]\d)?)?", re.ASCII)
MILLISECONDS = re.compile(r"0|[1-9]\d{11,12}", re.ASCII)  # fewer digits may be seconds, and more microseconds
EXPECTED = "a time (2025-11-10T17:24:33Z), a day (2025-11-10) or milliseconds, not seconds, since 1970 (1762795473937)"
EPOCH, END_NS = datetime(1970, 1, 1, tzinfo=timezone.utc), 2**63  # what history knows: 1970 to 2262


def of_time(day, minute, second, fraction, offset):
    zone = offset if offset and offset not in "Zz" else "+00:00"
    second = ":59" if second == ":60" else second or ":00"  # a leap second, as the gateway counts it
    when = datetime.fromisoformat(f"{day}T{minute or '00:00'}{second}{zone}")
    return (when - EPOCH) // timedelta(seconds=1) * 10**9 + int(f"{fraction or '':0<9}")


def nanoseconds(text):
    """Since 1970. For argparse: whatever is wrong is wrong usage."""
    try:
        ns = int(text) * 10**6 if MILLISECONDS.fullmatch(text) else of_time(*FORM.fullmatch(text).groups())
    except (AttributeError, ValueError):
        ns = -1
    if not 0 <= ns < END_NS:
        raise argparse.ArgumentTypeError(f"expected {EXPECTED}, found {text!r}")
    return ns


def exact(ns):
    """RFC 3339, to the nanosecond."""
    return f"{EPOCH + timedelta(seconds=ns // 10**9):%Y-%m-%dT%H:%M:%S}.{ns % 10**9:09d}Z"


def moment(text):
    """As the gateway takes it."""
    return exact(nanoseconds(text))


AGO = re.compile(r"([1-9]\d{0,5})([smhdw])", re.ASCII)
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def moment_or_ago(text):
    """The same, or how long ago: 90s, 30m, 12h, 1d, 2w."""
    ago = AGO.fullmatch(text)
    if ago:
        return exact(max(time.time_ns() - int(ago[1]) * SECONDS[ago[2]] * 10**9, 0))
    try:
        return moment(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"expected {EXPECTED}, or how long ago (90s, 30m, 12h, 1d, 2w), found {text!r}") from None


def duration(text):
    """Seconds."""
    found = AGO.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"expected a duration (90s, 30m, 12h, 1d, 2w), found {text!r}")
    return int(found[1]) * SECONDS[found[2]]
