"""WebSocket frames at the gateway, case by case: framing, pings, reserved bits, opcodes, fragments and the closing handshake (see ws_peer.py)."""

import os

import pytest
from ws_peer import (BINARY, CLOSE, NO_JSON, NO_TEXT, PING, PONG, TEXT, by_octet, cases, close, cut, dial, fragments, frame, gateway, in_one,  # noqa: F401
                     play, request, sized)

BROKEN = ("close", 1002)
HELLO, HELLO_ANSWER = frame(TEXT, request(b"hello")), ("answer", "hello")
PARTS = cut(request(b"in two fragments"), 30)
TWO, TWO_ANSWER = fragments(TEXT, PARTS), ("answer", "in two fragments")
SIZES = (0, 125, 126, 127, 128, 65535, 65536)
BYTES = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"


def of_size(opcode, size, chop=None):
    payload, answer = sized(size)
    whole = frame(opcode, payload)
    return cut(whole, chop) if chop else [whole], [answer if opcode == TEXT else NO_TEXT]


FRAMING = {
    **{f"1.1.{i + 1}": of_size(TEXT, size) for i, size in enumerate(SIZES)}, "1.1.8": of_size(TEXT, 65536, 997),
    **{f"1.2.{i + 1}": of_size(BINARY, size) for i, size in enumerate(SIZES)}, "1.2.8": of_size(BINARY, 65536, 997),
}

PINGS = [frame(PING, b"payload-%d" % i) for i in range(10)]
PONGS = [("pong", b"payload-%d" % i) for i in range(10)]
PING_PONG = {
    "2.1": ([frame(PING)], [("pong", b"")]),
    "2.2": ([frame(PING, b"Hello, world!")], [("pong", b"Hello, world!")]),
    "2.3": ([frame(PING, BYTES)], [("pong", BYTES)]),
    "2.4": ([frame(PING, b"\xfe" * 125)], [("pong", b"\xfe" * 125)]),
    "2.5": ([frame(PING, b"\xfe" * 126)], [BROKEN]),
    "2.6": (by_octet(frame(PING, b"\xfe" * 125)), [("pong", b"\xfe" * 125)]),
    "2.7": ([frame(PONG)], []),
    "2.8": ([frame(PONG, b"unsolicited")], []),
    "2.9": (in_one(frame(PONG, b"unsolicited"), frame(PING, b"ping")), [("pong", b"ping")]),
    "2.10": (in_one(*PINGS), PONGS),
    "2.11": (by_octet(*PINGS), PONGS),
}

RESERVED = {
    "3.1": ([frame(TEXT, request(b"x"), rsv=1)], [BROKEN]),
    "3.2": (in_one(HELLO, frame(TEXT, request(b"x"), rsv=2), frame(PING)), [HELLO_ANSWER, BROKEN]),
    "3.3": ([HELLO, frame(TEXT, request(b"x"), rsv=3), frame(PING)], [HELLO_ANSWER, BROKEN]),
    "3.4": (by_octet(HELLO, frame(TEXT, request(b"x"), rsv=4), frame(PING)), [HELLO_ANSWER, BROKEN]),
    "3.5": ([frame(BINARY, BYTES, rsv=5)], [BROKEN]),
    "3.6": ([frame(PING, b"x", rsv=6)], [BROKEN]),
    "3.7": ([frame(CLOSE, b"\x03\xe8", rsv=7)], [BROKEN]),
}

OPCODES = {
    number: ([HELLO, frame(opcode, payload), frame(PING)] if first else [frame(opcode, payload)], [HELLO_ANSWER, BROKEN] if first else [BROKEN])
    for number, opcode, payload, first in (
        ("4.1.1", 3, b"", False), ("4.1.2", 4, b"reserved", False), ("4.1.3", 5, b"", True), ("4.1.4", 6, b"reserved", True), ("4.1.5", 7, b"reserved", True),
        ("4.2.1", 11, b"", False), ("4.2.2", 12, b"reserved", False), ("4.2.3", 13, b"", True), ("4.2.4", 14, b"reserved", True),
        ("4.2.5", 15, b"reserved", True))
}

