"""Connections that say nothing, thousands of them: whoever comes next is served all the same, and those who took few stay."""

import contextlib
import socket

import pytest
from pipeline import PATIENCE, get, until
from test_http import UPGRADE

DESCRIPTORS = 300
NAMES = ["gateway0", "connectord_http", "cached_http"]


@pytest.fixture
def flow(pipeline):
    flow = pipeline(wrapper=("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"))
    flow.config["gatewayd"]["clients"] = 50
    return flow


def start(flow, name):
    {"gateway0": flow.start_gateway, "connectord_http": flow.start_connectord, "cached_http": flow.start_cached}[name]()
    until(lambda: get(f"http://{flow.address(name)}/health")[0] == 200, name)


@contextlib.contextmanager
def idlers(flow, name, count, *heads, source="127.0.0.1"):
    """Connections that say nothing, or only the start of a request."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(idler(flow, name, heads[i % len(heads)], source)) for i in range(count)]


def idler(flow, name, head=b"", source="127.0.0.1"):
    peer = socket.create_connection(("127.0.0.1", flow.port[name]), timeout=PATIENCE, source_address=(source, 0))
    peer.sendall(head)
    return peer


def ask(peer, path="/health"):
    """The status of the next answer on a connection that stays; 0 where it is gone."""
    with contextlib.suppress(ConnectionError):
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return int((peer.recv(65536).split() + [b"", b"0"])[1])
    return 0


def metric(flow, name, sample):
    return next(int(line.split()[1]) for line in get(f"http://{flow.address(name)}/metrics")[1].splitlines() if line.startswith(sample + " "))


@pytest.mark.parametrize("name", NAMES)
def test_a_newcomer_is_answered_however_many_connections_are_idle(flow, name):
    start(flow, name)
    with idler(flow, name, source="127.0.0.2") as modest, idlers(flow, name, 2 * DESCRIPTORS, b"", b"GET /health HTTP/1.1\r\nHost: ") as idle:
        assert ask(modest) == 200, "who came before, and has only one, stays"
        for path in ("/health", "/metrics"):
            with idler(flow, name) as newcomer:
                assert ask(newcomer, path) == 200, "an address that takes many gets one more, for one of its own"
        assert ask(idle[1], "x") in (0, 400) and ask(modest) == 200
        assert metric(flow, name, "dataflow_http_given_up_total") > DESCRIPTORS
        assert metric(flow, name, "dataflow_http_connections") < DESCRIPTORS
    line = flow.processes["gateway0" if name == "gateway0" else name.split("_")[0]].wait_for_line("no place is left")
    assert "127.0.0.1" in line


def test_clients_come_in_among_idle_connections(flow):
    start(flow, "gateway0")
    with idlers(flow, "gateway0", 2 * DESCRIPTORS, b"", b"GET /ws HTTP/1.1\r\n"), idlers(flow, "gateway0", 50, UPGRADE) as clients:
        assert all(client.recv(12) == b"HTTP/1.1 101" for client in clients)
        with idler(flow, "gateway0", UPGRADE) as one_more:
            assert one_more.recv(12) == b"HTTP/1.1 503", "too many clients is said"


def test_who_does_not_take_its_answers_gives_up_its_place(flow):
    start(flow, "gateway0")
    unread = b"GET /app.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 30
    with idler(flow, "gateway0", source="127.0.0.2") as modest, idlers(flow, "gateway0", 2 * DESCRIPTORS, unread):
        assert ask(modest) == 200
        assert metric(flow, "gateway0", "dataflow_http_given_up_total") > DESCRIPTORS


def test_clients_are_as_many_as_the_descriptors_allow_and_the_next_is_told(flow):
    flow.config["gatewayd"]["clients"] = 10000
    start(flow, "gateway0")
    flow.processes["gateway0"].wait_for_line("fewer clients than configured")
    with idlers(flow, "gateway0", DESCRIPTORS - 224, UPGRADE) as clients, idlers(flow, "gateway0", 2 * DESCRIPTORS, b""):
        assert all(client.recv(12) == b"HTTP/1.1 101" for client in clients)
        with idler(flow, "gateway0", UPGRADE) as one_more, idler(flow, "gateway0") as newcomer:
            assert one_more.recv(12) == b"HTTP/1.1 503" and ask(newcomer) == 200
