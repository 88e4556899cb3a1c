"""The page in a real browser (Debian's Chromium, headless), served by the real processes."""

import asyncio
import decimal
import gzip
import json
import os
import shutil
import signal
import statistics
import subprocess
import urllib.error
import urllib.request

import pytest
from browser import chromium  # noqa: F401 (a fixture)
from clients import Client, Requester
from fake_connectord import FakeConnectord
from pipeline import PATIENCE, ROOT, get, until

SECONDS = int(os.environ.get("PAGE_SECONDS", "20"))  # of a thousand trades each

# Of each row in sight, the place and the texts, once what was scrolled to is drawn.
ROWS_WHEN_DRAWN = """new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))).then(() =>
    [...document.querySelectorAll('#rows .row:not([hidden])')].map((row) =>
        [row.style.transform.match(/[0-9]+/)[0] / 26, ...[...row.children].map((cell) => cell.textContent.trim())]))"""


@pytest.fixture
def browser(chromium):  # noqa: F811
    """A browser whose page has not complained of anything by the end of the test, but of what the test brought about."""
    chromium.excused = ("WebSocket is closed before the connection is established",)  # one that took too long on a busy machine
    yield chromium
    assert [told for told in chromium.do("complaints") if not any(word in told for word in chromium.excused)] == []


def cut(flow, *names):
    """Kills these. A page then says that it finds its gateway no more."""
    flow.browser.excused += ("net::ERR_CONNECTION_", "WebSocket connection to", "net::ERR_EMPTY_RESPONSE")
    for name in names:
        flow.processes[name].kill()


def opened(browser, flow, query="", **how):
    browser.flow, flow.browser = flow, browser
    browser.do("open", url=f"http://{flow.address('gateway0')}/{query}", **how)
    return browser


@pytest.fixture
def flow(pipeline):
    return pipeline().start_all("--symbols", "BTC-USD,ETH-USD", "--rate", 200)


@pytest.fixture
def page(flow, browser):
    return opened(browser, flow)


def history(flow, symbol, count):
    async def ask():
        async with Client(flow.url()) as client:
            return await client.call("getRecentTrades", symbol=symbol, count=count)
    return asyncio.run(ask())


def as_rows(trades):
    sides = {"buy": "▲ buy", "sell": "▼ sell"}
    return [[t["timestamp"][11:23], sides[t["side"]], in_full(t["price"]), in_full(t["qty"]), t["source"]] for t in trades]


def in_full(number):
    """Digit for digit, without an exponent."""
    return format(decimal.Decimal(number), "f")


def test_trades_appear_and_move_without_a_complaint(page):
    page.until_live(300)
    first = page.rows()[0]
    assert first[1] in ("▲ buy", "▼ sell") and float(first[2]) > 0 and first[4] == "blockchain"
    until(lambda: page.rows()[0] != first, "newer trades")
    assert page.number("missed") == 0


def test_the_table_shows_the_very_digits_of_the_trades(pipeline, browser):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--paused")
    flow.tell_simulator("/control/play?count=300")
    page = opened(browser, flow)
    until(lambda: page.number("received") == 300, "300 trades")
    shown = until(lambda: len(page.rows()) > 10 and page.rows(), "rows")
    assert shown == as_rows(history(flow, "BTC-USD", len(shown))["trades"])


def in_sight(page):
    """Which candles the chart shows, by number."""
    return page.evaluate("['from', 'to'].map((end) => Number(document.getElementById('frame').dataset[end]))")


def test_the_chart_is_drawn_and_its_span_changes_by_keys(page):
    page.until_live()
    page.until_charted()
    closing = "document.querySelectorAll('#legend dd')[3].textContent"
    shown = page.evaluate(closing)
    until(lambda: page.evaluate(closing) != shown, "the legend to move")
    page.press("2")
    assert page.evaluate("document.querySelector('#intervals input:checked').value") == "1m"
    page.until_charted()
    page.press("1", "c")
    page.until_charted()
    assert page.evaluate("document.activeElement.id") == "frame"


@pytest.fixture
def charted(pipeline, browser, tmp_path):
    """The page with a trade a second, 700 of them, and no more to come. The first 500 candles are there."""
    path = tmp_path / "trades.ndjson"
    path.write_text("".join(json.dumps({
        "seqnum": i, "event": "updated", "channel": "trades", "symbol": "BTC-USD", "side": "buy", "qty": 1, "price": 100 + i % 7, "trade_id": str(i),
        "timestamp": f"2025-11-10T10:{i // 60:02}:{i % 60:02}.000000Z"}) + "\n" for i in range(1, 701)))
    flow = pipeline(symbols=["BTC-USD"]).start_all("--file", path, "--rate", "max", "--paused")
    flow.tell_simulator("/control/play?count=700")
    until(lambda: len(history_of(flow, "BTC-USD")) == 700, "history to have all")
    page = opened(browser, flow)
    page.until_live()
    page.until_charted()
    until(lambda: candles(page) == 500, "a page of candles by the second")
    return page


