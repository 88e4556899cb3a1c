"""Other channels than trades at the clients that are not JSON-RPC by hand: the command line, export and import, the hub, batches, deflate, REST's document."""

import asyncio
import itertools
import json
import os
import re
import subprocess

import pytest
from cli import DATAFLOW, Command, answered, dataflow
from clients import Client, Requester, RpcError, assert_once_and_in_order
from node_client import NodeClient
from pipeline import BIN, PATIENCE, ROOT, get, loads, until
from test_channels import heard, lab, reading, start  # noqa: F401 (lab is a fixture)
from test_deflate import Raw
from test_manual import complete
from test_rest import check_schema
from test_signalr import Hub

TEXTS = {"celsius": 21.5, "note": "a \" b"}


def rows(text):
    """Without what columns are padded with."""
    return [line.split() for line in text.splitlines()]


def say(flow, sensor, data, number):
    """`data`: JSON as it is."""
    flow.exchange.say(reading(sensor, number).replace(json.dumps({"celsius": number / 2}), data))


def kept(flow, key, count):
    """The exact texts that history has of a key once it has so many, oldest first."""
    def texts():
        with Requester(flow.history) as history:
            raw = history.raw(json.dumps({"op": "since", "symbol": f"readings.{key}", "after": "1970-01-01"}))
        begin = raw.find('"trades":[') + len('"trades":[')
        found, decoder = [], json.JSONDecoder()
        while raw[begin] == "{":
            end = decoder.raw_decode(raw, begin)[1]
            found.append(raw[begin:end])
            begin = end + (raw[end] == ",")
        return found

    until(lambda: len(texts()) == count, f"{count} records of {key} in history")
    return texts()


# --- the command line ---


def test_history_has_a_column_for_each_member_and_every_digit(lab):
    start(lab)
    for number, data in enumerate(('{"celsius":21.50,"ok":true,"note":"a b"}', '{"celsius":-3,"ok":null,"note":"\\u001b[2J"}',
                                   '{"note":"ü","ok":false,"celsius":1234567890123456789.10000000000000000001}'), 2):
        say(lab, "sensor-8", data, number)
    texts = kept(lab, "sensor-8", 3)
    until(lambda: dataflow("history", "--channel", "readings", "sensor-8", "--url", lab.url()).returncode == 0, "the key to be offered")
    shown = answered("history", "--channel", "readings", "sensor-8", "--since", "2020-01-01", "--url", lab.url()).splitlines()
    assert shown[0].split() == ["key", "time", "(UTC)", "source", "seq", "celsius", "ok", "note"]
    assert [line.split()[:5] for line in shown[1:]] == [["sensor-8", "2026-03-01", f"12:00:0{number}", "lab", str(number - 1)] for number in (2, 3, 4)]
    assert [line.split()[5] for line in shown[1:]] == ["21.50", "-3", "1234567890123456789.10000000000000000001"]
    assert len({line.find(".") for line in (shown[1], shown[3])}) == 1, "points stand in one column"
    assert "\033" not in "".join(shown) and shown[2].endswith("null   \\u001b[2J")
    as_json = answered("history", "--channel", "readings", "sensor-8", "--json", "--url", lab.url()).splitlines()
    assert as_json == texts[::-1]


def test_records_that_differ_are_shown_as_json(lab):
    start(lab)
    for number, data in enumerate(('{"celsius":21.50}', '{"celsius":21.50,"at":{"x":1.0}}', '{"celsius":2}'), 2):
        say(lab, "sensor-8", data, number)
    kept(lab, "sensor-8", 3)
    until(lambda: dataflow("history", "--channel", "readings", "sensor-8", "--url", lab.url()).returncode == 0, "the key to be offered")
    shown = rows(answered("history", "--channel", "readings", "sensor-8", "--url", lab.url()))
    assert shown[0][-1] == "data" and [row[-1] for row in shown[1:]] == ['{"celsius":2}', '{"celsius":21.50,"at":{"x":1.0}}', '{"celsius":21.50}']


