"""Who makes others remember (6 and 7)."""

import itertools
import json
import time

import raw_peer
from field import SYMBOL, attack, knows_key
from swarm import UPGRADE, Swarm, frame, http, rpc
from raw_peer import MIB

ENOUGH_MIB = 900  # growth that proves it
PATIENCE_S = 10


def pour_for_a_while(field, port, kind, pieces, victim):
    deadline = time.monotonic() + PATIENCE_S
    over = lambda: field.over() or time.monotonic() > deadline or field.growth(victim) > ENOUGH_MIB
    one = raw_peer.peer(field.port[port], kind)
    sent, ended = raw_peer.pour(one, pieces, over)
    one.close()
    field.wait(1)
    return {"sent_mib": sent >> 20, "ended_by_it": ended}


def endless_message():
    return itertools.chain([raw_peer.part(b"", True)], itertools.repeat(raw_peer.part(b"x" * 60000, True)))


@attack(6, "one message of frames without an end to the bus")
def endless_to_bus(field):
    return pour_for_a_while(field, "bus", b"SUB", endless_message(), "connectord")


@attack(6, "one message of frames without an end to replay")
def endless_to_replay(field):
    return pour_for_a_while(field, "replay", b"DEALER", endless_message(), "connectord")


@attack(6, "one message of frames without an end to history")
def endless_to_history(field):
    return pour_for_a_while(field, "history", b"DEALER", endless_message(), "cached")


@attack(6, "messages of a MiB to the bus that are no subscriptions")
def large_messages(field):
    return pour_for_a_while(field, "bus", b"XSUB", itertools.repeat(raw_peer.part(b"\x02" + bytes(MIB - 8))), "connectord")


@attack(6, "20 subscriptions of a MiB each")
def large_subscriptions(field):
    return pour_for_a_while(field, "bus", b"SUB", (raw_peer.part(b"\x01" + bytes([i]) * (MIB - 8)) for i in range(20)), "connectord")


def ask_and_not_read(field, port, victim, question):
    """16 peers, each with questions enough for more than it may have."""
    peers = [raw_peer.peer(field.port[port], b"DEALER", receive_bytes=4096) for _ in range(16)]
    questions = raw_peer.request(question) * 20
    over = lambda: field.over() or field.growth(victim) > ENOUGH_MIB
    for _ in range(20):
        for one in filter(None, peers):
            raw_peer.pour(one, [questions], over)
        field.wait(0.5)
        if over():
            break
    for one in filter(None, peers):
        one.close()
    return {"peers": len(peers)}


def prepare_history(flow):
    flow.config["cached"]["trades"] = 100000


@attack(6, "16 peers ask replay for all that there is, and don't read", prepare_history, history=10000)
def unread_replay(field):
    question = json.dumps({"op": "range", "topic": f"trade.{SYMBOL}.blockchain", "count": 10000}).encode()
    return ask_and_not_read(field, "replay", "connectord", question)


BUDGET_MIB = 512  # cached.memory_bytes; with what is made beyond it while those that went are freed, an eighth at most


@attack(6, "16 peers ask history for all that there is, and don't read", prepare_history, history=10000, growth_mib=BUDGET_MIB * 1.25)
def unread_history(field):
    question = json.dumps({"op": "recent", "symbol": SYMBOL, "count": 10000}).encode()
    return ask_and_not_read(field, "history", "cached", question)


@attack(6, "150 subscribers of everything don't read, at 5,000 trades/s", rate=5000, bystanders=1)
def unread_bus(field):
    peers = [raw_peer.peer(field.port["bus"], b"SUB", receive_bytes=4096) for _ in range(150)]
    for one in filter(None, peers):
        raw_peer.pour(one, [raw_peer.part(b"\x01")], field.over)
    for _ in range(50):
        field.wait(0.3)
        if field.growth("connectord") > ENOUGH_MIB:
            break
    for one in filter(None, peers):
        one.close()
    return {"peers": len(peers)}


def prepare_memory(flow):
    prepare_history(flow)
    if knows_key("gatewayd", "gatewayd.memory_bytes"):
        flow.config["gatewayd"]["memory_bytes"] = 128 << 20


@attack(7, "1,000 WebSockets ask for 10,000 trades each, and don't read", prepare_memory, history=10000)
def unread_answers(field):
    question = frame(rpc(1, "getRecentTrades", symbol=SYMBOL, count=10000))
    with Swarm() as swarm:
        for _ in range(20):
            swarm.open(field.port["gateway0"], 50, UPGRADE + question, receive_bytes=4096)
            if field.over() or field.growth("gateway0") > ENOUGH_MIB:
                break
        field.wait(3)
        return {"open": len(swarm.sockets), "failed": swarm.failed}


@attack(7, "9,000 event streams, and nobody reads", prepare_memory, slower=None, paused=None, health_ms=None, newcomers_ms=None)
def unread_streams(field):
    """It is about memory: until their buffers are full 9,000 times the trades go out, which takes what the machine has."""
    request = http("GET", f"/api/v1/stream?symbols={SYMBOL}", Accept="text/event-stream")
    with Swarm() as swarm:
        for _ in range(90):
            swarm.open(field.port["gateway0"], 100, request, receive_bytes=4096)
            if field.over() or field.growth("gateway0") > ENOUGH_MIB:
                break
        field.wait(5)
        return {"open": len(swarm.sockets), "failed": swarm.failed}
