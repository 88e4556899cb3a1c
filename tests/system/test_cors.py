"""Pages of other origins, as Chromium asks for them: preflights, credentials, and SignalR's negotiation."""

import json

import pytest
from handshake import Peer, request
from pipeline import get, until

LISTED = "https://app.example"
SIGNALR_ASKS = "authorization,x-requested-with,x-signalr-user-agent"


@pytest.fixture
def flow(pipeline):
    flow = pipeline()
    flow.config["gatewayd"]["cors"] = [LISTED]
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway")
    return flow


def preflight(flow, path, method, headers, origin=LISTED):
    with Peer(flow, request(path, "Accept: */*", f"Access-Control-Request-Method: {method}", f"Access-Control-Request-Headers: {headers}",
                            f"Origin: {origin}", "Sec-Fetch-Mode: cors", method="OPTIONS")) as peer:
        return peer.answer()[:2]


def allowed(headers):
    return {name.strip() for name in headers.get("access-control-allow-headers", "").lower().split(",")}


@pytest.mark.parametrize("path, method", [("/blockchain/negotiate?negotiateVersion=1", "POST"), ("/Blockchain/negotiate", "POST"),
                                          ("/BLOCKCHAIN/Negotiate", "POST"), ("/api/v1/symbols", "GET"), ("/api/v1/trades/BTC-USD", "GET"),
                                          ("/api/v1/stream?symbols=BTC-USD", "GET")])
def test_a_listed_origin_may_send_a_token_and_what_else_it_likes(flow, path, method):
    status, headers = preflight(flow, path, method, SIGNALR_ASKS + ",traceparent,x-api-key")
    assert status == 200 and headers["access-control-allow-origin"] == LISTED
    assert headers["access-control-allow-credentials"] == "true" and "*" not in headers["access-control-allow-headers"]
    assert method.lower() in headers["access-control-allow-methods"]
    assert allowed(headers) >= set(SIGNALR_ASKS.split(",")) | {"traceparent", "x-api-key"}


def test_what_is_asked_for_is_repeated_only_where_it_is_a_list_of_names(flow):
    for asked in ("x-a: b", "x-a\"", "x-" + "a" * 2000):
        status, headers = preflight(flow, "/api/v1/symbols", "GET", asked)
        assert status == 200 and "authorization" in allowed(headers) and asked not in headers["access-control-allow-headers"]


def test_an_origin_that_is_not_listed_is_allowed_nothing(flow):
    status, headers = preflight(flow, "/blockchain/negotiate", "POST", SIGNALR_ASKS, "https://other.example")
    assert status == 200 and not any(name.startswith("access-control-") for name in headers)


def test_any_origin_may_send_a_token_but_no_credentials(pipeline):
    flow = pipeline()
    flow.config["gatewayd"]["cors"] = ["*"]
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway")
    _, headers = preflight(flow, "/blockchain/negotiate", "POST", SIGNALR_ASKS)
    assert headers["access-control-allow-origin"] == "*" and "access-control-allow-credentials" not in headers
    assert allowed(headers) >= set(SIGNALR_ASKS.split(","))


@pytest.mark.parametrize("path", ["/Blockchain/negotiate?negotiateVersion=1", "/blockchain/negotiate"])
def test_negotiation_answers_a_listed_origin_with_its_credentials(flow, path):
    with Peer(flow, request(path, f"Origin: {LISTED}", f"Authorization: Bearer {'t' * 5000}", "X-Requested-With: XMLHttpRequest",
                            "Content-Length: 0", "Cookie: a=b", method="POST")) as peer:
        status, headers, body = peer.answer()
    assert status == 200 and headers["access-control-allow-origin"] == LISTED and headers["access-control-allow-credentials"] == "true"
    assert "origin" in headers["vary"].lower() and json.loads(body)["connectionId"]
