"""Clients that say nothing: who answers pings stays, who does not is gone."""

import asyncio

from clients import Client
from pipeline import PATIENCE

UPGRADE = (b"GET /ws HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")


def test_a_silent_client_that_answers_pings_outlives_one_that_does_not(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["gatewayd"]["silence_ms"] = 3000
    flow.start_all("--symbols", "BTC-USD", "--rate", 10)

    async def run():
        async with Client(flow.url()) as answers:  # the library answers pings
            reader, writer = await asyncio.open_connection(*flow.address("gateway0").split(":"))
            writer.write(UPGRADE)
            heard = await asyncio.wait_for(reader.read(), PATIENCE)  # to the end of the connection
            writer.close()
            assert b" 101 " in heard and b"\x89" in heard and b"not even a pong" in heard, "upgraded, pinged, and told why"
            assert (await answers.call("ping"))["pong"] is True

    asyncio.run(run())
