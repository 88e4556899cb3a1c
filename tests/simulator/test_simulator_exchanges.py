#!/usr/bin/python3
"""The simulator's own test: the WebSockets of Coinbase, Kraken and Binance. Their REST APIs are test_simulator_rest.py's.

    EXCHANGE_SIMULATOR=build/bin/exchange-simulator tests/simulator/test_simulator_exchanges.py
"""
import asyncio
import contextlib
import json
import pathlib
import tempfile
import unittest

import websockets

from simulator import Simulator, closed_with, hear, recorded, tell

RECORDINGS = pathlib.Path(__file__).resolve().parents[3] / "shared/data"
PLAIN = {"BTC-USD": [("0.000085", "105383.80000"), ("0.00885072", "105383.9")], "ETH-USD": [("985", "0.00001305")]}


def simulate(exchange, *options):
    """Paused. Trades that are asked for are made at once, whether or not somebody is subscribed."""
    return Simulator("--exchange", exchange, "--paused", "--rate", "1000000", *options)


@contextlib.asynccontextmanager
async def coinbase(simulator, *products, channels=("matches",)):
    async with simulator.at("/") as socket:
        await tell(socket, type="subscribe", product_ids=products, channels=channels)
        assert (await hear(socket))[0]["type"] == "subscriptions"
        yield socket


@contextlib.asynccontextmanager
async def kraken(simulator, *symbols):
    async with simulator.at("/v2") as socket:
        await tell(socket, method="subscribe", params={"channel": "trade", "symbol": symbols, "snapshot": False})
        assert (await hear(socket))[0]["channel"] == "status"
        assert all(answer["success"] for answer in await hear(socket, len(symbols)))
        yield socket


@contextlib.asynccontextmanager
async def binance(simulator, *streams):
    async with simulator.at("/ws") as socket:
        await tell(socket, method="SUBSCRIBE", params=streams, id=1)
        assert await hear(socket) == [{"result": None, "id": 1}]
        yield socket


