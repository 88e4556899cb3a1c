"""What it takes to get in: heads as long as cookies and tokens make them, and handshakes that are answered, whatever is wrong with them."""

import json

import pytest
from handshake import KEY, VERSION, Peer, call, opened, request, upgrade
from pipeline import get, until

LONG = 16 << 10  # bytes of a head that pass everywhere
TOKEN = "t" * 5000


@pytest.fixture
def flow(pipeline):
    """A gateway alone."""
    flow = pipeline()
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway")
    return flow


def is_alive(peer):
    """A WebSocket answers."""
    peer.send(call("ping"))
    return json.loads(peer.until_frame(1)[0])["result"]["pong"] is True


@pytest.mark.parametrize("fields", [[f"Cookie: session={'c' * LONG}"], [f"Authorization: Bearer {TOKEN}"], [f"Cookie: {'c' * 7000}", f"Authorization: Bearer {TOKEN}"]],
                         ids=["cookie", "token", "both"])
def test_a_long_head_passes_everywhere(flow, fields):
    with opened(flow, "/ws", *fields) as peer:
        assert is_alive(peer)
    with opened(flow, "/blockchain?id=x", *fields) as peer:
        peer.send(b"\x81\x80\0\0\0\0")
    for path in ("/health", "/metrics", "/", "/api/v1/symbols", "/api/v1/stream?symbols=BTC-USD"):
        with Peer(flow, request(path, *fields)) as peer:
            assert peer.head()[0] in (200, 404, 503), path  # there are no symbols here
    with Peer(flow, request("/blockchain/negotiate?negotiateVersion=1", *fields, method="POST")) as peer:
        assert peer.answer()[0] == 200


def test_a_long_target_passes_everywhere(flow):
    query = f"access_token={'t' * (LONG - 1000)}"
    for path in ("/ws", "/blockchain"):
        with opened(flow, f"{path}?id=x&{query}"):
            pass
    for path in ("/health", "/api/v1/symbols", f"/api/v1/stream?symbols=BTC-USD&access_token={TOKEN}", f"/api/v1/trades/BTC-USD?count=1&access_token={TOKEN}"):
        with Peer(flow, request(path if "?" in path else f"{path}?{query}")) as peer:
            assert peer.head()[0] in (200, 404, 503), path
    with Peer(flow, request(f"/blockchain/negotiate?negotiateVersion=1&{query}", method="POST")) as peer:
        status, _, body = peer.answer()
        assert status == 200 and json.loads(body)["negotiateVersion"] == 1


def test_an_access_token_in_the_query_is_no_parameter(pipeline):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--rate", "50")
    with Peer(flow, request(f"/api/v1/trades/BTC-USD?access_token={TOKEN}&count=2", f"Authorization: Bearer {TOKEN}")) as peer:
        status, _, body = peer.answer()
        assert status == 200 and len(json.loads(body)["trades"]) <= 2
    with Peer(flow, request(f"/api/v1/stream?symbols=BTC-USD&access_token={TOKEN}")) as peer:
        assert peer.head()[0] == 200
        while not peer.stream.readline().startswith(b"data:"):
            pass


@pytest.mark.parametrize("path", ["/ws", "/blockchain", "/blockchain/negotiate", "/health", "/api/v1/symbols", "/api/v1/stream"])
def test_a_head_that_is_too_long_is_told_so_everywhere(flow, path):
    for head, status in ((upgrade(path, f"Cookie: {'c' * 2 * LONG}"), 431), (request(f"{path}?{'q' * 2 * LONG}"), 414)):
        with Peer(flow, head) as peer:
            found, headers, body = peer.answer()
            assert found == status and headers["connection"] == "close" and "too long" in json.loads(body)["error"]
            assert peer.stream.read() == b""


def test_a_long_head_may_come_in_pieces_with_frames_behind_it(flow):
    with Peer(flow) as peer:
        head = upgrade("/ws", f"Cookie: {'c' * LONG}")
        peer.send(*(head[i:i + 100] for i in range(0, len(head), 100)), call("ping") * 100)
        assert peer.head()[0] == 101
        for _ in range(100):
            assert json.loads(peer.until_frame(1)[0])["id"] == "ping"


@pytest.mark.parametrize("path", ["/ws", "/blockchain"])
def test_an_unknown_subprotocol_is_left_out_of_the_answer(flow, path):
    for asked, agreed in (("chat", None), ("v1.json, graphql-ws", None), ("chat, jsonrpc", "jsonrpc")):
        with Peer(flow, upgrade(path, f"Sec-WebSocket-Protocol: {asked}")) as peer:
            status, headers = peer.head()
            assert status == 101 and headers.get("sec-websocket-protocol") == agreed


@pytest.mark.parametrize("path", ["/ws", "/blockchain"])
def test_a_handshake_that_is_wrong_gets_a_status_and_a_reason(flow, path):
    for key in (None, "Sec-WebSocket-Key:", "Sec-WebSocket-Key: short", f"{KEY}\r\n{KEY}", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAA?=="):
        with Peer(flow, upgrade(path, key=key)) as peer:
            status, _, body = peer.answer()
            assert status == 400 and "Sec-WebSocket-Key" in json.loads(body)["error"], key
    for version in (None, "Sec-WebSocket-Version: 12", "Sec-WebSocket-Version: 13, 12", f"{VERSION}\r\n{VERSION}"):
        with Peer(flow, upgrade(path, version=version)) as peer:
            status, headers, body = peer.answer()
            assert status == 426 and headers["sec-websocket-version"] == "13" and "Version: 13" in json.loads(body)["error"], version
            assert headers["upgrade"] == "websocket"
            peer.send(upgrade(path))  # it may try another
            assert peer.head()[0] == 101
    with Peer(flow, upgrade(path, "Content-Length: 1")) as peer:
        assert peer.answer()[0] == 400


def test_what_else_a_handshake_says_does_not_matter(flow):
    many = [f"X-{i}: {i}" for i in range(50)]
    for more in (["Origin: https://elsewhere.example"], many, ["Sec-WebSocket-Extensions: x; y=" + "z" * 8000],
                 ["Sec-WebSocket-Extensions: a", "Sec-WebSocket-Extensions: b"], ["Upgrade: tea"]):
        with opened(flow, "/ws?a=%zz", *more) as peer:
            assert is_alive(peer)


def test_the_hub_has_its_path_in_any_case(flow):
    for path in ("/Blockchain", "/BLOCKCHAIN", "/blockchain/", "/bLOCKchain?id=1"):
        with opened(flow, path) as peer:
            peer.send(b"\x81\xa1\0\0\0\0" + b'{"protocol":"json","version":1}\x1e'.ljust(33))
            assert peer.until_frame(1)[0] == b"{}\x1e"
    for path in ("/Blockchain/negotiate", "/BLOCKCHAIN/NEGOTIATE?negotiateVersion=1", "/blockchain/Negotiate/"):
        with Peer(flow, request(path, method="POST")) as peer:
            status, _, body = peer.answer()
            assert status == 200 and json.loads(body)["availableTransports"][0]["transport"] == "WebSockets"


def test_a_full_gateway_says_when_to_come_back(pipeline):
    flow = pipeline()
    flow.config["gatewayd"]["clients"] = 1
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway")
    with opened(flow), Peer(flow, upgrade()) as refused:
        status, headers, body = refused.answer()
        assert status == 503 and headers["retry-after"] == "1" and "too many clients" in body
