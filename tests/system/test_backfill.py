"""Whatever interrupts the way from an exchange that counts its trades: a client that stays connected has every trade that was made once, in order,
and what is told of the completeness agrees with the exchange's own ledger."""

import os

import pytest
from exchanges import EXCHANGES, PAUSE, SYMBOLS, Watcher, assert_all_once, check_coverage, coverage_records, exchange_flow, took_ms
from pipeline import get, until
from storm import tell

pytestmark = pytest.mark.parametrize("exchange", EXCHANGES)
SECONDS = float(os.environ.get("BACKFILL_SECONDS", "5"))  # without a link
RATE = int(os.environ.get("BACKFILL_RATE", "500"))  # trades a second, both symbols together


def cut(flow, seconds):
    """No link for so long."""
    flow.tell_simulator("/control/refuse?seconds=600")
    flow.tell_simulator("/control/reset")
    PAUSE.wait(seconds)
    flow.tell_simulator("/control/refuse?seconds=0")
    flow.subscribed()


def check_all(watcher, ordered=True, mixed=False, shown=True):
    """Everything that was made came once, and what is told of it is right; returns the ledger."""
    ledger = watcher.wait_complete(shown)
    assert_all_once(ledger, watcher, ordered)
    until(lambda: not watcher.source().get("backfill"), "the backfill to be over")
    check_coverage(ledger, watcher, mixed)
    return ledger


def gaps(watcher):
    return watcher.client.of("trades.gap")


def test_a_lost_link_costs_no_trade(pipeline, exchange):
    flow = exchange_flow(pipeline, exchange, RATE)
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        cut(flow, SECONDS)
        watcher.wait_more()
        ledger = check_all(watcher)
        assert gaps(watcher) == []
        missed = sum(len(ledger.missed(symbol)) for symbol in SYMBOLS)
        assert missed > RATE * SECONDS / 2
        tell("backfill", exchange=exchange, seconds_without_link=SECONDS, missed=missed, ms_until_all_are_there=round(took_ms(ledger, watcher)))


def test_what_comes_to_an_end_in_the_middle_of_a_backfill_goes_on(pipeline, exchange):
    """kill -9 of connectord while the exchange is being asked, twice."""
    flow = exchange_flow(pipeline, exchange, 4000)
    asked = lambda: flow.control("/status", "GET")[1]["rest"]
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        for pages in (1, 3):
            before = asked()
            flow.tell_simulator("/control/rest?fault=slow&ms=300&times=50")
            cut(flow, 1.5)
            until(lambda: asked() >= before + pages, f"{pages} questions")
            flow.processes["connectord"].kill()
            PAUSE.wait(0.3)
            flow.start_connectord()
            flow.subscribed()
        flow.tell_simulator("/control/rest?fault=slow&times=0")
        watcher.wait_more()
        check_all(watcher)
        assert gaps(watcher) == []


def test_a_trade_that_is_lost_for_good_is_told(pipeline, exchange):
    flow = exchange_flow(pipeline, exchange)
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        flow.tell_simulator("/control/lose?n=1&symbol=BTC-USD")
        until(lambda: gaps(watcher), "the word of it")
        watcher.wait_more()
        ledger = check_all(watcher)
        (identity,) = ledger.lost["BTC-USD"]
        (gap,) = gaps(watcher)
        before = next(trade for trade in watcher.trades("BTC-USD") if int(trade["tradeId"]) == identity - 1)
        place = f"{before['epoch']}-{before['seq']}"
        assert (gap["symbol"], gap["source"], gap["missing"], gap["from"], gap["to"]) == ("BTC-USD", exchange, 1, place, place)
        (hole,) = [record for record in coverage_records(flow, "BTC-USD") if record["state"] == "hole"]
        assert gap["upstream"] == {"from": hole["from"], "to": hole["to"]}
        assert (hole["first_id"], hole["last_id"], hole["cursor"]) == (str(identity), str(identity), place)
        status = watcher.source()["holes"]
        assert status["BTC-USD"]["count"] == status["BTC-USD"]["missing"] == 1 and list(status) == ["BTC-USD"]


