"""Real trades from an exchange's WebSocket to clients that nobody here wrote: each once, in order, digit for digit, whichever way they
come. What is expected is written once, for all of them."""

from collections import defaultdict

import pytest
from browser import chromium  # noqa: F401 (a fixture)
from clients import Requester, Tap, assert_once_and_in_order, cursor
from pipeline import loads, until
from test_candles import candles, numbers
from transports import BrowserEvents, CurlEvents, Node, PythonWebsockets, Rest, SignalR

ALL = 1097
FIELDS = ("symbol", "timestamp", "side", "qty", "price")  # what must arrive as it was sent


@pytest.fixture
def real(recordings):
    """The recorded trades by symbol, in order."""
    trades = defaultdict(list)
    for line in (recordings / "trades-real.ndjson").read_text().splitlines():
        trade = loads(line)
        trades[trade["symbol"]].append(trade)
    assert sum(map(len, trades.values())) == ALL
    return trades


def assert_same(received, sent):
    assert [tuple(t[f] for f in FIELDS) + (t["tradeId"],) for t in received] == \
           [tuple(t[f] for f in FIELDS) + (t["trade_id"],) for t in sent]
    assert_once_and_in_order(received)
    assert all(t["event"] == "updated" and t["channel"] == "trades" and t["source"] == "blockchain" for t in received)


@pytest.fixture
def flow(pipeline, recordings, real):
    flow = pipeline(symbols=sorted(real))
    flow.start_all("--file", recordings / "trades-real.ndjson", "--rate", 2000, "--paused")
    flow.subscribed()
    return flow


def by_symbol(trades):
    streams = defaultdict(list)
    for trade in trades:
        streams[trade["symbol"]].append(trade)
    return streams


def assert_all(received, real):
    """All real trades came, each once."""
    streams = by_symbol(received)
    assert set(streams) == set(real)
    for symbol, sent in real.items():
        assert_same(streams[symbol], sent)


TRANSPORTS = {
    "python3-websockets": lambda flow, wanted: PythonWebsockets(flow),
    "ws of npm": lambda flow, wanted: Node(flow, wanted("node_modules")),
    "signalr of npm": lambda flow, wanted: SignalR(flow, wanted("node_modules")),
    "events by curl": lambda flow, wanted: CurlEvents(flow),
    "events by chromium": lambda flow, wanted: BrowserEvents(flow, wanted("chromium")),
    "rest by curl": lambda flow, wanted: Rest(flow),
}
RPC = ["python3-websockets", "ws of npm", "signalr of npm"]
ASKING = [*RPC, "rest by curl"]


@pytest.fixture
def transport(flow, request):
    made = TRANSPORTS[request.param](flow, request.getfixturevalue)
    yield made
    made.close()


def by(names):
    return pytest.mark.parametrize("transport", names, indirect=True)


@by(TRANSPORTS)
def test_every_real_trade_arrives_once_in_order_and_digit_for_digit(flow, transport, real):
    transport.follow(list(real))
    flow.tell_simulator("/control/play")
    transport.until(lambda: len(transport.received) >= ALL, f"{ALL} trades")
    assert_all(transport.received, real)


@by(TRANSPORTS)
def test_who_is_cut_off_comes_back_to_what_was_missed(flow, transport, real):
    transport.follow(list(real))
    flow.tell_simulator("/control/play?count=400")
    transport.until(lambda: len(transport.received) >= 400, "400 trades")
    flow.processes["gateway0"].kill()
    flow.tell_simulator("/control/play?count=400")
    until(lambda: len(flow.ledger("trade")) == 800, "the exchange to send 400 more while nobody listens")
    flow.start_gateway()
    transport.come_back()
    flow.tell_simulator("/control/play")
    transport.until(lambda: len(transport.received) >= ALL, f"{ALL} trades")
    assert_all(transport.received, real)


@by(TRANSPORTS)
def test_a_symbol_that_nobody_offers_is_refused(transport):
    assert transport.refusal("X-Y") == {Rest: (404, "Invalid symbol: X-Y"), CurlEvents: (404, "Invalid symbol: X-Y"),
                                        BrowserEvents: None}.get(type(transport), (-32602, "Invalid symbol: X-Y"))


@by(RPC)
def test_errors_have_the_words_that_clients_know(transport):
    for params, message in (({"channel": "quotes", "symbol": "BTC-USD"}, "Only 'trades' channel is supported"),
                            ({"channel": "trades"}, "Symbol is required"), ({"channel": "trades", "symbol": "X"}, "Invalid symbol: X")):
        for method in ("subscribe", "unsubscribe", "getRecentTrades"):
            assert transport.error(method, **params) == (-32602, message)


@by(RPC)
def test_after_unsubscribe_nothing_comes(flow, transport, real):
    transport.follow(list(real))
    flow.tell_simulator("/control/play?count=400")
    transport.until(lambda: len(transport.received) >= 400, "400 trades")
    answer = transport.rpc("unsubscribe", channel="trades", symbol="BTC-USD")["result"]
    assert answer == {"channel": "trades", "symbol": "BTC-USD", "event": "unsubscribed"}
    had = len(by_symbol(transport.received)["BTC-USD"])
    flow.tell_simulator("/control/play")
    others = ALL - len(real["BTC-USD"])
    until(lambda: len(flow.ledger("trade")) == ALL, "the exchange to send all")
    transport.until(lambda: len(transport.received) >= others + had, "the trades of the others")
    assert transport.rpc("subscribe", channel="trades", symbol="BTC-USD")["result"]["recovered"], "all that came before came before its answer"
    assert len(by_symbol(transport.received)["BTC-USD"]) == had


