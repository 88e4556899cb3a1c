"""Exchanges that count their trades, and misbehave: over REST while they are asked for what was missed, and over the feed. Nothing is lost, nothing comes twice."""

import json
import random
import re
import time

import pytest
from exchanges import EXCHANGES, PAUSE, SYMBOLS, Watcher, assert_all_once, check_coverage, exchange_flow
from pipeline import get, until

pytestmark = pytest.mark.parametrize("exchange", EXCHANGES)
FAULTS = ["status&status=429&retry_after=1", "status&status=500", "slow&ms=300", "cut", "html", "huge", "empty", "overlap", "shuffle", "missing"]
BAD = ["json", "truncated", "utf8", "type", "null", "missing", "twice", "zero_id", "text_id", "zero_qty", "negative_qty", "longnumber", "unknown_symbol",
       "unknown_event", "binary", "huge", "nested"]
GOOD = ["number", "fragmented", "escaped"]


def metric(flow, family):
    """A metric of the source."""
    text = get(f"http://{flow.address('connectord_http')}/metrics")[1]
    return int(re.search(rf'^dataflow_{family}\{{source="{flow.exchange}"\}} (\d+)$', text, re.M)[1])


def check_all(flow, watcher, besides=()):
    ledger = watcher.wait_complete()
    until(lambda: metric(flow, "backfill_missing_trades") == 0 and not watcher.source().get("backfill"), "the backfill to be over")
    assert_all_once(ledger, watcher, besides=besides)
    check_coverage(ledger, watcher, mixed=True)
    assert watcher.client.of("trades.gap") == []
    return ledger


def test_whatever_is_wrong_with_an_answer_it_is_asked_for_again(pipeline, exchange):
    flow = exchange_flow(pipeline, exchange)
    spoiled = lambda: sum(entry["kind"].startswith("rest-") for entry in flow.ledger("fault"))
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        for fault in FAULTS:
            before, failures = spoiled(), metric(flow, "backfill_failures_total")
            flow.tell_simulator(f"/control/rest?fault={fault}")
            flow.tell_simulator("/control/skip?n=20")
            until(lambda: spoiled() > before, f"an answer with {fault}")
            if fault.split("&")[0] in ("status", "cut", "html", "huge"):
                until(lambda: metric(flow, "backfill_failures_total") == failures + 1, f"{fault} to be counted")
        seed = time.time_ns()
        print(f"seed {seed}")
        dice = random.Random(seed)
        for fault in dice.sample(FAULTS, 5):
            flow.tell_simulator(f"/control/rest?fault={fault}")
            flow.tell_simulator(dice.choice(["/control/reset", "/control/skip?n=7", "/control/skip?n=300"]))
            PAUSE.wait(dice.uniform(0, 0.5))
        watcher.wait_more()
        ledger = check_all(flow, watcher)
        assert metric(flow, "backfill_requests_total") >= len(ledger.of("rest")) - 1
        assert metric(flow, "backfill_lost_trades_total") == metric(flow, "backfill_malformed_total") == 0


def test_what_is_repeated_while_it_is_held_is_a_duplicate(pipeline, exchange):
    flow = exchange_flow(pipeline, exchange)
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        flow.tell_simulator("/control/rest?fault=slow&ms=1000&times=2")
        flow.tell_simulator("/control/skip?n=2")
        until(lambda: metric(flow, "backfill_missing_trades") == 2, "trades to be missing")
        flow.tell_simulator("/control/repeat?n=10")
        until(lambda: metric(flow, "source_duplicates_total") == 10, "the repeats to be dropped")
        assert metric(flow, "backfill_missing_trades") == 2
        check_all(flow, watcher)


def test_an_answer_that_contradicts_the_feed_is_not_believed(pipeline, exchange):
    flow = exchange_flow(pipeline, exchange)
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        flow.tell_simulator("/control/rest?fault=contradict&times=3")
        for _ in range(3):
            before = metric(flow, "backfill_contradictions_total")
            flow.tell_simulator("/control/skip?n=1")
            until(lambda: metric(flow, "backfill_contradictions_total") == before + 1, "the contradiction")
        check_all(flow, watcher)


