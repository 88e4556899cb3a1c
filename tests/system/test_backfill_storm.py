"""Everything that can go wrong with an exchange that counts its trades, at random, for as long as one likes (make chaos; in make test for seconds)."""

import time

import pytest
from exchanges import EXCHANGES, PAUSE, Watcher, assert_all_once, check_coverage, exchange_flow, took_ms
from pipeline import until
from storm import dice, setting, tell

REST = ["status&status=429&retry_after=1", "status&status=500", "slow&ms=700", "cut", "html", "empty", "overlap", "shuffle", "missing"]
BAD = ["json", "truncated", "utf8", "type", "null", "missing", "twice", "zero_id", "text_id", "zero_qty", "longnumber", "unknown_symbol", "unknown_event",
       "binary", "nested", "number", "fragmented", "escaped"]


def misbehave(flow, random):
    """One thing goes wrong; returns its name."""
    trouble = random.choice(
        [lambda: f"malformed?kind={random.choice(BAD)}"] * 4 + [lambda: f"rest?fault={random.choice(REST)}&times={random.randint(1, 2)}"] * 4 +
        [lambda: f"skip?n={random.choice([1, 10, 500])}"] * 3 + [lambda: f"repeat?n={random.randint(1, 200)}", lambda: "reset", lambda: "refuse?seconds=1",
         lambda: f"close?code={random.choice([1000, 1001, 1011])}", lambda: f"lose?n={random.randint(1, 3)}", lambda: "shutdown?after_ms=100",
         lambda: "kill"])()
    if trouble == "kill":
        flow.processes["connectord"].kill()
        PAUSE.wait(random.uniform(0, 0.5))
        flow.start_connectord()
    else:
        flow.control(f"/control/{trouble}")
    return trouble.split("?")[0]


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_nothing_is_lost_in_a_storm(pipeline, exchange):
    seconds, rate = setting("SECONDS", 3), setting("RATE", 500)
    random = dice(exchange)
    hold_ms = random.choice([60000, 100])
    flow = exchange_flow(pipeline, exchange, rate, backfill={"hold_ms": hold_ms})
    done = {}
    with Watcher(flow) as watcher:
        flow.tell_simulator("/control/play")
        watcher.wait_more()
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            trouble = misbehave(flow, random)
            done[trouble] = done.get(trouble, 0) + 1
            PAUSE.wait(random.uniform(0, 0.4))
        for path in ("refuse?seconds=0", "rest?fault=cut&times=0", "lose?n=0"):
            flow.tell_simulator(f"/control/{path}")
        flow.subscribed()
        watcher.wait_more(2 * rate)
        ledger = watcher.wait_complete()
        until(lambda: not watcher.source().get("backfill"), "the backfill to be over")
        tell("exchanges", exchange=exchange, hold_ms=hold_ms, done=done, made=sum(map(len, ledger.made.values())), lost=sum(map(len, ledger.lost.values())),
             missed=sum(len(ledger.missed(symbol)) for symbol in flow.symbols), ms=round(took_ms(ledger, watcher)))
        assert_all_once(ledger, watcher, ordered=hold_ms > 1000)
        check_coverage(ledger, watcher, mixed=True, killed="kill" in done)
