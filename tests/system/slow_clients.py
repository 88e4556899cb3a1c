"""Clients on bare sockets, for which the system keeps little, and which read only when they are told to: WebSocket, SignalR, event streams."""

import asyncio
import base64
import contextlib
import json
import os
import re
import selectors
import socket
import threading

import websockets
from pipeline import PATIENCE, running_time

SEQ = re.compile(rb'seq\\?":(\d+),')  # in SignalR's records JSON is a string
GAP = re.compile(rb"trades\.gap|event: gap|connection\.lost|event: lost")
RECEIVE_BUFFER = 4096
PING_S = 5  # a SignalR client's; who says nothing for 30 s is gone


async def keep_pinging(socket):
    """For a SignalR client over websockets."""
    with contextlib.suppress(websockets.ConnectionClosed):
        while True:
            await asyncio.sleep(PING_S)
            await socket.send('{"type":6}\x1e')


def masked(text):
    """A text frame from a client."""
    payload, mask = text.encode(), b"\0\0\0\0"
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return b"\x81" + length + mask + payload


def subscribe(symbol, **more):
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": {"channel": "trades", "symbol": symbol, **more}})


class SlowClient:
    """kind: ws, batch, signalr, sse. `seqs`: of the trades that it has read, in order; `told`: gaps and losses among what it has read."""

    def __init__(self, flow, kind="ws", symbol="BTC-USD", channel="trades", gateway="gateway0", trusted=None):
        self.kind, self.seqs, self.told, self.rest = kind, [], [], b""
        self.closed, self.turn = threading.Event(), threading.Lock()  # TLS is for one at a time
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", flow.port[gateway]))
        if trusted:  # over TLS
            self.socket = trusted.wrap_socket(self.socket, server_hostname="localhost")
        path = {"signalr": "/blockchain", "sse": f"/api/v1/stream?symbols={symbol if channel == 'trades' else f'{channel}.{symbol}'}"}.get(kind, "/ws")
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = "" if kind == "sse" else ("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                            f"Sec-WebSocket-Key: {key}\r\n")
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{upgrade}\r\n".encode())
        self.read_until(b"\r\n\r\n")
        if kind == "signalr":
            self.socket.sendall(masked('{"protocol":"json","version":1}\x1e'))
            self.read_until(b"{}\x1e")
            call = {"type": 1, "invocationId": "1", "target": "SendMessage", "arguments": [subscribe(symbol, channel=channel)]}
            self.socket.sendall(masked(json.dumps(call) + "\x1e"))
        elif kind != "sse":
            self.socket.sendall(masked(subscribe(symbol, channel=channel, batch=kind == "batch")))
        self.read_until(b"id: " if kind == "sse" else b"subscribed")
        if kind == "signalr":
            threading.Thread(target=self.keep_pinging, daemon=True).start()

    def keep_pinging(self):
        """It reads nothing, but lives."""
        while not self.closed.wait(PING_S):
            with self.turn, contextlib.suppress(OSError):
                self.socket.sendall(masked('{"type":6}\x1e'))

    def read_until(self, wanted):
        while wanted not in self.rest:
            self.rest += self.read()
        self.rest = self.rest[self.rest.index(wanted) + len(wanted):]

    def read(self):
        with self.turn:
            part = self.socket.recv(65536)
        assert part, f"{self.kind}: the connection ended: {self.rest[-300:]}"
        return part

    def take(self):
        """Reads what there is, once."""
        self.rest += self.read()
        end = 0
        for found in SEQ.finditer(self.rest):
            self.seqs.append(int(found[1]))
            end = found.end()
        self.told += GAP.findall(self.rest[:end])
        self.rest = self.rest[end:]

    def close(self):
        self.closed.set()
        self.socket.close()


def read_on(clients, last):
    """All read until each has the trade of that number."""
    deadline = running_time() + PATIENCE
    with selectors.DefaultSelector() as ready:
        for client in clients:
            if not client.seqs or client.seqs[-1] < last:
                ready.register(client.socket, selectors.EVENT_READ, client)
        while ready.get_map():
            assert running_time() < deadline, [(client.kind, client.seqs[-1:], client.told) for client in clients]
            for key, _ in ready.select(1):
                key.data.take()
                if key.data.seqs and key.data.seqs[-1] >= last:
                    ready.unregister(key.fileobj)


def assert_every_trade_once(client, first, last):
    assert client.seqs == list(range(first, last + 1)), (client.kind, client.told)
    assert client.told == [], client.kind
