"""Who asks too often is told when to come back, over each door, and who goes on in spite of that is ended. Trades know nothing of it."""

import asyncio
import contextlib
import json
import signal

import pytest
import websockets
from clients import Client, RpcError, assert_once_and_in_order
from guarded import guarded  # noqa: F401 (a fixture)
from http_proxies import nginx
from node_client import NodeClient
from pipeline import PATIENCE
from secure import certify, context  # noqa: F401 (a fixture)
from test_http import HEALTH, UPGRADE
from test_proxies import FORWARDED_FOR, From, a_client, ended

ASK = b"GET /api/v1/symbols HTTP/1.1\r\nHost: x\r\n\r\n"


def per(owner, **limits):
    return {"limits": {owner: limits}}


def start(flow, **settings):
    flow.config["gatewayd"].update(settings)
    process = flow.start("gateway0", ["--config", str(flow.write_config())], program="gatewayd")
    process.wait_for_line("gateway: listening.*" + flow.address("gateway0"))
    return process


def start_all(flow, rate, **settings):
    flow.start_simulator("--symbols", "BTC-USD", "--rate", rate)
    flow.start_connectord()
    flow.start_cached()
    start(flow, **settings)
    flow.wait_ready("connectord_http", "cached_http", "gateway0")
    return flow


def reload(flow, **settings):
    flow.config["gatewayd"].update(settings)
    flow.write_config()
    process = flow.processes["gateway0"]
    process.popen.send_signal(signal.SIGHUP)
    return process.wait_for_line("config: changed.*limits")


def limited(flow, by, of):
    name = f'dataflow_limited_total{{by="{by}",of="{of}"}} '
    with From(flow.port["gateway0"], "127.0.0.1") as peer:  # no test limits so much that this is refused, but for what it is about
        peer.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        status, _, body = peer.answer()
    assert status == 200
    return next(float(line.split()[-1]) for line in body.decode().splitlines() if line.startswith(name))


def answers(peer, request, count):
    """As (status, headers, body), of requests one after the other."""
    found = []
    for _ in range(count):
        peer.send(request)
        found.append(peer.answer())
    return found


def statuses(peer, request, count):
    return [answer[0] for answer in answers(peer, request, count)]


def test_an_address_that_asks_too_often_is_told_when_to_come_back(pipeline):
    flow = start_all(pipeline(symbols=["BTC-USD"]), 100, **per("address", requests_per_second=1, requests_burst=5))
    with From(flow.port["gateway0"], a_client()) as peer:
        found = answers(peer, ASK, 8)
        assert [status for status, _, _ in found] == [200] * 5 + [429] * 3
        _, headers, body = found[-1]
        assert headers["retry-after"] == "1" and headers["content-type"] == "application/problem+json" and headers["cache-control"] == "no-store"
        problem = json.loads(body)
        assert (problem["status"], problem["title"]) == (429, "Too Many Requests")
        peer.send(b"GET /app.js HTTP/1.1\r\nHost: x\r\n\r\n")
        status, headers, body = peer.answer()
        assert status == 429 and headers["retry-after"] == "1" and json.loads(body) == {"error": "too many requests"}
        assert statuses(peer, HEALTH, 20) == [200] * 20  # who watches it is not limited
        peer.send(UPGRADE)
        assert peer.answer()[0] == 429
    with From(flow.port["gateway0"], a_client()) as other:
        assert statuses(other, ASK, 5) == [200] * 5
    assert limited(flow, "address", "requests") >= 5


def test_the_page_of_another_origin_may_read_when_to_come_back(pipeline):
    flow = pipeline()
    start(flow, cors=["https://charts.example"], **per("address", requests_per_second=1))
    with From(flow.port["gateway0"], a_client()) as peer:
        for path in (b"/api/v1/symbols", b"/blockchain/negotiate"):
            request = b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nOrigin: https://charts.example\r\n\r\n"
            status, headers, _ = answers(peer, request, 3)[-1]
            assert status == 429 and "Retry-After" in headers["access-control-expose-headers"].title()
            assert headers["access-control-allow-origin"] == "https://charts.example"


