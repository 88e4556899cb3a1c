"""The connector http: the real process asks a server that answers well."""

import gzip
import itertools
import json
import re
import shutil
import signal
import subprocess

import pytest
from clients import Requester
from cli import dataflow
from pipeline import BIN, ROOT, until
from polled import MAPPING, PAGED, certificates, jsoned, polled, trade, trades  # noqa: F401
from web_source import WebSource


def test_records_come_once_digit_for_digit_and_in_order(polled):
    now = {"trades": trades(1, 2, 3)}
    with WebSource(lambda *_: jsoned(now["trades"])) as web, polled(web.url) as source:
        source.has(1, 2, 3)
        asked = web.count()
        until(lambda: web.count() > asked + 3, "more polls")
        now["trades"] = trades(2, 3, 4, 5)
        source.has(1, 2, 3, 4, 5)
        first = source.replay.all("trade.BTC-USD.polled")[0]
        assert (str(first["price"]), str(first["qty"]), first["side"]) == ("1.50", "0.100", "buy")
        assert (source.value("received"), source.value("duplicates")) == (5, 0), "what was had is left out before the journal"


def test_what_changed_under_an_id_is_another_record(polled):
    now = {"trades": trades(1)}
    with WebSource(lambda *_: jsoned(now["trades"])) as web, polled(web.url) as source:
        source.has(1)
        now["trades"] = [trade(1, p="9.99")]
        until(lambda: [str(entry["price"]) for entry in source.replay.all("trade.BTC-USD.polled")] == ["1.50", "9.99"], "the other trade of the id")


def test_newest_first_is_turned_round_over_all_pages_and_ends_where_it_was(polled):
    now = {"last": 9}

    def answer(path, *_):
        page = int(path.partition("page=")[2] or 0)
        newest = now["last"] - 3 * page
        numbers = [number for number in range(newest, newest - 3, -1) if number > 0]
        following = f"/trades?page={page + 1}" if newest > 3 else None
        return jsoned({"data": trades(*numbers), "next": following})

    with WebSource(answer) as web, polled(f"{web.url}/trades", {"next": "/next", "newest_first": True}, PAGED) as source:
        source.has(*range(1, 10))
        polls = web.count("/trades?page=2")
        now["last"] = 11
        source.has(*range(1, 12))
        until(lambda: web.count() > 20, "more polls")
        assert web.count("/trades?page=2") == polls, "pages behind what was known"


@pytest.mark.parametrize("kind", ["relative", "absolute", "cursor"])
def test_pages_are_followed_by_url_or_cursor(polled, kind):
    def answer(path, *_):
        page = int(re.search(r"after=c(\d+)", path)[1]) if "after=" in path else 0
        assert "x=1" in path
        following = {"relative": f"?x=1&after=c{page + 1}", "absolute": f"{web.url}/t?x=1&after=c{page + 1}", "cursor": f"c{page + 1}"}[kind]
        return jsoned({"data": trades(2 * page + 1, 2 * page + 2), "more": {"next": following if page < 3 else None}})

    rule = {"cursor": "/more/next", "parameter": "after"} if kind == "cursor" else "/more/next"
    with WebSource(answer) as web, polled(f"{web.url}/t?x=1", {"next": rule}, PAGED) as source:
        source.has(*range(1, 9))


def test_pages_are_bounded_and_that_is_told(polled):
    def answer(path, *_):
        page = int(path.partition("page=")[2] or 0)
        return jsoned({"data": trades(page + 1), "next": f"?page={page + 1}"})

    with WebSource(answer) as web, polled(f"{web.url}/t", {"next": "/next", "pages": 3}, PAGED) as source:
        source.has(1, 2, 3)
        source.connectord.wait_for_line("records may be missing: there is more than is asked")
        assert not web.count("/t?page=3")


@pytest.mark.parametrize("following, reason", [
    ("https://elsewhere.invalid/t", r"next \(/next\): expected a URL of the same scheme and host, found one of elsewhere.invalid:443"),
    ("ftp://127.0.0.1/", r"next \(/next\): expected a URL, found ftp:"),
    ("?page=1", None), (["x"], r"next \(/next\): expected a text, found"),
    ("/t", r"next \(/next\): expected another page, found the same again")])
