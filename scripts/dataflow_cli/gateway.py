"""Gateways: JSON-RPC over a WebSocket, at the first of several that answers."""

import asyncio
import json
import socket
import struct

import websockets
import websockets.exceptions

from .credential import Credential
from .failure import EXIT_UNREACHABLE, Failure, reason
from .trade import loads

ANSWER_S = 15  # longer than a gateway waits itself before it says -32000
OPEN_S = 5
NOT_NOW, NO_METHOD = -32000, -32601
NO_CHANNEL = "Only 'trades' channel is supported"  # words from before there were others
LOST = (OSError, asyncio.TimeoutError, websockets.exceptions.WebSocketException)


class NotNow(OSError):
    """The gateway can't answer this now; another one may, or this one later."""


class NoSuchMethod(Failure):
    """The gateway is older than the question."""


def why(error):
    """An exception in words; what the gateway itself said comes first."""
    closed = getattr(error, "rcvd", None)
    if closed:
        return f"closed with {closed.code} {closed.reason}".strip()
    if isinstance(error, websockets.exceptions.InvalidURI):
        return f"expected ws://HOST:PORT/ws, found {error.uri!r}"
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)) and not str(error):
        return "no answer in time"
    return reason(error)


class Gateway:
    """One connection. Notifications that come before an answer are kept for `next`."""

    def __init__(self, url, websocket, credential=None):
        self.url, self.socket, self.early, self.last_id, self.credential = url, websocket, [], 0, credential

    async def present(self, method):
        """Brings the token, if there is one: `authenticate` first, `refreshToken` later."""
        token = self.credential and self.credential.read()
        if token:
            await self.call(method, token=token)

    async def call(self, method, **params):
        """The result, and the text of the whole answer."""
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        await self.socket.send(json.dumps(request))
        try:
            return await asyncio.wait_for(self.answer(self.last_id), ANSWER_S)
        except Failure as failure:
            if str(failure) != NO_CHANNEL:
                raise
            raise Failure(f"no source offers the channel {params.get('channel')!r}: dataflow channels tells which there are") from None

    async def answer(self, identity):
        while True:
            text = await self.socket.recv()
            message = loads(text)
            if message.get("id") != identity:
                self.early.append((message, text))
            elif "error" not in message:
                return message["result"], text
            elif message["error"]["code"] == NOT_NOW:
                raise NotNow(message["error"]["message"])
            elif message["error"]["code"] == NO_METHOD:
                raise NoSuchMethod(message["error"]["message"])
            elif (message["error"].get("data") or {}).get("reason") == "no_token":
                raise Failure("the gateway asks for a token: --token FILE, or DATAFLOW_TOKEN in the environment")
            else:
                raise Failure(message["error"]["message"])

    async def next(self):
        """The next notification and its text."""
        if self.early:
            return self.early.pop(0)
        text = await self.socket.recv()
        return loads(text), text

    async def close(self):
        await self.socket.close()

    def reset(self):
        """Ends the connection as a crash does: with a TCP reset, and without a word."""
        at_once = struct.pack("ii", 1, 0)
        self.socket.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self.socket.transport.abort()


async def connect(url, credential=None):
    # Its own pings find a peer that is gone without a word. A close that is not answered is not waited for.
    websocket = await websockets.connect(url, max_size=None, max_queue=None, open_timeout=OPEN_S, close_timeout=1)
    gateway = Gateway(url, websocket, credential)
    try:
        await gateway.present("authenticate")
    except NoSuchMethod:
        pass  # it is older than tokens, and asks for none
    except BaseException:
        await gateway.close()
        raise
    return gateway


def unreachable(failures):
    found = "; ".join(f"{url}: {why(error)}" for url, error in failures)
    return Failure(f"expected a gateway that answers, found none: {found} (`make run` starts one)", EXIT_UNREACHABLE)


async def converse(urls, talk, credential=None):
    """What `await talk (gateway)` has of the first gateway that can answer."""
    failures = []
    for url in urls:
        try:
            gateway = await connect(url, credential)
            try:
                return await talk(gateway)
            finally:
                await gateway.close()
        except LOST as error:
            failures.append((url, error))
    raise unreachable(failures)


async def ask(options, method, **params):
    """What that gateway says: result and text."""
    return await converse(options.url, lambda gateway: gateway.call(method, **params), Credential(options.token))


def asked(options, method, **params):
    """The same, for commands that ask one thing; params that are None are omitted."""
    return asyncio.run(ask(options, method, **{name: value for name, value in params.items() if value is not None}))
