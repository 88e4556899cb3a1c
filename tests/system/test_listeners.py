"""Where the gateway listens: at any number of addresses, alone or together with other gateways."""

import asyncio
import contextlib
import http.client
import json
import signal
import socket

import pytest
from clients import Client
from pipeline import PATIENCE, free_ports, get, until


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
    except OSError:
        return False
    return True


def start(flow, name, listen):
    """A gateway that listens as `listen` says."""
    flow.config["gatewayd"]["listen"] = listen
    path = flow.write_config()
    process = flow.start(name, ["--config", str(path)], program="gatewayd")
    process.wait_for_line("gateway: listening")
    return process


def started(address):
    """Which process answers there."""
    connection = http.client.HTTPConnection(address, timeout=20)
    connection.request("GET", "/metrics", headers={"Connection": "close"})
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return next(line.split()[1] for line in lines if line.startswith("process_start_time_seconds"))


@contextlib.contextmanager
def silent(address):
    """A client over WebSocket that never says anything."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as s:
        s.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        assert s.recv(4096).startswith(b"HTTP/1.1 101")
        yield s


async def says(url):
    async with Client(url) as client:
        return await client.call("getStatus")


def fails(flow, name, listen):
    """What one says that can't listen there."""
    flow.config["gatewayd"]["listen"] = listen
    process = flow.start(name, ["--config", str(flow.write_config())], program="gatewayd")
    line = process.wait_for_line("listener: can't listen")
    assert process.popen.wait(PATIENCE) == 1
    del flow.processes[name]
    return line


@pytest.mark.parametrize("form", ["texts", "objects", "mixed"])
def test_every_address_of_the_list_is_listened_at(pipeline, form):
    flow = pipeline()
    addresses = [flow.address("gateway0"), flow.address("gateway1")]
    if has_ipv6():
        addresses.append(f"[::1]:{free_ports(1)[0]}")
    listen = {"texts": addresses, "objects": [{"address": one} for one in addresses], "mixed": [{"address": addresses[0]}, *addresses[1:]]}
    start(flow, "gateway0", listen[form])
    for address in addresses:
        assert json.loads(get(f"http://{address}/health")[1]) == {"alive": True}
        assert asyncio.run(says(f"ws://{address}/ws"))


def test_an_address_that_cannot_be_had_is_named(pipeline):
    flow = pipeline()
    with socket.create_server(("127.0.0.1", flow.port["gateway1"])):
        line = fails(flow, "gateway0", [flow.address("gateway0"), flow.address("gateway1")])
        assert flow.address("gateway1") in line and "in use" in line


def test_two_gateways_share_an_address_and_one_that_ends_leaves_it_first(pipeline):
    flow = pipeline()
    address = flow.address("gateway0")
    shared = [{"address": address, "share": True}]
    first = start(flow, "first", shared)
    start(flow, "second", shared)
    assert len({started(address) for _ in range(64)}) == 2
    with contextlib.ExitStack() as stack:
        for _ in range(16):  # of both, who say nothing when they are told goodbye
            stack.enter_context(silent(address))
        first.popen.send_signal(signal.SIGTERM)
        first.wait_for_line("stopping")
        while first.alive():
            assert get(f"http://{address}/health")[0] == 200
    assert first.popen.wait() == 0
    assert len({started(address) for _ in range(16)}) == 1


def test_an_address_that_is_not_shared_is_one_gateways_own(pipeline):
    flow = pipeline()
    address = flow.address("gateway0")
    start(flow, "first", [{"address": address, "share": True}])
    assert "in use" in fails(flow, "second", address)
