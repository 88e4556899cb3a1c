"""The pipeline with a simulated Coinbase, Kraken or Binance, which count their trades; and the ledger of what was traded as what must come."""

from clients import assert_once_and_in_order
from pipeline import get, until

PATHS = {"coinbase": "/", "kraken": "/v2", "binance": "/stream?timeUnit=MICROSECOND"}
FIELDS = ("symbol", "timestamp", "side", "qty", "price")


def counted(pipeline, exchange, symbols, secure=False, **source):
    """The pipeline with one source of this exchange."""
    flow = pipeline(symbols=symbols)
    host = f"localhost:{flow.port['simulator']}" if secure else flow.address("simulator")
    backfill = {"url": f"http{'s' * secure}://{host}", "hold_ms": 60000, "requests_per_minute": 6000, **source.pop("backfill", {})}
    flow.source.update({"name": exchange, "connector": exchange, "url": f"ws{'s' * secure}://{host}{PATHS[exchange]}", "symbols": list(symbols),
                        "backfill": backfill, "witness": {"enabled": False}, **source})
    return flow


def start(flow, *simulator, offered=None):
    """Everything, with an exchange that trades nothing yet."""
    start_exchange(flow, *simulator, offered=offered)
    start_daemons(flow)


def start_exchange(flow, *simulator, offered=None):
    flow.start_simulator("--exchange", flow.source["connector"], "--symbols", ",".join(offered or flow.symbols), "--paused", *simulator)


def start_daemons(flow):
    flow.start_connectord()
    flow.start_cached()
    flow.start_gateway()
    flow.wait_ready("connectord_http", "cached_http", "gateway0")


def status(flow):
    return flow.control("/status", "GET")[1]


def trade(flow, count):
    """Has the exchange make so many more trades."""
    before = status(flow)["sent"]
    flow.tell_simulator(f"/control/play?count={count}")
    until(lambda: status(flow)["sent"] >= before + count, f"{count} more trades")


def last_ids(flow):
    return status(flow)["last_ids"]


def made(ledger, *symbols):
    """The rows of what was traded, by symbol."""
    rows = {}
    for entry in ledger:
        if entry["event"] == "made" and (not symbols or entry["symbol"] in symbols):
            rows.setdefault(entry["symbol"], []).append(tuple(str(entry[field]) for field in FIELDS) + (str(entry["trade_id"]),))
    return rows


def received(trades):
    rows = {}
    for one in trades:
        rows.setdefault(one["symbol"], []).append(tuple(str(one[field]) for field in FIELDS) + (one["tradeId"],))
    return rows


def assert_all(trades, ledger, *symbols):
    """All that was traded came, once, in the order of ids, as the exchange said it."""
    wanted, found = made(ledger, *symbols), received(trades)
    assert {symbol: len(rows) for symbol, rows in found.items()} == {symbol: len(rows) for symbol, rows in wanted.items()}
    assert found == wanted
    for symbol in found:
        assert_once_and_in_order([one for one in trades if one["symbol"] == symbol])


def metric(flow, name, labels=""):
    """The sum of a counter's lines."""
    text = get(f"http://{flow.address('connectord_http')}/metrics")[1]
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name + "{") and labels in line)
