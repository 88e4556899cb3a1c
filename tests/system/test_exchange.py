"""An exchange that misbehaves in every way the simulator knows: nothing good is lost, nothing doubled, nothing made up."""

import asyncio

import pytest
from clients import Client, Requester, Tap, assert_once_and_in_order
from pipeline import loads, until

TOPIC = "trade.BTC-USD.blockchain"
FIELDS = ("symbol", "timestamp", "side", "qty", "price")


def start(pipeline, *simulator, **source):
    flow = pipeline(symbols=["BTC-USD"], **source)
    flow.start_all("--symbols", "BTC-USD", *simulator)
    flow.subscribed()
    return flow


def settle(flow):
    """Ends the flow of trades; returns what the exchange says it has sent, and what connectord has journaled."""
    flow.tell_simulator("/control/pause")
    with Requester(flow.replay) as replay:
        sent = flow.ledger("trade")
        sent_ids = {t["trade_id"] for t in sent}
        until(lambda: sent_ids <= {t["tradeId"] for t in replay.all(TOPIC)}, f"{len(sent_ids)} trades to be journaled")
        return sent, replay.all(TOPIC)


def assert_exact(sent, journal):
    """Every trade that was sent is there once, with the text it was sent with, and no other."""
    assert_once_and_in_order(journal)
    by_id = {t["trade_id"]: t for t in sent}
    assert len({t["tradeId"] for t in journal}) == len(journal), "no duplicates"
    assert {t["tradeId"] for t in journal} == set(by_id)
    for trade in journal:
        assert all(trade[f] == by_id[trade["tradeId"]][f] for f in FIELDS), trade


def more(flow, count):
    """Has the exchange make that many more trades, and waits until they are out."""
    before = flow.control("/status", "GET")[1]["sent"]
    flow.tell_simulator(f"/control/play?count={count}")
    until(lambda: flow.control("/status", "GET")[1]["sent"] >= before + count, f"{count} more trades")


KINDS = ["json", "truncated", "type", "missing", "number", "longnumber", "utf8", "binary", "huge", "fragmented", "unknown_event",
         "unknown_symbol", "escaped", "nested"]
GOOD = {"number", "fragmented", "escaped"}  # odd, and yet trades


@pytest.mark.parametrize("kind", KINDS)
def test_a_malformed_message_costs_nothing_but_itself(pipeline, kind):
    flow = start(pipeline, "--rate", 2000, "--paused")
    more(flow, 200)
    times = 1 if kind == "huge" else 30
    for _ in range(times):
        flow.tell_simulator(f"/control/malformed?kind={kind}")
    more(flow, 200)
    sent, journal = settle(flow)
    assert len(journal) == 400 + times * (kind in GOOD)
    assert_exact([t for t in sent if t["symbol"] == "BTC-USD"], journal)
    assert len(flow.ledger("open")) == 1, "no reconnect for it"
    log = flow.processes["connectord"].lines
    if kind not in GOOD:
        assert any("malformed" in line for line in log), "it is told"
        assert len(log) < 60, "the log is rate-limited"


@pytest.mark.parametrize("trouble", ["close?code=1001", "close?code=1011", "reset"])
def test_a_lost_connection_is_made_again_and_subscribed_anew(pipeline, trouble):
    flow = start(pipeline, "--rate", 5000, "--paused")
    for round in range(3):
        more(flow, 500)
        until(lambda: len(flow.ledger("trade")) >= 500 * (round + 1), "the ledger to be written")
        with Requester(flow.replay) as replay:
            until(lambda: len(replay.all(TOPIC)) >= 500 * (round + 1), "the journal to have it all")
        flow.tell_simulator(f"/control/{trouble}")
        until(lambda: len(flow.ledger("subscribe")) // 2 >= round + 2 and flow.control("/status", "GET")[1]["subscriptions"].get("BTC-USD"),
              "the symbol to be subscribed again")
    more(flow, 500)
    sent, journal = settle(flow)
    assert len(journal) == 2000
    assert_exact(sent, journal)


def test_a_frozen_link_is_found_dead_by_its_silence(pipeline):
    flow = start(pipeline, "--rate", 1000, "--heartbeat-ms", 200, silence_ms=1000)
    with Tap(flow.bus, "status.") as tap:
        flow.tell_simulator("/control/freeze?seconds=3600")
        line = flow.processes["connectord"].wait_for_line("lost")
        assert "1000" in line or "silen" in line or "no message" in line, line
        until(lambda: loads(tap.receive()[1])["connected"] is False, "the status to say so")
    until(lambda: len(flow.ledger("open")) >= 2, "another connection")


def test_a_quiet_market_is_no_dead_link(pipeline):
    flow = start(pipeline, "--rate", 1000, "--heartbeat-ms", 200, "--paused", silence_ms=1000)
    with Tap(flow.bus, "status.") as tap:
        states = [loads(tap.receive()[1]) for _ in range(4)]  # one a second, and no trade
    assert all(state["connected"] for state in states)
    assert len(flow.ledger("open")) == 1


