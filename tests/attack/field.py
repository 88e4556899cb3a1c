"""A fresh pipeline under attack: the processes, clients that do nothing wrong, what the processes use, and the verdict."""

import contextlib
import dataclasses
import json
import os
import pathlib
import resource
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

import zmq  # noqa: E402

from clients import Requester  # noqa: E402
from pipeline import BIN, SANITIZED, Pipeline, get, until  # noqa: E402
from storm import ends, settled  # noqa: E402
from watch import Watch  # noqa: E402

PAUSE = threading.Event()  # never set: an attack has its own times, which are its workload
SYMBOL, OTHER = "BTC-USD", "ETH-USD"
CALM_S = 3
SLOWER = 4 if SANITIZED else 1  # of all that is measured in time
HOPS = 3  # processes that must wake up until a trade is there
LARGER = 2 if SANITIZED else 1  # and in memory


@dataclasses.dataclass
class Limits:
    """What clients may see while the attack goes on, on a machine that has time for them. None: it does not matter here."""

    slower: float = 3  # times the p99 of before
    p99_ms: float = 25  # or this, where that is more
    health_ms: float = 100  # the slowest answer of any process; as clients' connections go through the same machine, p99
    newcomers_ms: float = 1000
    paused: float = 0.8  # of the trades that come in a time before, so many come meanwhile
    growth_mib: float = 512  # of each process
    gaps: int = 0
    lost: int = 0
    closed: int = 0
    stop_s: float = 8


@dataclasses.dataclass
class Attack:
    name: str
    number: int  # of what it shows
    does: str
    run: callable
    prepare: callable = None  # changes the configuration, before anything starts
    rate: int = 200  # trades a second
    bystanders: int = 4
    history: int = 0  # trades of each symbol that there are before
    limits: Limits = dataclasses.field(default_factory=Limits)
    source: dict = dataclasses.field(default_factory=dict)
    wrapper: tuple = ()


ATTACKS = {}


def attack(number, does, prepare=None, rate=200, bystanders=4, history=0, source=None, wrapper=(), **limits):
    """Registers a function as the attack of its name. It takes the Field, works for some seconds, and returns figures of its own; what is wrong by
    them it says with field.wrong. Where the calm before is not what to compare with, it sets field.calm and field.seen to windows of its own."""

    def register(run):
        name = run.__name__.replace("_", "-")
        ATTACKS[name] = Attack(name, number, does, run, prepare, rate, bystanders, history, Limits(**limits), source or {}, wrapper)
        return run

    return register


def knows_key(program, key):
    told = subprocess.run([BIN / program, "--print-keys"], capture_output=True, text=True, check=False)
    return f"`{key}`" in told.stdout