def test_an_event_source_is_told_when_to_come_back(pipeline):
    flow = start_all(pipeline(symbols=["BTC-USD"]), 100, **per("address", requests_per_second=1, requests_burst=1))
    stream = b"GET /api/v1/stream?symbols=BTC-USD HTTP/1.1\r\nHost: x\r\n"
    with From(flow.port["gateway0"], a_client()) as peer:
        assert statuses(peer, ASK, 1) == [200]
        peer.send(stream + b"\r\n")
        assert peer.answer()[0] == 429
        peer.send(stream + b"Accept: text/event-stream\r\n\r\n")
        status, headers, body = peer.answer()
        assert (status, headers["content-type"]) == (200, "text/event-stream")
        assert body.startswith(b"retry: 1000\n") and b"event: error" in body and b"Too many requests" in body


def test_who_goes_on_asking_over_http_loses_the_connection(pipeline):
    flow = pipeline()
    start(flow, **per("address", requests_per_second=1, requests_burst=3))
    with From(flow.port["gateway0"], a_client()) as peer:
        found = []
        while not found or found[-1][1].get("connection") != "close":
            found += answers(peer, ASK, 1)
        assert [status for status, _, _ in found][3:] == [429] * (len(found) - 3) and 30 < len(found) < 50
        assert ended(peer)


def test_a_client_over_websocket_is_told_when_to_ask_again(pipeline):
    flow = start_all(pipeline(symbols=["BTC-USD"]), 1000, **per("client", requests_per_second=2, requests_burst=4))

    async def ask():
        async with Client(flow.url()) as client, Client(flow.url()) as other:
            await client.subscribe("BTC-USD")
            for _ in range(3):
                await client.call("ping")
            await client.send_raw('{"jsonrpc":"2.0","id":"x","method":"ping"}')
            error = (await client.answer("x"))["error"]
            assert error["code"] == -32029 and 0 < error["data"]["retry_ms"] <= 500
            await client.send_raw("[" + ",".join('{"jsonrpc":"2.0","id":%d,"method":"ping"}' % n for n in range(100, 105)) + "]")
            refused = [await client.answer(n) for n in range(100, 105)]
            assert all(one["error"]["code"] == -32029 for one in refused)
            assert await other.call("ping")  # each has its own
            before = len(client.trades)
            await asyncio.sleep(error["data"]["retry_ms"] / 1000 + 0.5)
            assert await client.call("ping")  # it is as was said
            await client.until(lambda: len(client.trades) > before + 500, "trades")
            assert_once_and_in_order(client.trades)
    asyncio.run(ask())
    assert limited(flow, "client", "requests") >= 6


def test_signalr_has_its_own_form_of_it(pipeline, node_modules):
    flow = start_all(pipeline(symbols=["BTC-USD"]), 200, **per("client", requests_per_second=1, requests_burst=2))
    with NodeClient(node_modules, "signalr", flow.url()) as client:
        assert "result" in client.call("subscribe", channel="trades", symbol="BTC-USD")
        error = next(answer["error"] for answer in iter(lambda: client.call("ping"), None) if "error" in answer)
        assert error["code"] == -32029 and error["message"] == "Too many requests" and 0 < error["retry_ms"] <= 1000
        client.wait(lambda: len(client.trades) > 100, "trades")
        assert_once_and_in_order(client.trades)


@pytest.mark.parametrize("message", ['{"jsonrpc":"2.0","id":1,"method":"ping"}', '{"jsonrpc":"2.0","method":"ping"}', "{", "[]", b"\0"])
def test_who_goes_on_asking_over_websocket_is_closed(pipeline, message):
    flow = pipeline()
    start(flow, **per("client", requests_per_second=1, requests_burst=2))

    async def flood():
        async with Client(flow.url()) as client, Client(flow.url()) as other:
            with contextlib.suppress(websockets.ConnectionClosed):
                for _ in range(100):
                    await client.send_raw(message)
            await asyncio.wait_for(client.reader, PATIENCE)
            assert client.close_code == 4429 and "too many requests" in client.close_reason
            assert await other.call("ping")
    asyncio.run(flood())
    assert limited(flow, "client", "requests") == 21


