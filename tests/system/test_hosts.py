"""Which names and which web pages are let in: a page elsewhere reaches nothing, also where its name suddenly stands for this machine."""

import socket

import pytest
from pipeline import get, until
from test_http import Peer

PAGE = "https://charts.example"


@pytest.fixture
def flow(pipeline):
    flow = pipeline()
    for section in ("gatewayd", "connectord", "cached"):
        flow.config[section]["hosts"] = []
    return flow


def start(flow, **settings):
    flow.config["gatewayd"].update(settings)
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway")
    return flow


def status(flow, *fields, path="/health", method="GET", name="gateway0"):
    with Peer(flow, name) as peer:
        peer.send("\r\n".join((f"{method} {path} HTTP/1.1", *fields, "", "")).encode())
        return int(peer.stream.readline().split()[1])


def own(flow):
    return "Host: " + flow.address("gateway0")


WEBSOCKET = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13")
DOORS = [("/ws", "GET", WEBSOCKET, 101), ("/blockchain", "GET", WEBSOCKET, 101), ("/Blockchain/negotiate", "POST", (), 200)]
STREAM = ("/api/v1/stream", "GET", (), 400)  # 400: let in, and told what is missing


@pytest.mark.parametrize("name", ["gateway0", "connectord_http", "cached_http"])
def test_only_names_of_ours_are_answered(flow, name):
    if name != "gateway0":
        flow.config[name.split("_")[0]]["hosts"] = ["md.example"]
        flow.start_connectord() if name == "connectord_http" else flow.start_cached()
        until(lambda: get(f"http://{flow.address(name)}/health")[0] == 200, name)
    else:
        start(flow, hosts=["md.example"])
    machine = socket.gethostname()
    for host in ("127.0.0.1", "10.0.0.1:99", "[::1]:8080", "localhost", "LOCALHOST.:80", machine, "md.example", "MD.example.:443"):
        assert status(flow, f"Host: {host}", name=name) == 200, host
    for host in ("evil.example", f"evil.example:{flow.port[name]}", "127.0.0.1.evil.example", "[::1]evil", "md.example.evil"):
        for path in ("/health", "/metrics", "/ready"):
            assert status(flow, f"Host: {host}", path=path, name=name) == 421, host
    process = flow.processes["gateway0" if name == "gateway0" else name.split("_")[0]]
    assert "evil.example" in process.wait_for_line("unknown Host")


@pytest.mark.parametrize("path, method, fields, admitted", [*DOORS, STREAM])
def test_a_name_that_was_rebound_reaches_nothing(flow, path, method, fields, admitted):
    start(flow)
    host = f"evil.example:{flow.port['gateway0']}"
    assert status(flow, f"Host: {host}", f"Origin: http://{host}", *fields, path=path, method=method) == 421
    assert status(flow, own(flow), *fields, path=path, method=method) == admitted


@pytest.mark.parametrize("path, method, fields, admitted", [*DOORS, STREAM])
def test_a_page_is_let_in_where_it_is_our_own_or_listed(flow, path, method, fields, admitted):
    start(flow, origins=[PAGE])
    for origin in ("http://" + flow.address("gateway0"), PAGE):
        assert status(flow, own(flow), f"Origin: {origin}", *fields, path=path, method=method) == admitted, origin
    for origin in ("https://evil.example", "null", f"http://localhost:{flow.port['gateway0']}", "http://127.0.0.1", "file://"):
        assert status(flow, own(flow), f"Origin: {origin}", *fields, path=path, method=method) == 403, origin


def test_by_default_only_our_own_page_is_let_in_and_the_log_says_what_to_do(flow):
    start(flow)
    for path, method, fields, admitted in (*DOORS, STREAM):
        assert status(flow, own(flow), *fields, path=path, method=method) == admitted
        assert status(flow, own(flow), f"Origin: {PAGE}", *fields, path=path, method=method) == 403
    line = flow.processes["gateway0"].wait_for_line("another origin")
    assert PAGE in line and "gatewayd.origins" in line


def test_a_star_lets_in_all_and_null_is_let_in_where_it_is_listed(flow):
    start(flow, origins=["null"], cors=["*"])
    path, method, fields, admitted = DOORS[0]
    assert status(flow, own(flow), "Origin: null", *fields, path=path, method=method) == admitted
    assert status(flow, own(flow), f"Origin: {PAGE}", *fields, path=path, method=method) == 403, "who may read may not connect"
    path, method, fields, admitted = STREAM
    assert status(flow, own(flow), f"Origin: {PAGE}", path=path) == admitted, "events are read"
    flow.processes["gateway0"].stop()
    start(flow, origins=["*"], hosts=["*"])
    for path, method, fields, admitted in DOORS:
        assert status(flow, "Host: any.example", "Origin: null", *fields, path=path, method=method) == admitted
