"""REST through curl: every answer is checked against the OpenAPI document that the gateway serves."""

import gzip
import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
from urllib.parse import urlencode

import pytest
from pipeline import PATIENCE, ROOT, loads, until


class Answer:
    def __init__(self, raw):
        head, _, self.bytes = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {}
        for name, value in (line.split(": ", 1) for line in lines):
            self.headers[name.lower()] = ", ".join(filter(None, [self.headers.get(name.lower()), value]))

    @property
    def json(self):
        return loads(self.bytes.decode())


def curl(flow, path, *arguments):
    ended = subprocess.run(["curl", "-sS", "-i", "--max-time", str(PATIENCE), *arguments, f"http://{flow.address('gateway0')}{path}"],
                           capture_output=True)
    assert ended.returncode == 0, ended.stderr.decode()
    return Answer(ended.stdout)


def ask(flow, path):
    """As curl does it, without a process for each of hundreds."""
    with socket.create_connection(("127.0.0.1", flow.port["gateway0"]), PATIENCE) as connection, connection.makefile("rb") as stream:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {flow.address('gateway0')}\r\nConnection: close\r\n\r\n".encode())
        return Answer(stream.read())


def document(flow):
    return curl(flow, "/api/v1/openapi.json").json


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}


def check(whole, schema, value, where=""):
    """The value is as the schema says: of JSON Schema what the document uses."""
    if "$ref" in schema:
        return check(whole, whole["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], value, where)
    kinds = schema.get("type", list(TYPES))
    kinds = kinds if isinstance(kinds, list) else [kinds]
    assert any(isinstance(value, TYPES[kind]) for kind in kinds), f"{where}: expected {kinds}, found {value!r}"
    assert value == schema.get("const", value) and value in schema.get("enum", [value]), f"{where}: {value!r}"
    assert "pattern" not in schema or re.search(schema["pattern"], value), f"{where}: {value!r}"
    if isinstance(value, dict):
        missing = set(schema.get("required", [])) - set(value)
        assert not missing, f"{where}: lacks {missing}"
        known = schema.get("properties", {})
        for name, member in value.items():
            assert name in known or "properties" not in schema, f"{where}.{name}: not described"
            check(whole, known.get(name, schema.get("additionalProperties", {})), member, f"{where}.{name}")
    for i, item in enumerate(value if isinstance(value, list) else []):
        check(whole, schema.get("items", {}), item, f"{where}[{i}]")


def check_schema(flow, path, status, value, method="get"):
    """The answer is as the document says."""
    whole = document(flow)
    responses = whole["paths"][path][method]["responses"]
    response = responses.get(str(status), responses["default"])
    if "$ref" in response:
        response = whole["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    check(whole, next(iter(response["content"].values()))["schema"], value)


@pytest.fixture
def flow(pipeline):
    flow = pipeline()
    flow.config["gatewayd"]["cors"] = ["https://charts.example"]
    flow.start_all("--rate", 200)
    until(lambda: len(curl(flow, "/api/v1/trades/BTC-USD?count=150").json.get("trades", [])) == 150, "150 trades in history")
    return flow


def test_the_document_is_openapi(pipeline, node_modules):
    flow = pipeline().start_all("--paused")
    answer = curl(flow, "/api/v1/openapi.json")
    path = flow.directory / "openapi.json"
    path.write_bytes(answer.bytes)
    ended = subprocess.run(["node", ROOT / "tests/system/node/openapi.mjs", path], capture_output=True, text=True,
                           env={**os.environ, "NODE_MODULES_BESIDE": str(node_modules / "package.json")})
    assert ended.returncode == 0 and ended.stdout.strip() == "3.1", ended.stdout + ended.stderr
    assert answer.headers["content-type"] == "application/json"


def test_every_answer_is_as_the_document_says(flow):
    cases = [
        ("/api/v1/trades/BTC-USD?count=3", "/api/v1/trades/{symbol}", 200),
        ("/api/v1/trades/BTC-USD?since=2020-01-01T00:00:00Z&count=3", "/api/v1/trades/{symbol}", 200),
        ("/api/v1/symbols", "/api/v1/symbols", 200),
        ("/api/v1/channels", "/api/v1/channels", 200),
        ("/api/v1/sources", "/api/v1/sources", 200),
        ("/api/v1/status", "/api/v1/status", 200),
        ("/api/versions", "/api/versions", 200),
        ("/api/v1/trades/X-Y", "/api/v1/trades/{symbol}", 404),
        ("/api/v1/trades/BTC-USD?count=0", "/api/v1/trades/{symbol}", 400),
        ("/api/v1/trades/BTC-USD?count=10001", "/api/v1/trades/{symbol}", 400),
        ("/api/v1/trades/BTC-USD?count=many", "/api/v1/trades/{symbol}", 400),
        ("/api/v1/trades/BTC-USD?before=now", "/api/v1/trades/{symbol}", 400),
        ("/api/v1/trades/BTC-USD?cursor=!", "/api/v1/trades/{symbol}", 400),
        ("/api/v1/trades/BTC-USD?count=1&count=2", "/api/v1/trades/{symbol}", 400),
        ("/api/v1/trades/BTC-USD?colour=red", "/api/v1/trades/{symbol}", 400),
        ("/api/v1/symbols?colour=red", "/api/v1/symbols", 400),
    ]
    for path, described, status in cases:
        answer = curl(flow, path)
        assert answer.status == status, (path, answer.bytes)
        check_schema(flow, described, status, json.loads(answer.bytes))
        assert answer.headers["content-type"] == ("application/json" if status == 200 else "application/problem+json")
        if status >= 400:
            assert answer.json["status"] == status and answer.json["detail"]
    assert curl(flow, "/api/v1/trades/BTC-USD?colour=red").json["detail"].startswith("colour:")
    assert curl(flow, "/api/v1/trades/X-Y").json["detail"] == "Invalid symbol: X-Y"
    for path in ("/api/v1/trades/BTC%2DUSD?count=%32", "/api/v1/symbols?", "/api/v1/symbols?&", "/api/v1/trades/BTC-USD?count=2&"):
        assert curl(flow, path).status == 200
    for path in ("/api/v1/nothing", "/api/v1/trades/", "/api/v1/trades/BTC-USD/x", "/api/v2/trades/BTC-USD"):
        assert curl(flow, path).status == 404


def test_what_the_store_can_t_tell_is_as_the_document_says(pipeline):
    flow = pipeline()
    flow.config["cached"].update(store="redis://127.0.0.1:1", trades=10)
    flow.start_all("--rate", 200)
    for path, query in (("/api/v1/trades/{symbol}", "count=1000"), ("/api/v1/trades/{symbol}", "since=2020-01-01T00:00:00Z&count=1000"),
                        ("/api/v1/candles/{symbol}", "interval=1d")):
        where = f"{path.replace('{symbol}', 'BTC-USD')}?{query}"
        until(lambda: curl(flow, where).json.get("incomplete") is True, f"{where} to be incomplete")
        answer = curl(flow, where)
        assert answer.status == 200
        check_schema(flow, path, 200, json.loads(answer.bytes))


def is_operators(operations):
    """Those of a path: for operators alone? What they do is in test_operator_document.py."""
    return all(operation["tags"] == ["operator"] for operation in operations.values())


def parameters(whole, path, method="get"):
    """Those of the document, by name."""
    listed = whole["paths"][path][method].get("parameters", [])
    found = [whole["components"]["parameters"][p["$ref"].rsplit("/", 1)[1]] if "$ref" in p else p for p in listed]
    return {p["name"]: p for p in found}


def status_of(flow, path, query):
    """Of an answer that may have no end."""
    connection = http.client.HTTPConnection("127.0.0.1", flow.port["gateway0"], timeout=PATIENCE)
    try:
        connection.request("GET", f"{path}?{urlencode(query)}")
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"]
    finally:
        connection.close()


def test_every_path_and_parameter_of_the_document_is_answered_and_no_other(flow):
    whole = document(flow)
    page = ask(flow, "/api/v1/trades/BTC-USD?count=50").json
    place = f"{page['trades'][-1]['epoch']}-{page['trades'][-1]['seq']}"
    right = {"count": 3, "source": "blockchain", "before": "2100-01-01T00:00:00Z", "since": "2020-01-01T00:00:00Z",
             "after": "2020-01-01T00:00:00Z", "from": place, "to": place, "cursor": page["next"], "interval": "1s", "symbol": "BTC-USD", "channel": "trades",
             "symbols": "BTC-USD,ETH-USD", "lastEventId": f"BTC-USD.blockchain={place}", "mark": "true"}
    wrong = {"count": "0", "source": " ", "before": "noon", "since": "noon", "after": "noon", "from": "1", "to": "1", "cursor": "!",
             "interval": "2m", "symbol": "X", "channel": "ticker", "symbols": "", "lastEventId": "x", "mark": "yes"}
    for path in (path for path, operations in whole["paths"].items() if not is_operators(operations)):
        known = parameters(whole, path)
        where = path.replace("{symbol}", "BTC-USD").replace("{channel}/{key}", "trades/BTC-USD")
        queried = {name: p for name, p in known.items() if p["in"] == "query"}
        needed = {name: right[name] for name, p in queried.items() if p.get("required")}
        for name in [None, *queried]:
            query = {**needed, **({name: right[name]} if name else {}), **({"source": right["source"]} if name in ("from", "to") else {})}
            if path == "/api/v1/candles/{symbol}" and name == "cursor":
                query["cursor"] = ask(flow, where + "?interval=1s&count=1").json["next"]
            if path == "/api/v1/coverage/{symbol}" and name == "cursor":
                query["cursor"] = "IjIwMjAtMDEtMDFUMDA6MDA6MDBaIGEi"  # "2020-01-01T00:00:00Z a"
            if path == "/api/v1/stream":
                assert status_of(flow, where, query) == (200, "text/event-stream"), query
                continue
            answer = ask(flow, f"{where}?{urlencode(query)}")
            assert answer.status == 200, (path, query, answer.bytes)
            check_schema(flow, path, 200, json.loads(answer.bytes))
            if name == "count" and path != "/api/v1/coverage/{symbol}":
                assert len(answer.json.get("trades", answer.json.get("candles"))) == 3
        for name in queried:
            answer = ask(flow, f"{where}?{urlencode({**needed, name: wrong[name], **({'source': 'blockchain'} if name in ('from', 'to') else {})})}")
            assert answer.status in (400, 404), (path, name, answer.bytes)
            check_schema(flow, path, answer.status, json.loads(answer.bytes))
        for name in set(right) - set(queried):
            if path != "/api/v1/openapi.json":
                answer = ask(flow, f"{where}?{urlencode({**needed, name: right[name]})}")
                assert answer.status == 400 and answer.json["detail"] == f"{name}: no such parameter here", (path, name, answer.bytes)
    for interval in parameters(whole, "/api/v1/candles/{symbol}")["interval"]["schema"]["enum"]:
        answer = ask(flow, f"/api/v1/candles/BTC-USD?interval={interval}")
        assert answer.status == 200 and answer.json["interval"] == interval and answer.json["candles"]
        check_schema(flow, "/api/v1/candles/{symbol}", 200, json.loads(answer.bytes))


def test_the_document_has_every_path_that_is_served(pipeline):
    flow = pipeline().start_all("--paused")
    declared = re.findall(r'REST_PREFIX "([\w/]+)"', (ROOT / "gatewayd/rest/rest.c").read_text())
    described = [re.sub(r"\{.*", "", path) for path, operations in document(flow)["paths"].items() if not is_operators(operations)]
    assert sorted({f"/api/{path}" for path in declared} | {"/api/v1/openapi.json"}) == sorted(described)


def test_methods_that_are_not_offered_are_refused_and_head_has_no_body(flow):
    for method in ("POST", "PUT", "DELETE"):
        answer = curl(flow, "/api/v1/symbols", "-X", method, *(["-d", "x"] if method != "DELETE" else []))
        assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD, OPTIONS"
    stream = "/api/v1/stream?symbols=BTC-USD"
    assert curl(flow, "/api/v1/nothing", "-X", "OPTIONS").status == 404
    assert curl(flow, "/health", "-X", "POST").headers["allow"] == "GET, HEAD"
    for ask in (["-I"], ["-X", "POST", "-d", "x"], ["-X", "OPTIONS"]):
        answer = curl(flow, stream, *ask)
        assert answer.status == (200 if "OPTIONS" in ask else 405) and answer.headers["allow"] == "GET, OPTIONS", ask
    whole, head = curl(flow, "/api/v1/symbols"), curl(flow, "/api/v1/symbols", "-I")
    for answer in (whole, head):
        assert answer.headers.pop("date")  # they may be of different seconds
    assert head.headers == whole.headers and head.bytes == b"" and int(head.headers["content-length"]) == len(whole.bytes)
    head = curl(flow, "/api/v1/trades/BTC-USD?count=5", "-I")
    assert head.status == 200 and head.bytes == b"" and int(head.headers["content-length"]) > 500


def test_what_is_known_is_not_sent_again(flow):
    answer = curl(flow, "/api/v1/symbols")
    tag = answer.headers["etag"]
    for known in (tag, f'"x", {tag}', "*"):
        again = curl(flow, "/api/v1/symbols", "-H", f"If-None-Match: {known}")
        assert again.status == 304 and again.bytes == b"" and again.headers["etag"] == tag
    assert curl(flow, "/api/v1/symbols", "-H", 'If-None-Match: "x"').status == 200
    assert curl(flow, "/api/v1/status").headers["cache-control"] == "no-store"


def test_long_answers_are_compressed_for_those_who_take_it(flow):
    path = "/api/v1/trades/BTC-USD?since=2020-01-01T00:00:00Z&count=100"
    plain, packed = curl(flow, path), curl(flow, path, "-H", "Accept-Encoding: br, gzip;q=0.5")
    assert packed.headers["content-encoding"] == "gzip" and len(packed.bytes) < len(plain.bytes) / 3
    assert gzip.decompress(packed.bytes) == plain.bytes and "content-encoding" not in plain.headers
    assert "Accept-Encoding" in packed.headers["vary"]
    for refused in ("gzip;q=0", "br", "*;q=0"):
        assert "content-encoding" not in curl(flow, path, "-H", f"Accept-Encoding: {refused}").headers
    assert "content-encoding" not in curl(flow, "/api/v1/symbols", "-H", "Accept-Encoding: gzip").headers


def test_pages_from_elsewhere_are_let_in_as_configured(flow):
    known = ["-H", "Origin: https://charts.example"]
    answer = curl(flow, "/api/v1/symbols", *known)
    assert answer.headers["access-control-allow-origin"] == "https://charts.example"
    other = curl(flow, "/api/v1/symbols", "-H", "Origin: https://other.example")
    assert other.status == 200 and "access-control-allow-origin" not in other.headers
    ask = ["-X", "OPTIONS", "-H", "Access-Control-Request-Method: GET"]
    answer = curl(flow, "/api/v1/symbols", *ask, *known)
    assert answer.status == 200 and "GET" in answer.headers["access-control-allow-methods"]
    assert "access-control-allow-methods" not in curl(flow, "/api/v1/symbols", *ask).headers
    answer = curl(flow, "/blockchain/negotiate?negotiateVersion=1", "-X", "OPTIONS", *known)
    assert "POST" in answer.headers["access-control-allow-methods"]
    answer = curl(flow, "/blockchain/negotiate?negotiateVersion=1", "-X", "POST", *known)
    assert answer.headers["access-control-allow-origin"] == "https://charts.example"


def test_requests_sent_in_one_go_are_answered_in_order_on_one_connection(flow):
    wanted = [b"trades/BTC-USD?count=2", b"symbols", b"nothing", b"trades/ETH-USD?count=1", b"status"] * 4
    with socket.create_connection(("127.0.0.1", flow.port["gateway0"]), timeout=PATIENCE) as peer:
        peer.sendall(b"".join(b"GET /api/v1/%s HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in wanted))
        with peer.makefile("rb") as stream:
            for path in wanted:
                status = int(stream.readline().split()[1])
                headers = dict(line.decode().strip().lower().split(": ", 1) for line in iter(stream.readline, b"\r\n"))
                body = json.loads(stream.read(int(headers["content-length"])))
                assert status == (404 if path == b"nothing" else 200)
                if path.startswith(b"trades"):
                    assert body["symbol"].encode() == path[7:14] and len(body["trades"]) == int(path[-1:])


def test_without_history_the_answer_says_so_and_the_gateway_stays(flow):
    cached = flow.processes["cached"].popen
    cached.send_signal(signal.SIGSTOP)
    try:
        until(lambda: curl(flow, "/api/v1/trades/BTC-USD").status == 503, "the refusal")
        answer = curl(flow, "/api/v1/trades/BTC-USD")
        assert answer.headers["retry-after"] == "1" and answer.json["detail"] == "History is not available now"
        for _ in range(300):  # who does not wait for the answer leaves nothing behind
            with socket.create_connection(("127.0.0.1", flow.port["gateway0"])) as peer:
                peer.sendall(b"GET /api/v1/trades/BTC-USD HTTP/1.1\r\nHost: x\r\n\r\n")
    finally:
        cached.send_signal(signal.SIGCONT)
    until(lambda: curl(flow, "/api/v1/trades/BTC-USD").status == 200, "history to be back")


WAITING_MAX = 128  # requests of one address that wait for history: half of those of all, so that others find room


def test_more_requests_than_may_wait_are_refused_and_the_others_answered(pipeline):
    flow = pipeline()
    flow.config["gatewayd"]["history_timeout_ms"] = 60000
    flow.start_all("--rate", 200)
    path = "/api/v1/trades/BTC-USD?since=2020-01-01T00:00:00Z&count={}"  # each asks for something else
    until(lambda: curl(flow, path.format(1)).json.get("trades"), "trades in history")
    peers = [http.client.HTTPConnection("127.0.0.1", flow.port["gateway0"], timeout=PATIENCE) for _ in range(WAITING_MAX + 44)]
    cached = flow.processes["cached"].popen
    cached.send_signal(signal.SIGSTOP)
    try:
        for count, peer in enumerate(peers, 1):
            peer.request("GET", path.format(count))
        refused = until(lambda: len(found := readable(peers)) >= 44 and found, "the refusals")
    finally:
        cached.send_signal(signal.SIGCONT)
    assert len(refused) == 44
    for peer in peers:
        answer = peer.getresponse()
        body = json.loads(answer.read())
        if peer in refused:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert body["detail"] == "Too many requests are waiting"
        else:
            assert answer.status == 200 and body["trades"]
        peer.close()
    assert curl(flow, path.format(1)).status == 200


def readable(peers):
    """Those that have an answer, or its beginning."""
    return [peer for peer in peers if select.select([peer.sock], [], [], 0)[0]]


def test_bad_requests_do_no_harm(flow):
    for raw in (b"GET /api/v1/trades/BTC-USD?%zz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /api/v1/trades/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET /api/v1/symbols?" + b"a=1&" * 500 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET /api/v1/symbols?" + b"a" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET /api/v1/symbols?x=%ff HTTP/1.1\r\nHost: x\r\n\r\n", b"BREW /api/v1/symbols HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", flow.port["gateway0"]), timeout=PATIENCE) as peer:
            peer.sendall(raw)
            try:
                answer = peer.recv(4096)
            except ConnectionError:
                answer = b""
            assert not answer or int(answer.split()[1]) in (400, 403, 404, 405, 414, 431), answer
    assert curl(flow, "/api/v1/symbols").status == 200
