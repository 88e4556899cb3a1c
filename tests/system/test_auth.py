"""Who may come in: with a token, by every door; without one, or with a bad one, by none."""

import asyncio
import json
import subprocess

import pytest
import websockets
from clients import Client, RpcError
from guarded import ROLES, SECRET, bring_everywhere, first_message, guarded, handshake, tables  # noqa: F401 (a fixture)
from pipeline import BIN, PATIENCE, free_ports, until


def test_nothing_is_had_without_a_token(guarded):
    guard = guarded(first_message_ms=600000)
    methods, paths = tables()

    async def ask_all():
        async with websockets.connect(guard.url("/ws", "ws")) as socket:
            for number, method in enumerate([*methods, "nothing"]):
                if method in ("authenticate", "refreshToken"):
                    continue
                params = {"channel": "trades", "symbol": "BTC-USD", "source": "blockchain", "interval": "1m", "afterTimestamp": 0, "token": "x" * 16}
                await socket.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
                answer = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
                assert answer == {"jsonrpc": "2.0", "id": number, "error": {"code": -32001, "message": "a token is needed",
                                                                             "data": {"reason": "no_token"}}}, method
        for path in ("/blockchain", "/BLOCKCHAIN/?id=x"):
            assert await handshake(guard.url(path, "ws")) == (401, 'Bearer realm="dataflow"')

    asyncio.run(ask_all())
    for path in [*paths, "/api/", "/api/v1/nothing", "/api/v2/trades/BTC-USD"]:
        if path.startswith(("/api/v1/clients", "/api/v1/subscriptions", "/api/v1/drain", "/api/v1/history", "/api/v1/sources/")):
            method = "POST" if path.endswith("drain") else "DELETE" if path.endswith("history") else "GET"
            assert guard.get(path + ("blockchain/symbols" if path.endswith("/") else ""), method=method)[0] == 401, path
            continue
        full = path + ("readings/x" if path.endswith("records/") else "BTC-USD" if path.endswith("/") else "")
        for query in ("", "?symbols=BTC-USD", "?access_token=", "?access_token"):
            status, headers, body = guard.get(full + query, Origin="https://elsewhere.example") if query else guard.get(full)
            if status == 403 and query:
                continue  # the page's origin
            assert (status, headers["WWW-Authenticate"]) == (401, 'Bearer realm="dataflow"'), full
            assert headers["Content-Type"] == "application/problem+json"
            assert json.loads(body) | {"title": "Unauthorized", "status": 401, "reason": "no_token"} == json.loads(body)
        assert guard.get(full, method="HEAD")[0] == 401
        assert guard.get(full, Authorization="Basic YTpi")[0] == 401
    assert guard.get("/blockchain/negotiate?negotiateVersion=1", method="POST")[0] == 401
    assert guard.metric('dataflow_auth_refused_total{reason="no_token"}') > 40


def test_what_is_for_everybody_stays_open(guarded):
    guard = guarded()
    for path in ("/health", "/ready", "/metrics", "/", "/app.js", "/api/v1/openapi.json"):
        assert guard.get(path)[0] == 200, path
    assert json.loads(guard.get("/ready")[2])["auth"] == "ready"


@pytest.mark.parametrize("algorithm", ["HS256", "RS256"])
def test_a_good_token_opens_every_door(guarded, algorithm):
    guard = guarded()
    found = bring_everywhere(guard, guard.token(key=guard.key if algorithm == "RS256" else None, algorithm=algorithm))
    assert {door for door, status in found.items() if status not in (101, 200)} == set(), found
    guard.flow.processes["gateway0"].wait_for_line("client: let in address=127.0.0.1 subject=alice role=viewer")


def test_bad_tokens_open_none(guarded):
    guard = guarded()
    for why, token in guard.bad_tokens().items():
        reason = {"confused": "signature"}.get(why, why)
        status = 403 if why == "no_role" else 401
        found = bring_everywhere(guard, token)
        assert {door: said for door, said in found.items() if said not in (status, reason)} == {}, why
        code, headers, body = guard.get("/api/v1/symbols", token=token)
        error = "insufficient_scope" if why == "no_role" else "invalid_token"
        assert f'error="{error}"' in headers["WWW-Authenticate"] and json.loads(body)["reason"] == reason
        assert token not in body and token not in str(headers)
        assert guard.metric(f'dataflow_auth_refused_total{{reason="{reason}"}}') > 0


def test_a_query_with_a_token_is_never_told(guarded):
    guard = guarded()
    token = guard.token()
    for path in ("/api/v1/trades/BTC-USD?nonsense=1", "/api/v1/trades/NO-SUCH?count=1", "/api/v1/candles/BTC-USD?interval=never", "/nowhere",
                 "/api/v1/stream?symbols=X", "/metrics?x=1", "/ws?x=1", "/api/v1/trades/BTC-USD?%61ccess_token=" + token):
        body = guard.get(path, query=token)[2]
        assert token not in body, path


