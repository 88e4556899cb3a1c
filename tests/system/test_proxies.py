"""Behind proxies that are trusted the gateway sees its clients: haproxy with PROXY headers and with TLS, nginx with headers of HTTP. Nobody else is believed."""

import asyncio
import contextlib
import itertools
import json
import re
import signal
import socket
import struct
import subprocess

import pytest
from clients import Client, assert_once_and_in_order
from event_source import Events
from http_proxies import haproxy, haproxy_v2, nginx
from pipeline import PATIENCE, get, until
from secure import certify, context  # noqa: F401 (a fixture)
from test_http import HEALTH, UPGRADE, Peer, masked

CLIENTS = itertools.count(5)  # the last byte of a client's address: each is another one, so that nothing in a log can be mistaken for it
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
FORWARDED_FOR = ("X-Forwarded-For $proxy_add_x_forwarded_for", "Host $host")


def a_client():
    return f"127.0.0.{next(CLIENTS)}"


def header(address, command=0x21):
    """A PROXY header, version 2."""
    return SIGNATURE + struct.pack(">BBH4s4sHH", command, 0x11, 12, socket.inet_aton(address), socket.inet_aton("127.0.0.1"), 40000, 80)


@pytest.fixture
def flow(pipeline):
    """gateway0 is for whoever comes, gateway1, the same process, for proxies with PROXY headers. This machine is one."""
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["gatewayd"].update({"listen": [flow.address("gateway0"), {"address": flow.address("gateway1"), "proxy_protocol": True}],
                                    "proxies": ["127.0.0.1"], "hosts": ["x", "md.example"]})
    return flow


def start(flow, **settings):
    flow.config["gatewayd"].update(settings)
    process = flow.start("gateway0", ["--config", str(flow.write_config())], program="gatewayd")
    process.wait_for_line("gateway: listening.*" + flow.address("gateway1"))
    return process


def start_all(flow, rate=500):
    flow.start_simulator("--symbols", "BTC-USD", "--rate", rate)
    flow.start_connectord()
    flow.start_cached()
    start(flow)
    flow.wait_ready("connectord_http", "cached_http", "gateway0")


def reload(flow, **settings):
    flow.config["gatewayd"].update(settings)
    flow.write_config()
    process = flow.processes["gateway0"]
    process.lines.clear()
    process.popen.send_signal(signal.SIGHUP)
    process.wait_for_line("config: changed")


def metric(flow, name):
    lines = get(f"http://{flow.address('gateway0')}/metrics")[1].splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name + " "))


class From(Peer):
    """A connection from an address of this machine."""

    def __init__(self, port, address, trusted=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE, source_address=(address, 0))
        if trusted:
            self.socket = trusted.wrap_socket(self.socket, server_hostname="localhost")
        self.stream = self.socket.makefile("rb")

    def seen_as(self, flow, *fields, first=b""):
        """The address of which the gateway says that it has closed a WebSocket from it: what it was sent is not masked."""
        process = flow.processes["gateway0"]
        process.lines.clear()
        self.send(first + UPGRADE.replace(b"Host: x", "\r\n".join(("Host: x", *fields)).encode()))
        assert self.answer()[0] == 101
        self.send(b"\x81\0")
        return re.search(r"address\W+([0-9a-f.:]+)", process.wait_for_line("client: closed by the gateway"))[1]


def follows(url, count=500, **options):
    """A client that gets that many trades, all of them once."""
    async def follow():
        async with Client(url, **options) as client:
            await client.subscribe("BTC-USD")
            await client.until(lambda: len(client.trades) > count, "trades")
            assert_once_and_in_order(client.trades)
    asyncio.run(follow())


def test_haproxy_says_whose_connection_it_is(flow):
    start_all(flow)
    with haproxy_v2(flow.address("gateway1"), "check inter 100 proxy-v2-options unique-id") as proxy:  # its own checks come without a client
        address = a_client()
        with From(proxy.port, address) as peer:
            assert peer.seen_as(flow, f"X-Forwarded-For: {a_client()}") == address  # the client's own words
        follows(proxy.url)
    assert metric(flow, "dataflow_proxy_refused_total") == 0


