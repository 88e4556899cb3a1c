"""permessage-deflate (RFC 7692) as clients use it, case by case (see ws_peer.py): offers of every form, and messages that are compressed.

Autobahn's groups 12 and 13 send messages of 18 forms, of five kinds with its usual offer (12.1 to 12.5), and of one kind with seven offers (13.1 to
13.7), a thousand each. Here as many are sent of each as make some 256 KiB, a hundred at most: to this server all messages are the first, since none
may build on those before it. Texts come back, of what is binary it is known that it could be inflated, or it would be broken. Answers are not
compressed: what is, trades, is looked at in test_deflate.py.
"""

import json
import random
import zlib

import pytest
from ws_peer import (BEGIN, BINARY, DEFLATE, END, MESSAGE_BYTES, NO_JSON, NO_TEXT, PING, TEXT, by_octet, close, cut, deflated, dial, fragments, frame,  # noqa: F401
                     gateway, in_one, play, request, sized)

AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
OF_12 = AGREED + "; server_max_window_bits=12"
RSV1 = 4
BROKEN, INVALID, TOO_LONG = ("close", 1002), ("close", 1007), ("close", 1009)
HELLO = request(b"hello")
HELLO_ANSWER = ("answer", "hello")


def offers(*texts):
    return [f"Sec-WebSocket-Extensions: {text}" for text in texts]


def agreed(dial, *texts):  # noqa: F811
    with dial(*offers(*texts)) as peer:
        return peer.fields.get("sec-websocket-extensions")


# --- Autobahn's ---

FORMS = [(size, 0) for size in (16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072)] + \
        [(size, 256) for size in (8192, 16384, 32768, 65536, 131072)] + [(131072, size) for size in (1024, 4096, 32768)]
KINDS = ("json", "bitmap", "prose", "html", "pdf")
OFFERS = [DEFLATE + more for more in (
    "", "; server_no_context_takeover", "; server_max_window_bits=9", "; server_max_window_bits=15", "; server_no_context_takeover; server_max_window_bits=9",
    "; server_no_context_takeover; server_max_window_bits=15",
    f"; server_no_context_takeover; server_max_window_bits=9, {DEFLATE}; server_no_context_takeover, {DEFLATE}")]
ANSWERS = [AGREED, AGREED, None, OF_12, None, OF_12, AGREED]  # of a window of 9 bits trades would have to be compressed once more

CASES = {f"12.{kind + 1}.{form + 1}": (KINDS[kind], DEFLATE, AGREED, *FORMS[form]) for kind in range(5) for form in range(18)} | \
        {f"13.{offer + 1}.{form + 1}": ("json", OFFERS[offer], ANSWERS[offer], *FORMS[form]) for offer in range(7) for form in range(18)}


