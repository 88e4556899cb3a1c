"""dataflow tap: the bus itself, without a gateway."""

import json
import re
import time

import zmq
from zmq.utils.monitor import recv_monitor_message

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


def subscriber(endpoint, prefix, own=None, server=None):
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.setsockopt(zmq.LINGER, 0)
    socket.subscribe(prefix)
    if own:
        socket.curve_publickey, socket.curve_secretkey, socket.curve_serverkey = *own, server
    try:
        connect(socket, endpoint)
    except zmq.ZMQError as error:
        raise Failure(f"--bus: expected something like tcp://127.0.0.1:5556, found {endpoint!r}: {error}", EXIT_USAGE) from None
    return socket


class Encrypted:
    """A subscriber with CURVE. Of the servers' keys that are known one after another is tried, since libzmq gives up for good after some failures."""

    ENDED = zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    AGAIN_S = 1

    def __init__(self, options, prefix):
        from .certificates import own, servers

        self.endpoint, self.prefix, self.said = options.bus, prefix, False
        self.own, self.servers, self.tried = own(options.curve, options.name), servers(options.curve, "bus"), 0
        self.socket = None
        self.open()

    def open(self):
        if self.socket:
            self.socket.disable_monitor()
            self.socket.close()
        self.socket = subscriber(self.endpoint, self.prefix, self.own, self.servers[self.tried % len(self.servers)])
        self.monitor = self.socket.get_monitor_socket(self.ENDED)

    def failed(self):
        """Another key, and after each round a while."""
        recv_monitor_message(self.monitor)
        self.tried += 1
        if self.tried % len(self.servers) == 0:
            if not self.said:
                say(f"{self.endpoint} refuses: is that server's key the one that is known here, and is ours known there?", "yellow")
            self.said = True
            time.sleep(self.AGAIN_S)
        self.open()

    def poll(self, wait_ms):
        until = time.monotonic() + wait_ms / 1000
        while (left := until - time.monotonic()) > 0:
            poller = zmq.Poller()
            poller.register(self.socket, zmq.POLLIN)
            poller.register(self.monitor, zmq.POLLIN)
            ready = dict(poller.poll(left * 1000))
            if self.socket in ready:
                return True
            if self.monitor in ready:
                self.failed()
        return False

    def recv_multipart(self):
        return self.socket.recv_multipart()


def line(frames, as_json):
    topic, body = (frame.decode(errors="replace") for frame in [*frames, b""][:2])
    return f'{{"topic":{json.dumps(topic)},"message":{body}}}' if as_json else f"{painted(topic, 'bold')} {body}"


def tap(options):
    prefix = topics(options.channel, options.prefix)
    socket = Encrypted(options, prefix) if options.curve else subscriber(options.bus, prefix)
    left, said = options.count, False
    while left != 0:
        if socket.poll(HEARD_S * 1000):
            put(line(socket.recv_multipart(), options.json))
            left = None if left is None else left - 1
        elif not said:
            say(f"nothing that starts with {prefix!r} for {HEARD_S} s on {options.bus}: waiting", "yellow")
            said = True
