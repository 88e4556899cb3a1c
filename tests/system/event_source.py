"""An EventSource made of curl."""

import json
import subprocess
import threading

from pipeline import PATIENCE, loads


class Events:
    """An EventSource made of curl: events as (name, data) in order, and the id that it would come back with."""

    def __init__(self, flow, query, last_id=None, gateway=0):
        self.events, self.trades, self.comments, self.last_id, self.retry = [], [], 0, last_id, None
        self.changed = threading.Condition()
        self.ended = False
        more = ["-H", f"Last-Event-ID: {last_id}"] if last_id else []
        self.curl = subprocess.Popen(["curl", "-sS", "-N", "-i", *more, f"http://{flow.address(f'gateway{gateway}')}/api/v1/stream?{query}"],
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.head = [line.decode().rstrip() for line in iter(self.curl.stdout.readline, b"\r\n") if line]
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.curl.kill()
        self.curl.wait()
        self.reader.join()

    def _read(self):
        """As the HTML standard says: what an empty line does not end is dropped, an id counts with the event it stands in."""
        name, data, last_id = "message", [], self.last_id
        for raw in self.curl.stdout:
            line = raw.decode()
            if not line.endswith("\n"):
                break
            field, _, value = line[:-1].partition(":")
            value = value[1:] if value.startswith(" ") else value
            if line == "\n":
                with self.changed:
                    self.last_id = last_id
                    if data:
                        self.events.append((name, "\n".join(data)))
                        if name == "message":
                            self.trades.append(loads(data[0]))
                    self.changed.notify_all()
                name, data = "message", []
            elif field == "":
                with self.changed:
                    self.comments += 1
                    self.changed.notify_all()
            elif field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif field == "id":
                last_id = value
            elif field == "retry":
                self.retry = int(value)
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait(self, condition, what):
        with self.changed:
            found = self.changed.wait_for(lambda: condition() or self.ended, PATIENCE)
        assert found and condition(), f"waited for {what}; ended: {self.ended}, {len(self.trades)} trades, the last: {self.events[-1:]}"

    def named(self, name):
        return [json.loads(data) for kind, data in list(self.events) if kind == name]