def candles(page):
    return page.evaluate("Number(document.getElementById('frame').dataset.candles)")


def test_the_chart_zooms_and_moves_by_keys_and_by_the_wheel(charted):
    def after(act, *said):
        begin, end = in_sight(charted)
        act()
        checks = {"narrower": lambda b, e: e - b < end - begin - 1, "wider": lambda b, e: e - b > end - begin + 1,
                  "earlier": lambda b, e: b < begin - 1 and e < end - 1, "later": lambda b, e: b > begin + 1 and e > end + 1}
        until(lambda: all(checks[word](*in_sight(charted)) for word in said), f"the chart to show what is {said}, not {begin} to {end}")

    press = lambda key: lambda: charted.press(key)
    wheel = lambda by: lambda: charted.do("wheel", selector="#frame", by=by)
    charted.press("c")
    after(press("+"), "narrower")
    after(press("-"), "wider")
    after(press("ArrowLeft"), "earlier")
    after(press("ArrowRight"), "later")
    after(wheel(-200), "narrower")
    after(wheel(200), "wider")
    after(press("ArrowLeft"), "earlier")
    after(press("End"), "later")


def test_older_candles_follow_as_the_left_edge_comes_into_sight(charted):
    charted.press("c", "Home")
    until(lambda: candles(charted) == 700, "the candles before")


def test_a_page_without_the_charting_library_shows_the_trades(flow, browser):
    page = opened(browser, flow, empty="**/charts.js")
    page.until_live()
    assert page.evaluate("document.getElementById('chart').hidden && document.getElementById('notice').hidden")
    assert page.rows()
    page.do("fill", pattern="**/charts.js")
    cut(flow, "gateway0")
    flow.start_gateway()  # which has it
    page.until_charted()
    page.until_live()


def test_another_symbol_is_typed_and_a_pause_holds_the_table(page):
    page.until_live()
    btc = float(page.rows()[0][2])
    page.press("/")
    page.do("type", text="eth")
    page.press("Enter")
    until(lambda: prices_near(page, btc) is False, "prices of the other symbol")
    page.until_charted()
    page.do("click", selector="#pause")
    assert page.shown("pause") == "Go on"
    held, count = page.rows(), page.number("received")
    until(lambda: page.number("received") > count + 100, "trades behind the pause")
    assert page.rows() == held and "newer" in page.shown("held")
    page.do("click", selector="#pause")
    until(lambda: page.rows() != held, "the table to go on")
    page.do("click", selector="#pause")
    page.press("/")
    page.do("type", text="btc")
    page.press("Enter")
    until(lambda: prices_near(page, btc), "trades of the one chosen while the other was held")
    assert page.shown("pause") == "Pause"


def prices_near(page, price):
    """Whether the newest trade shown has such a price; None where no trade is shown."""
    rows = page.rows()
    return abs(float(rows[0][2]) - price) < price / 2 if rows else None


def test_who_pauses_before_the_first_trade_sees_it(pipeline, browser):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--paused")
    page = opened(browser, flow)
    page.until_live(-1)
    page.do("click", selector="#pause")
    flow.tell_simulator("/control/play?count=1")
    shown = until(page.rows, "the first trade")
    flow.tell_simulator("/control/play?count=1")
    until(lambda: page.shown("held") == "1 newer ↑", "the second to be held")
    assert page.rows() == shown


def test_scrolling_goes_back_to_the_very_first_trade(pipeline, browser):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--paused", "--rate", "max")
    flow.tell_simulator("/control/play?count=1700")
    until(lambda: len(history(flow, "BTC-USD", 2000)["trades"]) == 1700, "history to have all")
    page = opened(browser, flow)
    page.until_live()
    seen = {}

    def scroll():
        for at, *row in page.evaluate(ROWS_WHEN_DRAWN):
            seen[at] = row
        page.evaluate("document.getElementById('window').scrollBy(0, 400)")
        return "No older trades" in (row[0] for row in seen.values())
    until(scroll, "the oldest trade", 10 * PATIENCE)
    rows = [seen[i] for i in range(len(seen))]
    assert rows[-1][0] == "No older trades"
    assert rows[:-1] == as_rows(history(flow, "BTC-USD", 2000)["trades"])


