"""Handshakes and frames as bytes, for peers that no library would be."""

import json
import re
import socket
import struct

from pipeline import PATIENCE

KEY = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
VERSION = "Sec-WebSocket-Version: 13"


def upgrade(path="/ws", *more, key=KEY, version=VERSION):
    fields = ["Host: x", "Upgrade: websocket", "Connection: Upgrade", key, version, *more]
    return f"GET {path} HTTP/1.1\r\n".encode() + "".join(f"{field}\r\n" for field in fields if field).encode() + b"\r\n"


def request(path, *more, method="GET"):
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{''.join(f'{field}' + chr(13) + chr(10) for field in more)}\r\n".encode()


def frame(opcode, payload=b"", fin=True):
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
    return bytes([fin << 7 | opcode]) + length + bytes(4) + payload


def call(method, **params):
    return frame(1, json.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": params}).encode())


class Peer:
    """A connection on which bytes are sent as they are."""

    def __init__(self, flow, *bytes_to_send):
        self.socket = socket.create_connection(("127.0.0.1", flow.port["gateway0"]), timeout=PATIENCE)
        self.stream = self.socket.makefile("rb")
        self.send(*bytes_to_send)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def send(self, *parts):
        for part in parts:
            self.socket.sendall(part)

    def head(self):
        """(status, headers) of the next answer."""
        status = int(self.stream.readline().split()[1])
        return status, dict(line.decode().rstrip("\r\n").lower().split(": ", 1) for line in iter(self.stream.readline, b"\r\n"))

    def answer(self):
        """(status, headers, body) of one with a body."""
        status, headers = self.head()
        return status, headers, self.stream.read(int(headers["content-length"])).decode()

    def frame(self):
        """The next frame: (opcode, payload)."""
        first, length = self.stream.read(2)
        if length == 126:
            length, = struct.unpack(">H", self.stream.read(2))
        return first & 15, self.stream.read(length)

    def until_frame(self, opcode):
        """The payload of the next frame of that kind, and all frames before."""
        before = []
        while True:
            found, payload = self.frame()
            if found == opcode:
                return payload, before
            before.append((found, payload))

    def close_frame(self):
        """(code, reason) of the close frame, and the frames before."""
        payload, before = self.until_frame(8)
        return (struct.unpack(">H", payload[:2])[0], payload[2:].decode()), before


def opened(flow, path="/ws", *more):
    peer = Peer(flow, upgrade(path, *more))
    assert peer.head()[0] == 101
    return peer


def closed_lines(flow):
    """What the gateway has logged of the clients that it closed: (transport, code, reason)."""
    lines = re.findall(r" info .*closed by the gateway transport=(\S+) address=127\.0\.0\.1 code=(\d+) reason=(\"[^\"]*\"|\S+)",
                       flow.processes["gateway0"].log())
    return [(transport, int(code), reason.strip('"')) for transport, code, reason in lines]