def test_a_next_page_that_leads_elsewhere_is_not_followed(polled, following, reason):
    def answer(path, *_):
        return jsoned({"data": trades(1, 2), "next": following if "page" not in path else None})

    with WebSource(answer) as web, polled(f"{web.url}/t", {"next": "/next", "headers": {"X-Key": "hidden-word"}}, PAGED) as source:
        source.has(1, 2)
        if reason:
            source.connectord.wait_for_line(reason)
        assert "hidden-word" not in source.connectord.log()


@pytest.mark.parametrize("rule, wanted", [({"parameter": "after", "from": "id"}, "after=3"),
                                          ({"parameter": "since", "from": "time", "unit": "ms"}, "since=1762794000003"),
                                          ({"parameter": "since", "from": "time"}, "since=2025-11-10T17%3A00%3A00.003Z")])
def test_since_carries_what_was_had_last(polled, rule, wanted):
    def answer(path, *_):
        if wanted in path:
            return jsoned(trades(3, 4))
        return jsoned(trades(1, 2, 3)) if "?" not in path else jsoned([])

    with WebSource(answer) as web, polled(f"{web.url}/t", {"since": rule}) as source:
        source.has(1, 2, 3, 4)
        assert web.paths()[0] == "/t" and f"/t?{wanted}" in web.paths()


def test_what_is_known_by_its_etag_is_not_told_again(polled):
    now = {"tag": "a", "trades": trades(1)}
    unchanged = itertools.count()

    def answer(path, headers, number):
        assert (headers["If-Modified-Since"] is None) == (headers["If-None-Match"] is None)
        if headers["If-None-Match"] == f'"{now["tag"]}"':
            next(unchanged)
            return 304, {"ETag": f'"{now["tag"]}"'}, b""
        return jsoned(now["trades"], ETag=f'"{now["tag"]}"', **{"Last-Modified": "Mon, 10 Nov 2025 17:00:00 GMT"})

    with WebSource(answer) as web, polled(web.url) as source:
        source.has(1)
        until(lambda: next(unchanged) > 5, "304")
        now.update(trades=trades(1, 2), tag="b")
        source.has(1, 2)
        assert "malformed" not in source.connectord.log() and "lost" not in source.connectord.log()


def test_what_has_no_etag_is_known_by_when_it_was_modified(polled):
    now = {"modified": "Mon, 10 Nov 2025 17:00:00 GMT", "trades": trades(1)}
    unchanged = itertools.count()

    def answer(path, headers, number):
        assert headers["If-None-Match"] is None
        if headers["If-Modified-Since"] == now["modified"]:
            next(unchanged)
            return 304, {}, b""
        return jsoned(now["trades"], **{"Last-Modified": now["modified"]})

    with WebSource(answer) as web, polled(web.url) as source:
        until(lambda: next(unchanged) > 5, "304")
        now.update(trades=trades(1, 2), modified="Mon, 10 Nov 2025 17:00:01 GMT")
        source.has(1, 2)
        assert "lost" not in source.connectord.log()


HTTP2 = """
const [certificate, key, body] = process.argv.slice(1), fs = require("fs");
let sessions = 0;
const server = require("http2").createSecureServer({cert: fs.readFileSync(certificate), key: fs.readFileSync(key)});
server.on("session", () => sessions++);
server.on("stream", (stream, headers) => {
    stream.respond({":status": 200, "content-type": "application/json", "x-sessions": sessions});
    stream.end(headers[":path"] === "/sessions" ? String(sessions) : body);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
"""


