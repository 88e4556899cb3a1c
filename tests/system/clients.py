"""Clients that nobody here wrote: Debian's python3-websockets and python3-zmq, with just enough around them."""

import asyncio
import contextlib
import itertools
import json
import re

import websockets
import zmq

from pipeline import PATIENCE, loads, running_time


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(f"{error['code']} {error['message']}")
        self.code, self.message = error["code"], error["message"]


class Client:
    """A JSON-RPC client. Notifications are kept in order in `notifications`, trades of trades.update in `trades`."""

    def __init__(self, url, **options):
        self.url, self.options, self.ids = url, options, itertools.count(1)
        self.notifications, self.trades, self.answers = [], [], {}
        self.closed, self.close_code = False, None
        self.batches = []  # how many notifications each frame with a batch of them had

    async def __aenter__(self):
        self.socket = await websockets.connect(self.url, max_size=None, max_queue=None, ping_interval=None, **self.options)
        self.news = asyncio.Event()
        self.reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_):
        await self.socket.close()
        await self.reader

    async def _read(self):
        try:
            async for raw in self.socket:
                self._take(raw)
        except websockets.ConnectionClosed:
            pass
        self.close_code, self.close_reason = self.socket.close_code, self.socket.close_reason
        self.closed = True
        self.news.set()

    def _take(self, raw):
        message = loads(raw)
        if isinstance(message, list) and "method" in message[0]:
            self.batches.append(len(message))
        for part in message if isinstance(message, list) else [message]:
            if "method" in part:
                self.notifications.append(part)
                if part["method"] == "trades.update":
                    self.trades.append(part["params"])
            else:
                self.answers[json.dumps(part["id"])] = part
        self.news.set()

    async def until(self, condition, what, patience=PATIENCE):
        """Waits for a condition on what has come."""
        deadline = running_time() + patience
        while not condition() and not self.closed:
            left = deadline - running_time()
            assert left > 0, f"waited {patience:g} s for {what}; {len(self.notifications)} notifications, last {self.notifications[-1:]}"
            with contextlib.suppress(asyncio.TimeoutError):
                async with asyncio.timeout(left):
                    while not condition() and not self.closed:
                        self.news.clear()
                        await self.news.wait()
        assert condition(), f"connection closed with {self.close_code} while waiting for {what}"

    async def send_raw(self, raw):
        await self.socket.send(raw)

    async def answer(self, identity):
        """The whole answer with that id."""
        key = json.dumps(identity)
        await self.until(lambda: key in self.answers, f"the answer to {key}")
        return self.answers.pop(key)

    async def call(self, method, **params):
        identity = next(self.ids)
        await self.send_raw(json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": params}))
        answer = await self.answer(identity)
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer["result"]

    async def subscribe(self, symbol, **more):
        return await self.call("subscribe", channel="trades", symbol=symbol, **more)

    def of(self, method):
        return [n["params"] for n in self.notifications if n["method"] == method]


class Requester:
    """A plain REQ socket: one JSON object in, one out."""

    def __init__(self, endpoint):
        self.socket = zmq.Context.instance().socket(zmq.REQ)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def raw(self, request):
        self.socket.send(request if isinstance(request, bytes) else request.encode())
        deadline = running_time() + PATIENCE
        while not self.socket.poll(1000):
            assert running_time() < deadline, f"waited {PATIENCE:g} s for the answer to {request[:300]}"
        return self.socket.recv().decode()

    def ask(self, **request):
        return loads(self.raw(json.dumps(request)))

    def all(self, topic):
        """Every trade that the service has of a stream, page by page."""
        trades, place = [], {}
        while True:
            answer = self.ask(op="range", topic=topic, count=5000, **place)
            assert answer["ok"], answer
            trades += answer["trades"]
            if "next" not in answer:
                return trades
            place = {"from": answer["next"]}


    def texts(self, topic, count=10000):
        """The same as they are, text by text, of many."""
        place = {}
        while True:
            raw = self.raw(json.dumps({"op": "range", "topic": topic, "count": count, **place}))
            assert raw.startswith('{"ok":true'), raw[:300]
            begin = raw.index('"trades":[') + len('"trades":[')
            trades = raw[begin:raw.index("]", begin)]
            yield from trades.replace("},{", "}\n{").splitlines()
            following = re.search(r'"next":"(\d+-\d+)"', raw[:begin] + raw[begin + len(trades):])
            if not following:
                return
            place = {"from": following[1]}


class Tap:
    """A SUB socket on the bus."""

    def __init__(self, endpoint, prefix="trade."):
        self.socket = zmq.Context.instance().socket(zmq.SUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        self.socket.setsockopt(zmq.SUBSCRIBE, prefix.encode())
        self.socket.connect(endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def wait_connected(self):
        """A SUB socket connects when it likes: a status, which comes every second, shows that it has. It takes none but trades then."""
        self.socket.setsockopt(zmq.SUBSCRIBE, b"status.")
        topic, _ = self.receive()
        self.socket.setsockopt(zmq.UNSUBSCRIBE, b"status.")
        while topic.startswith("status.") and self.socket.poll(0):
            self.socket.recv_multipart()

    def receive(self, patience=PATIENCE):
        assert self.socket.poll(patience * 1000), f"nothing on the bus for {patience:g} s"
        topic, body = self.socket.recv_multipart()
        return topic.decode(), body.decode()

    def take(self, count):
        return [self.receive() for _ in range(count)]


def cursor(trade):
    return f"{trade['epoch']}-{trade['seq']}"


def assert_once_and_in_order(trades):
    """seq counts up by one from trade to trade, in one epoch."""
    assert_cursors_follow([(trade["epoch"], trade["seq"]) for trade in trades])


def assert_cursors_follow(places):
    for (epoch, seq), following in zip(places, places[1:]):
        assert following == (epoch, seq + 1), f"behind {epoch}-{seq} came {following[0]}-{following[1]}"
