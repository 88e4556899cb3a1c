"""Who is nobody, and changes something (8 to 11)."""

import json
import re
import time

import raw_peer
from field import OTHER, SYMBOL, attack
from pipeline import get
from swarm import UPGRADE, Swarm, ask_http, connect, frame, http, rpc

TOKEN = "a token of more than sixteen"


@attack(8, "a peer that never subscribed takes its subscription back, at a source that sends what is wanted",
        source={"subscribe": "demand", "grace_ms": 200})
def false_unsubscribe(field):
    one = raw_peer.peer(field.port["bus"], b"XSUB")
    for _ in range(6):
        raw_peer.pour(one, [raw_peer.part(b"\x00trade.%s." % symbol.encode()) for symbol in (SYMBOL, OTHER)], field.over)
        field.wait(1)
    wanted = field.flow.control("/status", "GET")[1]["subscriptions"]
    field.wrong(not wanted.get(SYMBOL) or not wanted.get(OTHER), f"upstream only {wanted} is subscribed")
    one.close()
    return {"upstream": wanted}


def old_frames(data):
    """ZMTP 1.0: a length, flags, the rest. Returns the offset behind the last whole one, and whether its message goes on."""
    at, more = 0, False
    while at < len(data) and data[at] and at + 1 + data[at] <= len(data):
        more = bool(data[at + 1] & 1)
        at += 1 + data[at]
    return at, more


def old_part(body, more=False):
    return bytes([len(body) + 1, 1 if more else 0]) + body


def web_page(port, *messages):
    """A POST of a page's, whose body makes sense as ZMTP 1.0 with what stands before it."""
    filler = b"x" * 300
    body_begin = b""
    for pad in range(256):
        head = http("POST", "/", Host="x", Origin="http://evil.example", Content_Type="text/plain", Content_Length=4000)
        body_begin = filler[:pad] + b"\x02\x00y"
        at, more = old_frames(head + body_begin)
        if at == len(head + body_begin) and not more:
            break
    return head + body_begin + b"".join(messages)


def answers_of(port, data, patience=2):
    one = connect(port)
    got = b""
    with one:
        one.settimeout(patience)
        try:
            one.sendall(data)
            while b'"ok":true' not in got:
                more = one.recv(65536)
                if not more:
                    break
                got += more
        except OSError:
            pass
    return got


@attack(9, "a web page posts to history, replay and the bus what old ZeroMQ would take", source={"subscribe": "demand", "grace_ms": 200})
def page_posts(field):
    said = {}
    for port, op in (("history", "symbols"), ("replay", "streams")):
        question = json.dumps({"op": op}).encode()
        got = answers_of(field.port[port], web_page(port, old_part(b"", True), old_part(question)))
        said[port] = b'"ok":true' in got
        field.wrong(said[port], f"{port} answered a web page")
    for symbol in (SYMBOL, OTHER):
        answers_of(field.port["bus"], web_page("bus", old_part(b"\x00trade.%s." % symbol.encode())), 1)
    field.wait(3)
    wanted = field.flow.control("/status", "GET")[1]["subscriptions"]
    field.wrong(not wanted.get(SYMBOL) or not wanted.get(OTHER), f"a web page ended demand: {wanted}")
    return {**said, "upstream": wanted}


def prepare_token(flow):
    flow.config["cached"]["token"] = TOKEN


def count_guesses(swarm, seconds, field):
    """Batches of 50 guesses, again whenever one was answered; how many were judged."""
    guess = frame("[" + ",".join(rpc(i, "clearHistory", token=f"a guess of sixteen and more {i}") for i in range(50)) + "]")
    deadline, judged, buffers = time.monotonic() + seconds, 0, {}
    swarm.send_all(guess)
    for one in swarm.sockets:
        one.setblocking(False)
    while time.monotonic() < deadline and not field.over():
        for one in swarm.sockets:
            try:
                data = one.recv(1 << 18)
            except BlockingIOError:
                continue
            except OSError:
                continue
            judged += data.count(b"needs the token")  # it was looked at, and is wrong
            buffers[one] = buffers.get(one, 0) + data.count(b'"jsonrpc"')
            if buffers[one] >= 50:
                buffers[one] -= 50
                swarm.send(one, guess)
        field.wait(0.005)
    return judged


@attack(10, "20 clients guess the token that clears the history, for 6 s", prepare_token)
def guesses(field):
    with Swarm() as swarm:
        swarm.open(field.port["gateway0"], 20, UPGRADE)
        field.wait(0.5)
        judged = count_guesses(swarm, 6, field)
    rate = judged / 6
    field.wrong(rate > 100, f"{rate:.0f} guesses a second were judged")
    logs = field.flow.processes["gateway0"].log() + field.flow.processes["cached"].log()
    field.wrong(not re.search(r" warn .*(token|clear)", logs), "nothing is logged of it")
    return {"judged_per_s": round(rate)}


@attack(11, "a page of another origin opens a WebSocket; a name that was rebound asks for the page and for trades")
def rebinding(field):
    port = field.port["gateway0"]
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec_WebSocket_Version": "13"}
    own = field.flow.address("gateway0")
    told = {
        "strange_origin": ask_http(port, http("GET", "/ws", host=own, Origin="http://evil.example", **upgrade)),
        "strange_host": ask_http(port, http("GET", f"/api/v1/trades/{SYMBOL}", host="evil.example")),
        "strange_host_ws": ask_http(port, http("GET", "/ws", host="evil.example", Origin="http://evil.example", **upgrade)),
        "own_origin": ask_http(port, http("GET", "/ws", host=own, Origin=f"http://{own}", **upgrade)),
        "no_origin": ask_http(port, http("GET", "/ws", host=own, **upgrade)),
    }
    field.wrong(told["strange_origin"] == 101, "a page of another origin opened a WebSocket")
    field.wrong(told["strange_host"] == 200 or told["strange_host_ws"] == 101, "a rebound name was served")
    field.wrong(told["own_origin"] != 101 or told["no_origin"] != 101, "its own page, or who is no page, was not let in")
    field.wrong(get(f"http://{own}/")[0] != 200, "the page is not served")
    field.wait(2)
    return told
