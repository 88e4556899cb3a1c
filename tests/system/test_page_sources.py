"""The page's table that compares the sources of a symbol, and chart and trades of one of them."""

import decimal

from page import browser, chromium, cut, flow, history, opened, page  # noqa: F401 (fixtures)
from pipeline import until
from two_sources import exchanges, two  # noqa: F401 (fixtures)

COLUMNS = ["price", "age", "rate", "spread", "basis", "health", "state"]


def compared(page):
    """By the source's name, what the table says."""
    rows = page.evaluate("[...document.querySelectorAll('#compare tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))")
    return {name: dict(zip(COLUMNS, cells)) for name, *cells in rows}


def shown_sources(page):
    return {row[4] for row in page.rows() if len(row) == 5 and row[4]}


def is_open(page):
    return page.evaluate("document.getElementById('compare').open")


def test_the_sources_of_a_symbol_are_compared(two, browser):
    page = opened(browser, two)
    page.until_live(100)
    until(lambda: all(row["state"] == "live" for row in compared(page).values()), "both to be live")
    until(lambda: 30 < float(compared(page)["alpha"]["rate"]) < 50 and 10 < float(compared(page)["beta"]["rate"]) < 30, "the rates")
    assert list(compared(page)) == ["alpha", "beta"] and is_open(page)
    until(lambda: [(row["age"], row["health"]) for row in compared(page).values()] == [("now", "100")] * 2, "both to be of now, and well")
    two.processes["connectord"].kill()
    until(lambda: compared(page)["alpha"]["state"].startswith("lost since ") and compared(page)["beta"]["age"].endswith(" s"), "the loss")


def test_the_spread_is_exact(exchanges, browser):
    exchanges.start("--paused", alpha=("--paused",))
    page = opened(browser, exchanges.flow)
    page.until_live(-1)
    exchanges.flow.tell_simulator("/control/play?count=1")
    until(lambda: page.number("received") == 1, "a trade of alpha")
    exchanges.tell_beta("/control/play?count=1")
    until(lambda: compared(page)["beta"]["price"] != "–", "a trade of beta")
    prices = {trade["source"]: decimal.Decimal(trade["price"]) for trade in history(exchanges.flow, "BTC-USD", 2)["trades"]}
    apart = prices["alpha"] - prices["beta"]
    until(lambda: compared(page)["beta"]["spread"] in ("0", "0.0", "0.00"), "the newest of all to be the measure")
    alpha = compared(page)["alpha"]
    exact = {name: decimal.Decimal(alpha[name].replace("−", "-")) for name in ("price", "spread", "basis")}
    assert exact["price"] == prices["alpha"] and exact["spread"] == apart
    assert abs(exact["basis"] - apart / prices["beta"] * 10000) <= decimal.Decimal("0.005")


def test_a_row_limits_trades_and_chart_to_its_source_and_back(two, browser):
    page = opened(browser, two, answering={})
    page.until_live(100)
    until(lambda: shown_sources(page) == {"alpha", "beta"}, "trades of both")
    page.do("click", selector="#compare tr[data-source=beta] td.rate")
    until(lambda: shown_sources(page) == {"beta"} and len(page.rows()) > 10, "trades of one")
    assert page.evaluate("location.search") == "?symbol=BTC-USD&source=beta"
    until(lambda: page.do("asked", method="getCandles")[-1].get("source") == "beta", "candles of one to be asked for")
    price = until(lambda: page.shown("price") == compared(page)["beta"]["price"] and page.shown("price"), "its price at the top")
    page.until_charted()
    assert float(price) > 0 and compared(page)["alpha"]["rate"] != "0.0", "the other goes on in the table"

    def scroll():
        page.do("wheel", selector="#window", by=3000)
        return "No older trades" in page.evaluate("document.getElementById('rows').innerText")

    until(scroll, "its first trade")
    assert shown_sources(page) <= {"beta"}
    page.press("a")
    until(lambda: shown_sources(page) == {"alpha", "beta"}, "trades of both again")
    until(lambda: "source" not in page.do("asked", method="getCandles")[-1], "candles of all to be asked for")
    assert page.evaluate("location.search") == "?symbol=BTC-USD"


def test_an_address_leads_to_one_source(two, browser):
    page = opened(browser, two, query="?symbol=BTC-USD&source=alpha")
    page.until_live(50)
    until(lambda: shown_sources(page) == {"alpha"}, "its trades")
    assert page.evaluate("document.querySelector('#compare summary').textContent") == "2 sources: only alpha"


def test_one_source_is_compared_with_none_until_one_unfolds_it(page):
    page.until_live()
    until(lambda: page.evaluate("document.querySelector('#compare summary').textContent") == "1 source", "the summary")
    assert not is_open(page)
    page.do("click", selector="#compare summary")
    until(lambda: compared(page)["blockchain"]["state"] == "live" and float(compared(page)["blockchain"]["price"]) > 0, "its row")


def test_the_table_is_drawn_four_times_a_second_at_most(two, browser):
    page = opened(browser, two)
    page.until_live(100)
    changes = page.evaluate("""new Promise((resolve) => {
        let changes = 0;
        const cell = document.querySelector('#compare tr[data-source=alpha] td.price');
        new MutationObserver(() => changes++).observe(cell, { childList: true, characterData: true, subtree: true });
        setTimeout(() => resolve(changes), 2000);
    })""")
    assert 1 <= changes <= 9, changes
