"""The page shows other channels than trades: the newest record of each key, a line, and what came before."""

import json
import shutil

import pytest
from page import browser, chromium, cut, opened  # noqa: F401 (fixtures)
from pipeline import get, until
from test_channels import MAPPING
from ws_source import Exchange

SENSORS = ["sensor-1", "sensor-2", "Sensor-3"]
HEADS = ["Key", "UTC", "Source", "celsius", "air.hPa", "air.ok", "note", "tags"]
TABLE = "[...document.querySelectorAll('#{} {}')].map((row) => [...row.cells].map((cell) => cell.textContent))"

PADDING = """parseFloat(getComputedStyle([...document.querySelector('[data-key=%s]').closest('tr').cells]
    .find((cell) => cell.textContent === '%s')).paddingRight)"""

# How many pixels of the line there are.
DRAWN = """(() => {
  const [canvas] = [...document.querySelectorAll('#plot canvas')].sort((a, b) => b.width * b.height - a.width * a.height);
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  let blue = 0;
  for (let i = 0; i < data.length; i += 4) blue += data[i + 2] - data[i] > 80 && data[i + 3] > 0;
  return blue;
})()"""


def reading(sensor, number, celsius, **more):
    """The text of a message; the numbers in it are texts here, so that their digits are these."""
    values = "".join(f",{json.dumps(name)}:{value}" for name, value in more.items())
    return (f'{{"type":"reading","sensor":"{sensor}","n":{number},"at":"2026-03-01T12:{number // 60:02}:{number % 60:02}.250Z",'
            f'"values":{{"celsius":{celsius}{values}}}}}')


@pytest.fixture
def lab(pipeline, browser, tmp_path):
    """Trades of one symbol, and a source of readings beside them."""
    with Exchange(lambda message: []) as exchange:
        path = tmp_path / "lab.json"
        path.write_text(json.dumps({"websocket": {"subscribe": "{\"want\":\"${channel} ${key}\"}"}, "mapping": MAPPING}))
        flow = pipeline(symbols=["BTC-USD"])
        flow.exchange, flow.browser = exchange, browser
        flow.lab = {"name": "lab", "connector": "websocket", "url": f"ws://127.0.0.1:{exchange.port}/", "definition": str(path),
                    "symbols": ["readings.*"]}
        flow.config["connectord"]["sources"].append(flow.lab)
        yield flow


def start(flow):
    """With a reading of each sensor, known to the gateway."""
    flow.start_all("--symbols", "BTC-USD", "--rate", 50)
    until(lambda: flow.exchange.heard, "the subscription")
    flow.exchange.say(reading("sensor-1", 1, "21.50", air='{"hPa":1013.250000000000000001,"ok":true}'))
    flow.exchange.say(reading("sensor-2", 2, "-3", note='"a \\"b\\""'))
    flow.exchange.say(reading("Sensor-3", 3, "1.0e-7", tags="[1.0,{}]"))
    offered(flow, SENSORS)


def offered(flow, keys):
    url = f"http://{flow.address('gateway0')}/api/v1/symbols?channel=readings"
    until(lambda: set(keys) <= set(json.loads(get(url)[1] or "{}").get("symbols", [])), "the keys to be offered")


def table(page, name="newest"):
    return page.evaluate(TABLE.format(name, "tbody tr"))


def values(page):
    """By key, what the newest table shows of it: the texts by the titles of their columns."""
    heads = page.evaluate(TABLE.format("newest", "thead tr"))[0]
    return {row[0]: dict(zip(heads, row)) for row in table(page)}


def until_shown(page, *keys):
    until(lambda: [row[0] for row in table(page) if row[1]] == list(keys), f"the newest values of {keys}")


def address(page):
    return page.evaluate("location.search")


def points(page):
    return page.evaluate("Number(document.getElementById('plot').dataset.points)")


def hidden(page, name):
    return page.evaluate(f"document.getElementById('{name}').checkVisibility() === false")


def choose(page, channel):
    """By the keyboard: the first letter."""
    page.press("v", channel[0])
    until(lambda: page.evaluate("document.getElementById('channel').value") == channel, "the channel")


@pytest.fixture
def page(lab):
    start(lab)
    page = opened(lab.browser, lab, query="?channel=readings")
    until_shown(page, *sorted(SENSORS))
    return page


