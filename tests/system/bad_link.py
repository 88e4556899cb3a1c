"""A TCP proxy that makes a link bad: delay, stalls, resets, partitions. It runs on a thread of its own."""

import asyncio
import threading

CHUNK = 65536
QUEUE = 4096  # chunks on their way; then whoever sends waits, as with a full pipe


class BadLink:
    """Listens on one port and passes on to another.

    `delay_s` holds every chunk back; `stalled` and `reset` are the parts of chunks behind which nothing moves for `stall_s`, or at
    which the connection is reset. Counts what it did in `chunks`, `stalls` and `resets`, and who came in `connections`.
    """

    def __init__(self, listen, target, dice, delay_s=0.0, stalled=0.0, reset=0.0, stall_s=0.3):
        self.listen, self.target, self.dice = listen, target, dice
        self.delay_s, self.stalled, self.reset, self.stall_s = delay_s, stalled, reset, stall_s
        self.chunks = self.stalls = self.resets = self.connections = 0
        self.writers = set()
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        assert self.ready.wait(10), f"proxy on {self.listen}"
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._serve())
        self.loop.close()

    async def _serve(self):
        self.over, self.open = asyncio.Event(), asyncio.Event()
        self.open.set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.listen, limit=CHUNK)
        self.ready.set()
        await self.over.wait()
        server.close()
        self._drop_all()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _drop_all(self):
        for writer in list(self.writers):
            writer.transport.abort()
        self.writers.clear()

    async def _accept(self, reader, writer):
        self.connections += 1
        try:
            await self.open.wait()  # while partitioned nobody answers
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target, limit=CHUNK)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self.writers |= pair
        await asyncio.gather(self._pipe(reader, far_writer, pair), self._pipe(far_reader, writer, pair))
        self.writers -= pair

    async def _pipe(self, reader, writer, pair):
        queue = asyncio.Queue(QUEUE)
        task = asyncio.create_task(self._deliver(queue, writer, pair))
        try:
            while chunk := await reader.read(CHUNK):
                await queue.put((self.loop.time() + self.delay_s, chunk))
        except OSError:
            pass
        if not task.done():
            await queue.put((0, b""))
            await task

    async def _deliver(self, queue, writer, pair):
        """Passes chunks on, each at its time; an empty one is the end."""
        try:
            while True:
                at, chunk = await queue.get()
                await asyncio.sleep(max(0, at - self.loop.time()))
                await self.open.wait()
                if not chunk or await self._strike():
                    break
                writer.write(self._with_due(queue, chunk))
                await writer.drain()
        except OSError:
            pass
        for one in pair:
            one.transport.abort()
        while not queue.empty():  # whoever waits to put something in goes on, reads the end, and leaves
            queue.get_nowait()

    def _with_due(self, queue, chunk):
        """What is due by now goes as one chunk, as it does on a link that was busy."""
        parts, length = [chunk], len(chunk)
        while not queue.empty() and length < CHUNK:
            at, more = queue._queue[0]  # asyncio's queue has no peek
            if not more or at > self.loop.time():
                break
            queue.get_nowait()
            parts.append(more)
            length += len(more)
        return b"".join(parts)

    async def _strike(self):
        """What befalls a chunk; True when the connection is to be reset."""
        self.chunks += 1
        fate = self.dice.random()
        if fate < self.reset:
            self.resets += 1
            return True
        if fate < self.reset + self.stalled:
            self.stalls += 1
            await asyncio.sleep(self.stall_s)
        return False

    def partition(self):
        """Nothing passes from now on, in either direction; connections stay as they are, and new ones are not answered."""
        self.loop.call_soon_threadsafe(self.open.clear)

    def heal(self):
        """What waits goes on."""
        self.loop.call_soon_threadsafe(self.open.set)

    def heal_by_reset(self):
        """The network is back, but has forgotten its connections."""
        self.loop.call_soon_threadsafe(self._drop_all)
        self.heal()
