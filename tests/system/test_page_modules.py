"""Parts of the page on their own, in a real browser: what they make of what they are given."""

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