def test_the_newest_of_each_key_is_shown_to_the_digit_and_follows(lab, page):
    heads = page.evaluate(TABLE.format("newest", "thead tr"))[0]
    assert heads[:3] == HEADS[:3] and sorted(heads) == sorted(HEADS)
    shown = values(page)
    told = lambda key, *heads: [shown[key][head] for head in heads]
    assert told("sensor-1", "celsius", "air.hPa", "air.ok") == ["21.50", "1013.250000000000000001", "true"]
    assert told("sensor-2", "celsius", "note", "air.ok") == ["-3", 'a "b"', ""]
    assert told("Sensor-3", "celsius", "tags") == ["1.0e-7", "[1.0,{}]"]
    padding = [page.evaluate(PADDING % (key, shown[key]["celsius"])) for key in ("sensor-1", "sensor-2")]
    assert padding[1] > padding[0], "the decimal points stand below each other"
    assert shown["sensor-1"]["UTC"].endswith("12:00:01.250") and shown["sensor-1"]["Source"] == "lab"
    lab.exchange.say(reading("sensor-1", 4, "21.60"))
    until(lambda: values(page)["sensor-1"]["celsius"] == "21.60", "the newer one")
    lab.exchange.say(reading("sensor-0", 5, "7.00"))
    until_shown(page, *sorted([*SENSORS, "sensor-0"]))
    assert page.number("missed") == 0 and page.shown("state") == "Live" and page.shown("per-second") == "Records a second"


def test_a_key_has_a_line_and_its_records_and_the_address_leads_back(lab, page):
    for number in range(10, 40):
        lab.exchange.say(reading("sensor-2", number, f"{number}.50", load=number * 2))
    until(lambda: values(page)["sensor-2"]["celsius"] == "39.50", "the newest")
    page.do("click", selector="#newest tr:nth-child(3) td")
    until(lambda: points(page) == 31, "the line")
    assert address(page) == "?channel=readings&symbol=sensor-2" and page.shown("detail-title") == "sensor-2"
    until(lambda: len(table(page, "past")) == 31, "the last records")
    assert [row[2] for row in table(page, "past")][:2] == ["39.50", "38.50"] and table(page, "past")[-1][2] == "-3"
    drawn = until(lambda: page.evaluate(DRAWN), "the line to be drawn")
    lab.exchange.say(reading("sensor-2", 40, "20.00", load=3))
    until(lambda: points(page) == 32 and table(page, "past")[0][2] == "20.00", "the next one, live")
    until(lambda: page.shown("price") == "20.00" and page.shown("pointed") == "20.00", "its value")
    until(lambda: page.evaluate(DRAWN) > drawn * 1.05, "the line to go down there")
    page.evaluate("document.getElementById('member').focus()")
    page.press("l")
    until(lambda: points(page) == 31 and page.shown("pointed") == "3", "the line of the other number")
    assert address(page) == "?channel=readings&symbol=sensor-2&member=load"
    page = opened(page, lab, query=address(page))
    until(lambda: points(page) == 31 and page.shown("pointed") == "3", "the same view")
    assert page.evaluate("document.getElementById('symbol').value") == "sensor-2"
    page.do("click", selector="#leave")
    assert hidden(page, "detail") and address(page) == "?channel=readings"


def test_a_killed_gateway_is_survived_with_nothing_missed(lab, page):
    page.do("click", selector="#newest tr:nth-child(2) td")
    until(lambda: points(page) == 1, "the line")
    cut(lab, "gateway0")
    until(lambda: "reconnecting" in page.shown("state"), "the loss to be shown")
    for number in range(10, 20):
        lab.exchange.say(reading("sensor-1", number, f"{number}.0"))
        lab.exchange.say(reading("sensor-2", number, f"{number}.0"))
    lab.start_gateway()
    until(lambda: points(page) == 11, "what was missed")
    until(lambda: page.shown("resumed") == "1×, nothing missed" and page.shown("state") == "Live", "the page to say so")
    until(lambda: len(table(page, "past")) == 11, "the list to have it")
    assert len({tuple(row) for row in table(page, "past")}) == 11 and page.number("missed") == 0
    until(lambda: page.number("received") == 23, "what was missed of a key that is not selected")
    lab.exchange.say(reading("sensor-2", 30, "30.0"))
    until(lambda: values(page)["sensor-2"]["celsius"] == "30.0", "what is new")


