"""A WebSocket as bytes, plain or under TLS: frames of every form, well made or not, and what the gateway says to them.

The tests test_ws_*.py have a case for each of those of the Autobahn testsuite (github.com/crossbario/autobahn-testsuite, groups 1 to 7, 9, 10, 12 and 13), by
its number, written from RFC 6455 and RFC 7692. That suite wants an echo server. A gateway speaks JSON-RPC, so: a text message is a request, the payload is
its id, which comes back exactly as it was sent; a text that is too short to be one, or is no JSON, is answered by the error -32700, and so is each
binary message. Both say that a message has arrived, whole.
"""

import json
import socket
import ssl
import struct
import zlib

import pytest
from certificate import certificate
from handshake import upgrade
from pipeline import PATIENCE, Pipeline
from secure import context, listening, start

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
MESSAGE_BYTES = 16 << 20  # the most that can be configured
DEFLATE = "permessage-deflate; client_no_context_takeover; client_max_window_bits"
BEGIN, END = b'{"jsonrpc":"2.0","method":"ping","id":"', b'"}'
NO_JSON, NO_TEXT = ("error", "no JSON"), ("error", "no text")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """One for all cases of a file, without the other processes."""
    folder = tmp_path_factory.mktemp("gateway")
    flow = listening(Pipeline(folder, symbols=["BTC-USD"]), *certificate(folder, "gateway"))
    start(flow, message_bytes=MESSAGE_BYTES, deflate=True)
    flow.context = context(flow)
    yield flow
    flow.end()


@pytest.fixture(params=["plain", "TLS"])
def dial(gateway, request):
    """Makes a connection, open as a WebSocket."""
    return lambda *fields, path="/ws": WsPeer(gateway, request.param, path, fields)


# --- what is sent ---

def masked(payload, mask):
    whole = (mask * (len(payload) // 4 + 1))[:len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(len(payload), "big")


def frame(opcode, payload=b"", fin=True, rsv=0, mask=b"\x9c\x00\x5a\xff", length=None):
    """length: how many bytes it is written in; as few as it takes where it is not said. mask None: without one."""
    size, bit = len(payload), 0x80 if mask else 0
    length = length if length is not None else 0 if size < 126 else 2 if size < 65536 else 8
    said = bytes([bit | size]) if length == 0 else bytes([bit | (126 if length == 2 else 127)]) + size.to_bytes(length, "big")
    return bytes([fin << 7 | rsv << 4 | opcode]) + said + (mask + masked(payload, mask) if mask else payload)


def fragments(opcode, parts, rsv=0):
    """A message in so many frames; rsv: of the first."""
    last = len(parts) - 1
    return [frame(0 if i else opcode, part, fin=i == last, rsv=0 if i else rsv) for i, part in enumerate(parts)]


def cut(payload, size):
    return [payload[at:at + size] for at in range(0, len(payload), size)]


def in_one(*frames):
    return [b"".join(frames)]


def by_octet(*frames):
    return cut(b"".join(frames), 1)


def request(text):
    """text: bytes, as they are to stand between quotes in JSON."""
    return BEGIN + text + END


def filler(size):
    """No two pieces of it that begin at different places are the same, so that it matters where each byte stands."""
    return b"".join(b"%07x " % (i * 2654435761 % (1 << 28)) for i in range(size // 8 + 1))[:size]


def sized(size):
    """(a message of so many bytes, what is said to it)."""
    room = size - len(BEGIN) - len(END)
    return (request(filler(room)), ("answer", filler(room).decode())) if room >= 0 else (filler(size), NO_JSON)


def close(code=None, reason=b""):
    return frame(CLOSE, b"" if code is None else struct.pack(">H", code) + reason)


def deflated(payload, window=15, level=-1):
    packer = zlib.compressobj(level, wbits=-window)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


# --- what comes ---

class WsPeer:
    def __init__(self, gateway, transport, path, fields):
        number = 1 if transport == "TLS" else 0
        self.socket = socket.create_connection(("127.0.0.1", gateway.port[f"gateway{number}"]), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if transport == "TLS":
            self.socket = gateway.context.wrap_socket(self.socket, server_hostname="localhost")
        self.stream = self.socket.makefile("rb")
        self.socket.sendall(upgrade(path, *fields))
        status, self.fields = self.head()
        assert status == 101

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def head(self):
        status = int(self.stream.readline().split()[1])
        return status, dict(line.decode().rstrip("\r\n").lower().split(": ", 1) for line in iter(self.stream.readline, b"\r\n"))

    def send(self, *parts):
        for part in parts:
            self.socket.sendall(part)

    def event(self):
        """What the next frame says, or None at the end of the connection."""
        head = self.read(2)
        if not head:
            return None
        first, length = head
        assert first & 0xf0 == 0x80 and length < 128, "whole frames, unmasked, and not compressed"
        if length >= 126:
            length = int.from_bytes(self.read(2 if length == 126 else 8), "big")
        payload = self.read(length)
        if first & 15 == TEXT:
            return answer(json.loads(payload))
        if first & 15 == CLOSE:
            self.reason = payload[2:].decode()
            return "close", struct.unpack(">H", payload[:2])[0]
        return {PING: "ping", PONG: "pong"}[first & 15], payload

    def read(self, length):
        try:
            return self.stream.read(length)
        except (ssl.SSLEOFError, ConnectionResetError):
            return b""

    def expect(self, *events):
        for event in events:
            found = self.event()
            assert found == event, f"expected {shown(event)}, found {shown(found)}"

    def expect_end(self, *events):
        self.expect(*events, None)


def answer(said):
    if "result" in said:
        return "answer", said["id"]
    assert said["id"] is None and said["error"]["code"] == -32700
    return NO_TEXT if "found a binary one" in said["error"]["message"] else NO_JSON


def shown(event):
    return repr(event)[:200]


# --- a case ---

def play(dial, chunks, events, closing=True, **how):
    """Sends all, waits for an event where one stands between the chunks, and ends the connection: these events come, and no others."""
    with dial(*how.get("fields", ()), path=how.get("path", "/ws")) as peer:
        for chunk in chunks:
            if isinstance(chunk, bytes):
                peer.send(chunk)
            else:
                peer.expect(chunk)
        broken = events and events[-1][0] == "close"
        if closing:
            peer.send(close(1000))
        peer.expect_end(*events, *([("close", 1000)] if closing and not broken else []))


def cases(table):
    """For pytest.mark.parametrize: {number: (chunks, events)}."""
    return [pytest.param(chunks, events, id=number) for number, (chunks, events) in table.items()]
