"""Subscribe and resume under load: the live trades begin exactly where the snapshot or the history ends; and clients that are slow."""

import asyncio
import json
import random
import re
import socket as socketlib

import pytest
import websockets
from clients import Client, Requester, assert_once_and_in_order, cursor
from pipeline import get, loads, until

TOPIC = "trade.BTC-USD.blockchain"


@pytest.fixture
def flow(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    return flow.start_all("--symbols", "BTC-USD", "--rate", 5000)


def assert_seamless(client, answer):
    """The snapshot ends exactly where the updates begin."""
    snapshot = answer["trades"][::-1]
    assert_once_and_in_order(snapshot + client.trades)
    assert cursor(snapshot[-1]) == answer["cursor"] == answer["cursors"]["blockchain"]


@pytest.mark.parametrize("count", [1, 100, 10000])
def test_a_snapshot_and_the_live_trades_meet_without_a_seam(flow, count):
    with Requester(flow.history) as history:
        until(lambda: len(history.ask(op="recent", symbol="BTC-USD", count=count)["trades"]) == count, f"{count} trades in history")

    async def one(count):
        async with Client(flow.url()) as client:
            answer = await client.subscribe("BTC-USD", count=count)
            assert len(answer["trades"]) == count
            await client.until(lambda: len(client.trades) >= 500, "500 live trades")
            assert_seamless(client, answer)

    async def run():
        await one(count)
        await asyncio.gather(*(one(min(count, 100)) for _ in range(10)))

    asyncio.run(run())


def test_a_client_that_comes_back_misses_nothing_however_long_it_was_away(flow):
    with Requester(flow.replay) as replay:
        until(lambda: replay.ask(op="streams")["streams"] and
              int(replay.ask(op="streams")["streams"][0]["last"].split("-")[1]) > 20000, "20,000 trades in the journal")
        journal = replay.all(TOPIC)
    seed = random.randrange(1 << 32)
    choose = random.Random(seed)

    async def one(since):
        async with Client(flow.url()) as client:
            answer = await client.subscribe("BTC-USD", since=cursor(since))
            assert answer["recovered"] is True, f"seed {seed}"
            await client.until(lambda: client.trades and client.trades[-1]["seq"] > journal[-1]["seq"] + 1000, "to be live again")
            assert client.trades[0]["seq"] == since["seq"] + 1, f"seed {seed}"
            assert_once_and_in_order(client.trades)
            assert client.of("trades.gap") == []

    async def run():
        places = [journal[0], journal[-1]] + choose.sample(journal, 3)
        await asyncio.gather(*map(one, places))
        async with Client(flow.url()) as client:  # the other form of since
            answer = await client.subscribe("BTC-USD", since={"blockchain": cursor(journal[5000])})
            assert answer["recovered"] is True
            await client.until(lambda: client.trades, "trades")
            assert client.trades[0]["seq"] == journal[5000]["seq"] + 1

    asyncio.run(run())


def reached(client, seq):
    """By a trade, or by the gap of a client that a busy machine makes too slow."""
    return any(trade["seq"] == seq for trade in client.trades[-1:]) or any(gap["to"].endswith(f"-{seq}") for gap in client.of("trades.gap"))


def test_many_who_come_back_at_once_share_the_pages_of_history(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["gatewayd"]["ring_bytes"] = 1 << 16
    flow.start_all("--symbols", "BTC-USD", "--rate", 5000, "--paused")
    clients, trades = 20, 4000

    async def one(since):
        async with Client(flow.url()) as client:
            assert (await client.subscribe("BTC-USD", since=cursor(since)))["recovered"] is True
            await client.until(lambda: len(client.trades) >= trades - since["seq"], "all that was missed")
            assert client.trades[0]["seq"] == since["seq"] + 1
            assert_once_and_in_order(client.trades)

    async def run():
        async with Client(flow.url()) as keeper:  # of the ring, which holds the last 200 or so
            await keeper.subscribe("BTC-USD")
            flow.tell_simulator(f"/control/play?count={trades}")
            await keeper.until(lambda: reached(keeper, trades), "the last trade")
            with Requester(flow.replay) as replay:
                first = replay.all(TOPIC)[0]
            await asyncio.gather(*(one(first) for _ in range(clients)))

    asyncio.run(run())
    _, text = get(f"http://{flow.address('cached_http')}/metrics")
    asked = int(re.search(r'^dataflow_history_requests_total{[^}]*"range"[^}]*} (\d+)', text, re.M)[1])
    assert asked < 2 * clients, "each asked whether it is there at most, and hardly any for a page"


def test_what_cannot_be_had_is_told(flow):
    async def run():
        async with Client(flow.url()) as client:
            answer = await client.subscribe("BTC-USD", since="1500000000000000-17")
            assert answer["recovered"] is False
            await client.until(lambda: client.trades and client.of("trades.gap"), "a gap and trades")
            assert client.notifications[0]["method"] == "trades.gap"
            assert client.of("trades.gap")[0]["from"] == "1500000000000000-18"
            assert_once_and_in_order(client.trades)

    asyncio.run(run())


def test_resume_works_while_cached_is_down_and_on_another_gateway(flow):
    flow.start_gateway(1)
    flow.wait_ready("gateway1")

    async def run():
        async with Client(flow.url(0)) as client:
            await client.subscribe("BTC-USD")
            await client.until(lambda: len(client.trades) > 100, "trades")
            last = client.trades[-1]
        await asyncio.get_running_loop().run_in_executor(None, flow.processes["cached"].kill)
        async with Client(flow.url(1)) as client:
            answer = await client.subscribe("BTC-USD", since=cursor(last))
            assert answer["recovered"] is True, "connectord's replay has it"
            await client.until(lambda: len(client.trades) > 3000, "trades")
            assert client.trades[0]["seq"] == last["seq"] + 1
            assert_once_and_in_order(client.trades)

    asyncio.run(run())


async def stalled(flow):
    """A subscribed client that has stopped reading, and for which the kernel keeps little."""
    tcp = socketlib.socket()
    tcp.setsockopt(socketlib.SOL_SOCKET, socketlib.SO_RCVBUF, 65536)
    tcp.connect(("127.0.0.1", flow.port["gateway0"]))
    socket = await websockets.connect(flow.url(), sock=tcp, max_size=None, max_queue=2, ping_interval=None, read_limit=4096)
    await socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "subscribe",
                                  "params": {"channel": "trades", "symbol": "BTC-USD"}}))
    return socket


