"""Connections of those who attack: many at once, that say what they like and mostly don't listen."""

import contextlib
import json
import selectors
import socket
import struct
import threading

UPGRADE = (b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
PATIENCE = 20


def rpc(identity, method, **params):
    return json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": params})


def frame(text):
    payload = text.encode()
    size = len(payload)
    head = struct.pack(">BB", 0x81, 0x80 | size) if size < 126 else struct.pack(">BBH", 0x81, 0xFE, size) if size < 65536 else \
        struct.pack(">BBQ", 0x81, 0xFF, size)
    return head + bytes(4) + payload


def connect(port, receive_bytes=None, trusted=None):
    """None when it is refused. trusted: by TLS, with these certificates."""
    one = socket.socket()
    if receive_bytes:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    one.settimeout(PATIENCE)
    try:
        one.connect(("127.0.0.1", port))
        return trusted.wrap_socket(one, server_hostname="127.0.0.1") if trusted else one
    except OSError:
        one.close()
        return None


class Swarm:
    """Sockets that are closed together. What fails on one is no failure: who is attacked may end the connection."""

    def __init__(self):
        self.sockets, self.failed, self.received = [], 0, 0
        self.ended, self.reader = threading.Event(), None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        if self.reader:
            self.reader.join()
        for one in self.sockets:
            one.close()

    def open(self, port, count, first=b"", receive_bytes=None, trusted=None):
        """Connects so many, one after the other, and sends each one's first bytes."""
        for _ in range(count):
            one = connect(port, receive_bytes, trusted)
            self.failed += one is None
            if one:
                self.sockets.append(one)
                self.send(one, first)

    def send(self, one, data):
        """False when it was not taken."""
        try:
            one.sendall(data)
            return True
        except OSError:
            self.failed += 1
            return False

    def send_all(self, data):
        for one in self.sockets:
            self.send(one, data)

    def read_all(self):
        """From now on what comes is read and thrown away."""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with selectors.DefaultSelector() as selector:
            for one in self.sockets:
                selector.register(one, selectors.EVENT_READ)
            while not self.ended.is_set():
                for key, _ in selector.select(0.1):
                    data = b""
                    with contextlib.suppress(OSError):
                        data = key.fileobj.recv(1 << 20)
                    self.received += len(data)
                    if not data:
                        selector.unregister(key.fileobj)


def http(method, path, body=b"", host="127.0.0.1", **fields):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def ask_http(port, request):
    """The status, or 0 when the connection just ended."""
    one = connect(port)
    if not one:
        return 0
    with one, contextlib.suppress(OSError, IndexError, ValueError):
        one.sendall(request)
        return int(one.recv(4096).split()[1])
    return 0