class Coinbase(unittest.IsolatedAsyncioTestCase):
    async def test_both_forms_of_subscribing_are_answered_with_all_that_is_subscribed(self):
        with simulate("coinbase", "--symbols", "BTC-USD,ETH-USD") as simulator:
            async with simulator.at("/any/path") as socket:
                await tell(socket, type="subscribe", product_ids=["BTC-USD"], channels=["matches"])
                matches = {"name": "matches", "product_ids": ["BTC-USD"]}
                self.assertEqual(await hear(socket), [{"type": "subscriptions", "channels": [matches]}])
                await tell(socket, type="subscribe", channels=[{"name": "heartbeat", "product_ids": ["ETH-USD"]}])
                heartbeat = {"name": "heartbeat", "product_ids": ["ETH-USD"]}
                self.assertEqual(await hear(socket), [{"type": "subscriptions", "channels": [matches, heartbeat]}])
                await tell(socket, type="unsubscribe", product_ids=["BTC-USD"], channels=["matches"])
                self.assertEqual((await hear(socket, but=["heartbeat"]))[0]["channels"], [heartbeat])

    async def test_an_unknown_product_refuses_the_whole_request(self):
        with simulate("coinbase", "--symbols", "BTC-USD") as simulator:
            async with simulator.at("/") as socket:
                await tell(socket, type="subscribe", product_ids=["BTC-USD", "FOO-USD"], channels=["matches"])
                self.assertEqual(await hear(socket), [{"type": "error", "message": "Failed to subscribe",
                                                       "reason": "FOO-USD is not a valid product"}])
                self.assertEqual((await simulator.status())["subscriptions"], {})
                for message in ("{", '{"type":"dance"}', '{"type":"subscribe","channels":["l2"]}', '{"type":"subscribe"}',
                                '{"type":"subscribe","channels":["matches"]}'):
                    await socket.send(message)
                    self.assertEqual((await hear(socket))[0]["type"], "error", message)

    async def test_matches_look_as_in_the_recording(self):
        if not RECORDINGS.exists():
            self.skipTest("no recordings beside the project")
        lines = (RECORDINGS / "coinbase-2021-04-17.ws").read_text().splitlines()
        real = json.loads(next(line for line in lines if '"type":"match"' in line).partition(": ")[2])
        with simulate("coinbase", "--symbols", "BTC-USD") as simulator:
            async with coinbase(simulator, "BTC-USD") as socket:
                await simulator.play(1)
                made = (await hear(socket))[0]
        self.assertEqual([(k, type(v)) for k, v in made.items()], [(k, type(v)) for k, v in real.items()])
        self.assertEqual([[len(part) for part in made[k].split("-")] for k in ("maker_order_id", "taker_order_id")], 2 * [[8, 4, 4, 4, 12]])

    async def test_a_trade_s_numbers_and_the_maker_s_side_are_sent(self):
        with tempfile.TemporaryDirectory() as folder, simulate("coinbase", "--file", recorded(folder)) as simulator:
            async with coinbase(simulator, "BTC-USD", "ETH-USD") as socket:
                await simulator.play(3)
                matches = await hear(socket, 3)
        self.assertEqual({m["side"] for m in matches}, {"buy"})  # all were sold
        self.assertEqual([m["trade_id"] for m in matches], [1000001, 1000001, 1000002])
        self.assertEqual({p: [(m["size"], m["price"]) for m in matches if m["product_id"] == p] for p in PLAIN}, PLAIN)
        self.assertEqual(matches[0]["time"], "2025-11-10T17:24:33.937340Z")
        self.assertLess(matches[0]["sequence"], matches[2]["sequence"])

    async def test_a_subscriber_gets_the_last_match_and_heartbeats_tell_the_last_id(self):
        with simulate("coinbase", "--symbols", "BTC-USD,ETH-USD", "--first-id", "41") as simulator:
            while (await simulator.status())["last_ids"].get("BTC-USD", 0) < 42:
                await simulator.play(1)
            await simulator.control("/control/lose?n=1&symbol=ETH-USD")
            last = (await simulator.status())["last_ids"]["BTC-USD"]
            async with coinbase(simulator, "BTC-USD", channels=["matches", "heartbeat"]) as socket:
                match, beat = await hear(socket, 2)
                self.assertEqual((match["type"], match["trade_id"]), ("last_match", last))
                self.assertEqual(list(beat), ["type", "sequence", "last_trade_id", "product_id", "time"])
                self.assertEqual((beat["type"], beat["last_trade_id"], beat["sequence"]), ("heartbeat", last, match["sequence"]))
        with simulate("coinbase", "--symbols", "BTC-USD") as simulator:
            async with coinbase(simulator, "BTC-USD", channels=["heartbeat"]) as socket:
                self.assertEqual((await hear(socket))[0]["last_trade_id"], 0)

    async def test_who_subscribes_to_nothing_is_closed(self):
        with simulate("coinbase") as simulator:
            async with simulator.at("/") as idle:
                self.assertEqual(await closed_with(idle), 1008)


