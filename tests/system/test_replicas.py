"""Several cached on one bus: questions are spread over them, and none fails while one of them answers. And links that are slow."""

import asyncio
import contextlib
import random
import re
import signal
import time

import pytest
from bad_link import BadLink
from clients import Client, Requester, RpcError
from pipeline import free_ports, get, until
from storm import tell

REPLICAS = ("cached", "cached1")
TOKEN = "replicas' secret"
LONG_AGO = "2000-01-01T00:00:00Z"  # with a bound the gateway asks history, and does not answer by itself


@pytest.fixture
def flow(pipeline):
    """Two cached, and a gateway that asks both."""
    flow = pipeline(symbols=["BTC-USD"])
    flow.port.update(zip(("history1", "cached1_http"), free_ports(2)))
    flow.config["gatewayd"]["history"].append(f"tcp://{flow.address('history1')}")
    flow.config["cached"]["token"] = TOKEN
    flow.config["gatewayd"]["history_timeout_ms"] = 2000  # one that serves on a busy machine is not taken for one that hangs
    flow.start_simulator("--symbols", "BTC-USD", "--rate", 1000)
    flow.start_connectord()
    flow.start_cached()
    start_second(flow)
    flow.start_gateway()
    flow.wait_ready("connectord_http", "cached_http", "cached1_http", "gateway0")
    until(lambda: all(f"in use endpoint=tcp://{flow.address(history)}" in flow.processes["gateway0"].log() for history in ("history", "history1")),
          "both to be in use")  # not only asked, as they are also while none has been probed
    return flow


def start_second(flow):
    return flow.start("cached1", ["--config", str(flow.write_config())],
                      {"DATAFLOW_CACHED__HISTORY": f"tcp://{flow.address('history1')}",
                       "DATAFLOW_CACHED__HTTP": flow.address("cached1_http")}, program="cached")


def answered(flow, replica):
    """How many questions for recent trades it has had."""
    _, text = get(f"http://{flow.address(replica + '_http')}/metrics")
    found = re.search(r'^dataflow_history_requests_total{[^}]*"recent"[^}]*} (\d+)', text, re.M)
    return int(found[1]) if found else 0


async def ask(client, count=50):
    """So many questions at once, each answered by 10 trades, once. Returns how many seconds the last answer took."""
    start = time.monotonic()
    pages = await asyncio.gather(*(client.call("getRecentTrades", symbol="BTC-USD", count=10, afterTimestamp=LONG_AGO) for _ in range(count)))
    assert all(len(page["trades"]) == 10 for page in pages)
    assert not client.answers, "a question was answered twice"
    return time.monotonic() - start


async def ask_until(client, condition, what):
    """Asks, again and again; no question may fail meanwhile."""
    loop = asyncio.get_running_loop()
    done = loop.run_in_executor(None, until, condition, what)
    while not done.done():
        await ask(client)
    await done


def grew(flow, replica):
    before = answered(flow, replica)
    return lambda: answered(flow, replica) >= before + 50


async def both_are_asked(flow, client):
    for replica in REPLICAS:
        await ask_until(client, grew(flow, replica), f"{replica} to be asked")


def test_questions_are_spread_and_outlive_a_replica(flow):
    async def run():
        async with Client(flow.url()) as client:
            await both_are_asked(flow, client)
            for victim, start in [("cached", flow.start_cached), ("cached1", lambda: start_second(flow))] * 2:
                asking = asyncio.create_task(ask(client, 500))
                await asyncio.sleep(0)  # it has begun
                flow.processes[victim].kill()
                tell("replicas", killed=victim, seconds_to_500_answers=round(await asking, 3))
                other, = set(REPLICAS) - {victim}
                await ask_until(client, grew(flow, other), "the other one to be asked")
                start()
                await both_are_asked(flow, client)

    asyncio.run(run())


def test_a_replica_that_hangs_is_left_out_until_it_goes_on(flow):
    async def run():
        async with Client(flow.url()) as client:
            await both_are_asked(flow, client)
            hanging = flow.processes["cached"].popen
            hanging.send_signal(signal.SIGSTOP)
            try:
                await ask_until(client, lambda: "skipped" in flow.processes["gateway0"].log(), "it to be left out")
                await ask_until(client, grew(flow, "cached1"), "the other one to be asked")
            finally:
                hanging.send_signal(signal.SIGCONT)
            await both_are_asked(flow, client)

    asyncio.run(run())


