"""The real processes, on private ports and in a private directory, started and stopped one by one."""

import itertools
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / os.environ.get("TEST_BIN", "build/bin")
SANITIZED = "san-" in str(BIN)
DATA = ROOT.parent / "shared" / "data"
PATIENCE = float(os.environ.get("TEST_PATIENCE", "30"))  # seconds until an event that must come is given up
LOOK_S, STILL_S = 0.1, 0.5


class RunningTime:
    """Seconds without those in which this process did not get to run, as the daemons count them (common/clock.h): on a machine that stands still, or has ten times
    as much to do as it can, what is awaited can't come either."""

    def __init__(self):
        self.lock, self.seen, self.stood = threading.Lock(), time.monotonic(), 0.0
        threading.Thread(target=self.keep_looking, daemon=True).start()

    def keep_looking(self):
        pause = threading.Event()
        while not pause.wait(LOOK_S):
            self.now()

    def now(self):
        with self.lock:
            now = time.monotonic()
            if now - self.seen > STILL_S:
                self.stood += now - self.seen - LOOK_S
            self.seen = now
            return now - self.stood


running_time = RunningTime().now


def until(condition, what, patience=PATIENCE):
    """Waits for condition() to be true and returns its value; fails, naming what was awaited. Asks ever more rarely: to ask costs more than what is
    tested."""
    pause, interval = threading.Event(), 0.01
    deadline = running_time() + patience
    while True:
        value = condition()
        if value:
            return value
        assert running_time() < deadline, f"waited {patience:g} s for {what}"
        pause.wait(interval)
        interval = min(interval * 1.3, 0.1)


def own_block():
    """(its ports, what holds it): a block of ports for this process alone, of all that run such tests on this machine. A port that is free now, but another's to use
    in a moment, or again after a kill, would be taken from it."""
    blocks = list(range(10000, 30000, BLOCK))
    random.Random().shuffle(blocks)  # of the system's own, whatever a test seeds
    for block in blocks:
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0dataflow-tests-{block}")
            return itertools.cycle(range(block, block + BLOCK)), claim
        except OSError:
            claim.close()
    raise AssertionError("all blocks of ports are taken")


def free_ports(count):
    """Ports that nobody uses now, and below those that the system gives to outgoing connections."""
    ports = []
    while len(ports) < count:
        port = next(NUMBERS)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                ports.append(port)
            except OSError:
                pass
    return ports


BLOCK = 400
NUMBERS, CLAIM = own_block()


def loads(text):
    """JSON with numbers that have a fraction or an exponent as their exact text."""
    return json.loads(text, parse_float=str)


def get(url, method="GET", body=None):
    """(status, text) of an HTTP request; (0, "") when nobody answers."""
    try:
        request = urllib.request.Request(url, method=method, data=body)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0, ""