def test_what_can_not_be_read_costs_no_trade(pipeline, exchange):
    """Each malformed message, among good ones, and none of them ends the process."""
    flow = exchange_flow(pipeline, exchange)
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        counted = {}
        for kind in BAD + GOOD:
            before = metric(flow, "source_malformed_total"), len(watcher.client.trades)
            flow.tell_simulator(f"/control/malformed?kind={kind}")
            watcher.wait_more(20)
            counted[kind] = metric(flow, "source_malformed_total") - before[0]
        print(counted)
        for _ in range(3):
            flow.tell_simulator("/control/repeat?n=100")
        watcher.wait_more(20)
        until(lambda: metric(flow, "source_duplicates_total") >= 300, "the repeats to be counted")
        check_all(flow, watcher)
        assert flow.processes["connectord"].alive()
        assert sum("starting" in line for line in flow.processes["connectord"].lines) <= 1


def message(exchange, identity):
    """A trade as the exchange sends it, of BTC-USD."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
    return json.dumps({
        "coinbase": {"type": "match", "trade_id": identity, "sequence": 1, "maker_order_id": "a", "taker_order_id": "b", "time": now,
                     "product_id": "BTC-USD", "size": "1.5", "price": "7.25", "side": "sell"},
        "kraken": {"channel": "trade", "type": "update", "data": [{"symbol": "BTC/USD", "side": "buy", "price": 7.25, "qty": 1.5, "ord_type": "limit",
                                                                     "trade_id": identity, "timestamp": now}]},
        "binance": {"stream": "btcusd@trade", "data": {"e": "trade", "E": time.time_ns() // 1000, "s": "BTCUSD", "t": identity, "p": "7.25", "q": "1.5",
                                                         "T": time.time_ns() // 1000, "m": False, "M": True}}}[exchange]).encode()


def test_ids_that_make_no_sense_cost_no_trade(pipeline, exchange):
    """Those that leap, and those that go back, are trades like others, but say nothing of what is missing."""
    flow = exchange_flow(pipeline, exchange)
    strange = [1, 2**62, 7, 2**63 - 1, 2**62 + 1, 8]
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        for identity in strange:
            flow.tell_simulator("/control/send", message(exchange, identity))
            watcher.wait_more(20)
            flow.tell_simulator("/control/skip?n=5")
            watcher.wait_more(20)
        flow.processes["connectord"].kill()
        PAUSE.wait(0.3)
        flow.start_connectord()
        flow.subscribed()
        watcher.wait_more()
        assert [i for i in watcher.ids("BTC-USD") if i in strange] == strange
        check_all(flow, watcher, besides=strange)


@pytest.mark.parametrize("first", [5, 9000000000000])
def test_an_exchange_that_counts_from_elsewhere_is_followed(pipeline, exchange, first):
    flow = exchange_flow(pipeline, exchange)
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        watcher.wait_complete()
        flow.processes["simulator"].stop()
        (flow.directory / "ledger.ndjson").unlink()
        before = {symbol: len(watcher.ids(symbol)) for symbol in SYMBOLS}
        flow.start_simulator("--exchange", exchange, "--symbols", ",".join(SYMBOLS), "--rate", 500, "--paused", "--first-id", first)
        flow.subscribed()
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        flow.tell_simulator("/control/skip?n=20")
        watcher.wait_more()
        ledger = watcher.wait_complete()
        for symbol in SYMBOLS:
            assert watcher.ids(symbol)[before[symbol]:] == list(ledger.made[symbol]), "once, and in order"
        until(lambda: len(watcher.client.of("trades.gap")) == len(SYMBOLS), "the word that nobody knows what was missed")
        assert {(gap["symbol"], gap["missing"]) for gap in watcher.client.of("trades.gap")} == {(symbol, None) for symbol in SYMBOLS}


def test_an_id_that_is_far_ahead_makes_nobody_ask_for_ever(pipeline, exchange):
    flow = exchange_flow(pipeline, exchange, backfill={"hold_ms": 500})
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        strange = max(watcher.ids("BTC-USD")) + 500000
        flow.tell_simulator("/control/send", message(exchange, strange))
        until(lambda: strange in watcher.ids("BTC-USD"), "the strange one")
        until(lambda: not watcher.source().get("backfill"), "the asking to end")
        assert metric(flow, "backfill_requests_total") < 20
        watcher.wait_more()
        ledger = watcher.wait_complete()
        assert_all_once(ledger, watcher, ordered=False, besides=[strange])
