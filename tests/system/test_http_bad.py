"""The connector http: the real process asks a server that answers badly, and is configured badly."""

import gzip
import json
import subprocess
from datetime import datetime

import pytest
from pipeline import BIN, PATIENCE, ROOT, until
from polled import MAPPING, certificates, jsoned, polled, trade, trades  # noqa: F401
from web_source import WebSource


@pytest.mark.parametrize("status", [429, 503])
def test_a_source_that_asks_to_wait_is_left_alone_for_so_long_and_not_lost(polled, status):
    moments = []

    def answer(path, headers, number):
        moments.append(datetime.now())
        return (status, {"Retry-After": "2"}, b"slow down") if number == 2 else jsoned(trades(*range(1, number + 2)))

    with WebSource(answer) as web, polled(web.url) as source:
        source.connectord.wait_for_line(f"the source asks to wait.*{status}.*wait_ms=2000")
        until(lambda: len(moments) > 5, "polls behind the wait")
        assert (moments[3] - moments[2]).total_seconds() >= 1.9
        until(lambda: len(source.ids()) > 3, "trades behind the wait")
        assert "source: lost" not in source.connectord.log()


def test_a_source_that_asks_to_wait_again_and_again_is_lost(polled):
    with WebSource(lambda path, headers, number: jsoned(trades(1)) if number == 0 else (429, {"Retry-After": "1"}, b"")) as web, polled(web.url) as source:
        source.has(1)
        source.connectord.wait_for_line("source: lost.*429 Too Many Requests")


BAD = {
    "html": (lambda: (200, {"Content-Type": "text/html"}, b"<html>Sign in</html>"), "malformed.*expected JSON, NDJSON or CSV, found text/html"),
    "html that says it is json": (lambda: (200, {"Content-Type": "application/json"}, b"<html>Sign in</html>"), "malformed.*expected JSON, found something else"),
    "nothing": (lambda: (200, {"Content-Type": "application/json"}, b""), "malformed.*expected JSON, found an empty body"),
    "cut off": (lambda: (200, {"Content-Type": "application/json", "Content-Length": "500"}, b'[{"s":"BTC-'), "lost.*127.0.0.1:.*expected an answer, found: .*closed"),
    "100 MB": (lambda: (200, {"Content-Type": "application/json"}, (b" " * (1 << 20) for _ in range(100))), "malformed.*expected at most 16777216 bytes, found more"),
    "gzip bomb": (lambda: (200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, gzip.compress(b" " * (100 << 20))),
                  "malformed.*expected at most 16777216 bytes, found more"),
    "broken gzip": (lambda: (200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"\x1f\x8bnonsense" * 10), "lost.*expected an answer, found: "),
    "redirect loop": (lambda: (302, {"Location": "/again"}, b""), "lost.*expected at most 5 redirects, found more"),
    "redirect to a file": (lambda: (302, {"Location": "file:///etc/passwd"}, b""), "lost.*expected a redirect to an http:// or https:// URL"),
    "500": (lambda: (500, {}, b"oops"), "lost.*500 Internal Server Error"),
    "401": (lambda: (401, {}, b""), "lost.*401 Unauthorized"),
    "another object": (lambda: jsoned({"error": "maintenance"}), r"malformed.*each \(\): expected an array"),
    "deep": (lambda: (200, {"Content-Type": "application/json"}, b"[" * 100000), "malformed.*expected JSON, found something else"),
}


@pytest.mark.parametrize("bad", BAD)
def test_what_is_bad_is_named_and_the_next_poll_is_good(polled, bad):
    made, reason = BAD[bad]

    def answer(path, headers, number):
        return made() if 1 <= number <= 1 + 6 * (bad == "redirect loop") else jsoned(trades(*range(1, 2 + (number > 0))))

    with WebSource(answer) as web, polled(web.url) as source:
        source.connectord.wait_for_line(reason)
        source.has(1, 2)


def test_a_source_that_is_bad_from_the_start_is_asked_again(polled):
    with WebSource(lambda path, headers, number: (500, {}, b"") if number < 3 else jsoned(trades(1))) as web, polled(web.url) as source:
        source.connectord.wait_for_line("source: lost.*500 Internal Server Error")
        source.has(1)


