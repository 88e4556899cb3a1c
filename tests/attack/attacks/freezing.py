"""Who keeps others waiting (1 to 5)."""

import json
import os
import subprocess
import threading
import time

import zmq
import raw_peer
from field import OTHER, PAUSE, SYMBOL, attack
from pipeline import BIN
from storm import ends
from clients import Requester
from swarm import Swarm, UPGRADE, frame, http, rpc

HISTORY = 10000


def prepare_history(flow):
    flow.config["cached"]["trades"] = 100000


BUDGET_MIB = 1024  # gatewayd.memory_bytes of a machine that has 4 GiB or more


@attack(1, "50 clients each ask for 100 times 10,000 trades in one batch, again and again", prepare_history, history=HISTORY,
        growth_mib=BUDGET_MIB)
def batches(field):
    batch = frame("[" + ",".join(rpc(i, "getRecentTrades", symbol=SYMBOL, count=HISTORY) for i in range(100)) + "]")
    with Swarm() as swarm:
        swarm.open(field.port["gateway0"], 50, UPGRADE)
        swarm.read_all()
        for _ in range(4):
            swarm.send_all(batch)
            field.wait(2.5)
        return {"bytes": swarm.received, "refused": swarm.failed}


@attack(1, "1,000 plain GETs of 10,000 trades each, on 50 connections", prepare_history, history=HISTORY)
def gets(field):
    request = http("GET", f"/api/v1/trades/{SYMBOL}?count={HISTORY}")
    with Swarm() as swarm:
        swarm.open(field.port["gateway0"], 50)
        swarm.read_all()
        for _ in range(20):
            swarm.send_all(request)
            field.wait(0.5)
        return {"bytes": swarm.received, "refused": swarm.failed}


@attack(2, "50 clients subscribe 1,000 times each to a place in the future, and wait")
def waiters(field):
    epoch = field.bystanders.tell("places")[SYMBOL][0]
    batch = lambda begin: frame("[" + ",".join(rpc(i, "subscribe", channel="trades", symbol=SYMBOL, since=f"{epoch}-{10**12 + i}")
                                               for i in range(begin, begin + 100)) + "]")
    messages = b"".join(batch(begin) for begin in range(0, 1000, 100))
    with Swarm() as swarm:
        swarm.open(field.port["gateway0"], 50, UPGRADE)
        swarm.read_all()
        swarm.send_all(messages)
        field.wait(1)
        before = field.watch.figures()["gateway0"]["cpu_s"]
        field.wait(6)
        cpu = field.watch.figures()["gateway0"]["cpu_s"] - before
        field.wrong(cpu > 3, f"the gateway was busy for {cpu:.1f} of 6 s")
        return {"cpu_s": round(cpu, 2), "answered_bytes": swarm.received}


CROWD = int(os.environ.get("ATTACK_CROWD") or 15000)


def prepare_crowd(flow):
    flow.config["gatewayd"].update(clients=20000, clients_per_address=20000)


@attack(3, f"{CROWD} clients come at once and subscribe, while 40 trades/s go to all", prepare_crowd, rate=40, slower=2, newcomers_ms=2000, paused=None)
def crowd(field):
    """Compared with how it is when all are there."""
    with subprocess.Popen([BIN / "herd", field.flow.address("gateway0"), SYMBOL, str(CROWD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as herd:
        told = json.loads(herd.stdout.readline() or '{"open": 0, "seconds": 1}')
        field.seen = {"seconds": told["seconds"], **field.bystanders.tell("window")}
        field.calm = field.window(5)
        herd.stdin.close()
    rate = told["open"] / max(told["seconds"], 0.001)
    field.wrong(told["open"] < CROWD, f"{told['open']} of {CROWD} were let in")
    field.wrong(rate < 200, f"{rate:.0f} newcomers a second")
    return {**told, "per_s": round(rate)}


def prepare_store(flow):
    flow.config["cached"].update(trades=1000, store=f"sqlite:///{flow.directory}/trades.db")


def store_question(identity):
    """What memory can't answer."""
    return json.dumps({"op": "since", "symbol": OTHER, "after": "2001-01-01T00:00:00Z", "count": 5000, "id": identity}).encode()


def dealer(field):
    one = zmq.Context.instance().socket(zmq.DEALER)
    one.setsockopt(zmq.LINGER, 0)
    one.connect(field.flow.history)
    return one


def ask_patiently(field, seconds):
    """Asks one question after the other, as a REQ does. Returns the milliseconds of answers, and how many were refused."""
    times, refused = [], 0
    deadline = time.monotonic() + seconds
    with Requester(field.flow.history) as history:
        while time.monotonic() < deadline:
            begin = time.monotonic()
            refused += b'"ok":false' in history.raw(store_question(1)).encode()[:20]
            times.append((time.monotonic() - begin) * 1000)
            PAUSE.wait(0.05)
    return sorted(times), refused


def keep_asking(field, socket, ended):
    under_way = 0
    while not ended.is_set():
        while under_way < 1000:
            socket.send_multipart([b"", store_question(under_way)])
            under_way += 1
        while socket.poll(50):
            socket.recv_multipart()
            under_way -= 1
            if under_way < 500:
                break


@attack(4, "one DEALER has 1,000 questions for the store under way, and another peer asks", prepare_store, history=20000)
def hog(field):
    ended = threading.Event()
    socket = dealer(field)
    thread = threading.Thread(target=keep_asking, args=(field, socket, ended))
    thread.start()
    times, refused = ask_patiently(field, 6)
    ended.set()
    thread.join()
    socket.close()
    field.wrong(refused, f"{refused} of {len(times)} questions of another peer were refused")
    field.wrong(times[-1] > 2000, f"another peer's question took {times[-1]:.0f} ms")
    return {"asked": len(times), "refused": refused, "slowest_ms": round(times[-1])}


def come_and_go(field, seconds):
    """Subscribers that come and leave, as many as can."""
    deadline, count = time.monotonic() + seconds, 0
    while time.monotonic() < deadline and not field.over():
        one = raw_peer.peer(field.port["bus"], b"SUB")
        if one:
            raw_peer.pour(one, [raw_peer.part(b"\x01trade.X-Y.")], field.over)
            one.close()
            count += 1
        PAUSE.wait(0.02)
    return count


def subscribe_and_leave(field, prefixes):
    """Others leave while one has subscribed to all these, and at last itself."""
    one = raw_peer.peer(field.port["bus"], b"SUB")
    sent, ended = raw_peer.pour(one, prefixes, lambda: field.over() or field.growth("connectord") > 900)
    field.wait(1)
    count = come_and_go(field, 6)
    one.close()
    field.wait(1)
    return {"bytes": sent, "ended_by_connectord": ended, "others_left": count}


@attack(5, "a subscriber has 16 MiB of long subscriptions; others come and go", growth_mib=None)
def long_prefixes(field):
    tail = bytes(i % 251 for i in range(4000))
    return subscribe_and_leave(field, (raw_peer.part(b"\x01" + b"%08d" % i + tail) for i in range(4000)))


@attack(5, "a subscriber has 500,000 short subscriptions; others come and go", growth_mib=None)
def many_prefixes(field):
    chunk = lambda begin: b"".join(raw_peer.part(b"\x01trade.%06d" % i) for i in range(begin, begin + 10000))
    return subscribe_and_leave(field, (chunk(begin) for begin in range(0, 500000, 10000)))
