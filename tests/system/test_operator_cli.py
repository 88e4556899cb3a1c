"""dataflow clients, symbols of a source and drain, by an operator on the command line."""

import asyncio
import json

import pytest
from cli import NOBODY, answered, dataflow
from clients import Client
from pipeline import until

pytest.importorskip("jwt", reason="python3-jwt is not installed")

from operators import guard, token, with_token  # noqa: E402


@pytest.fixture
def flow(pipeline):
    flow = guard(pipeline(symbols=["BTC-USD", "ETH-USD"]))
    flow.start_all("--symbols", "BTC-USD,ETH-USD,SOL-USD", "--rate", "200")
    flow.token = flow.directory / "token"
    flow.token.write_text(token() + "\n")
    return flow


def test_an_operator_sees_changes_and_drains(flow):
    by = ("--token", flow.token, "--url", NOBODY, "--url", flow.url())

    async def run():
        async with Client(with_token(flow.url())) as client:
            await client.subscribe("BTC-USD")
            shown = await asyncio.to_thread(answered, "clients", *by)
            told = json.loads(await asyncio.to_thread(answered, "clients", "--json", *by))
            drained = await asyncio.to_thread(answered, "drain", *by)
            await client.until(lambda: client.closed, "the goodbye")
            return shown, told, drained, client

    assert answered("symbols", "blockchain", *by).split() == ["BTC-USD", "ETH-USD"]
    assert answered("symbols", "blockchain", "add", "SOL-USD", *by).split() == ["BTC-USD", "ETH-USD", "SOL-USD", "added"]
    again = dataflow("symbols", "blockchain", "add", "SOL-USD", *by)
    assert again.returncode == 0 and "SOL-USD was offered before" in again.stderr
    removed = dataflow("symbols", "blockchain", "remove", "SOL-USD", "ETH-USD", *by)
    assert removed.stdout.split() == ["BTC-USD"] and "ETH-USD is in the configuration, and removed" in removed.stderr
    assert json.loads(answered("symbols", "blockchain", "add", "ETH-USD", "--json", *by))["removed"] == []
    shown, told, drained, client = asyncio.run(run())
    head, row = shown.splitlines()
    assert head.split()[:3] == ["id", "address", "over"] and "websocket" in row
    assert (told["transport"], told["subscriptions"]) == ("websocket", 1)
    assert "1 client sent away" in drained and client.close_code == 1012
    until(lambda: dataflow("clients", *by).stderr == "-- nobody is connected\n", "nobody to be left")


def test_what_stands_in_the_way_is_said(flow):
    by = ("--url", flow.url())
    missing = dataflow("clients", *by, DATAFLOW_TOKEN="")
    assert missing.returncode == 2 and "--token FILE, or DATAFLOW_TOKEN" in missing.stderr
    viewer = dataflow("drain", *by, DATAFLOW_TOKEN=token("viewer"))
    assert (viewer.returncode, viewer.stderr) == (1, "dataflow: This is for operators alone\n")
    unknown = dataflow("symbols", "other", "add", "SOL-USD", *by, DATAFLOW_TOKEN=token())
    assert (unknown.returncode, unknown.stderr) == (1, "dataflow: Invalid source: other\n")
    assert dataflow("symbols", "blockchain", "add", *by, DATAFLOW_TOKEN=token()).returncode == 2
    assert dataflow("clients", "--url", NOBODY, DATAFLOW_TOKEN=token()).returncode == 3
    (flow.directory / "nonsense").write_text("two words\n")
    nonsense = dataflow("clients", "--token", flow.directory / "nonsense", *by)
    assert nonsense.returncode == 1 and "expected a token, and nothing else" in nonsense.stderr


def test_a_gateway_without_tokens_takes_no_orders_and_says_so(pipeline):
    flow = pipeline()
    flow.start_gateway()
    until(lambda: flow.ready("gateway0")[0], "the gateway to listen")
    ended = dataflow("clients", "--url", flow.url(), DATAFLOW_TOKEN=token())
    assert ended.returncode == 1 and "gatewayd.auth.mode" in ended.stderr
