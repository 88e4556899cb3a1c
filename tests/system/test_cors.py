"""Web pages of other origins, which `gatewayd.cors` lists: in Chromium, with the client of Microsoft's, and by what Chromium sends before."""

import functools
import http.server
import json
import threading

import pytest
from browser import chromium  # noqa: F401 (a fixture)
from pipeline import get, until
from test_http import Peer

PAGE = "https://charts.example"
WANTED = "authorization,x-requested-with,x-signalr-user-agent"
PREFLIGHT = ("OPTIONS {path} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nAccept: */*\r\nAccess-Control-Request-Method: {method}\r\n"
             "Access-Control-Request-Headers: {wanted}\r\nOrigin: {origin}\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: cross-site\r\n"
             "Sec-Fetch-Dest: empty\r\n\r\n")


@pytest.fixture
def flow(pipeline):
    flow = pipeline()
    flow.config["gatewayd"]["cors"] = [PAGE, "*"]
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway")
    return flow


def ask(flow, path, method="GET", origin=PAGE, wanted=WANTED):
    """The answer to the preflight: its status and what it allows."""
    with Peer(flow) as peer:
        peer.send(PREFLIGHT.format(path=path, method=method, origin=origin, wanted=wanted).encode())
        status, headers, _ = peer.answer()
    return status, headers, {name.strip() for name in headers.get("access-control-allow-headers", "").split(",")}


@pytest.mark.parametrize("path, method", [
    ("/blockchain/negotiate?negotiateVersion=1", "POST"), ("/Blockchain/negotiate?negotiateVersion=1", "POST"), ("/api/v1/symbols", "GET"),
    ("/api/v1/trades/BTC-USD?count=5&access_token=x", "GET"), ("/api/v1/stream?symbols=BTC-USD", "GET"), ("/api/v1/openapi.json", "GET"),
])
def test_a_listed_page_may_ask_with_a_token_and_credentials(flow, path, method):
    status, headers, allowed = ask(flow, path, method, wanted=WANTED + ",traceparent")
    assert status == 200 and {*WANTED.split(","), "traceparent"} <= allowed
    assert method.lower() in headers["access-control-allow-methods"].split(", ")
    assert headers["access-control-allow-origin"] == PAGE and headers["access-control-allow-credentials"] == "true"


def test_any_page_may_ask_with_a_token_but_has_no_credentials(flow):
    status, headers, allowed = ask(flow, "/blockchain/negotiate", "POST", "https://other.example", WANTED + ",traceparent")
    assert status == 200 and set(WANTED.split(",")) <= allowed and "traceparent" not in allowed
    assert headers["access-control-allow-origin"] == "*" and "access-control-allow-credentials" not in headers


def test_what_a_listed_page_gets_is_for_it(flow):
    for request in ("POST /Blockchain/negotiate?negotiateVersion=1 HTTP/1.1\r\nContent-Length: 0\r\n", "GET /api/versions HTTP/1.1\r\n"):
        with Peer(flow) as peer:
            peer.send(f"{request}Host: x\r\nOrigin: {PAGE}\r\nAuthorization: Bearer {'t' * 5000}\r\n\r\n".encode())
            status, headers, _ = peer.answer()
            assert status == 200 and headers["access-control-allow-origin"] == PAGE
            assert headers["access-control-allow-credentials"] == "true" and "origin" in headers["vary"]


def test_what_is_asked_for_is_repeated_only_where_it_is_a_list_of_names(flow):
    for asked in ("x-a: b", "x-a\"", "x-" + "a" * 2000):
        status, headers, allowed = ask(flow, "/api/v1/symbols", wanted=asked)
        assert status == 200 and "authorization" in {name.lower() for name in allowed} and asked not in headers["access-control-allow-headers"]


def test_an_origin_that_is_not_listed_is_allowed_nothing(pipeline):
    flow = pipeline()
    flow.config["gatewayd"]["cors"] = [PAGE]
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway")
    status, headers, _ = ask(flow, "/blockchain/negotiate", "POST", "https://other.example")
    assert status == 200 and not any(name.startswith("access-control-") for name in headers)


class Site:
    """A web site with SignalR's client for browsers."""

    def __init__(self, folder):
        handler = functools.partial(Quiet, directory=folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


IN_PAGE = """(async () => {
  const gateway = %s, token = "t".repeat(5 * 1024), told = {};
  await new Promise((resolve, reject) => document.head.append(Object.assign(document.createElement("script"),
    { src: "/signalr.js", onload: resolve, onerror: reject })));
  const hub = new signalR.HubConnectionBuilder().withUrl(gateway + "/Blockchain", { accessTokenFactory: () => token })
    .configureLogging(signalR.LogLevel.None).build();
  const answer = new Promise((resolve) => hub.on("ReceiveMessage", resolve));
  await hub.start();
  await hub.invoke("SendMessage", JSON.stringify({ jsonrpc: "2.0", id: "1", method: "ping" }));
  told.pong = JSON.parse(await answer).result.pong;
  await hub.stop();
  const rest = await fetch(gateway + "/api/v1/symbols", { credentials: "include", headers: { Authorization: "Bearer " + token, "X-Request-Id": "1" } });
  told.rest = rest.status;
  const stream = new EventSource(gateway + "/api/v1/stream?symbols=BTC-USD&access_token=" + token, { withCredentials: true });
  told.stream = await new Promise((resolve) => { stream.onopen = () => resolve("open"); stream.onerror = () => resolve("error"); });
  stream.close();
  return told;
})()"""


def test_a_page_elsewhere_reaches_hub_rest_and_stream_with_a_long_token(pipeline, chromium, node_modules):  # noqa: F811
    with Site(node_modules / "node_modules/@microsoft/signalr/dist/browser") as site:
        flow = pipeline(symbols=["BTC-USD"])
        flow.config["gatewayd"]["cors"] = flow.config["gatewayd"]["origins"] = [site.origin]
        flow.start_all("--paused", "--symbols", "BTC-USD")
        chromium.do("open", url=site.origin + "/")
        told = chromium.evaluate(IN_PAGE % json.dumps(f"http://{flow.address('gateway0')}"))
        assert told == {"pong": True, "rest": 200, "stream": "open"}
