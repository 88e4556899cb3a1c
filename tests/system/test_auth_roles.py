"""What a role may see and do, by every door: the rest does not exist."""

import asyncio
import datetime
import json

import pytest
from clients import Client, RpcError
from event_source import Events
from guarded import guarded, tables  # noqa: F401 (a fixture)
from pipeline import loads, until
from told import ages, ask_everything, cursors

ROLES = {"viewer": {"symbols": ["BTC-*"]}, "trader": {}, "asker": {"methods": ["getSymbols", "getStatus"]}, "few": {"subscriptions": 1},
         "recent": {"history_hours": 2 / 3600}}


def problem(said):
    return said[0], json.loads(said[2]).get("detail"), json.loads(said[2]).get("reason")


def test_what_a_role_may_not_see_does_not_exist_at_any_door(guarded):
    """The answers about a symbol that is hidden are those about one that is not there, but for its name."""
    guard = guarded(ROLES)
    token = guard.token("viewer")
    for path in ("trades/{}", "trades/{}?since=0", "trades/{}?from=1-1&source=blockchain", "candles/{}?interval=1m", "coverage/{}", "stats?symbol={}",
                 "records/trades/{}", "stream?symbols={}", "stream?symbols=BTC-USD,{}", "trades/{}?count=0"):
        hidden, absent = (guard.get(f"/api/v1/{path.format(symbol)}", token=token) for symbol in ("ETH-USD", "XYZ-USD"))
        assert hidden[0] == absent[0] and hidden[0] in (400, 404), (path, hidden, absent)
        assert hidden[2].replace("ETH-USD", "XYZ-USD") == absent[2], path

    async def ask_all():
        async with Client(guard.url(f"/ws?access_token={token}", "ws")) as client:
            for method in tables()[0]:
                if method in ("authenticate", "refreshToken", "getSymbols", "getStatus", "getChannels", "ping", "clearHistory"):
                    continue
                said = []
                for symbol in ("ETH-USD", "XYZ-USD"):
                    with pytest.raises(RpcError) as error:
                        await client.call(method, channel="trades", symbol=symbol, source="blockchain", interval="1m", afterTimestamp=0)
                    said.append(str(error.value).replace("ETH-USD", "XYZ-USD"))
                assert said[0] == said[1] and "XYZ-USD" in said[0], method
            assert (await client.call("getSymbols")) == {"symbols": ["BTC-USD"], "sources": {"BTC-USD": ["blockchain"]}}
            assert {row["symbol"] for row in (await client.call("getStats"))["stats"]} <= {"BTC-USD", "coverage.BTC-USD"}
            assert "ETH-USD" not in json.dumps(await client.call("getStatus"))
            await client.subscribe("BTC-USD")
            await client.until(lambda: len(client.trades) > 20, "trades")
            assert {trade["symbol"] for trade in client.trades} == {"BTC-USD"}

    asyncio.run(ask_all())
    for path in ("symbols", "status", "sources", "stats", "channels"):
        status, headers, body = guard.get(f"/api/v1/{path}", token=token)
        assert status == 200 and "ETH-USD" not in body, path
    assert "private" in guard.get("/api/v1/symbols", token=token)[1]["Cache-Control"]
    assert "ETH-USD" in guard.get("/api/v1/symbols", token=guard.token("trader"))[2]


def test_what_is_ready_made_for_others_is_not_for_all(guarded):
    """A trader's queries fill the gateway's cache of answers."""
    guard = guarded(ROLES)
    trader, viewer, asker = (guard.token(role) for role in ("trader", "viewer", "asker"))
    for _ in range(5):
        assert guard.get("/api/v1/trades/ETH-USD?count=5", token=trader)[0] == 200
        assert guard.get("/api/v1/trades/ETH-USD?count=5", token=viewer)[0] == 404
        assert problem(guard.get("/api/v1/trades/ETH-USD?count=5", token=asker)) == (403, "the role does not allow that", "role")
        assert guard.get("/api/v1/trades/ETH-USD?count=5")[0] == 401