def test_a_hole_in_the_numbering_is_reported_and_cured_by_a_reconnect(pipeline):
    flow = start(pipeline, "--rate", 2000, "--paused")
    more(flow, 100)
    with Tap(flow.bus, "status.") as tap:
        tap.receive()
        flow.tell_simulator("/control/skip?n=3")
        more(flow, 4)  # three that are skipped, and the one that shows it

        def reported():
            status = loads(tap.receive()[1])
            return status["event"] == "gap" and status

        assert until(reported, "the gap on the bus")["gaps"] == 1
    until(lambda: len(flow.ledger("open")) == 2, "a new connection")
    flow.subscribed()
    more(flow, 100)
    sent, journal = settle(flow)
    assert_exact(sent, journal)
    assert not {t["tradeId"] for t in journal} & {t["trade_id"] for t in flow.ledger("skipped")}


def test_repeated_trades_are_suppressed(pipeline):
    flow = start(pipeline, "--rate", 2000, "--paused")
    more(flow, 300)
    for _ in range(5):
        flow.tell_simulator("/control/repeat?n=50")
    more(flow, 100)
    sent, journal = settle(flow)
    assert len(journal) == 400
    assert_exact(sent, journal)
    assert len(flow.ledger("open")) == 1


def test_repeated_trades_are_suppressed_across_a_restart(pipeline):
    flow = start(pipeline, "--rate", 2000, "--paused")
    more(flow, 300)
    with Requester(flow.replay) as replay:
        until(lambda: len(replay.all(TOPIC)) == 300, "300 trades")
        before = replay.all(TOPIC)
    flow.processes["connectord"].kill()
    flow.start_connectord()
    flow.wait_ready("connectord_http")
    until(lambda: flow.control("/status", "GET")[1]["subscriptions"].get("BTC-USD"), "the subscription")
    last = flow.ledger("trade")[-1]
    again = ('{"seqnum":{seqnum},"event":"updated","channel":"trades","symbol":"BTC-USD","timestamp":"%s","side":"%s","qty":%s,'
             '"price":%s,"trade_id":"%s"}' % tuple(str(last[f]) for f in ("timestamp", "side", "qty", "price", "trade_id")))
    flow.tell_simulator("/control/send", again.encode())
    more(flow, 1)
    with Requester(flow.replay) as replay:
        until(lambda: len(replay.all(TOPIC)) >= 301, "one more trade")
        assert replay.all(TOPIC)[:300] == before
        assert len(replay.all(TOPIC)) == 301


def test_the_throttling_message_without_seqnum_is_read(pipeline):
    flow = start(pipeline, "--rate", 2000, "--paused")
    more(flow, 50)
    flow.tell_simulator("/control/throttle")
    more(flow, 50)
    sent, journal = settle(flow)
    assert_exact(sent, journal)
    assert len(flow.ledger("open")) == 1
    flow.processes["connectord"].wait_for_line("(?i)rejected.*too many|too many.*rejected|throttl")


def test_an_exchange_that_refuses_is_tried_again_until_it_takes_us(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.start_simulator("--symbols", "BTC-USD", "--rate", 1000)
    flow.tell_simulator("/control/refuse?seconds=3600")
    connectord = flow.start_connectord()
    until(lambda: sum("lost" in line or "backoff" in line or "refused" in line for line in connectord.lines) >= 3, "three tries")
    flow.tell_simulator("/control/refuse?seconds=0")
    flow.subscribed()


def test_more_symbols_than_the_message_limit_allows_at_once_are_subscribed_in_time(pipeline):
    symbols = [f"S{i}-USD" for i in range(120)]
    flow = pipeline(symbols=symbols, messages_per_minute=200)
    flow.start_simulator("--symbols", ",".join(symbols), "--rate", 100)
    flow.start_connectord()
    flow.subscribed()
    asked = [e for e in flow.ledger("subscribe")]
    at = sorted(e["at"] for e in asked)
    assert all(at[i + 200] - at[i] >= 60e9 for i in range(len(at) - 200))
    assert at[-1] - at[0] > 3e9, "100 at once, the others at 100 a minute"


def test_clients_hear_of_the_exchange_going_and_coming(pipeline):
    flow = start(pipeline, "--rate", 1000)

    async def run():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await client.until(lambda: client.trades, "trades")
            flow.tell_simulator("/control/refuse?seconds=3600")
            flow.tell_simulator("/control/reset")
            await client.until(lambda: client.of("connection.lost"), "connection.lost")
            assert client.of("connection.lost")[0]["source"] == "blockchain"
            flow.tell_simulator("/control/refuse?seconds=0")
            await client.until(lambda: client.of("connection.restored"), "connection.restored")
            assert client.of("connection.restored")[0]["missed"] is None, "this exchange tells nobody what went by"
            count = len(client.trades)
            await client.until(lambda: len(client.trades) > count + 100, "trades again")
            assert_once_and_in_order(client.trades)

    asyncio.run(run())
