"""permessage-deflate: trades are compressed once for all who take them so, and what clients compress is understood, within bounds."""

import asyncio
import json
import socket as socketlib
import struct
import zlib

import pytest
import websockets
from clients import Client, assert_once_and_in_order, cursor
from page import as_rows, browser, chromium, history, opened  # noqa: F401 (fixtures)
from pipeline import PATIENCE, until
from test_real_trades import assert_all, real  # noqa: F401 (a fixture)
from transports import Node, PythonWebsockets

SYMBOLS = ["BTC-USD", "ETH-USD"]
ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


def subscribe(**more):
    params = {"channel": "trades", "symbol": "BTC-USD", **more}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": params})


@pytest.fixture
def flow(pipeline):
    flow = pipeline(symbols=SYMBOLS)
    flow.config["gatewayd"]["deflate"] = True
    return flow.start_all("--symbols", ",".join(SYMBOLS), "--rate", 2000)


class Raw:
    """A client that shows frames as they are."""

    def __init__(self, flow, offer=None, path="/ws"):
        self.socket = socketlib.create_connection(("127.0.0.1", flow.port["gateway0"]), timeout=PATIENCE)
        self.file = self.socket.makefile("rb")
        offered = f"Sec-WebSocket-Extensions: {offer}\r\n" if offer else ""
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{offered}\r\n").encode())
        lines = []
        while (line := self.file.readline().strip()):
            lines.append(line.decode())
        assert " 101 " in lines[0], lines
        self.answer = [line.split(": ", 1)[1] for line in lines if line.lower().startswith("sec-websocket-extensions")]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, payload, first=0x81):
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else \
            b"\xfe" + struct.pack(">H", len(payload)) if len(payload) < 65536 else b"\xff" + struct.pack(">Q", len(payload))
        self.socket.sendall(bytes([first]) + length + bytes(4) + payload)

    def receive(self):
        """The first byte, and the payload as it came."""
        first, length = self.file.read(2)
        if length >= 126:
            length = int.from_bytes(self.file.read(2 if length == 126 else 8), "big")
        return first, self.file.read(length)

    def messages(self, count):
        """So many: (was it compressed?, the bytes on the way, the text)."""
        found = []
        while len(found) < count:
            first, payload = self.receive()
            assert first & 0x8f == 0x81, hex(first)
            found.append((bool(first & 0x40), len(payload), expand(payload) if first & 0x40 else payload))
        return found


def compress(text):
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def expand(payload):
    """As a client does that forgets what was before, and needs no more window than it was told of."""
    return zlib.decompressobj(wbits=-12).decompress(payload + b"\x00\x00\xff\xff")


AGREED = {
    "permessage-deflate": ANSWER,
    "permessage-deflate; client_max_window_bits": ANSWER,
    "permessage-deflate; client_no_context_takeover; server_no_context_takeover": ANSWER,
    "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12": ANSWER + "; server_max_window_bits=12",
    "permessage-deflate; server_max_window_bits=15": ANSWER + "; server_max_window_bits=12",
    "permessage-deflate; server_max_window_bits=9, permessage-deflate; client_max_window_bits": ANSWER,
    "x-other, permessage-deflate": ANSWER,
}


@pytest.mark.parametrize("offer", AGREED)
def test_what_we_can_do_is_agreed_on(flow, offer):
    with Raw(flow, offer) as client:
        assert client.answer == [AGREED[offer]]
        client.send(subscribe(count=10).encode())
        found = client.messages(200)
        assert not found[0][0], "an answer is nobody else's"
        assert all(packed for packed, _, _ in found[1:])
        assert_once_and_in_order([json.loads(text)["params"] for _, _, text in found[1:]])


@pytest.mark.parametrize("offer", [None, "x-other", "permessage-deflate; server_max_window_bits=9", "permessage-deflate; unknown",
                                   "permessage-deflate; server_max_window_bits"])
def test_others_get_frames_as_they_are(flow, offer):
    with Raw(flow, offer) as client:
        assert client.answer == []
        client.send(subscribe().encode())
        assert not any(packed for packed, _, _ in client.messages(200))


def test_it_is_off_by_default(pipeline):
    flow = pipeline(symbols=SYMBOLS).start_all("--symbols", ",".join(SYMBOLS), "--rate", 2000)
    with Raw(flow, "permessage-deflate") as client:
        assert client.answer == []
        client.send(subscribe().encode())
        assert not any(packed for packed, _, _ in client.messages(200))


def test_signalr_has_none(flow):
    with Raw(flow, "permessage-deflate", "/blockchain") as client:
        assert client.answer == []


