"""Records of other channels than trades, from a source that speaks JSON to clients: journal, bus, replay, history, restarts."""

import itertools
import json

import pytest
import zmq
from clients import Requester
from pipeline import until
from ws_source import Exchange

MAPPING = {"where": {"/type": "reading"}, "channel": "readings", "key": "/sensor", "id": "/n", "timestamp": "/at", "data": "/values"}


def reading(sensor, number, **values):
    return json.dumps({"type": "reading", "sensor": sensor, "n": number, "at": f"2026-03-01T12:00:{number % 60:02d}Z", "values": values or {"celsius": number / 2}})


@pytest.fixture
def lab(pipeline, tmp_path):
    """A pipeline whose source sends what `exchange.say` is told."""
    with Exchange(lambda message: []) as exchange:
        path = tmp_path / "lab.json"
        path.write_text(json.dumps({"websocket": {"subscribe": "{\"want\":\"${channel} ${key}\"}"}, "mapping": MAPPING}))
        flow = pipeline()
        flow.exchange = exchange
        flow.config["connectord"]["sources"] = [{"name": "lab", "connector": "websocket", "url": f"ws://127.0.0.1:{exchange.port}/",
                                                 "definition": str(path), "symbols": ["readings.*"]}]
        yield flow


def heard(flow, count=1):
    until(lambda: len(flow.exchange.heard) >= count, "the subscription")


def streams(replay):
    return {stream["topic"]: stream["last"] for stream in replay.ask(op="streams")["streams"]}


def test_any_key_that_comes_is_journaled_published_and_kept(lab):
    lab.start_connectord()
    lab.start_cached()
    lab.wait_ready("connectord_http", "cached_http")
    heard(lab)
    assert json.loads(lab.exchange.heard[0]) == {"want": "readings *"}
    bus = zmq.Context.instance().socket(zmq.SUB)
    bus.connect(lab.bus)
    bus.subscribe("readings.")
    bus.rcvtimeo = 20000
    with Requester(lab.replay) as replay, Requester(lab.history) as history:
        numbers = itertools.count(1)
        until(lambda: (lab.exchange.say(reading("warm-up", next(numbers))), bus.poll(100))[1], "the bus")
        lab.exchange.say(reading("sensor-7", 1, celsius=21.5, note="a \" b"))
        lab.exchange.say(reading("sensor-7", 1, celsius=21.5, note="a \" b"))  # the same once more
        lab.exchange.say(reading("sensor-7", 2, celsius=-3))
        lab.exchange.say(reading("ä/no", 3))  # no key: left out
        lab.exchange.say(reading("Öl 2", 4))  # neither
        lab.exchange.say(reading("Öl2", 5))
        topic, body = b"", b""
        while topic != "readings.Öl2.lab".encode():
            topic, body = bus.recv_multipart()
        record = json.loads(body)
        assert (record["channel"], record["key"], record["id"], record["source"], record["data"]) == ("readings", "Öl2", "5", "lab", {"celsius": 2.5})
        assert list(record) == ["epoch", "seq", "channel", "key", "timestamp", "id", "source", "received", "data"]
        assert set(streams(replay)) == {"readings.warm-up.lab", "readings.sensor-7.lab", "readings.Öl2.lab"}
        had = replay.all("readings.sensor-7.lab")
        assert [(one["seq"], one["id"], one["data"]) for one in had] == [(1, "1", {"celsius": "21.5", "note": "a \" b"}), (2, "2", {"celsius": -3})]
        until(lambda: history.ask(op="recent", symbol="readings.Öl2").get("trades"), "history")
        answer = history.ask(op="recent", symbol="readings.sensor-7", count=10)
        assert [one["id"] for one in answer["trades"]] == ["2", "1"]
        since = history.ask(op="since", symbol="readings.sensor-7", after="2026-03-01T12:00:01Z")
        assert [one["id"] for one in since["trades"]] == ["2"]
    bus.close()


def test_keys_are_known_after_a_restart_and_go_on_counting(lab):
    connectord = lab.start_connectord()
    lab.start_cached()
    lab.wait_ready("connectord_http", "cached_http")
    heard(lab)
    with Requester(lab.replay) as replay, Requester(lab.history) as history:
        lab.exchange.say(reading("a", 1))
        lab.exchange.say(reading("b", 2))
        until(lambda: len(streams(replay)) == 2, "both streams")
        connectord.kill()
        lab.start_connectord()
        lab.wait_ready("connectord_http")
        heard(lab, 2)
        lab.exchange.say(reading("a", 1))  # had it
        lab.exchange.say(reading("a", 3))
        until(lambda: len(replay.all("readings.a.lab")) == 2, "the next one")
        assert [(one["seq"], one["id"]) for one in replay.all("readings.a.lab")] == [(1, "1"), (2, "3")]
        until(lambda: len(history.ask(op="recent", symbol="readings.a")["trades"]) == 2, "history to follow")
