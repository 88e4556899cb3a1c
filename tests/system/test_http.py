"""HTTP as it stands on the wire, of the gateway and of the probes: requests in pieces, in rows, too long, bad, and those that become WebSockets."""

import email.utils
import json
import re
import shutil
import socket
import struct
import time

import pytest
from pipeline import PATIENCE, SANITIZED, get, until

HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
UPGRADE = (b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")


@pytest.fixture
def flow(pipeline):
    """A gateway alone."""
    flow = pipeline()
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway")
    return flow


class Peer:
    """A connection on which bytes are sent as they are."""

    def __init__(self, flow, name="gateway0"):
        self.socket = socket.create_connection(("127.0.0.1", flow.port[name]), timeout=PATIENCE)
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def send(self, *parts):
        for part in parts:
            self.socket.sendall(part)

    def answer(self, head=False):
        """(status, headers, body) of the next answer."""
        status = int(self.stream.readline().split()[1])
        headers = dict(line.decode().rstrip("\r\n").lower().split(": ", 1) for line in iter(self.stream.readline, b"\r\n"))
        body = b"" if head or status in (101, 304) else self.stream.read(int(headers["content-length"]))
        return status, headers, body

    def frame(self):
        """The next frame from the gateway: (opcode, payload)."""
        first, length = self.stream.read(2)
        if length == 126:
            length, = struct.unpack(">H", self.stream.read(2))
        return first & 15, self.stream.read(length)

    def ended(self):
        """The gateway has closed it, and nothing came before."""
        return self.stream.read() == b""


def masked(text):
    payload = text.encode()
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload


def ping(number):
    return masked(json.dumps({"jsonrpc": "2.0", "id": number, "method": "ping"}))


def pong(peer):
    opcode, payload = peer.frame()
    assert opcode == 1
    return json.loads(payload)["id"]


def test_a_request_may_come_byte_by_byte(flow):
    with Peer(flow) as peer:
        for _ in range(2):
            peer.send(*(bytes([byte]) for byte in b"\r\n" + HEALTH))
            assert peer.answer()[0] == 200


def test_many_requests_in_one_go_are_answered_in_order_whatever_the_peer_takes_meanwhile(flow):
    """More than the system holds: the gateway waits until the peer reads."""
    page = get(f"http://{flow.address('gateway0')}/app.js")[1].encode()
    count = (8 << 20) // len(page)
    with Peer(flow) as peer:
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        peer.send(b"GET /app.js HTTP/1.1\r\nHost: x\r\n\r\nHEAD /app.js HTTP/1.1\r\nHost: x\r\n\r\n" * count + HEALTH)
        for _ in range(count):
            assert peer.answer()[::2] == (200, page)
            status, headers, _ = peer.answer(head=True)
            assert status == 200 and int(headers["content-length"]) == len(page)
        assert peer.answer()[2] == b'{"alive":true}\n'


def test_every_answer_tells_its_date(pipeline):
    """RFC 9110, section 6.6.1."""
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--rate", "10")
    for name, path in (("gateway0", "/"), ("gateway0", "/nothing"), ("gateway0", "/api/v1/trades/BTC-USD?count=0"), ("connectord_http", "/metrics"),
                       ("gateway0", "/api/v1/stream?symbols=BTC-USD")):
        with Peer(flow, name) as peer:
            peer.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            date = peer.answer(head=True)[1]["date"]
            told = email.utils.parsedate_to_datetime(date)
            assert email.utils.format_datetime(told, usegmt=True).lower() == date
            assert abs(told.timestamp() - time.time()) < PATIENCE, path


def test_heads_that_are_too_long_are_refused(flow):
    for text, status in ((b"GET /" + b"a" * 30000, 414), (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 30000, 431),
                         (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 100 + b"\r\n", 431)):
        with Peer(flow) as peer:
            peer.send(HEALTH + text)
            assert peer.answer()[0] == 200
            found, headers, _ = peer.answer()
            assert found == status and headers["connection"] == "close" and peer.ended()


def test_what_is_no_request_is_refused(flow):
    for text, status in ((b"nonsense\r\n", 400), (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/3.0\r\n", 505),
                         (b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n", 400), (b"GET / HTTP/1.1\nHost: x\n\n", 400),
                         (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400), (b"GET /%g HTTP/1.1\r\nHost: x\r\n\r\n", 400),
                         (b"GET / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n", 417)):
        with Peer(flow) as peer:
            peer.send(text)
            assert peer.answer()[0] == status, text


def test_a_head_has_its_time_however_it_trickles_in(flow):
    with Peer(flow) as slow, Peer(flow) as other:
        other.send(HEALTH)
        assert other.answer()[0] == 200
        slow.socket.settimeout(1)
        slow.send(b"GET / HTTP/1.1\r\nHost: ")
        heard, sent = None, 0
        while heard is None and sent < PATIENCE:
            try:
                heard = slow.socket.recv(100)
            except ConnectionError:
                heard = b""
            except TimeoutError:
                slow.send(b"x")
                sent += 1
        assert heard == b"" and sent > 5, "closed without a word, after a while"
        other.send(HEALTH)
        assert other.answer()[0] == 200


def test_who_says_nothing_more_still_gets_what_was_asked_for(flow):
    with Peer(flow) as peer:
        peer.send(HEALTH * 3 + b"GET /unfinished")
        peer.socket.shutdown(socket.SHUT_WR)
        assert [peer.answer()[0] for _ in range(3)] == [200] * 3 and peer.ended()


def test_a_body_is_not_read_and_does_not_harm_the_answer(flow):
    for head in (b"Content-Length: 4000000\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 4000000\r\nExpect: 100-continue\r\n"):
        with Peer(flow) as peer:
            peer.send(b"POST /health HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
            try:
                peer.send(*[b"x" * 4000] * 1000)
            except ConnectionError:
                pass  # the answer is here already
            status, headers, _ = peer.answer()
            assert status == 405 and headers["connection"] == "close"
    with Peer(flow) as peer:
        peer.send(b"DELETE /health HTTP/1.1\r\nHost: x\r\n\r\n" + HEALTH)
        assert [peer.answer()[0] for _ in range(2)] == [405, 200], "without a body the connection goes on"


def test_a_connection_ends_or_stays_as_is_said(flow):
    for head, connection in ((b"HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", "close"), (b"HTTP/1.0\r\n", "close")):
        with Peer(flow) as peer:
            peer.send(b"GET /health " + head + b"\r\n" + HEALTH)
            status, headers, _ = peer.answer()
            assert status == 200 and headers["connection"] == connection and peer.ended()
    with Peer(flow) as peer:
        peer.send(b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert peer.answer()[1]["connection"] == "keep-alive"
        peer.send(b"GET http://x/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert peer.answer()[0] == 200


def test_what_is_known_of_the_page_is_not_sent_again(flow):
    with Peer(flow) as peer:
        peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        weak, tag = peer.answer()[1]["etag"].encode().split(b"/")  # in small letters, as all of it here
        assert weak == b"w"
        peer.send(b"GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"x\", W/%s\r\n\r\n" % tag + HEALTH)
        status, headers, _ = peer.answer()
        assert status == 304 and "content-length" not in headers and peer.answer()[0] == 200


def test_the_first_frames_may_come_with_the_handshake(flow):
    with Peer(flow) as peer:
        peer.send(UPGRADE + ping(1) + ping(2)[:5])
        assert peer.answer()[0] == 101 and pong(peer) == 1
        peer.send(ping(2)[5:])
        assert pong(peer) == 2


def test_a_handshake_may_come_byte_by_byte(flow):
    with Peer(flow) as peer:
        peer.send(*(bytes([byte]) for byte in UPGRADE + ping(1)))
        assert peer.answer()[0] == 101 and pong(peer) == 1


def test_a_connection_that_was_asked_before_may_become_a_websocket(flow):
    with Peer(flow) as peer:
        peer.send(HEALTH)
        assert peer.answer()[0] == 200
        peer.send(HEALTH + UPGRADE + ping(1))
        assert [peer.answer()[0] for _ in range(2)] == [200, 101] and pong(peer) == 1
        peer.send(b"\x88\x80\0\0\0\0")
        assert peer.frame()[0] == 8


def test_a_handshake_elsewhere_is_refused_and_so_is_one_that_is_none(flow):
    for text, status in ((UPGRADE.replace(b"/ws", b"/other"), 404), (UPGRADE.replace(b"Upgrade: websocket", b"Upgrade: tea"), 400),
                         (UPGRADE.replace(b"HTTP/1.1", b"HTTP/1.0"), 400)):
        with Peer(flow) as peer:
            peer.send(text)
            assert peer.answer()[0] == status
    with Peer(flow) as peer:
        peer.send(UPGRADE.replace(b"Sec-WebSocket-Key", b"X"))
        assert peer.answer()[0] == 400


def test_peers_that_vanish_leave_nothing_behind(flow):
    fds = lambda: len(list((flow.directory / "/proc" / str(flow.processes["gateway0"].popen.pid) / "fd").iterdir()))
    before = fds()
    for text in (b"", HEALTH[:9], HEALTH * 50, b"GET /app.js HTTP/1.1\r\nHost: x\r\n\r\n" * 300, UPGRADE + ping(1), b"POST / HTTP/1.1\r\n" * 9):
        for _ in range(10):
            peer = socket.create_connection(("127.0.0.1", flow.port["gateway0"]), timeout=PATIENCE)
            peer.sendall(text)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            peer.close()
    until(lambda: fds() <= before, "all connections to be gone")
    assert get(f"http://{flow.address('gateway0')}/health")[0] == 200


def test_the_probes_speak_it_too(pipeline):
    flow = pipeline().start_all("--paused")
    for name in ("connectord_http", "cached_http"):
        with Peer(flow, name) as peer:
            peer.send(HEALTH * 2 + UPGRADE + b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\nPUT /health HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
            assert [peer.answer()[0] for _ in range(3)] == [200, 200, 404]
            status, headers, _ = peer.answer(head=True)
            assert status == 200 and int(headers["content-length"]) > 1000
            assert peer.answer()[0] == 405 and peer.ended()


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.skipif(SANITIZED, reason="a sanitizer makes system calls of its own")
def test_a_request_costs_two_system_calls(pipeline):
    """And a share of one that waits for the next ones: nothing in between is taken out of the loop, and put back."""
    flow = pipeline()
    flow.start_all("--rate", 200)
    calls = flow.directory / "calls"
    flow.wrapper = ("strace", "-D", "-f", "-c", "-U", "calls,name", "-o", str(calls))
    flow.start_gateway(1)
    flow.wait_ready("gateway1")
    requests = 2000
    with Peer(flow, "gateway1") as peer:
        for _ in range(requests):
            peer.send(b"GET /api/v1/trades/BTC-USD?count=5 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert peer.answer()[0] == 200
    flow.processes["gateway1"].stop()
    until(lambda: calls.exists() and "total" in calls.read_text(), "strace to have counted")
    count = {name: int(number) for number, name in re.findall(r"^\s*(\d+)\s+(\w+)$", calls.read_text(), re.M)}
    assert requests <= count["sendmsg"] < 1.1 * requests and count["epoll_ctl"] < 0.1 * requests, calls.read_text()