NOTHING_ENDED = [frame(0, b"of nothing"), HELLO]
NOTHING_OPEN = [frame(0, b"of nothing", fin=False), HELLO]
FIVE = fragments(TEXT, cut(request(b"a message in five fragments"), 15))
FRAGMENTS = {
    "5.1": (in_one(frame(PING, b"one", fin=False), frame(0, b"two")), [BROKEN]),
    "5.2": (in_one(frame(PONG, b"one", fin=False), frame(0, b"two")), [BROKEN]),
    "5.3": (in_one(*TWO), [TWO_ANSWER]),
    "5.4": (TWO, [TWO_ANSWER]),
    "5.5": (by_octet(*TWO), [TWO_ANSWER]),
    "5.6": (in_one(TWO[0], frame(PING, b"between"), TWO[1]), [("pong", b"between"), TWO_ANSWER]),
    "5.7": ([TWO[0], frame(PING, b"between"), TWO[1]], [("pong", b"between"), TWO_ANSWER]),
    "5.8": (by_octet(TWO[0], frame(PING, b"between"), TWO[1]), [("pong", b"between"), TWO_ANSWER]),
    "5.9": (in_one(*NOTHING_ENDED), [BROKEN]),
    "5.10": (NOTHING_ENDED, [BROKEN]),
    "5.11": (by_octet(*NOTHING_ENDED), [BROKEN]),
    "5.12": (in_one(*NOTHING_OPEN), [BROKEN]),
    "5.13": (NOTHING_OPEN, [BROKEN]),
    "5.14": (by_octet(*NOTHING_OPEN), [BROKEN]),
    "5.15": (in_one(*TWO, *NOTHING_OPEN), [TWO_ANSWER, BROKEN]),
    "5.16": ([frame(0, b"of nothing", fin=False), *TWO] * 2, [BROKEN]),
    "5.17": ([frame(0, b"of nothing"), *TWO] * 2, [BROKEN]),
    "5.18": (in_one(TWO[0], frame(TEXT, PARTS[1])), [BROKEN]),
    # Autobahn waits a second in the middle; here it goes on when the pong is there.
    "5.19": ([b"".join([*FIVE[:2], frame(PING, b"1")]), ("pong", b"1"), b"".join([*FIVE[2:4], frame(PING, b"2"), *FIVE[4:]])],
             [("pong", b"2"), ("answer", "a message in five fragments")]),
    "5.20": ([*FIVE[:2], frame(PING, b"1"), ("pong", b"1"), *FIVE[2:4], frame(PING, b"2"), ("pong", b"2"), *FIVE[4:]],
             [("answer", "a message in five fragments")]),
}

AUTO_FRAGMENTED = {"10.1.1": (fragments(TEXT, cut(sized(65536)[0], 1300)), [sized(65536)[1]])}


@pytest.mark.parametrize("chunks, events", cases({**FRAMING, **PING_PONG, **RESERVED, **OPCODES, **FRAGMENTS, **AUTO_FRAGMENTED}))
def test_frames(dial, chunks, events):  # noqa: F811
    play(dial, chunks, events)


