"""SignalR's JSON hub protocol: raw records here, and npm's @microsoft/signalr in node/signalr.mjs."""

import asyncio
import itertools
import json

import pytest
import websockets
from clients import assert_once_and_in_order
from node_client import NodeClient
from pipeline import PATIENCE, get, loads
from slow_clients import keep_pinging

END = "\x1e"


class Hub:
    """A SignalR client of few words: records are kept as they came, and the JSON-RPC in them in `answers` and `trades`."""

    def __init__(self, flow, gateway=0, handshake='{"protocol":"json","version":1}'):
        self.url, self.handshake = flow.url(gateway).replace("/ws", "/blockchain"), handshake
        self.records, self.answers, self.trades, self.ids = [], {}, [], itertools.count(1)

    async def __aenter__(self):
        self.socket = await websockets.connect(self.url, max_size=None, max_queue=None, ping_interval=None)
        self.changed = asyncio.Condition()
        self.closed = False
        self.reader = asyncio.create_task(self._read())
        if self.handshake:
            await self.socket.send(self.handshake + END)
            await self.until(lambda: self.records, "the handshake's answer")
        self.pinging = asyncio.create_task(keep_pinging(self.socket))
        return self

    async def __aexit__(self, *_):
        self.pinging.cancel()
        await self.socket.close()
        await self.reader

    async def _read(self):
        try:
            async for raw in self.socket:
                assert raw.endswith(END), raw
                async with self.changed:
                    for record in raw.split(END)[:-1]:
                        self._take(json.loads(record))
                    self.changed.notify_all()
        except websockets.ConnectionClosed:
            pass
        async with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _take(self, record):
        self.records.append(record)
        if record.get("type") != 1:
            return
        assert record["target"] == "ReceiveMessage" and len(record["arguments"]) == 1
        message = loads(record["arguments"][0])
        if message.get("method") == "trades.update":
            self.trades.append(message["params"])
        elif "id" in message:
            self.answers[message["id"]] = message

    async def until(self, condition, what):
        async with self.changed:
            try:
                await asyncio.wait_for(self.changed.wait_for(lambda: condition() or self.closed), PATIENCE)
            except asyncio.TimeoutError:
                raise AssertionError(f"waited for {what}; the last records: {self.records[-3:]}") from None
        assert condition(), f"closed with {self.socket.close_code} while waiting for {what}"

    def completion(self, identity):
        return next((r for r in self.records if r.get("type") == 3 and r["invocationId"] == identity), None)

    async def send(self, *records):
        await self.socket.send("".join((r if isinstance(r, str) else json.dumps(r)) + END for r in records))

    async def call(self, method, **params):
        identity = str(next(self.ids))
        message = json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": params})
        await self.send({"type": 1, "target": "SendMessage", "arguments": [message]})
        await self.until(lambda: identity in self.answers, f"the answer to {method}")
        return self.answers.pop(identity)


def invocation(message, identity=None, target="SendMessage"):
    return {"type": 1, "target": target, "arguments": [message], **({"invocationId": identity} if identity else {})}


PING = '{"jsonrpc":"2.0","id":"p","method":"ping"}'


def negotiate(flow, query="?negotiateVersion=1", body=b""):
    return get(f"http://{flow.address('gateway0')}/blockchain/negotiate{query}", "POST", body)


def test_negotiation_offers_websockets_and_names_a_connection(pipeline):
    flow = pipeline().start_all("--paused")
    status, text = negotiate(flow)
    answer, other = json.loads(text), json.loads(negotiate(flow)[1])
    assert status == 200 and answer["negotiateVersion"] == 1
    assert answer["availableTransports"] == [{"transport": "WebSockets", "transferFormats": ["Text"]}]
    assert answer["connectionToken"] != answer["connectionId"] != other["connectionId"]
    assert "connectionToken" not in json.loads(negotiate(flow, "")[1])
    assert negotiate(flow, body=b"x" * 100)[0] == 200
    assert get(f"http://{flow.address('gateway0')}/blockchain")[0] == 400


def test_records_come_in_any_pieces_and_invocations_are_completed(pipeline):
    flow = pipeline().start_all("--paused")

    async def run():
        async with Hub(flow) as hub:
            assert hub.records == [{}]
            await hub.send(invocation(PING, "1"), {"type": 6}, {"type": 3, "invocationId": "x"}, {"type": 99}, invocation(PING))
            await hub.until(lambda: hub.completion("1") and len(hub.records) == 4, "two answers and a completion")
            assert hub.completion("1") == {"type": 3, "invocationId": "1"}
            hub.records.clear()
            whole = json.dumps(invocation(PING, "2")) + END
            for piece in (whole[:10], whole[10:40], whole[40:-1], END + whole.replace('"2"', '"3"')):
                await hub.socket.send(piece)
            await hub.until(lambda: hub.completion("3"), "the completion of what came in one piece")
            assert hub.completion("2")
            await hub.send(invocation(PING, "4", "sendmessage"), invocation("x", "5", "Nothing"), {**invocation(PING, "6"), "type": 4},
                           {**invocation(PING, "7"), "arguments": []}, {**invocation(PING, "8"), "arguments": [1]},
                           {"type": 1, "invocationId": "9"}, invocation("no json", "10"))
            await hub.until(lambda: hub.completion("10"), "the last completion")
            assert "error" not in hub.completion("4") and "error" not in hub.completion("10")
            assert hub.completion("5")["error"] == "Unknown hub method 'Nothing'"
            assert all("error" in hub.completion(identity) for identity in "6789")
            assert hub.answers[None]["error"]["code"] == -32700

    asyncio.run(run())


