"""What attackers send to ZeroMQ sockets by zmtp.py, which libzmq would not send, and pour out until it is enough."""

import socket

from zmtp import Peer, frame as part  # noqa: F401

MIB = 1 << 20


def request(body):
    """As a REQ sends it."""
    return part(b"", True) + part(body)


def peer(port, kind, receive_bytes=None):
    """A socket on which the handshake is done; None when it was refused."""
    try:
        return Peer(f"127.0.0.1:{port}", kind.decode(), receive_bytes=receive_bytes).socket
    except (OSError, AssertionError):
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
