"""Records of other channels than trades, from a source that speaks JSON to clients: journal, bus, replay, history, restarts."""

import asyncio
import itertools
import json

import pytest
import zmq
from clients import Client, Requester, RpcError
from event_source import Events
from pipeline import ROOT, get, until
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


def start(lab, latest=False, symbols=("readings.*",)):
    source = lab.config["connectord"]["sources"][0]
    source["symbols"] = list(symbols)
    if latest:
        source["latest"] = ["readings"]
    lab.start_connectord()
    lab.start_cached()
    lab.start_gateway()
    lab.wait_ready("connectord_http", "cached_http", "gateway0")
    heard(lab)
    lab.exchange.say(reading("sensor-7", 1))
    url = f"http://{lab.address('gateway0')}"
    until(lambda: "sensor-7" in get(f"{url}/api/v1/symbols?channel=readings")[1], "the key to be offered")
    return url


def test_clients_subscribe_ask_and_resume_in_a_channel(lab):
    async def run():
        url = start(lab)
        async with Client(lab.url()) as client:
            answer = await client.call("subscribe", channel="readings", symbol="sensor-7", count=5)
            assert (answer["channel"], answer["symbol"], [one["id"] for one in answer["records"]]) == ("readings", "sensor-7", ["1"])
            lab.exchange.say(reading("sensor-7", 2, celsius=1))
            lab.exchange.say(reading("other", 3))
            lab.exchange.say(reading("sensor-7", 4, celsius=2))
            await client.until(lambda: len(client.notifications) == 2, "two readings")
            assert [(one["method"], one["params"]["id"], one["params"]["data"]) for one in client.notifications] == [
                ("readings.update", "2", {"celsius": 1}), ("readings.update", "4", {"celsius": 2})]
            while (await client.call("getSymbols", channel="readings"))["symbols"] != ["other", "sensor-7"]:
                await asyncio.sleep(0.05)  # the next status has it
            assert (await client.call("getSymbols"))["symbols"] == []
            assert (await client.call("getChannels"))["channels"] == {"trades": {"keep": "log", "sources": []},
                                                                     "readings": {"keep": "log", "sources": ["lab"]}}
            recent = await client.call("getRecent", channel="readings", symbol="sensor-7", count=2)
            assert [one["id"] for one in recent["records"]] == ["4", "2"]
            page = await client.call("getRecent", channel="readings", symbol="sensor-7", count=2, next=recent["next"])
            assert [one["id"] for one in page["records"]] == ["1"]
            since = await client.call("getSince", channel="readings", symbol="sensor-7", afterTimestamp="2026-03-01T12:00:01Z")
            assert [one["id"] for one in since["records"]] == ["2", "4"]
            ranged = await client.call("getRange", channel="readings", symbol="sensor-7", source="lab")
            assert [one["id"] for one in ranged["records"]] == ["1", "2", "4"]
            assert (await client.call("unsubscribe", channel="readings", symbol="sensor-7"))["event"] == "unsubscribed"
            with pytest.raises(RpcError, match="Only 'trades' channel is supported"):
                await client.call("subscribe", channel="ticker", symbol="sensor-7")
            with pytest.raises(RpcError, match="Only 'trades' channel is supported"):
                await client.call("getCandles", channel="readings", symbol="sensor-7", interval="1m")
            with pytest.raises(RpcError, match="Invalid symbol: nobody"):
                await client.call("subscribe", channel="readings", symbol="nobody")
            with pytest.raises(RpcError, match="Invalid symbol: a/b"):
                await client.call("subscribe", channel="readings", symbol="a/b")
            last = recent["records"][0]
        for number in range(5, 8):
            lab.exchange.say(reading("sensor-7", number))
        async with Client(lab.url()) as client:
            answer = await client.call("subscribe", channel="readings", symbol="sensor-7", since=f"{last['epoch']}-{last['seq']}")
            assert answer["recovered"]
            await client.until(lambda: len(client.notifications) == 3, "what was missed")
            assert [one["params"]["id"] for one in client.notifications] == ["5", "6", "7"]
        status, body = get(f"{url}/api/v1/records/readings/sensor-7?count=1")[:2]
        assert status == 200 and [one["id"] for one in json.loads(body)["records"]] == ["7"]
        assert get(f"{url}/api/v1/records/readings/sensor-7?since=2026-03-01T12:00:05Z")[0] == 200
        assert get(f"{url}/api/v1/records/readings/nobody")[0] == 404
        assert get(f"{url}/api/v1/records/ticker/sensor-7")[0] == 400
        assert json.loads(get(f"{url}/api/v1/channels")[1])["channels"]["readings"]["sources"] == ["lab"]

    asyncio.run(run())