def test_a_record_that_is_bad_costs_only_itself(polled):
    with WebSource(lambda *_: jsoned([trade(1), trade(2, p="much"), trade(3)])) as web, polled(web.url) as source:
        source.has(1, 3)
        source.connectord.wait_for_line(r"malformed.*price \(/p\): expected a number, found much")


def test_https_is_asked_where_the_certificate_is_known(polled, certificates):
    pair = certificates("exchange")
    with WebSource(lambda *_: jsoned(trades(1, 2)), pair) as web, polled(web.url, ca=pair[0]) as source:
        source.has(1, 2)


def test_https_is_refused_where_the_certificate_is_not_known(polled, certificates):
    pair, other = certificates("exchange"), certificates("other")
    with WebSource(lambda *_: jsoned(trades(1)), pair) as web, polled(web.url, ca=other[0]) as source:
        source.connectord.wait_for_line("source: lost.*localhost:.*certificate")
        assert source.ids() == [] and web.count() == 0


def test_https_does_not_lead_to_http(polled, certificates):
    pair = certificates("exchange")
    with WebSource(lambda *_: jsoned(trades(1))) as plain, \
            WebSource(lambda *_: (302, {"Location": plain.url}, b""), pair) as web, polled(web.url, ca=pair[0]) as source:
        source.connectord.wait_for_line("source: lost.*expected a redirect to https://, found one to http://")
        assert plain.count() == 0


@pytest.mark.parametrize("http, url, mistake", [
    ({"every_ms": 5}, "http://h/", "http.every_ms: expected 100 to 86400000, found 5"),
    ({"pages": 0}, "http://h/", "http.pages: expected 1 to 100, found 0"),
    ({"next": "x"}, "http://h/", "http.next: expected"),
    ({"next": {"cursor": "/x"}}, "http://h/", "http.next: expected a JSON Pointer, or cursor and parameter"),
    ({"format": "xml"}, "http://h/", "http.format: expected json, ndjson or csv, found \"xml\""),
    ({"since": {"from": "id"}}, "http://h/", "http.since: expected parameter and from"),
    ({"headers": {"A b": "c"}}, "http://h/", "http.headers: expected a header's name, found A b"),
    ({"headers": {"A": "b\nC: d"}}, "http://h/", "http.headers.A: expected no control characters"),
    ({"headers": {"A": "${native}"}}, "http://h/", "http.headers.A: expected nothing but ${token} in a header"),
    ({"nxt": "/x"}, "http://h/", "http: expected url, native, every_ms, headers, format, next, pages, newest_first or since, found nxt"),
    ({}, "http://h/${nativ}", "url: expected native, symbol, key, channel, base, quote or token in ${}, found nativ"),
    ({}, "ws://h/", "url: expected http:// or https://, found ws://h/"),
    ({}, "", "url: expected a URL here or in the definition"),
])
def test_a_mistake_is_told_by_check(pipeline, tmp_path, http, url, mistake):
    flow, path = pipeline(), tmp_path / "polled.json"
    path.write_text(json.dumps({"http": http, "mapping": MAPPING}))
    flow.config["connectord"]["sources"] = [{"name": "polled", "connector": "http", "url": url, "definition": str(path), "symbols": ["A-B"]}]
    ended = subprocess.run([BIN / "connectord", "--config", flow.write_config(), "--check"], capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 1 and mistake in ended.stderr, ended.stderr


@pytest.mark.parametrize("connector", ["blockchain", "websocket"])
def test_a_url_of_http_is_none_for_a_websocket(pipeline, connector):
    flow = pipeline()
    flow.config["connectord"]["sources"] = [{"name": "x", "connector": connector, "url": "https://h/secret", "symbols": ["A-B"],
                                             "definition": str(ROOT / "deploy/sources/okx.json")}]
    ended = subprocess.run([BIN / "connectord", "--config", flow.write_config(), "--check"], capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 1 and "connectord.sources.0.url: expected ws:// or wss://, found https:" in ended.stderr and "secret" not in ended.stderr
