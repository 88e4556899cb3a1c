#!/usr/bin/python3
"""Clients that do nothing wrong while others attack: what they see is the verdict.

    bystanders.py --gateway HOST:PORT [--trust FILE] [--token TOKEN] --symbols A-B,… --clients N --probe NAME=HOST:PORT …

A command a line on stdin is answered by a line of JSON on stdout:

    window          what was seen since the last window: lateness of trades, gaps, holes, doubles, ends of connections; answers to /health; and newcomers,
                    who come one after the other, ask for a ping and leave; and machine: how late somebody wakes up who only sleeps
    look            the same, and the window goes on
    places          {symbol: [epoch, seq] of the client that is the farthest behind}
    judge LEDGER    {symbol: trades of the simulator's ledger that the worst client lacks, behind its first one}

A client whose connection ends comes back with its cursors. Lateness is from the moment at which the exchange made the trade, by its timestamp.
"""

import argparse
import json
import os
import re
import selectors
import socket
import ssl
import struct
import sys
import threading
import time

PATIENCE = 10
PROBE_EVERY, NEWCOMER_EVERY, NAP, RETRY_AFTER = 0.05, 0.2, 0.01, 0.1
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
UPDATE = b'{"jsonrpc":"2.0","method":"trades.update","params":'
TRADE = re.compile(rb'"epoch":(\d+),"seq":(\d+),.*?"symbol":"([^"]+)","timestamp":"[^"]{14}(\d\d):(\d\d\.\d+)Z".*"tradeId":"([^"]+)"')


def upgrade(token):
    """The handshake, with a token in its header where there is one."""
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    return (f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{bearer}"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n").encode()


def frame(opcode, payload):
    head = struct.pack(">BB", 0x80 | opcode, 0x80 | len(payload)) if len(payload) < 126 else struct.pack(">BBH", 0x80 | opcode, 0xFE, len(payload))
    return head + bytes(4) + payload


