"""A source that speaks WebSocket, as a test wants it to."""

import asyncio
import threading

import websockets


class Exchange:
    """A WebSocket server: answers each message with the texts that `answer(message)` gives for it."""

    def __init__(self, answer):
        self.answer, self.heard, self.sockets = answer, [], set()
        self.started = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()))
        self.thread.start()
        self.started.wait()

    async def serve(self):
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        async with websockets.serve(self.talk, "127.0.0.1", 0, ping_timeout=None) as server:  # who is stopped for a while stays
            self.port = server.sockets[0].getsockname()[1]
            self.started.set()
            await self.over.wait()

    async def talk(self, socket):
        self.sockets.add(socket)
        try:
            async for message in socket:
                self.heard.append(message)
                for text in self.answer(message):
                    await socket.send(text)
        finally:
            self.sockets.discard(socket)

    def say(self, *texts):
        """To all who are there."""
        asyncio.run_coroutine_threadsafe(self.tell(texts), self.loop).result()

    async def tell(self, texts):
        for socket in list(self.sockets):
            try:
                for text in texts:
                    await socket.send(text)
            except websockets.ConnectionClosed:
                pass

    def cut(self):
        """Ends all connections, without a word."""
        asyncio.run_coroutine_threadsafe(self.abort(), self.loop).result()

    async def abort(self):
        for socket in list(self.sockets):
            socket.transport.abort()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join()