def test_who_scrolls_down_keeps_what_is_in_sight_and_comes_back_by_a_key(page):
    page.until_live(200)
    page.do("wheel", selector="#window", by=300)
    until(lambda: page.shown("held").endswith("newer ↑"), "the table to hold")
    held, count = page.rows(), page.number("received")
    until(lambda: page.number("received") > count + 100, "trades behind what is in sight")
    assert page.rows() == held
    page.press("n")
    until(lambda: page.rows() != held and page.evaluate("document.getElementById('held').hidden"), "the newest")


def test_the_headings_stay_above_what_is_scrolled(page):
    page.until_live(200)
    heading = """(() => { const { left, top } = document.getElementById('window').getBoundingClientRect();
        return document.elementFromPoint(left + 20, top + 10).textContent })()"""
    assert page.evaluate(heading) == "UTC"
    page.do("wheel", selector="#window", by=300)
    until(lambda: page.shown("held"), "the table to hold")
    assert page.evaluate(heading) == "UTC"


def test_a_page_without_a_trade_says_so(pipeline, browser):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--paused")
    page = opened(browser, flow)
    page.until_live(-1)
    until(lambda: page.shown("rows") == "Waiting for the first trade", "the word")
    flow.tell_simulator("/control/play?count=1")
    until(lambda: len(page.rows()) == 1 and "Waiting" not in page.evaluate("document.getElementById('rows').innerText"), "the trade")


def test_it_can_be_used_by_the_keyboard_alone(page):
    page.until_live()
    reached = set()
    for _ in range(30):
        page.press("Tab")
        seen = page.evaluate("""(() => { const e = document.activeElement, s = getComputedStyle(e.matches('[type=radio]') ? e.parentElement : e);
            return [e.id || e.name || e.tagName, s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0] })()""")
        if seen[0] == "BODY":
            break
        assert seen[1], f"the focus on {seen[0]} can't be seen"
        reached.add(seen[0])
    assert reached >= {"symbol", "sources", "theme", "help", "interval", "frame", "pause", "window"}
    page.press("?")
    assert page.evaluate("document.getElementById('shortcuts').open")
    page.press("Escape", "s")
    assert page.evaluate("!document.getElementById('shortcuts').open && document.getElementById('all-sources').open")
    page.press("Escape", "p")
    assert page.shown("pause") == "Go on"
    page.press("p", "d")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.press("t")

    def scrolls():  # a browser that is short of time drops a key's scrolling now and then
        page.press("PageDown")
        return not page.evaluate("document.getElementById('held').hidden")

    until(scrolls, "the table to hold")


@pytest.mark.parametrize("how", [{}, {"dark": True}, {"width": 390, "height": 844, "phone": True}], ids=["light", "dark", "phone"])
def test_axe_finds_nothing_serious(flow, browser, how):
    page = opened(browser, flow, **how)
    page.until_live()
    for prepare in ("/",), ("Escape", "s"), ("Escape", "?"):
        page.press(*prepare)
        assert [found for found in page.do("axe") if found["impact"] in ("serious", "critical")] == []


def test_a_phone_shows_all_within_its_width(flow, browser):
    page = opened(browser, flow, width=360, height=740, phone=True)
    page.until_live()
    page.until_charted()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.do("tap", selector="#pause")
    assert page.shown("pause") == "Go on"


def test_the_trades_that_a_gateway_was_away_for_are_all_in_the_table(pipeline, browser):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--paused")
    page = opened(browser, flow)
    page.until_live(-1)
    flow.tell_simulator("/control/play?count=30")
    until(lambda: page.number("received") == 30, "30 trades")
    cut(flow, "gateway0")
    until(lambda: "coming back" in page.shown("state"), "the loss to be shown")
    flow.tell_simulator("/control/play?count=10")
    until(lambda: len(history_of(flow, "BTC-USD")) == 40, "history to have what the page has not")
    flow.start_gateway()
    until(lambda: page.number("received") == 40, "what was missed")
    until(lambda: page.shown("resumed") == "1×, nothing missed", "the page to say that nothing was missed")
    assert page.rows()[:20] == as_rows(history(flow, "BTC-USD", 20)["trades"])
    assert page.number("missed") == 0 and page.shown("state") == "Live"


def history_of(flow, symbol):
    """What cached has, without a gateway."""
    with Requester(flow.history) as requester:
        return requester.all(f"trade.{symbol}.blockchain")


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


