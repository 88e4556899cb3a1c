"""What answers tell of streams: each time and each cursor that stands anywhere in them, whatever it is called."""

import base64
import datetime
import json
import re

from clients import Client
from guarded import tables
from pipeline import loads

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
CURSOR = re.compile(r"(?<![\d.])(\d{10,})-(\d+)")
NOT_OF_TRADES = ("since", "received")  # since when a source is connected; and when a trade came, which is told with it
ASKED = {"channel": "trades", "symbol": "BTC-USD", "source": "blockchain", "interval": "1s", "afterTimestamp": 0, "count": 10000}
PATHS = ("trades/BTC-USD?count=1000", "trades/BTC-USD?since=0&count=7", "trades/BTC-USD?from=0-1&source=blockchain&count=10000",
         "trades/BTC-USD?from=0-1&source=blockchain&count=7", "records/trades/BTC-USD?count=7", "candles/BTC-USD?interval=1s", "candles/BTC-USD?interval=1d",
         "coverage/BTC-USD", "coverage/BTC-USD?count=1", "stats", "stats?symbol=BTC-USD", "status", "sources", "symbols", "channels")


def texts(value, name=""):
    """Each text with the name that it has, of pages' tokens what they stand for."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from texts(member, key)
    elif isinstance(value, list):
        for member in value:
            yield from texts(member, name)
    elif isinstance(value, str) and name == "next" and not CURSOR.search(value) and not TIME.match(value):
        yield name, base64.urlsafe_b64decode(value + "==").decode()
    elif isinstance(value, str):
        yield name, value


def ages(answer):
    """How many seconds ago each time in it was."""
    now = datetime.datetime.now(datetime.UTC)
    return [(now - datetime.datetime.fromisoformat(found.replace("Z", "+00:00"))).total_seconds()
            for name, text in texts(answer) if name not in NOT_OF_TRADES for found in TIME.findall(text)]


def records(value):
    """Each trade in it."""
    if isinstance(value, dict):
        if "epoch" in value and "seq" in value:
            yield value
        value = list(value.values())
    for member in value if isinstance(value, list) else []:
        yield from records(member)


def cursors(answer):
    found = [tuple(map(int, cursor)) for _, text in texts(answer) for cursor in CURSOR.findall(text)]
    return found + [(record["epoch"], record["seq"]) for record in records(answer)]


async def ask_everything(guard, token):
    """What everything that can be asked for answers, by what was asked: over a WebSocket, and by REST."""
    answers = {}
    async with Client(guard.url(f"/ws?access_token={token}", "ws")) as client:
        for method in tables()[0]:
            if method in ("authenticate", "refreshToken", "ping", "clearHistory", "subscribe", "unsubscribe"):
                continue
            answers[method] = await client.call(method, **ASKED)
        await client.send_raw(json.dumps({"jsonrpc": "2.0", "id": "s", "method": "subscribe",
                                          "params": {"channel": "trades", "symbol": "BTC-USD", "count": 10, "mark": True}}))
        answers["subscribe"] = await client.answer("s")
    for path in PATHS:
        status, headers, body = guard.get(f"/api/v1/{path}", token=token)
        assert status == 200, (path, body)
        answers[path] = loads(body)
    return answers
