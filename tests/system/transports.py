"""One face for every way in which clients reach a gateway, so that all are held to the same expectations (test_real_trades.py).

    follow(symbols)      what comes from now on is received
    received             the trades that came, as the clients' JSON readers gave them
    until(find, what)    waits for find() to be true
    come_back()          called when the gateway is there again: returns once it is followed again, from where it was left
    refusal(symbol)      what a symbol that nobody offers is answered with
    close()

Those that ask have, too:

    ask(question, symbol, **bounds)     an answer's result; question: recent, since, range, candles; bounds as in REST
    rpc(method, **params)               (those of JSON-RPC) the whole answer
    error(method, **params)             (the same) an error's code and what was wrong
"""

import asyncio
import json
import subprocess
import threading
from urllib.parse import urlencode

from clients import Client, cursor
from event_source import Events
from node_client import NodeClient
from pipeline import PATIENCE, get, loads, until

METHODS = {"recent": "getRecentTrades", "since": "getTradesSince", "range": "getTradesRange", "candles": "getCandles"}
PARAMS = {"before": "beforeTimestamp", "after": "afterTimestamp", "since": "afterTimestamp"}
NEXT = {"recent": "next", "since": "next", "range": "from", "candles": "beforeTimestamp"}


def wait_until_it_listens(flow):
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway to listen")


class Rpc:
    """What the three that speak JSON-RPC have in common."""

    def follow(self, symbols):
        self.symbols = symbols
        for symbol in symbols:
            answer = self.rpc("subscribe", channel="trades", symbol=symbol)
            assert answer["result"]["event"] == "subscribed" and answer["result"]["recovered"], answer

    def until(self, find, what):
        until(find, what)

    def come_back(self):
        last = {}
        for trade in self.received:
            last[trade["symbol"]] = cursor(trade)
        self.connect_again()
        for symbol in self.symbols:
            since = {"since": last[symbol]} if symbol in last else {}
            answer = self.rpc("subscribe", channel="trades", symbol=symbol, **since)
            assert answer["result"]["recovered"], answer

    def refusal(self, symbol):
        return self.error("subscribe", channel="trades", symbol=symbol)

    def error(self, method, **params):
        """(its code, what was wrong)"""
        error = self.rpc(method, **params)["error"]
        return error["code"], error["message"]

    def ask(self, question, symbol, **bounds):
        return self.answer(question, symbol, **bounds)["result"]

    def answer(self, question, symbol, cursor=None, **bounds):
        params = {PARAMS.get(name, name): value for name, value in bounds.items()}
        if cursor is not None:
            params[NEXT[question]] = cursor
        answer = self.rpc(METHODS[question], channel="trades", symbol=symbol, **params)
        assert "result" in answer, answer
        return answer