@pytest.mark.parametrize("owner", ["client", "address"])
def test_pings_count_as_requests_and_who_floods_with_them_is_closed(pipeline, owner):
    flow = pipeline()
    start(flow, **per(owner, requests_per_second=1, requests_burst=3))
    pongs = []

    async def flood():
        async with Client(flow.url(), local_addr=(a_client(), 0)) as client:
            with contextlib.suppress(websockets.ConnectionClosed):
                for _ in range(1000):
                    pongs.append(await client.socket.ping())
            await asyncio.wait_for(client.reader, PATIENCE)
            assert client.close_code == 4429 and "too many requests" in client.close_reason
            return sum(pong.done() and not pong.exception() for pong in pongs)
    assert 25 < asyncio.run(flood()) < 45
    assert limited(flow, owner, "requests") > 25


def test_a_ping_is_answered_though_no_request_would_be(pipeline):
    """It keeps a connection alive, whose client has asked as often as it may, and goes on to hear trades."""
    flow = start_all(pipeline(symbols=["BTC-USD"]), 200, **per("client", requests_per_second=1, requests_burst=3))

    async def keep():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            for _ in range(5):
                with pytest.raises(RpcError) as refused:
                    for _ in range(4):
                        await client.call("ping")
                assert refused.value.code == -32029
                await asyncio.wait_for(await client.socket.ping(), PATIENCE)
            before = len(client.trades)
            await client.until(lambda: len(client.trades) > before + 100, "trades")
            assert_once_and_in_order(client.trades)
    asyncio.run(keep())


def test_answers_count_by_their_bytes_and_trades_do_not(pipeline):
    flow = start_all(pipeline(symbols=["BTC-USD"]), 5000, **per("client", bytes_per_second=100000, bytes_burst=200000))

    async def ask():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await client.until(lambda: len(client.trades) > 10000, "2 MB of trades")
            assert len((await client.call("getRecentTrades", symbol="BTC-USD", count=5000))["trades"]) == 5000  # 1 MB, of which 0.8 are owed then
            with pytest.raises(RpcError) as refused:
                await client.call("getRecentTrades", symbol="BTC-USD", count=1)
            assert refused.value.code == -32029
            before = len(client.trades)
            await client.until(lambda: len(client.trades) > before + 5000, "trades meanwhile")
            assert_once_and_in_order(client.trades)
    asyncio.run(ask())
    assert limited(flow, "client", "bytes") == 1


def test_bytes_count_for_an_address_over_both_doors(pipeline):
    flow = start_all(pipeline(symbols=["BTC-USD"]), 100, **per("address", bytes_per_second=1000, bytes_burst=50000))
    with From(flow.port["gateway0"], a_client()) as peer, From(flow.port["gateway0"], a_client()) as other:
        found = statuses(peer, b"GET /app.js HTTP/1.1\r\nHost: x\r\n\r\n", 20)
        assert found[0] == 200 and found[-1] == 429 and found == sorted(found)
        peer.send(UPGRADE)
        assert peer.answer()[0] == 429
        assert statuses(other, ASK, 3) == [200] * 3


def test_an_address_that_connects_too_often_is_told_so_and_then_closed_at_once(pipeline):
    flow = pipeline()
    start(flow, **per("address", connects_per_second=1, connects_burst=4))
    address, peers, found = a_client(), [], []
    with contextlib.ExitStack() as stack:
        while not found or found[-1] is not None:
            peers.append(stack.enter_context(From(flow.port["gateway0"], address)))
            try:
                found += answers(peers[-1], HEALTH, 1)
            except (ConnectionError, IndexError):
                found.append(None)
        assert [answer[0] for answer in found[:4]] == [200] * 4
        refused = found[4:-1]
        assert len(refused) >= 40 and {status for status, _, _ in refused} <= {429, 200} and len([one for one in refused if one[0] == 200]) < 10
        assert refused[0][1]["retry-after"] == "1" and refused[0][1]["connection"] == "close"
        with From(flow.port["gateway0"], a_client()) as other:
            assert statuses(other, HEALTH, 50) == [200] * 50
        assert statuses(peers[0], HEALTH, 5) == [200] * 5  # who is in stays in
    assert limited(flow, "address", "connects") >= 40