def test_of_a_channel_that_keeps_the_latest_nothing_is_missed(lab):
    lab.lab["latest"] = ["readings"]
    start(lab)
    page = opened(lab.browser, lab, query="?channel=readings&symbol=sensor-1")
    until(lambda: points(page) == 1, "the line")
    until_shown(page, *sorted(SENSORS))
    cut(lab, "gateway0")
    until(lambda: "reconnecting" in page.shown("state"), "the loss to be shown")
    for number in range(10, 20):
        lab.exchange.say(reading("sensor-1", number, f"{number}.0"))
    lab.start_gateway()
    until(lambda: values(page)["sensor-1"]["celsius"] == "19.0", "the newest")
    until(lambda: page.shown("resumed").startswith("1×"), "the return")
    assert page.shown("missed") == "not counted"


def test_what_can_not_be_had_again_is_shown_as_missing(lab, page):
    page.do("click", selector="#newest tr:nth-child(2) td")
    until(lambda: points(page) == 1, "the line")
    cut(lab, "gateway0", "cached", "connectord")
    shutil.rmtree(lab.directory / "state")
    lab.exchange.heard.clear()
    lab.start_connectord()
    lab.start_cached()
    lab.start_gateway()
    until(lambda: lab.exchange.heard, "the subscription")
    lab.exchange.say(reading("sensor-1", 10, "10.0"))
    until(lambda: page.shown("missed") == "0 or more", "the page to say that records may be missing")
    lost = "Records may be missing here: the journal was lost"
    until(lambda: lost in [row[0] for row in table(page, "past")], "the place in the list")
    until(lambda: table(page, "past")[0][2] == "10.0", "what is new, above it")


def test_a_source_that_is_lost_is_shown(lab, page):
    lab.processes["connectord"].kill()
    until(lambda: page.shown("state").startswith("Source lost: lab"), "the loss to be shown")
    lab.start_connectord()
    until(lambda: page.shown("state") == "Live", "the return")


def test_a_pause_holds_the_table(lab, page):
    page.press("p")
    assert page.shown("hold") == "Continue"
    held, count = table(page), page.number("received")
    lab.exchange.say(reading("sensor-1", 10, "10.0"))
    until(lambda: page.number("received") > count, "a record behind the pause")
    assert table(page) == held
    page.press("p")
    until(lambda: values(page)["sensor-1"]["celsius"] == "10.0", "the table to go on")


def test_keys_are_narrowed_in_the_table_and_picked_by_the_picker(lab, page):
    page.press("f")
    page.do("type", text="R-1")
    until_shown(page, "sensor-1")
    lab.exchange.say(reading("sensor-2", 10, "10.0"))
    lab.exchange.say(reading("sensor-2", 11, "11.0"))
    lab.exchange.say(reading("sensor-1", 12, "12.0"))
    until(lambda: values(page)["sensor-1"]["celsius"] == "12.0", "what was said last")
    page.press("Escape")
    until(lambda: values(page).get("sensor-2", {}).get("celsius") == "11.0", "the newest of the one that was left")
    until_shown(page, *sorted(SENSORS))
    assert page.number("missed") == 0
    page.press("/")
    page.do("type", text="sensor-3")
    page.press("Enter")
    until(lambda: points(page) == 1, "the line")
    assert address(page) == "?channel=readings&symbol=Sensor-3"
    page.press("t", "End")
    assert page.evaluate("document.activeElement.textContent") == "sensor-2"
    page.press("ArrowUp", "Enter")
    until(lambda: page.shown("detail-title") == "sensor-1", "the key that Enter is pressed on")
    page.press("/")
    page.do("type", text="nope")
    assert page.evaluate("document.getElementById('symbols').textContent") == "No such key"


def test_of_many_keys_the_first_hundred_are_shown_and_more_when_asked(lab, page):
    for number in range(250):
        lab.exchange.say(reading(f"many-{number:03}", number, f"{number}.5"))
    offered(lab, ["many-249"])
    subscriptions = lambda: json.loads(get(f"http://{lab.address('gateway0')}/api/v1/status")[1])["subscriptions"]
    until(lambda: page.shown("shown").startswith("100 of 253 keys"), "the keys to be known")
    until(lambda: len(table(page)) == 100 and subscriptions() == 100, "a hundred")
    page.do("click", selector="#more")
    until(lambda: len([row for row in table(page) if row[1]]) == 200 and subscriptions() == 200, "a hundred more")
    page.press("f")
    page.do("type", text="many-24")
    until_shown(page, *(f"many-{number}" for number in range(240, 250)))
    until(lambda: subscriptions() == 10, "the others to be left")