def test_http2_is_spoken_where_there_is_nothing_else_over_one_connection(polled, certificates):
    node = shutil.which("node")
    if not node:
        pytest.skip("node is not installed")
    certificate, key = certificates("exchange")
    server = subprocess.Popen([node, "-e", HTTP2, certificate, key, json.dumps([{**trade(1), "s": ""}])], stdout=subprocess.PIPE, text=True)
    try:
        url, symbols = f"https://localhost:{int(server.stdout.readline())}", [f"A{number}-USD" for number in range(5)]
        with polled(f"{url}/${{native}}", mapping={**MAPPING, "symbol": {"value": ""}}, symbols=symbols, ca=certificate) as source:
            for symbol in symbols:
                source.has(1, symbol=symbol)
            asked = subprocess.run(["curl", "-s", "--http2", "--cacert", certificate, f"{url}/sessions"], capture_output=True, text=True, check=True)
            assert int(asked.stdout) == 2, "connectord's connection, and curl's"
    finally:
        server.kill()
        server.wait()


def test_gzip_is_unpacked(polled):
    packed = gzip.compress(json.dumps(trades(1, 2)).encode())
    with WebSource(lambda *_: (200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, packed)) as web, polled(web.url) as source:
        source.has(1, 2)
        assert "gzip" in web.asked[0][1]["Accept-Encoding"]


def test_ndjson_is_a_record_a_line_and_a_bad_line_costs_itself(polled):
    lines = [json.dumps(trade(1)), "", "nonsense", json.dumps(trade(2)) + "\r", json.dumps(trade(3))[:-5]]
    mapping = {name: value for name, value in MAPPING.items() if name != "each"}
    with WebSource(lambda *_: (200, {"Content-Type": "application/x-ndjson"}, "\n".join(lines).encode())) as web, polled(web.url, mapping=mapping) as source:
        source.has(1, 2)
        source.connectord.wait_for_line("malformed.*expected JSON.*nonsense")


def test_csv_is_read_by_the_names_of_its_columns(polled):
    rows = ["s,i,t,p,q,d,note"] + [",".join([*trade(number).values(), note]) for number, note in
                                   ((1, '"a, b"'), (2, '"a ""b""\r\nc"'), (3, "a,too many"), (4, ""))]
    mapping = {name: value for name, value in MAPPING.items() if name != "each"}
    with WebSource(lambda *_: (200, {"Content-Type": "text/csv; charset=utf-8"}, ("\r\n".join(rows) + "\r\n").encode())) as web, \
            polled(web.url, mapping=mapping) as source:
        source.has(1, 2, 4)
        source.connectord.wait_for_line("malformed.*line 5: expected 7 columns, found 8")


def test_the_wanted_format_goes_before_the_content_type(polled):
    with WebSource(lambda *_: (200, {"Content-Type": "text/html"}, json.dumps(trades(1)).encode())) as web, polled(web.url, {"format": "json"}) as source:
        source.has(1)


def test_headers_come_from_texts_tokens_and_files(polled, tmp_path):
    (tmp_path / "key").write_text("file-word\n")
    headers = {"X-Plain": "a b", "X-Token": "Key ${token}", "Authorization": {"file": str(tmp_path / "key"), "prefix": "Bearer "}}
    with WebSource(lambda *_: jsoned(trades(1))) as web, polled(web.url, {"headers": headers}, token="token-word") as source:
        source.has(1)
        sent = web.asked[0][1]
        assert (sent["X-Plain"], sent["X-Token"], sent["Authorization"]) == ("a b", "Key token-word", "Bearer file-word")
        assert "-word" not in source.connectord.log()


def test_a_header_of_a_file_that_is_not_there_is_named_and_read_when_it_is(polled, tmp_path):
    path = tmp_path / "key"
    with WebSource(lambda *_: jsoned(trades(1))) as web, polled(web.url, {"headers": {"Authorization": {"file": str(path)}}}) as source:
        source.connectord.wait_for_line(f"source: lost.*header Authorization: {path}: No such file")
        path.write_text("word\nanother")
        source.connectord.wait_for_line("header Authorization: .*expected one line")
        assert web.count() == 0
        path.write_text("word")
        source.has(1)


def by_symbol(path, *_):
    """Answers for a symbol's own URL; there is no such thing as NO-NO."""
    symbol = path.strip("/").partition("?")[0]
    if symbol == "nono":
        return jsoned({"message": "NotFound"}, 404)
    return jsoned([{**trade(number), "s": "ignored"} for number in ((1, 2) if symbol == "btcusd" else (7, 8, 9))])


