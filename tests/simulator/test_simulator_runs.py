#!/usr/bin/python3
"""The simulator's own test: what one run leaves to the next, and what runs share that know nothing of one another.

    EXCHANGE_SIMULATOR=build/bin/exchange-simulator tests/simulator/test_simulator_runs.py
"""
import contextlib
import json
import os
import pathlib
import tempfile
import unittest

import websockets

from simulator import Simulator, hear
from test_simulator_exchanges import binance, coinbase, kraken, simulate

SUBSCRIBERS = {"coinbase": (coinbase, "BTC-USD"), "kraken": (kraken, "BTC/USD"), "binance": (binance, "btcusd@trade")}


def trade_id(message):
    """Of the last trade in a message, in whatever form."""
    trade = message["data"][-1] if "channel" in message else message
    return trade.get("trade_id", trade.get("t"))


class Runs(unittest.IsolatedAsyncioTestCase):
    async def test_ids_go_on_after_a_restart_with_the_same_ledger(self):
        for exchange in SUBSCRIBERS:
            with self.subTest(exchange), simulate(exchange, "--symbols", "BTC-USD") as first:
                await first.play(3)
                await first.control("/control/lose?n=1")
                await first.play(2)
                ledger = first.http("/ledger")[1]
            with Simulator("--exchange", exchange, "--paused", "--rate", "1000000", "--symbols", "BTC-USD", ledger=ledger) as second:
                self.assertEqual((await second.status())["last_ids"], {"BTC-USD": 1000005})
                await second.play(1)
                lines = await second.ledger("made", "lost")
                self.assertEqual([(line["event"], line["trade_id"][-1]) for line in lines],
                                 [("made", "1"), ("made", "2"), ("made", "3"), ("lost", "4"), ("made", "5"), ("made", "6")])

    async def test_who_is_killed_has_written_down_what_anybody_was_sent(self):
        for exchange, (subscribe, name) in SUBSCRIBERS.items():
            with self.subTest(exchange), tempfile.TemporaryDirectory() as folder:
                ledger = pathlib.Path(folder) / "ledger"
                options = ("--exchange", exchange, "--symbols", "BTC-USD", "--rate", "5000", "--ledger", str(ledger))
                killed = Simulator(*options)
                async with subscribe(killed, name) as socket:
                    heard = await hear(socket, 20, but=["heartbeat"])
                    killed.process.kill()
                    with contextlib.suppress(websockets.ConnectionClosed):
                        while True:
                            heard += await hear(socket, 1, but=["heartbeat"])
                killed.process.wait(10)
                killed.process.stdout.close()
                killed.folder.cleanup()
                made = [json.loads(line)["trade_id"] for line in ledger.read_text().splitlines(True) if '"made"' in line and line.endswith("\n")]
                self.assertLessEqual(max([trade_id(message) for message in heard]), int(made[-1]))

    async def test_a_ledger_of_a_limited_size_goes_on_in_another_file_and_ids_go_on(self):
        with tempfile.TemporaryDirectory() as folder:
            ledger = pathlib.Path(folder) / "ledger"
            options = ("--symbols", "BTC-USD", "--ledger", str(ledger), "--ledger-bytes", "65536")
            with simulate("kraken", *options) as first:
                for _ in range(10):
                    await first.play(100)
            older = ledger.with_name("ledger.1")
            self.assertEqual(sorted(os.listdir(folder)), ["ledger", "ledger.1"])
            self.assertGreaterEqual(older.stat().st_size, 65536)
            made = [json.loads(line)["trade_id"] for path in (older, ledger) for line in path.read_text().splitlines() if '"made"' in line]
            self.assertEqual(made, [str(i) for i in range(int(made[0]), 1001001)])
            ledger.unlink()
            with simulate("kraken", *options) as second:
                last = json.loads(older.read_text().splitlines()[-1])["trade_id"]
                self.assertEqual((await second.status())["last_ids"], {"BTC-USD": int(last)})

    async def test_prices_on_one_path_are_near_each_other(self):
        """Within 0.3 %, though each has made many trades before."""
        prices = {}
        for number, exchange in enumerate(SUBSCRIBERS):
            with simulate(exchange, "--symbols", "BTC-USD,ETH-USD,ETH-BTC", "--path", "7", "--seed", str(number)) as simulator:
                await simulator.play(3000)
                prices[exchange] = {line["symbol"]: float(line["price"]) for line in await simulator.ledger("made")}
        for last in prices.values():
            for symbol, price in last.items():
                self.assertLess(abs(price / prices["coinbase"][symbol] - 1), 0.003)
            self.assertLess(abs(last["ETH-BTC"] * last["BTC-USD"] / last["ETH-USD"] - 1), 0.003)


if __name__ == "__main__":
    unittest.main()
