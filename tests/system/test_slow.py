"""Who is behind the rings, being slow, or since the gateway stood still, reads on in history: every trade once, in order, without a gap."""

import asyncio
import re
import signal

import pytest

from clients import Client, Requester, assert_once_and_in_order
from event_source import Events
from pipeline import SANITIZED, get, until
from slow_clients import SlowClient, assert_every_trade_once, read_on

TRADES = 6000  # far more than a ring and the sockets' buffers hold
CROWD, CROWD_BYTES = 50, 8 << 20


@pytest.fixture
def flow(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["gatewayd"]["ring_bytes"] = 1 << 16  # some 200 trades
    return flow


def start(flow, rate=20000):
    return flow.start_all("--symbols", "BTC-USD", "--rate", rate, "--paused")


def play(flow, count, last):
    """Trades go by, up to this seq, and are in history then."""
    flow.tell_simulator(f"/control/play?count={count}")
    with Requester(flow.history) as history:
        reached = lambda: history.ask(op="recent", symbol="BTC-USD", count=1)["trades"]
        until(lambda: any(trade["seq"] >= last for trade in reached()), f"trade {last} in history")


def slow_clients(flow, action):
    found = re.search(rf'_slow_clients_total{{action="{action}"}} (\d+)', get(f"http://{flow.address('gateway0')}/metrics")[1])
    return int(found[1])


def test_who_stops_reading_gets_every_trade_once_when_it_reads_on(flow):
    start(flow)
    clients = [SlowClient(flow, kind) for kind in ("ws", "batch", "signalr", "sse")]
    play(flow, TRADES, TRADES)
    read_on(clients, TRADES)
    play(flow, 10, TRADES + 10)  # and is live again
    read_on(clients, TRADES + 10)
    for client in clients:
        assert_every_trade_once(client, 1, TRADES + 10)
        client.close()
    assert slow_clients(flow, "catchup") >= len(clients)
    assert slow_clients(flow, "conflated") == slow_clients(flow, "disconnected") == 0


def memory(process, name):
    return int(re.search(rf"{name}:\s+(\d+) kB", open(f"/proc/{process.popen.pid}/status").read())[1]) << 10


def test_many_who_stop_reading_cost_no_memory_and_lose_nothing(flow):
    start(flow)
    gateway = flow.processes["gateway0"]
    clients = [SlowClient(flow) for _ in range(CROWD)]
    play(flow, 1000, 1000)
    read_on(clients, 1000)  # all that they need has been allocated once
    with open(f"/proc/{gateway.popen.pid}/clear_refs", "w") as peak:
        peak.write("5")
    before = memory(gateway, "VmRSS")
    play(flow, TRADES, 1000 + TRADES)
    read_on(clients, 1000 + TRADES)
    for client in clients:
        assert_every_trade_once(client, 1, 1000 + TRADES)
        client.close()
    assert slow_clients(flow, "catchup") >= CROWD
    if not SANITIZED:
        assert memory(gateway, "VmHWM") - before <= CROWD_BYTES


@pytest.mark.parametrize("slow", ["by default", "conflate"])
def test_a_gateway_that_stood_still_tells_its_clients_every_trade_and_no_gap(flow, slow):
    """For more than a second, in which more than a ring holds went by."""
    if slow != "by default":
        flow.config["gatewayd"]["slow"] = slow
    start(flow, TRADES // 2)

    async def run():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            with Events(flow, "symbols=BTC-USD") as events:
                play(flow, 10, 10)
                await client.until(lambda: len(client.trades) == 10, "10 trades")
                events.wait(lambda: len(events.trades) == 10, "10 trades")
                gateway = flow.processes["gateway0"].popen
                gateway.send_signal(signal.SIGSTOP)
                play(flow, TRADES, 10 + TRADES)
                gateway.send_signal(signal.SIGCONT)
                play(flow, 10, 20 + TRADES)
                await client.until(lambda: client.trades[-1]["seq"] == 20 + TRADES, "the newest trade")
                events.wait(lambda: events.trades[-1]["seq"] == 20 + TRADES, "the newest trade")
                for trades in (client.trades, events.trades):
                    assert len(trades) == 20 + TRADES
                    assert_once_and_in_order(trades)
                assert {told["method"] for told in client.notifications} == {"trades.update"}
                assert not events.named("gap") and not events.named("lost")

    asyncio.run(run())


def test_who_reads_slowly_stays_and_who_reads_nothing_is_closed_as_silent(flow):
    """Neither answers a ping: it comes behind all that they have not read."""
    flow.config["gatewayd"]["silence_ms"] = 2500
    start(flow)
    reads, stands = SlowClient(flow), SlowClient(flow)
    flow.tell_simulator(f"/control/play?count={4 * TRADES}")  # it reads meanwhile, however long that takes
    closed = lambda: [line for line in flow.processes["gateway0"].lines if "not even a pong" in line]

    def some_time_passes():
        """A slow reader's: it reads what one write of the gateway's brings."""
        have = len(reads.seqs)
        while len(reads.seqs) < have + 400:
            reads.take()
        return closed()

    until(some_time_passes, "the one that reads nothing to be closed")
    read_on([reads], 4 * TRADES)
    assert_every_trade_once(reads, 1, 4 * TRADES)
    assert len(closed()) == 1 and slow_clients(flow, "catchup") >= 1
    reads.close()
    stands.close()


def test_who_is_behind_is_told_a_gap_of_just_what_nobody_has_any_more(flow):
    """cached has forgotten the oldest trades, and so has the journal."""
    flow.config["cached"]["trades"] = 2000
    flow.config["connectord"]["journal"]["bytes"] = 4 << 20
    start(flow)
    client = SlowClient(flow)
    last = 0
    with Requester(flow.replay) as replay:
        first = lambda: replay.ask(op="range", topic="trade.BTC-USD.blockchain", count=1)["trades"][0]["seq"]
        while last == 0 or first() < 6000:
            last += TRADES
            play(flow, TRADES, last)
    read_on([client], last)
    jumps = [(here, following) for here, following in zip(client.seqs, client.seqs[1:]) if following != here + 1]
    assert len(jumps) == 1 and len(client.told) == 1, (jumps, client.told)
    client.close()
