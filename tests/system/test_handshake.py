"""Handshakes and heads as real clients and proxies send them: long, odd, or wrong; each is served, or gets a status and a reason."""

import asyncio
import json

import pytest
import websockets
from handshake import call, opened, upgrade
from handshake import Peer as Plain
from node_client import NodeClient
from pipeline import PATIENCE, SANITIZED, until
from pipeline import get as fetch
from test_http import HEALTH, UPGRADE, Peer, flow, ping, pong  # noqa: F401 (a fixture)

HUB = UPGRADE.replace(b"/ws", b"/blockchain")
KIB = 1024
SHAKE = '{"protocol":"json","version":1}\x1e'


def get(path, *fields, method=b"GET"):
    return b"\r\n".join((method + b" " + path + b" HTTP/1.1", b"Host: x", *fields, b"", b""))


def lengthened(head, path, field=0, query=0):
    """The head with so many bytes of cookies, and of a token in its query, more."""
    if query:
        head = head.replace(path + b" ", path + b"?access_token=" + b"q" * query + b" ")
    return head.replace(b"\r\n\r\n", b"\r\nCookie: a=" + b"c" * field + b"\r\n\r\n") if field else head


@pytest.fixture
def whole(pipeline):
    """All three processes."""
    return pipeline(symbols=["BTC-USD"]).start_all("--paused", "--symbols", "BTC-USD")


def pass_everywhere(flow, field, query):
    for name, head, path, status in (
            ("gateway0", HEALTH, b"/health", 200), ("connectord_http", HEALTH, b"/health", 200), ("cached_http", HEALTH, b"/health", 200),
            ("gateway0", get(b"/api/v1/symbols"), b"/api/v1/symbols", 200),
            ("gateway0", get(b"/blockchain/negotiate", b"Content-Length: 0", method=b"POST"), b"/blockchain/negotiate", 200),
            ("gateway0", UPGRADE, b"/ws", 101), ("gateway0", HUB, b"/blockchain", 101)):
        with Peer(flow, name) as peer:
            peer.send(lengthened(head, path, field, query))
            assert peer.answer()[0] == status, (name, path)
    with Peer(flow) as peer:
        peer.send(lengthened(get(b"/api/v1/stream?symbols=BTC-USD"), b"BTC-USD", field).replace(b"=BTC-USD", b"=BTC-USD&access_token=" + b"q" * query))
        status, headers, _ = peer.answer(head=True)
        assert status == 200 and headers["content-type"].startswith("text/event-stream")


def test_sixteen_kilobytes_of_head_pass_everywhere(whole):
    for field, query in ((16 * KIB, 0), (0, 16 * KIB), (8 * KIB, 8 * KIB)):
        pass_everywhere(whole, field, query)


def test_a_head_that_is_longer_is_refused_with_a_status_by_every_door(flow):
    for head, path in ((HEALTH, b"/health"), (UPGRADE, b"/ws"), (HUB, b"/blockchain")):
        for field, query, expected in ((32 * KIB, 0, 431), (0, 32 * KIB, 414)):
            with Peer(flow) as peer:
                peer.send(lengthened(head, path, field, query))
                status, headers, body = peer.answer()
                assert status == expected and "too long" in json.loads(body)["error"] and headers["connection"] == "close" and peer.ended()


@pytest.mark.parametrize("without, status, reason", [
    (b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", 400, "Sec-WebSocket-Key"),
    (b"Sec-WebSocket-Version: 13\r\n", 426, "Sec-WebSocket-Version: 13"),
])
def test_a_handshake_that_lacks_something_is_told_what(flow, without, status, reason):
    with Peer(flow) as peer:
        peer.send(UPGRADE.replace(without, b"") + HEALTH)
        found, _, body = peer.answer()
        assert found == status and reason in json.loads(body)["error"]
        assert peer.answer()[0] == 200, "the connection goes on"


def test_another_version_is_answered_with_the_one_that_is_spoken(flow):
    with Peer(flow) as peer:
        peer.send(UPGRADE.replace(b"Version: 13", b"Version: 12"))
        status, headers, _ = peer.answer()
        assert status == 426 and headers["sec-websocket-version"] == "13" and headers["upgrade"] == "websocket"


def test_unknown_subprotocols_and_extensions_are_left_out_of_the_answer(flow):
    for more in (b"Sec-WebSocket-Protocol: mqtt\r\n", b"Sec-WebSocket-Protocol: jsonrpc2, x\r\n", b"Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n",
                 b"Sec-WebSocket-Extensions: x-" + b"y" * 2000 + b"\r\n", b"Referer: https://" + b"o" * 5000 + b"\r\n"):
        with Peer(flow) as peer:
            peer.send(UPGRADE.replace(b"\r\n\r\n", b"\r\n" + more + b"\r\n") + ping(1))
            status, headers, _ = peer.answer()
            assert status == 101 and not {"sec-websocket-protocol", "sec-websocket-extensions"} & set(headers)
            assert pong(peer) == 1


def test_a_client_that_asks_for_a_subprotocol_may_go_on_without_it(flow):
    async def run():
        async with websockets.connect(flow.url(), subprotocols=["graphql-ws"], extra_headers={"Authorization": "Bearer " + "t" * 5 * KIB}) as socket:
            assert socket.subprotocol is None
            await socket.send(json.dumps({"jsonrpc": "2.0", "id": 7, "method": "ping"}))
            assert json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))["id"] == 7
    asyncio.run(run())


