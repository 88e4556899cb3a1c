"""What came is compared with the exchange's own candles: proved where it adds up, short by exactly what is missing where it does not."""

import itertools
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from clients import Requester
from pipeline import get, until

EXCHANGES = {"coinbase": "/", "kraken": "/v2", "binance": "/stream?timeUnit=MICROSECOND"}
COUNTED = {"coinbase": False, "kraken": True, "binance": True}
SYMBOLS = ("BTC-USD", "ETH-USD")
START = datetime(2025, 11, 10, 12, 0, 20, tzinfo=timezone.utc)
QUANTITIES = ["0.10", "8.5E-5", "3", "0.00000001", "1234.5678"]


def minute(n):
    """The start of the recording's n-th minute."""
    return f"2025-11-10T12:{n:02}:00.000000000Z"


def record(directory, seconds):
    """A recording of that length: in turn, a trade of each symbol every five seconds."""
    lines, quantities = [], itertools.cycle(QUANTITIES)
    for n in range(seconds // 5):
        for symbol in SYMBOLS:
            time = START + timedelta(seconds=5 * n, milliseconds=SYMBOLS.index(symbol))
            lines.append(f'{{"seqnum":{len(lines)},"event":"updated","channel":"trades","symbol":"{symbol}",'
                         f'"timestamp":"{time:%Y-%m-%dT%H:%M:%S.%fZ}","side":"buy","qty":{next(quantities)},"price":100.5,"trade_id":"{len(lines)}"}}')
    path = directory / "recording.ndjson"
    path.write_text("\n".join(lines) + "\n")
    return path, len(lines)


@pytest.fixture
def begin(pipeline, tmp_path):
    """begin(exchange, seconds): the exchange has a recording, paused, and connectord is subscribed. It is played by play(flow, count)."""

    def start(exchange, seconds, *simulator, **witness):
        flow = pipeline(symbols=SYMBOLS, name=exchange, connector=exchange)
        address = flow.address("simulator")
        flow.source["url"] = f"ws://{address}{EXCHANGES[exchange]}"
        flow.source["backfill"] = {"url": f"http://{address}", "requests_per_minute": 6000}
        flow.source["witness"] = {"every_ms": 300, "delay_ms": 1000, **witness}
        path, flow.count = record(tmp_path, seconds)
        flow.start_simulator("--exchange", exchange, "--file", path, "--paused", "--rate", 1000, *simulator)
        flow.start_connectord()
        flow.subscribed()
        return flow

    return start


def play(flow, count):
    before = len(flow.ledger("made", "lost"))
    flow.tell_simulator(f"/control/play?count={count}")
    until(lambda: len(flow.ledger("made", "lost")) == before + count, "the trades to be made")


def coverage(flow, symbol):
    """The records of it."""
    with Requester(flow.replay) as replay:
        return [r["data"] for r in replay.all(f"coverage.{symbol}.{flow.source['name']}")]


def compared(flow, symbol):
    return [r for r in coverage(flow, symbol) if r["state"] in ("proved", "short")]


def wait_compared(flow, symbol, end):
    until(lambda: any(r["to"] >= end for r in compared(flow, symbol)), f"{symbol} to be compared until {end}")
    return compared(flow, symbol)


def between(flow, symbol, begin, end, event="made"):
    """The sum and the number of what the exchange made in the time."""
    found = [Decimal(str(t["qty"])) for t in flow.ledger(event) if t["symbol"] == symbol and begin[:19] <= t["timestamp"][:19] < end[:19]]
    return sum(found), len(found)


def questions(flow, symbol):
    """Those for candles that were answered."""
    names = (symbol, symbol.replace("BTC", "XBT").replace("-", ""), symbol.replace("-", ""))
    return [r["path"] for r in flow.ledger("rest") if any(w in r["path"] for w in ("candles", "OHLC", "klines")) and any(n in r["path"] for n in names)]


def metric(flow, name):
    text = get(f"http://{flow.address('connectord_http')}/metrics")[1]
    source = flow.source["name"]
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(f'dataflow_witness_{name}_total{{source="{source}"}}'))


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_what_adds_up_is_proved(begin, exchange):
    flow = begin(exchange, 330)  # to 12:05:45
    play(flow, flow.count)
    for symbol in SYMBOLS:
        wait_compared(flow, symbol, minute(5))
        records = compared(flow, symbol)
        assert {r["state"] for r in records} == {"proved"}
        assert [records[0]["from"], *(r["to"] for r in records)] == [*(r["from"] for r in records), minute(5)], "one after the other"
        assert records[0]["from"] == minute(1), "it was subscribed within the first minute"
        volume, count = between(flow, symbol, minute(1), minute(5))
        assert sum(Decimal(r["volume"]) for r in records) == volume and sum(r["trades"] for r in records) == count == 48
    assert metric(flow, "proved_minutes") == 8
    assert metric(flow, "short_minutes") == metric(flow, "contradicted_minutes") == metric(flow, "failures") == 0


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_what_is_missing_is_told_exactly(begin, exchange):
    flow = begin(exchange, 330)
    play(flow, 60)  # to 12:02:45
    flow.tell_simulator("/control/lose?n=1&symbol=BTC-USD")
    play(flow, flow.count - 60)
    records = wait_compared(flow, "BTC-USD", minute(5))
    short = [r for r in records if r["state"] == "short"]
    lost, = flow.ledger("lost")
    assert lost["timestamp"].startswith("2025-11-10T12:02")
    assert [(r["from"], r["to"]) for r in short] == [(minute(2), minute(3))]
    assert Decimal(short[0]["missing_volume"]) == Decimal(str(lost["qty"]))
    assert short[0]["missing"] == (1 if COUNTED[exchange] else None)
    assert any(r["state"] == "hole" and r["missing"] == 1 for r in coverage(flow, "BTC-USD"))
    proved = [r for r in records if r["state"] == "proved"]
    assert sum(Decimal(r["volume"]) for r in proved) == between(flow, "BTC-USD", minute(1), minute(2))[0] + between(flow, "BTC-USD", minute(3), minute(5))[0]
    assert {r["state"] for r in wait_compared(flow, "ETH-USD", minute(5))} == {"proved"}
    until(lambda: len(questions(flow, "BTC-USD")) >= 2, "it to be asked once more")
    assert compared(flow, "BTC-USD") == records, "what is still missing is not told twice"


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_a_hole_that_the_exchange_knows_nothing_of_is_none(begin, exchange):
    flow = begin(exchange, 330)
    flow.tell_simulator("/control/candles?of=sent")
    play(flow, 60)
    flow.tell_simulator("/control/lose?n=1&symbol=BTC-USD")
    play(flow, flow.count - 60)
    records = wait_compared(flow, "BTC-USD", minute(5))
    assert {r["state"] for r in records} == {"proved"} and len(flow.ledger("lost")) == 1
    assert any(r["state"] == "hole" for r in coverage(flow, "BTC-USD"))
    assert sum(Decimal(r["volume"]) for r in records) == between(flow, "BTC-USD", minute(1), minute(5))[0]