def test_rows_of_records_fit_into_the_terminal(lab):
    start(lab)
    say(lab, "sensor-8", json.dumps({f"member{number}": number for number in range(10)}), 2)
    say(lab, "sensor-9", json.dumps({"list": list(range(100))}), 2)
    for key in ("sensor-8", "sensor-9"):
        kept(lab, key, 1)
        until(lambda: dataflow("history", "--channel", "readings", key, "--url", lab.url()).returncode == 0, "the key to be offered")
        for room in (60, 80, 132):
            ended = subprocess.run(["script", "-qec", f"{DATAFLOW} history --channel readings {key} --url {lab.url()}", "/dev/null"],
                                   capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
                                   env={**os.environ, "COLUMNS": str(room), "NO_COLOR": "1"})
            shown = ended.stdout.splitlines()
            assert len(shown) == 2 and key in shown[1] and max(map(len, shown)) <= room, (room, shown)


def test_watch_follows_keys_and_resumes_when_the_gateway_is_killed(lab):
    start(lab)
    lab.exchange.say(reading("other", 2))
    url = f"http://{lab.address('gateway0')}"
    until(lambda: "other" in get(f"{url}/api/v1/symbols?channel=readings")[1], "the key to be offered")
    with Command("watch", "--channel", "readings", "sensor-7", "other", "--recent", 5, "--json", "--url", lab.url()) as watch:
        until(lambda: len(watch.lines) == 2, "what there is")
        lab.exchange.say(reading("sensor-7", 3))
        until(lambda: len(watch.lines) == 3, "what is new")
        lab.processes["gateway0"].kill()
        until(lambda: watch.remarked("lost the connection"), "the loss")
        for number in range(4, 8):
            lab.exchange.say(reading("sensor-7", number))
        lab.start_gateway()
        until(lambda: len(watch.lines) == 7, "what was missed")
        assert watch.remarked("nothing is lost") and not watch.remarked("missed:")
        records = [loads(line) for line in watch.lines]
    assert_once_and_in_order([record for record in records if record["key"] == "sensor-7"])
    assert watch.lines[2:] == kept(lab, "sensor-7", 6)[1:]
    with Command("watch", "--channel", "readings", "other", "--recent", 1, "--count", 1, "--url", lab.url()) as watch:
        assert watch.end() == 0
    assert [line.split() for line in watch.lines] == [["key", "time", "(UTC)", "source", "seq", "celsius"],
                                                     ["other", "2026-03-01", "12:00:02", "lab", "1", "1.0"]]