def test_over_tls_who_connects_too_often_gets_no_handshake(pipeline, certify):  # noqa: F811
    flow = pipeline()
    certificate, key = certify("gateway")
    flow.trust = certificate
    start(flow, listen=[flow.address("gateway0"), {"address": flow.address("gateway1"), "tls": {"certificate": certificate, "key": key}}],
          **per("address", connects_per_second=1, connects_burst=3))
    address, refused = a_client(), 0
    for _ in range(10):
        try:
            with From(flow.port["gateway1"], address, context(flow)) as peer:
                peer.send(HEALTH)
                assert peer.answer()[0] == 200
        except (ConnectionError, OSError):
            refused += 1
    assert 5 <= refused <= 7
    assert limited(flow, "address", "connects") == refused


def test_behind_a_proxy_the_client_counts_and_not_the_proxy(pipeline):
    flow = pipeline()
    start(flow, proxies=["127.0.0.1"], limits={"address": {"connects_per_second": 1, "connects_burst": 3, "requests_per_second": 1, "requests_burst": 10}})
    with nginx(flow.address("gateway0"), *FORWARDED_FOR) as proxy:
        for address in (a_client(), a_client()):
            with contextlib.ExitStack() as stack:
                found = []
                for _ in range(5):
                    peer = stack.enter_context(From(proxy.port, address))
                    peer.send(UPGRADE)
                    found.append(peer.answer()[0])
                assert found == [101] * 3 + [429] * 2
        with From(proxy.port, a_client()) as peer:
            found = statuses(peer, ASK, 12)
            assert found[0] != 429 and found[-1] == 429 and found.index(429) == 10


def test_limits_change_with_sighup(pipeline):
    flow = pipeline()
    start(flow)

    async def change():
        async with Client(flow.url()) as client:
            for _ in range(100):
                await client.call("ping")
            line = reload(flow, **per("client", requests_per_second=1, requests_burst=3))
            assert "gatewayd.limits.client.requests" in line
            with pytest.raises(RpcError):
                for _ in range(5):
                    await client.call("ping")
            flow.processes["gateway0"].lines.clear()
            reload(flow, limits={})
            for _ in range(100):
                await client.call("ping")
    asyncio.run(change())


def test_a_role_limits_its_clients_over_each_door(guarded):  # noqa: F811
    guard = guarded({"slow": {"messages_per_second": 1}, "short": {"bytes_per_second": 1}, "trader": {}})
    slow, short, trader = (guard.token(role) for role in ("slow", "short", "trader"))
    found = [guard.get("/api/v1/symbols", token=slow) for _ in range(6)]
    assert [status for status, _, _ in found].count(429) >= 2 and found[0][0] == 200
    status, headers, body = next(one for one in found if one[0] == 429)
    assert headers["Retry-After"] == "1" and json.loads(body)["status"] == 429
    assert [guard.get("/api/v1/symbols", token=trader)[0] for _ in range(20)] == [200] * 20

    async def over_websocket():
        async with Client(guard.url(f"/ws?access_token={slow}", "ws")) as client, Client(guard.url(f"/ws?access_token={short}", "ws")) as other:
            await client.subscribe("BTC-USD")
            with pytest.raises(RpcError) as refused:
                for _ in range(4):
                    await client.call("ping")
            assert refused.value.code == -32029
            await client.until(lambda: len(client.trades) > 50, "trades")
            assert_once_and_in_order(client.trades)
            await other.call("getStatus")  # more than a second's bytes
            with pytest.raises(RpcError) as refused:
                for _ in range(5):
                    await other.call("getStatus")
            assert refused.value.code == -32029
    asyncio.run(over_websocket())
    assert [guard.get("/api/v1/status", token=short)[0] for _ in range(5)][-1] == 429