def test_what_takes_longer_than_the_hold_comes_late(pipeline, exchange):
    flow = exchange_flow(pipeline, exchange, backfill={"hold_ms": 200})
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        flow.tell_simulator("/control/rest?fault=slow&ms=1500&times=2")
        cut(flow, 0.5)
        until(lambda: {backfill["late"] for backfill in watcher.source().get("backfill", {}).values()} == {True}, "the status to tell that they come late")
        ledger = check_all(watcher, ordered=False, mixed=True)
        assert gaps(watcher) == []
        assert all(watcher.ids(symbol) != sorted(watcher.ids(symbol)) for symbol in SYMBOLS if ledger.missed(symbol))


def test_what_was_traded_while_it_did_not_run_is_asked_for(pipeline, exchange):
    """Ended orderly, and killed."""
    flow = exchange_flow(pipeline, exchange)
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        for end in ("stop", "kill"):
            getattr(flow.processes["connectord"], end)()
            PAUSE.wait(1)
            flow.start_connectord()
            flow.subscribed()
            watcher.wait_more()
        check_all(watcher)
        assert gaps(watcher) == []


def test_what_is_too_old_is_a_hole_of_unknown_size(pipeline, exchange):
    flow = exchange_flow(pipeline, exchange, backfill={"age_ms": 1000})
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        flow.processes["connectord"].stop()
        PAUSE.wait(2.5)
        flow.start_connectord()
        flow.subscribed()
        watcher.wait_more()
        flow.tell_simulator("/control/pause")
        for symbol in SYMBOLS:
            last = flow.control("/status", "GET")[1]["last_ids"][symbol]
            until(lambda: last in watcher.ids(symbol), "the last trade")
            ids = watcher.ids(symbol)
            (jump,) = [(a, b) for a, b in zip(ids, ids[1:]) if b != a + 1]
            assert jump[1] - jump[0] > 100, "what is too old was not asked for"
            states = [record["state"] for record in coverage_records(flow, symbol)]
            assert states == ["live", "unknown", "hole", "live"]
            until(lambda: watcher.call("getCoverage", symbol=symbol)["coverage"][-1]["state"] == "live", "the coverage")
            assert [(i["state"], i.get("missing", 0)) for i in watcher.call("getCoverage", symbol=symbol)["coverage"]] == \
                [("live", 0), ("hole", None), ("live", 0)]
        until(lambda: len(gaps(watcher)) == 2, "the word of it")
        assert sorted((gap["symbol"], gap["missing"]) for gap in gaps(watcher)) == [(symbol, None) for symbol in SYMBOLS]


def test_with_two_lines_nothing_has_to_be_asked_for(pipeline, exchange):
    flow = exchange_flow(pipeline, exchange, lines=2, settle_ms=500)
    status = lambda: flow.control("/status", "GET")[1]
    both = lambda: all(status()["subscriptions"].get(symbol) == 2 for symbol in SYMBOLS)
    until(both, "two lines")
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        for _ in range(2):
            oldest = status()["ids"][0]
            flow.tell_simulator(f"/control/reset?conn={oldest}")
            until(lambda: oldest not in status()["ids"] and both(), "two lines")
            watcher.wait_more(500)
        check_all(watcher)
        assert gaps(watcher) == [] and status()["rest"] == 0
        assert all([record["state"] for record in coverage_records(flow, symbol)] == ["live"] for symbol in SYMBOLS)


def test_of_a_quiet_symbol_what_was_missed_comes_without_another_trade(pipeline, exchange):
    flow = exchange_flow(pipeline, exchange)
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play?count=200")
        until(lambda: len(watcher.client.trades) == 200, "the first trades")
        flow.tell_simulator("/control/refuse?seconds=600")
        flow.tell_simulator("/control/reset")
        until(lambda: not flow.control("/status", "GET")[1]["connections"], "the link to be lost")
        flow.tell_simulator("/control/play?count=200")
        until(lambda: sum(map(len, (flow.ledger("made"),))) == 400, "trades that nobody gets")
        flow.tell_simulator("/control/refuse?seconds=0")
        until(lambda: len(watcher.client.trades) == 400, "what was missed")
        check_all(watcher, shown=False)
        assert gaps(watcher) == []
        assert get(f"http://{flow.address('connectord_http')}/ready")[0] == 200
