"""Whatever a client sends shows that it lives; and whoever the gateway closes is told by a close frame why, and so is the log."""

import asyncio
import os
import re
import socket
import struct

import pytest
from clients import Client, RpcError
from pipeline import PATIENCE

HANDSHAKE = (b"GET %s HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
TEXT, BINARY, CLOSE, PING, PONG, FIN = 1, 2, 8, 9, 10, 0x80
SILENCE_MS = 2000  # looked at once a second


class Raw:
    """A WebSocket without a library: it sends the frames that it is told to, and no others."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, flow, path=b"/ws"):
        self = cls(*await asyncio.open_connection(*flow.address("gateway0").split(":")))
        self.writer.write(HANDSHAKE % path)
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        assert b" 101 " in head, head
        return self

    def send(self, first_byte, payload=b""):
        mask = os.urandom(4)
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
        self.writer.write(bytes([first_byte]) + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    async def receive(self):
        """(opcode, payload) of the next frame."""
        first, second = await asyncio.wait_for(self.reader.readexactly(2), PATIENCE)
        length = second
        if length >= 126:
            length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
        return first & 15, await self.reader.readexactly(length)

    async def closed(self):
        """(code, reason) of the close frame; the connection ends behind it."""
        opcode = None
        while opcode != CLOSE:
            opcode, payload = await self.receive()
        self.send(FIN | CLOSE, payload[:2])
        assert await asyncio.wait_for(self.reader.read(), PATIENCE) == b""
        self.writer.close()
        return int.from_bytes(payload[:2], "big"), payload[2:].decode()


def start(pipeline, **gatewayd):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["gatewayd"].update(silence_ms=SILENCE_MS, **gatewayd)
    return flow.start_all("--symbols", "BTC-USD", "--rate", 20)


def assert_logged(flow, code, reason):
    flow.processes["gateway0"].wait_for_line(rf"client: closed.*address=127\.0\.0\.1.*code={code}.*{re.escape(reason)}")


LIVES = {
    "empty pongs": lambda client, n: client.send(FIN | PONG),
    "pongs that nobody asked for": lambda client, n: client.send(FIN | PONG, b"I am here"),
    "pings": lambda client, n: client.send(FIN | PING, b"are you?"),
    "a message in many parts": lambda client, n: client.send(0 if n else TEXT, b" "),
}


def test_whatever_a_client_sends_shows_that_it_lives(pipeline):
    flow = start(pipeline)

    async def live(say):
        """For three silences, as the gateway's own pings count them: one comes when nothing was heard for 0.4 of a silence."""
        client = await Raw.connect(flow)
        number = 0
        async with Client(flow.url()) as clock:
            await clock.subscribe("BTC-USD")
            while len(clock.trades) < 3 * 20 * SILENCE_MS // 1000:
                say(client, number)
                number += 1
                seen = len(clock.trades)
                await clock.until(lambda: len(clock.trades) >= seen + 20, "a second's trades")
        client.send(FIN | PING, b"last")
        opcode, payload = None, None
        while (opcode, payload) != (PONG, b"last"):
            opcode, payload = await client.receive()
            assert opcode != CLOSE, payload
        client.writer.close()

    async def run():
        await asyncio.gather(*(live(say) for say in LIVES.values()))

    asyncio.run(run())


@pytest.mark.parametrize("path", [b"/ws", b"/blockchain"])
def test_who_is_silent_is_told_so_and_closed(pipeline, path):
    flow = start(pipeline)

    async def run():
        client = await Raw.connect(flow, path)
        if path == b"/blockchain":
            client.send(FIN | TEXT, b'{"protocol":"json","version":1}\x1e')
        assert await client.closed() == (4408, f"nothing came for {SILENCE_MS} ms")

    asyncio.run(run())
    assert_logged(flow, 4408, f"nothing came for {SILENCE_MS} ms")


def test_who_takes_no_close_frame_is_dropped_all_the_same(pipeline):
    flow = start(pipeline)

    async def run():
        client = socket.create_connection((flow.address("gateway0").split(":")))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(HANDSHAKE % b"/ws")
        async with Client(flow.url()) as other:
            flow.processes["gateway0"].wait_for_line("client: closed.*code=4408")
            status = lambda: other.call("getStatus")
            while (await status())["clients"] > 1:
                await asyncio.sleep(0)
        client.close()

    asyncio.run(run())


BAD = {
    "not UTF-8": (b"/ws", FIN | TEXT, b"\xff\xfe", 1007, "expected UTF-8"),
    "too long": (b"/ws", FIN | TEXT, b"x" * 2000, 1009, "the message is too long"),
    "a binary record": (b"/blockchain", FIN | BINARY, b"{}\x1e", 1003, "expected a text frame"),
    "no handshake": (b"/blockchain", FIN | TEXT, b'{"type":6}\x1e', 1000, "expected a handshake"),
    "another protocol": (b"/blockchain", FIN | TEXT, '{"protocol":"'.encode() + "ß".encode() * 40 + b'","version":1}\x1e', 1000,
                         "Requested protocol"),
}


@pytest.mark.parametrize("what", BAD)
def test_who_breaks_the_protocol_is_told_how(pipeline, what):
    path, first_byte, payload, code, reason = BAD[what]
    flow = start(pipeline, message_bytes=1024)

    async def run():
        client = await Raw.connect(flow, path)
        client.send(first_byte, payload)
        found_code, found_reason = await client.closed()
        assert found_code == code and found_reason.startswith(reason)

    asyncio.run(run())
    assert_logged(flow, code, reason)


def test_a_gateway_that_ends_tells_its_clients(pipeline):
    flow = start(pipeline)

    async def run():
        clients = [await Raw.connect(flow, path) for path in (b"/ws", b"/blockchain")]
        clients[1].send(FIN | TEXT, b'{"protocol":"json","version":1}\x1e')
        assert await clients[1].receive() == (TEXT, b"{}\x1e")
        stopping = asyncio.get_running_loop().run_in_executor(None, flow.processes["gateway0"].stop)
        for client in clients:
            code, reason = await client.closed()
            assert code == 1012 and reason
        assert await stopping == 0

    asyncio.run(run())
    assert_logged(flow, 1012, "service restart")


def test_a_client_that_does_not_read_its_answers_is_told_when_it_does(pipeline):
    flow = start(pipeline, pending_bytes=65536)

    async def run():
        async with Client(flow.url()) as client:
            client.socket.transport.pause_reading()
            for number in range(4000):
                await client.send_raw(f'{{"jsonrpc":"2.0","id":{number},"method":"getStatus"}}')
            flow.processes["gateway0"].wait_for_line("client: closed.*code=1008")
            client.socket.transport.resume_reading()
            with pytest.raises((AssertionError, RpcError)):
                await client.until(lambda: False, "the end")
            assert (client.close_code, client.close_reason) == (1008, "too many bytes wait to be read")

    asyncio.run(run())
