"""The operator's API: who may, and what it does to a pipeline that runs."""

import asyncio
import json
import signal

import pytest
from clients import Client, Requester
from pipeline import get, until

pytest.importorskip("jwt", reason="python3-jwt is not installed")

from operators import CACHED_TOKEN, CONNECTORD_TOKEN, ask, guard, operate, token, with_token  # noqa: E402

ROUTES = [
    ("GET", "/clients"),
    ("GET", "/subscriptions"),
    ("GET", "/sources/blockchain/symbols"),
    ("PUT", "/sources/blockchain/symbols/BTC-USD"),
    ("DELETE", "/sources/blockchain/symbols/XRP-USD"),
    ("POST", "/drain"),
    ("DELETE", "/history/BTC-USD"),
]


@pytest.fixture
def flow(pipeline):
    flow = guard(pipeline(symbols=["BTC-USD", "ETH-USD"]))
    return flow.start_all("--symbols", "BTC-USD,ETH-USD,SOL-USD", "--rate", "200")


def audits(flow, outcome):
    return [line for line in flow.processes["gateway0"].lines if f"audit: {outcome}" in line]


def test_only_operators_get_in_and_each_is_audited(flow):
    address = flow.address("gateway0")
    for method, path in ROUTES:
        path = f"/api/v1{path}"
        missing = ask(address, method, path)
        assert missing.status == 401 and missing.headers["WWW-Authenticate"].startswith("Bearer"), missing
        assert missing.headers["Content-Type"] == "application/problem+json" and missing.json["status"] == 401
        in_query = ask(address, method, f"{path}?access_token={token()}")
        assert in_query.status == 401, in_query
        old = ask(address, method, path, token(exp=1))
        assert (missing.json["reason"], old.json["reason"], old.status) == ("no_token", "expired", 401)
        viewer = ask(address, method, path, token("viewer"))
        assert viewer.status == 403 and "insufficient_scope" in viewer.headers["WWW-Authenticate"] and viewer.json["reason"] == "role", viewer
        foreign = ask(address, method, path, token(), Origin="https://elsewhere.example")
        assert foreign.status == 403 and not foreign.headers["Access-Control-Allow-Origin"], foreign
    assert flow.ready("gateway0")[0] == 200
    for method, path in ROUTES:
        answer = operate(flow, method, path)
        assert answer.status == (202 if method == "POST" else 200) and answer.json["version"] == "v1", answer
        assert answer.headers["Cache-Control"] == "no-store"
    done = until(lambda: len(lines := audits(flow, "done")) == len(ROUTES) and lines, "a line for each")
    for (method, path), line in zip(ROUTES, done):
        assert f"method={method}" in line and f"/api/v1{path} " in line and 'subject="an operator" role=operator address=127.0.0.1' in line
    refused = audits(flow, "refused")
    assert refused and all(" warn " in line for line in refused)
    assert any("status=401" in line for line in refused)
    for process in flow.processes.values():
        assert not any(secret in process.log() for secret in (CONNECTORD_TOKEN, CACHED_TOKEN, token()[:20]))


def test_without_tokens_there_is_no_such_path(pipeline):
    flow = pipeline()
    flow.start_gateway()
    until(lambda: flow.ready("gateway0")[0], "the gateway to listen")
    for method, path in ROUTES:
        answer = operate(flow, method, path)
        assert answer.status == (404 if method == "GET" else 405), answer
    assert operate(flow, "OPTIONS", "/clients").status == 404
    assert "audit" not in flow.processes["gateway0"].log()


