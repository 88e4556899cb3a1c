"""What Coinbase, Kraken and Binance sent once, played by a server that speaks as they do: every trade reaches clients once, in the order of ids, digit for
digit, whether it comes over the feed or is asked for afterwards."""

import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from clients import Requester, Tap, assert_once_and_in_order
from pipeline import get, until
from recorded_exchange import Binance, Coinbase, Kraken, coinbase_table, frames
from transports import CurlEvents, PythonWebsockets, Rest

FIELDS = ("symbol", "timestamp", "side", "qty", "price", "tradeId")

# By hand, of ../shared/data/kraken-v2-trade.json.
KRAKEN = [("BTC-USD", "2023-10-06T17:35:55.440295Z", "buy", "0.00027625", "105944.20", "10218208"),
          ("BTC-USD", "2023-10-06T17:35:56.123456Z", "sell", "0.00012460", "105910.50", "10218209")]

# The recording has no trades, only their sums: these are made as the documentation says, and of times in ms, too.
BINANCE_FRAMES = [
    '{"stream":"nknusdt@trade","data":{"e":"trade","E":1633998512068123,"s":"NKNUSDT","t":53218901,"p":"0.35210000","q":"672.00000000","b":88,"a":50,'
    '"T":1633998512068000,"m":true,"M":true}}',
    '{"stream":"lrcbtc@trade","data":{"e":"trade","E":1633998512069,"s":"LRCBTC","t":7,"p":"0.00000663","q":"1","T":1633998512068,"m":false,"M":true}}',
    '{"stream":"nknusdt@trade","data":{"e":"trade","E":1633998512999999,"s":"NKNUSDT","t":53218902,"p":"0.35210001","q":"0.10","T":1633998512999999,"m":false,'
    '"M":true}}',
    '{"stream":"nknusdt@trade","data":{"e":"trade","E":1633998513000000,"s":"NKNUSDT","t":53218903,"p":"12345678901234.00000001","q":"0.00000001",'
    '"T":1633998513000000,"m":true,"M":true}}',
]
BINANCE = [("NKN-USDT", "2021-10-12T00:28:32.068000Z", "sell", "672.00000000", "0.35210000", "53218901"),
           ("LRC-BTC", "2021-10-12T00:28:32.068Z", "buy", "1", "0.00000663", "7"),
           ("NKN-USDT", "2021-10-12T00:28:32.999999Z", "buy", "0.10", "0.35210001", "53218902"),
           ("NKN-USDT", "2021-10-12T00:28:33.000000Z", "sell", "0.00000001", "12345678901234.00000001", "53218903")]


def coinbase_case(recordings):
    """The answer to subscribe is in the recording, too, behind some trades. What belongs to other channels is left alone."""
    exchange = Coinbase()
    exchange.answer_request = lambda _: []
    return exchange, frames(recordings / "coinbase-2021-04-17.ws"), coinbase_table()


def kraken_case(recordings):
    return Kraken(), [(recordings / "kraken-v2-trade.json").read_text()], KRAKEN


def binance_case(recordings):
    recorded = frames(recordings / "binance-2021-10-12.ws")
    return Binance(), [*recorded[:100], *BINANCE_FRAMES[:2], *recorded[100:], *BINANCE_FRAMES[2:]], BINANCE


CASES = {"coinbase": coinbase_case, "kraken": kraken_case, "binance": binance_case}
TRANSPORTS = {"json-rpc": PythonWebsockets, "rest": Rest, "events": CurlEvents}


def start(pipeline, exchange, symbols, **more):
    flow = pipeline(symbols=symbols)
    flow.source.clear()
    flow.source.update(exchange.source(*symbols, confirm_ms=60000, **more))
    flow.start_connectord()
    flow.start_cached()
    flow.start_gateway()
    flow.wait_ready("connectord_http", "cached_http", "gateway0")
    until(lambda: exchange.subscriptions() > 0, "the exchange to be asked")
    return flow


