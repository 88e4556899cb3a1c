"""What a client that only waits costs the gateway in memory. make bench has the figure for thousands (BENCHMARKS.md)."""

import pytest
from pipeline import SANITIZED
from ws_peer import PING, TEXT, WsPeer, cut, deflated, fragments, frame, gateway, request  # noqa: F401

pytestmark = pytest.mark.skipif(SANITIZED, reason="a sanitizer has a malloc of its own, and keeps what is freed")
CLIENTS = 100
ANSWER = ("answer", "hello")
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"


def heap_kib(flow):
    """Of its own: a library's code that is used for the first time does not count."""
    status = open(f"/proc/{flow.processes['gateway0'].popen.pid}/status").read()
    return int(status.split("RssAnon:")[1].split()[0])


def opened(gateway, transport, frames, events):  # noqa: F811
    peers = [WsPeer(gateway, transport, "/ws", [DEFLATE]) for _ in range(CLIENTS)]
    for peer in peers:
        peer.send(*frames)
        peer.expect(*events)
    return peers


@pytest.mark.parametrize("transport, kib", [("plain", 2.5), ("TLS", 16)])
def test_who_has_been_answered_and_waits_costs_little_whatever_was_said(gateway, transport, kib):  # noqa: F811
    hello = frame(TEXT, request(b"hello"))
    ping = frame(PING, b"in two parts")
    said = {"a request": ([hello], [ANSWER]), "a compressed one": (fragments(TEXT, cut(deflated(request(b"hello")), 9), rsv=4), [ANSWER]),
            "a ping in two parts": ([ping[:9], ping[9:], hello], [("pong", b"in two parts"), ANSWER]),
            "a long request": ([frame(TEXT, request(b"hello") + b" " * 60000)], [ANSWER])}
    peers = opened(gateway, transport, [hello], [ANSWER])  # what is in use from now on is there
    try:
        for what, (frames, events) in said.items():
            before = heap_kib(gateway)
            peers += opened(gateway, transport, frames, events)
            each = (heap_kib(gateway) - before) / CLIENTS
            assert each <= kib, f"{each:.2f} KiB behind {what}"
    finally:
        for peer in peers:
            peer.__exit__()
