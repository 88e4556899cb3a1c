"""The page's strip of coverage below the chart, and what it says was missed upstream. What gatewayd answers and tells of it is told by the test."""

import asyncio
import datetime
import time

import pytest
from clients import Client
from page import browser, chromium, cut, flow, opened, page  # noqa: F401 (fixtures)
from pipeline import until
from two_sources import exchanges, two  # noqa: F401 (fixtures)


def at(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat().replace("+00:00", "Z")


class Told:
    """What getCoverage is to answer: intervals from `begin`, in s since 1970."""

    def __init__(self, begin):
        self.begin, self.intervals = begin, []

    def add(self, source, state, start, end, **numbers):
        to = None if end is None else at(self.begin + end)
        self.intervals.append({"source": source, "state": state, "from": at(self.begin + start), "to": to, **numbers})
        return self

    @property
    def answer(self):
        return {"getCoverage": {"result": {"ok": True, "coverage": self.intervals, "oldest": {}}}}


def pieces(page, source="blockchain"):
    """[(state, left, width, label)] from left to right, in px of the chart."""
    found = page.evaluate(f"""[...document.querySelectorAll('[aria-label="Coverage of {source}"] button')].map((piece) =>
        [piece.dataset.state, parseFloat(piece.style.left), parseFloat(piece.style.width), piece.getAttribute('aria-label')])""")
    return sorted(map(tuple, found), key=lambda piece: piece[1])


def states(page, source="blockchain"):
    return [state for state, *_ in pieces(page, source)]


def candles(page):
    return page.evaluate("Number(document.getElementById('frame').dataset.candles)")


@pytest.fixture
def covered(flow, browser):
    """A page by the second, with some seconds of candles, and all states below them."""
    begin = int(time.time())
    told = Told(begin)
    told.add("blockchain", "live", -600, 1).add("blockchain", "unknown", 1, 2)
    told.add("blockchain", "backfilled", 2, 3, trades=1234, first="1-1", last="1-1234").add("blockchain", "proved", 3, 4, trades=5, volume="1.250")
    told.add("blockchain", "short", 4, 5, missing=2, missing_volume="0.015").add("blockchain", "hole", 5, 6.5, missing=17, first_id="5", last_id="21")
    told.add("blockchain", "live", 6.5, None)
    page = opened(browser, flow, answering=told.answer)
    page.until_live(50)
    page.press("1")
    until(lambda: candles(page) > 8, "candles")
    page.told = told
    return page


def test_every_state_has_its_piece_and_moves_with_the_chart(covered):
    order = ["live", "unknown", "backfilled", "proved", "short", "hole", "live"]
    until(lambda: states(covered) == order, "all pieces")
    covered.press("c")
    widths = lambda: [width for _, _, width, _ in pieces(covered)][1:6]
    before = widths()
    assert all(6 <= width <= 14 for width in before), before  # a bar has 8 px
    covered.evaluate("for (let i = 0; i < 4; i++) document.getElementById('frame').dispatchEvent(new KeyboardEvent('keydown', { key: '+' }))")  # in one frame
    until(lambda: all(wide > width * 1.3 for wide, width in zip(widths(), before)), "pieces to zoom")
    left = pieces(covered)[-1][1]
    covered.press("ArrowLeft")
    until(lambda: pieces(covered)[-1][1] > left + 20, "pieces to move")


def test_a_piece_stands_below_the_candle_of_its_time(covered):
    until(lambda: "proved" in states(covered), "the pieces")
    covered.do("click", selector="#pause")
    prices = {candle["start"][:19]: [candle[name] for name in ("open", "high", "low", "close")] for candle in history_candles(covered.flow)}
    expected = prices[at(covered.told.begin + 3)[:19]]
    legend = "[...document.querySelectorAll('#legend dd')].slice(0, 4).map((cell) => cell.textContent)"

    def pointed():
        covered.do("point", at=covered.evaluate("""(() => { const { left, width } = document.querySelector('#coverage button[data-state=proved]').getBoundingClientRect();
            return [left + width / 2, document.getElementById('frame').getBoundingClientRect().top + 50] })()"""))
        return covered.evaluate(legend) == expected
    until(pointed, "the legend to tell the candle above")


def history_candles(flow):
    async def ask():
        async with Client(flow.url()) as client:
            return (await client.call("getCandles", symbol="BTC-USD", interval="1s", count=100))["candles"]
    return asyncio.run(ask())


def test_what_is_pointed_at_or_has_the_focus_is_told_exactly(covered):
    until(lambda: "hole" in states(covered), "the hole")
    told = "document.querySelector('#coverage [role=tooltip]:not([hidden])')?.textContent ?? ''"
    hover = lambda: covered.do("hover", selector="#coverage button[data-state=hole]")  # again and again: it moves as time passes
    hole = f"blockchain: hole. {plain(covered.told.begin + 5)} to {plain(covered.told.begin + 6.5)} UTC (1.5 s). 17 trades missing, ids 5 to 21"
    until(lambda: hover() or covered.evaluate(told) == hole, "the tip")
    covered.do("hover", selector="h1")  # or what moves below it would be told again
    covered.press("c", "Tab")
    until(lambda: covered.evaluate(told).startswith("blockchain: live."), "the newest piece to have the focus")
    seen = []
    for _ in range(5):
        covered.press("ArrowLeft")
        seen.append(covered.evaluate(told))
    assert seen[1].endswith("2 trades missing, volume 0.015") and seen[2].endswith("5 trades, volume 1.250: as the exchange's own candles")
    assert "1,234 trades" in seen[3] and seen[4].startswith("blockchain: unknown.")
    covered.press("Escape")
    assert covered.evaluate(told) == ""


def plain(seconds):
    return at(seconds).replace("T", " ").removesuffix("Z")


@pytest.mark.parametrize("how", [{}, {"dark": True}, {"width": 400, "height": 800, "phone": True}], ids=["light", "dark", "phone"])
def test_the_strip_can_be_read_by_all(flow, browser, how):
    page = opened(browser, flow, answering=Told(time.time()).add("blockchain", "live", -60, -5).add("blockchain", "hole", -5, None, missing=1).answer, **how)
    page.until_live()
    until(lambda: "hole" in states(page), "the strip")
    assert [found for found in page.do("axe") if found["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    patterns = page.evaluate("[...document.querySelectorAll('.states li')].map((item) => getComputedStyle(item, '::before').backgroundImage)")
    shapes = {"".join(c for c in pattern if not c.isdigit()) for pattern in patterns}
    assert len(patterns) == 6 and len(shapes) >= 5, "patterns that differ by more than their colours"


def test_the_lane_of_a_source_that_is_picked_stands_alone(two, browser):
    told = Told(time.time()).add("alpha", "live", -60, None).add("beta", "live", -60, None)
    page = opened(browser, two, answering=told.answer)
    page.until_live()
    lanes = lambda: page.evaluate("[...document.querySelectorAll('.lane span')].map((label) => label.textContent)")
    until(lambda: lanes() == ["alpha", "beta"], "a lane a source")
    page.do("click", selector="#compare tr[data-source=beta]")
    until(lambda: lanes() == ["beta"], "the lane of one")
    page.press("a")
    until(lambda: lanes() == ["alpha", "beta"], "both again")


def test_more_is_asked_for_when_more_is_in_sight_or_something_happens(covered):
    asked = lambda: covered.do("asked", method="getCoverage")
    until(asked, "the first question")
    first = asked()[0]
    covered.press("5")
    older = lambda: [question for question in asked() if "beforeTimestamp" in question]
    until(older, "what is before")
    assert older()[0]["afterTimestamp"] < first["afterTimestamp"] <= older()[0]["beforeTimestamp"]
    count = len(asked())
    covered.do("tell", method="connection.restored", params={"source": "blockchain", "since": at(time.time()), "staleness": 1.5, "missed": 0})
    until(lambda: any("beforeTimestamp" not in question for question in asked()[count:]), "the newest part")


def test_an_older_gateway_has_no_strip_and_the_page_no_complaint(flow, browser):
    page = opened(browser, flow, answering={"getCoverage": {"error": {"code": -32601, "message": "Method not found"}}})
    page.until_live(300)
    page.until_charted()
    asked = lambda: len(page.do("asked", method="getCoverage"))
    until(asked, "it to be asked for")
    go_on = lambda count: until(lambda: page.number("received") > count + 250, "trades to go on")
    go_on(page.number("received"))
    before = asked()  # more than once, where the first answer took its time
    page.press("5")
    go_on(page.number("received"))
    assert asked() == before, "the answer is taken as one"
    assert page.evaluate("document.getElementById('coverage').hidden") and page.shown("state") == "Live" and page.shown("missed") == "0"


def missed(page):
    return page.evaluate("[...document.querySelectorAll('#missed, #upstream')].filter((part) => !part.hidden).map((part) => part.textContent).join(', ')")


def gap(page, missing, start, end):
    upstream = {"from": at(start), "to": at(end)}
    params = {"channel": "trades", "symbol": "BTC-USD", "source": "blockchain", "from": "1-5", "to": "1-5", "missing": missing, "upstream": upstream}
    page.do("tell", method="trades.gap", params=params)


def test_holes_upstream_are_counted_once_and_until_they_are_filled(flow, browser):
    now = time.time()
    told = lambda: Told(now).add("blockchain", "hole", -60, -50, missing=99).add("blockchain", "live", -50, 1)
    page = opened(browser, flow, answering=told().add("blockchain", "live", 1, None).answer)
    page.until_live(50)
    assert missed(page) == "0", "what was missed before the page was opened is not the page's"
    flow.tell_simulator("/control/pause")
    start = time.time()  # at the end of the chart, which is in sight
    until(lambda: page.shown("when").endswith(" s ago"), "the last trade on its way")
    gap(page, 17, start, start + 2)
    until(lambda: missed(page) == "17 upstream", "the gap")
    until(lambda: f"17 trades of blockchain never came: {at(start)[11:23]} to {at(start + 2)[11:23]}" in page.evaluate("document.getElementById('rows').innerText"), "its place")
    page.do("answer", answers=told().add("blockchain", "hole", start - now, start - now + 2, missing=17).add("blockchain", "live", start - now + 2, None).answer)
    count = len(page.do("asked", method="getCoverage"))
    gap(page, 17, start, start + 2)
    until(lambda: len(page.do("asked", method="getCoverage")) > count and states(page).count("hole") == 2, "the hole")
    assert missed(page) == "17 upstream"
    gap(page, None, start + 10, start + 20)
    until(lambda: missed(page) == "17 and unknown, 10 s upstream", "one of which nobody knows how many")
    filled = told().add("blockchain", "backfilled", start - now, start - now + 20, trades=1234)
    page.do("answer", answers=filled.answer)
    page.do("tell", method="connection.restored", params={"source": "blockchain", "since": at(time.time()), "staleness": 1.5, "missed": 0})
    until(lambda: missed(page) == "0" and page.shown("backfilled") == "1,234", "what was backfilled")
    page.do("answer", answers=told().add("blockchain", "proved", start - now, start - now + 20, trades=5000, volume="1").answer)
    page.do("tell", method="connection.restored", params={"source": "blockchain", "since": at(time.time()), "staleness": 1.5, "missed": 0})
    until(lambda: "proved" in states(page), "the proof")
    assert page.shown("backfilled") == "1,234" and not page.evaluate("document.getElementById('backfilled').parentElement.hidden"), "it was backfilled all the same"


def test_a_killed_connectord_does_not_leave_nothing_missed(page):
    """Of an exchange that can't be asked for the past."""
    page.until_live(300)
    page.flow.processes["connectord"].kill()
    until(lambda: page.shown("state").startswith("Exchange lost"), "the loss")
    until(lambda: page.shown("when").endswith(" s ago"), "seconds to pass")
    page.flow.start_connectord()
    until(lambda: missed(page).startswith("unknown, ") and missed(page).endswith(" s upstream"), "what is missed to be said")
    count = page.number("received")
    until(lambda: page.number("received") > count + 100, "trades again")
    assert missed(page) != "0"


# Of the candles whose second ends in 0 or 5.
EVERY_FIFTH_INCOMPLETE = {"getCandles": {"replace": [[r'("start":"[^"]{18}[05][^}]*)\}', r'$1,"complete":false}']]}}


def test_candles_that_lack_trades_are_marked_once_they_have_ended(flow, browser):
    page = opened(browser, flow, answering=Told(time.time()).add("blockchain", "live", -600, None).answer | EVERY_FIFTH_INCOMPLETE)
    page.until_live(50)
    page.press("1")
    until(lambda: candles(page) > 11, "candles")
    until(lambda: page.evaluate("Number(document.getElementById('frame').dataset.incomplete)") >= 2, "those of every fifth second to be marked")
    until(lambda: word_after_pointing(page), "the word of a candle that is pointed at")


def word_after_pointing(page):
    """Wanders from candle to candle, from right to left."""
    wander = """(() => { const frame = document.getElementById('frame'), { left, top, width, height } = frame.getBoundingClientRect();
        window.wandered = ((window.wandered ?? 0) + 6) % width;
        return [left + width - window.wandered, top + height / 3] })()"""
    page.do("point", at=page.evaluate(wander))
    return page.evaluate("!document.getElementById('incomplete').hidden && document.getElementById('incomplete').textContent === 'incomplete'")


# -- without a stand-in

def test_a_hole_is_drawn_and_counted_as_connectord_and_history_tell_it(page):
    """connectord is killed, and the exchange can't be asked for what it traded meanwhile."""
    page.press("1")
    page.until_live(300)
    until(lambda: states(page) == ["live"], "the strip")
    page.flow.processes["connectord"].kill()
    until(lambda: page.shown("state").startswith("Exchange lost"), "the loss")
    until(lambda: page.shown("when") in ("3 s ago", "4 s ago", "5 s ago"), "seconds to pass")
    page.flow.start_connectord()
    until(lambda: states(page) == ["live", "hole", "live"], "the hole")
    _, left, width, told = pieces(page)[1]
    assert width > 16 and "nobody knows how many trades are missing" in told, "it has room, although there is no candle"
    assert missed(page).startswith("unknown, ") and missed(page).endswith(" s upstream")
    until(lambda: page.evaluate("Number(document.getElementById('frame').dataset.incomplete)") >= 2, "the candles at its ends to be marked")
