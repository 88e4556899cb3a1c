"""A simulator for its tests: a real process, and real WebSockets."""
import asyncio
import json
import os
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

import websockets

PROGRAM = os.environ.get("EXCHANGE_SIMULATOR", "build/bin/exchange-simulator")
ORIGIN = "https://exchange.blockchain.com"
FRAMES = [
    '{"seqnum":%d,"event":"updated","channel":"trades","symbol":"%s","timestamp":"2025-11-10T17:24:33.93734%dZ",'
    '"side":"sell","qty":%s,"price":%s,"trade_id":"%d"}' % (i, symbol, i, qty, price, 100 + i)
    for i, (symbol, qty, price) in enumerate([
        ("BTC-USD", "8.5E-5", "105383.80000"), ("ETH-USD", "985", "0.00001305"), ("BTC-USD", "0.00885072", "105383.9")])
]


class Simulator:
    """A running simulator; `options` are its command line."""

    def __init__(self, *options, ledger=b""):
        self.folder = tempfile.TemporaryDirectory()
        self.ledger_path = os.path.join(self.folder.name, "ledger.ndjson")
        with open(self.ledger_path, "wb") as file:
            file.write(ledger)
        self.process = subprocess.Popen(
            [PROGRAM, "--listen", "127.0.0.1:0", "--ledger", self.ledger_path, *options],
            stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        self.http_url = self.url.replace("ws", "http", 1)[:-3]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(10)
        self.process.stdout.close()
        self.folder.cleanup()
        assert code == 0, f"exit code {code}"

    def http(self, path, method=None, body=None):
        method = method or ("POST" if path.startswith("/control") else "GET")
        request = urllib.request.Request(self.http_url + path, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def get(self, path, **headers):
        """(status, text, headers) of a REST request."""
        try:
            with urllib.request.urlopen(urllib.request.Request(self.http_url + path, headers=headers), timeout=10) as answer:
                return answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.headers

    async def rest(self, path, expect=200, **headers):
        """A REST answer; its numbers with a point stay text, digit for digit."""
        status, text, _ = await asyncio.to_thread(self.get, path, **headers)
        assert status == expect, (path, status, text)
        return json.loads(text, parse_float=str)

    async def status(self):
        return json.loads((await asyncio.to_thread(self.http, "/status"))[1])

    async def play(self, count):
        """Makes so many trades, and waits until they are made."""
        before = (await self.status())["sent"]
        await self.control(f"/control/play?count={count}")
        while (await self.status())["sent"] < before + count:
            await asyncio.sleep(0.001)

    async def control(self, path, body=None, expect=200):
        status, answer = await asyncio.to_thread(self.http, path, None, body)
        assert status == expect, (path, status, answer)
        return json.loads(answer)

    async def ledger(self, *events):
        _, lines = await asyncio.to_thread(self.http, "/ledger")
        heads = tuple(f'{{"event":"{event}"'.encode() for event in events)
        return [json.loads(line) for line in lines.splitlines() if line.startswith(heads)]

    async def until_overflow(self):
        for _ in range(10000):
            if await self.ledger("overflow"):
                return
        raise AssertionError("no overflow")

    async def until_held_up(self, turns=50):
        """As many turns of the simulator's loop, in each of which it could have made a trade and made none."""
        sent, same = 0, 0
        for _ in range(100000):
            now = json.loads((await asyncio.to_thread(self.http, "/status"))[1])["sent"]
            sent, same = now, same + 1 if now == sent > 0 else 0
            if same == turns:
                return
        raise AssertionError("it is not held up")

    def connect(self, origin=ORIGIN, url=None):
        return websockets.connect(url or self.url, origin=origin, max_size=None, compression=None)

    def at(self, path, **options):
        """A connection at a path of an exchange that asks for no Origin."""
        return websockets.connect(self.http_url.replace("http", "ws", 1) + path, max_size=None, compression=None, **options)


async def ask(socket, action="subscribe", channel="trades", symbol="BTC-USD", **more):
    message = {"action": action, "channel": channel, **more}
    if symbol:
        message["symbol"] = symbol
    await socket.send(json.dumps(message))
    return json.loads(await asyncio.wait_for(socket.recv(), 5))


async def receive(socket, count=1):
    return [json.loads(await asyncio.wait_for(socket.recv(), 5)) for _ in range(count)]


async def tell(socket, **message):
    await socket.send(json.dumps(message))


async def hear(socket, count=1, but=()):
    """So many messages; those whose type, channel or e is in `but` do not count. Numbers with a point stay text."""
    heard = []
    while len(heard) < count:
        message = json.loads(await asyncio.wait_for(socket.recv(), 5), parse_float=str)
        if not {message.get("type"), message.get("channel"), message.get("e")} & set(but):
            heard.append(message)
    return heard


async def closed_with(socket):
    """The code that the simulator closes the connection with."""
    try:
        while True:
            await asyncio.wait_for(socket.recv(), 10)
    except websockets.ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def recorded(folder, frames=FRAMES):
    path = os.path.join(folder, "trades.ndjson")
    with open(path, "w") as out:
        out.write("\n".join(frames) + "\n")
    return path
