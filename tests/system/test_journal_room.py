"""A journal that has no room, or no descriptors: connectord goes on as long as it can, then holds exchanges back, and says what it lost."""

import asyncio
import contextlib
import os
import socket

import pytest
from clients import Client, Requester, assert_once_and_in_order
from pipeline import BIN, get, loads, until
from stores import metric, topic

BTC = topic("BTC-USD")
COUNT = 3000  # trades: more than four segments of the smallest journal


class Disk:
    """The disk of connectord's journal, which may be full."""

    def __init__(self, flow):
        self.file = flow.directory / "full"
        self.environment = {"LD_PRELOAD": str(BIN.parent / "tests/full_disk.so"), "FULL_DISK": str(self.file),
                            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def fill(self):
        self.file.touch()

    def empty(self):
        self.file.unlink()


@pytest.fixture
def flow(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["connectord"]["journal"]["bytes"] = 1 << 20
    flow.disk = Disk(flow)
    flow.start_simulator("--symbols", "BTC-USD", "--paused", "--rate", 20000)
    return flow


def start(flow):
    flow.start_daemon("connectord", **flow.disk.environment)
    flow.start_cached()
    flow.start_gateway()
    flow.wait_ready("connectord_http", "cached_http", "gateway0")
    flow.subscribed("BTC-USD")


def start_with_one_segment(flow):
    """On a disk that is full, so that there is no other, and no spare one."""
    flow.start_daemon("connectord", **flow.disk.environment)
    flow.wait_ready("connectord_http")
    flow.processes["connectord"].stop()
    flow.disk.fill()
    start(flow)
    assert '"spare":false' in flow.ready("connectord_http")[1]


def play(flow, count=COUNT):
    flow.tell_simulator(f"/control/play?count={count}")


def value(flow, name):
    return metric(flow, f'dataflow_source_{name}_total{{source="blockchain"}}', "connectord_http")


async def is_stuck(flow):
    await asyncio.to_thread(until, lambda: flow.ready("connectord_http")[0] == 503, "connectord not to be ready")
    body = loads(flow.ready("connectord_http")[1])
    assert "No space left" in body["journal"]["stuck"] and body["sources"][0]["health"] == 0, body


async def all_come(client, count=COUNT):
    await client.until(lambda: client.trades and client.trades[-1]["seq"] == count, f"trade {count}")
    assert [trade["seq"] for trade in client.trades] == list(range(1, count + 1))
    assert client.of("trades.gap") == [] and client.of("connection.lost") == []


@contextlib.asynccontextmanager
async def subscribed(flow):
    async with Client(flow.url()) as client:
        await client.subscribe("BTC-USD")
        yield client


def test_a_disk_that_somebody_fills_costs_no_trade(flow):
    start(flow)
    until(lambda: '"spare":true' in flow.ready("connectord_http")[1], "a spare segment")
    flow.disk.fill()

    async def run():
        async with subscribed(flow) as client:
            play(flow)
            await all_come(client)

    asyncio.run(run())
    assert flow.ready("connectord_http")[0] == 200
    assert value(flow, "received") == COUNT


def test_an_exchange_is_held_back_while_there_is_no_room(flow):
    start_with_one_segment(flow)

    async def run():
        async with subscribed(flow) as client:
            play(flow)
            await is_stuck(flow)
            assert value(flow, "received") == value(flow, "published") < COUNT
            flow.disk.empty()
            await all_come(client)

    asyncio.run(run())
    flow.wait_ready("connectord_http")
    assert value(flow, "received") == COUNT and value(flow, "unjournaled") == value(flow, "reconnects") == 0


def test_what_is_lost_for_want_of_room_is_told_and_counted(flow):
    flow.config["connectord"]["journal"]["hold_ms"] = 100
    start_with_one_segment(flow)

    async def run():
        async with subscribed(flow) as client:
            play(flow)
            await client.until(lambda: client.of("connection.lost"), "the loss")
            assert "No space left" in client.of("connection.lost")[0]["reason"]
            await is_stuck(flow)
            before = client.trades[-1]["seq"]
            flow.disk.empty()
            await client.until(lambda: client.of("connection.restored"), "a new connection")
            assert client.of("connection.restored")[0]["missed"] is None
            flow.subscribed("BTC-USD")
            flow.tell_simulator("/control/play?count=10")
            await client.until(lambda: len(client.trades) >= before + 10, "trades")
            assert_once_and_in_order(client.trades)

    asyncio.run(run())
    flow.wait_ready("connectord_http")
    lost = value(flow, "unjournaled")
    assert 0 < lost < COUNT and value(flow, "received") == value(flow, "published")


def all_are_taken(flow, seen):
    """No descriptor is left, or connectord leaves itself some."""
    seen.append(len(os.listdir(f"/proc/{flow.processes['connectord'].popen.pid}/fd")))
    return seen[-1] >= 250 or (len(seen) > 20 and len(set(seen[-20:])) == 1)


def test_connections_to_the_bus_cost_no_trade(pipeline):
    """Idle ones, more than there are descriptors."""
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["connectord"]["journal"]["bytes"] = 1 << 20
    flow.start_simulator("--symbols", "BTC-USD", "--paused", "--rate", 20000)
    flow.wrapper = ("sh", "-c", 'ulimit -n 256; exec "$@"', "sh")
    flow.start_connectord()
    flow.wrapper = ()
    flow.start_cached()
    flow.start_gateway()
    flow.wait_ready("connectord_http", "cached_http", "gateway0")
    flow.subscribed("BTC-USD")

    async def run():
        async with subscribed(flow) as client:
            with contextlib.ExitStack() as idle:
                for _ in range(300):  # who waits to be accepted is waited for by nobody
                    one = idle.enter_context(socket.socket())
                    one.setblocking(False)
                    one.connect_ex(("127.0.0.1", flow.port["bus"]))
                await asyncio.to_thread(until, lambda seen=[]: all_are_taken(flow, seen), "as many as may be")
                play(flow)
                await all_come(client)

    asyncio.run(run())
    assert get(f"http://{flow.address('connectord_http')}/ready")[0] == 200