class PythonWebsockets(Rpc):
    """Debian's python3-websockets, in a thread of its own."""

    def __init__(self, flow):
        self.flow, self.before, self.client = flow, [], None
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.connect_again()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(3 * PATIENCE)

    def connect_again(self):
        self.close_client()
        wait_until_it_listens(self.flow)
        self.client = Client(self.flow.url())
        self.run(self.client.__aenter__())

    def close_client(self):
        if self.client:
            self.run(self.client.__aexit__())
            self.before += self.client.trades

    @property
    def received(self):
        return self.before + self.client.trades

    async def _rpc(self, method, params):
        identity = f"id {next(self.client.ids)}"
        await self.client.send_raw(json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": params}))
        return await self.client.answer(identity)

    def rpc(self, method, **params):
        return self.run(self._rpc(method, params))

    def close(self):
        self.close_client()
        self.loop.call_soon_threadsafe(self.loop.stop)


class Node(Rpc):
    """npm's ws. It comes back by itself."""

    kind = "ws"

    def __init__(self, flow, node_modules):
        self.client = NodeClient(node_modules, self.kind, flow.url())
        self.client.__enter__()
        self.returns = 0

    received = property(lambda self: list(self.client.trades))

    def rpc(self, method, **params):
        return self.client.call(method, **params)

    def connect_again(self):
        self.returns += 1
        self.client.wait(lambda: len(self.client.events("reconnected")) == self.returns, "it to be connected again")

    def close(self):
        self.client.__exit__()


class SignalR(Node):
    """npm's @microsoft/signalr, at the hub with its own dialect. It comes back by itself, too."""

    kind = "signalr"

    def error(self, method, **params):
        error = self.rpc(method, **params)["error"]
        assert error["message"] == "Invalid params"
        return error["code"], error["data"]

    def ask(self, question, symbol, **bounds):
        answer = self.answer(question, symbol, **bounds)
        return {**answer["page"], "trades": answer["result"]} if question == "recent" else answer["result"]


class CurlEvents:
    """Server-Sent Events through curl, which comes back with the id of the last event."""

    def __init__(self, flow):
        self.flow, self.before, self.events = flow, [], None

    def follow(self, symbols):
        self.query = "symbols=" + ",".join(symbols)
        self.connect(None)

    def connect(self, last_id):
        self.events = Events(self.flow, self.query, last_id)
        self.events.wait(lambda: self.events.last_id, "an id")

    received = property(lambda self: self.before + list(self.events.trades))

    def until(self, find, what):
        until(find, what)

    def come_back(self):
        self.events.wait(lambda: self.events.ended, "the end of the connection")
        self.before += self.events.trades
        wait_until_it_listens(self.flow)
        self.connect(self.events.last_id)

    def refusal(self, symbol):
        answer = Rest(self.flow).get("/api/v1/stream", symbols=symbol)
        return answer["status"], answer["detail"]

    def close(self):
        if self.events:
            self.events.__exit__()


class BrowserEvents:
    """Chromium's EventSource, which comes back by itself."""

    def __init__(self, flow, chromium):
        self.flow, self.browser, self.seen = flow, chromium, []
        chromium.flow = flow
        chromium.do("open", url=f"http://{flow.address('gateway0')}/api/versions")

    def follow(self, symbols):
        self.begin(",".join(symbols))
        self.until(lambda: self.browser.evaluate("opened") == 1, "the events to be open")

    def begin(self, symbols):
        self.browser.evaluate(f"""window.heard = [], window.opened = 0, window.gaps = 0, window.errors = [],
            window.events = new EventSource("/api/v1/stream?symbols={symbols}"), events.onopen = () => opened++,
            events.addEventListener("gap", () => gaps++), events.addEventListener("error", (event) => errors.push(event.data)),
            events.onmessage = (event) => heard.push(event.data), null""")

    @property
    def received(self):
        self.seen += map(loads, self.browser.evaluate("heard.splice(0)"))
        return self.seen

    def told(self):
        """What the events named error said."""
        return str(self.browser.evaluate("errors.filter(Boolean)"))

    def until(self, find, what):
        until(find, what)

    def come_back(self):
        """It needs no help."""
        self.until(lambda: self.browser.evaluate("opened") == 2, "the browser to be back")

    def refusal(self, symbol):
        """A page is not told more than that it is over."""
        self.begin(symbol)
        self.until(lambda: self.browser.evaluate("events.readyState === EventSource.CLOSED"), "the refusal")
        return None

    def close(self):
        self.browser.evaluate("window.events?.close()")


class Rest:
    """REST through curl: to follow is to ask again for what is behind the last cursor."""

    def __init__(self, flow):
        self.flow, self.streams = flow, {}

    def get(self, path, **query):
        url = f"http://{self.flow.address('gateway0')}{path}?{urlencode(query)}"
        ended = subprocess.run(["curl", "-sS", "--max-time", str(PATIENCE), url], capture_output=True, text=True)
        return loads(ended.stdout or '{"status":0,"detail":"nobody answers"}')

    def ask(self, question, symbol, **bounds):
        answer = self.get(f"/api/v1/{'candles' if question == 'candles' else 'trades'}/{symbol}", **bounds)
        assert "status" not in answer, answer
        return answer

    def follow(self, symbols):
        self.streams = {symbol: [] for symbol in symbols}

    @property
    def received(self):
        for symbol, trades in self.streams.items():
            where = {"from": f"{trades[-1]['epoch']}-{trades[-1]['seq'] + 1}"} if trades else {"from": "0-0"}
            answer = self.get(f"/api/v1/trades/{symbol}", source=self.flow.source["name"], count=1000, **where)
            trades += answer.get("trades", [])
        return [trade for trades in self.streams.values() for trade in trades]

    def until(self, find, what):
        until(find, what)

    def come_back(self):
        wait_until_it_listens(self.flow)

    def refusal(self, symbol):
        answer = self.get(f"/api/v1/trades/{symbol}")
        return answer["status"], answer["detail"]

    def close(self):
        pass