def test_a_role_has_its_methods_at_every_door(guarded):
    guard = guarded(ROLES)
    token = guard.token("asker")
    allowed = {"symbols", "sources", "status"}
    for path in ("trades/BTC-USD", "trades/BTC-USD?since=0", "trades/BTC-USD?from=1-1&source=blockchain", "candles/BTC-USD?interval=1m", "coverage/BTC-USD",
                 "stats", "channels", "stream?symbols=BTC-USD", "records/trades/BTC-USD", *allowed):
        said = guard.get(f"/api/v1/{path}", token=token)
        assert said[0] == (200 if path in allowed else 403), (path, said)
        if path not in allowed:
            assert problem(said) == (403, "the role does not allow that", "role")
            assert 'error="insufficient_scope"' in said[1]["WWW-Authenticate"]

    async def ask_all():
        async with Client(guard.url(f"/ws?access_token={token}", "ws")) as client:
            for method in tables()[0]:
                if method in ("authenticate", "refreshToken", "getSymbols", "getStatus"):
                    continue
                await client.send_raw(json.dumps({"jsonrpc": "2.0", "id": method, "method": method.upper(), "params": {}}))
                assert (await client.answer(method))["error"] == {"code": -32003, "message": "the role does not allow that", "data": {"reason": "role"}}
            assert (await client.call("getSymbols"))["symbols"] == ["BTC-USD", "ETH-USD"]

    asyncio.run(ask_all())


def test_a_role_has_so_many_subscriptions(guarded):
    guard = guarded(ROLES)

    async def run():
        async with Client(guard.url(f"/ws?access_token={guard.token('few')}", "ws")) as client:
            await client.subscribe("BTC-USD")
            with pytest.raises(RpcError, match="-32001 Too many subscriptions: at most 1"):
                await client.subscribe("ETH-USD")

    asyncio.run(run())
    assert guard.get("/api/v1/stream?symbols=BTC-USD,ETH-USD", token=guard.token("few"))[0] == 503


def age(trade):
    return (datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(trade["timestamp"].replace("Z", "+00:00"))).total_seconds()


def test_a_role_sees_no_further_back_than_it_may(guarded):
    guard = guarded(ROLES)
    trader, recent = guard.token("trader"), guard.token("recent")

    def trades(path, token):
        status, _, body = guard.get(f"/api/v1/trades/BTC-USD{path}", token=token)
        assert status == 200, body
        return loads(body)["trades"]

    oldest = trades("?since=0&count=1", trader)[0]
    until(lambda: age(oldest) > 6, "a trade that is too old")
    cursor = f'{oldest["epoch"]}-{oldest["seq"]}'
    for path in ("?count=10000", "?since=0&count=10000", f"?from={cursor}&source=blockchain&count=10000", "?source=blockchain&to=9999999999999999-1&count=10000"):
        found = trades(path, recent)
        assert found and max(map(age, found)) < 6, path
        assert len(trades(path, trader)) > len(found), path
    last = trades("?count=1", trader)[0]
    assert trades(f'?from={last["epoch"]}-{last["seq"]}&source=blockchain&count=1', recent) == [last]

    async def run():
        async with Client(guard.url(f"/ws?access_token={recent}", "ws")) as client:
            answer = await client.subscribe("BTC-USD", since=cursor, mark=True)
            assert answer["recovered"] is False
            await client.until(lambda: client.of("trades.gap") and client.trades, "a gap, and trades")
            (gap,) = client.of("trades.gap")
            assert gap["from"] == f'{oldest["epoch"]}-{oldest["seq"] + 1}'
            assert gap["to"] == f'{oldest["epoch"]}-{client.trades[0]["seq"] - 1}' == answer["cursor"]
            assert age(client.trades[0]) < 6
            assert "oldest" not in answer
            await client.call("unsubscribe", channel="trades", symbol="BTC-USD")
            answer = await client.subscribe("BTC-USD", count=10000)
            assert answer["trades"] and max(map(age, answer["trades"])) < 6

    asyncio.run(run())
    answers = asyncio.run(ask_everything(guard, recent))
    for asked, answer in answers.items():
        assert max(ages(answer), default=0) < 6, (asked, answer)
        assert min(cursors(answer), default=(last["epoch"], last["seq"])) > (oldest["epoch"], oldest["seq"]), (asked, answer)
    for row in answers["getStats"]["stats"] + answers["stats"]["stats"]:
        assert set(row) <= {"topic", "symbol", "source", "retention"}, row
    with Events(guard.flow, f"symbols=BTC-USD&access_token={recent}", last_id=f"BTC-USD.blockchain={cursor}") as events:
        events.wait(lambda: events.named("gap") and events.trades, "a gap, and trades")
        assert age(events.trades[0]) < 6
