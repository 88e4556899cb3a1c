"""ZMTP 3 by hand (https://rfc.zeromq.org/spec/23/): what libzmq would not send."""

import socket
import struct

from swarm import connect

GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
MORE, LONG, COMMAND = 1, 2, 4
MIB = 1 << 20


def ready(kind):
    body = b"\x05READY" + b"\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind
    return bytes([COMMAND, len(body)]) + body


def part(body, more=False):
    """A frame of a message."""
    flags = MORE if more else 0
    return (bytes([flags, len(body)]) if len(body) < 256 else bytes([flags | LONG]) + struct.pack(">Q", len(body))) + body


def request(body):
    """As a REQ sends it."""
    return part(b"", True) + part(body)


def peer(port, kind, receive_bytes=None):
    """A socket on which the handshake is done; None when it was refused."""
    one = connect(port, receive_bytes)
    if not one:
        return None
    try:
        one.sendall(GREETING + ready(kind))
        got = b""
        while len(got) < len(GREETING) + 2:
            data = one.recv(4096)
            if not data:
                raise ConnectionError
            got += data
        return one
    except OSError:
        one.close()
        return None


def pour(one, pieces, over):
    """Sends the pieces until `over` says that it is enough, or the peer ends it. Returns the bytes that went, and whether it was ended."""
    sent = 0
    one.settimeout(0.5)
    for piece in pieces:
        view = memoryview(piece)
        while view:
            if over():
                return sent, False
            try:
                went = one.send(view)
            except socket.timeout:
                continue
            except OSError:
                return sent, True
            sent += went
            view = view[went:]
    return sent, False
