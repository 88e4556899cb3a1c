"""Server-Sent Events through curl: each trade once and in order, across losses of the connection, by the id of the last event."""

import json
import re
import socket
from collections import defaultdict

import pytest
from browser import chromium  # noqa: F401 (a fixture)
from clients import assert_once_and_in_order
from event_source import Events
from pipeline import PATIENCE, get, until
from transports import BrowserEvents


def by_stream(trades):
    streams = defaultdict(list)
    for trade in trades:
        streams[trade["symbol"]].append(trade)
    return streams


def assert_no_hole(*parts):
    for trades in by_stream([trade for part in parts for trade in part]).values():
        assert_once_and_in_order(trades)


def test_trades_come_with_an_id_and_the_headers_that_proxies_need(pipeline):
    flow = pipeline().start_all("--rate", 300)
    with Events(flow, "symbols=BTC-USD,ETH-USD") as events:
        events.wait(lambda: len(by_stream(events.trades)["BTC-USD"]) > 30 and len(by_stream(events.trades)["ETH-USD"]) > 30, "trades of both")
        assert events.head[0] == "HTTP/1.1 200 OK" and "Content-Type: text/event-stream" in events.head
        assert "Cache-Control: no-cache" in events.head and "X-Accel-Buffering: no" in events.head
        assert events.retry == 1000
        assert_no_hole(events.trades)
        places = dict(place.split("=") for place in events.last_id.split(" "))
        assert set(places) == {"BTC-USD.blockchain", "ETH-USD.blockchain"}


@pytest.mark.parametrize("query", ["symbols=BTC-USD", "symbols=BTC-USD,ETH-USD&source=blockchain"])
def test_who_comes_back_with_the_last_id_misses_nothing(pipeline, query):
    flow = pipeline().start_all("--rate", 300)
    with Events(flow, query) as first:
        first.wait(lambda: len(first.trades) > 100, "trades")
    with Events(flow, query, first.last_id) as second:
        second.wait(lambda: len(second.trades) > 100, "trades behind those that were missed")
    flow.processes["gateway0"].kill()
    flow.start_gateway()
    flow.wait_ready("gateway0")
    with Events(flow, query, second.last_id) as third:
        third.wait(lambda: len(third.trades) > 300, "trades behind those that another gateway did not see")
    assert_no_hole(first.trades, second.trades, third.trades)
    assert not first.named("gap") + second.named("gap") + third.named("gap")


def test_an_id_is_there_before_the_first_trade_and_serves_in_the_query(pipeline):
    flow = pipeline().start_all("--paused", "--rate", 300)
    with Events(flow, "symbols=BTC-USD") as events:
        events.wait(lambda: events.last_id, "an id")
    flow.subscribed()
    flow.tell_simulator("/control/play")
    until(lambda: json.loads(get(f"http://{flow.address('gateway0')}/api/v1/trades/BTC-USD")[1])["trades"], "trades in history")
    with Events(flow, "symbols=BTC-USD&lastEventId=" + events.last_id.replace("=", "%3D")) as later:
        later.wait(lambda: len(later.trades) > 100, "trades")
        assert later.trades[0]["seq"] == 1
        assert_no_hole(later.trades)


def test_the_end_of_the_gateway_ends_the_events_and_they_go_on_elsewhere(pipeline):
    flow = pipeline().start_all("--rate", 300)
    flow.start_gateway(1)
    flow.wait_ready("gateway1")
    with Events(flow, "symbols=BTC-USD") as events:
        events.wait(lambda: len(events.trades) > 50, "trades")
        assert flow.processes["gateway0"].stop() == 0
        events.wait(lambda: events.ended, "the end")
    with Events(flow, "symbols=BTC-USD", events.last_id, gateway=1) as later:
        later.wait(lambda: len(later.trades) > 50, "trades")
    assert_no_hole(events.trades, later.trades)


def test_a_lost_exchange_is_told_and_a_quiet_stream_has_heartbeats(pipeline):
    flow = pipeline().start_all("--rate", 100)
    with Events(flow, "symbols=BTC-USD") as events:
        events.wait(lambda: events.trades, "trades")
        flow.tell_simulator("/control/close")
        events.wait(lambda: events.named("lost"), "the loss")
        events.wait(lambda: events.named("restored"), "the way back")
        assert events.named("lost")[0]["source"] == "blockchain"
        flow.tell_simulator("/control/pause")
        events.wait(lambda: events.comments, "a heartbeat")


