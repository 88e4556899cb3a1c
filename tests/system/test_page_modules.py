"""Parts of the page on their own, in a real browser: what they make of what they are given."""

import json

import pytest
from page import browser, chromium, opened  # noqa: F401 (fixtures)
from pipeline import get, until


@pytest.fixture
def page(pipeline, browser):
    """It finds no source."""
    flow = pipeline()
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway")
    return opened(browser, flow)


# A client whose next answers are told; what was asked for comes back.
GONE = """import('/records.js').then(async ({ Records }) => {
    const asked = [], told = [], gone = { code: -32602 };
    const answers = [{ cursors: { lab: '1-5' } }, gone, gone, gone, gone, gone, { cursors: { lab: '1-9' } }];
    const call = async (method, params) => {
        asked.push([method, params.since ?? params.count ?? null]);
        const answer = answers.shift();
        return answer.code ? Promise.reject(answer) : answer;
    };
    const settled = () => new Promise((done) => setTimeout(done));
    const again = (act) => act();
    const tell = (name) => (key) => told.push([name, key]);
    const events = { onRecord() {}, onRefused() {}, onJoin: tell('join'), onGone: tell('gone'), onLeave: tell('leave') };
    const records = new Records({ open: true, call, again }, events);
    records.open('readings');
    records.follow(['a']);
    await settled();
    records.rejoin();
    await settled();
    records.follow(['a']);
    await settled();
    return [asked, told];
})"""


def test_a_key_that_was_not_offered_for_a_while_goes_on_from_its_cursor(page):
    asked, told = page.evaluate(GONE)
    assert asked == [["subscribe", 1], *[["subscribe", {"lab": "1-5"}]] * 6]
    assert told == [["join", "a"], ["gone", "a"], ["join", "a"]]


FILLED = """import('/upstream.js').then(({ Upstream }) => {
    const upstream = new Upstream();
    const backfilled = (begin, trades, first) => ({ state: 'backfilled', begin, end: begin + 1, trades, first });
    for (let i = 0; i < 2; i++)
        upstream.count(new Map([['a', [backfilled(1, 5, '7-1'), backfilled(2, 6, '7-9'), backfilled(3, 7), backfilled(4, 8)]]]), 0);
    return upstream.backfilled;
})"""


def test_what_was_backfilled_counts_once_whether_cursors_are_told_or_not(page):
    """They are not to a role that may not see all times."""
    assert page.evaluate(FILLED) == 26


EXACT = """import('/exact.js').then(({ parseExact, members, shown, label }) => {
    const data = parseExact(%s);
    return [...members(data)].map(([path, value]) => [label(path), shown(value), typeof value]);
})"""


@pytest.mark.parametrize("text, expected", [
    ('{"a":1.50,"b":-1E+5,"c":"1.50"}', [["a", "1.50", "object"], ["b", "-1E+5", "object"], ["c", "1.50", "string"]]),
    ('{"a":"\\\\u00012","b":"\\\\u0001","\\\\u0001c":1}',
     [["a", "\x012", "string"], ["b", "\x01", "string"], ["\x01c", "1", "object"]]),
    ('{"s":"\\\\\\\\","t":"\\\\":1","u":{"v":{"w":0.10},"x":null},"y":[],"z":{}}',
     [["s", "\\", "string"], ["t", '":1', "string"], ["u.v", '{"w":0.10}', "object"], ["u.x", "null", "object"],
      ["y", "[]", "object"], ["z", "{}", "object"]]),
], ids=["numbers", "marks", "nested"])
def test_numbers_stay_the_text_that_came(page, text, expected):
    assert page.evaluate(EXACT % f"'{text}'") == expected


@pytest.mark.parametrize("a, b, apart, basis", [
    ("67266.53", "67221.3", "+45.23", "+6.73"), ("0.1", "0.30", "−0.20", "−6666.67"), ("1", "1.000", "0.000", "0.00"), ("100.00005", "100", "+0.00005", "+0.01"),
    ("12345678901234567890.000000001", "12345678901234567890", "+0.000000001", "0.00"), ("1", "0", "+1", None), ("nan", "1", None, None),
], ids=["above", "below", "same", "half", "long", "zero", "word"])
def test_prices_are_compared_digit_for_digit(page, a, b, apart, basis):
    assert page.evaluate(f"import('/decimal.js').then((m) => [m.difference('{a}', '{b}'), m.basisPoints('{a}', '{b}')])") == [apart, basis]


# Intervals as [state, begin, end, missing], in s; the last one may go on.
FOLDED = """import('/coverage.js').then(({ replace }) => {
    const time = (s) => new Date(s * 1000).toISOString();
    const interval = ([state, begin, end, missing]) =>
        ({ state, begin: begin * 1000, end: end === null ? Infinity : end * 1000, from: time(begin), to: end === null ? null : time(end), missing });
    const [known, fresh, begin, end] = %s;
    return replace(known.map(interval), fresh.map(interval), begin * 1000, end === null ? Infinity : end * 1000)
        .map(({ state, from, to, missing }) => [state, Date.parse(from) / 1000, to === null ? null : Date.parse(to) / 1000, missing ?? null]);
})"""