def test_batches_are_compressed_as_one(flow):
    with Raw(flow) as keeper:  # of the ring
        keeper.send(subscribe(count=1).encode())
        start = json.loads(keeper.messages(1500)[0][2])["result"]["cursor"]
        with Raw(flow, "permessage-deflate") as client, Raw(flow) as plain:
            for one in client, plain:
                one.send(subscribe(batch=True, since=start).encode())
            assert not any(packed for packed, _, _ in plain.messages(10))
            found = client.messages(10)[1:]
    trades = [part["params"] for _, _, text in found for part in json.loads(text)]
    assert cursor({**trades[0], "seq": trades[0]["seq"] - 1}) == start
    assert_once_and_in_order(trades)
    large = [(packed, size, len(text)) for packed, size, text in found if len(text) > 20000]
    assert large and all(packed and size * 3 < length for packed, size, length in large), large


def test_a_subscription_goes_on_where_it_changes_to_batches_and_back(flow):
    async def run():
        async with Client(flow.url()) as client:
            for batch in (False, True, False, True):
                await client.subscribe("BTC-USD", batch=batch)
                have = len(client.trades)
                await client.until(lambda: len(client.trades) >= have + 500, "500 more trades")
            assert_once_and_in_order(client.trades)
            assert client.batches

    asyncio.run(run())


def test_who_comes_back_has_all_it_missed(flow):
    async def run():
        async with Client(flow.url()) as client, Client(flow.url()) as plain:
            assert client.socket.extensions
            await client.subscribe("BTC-USD")
            await plain.subscribe("BTC-USD")
            await client.until(lambda: len(client.trades) >= 100, "100 trades")
            trades = client.trades
            await plain.until(lambda: len(plain.trades) >= 1500, "1,500 trades")
        async with Client(flow.url()) as client:
            assert (await client.subscribe("BTC-USD", since=cursor(trades[-1])))["recovered"]
            await client.until(lambda: len(client.trades) >= 2000, "2,000 trades")
            assert_once_and_in_order(trades + client.trades)

    asyncio.run(run())


def test_what_a_client_compresses_is_understood(flow):
    async def run():
        async with websockets.connect(flow.url(), ping_interval=None) as socket:
            for number in range(3):  # each without what was before
                await socket.send(json.dumps({"jsonrpc": "2.0", "id": "x" * 500 + str(number), "method": "ping"}))
                answer = json.loads(await socket.recv())
                assert answer["id"] == "x" * 500 + str(number) and "result" in answer
            await socket.ping()
            await socket.send(["[" + '{"jsonrpc":"2.0","id":1,"method":"ping"},' * 50, '{"jsonrpc":"2.0","id":1,"method":"ping"}', "]"])
            assert len(json.loads(await socket.recv())) == 51

    asyncio.run(run())


def resident(flow):
    status = open(f"/proc/{flow.processes['gateway0'].popen.pid}/status").read()
    return int(status.split("VmHWM:")[1].split()[0])


def test_a_bomb_is_refused_without_memory_for_it(flow):
    bomb = compress(bytes(50_000_000))
    assert len(bomb) < 65536
    with Raw(flow, "permessage-deflate") as client:
        client.send(b"{}")
        client.messages(1)
        before = resident(flow)
        client.send(bomb, 0xc1)
        first, payload = client.receive()
        assert first == 0x88 and payload[:2] == struct.pack(">H", 1009)
        assert resident(flow) - before < 4096, "KiB"


@pytest.mark.parametrize("transport", ["python3-websockets", "ws of npm"])
def test_real_trades_arrive_digit_for_digit(pipeline, recordings, real, transport, request):  # noqa: F811
    flow = pipeline(symbols=sorted(real))
    flow.config["gatewayd"]["deflate"] = True
    flow.start_all("--file", recordings / "trades-real.ndjson", "--rate", 2000, "--paused")
    flow.subscribed()
    client = PythonWebsockets(flow) if transport == "python3-websockets" else Node(flow, request.getfixturevalue("node_modules"))
    client.follow(sorted(real))
    flow.tell_simulator("/control/play")
    client.until(lambda: len(client.received) == sum(map(len, real.values())), "all real trades")
    assert_all(client.received, real)
    client.close()


def test_a_browser_takes_it_and_shows_the_very_digits(pipeline, browser):  # noqa: F811
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["gatewayd"]["deflate"] = True
    flow.start_all("--symbols", "BTC-USD", "--rate", 2000, "--paused")
    page = opened(browser, flow)
    agreed = page.evaluate("new Promise((open) => { const socket = new WebSocket(`ws://${location.host}/ws`);"
                           " socket.onopen = () => { open(socket.extensions); socket.close(); }; })")
    assert agreed.startswith("permessage-deflate")
    until(lambda: page.shown("state") == "Live", "the page to be live")
    flow.tell_simulator("/control/play?count=3000")
    until(lambda: page.number("received") == 3000 and page.number("missed") == 0, "3,000 trades")
    newest = as_rows(history(flow, "BTC-USD", 10)["trades"])
    until(lambda: page.rows()[:10] == newest, "the newest to be drawn, digit for digit")
