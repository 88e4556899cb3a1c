"""A token's life: it is warned of, renewed, and ends a connection by every door; roles that change or go."""

import asyncio
import json
import os
import re
import subprocess
import time

import pytest
from clients import Client, RpcError, assert_once_and_in_order
from event_source import Events
from guarded import guarded, handshake  # noqa: F401 (a fixture)
from node_client import NodeClient
from pipeline import PATIENCE, ROOT, until


def socket(guard, token=None):
    return Client(guard.url("/ws", "ws"), extra_headers={"Authorization": f"Bearer {token}"} if token else {})


def test_a_token_that_expires_ends_the_connection_after_a_warning(guarded):
    guard = guarded(warn_ms=5000)

    async def run():
        async with socket(guard, guard.token(lives=8)) as client:
            await client.subscribe("BTC-USD")
            await client.until(lambda: client.closed, "the end")
            (warning,) = client.of("token.expiring")
            assert 0 < float(warning["seconds"]) <= 5 and re.fullmatch(r"20\d\d-.*Z", warning["expires"])
            assert client.trades
            assert (client.close_code, client.close_reason) == (4401, "the token has expired")

    asyncio.run(run())
    assert guard.metric("dataflow_auth_expired_total") == 1


def test_a_refreshed_token_loses_nothing(guarded):
    guard = guarded(warn_ms=7000)

    async def run():
        async with socket(guard, guard.token(lives=8)) as client:
            await client.subscribe("BTC-USD")
            await client.until(lambda: client.of("token.expiring"), "the warning")
            with pytest.raises(RpcError, match="another subject"):
                await client.call("refreshToken", token=guard.token(sub="bob"))
            with pytest.raises(RpcError, match="expired"):
                await client.call("refreshToken", token=guard.token(lives=-1))
            assert (await client.call("refreshToken", token=guard.token(lives=9)))["role"] == "viewer"
            await client.until(lambda: len(client.of("token.expiring")) == 2, "the next warning")
            await client.call("refreshToken", token=guard.token())
            wanted = len(client.trades) + 5
            await client.until(lambda: len(client.trades) >= wanted, "more trades")
            assert_once_and_in_order(client.trades)
            assert client.trades[-1]["seq"] - client.trades[0]["seq"] == len(client.trades) - 1

    asyncio.run(run())
    assert guard.metric("dataflow_auth_refreshed_total") == 2
    assert guard.metric("dataflow_auth_expired_total") == 0


def test_another_role_ends_what_it_may_not_see(guarded):
    guard = guarded()

    async def run():
        async with socket(guard, guard.token("trader")) as client:
            await client.subscribe("ETH-USD")
            await client.subscribe("BTC-USD")
            await client.until(lambda: {t["symbol"] for t in client.trades} == {"BTC-USD", "ETH-USD"}, "trades of both")
            await client.call("refreshToken", token=guard.token("viewer"))
            await client.until(lambda: client.of("subscription.ended"), "the end of one")
            assert client.of("subscription.ended") == [{"channel": "trades", "symbol": "ETH-USD", "reason": "role"}]
            had = len([t for t in client.trades if t["symbol"] == "ETH-USD"])
            wanted = len(client.trades) + 20
            await client.until(lambda: len(client.trades) >= wanted, "more of the other")
            assert len([t for t in client.trades if t["symbol"] == "ETH-USD"]) == had
            with pytest.raises(RpcError, match="Invalid symbol: ETH-USD"):
                await client.subscribe("ETH-USD")

    asyncio.run(run())


def test_a_hangup_changes_roles_and_closes_whose_role_is_gone(guarded):
    guard = guarded()

    async def run():
        async with socket(guard, guard.token("trader")) as trader, socket(guard, guard.token("viewer")) as viewer:
            await trader.subscribe("ETH-USD")
            await viewer.subscribe("BTC-USD")
            guard.reload(viewer={"symbols": ["ETH-*"]})
            await trader.until(lambda: trader.closed, "the end")
            assert (trader.close_code, trader.close_reason) == (4403, "the token's role is no longer known here")
            await viewer.until(lambda: viewer.of("subscription.ended"), "the end of the subscription")
            await viewer.subscribe("ETH-USD")
            assert (await handshake(guard.url("/ws", "ws"), Authorization=f"Bearer {guard.token('trader')}"))[0] == 403

    asyncio.run(run())
    assert "config: changed" in guard.flow.processes["gateway0"].log()


