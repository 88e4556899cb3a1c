"""Trades that a test words itself: frames of the exchange, sent as they are to every connection, or to one."""

import json
from datetime import datetime, timedelta, timezone

from clients import Requester
from pipeline import loads, until

TOPIC = "trade.BTC-USD.blockchain"


def time(**ahead):
    """Now, or that much later, as the exchange writes it."""
    return (datetime.now(timezone.utc) + timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def frame(trade_id, price="100.5", qty="0.25", side="buy", timestamp=None):
    """trade_id: a string, or a number, which is sent as one. price and qty are sent as they are written."""
    return ('{"seqnum":{seqnum},"event":"updated","channel":"trades","symbol":"BTC-USD","timestamp":"%s","side":"%s","qty":%s,'
            '"price":%s,"trade_id":%s}' % (timestamp or time(), side, qty, price, json.dumps(trade_id)))


def send(flow, frames, connection=None):
    for text in frames:
        flow.tell_simulator("/control/send" + (f"?conn={connection}" if connection else ""), text.encode())


def status(flow, source="blockchain"):
    """What connectord's /ready says of a source."""
    return next(one for one in loads(flow.ready("connectord_http")[1])["sources"] if one["name"] == source)


def journal(flow, count, topic=TOPIC):
    """The stream's trades, when there are that many."""
    with Requester(flow.replay) as replay:
        last = lambda: {one["topic"]: int(one["last"].split("-")[1]) for one in replay.ask(op="streams")["streams"]}
        until(lambda: last().get(topic, 0) >= count, f"{count} trades of {topic}")
        return replay.all(topic)


def connected(flow, number, lines=1):
    """Waits until that many connections were made, and all lines are subscribed."""
    state = lambda: flow.control("/status", "GET")[1]
    until(lambda: len(flow.ledger("open")) >= number and state()["subscriptions"].get("BTC-USD") == lines, f"connection {number}")
