"""Two gateways and two taps at once: upstream is subscribed exactly while somebody, anywhere, wants a symbol."""

import asyncio

import pytest
from clients import Client, RpcError, Tap
from pipeline import until


def upstream(flow, event, symbol):
    return [e for e in flow.ledger(event) if e.get("symbol") == symbol]


@pytest.fixture
def flow(pipeline):
    flow = pipeline(symbols=["BTC-USD", "ETH-USD"], subscribe="demand", grace_ms=300)
    flow.start_all("--symbols", "BTC-USD,ETH-USD,LTC-USD", "--rate", 500)
    flow.start_gateway(1)
    flow.wait_ready("gateway1")
    return flow


def counts(flow, symbol="BTC-USD"):
    return len(upstream(flow, "subscribe", symbol)), len(upstream(flow, "unsubscribe", symbol))


def test_the_first_subscriber_anywhere_subscribes_upstream_and_the_last_one_unsubscribes(flow):
    assert counts(flow) == (0, 0), "cached's subscription to everything is no demand"

    async def run():
        async with Client(flow.url(0)) as first, Client(flow.url(1)) as second:
            await first.subscribe("BTC-USD")
            await first.until(lambda: first.trades, "trades at the first gateway")
            await second.subscribe("BTC-USD")
            await second.until(lambda: second.trades, "trades at the second gateway")
            with Tap(flow.bus, "trade.BTC-USD.") as one, Tap(flow.bus, "trade.BTC-USD.") as two:
                one.receive(), two.receive()
                await first.call("unsubscribe", channel="trades", symbol="BTC-USD")
                await second.call("unsubscribe", channel="trades", symbol="BTC-USD")
                one.take(200), two.take(200)  # the taps alone keep it alive, beyond the grace period
                assert counts(flow) == (1, 0)
            until(lambda: counts(flow) == (1, 1), "one unsubscribe upstream")
            await first.subscribe("ETH-USD")
            await first.until(lambda: any(t["symbol"] == "ETH-USD" for t in first.trades), "trades of ETH-USD")
            assert counts(flow) == (1, 1)

    asyncio.run(run())


def test_a_crash_counts_as_leaving(flow):
    async def run():
        async with Client(flow.url(0)) as client:
            await client.subscribe("BTC-USD")
            await client.until(lambda: client.trades, "trades")
            flow.processes["gateway0"].kill()
        until(lambda: counts(flow) == (1, 1), "one unsubscribe upstream")
        async with Client(flow.url(1)) as client:
            await client.subscribe("BTC-USD")
            await client.until(lambda: client.trades, "trades at the other gateway")
            client.socket.transport.abort()
        until(lambda: counts(flow) == (2, 2), "the second unsubscribe upstream")

    asyncio.run(run())


def test_a_reconnect_within_the_grace_period_is_not_seen_upstream(pipeline):
    flow = pipeline(symbols=["BTC-USD"], subscribe="demand", grace_ms=60000)
    flow.start_all("--symbols", "BTC-USD", "--rate", 500)

    async def run():
        for _ in range(3):
            async with Client(flow.url()) as client:
                await client.subscribe("BTC-USD")
                await client.until(lambda: client.trades, "trades")

    asyncio.run(run())
    assert counts(flow) == (1, 0)


@pytest.mark.parametrize("symbol", ["LTC-USD", "NO-SUCH", "btc-usd", "", "BTC-USD.x", "*", "BTC-USD\n"])
def test_a_symbol_that_no_source_offers_is_refused(flow, symbol):
    async def run():
        async with Client(flow.url()) as client:
            with pytest.raises(RpcError) as refused:
                await client.subscribe(symbol)
            assert refused.value.code == -32602
            assert refused.value.message == (f"Invalid symbol: {symbol}" if symbol else "Symbol is required")

    asyncio.run(run())
    assert upstream(flow, "subscribe", symbol) == []