def test_a_restart_goes_on_where_it_was(begin):
    flow = begin("coinbase", 330)
    play(flow, 72)  # to 12:03:15
    wait_compared(flow, "BTC-USD", minute(3))
    wait_compared(flow, "ETH-USD", minute(3))
    flow.processes["connectord"].kill()
    asked = len(questions(flow, "BTC-USD"))
    flow.start_connectord()
    until(lambda: flow.control("/status", "GET")[1]["connections"], "the connection")
    flow.subscribed()
    play(flow, flow.count - 72)
    records = wait_compared(flow, "BTC-USD", minute(5))
    assert {r["state"] for r in records} == {"proved"}
    assert [minute(1), *(r["to"] for r in records)] == [*(r["from"] for r in records), minute(5)], "nothing twice, and nothing left out"
    assert sum(Decimal(r["volume"]) for r in records) == between(flow, "BTC-USD", minute(1), minute(5))[0]
    assert all("12%3A03" in path or "12:03" in path or "12%3A04" in path or "12:04" in path for path in questions(flow, "BTC-USD")[asked:])


def test_it_can_be_turned_off(begin):
    flow = begin("kraken", 330, enabled=False)
    play(flow, flow.count)
    with Requester(flow.replay) as replay:
        until(lambda: len(replay.all("trade.BTC-USD.kraken")) == flow.count // 2, "the trades")
    assert "dataflow_witness_requests_total{" not in get(f"http://{flow.address('connectord_http')}/metrics")[1]
    assert not questions(flow, "BTC-USD") and not compared(flow, "BTC-USD")
