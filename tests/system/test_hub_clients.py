"""Clients of the .NET server work unchanged at the hub: node/table.mjs uses what comes as one of them does, through
npm's @microsoft/signalr."""

import itertools
import json

import pytest
from clients import Requester
from node_client import NodeClient
from pipeline import Pipeline, until

PAST = 120  # trades of BTC-USD
LIVE = 40   # trades of ETH-USD, which come when a test wants them


def recorded(number, symbol):
    """Three in a row have one timestamp."""
    minutes, seconds = divmod(number // 3, 60)
    return {"seqnum": number, "event": "updated", "channel": "trades", "symbol": symbol,
            "timestamp": f"2025-11-10T17:{minutes:02}:{seconds:02}.937345Z", "side": "buy" if number % 2 else "sell",
            "qty": 0.5, "price": 100.25 + number, "trade_id": str(1000 + number)}


PAST_TRADES = [recorded(number, "BTC-USD") for number in range(PAST)]
IDS = [trade["trade_id"] for trade in reversed(PAST_TRADES)]  # most recent first
TIMES = [trade["timestamp"] for trade in reversed(PAST_TRADES)]
GOOD = {"channel": "trades", "symbol": "BTC-USD"}


class Table(NodeClient):
    """What the web client is told to do, and what came of it."""

    def __init__(self, node_modules, flow):
        super().__init__(node_modules, "table", flow.url())
        self.numbers = itertools.count(1)

    def do(self, command, *more):
        number = next(self.numbers)
        self.invoke(number, command, *more)
        find = lambda: next((t for t in self.told if t.get("number") == number), None)
        return self.wait(find, f"what became of {command} {more}")

    def call(self, method, **params):
        told = self.do("call", method, params)
        assert "result" in told, told
        return told["result"]

    def load(self, symbol="BTC-USD", **params):
        told = self.do("load", {"channel": "trades", "symbol": symbol, **params})
        assert "rows" in told, told
        return told["rows"]

    def find(self, **params):
        return [row["id"] for row in self.load(**params)]

    def error(self, method, params):
        return self.do("call", method, params)["error"]

    def last_message(self):
        """The last one that was no notification."""
        return next(m for m in reversed(self.messages) if isinstance(m, list) or "method" not in m)

    def shown(self, what):
        return [t[what] for t in self.told if what in t]


@pytest.fixture(scope="module")
def flow(tmp_path_factory):
    directory = tmp_path_factory.mktemp("hub")
    trades = PAST_TRADES + [recorded(PAST + number, "ETH-USD") for number in range(LIVE)]
    (directory / "trades.ndjson").write_text("".join(json.dumps(trade) + "\n" for trade in trades))
    flow = Pipeline(directory)
    flow.start_all("--file", directory / "trades.ndjson", "--rate", 2000, "--paused")
    flow.subscribed()
    flow.tell_simulator(f"/control/play?count={PAST}")
    with Requester(flow.history) as history:
        until(lambda: len(history.all("trade.BTC-USD.blockchain")) == PAST, "the past to be in history")
    yield flow
    assert set(flow.stop().values()) == {0}


@pytest.fixture(scope="module")
def table(flow, node_modules):
    with Table(node_modules, flow) as table:
        yield table


def test_the_table_is_filled_by_an_array_of_trades_most_recent_first(table):
    rows = table.load()
    assert [row["id"] for row in rows] == IDS[:50], "50 unless asked otherwise"
    newest = PAST_TRADES[-1]
    assert rows[0] == {"at": rows[0]["at"], "time": newest["timestamp"], "id": newest["trade_id"], "side": "BUY", "price": "219.25",
                       "value": 219.25 / 2, "number": rows[0]["number"]}
    assert rows[0]["at"] - rows[3]["at"] == 1000
    assert table.find(count=7) == IDS[:7] and table.find(count=1000) == IDS


def test_an_answer_that_the_gateway_has_ready_reads_the_same(table):
    answers = [table.call("getRecentTrades", **GOOD, count=9) for _ in range(20)]
    assert [trade["tradeId"] for trade in answers[0]] == IDS[:9] and all(answer == answers[0] for answer in answers)


def test_the_table_goes_back_before_a_trade_and_forward_after_one(table):
    assert table.find(beforeTimestamp=TIMES[60], count=10) == [i for i, t in zip(IDS, TIMES) if t < TIMES[60]][:10]
    assert table.find(beforeTimestamp=TIMES[60]) == [i for i, t in zip(IDS, TIMES) if t < TIMES[60]][:50]
    after = [i for i, t in zip(IDS, TIMES) if t > TIMES[60]]
    assert len(after) > 50 and table.find(afterTimestamp=TIMES[60], count=1000) == after, "most recent first here, too"
    assert table.find(afterTimestamp=TIMES[60]) == after[:50], "the newest of them"
    between = [i for i, t in zip(IDS, TIMES) if TIMES[60] < t < TIMES[30]]
    assert table.find(afterTimestamp=TIMES[60], beforeTimestamp=TIMES[30]) == between
    assert table.find(afterTimestamp=TIMES[0]) == table.find(beforeTimestamp=TIMES[-1]) == []


@pytest.mark.parametrize("bounds, wanted", [({}, IDS), ({"afterTimestamp": TIMES[-1]}, IDS[:-3])], ids=["all", "after a time"])
def test_a_page_goes_on_by_its_next_where_timestamps_repeat(table, bounds, wanted):
    found, more = [], {}
    while not found or more:
        found += [trade["tradeId"] for trade in table.call("getRecentTrades", **GOOD, **bounds, count=50, **more)]
        page = table.last_message()["page"]
        assert (page["channel"], page["symbol"], page["staleness"]) == ("trades", "BTC-USD", "0.000")
        more = {"next": page["next"]} if "next" in page else {}
    assert found == wanted


CHANNEL = "Only 'trades' channel is supported"
COUNT = "count: expected a whole number from 1 to 10000, found "


@pytest.mark.parametrize("method, params, data", [
    ("getRecentTrades", {"symbol": "BTC-USD"}, CHANNEL),
    ("getRecentTrades", {**GOOD, "channel": "quotes"}, CHANNEL),
    ("getRecentTrades", {"channel": "trades"}, "Symbol is required"),
    ("getRecentTrades", {**GOOD, "symbol": None}, "Symbol is required"),
    ("getRecentTrades", {**GOOD, "symbol": ""}, "Symbol is required"),
    ("getRecentTrades", {**GOOD, "symbol": 7}, "Invalid symbol: 7"),
    ("getRecentTrades", {**GOOD, "symbol": "X"}, "Invalid symbol: X"),
    ("getRecentTrades", {**GOOD, "symbol": "X-Y"}, "Invalid symbol: X-Y"),
    ("getRecentTrades", {**GOOD, "count": "5"}, COUNT + '"5"'),
    ("getRecentTrades", {**GOOD, "count": 0}, COUNT + "0"),
    ("getRecentTrades", {**GOOD, "count": -1}, COUNT + "-1"),
    ("getRecentTrades", {**GOOD, "count": 10001}, COUNT + "10001"),
    ("subscribe", {"symbol": "BTC-USD"}, CHANNEL),
    ("subscribe", {**GOOD, "channel": "quotes"}, CHANNEL),
    ("subscribe", {"channel": "trades"}, "Symbol is required"),
    ("subscribe", {**GOOD, "symbol": "X"}, "Invalid symbol: X"),
    ("unsubscribe", {**GOOD, "channel": "quotes"}, CHANNEL),
    ("unsubscribe", {"channel": "trades"}, "Symbol is required"),
    ("unsubscribe", {**GOOD, "symbol": "X"}, "Invalid symbol: X"),
    ("unsubscribe", GOOD, "Not subscribed: BTC-USD"),
    ("getCandles", {**GOOD, "interval": "2m"}, 'interval: expected one of 1s, 1m, 5m, 15m, 1h, 1d, found "2m"'),
])
def test_invalid_params_are_called_so_and_the_detail_is_in_data(table, method, params, data):
    assert table.error(method, params) == {"code": -32602, "message": "Invalid params", "data": data}


def test_other_errors_have_their_names_too(table):
    assert table.error("getNothing", {}) == {"code": -32601, "message": "Method not found", "data": "getNothing"}
    assert table.error("clearHistory", {"token": "x"})["message"] == "Forbidden"
    for text, message in (("junk", "Parse error"), ('{"jsonrpc":"1.0","id":"x","method":"ping"}', "Invalid Request")):
        table.do("send", text)
        assert table.last_message()["error"]["message"] == message and table.last_message()["error"]["data"]


def test_batches_and_notifications_go_through_the_hub(table):
    recent = {"jsonrpc": "2.0", "id": "r", "method": "getRecentTrades", "params": {**GOOD, "count": 2}}
    count = len(table.messages)
    table.do("send", json.dumps({"jsonrpc": "2.0", "method": "getNothing"}))
    unknown = {"jsonrpc": "2.0", "id": "n", "method": "getNothing"}
    table.do("send", json.dumps([recent, {"jsonrpc": "2.0", "method": "ping"}, unknown]))
    (batch,) = table.wait(lambda: table.messages[count:], "the answers")
    answers = {answer["id"]: answer for answer in batch}
    assert [trade["tradeId"] for trade in answers["r"]["result"]] == IDS[:2] and "next" in answers["r"]["page"]
    assert answers["n"]["error"]["message"] == "Method not found" and len(answers) == 2


def test_methods_that_the_old_server_did_not_have_answer_as_at_ws(table):
    since = table.call("getTradesSince", symbol="BTC-USD", afterTimestamp=TIMES[10])
    assert [trade["tradeId"] for trade in since["trades"]] == [i for i, t in zip(IDS, TIMES) if t > TIMES[10]][::-1]
    candles = table.call("getCandles", symbol="BTC-USD", interval="1s", count=2)
    assert [candle["count"] for candle in candles["candles"]] == [3, 3] and candles["next"]
    in_range = table.call("getTradesRange", symbol="BTC-USD", source="blockchain", count=3)
    assert [trade["tradeId"] for trade in in_range["trades"]] == IDS[:-4:-1]
    assert table.call("getSymbols")["symbols"] == ["BTC-USD", "ETH-USD"] and table.call("ping")["pong"] is True
    assert [source["name"] for source in table.call("getStatus")["sources"]] == ["blockchain"]
    assert table.call("getStats", symbol="BTC-USD")["stats"][0]["trades"] == PAST


def test_the_table_goes_on_live_and_a_banner_tells_of_a_lost_exchange(flow, node_modules):
    with Table(node_modules, flow) as table:
        answer = table.call("subscribe", channel="trades", symbol="ETH-USD")
        assert (answer["channel"], answer["symbol"], answer["event"]) == ("trades", "ETH-USD", "subscribed")
        flow.tell_simulator("/control/play?count=20")
        table.wait(lambda: len(table.shown("row")) == 20, "live rows")
        flow.tell_simulator("/control/refuse?seconds=600")
        flow.tell_simulator("/control/close")
        table.wait(lambda: table.shown("banner"), "connection.lost")
        flow.tell_simulator("/control/refuse?seconds=0")
        table.wait(lambda: len(table.shown("banner")) == 2, "connection.restored")
        assert table.shown("banner")[0].startswith("BLOCKCHAIN is lost: ") and table.shown("banner")[1] == "BLOCKCHAIN is back"
        flow.subscribed()
        flow.tell_simulator("/control/play?count=10")
        table.wait(lambda: len(table.shown("row")) == 30, "live rows after the loss")
        assert table.call("unsubscribe", channel="trades", symbol="ETH-USD")["event"] == "unsubscribed"
        flow.tell_simulator("/control/play?count=10")
        until(lambda: table.find(symbol="ETH-USD")[0] == str(1000 + PAST + LIVE - 1), "the last trade in history")
        again = table.do("call", "subscribe", {"channel": "trades", "symbol": "ETH-USD"})
        live = [t for t in table.told[:table.told.index(again)] if "row" in t]
        assert [t["row"]["id"] for t in live] == [str(1000 + PAST + number) for number in range(30)]
        assert {(t["event"], t["channel"], t["symbol"]) for t in live} == {("updated", "trades", "ETH-USD")}
        assert table.find(symbol="ETH-USD", count=LIVE)[::-1] == [str(1000 + PAST + number) for number in range(LIVE)]
