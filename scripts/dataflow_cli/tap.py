"""dataflow tap: the bus itself, without a gateway."""

import json
import re

import zmq

from .endpoint import connect
from .failure import EXIT_USAGE, Failure
from .record import is_trades
from .terminal import painted, put, say

HEARD_S = 5
SYMBOL = re.compile(r"[^\s.,*/'\"\\]+-[^\s.,*/'\"\\]+")


def topics(channel, what):
    """The prefix of the topics that are meant: a symbol stands for its trades, and in a channel a key for its records."""
    if channel:
        return f"{'trade' if is_trades(channel) else channel}.{what}{'.' if what else ''}"
    return f"trade.{what}." if SYMBOL.fullmatch(what) else what


def subscriber(endpoint, prefix):
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.setsockopt(zmq.LINGER, 0)
    socket.subscribe(prefix)
    try:
        connect(socket, endpoint)
    except zmq.ZMQError as error:
        raise Failure(f"--bus: expected something like tcp://127.0.0.1:5556, found {endpoint!r}: {error}", EXIT_USAGE) from None
    return socket


def line(frames, as_json):
    topic, body = (frame.decode(errors="replace") for frame in [*frames, b""][:2])
    return f'{{"topic":{json.dumps(topic)},"message":{body}}}' if as_json else f"{painted(topic, 'bold')} {body}"


def tap(options):
    prefix = topics(options.channel, options.prefix)
    socket = subscriber(options.bus, prefix)
    left, said = options.count, False
    while left != 0:
        if socket.poll(HEARD_S * 1000):
            put(line(socket.recv_multipart(), options.json))
            left = None if left is None else left - 1
        elif not said:
            say(f"nothing that starts with {prefix!r} for {HEARD_S} s on {options.bus}: waiting", "yellow")
            said = True