def test_a_hangup_changes_keys(guarded):
    guard = guarded()
    before = guard.token()
    assert guard.get("/api/v1/symbols", token=before)[0] == 200
    guard.write("secret", b"fedcba9876543210fedcba9876543210")
    guard.reload(**guard.flow.config["gatewayd"]["roles"])
    until(lambda: guard.get("/api/v1/symbols", token=before)[0] == 401, "the old key to be gone")
    assert guard.get("/api/v1/symbols", token=guard.token(key="fedcba9876543210fedcba9876543210"))[0] == 200
    guard.write("secret", b"short")
    guard.reload(trader={})
    guard.flow.processes["gateway0"].wait_for_line("the former keys and roles stay")
    assert guard.get("/api/v1/symbols", token=guard.token(key="fedcba9876543210fedcba9876543210"))[0] == 200


def test_a_stream_of_events_ends_with_its_token(guarded):
    guard = guarded(warn_ms=5000)
    token = guard.token(lives=8)
    with Events(guard.flow, f"symbols=BTC-USD&access_token={token}") as events:
        events.wait(lambda: events.trades, "trades")
        events.wait(lambda: events.named("expiring"), "the warning")
        events.wait(lambda: events.named("error"), "the end")
        assert events.named("error")[0]["message"] == "the token has expired"
        until(lambda: events.ended, "the connection to end")
        with Events(guard.flow, f"symbols=BTC-USD&access_token={token}", last_id=events.last_id) as again:
            assert again.head[0].startswith("HTTP/1.1 401 ")
        with Events(guard.flow, f"symbols=BTC-USD&access_token={guard.token()}", last_id=events.last_id) as again:
            again.wait(lambda: again.trades, "what came meanwhile")
            assert_once_and_in_order(events.trades + again.trades)
            assert again.trades[0]["seq"] == events.trades[-1]["seq"] + 1


def test_signalr_comes_back_with_what_its_factory_gives(guarded, node_modules, monkeypatch):
    """The client of Microsoft's, with an accessTokenFactory."""
    guard = guarded(warn_ms=1000)
    monkeypatch.setenv("ACCESS_TOKEN", guard.token(lives=600))
    with NodeClient(node_modules, "signalr", guard.url("/ws", "ws")) as client:
        assert client.call("subscribe", channel="trades", symbol="BTC-USD")["result"]["event"] == "subscribed"
        client.wait(lambda: client.trades, "a trade")
        answer = client.call("refreshToken", token=guard.token(lives=2))
        assert answer["result"]["role"] == "viewer"
        client.wait(lambda: any(m.get("method") == "token.expiring" for m in client.messages), "the warning")
        client.wait(lambda: client.events("reconnected"), "its return")
        assert client.call("ping")["result"]["pong"]
        error = client.call("refreshToken", token=guard.token(lives=-2))["error"]
        assert error == {"code": -32001, "message": "Unauthorized", "data": "the token has expired", "reason": "expired"}


def test_signalr_does_not_start_without_a_token(guarded, node_modules, monkeypatch):
    guard = guarded()
    for token in (None, guard.token(lives=-5)):
        monkeypatch.setenv("ACCESS_TOKEN", token or "")
        client = NodeClient(node_modules, "signalr", guard.url("/ws", "ws"))
        assert client.child.wait(PATIENCE) != 0 and not client.events("started")


def test_node_ws_brings_its_token_first(guarded, node_modules):
    guard = guarded()
    with NodeClient(node_modules, "ws", guard.url("/ws", "ws")) as client:
        assert client.call("subscribe", channel="trades", symbol="BTC-USD")["error"]["data"] == {"reason": "no_token"}
        assert client.call("authenticate", token=guard.token())["result"]["subject"] == "alice"
        assert client.call("subscribe", channel="trades", symbol="BTC-USD")["result"]["event"] == "subscribed"
        client.wait(lambda: client.trades, "a trade")


def test_tokens_of_npm_jose_open_the_doors(guarded, node_modules):
    made = json.loads(subprocess.run(["node", ROOT / "tests/system/node/tokens.mjs"], text=True, capture_output=True, check=True, timeout=PATIENCE,
                                     input=json.dumps({"sub": "alice", "aud": "dataflow", "role": "viewer", "exp": int(time.time()) + 600}),
                                     env={**os.environ, "NODE_MODULES_BESIDE": str(node_modules / "package.json")}).stdout)
    guard = guarded()
    guard.write("keys.pem", json.dumps(made["jwks"]).encode())
    guard.reload(**guard.flow.config["gatewayd"]["roles"])
    until(lambda: guard.get("/api/v1/symbols", token=made["tokens"]["EdDSA"])[0] == 200, "the new keys")
    for algorithm, token in made["tokens"].items():
        guard.keep(token)
        assert guard.get("/api/v1/symbols", query=token)[0] == 200, algorithm
        assert asyncio.run(handshake(guard.url(f"/ws?access_token={token}", "ws")))[0] == 101, algorithm