def symbols_of(table):
    return sorted({row[0] for row in table})


def rows(trades):
    return [tuple(str(trade[field]) for field in FIELDS) for trade in trades]


def assert_rows(trades, table, source):
    """Each symbol's, once and in order, as the table has them; nothing else."""
    assert len(trades) == len(table)
    for symbol in symbols_of(table):
        found = [trade for trade in trades if trade["symbol"] == symbol]
        assert rows(found) == [row for row in table if row[0] == symbol]
        assert_once_and_in_order(found)
    assert {trade["source"] for trade in trades} == {source}


def metric(flow, name):
    text = get(f"http://{flow.address('connectord_http')}/metrics")[1]
    return next(int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name + "{"))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_was_recorded_reaches_clients_digit_for_digit(pipeline, recordings, case, transport):
    exchange, played, table = CASES[case](recordings)
    with exchange:
        flow = start(pipeline, exchange, symbols_of(table))
        client = TRANSPORTS[transport](flow)
        try:
            client.follow(symbols_of(table))
            exchange.ws.say(*played)
            client.until(lambda: len(client.received) >= len(table), f"{len(table)} trades")
            assert_rows(client.received, table, case)
        finally:
            client.close()
        assert metric(flow, "dataflow_source_malformed_total") == 0
        assert exchange.rest.paths() == [], "nothing is missing"


def number(body, name):
    return re.search(rf'"{name}":([^,}}]*)', body)[1]


@pytest.mark.parametrize("case", CASES)
def test_the_bus_and_history_have_the_digits_of_the_frames(pipeline, recordings, case):
    exchange, played, table = CASES[case](recordings)
    with exchange:
        flow = start(pipeline, exchange, symbols_of(table))
        with Tap(flow.bus) as tap, Requester(flow.history) as history:
            tap.wait_connected()
            exchange.ws.say(*played)
            bodies = [body for _, body in tap.take(len(table))]
            expected = sorted(table, key=lambda row: (row[0], int(row[5])))
            found = sorted(bodies, key=lambda body: (number(body, "symbol"), int(number(body, "tradeId").strip('"'))))
            assert [(number(body, "qty"), number(body, "price")) for body in found] == [row[3:5] for row in expected]
            for symbol in symbols_of(table):
                topic = f"trade.{symbol}.{case}"
                until(lambda: len(history.all(topic)) == sum(row[0] == symbol for row in table), f"history to have {symbol}")
                assert list(history.texts(topic)) == [body for body in bodies if number(body, "symbol") == f'"{symbol}"']


# --- what is asked for afterwards ---

def kraken_time(seconds):
    """To the µs, as its feed has it."""
    whole, _, fraction = seconds.partition(".")
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=int(whole))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{(fraction + '000000')[:6]}Z"


def kraken_past(recordings):
    """(exchange, the frame before, the frame behind, the rows of all)"""
    text = (recordings / "kraken-trades-2025-11-10.json").read_text()
    found = re.findall(r'\[\s*"([^"]+)",\s*"([^"]+)",\s*([0-9.]+),\s*"([bs])",\s*"[ml]",\s*"",\s*(\d+)\s*\]', text)
    assert len(found) == 1000
    table = [("BTC-USDT", kraken_time(time), {"b": "buy", "s": "sell"}[side], qty, price, number) for price, qty, time, side, number in found]

    def frame(number, time):
        return ('{"channel":"trade","type":"update","data":[{"symbol":"BTC/USDT","side":"buy","price":105433.50,"qty":0.10000000,"ord_type":"limit",'
                f'"trade_id":{number},"timestamp":"{time}"}}]}}')

    exchange = Kraken()
    first = int(found[0][2].replace(".", "") + "00")  # in ns
    exchange.page = lambda path, query: text.encode() if path == "/0/public/Trades" and int(query["since"]) < first else None
    before, behind = (10218207, "2025-11-10T17:23:50.000001Z"), (10219208, "2025-11-11T00:13:56.000001Z")
    own = [("BTC-USDT", time, "buy", "0.10000000", "105433.50", str(number)) for number, time in (before, behind)]
    return exchange, frame(*before), frame(*behind), [own[0], *table, own[1]]


