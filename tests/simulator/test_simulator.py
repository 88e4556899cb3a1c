#!/usr/bin/python3
"""The simulator's own test: its protocol, its trades and its command line. What it does wrong upon request is test_simulator_faults.py's.

    EXCHANGE_SIMULATOR=build/bin/exchange-simulator tests/simulator/test_simulator.py
"""
import json
import subprocess
import tempfile
import time
import unittest

import websockets

from simulator import FRAMES, ORIGIN, PROGRAM, Simulator, ask, receive, recorded


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