def test_a_symbol_that_starves_is_shown_as_stale_and_its_source_as_connected(pipeline, browser):
    flow = pipeline(symbols=["BTC-USD"], silence_ms=60000, starvation={"minimum_ms": 1500})
    flow.start_all("--symbols", "BTC-USD", "--rate", 100)
    page = opened(browser, flow)
    page.until_live(100)
    until(lambda: page.shown("line").startswith("blockchainconnected"), "the source's health")
    assert page.evaluate("document.querySelector('#line meter').value") > 0
    flow.tell_simulator("/control/pause")
    until(lambda: page.shown("state").startswith("No trade from blockchain for"), "the staleness to be shown")
    until(lambda: "no trade for" in page.shown("line"), "the staleness beside the source")
    assert page.shown("sources") == "Sources 1/1"
    until(lambda: page.shown("when").endswith(" s ago"), "the age of the last trade")
    page.press("s")
    health, word = page.evaluate("""[document.querySelector('#all meter').value, document.querySelector('#all td').textContent]""")
    assert 0 <= health <= 100 and word.startswith("no trade for")
    page.press("Escape")
    flow.tell_simulator("/control/play")
    until(lambda: page.shown("state") == "Live", "the end of it")


def test_the_picker_offers_what_the_sources_do_and_narrows_it_as_one_types(pipeline, browser):
    flow = pipeline(symbols=["ADA-USD", "BTC-USD", "ETH-BTC", "ETH-USD"]).start_all("--symbols", "BTC-USD,ETH-USD", "--rate", 50)
    page = opened(browser, flow, query="?symbol=BTC-USD")
    page.until_live(20)
    offered = "[...document.querySelectorAll('#symbols [data-symbol]')].map((option) => option.textContent)"
    page.press("/")
    assert page.evaluate(offered) == ["ADA-USD", "BTC-USD", "ETH-BTC", "ETH-USD"]
    page.do("type", text="eth")
    assert page.evaluate(offered) == ["ETH-BTC", "ETH-USD"]
    page.press("ArrowDown", "Enter")
    until(lambda: page.number("received") > 20 and page.shown("state") == "Live", "trades of the other")
    assert page.evaluate("document.getElementById('symbol').value") == "ETH-USD"
    assert page.evaluate("location.search") == "?symbol=ETH-USD", "the address leads back to it"
    page.press("/")
    page.do("type", text="nope")
    page.press("Enter")
    assert page.evaluate("document.getElementById('symbols').textContent") == "No such symbol"
    page.press("Escape")
    assert page.evaluate("document.getElementById('symbol').value") == "ETH-USD"


def test_a_killed_gateway_is_survived_with_nothing_missed_and_the_page_says_so(page):
    page.until_live(300)
    cut(page.flow, "gateway0")
    until(lambda: "coming back" in page.shown("state"), "the loss to be shown")
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
        until(lambda: "coming back" in page.shown("state"), "the loss to be shown")
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
    page.flow.tell_simulator("/control/refuse?seconds=0")
    until(lambda: page.shown("state") == "Live", "the return")
    until(lambda: page.shown("sources") == "Sources 1/1", "the sources to be counted")


def test_a_thousand_trades_a_second_leave_it_smooth(pipeline, browser):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--rate", 1000)
    page = opened(browser, flow)
    page.until_live(2000)
    count = page.number("received")
    page.do("trace")
    until(lambda: page.number("received") >= count + 1000 * SECONDS, f"{SECONDS} s of trades", 10 * PATIENCE)
    longest = page.do("tasks")
    assert len(longest) > SECONDS / 2 and 0 < statistics.median(longest) < 100, longest


def test_the_picture_of_the_readme_can_be_taken(chromium, tmp_path):  # noqa: F811
    """By tests/browser/screenshot, which starts a browser and processes of its own."""
    picture = tmp_path / "page.png"
    subprocess.run([ROOT / "tests/browser/screenshot", picture], check=True, env={**os.environ, "PAGE_SECONDS": "2"}, timeout=10 * PATIENCE)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_page_is_cached_by_its_etag_and_lets_nothing_else_in(pipeline):
    flow = pipeline()
    flow.start_gateway()
    address = f"http://{flow.address('gateway0')}"
    until(lambda: get(f"{address}/health")[0] == 200, "the gateway")
    with urllib.request.urlopen(f"{address}/") as answer:
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        etag = answer.headers["ETag"]
    request = urllib.request.Request(f"{address}/", headers={"If-None-Match": etag})
    with pytest.raises(urllib.error.HTTPError) as unchanged:
        urllib.request.urlopen(request)
    assert unchanged.value.code == 304
    plain, packed = (urllib.request.urlopen(urllib.request.Request(f"{address}/app.js", headers={"Accept-Encoding": coding})) for coding in ("identity", "gzip"))
    assert packed.headers["Content-Encoding"] == "gzip" and packed.headers["ETag"] == plain.headers["ETag"]
    assert gzip.decompress(packed.read()) == plain.read()
    for path in ("/../gateway.c", "/app.js/", "/nothing", "/web/app.js", "/package.json"):
        assert get(f"{address}{path}")[0] == 404
