"""UTF-8 in WebSocket messages, case by case (see ws_peer.py): what is valid comes back, what is not ends the connection with 1007, at the byte that
makes it so.

The sequences are those of Markus Kuhn's decoder test (www.cl.cam.ac.uk/~mgk25/ucs/examples/UTF-8-test.txt).
"""

import pytest
from ws_peer import NO_JSON, TEXT, cases, cut, dial, fragments, frame, gateway, play, request  # noqa: F401

INVALID = ("close", 1007)
KOSME = "κ\u1f79σμε".encode()
HELLO = "Hello-µ@ßöäüàá-UTF-8!!".encode()
BEHIND_UMLAUT = request(HELLO).index("ä".encode()) + 2
SURROGATE = KOSME + b"\xed\xa0\x80edited"


def back(text):
    return [("answer", text.decode())]


def numbered(group, texts):
    return {f"{group}.{i + 1}": text for i, text in enumerate(texts)}


WHOLE = {
    "6.1.1": ([frame(TEXT)], [NO_JSON]),
    "6.1.2": (fragments(TEXT, [b"", b"", b""]), [NO_JSON]),
    "6.1.3": (fragments(TEXT, [b"", request(b"middle frame payload"), b""]), back(b"middle frame payload")),
    "6.2.1": ([frame(TEXT, request(HELLO))], back(HELLO)),
    "6.2.2": (fragments(TEXT, [request(HELLO)[:BEHIND_UMLAUT], request(HELLO)[BEHIND_UMLAUT:]]), back(HELLO)),
    "6.2.3": (fragments(TEXT, cut(request(HELLO), 1)), back(HELLO)),
    "6.2.4": (fragments(TEXT, cut(request(KOSME), 1)), back(KOSME)),
    "6.3.1": ([frame(TEXT, SURROGATE)], [INVALID]),
    "6.3.2": (fragments(TEXT, cut(SURROGATE, 1)), [INVALID]),
}


@pytest.mark.parametrize("chunks, events", cases(WHOLE))
def test_fragments(dial, chunks, events):  # noqa: F811
    play(dial, chunks, events)


# The last part is never sent: the connection ends without it.
BEYOND = frame(TEXT, KOSME + b"\xf4\x90\x80\x80edited")
HEAD = len(BEYOND) - len(KOSME + b"\xf4\x90\x80\x80edited") + len(KOSME)
EARLY = {
    "6.4.1": fragments(TEXT, [KOSME, b"\xf4\x90\x80\x80", b"edited"])[:2],
    "6.4.2": fragments(TEXT, [KOSME + b"\xf4", b"\x90", b"\x80\x80edited"])[:2],
    "6.4.3": [BEYOND[:HEAD], BEYOND[HEAD:HEAD + 4]],
    "6.4.4": [BEYOND[:HEAD + 1], BEYOND[HEAD + 1:HEAD + 2]],
}


@pytest.mark.parametrize("number", EARLY)
def test_what_is_invalid_ends_the_connection_before_the_message_is_whole(dial, number):  # noqa: F811
    with dial() as peer:
        peer.send(*EARLY[number])
        peer.expect(INVALID)


def lonely(first, last):
    return b"".join(bytes([byte]) + b" " for byte in range(first, last + 1))


MISSING = [b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xfc\x80\x80\x80\x80",
           b"\xdf", b"\xef\xbf", b"\xf7\xbf\xbf", b"\xfb\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf"]
PLANES_ENDS = [bytes([first, second, 0xbf, last]) for first in (0xf0, 0xf1, 0xf2, 0xf3, 0xf4) for second in (0x8f, 0x9f, 0xaf, 0xbf) for last in (0xbe, 0xbf)
               if (first, second) != (0xf0, 0x8f) and (first != 0xf4 or second == 0x8f)]

SEQUENCES = {
    # valid ones
    **numbered("6.5", [b"hello\x24world", b"hello\xc2\xa2world", b"hello\xe2\x82\xacworld", b"hello\xf0\xa4\xad\xa2world", KOSME]),
    # all prefixes
    **numbered("6.6", [KOSME[:i] for i in range(1, len(KOSME) + 1)]),
    # the first of each length, and those longer than there are
    **numbered("6.7", [b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"]),
    **numbered("6.8", [b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"]),
    # the last of each length
    **numbered("6.9", [b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"]),
    **numbered("6.10", [b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"]),
    # other boundaries
    **numbered("6.11", [b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf", b"\xf4\x90\x80\x80"]),
    # continuations of nothing
    **numbered("6.12", [b"\x80", b"\xbf", b"\x80\xbf", b"\x80\xbf\x80", b"\x80\xbf\x80\xbf", b"\x80\xbf\x80\xbf\x80", b"\x80\xbf\x80\xbf\x80\xbf",
                        bytes(range(0x80, 0xc0))]),
    # starts, each with a space behind it
    **numbered("6.13", [lonely(0xc0, 0xdf), lonely(0xe0, 0xef), lonely(0xf0, 0xf7), lonely(0xf8, 0xfb), lonely(0xfc, 0xfd)]),
    # the last byte is missing
    **numbered("6.14", MISSING), "6.15.1": b"".join(MISSING),
    # bytes that never occur
    **numbered("6.16", [b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"]),
    # overlong: a slash, the longest, NUL
    **numbered("6.17", [b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf"]),
    **numbered("6.18", [b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xf8\x87\xbf\xbf\xbf", b"\xfc\x83\xbf\xbf\xbf\xbf"]),
    **numbered("6.19", [b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf8\x80\x80\x80\x80", b"\xfc\x80\x80\x80\x80\x80"]),
    # surrogates, alone and in pairs
    **numbered("6.20", [b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf", b"\xed\xb0\x80", b"\xed\xbe\x80", b"\xed\xbf\xbf"]),
    **numbered("6.21", [high + low for high in (b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf") for low in (b"\xed\xb0\x80", b"\xed\xbf\xbf")]),
    # code points that are no characters, and are valid
    **numbered("6.22", [b"\xef\xbf\xbe", b"\xef\xbf\xbf", *PLANES_ENDS]),
    # specials
    **numbered("6.23", [bytes([0xef, 0xbf, last]) for last in range(0xb9, 0xc0)]),
}


def is_valid(text):
    try:
        return text.decode() is not None
    except UnicodeDecodeError:
        return False


@pytest.mark.parametrize("number", SEQUENCES)
def test_sequences(dial, number):  # noqa: F811
    """Each by itself, which is no JSON, in one frame and byte by byte; and, where it is valid, in a request, which brings it back."""
    text = SEQUENCES[number]
    forms = [frame(TEXT, text)], fragments(TEXT, cut(text, 1))
    if not is_valid(text):
        for form in forms:
            play(dial, form, [INVALID])
        return
    with_back = [] if text == b"\x00" else [frame(TEXT, request(text)), *fragments(TEXT, cut(request(text), 1))]
    play(dial, [*forms[0], *forms[1], *with_back], [NO_JSON] * 2 + (back(text) * 2 if with_back else []))
    play(dial, [frame(TEXT, text + b"\xff")], [INVALID])


def test_there_are_as_many_as_in_autobahn():
    assert len(WHOLE) + len(EARLY) + len(SEQUENCES) == 145 and sum(map(is_valid, SEQUENCES.values())) == 63
