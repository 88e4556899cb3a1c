"""Clients over TLS: they get what others get, whatever other clients' handshakes do."""

import asyncio
import contextlib
import json
import signal
import socket
import ssl
import struct
import subprocess

import pytest
from clients import Client, Requester, assert_once_and_in_order, cursor
from node_client import NodeClient
from page import browser, chromium  # noqa: F401 (fixtures)
from pipeline import PATIENCE, get, until
from secure import SYMBOLS, Secure, certify, context, fetch, flow, metric, secure, start, start_all  # noqa: F401 (fixtures)
from slow_clients import SlowClient, assert_every_trade_once, read_on
from test_http import HEALTH, Peer, masked, ping
from test_listeners import has_ipv6
from test_slow import play, slow_clients


def test_clients_over_tls_get_what_others_get(flow):
    start_all(flow, 3000)

    async def both():
        async with Client(secure(flow), ssl=context(flow)) as one, Client(flow.url()) as other:
            for client in (one, other):
                answer = await client.subscribe("BTC-USD", count=1000)
                client.trades[:0] = answer["trades"][::-1]
            for client in (one, other):
                await client.until(lambda: len(client.trades) > 10000, "trades")
                assert_once_and_in_order(client.trades)
            seqs = [{cursor(trade): trade for trade in client.trades} for client in (one, other)]
            shared = seqs[0].keys() & seqs[1].keys()
            assert len(shared) > 9000 and all(seqs[0][c] == seqs[1][c] for c in shared)
    asyncio.run(both())
    rest = "/api/v1/trades/BTC-USD?count=10000"
    with Requester(flow.history) as requester:
        until(lambda: len(requester.ask(op="recent", symbol="BTC-USD", count=10000)["trades"]) == 10000, "10,000 trades")
    flow.processes["simulator"].stop()
    same = lambda: json.loads(fetch(flow, rest))["trades"] == json.loads(get(f"http://{flow.address('gateway0')}{rest}")[1])["trades"]
    until(same, "the same answer, of megabytes, on both ways")


@pytest.mark.parametrize("kind", ["ws", "signalr"])
def test_clients_in_node_are_served(flow, node_modules, monkeypatch, kind):
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", flow.trust)
    start_all(flow, 200)
    with NodeClient(node_modules, kind, secure(flow)) as client:
        assert client.call("subscribe", channel="trades", symbol="BTC-USD")["result"]["event"] == "subscribed"
        client.wait(lambda: len(client.trades) > 100, "trades")
        assert_once_and_in_order(client.trades)


