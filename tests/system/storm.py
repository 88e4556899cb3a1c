"""Many clients in one process (tests/chaos: storm-clients), and the verdict on what they got."""

import json
import os
import pathlib
import random
import re
import subprocess
import sys
import threading
import time

from clients import Requester
from pipeline import BIN, PATIENCE, ROOT, get, until

PAUSE = threading.Event()  # never set: a storm has its own times, which are its workload


def setting(name, default):
    """A number that `make chaos` sets, or what is enough for make test."""
    return type(default)(os.environ.get(f"CHAOS_{name}") or default)


def dice(what):
    """Random numbers whose seed is told, and can be given."""
    seed = setting("SEED", random.randrange(1 << 32))
    tell(what, seed=seed)
    return random.Random(seed)


def tell(what, **figures):
    """Prints a line of figures, and keeps it in build/chaos.ndjson: what pytest captures is not lost."""
    line = json.dumps({"storm": what, **figures})
    print(line, file=sys.stderr, flush=True)
    with open(ROOT / "build/chaos.ndjson", "a", encoding="utf-8") as file:
        file.write(line + "\n")


class Storm:
    """storm-clients as a child process: clients that come back with their cursors, at any of the gateways."""

    def __init__(self, gateways, symbols, clients, sleepers=0):
        self.clients, self.symbols = clients, list(symbols)
        self.popen = subprocess.Popen(
            [str(BIN / "storm-clients"), "--gateways", ",".join(gateways), "--symbols", ",".join(symbols),
             "--clients", str(clients), "--sleepers", str(sleepers)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.stdin.close()
        self.popen.wait()
        self.popen.stdout.close()

    def tell(self, command):
        self.popen.stdin.write(command + "\n")
        self.popen.stdin.flush()
        answer = self.popen.stdout.readline()
        assert answer, f"storm-clients ended with {self.popen.wait()}"
        return json.loads(answer)

    def report(self):
        return self.tell("report")

    def lowest(self):
        """The place of the last client of each stream; None for one that has not begun everywhere."""
        streams = self.report()["streams"]
        return {s: streams[s]["lowest"] if streams[s]["begun"] == self.clients else None for s in self.symbols}

    def until_at(self, ends, what, patience=PATIENCE * 4):
        """Waits until every client has come to these places ({symbol: seq}); returns how many seconds that took."""
        start = time.monotonic()
        reached = lambda: all(at is not None and at >= ends[s] for s, at in self.lowest().items())
        try:
            until(reached, what, patience)
        except AssertionError as error:
            raise AssertionError(f"{error}: expected {ends}, found {self.report()}") from None
        return round(time.monotonic() - start, 2)

    def until_more(self, trades, patience=PATIENCE * 2):
        """Waits until every client has had that many more trades of each symbol."""
        until(lambda: None not in self.lowest().values(), "every client to be subscribed", patience)
        self.until_at({s: at + trades for s, at in self.lowest().items()}, f"{trades} more trades", patience)

    def judge(self, symbol, path):
        return self.tell(f"judge {symbol} {path}")


def ends(replay):
    """{symbol: last seq} of the journal."""
    return {s["topic"].split(".")[1]: int(s["last"].split("-")[1]) for s in replay.ask(op="streams")["streams"]
            if s["topic"].startswith("trade.")}


def settled(replay):
    """The journal's ends, once nothing more is added."""
    previous = None
    while (now := ends(replay)) != previous:
        previous = now
        PAUSE.wait(0.5)
    return now


def dump(replay, topic, path):
    """Writes the answers of replay that hold the whole stream to a file, one a line."""
    place = {}
    with open(path, "w", encoding="utf-8") as file:
        while True:
            answer = replay.raw(json.dumps({"op": "range", "topic": topic, "count": 10000, **place}))
            assert answer.startswith('{"ok":true'), answer[:200]
            file.write(answer + "\n")
            following = re.search(r'"next":"([0-9-]+)"', answer)
            if not following:
                return
            place = {"from": following[1]}


def assert_everything(flow, storm, what):
    """Ends the flow of trades: every client must come to the journal's end, and have had each trade once, in order, as it is there."""
    flow.tell_simulator("/control/pause")
    with Requester(flow.replay) as replay:
        last = settled(replay)
        took = storm.until_at(last, "every client to have the whole journal")
        report = storm.report()
        tell(what, seconds_to_the_end=took, **{k: v for k, v in report.items() if k != "streams"})
        assert set(report["wrong"].values()) == {0}, report
        for symbol in storm.symbols:
            stream = report["streams"][symbol]
            assert stream["begun"] == storm.clients
            assert stream["lowest"] == stream["highest"] == last[symbol], report
            path = pathlib.Path(flow.directory) / "journal.answers"
            dump(replay, f"trade.{symbol}.blockchain", path)
            verdict = storm.judge(symbol, path)
            tell(what, symbol=symbol, **verdict, first_of_a_client=stream["first"])
            assert verdict["holes"] == verdict["differing"] == stream["differing"] == 0, verdict
            assert verdict["last"] == last[symbol]
            assert verdict["unseen"] == max(0, stream["first"] - verdict["first"]), "all that came behind a client's beginning"
    return report


def resident_mib(process):
    fields = pathlib.Path(f"/proc/{process.popen.pid}/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def listening(flow, gateway):
    return get(f"http://{flow.address(gateway)}/health")[0] == 200
