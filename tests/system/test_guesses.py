"""Guessing the token that clears the history: an address that was wrong waits, through whichever door it comes, and nobody else does."""

import asyncio
import json

import pytest
import websockets
from clients import Client, RpcError
from pipeline import get, until

TOKEN = "the token that clears"
GUESSES = 500
RECORD = "\x1e"


@pytest.fixture
def flow(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["cached"]["token"] = TOKEN
    flow.start_cached()
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('cached_http')}/health")[0] and "dataflow_gateway_history_up 1\n" in metrics(flow),
          "the gateway to reach history")
    return flow


def metrics(flow):
    return get(f"http://{flow.address('gateway0')}/metrics")[1]


def wrong(flow):
    return next(int(line.split()[1]) for line in metrics(flow).splitlines() if line.startswith("dataflow_gateway_wrong_tokens_total "))


def from_address(flow, address):
    return Client(flow.url(), local_addr=(address, 0))


def clear(number, token):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "clearHistory", "params": {"token": token}})


async def error(client, token):
    with pytest.raises(RpcError) as error:
        await client.call("clearHistory", token=token)
    return error.value


def test_an_address_that_guesses_waits_and_nobody_else_does(flow):
    async def run():
        async with from_address(flow, "127.0.0.2") as guesser, from_address(flow, "127.0.0.3") as owner:
            for number in range(GUESSES):
                await guesser.send_raw(clear(f"guess {number}", f"guessing the token {number}"))
            assert (await owner.call("ping"))["pong"]
            errors = [(await guesser.answer(f"guess {number}"))["error"] for number in range(GUESSES)]
            assert {error["code"] for error in errors} == {-32003}
            looked_at = sum("is checked for" not in error["message"] for error in errors)
            assert looked_at == wrong(flow) and 1 <= looked_at <= 10
            assert "is checked for" in str(await error(guesser, TOKEN)), "not even the right one"
            async with from_address(flow, "127.0.0.2") as again:
                assert "is checked for" in str(await error(again, TOKEN)), "nor on another connection"
            assert await owner.call("clearHistory", token=TOKEN) == {"cleared": 0}

    asyncio.run(run())
    line = flow.processes["gateway0"].wait_for_line("wrong token")
    assert "address=127.0.0.2" in line and "guessing" not in flow.processes["gateway0"].log()


async def guess_at_hub(flow, address, token):
    """The error's text that the hub answers a guess with."""
    async with websockets.connect(flow.url().replace("/ws", "/blockchain"), local_addr=(address, 0)) as hub:
        await hub.send('{"protocol":"json","version":1}' + RECORD)
        assert json.loads((await hub.recv()).rstrip(RECORD)) == {}
        await hub.send(json.dumps({"type": 1, "target": "SendMessage", "arguments": [clear("1", token)]}) + RECORD)
        while True:
            for record in filter(None, (await hub.recv()).split(RECORD)):
                message = json.loads(record)
                if message.get("target") == "ReceiveMessage" and "clear" not in str(message.get("method")):
                    answer = json.loads(message["arguments"][0])
                    if "error" in answer:
                        return answer["error"]["data"]


def test_all_doors_count_together(flow):
    async def run():
        assert "is checked for" not in await guess_at_hub(flow, "127.0.0.2", "guessing at the hub")
        async with from_address(flow, "127.0.0.2") as client:
            assert "is checked for" in str(await error(client, TOKEN))
        async with from_address(flow, "127.0.0.3") as client:
            assert "is checked for" not in str(await error(client, "guessing elsewhere"))
        assert "is checked for" in await guess_at_hub(flow, "127.0.0.3", TOKEN)

    asyncio.run(run())
    assert wrong(flow) == 2


def test_who_goes_before_the_answer_has_guessed_all_the_same(flow):
    async def run():
        for _ in range(10):
            async with from_address(flow, "127.0.0.2") as client:
                await client.send_raw(clear(1, "guessing and going"))
        async with from_address(flow, "127.0.0.2") as client:
            assert "is checked for" in str(await error(client, TOKEN))

    asyncio.run(run())
    assert 1 <= wrong(flow) <= 10
