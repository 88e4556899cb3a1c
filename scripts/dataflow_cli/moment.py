"""Times as people type them: RFC 3339, or less of it. What is not said is UTC, and the beginning."""

import argparse
import re
from datetime import datetime, timedelta, timezone

FORM = re.compile(r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?:(:\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d:\d\d)?)?", re.ASCII)
EPOCH, END_NS = datetime(1970, 1, 1, tzinfo=timezone.utc), 2**63  # what history knows: 1970 to 2262


def nanoseconds(text):
    """Since 1970. For argparse: whatever is wrong is wrong usage."""
    try:
        day, minute, second, fraction, offset = FORM.fullmatch(text).groups()
        zone = offset if offset and offset not in "Zz" else "+00:00"
        moment = datetime.fromisoformat(f"{day}T{minute or '00:00'}{second or ':00'}{zone}")
        ns = (moment - EPOCH) // timedelta(seconds=1) * 10**9 + int(f"{fraction or '':0<9}")
    except (AttributeError, ValueError):
        ns = -1
    if not 0 <= ns < END_NS:
        raise argparse.ArgumentTypeError(f"expected a time as 2025-11-10T18:00:00Z, found {text!r}")
    return ns


def exact(ns):
    """RFC 3339, to the nanosecond."""
    return f"{EPOCH + timedelta(seconds=ns // 10**9):%Y-%m-%dT%H:%M:%S}.{ns % 10**9:09d}Z"


def moment(text):
    """As the gateway takes it."""
    return exact(nanoseconds(text))