def test_the_page_is_live_over_tls(flow, browser):  # noqa: F811
    start_all(flow, 200)
    browser.flow, flow.browser = flow, browser
    browser.do("open", url=f"https://localhost:{flow.port['gateway1']}/", trusting=True)
    browser.until_live()
    assert browser.evaluate("location.protocol") == "https:"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_versions_and_protocols(flow):
    start(flow)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        trusted = context(flow, minimum_version=version, maximum_version=version)
        trusted.set_alpn_protocols(["h2", "http/1.1"])
        with Secure(flow, trusted) as peer:
            assert peer.socket.version() == version.name.replace("_", ".") and peer.socket.selected_alpn_protocol() == "http/1.1"
            peer.send(HEALTH)
            assert peer.answer()[0] == 200
    old = context(flow, minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
    old.set_ciphers("ALL:@SECLEVEL=0")
    h2 = context(flow)
    h2.set_alpn_protocols(["h2"])
    for refused in (old, h2):
        with pytest.raises(ssl.SSLError):
            Secure(flow, refused)
    assert metric(flow, "dataflow_tls_handshakes_total") == 2 and metric(flow, "dataflow_tls_failed_total") == 2
    with Peer(flow, "gateway1") as peer:
        peer.send(HEALTH)
        status, _, body = peer.answer()
        assert status == 400 and b"https://" in body


def test_listeners_of_all_kinds_are_one_gateway(flow):
    if has_ipv6():
        flow.config["gatewayd"]["listen"].append({**flow.tls, "address": f"[::1]:{flow.port['gateway1']}"})
    start(flow)
    for host in ("127.0.0.1", *(["[::1]"] if has_ipv6() else [])):
        flow_url = f"https://{host}:{flow.port['gateway1']}/health"
        done = subprocess.run(["curl", "-sS", "--cacert", flow.trust, flow_url], capture_output=True, check=True)
        assert json.loads(done.stdout) == {"alive": True}
    assert get(f"http://{flow.address('gateway0')}/health")[0] == 200


def test_handshakes_that_never_end_harm_nobody_and_are_ended(flow):
    start_all(flow, 1000)
    hello = client_hello()

    async def follow():
        async with Client(secure(flow), ssl=context(flow)) as client:
            await client.subscribe("BTC-USD")
            await client.until(lambda: len(client.trades) > 3000, "trades")
            assert_once_and_in_order(client.trades)

    peers = [Peer(flow, "gateway1") for _ in range(300)]
    try:
        for number, peer in enumerate(peers):
            peer.send(hello[:number % len(hello)] if number % 3 else hello)  # a part, or all and nothing more
        asyncio.run(follow())
        assert fetch(flow, "/health")
        with Secure(flow) as peer:  # and one that says nothing when it has shaken hands
            peers.append(peer)
            for one in peers:
                one.socket.settimeout(PATIENCE)
                while True:
                    try:
                        if not one.socket.recv(4096):
                            break
                    except ConnectionError:
                        break
    finally:
        for peer in peers:
            peer.socket.close()
    assert fetch(flow, "/health")


def client_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    engine = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        engine.do_handshake()
    return outgoing.read()


def test_many_requests_in_one_go_are_answered_in_order_whatever_the_peer_takes_meanwhile(flow):
    start(flow)
    page = fetch(flow, "/app.js").encode()
    count = (4 << 20) // len(page)
    with Secure(flow) as peer:
        peer.send(b"GET /app.js HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n" * count)
        for _ in range(count):
            assert peer.answer()[::2] == (200, page)
            assert peer.answer()[2] == b'{"alive":true}\n'


def test_answers_that_wait_for_a_client_over_websocket_arrive_whole(flow):
    start_all(flow, 5000)
    with Requester(flow.history) as requester:
        until(lambda: len(requester.ask(op="recent", symbol="BTC-USD", count=3000)["trades"]) == 3000, "trades")
    with Secure(flow) as peer:
        peer.send(b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        assert peer.answer()[0] == 101
        peer.send(masked(json.dumps({"jsonrpc": "2.0", "id": 0, "method": "subscribe", "params": {"channel": "trades", "symbol": "BTC-USD"}})))
        for number in range(1, 4):
            peer.send(masked(json.dumps({"jsonrpc": "2.0", "id": number, "method": "getRecentTrades", "params": {"symbol": "BTC-USD", "count": 1000}})))
        peer.send(ping(9))
        trades, answers = [], {}
        while 9 not in answers or len(trades) < 5000:
            message = json.loads(long_frame(peer))
            for part in message if isinstance(message, list) else [message]:
                if "id" in part:
                    answers[part["id"]] = part["result"]
                elif part["method"] == "trades.update":
                    trades.append(part["params"])
        assert_once_and_in_order(trades)
        for number in range(1, 4):
            assert len(answers[number]["trades"]) == 1000
            assert_once_and_in_order(answers[number]["trades"][::-1])


def test_who_stops_reading_gets_every_trade_once_when_it_reads_on(flow):
    flow.config["gatewayd"]["ring_bytes"] = 1 << 16  # some 200 trades
    start_all(flow, 20000, SYMBOLS[:1], paused=True)
    clients = [SlowClient(flow, kind, gateway="gateway1", trusted=context(flow)) for kind in ("ws", "batch", "signalr", "sse")]
    play(flow, 6000, 6000)
    read_on(clients, 6000)
    play(flow, 10, 6010)  # and is live again
    read_on(clients, 6010)
    for client in clients:
        assert_every_trade_once(client, 1, 6010)
        client.close()
    assert slow_clients(flow, "catchup") >= len(clients)


def long_frame(peer):
    """The payload of the next frame."""
    _, length = peer.stream.read(2)
    if length == 126:
        length, = struct.unpack(">H", peer.stream.read(2))
    elif length == 127:
        length, = struct.unpack(">Q", peer.stream.read(8))
    return peer.stream.read(length)


def test_trades_are_compressed_over_tls_too(flow):
    start_all(flow, 2000, deflate=True)

    async def follow():
        async with Client(secure(flow), ssl=context(flow), compression="deflate") as client:
            assert "permessage-deflate" in client.socket.response_headers["Sec-WebSocket-Extensions"]
            await client.subscribe("BTC-USD")
            await client.until(lambda: len(client.trades) > 5000, "trades")
            assert_once_and_in_order(client.trades)
    asyncio.run(follow())


def test_who_says_nothing_more_still_gets_what_was_asked_for(flow):
    start(flow)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    engine = context(flow).wrap_bio(incoming, outgoing, server_hostname="localhost")
    with Peer(flow, "gateway1") as peer:
        shaken = False
        while not shaken:
            with contextlib.suppress(ssl.SSLWantReadError):
                engine.do_handshake()
                shaken = True
            peer.send(outgoing.read())
            if not shaken:
                incoming.write(peer.socket.recv(65536))
        engine.write(HEALTH * 3)
        peer.send(outgoing.read())
        peer.socket.shutdown(socket.SHUT_WR)
        while came := peer.socket.recv(65536):
            incoming.write(came)
        text = b""
        while got := engine.read():  # up to the gateway's own end
            text += got
        assert text.count(b'{"alive":true}') == 3


def test_the_last_words_of_a_gateway_that_ends_are_heard(flow):
    start_all(flow, 1000)

    async def stay():
        async with Client(secure(flow), ssl=context(flow)) as client:
            await client.subscribe("BTC-USD")
            await client.until(lambda: len(client.trades) > 500, "trades")
            flow.processes["gateway0"].popen.send_signal(signal.SIGTERM)
            await asyncio.wait_for(client.reader, PATIENCE)
            assert client.close_code == 1012
            assert_once_and_in_order(client.trades)
    asyncio.run(stay())
    assert flow.processes["gateway0"].popen.wait(PATIENCE) == 0
