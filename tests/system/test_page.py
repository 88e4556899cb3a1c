"""The page in a real browser (Debian's Chromium, headless), served by the real processes."""

import gzip
import os
import statistics
import subprocess
import urllib.error
import urllib.request

import pytest
from page import as_rows, browser, chromium, flow, history, opened, page  # noqa: F401 (fixtures)
from pipeline import PATIENCE, ROOT, get, until
from stores import journaled

SECONDS = int(os.environ.get("PAGE_SECONDS", "6"))  # of a thousand trades each

# Of each row in sight, the place and the texts, once what was scrolled to is drawn.
ROWS_WHEN_DRAWN = """new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))).then(() =>
    [...document.querySelectorAll('#rows .row:not([hidden])')].map((row) =>
        [row.style.transform.match(/[0-9]+/)[0] / 26, ...[...row.children].map((cell) => cell.textContent.trim())]))"""


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


def test_another_symbol_is_typed_and_a_pause_holds_the_table(page):
    page.until_live()
    btc = float(page.rows()[0][2])
    page.press("/")
    page.do("type", text="eth")
    page.press("Enter")
    until(lambda: prices_near(page, btc) is False, "prices of the other symbol")
    page.until_charted()
    page.do("click", selector="#pause")
    assert page.shown("pause") == "Continue"
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
    assert page.shown("pause") == "Continue"
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
    assert page.shown("pause") == "Continue"


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


def test_a_thousand_trades_a_second_leave_it_smooth(pipeline, browser):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--rate", 1000)
    page = opened(browser, flow)
    page.until_live(2000)
    page.do("trace")
    count, made, trades = page.number("received"), journaled(flow), 1000 * SECONDS  # some may have waited for the browser when the trace began
    until(lambda: journaled(flow) >= made + trades, f"{SECONDS} s of trades", 10 * PATIENCE)
    until(lambda: page.number("received") >= count + trades, "the page to have got as many", 10 * PATIENCE)
    flow.tell_simulator("/control/pause")  # the trace is long, and takes the browser a while to tell
    longest = page.do("tasks")
    assert len(longest) >= SECONDS and 0 < statistics.median(longest) < 100, longest


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