def test_events_of_a_channel_resume_by_their_id(lab):
    start(lab)
    with Events(lab, "symbols=readings.sensor-7") as events:
        events.wait(lambda: events.last_id, "the first id")
        lab.exchange.say(reading("sensor-7", 2))
        events.wait(lambda: events.trades, "a reading")
        assert events.trades[0]["id"] == "2"
        last = events.last_id
        assert last.startswith("readings.sensor-7.lab=")
    lab.exchange.say(reading("sensor-7", 3))
    with Events(lab, "symbols=readings.sensor-7", last) as events:
        events.wait(lambda: events.trades, "what was missed")
        assert events.trades[0]["id"] == "3"


def test_who_was_away_gets_the_newest_record_of_a_latest_channel_and_no_gap(lab):
    async def run():
        start(lab, latest=True)
        async with Client(lab.url()) as client:
            answer = await client.call("subscribe", channel="readings", symbol="sensor-7")
            assert [one["id"] for one in answer["records"]] == ["1"]
            since = answer["cursor"]
            assert (await client.call("getChannels"))["channels"]["readings"] == {"keep": "latest", "sources": ["lab"]}
        for number in range(2, 40):
            lab.exchange.say(reading("sensor-7", number))
        async with Client(lab.url()) as client:
            await client.call("subscribe", channel="readings", symbol="sensor-7", since=since)
            await client.until(lambda: client.notifications and client.notifications[-1]["params"]["id"] == "39", "the newest")
            ids = [int(one["params"]["id"]) for one in client.notifications]
            assert ids == sorted(ids) and len(ids) < 10 and all(one["method"] == "readings.update" for one in client.notifications)


    asyncio.run(run())

SENSORS = ROOT / "deploy/sources/sensors.json"
SAID = ['{"type":"publish","topic":"sensors/boiler-1","ts":1764411873937,"payload":{"sensor":"boiler-1","celsius":71.30,"bar":2.050,"ok":true}}',
        '{"type":"publish","topic":"sensors/pump-1","ts":1764411874000,"payload":{"sensor":"pump-1","celsius":-0.10,"bar":6.1e0,"ok":false}}',
        '{"type":"publish","topic":"sensors/boiler-1","ts":1764411875001,"payload":{"sensor":"boiler-1", "celsius": 71.25, "note": "a, b"}}']
MEANT = {"boiler-1": ['"timestamp":"2025-11-29T10:24:33.937Z","source":"plant"', '"data":{"sensor":"boiler-1","celsius":71.30,"bar":2.050,"ok":true}}',
                      '"timestamp":"2025-11-29T10:24:35.001Z","source":"plant"', '"data":{"sensor":"boiler-1","celsius":71.25,"note":"a, b"}}'],
         "pump-1": ['"timestamp":"2025-11-29T10:24:34Z","source":"plant"', '"data":{"sensor":"pump-1","celsius":-0.10,"bar":6.1e0,"ok":false}}']}


def test_a_feed_of_sensors_comes_out_digit_for_digit(pipeline):
    def answer(message):
        assert json.loads(message) == {"type": "subscribe", "topic": "sensors/+"}
        return ['{"type":"subscribed","topic":"sensors/+"}', *SAID]

    with Exchange(answer) as exchange:
        flow = pipeline()
        flow.config["connectord"]["sources"] = [{"name": "plant", "connector": "websocket", "url": f"ws://127.0.0.1:{exchange.port}/",
                                                 "definition": str(SENSORS), "symbols": ["readings.*"], "latest": ["readings"]}]
        flow.start_connectord()
        flow.start_cached()
        flow.start_gateway()
        flow.wait_ready("connectord_http", "cached_http", "gateway0")
        for key, parts in MEANT.items():
            def body():
                return get(f"http://{flow.address('gateway0')}/api/v1/records/readings/{key}?since=2025-11-29")[1]
            until(lambda: all(part in body().replace('.000Z', 'Z') for part in parts), f"the readings of {key}: {body()}")


def test_the_simulator_s_sensors_are_read_by_the_definition(pipeline):
    flow = pipeline()
    flow.config["connectord"]["sources"] = [{"name": "plant", "connector": "websocket", "url": f"ws://{flow.address('simulator')}/ws",
                                             "definition": str(SENSORS), "symbols": ["readings.*"]}]
    flow.start_simulator("--any-origin")
    flow.start_connectord()
    with Requester(flow.replay) as replay:
        until(lambda: len(streams(replay)) == 6, "all six sensors")
        (first, *_) = replay.all("readings.boiler-1.plant")
        assert first["data"]["sensor"] == "boiler-1" and set(first["data"]) == {"sensor", "celsius", "bar", "ok"}
