"""What makes trades be lost in silence (12 to 15)."""

import os
import signal
import subprocess
import sys

from field import LARGER, PAUSE, SLOWER, attack
from pipeline import get, until
from storm import Storm, resident_mib
from swarm import Swarm

SMALL_JOURNAL = 1 << 20  # with segments of 256 KiB: one is full after some 700 trades
DESCRIPTORS = 1024


def prepare_small_journal(flow):
    flow.config["connectord"]["journal"]["bytes"] = SMALL_JOURNAL


@attack(12, f"idle connections use up connectord's descriptors ({DESCRIPTORS}) while its journal goes on to the next segments", prepare_small_journal,
        rate=500, wrapper=("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"), newcomers_ms=None, health_ms=None)
def descriptors(field):
    with Swarm() as swarm:
        for port in ("bus", "replay", "connectord_http"):
            swarm.open(field.port[port], DESCRIPTORS // 2)
        field.wait(8)
        return {"open": len(swarm.sockets), "cpu_s": field.watch.figures()["connectord"]["cpu_s"]}


DISK = "disk"


def prepare_small_disk(flow):
    folder = flow.directory / DISK
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], check=True)
    flow.config["connectord"]["journal"] = {"path": f"{DISK}/journal", "bytes": 64 << 20}  # segments of 4 MiB: some 6 s of trades


# Takes what room there is, and what there ever will be.
FILLER = """
import os, sys
file = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
while True:
    try:
        os.write(file, bytes(4096))
    except OSError:
        pass
"""


@attack(12, "somebody keeps the disk of the journal full (root only)", prepare_small_disk, rate=2000, bystanders=1, newcomers_ms=None, health_ms=None,
        slower=None, paused=None, gaps=None, lost=None)
def full_disk(field):
    folder, ready = field.flow.directory / DISK, set()
    with subprocess.Popen([sys.executable, "-c", FILLER, folder / "filler"]) as filler:
        for _ in range(160):
            ready.add(field.flow.ready("connectord_http")[0])
            field.wait(0.1)
        filler.kill()
    (folder / "filler").unlink()
    field.wait(6)
    seen, lost = field.bystanders.tell("look"), field.settle()
    field.wrong(503 not in ready and lost, "connectord never said that it can't journal")
    field.wrong(lost and not seen["gaps"] and not seen["lost"], f"{lost} trades lost, and nobody was told")
    return {"lost": lost, "gaps_told": seen["gaps"], "losses_told": seen["lost"], "ready": sorted(ready)}


def stand_still(field, name, seconds):
    os.kill(field.pid(name), signal.SIGSTOP)
    try:
        PAUSE.wait(seconds)
    finally:
        os.kill(field.pid(name), signal.SIGCONT)


@attack(13, "the gateway stands still for 20 s, at 1,000 trades/s", rate=1000, bystanders=2, slower=None, health_ms=None, newcomers_ms=None, paused=None)
def gateway_stands_still(field):
    stand_still(field, "gateway0", 20)
    field.wait(4)
    return {}


SLEEPERS, SLEEP_S = int(os.environ.get("ATTACK_SLEEPERS") or 200), int(os.environ.get("ATTACK_SLEEP_S") or 15)


@attack(13, f"{SLEEPERS} clients do not read for {SLEEP_S} s, at 1,000 trades/s, and then want all", rate=1000, bystanders=2, growth_mib=None)
def sleeping_readers(field):
    with Storm([field.flow.address("gateway0")], field.flow.symbols, SLEEPERS) as storm:
        until(lambda: None not in storm.lowest().values(), "all to be subscribed")
        process = field.flow.processes["gateway0"]
        before = resident_mib(process)
        field.watch.begin()
        storm.tell("sleep")
        field.wait(SLEEP_S)
        grown = field.growth("gateway0")
        storm.tell("wake")
        now = {symbol: place[1] for symbol, place in field.bystanders.tell("places").items()}
        took = storm.until_at(now, "the sleepers to have what went by", 60)
        report = storm.report()
        lost = {k: report["wrong"][k] for k in ("holes", "gaps", "unrecovered")}
        field.wrong(report["refetched"], f"{report['refetched']} gaps were told of what history has")
        field.wrong(any(lost.values()), f"lost: {lost}")
        field.wrong(grown > 8 * LARGER * SLOWER, f"the gateway grew by {grown:.0f} MiB for those who sleep")
        return {"before_mib": round(before), "grown_mib": round(grown, 1), "caught_up_s": took, "refetched": report["refetched"], **lost}


@attack(14, "connectord stands still for 17 s", slower=None, health_ms=None, paused=None)
def connectord_stands_still(field):
    stand_still(field, "connectord", 17)
    field.wait(4)
    return {}


IDLE = 10450


def prepare_idle(flow):
    flow.config["gatewayd"].pop("clients", None)


@attack(15, f"{IDLE} connections from one address that never finish a request", prepare_idle)
def idle_connections(field):
    with Swarm() as swarm:
        for _ in range(IDLE // 50):
            swarm.open(field.port["gateway0"], 50, b"GET /api/v1/symbols HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        field.wait(6)
        logged = field.flow.processes["gateway0"].log()
        statuses = [get(f"http://{field.flow.address('gateway0')}{path}")[0] for path in ("/health", "/metrics")]
        field.wrong(statuses != [200, 200], f"/health and /metrics were answered by {statuses}")
        return {"open": len(swarm.sockets), "log_lines": logged.count("\n"), "statuses": statuses}
