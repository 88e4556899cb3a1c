"""A pipeline whose processes have keys, and peers with keys and without."""

import json
import os
import re
import signal

import pytest
import zmq
from cli import answered
from pipeline import PATIENCE, get, until

SYMBOLS = ["BTC-USD", "ETH-USD"]
PROCESSES = ("connectord", "cached", "gatewayd")
TRADES = "trade.BTC-USD."
BRIEF_MS = 1000  # for what must not come


def member(path, name):
    """What a file of keys has of that name."""
    return re.search(rf'^\s*{name} = "(.*)"$', path.read_text(), re.M)[1]


class Keys:
    def __init__(self, folder):
        self.folder = folder

    def make(self, *names, **options):
        answered("keys", *names, "--to", self.folder, *[part for name, value in options.items() for part in (f"--{name}", value)])

    def public(self, name):
        return member(self.folder / f"{name}.pub", "public-key").encode()

    def secret(self, name):
        return member(self.folder / f"{name}.key", "secret-key").encode()

    def allow(self, name, may):
        """Changes what a key that is known may."""
        path = self.folder / f"{name}.pub"
        path.write_text(re.sub(r'may = ".*"', f'may = "{may}"', path.read_text()))

    def forget(self, name):
        (self.folder / f"{name}.pub").unlink()


class Peer:
    """A socket of pyzmq; `own` is (public, secret), or None, which is without CURVE."""

    def __init__(self, kind, endpoint, server=None, own=None, topics=("",)):
        self.socket = zmq.Context.instance().socket(kind)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.SNDTIMEO, int(PATIENCE * 1000))
        self.socket.setsockopt(zmq.RECONNECT_IVL_MAX, 500)
        if own:
            self.socket.curve_publickey, self.socket.curve_secretkey = own
            self.socket.curve_serverkey = server
        for topic in topics if kind == zmq.SUB else ():
            self.socket.subscribe(topic)
        self.socket.connect(endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def hears(self, patience_ms=PATIENCE * 1000):
        return self.socket.poll(patience_ms) != 0

    def topic(self):
        assert self.hears(), "nothing came"
        return self.socket.recv_multipart()[0].decode()

    def send(self, flags=0, **request):
        self.socket.send_multipart([b"", json.dumps(request).encode()], flags)

    def ask(self, **request):
        self.send(**request)
        assert self.hears(), f"no answer to {request}"
        return json.loads(self.socket.recv_multipart()[-1])


class Keyed:
    """What a test does with a pipeline that has keys."""

    SERVERS = {"bus": "connectord", "replay": "connectord", "history": "cached"}

    def __init__(self, flow, keys):
        self.flow, self.keys = flow, keys

    def __getattr__(self, name):
        return getattr(self.flow, name)

    def peer(self, service, name=None, own=None, topics=("",), server=None):
        """One with the key of that name, or another, or with none."""
        own = (self.keys.public(name), self.keys.secret(name)) if name else own
        kind = zmq.SUB if service == "bus" else zmq.DEALER
        return Peer(kind, getattr(self.flow, service), server or self.keys.public(self.SERVERS[service]), own, topics)

    def hang_up(self, *names):
        """SIGHUP, until it is done."""
        for name in names:
            process = self.processes[name]
            before = sum("curve: keys read again" in line or "curve: the former keys stay" in line for line in process.lines)
            os.kill(process.popen.pid, signal.SIGHUP)
            until(lambda: sum("curve: keys read again" in line or "curve: the former keys stay" in line for line in process.lines) > before,
                  f"{name} to read its keys again")

    def count(self, name, metric, **labels):
        """A metric of a process; 0 without one."""
        _, text = get(f"http://{self.address(name + '_http')}/metrics")
        label = ",".join(f'{key}="{value}"' for key, value in labels.items())
        found = re.search(rf"^{metric}\{{{re.escape(label)}\}} (\d+)$", text, re.M)
        return int(found[1]) if found else 0

    def closed(self, service, reason):
        return self.count(self.SERVERS[service], "dataflow_peers_closed_total", socket=service, reason=reason)

    def denied(self, service, right):
        return self.count(self.SERVERS[service], "dataflow_peers_denied_total", socket=service, right=right)


@pytest.fixture
def keyed(pipeline, tmp_path):
    flow = pipeline(symbols=SYMBOLS)
    keys = Keys(tmp_path / "curve")
    keys.make(*PROCESSES)
    for name in PROCESSES:
        flow.config[name]["curve"] = {"keys": str(keys.folder)}
    yield Keyed(flow, keys)
    log = "\n".join(process.log() for process in flow.processes.values())
    for path in keys.folder.glob("*.key"):
        assert member(path, "secret-key") not in log, f"the secret of {path.stem} is in a log"


def started(keyed):
    keyed.start_all("--symbols", ",".join(SYMBOLS), "--rate", 200)
    return keyed