def test_the_subprotocol_that_is_spoken_is_agreed_on(flow):
    """Browsers and npm's ws give up where none is that they asked for."""
    async def run():
        async with websockets.connect(flow.url(), subprotocols=["graphql-ws", "jsonrpc"]) as socket:
            assert socket.subprotocol == "jsonrpc"
    asyncio.run(run())


def test_many_frames_may_come_behind_a_long_handshake(flow):
    """In one go, and in two that part anywhere."""
    text = lengthened(UPGRADE, b"/ws", 16 * KIB) + b"".join(ping(number) for number in range(300))
    for part in (len(text), 100, 9000, 16 * KIB, 16 * KIB + 300, 20 * KIB):
        with Peer(flow) as peer:
            peer.send(text[:part], text[part:])
            assert peer.answer()[0] == 101
            assert [pong(peer) for _ in range(300)] == list(range(300))


def test_the_handshake_is_answered_as_in_the_rfc(flow):
    with Plain(flow, upgrade(key="Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")) as peer:
        assert peer.head() == (101, {"upgrade": "websocket", "connection": "upgrade", "sec-websocket-accept": "s3pplmbitxaq9kygzzhzrbk+xoo="})


def test_the_hub_is_found_in_any_case_as_by_the_net_server(flow):
    for path in (b"/Blockchain", b"/BLOCKCHAIN", b"/blockchain/"):
        with Peer(flow) as peer:
            peer.send(get(path.rstrip(b"/") + b"/Negotiate?negotiateVersion=1", b"Content-Length: 0", method=b"POST"))
            status, _, body = peer.answer()
            assert status == 200 and json.loads(body)["connectionToken"]
            peer.send(HUB.replace(b"/blockchain", path + b"?id=x"))
            assert peer.answer()[0] == 101
    with Peer(flow) as peer:
        peer.send(UPGRADE.replace(b"/ws", b"/blockchains"))
        assert peer.answer()[0] == 404


def test_signalr_of_npm_comes_in_with_a_long_token_at_a_path_in_capitals(flow, node_modules, monkeypatch):
    monkeypatch.setenv("ACCESS_TOKEN", "t" * 5 * KIB)
    with NodeClient(node_modules, "signalr", flow.url().replace("/ws", "/BLOCKCHAIN")) as hub:
        assert hub.call("ping")["result"]["pong"] is True


def test_rest_does_not_look_at_an_access_token(whole):
    tokens = [b"access_token", b"access_token=", b"access_token=a.b-c%zz", b"access_token=" + b"t" * 5 * KIB, b"access_token=a&access_token=b"]
    with Peer(whole) as peer:
        for path in (b"/api/v1/symbols?", b"/api/v1/trades/BTC-USD?", b"/api/v1/trades/BTC-USD?count=1&", b"/api/versions?"):
            for token in tokens:
                peer.send(get(path + token))
                assert peer.answer()[0] == 200, (path, token)
        peer.send(get(b"/api/v1/symbols?access_tokens=a"))
        assert peer.answer()[0] == 400, "other parameters are still looked at"


@pytest.mark.skipif(SANITIZED, reason="a sanitizer keeps what is freed")
def test_no_head_is_kept_once_a_websocket_stands(flow):
    """Memory of a connection with a long head is that of one with a short head, nearly."""
    def resident():
        status = (flow.directory / f"/proc/{flow.processes['gateway0'].popen.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def opened(text, count=200):
        peers = [Peer(flow) for _ in range(count)]
        for peer in peers:
            peer.send(text + ping(1))
        for peer in peers:
            assert peer.answer()[0] == 101 and pong(peer) == 1
        return peers

    short = opened(UPGRADE)
    between = resident()
    long = opened(lengthened(UPGRADE, b"/ws", 16 * KIB))
    grown = resident() - between
    for peer in short + long:
        peer.__exit__()
    assert grown < 200 * 12, f"{grown} KiB for 200 connections"


def is_alive(peer):
    """A WebSocket answers."""
    peer.send(call("ping"))
    return json.loads(peer.until_frame(1)[0])["result"]["pong"] is True


def test_what_else_a_handshake_says_does_not_matter(flow):
    many = [f"X-{i}: {i}" for i in range(50)]
    for more in (["Origin: http://x"], many, ["Sec-WebSocket-Extensions: x; y=" + "z" * 8000],
                 ["Sec-WebSocket-Extensions: a", "Sec-WebSocket-Extensions: b"], ["Upgrade: tea"]):
        with opened(flow, "/ws?a=%zz", *more) as peer:
            assert is_alive(peer)


def test_a_full_gateway_says_when_to_come_back(pipeline):
    flow = pipeline()
    flow.config["gatewayd"]["clients"] = 1
    flow.start_gateway()
    until(lambda: fetch(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway")
    with opened(flow), Plain(flow, upgrade()) as refused:
        status, headers, body = refused.answer()
        assert status == 503 and headers["retry-after"] == "1" and "too many clients" in body
