"""JSON-RPC 2.0 as a client sees it: methods, ids, batches, errors, and invalid input."""

import asyncio
import json

import pytest
import websockets
from clients import Client, RpcError
from pipeline import until


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    from pipeline import Pipeline
    flow = Pipeline(tmp_path_factory.mktemp("rpc"))
    flow.start_all("--symbols", "BTC-USD,ETH-USD", "--rate", 1000)
    yield flow
    codes = flow.stop()
    assert set(codes.values()) == {0}, codes
    assert not any("Sanitizer" in p.log() or "runtime error" in p.log() for p in flow.processes.values())


def talk(gateway, conversation):
    async def run():
        async with Client(gateway.url()) as client:
            result = await conversation(client)
            assert not client.closed, "the connection lives"
            return result

    return asyncio.run(run())


def exchange(gateway, raw):
    """What comes back for a raw frame: the text of the first answer."""
    async def run():
        async with websockets.connect(gateway.url(), max_size=None) as socket:
            await socket.send(raw)
            return await asyncio.wait_for(socket.recv(), 30)

    return asyncio.run(run())


@pytest.mark.parametrize("identity", ["1", "0", "-7", "1.5", "1e3", "12345678901234567890123", '"text"', '""', '"\\u00e9\\n"', '"1"'])
def test_an_id_comes_back_as_it_was_sent(gateway, identity):
    answer = exchange(gateway, '{"jsonrpc":"2.0","method":"ping","id":%s}' % identity)
    assert f'"id":{identity}' in answer, answer
    assert "result" in json.loads(answer)


@pytest.mark.parametrize("name", ["getSymbols", "GETSYMBOLS", "getsymbols", "GetSymbols"])
def test_method_names_match_without_regard_to_case(gateway, name):
    assert talk(gateway, lambda client: client.call(name))["symbols"] == ["BTC-USD", "ETH-USD"]


ERRORS = {
    '{"jsonrpc":"2.0","method":"ping","id":1': -32700,
    "": -32700,
    "junk": -32700,
    '{"jsonrpc":"2.0","method":"ping","id":1} x': -32700,
    '{"a":1,}': -32700,
    "[1,2": -32700,
    "[" * 5000 + "]" * 5000: -32700,
    "1": -32600,
    '"text"': -32600,
    "null": -32600,
    "{}": -32600,
    "[]": -32600,
    '{"jsonrpc":"1.0","method":"ping","id":1}': -32600,
    '{"jsonrpc":"2.0","method":7,"id":1}': -32600,
    '{"jsonrpc":"2.0","id":1}': -32600,
    '{"jsonrpc":"2.0","method":"ping","id":{}}': -32600,
    '{"jsonrpc":"2.0","method":"noSuchMethod","id":1}': -32601,
    '{"jsonrpc":"2.0","method":"","id":1}': -32601,
    '{"jsonrpc":"2.0","method":"subscribe","params":"x","id":1}': (-32600, -32602),
    '{"jsonrpc":"2.0","method":"subscribe","id":1}': -32602,
}


@pytest.mark.parametrize("raw", ERRORS, ids=lambda raw: raw[:40] or "empty")
def test_a_wrong_request_gets_the_right_error(gateway, raw):
    answer = json.loads(exchange(gateway, raw))
    codes = ERRORS[raw] if isinstance(ERRORS[raw], tuple) else (ERRORS[raw],)
    assert answer["error"]["code"] in codes, answer
    assert answer["error"]["message"]
    assert answer["jsonrpc"] == "2.0" and "id" in answer


PARAMS = [
    ({"channel": "l2", "symbol": "BTC-USD"}, "Only 'trades' channel is supported"),
    ({"channel": 1, "symbol": "BTC-USD"}, "Only 'trades' channel is supported"),
    ({"channel": "trades"}, "Symbol is required"),
    ({"channel": "trades", "symbol": ""}, "Symbol is required"),
    ({"channel": "trades", "symbol": "XXX-YYY"}, "Invalid symbol: XXX-YYY"),
    ({"channel": "trades", "symbol": "BTC-USD", "since": "junk"}, None),
    ({"channel": "trades", "symbol": "BTC-USD", "since": 7}, None),
    ({"channel": "trades", "symbol": "BTC-USD", "count": 0}, None),
    ({"channel": "trades", "symbol": "BTC-USD", "count": 1000000}, None),
    ({"channel": "trades", "symbol": "BTC-USD", "count": "ten"}, None),
    ({"channel": "trades", "symbol": "BTC-USD", "count": 1.5}, None),
    ({"channel": "trades", "symbol": "BTC-USD", "count": 10 ** 40}, None),
]


@pytest.mark.parametrize("params,message", PARAMS, ids=lambda value: str(value)[:60])
def test_wrong_params_are_refused_with_32602(gateway, params, message):
    async def conversation(client):
        with pytest.raises(RpcError) as refused:
            await client.call("subscribe", **params)
        return refused.value

    error = talk(gateway, conversation)
    assert error.code == -32602
    assert error.message == message if message else error.message
    assert client_still_served(gateway)


def client_still_served(gateway):
    return talk(gateway, lambda client: client.call("ping"))