def test_methods_and_preflights_are_as_elsewhere(flow):
    address = flow.address("gateway0")
    for method, path in [("POST", "/clients"), ("PUT", "/sources/blockchain/symbols"), ("GET", "/sources/blockchain/symbols/BTC-USD"), ("GET", "/drain"), ("GET", "/history")]:
        answer = operate(flow, method, path)
        assert answer.status == 405 and "OPTIONS" in answer.headers["Allow"] and method not in answer.headers["Allow"], answer
    head = operate(flow, "HEAD", "/clients")
    assert head.status == 200 and head.text == "" and int(head.headers["Content-Length"]) > 0
    preflight = ask(address, "OPTIONS", "/api/v1/drain", Origin="https://elsewhere.example")
    assert preflight.status == 200 and preflight.headers["Allow"] == "POST, OPTIONS"
    assert not preflight.headers["Access-Control-Allow-Origin"]
    for path in ("/clients?color=red", "/clients?count=0", "/clients?cursor=!", "/subscriptions?client=x", "/subscriptions?cursor=Nw",
                 "/history", "/sources/blockchain/symbols/BTCUSD", "/drain?now=yes"):
        method = {"/history": "DELETE", "/sources/blockchain/symbols/BTCUSD": "PUT", "/drain?now=yes": "POST"}.get(path, "GET")
        answer = operate(flow, method, path)
        assert answer.status == 400 and answer.json["detail"], (path, answer)
    for method, path in [("PUT", "/sources/other/symbols/BTC-USD"), ("GET", "/sources/other/symbols"), ("DELETE", "/history/XRP-USD"),
                         ("DELETE", "/history/BTC.USD"), ("GET", "/subscriptions?client=99"), ("GET", "/sources//symbols"), ("GET", "/other")]:
        assert operate(flow, method, path).status == 404, path


def test_a_page_of_a_named_origin_may_operate(pipeline):
    flow = guard(pipeline())
    flow.config["gatewayd"]["origins"] = ["https://desk.example"]
    flow.config["gatewayd"]["cors"] = ["https://reader.example"]
    flow.start_gateway()
    until(lambda: flow.ready("gateway0")[0], "the gateway to listen")
    address = flow.address("gateway0")
    for origin, status in (("https://desk.example", 200), ("https://reader.example", 403)):
        answer = ask(address, "GET", "/api/v1/clients", token(), Origin=origin)
        assert answer.status == status
        assert answer.headers["Access-Control-Allow-Origin"] == (origin if status == 200 else None)
    preflight = ask(address, "OPTIONS", "/api/v1/sources/a/symbols/B-C", Origin="https://desk.example", **{"Access-Control-Request-Headers": "authorization"})
    assert preflight.headers["Access-Control-Allow-Methods"] == "PUT, DELETE, OPTIONS"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]


def test_clients_and_what_they_take(flow):
    async def run():
        async with Client(with_token(flow.url())) as one, Client(with_token(flow.url())) as two:
            await one.subscribe("BTC-USD")
            await one.subscribe("ETH-USD")
            await two.subscribe("ETH-USD")
            await two.until(lambda: len(two.trades) > 10, "trades")
            return await asyncio.to_thread(look)

    def look():
        page = operate(flow, "GET", "/clients?count=1").json
        assert page["total"] == 2 and len(page["clients"]) == 1
        rest = operate(flow, "GET", f"/clients?cursor={page['next']}").json
        assert "next" not in rest
        by_client = [operate(flow, "GET", f"/subscriptions?client={client['id']}").json for client in page["clients"] + rest["clients"]]
        first = operate(flow, "GET", "/subscriptions?count=1").json
        return page["clients"] + rest["clients"], by_client, first, operate(flow, "GET", f"/subscriptions?cursor={first['next']}").json

    (one, two), by_client, first, second = asyncio.run(run())
    assert (one["subject"], one["role"]) == ("an viewer", "viewer")
    assert one["id"] < two["id"] and one["transport"] == two["transport"] == "websocket"
    assert (one["subscriptions"], two["subscriptions"]) == (2, 1)
    assert one["address"] == "127.0.0.1" and one["since"] <= two["since"]
    assert two["sent_trades"] > 10 and two["sent_bytes"] > 1000 and two["behind"] < 1000
    assert [[entry["symbol"] for entry in each["subscriptions"]] for each in by_client] == [["BTC-USD", "ETH-USD"], ["ETH-USD"]]
    assert by_client[0]["subscriptions"][0]["streams"][0]["source"] == "blockchain"
    assert first["subscriptions"] == [{"channel": "trades", "symbol": "BTC-USD", "source": "blockchain", "clients": 1}]
    assert second["subscriptions"] == [{"channel": "trades", "symbol": "ETH-USD", "source": "blockchain", "clients": 2}]
    until(lambda: operate(flow, "GET", "/clients").json["clients"] == [], "the clients to be gone")


