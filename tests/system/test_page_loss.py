"""The page when something is lost: a gateway, an exchange, trades."""

import shutil
import signal

from fake_connectord import FakeConnectord
from page import as_rows, browser, chromium, cut, flow, history, history_of, opened, page  # noqa: F401 (fixtures)
from pipeline import get, until
from trade_rates import TradeRate


def test_the_trades_that_a_gateway_was_away_for_are_all_in_the_table(pipeline, browser):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--paused")
    page = opened(browser, flow)
    page.until_live(-1)
    flow.tell_simulator("/control/play?count=30")
    until(lambda: page.number("received") == 30, "30 trades")
    cut(flow, "gateway0")
    until(lambda: "reconnecting" in page.shown("state"), "the loss to be shown")
    flow.tell_simulator("/control/play?count=10")
    until(lambda: len(history_of(flow, "BTC-USD")) == 40, "history to have what the page has not")
    flow.start_gateway()
    until(lambda: page.number("received") == 40, "what was missed")
    until(lambda: page.shown("resumed") == "1×, nothing missed", "the page to say that nothing was missed")
    assert page.rows()[:20] == as_rows(history(flow, "BTC-USD", 20)["trades"])
    assert page.number("missed") == 0 and page.shown("state") == "Live"


def test_what_can_not_be_had_again_is_shown_as_missing(pipeline, browser):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--rate", 200)
    page = opened(browser, flow)
    page.until_live(100)
    cut(flow, "gateway0", "cached", "connectord")
    shutil.rmtree(flow.directory / "state")
    flow.tell_simulator("/control/pause")
    flow.start_connectord()
    flow.start_cached()
    flow.start_gateway()
    flow.subscribed()
    flow.tell_simulator("/control/play?count=10")
    until(lambda: page.shown("missed") == "0 or more", "the page to say that trades may be missing")
    until(lambda: page.shown("resumed") == "1×, with a gap", "the return")
    until(lambda: "Trades may be missing here: the journal was lost" in [row[0] for row in page.rows()], "the place in the table")


def test_a_stale_symbol_is_shown_as_such_and_its_source_as_connected(pipeline, browser):
    flow = pipeline(symbols=["BTC-USD"], silence_ms=60000, starvation={"minimum_ms": 1500})
    flow.start_all("--symbols", "BTC-USD", "--rate", 100)
    page = opened(browser, flow)
    page.until_live(100)
    until(lambda: TradeRate().take(*history_of(flow, "BTC-USD")).stale_within(10), "the rate of its trades to be known")
    until(lambda: page.shown("line").startswith("blockchainconnected"), "the source's health")
    assert page.evaluate("document.querySelector('#line meter').value") > 0
    flow.tell_simulator("/control/pause")
    until(lambda: page.shown("state").startswith("No trade from blockchain for"), "the staleness to be shown")
    until(lambda: "no trade for" in page.shown("line"), "the staleness beside the source")
    assert page.shown("sources") == "Sources 1/1"
    until(lambda: page.shown("when").endswith((" s ago", " min ago")), "the age of the last trade")
    page.press("s")
    health, word = page.evaluate("""[document.querySelector('#all meter').value, document.querySelector('#all td').textContent]""")
    assert 0 <= health <= 100 and word.startswith("no trade for")
    page.press("Escape")
    flow.tell_simulator("/control/play")
    until(lambda: page.shown("state") == "Live", "the end of it")


def test_a_killed_gateway_is_survived_with_nothing_missed_and_the_page_says_so(page):
    page.until_live(300)
    cut(page.flow, "gateway0")
    until(lambda: "reconnecting" in page.shown("state"), "the loss to be shown")
    page.flow.start_gateway()
    until(lambda: page.shown("resumed").startswith("1"), "the return")
    assert page.shown("resumed") == "1×, nothing missed"
    count = page.number("received")
    until(lambda: page.number("received") > count + 300, "trades again")
    assert page.number("missed") == 0 and page.shown("state") == "Live"


def test_a_page_that_is_opened_first_waits_for_the_exchange_to_be_heard(pipeline, browser):
    flow = pipeline()
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway")
    page = opened(browser, flow)
    until(lambda: page.shown("state") == "Waiting: Not ready: no source has been heard yet", "the page to say what it waits for")
    flow.start_simulator("--symbols", "BTC-USD,ETH-USD", "--rate", 200)
    flow.start_connectord()
    flow.start_cached()
    page.until_live()


def test_a_gateway_that_hangs_is_shown_and_survived_with_nothing_missed(page):
    page.until_live()
    gateway = page.flow.processes["gateway0"].popen
    gateway.send_signal(signal.SIGSTOP)
    try:
        until(lambda: "reconnecting" in page.shown("state"), "the loss to be shown")
    finally:
        gateway.send_signal(signal.SIGCONT)
    until(lambda: page.shown("resumed") == "1×, nothing missed", "the return")
    until(lambda: page.shown("state") == "Live", "the page to be live")


def test_a_gap_of_a_source_that_the_snapshot_had_no_trade_of_counts(pipeline, browser):
    flow = pipeline(symbols=["BTC-USD"])
    with FakeConnectord(flow.bus, flow.replay) as fake:
        fake.trade("BTC-USD", 1, publish=False)
        fake.source = "busy"
        fake.journal[fake.topic("BTC-USD")] = []
        for seq in range(1, 601):
            fake.trade("BTC-USD", seq, publish=False)
        flow.start_cached()
        flow.start_gateway()
        flow.wait_ready("cached_http", "gateway0")
        fake.status(source="blockchain", symbols=["BTC-USD"])
        until(lambda: {t["source"] for t in history(flow, "BTC-USD", 1000)["trades"]} == {"blockchain", "busy"}, "both sources")
        page = opened(browser, flow)
        page.until_live(499)
        fake.source = "blockchain"
        fake.trade("BTC-USD", 5)
        until(lambda: [row[0] for row in page.rows()][1:2] == ["3 trades are missing here"], "the place in the table")
        until(lambda: page.number("received") == 501 and page.number("missed") == 3, "what is missing to be counted")


def test_an_exchange_that_is_cut_is_shown(page):
    page.until_live()
    page.flow.tell_simulator("/control/refuse?seconds=3600")
    page.flow.tell_simulator("/control/reset")
    until(lambda: page.shown("state").startswith("Exchange lost: blockchain"), "the loss to be shown")
    until(lambda: page.shown("sources") == "Sources 0/1", "the sources to be counted")
    page.press("s")
    hidden = page.evaluate("(({scrollWidth, clientWidth}) => scrollWidth - clientWidth)(document.querySelector('#all-sources .wide'))")
    assert hidden == 0, "a part of the table of sources is out of sight"
    page.press("Escape")
    page.flow.tell_simulator("/control/refuse?seconds=0")
    until(lambda: page.shown("state") == "Live", "the return")
    until(lambda: page.shown("sources") == "Sources 1/1", "the sources to be counted")
