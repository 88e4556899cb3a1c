"""The page of a gateway that asks for tokens: it asks for one, keeps it in its memory only, and goes on with the next."""

from guarded import guarded  # noqa: F401 (a fixture)
from page import browser, chromium, opened  # noqa: F401 (fixtures)
from pipeline import until

ROLES = {"viewer": {"symbols": ["BTC-*"]}, "trader": {}}
STORED = "[localStorage, sessionStorage].map((storage) => JSON.stringify({ ...storage })).join() + document.cookie + location.href + document.body.innerText"


def asked(page):
    """Why a token is asked for; empty: none is."""
    return page.evaluate("document.getElementById('access').open ? document.getElementById('access-why').textContent : ''")


def enter(page, token):
    page.evaluate(f"document.getElementById('token').value = {token!r}")
    page.do("click", selector="#access button")


def test_the_page_asks_for_a_token_and_forgets_it(guarded, browser):
    guard = guarded(ROLES)
    page = opened(browser, guard.flow)
    until(lambda: asked(page), "the page to ask")
    assert asked(page) == "a token is needed" and page.shown("state") == "Token needed"
    page.press("Escape")
    assert asked(page), "there is nothing to see without one"
    enter(page, guard.token("trader", lives=-5))
    until(lambda: asked(page) == "the token has expired", "the refusal")
    token = guard.token("viewer")
    enter(page, token)
    page.until_live()
    assert not asked(page)
    assert page.evaluate("document.getElementById('symbol').value") == "BTC-USD"
    assert not [part for part in (token, token.split(".")[2]) if part in page.evaluate(STORED)]
    guard.flow.processes["gateway0"].kill()
    browser.excused += ("net::ERR_CONNECTION_", "WebSocket connection to", "net::ERR_EMPTY_RESPONSE")
    until(lambda: page.shown("state").startswith("Connection lost"), "the loss")
    guard.flow.start_gateway()
    until(lambda: page.shown("state") == "Live" and page.shown("resumed") != "never", "it to resume")
    assert page.number("missed") == 0 and not asked(page)
    page.evaluate("location.reload()")
    until(lambda: asked(page), "the page to ask again")


def test_the_page_asks_for_the_next_token_before_this_one_ends(guarded, browser):
    guard = guarded(ROLES, warn_ms=60000)
    page = opened(browser, guard.flow)
    until(lambda: asked(page), "the page to ask")
    enter(page, guard.token("trader", lives=30))
    until(lambda: asked(page).startswith("The token expires at "), "the warning")
    page.until_live()
    enter(page, guard.token("trader", sub="somebody else"))
    until(lambda: asked(page) == "the token is of another subject than the connection's", "the refusal")
    enter(page, guard.token("trader"))
    received = page.number("received")
    until(lambda: not asked(page) and page.number("received") > received, "trades to go on")
    assert page.shown("state") == "Live" and page.shown("resumed") == "never"
    guard.reload(viewer={})
    until(lambda: asked(page), "the end of the role")
    assert page.shown("state") == "Token needed"
