"""RFC 6455 and RFC 7692 at the gateway, case by case, as its peers may send it: in frames of every form, well made or not."""

import json
import os
import struct
import zlib

import pytest
from handshake import Peer, opened, upgrade
from pipeline import get, until

DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"
LIMIT = 70000
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


@pytest.fixture
def flow(pipeline):
    """A gateway alone."""
    flow = pipeline()
    flow.config["gatewayd"].update(message_bytes=LIMIT, deflate=True)
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway")
    return flow


def masked(payload, mask):
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def frame(opcode, payload=b"", fin=True, rsv=0, mask=b"\x9c\x00\x5a\xff", length=None):
    """length: how many bytes it is written in; as few as it takes where it is not said. mask None: without one."""
    size, bit = len(payload), 0x80 if mask else 0
    length = length if length is not None else 0 if size < 126 else 2 if size < 65536 else 8
    said = bytes([bit | size]) if length == 0 else bytes([bit | (126 if length == 2 else 127)]) + size.to_bytes(length, "big")
    return bytes([fin << 7 | rsv << 4 | opcode]) + said + (mask + masked(payload, mask) if mask else payload)


def message(number, size=0):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "ping", "params": {}}).encode() + b" " * size


def deflated(payload, window=15):
    packer = zlib.compressobj(wbits=-window)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def answered(peer, number):
    """The next text frame answers the message with this number; the frames before it."""
    payload, before = peer.until_frame(TEXT)
    assert json.loads(payload)["id"] == number
    return before


def closed(peer):
    """The code of the close frame, and that the connection ends behind it."""
    (code, _), _ = peer.close_frame()
    peer.send(frame(CLOSE, struct.pack(">H", 1000)))
    assert peer.stream.read() == b""
    return code


def code(number, reason=b""):
    return struct.pack(">H", number) + reason


def test_messages_are_taken_in_frames_of_every_form(flow):
    cases = {
        "in one frame": frame(TEXT, message(1)),
        "with a mask of zeros": frame(TEXT, message(1), mask=bytes(4)),
        "with a length of 16 bits": frame(TEXT, message(1, 1000)),
        "with a length of 64 bits": frame(TEXT, message(1, 66000)),
        "byte by byte": b"".join(frame(0 if i else TEXT, message(1)[i:i + 1], fin=i == len(message(1)) - 1, mask=os.urandom(4))
                                 for i in range(len(message(1)))),
        "with empty fragments": frame(TEXT, fin=False) + frame(0, message(1), fin=False) + frame(0),
        "with a ping between": frame(TEXT, message(1)[:9], fin=False) + frame(PING, b"between") + frame(0, message(1)[9:]),
        "with a pong between": frame(TEXT, message(1)[:9], fin=False) + frame(PONG, b"between") + frame(0, message(1)[9:]),
        "a character cut in two": frame(TEXT, message(1)[:-1] + b', "x": "\xc3', fin=False) + frame(0, b'\xa9"}'),
    }
    for name, frames in cases.items():
        with opened(flow) as peer:
            peer.send(frames)
            before = answered(peer, 1)
            assert before == ([(PONG, b"between")] if "ping" in name else []), name
        with opened(flow) as peer:  # however it comes
            for i in range(0, min(len(frames), 200)):
                peer.send(frames[i:i + 1])
            peer.send(frames[200:])
            answered(peer, 1)


def test_pings_are_answered_with_what_they_carry(flow):
    with opened(flow) as peer:
        for payload in (b"", b"x", bytes(range(125)), b"\xff\xfe"):
            peer.send(frame(PING, payload))
            assert peer.frame() == (PONG, payload)
        peer.send(b"".join(frame(PING, b"%d" % i) for i in range(10)))
        assert [peer.frame() for _ in range(10)] == [(PONG, b"%d" % i) for i in range(10)]
        peer.send(frame(PONG, b"nobody asked"), frame(TEXT, message(1)))
        assert answered(peer, 1) == []


BROKEN = {
    "without a mask": frame(TEXT, message(1), mask=None), "a ping without a mask": frame(PING, mask=None), "a close without a mask": frame(CLOSE, mask=None),
    **{f"with reserved bits {rsv}": frame(TEXT, message(1), rsv=rsv) for rsv in range(1, 8)},
    **{f"of opcode {opcode}": frame(opcode, b"x") for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "a length of 16 bits for 5 bytes": frame(TEXT, b"12345", length=2), "a length of 64 bits for 5 bytes": frame(TEXT, b"12345", length=8),
    "a length of 64 bits for 300 bytes": frame(TEXT, bytes(300), length=8), "a control frame with a length of 16 bits": frame(PING, b"x", length=2),
    "a length with its top bit": b"\x81\xff" + b"\xff" * 8 + bytes(4), "a ping of 126 bytes": frame(PING, bytes(126)), "a close of 126 bytes": frame(CLOSE, code(1000, bytes(124))),
    "a ping in fragments": frame(PING, b"x", fin=False) + frame(0, b"y"), "a continuation of nothing": frame(0, b"x"), "an unfinished continuation of nothing": frame(0, b"x", fin=False),
    "a message within a message": frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), "a binary one within": frame(TEXT, b"x", fin=False) + frame(BINARY, b"y", fin=False),
    "a continuation too many": frame(TEXT, message(1), fin=False) + frame(0) + frame(0, b"x"),
    "a close of one byte": frame(CLOSE, b"\x03"),
    **{f"a close with code {number}": frame(CLOSE, code(number)) for number in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)},
}