def binance_past(recordings):
    text = (recordings / "binance-rest-trades.json").read_text()
    # By hand, of that file.
    asked = ("BTC-USDT", "2017-07-12T13:19:09.590Z", "sell", "12.00000000", "4.00000100", "28457")

    def frame(number, time):
        return (f'{{"stream":"btcusdt@trade","data":{{"e":"trade","E":{time},"s":"BTCUSDT","t":{number},"p":"4.00000000","q":"0.50000000","T":{time},'
                '"m":false,"M":true}}')

    exchange = Binance()
    exchange.page = lambda path, query: text.encode() if path == "/api/v3/historicalTrades" and int(query["fromId"]) <= 28457 else None
    own = [("BTC-USDT", time, "buy", "0.50000000", "4.00000000", number)
           for time, number in (("2017-07-12T13:19:09.000000Z", "28456"), ("2017-07-12T13:19:10.000000Z", "28458"))]
    return exchange, frame(28456, 1499865549000000), frame(28458, 1499865550000000), [own[0], asked, own[1]]


def coinbase_past(recordings):
    """REST says what the frames of one product said: newest first, those below `after`."""
    matches = [frame for frame in map(json.loads, frames(recordings / "coinbase-2021-04-17.ws"))
               if frame["type"] in ("match", "last_match") and frame["product_id"] == "SKL-USD"]
    pages = [{name: match[name] for name in ("trade_id", "side", "size", "price", "time")} for match in reversed(matches[:-1])]

    def page(path, query):
        assert path == "/products/SKL-USD/trades"
        return json.dumps([row for row in pages if row["trade_id"] < int(query.get("after", 1 << 62))][:int(query["limit"])]).encode()

    exchange = Coinbase()
    exchange.page = page
    return exchange, json.dumps(matches[0]), json.dumps(matches[-1]), [row for row in coinbase_table() if row[0] == "SKL-USD"]


PAST = {"coinbase": coinbase_past, "kraken": kraken_past, "binance": binance_past}


@pytest.mark.parametrize("feed", ["begins behind it", "says nothing yet"])
@pytest.mark.parametrize("case", PAST)
def test_what_rest_answered_once_fills_a_hole_digit_for_digit(pipeline, recordings, case, feed):
    """The connection is lost after the trade before it."""
    exchange, before, behind, table = PAST[case](recordings)
    with exchange:
        symbol, = symbols_of(table)
        flow = start(pipeline, exchange, [symbol], backfill={"url": exchange.rest.url, "hold_ms": 60000})
        client = PythonWebsockets(flow)
        try:
            client.follow([symbol])
            exchange.ws.say(before)
            client.until(lambda: client.received, "the trade before it")
            exchange.greeting = [behind] if feed == "begins behind it" else []
            exchange.ws.cut()
            if not exchange.greeting:
                client.until(lambda: len(client.received) == len(table) - 1, "what was asked for")
                exchange.ws.say(behind)
            client.until(lambda: len(client.received) >= len(table), f"{len(table)} trades")
            assert_rows(client.received, table, case)
            assert client.client.of("trades.gap") == []
            coverage = lambda: client.rpc("getCoverage", channel="trades", symbol=symbol)["result"]["coverage"]
            until(lambda: any(interval["state"] == "backfilled" for interval in coverage()), "the word that it was asked for")
            filled, = [interval for interval in coverage() if interval["state"] == "backfilled"]
            assert filled["trades"] == len(table) - 2
            assert {interval["state"] for interval in coverage()} <= {"live", "backfilled"}
        finally:
            client.close()