@pytest.mark.parametrize("handshake, error", [
    ('{"protocol":"messagepack","version":1}', "Requested protocol 'messagepack' is not available."),
    ('{"protocol":"json","version":2}', "The server does not support version 2 of the 'json' protocol."),
    ("{}", "expected a handshake"),
    ("hello", "expected one JSON object in a record"),
])
def test_another_handshake_is_refused(pipeline, handshake, error):
    flow = pipeline().start_all("--paused")

    async def run():
        async with Hub(flow, handshake=handshake) as hub:
            assert hub.records[0]["error"].startswith(error)
            await asyncio.wait_for(hub.socket.wait_closed(), PATIENCE)

    asyncio.run(run())


def test_what_is_no_record_ends_the_connection_with_a_reason(pipeline):
    flow = pipeline().start_all("--paused")

    async def ends(message, error):
        async with Hub(flow) as hub:
            await hub.socket.send(message)
            await hub.until(lambda: hub.records[-1].get("type") == 7, "the close message")
            assert hub.records[-1]["error"] == error
            await asyncio.wait_for(hub.socket.wait_closed(), PATIENCE)
            assert hub.socket.close_code == 1000

    async def run():
        await ends("[1]" + END, "expected one JSON object in a record")
        await ends("x" + END, "expected one JSON object in a record")
        await ends("{}" + END, "type: expected a whole number")
        async with Hub(flow) as hub:
            await hub.socket.send('{"type":6' + " " * 40000)
            await hub.socket.send(" " * 40000)
            await hub.until(lambda: hub.records[-1].get("type") == 7, "the close message")
            assert hub.records[-1]["error"] == "the record is too long"
        async with Hub(flow) as hub:
            await hub.send({"type": 7})
            await asyncio.wait_for(hub.socket.wait_closed(), PATIENCE)
            assert hub.socket.close_code == 1000

    asyncio.run(run())
    assert flow.processes["gateway0"].alive()


def test_errors_read_as_clients_expect_and_ids_come_back_as_sent(pipeline):
    flow = pipeline().start_all("--paused")

    async def run():
        async with Hub(flow) as hub:
            cases = [
                ({"channel": "quotes", "symbol": "BTC-USD"}, "Only 'trades' channel is supported"),
                ({"channel": "trades"}, "Symbol is required"),
                ({"channel": "trades", "symbol": "X"}, "Invalid symbol: X"),
            ]
            for params, data in cases:
                answer = await hub.call("subscribe", **params)
                assert answer["error"] == {"code": -32602, "message": "Invalid params", "data": data}

    asyncio.run(run())


def test_a_quiet_connection_is_pinged(pipeline):
    flow = pipeline().start_all("--paused")

    async def run():
        async with Hub(flow) as hub:
            await hub.until(lambda: {"type": 6} in hub.records, "a ping")

    asyncio.run(run())


def test_the_end_of_the_gateway_is_told_behind_the_last_trade(pipeline):
    flow = pipeline().start_all("--rate", 500)

    async def run():
        async with Hub(flow) as hub:
            assert "result" in await hub.call("subscribe", channel="trades", symbol="BTC-USD")
            await hub.until(lambda: len(hub.trades) > 100, "trades")
            assert await asyncio.to_thread(flow.processes["gateway0"].stop) == 0
            await asyncio.wait_for(hub.socket.wait_closed(), PATIENCE)
            await hub.reader
            assert hub.records[-1] == {"type": 7, "allowReconnect": True} and hub.socket.close_code == 1012
            assert_once_and_in_order(hub.trades)

    asyncio.run(run())


@pytest.mark.parametrize("more", [[], ["skip"]], ids=["negotiated", "without negotiation"])
def test_the_client_of_npm_works_as_with_the_server_it_was_written_for(pipeline, node_modules, more):
    flow = pipeline().start_all("--rate", 200)
    with NodeClient(node_modules, "signalr", flow.url(), *more) as hub:
        answer = hub.call("subscribe", channel="trades", symbol="BTC-USD")
        assert answer["result"]["event"] == "subscribed" and answer["id"] == "subscribe-1"
        hub.wait(lambda: len(hub.trades) > 50, "trades")
        assert len(hub.call("getRecentTrades", channel="trades", symbol="BTC-USD", count=3)["result"]) == 3
        assert hub.call("subscribe", channel="x")["error"]["data"] == "Only 'trades' channel is supported"
        hub.invoke("Nothing", 1)
        hub.wait(lambda: any("Unknown hub method 'Nothing'" in e["error"] for e in hub.events("failed")), "the refusal")
        assert hub.call("unsubscribe", channel="trades", symbol="BTC-USD")["result"]["event"] == "unsubscribed"
        assert len(hub.wait(lambda: hub.events("completed"), "completions")) >= 1
        assert_once_and_in_order(hub.trades)


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_the_client_of_npm_reconnects_and_resumes_without_a_hole(pipeline, node_modules, end):
    flow = pipeline().start_all("--rate", 200)
    with NodeClient(node_modules, "signalr", flow.url()) as hub:
        hub.call("subscribe", channel="trades", symbol="BTC-USD")
        hub.wait(lambda: len(hub.trades) > 50, "trades")
        gateway = flow.processes["gateway0"]
        gateway.kill() if end == "killed" else gateway.stop()
        hub.wait(lambda: hub.events("reconnecting"), "the loss")
        flow.start_gateway()
        hub.wait(lambda: hub.events("reconnected"), "the way back")
        last = hub.trades[-1]
        answer = hub.call("subscribe", channel="trades", symbol="BTC-USD", since=f"{last['epoch']}-{last['seq']}")
        assert answer["result"]["recovered"]
        count = len(hub.trades)
        hub.wait(lambda: len(hub.trades) > count + 50, "trades behind those that were missed")
        assert_once_and_in_order(hub.trades)
