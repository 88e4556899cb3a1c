"""A peer of a ZeroMQ socket that is made by hand, so that it can do what no library does (https://rfc.zeromq.org/spec/23/)."""

import socket
import struct

from pipeline import PATIENCE

PING = b"\x04\x07\x04PING\x00\x00"


def frame(body, more=False):
    if len(body) < 256:
        return bytes([1 if more else 0, len(body)]) + body
    return bytes([3 if more else 2]) + struct.pack(">Q", len(body)) + body


class Peer:
    """Has shaken hands, as a socket of that kind."""

    def __init__(self, address, kind, **options):
        host, port = address.rsplit(":", 1)
        self.socket = connect(host, int(port), **options)
        self.socket.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\x00") + bytes(32))
        self.read(64)
        kind = kind.encode()
        ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind
        self.socket.sendall(b"\x04" + bytes([len(ready)]) + ready)
        self.read(self.read(2)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read(self, length):
        data = bytearray()
        while len(data) < length:
            more = self.socket.recv(length - len(data))
            assert more, "the connection was closed"
            data += more
        return data

    def send(self, *frames):
        self.socket.sendall(b"".join(frame(body, more=i + 1 < len(frames)) for i, body in enumerate(frames)))

    def sent_until_closed(self, data, limit):
        """Sends that again and again, until the other side closes; how many bytes until then, or the limit."""
        sent = 0
        try:
            while sent < limit:
                sent += self.socket.send(data)
        except ConnectionError:
            pass
        return sent

    def wait_closed(self):
        """Until the other side has closed, whatever it sends before."""
        try:
            while self.socket.recv(1 << 20):
                pass
        except ConnectionError:
            pass

    def reset(self):
        """Goes without a word."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def connect(host, port, receive_bytes=None):
    connection = socket.socket()
    if receive_bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.settimeout(PATIENCE)
    try:
        connection.connect((host, port))
    except BrokenPipeError:
        pass  # closed by the other side already: whoever reads will see
    return connection