class Kraken(unittest.IsolatedAsyncioTestCase):
    async def test_each_symbol_is_answered_for_itself(self):
        with simulate("kraken", "--symbols", "BTC-USD,ETH-USD") as simulator:
            async with simulator.at("/v2") as socket:
                await tell(socket, method="subscribe", params={"channel": "trade", "symbol": ["BTC/USD", "FOO/BAR"], "snapshot": True}, req_id=7)
                status, good, snapshot, bad = await hear(socket, 4)
                self.assertEqual((status["channel"], status["data"][0]["system"]), ("status", "online"))
                self.assertEqual((good["method"], good["result"], good["success"], good["req_id"]),
                                 ("subscribe", {"channel": "trade", "snapshot": True, "symbol": "BTC/USD"}, True, 7))
                self.assertRegex(good["time_in"] + good["time_out"], r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z){2}$")
                self.assertEqual(snapshot, {"channel": "trade", "type": "snapshot", "data": []})
                self.assertEqual({k: v for k, v in bad.items() if "time" not in k},
                                 {"error": "Currency pair not supported FOO/BAR", "method": "subscribe", "success": False,
                                  "symbol": "FOO/BAR", "req_id": 7})
                await tell(socket, method="unsubscribe", params={"channel": "trade", "symbol": ["BTC/USD"]})
                self.assertEqual((await hear(socket, but=["heartbeat"]))[0]["result"], {"channel": "trade", "symbol": "BTC/USD"})
                await tell(socket, method="ping", req_id=8)
                self.assertEqual({k: v for k, v in (await hear(socket))[0].items() if "time" not in k}, {"method": "pong", "req_id": 8})
                for message in ("{", "{}", '{"method":"dance"}', '{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"]}}'):
                    await socket.send(message)
                    self.assertFalse((await hear(socket))[0]["success"], message)

    async def test_trades_look_as_in_the_recording(self):
        with tempfile.TemporaryDirectory() as folder, simulate("kraken", "--file", recorded(folder)) as simulator:
            async with kraken(simulator, "BTC/USD", "ETH/USD") as socket:
                await simulator.play(3)
                texts = [await socket.recv() for _ in range(3)]
        self.assertIn('"price":105383.80000,"qty":0.000085,', texts[0])  # numbers, digit for digit
        trade = json.loads(texts[0])["data"][0]
        self.assertEqual((trade["symbol"], trade["side"], trade["trade_id"], trade["timestamp"]),
                         ("BTC/USD", "sell", 1000001, "2025-11-10T17:24:33.937340Z"))
        if not RECORDINGS.exists():
            self.skipTest("no recordings beside the project")
        real = json.loads((RECORDINGS / "kraken-v2-trade.json").read_text())
        self.assertEqual([*json.loads(texts[0])], [*real])
        self.assertEqual([*trade], [*real["data"][0]])

    async def test_trades_of_one_moment_share_a_message_and_a_snapshot_has_the_last_50(self):
        with simulate("kraken", "--symbols", "BTC-USD", "--rate", "max") as simulator:  # all in one turn
            async with kraken(simulator, "BTC/USD") as socket:
                await simulator.play(60)
                update = (await hear(socket, but=["heartbeat"]))[0]
                self.assertEqual((update["type"], [t["trade_id"] for t in update["data"]]), ("update", [*range(1000001, 1000061)]))
                self.assertEqual([line["trade_id"] for line in await simulator.ledger("trade")], [str(i) for i in range(1000001, 1000061)])
            async with simulator.at("/v2") as socket:
                await tell(socket, method="subscribe", params={"channel": "trade", "symbol": ["BTC/USD"]})
                snapshot = (await hear(socket, 3))[2]
                self.assertEqual((snapshot["type"], snapshot["data"]), ("snapshot", update["data"][10:]))

    async def test_heartbeats_come_when_nothing_else_does(self):
        with simulate("kraken", "--symbols", "BTC-USD") as simulator:
            async with kraken(simulator, "BTC/USD") as socket:
                self.assertEqual(await hear(socket, 2), 2 * [{"channel": "heartbeat"}])


