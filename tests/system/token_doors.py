"""Every door that a token can be brought to, in bytes, and what each must say to one that is refused (auth.md)."""

import contextlib
import json
import socket
import struct
import time
import urllib.parse

PATIENCE = 20
SYMBOL = "BTC-USD"
WAITS = 3  # messages on a WebSocket that are answered
HEAD_MAX = 20480
UNAUTHENTICATED = -32001
TRADE = (b'"price"', b"trades.update", b'"tradeId"')  # a sign of one
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version": "13"}


def connect(port, trusted=None):
    """trusted: by TLS, with these certificates."""
    one = socket.create_connection(("127.0.0.1", port), PATIENCE)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # its port is free at once, of tens of thousands
    return trusted.wrap_socket(one, server_hostname="127.0.0.1") if trusted else one


def request(method, path, token=None, **fields):
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines + ([f"Authorization: Bearer {token}"] if token else []) + ["", ""]).encode()


def masked(text):
    payload = text.encode()
    size = len(payload)
    head = struct.pack(">BB", 0x81, 0x80 | size) if size < 126 else struct.pack(">BBH", 0x81, 0xFE, size) if size < 65536 else \
        struct.pack(">BBQ", 0x81, 0xFF, size)
    return head + bytes(4) + payload


def call(identity, method, **params):
    return masked(json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": params}))


def frames(data):
    """(opcode, payload) of each whole frame of a server's, and what is left."""
    found = []
    while len(data) >= 2:
        size, begin = data[1], 2
        if size >= 126:
            begin = 4 if size == 126 else 10
            size = int.from_bytes(data[2:begin], "big")
        if len(data) < begin + size:
            break
        found.append((data[0] & 15, data[begin:begin + size]))
        data = data[begin + size:]
    return found, data


def read_until(one, enough):
    """What came until it was enough, or a trade, or the end. Who is let in by mistake may be sent things for ever."""
    got, deadline = b"", time.monotonic() + PATIENCE
    with contextlib.suppress(ConnectionError):
        while not enough(got) and not any(sign in got for sign in TRADE) and time.monotonic() < deadline:
            data = one.recv(65536)
            if not data:
                break
            got += data
    return got


def close_code(one):
    """Of a WebSocket that the server closes; None where it just ends."""
    closing = lambda got: next((payload for opcode, payload in frames(got.partition(b"\r\n\r\n")[2])[0] if opcode == 8), None)
    payload = closing(read_until(one, closing))
    return int.from_bytes(payload[:2], "big") if payload else None


def whole(answer):
    """Is the answer to a request whole?"""
    head, end, body = answer.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), None)
    return bool(end) and (b" 101 " in head[:16] or (length is not None and len(body) >= length))


class HttpDoor:
    """A door at which a request is answered: with a token in the header or in the query."""

    def __init__(self, method, path, place, upgrade=False):
        self.method, self.path, self.place, self.upgrade = method, path, place, upgrade
        self.name = f"{path.partition('?')[0]} {place}"

    def ask(self, token):
        fields = UPGRADE if self.upgrade else {"Content-Length": 0} if self.method == "POST" else {}
        if self.place == "header":
            return request(self.method, self.path, token, **fields)
        return request(self.method, f"{self.path}{'&' if '?' in self.path else '?'}access_token={urllib.parse.quote(token, safe='')}", **fields)

    def hear(self, one):
        return read_until(one, whole)

    def judge(self, token, why, answer):
        """What is wrong with the answer, or None."""
        head, _, body = answer.partition(b"\r\n\r\n")
        status = head[9:12].decode()
        if len(self.ask(token)) > HEAD_MAX:
            return None if status in ("414", "431", "") else f"expected 431, found {answer[:200]!r}"  # or none, while it was still being sent
        if status != "401" or b'error="invalid_token"' not in head:
            return f"expected 401 with a challenge, found {answer[:200]!r}"
        return None if json.loads(body).get("reason") == why else f"expected {why}, found {body!r}"


class SocketDoor:
    """The first message of a WebSocket, or a later one of a client that was let in, but may see nothing: whoever is refused asks for trades all the same."""

    def __init__(self, method, good=None):
        self.name, self.method, self.good = method, method, good

    def ask(self, token):
        return (request("GET", "/ws", self.good, **UPGRADE) + call(1, self.method, token=token) + call(2, "subscribe", channel="trades", symbol=SYMBOL) +
                call(3, "getRecentTrades", channel="trades", symbol=SYMBOL))

    def answers(self, got):
        return [json.loads(payload) for opcode, payload in frames(got.partition(b"\r\n\r\n")[2])[0] if opcode == 1]

    def hear(self, one):
        return read_until(one, lambda got: len(self.answers(got)) >= WAITS)

    def judge(self, token, why, answer):
        said = {one.get("id"): one.get("error", {}) for one in self.answers(answer)}
        if set(said) != {1, 2, 3} or b" 101 " not in answer[:16]:
            return f"expected three answers, found {answer[:500]!r}"
        if (said[1].get("code"), said[1].get("data")) != (UNAUTHENTICATED, {"reason": why}):
            return f"expected {why}, found {said[1]}"
        if not self.good and any(said[i].get("data") != {"reason": "no_token"} for i in (2, 3)):
            return f"expected no_token, found {said}"
        return None if said[2] and said[3] else f"was served: {answer[-500:]!r}"


def doors(guest):
    """All of them. guest: a good token of a client that may see nothing."""
    places = [("GET", "/ws", True), ("GET", "/blockchain", True), ("POST", "/blockchain/negotiate?negotiateVersion=1", False),
              ("GET", f"/api/v1/stream?symbols={SYMBOL}", False), ("GET", f"/api/v1/trades/{SYMBOL}?count=10", False)]
    return [*(HttpDoor(method, path, place, upgrade) for method, path, upgrade in places for place in ("header", "query")),
            HttpDoor("GET", "/api/v1/clients", "header"), HttpDoor("DELETE", f"/api/v1/history/{SYMBOL}", "header"),  # the operator's API knows no other place
            SocketDoor("authenticate"), SocketDoor("refreshToken", guest)]


def bring(door, port, tokens, trusted=None):
    """All tokens {name: (token, why)} at once, each on a connection of its own. {name: what is wrong}."""
    wrong, opened = {}, {}
    try:
        for name, (token, _) in tokens.items():
            opened[name] = connect(port, trusted)
            with contextlib.suppress(ConnectionError):
                opened[name].sendall(door.ask(token))
        for name, (token, why) in tokens.items():
            answer = door.hear(opened[name])
            found = f"got a trade: {answer[-500:]!r}" if any(sign in answer for sign in TRADE) else door.judge(token, why, answer)
            if found:
                wrong[f"{door.name}: {name}"] = found
    finally:
        for one in opened.values():
            one.close()
    return wrong