def test_an_eventsource_comes_back_to_a_gateway_that_can_not_serve_yet(pipeline, chromium):  # noqa: F811
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--rate", 200)
    events = BrowserEvents(flow, chromium)
    events.follow(["BTC-USD"])
    events.until(lambda: len(events.received) > 50, "trades")
    flow.processes["connectord"].kill()
    flow.processes["gateway0"].kill()
    flow.start_gateway()
    events.until(lambda: "Not ready" in events.told(), "it to be told why")
    assert get(f"http://{flow.address('gateway0')}/api/v1/stream?symbols=BTC-USD")[0] == 503, "others are told as HTTP does"
    flow.start_connectord()
    count = len(events.received)
    events.until(lambda: len(events.received) > count + 300, "trades again")
    assert_once_and_in_order(events.received)
    assert chromium.evaluate("gaps") == 0
    events.close()


def test_an_eventsource_that_finds_no_place_tries_again(pipeline, chromium):  # noqa: F811
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["gatewayd"]["clients"] = 1
    flow.start_all("--symbols", "BTC-USD", "--rate", 200)
    events = BrowserEvents(flow, chromium)
    with Events(flow, "symbols=BTC-USD"):
        events.begin("BTC-USD")
        events.until(lambda: "too many clients" in events.told(), "it to be told why")
    events.until(lambda: len(events.received) > 50, "trades")
    events.close()


def test_what_is_no_stream_is_refused(pipeline):
    flow = pipeline().start_all("--paused")
    flow.subscribed()

    def refused(query):
        status, text = get(f"http://{flow.address('gateway0')}/api/v1/stream?{query}")
        return status, json.loads(text)["detail"]

    assert refused("")[0] == refused("symbols=")[0] == 400
    assert refused("symbols=BTC-USD," + ",".join(["X-Y"] * 16))[0] == 400
    assert refused("symbols=BTC-USD,X-Y") == (404, "Invalid symbol: X-Y")
    assert refused("symbols=BTC-USD&source=nobody") == (400, "Invalid source: nobody")
    assert refused("symbols=BTC-USD&colour=red") == (400, "colour: no such parameter here")
    for wrong in ("x", "BTC-USD=7-1", "BTC-USD.a=7", ".a=1-1", "%20", "&&colour=red"):
        status, detail = refused(f"symbols=BTC-USD&lastEventId={wrong}")
        assert status == 400 and detail.startswith("colour:" if "colour" in wrong else "lastEventId:"), (wrong, detail)
    status = json.loads(get(f"http://{flow.address('gateway0')}/api/v1/status")[1])
    assert status["clients"] == status["subscriptions"] == 0


def slow_reader(flow):
    """A stream of which nothing is read, by a socket that takes little."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.settimeout(PATIENCE)
    peer.connect(("127.0.0.1", flow.port["gateway0"]))
    peer.sendall(b"GET /api/v1/stream?symbols=BTC-USD HTTP/1.1\r\nHost: x\r\n\r\n")
    return peer


def count(flow, action):
    found = re.search(r'_slow_clients_total\{action="%s"\} (\d+)' % action, get(f"http://{flow.address('gateway0')}/metrics")[1])
    return found and int(found.group(1))


def test_who_reads_too_slowly_is_told_what_it_missed_and_goes_on_where_that_is_configured(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["gatewayd"].update(ring_bytes=1 << 16, slow="conflate")
    flow.start_all("--symbols", "BTC-USD", "--rate", 5000)
    with slow_reader(flow) as peer:
        until(lambda: flow_is_choked(flow), "the stream to take nothing more")
        places, gaps = [], 0
        with peer.makefile("rb") as stream:
            while gaps == 0 or len(places) < 100:
                line = stream.readline()
                assert line, "the stream ended"
                if line == b"event: gap\n":
                    gaps += 1
                if line.startswith(b"data: "):
                    event = json.loads(line[6:])
                    first, last = (event["seq"],) * 2 if "seq" in event else (int(event[k].split("-")[1]) for k in ("from", "to"))
                    assert not places or first == places[-1] + 1
                    places.append(last)
    assert count(flow, "conflated") >= 1


def flow_is_choked(flow):
    lag = re.search(r"^dataflow_gateway_ring_lag_bytes (\d+)", get(f"http://{flow.address('gateway0')}/metrics")[1], re.M)
    return lag and int(lag.group(1)) > 2 << 16


def test_who_reads_too_slowly_is_sent_away_where_that_is_configured(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["gatewayd"].update(ring_bytes=1 << 16, slow="disconnect")
    flow.start_all("--symbols", "BTC-USD", "--rate", 5000)
    with slow_reader(flow) as peer:
        # a gateway that was held up may have sent it away before anybody saw it choked
        until(lambda: flow_is_choked(flow) or count(flow, "disconnected"), "the stream to take nothing more")
        ending = b""
        while part := peer.recv(65536):
            ending = (ending + part)[-4096:]
        assert b"event: error\n" in ending
    assert count(flow, "disconnected") == 1
    assert json.loads(get(f"http://{flow.address('gateway0')}/api/v1/status")[1])["clients"] == 0