async def lap(flow, symbol="BTC-USD"):
    """Lets more trades go by than the sockets' buffers and the ring hold, and shows that others are served meanwhile."""
    async with Client(flow.url()) as quick:
        await quick.subscribe(symbol)
        flow.tell_simulator("/control/rate?n=4000")
        await quick.until(lambda: len(quick.trades) > 45000, "45,000 trades at the quick client", 120)
        flow.tell_simulator("/control/rate?n=1000")
        assert_once_and_in_order(quick.trades)
        assert quick.of("trades.gap") == []
        return quick.trades[-1]["seq"]


def test_a_slow_client_jumps_to_the_newest_and_is_told_what_it_skipped_where_configured_so(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["gatewayd"]["slow"] = "conflate"
    flow.start_all("--symbols", "BTC-USD", "--rate", 5000)

    async def run():
        slow = await stalled(flow)
        last = await lap(flow)
        expected = None
        gaps = 0
        async for raw in slow:
            message = loads(raw)
            if message.get("method") == "trades.gap":
                gap = message["params"]
                assert gap["from"] == f"{gap['from'].split('-')[0]}-{expected}"
                expected = int(gap["to"].split("-")[1]) + 1
                gaps += 1
                assert gap["missing"] == expected - int(gap["from"].split("-")[1])
            elif message.get("method") == "trades.update":
                assert expected is None or message["params"]["seq"] == expected, "every skipped trade is told"
                expected = message["params"]["seq"] + 1
                if gaps and expected > last:
                    break
        assert gaps
        await slow.close()

    asyncio.run(run())


def test_a_slow_client_is_disconnected_with_its_cursor_where_configured_so(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["gatewayd"]["slow"] = "disconnect"
    flow.start_all("--symbols", "BTC-USD", "--rate", 5000)

    async def run():
        slow = await stalled(flow)
        await lap(flow)
        seqs = []
        try:
            async for raw in slow:
                message = loads(raw)
                if message.get("method") == "trades.update":
                    seqs.append((message["params"]["epoch"], message["params"]["seq"]))
        except websockets.ConnectionClosed:
            pass
        assert slow.close_code == 1013
        assert slow.close_reason == "-".join(map(str, seqs[-1])), "the reason is the cursor to resume from"

    asyncio.run(run())


def test_batches_bring_every_trade_once_live_and_resumed(pipeline):
    """With batch each notification stands in an array, several in one frame when they are pending."""
    flow = pipeline(symbols=["BTC-USD"])
    flow.start_all("--symbols", "BTC-USD", "--rate", 2000)

    async def run():
        async with Client(flow.url()) as client:
            await client.call("subscribe", channel="trades", symbol="BTC-USD", batch=True)
            await client.until(lambda: len(client.trades) >= 500, "500 live trades")
            first, last = client.trades[0], client.trades[-1]
            assert [t["seq"] for t in client.trades] == list(range(first["seq"], last["seq"] + 1))
            assert sum(client.batches) == len(client.trades)
        async with Client(flow.url()) as client:
            answer = await client.call("subscribe", channel="trades", symbol="BTC-USD", batch=True, since=f"{last['epoch']}-{first['seq'] - 1}")
            assert answer["recovered"]
            await client.until(lambda: len(client.trades) >= 3000, "what was missed, and more")
            assert [t["seq"] for t in client.trades] == list(range(first["seq"], first["seq"] + len(client.trades)))
            assert sum(client.batches) == len(client.trades) and max(client.batches) >= 50

    asyncio.run(run())
