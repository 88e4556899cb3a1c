"""A key that comes for the first time is in the source's next status; many of them at once do not make many statuses."""

import json
import time

import pytest
from clients import Requester, Tap
from pipeline import PATIENCE, get, until
from readings import Readings, configure

MANY, EACH = 10000, 500
REMEMBERED = 16384  # streams, by a cached (REMEMBERED_MAX)
STATUSES_A_SECOND = 3  # a heartbeat is sent every second


@pytest.fixture
def lab(pipeline, tmp_path):
    with Readings() as source:
        yield configure(pipeline(), source, tmp_path)


def statuses_until(tap, condition):
    """The statuses that come, up to the first one for which the condition holds; and when each came."""
    came = []
    deadline = time.monotonic() + PATIENCE
    while not came or not condition(came[-1][1]):
        assert time.monotonic() < deadline, f"{len(came)} statuses, and none was the one"
        _, body = tap.receive()
        came.append((time.monotonic(), json.loads(body)))
    return came


def test_the_status_after_a_new_key_lists_it(lab):
    lab.start_connectord()
    with Tap(lab.bus, "status.") as tap, Requester(lab.replay) as replay:
        (_, first), *_ = statuses_until(tap, lambda status: status["connected"])
        assert first["symbols"] == {}
        lab.exchange.say_readings([("sensor-7", 1)])
        until(lambda: replay.ask(op="streams")["streams"], "the key to be journaled")
        asked = time.monotonic()
        came = statuses_until(tap, lambda status: status["symbols"])
        assert came[-1][1]["symbols"] == {"readings.sensor-7": 1} and came[-1][1]["channels"] == {"readings": "log"}
        assert sum(at > asked for at, _ in came) <= 2, "the first one may have been made before"


def test_many_new_keys_make_few_statuses(lab):
    lab.start_connectord()
    lab.start_cached()
    lab.start_gateway()
    lab.wait_ready("connectord_http", "cached_http", "gateway0")
    with Tap(lab.bus, "status.") as tap:
        statuses_until(tap, lambda status: status["connected"])
        begin = time.monotonic()
        for place in range(0, MANY, EACH):
            lab.exchange.say_readings([(f"key-{number}", 1) for number in range(place, place + EACH)])
        came = statuses_until(tap, lambda status: len(status["symbols"]) == MANY)
        took = came[-1][0] - begin
        assert len(came) <= STATUSES_A_SECOND * (took + 1), f"{len(came)} statuses in {took:.1f} s"
        assert all(number == 1 for number in came[-1][1]["symbols"].values())
        until(lambda: len(json.loads(get(f"http://{lab.address('gateway0')}/api/v1/symbols?channel=readings")[1])["symbols"]) == MANY,
              "the gateway to offer them")
        with Requester(lab.history) as history:
            until(lambda: history.ask(op="recent", symbol=f"readings.key-{MANY - 1}").get("trades"), "the last one in history")


def test_a_source_offers_no_more_keys_than_a_cached_remembers(lab):
    lab.start_connectord()
    lab.start_cached()
    lab.wait_ready("connectord_http", "cached_http")
    with Tap(lab.bus, "status.") as tap, Requester(lab.history) as history:
        statuses_until(tap, lambda status: status["connected"])
        for place in range(0, REMEMBERED + EACH, EACH):
            lab.exchange.say_readings([(f"key-{number}", 1) for number in range(place, place + EACH)])
        lab.exchange.say_readings([("key-0", 2)])
        came = statuses_until(tap, lambda status: status["symbols"].get("readings.key-0") == 2)
        assert len(came[-1][1]["symbols"]) == REMEMBERED, "those that came first are offered, and go on"
        for key in (0, REMEMBERED - 1):
            until(lambda key=key: history.ask(op="recent", symbol=f"readings.key-{key}").get("trades"), "each that is offered is in history")