def test_a_proxys_header_comes_before_the_handshake_of_tls(flow, certify):  # noqa: F811
    certificate, key = certify("gateway")
    flow.trust = certificate
    flow.config["gatewayd"]["listen"][1]["tls"] = {"certificate": certificate, "key": key}
    start_all(flow)
    with haproxy_v2(flow.address("gateway1")) as proxy:
        address = a_client()
        with From(proxy.port, address, context(flow)) as peer:
            assert peer.seen_as(flow) == address
        follows(proxy.url.replace("ws://127.0.0.1", "wss://localhost"), ssl=context(flow))


@pytest.mark.parametrize("field", ["x-forwarded-for", "forwarded"])
def test_haproxy_ends_tls_and_says_who_asks(flow, certify, field):  # noqa: F811
    certificate, key = certify("haproxy")
    flow.trust = certificate
    both = flow.directory / "both.pem"
    both.write_text(open(certificate).read() + open(key).read())
    flow.config["gatewayd"].update({"forwarded_header": field, "hsts_seconds": 600})
    start_all(flow)
    lines = {"x-forwarded-for": "option forwardfor\n http-request set-header X-Forwarded-Proto https",
             "forwarded": 'http-request add-header Forwarded "for=%[src];proto=https"'}
    with haproxy(f"""
listen gateway
    mode http
    bind 127.0.0.1:@port ssl crt {both}
    {lines[field]}
    server gateway {flow.address("gateway0")}
""") as proxy:
        address = a_client()
        with From(proxy.port, address, context(flow)) as peer:
            assert peer.seen_as(flow, f"X-Forwarded-For: {a_client()}", f"Forwarded: for={a_client()}") == address
        follows(proxy.url.replace("ws://127.0.0.1", "wss://localhost"), ssl=context(flow))
        with From(proxy.port, address, context(flow)) as peer:
            peer.send(HEALTH)
            assert peer.answer()[1]["strict-transport-security"] == "max-age=600"
    with Peer(flow) as peer:  # and nobody else came by TLS
        peer.send(HEALTH.replace(b"Host: x", b"Host: x\r\nX-Forwarded-For: 127.0.0.1"))
        assert "strict-transport-security" not in peer.answer()[1]


def test_nginx_passes_on_websockets_events_and_rest(flow):
    start_all(flow)
    with nginx(flow.address("gateway0"), *FORWARDED_FOR) as proxy:
        address = a_client()
        with From(proxy.port, address) as peer:
            assert peer.seen_as(flow, f"X-Forwarded-For: {a_client()}") == address
        follows(proxy.url)
        flow.port["gateway2"] = proxy.port
        with Events(flow, "symbols=BTC-USD", gateway=2) as events:
            events.wait(lambda: len(events.trades) > 300, "trades, as they come")
            assert_once_and_in_order(events.trades)
        assert len(json.loads(get(f"http://127.0.0.1:{proxy.port}/api/v1/trades/BTC-USD?count=10")[1])["trades"]) == 10


def test_an_address_has_as_many_clients_as_it_may_whichever_way_they_come(flow):
    start(flow, clients_per_address=2)
    one, other = a_client(), a_client()
    with contextlib.ExitStack() as stack:
        proxies = [stack.enter_context(nginx(flow.address("gateway0"), *FORWARDED_FOR)), stack.enter_context(haproxy_v2(flow.address("gateway1")))]

        def connect(proxy, address):
            peer = stack.enter_context(From(proxy.port, address))
            peer.send(UPGRADE)
            return peer.answer()[0]
        assert [connect(proxy, one) for proxy in proxies] == [101, 101]
        assert [connect(proxy, one) for proxy in proxies] == [503, 503]
        assert [connect(proxy, other) for proxy in proxies] == [101, 101]


def test_a_page_is_our_own_behind_a_proxy_that_changes_host(flow):
    start(flow)
    page = "Origin: https://md.example"
    with nginx(flow.address("gateway0"), "Host 127.0.0.1", "X-Forwarded-Host $http_host") as telling, \
            nginx(flow.address("gateway0"), "Host 127.0.0.1") as silent:
        assert asked(telling.port, "Host: md.example", page) == 101
        assert asked(silent.port, "Host: md.example", page) == 403
        assert asked(telling.port, "Host: evil.example", "Origin: https://evil.example") == 421  # a name that is not ours
    assert asked(flow.port["gateway0"], "Host: 127.0.0.1", "X-Forwarded-Host: md.example", page, address=a_client()) == 403


def asked(port, *fields, address="127.0.0.1"):
    """The status of a handshake with these fields."""
    with From(port, address) as peer:
        peer.send(UPGRADE.replace(b"Host: x", "\r\n".join(fields).encode()))
        return peer.answer()[0]


