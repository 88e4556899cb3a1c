"""Large messages, in large and in small pieces, and many of them, up to what the gateway takes (see ws_peer.py).

The bound, gatewayd.message_bytes, is the largest that can be configured, 16 MiB, so that no case has to be smaller than Autobahn's. A text's payload is the
id, and comes back; an answer is no longer than 16 MiB either, so that of the largest message a part stands beside the id, and only its end, without
which it is no JSON, shows that it is whole. A binary message is answered by an error, and by no second one.
"""

import contextlib
import time

import pytest
from pipeline import SANITIZED, get, until
from secure import metric
from ws_peer import (BEGIN, BINARY, MESSAGE_BYTES, NO_TEXT, PING, TEXT, WsPeer, cases, close, cut, dial, filler, fragments, frame, gateway, play,  # noqa: F401
                     request, sized)

KIB, MIB = 1 << 10, 1 << 20
SIZES = (64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB)
PIECES = (64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB)
CHOPS = (64, 128, 256, 512, KIB, 2 * KIB)
SMALL = (0, 16, 64, 256, 1024, 4096)
MESSAGES = 1000
TOO_LONG = ("close", 1009)
GIVEN_UP_S = 10  # BUDGET_PATIENCE, in ticks of a second


def message(opcode, size):
    """(a message of so many bytes, what is said to it)."""
    if opcode == BINARY:
        return filler(size), NO_TEXT
    if size < MESSAGE_BYTES:
        return sized(size)
    start, end = b'{"beside":"', b'",' + request(b"large")[1:]
    return start + filler(size - len(start) - len(end)) + end, ("answer", "large")


def pieces(opcode, size, piece):
    payload, answer = message(opcode, size)
    return [b"".join(fragments(opcode, cut(payload, piece)))], [answer]


def chops(opcode, size, chop):
    payload, answer = message(opcode, size)
    return cut(frame(opcode, payload), chop), [answer]


LARGE = {f"9.{group}.{i + 1}": (opcode, size) for group, opcode in ((1, TEXT), (2, BINARY)) for i, size in enumerate(SIZES)}
IN_PIECES = {f"9.{group}.{i + 1}": (opcode, size) for group, opcode in ((3, TEXT), (4, BINARY)) for i, size in enumerate(PIECES)}
IN_CHOPS = {f"9.{group}.{i + 1}": (opcode, size) for group, opcode in ((5, TEXT), (6, BINARY)) for i, size in enumerate(CHOPS)}
MANY = {f"9.{group}.{i + 1}": (opcode, size) for group, opcode in ((7, TEXT), (8, BINARY)) for i, size in enumerate(SMALL)}


@pytest.mark.parametrize("opcode, size", cases(LARGE))
def test_large_messages(dial, opcode, size):  # noqa: F811
    play(dial, *pieces(opcode, size, size))


@pytest.mark.parametrize("opcode, piece", cases(IN_PIECES))
def test_large_messages_in_fragments(dial, opcode, piece):  # noqa: F811
    play(dial, *pieces(opcode, 4 * MIB, piece))


@pytest.mark.parametrize("opcode, chop", cases(IN_CHOPS))
def test_large_messages_that_come_bit_by_bit(dial, opcode, chop):  # noqa: F811
    play(dial, *chops(opcode, MIB, chop))


@pytest.mark.parametrize("opcode, size", cases(MANY))
def test_many_messages(dial, opcode, size):  # noqa: F811
    """One after another, as with Autobahn."""
    payload, answer = message(opcode, size)
    whole = frame(opcode, payload)
    with dial() as peer:
        for _ in range(MESSAGES):
            peer.send(whole)
            peer.expect(answer)
        peer.send(close(1000))
        peer.expect_end(("close", 1000))


# --- beyond Autobahn's ---

@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_beyond_the_bound_ends_the_connection_however_it_comes(dial, opcode):  # noqa: F811
    over = b" " * (MESSAGE_BYTES + 1)
    half = [frame(opcode, BEGIN, fin=False), frame(0, over[:MESSAGE_BYTES // 2], fin=False), frame(0, over[:MESSAGE_BYTES // 2])]
    for chunks in ([frame(opcode, over)], half):
        play(dial, chunks, [TOO_LONG])


def test_a_frame_that_says_it_is_longer_than_all_memory_is_read_up_to_the_bound(dial):  # noqa: F811
    with dial() as peer:
        peer.send(b"\x81\xff" + (1 << 40).to_bytes(8, "big") + bytes(4))
        for _ in range(MESSAGE_BYTES // MIB):
            peer.send(b" " * MIB)
        peer.send(b" ")
        peer.expect(TOO_LONG)


@pytest.mark.skipif(SANITIZED, reason="a sanitizer keeps what is freed")
def test_what_many_leave_unfinished_has_a_bound_for_all(pipeline):
    """They count with what waits for clients (gatewayd.memory_bytes); whoever wants more than others is closed."""
    flow = pipeline()
    flow.config["gatewayd"].update(message_bytes=MIB, memory_bytes=8 * MIB)
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway")
    before, held = anonymous(flow), lambda: metric(flow, "dataflow_gateway_waiting_bytes")
    peers = [WsPeer(flow, "plain", "/ws", ()) for _ in range(40)]
    begun = frame(TEXT, b" " * 900_000, fin=False) + frame(PING)
    since = time.monotonic()
    for peer in peers:
        peer.send(begun)
    told = [peer.event() for peer in peers]
    assert told.count(("close", 1008)) >= 30 and told.count(("pong", b"")) >= 5
    assert held() <= 9 * MIB and anonymous(flow) - before < 24 * MIB
    for peer, event in zip(peers, told):
        if event == ("pong", b""):
            finish(peer, since)
        peer.__exit__()
    until(lambda: held() == 0, "nothing to be held")


def finish(peer, since):
    """Who has taken its time, which may be the machine's, had to give up what it held for others."""
    with contextlib.suppress(ConnectionError):
        peer.send(frame(0, request(b"whole after all")))
    event = peer.event()
    if event == ("close", 1008) and peer.reason == "too many bytes wait to be read, and others need the memory":
        assert time.monotonic() - since > GIVEN_UP_S - 1, "so long it may hold it"
    else:
        assert event == ("answer", "whole after all")


def anonymous(flow):
    status = open(f"/proc/{flow.processes['gateway0'].popen.pid}/status").read()
    return int(status.split("RssAnon:")[1].split()[0]) << 10