def drawn(kind, size, seed):
    """A piece of such a file: of prose and marked-up text, which compress well, and of bytes, which do not."""
    draw = random.Random(f"{kind} {size} {seed}")
    if kind == "bitmap":
        return bytes(min(255, max(0, int(draw.gauss(128 + i % 64, 3)))) for i in range(min(size, 4096))) * (size // 4096 + 1)
    if kind == "pdf":
        return draw.randbytes(size)
    words = {"json": ['{"kind":"trade",', '"price":', "12.5,", '"qty":', "0.003,", '"side":"buy"},'], "html": ["<p>", "</p>", '<a href="/x">', "</a>", "text ", "\n"],
             "prose": ["Habe ", "nun, ", "ach! ", "Philosophie, ", "Juristerei ", "und ", "Medizin ", "durchaus ", "studiert, ", "mit heißem Bemühn. "]}[kind]
    return "".join(draw.choice(words) for _ in range(size // 2)).encode()


def message(kind, size, seed):
    """(opcode, payload of that size, what is said to it)."""
    found = drawn(kind, size, seed)
    if kind in ("bitmap", "pdf"):
        return BINARY, found[:size], NO_TEXT
    room = size - len(BEGIN) - len(END)
    if room < 0:
        return TEXT, b"x" * size, NO_JSON
    text, room = b"", room
    for character in found.decode():
        piece = json.dumps(character, ensure_ascii=False)[1:-1].encode()
        if len(text) + len(piece) > room:
            break
        text += piece
    text += b"." * (room - len(text))
    return TEXT, request(text), ("answer", json.loads(b'"' + text + b'"'))


@pytest.mark.parametrize("number", CASES)
def test_compressed_messages(dial, number):  # noqa: F811
    kind, offer, answer, size, piece = CASES[number]
    with dial(*offers(offer)) as peer:
        assert peer.fields.get("sec-websocket-extensions") == answer
        for seed in range(max(2, min(100, (256 << 10) // size))):
            opcode, payload, expected = known(kind, size, seed % 3)
            packed, rsv = (deflated(payload), RSV1) if answer else (payload, 0)
            peer.send(b"".join(fragments(opcode, cut(packed, piece or len(packed)), rsv)))
            peer.expect(expected)
        peer.send(close(1000))
        peer.expect_end(("close", 1000))


KNOWN = {}


def known(*what):
    if what not in KNOWN:
        KNOWN[what] = message(*what)
    return KNOWN[what]


# --- offers (RFC 7692, section 7.1) ---

TAKEN = {
    "permessage-deflate": AGREED, "permessage-deflate; client_max_window_bits": AGREED, "permessage-deflate;client_max_window_bits=8": AGREED,
    "permessage-deflate; client_no_context_takeover": AGREED, "permessage-deflate ; server_no_context_takeover": AGREED,
    'permessage-deflate; client_max_window_bits="15"': AGREED, "permessage-deflate; server_max_window_bits=12": OF_12,
    "permessage-deflate; server_max_window_bits=15; client_max_window_bits=10": OF_12,
    "x-other, permessage-deflate": AGREED, "x-other; permessage-deflate; a=1 , permessage-deflate": AGREED,
    # the first of several that can be agreed on
    "permessage-deflate; server_max_window_bits=11, permessage-deflate; client_max_window_bits": AGREED,
    "permessage-deflate; unknown, permessage-deflate; server_max_window_bits=14, permessage-deflate": OF_12,
}
DECLINED = [
    "x-webkit-deflate-frame", "permessage-bzip2", "permessage-deflate; unknown", "permessage-deflate; unknown=1; client_max_window_bits", "permessage-deflate;",
    "permessage-deflate; server_no_context_takeover=1", "permessage-deflate; client_no_context_takeover=true",
    *(f"permessage-deflate; {side}_max_window_bits={bits}" for side in ("server", "client") for bits in ("7", "16", "08", "x", "", "1e1", "-9", "10.0")),
    "permessage-deflate; server_max_window_bits", "permessage-deflate; server_max_window_bits=11",
    *(f"permessage-deflate; {one}; {one}" for one in ("server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits=13",
                                                      "client_max_window_bits", "client_max_window_bits=9")),
    "permessage-deflate; client_max_window_bits; client_max_window_bits=9",
]


@pytest.mark.parametrize("offer", TAKEN)
def test_offers_that_are_taken(dial, offer):  # noqa: F811
    assert agreed(dial, offer) == TAKEN[offer]


@pytest.mark.parametrize("offer", DECLINED)
def test_offers_that_are_declined(dial, offer):  # noqa: F811
    assert agreed(dial, offer) is None


def test_offers_may_come_in_several_fields(dial):  # noqa: F811
    assert agreed(dial, "permessage-deflate; unknown", "permessage-deflate; server_max_window_bits=15", "permessage-deflate") == OF_12


def test_the_hub_agrees_on_none(dial):  # noqa: F811
    with dial(*offers(DEFLATE), path="/blockchain") as peer:
        assert "sec-websocket-extensions" not in peer.fields


# --- messages (sections 6 and 7.2) ---

def final(payload):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(payload) + packer.flush()


def blocks(payload, size):
    """Each piece in a block of its own, each but the last with the end of a flush behind it."""
    packer = zlib.compressobj(wbits=-15)
    return b"".join(packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH) for part in cut(payload, size))[:-4]


PACKED = deflated(HELLO)
MESSAGES = {
    "in one frame": [frame(TEXT, PACKED, rsv=RSV1)],
    "in fragments": fragments(TEXT, cut(PACKED, 5), RSV1),
    "byte by byte": fragments(TEXT, cut(PACKED, 1), RSV1),
    "with an empty first fragment": fragments(TEXT, [b"", PACKED], RSV1),
    "with an empty last fragment": fragments(TEXT, [PACKED, b""], RSV1),
    "of a small window": [frame(TEXT, deflated(HELLO, 9), rsv=RSV1)],
    "stored": [frame(TEXT, deflated(HELLO, level=0), rsv=RSV1)],
    "in several blocks": [frame(TEXT, blocks(HELLO, 10), rsv=RSV1)],
    "in a final block, with an empty one behind it": [frame(TEXT, final(HELLO) + b"\x00", rsv=RSV1)],
    "in a final block": [frame(TEXT, final(HELLO), rsv=RSV1)],
    "in two final blocks": [frame(TEXT, final(HELLO[:20]) + final(HELLO[20:]), rsv=RSV1)],
    "as it is": [frame(TEXT, HELLO)],
    "as it is, in fragments": fragments(TEXT, cut(HELLO, 9)),
}


@pytest.mark.parametrize("form", MESSAGES)
def test_messages_are_inflated_in_every_form(dial, form):  # noqa: F811
    for chunks in (MESSAGES[form], in_one(*MESSAGES[form]), by_octet(*MESSAGES[form])):
        play(dial, chunks, [HELLO_ANSWER], fields=offers(DEFLATE))


def test_compressed_empty_and_plain_messages_take_turns(dial):  # noqa: F811
    chunks = [frame(TEXT, PACKED, rsv=RSV1), frame(TEXT, HELLO), frame(TEXT, b"\x00", rsv=RSV1), frame(TEXT), frame(BINARY, deflated(b"\xff"), rsv=RSV1),
              frame(TEXT, b"\x02\x00", rsv=RSV1), frame(TEXT, rsv=RSV1), frame(TEXT, PACKED, rsv=RSV1)]
    play(dial, chunks, [HELLO_ANSWER] * 2 + [NO_JSON] * 2 + [NO_TEXT] + [NO_JSON] * 2 + [HELLO_ANSWER], fields=offers(DEFLATE))


def test_control_frames_between_compressed_fragments_are_as_they_are(dial):  # noqa: F811
    parts = fragments(TEXT, cut(PACKED, 9), RSV1)
    play(dial, [parts[0], frame(PING, b"between"), *parts[1:]], [("pong", b"between"), HELLO_ANSWER], fields=offers(DEFLATE))


HALVES = cut(PACKED, len(PACKED) // 2 + 1)
WRONG = {
    "RSV1 and another": ([frame(TEXT, PACKED, rsv=5)], BROKEN),
    "RSV1 at a later fragment": ([frame(TEXT, HALVES[0], fin=False, rsv=RSV1), frame(0, HALVES[1], rsv=RSV1)], BROKEN),
    "RSV1 at a later fragment only": ([frame(TEXT, HELLO[:9], fin=False), frame(0, HALVES[1], rsv=RSV1)], BROKEN),
    "RSV1 at a ping": ([frame(PING, b"x", rsv=RSV1)], BROKEN),
    "RSV1 at a close": ([frame(8, b"\x03\xe8", rsv=RSV1)], BROKEN),
    "no deflate": ([frame(TEXT, b"\xff\xff\xff", rsv=RSV1)], INVALID),
    "no deflate, binary": ([frame(BINARY, b"\xff\xff\xff", rsv=RSV1)], INVALID),
    "cut off": ([frame(TEXT, PACKED[:-3], rsv=RSV1)], INVALID),
    "something behind a final block": ([frame(TEXT, final(HELLO) + b"\x06\x06", rsv=RSV1)], INVALID),
    "built on the message before": ([frame(TEXT, b"\x82\x01\x11\x00", rsv=RSV1)], INVALID),
    "not UTF-8": ([frame(TEXT, deflated(b'"\xed\xa0\x80"'), rsv=RSV1)], INVALID),
    "not UTF-8, in fragments": (fragments(TEXT, cut(deflated(b'"\xed\xa0\x80"'), 2), RSV1), INVALID),
    "a bomb": ([frame(TEXT, deflated(bytes(MESSAGE_BYTES + 1)), rsv=RSV1)], TOO_LONG),
    "a bomb in fragments": (fragments(BINARY, cut(deflated(bytes(MESSAGE_BYTES * 4)), 4096), RSV1), TOO_LONG),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_ends_the_connection(dial, what):  # noqa: F811
    frames, event = WRONG[what]
    play(dial, frames, [event], fields=offers(DEFLATE))


@pytest.mark.parametrize("fields", [(), offers("permessage-deflate; unknown")], ids=["nothing was offered", "the offer was declined"])
def test_what_is_compressed_without_an_agreement_breaks_the_protocol(dial, fields):  # noqa: F811
    play(dial, [frame(TEXT, PACKED, rsv=RSV1)], [BROKEN], fields=fields)


def test_a_message_of_just_the_bound_is_inflated(dial):  # noqa: F811
    payload, answer = sized(1 << 20)
    whole = HELLO + b" " * (MESSAGE_BYTES - len(HELLO))
    play(dial, [frame(TEXT, deflated(payload), rsv=RSV1), answer, frame(TEXT, deflated(whole), rsv=RSV1)], [HELLO_ANSWER], fields=offers(DEFLATE))