def call(identity, method, **params):
    return frame(TEXT, json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": params}).encode())


def quantile(values, part):
    return round(sorted(values)[min(len(values) - 1, int(len(values) * part))], 2) if values else None


class Times:
    """Milliseconds, and how often there was no answer."""

    def __init__(self):
        self.ms, self.failed = [], 0

    def figures(self):
        return {"count": len(self.ms), "p50_ms": quantile(self.ms, 0.5), "p99_ms": quantile(self.ms, 0.99),
                "max_ms": quantile(self.ms, 1), "failed": self.failed}


def reach(address, trusted):
    one = socket.create_connection(address, timeout=PATIENCE)
    return trusted.wrap_socket(one, server_hostname=address[0]) if trusted else one


class Window:
    def __init__(self, probes):
        self.trades, self.newcomers, self.machine = Times(), Times(), Times()
        self.probes = {name: Times() for name in probes}
        self.counts = dict.fromkeys(("gaps", "holes", "doubles", "epochs", "closed", "unrecovered", "lost"), 0)

    def figures(self):
        return {"trades": self.trades.figures(), "newcomers": self.newcomers.figures(), "machine": self.machine.figures(), **self.counts,
                "health": {name: times.figures() for name, times in self.probes.items()}}


class Client:
    def __init__(self, crowd, symbols):
        self.crowd, self.symbols = crowd, symbols
        self.places, self.ids, self.firsts = {}, {s: set() for s in symbols}, {}
        self.socket, self.retry_at = None, 0

    def connect(self):
        self.buffer, self.open = bytearray(), False
        self.socket = reach(self.crowd.gateway, self.crowd.trusted)
        self.socket.sendall(self.crowd.upgrade)
        self.socket.setblocking(False)

    def subscribe(self):
        self.open = True
        for number, symbol in enumerate(self.symbols):
            since = {"since": "%d-%d" % self.places[symbol]} if symbol in self.places else {}
            self.socket.sendall(call(number, "subscribe", channel="trades", symbol=symbol, **since))

    def drop(self):
        self.socket.close()
        self.socket, self.retry_at = None, time.monotonic() + RETRY_AFTER

    def read(self):
        """False when the connection has ended."""
        try:
            data = self.socket.recv(1 << 18)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        now = time.time()
        self.buffer += data
        if not self.open:
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return bool(data)
            if b" 101 " not in head:
                return False
            self.buffer = rest
            self.subscribe()
        return self.take_frames(now) and bool(data)

    def take_frames(self, now):
        at, buffer = 0, self.buffer
        while len(buffer) >= at + 2:
            length, begin = buffer[at + 1], at + 2
            if length >= 126:
                size = 2 if length == 126 else 8
                if len(buffer) < begin + size:
                    break
                length, begin = int.from_bytes(buffer[begin:begin + size], "big"), begin + size
            if len(buffer) < begin + length:
                break
            opcode, payload = buffer[at] & 15, bytes(buffer[begin:begin + length])
            at = begin + length
            if opcode == CLOSE:
                return False
            if opcode == PING:
                self.socket.sendall(frame(PONG, payload))
            elif opcode == TEXT:
                self.take(payload, now)
        del buffer[:at]
        return True

    def take(self, text, now):
        counts = self.crowd.window.counts
        if text.startswith(UPDATE):
            self.take_trade(TRADE.search(text), now)
        elif b'"method":"trades.gap"' in text:
            counts["gaps"] += 1
        elif b'"method":"connection.lost"' in text:
            counts["lost"] += 1
        elif b'"recovered":false' in text:
            counts["unrecovered"] += 1
        elif b'"error"' in text:
            raise ConnectionError(text)

    def take_trade(self, found, now):
        counts, symbol = self.crowd.window.counts, found[3].decode()
        place, before = (int(found[1]), int(found[2])), self.places.get(symbol)
        self.crowd.window.trades.ms.append(((now - int(found[4]) * 60 - float(found[5])) % 3600) * 1000)
        if before and place[0] != before[0]:
            counts["epochs"] += 1
        elif before and place <= before:
            counts["doubles"] += 1
        elif before and place[1] > before[1] + 1:
            counts["holes"] += place[1] - before[1] - 1
        self.places[symbol] = place
        self.firsts.setdefault(symbol, found[6].decode())
        self.ids[symbol].add(found[6].decode())


class Crowd:
    def __init__(self, gateway, trusted, token, symbols, clients, probes):
        self.gateway, self.trusted, self.symbols, self.probes = gateway, trusted, symbols, probes
        self.upgrade = upgrade(token)
        self.window, self.selector = Window(probes), selectors.DefaultSelector()
        self.clients = [Client(self, symbols) for _ in range(clients)]
        self.commands = bytearray()
        self.selector.register(sys.stdin.fileno(), selectors.EVENT_READ, None)

    def tick(self):
        for client in self.clients:
            if client.socket is None and time.monotonic() >= client.retry_at:
                try:
                    client.connect()
                    self.selector.register(client.socket, selectors.EVENT_READ, client)
                except OSError:
                    client.retry_at = time.monotonic() + RETRY_AFTER

    def drop(self, client):
        self.window.counts["closed"] += 1
        self.selector.unregister(client.socket)
        client.drop()

    def serve(self, client):
        try:
            alive = client.read()
        except OSError:
            alive = False
        if not alive:
            self.drop(client)

    def run(self):
        while True:
            self.tick()
            for key, _ in self.selector.select(0.1):
                if key.data:
                    self.serve(key.data)
                elif not self.obey():
                    return

    def obey(self):
        data = os.read(sys.stdin.fileno(), 4096)
        self.commands += data
        *lines, rest = self.commands.split(b"\n")
        self.commands = bytearray(rest)
        for line in lines:
            verb, _, argument = line.decode().partition(" ")
            print(json.dumps(getattr(self, f"tell_{verb}")(*filter(None, [argument]))), flush=True)
        return bool(data)

    def tell_window(self):
        seen, self.window = self.window, Window(self.probes)
        return seen.figures()

    def tell_look(self):
        return self.window.figures()

    def tell_places(self):
        return {s: min(client.places.get(s, (0, 0)) for client in self.clients) for s in self.symbols}

    def tell_judge(self, path):
        with open(path, encoding="utf-8") as file:
            entries = [entry for entry in map(json.loads, file) if entry["event"] == "trade"]
        return {s: max(self.lacking(client, s, entries) for client in self.clients) for s in self.symbols}

    def lacking(self, client, symbol, entries):
        begun, missing = False, 0
        for entry in entries:
            if entry["symbol"] == symbol:
                begun = begun or entry["trade_id"] == client.firsts.get(symbol)
                missing += begun and entry["trade_id"] not in client.ids[symbol]
        return missing


def timed(times, ask):
    """Notes how long it took, or that it failed."""
    begin = time.monotonic()
    try:
        ask()
        times().ms.append((time.monotonic() - begin) * 1000)
    except (OSError, ValueError):
        times().failed += 1


def ask_health(address):
    with socket.create_connection(address, timeout=PATIENCE) as one:
        one.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        if b" 200 " not in one.recv(64):
            raise ConnectionError


def come_and_go(address, trusted, handshake):
    with reach(address, trusted) as one:
        one.sendall(handshake + call(1, "ping"))
        answer = b""
        while b'"pong"' not in answer:
            data = one.recv(4096)
            if not data:
                raise ConnectionError
            answer += data


def repeat(every, times, ask):
    pause = threading.Event()
    while True:
        timed(times, ask)
        pause.wait(every)


def sleep_on(crowd):
    pause = threading.Event()
    while True:
        due = time.monotonic() + NAP
        pause.wait(NAP)
        crowd.window.machine.ms.append((time.monotonic() - due) * 1000)


def address_of(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--gateway", type=address_of)
    options.add_argument("--trust", type=lambda path: ssl.create_default_context(cafile=path), help="by TLS, with the certificates of this file")
    options.add_argument("--token", help="where the gateway asks for one")
    options.add_argument("--symbols", type=lambda text: text.split(","))
    options.add_argument("--clients", type=int, default=4)
    options.add_argument("--probe", action="append", default=[], type=lambda text: text.split("=", 1))
    given = options.parse_args()
    probes = {name: address_of(address) for name, address in given.probe}
    crowd = Crowd(given.gateway, given.trust, given.token, given.symbols, given.clients, probes)
    jobs = [(PROBE_EVERY, lambda name=name: crowd.window.probes[name], lambda at=at: ask_health(at)) for name, at in probes.items()]
    jobs.append((NEWCOMER_EVERY, lambda: crowd.window.newcomers, lambda: come_and_go(given.gateway, given.trust, crowd.upgrade)))
    for job in jobs:
        threading.Thread(target=repeat, args=job, daemon=True).start()
    threading.Thread(target=sleep_on, args=(crowd,), daemon=True).start()
    crowd.run()


main()