def test_history_over_a_link_slower_than_its_time_out_is_served(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    port, = free_ports(1)
    flow.config["gatewayd"].update(history=[f"tcp://127.0.0.1:{port}"], history_timeout_ms=100)

    async def answered_once():
        async with Client(flow.url()) as client:
            try:
                return len((await client.call("getRecentTrades", symbol="BTC-USD", count=10, afterTimestamp=LONG_AGO))["trades"]) == 10
            except RpcError:
                return False  # the machine was busy, too: the next one is waited for longer

    with BadLink(port, flow.port["history"], random.Random(1), delay_s=0.15):
        flow.start_all("--symbols", "BTC-USD", "--rate", 1000)  # waits for /ready
        until(lambda: asyncio.run(answered_once()), "an answer over the slow link")


def test_a_link_that_swallows_everything_is_made_anew(pipeline):
    """Not only when TCP gives it up, which takes it a quarter of an hour."""
    flow = pipeline(symbols=["BTC-USD"])
    ports = free_ports(3)
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(BadLink(port, flow.port[name], random.Random(1)))
                 for port, name in zip(ports, ("bus", "replay", "history"))]
        flow.config["gatewayd"].update(zip(("bus", "replay", "history"), ([f"tcp://127.0.0.1:{port}"] for port in ports)))
        flow.start_all("--symbols", "BTC-USD", "--rate", 1000)
        before = [link.connections for link in links]
        for link in links:
            link.partition()
        until(lambda: all(link.connections > old for link, old in zip(links, before)), "a new connection on every link")
        for link in links:
            link.heal()
        flow.wait_ready("gateway0")


def newest(flow, name, op):
    """The place of the newest trade, by history's stats or by the journal's streams."""
    with Requester(f"tcp://{flow.address(name)}") as service:
        return [stream.get("last") for stream in service.ask(op=op)[op]]


def held(flow, name):
    with Requester(f"tcp://{flow.address(name)}") as history:
        return sum(stream["trades"] for stream in history.ask(op="stats")["stats"] if stream["topic"].startswith("trade."))


def test_a_clear_reaches_every_replica_and_says_where_it_did_not(flow):
    async def clear(client):
        return await client.call("clearHistory", symbol="BTC-USD", token=TOKEN)

    async def run():
        flow.processes["simulator"].stop()
        flow.processes["connectord"].wait_for_line("source: lost")
        until(lambda: newest(flow, "history", "stats") == newest(flow, "history1", "stats") == newest(flow, "replay", "streams"),
              "both to hold all")
        known = held(flow, "history")
        async with Client(flow.url()) as client:
            assert await clear(client) == {"cleared": known}
            assert held(flow, "history") == held(flow, "history1") == 0
            assert (await client.call("getRecentTrades", symbol="BTC-USD"))["trades"] == []
            flow.processes["cached1"].kill()
            with pytest.raises(RpcError) as error:
                await clear(client)
            assert error.value.code == -32000 and "1 of 2" in error.value.message
            start_second(flow)
            flow.wait_ready("cached1_http")
            assert await clear(client) == {"cleared": known}, "what it had again of the journal, without a store of its own"
            assert held(flow, "history") == held(flow, "history1") == 0

    asyncio.run(run())


def test_a_clear_may_take_longer_than_a_question(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["cached"]["token"] = TOKEN
    flow.config["gatewayd"]["history_timeout_ms"] = 100
    flow.start_all("--symbols", "BTC-USD", "--rate", 1000)
    until(lambda: held(flow, "history") > 0, "something to forget")
    hanging = flow.processes["cached"].popen

    async def run():
        async with Client(flow.url()) as client:
            hanging.send_signal(signal.SIGSTOP)
            try:
                clear = asyncio.create_task(client.call("clearHistory", token=TOKEN))
                with pytest.raises(RpcError):
                    await client.call("getRecentTrades", symbol="BTC-USD", afterTimestamp=LONG_AGO)
                assert not clear.done()
            finally:
                hanging.send_signal(signal.SIGCONT)
            assert (await clear)["cleared"] > 0

    asyncio.run(run())