def test_a_first_message_has_its_time(guarded):
    guard = guarded(first_message_ms=2000)

    async def run():
        async with Client(guard.url("/ws", "ws")) as silent, Client(guard.url("/ws", "ws")) as good:
            assert (await good.call("authenticate", token=guard.token()))["role"] == "viewer"
            await silent.until(lambda: silent.closed, "the end")
            assert (silent.close_code, silent.close_reason) == (4401, "no token came in time")
            assert (await good.call("ping"))["pong"]
            await good.subscribe("BTC-USD")
            await good.until(lambda: good.trades, "a trade")
            return True

    assert asyncio.run(run())
    assert guard.metric("dataflow_auth_late_total") == 1


def test_the_first_message_may_be_tried_again(guarded):
    guard = guarded()

    async def run():
        async with Client(guard.url("/ws", "ws")) as client:
            with pytest.raises(RpcError, match="-32001 the token has expired"):
                await client.call("authenticate", token=guard.token(lives=-5))
            with pytest.raises(RpcError, match="-32001 a token is needed"):
                await client.call("getSymbols")
            who = await client.call("authenticate", token=guard.token("trader"))
            assert (who["subject"], who["role"]) == ("alice", "trader")
            assert "ETH-USD" in (await client.call("getSymbols"))["symbols"]

    asyncio.run(run())


def test_a_subject_has_so_many_connections(guarded):
    guard = guarded({"viewer": {"connections": 1}, "trader": {}})
    ws = guard.url("/ws", "ws")

    async def run():
        async with Client(ws, extra_headers={"Authorization": f"Bearer {guard.token()}"}) as one:
            assert (await handshake(ws, Authorization=f"Bearer {guard.token()}"))[0] == 429
            assert (await handshake(ws, Authorization=f"Bearer {guard.token(sub='bob')}"))[0] == 101
            assert (await first_message(ws, guard.token()))["error"]["data"] == {"reason": "connections"}
            status, headers, _ = await asyncio.to_thread(guard.get, "/api/v1/stream?symbols=BTC-USD", token=guard.token())
            assert (status, headers["Retry-After"]) == (429, "1")
            assert (await asyncio.to_thread(guard.get, "/api/v1/symbols", token=guard.token()))[0] == 200  # it is no connection
            await one.call("ping")
        until(lambda: guard.metric('dataflow_gateway_clients') == 0, "the client to be gone")
        assert (await handshake(ws, Authorization=f"Bearer {guard.token()}"))[0] == 101

    asyncio.run(run())


def test_without_keys_nobody_comes_in_and_ready_says_so(pipeline):
    """The URL that has them does not answer."""
    (port,) = free_ports(1)
    flow = pipeline()
    flow.config["gatewayd"]["auth"] = {"mode": "jwt", "keys": f"http://127.0.0.1:{port}/jwks"}
    flow.config["gatewayd"]["roles"] = ROLES
    flow.start_simulator()
    flow.start_connectord()
    flow.start_cached()
    flow.wait_ready("connectord_http", "cached_http")
    flow.start_gateway()
    status, body = until(lambda: (lambda said: said if said[0] and '"history":"up"' in said[1] and '"up"' in said[1] else None)(flow.ready("gateway0")),
                         "the gateway to be ready but for keys")
    assert status == 503 and json.loads(body)["auth"] == "no_keys"


def test_a_file_that_can_not_be_used_is_told_before_the_start(tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o644)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"gatewayd": {"auth": {"mode": "jwt", "secret_file": str(tmp_path / "secret")}, "roles": ROLES}}))
    checked = subprocess.run([BIN / "gatewayd", "--config", path, "--check"], capture_output=True, text=True, timeout=PATIENCE)
    assert checked.returncode == 1 and "gatewayd.auth.secret_file" in checked.stderr and "chmod 600" in checked.stderr


@pytest.mark.parametrize("address, mode, said", [("127.0.0.1", "none", ""), ("0.0.0.0", "none", "GETS IN"), ("0.0.0.0", "jwt", "can read tokens"),
                                                 ("127.0.0.1", "jwt", "")])
def test_an_open_listener_is_told_loudly(pipeline, address, mode, said):
    flow = pipeline()
    (port,) = free_ports(1)
    secret = flow.directory / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    flow.config["gatewayd"] |= {"auth": {"mode": mode, "secret_file": str(secret)}, "roles": ROLES, "listen": [f"{address}:{port}"]}
    gateway = flow.start_daemon("gatewayd")
    gateway.wait_for_line("gateway: listening")
    gateway.stop()
    warned = [line for line in gateway.lines if "GETS IN" in line or "can read tokens" in line]
    assert len(warned) == bool(said) and all(said in line and " warn" in line for line in warned), gateway.log()