def test_what_breaks_the_protocol_ends_the_connection_with_1002(flow):
    for path in ("/ws", "/blockchain"):
        for name, frames in BROKEN.items():
            with opened(flow, path) as peer:
                peer.send(frames)
                assert closed(peer) == 1002, (path, name)
    log = flow.processes["gateway0"].log()
    assert "an unmasked frame from a client" in log and "address=127.0.0.1" in log


def test_what_is_compressed_and_was_not_agreed_on_or_is_no_beginning_ends_it_too(flow):
    half = deflated(message(1))
    for name, frames in {"reserved bits besides": frame(TEXT, half, rsv=5), "a continuation": frame(TEXT, half[:5], fin=False, rsv=4) + frame(0, half[5:], rsv=4),
                         "a ping": frame(PING, b"x", rsv=4)}.items():
        with opened(flow, "/ws", DEFLATE) as peer:
            peer.send(frames)
            assert closed(peer) == 1002, name


def test_compressed_messages_are_taken_in_every_form(flow):
    packed = deflated(message(1))
    stored = zlib.compressobj(level=0, wbits=-15)
    raw = (stored.compress(message(1)) + stored.flush(zlib.Z_SYNC_FLUSH))[:-4]
    final = zlib.compressobj(wbits=-15)
    for name, frames in {"in one frame": frame(TEXT, packed, rsv=4), "in fragments": frame(TEXT, packed[:5], fin=False, rsv=4) + frame(0, packed[5:]),
                         "of a small window": frame(TEXT, deflated(message(1), 9), rsv=4), "stored": frame(TEXT, raw, rsv=4), "plain": frame(TEXT, message(1)),
                         "with an end of its own": frame(TEXT, final.compress(message(1)) + final.flush() + b"\x00", rsv=4)}.items():
        with opened(flow, "/ws", DEFLATE) as peer:
            peer.send(frames)
            answered(peer, 1), name
    with opened(flow, "/ws", DEFLATE) as peer:
        peer.send(frame(TEXT, deflated(bytes(LIMIT + 1)), rsv=4))
        assert closed(peer) == 1009
    with opened(flow, "/ws", DEFLATE) as peer:
        peer.send(frame(TEXT, b"\xff\xff\xff", rsv=4))
        assert closed(peer) == 1007


def test_extensions_are_agreed_on_as_rfc_7692_says(flow):
    agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    for offer, answer in {"permessage-deflate": agreed, "permessage-deflate; client_max_window_bits": agreed, "x-webkit-deflate-frame": None,
                          "permessage-deflate; server_max_window_bits=7, permessage-deflate": agreed, "permessage-deflate; unknown": None,
                          "permessage-deflate; server_max_window_bits=12": agreed + "; server_max_window_bits=12"}.items():
        with Peer(flow, upgrade("/ws", f"Sec-WebSocket-Extensions: {offer}")) as peer:
            status, headers = peer.head()
            assert status == 101 and headers.get("sec-websocket-extensions") == answer, offer


def test_the_handshake_is_answered_as_in_the_rfc(flow):
    with Peer(flow, upgrade(key="Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")) as peer:
        assert peer.head() == (101, {"upgrade": "websocket", "connection": "upgrade", "sec-websocket-accept": "s3pplmbitxaq9kygzzhzrbk+xoo="})


def test_texts_are_utf_8(flow):
    good = ["κόσμε", "\U0010ffff", "\U00010000", "\uffff", "\ue000", "\ud7ff", "\x7f"]
    bad = [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xfe", b"\xf5\x80\x80\x80", b"\x80", b"\xf0\x80\x80\x80"]
    with opened(flow) as peer:
        for text in good:
            peer.send(frame(TEXT, f'{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{}},"x":"{text}"}}'.encode()))
            answered(peer, 1)
    for payload in bad:
        with opened(flow) as peer:
            peer.send(frame(TEXT, b'{"x":"' + payload[:1], fin=False) + frame(0, payload[1:] + b'"}'))
            assert closed(peer) == 1007, payload
        with opened(flow) as peer:
            peer.send(frame(CLOSE, code(1000, payload)))
            assert closed(peer) == 1007, payload


def test_a_close_is_answered_with_its_code_and_what_comes_behind_it_is_not_read(flow):
    for number in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999):
        with opened(flow) as peer:
            peer.send(frame(TEXT, message(1)) + frame(CLOSE, code(number, "adiós".encode())) + frame(TEXT, message(2)) + frame(PING, b"late"))
            answered(peer, 1)
            assert peer.frame() == (CLOSE, code(number)) and peer.stream.read() == b""
    with opened(flow) as peer:
        peer.send(frame(CLOSE))
        assert peer.frame() == (CLOSE, code(1000)) and peer.stream.read() == b""


def test_a_message_that_is_too_long_ends_the_connection_however_it_comes(flow):
    for frames in (frame(TEXT, message(1, LIMIT)), frame(TEXT, b"[", fin=False) + frame(0, bytes(40000), fin=False) + frame(0, bytes(40000)),
                   b"\x81\xff" + struct.pack(">Q", 1 << 40) + bytes(4) + bytes(LIMIT + 1)):
        with opened(flow) as peer:
            peer.send(frames)
            (number, _), _ = peer.close_frame()
            assert number == 1009