QUARTER, QUARTER_ANSWER = sized(256 << 10)
CLOSED = [("close", 1000)]
VALID_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
INVALID_CODES = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)
CLOSING = {
    "7.1.1": (in_one(HELLO, close(1000)), [HELLO_ANSWER, *CLOSED]),
    "7.1.2": (in_one(close(1000), close(1000)), CLOSED),
    "7.1.3": (in_one(close(1000), frame(PING)), CLOSED),
    "7.1.4": (in_one(close(1000), HELLO), CLOSED),
    "7.1.5": (in_one(TWO[0], close(1000), TWO[1]), CLOSED),
    "7.1.6": (in_one(frame(TEXT, QUARTER), close(1000), frame(PING)), [QUARTER_ANSWER, *CLOSED]),
    "7.3.1": ([close()], CLOSED),
    "7.3.2": ([frame(CLOSE, b"\x03")], [BROKEN]),
    "7.3.3": ([close(1000)], CLOSED),
    "7.3.4": ([close(1000, b"Hello World!")], CLOSED),
    "7.3.5": ([close(1000, b"*" * 123)], CLOSED),
    "7.3.6": ([close(1000, b"*" * 124)], [BROKEN]),
    "7.5.1": ([close(1000, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80\x65\x64\x69\x74\x65\x64")], [("close", 1007)]),
    **{f"7.7.{i + 1}": ([close(code)], [("close", code)]) for i, code in enumerate(VALID_CODES)},
    **{f"7.9.{i + 1}": ([close(code)], [BROKEN]) for i, code in enumerate(INVALID_CODES)},
    "7.13.1": ([close(5000)], [BROKEN]),
    "7.13.2": ([close(65535)], [BROKEN]),
    # Beyond Autobahn's: those that were registered since, and one that may not be sent.
    **{f"code {code}": ([close(code)], [("close", code)]) for code in (1012, 1013, 1014)},
    "code 1015": ([close(1015)], [BROKEN]),
}


@pytest.mark.parametrize("chunks, events", cases(CLOSING))
def test_the_closing_handshake(dial, chunks, events):  # noqa: F811
    play(dial, chunks, events, closing=False)


# --- beyond Autobahn's ---

FORMS = {
    "a mask of zeros": [frame(TEXT, request(b"hello"), mask=bytes(4))],
    "a mask each": [frame(0 if i else TEXT, part, fin=i == 11, mask=os.urandom(4)) for i, part in enumerate(cut(request(b"hello"), 4))],
    "empty fragments": [frame(TEXT, fin=False), frame(0, request(b"hello"), fin=False), frame(0, fin=False), frame(0)],
    "an empty ping, and a pong, between": [frame(TEXT, request(b"hello")[:9], fin=False), frame(PONG, b"x"), frame(0, request(b"hello")[9:])],
    "spaces around": [frame(TEXT, b" \r\n" + request(b"hello") + b" " * 70000)],
}


@pytest.mark.parametrize("form", FORMS)
def test_messages_are_taken_in_frames_of_every_form(dial, form):  # noqa: F811
    assert len(cut(request(b"hello"), 4)) == 12
    for chunks in (FORMS[form], in_one(*FORMS[form]), cut(b"".join(FORMS[form])[:300], 1) + [b"".join(FORMS[form])[300:]]):
        play(dial, chunks, [HELLO_ANSWER])


WRONG = {
    "no mask": frame(TEXT, request(b"x"), mask=None), "a ping without a mask": frame(PING, mask=None), "a close without a mask": frame(CLOSE, mask=None),
    **{f"reserved bits {rsv}": frame(TEXT, request(b"x"), rsv=rsv) for rsv in range(1, 8)},
    **{f"opcode {opcode}": frame(opcode, b"x") for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "a length of 16 bits for 5 bytes": frame(TEXT, b"12345", length=2), "a length of 64 bits for 5 bytes": frame(TEXT, b"12345", length=8),
    "a length of 64 bits for 300 bytes": frame(TEXT, bytes(300), length=8), "a control frame with a length of 16 bits": frame(PING, b"x", length=2),
    "a length with its top bit": b"\x81\xff" + b"\xff" * 8 + bytes(4), "a close of 126 bytes": frame(CLOSE, bytes(126)),
    "a binary message within a text": frame(TEXT, b"x", fin=False) + frame(BINARY, b"y", fin=False),
    "a continuation too many": frame(TEXT, b"x", fin=False) + frame(0, b"y", fin=False) + frame(PING, fin=False),
}


@pytest.mark.parametrize("path", ["/ws", "/blockchain"])
@pytest.mark.parametrize("what", WRONG)
def test_what_breaks_the_protocol_ends_the_connection_with_1002(dial, what, path):  # noqa: F811
    play(dial, [WRONG[what]], [BROKEN], path=path)


def test_a_close_frame_says_why(dial):  # noqa: F811
    with dial() as peer:
        peer.send(WRONG["no mask"])
        peer.expect(BROKEN)
        assert peer.reason == "an unmasked frame from a client"


def test_a_binary_message_ends_nothing(dial):  # noqa: F811
    play(dial, [frame(BINARY, b"x"), HELLO], [NO_TEXT, HELLO_ANSWER])


def test_the_hub_takes_no_binary_messages(dial):  # noqa: F811
    play(dial, [frame(BINARY, b"x")], [("close", 1003)], path="/blockchain")


def test_a_text_that_is_no_json_ends_nothing(dial):  # noqa: F811
    play(dial, [frame(TEXT, b"{}x"), *fragments(TEXT, [b"", b"", b""]), HELLO], [NO_JSON, NO_JSON, HELLO_ANSWER])
