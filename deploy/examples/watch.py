#!/usr/bin/python3
"""Prints the trades of a symbol; after a lost connection it resumes exactly where it was.

    watch.py ws://127.0.0.1:8080/ws BTC-USD         needs python3-websockets
"""

import asyncio
import json
import sys
import zlib

import websockets

UPDATE = '{"jsonrpc":"2.0","method":"trades.update","params":'


async def follow(url, symbol, cursors):
    """One connection. `cursors` is the last cursor of each source: all that has to be remembered."""
    async with websockets.connect(url) as socket:
        params = {"channel": "trades", "symbol": symbol, "mark": True}
        caught = {}  # of each source, until we are live: how many trades came, and the sum of their CRC-32
        if cursors:
            params["since"] = cursors
        await socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": params}))
        async for text in socket:
            message = json.loads(text, parse_float=str)  # decimals stay the text that the exchange sent
            trade = message.get("params", {})
            if "error" in message:
                raise ConnectionError(message["error"]["message"])
            elif message.get("id") == 1:
                for source, cursor in message["result"]["cursors"].items():
                    cursors.setdefault(source, cursor)
                    caught[source] = [0, 0]
            elif message["method"] == "trades.update":
                cursors[trade["source"]] = f"{trade['epoch']}-{trade['seq']}"
                if trade["source"] in caught:
                    caught[trade["source"]][0] += 1
                    caught[trade["source"]][1] += zlib.crc32(text[len(UPDATE):-1].encode())
                print(cursors[trade["source"]], trade["symbol"], trade["side"], trade["qty"], trade["price"], flush=True)
            elif message["method"] == "trades.live":
                count, total = caught.pop(trade["source"], (None, 0))  # None: later, after having been slow
                if count is not None and (count, f"{total % 2**32:08x}") != (trade["count"], trade["hash"]):
                    raise ConnectionError(f"what came from {trade['from']} to {trade['to']} is not what was sent")
            elif message["method"] == "trades.gap":
                print("missed:", trade["missing"], "trades from", trade["from"], "to", trade["to"], file=sys.stderr)


async def main(url, symbol):
    cursors = {}
    while True:
        try:
            await follow(url, symbol, cursors)
        except BrokenPipeError:
            return  # nobody is reading now
        except (OSError, asyncio.TimeoutError, websockets.WebSocketException) as error:
            print(f"lost: {error}", file=sys.stderr)
        await asyncio.sleep(1)


asyncio.run(main(*sys.argv[1:3]))