def test_trades_are_as_ever_and_the_channel_is_chosen_by_keys(lab):
    start(lab)
    page = opened(lab.browser, lab)
    page.until_live()
    page.until_charted()
    assert address(page) == "?symbol=BTC-USD" and hidden(page, "values") and not hidden(page, "channels")
    choose(page, "readings")
    until_shown(page, *sorted(SENSORS))
    assert hidden(page, "trades") and hidden(page, "chart")
    page.evaluate("document.activeElement.blur()")
    choose(page, "trades")
    page.until_live()
    page.until_charted()
    assert address(page) == "?symbol=BTC-USD" and hidden(page, "values") and page.number("missed") == 0
    assert page.rows()[0][4] == "blockchain"


def test_a_channel_that_nobody_has_gives_way_to_trades(lab):
    start(lab)
    page = opened(lab.browser, lab, query="?channel=ticker")
    page.until_live()
    assert address(page) == "?symbol=BTC-USD"


def test_where_the_gateway_allows_few_subscriptions_there_are_as_many_rows(lab):
    lab.config["gatewayd"]["subscriptions"] = 2
    start(lab)
    page = opened(lab.browser, lab, query="?channel=readings")
    until(lambda: page.shown("shown").startswith("2 of 3 keys, and the gateway allows no more"), "the page to say so")
    until_shown(page, "Sensor-3", "sensor-1")
    page.press("/")
    page.do("type", text="sensor-2")
    page.press("Enter")
    until(lambda: points(page) == 1, "the line")
    until_shown(page, "Sensor-3")
    lab.exchange.say(reading("sensor-2", 10, "10.0"))
    until(lambda: points(page) == 2, "a record of the one that is selected")


def test_where_there_are_only_trades_there_is_no_channel_to_choose(pipeline, browser):
    page = opened(browser, pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--rate", 50))
    page.until_live()
    assert hidden(page, "channels")


def test_a_source_of_records_alone_is_shown_though_nothing_names_it(lab):
    lab.config["connectord"]["sources"] = [lab.lab]
    lab.start_connectord()
    lab.start_cached()
    lab.start_gateway()
    lab.wait_ready("connectord_http", "cached_http", "gateway0")
    until(lambda: lab.exchange.heard, "the subscription")
    page = opened(lab.browser, lab)
    until(lambda: page.shown("empty") == "Waiting for the first record", "the word")
    lab.exchange.say(reading("sensor-1", 1, "21.50"))
    until_shown(page, "sensor-1")


def test_without_the_charting_library_there_is_all_but_the_line(lab):
    start(lab)
    page = opened(lab.browser, lab, query="?channel=readings&symbol=sensor-1", empty="**/charts.js")
    until(lambda: table(page, "past") and values(page)["sensor-1"]["celsius"] == "21.50", "the records")
    assert hidden(page, "plot")


PHONE = {"width": 360, "height": 740, "phone": True}


@pytest.mark.parametrize("how", [{}, {"dark": True}, PHONE], ids=["light", "dark", "phone"])
def test_it_fits_the_screen_and_axe_finds_nothing_serious(lab, how):
    start(lab)
    page = opened(lab.browser, lab, query="?channel=readings&symbol=sensor-1", **how)
    until(lambda: points(page) == 1, "the line")
    until_shown(page, *sorted(SENSORS))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [found for found in page.do("axe") if found["impact"] in ("serious", "critical")] == []


FOCUSED = """(() => { const e = document.activeElement, { outlineStyle, outlineWidth } = getComputedStyle(e);
    return [e.id || (e.closest('#newest') ? 'key' : e.tagName), outlineStyle !== 'none' && parseFloat(outlineWidth) > 0] })()"""


def test_it_can_be_used_by_the_keyboard_alone(lab, page):
    page.press("t", "Enter")
    until(lambda: points(page) == 1, "the line")
    page = opened(page, lab, query=address(page))
    until(lambda: points(page) == 1, "the line")
    reached = []
    for _ in range(30):
        page.press("Tab")
        at, seen = page.evaluate(FOCUSED)
        if at == "BODY":
            break
        assert seen, f"the focus on {at} can't be seen"
        reached.append(at)
    assert set(reached) >= {"channel", "symbol", "sources", "filter", "hold", "newest", "member", "leave", "plot", "past"}
    assert reached.count("key") == 1