def test_a_symbol_that_is_put_flows_to_a_client_and_survives_a_kill(flow):
    async def run():
        async with Client(with_token(flow.url())) as client:
            await client.subscribe("BTC-USD")
            answer = await asyncio.to_thread(operate, flow, "PUT", "/sources/blockchain/symbols/SOL-USD")
            assert answer.json == {"version": "v1", "source": "blockchain", "changed": True, "symbols": ["BTC-USD", "ETH-USD", "SOL-USD"],
                                   "added": ["SOL-USD"], "removed": []}
            while "SOL-USD" not in (await client.call("getSymbols"))["symbols"]:
                pass
            await client.subscribe("SOL-USD")
            await client.until(lambda: sum(trade["symbol"] == "SOL-USD" for trade in client.trades) > 10, "trades of SOL-USD")
            assert not client.of("connection.lost")

    asyncio.run(run())
    assert operate(flow, "PUT", "/sources/blockchain/symbols/SOL-USD").json["changed"] is False
    flow.processes["connectord"].kill()
    flow.start_connectord()
    flow.wait_ready("connectord_http")
    until(lambda: operate(flow, "GET", "/sources/blockchain/symbols").json.get("added") == ["SOL-USD"], "the symbol that was put")
    answer = operate(flow, "DELETE", "/sources/blockchain/symbols/SOL-USD")
    assert (answer.json["changed"], answer.json["symbols"], answer.json["added"]) == (True, ["BTC-USD", "ETH-USD"], [])
    until(lambda: not json.loads(get(f"http://{flow.address('simulator')}/status")[1])["subscriptions"].get("SOL-USD"), "SOL-USD to be unsubscribed")


def test_what_stands_in_the_way_is_named(flow):
    flow.processes["connectord"].kill()
    assert operate(flow, "PUT", "/sources/blockchain/symbols/SOL-USD").status == 504
    flow.config["connectord"]["token"] = "another one than before"
    flow.start_connectord()
    flow.wait_ready("connectord_http")
    answer = until(lambda: (answer := operate(flow, "PUT", "/sources/blockchain/symbols/SOL-USD")).status == 502 and answer, "the refusal")
    assert "connectord.token" in answer.json["detail"]
    gateway = flow.processes["gateway0"]
    gateway.popen.send_signal(signal.SIGHUP)
    until(lambda: operate(flow, "PUT", "/sources/blockchain/symbols/SOL-USD").status == 200, "the token of the new configuration")
    flow.config["connectord"]["token"] = flow.config["cached"]["token"] = ""
    flow.write_config()
    gateway.popen.send_signal(signal.SIGHUP)
    until(lambda: operate(flow, "PUT", "/sources/blockchain/symbols/SOL-USD").status == 501, "no token")
    assert "cached.token" in operate(flow, "DELETE", "/history/BTC-USD").json["detail"]


def test_history_is_cleared_of_a_symbol_or_of_all(flow):
    flow.tell_simulator("/control/pause")

    def stats():
        with Requester(flow.history) as history:
            return {each["topic"]: each["trades"] for each in history.ask(op="stats")["stats"] if each["topic"].startswith("trade.")}

    def settled():
        before = stats()
        return all(before.values()) and len(before) == 2 and before == stats() and before

    before = until(settled, "trades in history")
    assert operate(flow, "DELETE", "/history/BTC-USD").json == {"version": "v1", "cleared": before["trade.BTC-USD.blockchain"]}
    assert stats().get("trade.ETH-USD.blockchain") == before["trade.ETH-USD.blockchain"]
    assert operate(flow, "DELETE", "/history?all=true").json["cleared"] == before["trade.ETH-USD.blockchain"]
    assert not any(stats().values())