def test_two_symbols_have_a_url_each_and_one_that_is_refused_costs_only_itself(polled):
    mapping = {**MAPPING, "symbol": {"value": ""}}
    with WebSource(by_symbol) as web, polled(f"{web.url}/${{native}}?k=${{token}}", {"native": "${base:lower}${quote:lower}"}, mapping,
                                             ("NO-NO", "BTC-USD", "ETH-USD"), token="a&b") as source:
        source.has(1, 2)
        source.has(7, 8, 9, symbol="ETH-USD")
        source.connectord.wait_for_line("source: rejected.*symbol=NO-NO.*404 Not Found")
        assert "source: lost" not in source.connectord.log()
        assert {"/btcusd?k=a%26b", "/ethusd?k=a%26b", "/nono?k=a%26b"} == set(web.paths())
        assert "a&b" not in source.connectord.log()


def test_symbols_that_share_a_url_are_told_apart(polled):
    with WebSource(lambda *_: jsoned(trades(1) + trades(2, symbol="ETH-USD") + trades(3, symbol="ZZZ-USD"))) as web, \
            polled(web.url, symbols=("BTC-USD", "ETH-USD")) as source:
        source.has(1)
        source.has(2, symbol="ETH-USD")
        assert source.ids("ZZZ-USD") == []


def test_after_a_loss_and_after_a_restart_of_the_source_each_record_is_there_once(polled):
    now = {"trades": trades(1, 2), "bad": False}
    with WebSource(lambda *_: (500, {}, b"") if now["bad"] else jsoned(now["trades"])) as web, polled(web.url) as source:
        source.has(1, 2)
        now["bad"] = True
        source.connectord.wait_for_line("source: lost.*500")
        now.update(bad=False, trades=trades(1, 2, 3))
        source.has(1, 2, 3)
        assert source.value("duplicates") == 0
        source.path.write_text(source.path.read_text().replace('"every_ms": 100', '"every_ms": 150'))
        source.connectord.popen.send_signal(signal.SIGHUP)
        now["trades"] = trades(1, 2, 3, 4)
        source.has(1, 2, 3, 4)
        asked = web.count()
        until(lambda: web.count() > asked + 3, "more polls")
        source.has(1, 2, 3, 4)


def test_a_large_answer_is_given_on_whole(polled):
    with WebSource(lambda *_: jsoned(trades(*range(1, 20001)))) as web, polled(web.url) as source:
        until(lambda: len(source.ids()) == 20000, "20,000 trades")
        source.has(*range(1, 20001))


READINGS = {"each": "", "channel": "readings", "key": "/s", "timestamp": "/t", "data": "/v"}


def reading(sensor, number, **values):
    return {"s": sensor, "i": str(number), "t": trade(number)["t"], "v": values or {"celsius": number}}


def readings(source, key):
    topic = f"readings.{key}.polled"
    topics = {stream["topic"] for stream in source.replay.ask(op="streams")["streams"]}
    return [(entry.get("id"), entry["data"]) for entry in source.replay.all(topic)] if topic in topics else []


@pytest.mark.parametrize("known", ["by id", "by time"])
def test_records_of_any_channel_come_once(polled, known):
    now = {"readings": [reading("a", 1), reading("b", 1), reading("a", 2, note="x \" y")]}
    mapping = {**READINGS, "id": "/i"} if known == "by id" else READINGS
    ids = ["1", "2", "3"] if known == "by id" else [None] * 3
    with WebSource(lambda *_: jsoned(now["readings"])) as web, polled(web.url, mapping=mapping, symbols=("readings.*",)) as source:
        until(lambda: readings(source, "a") == list(zip(ids, [{"celsius": 1}, {"note": "x \" y"}])), "two readings of a")
        until(lambda: readings(source, "b") == [(ids[0], {"celsius": 1})], "one of b")
        asked = web.count()
        until(lambda: web.count() > asked + 3, "more polls")
        now["readings"] = [reading("a", 2, note="x \" y"), reading("a", 3)]
        until(lambda: [data for _, data in readings(source, "a")] == [{"celsius": 1}, {"note": "x \" y"}, {"celsius": 3}], "a third of a")
        assert (source.value("received"), source.value("duplicates")) == (4, 0)