class Bystanders:
    def __init__(self, flow, clients):
        probes = {"connectord": "connectord_http", "cached": "cached_http", "gateway0": "gateway0"}
        trust = getattr(flow, "trust", None)  # of a gateway that listens by TLS, too
        gateway = ["--gateway", flow.address("gateway1"), "--trust", trust] if trust else ["--gateway", flow.address("gateway0")]
        token = getattr(flow, "token", None)  # of a gateway that asks for one
        gateway += ["--token", token] if token else []
        self.popen = subprocess.Popen(
            [sys.executable, HERE / "bystanders.py", *gateway, "--symbols", ",".join(flow.symbols),
             "--clients", str(clients), *[text for name, port in probes.items() for text in ("--probe", f"{name}={flow.address(port)}")]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, command):
        self.popen.stdin.write(command + "\n")
        self.popen.stdin.flush()
        answer = self.popen.stdout.readline()
        assert answer, f"the bystanders ended with {self.popen.wait()}"
        return json.loads(answer)

    def stop(self):
        self.popen.stdin.close()
        self.popen.wait()
        self.popen.stdout.close()


class Field:
    def __init__(self, attack, directory):
        self.attack, self.why, self.bystanders, self.seen = attack, [], None, None
        self.flow = Pipeline(pathlib.Path(directory), symbols=[SYMBOL, OTHER], wrapper=attack.wrapper, **attack.source)
        self.config, self.port = self.flow.config, self.flow.port
        del self.config["gatewayd"]["ring_bytes"]  # as users have it
        if attack.prepare:
            attack.prepare(self.flow)

    def start(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        self.flow.start_all("--symbols", ",".join(self.flow.symbols), "--rate", self.attack.rate)
        if self.attack.history:
            self.fill(self.attack.history)
        self.bystanders = Bystanders(self.flow, self.attack.bystanders)
        until(lambda: all(seq for _, seq in self.bystanders.tell("places").values()), "the bystanders' first trades")
        self.watch = Watch(self.flow.processes)

    def wrong(self, true, text):
        if true:
            self.why.append(text)

    def wait(self, seconds):
        """Of the attack; less where the machine has to be guarded, or a process is gone."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.over():
            PAUSE.wait(0.05)

    def over(self):
        return self.watch.guarded or not all(process.alive() for process in self.flow.processes.values())

    def growth(self, name):
        return self.watch.peaks[name] - self.watch.starts[name]

    def pid(self, name):
        return self.flow.processes[name].popen.pid

    def fill(self, count):
        """Lets the exchange make so many trades of each symbol."""
        with Requester(self.flow.replay) as replay:
            self.flow.tell_simulator("/control/rate?n=10000")
            until(lambda: self.flow.symbols and len(now := ends(replay)) == len(self.flow.symbols) and min(now.values()) >= count, f"{count} trades")
            self.flow.tell_simulator(f"/control/rate?n={self.attack.rate}")
            last = ends(replay)
        with Requester(self.flow.history) as history:
            places = lambda: {s["symbol"]: int(s["last"].split("-")[1]) for s in history.ask(op="stats")["stats"]}
            until(lambda: all(places().get(symbol, 0) >= seq for symbol, seq in last.items()), "cached to have them")

    def window(self, seconds):
        """What is seen when nothing else happens."""
        self.bystanders.tell("window")
        PAUSE.wait(seconds)
        return {"seconds": seconds, **self.bystanders.tell("window")}

    def measure(self):
        """The attack itself."""
        self.calm = self.window(CALM_S)
        self.watch.begin()
        os.setpriority(os.PRIO_PROCESS, 0, 10)  # attackers are elsewhere in the world: what they compute must not cost those who measure
        begin = time.monotonic()
        own = self.attack.run(self) or {}
        seen = {"seconds": round(time.monotonic() - begin, 2), **self.bystanders.tell("window")}
        return self.seen or seen, self.watch.figures(), own

    def settle(self):
        """The exchange pauses, and everybody gets what there is. Returns the trades that the worst client lacks of what the exchange sent, in all."""
        self.flow.tell_simulator("/control/pause")
        with Requester(self.flow.replay) as replay:
            last = settled(replay)
        reached = lambda: all(self.bystanders.tell("places")[s][1] >= last[s] for s in self.flow.symbols)
        try:
            until(reached, "the bystanders to have all", 20)
        except AssertionError:
            self.wrong(True, "clients never had all that the journal has")
        return sum(self.bystanders.tell(f"judge {self.flow.directory / 'ledger.ndjson'}").values())

    def judge(self, seen, used, lost):
        limits, calm = self.attack.limits, self.calm
        machine = seen["machine"]["p99_ms"] * HOPS  # late because nobody was scheduled; not the processes' fault
        p99, before = seen["trades"]["p99_ms"], calm["trades"]["p99_ms"]
        if limits.slower is not None:
            bound = max(limits.slower * before, limits.p99_ms * SLOWER) + machine
            self.wrong(p99 is None or p99 > bound, f"p99 {p99} ms, was {before}, by the machine {machine:.0f}")
        if limits.paused is not None:
            rate, was = (w["trades"]["count"] / w["seconds"] for w in (seen, calm))
            self.wrong(rate < limits.paused * was, f"{rate:.0f} trades/s came, before {was:.0f}")
        for name, health in seen["health"].items():
            slow = limits.health_ms is not None and (health["p99_ms"] or 0) > limits.health_ms * SLOWER + machine
            self.wrong(limits.health_ms is not None and (slow or health["failed"]),
                       f"/health of {name}: p99 {health['p99_ms']} ms, {health['failed']} failed")
        come = seen["newcomers"]
        if limits.newcomers_ms is not None:
            self.wrong(come["failed"] or (come["max_ms"] or 0) > limits.newcomers_ms * SLOWER + machine,
                       f"newcomers: up to {come['max_ms']} ms, {come['failed']} failed")
        for name, figures in used.items():
            grown = figures["peak_mib"] - figures["start_mib"]
            self.wrong(limits.growth_mib is not None and grown > limits.growth_mib * LARGER, f"{name} grew by {grown} MiB")
        self.wrong(self.watch.guarded, f"{self.watch.guarded} was ended: too much memory")
        self.wrong(limits.gaps is not None and seen["gaps"] > limits.gaps, f"{seen['gaps']} gaps")
        self.wrong(limits.closed is not None and seen["closed"] > limits.closed, f"{seen['closed']} connections of bystanders ended")
        self.wrong(limits.lost is not None and lost > limits.lost, f"{lost} trades lost")
        for what in ("holes", "doubles", "epochs"):
            self.wrong(what != "holes" and seen[what] or seen["holes"] and not seen["gaps"], f"{seen[what]} {what} in silence")

    def judge_end(self):
        """All end orderly, in time, and no sanitizer has complained."""
        for name, process in reversed(self.flow.processes.items()):
            begin = time.monotonic()
            try:
                code = process.stop(self.attack.limits.stop_s * SLOWER)
            except subprocess.TimeoutExpired:
                process.kill()
                self.wrong(True, f"{name} did not end in {self.attack.limits.stop_s} s")
                continue
            took = time.monotonic() - begin
            self.wrong(code not in (0, -9) or (code == -9 and name != self.watch.guarded), f"{name} ended with {code} in {took:.1f} s")
            self.wrong("Sanitizer" in process.log() or "runtime error" in process.log(), f"{name}: a sanitizer complains")

    def stop(self):
        if self.bystanders:
            self.bystanders.stop()
            self.bystanders = None
        if hasattr(self, "watch"):
            self.watch.stop()

    def kill(self):
        for process in self.flow.processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def unmount_all(directory):
    """What an attack may have mounted."""
    for line in pathlib.Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        place = line.split()[1]
        if place.startswith(f"{directory}/"):
            subprocess.run(["umount", "-l", place], check=False)


def fight(attack, directory):
    """Runs an attack; returns all that was seen."""
    field = Field(attack, directory)
    try:
        field.start()
        seen, used, own = field.measure()
        lost = None
        if field.over():
            field.wrong(not field.watch.guarded, "a process is gone")
        else:
            try:
                lost = field.settle()
            except (AssertionError, zmq.ZMQError) as error:
                field.wrong(True, f"in the end: {type(error).__name__} {str(error)[:100]}")
        field.stop()
        field.judge(seen, used, lost or 0)
        field.judge_end()
        return {"attack": attack.name, "number": attack.number, "calm": field.calm, "seen": seen, "used": used, "lost": lost, "own": own,
                "why": field.why}
    finally:
        field.stop()
        field.kill()
        unmount_all(directory)
        if field.why:
            save_logs(field)


def save_logs(field):
    folder = pathlib.Path("build/attack")
    folder.mkdir(parents=True, exist_ok=True)
    for name, process in field.flow.processes.items():
        (folder / f"{field.attack.name}.{name}.log").write_text(process.log())
