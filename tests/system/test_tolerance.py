"""Habits of HTTP clients and of those who type, which harm nobody: they are taken as they were meant, at every door and in the same way."""

import argparse
import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from subprocess import PIPE, Popen

import pytest
from cli import MOMENT, dataflow, history, started
from clients import Requester, cursor
from event_source import Events
from node_client import NodeClient
from pipeline import BIN, PATIENCE, ROOT, loads, until
from transports import PythonWebsockets

sys.path.insert(0, str(ROOT / "scripts"))
from dataflow_cli import moment, recording  # noqa: E402

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def get(flow, target, **headers):
    """(status, headers, JSON) of a request whose target goes out as it is."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", flow.port["gateway0"], timeout=PATIENCE)) as connection:
        connection.putrequest("GET", target)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        is_json = "json" in answer.headers["Content-Type"] and body
        return answer.status, answer.headers, loads(body.decode()) if is_json else body.decode() or None


# --- times ---


def forms(stamp):
    """What people and programs write for the moment of a trade, and for its millisecond, minute and day; a number is one in JSON, too."""
    when = datetime.fromisoformat(stamp[:19]).replace(tzinfo=timezone.utc)
    east = (when + timedelta(hours=5, minutes=30)).strftime("%Y-%m-%dT%H:%M:%S") + stamp[19:].rstrip("Z") + "+05:30"
    ns = (when - EPOCH) // timedelta(seconds=1) * 10**9 + int(stamp[19:].strip(".Z").ljust(9, "0"))
    minute, day, ms = ns - ns % (60 * 10**9), ns - ns % (86400 * 10**9), ns // 10**6
    return [(stamp, ns), (stamp.rstrip("Z") + "+00:00", ns), (east, ns), (stamp.lower().replace("t", " "), ns), (str(ms), ms * 10**6),
            (ms, ms * 10**6), (stamp[:16], minute), (stamp[:16] + "+00:00", minute), (stamp[:10], day), ("0", 0), (0, 0)]


def found(answer):
    return sorted(cursor(trade) for trade in answer["trades"])


def test_a_time_means_the_same_in_rest_json_rpc_history_and_on_the_command_line(pipeline):
    flow = started(pipeline)
    trades = history(flow, "BTC-USD")
    rpc, place = PythonWebsockets(flow), "/api/v1/trades/BTC-USD?count=1000"
    with Requester(flow.history) as cached:
        for form, ns in forms(trades[len(trades) // 2]["timestamp"]):
            later = found({"trades": [t for t in trades if moment.nanoseconds(t["timestamp"]) > ns]})
            earlier = found({"trades": [t for t in trades if moment.nanoseconds(t["timestamp"]) < ns]})
            assert moment.nanoseconds(str(form)) == ns
            typed = str(form).replace(" ", "%20")  # and a plus as it is
            assert found(get(flow, f"{place}&since={typed}")[2]) == later, form
            assert found(get(flow, f"{place}&before={typed}")[2]) == earlier, form
            assert found(get(flow, f"{place}&since={typed.replace('+', '%2B')}")[2]) == later, form
            assert found(rpc.ask("since", "BTC-USD", count=1000, since=form)) == later, form
            assert found(rpc.ask("recent", "BTC-USD", count=1000, before=form)) == earlier, form
            assert found(cached.ask(op="since", symbol="BTC-USD", count=1000, after=form)) == later, form
            assert found(cached.ask(op="recent", symbol="BTC-USD", count=1000, before=form)) == earlier, form
            candles = [rpc.ask("candles", "BTC-USD", interval="1s", after=form), cached.ask(op="candles", symbol="BTC-USD", interval="1s", after=form),
                       get(flow, f"/api/v1/candles/BTC-USD?interval=1s&after={typed}")[2]]
            assert candles[0]["candles"] == candles[1]["candles"] == candles[2]["candles"], form
            assert sum(c["count"] for c in candles[0]["candles"]) == sum(second(t) * 10**9 > ns for t in trades), form
    rpc.close()
    ms = moment.nanoseconds(trades[10]["timestamp"]) // 10**6
    shown = dataflow("history", "BTC-USD", "--since", ms, "--count", 1000, "--json", "--url", flow.url()).stdout.splitlines()
    assert [loads(line) for line in shown] == [t for t in reversed(trades) if moment.nanoseconds(t["timestamp"]) > ms * 10**6]
    exported = subprocess.run([ROOT / "scripts/export", "BTC-USD", "--history", flow.history, "--from", str(ms)],
                              capture_output=True, text=True, timeout=PATIENCE).stdout.splitlines()
    assert [loads(line) for line in exported] == [t for t in reversed(trades) if moment.nanoseconds(t["timestamp"]) >= ms * 10**6]


def second(trade):
    return moment.nanoseconds(trade["timestamp"]) // 10**9


def test_a_date_of_javascript_may_be_a_number_on_the_hub(pipeline, node_modules):
    flow = started(pipeline)
    trades = history(flow, "BTC-USD")
    ms = moment.nanoseconds(trades[10]["timestamp"]) // 10**6
    with NodeClient(node_modules, "signalr", flow.url()) as hub:
        for form in (ms, str(ms), trades[10]["timestamp"][:10]):
            answer = hub.call("getCandles", symbol="BTC-USD", interval="1s", afterTimestamp=form)
            after = moment.nanoseconds(str(form))
            assert sum(c["count"] for c in answer["result"]["candles"]) == sum(second(t) * 10**9 > after for t in trades), answer
        assert MOMENT + ", found 1762795473" in json.dumps(hub.call("getCandles", symbol="BTC-USD", interval="1s", afterTimestamp=1762795473))


NO_TIMES = ["noon", "1762795473", "17627954739370", "1762795473937345", "1762795473.937", "-1762795473937", "9223372036855", "2025-11-10T17",
            "2025-11-10Z", "2025-02-29", "2025-11-10T17:24:33+0100", "2025-11-10T17:24:60.5+24:00", "20251110"]


def test_a_time_that_may_mean_several_is_refused_and_the_forms_are_named(pipeline):
    flow = started(pipeline)
    rpc = PythonWebsockets(flow)
    with Requester(flow.history) as cached:
        for text in NO_TIMES:
            status, _, problem = get(flow, f"/api/v1/trades/BTC-USD?since={text}")
            shown = text.replace("+", " ")
            assert (status, problem["detail"]) == (400, f'since: {MOMENT}, found "{shown}"')
            error = rpc.rpc("getRecentTrades", symbol="BTC-USD", beforeTimestamp=text)["error"]
            assert (error["code"], error["message"]) == (-32602, f'beforeTimestamp: {MOMENT}, found "{text}"')
            assert cached.ask(op="recent", symbol="BTC-USD", before=text)["error"] == {
                "code": "invalid_time", "message": f'before: {MOMENT}, found "{text}"'}
        for number in (1762795473, -1762795473937, 1762795473937.5, True, [1762795473937]):
            assert MOMENT in rpc.rpc("getTradesSince", symbol="BTC-USD", afterTimestamp=number)["error"]["message"], number
            assert cached.ask(op="since", symbol="BTC-USD", after=number)["error"]["code"] == "invalid_time", number
    rpc.close()
    for text in NO_TIMES:
        with pytest.raises(argparse.ArgumentTypeError, match=re.escape(MOMENT)):
            moment.nanoseconds(text)
    assert moment.nanoseconds("2016-12-31T23:59:60.5Z") == moment.nanoseconds("2016-12-31T23:59:59.5Z"), "a leap second, as the gateway has it"
    refused = subprocess.run([ROOT / "scripts/export", "BTC-USD", "--to", "1762795473"], capture_output=True, text=True, timeout=PATIENCE)
    assert refused.returncode == 2 and f"{MOMENT}, found '1762795473'" in refused.stderr


# --- parameters, paths, names of answers ---


def test_what_only_keeps_caches_away_is_ignored_and_other_unknown_parameters_are_refused(pipeline):
    flow = started(pipeline)
    plain = get(flow, "/api/v1/trades/BTC-USD?count=5")
    for query in ("count=5&_=1762795473937", "_=1&count=5&_=2", "_&count=5", "__proto__=x&count=5", "_count=7&count=5", "%5F=1&count=5"):
        status, headers, answer = get(flow, f"/api/v1/trades/BTC-USD?{query}")
        assert (status, answer["trades"], headers["ETag"]) == (200, plain[2]["trades"], plain[1]["ETag"]), query
    assert get(flow, "/api/v1/symbols?_=1")[0] == get(flow, "/api/v1/openapi.json?_=1")[0] == get(flow, "/health?_=1")[0] == 200
    with Events(flow, "symbols=BTC-USD&_=1762795473937") as events:
        events.wait(lambda: events.last_id, "an id")
    for query in ("t=1", "count_=1", "-_=1", "=_"):
        assert get(flow, f"/api/v1/trades/BTC-USD?{query}")[0] == 400, query
        assert get(flow, f"/api/v1/stream?symbols=BTC-USD&{query}")[0] == 400, query


def test_a_slash_at_the_end_of_a_path_changes_nothing_and_other_paths_stay_none(pipeline):
    flow = started(pipeline)
    for path in ("/api/v1/trades/BTC-USD", "/api/v1/candles/BTC-USD", "/api/v1/symbols", "/api/v1/status", "/api/versions"):
        query = "?interval=1s" if "candles" in path else ""
        assert get(flow, f"{path}/{query}")[0] == get(flow, f"{path}{query}")[0] == 200, path
    assert get(flow, "/api/v1/trades/BTC%2DUSD/")[2]["symbol"] == "BTC-USD"
    for path in ("/api/v1//symbols", "//api/v1/symbols", "/api/v1/symbols//", "/api/v1/trades/", "/api/v1/trades//", "/api/v1/stats/../symbols",
                 "/api/v1/%2e%2e/v1/symbols", "/api/v1/trades/BTC-USD%2F%2F", "/api/v1/trades/..%2f..%2fmetrics", "/metrics/", "/health/"):
        assert get(flow, path)[0] == 404, path
    assert get(flow, "/api/v1/trades/btc-usd")[0] == 404, "a symbol is written as it is"


def test_an_answer_is_known_by_the_name_that_a_compressing_server_gave_it(pipeline):
    flow = started(pipeline)
    for path in ("/api/v1/symbols", "/api/v1/trades/BTC-USD?count=100", "/api/v1/openapi.json", "/app.js"):
        tag = get(flow, path)[1]["ETag"].removeprefix("W/")
        named = tag[:-1] + '-gzip"'
        for known in (tag, f"W/{tag}", named, f"W/{named}", f'"x" , W/"y-gzip",\t{named}', "*"):
            for name in ("If-None-Match", "if-none-match", "IF-NONE-MATCH"):
                status, headers, body = get(flow, path, **{name: known})
                assert (status, headers["ETag"].removeprefix("W/"), body) == (304, tag, None), (path, known)
        for other in (named[:-1], '"x-gzip"', tag[:-2] + '-gzip"', tag[:-1] + '-gzip2"', tag[:-1] + '-gzip-gzip"'):
            assert get(flow, path, If_None_Match=other)[0] == 200, (path, other)


# --- ids of events that are not ours ---

FOREIGN = ["42", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "BTC-USD.blockchain=7", "BTC-USD.blockchain=1-1,42", "x" * 3000]


def test_a_last_event_id_of_another_service_is_told_as_a_gap_and_the_stream_is_live(pipeline):
    flow = started(pipeline)
    for last_id in FOREIGN:
        with Events(flow, "symbols=BTC-USD,ETH-USD", last_id) as events:
            events.wait(lambda: len(events.named("gap")) == 2, "the gaps")
            assert events.head[0] == "HTTP/1.1 200 OK" and events.last_id.startswith("BTC-USD.blockchain=")
            reason = f"Last-Event-ID: expected the id of an event, found {last_id[:64]}"
            assert events.named("gap") == [{"channel": "trades", "symbol": symbol, "source": None, "from": None, "to": None, "missing": None,
                                            "reason": reason} for symbol in ("BTC-USD", "ETH-USD")]
            places = dict(place.split("=") for place in events.last_id.split(" "))
            flow.tell_simulator("/control/play?count=20")
            events.wait(lambda: len(events.trades) == 20, "what is new")
            for symbol in ("BTC-USD", "ETH-USD"):
                first = next(trade for trade in events.trades if trade["symbol"] == symbol)
                assert places[f"{symbol}.blockchain"] == f"{first['epoch']}-{first['seq'] - 1}", "nothing is left out behind the gap"
    with Events(flow, "symbols=BTC-USD,ETH-USD", events.last_id) as again:
        flow.tell_simulator("/control/play?count=20")
        again.wait(lambda: len(again.trades) == 20, "what is new")
        assert not again.named("gap"), "its id is ours from then on"


def test_a_last_event_id_that_somebody_wrote_into_the_query_is_refused_by_name(pipeline):
    flow = started(pipeline)
    for last_id in FOREIGN:
        status, _, problem = get(flow, f"/api/v1/stream?symbols=BTC-USD&lastEventId={last_id}")
        assert (status, problem["detail"]) == (400, "lastEventId: expected the id of an event"), last_id
    with Events(flow, "symbols=BTC-USD&lastEventId=BTC-USD.blockchain%3D1-1", "42") as events:
        events.wait(lambda: events.named("gap"), "the gap: the header counts")


class MovedService:
    """An address where another service's stream of events was, with ids of its own: it ends once, and behind it is the gateway."""

    OTHER = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nretry: 20\nid: 42\ndata: {\"tick\":1}\n\n"

    def __init__(self, flow):
        self.target, self.listener = flow.port["gateway0"], socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            with self.listener.accept()[0] as first:
                first.recv(65536)
                first.sendall(self.OTHER)
            while True:
                client = self.listener.accept()[0]
                gateway = socket.create_connection(("127.0.0.1", self.target))
                for a, b in ((client, gateway), (gateway, client)):
                    threading.Thread(target=self._pass_on, args=(a, b), daemon=True).start()

    @staticmethod
    def _pass_on(source, sink):
        with contextlib.suppress(OSError), source:
            while part := source.recv(65536):
                sink.sendall(part)


def test_an_eventsource_that_was_elsewhere_before_hears_of_it_and_lives_on(pipeline, node_modules):
    flow = started(pipeline)
    with MovedService(flow) as moved, Popen(["node", ROOT / "tests/system/node/events.mjs",
                                            f"http://127.0.0.1:{moved.port}/api/v1/stream?symbols=BTC-USD"], stdin=PIPE, stdout=PIPE, text=True,
                                            env={**os.environ, "NODE_MODULES_BESIDE": str(node_modules / "package.json")}) as node:
        told = map(json.loads, node.stdout)
        assert next(told)["event"] == "open"
        assert next(told) == {"event": "trade", "id": "42", "data": '{"tick":1}'}
        assert next(told) == {"event": "error", "closed": False}, "the other service's end"
        assert next(told)["event"] == "open"
        gap = next(told)
        assert gap["event"] == "gap" and "found 42" in json.loads(gap["data"])["reason"]
        flow.tell_simulator("/control/play?count=20")
        trade = next(told)
        assert trade["event"] == "trade" and trade["id"].startswith("BTC-USD.blockchain=") and loads(trade["data"])["symbol"] == "BTC-USD"
        node.stdin.close()
        node.stdout.read()


# --- byte order marks ---

MARK = b"\xef\xbb\xbf"


def run(*command, body=None, **environment):
    return subprocess.run([*map(str, command)], input=body, capture_output=True, timeout=PATIENCE, env={**os.environ, **environment})


def test_a_byte_order_mark_before_what_is_imported_is_skipped(pipeline):
    flow = started(pipeline)
    store, file = f"sqlite:///{flow.directory}/other.db", flow.directory / "export.ndjson"
    exported = {form: run(ROOT / "scripts/export", "BTC-USD", "--history", flow.history, "--format", form).stdout for form in ("ndjson", "csv")}
    count = len(exported["ndjson"].splitlines())
    file.write_bytes(MARK + exported["ndjson"])
    for source, body, new in ((file, None, count), ("-", MARK + exported["csv"], 0)):
        ended = run(ROOT / "scripts/import", source, "--store", store, "--bin", BIN, body=body)
        assert ended.returncode == 0 and f": {count} trades, {new} of them new".encode() in ended.stderr, ended.stderr
    ended = run(BIN / "store-import", body=MARK + exported["ndjson"], STORE_URL=store)
    assert (ended.returncode, ended.stdout) == (0, f"{count} 0 0\n".encode()), ended.stderr


def test_a_byte_order_mark_before_a_request_is_skipped(pipeline):
    flow = started(pipeline)
    rpc = PythonWebsockets(flow)
    with Requester(flow.history) as cached, Requester(flow.replay) as replay:
        asked = b'{"op":"recent","symbol":"BTC\\u002dUSD","count":3}'
        assert cached.raw(MARK + asked) == cached.raw(asked) and '"ok":true' in cached.raw(asked)
        assert loads(replay.raw(MARK + b'{"op":"streams"}'))["ok"]
        for wrong in (MARK + MARK + asked, asked + MARK, b"{" + MARK + asked[1:]):
            assert loads(cached.raw(wrong))["error"]["code"] == "invalid_json"
    rpc.run(rpc.client.send_raw(MARK.decode() + '{"jsonrpc":"2.0","id":"marked","method":"ping"}'))
    assert rpc.run(rpc.client.answer("marked"))["result"]["pong"]
    rpc.close()


def test_a_byte_order_mark_before_a_recording_is_skipped(pipeline):
    frames = [f'{{"seqnum":{n},"event":"updated","channel":"trades","symbol":"BTC-USD","timestamp":"2025-11-10T17:24:33.{n:06}Z","side":"buy",'
              f'"qty":0.5,"price":1.50,"trade_id":"{n}"}}\n' for n in range(1, 6)]
    flow = pipeline(symbols=["BTC-USD"])
    file = flow.directory / "recording.ndjson"
    file.write_bytes(MARK + "".join(frames).encode())
    assert [symbol for _, symbol, _ in recording.read(file)] == ["BTC-USD"] * 5
    flow.config["connectord"]["sources"].append({"name": "file", "connector": "replay", "file": str(file), "speed": 0, "symbols": ["BTC-USD"]})
    flow.start_all("--file", file, "--rate", 1000, "--paused")
    flow.subscribed()
    flow.tell_simulator("/control/play")
    count = lambda source: len(get(flow, f"/api/v1/trades/BTC-USD?source={source}")[2].get("trades", []))
    until(lambda: count("file") == count("blockchain") == 5, "all trades of the two readers")
