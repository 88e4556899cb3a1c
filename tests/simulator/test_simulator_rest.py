#!/usr/bin/python3
"""The simulator's own test: the REST APIs of Coinbase, Kraken and Binance, and what can be wrong with their answers.

    EXCHANGE_SIMULATOR=build/bin/exchange-simulator tests/simulator/test_simulator_rest.py
"""
import asyncio
import decimal
import http.client
import json
import tempfile
import time
import unittest

from simulator import Simulator, recorded

FIRST = 1000001
MINUTE = 1762795440  # 2025-11-10T17:24:00Z
FRAME = ('{"seqnum":1,"event":"updated","channel":"trades","symbol":"BTC-USD","timestamp":"2025-11-10T17:%sZ","side":"%s","qty":%s,"price":%s,'
         '"trade_id":"x"}')
# Two minutes with trades, and one without any between them.
MINUTES = [FRAME % trade for trade in [("24:00.000000", "buy", "0.10000001", "100.10"), ("24:30.500000", "sell", "8.5E-5", "99.90"),
                                       ("24:59.999999", "buy", "3", "1234567890.123456789"), ("26:01.000000", "sell", "0.20", "100.00")]]


class Rest(unittest.IsolatedAsyncioTestCase):
    def simulate(self, exchange, *options):
        return self.enterContext(Simulator("--exchange", exchange, "--paused", "--rate", "1000000", *options))

    async def played(self, exchange, frames=None, count=None):
        """A simulator that has played these frames."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        frames = frames or MINUTES
        simulator = self.simulate(exchange, "--file", recorded(folder, frames))
        await simulator.play(count or len(frames))
        return simulator


class Trades(Rest):
    async def test_coinbase_serves_the_newest_first_and_what_is_below_an_id(self):
        simulator = await self.played("coinbase")
        page = await simulator.rest("/products/BTC-USD/trades")
        self.assertEqual([trade["trade_id"] for trade in page], [FIRST + 3, FIRST + 2, FIRST + 1, FIRST])
        self.assertEqual(page[2], {"trade_id": FIRST + 1, "side": "buy", "size": "0.000085", "price": "99.90",
                                   "time": "2025-11-10T17:24:30.500000Z"})
        status, text, headers = await asyncio.to_thread(simulator.get, f"/products/BTC-USD/trades?limit=2&after={FIRST + 3}")
        self.assertEqual(([trade["trade_id"] for trade in json.loads(text)], headers["CB-AFTER"]), ([FIRST + 2, FIRST + 1], str(FIRST + 1)))
        self.assertEqual(await simulator.rest(f"/products/BTC-USD/trades?after={FIRST}"), [])
        self.assertEqual(await simulator.rest("/products/NO-USD/trades", expect=404), {"message": "NotFound"})

    async def test_kraken_serves_what_is_later_than_a_time(self):
        simulator = await self.played("kraken")
        answer = await simulator.rest("/0/public/Trades?pair=XBTUSD&since=0&count=2")
        self.assertEqual(answer, {"error": [], "result": {"XXBTZUSD": answer["result"]["XXBTZUSD"], "last": f"{MINUTE + 30}500000000"}})
        rows = answer["result"]["XXBTZUSD"]
        self.assertEqual([row[:4] + row[5:] for row in rows], [["100.10", "0.10000001", MINUTE, "b", "", FIRST],
                                                               ["99.90", "0.000085", f"{MINUTE + 30}.5", "s", "", FIRST + 1]])
        self.assertLessEqual({row[4] for row in rows}, {"l", "m"})
        later = (await simulator.rest(f"/0/public/Trades?pair=XXBTZUSD&since={answer['result']['last']}"))["result"]
        self.assertEqual([row[6] for row in later["XXBTZUSD"]], [FIRST + 2, FIRST + 3])
        end = (await simulator.rest(f"/0/public/Trades?pair=XBTUSD&since={later['last']}"))["result"]
        self.assertEqual(end, {"XXBTZUSD": [], "last": later["last"]})
        self.assertEqual(await simulator.rest("/0/public/Trades?pair=FOOBAR"), {"error": ["EQuery:Unknown asset pair"]})

    async def test_kraken_names_pairs_in_its_own_way(self):
        simulator = self.simulate("kraken", "--symbols", "DOGE-USDT,ETH-BTC,SOL-EUR")
        for pair, named in (("XDGUSDT", "XDGUSDT"), ("ETHXBT", "XETHXXBT"), ("SOLEUR", "SOLEUR")):
            self.assertEqual((await simulator.rest(f"/0/public/Trades?pair={pair}&since=5"))["result"], {named: [], "last": "5"})

    async def test_binance_serves_from_an_id_on(self):
        simulator = await self.played("binance")
        page = await simulator.rest(f"/api/v3/historicalTrades?symbol=BTCUSD&fromId={FIRST + 1}&limit=2")
        self.assertEqual(page[0], {"id": FIRST + 1, "price": "99.90", "qty": "0.000085", "quoteQty": "0.00849150", "time": (MINUTE + 30) * 1000 + 500,
                                   "isBuyerMaker": True, "isBestMatch": True})
        self.assertEqual([trade["id"] for trade in page], [FIRST + 1, FIRST + 2])
        newest = await simulator.rest("/api/v3/historicalTrades?symbol=BTCUSD&limit=1", **{"X-MBX-TIME-UNIT": "MICROSECOND"})
        self.assertEqual([(trade["id"], trade["time"]) for trade in newest], [(FIRST + 3, (MINUTE + 121) * 1000000)])
        self.assertEqual(await simulator.rest("/api/v3/historicalTrades?symbol=BTC-USD", expect=400), {"code": -1121, "msg": "Invalid symbol."})

    async def test_symbols_without_a_trade_are_served_empty(self):
        for exchange, path, answer in (
                ("coinbase", "/products/BTC-USD/trades", []), ("coinbase", "/products/BTC-USD/candles", []),
                ("kraken", "/0/public/Trades?pair=XBTUSD", {"error": [], "result": {"XXBTZUSD": [], "last": "0"}}),
                ("binance", "/api/v3/historicalTrades?symbol=BTCUSD&fromId=0", []), ("binance", "/api/v3/klines?symbol=BTCUSD&interval=1m", [])):
            simulator = self.simulate(exchange, "--symbols", "BTC-USD")
            self.assertEqual(await simulator.rest(path), answer)
        self.assertEqual((await self.simulate("kraken", "--symbols", "BTC-USD").rest("/0/public/OHLC?pair=XBTUSD"))["result"]["XXBTZUSD"], [])

    async def test_a_restarted_exchange_remembers(self):
        first = await self.played("binance")
        again = self.enterContext(Simulator("--exchange", "binance", "--paused", "--symbols", "BTC-USD", ledger=first.http("/ledger")[1]))
        path = f"/api/v3/historicalTrades?symbol=BTCUSD&fromId={FIRST}"
        self.assertEqual(await again.rest(path), await first.rest(path))

    async def test_the_last_million_trades_are_kept_of_all_symbols_together(self):
        simulator = self.simulate("binance", "--symbols", "BTC-USD", "--rate", "10000000")
        await simulator.play(1100000)
        oldest = (await simulator.rest("/api/v3/historicalTrades?symbol=BTCUSD&fromId=1&limit=1"))[0]["id"]
        self.assertEqual(oldest, FIRST + 1100000 - (1 << 20))

    async def test_a_blockchain_exchange_has_no_such_api(self):
        simulator = self.simulate("blockchain")
        self.assertEqual((await asyncio.to_thread(simulator.get, "/products/BTC-USD/trades"))[0], 404)
        await simulator.control("/control/lose?n=1", expect=409)
        self.assertEqual(set(await simulator.status()) & {"rest", "last_ids", "exchange"}, set())


class Candles(Rest):
    volume = "3.10008501"  # 0.10000001 + 0.000085 + 3
    quote = sum(decimal.Decimal(price) * decimal.Decimal(qty)
                for price, qty in (("100.10", "0.10000001"), ("99.90", "0.000085"), ("1234567890.123456789", "3")))

    async def test_coinbase_leaves_out_minutes_without_trades(self):
        simulator = await self.played("coinbase")
        candles = await simulator.rest(f"/products/BTC-USD/candles?granularity=60&start=2025-11-10T17:24:00Z&end={MINUTE + 240}")
        self.assertEqual(candles, [[MINUTE + 120, "100.00", "100.00", "100.00", "100.00", "0.20"],
                                   [MINUTE, "99.90", "1234567890.123456789", "100.10", "1234567890.123456789", self.volume]])
        self.assertEqual(await simulator.rest(f"/products/BTC-USD/candles?granularity=60&start={MINUTE}&end={MINUTE + 59}"), candles[1:])
        await simulator.rest(f"/products/BTC-USD/candles?granularity=60&start=0&end={MINUTE}", expect=400)
        await simulator.rest("/products/BTC-USD/candles?granularity=61", expect=400)

    async def test_kraken_has_every_minute_and_the_running_one_last(self):
        simulator = await self.played("kraken")
        result = (await simulator.rest(f"/0/public/OHLC?pair=XBTUSD&interval=1&since={MINUTE - 60}"))["result"]
        first, empty, running = result["XXBTZUSD"]
        vwap = (self.quote / decimal.Decimal(self.volume)).quantize(decimal.Decimal("1e-9"), decimal.ROUND_DOWN)
        self.assertEqual(first, [MINUTE, "100.10", "1234567890.123456789", "99.90", "1234567890.123456789", str(vwap), self.volume, 3])
        self.assertEqual((empty[0], empty[1:5], empty[6:]), (MINUTE + 60, 4 * ["1234567890.123456789"], ["0.00000000", 0]))
        self.assertEqual(running, [MINUTE + 120, "100.00", "100.00", "100.00", "100.00", "100.00", "0.20000000", 1])
        self.assertEqual(result["last"], MINUTE + 60)
        after = (await simulator.rest(f"/0/public/OHLC?pair=XBTUSD&since={result['last']}"))["result"]["XXBTZUSD"]
        self.assertEqual(after, [running])

    async def test_binance_has_every_minute(self):
        simulator = await self.played("binance")
        path = f"/api/v3/klines?symbol=BTCUSD&interval=1m&startTime={MINUTE * 1000}&endTime={(MINUTE + 119) * 1000}&limit=1000"
        first, empty = await simulator.rest(path)
        self.assertEqual(first, [MINUTE * 1000, "100.10", "1234567890.123456789", "99.90", "1234567890.123456789", self.volume,
                                 MINUTE * 1000 + 59999, str(self.quote), 3, "0", "0", "0"])
        self.assertEqual((empty[0], empty[5:9]), ((MINUTE + 60) * 1000, ["0.00000000", (MINUTE + 119) * 1000 + 999, "0.00000000", 0]))
        self.assertEqual([c[0] for c in await simulator.rest("/api/v3/klines?symbol=BTCUSD&interval=1m&limit=2")],
                         [(MINUTE + 60) * 1000, (MINUTE + 120) * 1000])
        self.assertEqual((await simulator.rest("/api/v3/klines?symbol=BTCUSD&interval=7m", expect=400))["code"], -1120)

    async def test_lost_trades_are_counted_by_honest_candles_only(self):
        simulator = await self.played("binance", count=1)
        await simulator.control("/control/lose?n=1")
        await simulator.play(2)
        for of, count, volume in (("made", 3, self.volume), ("sent", 2, "3.10000001"), ("honest", 3, self.volume)):
            await simulator.control(f"/control/candles?of={of}")
            candle = (await simulator.rest("/api/v3/klines?symbol=BTCUSD&interval=1m"))[0]
            self.assertEqual((candle[8], candle[5]), (count, volume))
        self.assertEqual([trade["id"] for trade in await simulator.rest("/api/v3/historicalTrades?symbol=BTCUSD&fromId=0")], [FIRST, FIRST + 2])
        await simulator.control("/control/candles?of=lies", expect=400)


class Faults(Rest):
    """On Binance, where a page begins with the id that is asked for."""

    path = f"/api/v3/historicalTrades?symbol=BTCUSD&fromId={FIRST + 20}&limit=40"
    whole = [*range(FIRST + 20, FIRST + 60)]

    async def asyncSetUp(self):
        self.simulator = self.simulate("binance", "--symbols", "BTC-USD")
        await self.simulator.play(100)
        self.good = await self.simulator.rest(self.path)

    async def faulty(self, fault, expect=200):
        await self.simulator.control(f"/control/rest?fault={fault}")
        return await self.simulator.rest(self.path, expect)

    async def asyncTearDown(self):
        """Each is done once, and written down."""
        if self.good is not None:
            self.assertEqual(await self.simulator.rest(self.path), self.good)

    async def kinds(self):
        return [line["kind"] for line in await self.simulator.ledger("fault")]

    async def test_a_page_begins_too_early(self):
        self.assertEqual([trade["id"] for trade in await self.faulty("overlap")], [*range(FIRST + 10, FIRST + 50)])
        self.assertEqual(await self.kinds(), ["rest", "rest-overlap"])

    async def test_a_page_is_out_of_order(self):
        ids = [trade["id"] for trade in await self.faulty("shuffle")]
        self.assertEqual((sorted(ids), ids == self.whole), (self.whole, False))

    async def test_a_page_lacks_a_trade(self):
        ids = [trade["id"] for trade in await self.faulty("missing")]
        self.assertEqual((len(ids), set(ids) < set(self.whole)), (39, True))

    async def test_a_page_contradicts(self):
        page = await self.faulty("contradict")
        self.assertEqual([trade["id"] for trade in page], self.whole)
        self.assertEqual(sum(a["price"] != b["price"] for a, b in zip(page, self.good)), 1)

    async def test_a_page_is_empty_though_there_are_trades(self):
        self.assertEqual(await self.faulty("empty"), [])

    async def test_another_status(self):
        await self.simulator.control("/control/rest?fault=status&status=429&retry_after=7&times=2")
        for _ in range(2):
            status, text, headers = await asyncio.to_thread(self.simulator.get, self.path)
            self.assertEqual((status, headers["Retry-After"], json.loads(text)["code"]), (429, "7", -1003))
        self.assertEqual([line["status"] for line in await self.simulator.ledger("rest")], [200, 429, 429])

    async def test_times_0_ends_it(self):
        await self.simulator.control("/control/rest?fault=status&status=500&times=9")
        await self.simulator.rest(self.path, expect=500)
        await self.simulator.control("/control/rest?times=0")

    async def test_a_late_answer(self):
        await self.simulator.control("/control/rest?fault=slow&ms=300")
        before = time.monotonic()
        self.assertEqual(await self.simulator.rest(self.path), self.good)
        self.assertGreater(time.monotonic() - before, 0.29)

    async def test_an_answer_that_ends_in_the_middle(self):
        await self.simulator.control("/control/rest?fault=cut")
        with self.assertRaises(http.client.IncompleteRead):
            await self.simulator.rest(self.path)

    async def test_a_page_for_people(self):
        await self.simulator.control("/control/rest?fault=html")
        status, text, headers = await asyncio.to_thread(self.simulator.get, self.path)
        self.assertEqual((status, headers["Content-Type"], text[:9]), (200, "text/html", "<!DOCTYPE"))

    async def test_an_answer_of_8_mib(self):
        await self.simulator.control("/control/rest?fault=huge")
        text = (await asyncio.to_thread(self.simulator.get, self.path))[1]
        self.assertEqual((len(text) - len(text.lstrip()), json.loads(text, parse_float=str)), (8 * 1024 * 1024, self.good))

    async def test_a_fault_of_pages_waits_for_trades(self):
        await self.simulator.control("/control/rest?fault=missing")
        await self.simulator.rest("/api/v3/klines?symbol=BTCUSD&interval=1m")
        await self.simulator.rest(f"/api/v3/historicalTrades?symbol=BTCUSD&fromId={FIRST + 500}")
        self.assertEqual(len(await self.simulator.rest(self.path)), 39)

    async def test_an_unknown_fault_is_told_what_there_is(self):
        self.assertIn("contradict", (await self.simulator.control("/control/rest?fault=nonsense", expect=400))["error"])
        await self.simulator.control("/control/rest", expect=400)

    async def test_requests_are_written_down_and_counted(self):
        self.assertEqual((await self.simulator.status())["rest"], 1)
        lines = await self.simulator.ledger("rest")
        self.assertEqual([(line["path"], line["status"], line["trades"]) for line in lines], [(self.path, 200, 40)])

    async def test_coinbase_and_kraken_begin_too_early_in_their_own_order(self):
        coinbase, kraken = self.simulate("coinbase", "--symbols", "BTC-USD"), self.simulate("kraken", "--symbols", "BTC-USD")
        for simulator in (coinbase, kraken):
            await simulator.play(100)
        await coinbase.control("/control/rest?fault=overlap")
        page = await coinbase.rest(f"/products/BTC-USD/trades?after={FIRST + 50}&limit=20")
        self.assertEqual([trade["trade_id"] for trade in page], [*range(FIRST + 59, FIRST + 39, -1)])
        first = (await kraken.rest("/0/public/Trades?pair=XBTUSD&since=0&count=50"))["result"]
        path = f"/0/public/Trades?pair=XBTUSD&since={first['last']}&count=50"
        begins = (await kraken.rest(path))["result"]["XXBTZUSD"][0][6]
        await kraken.control("/control/rest?fault=overlap")
        self.assertEqual((await kraken.rest(path))["result"]["XXBTZUSD"][0][6], begins - 10)


if __name__ == "__main__":
    unittest.main()
