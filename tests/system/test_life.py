"""Who is taken for dead and who is not: any frame from a client is life, and whoever the gateway closes is told why, and the log, too."""

import itertools
import json

import pytest
from handshake import Peer, call, closed_lines, frame, opened, request
from pipeline import PATIENCE, get, until

SHAKE = frame(1, b'{"protocol":"json","version":1}\x1e')


@pytest.fixture
def flow(pipeline):
    """A gateway alone, which soon takes a client for silent."""
    flow = pipeline()
    flow.config["gatewayd"].update(silence_ms=2000, message_bytes=1024)
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway")
    return flow


def hub(flow):
    peer = opened(flow, "/blockchain")
    peer.send(SHAKE)
    assert peer.frame() == (1, b"{}\x1e")
    return peer


def record(frames):
    """The last record of the hub's that came."""
    return json.loads([payload for opcode, payload in frames if opcode == 1][-1].rstrip(b"\x1e"))


def until_closed(flow, *lines):
    """The log says that the gateway has closed these, and nobody else."""
    until(lambda: len(closed_lines(flow)) >= len(lines), "the log to say so")
    assert sorted(closed_lines(flow)) == list(lines)


def test_whatever_comes_from_a_client_is_life(flow):
    """Each is pinged, and would be closed soon after; what it sends then is enough for the next ping to come instead."""
    text = call("ping")
    signs = {"an empty pong": itertools.repeat(frame(10)), "an unsolicited pong": itertools.repeat(frame(10, b"as I like")),
             "an empty ping": itertools.repeat(frame(9)), "a ping": itertools.repeat(frame(9, b"x")),
             "an empty text": itertools.repeat(frame(1, fin=False) + frame(0)), "a piece of a frame": (text[i:i + 1] for i in itertools.count())}
    peers = {name: opened(flow) for name in signs}
    for _ in range(2):
        for name, peer in peers.items():
            payload, before = peer.until_frame(9)
            assert payload == b"alive" and not any(opcode == 8 for opcode, _ in before), name
            peer.send(next(signs[name]))
    for name, peer in peers.items():
        peer.send(text[2:] if name == "a piece of a frame" else text)
        while True:
            answer = json.loads(peer.until_frame(1)[0])
            if answer["id"] == "ping":
                break
        peer.__exit__()
    assert closed_lines(flow) == []


def test_who_is_silent_is_told_so_at_the_end(flow):
    with opened(flow) as client, hub(flow) as other:
        (code, reason), before = client.close_frame()
        assert (9, b"alive") in before, "it was asked first"
        assert code == 1008 and reason.startswith("nothing received for ") and reason.endswith(" ms, not even a pong")
        (hub_code, hub_reason), before = other.close_frame()
        assert record(before) == {"type": 7, "error": hub_reason, "allowReconnect": True}
        assert hub_code == 1008 and hub_reason.startswith("Client timeout elapsed")
        for peer in (client, other):
            peer.send(frame(8))
            assert peer.stream.read() == b""
    until_closed(flow, ("signalr", 1008, hub_reason), ("ws", 1008, reason))


WRONG = {"too long": (frame(1, b"x" * 2000), 1009, "the message is too long"), "not UTF-8": (frame(1, b"\xff\xfe"), 1007, "expected UTF-8")}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_can_not_be_read_ends_a_client_with_a_reason(flow, wrong):
    sent, code, reason = WRONG[wrong]
    with opened(flow) as client, hub(flow) as other:
        for peer in (client, other):
            peer.send(sent)
            told, before = peer.close_frame()
            assert told == (code, reason)
        assert record(before) == {"type": 7, "error": reason, "allowReconnect": True}
    until_closed(flow, ("signalr", code, reason), ("ws", code, reason))


def test_the_hub_ends_with_its_record_and_a_reason(flow):
    for sent, code, reason in ((frame(2, b"x"), 1003, "expected a text frame"), (frame(1, b"[]\x1e"), 1000, "expected one JSON object in a record")):
        with hub(flow) as peer:
            peer.send(sent)
            told, before = peer.close_frame()
            assert told == (code, reason) and record(before)["error"] == reason
    with hub(flow) as peer:
        peer.send(frame(1, b'{"type":7}\x1e'))
        assert peer.close_frame()[0] == (1000, "")
    until_closed(flow, ("signalr", 1000, "expected one JSON object in a record"), ("signalr", 1003, "expected a text frame"))


def test_what_is_no_frame_is_a_protocol_error(flow):
    for sent in (frame(3), bytes([0xc1]) + frame(1)[1:], frame(9, fin=False), frame(0, b"x")):
        with opened(flow) as peer:
            peer.send(sent)
            code, reason = peer.close_frame()[0]
            assert code == 1002 and reason
            peer.send(frame(8))
            assert peer.stream.read() == b""
    until(lambda: len(closed_lines(flow)) == 4, "a line for each")
    assert {(transport, code) for transport, code, _ in closed_lines(flow)} == {("ws", 1002)}


def test_who_leaves_by_itself_is_not_logged_as_closed(flow):
    fds = lambda: len(list((flow.directory / "/proc" / str(flow.processes["gateway0"].popen.pid) / "fd").iterdir()))
    before = fds()
    with opened(flow), opened(flow) as polite, hub(flow):
        polite.send(frame(8))
        assert polite.frame()[0] == 8
    until(lambda: fds() <= before, "all connections to be gone")
    assert closed_lines(flow) == []


def test_a_gateway_that_ends_tells_every_client_and_the_log(pipeline):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--rate", "50")
    with opened(flow) as client, hub(flow) as other, Peer(flow, request("/api/v1/stream?symbols=BTC-USD")) as events:
        assert events.head()[0] == 200
        flow.processes["gateway0"].popen.terminate()
        code, reason = client.close_frame()[0]
        assert code == 1012 and reason
        told, before = other.close_frame()
        assert told == (code, reason) and record(before) == {"type": 7, "allowReconnect": True}
        for peer in (client, other):
            peer.send(frame(8))
        assert events.stream.read().endswith(b"\n\n")
    flow.processes["gateway0"].popen.wait(PATIENCE)
    until_closed(flow, ("signalr", 1012, reason), ("sse", 1012, "the gateway is shutting down"), ("ws", 1012, reason))
