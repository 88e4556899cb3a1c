"""The page as its tests have it: opened in Debian's Chromium, headless, and served by the real processes."""

import asyncio
import decimal

import pytest
from browser import chromium  # noqa: F401 (a fixture)
from clients import Client, Requester


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


def history_of(flow, symbol):
    """What cached has, without a gateway."""
    with Requester(flow.history) as requester:
        return requester.all(f"trade.{symbol}.blockchain")


def as_rows(trades):
    sides = {"buy": "▲ buy", "sell": "▼ sell"}
    return [[t["timestamp"][11:23], sides[t["side"]], in_full(t["price"]), in_full(t["qty"]), t["source"]] for t in trades]


def in_full(number):
    """Digit for digit, without an exponent."""
    return format(decimal.Decimal(number), "f")