@pytest.fixture
def past(flow, real):
    """The real trades are all in the past. Returns the ids and the times of those of the symbol that has most."""
    flow.tell_simulator("/control/play")
    with Requester(flow.history) as history:
        for symbol, sent in real.items():
            wait_for_history(history, f"trade.{symbol}.blockchain", len(sent))
    return [t["trade_id"] for t in real["BTC-USD"]], [t["timestamp"] for t in real["BTC-USD"]]


@by(ASKING)
def test_questions_about_the_past_have_the_same_answers(past, transport, real):
    ids, times = past

    def ask(question, **bounds):
        return [t["tradeId"] for t in transport.ask(question, "BTC-USD", **bounds)["trades"]]

    assert ask("recent") == ids[::-1][:50 if isinstance(transport, SignalR) else 100]
    assert ask("recent", count=7) == ids[::-1][:7]
    assert ask("recent", count=50, before=times[500]) == [i for i, t in zip(ids, times) if t < times[500]][::-1][:50]
    assert ask("since", count=60, since=times[200]) == [i for i, t in zip(ids, times) if t > times[200]][:60]
    assert ask("since", count=10000, since=times[200], before=times[300]) == [i for i, t in zip(ids, times) if times[200] < t < times[300]]
    tenth = transport.ask("since", "BTC-USD", since="1970-01-01T00:00:00Z", count=10)["trades"][9]
    assert ask("range", source="blockchain", **{"from": cursor(tenth)}, count=5) == ids[9:14]
    assert ask("range", source="blockchain", to=cursor(tenth)) == ids[:10]
    assert_same(transport.ask("since", "BTC-USD", since="1970-01-01T00:00:00Z", count=10000)["trades"], real["BTC-USD"])


@by(ASKING)
@pytest.mark.parametrize("question, bounds, oldest_first", [("recent", {}, False), ("since", {"since": "1970-01-01T00:00:00Z"}, True),
                                                            ("range", {"source": "blockchain", "from": "0-1"}, True)])
def test_pages_make_one_whole_without_a_hole_or_a_double(past, transport, question, bounds, oldest_first):
    ids = past[0]
    for count in (73, 500):  # neither page's end is the list's; both are
        pages, more = [], {}
        while not pages or more:
            answer = transport.ask(question, "BTC-USD", count=count, **{**bounds, **more})
            pages.append([t["tradeId"] for t in answer["trades"]])
            more = {"cursor": answer["next"]} if "next" in answer else {}
        assert [i for page in pages for i in page] == (ids if oldest_first else ids[::-1])
        assert all(len(page) == count for page in pages[:-1]), [len(page) for page in pages]


@by(ASKING)
def test_candles_are_those_of_an_independent_computation_page_by_page(past, transport, real):
    trades = [(t["timestamp"], "blockchain", number, str(t["price"]), str(t["qty"])) for number, t in enumerate(real["BTC-USD"])]
    for interval, count in (("1s", 10000), ("1s", 57), ("1m", 7), ("5m", 1000), ("15m", 1000), ("1h", 1000), ("1d", 1000)):
        found, more = [], {}
        while True:
            answer = transport.ask("candles", "BTC-USD", interval=interval, count=count, **more)
            found = answer["candles"] + found
            if "next" not in answer:
                break
            more = {"cursor": answer["next"]}
        assert [{name: None if value is None else str(value) for name, value in numbers(one).items()} for one in found] == candles(trades, interval)


def test_the_bus_and_history_have_every_real_trade(flow, real):
    with Tap(flow.bus) as tap, Requester(flow.history) as history, Requester(flow.replay) as replay:
        tap.wait_connected()
        flow.tell_simulator("/control/play")
        on_bus = defaultdict(list)
        for topic, body in tap.take(1097):
            trade = loads(body)
            assert topic == f"trade.{trade['symbol']}.blockchain"
            on_bus[trade["symbol"]].append((body, trade))
        for symbol, sent in real.items():
            assert_same([trade for _, trade in on_bus[symbol]], sent)
            topic = f"trade.{symbol}.blockchain"
            stored = wait_for_history(history, topic, len(sent))
            assert stored == replay.all(topic) == [trade for _, trade in on_bus[symbol]]
        raw = history.raw('{"op":"range","topic":"trade.BTC-USD.blockchain","count":1000}')
        assert all(body in raw for body, _ in on_bus["BTC-USD"]), "history holds the bytes of the bus"
        assert '"price":105383.80000,' in raw
        assert_queries(history, real["BTC-USD"])


def wait_for_history(history, topic, count):
    until(lambda: len(history.all(topic)) >= count, f"{count} trades of {topic} in history")
    return history.all(topic)


def assert_queries(history, sent):
    ids = [t["trade_id"] for t in sent]
    times = [t["timestamp"] for t in sent]

    def ask(**request):
        answer = history.ask(symbol="BTC-USD", **request)
        assert answer["ok"], answer
        return [t["tradeId"] for t in answer["trades"]]

    assert ask(op="recent") == ids[::-1][:100]
    assert ask(op="recent", count=7) == ids[::-1][:7]
    before = times[500]
    assert ask(op="recent", count=50, before=before) == [i for i, t in zip(ids, times) if t < before][::-1][:50]
    after = times[200]
    assert ask(op="since", count=60, after=after) == [i for i, t in zip(ids, times) if t > after][:60]