class Process:
    """A running program whose stderr is kept line by line."""

    def __init__(self, name, arguments, directory, environment=None, wrapper=()):
        self.name, self.lines = name, []
        self.changed = threading.Condition()
        self.popen = subprocess.Popen(
            [*wrapper, str(BIN / name), *arguments],
            cwd=directory,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.popen.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def log(self):
        return "\n".join(self.lines)

    def wait_for_line(self, pattern, patience=PATIENCE):
        """Waits until a line that matches has been logged."""
        find = lambda: next((line for line in self.lines if re.search(pattern, line)), None)
        deadline = running_time() + patience
        with self.changed:
            while not (line := self.changed.wait_for(find, 1)) and running_time() < deadline:
                pass
        assert line, f"{self.name} never logged {pattern!r}:\n{self.log()}"
        return line

    def alive(self):
        return self.popen.poll() is None

    def kill(self):
        """kill -9"""
        self.popen.kill()
        self.popen.wait()
        self.reader.join()

    def heeds(self, number):
        """Does it take this signal up, now or when it looks? A program that has only been started does not yet, and dies of it."""
        status = pathlib.Path(f"/proc/{self.popen.pid}/status").read_text()
        return any(int(mask, 16) >> (number - 1) & 1 for mask in re.findall(r"^Sig(?:Cgt|Blk):\s+(\w+)$", status, re.M))

    def stop(self, patience=PATIENCE):
        """SIGTERM; returns the exit code, or "hangs"."""
        try:
            until(lambda: not self.alive() or self.heeds(signal.SIGTERM), f"{self.name} to heed SIGTERM", patience)
            if self.alive():
                self.popen.send_signal(signal.SIGTERM)
            until(lambda: self.ended(1), f"{self.name} to end", patience)
        except AssertionError:
            self.kill()
            return "hangs"
        self.reader.join()
        return self.popen.returncode

    def ended(self, within_s):
        try:
            self.popen.wait(within_s)
        except subprocess.TimeoutExpired:
            pass
        return not self.alive()


class Pipeline:
    """Simulator, connectord, cached and any number of gateways, wired to each other."""

    def __init__(self, directory, symbols=("BTC-USD", "ETH-USD"), wrapper=(), **source):
        self.directory, self.symbols, self.wrapper = directory, list(symbols), tuple(wrapper)
        names = ["simulator", "bus", "replay", "history", "connectord_http", "cached_http", "gateway0", "gateway1"]
        self.port = dict(zip(names, free_ports(len(names))))
        self.processes = {}
        self.source = {"name": "blockchain", "connector": "blockchain", "url": self.exchange_url, "symbols": self.symbols,
                       "backoff": {"initial_ms": 50, "maximum_ms": 200}, "breaker": {"open_ms": 200}, **source}
        hosts = ["x", "a", "gateway"]  # what tests call it that write their requests themselves
        self.config = {
            "connectord": {"hosts": hosts, "sources": [self.source], "publish": self.bus, "replay": self.replay,
                           "journal": {"path": "state/journal", "bytes": 256 << 20}, "http": self.address("connectord_http")},
            "cached": {"hosts": hosts, "bus": [self.bus], "replay": [self.replay], "history": self.history, "store": "memory:",
                       "trades": 1000000, "http": self.address("cached_http")},
            "gatewayd": {"hosts": hosts, "bus": [self.bus], "replay": [self.replay], "history": [self.history],
                         "listen": self.address("gateway0"),
                         "ring_bytes": 8 << 20},  # seconds of trades: a test's client on a busy machine is not a slow one
            "log": {"level": "info", "format": "human"},
        }

    def address(self, name):
        return f"127.0.0.1:{self.port[name]}"

    exchange_url = property(lambda self: f"ws://{self.address('simulator')}/ws")
    bus = property(lambda self: f"tcp://{self.address('bus')}")
    replay = property(lambda self: f"tcp://{self.address('replay')}")
    history = property(lambda self: f"tcp://{self.address('history')}")

    def url(self, gateway=0):
        return f"ws://{self.address(f'gateway{gateway}')}/ws"

    def start(self, name, arguments=(), environment=None, program=None):
        process = Process(program or name, arguments, self.directory, environment, self.wrapper)
        self.processes[name] = process
        return process

    def start_simulator(self, *arguments):
        ledger = self.directory / "ledger.ndjson"
        self.start("simulator", ["--listen", self.address("simulator"), "--ledger", str(ledger), *map(str, arguments)],
                   program="exchange-simulator")
        until(lambda: self.control("/health", "GET")[0] == 200, "the simulator to listen")

    def write_config(self):
        """The configuration's file. It is replaced in one go: a process that was just started may be reading it."""
        path = self.directory / "dataflow.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(self.config))
        return fresh.replace(path)

    def start_daemon(self, name, **environment):
        path = self.write_config()
        return self.start(name, ["--config", str(path)], environment)

    def start_connectord(self):
        return self.start_daemon("connectord")

    def start_cached(self):
        return self.start_daemon("cached")

    def start_gateway(self, number=0):
        path = self.write_config()
        alone = isinstance(self.config["gatewayd"]["listen"], str)  # else it listens where the configuration says
        return self.start(f"gateway{number}", ["--config", str(path)],
                          {"DATAFLOW_GATEWAYD__LISTEN": self.address(f"gateway{number}")} if alone else {}, program="gatewayd")

    def start_all(self, *simulator):
        """Starts everything, and waits until it would serve."""
        self.start_simulator(*simulator)
        self.start_connectord()
        self.start_cached()
        self.start_gateway()
        self.wait_ready("connectord_http", "cached_http", "gateway0")
        return self

    def ready(self, name):
        return get(f"http://{self.address(name)}/ready")

    def wait_ready(self, *names):
        for name in names:
            until(lambda: self.ready(name)[0] == 200, f"/ready of {name}")

    def control(self, path, method="POST", body=None):
        """(status, object) of the simulator's HTTP."""
        status, text = get(f"http://{self.address('simulator')}{path}", method, body)
        return status, json.loads(text) if text.startswith("{") else text

    def tell_simulator(self, path, body=None):
        status, answer = self.control(path, "POST", body)
        assert status == 200, f"simulator: {path}: {status} {answer}"
        return answer

    def subscribed(self, *symbols):
        """Waits until the simulator has these symbols subscribed."""
        wanted = set(symbols or self.symbols)
        until(lambda: wanted <= {s for s, n in self.control("/status", "GET")[1]["subscriptions"].items() if n},
              f"{sorted(wanted)} to be subscribed upstream")

    def ledger(self, *events):
        """What the simulator wrote down, optionally only some events."""
        entries = [loads(line) for line in get(f"http://{self.address('simulator')}/ledger")[1].splitlines()]
        return [entry for entry in entries if not events or entry["event"] in events]

    def stop(self):
        """Ends whatever still runs and returns what each said at its end: {name: exit code}."""
        return {name: process.stop() for name, process in reversed(self.processes.items())}

    def end(self, show=False):
        """Ends what still runs, which must end orderly. show: print what it said."""
        codes = self.stop()
        for name, process in self.processes.items():
            if show:
                print(f"--- {name}\n{process.log()[-20000:]}")
            assert "Sanitizer" not in process.log() and "runtime error" not in process.log(), process.log()[-5000:]
        wrong = [name for name, code in codes.items() if code not in (0, -9)]
        assert not wrong, "\n".join([f"exit codes {codes}", *(self.processes[name].log()[-5000:] for name in wrong)])