def test_nobody_but_a_proxy_is_believed(flow):
    start(flow)
    stranger, named = a_client(), a_client()
    with From(flow.port["gateway0"], stranger) as peer:
        assert peer.seen_as(flow, f"X-Forwarded-For: {named}") == stranger
    with From(flow.port["gateway0"], "127.0.0.1") as peer:
        assert peer.seen_as(flow, f"X-Forwarded-For: {named}") == named
    with From(flow.port["gateway0"], "127.0.0.1") as peer:  # as no request: 127.0.0.1 is one where HTTP is spoken, too
        peer.send(header(named) + HEALTH)
        assert peer.answer()[0] == 400
    with From(flow.port["gateway1"], stranger) as peer:
        assert ended(peer)
    assert metric(flow, "dataflow_proxy_strangers_total") == 1


def ended(peer):
    """Was it closed, without a word?"""
    try:
        return peer.socket.recv(1) == b""
    except ConnectionResetError:
        return True


def test_what_proxies_say_badly_is_counted(flow):
    process = start(flow)
    for bad in (HEALTH, b"PROXY TCP4 127.0.0.9 127.0.0.1 1 2\r\n", SIGNATURE + b"\x21\x11\0\x04abcd", SIGNATURE + b"\x21\x11\xff\xffabcd", b"\x16\3\1"):
        with From(flow.port["gateway1"], "127.0.0.1") as peer:
            peer.send(bad)
            assert ended(peer)
    assert metric(flow, "dataflow_proxy_refused_total") == 5
    for field in ("X-Forwarded-For: unknown", "X-Forwarded-For: 1.2.3.4, x"):
        with From(flow.port["gateway0"], "127.0.0.1") as peer:
            assert peer.seen_as(flow, field) == "127.0.0.1"
    assert metric(flow, "dataflow_proxy_malformed_total") == 2
    assert process.alive()


def test_a_header_may_come_in_parts_but_not_for_ever(flow):
    start(flow)
    address = a_client()
    with From(flow.port["gateway1"], "127.0.0.1") as slow, From(flow.port["gateway1"], "127.0.0.1") as silent:
        slow.send(header(address)[:20])
        with From(flow.port["gateway1"], "127.0.0.1") as peer:
            for byte in header(address):
                peer.send(bytes([byte]))
            assert peer.seen_as(flow) == address
        with From(flow.port["gateway1"], "127.0.0.1") as peer:  # the proxy's own check
            peer.send(header(address, command=0x20) + HEALTH)
            assert peer.answer()[0] == 200
        assert ended(slow) and ended(silent)
    assert metric(flow, "dataflow_proxy_refused_total") == 0


def test_proxies_are_replaced_by_sighup(flow):
    start(flow)
    named, other = a_client(), a_client()

    def seen(address, port="gateway0", first=b""):
        with From(flow.port[port], address) as peer:
            return peer.seen_as(flow, f"X-Forwarded-For: {named}", f"Forwarded: for={other}", first=first)
    assert seen("127.0.0.1") == named
    with From(flow.port["gateway0"], "127.0.0.1") as stays:
        stays.send(HEALTH)
        assert stays.answer()[0] == 200
        reload(flow, proxies=["10.0.0.0/8", "127.0.0.2/31"], forwarded_header="forwarded")
        assert stays.seen_as(flow, f"X-Forwarded-For: {named}") == "127.0.0.1"
    assert seen("127.0.0.1") == "127.0.0.1" and seen("127.0.0.3") == other
    assert seen("127.0.0.2", "gateway1", header(named)) == named
    with From(flow.port["gateway1"], "127.0.0.1") as peer:
        assert ended(peer)


@pytest.mark.parametrize("setting, complaint", [({"proxies": []}, "gatewayd.listen.1.proxy_protocol"), ({"proxies": ["proxy.example"]}, "gatewayd.proxies.0"),
                                                ({"proxies": ["10.0.0.0/33"]}, "ADDRESS/BITS")])
def test_a_configuration_that_cannot_work_is_refused(flow, setting, complaint):
    flow.config["gatewayd"].update(setting)
    process = flow.start("gateway0", ["--config", str(flow.write_config()), "--check"], program="gatewayd")
    process.wait_for_line(re.escape(complaint))
    assert process.popen.wait(PATIENCE) != 0
    del flow.processes["gateway0"]
