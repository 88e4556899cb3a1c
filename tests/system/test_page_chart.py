"""The page's chart in a real browser."""

import json

import pytest
from page import browser, chromium, cut, flow, history_of, opened, page  # noqa: F401 (fixtures)
from pipeline import until


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
