"""Clients in Node.js, node/signalr.mjs, node/ws.mjs and node/table.mjs, as children: each takes commands and tells what happens, a JSON line each."""

import itertools
import json
import os
import subprocess
import threading

from pipeline import PATIENCE, ROOT, loads


class NodeClient:
    """What the child tells is kept in order: all in `told`, the JSON-RPC messages that came in `messages`, their trades in `trades`."""

    def __init__(self, node_modules, kind, url, *more):
        self.told, self.messages, self.trades = [], [], []
        self.changed, self.ids = threading.Condition(), itertools.count(1)
        if kind != "ws":
            url = url.replace("wss://", "https://").replace("ws://", "http://").replace("/ws", "/blockchain")
        self.child = subprocess.Popen(["node", ROOT / f"tests/system/node/{kind}.mjs", url, *more],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                      env={**os.environ, "NODE_MODULES_BESIDE": str(node_modules / "package.json")})
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        self.wait(lambda: self.events("started"), "the connection")
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        try:
            self.child.wait(PATIENCE)
        finally:
            self.child.kill()

    def _read(self):
        for line in self.child.stdout:
            with self.changed:
                self._take(json.loads(line))
                self.changed.notify_all()

    def _take(self, told):
        self.told.append(told)
        if "message" not in told:
            return
        message = loads(told["message"])
        self.messages.append(message)
        if isinstance(message, dict) and message.get("method") == "trades.update":
            self.trades.append(message["params"])

    def wait(self, find, what):
        with self.changed:
            found = self.changed.wait_for(find, PATIENCE)
        assert found, f"waited for {what}; the last told: {self.told[-3:]}"
        return found

    def events(self, name):
        return [t for t in self.told if t.get("event") == name]

    def invoke(self, method, *arguments):
        self.child.stdin.write(json.dumps([method, *arguments]) + "\n")
        self.child.stdin.flush()

    def call(self, method, **params):
        """The whole answer."""
        identity = f"{method}-{next(self.ids)}"
        self.invoke("SendMessage", json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": params}))
        return self.wait(lambda: next((m for m in self.messages if m.get("id") == identity), None), f"the answer to {method}")