def test_a_batch_is_answered_by_one_array_without_the_notifications(gateway):
    batch = [{"jsonrpc": "2.0", "method": "ping", "id": "a"}, {"jsonrpc": "2.0", "method": "ping"},
             {"jsonrpc": "2.0", "method": "getRecentTrades", "params": {"symbol": "BTC-USD", "count": 2}, "id": 2},
             {"jsonrpc": "2.0", "method": "nope", "id": 3}, 7]
    answers = json.loads(exchange(gateway, json.dumps(batch)))
    assert isinstance(answers, list) and len(answers) == 4
    by_id = {json.dumps(a["id"]): a for a in answers}
    assert "result" in by_id['"a"'] and len(by_id["2"]["result"]["trades"]) <= 2
    assert by_id["3"]["error"]["code"] == -32601 and by_id["null"]["error"]["code"] == -32600


def test_notifications_get_no_answer(gateway):
    async def conversation(client):
        await client.send_raw('{"jsonrpc":"2.0","method":"ping"}')
        await client.send_raw('[{"jsonrpc":"2.0","method":"ping"}]')
        await client.call("ping")
        assert client.answers == {}

    talk(gateway, conversation)


def test_a_binary_frame_gets_an_error_and_the_connection_lives(gateway):
    async def run():
        async with websockets.connect(gateway.url()) as socket:
            await socket.send(b"\x00\xff\x01")
            assert json.loads(await socket.recv())["error"]["code"] == -32700
            await socket.send('{"jsonrpc":"2.0","method":"ping","id":1}')
            assert json.loads(await socket.recv())["id"] == 1

    asyncio.run(run())


def test_a_fragmented_request_is_put_together(gateway):
    async def run():
        async with websockets.connect(gateway.url()) as socket:
            await socket.send(list('{"jsonrpc":"2.0","method":"ping","id":42}'))
            assert json.loads(await socket.recv())["id"] == 42

    asyncio.run(run())


def test_many_requests_in_one_go_are_all_answered(gateway):
    async def conversation(client):
        for identity in range(1000, 2000):
            await client.send_raw(json.dumps({"jsonrpc": "2.0", "method": "ping", "id": identity}))
        for identity in range(1000, 2000):
            await client.answer(identity)

    talk(gateway, conversation)


def close_code(gateway, raw):
    async def run():
        async with websockets.connect(gateway.url(), max_size=None) as socket:
            try:
                await socket.send(raw)
                while True:
                    await asyncio.wait_for(socket.recv(), 30)
            except websockets.ConnectionClosed:
                return socket.close_code

    return asyncio.run(run())


def test_an_enormous_message_closes_with_1009_and_harms_nobody_else(gateway):
    async def conversation(client):
        await client.subscribe("BTC-USD")
        code = await asyncio.get_running_loop().run_in_executor(None, close_code, gateway, "x" * (1 << 20))
        assert code == 1009
        await client.until(lambda: len(client.trades) > 100, "trades at the other client")

    talk(gateway, conversation)


def test_invalid_utf8_closes_with_1007(gateway):
    async def run():
        async with websockets.connect(gateway.url()) as socket:
            await socket.write_frame(True, 0x1, b'{"jsonrpc":"2.0","method":"\xff\xfe","id":1}')
            with pytest.raises(websockets.ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 1007

    asyncio.run(run())
    assert client_still_served(gateway)


def test_history_is_asked_by_rpc(gateway):
    until(lambda: len(talk(gateway, lambda c: c.call("getRecentTrades", channel="trades", symbol="BTC-USD", count=50))["trades"]) == 50,
          "50 trades in history")

    async def conversation(client):
        recent = (await client.call("getRecentTrades", channel="trades", symbol="BTC-USD", count=50))["trades"]
        assert [t["seq"] for t in recent] == list(range(recent[0]["seq"], recent[0]["seq"] - 50, -1)), "most recent first"
        middle = recent[25]["timestamp"]
        before = (await client.call("getRecentTrades", channel="trades", symbol="BTC-USD", count=5, beforeTimestamp=middle))["trades"]
        assert all(t["timestamp"] < middle for t in before) and len(before) == 5
        since = (await client.call("getTradesSince", channel="trades", symbol="BTC-USD", count=5, afterTimestamp=middle))["trades"]
        assert all(t["timestamp"] > middle for t in since) and [t["seq"] for t in since] == sorted(t["seq"] for t in since)
        with pytest.raises(RpcError) as refused:
            await client.call("getTradesSince", channel="trades", symbol="BTC-USD", afterTimestamp="yesterday")
        assert refused.value.code == -32602
        with pytest.raises(RpcError) as refused:
            await client.call("getRecentTrades", channel="trades", symbol="NO-PE")
        assert (refused.value.code, refused.value.message) == (-32602, "Invalid symbol: NO-PE")

    talk(gateway, conversation)


def test_status_and_symbols_tell_what_there_is(gateway):
    async def conversation(client):
        status = await client.call("getStatus")
        source, = status["sources"]
        assert source["name"] == "blockchain" and source["connected"] is True
        assert await client.call("ping")

    talk(gateway, conversation)


def test_unsubscribe_ends_the_updates(gateway):
    async def conversation(client):
        answer = await client.subscribe("BTC-USD")
        assert (answer["channel"], answer["symbol"], answer["event"]) == ("trades", "BTC-USD", "subscribed")
        await client.until(lambda: len(client.trades) > 10, "trades")
        answer = await client.call("unsubscribe", channel="trades", symbol="BTC-USD")
        assert (answer["channel"], answer["symbol"], answer["event"]) == ("trades", "BTC-USD", "unsubscribed")
        count = len(client.trades)
        await client.subscribe("ETH-USD")
        await client.until(lambda: len([t for t in client.trades if t["symbol"] == "ETH-USD"]) > 10, "trades of the other")
        assert len([t for t in client.trades if t["symbol"] == "BTC-USD"]) == count

    talk(gateway, conversation)
