"""A connectord under the test's command: publishes what it is told, holds a journal that can be told to have holes."""

import json
import threading

import zmq


class FakeConnectord:
    def __init__(self, bus, replay, source="blockchain", symbols=("BTC-USD",), epoch=1700000000000000):
        self.source, self.symbols, self.epoch = source, symbols, epoch
        self.journal = {self.topic(s): [] for s in symbols}  # (epoch, seq, body)
        self.time = "2025-11-10T17:24:33.000000000Z"  # what its clock says
        self.status_more = {}  # what else its statuses say
        self.requests, self.lock = [], threading.Lock()
        context = zmq.Context.instance()
        self.pub, self.router = context.socket(zmq.PUB), context.socket(zmq.ROUTER)
        for socket, endpoint in ((self.pub, bus), (self.router, replay)):
            socket.setsockopt(zmq.LINGER, 0)
            socket.bind(endpoint)
        self.pub.setsockopt(zmq.SNDHWM, 0)
        self.ending = threading.Event()
        self.beating = threading.Event()
        self.beating.set()
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self._serve, self._beat)]
        for thread in self.threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()
        self.pub.close()
        self.router.close()

    def topic(self, subject):
        return f"{subject}.{self.source}" if "." in subject else f"trade.{subject}.{self.source}"

    def send(self, *frames):
        with self.lock:
            self.pub.send_multipart([f.encode() if isinstance(f, str) else f for f in frames])

    def status(self, event="heartbeat", connected=True, reason="", time=None, source=None, symbols=None):
        """Of the source itself, or of another one with symbols without trades."""
        with self.lock:
            last = dict.fromkeys(symbols, 0) if symbols else {
                s: max([q for e, q, _ in self.journal[self.topic(s)] if e == self.epoch], default=0) for s in self.symbols}
        source = source or self.source
        self.send(f"status.{source}", json.dumps({
            "event": event, "source": source, "connected": connected, "since": time or self.time, "time": time or self.time, "reason": reason,
            "subscribe": "always", "epoch": self.epoch, "trades": 0, "duplicates": 0, "malformed": 0, "gaps": 0, "reconnects": 0,
            **self.status_more, "symbols": last}, separators=(",", ":")))

    def body(self, symbol, seq):
        return (f'{{"epoch":{self.epoch},"seq":{seq},"seqnum":{seq},"event":"updated","channel":"trades","symbol":"{symbol}",'
                f'"timestamp":"2025-11-10T17:{seq // 60 % 60:02}:{seq % 60:02}.937345Z","side":"buy","qty":0.00885072,'
                f'"price":105383.80000,"tradeId":"{seq}","source":"{self.source}","received":"2025-11-10T17:24:33.981112345Z"}}')

    def trade(self, symbol, seq, publish=True, journal=True):
        body = self.body(symbol, seq)
        if journal:
            with self.lock:
                self.journal[self.topic(symbol)].append((self.epoch, seq, body))
        if publish:
            self.send(self.topic(symbol), body)

    def cover(self, symbol, state, start, end=None, publish=True, **more):
        """Publishes a record of coverage, of the next seq."""
        subject = f"coverage.{symbol}"
        data = {"state": state, "from": start, **({"to": end} if end else {}), "cursor": f"{self.epoch}-0", **more}
        with self.lock:
            journal = self.journal.setdefault(self.topic(subject), [])
            seq = len(journal) + 1
            body = json.dumps({"epoch": self.epoch, "seq": seq, "channel": "coverage", "key": symbol, "timestamp": self.time,
                               "source": self.source, "received": "2025-11-10T17:24:33.981112345Z", "data": data}, separators=(",", ":"))
            journal.append((self.epoch, seq, body))
        if publish:
            self.send(self.topic(subject), body)

    def _beat(self):
        while not self.ending.wait(0.2):
            if self.beating.is_set():
                self.status()

    def _serve(self):
        while not self.ending.is_set():
            if not self.router.poll(50):
                continue
            *route, request = self.router.recv_multipart()
            request = json.loads(request)
            self.requests.append(request)
            with self.lock:
                answer = getattr(self, f"_{request['op']}")(request)
            if "id" in request:
                answer = {**answer, "id": request["id"]}
            text = json.dumps(answer, separators=(",", ":"))
            for mark, body in self.raw:
                text = text.replace(json.dumps(mark), body)
            self.router.send_multipart([*route, text.encode()])

    raw = ()

    def _streams(self, request):
        return {"ok": True, "epoch": self.epoch, "streams": [
            {"topic": t, "first": f"{trades[0][0]}-{trades[0][1]}", "last": f"{trades[-1][0]}-{trades[-1][1]}"}
            for t, trades in self.journal.items() if trades and request.get("topic", t) == t]}

    def _ahead(self, request):
        """As one of 0.1.0, which knows of no such thing."""
        return {"ok": False, "error": {"code": "unknown_op", "message": "Unknown op: expected range or streams, found ahead"}}

    def _range(self, request):
        place = lambda name: tuple(map(int, request[name].split("-"))) if name in request else None
        first, last = place("from") or (0, 0), place("to") or (1 << 64, 0)
        found = [t for t in self.journal.get(request["topic"], []) if t[0] == self.epoch and first <= t[:2] <= last]
        page = found[: request["count"]]
        self.raw = [(f"{e}/{s}", body) for e, s, body in page]
        answer = {"ok": True, "trades": [f"{e}/{s}" for e, s, _ in page], "missing": 0}
        if len(found) > len(page):
            answer["next"] = f"{found[len(page)][0]}-{found[len(page)][1]}"
        return answer
