"""The page beside two exchanges that can be asked for what was missed: whoever is killed, it says what was backfilled and that nothing is missing."""

from browser import chromium  # noqa: F401 (a fixture)
from page import browser, cut, opened  # noqa: F401 (fixtures)
from pipeline import until
from two_exchanges import exchanges  # noqa: F401 (a fixture)


def test_a_connectord_that_is_back_at_once_has_backfilled_and_the_page_says_so(exchanges, browser):
    """Too soon for the gateway to call its sources lost. The page asks every 30 s in any case, and must be sooner."""
    flow = exchanges.start(coinbase=("--rate", 20), kraken=("--rate", 20)).flow
    page = opened(browser, flow)
    page.until_live()
    flow.processes["connectord"].kill()
    before = len(exchanges.made("kraken"))
    until(lambda: len(exchanges.made("kraken")) > before + 5, "trades that nobody hears")
    flow.start_connectord()
    until(lambda: page.number("backfilled") > 0, "what was backfilled", 15)
    assert (page.shown("missed"), page.shown("state")) == ("0", "Live")


def test_an_exchange_that_is_lost_leaves_the_buttons_where_they_are(exchanges, browser):
    flow = exchanges.start(coinbase=("--rate", 20), kraken=("--rate", 20)).flow
    page = opened(browser, flow, width=1000, height=700)
    page.until_live()
    place = "JSON.stringify(document.getElementById('buttons').getBoundingClientRect().right) + document.querySelector('header').offsetHeight"
    before = page.evaluate(place)
    flow.processes["kraken"].kill()
    until(lambda: page.shown("state").startswith("Exchange lost: kraken"), "the loss")
    assert page.evaluate(place) == before
