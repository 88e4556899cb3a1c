"""How connectord gets to an exchange: past addresses that are dead, names that can't be resolved, and an exchange that says no."""

import contextlib
import json
import os
import re
import socket
import ssl
import subprocess
import urllib.request

import pytest
from clients import Tap
from pipeline import BIN, get, loads, until

RESOLVER = BIN.parent / "tests/fake_resolver.so"
HOST = "exchange.test"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", folder / "key.pem", "-out",
                    folder / "certificate.pem"], check=True, capture_output=True)
    return folder / "certificate.pem", folder / "key.pem"


class Exchange:
    """A simulator at 127.0.0.1, and a connectord for which the exchange's name has the addresses that the test says."""

    def __init__(self, pipeline, scheme, certificate, **source):
        pem, key = certificate
        self.flow = pipeline(symbols=["BTC-USD"], ca=str(pem) if scheme == "wss" else "", **source)
        self.port = self.flow.port["simulator"]
        self.flow.source["url"] = f"{scheme}://{HOST}:{self.port}/ws"
        self.base = f"http{scheme[2:]}://{self.flow.address('simulator')}"
        tls = ["--tls", f"{pem},{key}"] if scheme == "wss" else []
        self.flow.start("simulator", ["--listen", self.flow.address("simulator"), "--ledger", str(self.flow.directory / "ledger.ndjson"),
                                      "--symbols", "BTC-USD", *tls], program="exchange-simulator")
        until(self.listens, "the simulator to listen")

    def listens(self):
        with contextlib.suppress(OSError):
            return self.ask("/health")

    def ask(self, path, body=None):
        method = "POST" if path.startswith("/control") else "GET"
        request = urllib.request.Request(self.base + path, data=body, method=method)
        with urllib.request.urlopen(request, timeout=10, context=ssl._create_unverified_context()) as answer:
            return answer.read().decode()

    def ledger(self, event):
        return [entry for entry in map(json.loads, self.ask("/ledger").splitlines()) if entry["event"] == event]

    def subscribed(self):
        until(lambda: json.loads(self.ask("/status"))["subscriptions"].get("BTC-USD"), "the symbol to be subscribed upstream")

    def resolve_to(self, addresses):
        fresh = self.flow.directory / "hosts.new"
        fresh.write_text(f"{HOST} {addresses}\n")
        fresh.replace(self.flow.directory / "hosts")

    def start_connectord(self, addresses="127.0.0.1"):
        self.resolve_to(addresses)
        sanitizer = os.environ.get("ASAN_OPTIONS", "")
        return self.flow.start_daemon("connectord", FAKE_HOSTS=str(self.flow.directory / "hosts"), LD_PRELOAD=str(RESOLVER),
                                      ASAN_OPTIONS=f"{sanitizer}:verify_asan_link_order=0".lstrip(":"))


@pytest.fixture
def exchange(pipeline, certificate):
    return lambda scheme="ws", **source: Exchange(pipeline, scheme, certificate, **source)


@contextlib.contextmanager
def dead_address(address, port):
    """Its listener's queue is full, so that the system drops whatever knocks: no answer comes, not even a refusal."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(2):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex((address, port))
        yield


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_dead_addresses_in_front_cost_no_time_out(exchange, scheme):
    at = exchange(scheme)
    with dead_address("127.0.0.2", at.port), dead_address("127.0.0.3", at.port):
        connectord = at.start_connectord("127.0.0.2 ::1 127.0.0.3 127.0.0.1")
        at.subscribed()
        assert not any("lost" in line for line in connectord.lines), "it took one try"
        at.ask("/control/reset")
        connectord.wait_for_line("source: lost")
        until(lambda: len(at.ledger("open")) == 2, "another connection")
        at.subscribed()


def test_a_certificate_must_name_the_host_whatever_its_address(exchange):
    at = exchange("wss")
    at.flow.source["url"] = f"wss://another.test:{at.port}/ws"
    connectord = at.start_connectord("127.0.0.1\nanother.test 127.0.0.1")
    connectord.wait_for_line("source: lost.*(?i:certificate|tls|ssl)")
    assert at.ledger("open") == []


def test_a_name_that_is_not_resolved_yet_opens_no_circuit_breaker(exchange):
    at = exchange(breaker={"failures": 2, "open_ms": 3600000})
    connectord = at.start_connectord("!again")
    until(lambda: sum("source: lost" in line and f"can't look up {HOST}" in line for line in connectord.lines) >= 4, "four tries")
    assert not any("circuit breaker" in line for line in connectord.lines)
    at.resolve_to("127.0.0.1")
    at.subscribed()


def waited_ms(at):
    """From the refusal to the connection that followed."""
    until(lambda: at.ledger("open"), "a connection after the refusal")
    refused, = at.ledger("refuse")
    return (at.ledger("open")[0]["at"] - refused["at"]) / 1e6


@pytest.mark.parametrize("scheme, status, name", [("ws", 429, "Too Many Requests"), ("wss", 503, "Service Unavailable")])
def test_an_exchange_is_not_tried_before_it_says(exchange, scheme, status, name):
    at = exchange(scheme)  # whose backoff is 200 ms at most
    at.ask(f"/control/answer?status={status}", b"Retry-After: 1")
    connectord = at.start_connectord()
    line = connectord.wait_for_line(f"source: lost.*the exchange refuses: {status} {name}.*not to be tried for 1 s")
    assert "retry_ms=1000" in line
    assert waited_ms(at) >= 1000


def test_a_refusal_and_its_wait_are_told_on_the_bus_and_in_the_metrics(exchange):
    at = exchange()
    at.ask("/control/answer?status=429&times=1000", b"Retry-After: 86400")
    at.start_connectord()
    with Tap(at.flow.bus, "status.") as tap:
        told = until(lambda: (status := loads(tap.receive()[1]))["reason"] and status, "a status that has a reason")
    assert told["connected"] is False
    assert told["reason"] == "the exchange refuses: 429 Too Many Requests (we asked too often), not to be tried for 3600 s"
    metrics = get(f"http://{at.flow.address('connectord_http')}/metrics")[1]
    assert re.search(r"^dataflow_source_backoff_seconds\{[^}]*\} 3600(\.0+)?$", metrics, re.M), "an hour at most"


@pytest.mark.parametrize("scheme, status, meaning", [
    ("ws", 401, "401 Unauthorized (credentials are missing or wrong)"),
    ("ws", 451, "451 Unavailable For Legal Reasons (not available in this region)"),
    ("wss", 401, "401 Unauthorized (credentials are missing or wrong)"),
    ("wss", 403, "403 Forbidden (not allowed for us, or from here)")])
def test_an_exchange_that_does_not_let_us_in_is_told_as_that_and_tried_slowly(exchange, scheme, status, meaning):
    at = exchange(scheme, backoff={"initial_ms": 1, "maximum_ms": 400, "jitter": 0})
    at.ask(f"/control/answer?status={status}")
    connectord = at.start_connectord()
    line = connectord.wait_for_line(f"source: lost.*{re.escape(meaning)}")
    assert "retry_ms=400" in line
    assert waited_ms(at) >= 400
