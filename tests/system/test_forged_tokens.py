"""Tokens that are not good open no door, are told why, and are told to nobody else: the short form of the attack `tokens`."""

import re

import pytest
from pipeline import get, until

pytest.importorskip("cryptography", reason="python3-cryptography is not installed")

from forged import KeyServer, Mint, guard, told  # noqa: E402
from token_doors import HttpDoor, bring, connect, doors  # noqa: E402


@pytest.fixture
def mint():
    return Mint()


@pytest.fixture
def keys(mint):
    server = KeyServer(mint.jwks())
    yield server
    server.close()


@pytest.fixture
def flow(pipeline, mint, keys):
    flow = pipeline(symbols=["BTC-USD"])
    guard(flow, mint, keys)
    flow.start_all("--rate", 200)
    until(lambda: b'"price"' in served(flow, mint.good("alice")), "trades for a good token")
    return flow


def served(flow, token):
    door = HttpDoor("GET", "/api/v1/trades/BTC-USD?count=10", "header")
    with connect(flow.port["gateway0"]) as one:
        one.sendall(door.ask(token))
        return door.hear(one)


def refused(flow):
    found = re.findall(r"^dataflow_auth_refused_total\{.*\} (\d+)$", get(f"http://{flow.address('gateway0')}/metrics")[1], re.M)
    return sum(map(int, found))


def test_forged_tokens_open_no_door_and_are_not_told(flow, mint, keys):
    made, guest, wrong = mint.forged(keys.address), mint.good("guest", "guest"), {}
    for door in doors(guest):
        before = refused(flow)
        wrong |= bring(door, flow.port["gateway0"], made)
        assert refused(flow) - before >= len(made) - len(mint.huge()), door.name
    assert wrong == {}
    assert {path for _, path in keys.asked} == {"/jwks"} and len(keys.asked) == 1  # unknown keys are asked for again after 30 s
    metrics = get(f"http://{flow.address('gateway0')}/metrics")[1]
    flow.processes["gateway0"].stop()  # so that all has been read
    said = metrics + "".join(process.log() for process in flow.processes.values())
    assert told(said, [guest, *(token for token, _ in made.values())]) == []
