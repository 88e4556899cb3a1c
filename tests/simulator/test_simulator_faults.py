#!/usr/bin/python3
"""The simulator's own test: every control that makes it do something wrong.

    EXCHANGE_SIMULATOR=build/bin/exchange-simulator tests/simulator/test_simulator_faults.py
"""
import asyncio
import json
import time
import unittest

import websockets

from simulator import Simulator, ask, receive


class Faults(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.simulator = self.enterContext(Simulator("--paused", "--rate", "max", "--symbols", "BTC-USD,ETH-USD"))
        self.socket = await self.simulator.connect()
        await ask(self.socket)
        await ask(self.socket, symbol="ETH-USD")

    async def asyncTearDown(self):
        await self.socket.close()

    async def play(self, count):
        await self.simulator.control(f"/control/play?count={count}")

    async def test_close_sends_what_waits_and_then_the_code(self):
        await self.play(50)
        await self.simulator.control("/control/close?code=1012")
        await receive(self.socket, 50)
        with self.assertRaises(websockets.ConnectionClosed) as closed:
            await self.socket.recv()
        self.assertEqual(closed.exception.rcvd.code, 1012)

    async def test_reset_is_abrupt(self):
        await self.simulator.control("/control/reset")
        with self.assertRaises(websockets.ConnectionClosed) as closed:
            await self.socket.recv()
        self.assertIsNone(closed.exception.rcvd)
        self.assertIsInstance(closed.exception.__cause__, ConnectionResetError)

    async def test_a_freeze_silences_everything_and_leaves_no_hole(self):
        await self.simulator.control("/control/freeze?seconds=0.7")
        before = time.monotonic()
        await self.play(10)
        pong = await self.socket.ping()
        await pong
        self.assertGreater(time.monotonic() - before, 0.6)
        await self.play(1)
        self.assertEqual((await receive(self.socket))[0]["seqnum"], 2)

    async def test_new_connections_are_refused_for_a_while(self):
        await self.simulator.control("/control/refuse?seconds=60")
        with self.assertRaises(websockets.InvalidStatusCode) as refusal:
            await self.simulator.connect()
        self.assertEqual(refusal.exception.status_code, 503)
        await self.simulator.control("/control/refuse?seconds=0")
        await (await self.simulator.connect()).close()

    async def test_handshakes_are_answered_as_told_and_as_often(self):
        await self.simulator.control("/control/answer?status=429&times=2", b"Retry-After: 7\nX-Reason: busy")
        for _ in range(2):
            with self.assertRaises(websockets.InvalidStatusCode) as refusal:
                await self.simulator.connect()
            self.assertEqual(refusal.exception.status_code, 429)
            self.assertEqual((refusal.exception.headers["Retry-After"], refusal.exception.headers["X-Reason"]), ("7", "busy"))
        await (await self.simulator.connect()).close()
        self.assertEqual([event["status"] for event in await self.simulator.ledger("refuse")], [429, 429])
        await self.simulator.control("/control/answer?status=101", expect=400)
        await self.simulator.control("/control/answer?status=503", b"no header", expect=400)
        await self.simulator.control("/control/answer?status=503", b"X: " + 1000 * b"x", expect=400)

    async def test_skipped_trades_leave_a_hole_and_are_in_the_ledger(self):
        await self.simulator.control("/control/skip?n=2")
        await self.play(5)
        self.assertEqual([t["seqnum"] for t in await receive(self.socket, 3)], [4, 5, 6])
        self.assertEqual([line["seqnum"] for line in await self.simulator.ledger("skipped")], [2, 3])

    async def test_repeated_trades_have_new_numbers_and_old_ids(self):
        await self.play(5)
        trades = await receive(self.socket, 5)
        await self.simulator.control("/control/repeat?n=3")
        again = await receive(self.socket, 3)
        self.assertEqual([t["seqnum"] for t in again], [7, 8, 9])
        self.assertEqual([t["trade_id"] for t in again], [t["trade_id"] for t in trades[2:]])

    async def test_one_connection_alone_can_be_meant(self):
        async with self.simulator.connect() as other:
            await ask(other)
            answer = await self.simulator.control("/control/malformed?kind=unknown_event&conn=2")
            self.assertEqual(answer["connections"], 1)
            self.assertEqual((await receive(other))[0]["event"], "auctioned")
        await self.simulator.control("/control/skip?conn=77", expect=400)

    async def test_readable_faults_take_a_number(self):
        for i, kind in enumerate(["type", "missing", "longnumber", "huge", "unknown_event", "unknown_symbol"]):
            await self.simulator.control(f"/control/malformed?kind={kind}")
            text = await self.socket.recv()
            message = json.loads(text)
            self.assertEqual(message["seqnum"], 2 + i, kind)
            if kind == "huge":
                self.assertEqual(len(text), 4 * 1024 * 1024)
            if kind == "type":
                self.assertEqual((message["price"], message["qty"]), ("1234.50", None))
            self.assertEqual("trade_id" in message, kind in ("type", "longnumber", "unknown_symbol"), kind)

    async def test_deep_nesting_takes_a_number(self):
        await self.simulator.control("/control/malformed?kind=nested")
        text = await self.socket.recv()
        self.assertEqual((text.count("["), text.count("]")), (10000, 10000))
        await self.play(1)
        self.assertEqual((await receive(self.socket))[0]["seqnum"], 3)

    async def test_odd_but_valid_trades_are_trades(self):
        for kind in ["number", "fragmented", "escaped"]:
            await self.simulator.control(f"/control/malformed?kind={kind}")
        messages = [await self.socket.recv() for _ in range(3)]
        self.assertIn('"price":1234567890123456789012345678.901234567890,', messages[0])
        self.assertIn('"s\\u0079mbol":"\\u0042', messages[2])
        lines = await self.simulator.ledger("trade")
        for message, line in zip(map(json.loads, messages), lines, strict=True):
            self.assertEqual(message, {**{k: line[k] for k in message if k in line}, "event": "updated", "channel": "trades"})

    async def test_unreadable_faults_take_no_number(self):
        for kind in ["json", "truncated", "binary"]:
            await self.simulator.control(f"/control/malformed?kind={kind}")
            with self.assertRaises(ValueError):
                json.loads(await self.socket.recv())
        await self.play(1)
        self.assertEqual((await receive(self.socket))[0]["seqnum"], 2)
        await self.simulator.control("/control/malformed?kind=utf8")
        with self.assertRaises(websockets.ConnectionClosed) as closed:
            await self.socket.recv()
        self.assertEqual(closed.exception.sent.code, 1007)

    async def test_throttle_and_send(self):
        await self.simulator.control("/control/throttle")
        await self.simulator.control("/control/send", b"hello {seqnum} {seqnum}")
        await self.simulator.control("/control/send", b"world")
        self.assertEqual([await self.socket.recv() for _ in range(3)],
                         ['{"event":"rejected","text":"Too many requests"}', "hello 2 2", "world"])
        await self.play(1)
        self.assertEqual((await receive(self.socket))[0]["seqnum"], 3)
        await self.simulator.control("/control/send", expect=400)

    async def test_subscribes_are_rejected_so_often_with_the_text_given(self):
        with Simulator("--paused") as simulator:
            async with simulator.connect() as socket:
                await simulator.control("/control/reject?symbol=BTC-USD&n=2&text=Not%20now")
                for i in range(2):
                    self.assertEqual(await ask(socket), {"seqnum": i, "event": "rejected", "channel": "trades", "symbol": "BTC-USD", "text": "Not now"})
                self.assertEqual((await ask(socket, symbol="ETH-USD"))["event"], "subscribed")
                self.assertEqual((await ask(socket))["event"], "subscribed")
            await simulator.control("/control/reject?symbol=SOL-USD&named=no")
            async with simulator.connect() as socket:
                self.assertEqual(await ask(socket, symbol="SOL-USD"), {
                    "seqnum": 0, "event": "rejected", "channel": "trades", "symbol": None, "text": "Service temporarily unavailable"})
                self.assertEqual((await ask(socket, symbol="SOL-USD"))["event"], "subscribed")
            kinds = [(line["kind"], line["symbol"]) for line in await simulator.ledger("fault")]
            self.assertEqual(kinds, [("reject", "BTC-USD"), ("rejected", "BTC-USD"), ("rejected", "BTC-USD"), ("reject", "SOL-USD"), ("rejected", "SOL-USD")])

    async def test_subscribes_are_ignored_so_often(self):
        with Simulator("--paused") as simulator:
            async with simulator.connect() as socket:
                await simulator.control("/control/ignore?symbol=BTC-USD")
                await socket.send(json.dumps({"action": "subscribe", "channel": "trades", "symbol": "BTC-USD"}))
                self.assertEqual((await ask(socket, symbol="ETH-USD"))["symbol"], "ETH-USD")
                self.assertEqual((await ask(socket))["event"], "subscribed")

    async def test_a_muted_symbol_has_no_trades_until_it_is_subscribed_again(self):
        with Simulator("--symbols", "BTC-USD,ETH-USD", "--paused") as simulator:
            async with simulator.connect() as socket:
                await ask(socket)
                await ask(socket, symbol="ETH-USD")
                self.assertEqual(await simulator.control("/control/mute?symbol=BTC-USD&until=subscribe"), {"ok": True, "connections": 1})
                await simulator.control("/control/play?count=100")
                await simulator.control("/control/send", b'{"seqnum":{seqnum},"last":true}')
                seqnum = 2
                while "last" not in (message := (await receive(socket))[0]):
                    self.assertEqual((message["symbol"], message["seqnum"]), ("ETH-USD", seqnum))
                    seqnum += 1
                await ask(socket, "unsubscribe")
                await ask(socket)
                await simulator.control("/control/rate?n=max")
                await simulator.control("/control/play?count=100")
                self.assertIn("BTC-USD", [message["symbol"] for message in await receive(socket, 100)])

    async def test_a_symbol_may_be_muted_for_as_long_as_the_connection_lives(self):
        with Simulator("--symbols", "BTC-USD", "--paused") as simulator:
            async with simulator.connect() as socket:
                await ask(socket)
                await simulator.control("/control/mute?symbol=BTC-USD&until=connect")
                await ask(socket, "unsubscribe")
                await ask(socket)
                await simulator.control("/control/play?count=10")
                await simulator.control("/control/send", b'{"seqnum":{seqnum},"last":true}')
                self.assertIn("last", (await receive(socket))[0])
            async with simulator.connect() as socket:
                await ask(socket)
                await simulator.control("/control/play?count=1")
                self.assertEqual((await receive(socket))[0]["symbol"], "BTC-USD")

    async def test_a_dropped_symbol_is_unsubscribed_unasked(self):
        with Simulator("--paused") as simulator:
            async with simulator.connect() as socket:
                await ask(socket)
                self.assertEqual((await simulator.control("/control/drop?symbol=ETH-USD"))["connections"], 0)
                self.assertEqual((await simulator.control("/control/drop?symbol=BTC-USD"))["connections"], 1)
                self.assertEqual(await receive(socket), [{"seqnum": 1, "event": "unsubscribed", "channel": "trades", "symbol": "BTC-USD"}])
                self.assertEqual((await ask(socket))["event"], "subscribed")

    async def test_numbering_begins_again_where_it_is_told_to(self):
        with Simulator("--symbols", "BTC-USD", "--paused") as simulator:
            async with simulator.connect() as socket:
                await ask(socket)
                await simulator.control("/control/play?count=2")
                self.assertEqual([message["seqnum"] for message in await receive(socket, 2)], [1, 2])
                await simulator.control("/control/renumber")
                await simulator.control("/control/play?count=2")
                self.assertEqual([message["seqnum"] for message in await receive(socket, 2)], [0, 1])

    async def test_wrong_requests_are_told_what_is_wrong(self):
        for path, status in [("/control/close?code=1006", 400), ("/control/close?cod=1000", 400), ("/nowhere", 404),
                             ("/control/malformed?kind=none", 400), ("/control/freeze", 400), ("/control/rate?n=-1", 400),
                             ("/control/repeat?n=0", 400)]:
            code, answer = await asyncio.to_thread(self.simulator.http, path, "POST")
            self.assertEqual((code, json.loads(answer)["ok"]), (status, False), path)
        self.assertEqual(self.simulator.http("/control/pause", "GET")[0], 405)


if __name__ == "__main__":
    unittest.main()
