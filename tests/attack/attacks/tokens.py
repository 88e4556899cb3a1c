"""Who has no good token, and comes to every door with what might pass for one (18)."""

import itertools
import re
import threading
import time

from attacks.doors import both
from field import PAUSE, SYMBOL
from forged import KeyServer, Mint, guard, told
from pipeline import get
from token_doors import UPGRADE, HttpDoor, bring, call, close_code, connect, doors, request

ATTACKERS = 6  # at a time, each with a connection for each token
FLOOD_S = 30  # so long that the issuer's keys may be asked for once more
BREATH_S = 0.1  # from door to door: who serves is to be attacked, not the processor that attackers share with it here
UNKNOWN = 20  # names of keys that nobody knows, in each round
REST_S = 30  # of who is asked for keys (auth.md)
FIRST_MESSAGE_MS, GUEST_S = 2000, 4
LOG_LINES, LOG_BYTES, METRICS_BYTES = 200, 64 << 10, 4 << 10  # what an attack may add
UNAUTHORIZED = 4401


def prepare_tokens(flow):
    flow.mint = Mint()
    flow.keys = KeyServer(flow.mint.jwks())
    guard(flow, flow.mint, flow.keys, first_message_ms=FIRST_MESSAGE_MS)
    flow.token = flow.mint.good("bystander")


class Attackers:
    """Threads that go from door to door with all tokens until the time is over."""

    def __init__(self, field, port, trusted, made):
        self.field, self.port, self.trusted, self.made = field, port, trusted, made
        self.guest = field.flow.mint.good("guest", "guest")
        self.brought, self.wrong, self.lock = 0, {}, threading.Lock()

    def visit(self, door):
        mint = self.field.flow.mint
        tokens = self.made | {f"unknown key {i}": (mint.unknown_key(), "unknown_key") for i in range(UNKNOWN)}
        try:
            wrong = bring(door, self.port, tokens, self.trusted)
        except (OSError, ValueError) as error:
            wrong = {door.name: f"{type(error).__name__} {error}"}
        with self.lock:
            self.brought += len(tokens)
            self.wrong |= wrong

    def run(self, until, first):
        all_doors = doors(self.guest)
        for door in itertools.cycle(all_doors[first:] + all_doors[:first]):
            if time.monotonic() >= until or self.field.over():
                return
            self.visit(door)
            PAUSE.wait(BREATH_S)

    def flood(self, seconds, meanwhile):
        until = time.monotonic() + seconds
        threads = [threading.Thread(target=self.run, args=(until, i * 2)) for i in range(ATTACKERS)]
        for thread in threads:
            thread.start()
        meanwhile()
        for thread in threads:
            thread.join()


def stay(field, port, trusted, made):
    """Who was refused and stays, and whose good token ends while only bad ones come: how many were not closed with 4401."""
    opened, stayed = [], 0
    for token, _ in made.values():
        short = field.flow.mint.good("guest", "guest", GUEST_S)
        for good, method in ((None, "authenticate"), (short, "refreshToken")):
            one = connect(port, trusted)
            one.sendall(request("GET", "/ws", good, **UPGRADE) + call(1, method, token=token))
            opened.append(one)
    for one in opened:
        with one:
            stayed += close_code(one) != UNAUTHORIZED
    return {"stayed": stayed, "of": len(opened)}


def metrics_of(field):
    return get(f"http://{field.flow.address('gateway0')}/metrics")[1]


def refused(metrics):
    return sum(map(int, re.findall(r"^dataflow_auth_refused_total\{.*\} (\d+)$", metrics, re.M)))


def logs(field):
    return "\n".join(process.log() for name, process in field.flow.processes.items() if name != "simulator")


def judge_silence(field, tokens, log, metrics):
    """Nothing of a token is told, and what is told has a bound."""
    log_now, metrics_now = logs(field), metrics_of(field)
    lines, size = log_now.count("\n") - log.count("\n"), len(log_now) - len(log)
    field.wrong(found := told(log_now + metrics_now, tokens), f"told of tokens: {found[:3]}")
    field.wrong(lines > LOG_LINES or size > LOG_BYTES, f"the log grew by {lines} lines, {size} bytes")
    field.wrong(len(metrics_now) > len(metrics) + METRICS_BYTES, f"/metrics grew from {len(metrics)} to {len(metrics_now)} bytes")
    return {"log_lines": lines, "refused": refused(metrics_now) - refused(metrics)}


def judge_keys(field):
    """The issuer is asked at the start, once in a while as long as unknown keys are named, and nobody else is."""
    times = [at for at, _ in field.flow.keys.asked]
    strange = {path for _, path in field.flow.keys.asked} - {"/jwks"}
    soon = [f"{later - at:.1f} s" for at, later in zip(times, times[1:]) if later - at < REST_S - 1]
    field.wrong(strange, f"the forger's address was asked for {strange}")
    field.wrong(soon, f"keys were asked for again after {soon}")
    field.wrong(len(times) < 2 and not field.over(), "keys were not asked for again")
    return {"keys_asked": len(times)}


def served(port, trusted, token):
    door = HttpDoor("GET", f"/api/v1/trades/{SYMBOL}?count=10", "header")
    with connect(port, trusted) as one:
        one.sendall(door.ask(token))
        return b'"price"' in door.hear(one)


@both(18, "tokens that are expired, forged, tampered with, confused, unsigned, huge or nested come to every door", prepare_tokens, growth_mib=128)
def tokens(field, port, trusted):
    made = field.flow.mint.forged(field.flow.keys.address)
    attackers, stayed = Attackers(field, port, trusted, made), {}
    log, metrics = logs(field), metrics_of(field)
    field.wrong(not served(port, trusted, field.flow.token), "a good token was not let in before")
    attackers.flood(FLOOD_S, lambda: stayed.update(stay(field, port, trusted, made)))
    field.wrong(stayed.get("stayed"), f"{stayed.get('stayed')} connections without a good token were not closed with 4401")
    for what, why in itertools.islice(attackers.wrong.items(), 5):
        field.wrong(True, f"{what}: {why[:200]}")
    field.wrong(not field.over() and not served(port, trusted, field.flow.token), "a good token was not let in afterwards")
    figures = judge_silence(field, [attackers.guest, *(token for token, _ in made.values())], log, metrics)
    return {"tokens": len(made) + UNKNOWN, "brought": attackers.brought, "wrong": len(attackers.wrong), **stayed, **figures, **judge_keys(field)}