def test_keys_of_a_channel_have_a_url_each(polled):
    def answer(path, *_):
        return jsoned([reading("", int(path[-1]))]) if path.startswith("/readings/sensor-") else jsoned({}, 404)

    with WebSource(answer) as web, polled(f"{web.url}/${{channel}}/${{native}}", {"native": "sensor-${key}"}, {**READINGS, "key": {"value": ""}},
                                          ("readings.7", "readings.8")) as source:
        until(lambda: (readings(source, "7"), readings(source, "8")) == ([(None, {"celsius": 7})], [(None, {"celsius": 8})]), "a reading of each")
        assert set(web.paths()) == {"/readings/sensor-7", "/readings/sensor-8"}


def test_the_definition_of_coinbase_exchange_reads_what_its_documentation_shows(polled, pipeline, tmp_path):
    shown = [{"time": "2020-03-20T00:37:02.124Z", "trade_id": 86327328, "price": "6225.33000000", "size": "0.10000000", "side": "buy"},
             {"time": "2020-03-20T00:36:59.860Z", "trade_id": 86327327, "price": "6225.32000000", "size": "0.06469797", "side": "sell"}]
    flow = pipeline()
    with WebSource(lambda *_: jsoned(shown)) as web, Requester(flow.replay) as replay:
        flow.config["connectord"]["sources"] = [{"name": "coinbase", "connector": "http", "url": f"{web.url}/products/${{native}}/trades",
                                                 "definition": str(ROOT / "deploy/sources/coinbase-exchange-rest.json"), "symbols": ["BTC-USD"]}]
        flow.start_connectord()

        def told():
            topics = [stream["topic"] for stream in replay.ask(op="streams")["streams"]]
            return [(entry["tradeId"], entry["side"], str(entry["price"])) for topic in topics for entry in replay.all(topic)]
        until(lambda: told() == [("86327327", "buy", "6225.32000000"), ("86327328", "sell", "6225.33000000")], "two trades, the older first")
        assert web.paths()[0] == "/products/BTC-USD/trades"


def tried(*arguments, code=0):
    ended = dataflow("try", *arguments, DATAFLOW_BIN=str(BIN))
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout


def test_dataflow_try_reads_answers_lines_and_tables(tmp_path):
    rest, body = ROOT / "deploy/sources/coinbase-exchange-rest.json", tmp_path / "answer.json"
    body.write_text(json.dumps([{"time": "2020-03-20T00:36:59.860Z", "trade_id": 7, "price": "6225.3200", "size": "0.06", "side": "sell"}], indent=1))
    (outcome,) = map(json.loads, tried(rest, body, "--json", "--symbols", "BTC-USD").splitlines())
    assert (outcome["symbol"], outcome["side"], outcome["tradeId"]) == ("BTC-USD", "buy", "7")
    definition = json.loads(rest.read_text())
    definition["mapping"]["tests"] = [json.loads(tried(rest, body, "--record", "--symbols", "BTC-USD").rstrip().rstrip(","))]
    again = tmp_path / "again.json"
    again.write_text(json.dumps(definition))
    tried(again)
    table, rows = tmp_path / "table.json", tmp_path / "rows.csv"
    table.write_text(json.dumps({"http": {"format": "csv"}, "mapping": {name: value for name, value in MAPPING.items() if name != "each"}}))
    rows.write_text("\n".join(["s,i,t,p,q,d", ",".join(trade(1).values()), "", "too,few", ",".join(trade(2).values())]))
    found = [json.loads(line) for line in tried(table, rows, "--json", code=1).splitlines()]
    assert [(outcome["line"], outcome["is"]) for outcome in found] == [(2, "record"), (4, "fault"), (5, "record")]
    assert found[1]["reason"] == "line 4: expected 6 columns, found 2"
