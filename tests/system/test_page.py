"""The page in a real browser (Debian's Chromium, headless): trades move, symbols switch, a killed gateway is survived."""

import shutil

import pytest
from pipeline import get, until

try:
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select
except ImportError:
    webdriver = None

pytestmark = pytest.mark.skipif(not webdriver or not shutil.which("chromedriver"), reason="python3-selenium or chromium-driver is not installed")


@pytest.fixture
def browser(tmp_path):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", f"--user-data-dir={tmp_path}/chromium"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options)
    yield driver
    driver.quit()


@pytest.fixture
def page(pipeline, browser):
    flow = pipeline().start_all("--symbols", "BTC-USD,ETH-USD", "--rate", 200)
    browser.get(f"http://{flow.address('gateway0')}/")
    browser.flow = flow
    return browser


def shown(page, name):
    return page.find_element(By.ID, name).text


def number(page, name):
    return int("".join(c for c in shown(page, name) if c.isdigit()) or 0)


def rows(page):
    return page.execute_script("return [...document.querySelectorAll('#rows .row')].map(r => [...r.children].map(c => c.textContent))")


def test_trades_appear_and_move_without_a_console_error(page):
    until(lambda: shown(page, "state") == "Live", "the page to be live")
    until(lambda: number(page, "received") > 300, "trades")
    first = rows(page)[0]
    assert first[1] in ("▲ buy", "▼ sell") and float(first[2]) > 0 and first[4] == "blockchain"
    until(lambda: rows(page)[0] != first, "newer trades")
    assert number(page, "missed") == 0
    assert [entry for entry in page.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []


def test_another_symbol_is_picked_and_a_pause_holds_the_table(page):
    until(lambda: number(page, "received") > 50, "trades")
    btc = float(rows(page)[0][2])
    Select(page.find_element(By.ID, "symbol")).select_by_visible_text("ETH-USD")
    until(lambda: rows(page) and rows(page)[0][2] and abs(float(rows(page)[0][2]) - btc) > btc / 2, "prices of the other symbol")
    page.find_element(By.ID, "pause").send_keys(Keys.ENTER)  # by keyboard
    until(lambda: shown(page, "pause") == "Go on", "the pause")
    held, count = rows(page), number(page, "received")
    until(lambda: number(page, "received") > count + 100, "trades behind the pause")
    assert rows(page) == held
    page.find_element(By.ID, "pause").send_keys(Keys.ENTER)
    until(lambda: rows(page) != held, "the table to go on")


def test_a_killed_gateway_is_survived_with_nothing_missed_and_the_page_says_so(page):
    until(lambda: number(page, "received") > 300, "trades")
    page.flow.processes["gateway0"].kill()
    until(lambda: "coming back" in shown(page, "state"), "the loss to be shown")
    page.flow.start_gateway()
    until(lambda: shown(page, "resumed").startswith("1"), "the return")
    assert shown(page, "resumed") == "1×, nothing missed"
    count = number(page, "received")
    until(lambda: number(page, "received") > count + 300, "trades again")
    assert number(page, "missed") == 0


def test_an_exchange_that_is_cut_is_shown(page):
    until(lambda: shown(page, "state") == "Live", "the page to be live")
    page.flow.tell_simulator("/control/refuse?seconds=3600")
    page.flow.tell_simulator("/control/reset")
    until(lambda: shown(page, "state").startswith("Exchange lost"), "the loss to be shown")
    page.flow.tell_simulator("/control/refuse?seconds=0")
    until(lambda: shown(page, "state") == "Live", "the return")


def test_the_page_is_cached_by_its_etag_and_lets_nothing_else_in(pipeline):
    import urllib.request
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
    for path in ("/../gateway.c", "/app.js/", "/nothing", "/web/app.js"):
        assert get(f"{address}{path}")[0] == 404