class Binance(unittest.IsolatedAsyncioTestCase):
    async def test_streams_are_subscribed_listed_and_ended(self):
        with simulate("binance", "--symbols", "BTC-USDT,ETH-USDT") as simulator:
            async with binance(simulator, "btcusdt@trade", "nonsense@trade") as socket:
                await tell(socket, method="LIST_SUBSCRIPTIONS", id="list")
                self.assertEqual(await hear(socket), [{"result": ["btcusdt@trade", "nonsense@trade"], "id": "list"}])
                await tell(socket, method="UNSUBSCRIBE", params=["nonsense@trade"], id=None)
                self.assertEqual(await hear(socket), [{"result": None, "id": None}])
                self.assertEqual((await simulator.status())["subscriptions"], {"BTC-USDT": 1})
                await tell(socket, method="SUBSCRIBE", id=3)
                answer = (await hear(socket))[0]
                self.assertEqual((answer["error"]["code"], answer["error"]["msg"][:17], answer["id"]), (2, "Invalid request: ", 3))
                await socket.send("{")
                self.assertEqual((await hear(socket))[0]["error"]["code"], 3)

    async def test_trades_are_raw_at_ws_and_named_by_their_stream_at_stream(self):
        with tempfile.TemporaryDirectory() as folder, simulate("binance", "--file", recorded(folder)) as simulator:
            async with binance(simulator, "btcusd@trade") as raw, simulator.at("/ws/btcusd@trade") as path, \
                    simulator.at("/stream?streams=btcusd@trade/ethusd@trade&timeUnit=MICROSECOND") as combined:
                await simulator.play(3)
                heard = await hear(raw, 2)
                self.assertEqual(heard, await hear(path, 2))
                named = await hear(combined, 3)
        at = 1762795473937
        self.assertEqual(heard[0], {"e": "trade", "E": at, "s": "BTCUSD", "t": 1000001, "p": "105383.80000", "q": "0.000085", "T": at,
                                    "m": True, "M": True})
        self.assertEqual([m["stream"] for m in named], ["btcusd@trade", "ethusd@trade", "btcusd@trade"])
        self.assertEqual(named[0]["data"], {**heard[0], "E": at * 1000 + 340, "T": at * 1000 + 340})

    async def test_a_connection_has_so_many_streams_and_no_more(self):
        with simulate("binance", "--symbols", "BTC-USDT", "--streams-max", "2") as simulator:
            async with binance(simulator, "btcusdt@trade", "a@trade") as socket:
                await tell(socket, method="SUBSCRIBE", params=["b@trade"], id=2)
                self.assertEqual((await hear(socket))[0]["error"]["msg"], "Invalid request: too many streams")
            async with simulator.at("/stream?streams=a@trade/b@trade/c@trade") as socket:
                self.assertEqual(await closed_with(socket), 1008)
        with simulate("binance", "--symbols", "BTC-USDT") as simulator:
            names = "/".join(f"{i:04}padding@trade" for i in range(1023))
            async with simulator.at(f"/stream?streams={names}/btcusdt@trade") as socket:
                await simulator.play(1)
                self.assertEqual((await hear(socket))[0]["stream"], "btcusdt@trade")

    async def test_more_than_five_messages_a_second_end_the_connection(self):
        with simulate("binance") as simulator:
            async with simulator.at("/ws") as socket:
                for i in range(6):
                    await tell(socket, method="LIST_SUBSCRIPTIONS", id=i)
                self.assertEqual(len(await hear(socket, 5)), 5)
                self.assertEqual(await closed_with(socket), 1008)
        with simulate("binance", "--ping-ms", "100", "--pong-ms", "5000") as simulator:
            async with simulator.at("/ws") as socket:  # whose pongs count
                self.assertEqual(await closed_with(socket), 1008)

    async def test_who_does_not_answer_pings_is_closed(self):
        with simulate("binance", "--ping-ms", "300", "--pong-ms", "700") as simulator:
            async with simulator.at("/ws") as answering, simulator.at("/ws") as silent:
                silent.pong = lambda data=b"": asyncio.sleep(0)  # what answers a ping
                self.assertEqual(await closed_with(silent), 1008)
                await tell(answering, method="LIST_SUBSCRIPTIONS", id=1)
                self.assertEqual((await hear(answering))[0]["id"], 1)

    async def test_other_paths_are_not_found(self):
        for exchange, path in (("binance", "/v2"), ("kraken", "/stream")):
            with simulate(exchange) as simulator, self.assertRaises(websockets.InvalidStatusCode) as refusal:
                await simulator.at(path)
            self.assertEqual(refusal.exception.status_code, 404)


