#!/usr/bin/python3
"""The simulator's own test: a real process, real WebSockets, every control.

    EXCHANGE_SIMULATOR=build/bin/exchange-simulator tests/simulator/test_simulator.py

Over 400 lines, but one idea: every control, against one process at a time.
"""
import asyncio
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import websockets

PROGRAM = os.environ.get("EXCHANGE_SIMULATOR", "build/bin/exchange-simulator")
ORIGIN = "https://exchange.blockchain.com"
FRAMES = [
    '{"seqnum":%d,"event":"updated","channel":"trades","symbol":"%s","timestamp":"2025-11-10T17:24:33.93734%dZ",'
    '"side":"sell","qty":%s,"price":%s,"trade_id":"%d"}' % (i, symbol, i, qty, price, 100 + i)
    for i, (symbol, qty, price) in enumerate([
        ("BTC-USD", "8.5E-5", "105383.80000"), ("ETH-USD", "985", "0.00001305"), ("BTC-USD", "0.00885072", "105383.9")])
]


class Simulator:
    """A running simulator; `options` are its command line."""

    def __init__(self, *options, ledger=b""):
        self.folder = tempfile.TemporaryDirectory()
        self.ledger_path = os.path.join(self.folder.name, "ledger.ndjson")
        with open(self.ledger_path, "wb") as file:
            file.write(ledger)
        self.process = subprocess.Popen(
            [PROGRAM, "--listen", "127.0.0.1:0", "--ledger", self.ledger_path, *options],
            stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        self.http_url = self.url.replace("ws", "http", 1)[:-3]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(10)
        self.process.stdout.close()
        self.folder.cleanup()
        assert code == 0, f"exit code {code}"

    def http(self, path, method=None, body=None):
        method = method or ("POST" if path.startswith("/control") else "GET")
        request = urllib.request.Request(self.http_url + path, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    async def control(self, path, body=None, expect=200):
        status, answer = await asyncio.to_thread(self.http, path, None, body)
        assert status == expect, (path, status, answer)
        return json.loads(answer)

    async def ledger(self, *events):
        _, lines = await asyncio.to_thread(self.http, "/ledger")
        heads = tuple(f'{{"event":"{event}"'.encode() for event in events)
        return [json.loads(line) for line in lines.splitlines() if line.startswith(heads)]

    async def until_overflow(self):
        for _ in range(10000):
            if await self.ledger("overflow"):
                return
        raise AssertionError("no overflow")

    async def until_held_up(self, turns=50):
        """As many turns of the simulator's loop, in each of which it could have made a trade and made none."""
        sent, same = 0, 0
        for _ in range(100000):
            now = json.loads((await asyncio.to_thread(self.http, "/status"))[1])["sent"]
            sent, same = now, same + 1 if now == sent > 0 else 0
            if same == turns:
                return
        raise AssertionError("it is not held up")

    def connect(self, origin=ORIGIN, url=None):
        return websockets.connect(url or self.url, origin=origin, max_size=None, compression=None)


async def ask(socket, action="subscribe", channel="trades", symbol="BTC-USD", **more):
    message = {"action": action, "channel": channel, **more}
    if symbol:
        message["symbol"] = symbol
    await socket.send(json.dumps(message))
    return json.loads(await asyncio.wait_for(socket.recv(), 5))


async def receive(socket, count=1):
    return [json.loads(await asyncio.wait_for(socket.recv(), 5)) for _ in range(count)]


def recorded(folder, frames=FRAMES):
    path = os.path.join(folder, "trades.ndjson")
    with open(path, "w") as out:
        out.write("\n".join(frames) + "\n")
    return path


class Protocol(unittest.IsolatedAsyncioTestCase):
    async def test_subscribe_and_unsubscribe_are_confirmed_and_numbered(self):
        with Simulator("--paused") as simulator:
            async with simulator.connect() as socket:
                self.assertEqual(await ask(socket),
                                 {"seqnum": 0, "event": "subscribed", "channel": "trades", "symbol": "BTC-USD"})
                self.assertEqual(await ask(socket, "unsubscribe"),
                                 {"seqnum": 1, "event": "unsubscribed", "channel": "trades", "symbol": "BTC-USD"})

    async def test_what_can_not_be_done_is_rejected_with_the_reason(self):
        with Simulator("--paused") as simulator:
            async with simulator.connect() as socket:
                await ask(socket)
                for text, request in [("Already subscribed", {}), ("Unsupported symbol NO-\"E", {"symbol": "NO-\"E"}),
                                      ("Unsupported channel", {"channel": "l2"}),
                                      ("Not subscribed", {"action": "unsubscribe", "symbol": "ETH-USD"}),
                                      ("Unsupported action", {"action": "dance"})]:
                    answer = await ask(socket, **request)
                    self.assertEqual((answer["event"], answer["text"]), ("rejected", text))
                for message in ["{", "[]", "{}", '{"action":1,"channel":"trades"}', "", '{"action":"subscribe"}x', "\0"]:
                    await socket.send(message)
                    answer = (await receive(socket))[0]
                    self.assertEqual({k: v for k, v in answer.items() if k != "seqnum"},
                                     {"event": "rejected", "text": "Malformed message"})
                self.assertEqual(answer["seqnum"], 12)

    async def test_heartbeats_share_the_sequence_numbers(self):
        with Simulator("--paused", "--heartbeat-ms", "50") as simulator:
            async with simulator.connect() as socket:
                self.assertEqual(await ask(socket, channel="heartbeat", symbol=None),
                                 {"seqnum": 0, "event": "subscribed", "channel": "heartbeat"})
                beats = await receive(socket, 3)
                self.assertEqual([beat["seqnum"] for beat in beats], [1, 2, 3])
                self.assertRegex(beats[0]["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")

    async def test_a_token_is_asked_for_trades_only(self):
        with Simulator("--paused", "--token", "secret") as simulator:
            async with simulator.connect() as socket:
                self.assertEqual((await ask(socket))["text"], "Authentication failed")
                self.assertEqual((await ask(socket, token="wrong"))["text"], "Authentication failed")
                self.assertEqual((await ask(socket, token="secret"))["event"], "subscribed")
                self.assertEqual((await ask(socket, channel="heartbeat"))["event"], "subscribed")

    async def test_a_wrong_origin_and_a_wrong_path_are_refused(self):
        with Simulator("--paused") as simulator:
            for origin, url, code in [(None, None, 403), ("https://example.org", None, 403),
                                      (ORIGIN, simulator.url + "x", 404)]:
                with self.assertRaises(websockets.InvalidStatusCode) as refusal:
                    await simulator.connect(origin, url)
                self.assertEqual(refusal.exception.status_code, code)
            async with simulator.connect(url=simulator.url[:-3] + "/mercury-gateway/v1/ws"):
                pass
        with Simulator("--paused", "--any-origin") as simulator:
            async with simulator.connect(None):
                pass

    async def test_more_than_1200_messages_a_minute_are_throttled(self):
        with Simulator("--paused") as simulator:
            async with simulator.connect() as socket:
                for _ in range(1201):
                    await socket.send('{"action":"subscribe","channel":"l2"}')
                answers = await receive(socket, 1201)
                self.assertEqual(answers[1199]["seqnum"], 1199)
                self.assertEqual(answers[1200], {"event": "rejected", "text": "Too many requests"})


class Trades(unittest.IsolatedAsyncioTestCase):
    async def test_exactly_as_many_trades_are_played_as_asked_for(self):
        with Simulator("--paused", "--rate", "5000", "--symbols", "BTC-USD") as simulator:
            async with simulator.connect() as socket:
                await ask(socket)
                for total in (300, 600):
                    await simulator.control("/control/play?count=300")
                    trades = await receive(socket, 300)
                    self.assertEqual([t["seqnum"] for t in trades], list(range(total - 299, total + 1)))
                    status = json.loads(simulator.http("/status")[1])
                    self.assertEqual((status["sent"], status["playing"], status["frames"]), (total, False, total + 1))
                self.assertEqual(len({t["trade_id"] for t in trades}), 300)
                self.assertEqual([line["trade_id"] for line in await simulator.ledger("trade")][300:],
                                 [t["trade_id"] for t in trades])

    async def test_a_line_that_a_killed_simulator_did_not_finish_is_dropped(self):
        for left, kept in ((b'{"event":"trade","n":1}\n{"event":"tra', [1]), (b'{"ev', []), (b'{"event":"trade","n":2}\n', [2])):
            with Simulator("--paused", ledger=left) as simulator:
                lines = [json.loads(line) for line in simulator.http("/ledger")[1].splitlines()]
                self.assertEqual([line.get("n") for line in lines], [*kept, None])
                self.assertEqual(lines[-1]["event"], "start")

    async def test_a_rate_holds_in_the_long_run(self):
        with Simulator("--rate", "20000") as simulator:
            await simulator.control("/control/rate?n=20000")
            readings = []  # (before the question, sent, after it): how long an answer takes must not count
            while len(readings) < 2 or readings[-1][1] < readings[0][1] + 40000:
                before = time.monotonic()
                readings.append((before, json.loads(simulator.http("/status")[1])["sent"], time.monotonic()))
            (t0, first, t1), (t2, second, t3) = readings[0], readings[-1]
            self.assertGreaterEqual(second - first, 20000 * (t2 - t1) - 800)
            self.assertLessEqual(second - first, 20000 * (t3 - t0) + 800)

    async def test_a_file_is_sent_verbatim_once(self):
        with tempfile.TemporaryDirectory() as folder:
            with Simulator("--paused", "--file", recorded(folder)) as simulator:
                async with simulator.connect() as socket:
                    await ask(socket)
                    await ask(socket, symbol="ETH-USD")
                    await simulator.control("/control/play")
                    for i, frame in enumerate(FRAMES):
                        self.assertEqual(await socket.recv(), frame.replace(f'"seqnum":{i}', f'"seqnum":{i + 2}', 1))
                    status = json.loads(simulator.http("/status")[1])
                    self.assertEqual((status["finished"], status["playing"], status["sent"]), (True, False, 3))
                    self.assertEqual(status["subscriptions"], {"BTC-USD": 1, "ETH-USD": 1})
                    await simulator.control("/control/play", expect=409)

    async def test_a_looped_file_has_new_ids_in_each_lap(self):
        with tempfile.TemporaryDirectory() as folder:
            with Simulator("--paused", "--loop", "--file", recorded(folder)) as simulator:
                async with simulator.connect() as socket:
                    await ask(socket)
                    await simulator.control("/control/play?count=7")
                    self.assertEqual([t["trade_id"] for t in await receive(socket, 5)],
                                     ["100", "102", "100-2", "102-2", "100-3"])

    async def test_only_subscribed_symbols_arrive(self):
        with Simulator("--rate", "5000") as simulator:
            async with simulator.connect() as socket:
                await ask(socket, symbol="ETH-USD")
                self.assertEqual({t["symbol"] for t in await receive(socket, 200)}, {"ETH-USD"})

    async def test_a_slow_reader_overflows_at_a_rate_and_holds_up_the_maximum(self):
        for rate, overflows in [("1000000", 1), ("max", 0)]:
            with Simulator("--paused", "--rate", rate, "--symbols", "BTC-USD") as simulator:
                async with simulator.connect() as socket:
                    await ask(socket)
                    socket.transport.pause_reading()
                    await simulator.control("/control/play")
                    await (simulator.until_overflow() if overflows else simulator.until_held_up())
                    self.assertEqual(len(await simulator.ledger("overflow")), overflows)
                    await simulator.control("/control/pause")
                    socket.transport.abort()


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


class CommandLine(unittest.TestCase):
    def run_with(self, *options):
        done = subprocess.run([PROGRAM, *options], capture_output=True, text=True, timeout=10)
        return done.returncode, done.stdout + done.stderr

    def test_mistakes_name_the_option_what_was_expected_and_what_was_found(self):
        for options, words in [(["--rate", "fast"], ['--rate: expected a number', '"fast"']), (["--rate"], ["found nothing"]),
                               (["--listen", "5000"], ["--listen: expected HOST:PORT"]), (["--what"], ['"--what"']),
                               (["--symbols", "BTC-USD,BTC-USD"], ["--symbols", '"BTC-USD,BTC-USD"']),
                               (["--tls", "a.pem"], ['"a.pem"']), (["--loop"], ["--loop: expected --file"])]:
            code, text = self.run_with(*options)
            self.assertEqual(code, 2, text)
            for word in words:
                self.assertIn(word, text)

    def test_a_wrong_file_is_told_with_its_line(self):
        with tempfile.TemporaryDirectory() as folder:
            for bad, word in [("{", "one JSON object"), (FRAMES[0].replace("105383.80000", '"1"'), "price: expected a number"),
                              (FRAMES[0].replace('"side":"sell",', ""), "side: expected a value"),
                              (FRAMES[0].replace("updated", "subscribed"), "subscribed")]:
                code, text = self.run_with("--file", recorded(folder, FRAMES[:1] + [bad]))
                self.assertEqual(code, 1)
                self.assertIn("line 2: ", text)
                self.assertIn(word, text)

    def test_a_port_in_use_is_told(self):
        with Simulator() as simulator:
            code, text = self.run_with("--listen", simulator.url[5:-3])
            self.assertEqual((code, "Address already in use" in text), (1, True))

    def test_help_and_version(self):
        self.assertIn("--heartbeat-ms", self.run_with("--help")[1])
        self.assertEqual(self.run_with("--version"), (0, "exchange-simulator 1.0\n"))


if __name__ == "__main__":
    unittest.main()
