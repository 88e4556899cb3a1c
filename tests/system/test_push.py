"""The connector push: whoever has data posts it, gets an answer when it is journaled, and may post it again."""

import json
import os
import signal
import socket
import subprocess
import time

import pytest
from clients import Requester
from pipeline import BIN, PATIENCE, ROOT, until
from poster import NDJSON, TOKEN, Poster, head, ids, journal, lines, prepared, record, source, start
from stores import metric


@pytest.fixture
def flow(pipeline):
    flow = prepared(pipeline)
    start(flow)
    return flow


def test_one_record_is_in_the_journal_when_it_is_answered(flow):
    with Poster(flow) as poster:
        answer = poster.post(record(7))
        (trade,) = journal(flow)
        assert {key: str(trade[key]) for key in ("symbol", "tradeId", "timestamp", "price", "qty", "side")} == {
            "symbol": "BTC-USD", "tradeId": "7", "timestamp": "2026-03-01T12:00:07Z", "price": "67120.50", "qty": "0.0125", "side": "buy"}
        assert answer == {"accepted": 1, "duplicates": 0, "ignored": 0, "faulty": 0, "faults": [],
                          "cursors": {"BTC-USD": f"{trade['epoch']}-{trade['seq']}"}}
        assert trade["seq"] == 1


def test_what_is_answered_survives_a_kill_at_once(flow):
    with Poster(flow) as poster:
        poster.post(record(1))
        flow.processes["connectord"].kill()
    start(flow)
    assert ids(flow) == ["1"]


def test_an_array_and_lines_go_in_on_one_connection_and_cursors_go_on(flow):
    with Poster(flow) as poster:
        first = poster.post([record(1), record(2, "ETH-USD"), record(3)])
        second = poster.post_lines([record(4), "", record(5, "ETH-USD")])
        assert (first["accepted"], second["accepted"]) == (3, 2)
        assert [answer["cursors"][symbol].split("-")[1] for answer in (first, second) for symbol in ("BTC-USD", "ETH-USD")] == ["2", "1", "3", "2"]
    assert ids(flow) == ["1", "3", "4"] and ids(flow, "ETH-USD") == ["2", "5"]


def test_posting_again_is_harmless_and_says_so(flow):
    with Poster(flow) as poster:
        first = poster.post([record(1), record(2)])
        again = poster.post([record(1), record(2), record(3)])
    assert (again["accepted"], again["duplicates"]) == (1, 2)
    assert first["cursors"]["BTC-USD"].endswith("-2") and again["cursors"]["BTC-USD"].endswith("-3")
    assert ids(flow) == ["1", "2", "3"]


def test_a_client_that_repeats_what_was_not_answered_has_everything_once_over_kills(flow):
    """Killed between posts and while one is under way; each is posted until it is answered."""
    posts = [[record(10 * post + i) for i in range(10)] for post in range(60)]
    killed = 0
    for number, records in enumerate(posts):
        if number % 10 == 5:
            flow.processes["connectord"].kill()
            start(flow)
            killed += 1
        if number % 10 == 8:  # its answer is not waited for
            with socket.create_connection(("127.0.0.1", flow.port["connectord_http"])) as raw:
                raw.sendall(head(len(lines(records)), NDJSON) + lines(records).encode())
                flow.processes["connectord"].kill()
            start(flow)
            killed += 1
        with Poster(flow) as poster:
            answer = poster.post_lines(records)
            assert answer["accepted"] + answer["duplicates"] == 10
    assert killed == 12 and ids(flow) == [one["id"] for records in posts for one in records]


def test_a_broken_record_is_named_and_those_around_it_go_in(flow):
    bad = record(3)
    del bad["price"]
    with Poster(flow) as poster:
        answer = poster.post([record(1), record(2), bad, record(4)])
        assert answer["accepted"] == 3 and answer["faults"] == [{"record": 3, "reason": "price (/price): missing"}]
        answer = poster.post_lines([record(5), '{"symbol":', record(6), "[]", record(7, qty="0"), record(8, "XRP-USD"), record(9)])
        assert (answer["accepted"], answer["faulty"]) == (3, 4)
        assert [fault["record"] for fault in answer["faults"]] == [2, 4, 5, 6]
        reasons = [fault["reason"] for fault in answer["faults"]]
        assert reasons[:2] == ["expected JSON", "expected an object"] and reasons[2].startswith("qty") and reasons[3].endswith("found XRP-USD")
        status, answer, _ = poster.request(json.dumps(bad))
        assert (status, answer["faulty"]) == (422, 1)
    assert ids(flow) == ["1", "2", "4", "5", "6", "9"]
    status = json.loads(flow.ready("connectord_http")[1])
    assert status["ready"], status
    flow.processes["connectord"].wait_for_line("malformed message.*price \\(/price\\): missing")