class All(unittest.IsolatedAsyncioTestCase):
    """What the three have in common."""

    subscribers = {"coinbase": (coinbase, "BTC-USD"), "kraken": (kraken, "BTC/USD"), "binance": (binance, "btcusd@trade")}

    async def each(self, *options):
        for exchange, (subscribe, name) in self.subscribers.items():
            with simulate(exchange, "--symbols", "BTC-USD", *options) as simulator:
                yield simulator, subscribe, name

    @staticmethod
    def ids(messages):
        """Of trades, in whatever form."""
        return [t.get("trade_id", t.get("t")) for m in messages for t in (m["data"] if "channel" in m else [m])]

    async def test_skipped_and_lost_trades_leave_holes(self):
        async for simulator, subscribe, name in self.each():
            async with subscribe(simulator, name) as socket:
                await simulator.control("/control/skip?n=2")
                await simulator.play(3)
                await simulator.control("/control/lose?n=2&symbol=BTC-USD")
                await simulator.play(3)
                heard = await hear(socket, 2, but=["heartbeat"])
                self.assertEqual(self.ids(heard), [1000003, 1000006])
                self.assertEqual([line["trade_id"][-1] for line in await simulator.ledger("made")], ["1", "2", "3", "6"])
                lost = await simulator.ledger("lost")
                self.assertEqual([list(line) for line in lost],
                                 2 * [["event", "symbol", "timestamp", "side", "qty", "price", "trade_id", "at"]])

    async def test_subscribes_are_rejected_and_ignored_as_told(self):
        async for simulator, subscribe, name in self.each():
            await simulator.control("/control/reject?symbol=BTC-USD&text=Not+now")
            with self.assertRaises(AssertionError):
                async with subscribe(simulator, name):
                    pass
            await simulator.control("/control/reject?symbol=UNKNOWN&n=0")
            await simulator.control("/control/ignore?symbol=BTC-USD")
            with self.assertRaises((AssertionError, asyncio.TimeoutError, websockets.ConnectionClosed)):
                async with subscribe(simulator, name):
                    pass
            async with subscribe(simulator, name):
                pass
            self.assertEqual([f["kind"] for f in await simulator.ledger("fault")], ["reject", "rejected", "reject", "ignore", "ignored"])

    async def test_a_rejection_of_unknown_streams_is_an_error(self):
        with simulate("binance") as simulator:
            await simulator.control("/control/reject?symbol=UNKNOWN&text=no+such+stream")
            async with simulator.at("/ws") as socket:
                await tell(socket, method="SUBSCRIBE", params=["nonsense@trade"], id=1)
                self.assertEqual(await hear(socket), [{"error": {"code": 2, "msg": "Invalid request: no such stream"}, "id": 1}])

    async def test_symbols_are_muted_and_dropped(self):
        async for simulator, subscribe, name in self.each():
            async with subscribe(simulator, name) as socket:
                await simulator.control("/control/mute?symbol=BTC-USD")
                await simulator.play(3)
                self.assertEqual(await simulator.ledger("trade"), [])
                self.assertEqual((await simulator.control("/control/drop?symbol=BTC-USD"))["connections"], 1)
                self.assertEqual((await simulator.status())["subscriptions"], {})
                if subscribe is coinbase:
                    self.assertEqual(await hear(socket, but=["heartbeat"]), [{"type": "subscriptions", "channels": []}])
                if subscribe is kraken:
                    self.assertEqual((await hear(socket, but=["heartbeat"]))[0]["method"], "unsubscribe")

    async def test_a_shutdown_is_told_by_binance_and_ends_connections(self):
        async for simulator, subscribe, name in self.each():
            async with subscribe(simulator, name) as socket:
                await simulator.control("/control/shutdown?after_ms=50")
                if subscribe is binance:
                    self.assertEqual((await hear(socket))[0]["e"], "serverShutdown")
                self.assertEqual(await closed_with(socket), 1001)

    async def test_connections_are_cut_after_a_while(self):
        async for simulator, subscribe, name in self.each("--cut-ms", "200"):
            async with subscribe(simulator, name) as socket:
                self.assertEqual(await closed_with(socket), 1001)

    async def test_malformed_frames_have_a_real_trade_behind_them(self):
        def broken(text):
            try:
                return json.loads(text) is None
            except ValueError:
                return True
        async for simulator, subscribe, name in self.each():
            async with subscribe(simulator, name) as socket, subscribe(simulator, name) as other:
                kinds = ["json", "truncated", "type", "null", "missing", "twice", "zero_id", "text_id", "zero_qty", "negative_qty", "number",
                         "longnumber", "fragmented", "unknown_symbol", "escaped"]
                conn = (await simulator.status())["ids"][0]
                heard = {}
                for kind in kinds:
                    await simulator.control(f"/control/malformed?kind={kind}&conn={conn}")
                    heard[kind] = await asyncio.wait_for(socket.recv(), 5)
                self.assertEqual([kind for kind in kinds if broken(heard[kind])], ["json", "truncated"])
                good = [text for kind, text in heard.items() if kind in ("number", "fragmented", "escaped")]
                self.assertEqual(self.ids(map(json.loads, good)), [1000011, 1000013, 1000015])
                self.assertIn("1234567890123456789012345678.901234567890", heard["number"])
                self.assertEqual(len(self.ids(await hear(other, len(kinds), but=["heartbeat"]))), len(kinds))
                self.assertEqual((await simulator.status())["last_ids"], {"BTC-USD": 1000000 + len(kinds)})
                for kind in ("unknown_event", "binary", "huge", "nested"):
                    await simulator.control(f"/control/malformed?kind={kind}&conn={conn}")
                    heard[kind] = await asyncio.wait_for(socket.recv(), 5)
                self.assertEqual((len(heard["huge"]), heard["nested"].count("["), type(heard["binary"])), (4 * 1024 * 1024, 10000, bytes))
                await simulator.control("/control/malformed?kind=nonsense", expect=400)


if __name__ == "__main__":
    unittest.main()