def test_watch_of_a_latest_channel_does_not_take_what_was_skipped_for_missed(lab):
    start(lab, latest=True)
    command = f"{DATAFLOW} watch --channel readings sensor-7 --url {lab.url()} --count 2 --json"
    terminal = subprocess.Popen(["script", "-qefc", command, "/dev/null"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    try:
        told = [terminal.stdout.readline()]  # the newest there is
        assert loads(told[0])["id"] == "1"
        lab.processes["gateway0"].kill()
        while "lost the connection" not in told[-1]:
            told.append(terminal.stdout.readline())
            assert told[-1], told
        for number in range(2, 40):
            lab.exchange.say(reading("sensor-7", number))
        kept(lab, "sensor-7", 39)
        lab.start_gateway()
        told += terminal.stdout.read().splitlines()
        assert terminal.wait(PATIENCE) == 0
    finally:
        terminal.kill()
        terminal.wait()
    said = "\n".join(told)
    assert "what is newest follows" in said and "2 records, resumed 1 time" in said and "miss" not in said
    assert [loads(line)["id"] for line in told if line.startswith("{")] == ["1", "39"]


def test_channels_and_their_keys_are_told_to_people_and_programs(lab):
    start(lab, latest=True)
    url = ("--url", lab.url())
    lab.exchange.say(reading("Öl2", 2))
    until(lambda: rows(answered("symbols", "--channel", "readings", *url)) == [["sensor-7", "lab"], ["Öl2", "lab"]], "both keys")
    assert rows(answered("channels", *url)) == [["channel", "keep", "keys", "sources"], ["trades", "log", "0"], ["readings", "latest", "2", "lab"]]
    assert json.loads(answered("channels", "--json", *url))["channels"]["readings"] == {"keep": "latest", "sources": ["lab"], "keys": 2}
    assert json.loads(answered("symbols", "--channel", "readings", "--json", *url))["symbols"] == ["sensor-7", "Öl2"]
    for command in (["watch", "x"], ["history", "x"], ["symbols"]):
        ended = dataflow(*command, "--channel", "ticker", *url)
        assert (ended.returncode, ended.stdout) == (1, "") and "no source offers the channel 'ticker'" in ended.stderr, command
    for command in (["watch", "x"], ["history", "x"], ["symbols"], ["tap"]):
        assert "expected a channel's name, such as readings, found 'A b'" in dataflow(*command, "--channel", "A b").stderr
    assert "Invalid symbol: nobody" in dataflow("watch", "--channel", "readings", "nobody", *url).stderr


def test_tap_of_a_channel_has_its_keys_and_no_others(lab):
    start(lab)
    with Command("tap", "--channel", "readings", "sensor-7", "--bus", lab.bus) as one, Command("tap", "--channel", "readings", "--bus", lab.bus) as all_of_them:
        numbers = itertools.count(2)

        def heard_by_both():
            number = next(numbers)
            lab.exchange.say(reading("sensor-70", number))
            lab.exchange.say(reading("sensor-7", number))
            return one.lines and all_of_them.lines

        until(heard_by_both, "both to be connected")
        last = next(numbers)
        lab.exchange.say(reading("sensor-7", last))
        until(lambda: all(f'"id":"{last}"' in tap.lines[-1] for tap in (one, all_of_them)), "the last one")
    assert {line.split()[0] for line in one.lines} == {"readings.sensor-7.lab"}
    assert {line.split()[0] for line in all_of_them.lines} == {"readings.sensor-7.lab", "readings.sensor-70.lab"}


def test_completion_asks_the_gateway_for_channels_and_keys(lab):
    start(lab)
    url = f"--url {lab.url()}"
    split = ["--url", *re.findall(r":|[^:]+", lab.url())]  # bash has split the URL at its colons
    until(lambda: complete(str(DATAFLOW), "watch", *split, "--channel", "", line=f"{DATAFLOW} watch {url} --channel ") == {"trades", "readings"}, "the channels")
    until(lambda: complete(str(DATAFLOW), "watch", *split, "--channel", "readings", "s", line=f"{DATAFLOW} watch {url} --channel readings s") == {"sensor-7"},
          "the key")


# --- export and import ---


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_records_that_were_exported_come_back_in_a_new_installation(lab, pipeline, form):
    start(lab)
    for number, data in enumerate(('{"celsius":21.50,"note":"a \\" b, c"}', '{"data":{"data":[1E5,-0]},"ö":"\\u0007"}', "{}"), 2):
        say(lab, "Öl2", data, number)
    texts = kept(lab, "Öl2", 3)

    def export(flow, *more):
        ended = subprocess.run([ROOT / "scripts/export", "--channel", "readings", "Öl2", "--history", flow.history, *more], capture_output=True,
                               text=True, timeout=PATIENCE)
        assert ended.returncode == 0 and ended.stderr.endswith("3 records\n"), ended.stderr
        return ended.stdout

    file = lab.directory / f"export.{form}"
    export(lab, "--format", form, "-o", file)
    assert form == "csv" or file.read_text().splitlines() == texts
    lab.stop()
    fresh = pipeline()
    fresh.config["cached"].update(store=f"sqlite:///{fresh.directory}/new.db")
    for expected in "3 records, 3", "3 records, 0":
        ended = subprocess.run([ROOT / "scripts/import", file, "--config", fresh.write_config(), "--bin", BIN], capture_output=True, text=True,
                               timeout=PATIENCE)
        assert ended.returncode == 0 and f"{expected} of them new to the store" in ended.stderr, ended.stderr
    fresh.start_simulator("--paused")
    fresh.start_connectord()
    fresh.start_cached()
    fresh.wait_ready("cached_http")
    assert kept(fresh, "Öl2", 3) == texts
    assert export(fresh, "--format", form) == file.read_text()


# --- the hub ---


def test_the_hub_has_channels_as_json_rpc_has_and_its_own_form_of_recent(lab):
    async def run():
        start(lab)
        async with Hub(lab) as hub:
            answer = (await hub.call("subscribe", channel="readings", symbol="sensor-7", count=1))["result"]
            assert (answer["channel"], answer["symbol"], [one["id"] for one in answer["records"]]) == ("readings", "sensor-7", ["1"])
            say(lab, "sensor-7", '{"celsius":1.50,"note":"a \\" b"}', 2)

            def updates():
                texts = [record["arguments"][0] for record in hub.records if record.get("type") == 1]
                return [text for text in texts if '"method":"readings.update"' in text]

            await hub.until(updates, "a reading")
            assert updates()[0].endswith(',"data":{"celsius":1.50,"note":"a \\" b"}}}')
            for method in ("getRecentTrades", "getRecent"):
                answer = await hub.call(method, channel="readings", symbol="sensor-7", count=1)
                assert [one["id"] for one in answer["result"]] == ["2"] and answer["page"]["channel"] == "readings" and "next" in answer["page"]
            since = await hub.call("getSince", channel="readings", symbol="sensor-7", afterTimestamp="2020-01-01")
            assert [one["id"] for one in since["result"]["records"]] == ["1", "2"]
            assert (await hub.call("getSymbols", channel="readings"))["result"]["symbols"] == ["sensor-7"]
            error = (await hub.call("subscribe", channel="readings", symbol="nobody"))["error"]
            assert error == {"code": -32602, "message": "Invalid params", "data": "Invalid symbol: nobody"}
            assert (await hub.call("subscribe", channel="ticker", symbol="x"))["error"]["data"] == "Only 'trades' channel is supported"

    asyncio.run(run())


def test_the_client_of_npm_follows_a_channel_and_resumes(lab, node_modules):
    start(lab)

    def updates():
        return [m["params"] for m in hub.messages if m.get("method") == "readings.update"]

    with NodeClient(node_modules, "signalr", lab.url()) as hub:
        assert hub.call("subscribe", channel="readings", symbol="sensor-7")["result"]["event"] == "subscribed"
        lab.exchange.say(reading("sensor-7", 2))
        hub.wait(updates, "a reading")
        assert [one["id"] for one in hub.call("getRecentTrades", channel="readings", symbol="sensor-7")["result"]] == ["2", "1"]
        lab.processes["gateway0"].kill()
        hub.wait(lambda: hub.events("reconnecting"), "the loss")
        for number in range(3, 6):
            lab.exchange.say(reading("sensor-7", number))
        lab.start_gateway()
        hub.wait(lambda: hub.events("reconnected"), "the way back")
        last = updates()[-1]

        def resumed():
            return hub.call("subscribe", channel="readings", symbol="sensor-7", since=f"{last['epoch']}-{last['seq']}").get("result")

        assert until(resumed, "the gateway to know the key")["recovered"]
        hub.wait(lambda: len(updates()) == 4, "what was missed")
        assert [one["id"] for one in updates()] == ["2", "3", "4", "5"]
        assert hub.call("unsubscribe", channel="readings", symbol="sensor-7")["result"]["event"] == "unsubscribed"


# --- batches and deflate ---


def test_what_is_pending_of_a_channel_comes_as_batches(lab):
    async def run():
        start(lab)
        for number in range(2, 50):
            lab.exchange.say(reading("sensor-7", number))
        first = loads(kept(lab, "sensor-7", 49)[0])
        async with Client(lab.url()) as client:
            answer = await client.call("subscribe", channel="readings", symbol="sensor-7", since=f"{first['epoch']}-{first['seq']}", batch=True)
            assert answer["recovered"]
            await client.until(lambda: len(client.notifications) == 48, "all of them")
            assert sum(client.batches) == 48 and len(client.batches) < 48, client.batches
            assert [one["params"]["id"] for one in client.notifications] == [str(number) for number in range(2, 50)]
            lab.exchange.say(reading("sensor-7", 50))
            await client.until(lambda: len(client.notifications) == 49, "a live one")
            assert sum(client.batches) == 49 and {one["method"] for one in client.notifications} == {"readings.update"}

    asyncio.run(run())


@pytest.mark.parametrize("batch", [False, True], ids=["singly", "in batches"])
def test_records_are_compressed_for_who_takes_them_so(lab, batch):
    lab.config["gatewayd"]["deflate"] = True
    start(lab)
    data = json.dumps({"note": "again and " * 100, "celsius": 21.5}, separators=(",", ":"))
    with Raw(lab, "permessage-deflate") as client:
        params = {"channel": "readings", "symbol": "sensor-7", "batch": batch}
        client.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": params}).encode())
        packed, _, text = client.messages(1)[0]
        assert not packed and json.loads(text)["result"]["event"] == "subscribed"
        say(lab, "sensor-7", data, 2)
        packed, size, text = client.messages(1)[0]
        assert packed and size < len(text) / 3
        message = json.loads(text)
        assert isinstance(message, list) == batch
        update = message[0] if batch else message
        assert update["method"] == "readings.update" and kept(lab, "sensor-7", 2)[1].encode() in text


# --- REST ---


def test_answers_of_channels_are_as_the_document_says(lab):
    url = start(lab)
    for number in range(2, 5):
        lab.exchange.say(reading("sensor-7", number))
    record = loads(kept(lab, "sensor-7", 4)[1])
    place, path = f"{record['epoch']}-{record['seq']}", "/api/v1/records/{channel}/{key}"
    for query, ids in (("count=1", "4"), ("since=2026-03-01T12:00:01Z", "234"), (f"from={place}&source=lab", "234"), (f"to={place}&source=lab", "12"),
                       ("before=2026-03-01T12:00:03Z&source=lab", "21")):
        status, body = get(f"{url}/api/v1/records/readings/sensor-7?{query}")
        assert status == 200 and [one["id"] for one in json.loads(body)["records"]] == list(ids), (query, body)
        check_schema(lab, path, 200, json.loads(body))
    for asked, described, expected in (("records/readings/nobody", path, 404), ("records/ticker/sensor-7", path, 400), ("channels", "/api/v1/channels", 200),
                                       ("symbols?channel=readings", "/api/v1/symbols", 200), ("symbols?channel=ticker", "/api/v1/symbols", 400)):
        status, body = get(f"{url}/api/v1/{asked}")
        assert status == expected, (asked, body)
        check_schema(lab, described, status, json.loads(body))


def test_stats_and_clear_take_a_channel(lab):
    async def run():
        lab.config["cached"]["token"] = "sixteen bytes or more"
        start(lab)
        lab.exchange.say(reading("other", 2))
        kept(lab, "other", 1)
        async with Client(lab.url()) as client:
            stats = (await client.call("getStats", channel="readings", symbol="sensor-7"))["stats"]
            assert [(one["topic"], one["trades"]) for one in stats] == [("readings.sensor-7.lab", 1)]
            for method in ("getStats", "clearHistory"):  # all would be the other channels, too
                with pytest.raises(RpcError, match="Symbol is required"):
                    await client.call(method, channel="readings", token="sixteen bytes or more")
            assert (await client.call("clearHistory", channel="readings", symbol="sensor-7", token="sixteen bytes or more"))["cleared"] == 1
            assert (await client.call("getRecent", channel="readings", symbol="sensor-7"))["records"] == []
            assert len((await client.call("getRecent", channel="readings", symbol="other"))["records"]) == 1

    asyncio.run(run())