def test_faults_are_counted_beyond_those_that_are_told(flow):
    with Poster(flow) as poster:
        answer = poster.post_lines(["nonsense"] * 1000 + [record(1)])
    assert (answer["faulty"], len(answer["faults"]), answer["accepted"]) == (1000, 100, 1)


@pytest.mark.parametrize("body, wrong", [('[{"symbol":"BTC-USD"}', "expected JSON"), ('"text"', "expected an object"), ("[1] [2]", "expected JSON"),
                                         ("\xff", "expected JSON"), (" ", "expected JSON")])
def test_a_body_that_is_no_json_is_refused_whole(flow, body, wrong):
    with Poster(flow) as poster:
        status, answer, _ = poster.request(body.encode("latin-1"))
        assert status == 400 and wrong in answer["error"]
        assert poster.post([])["accepted"] == 0, "the connection goes on"


def test_a_thousand_records_and_several_turns_of_the_loop(flow):
    with Poster(flow) as poster:
        answer = poster.post([record(number, ("BTC-USD", "ETH-USD")[number % 2]) for number in range(1000)])
        assert answer["accepted"] == 1000 and answer["cursors"]["BTC-USD"].endswith("-500")
    assert ids(flow) == [str(number) for number in range(0, 1000, 2)]


def test_curl_posts_as_the_documentation_says(flow, tmp_path):
    (tmp_path / "trades.ndjson").write_text(lines(record(number) for number in range(5000)))
    arguments = ["curl", "-sS", "--fail-with-body", "-H", f"Authorization: Bearer {TOKEN}", f"http://{flow.address('connectord_http')}/push/shop"]
    one = subprocess.run([*arguments, "--json", json.dumps(record(1))], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert json.loads(one.stdout)["accepted"] == 1
    begun = time.monotonic()
    many = subprocess.run([*arguments, "-H", f"Content-Type: {NDJSON}", "-H", "Expect: 100-continue", "--expect100-timeout", "60", "--data-binary",
                           f"@{tmp_path}/trades.ndjson"], capture_output=True, text=True, timeout=PATIENCE)
    assert many.returncode == 0, many.stdout + many.stderr
    answer = json.loads(many.stdout)
    assert (answer["accepted"], answer["duplicates"]) == (4999, 1)
    assert time.monotonic() - begun < 50, "it did not wait for 100 Continue in vain"


def value(flow, name):
    return metric(flow, f'dataflow_source_{name}_total{{source="shop"}}', "connectord_http")


def taken(flow):
    return value(flow, "received") - value(flow, "duplicates")


def test_a_full_journal_is_told_and_what_was_refused_comes_once(pipeline):
    flow = prepared(pipeline)
    flow.config["connectord"]["journal"] = {"path": "state/journal", "bytes": 1 << 20, "hold_ms": 100}
    full = flow.directory / "full"
    environment = {"LD_PRELOAD": str(BIN.parent / "tests/full_disk.so"), "FULL_DISK": str(full),
                   "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    flow.start_daemon("connectord", **environment)
    flow.wait_ready("connectord_http")
    flow.processes["connectord"].stop()
    full.touch()  # so that there is one segment, and no spare one
    flow.start_daemon("connectord", **environment)
    flow.wait_ready("connectord_http")
    answered, refused = [], None
    with Poster(flow) as poster:
        for number in range(100):
            records = [record(100 * number + i) for i in range(100)]
            status, answer, headers = poster.request(lines(records), NDJSON)
            if status != 200:
                refused = records
                break
            assert answer["accepted"] == 100
            answered += records
        assert status == 503 and headers["Retry-After"] == "1" and "journal" in answer["error"]
        assert poster.request(json.dumps(record(99999)))[0] == 503
        until(lambda: "No space left" in flow.ready("connectord_http")[1], "the journal to be told stuck")
        flow.processes["connectord"].wait_for_line("full for too long")
        assert taken(flow) == len(ids(flow)) == value(flow, "published")
        full.unlink()
        until(lambda: flow.ready("connectord_http")[0] == 200, "the journal to go on")
        answer = poster.post_lines(refused)
        assert answer["accepted"] + answer["duplicates"] == 100
        poster.post(record(99999))
    assert taken(flow) == value(flow, "published") == len(answered) + 101
    found = ids(flow)
    assert len(found) == len(set(found))
    first = journal(flow)[0]["seq"]  # the ring is small
    assert found == [one["id"] for one in [*answered, *refused, record(99999)]][first - 1:]


def test_the_sample_client_goes_on_until_all_is_answered(pipeline, tmp_path):
    flow = prepared(pipeline)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "records").write_text(lines(record(number) for number in range(12000)) + "\n")
    url = f"http://{flow.address('connectord_http')}/push/shop"
    client = [ROOT / "deploy/examples/push.sh", url, tmp_path / "token", tmp_path / "records"]
    with subprocess.Popen(client, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert "connect" in running.stderr.readline()  # nobody is there yet
        start(flow)
        first = json.loads(running.stdout.readline())
        flow.processes["connectord"].kill()
        start(flow)
        answers = [first, *map(json.loads, running.stdout.read().splitlines())]
        running.stderr.read()
    assert running.returncode == 0 and sum(answer["accepted"] + answer["duplicates"] for answer in answers) == 12000
    assert ids(flow) == [str(number) for number in range(12000)]
    (tmp_path / "token").write_text("a-wrong-token-of-16")
    ended = subprocess.run(client, capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 1 and "wrong token" in ended.stderr


def test_no_post_is_longer_than_duplicates_are_known(pipeline):
    flow = prepared(pipeline, dedup_window=10)
    start(flow)
    records = [record(number) for number in range(11)]
    with Poster(flow) as poster:
        status, answer, _ = poster.request(json.dumps(records))
        assert status == 413 and "dedup_window" in answer["error"]
        for part in (records[:6], records[6:]):
            poster.post(part)
    assert ids(flow) == [one["id"] for one in records]


def test_a_symbol_that_comes_by_sighup_can_be_posted(flow):
    with Poster(flow) as poster:
        assert poster.request(json.dumps(record(1, "XRP-USD")))[0] == 422
        flow.config["connectord"]["sources"] = [source(symbols=["BTC-USD", "XRP-USD"])]
        flow.write_config()
        flow.processes["connectord"].popen.send_signal(signal.SIGHUP)
        flow.processes["connectord"].wait_for_line("symbols changed")
        until(lambda: poster.request(json.dumps(record(1, "XRP-USD")))[0] == 200, "the new symbol to be taken")
        assert poster.request(json.dumps(record(2, "ETH-USD")))[0] == 422
    assert ids(flow, "XRP-USD") == ["1"]


def test_records_of_any_channel_and_key_are_posted_too(pipeline, tmp_path):
    path = tmp_path / "lab.json"
    path.write_text(json.dumps({"mapping": {"channel": "readings", "key": "/sensor", "id": {"at": "/n", "else": ""}, "timestamp": "/at",
                                            "data": "/values"}}))
    flow = prepared(pipeline, definition=str(path), symbols=["readings.*"])
    start(flow)
    readings = [{"sensor": f"sensor-{number % 3}", "n": number, "at": "2026-03-01T12:00:00Z", "values": {"celsius": number}} for number in range(6)]
    with Poster(flow) as poster:
        answer = poster.post(readings[:4])
        assert answer["accepted"] == 4
        assert {key: cursor.split("-")[1] for key, cursor in answer["cursors"].items()} == {
            "readings.sensor-0": "2", "readings.sensor-1": "1", "readings.sensor-2": "1"}
    flow.processes["connectord"].kill()
    start(flow)
    with Poster(flow) as poster:
        answer = poster.post([*readings, {**readings[0], "n": ""}, {**readings[0], "sensor": "no key"}])
        assert (answer["accepted"], answer["duplicates"], answer["faulty"]) == (2, 4, 2)
        assert answer["faults"][0]["reason"].startswith("id: missing")
    with Requester(flow.replay) as replay:
        found = [one for number in range(3) for one in replay.all(f"readings.sensor-{number}.shop")]
    assert [(one["key"], one["data"]) for one in found] == [(f"sensor-{number % 3}", {"celsius": number}) for number in (0, 3, 1, 4, 2, 5)]


def test_what_is_ignored_by_the_mapping_is_counted(pipeline, tmp_path):
    mapping = json.loads((ROOT / "deploy/sources/push.json").read_text())["mapping"]
    del mapping["tests"]
    mapping["where"] = {"/kind": "trade"}
    path = tmp_path / "mapped.json"
    path.write_text(json.dumps({"mapping": mapping}))
    flow = prepared(pipeline, definition=str(path), subscribe="demand")
    start(flow)
    with Poster(flow) as poster:
        answer = poster.post([record(1, kind="trade"), record(2, kind="note"), {}, record(3, kind="trade")])
    assert (answer["accepted"], answer["ignored"], answer["faulty"]) == (2, 2, 0)
    assert ids(flow) == ["1", "3"], "also where nobody asks for the symbol"