@pytest.mark.parametrize("known, fresh, begin, end, expected", [
    ([], [["live", 1, None]], 0, None, [["live", 1, None, None]]),
    ([["live", 5, None]], [["live", 1, 3], ["hole", 3, 4, 7], ["live", 4, 5]], 0, 5, [["live", 1, 3, None], ["hole", 3, 4, 7], ["live", 4, None, None]]),
    ([["live", 0, 3], ["unknown", 3, None]], [["live", 2, 3], ["hole", 3, 4, 2], ["live", 4, None]], 2, None,
     [["live", 0, 3, None], ["hole", 3, 4, 2], ["live", 4, None, None]]),
    ([["hole", 0, 1, 5], ["live", 1, None]], [["hole", 1, 2, 5], ["live", 2, None]], 1, None, [["hole", 0, 2, 5], ["live", 2, None, None]]),
    ([["hole", 0, 1, 5], ["live", 1, None]], [["hole", 1, 2, 6], ["live", 2, None]], 1, None, [["hole", 0, 1, 5], ["hole", 1, 2, 6], ["live", 2, None, None]]),
], ids=["first", "older", "newer", "cut", "apart"])
def test_what_is_known_of_a_time_is_replaced(page, known, fresh, begin, end, expected):
    assert page.evaluate(FOLDED % json.dumps([known, fresh, begin, end])) == expected


PIECES = """import('/strip.js').then(({ pieces }) => pieces(%s.map(([state, begin, end]) => ({ state, begin, end: end ?? Infinity })), (ms) => ms, 500, 400)
    .map(({ left, right, state, intervals }) => [state, left, right, intervals.length]))"""


@pytest.mark.parametrize("intervals, expected", [
    ([["live", -100, 50], ["hole", 50, 80], ["live", 80, None]], [["live", 0, 50, 1], ["hole", 50, 80, 1], ["live", 80, 400, 1]]),
    ([["live", 0, 50], ["hole", 50, 50.1], ["live", 50.1, None]], [["live", 0, 50, 1], ["hole", 50, 54, 1], ["live", 54, 400, 1]]),
    ([["backfilled", 50, 51], ["hole", 51, 51.1], ["proved", 51.1, 52], ["live", 52, None]], [["hole", 50, 54, 3], ["live", 54, 400, 1]]),
    ([["live", 450, 460], ["hole", 460, 470]], []),
], ids=["wide", "short", "together", "outside"])
def test_what_is_missing_is_seen_however_short_it_was(page, intervals, expected):
    assert page.evaluate(PIECES % json.dumps(intervals)) == expected


def test_times_have_a_place_between_bars(page):
    place = "import('/timeline.js').then((m) => [11, 11.5, 15, 21, 9].map((time) => m.placeOf([10, 11, 12, 20], 1, time)))"
    assert page.evaluate(place) == [0.5, 1, 2.5, 3.5, -1.5]
    assert page.evaluate("import('/timeline.js').then((m) => [-1.5, 0.5, 1, 3.5].map((place) => m.timeAt([10, 11, 12, 20], 1, place)))") == [9, 11, 11.5, 21]


@pytest.mark.parametrize("candles, blanks, expected", [
    ([10, 11, 15], [], []),
    ([10, 11, 15], [{"begin": 12.5, "end": 14}], [12, 13]),
    ([10, 11, 15], [{"begin": 10.5, "end": 30}], [12, 13, 14]),
    ([10, 610], [{"begin": 11, "end": 610}], list(range(11, 610, 10))),
], ids=["quiet", "part", "all", "long"])
def test_a_time_of_which_nobody_knows_has_room_on_the_axis(page, candles, blanks, expected):
    assert page.evaluate(f"import('/timeline.js').then((m) => m.blankTimes({candles}, 1, {json.dumps(blanks)}))") == expected


@pytest.mark.parametrize("status, expected", [
    ({"connected": True, "stale": {}, "backfill": {"A-B": {"missing": 1120, "late": False}}}, ["filling", "backfilling 1,120"]),
    ({"connected": True, "stale": {}, "backfill": {"A-B": {"missing": 3, "late": True}}}, ["filling", "backfilling 3, late"]),
    ({"connected": True, "stale": {"A-B": 3.5}, "backfill": {"C-D": {"missing": 3, "late": True}}}, ["stale", "no trade for 3 s"]),
    ({"connected": True, "stale": {}}, ["up", "connected"]),
], ids=["filling", "late", "other", "up"])
def test_the_state_of_a_source_is_told_in_words(page, status, expected):
    assert page.evaluate(f"import('/sources.js').then((m) => m.judge({json.dumps(status)}, 'A-B'))") == expected
