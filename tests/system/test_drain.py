"""POST /api/v1/drain: a gateway lets nobody in and sends its clients away, who lose nothing, and stays until somebody ends it."""

import asyncio
import json
import subprocess

import pytest
from clients import Client, assert_once_and_in_order, cursor
from pipeline import PATIENCE, free_ports, get, until

pytest.importorskip("jwt", reason="python3-jwt is not installed")

from operators import ask, guard, operate, token, with_token  # noqa: E402

CLIENTS = 12


@pytest.fixture
def flow(pipeline):
    return guard(pipeline(symbols=["BTC-USD"]))


def start(flow, name, listen):
    flow.config["gatewayd"]["listen"] = listen
    process = flow.start(name, ["--config", str(flow.write_config())], program="gatewayd")
    process.wait_for_line("gateway: listening")
    return process


class Follower:
    """Somebody who takes a stream over whatever connection there is, and comes back by cursor when it ends."""

    def __init__(self, url):
        self.url, self.trades, self.ends = url, [], []
        self.stopping = False

    async def run(self):
        since = {}
        while not self.stopping:
            try:
                async with Client(self.url) as client:
                    await client.subscribe("BTC-USD", **since)
                    while not client.closed and not self.stopping:
                        await asyncio.wait({asyncio.create_task(client.news.wait())}, timeout=0.1)
                        client.news.clear()
                    assert not client.of("trades.gap")
                    self.trades += client.trades
                if client.close_code != 1000:
                    self.ends.append((client.close_code, client.close_reason))
            except OSError:
                await asyncio.sleep(0.05)  # between two gateways
            if self.trades:
                since = {"since": {"blockchain": cursor(self.trades[-1])}}


async def wait(condition, what):
    await asyncio.to_thread(until, condition, what)


def clients_of(address):
    return ask(address, "GET", "/api/v1/clients", token()).json["total"]


def test_of_two_gateways_on_one_port_one_drains_and_no_client_loses_a_trade(flow):
    shared = {"address": flow.address("gateway0"), "share": True}
    own = [f"127.0.0.1:{port}" for port in free_ports(2)]
    flow.start_simulator("--symbols", "BTC-USD", "--rate", "300")
    flow.start_connectord()
    flow.start_cached()
    gateways = [start(flow, name, [shared, address]) for name, address in zip(("first", "second"), own)]
    until(lambda: all(get(f"http://{address}/ready")[0] == 200 for address in own), "both gateways")
    followers = [Follower(with_token(flow.url())) for _ in range(CLIENTS)]

    async def run():
        tasks = [asyncio.create_task(follower.run()) for follower in followers]
        await wait(lambda: sum(map(clients_of, own)) == CLIENTS, "the clients to be in")
        had = [clients_of(address) for address in own]
        drained = had.index(max(had))
        answer = await asyncio.to_thread(ask, own[drained], "POST", "/api/v1/drain", token())
        assert answer.status == 202 and answer.json == {"version": "v1", "draining": True, "clients": had[drained]}
        await wait(lambda: clients_of(own[drained]) == 0 and clients_of(own[1 - drained]) == CLIENTS, "the clients to be at the other one")
        for follower in followers:
            follower.stopping = True
        await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)
        return drained, had[drained]

    drained, moved = asyncio.run(run())
    ends = [end for follower in followers for end in follower.ends]
    assert ends == [(1012, "service restart; retry after 1000 ms")] * moved
    for follower in followers:
        assert_once_and_in_order(follower.trades)
    status, body = get(f"http://{own[drained]}/ready")
    assert status == 503 and json.loads(body)["draining"] is True
    assert get(f"http://{own[drained]}/health")[0] == 200
    assert "dataflow_draining 1" in get(f"http://{own[drained]}/metrics")[1]
    assert ask(own[drained], "POST", "/api/v1/drain", token()).status == 202, "once more does no harm"
    assert gateways[drained].stop() == 0
    assert json.loads(get(f"http://{own[1 - drained]}/ready")[1])["draining"] is False


def test_nobody_is_let_in_by_any_door(flow):
    flow.start_all("--symbols", "BTC-USD")
    address = flow.address("gateway0")
    stream = subprocess.Popen(["curl", "-sSN", "--max-time", str(PATIENCE), "-H", f"Authorization: Bearer {token()}",
                               f"http://{address}/api/v1/stream?symbols=BTC-USD"], stdout=subprocess.PIPE, text=True)
    assert stream.stdout.readline().startswith("retry:"), "it has begun, which history may take its time for"
    assert clients_of(address) == 1
    assert operate(flow, "GET", "/clients").json["clients"][0]["transport"] == "sse"
    assert operate(flow, "GET", "/clients").json["clients"][0]["address"] == "127.0.0.1"
    assert operate(flow, "POST", "/drain").status == 202
    stream.communicate(timeout=PATIENCE)
    assert stream.returncode == 0, "it ends in order"
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version": "13"}
    assert ask(address, "GET", "/ws", token(), **upgrade).status == 503
    assert ask(address, "GET", "/api/v1/stream?symbols=BTC-USD", token()).status == 503
    assert ask(address, "GET", "/api/v1/trades/BTC-USD", token()).status == 200, "what is asked is answered still"
    assert flow.processes["gateway0"].stop() == 0
