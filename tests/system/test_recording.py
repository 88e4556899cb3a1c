"""Recordings: what a source receives is written to a file, and a replay of that file gives the same trades, byte for byte."""

import json
import re
import resource
import signal
import stat
import sys

import pytest
from clients import Requester
from cli import dataflow
from pipeline import BIN, ROOT, Pipeline, until
from polled import MAPPING, PAGED, jsoned, polled, trade, trades  # noqa: F401
from poster import Poster, prepared, record, start
from web_source import WebSource
from ws_source import Exchange

sys.path.insert(0, str(ROOT / "scripts"))

from dataflow_cli import recording  # noqa: E402

SOURCES = ROOT / "deploy/sources"
SYMBOLS = ["BTC-USD", "ETH-USD"]
OWN = re.compile(r'"epoch":\d+,"seq":\d+,|,"received":"[^"]*"')  # what differs between two journals


def journal(flow):
    """What sources said, as connectord's journal has it, but for what is its own, by topic."""
    with Requester(flow.replay) as replay:
        topics = sorted(stream["topic"] for stream in replay.ask(op="streams")["streams"] if not stream["topic"].startswith("coverage."))
        streams = {topic: [OWN.sub("", text) for text in replay.texts(topic, 1000)] for topic in topics}
        return {topic: trades for topic, trades in streams.items() if trades}


def count(flow):
    return sum(map(len, journal(flow).values()))


def messages(path):
    """Of a recording, without their times."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.partition(": ")[2] for line in lines if not line.startswith("#")]


def trades_in(path):
    return [text for text in messages(path) if '"channel":"trades"' in text and '"event":"updated"' in text]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "exchange.ws"


@pytest.fixture
def recorded(pipeline, file):
    """A pipeline with an exchange that waits, and connectord, which records."""
    def make(simulator=(), **source):
        flow = pipeline(**{"symbols": SYMBOLS, "record": str(file), **source})
        flow.config["connectord"]["journal"]["bytes"] = 16 << 20
        flow.start_simulator("--symbols", ",".join(SYMBOLS), "--paused", "--rate", 20000, *simulator)
        flow.start_connectord()
        flow.subscribed()
        return flow

    return make


@pytest.fixture
def replayed(tmp_path):
    """What another connectord's journal has when it has replayed a file."""
    flows = []

    def replay(file, source, definition=None):
        folder = tmp_path / f"replay{len(flows)}"
        folder.mkdir()
        flow = Pipeline(folder)
        flows.append(flow)
        flow.config["connectord"]["sources"] = [{"name": source["name"], "symbols": source["symbols"], "connector": "replay", "file": str(file), "speed": 0,
                                                 **({"definition": str(definition)} if definition else {})}]
        flow.start_connectord().wait_for_line("replay: end of file")
        flow.wait_ready("connectord_http")
        return journal(flow)

    yield replay
    for flow in flows:
        assert flow.stop() == {"connectord": 0}


def play(flow, number, expected):
    flow.tell_simulator(f"/control/play?count={number}")
    until(lambda: count(flow) == expected, f"{expected} trades in the journal")


def reload(flow, **changes):
    flow.source.update(changes)
    flow.write_config()
    flow.processes["connectord"].popen.send_signal(signal.SIGHUP)


def said(flow, text):
    return [line for line in flow.processes["connectord"].lines if text in line]


def test_a_replay_gives_the_same_trades_byte_for_byte(recorded, replayed, file):
    flow = recorded()
    play(flow, 1000, 1000)
    for kind in ("json", "truncated", "type", "utf8", "binary"):  # some end the connection
        flow.tell_simulator(f"/control/malformed?kind={kind}")
    flow.tell_simulator("/control/reset")
    until(lambda: len(said(flow, "source: connected")) >= 2, "another connection")
    flow.subscribed()
    play(flow, 500, 1500)
    flow.tell_simulator("/control/repeat?n=20")  # duplicates
    play(flow, 1, 1501)
    live = journal(flow)
    assert flow.processes["connectord"].stop() == 0
    assert file.read_text(errors="replace").startswith("# line 0: connected\n")
    assert replayed(file, flow.source) == live
    definition = SOURCES / "blockchain.json"
    tried = dataflow("try", definition, file, "--json", DATAFLOW_BIN=str(BIN))
    assert sum(json.loads(line)["is"] == "record" for line in tried.stdout.splitlines()) >= 1501, tried.stderr
    assert len(recording.read(file)) >= 1501, "dataflow replay plays it, too"


def test_a_recording_by_a_definition_is_replayed_by_it(recorded, replayed, file):
    definition = SOURCES / "blockchain.json"
    flow = recorded(connector="websocket", definition=str(definition), simulator=["--any-origin"])
    play(flow, 800, 800)
    flow.tell_simulator("/control/malformed?kind=missing")
    play(flow, 100, 900)
    live = journal(flow)
    flow.processes["connectord"].stop()
    assert replayed(file, flow.source, definition) == live


def test_what_is_posted_is_recorded_as_messages_are(pipeline, replayed, file):
    flow = prepared(pipeline, record=str(file))
    start(flow)
    with Poster(flow) as poster:
        poster.post(record(1))
        poster.post([record(2), record(3, "ETH-USD"), {**record(4), "qty": "0"}, {"symbol": "BTC-USD"}])
        nameless = {name: value for name, value in record(5).items() if name != "id"}
        answer = poster.post_lines([record(2), nameless, "nonsense", "[]", record(6, "XRP-USD"), record(7)])
        assert (answer["accepted"], answer["duplicates"], answer["faulty"]) == (1, 1, 4)
        poster.post([record(number) for number in range(100, 1100)])
    live = journal(flow)
    assert {topic: len(trades) for topic, trades in live.items()} == {"trade.BTC-USD.shop": 1003, "trade.ETH-USD.shop": 1}
    flow.processes["connectord"].stop()
    assert file.read_text().startswith("# line 0: connected\n") and "nonsense" not in file.read_text()
    assert replayed(file, {"name": "shop", "symbols": SYMBOLS}, SOURCES / "push.json") == live
    tried = dataflow("try", SOURCES / "push.json", file, "--json", DATAFLOW_BIN=str(BIN))
    assert sum(json.loads(line)["is"] == "record" for line in tried.stdout.splitlines()) >= 1004, tried.stderr


def test_what_was_asked_for_is_recorded_message_by_message(polled, replayed, file):
    columns = {name: value for name, value in MAPPING.items() if name != "each"}
    rows = ["s,i,t,p,q,d", *(",".join(one.values()) for one in [*trades(1, 2, 3), *trades(1, 2, symbol="ETH-USD")]), "BTC-USD,4,never,1,1,b"]
    with WebSource(lambda *_: (200, {"Content-Type": "text/csv"}, "\n".join(rows).encode())) as web, \
            polled(web.url, {"format": "csv"}, columns, SYMBOLS, record=str(file)) as source:
        source.has(1, 2, 3)
        source.has(1, 2, symbol="ETH-USD")
        rows[1:] = [",".join(one.values()) for one in trades(3, 5)]
        source.has(1, 2, 3, 5)
        live = journal(source.flow)
        source.connectord.stop()
    assert file.read_text().startswith("# line 0: connected\n") and '{"s":"BTC-USD","i":"5"' in file.read_text()
    assert replayed(file, {"name": "polled", "symbols": SYMBOLS}, source.path) == live
    tried = dataflow("try", source.path, file, "--json", DATAFLOW_BIN=str(BIN))
    found = [json.loads(line) for line in tried.stdout.splitlines()]
    assert {(one["symbol"], one["tradeId"]) for one in found if one["is"] == "record"} == \
        {*(("BTC-USD", number) for number in "1235"), *(("ETH-USD", number) for number in "12")}
    assert "fault" in {one["is"] for one in found}


def newest_first(last, size=3):
    """Answers of several pages: records of what the path names, of which they say nothing themselves."""
    def answer(path, *_):
        name, _, page = path.strip("/").partition("?page=")
        newest = last[name] - size * int(page or 0)
        numbers = [number for number in range(newest, newest - size, -1) if number > 0]
        return jsoned({"data": [{**trade(number), "s": "ignored"} for number in numbers],
                       "next": f"/{name}?page={int(page or 0) + 1}" if newest > size else None})

    return answer


BY_TIME = {"channel": "readings", "each": "/data", "key": {"value": ""}, "timestamp": "/t"}


@pytest.mark.parametrize("topic,mapping", [("trade.{}-USD.polled", {**PAGED, "symbol": {"value": ""}}), ("readings.{}-USD.polled", BY_TIME)],
                         ids=["known by ids", "known by times"])
def test_answers_that_begin_with_the_newest_are_replayed_as_they_were_given_on(polled, replayed, file, topic, mapping):
    symbols = [topic.format(name).removeprefix("trade.").removesuffix(".polled") for name in ("BTC", "ETH")]
    last = {"BTC-USD": 9, "ETH-USD": 2}
    http = {"native": "${base}-${quote}", "next": "/next", "newest_first": True}
    if "channel" in mapping:
        http["native"] = "${key}"

    def has(source, name):
        until(lambda: len(journal(source.flow).get(topic.format(name[:3]), [])) == last[name], f"{last[name]} of {name} to be journaled")

    with WebSource(newest_first(last)) as web, polled(f"{web.url}/${{native}}", http, mapping, symbols, record=str(file)) as source:
        for more in ({}, {"BTC-USD": 14}, {"BTC-USD": 15, "ETH-USD": 9}):
            last.update(more)
            for name in last:
                has(source, name)
        live = journal(source.flow)
        source.connectord.stop()
    assert replayed(file, {"name": "polled", "symbols": symbols}, source.path) == live


def test_several_lines_are_one_recording(recorded, replayed, file):
    flow = recorded(lines=2)
    until(lambda: len(said(flow, "source: connected")) == 2, "both lines")
    play(flow, 600, 600)
    live = journal(flow)
    flow.processes["connectord"].stop()
    assert "# line 1: connected\n" in file.read_text()
    assert replayed(file, flow.source) == live


def bitfinex(message):
    """Many trades, of a subscription that is called by a number from then on."""
    symbol = json.loads(message)["symbol"]
    number = {"tBTCUSD": 17470, "tETHUSD": 8}[symbol]
    yield json.dumps({"event": "subscribed", "channel": "trades", "chanId": number, "symbol": symbol, "pair": symbol[1:]})
    for trade in range(2000):
        yield f'[{number},"te",[{number}{trade:05},{1574694478808 + trade},-0.00500,7245.30]]'


def test_what_rotation_leaves_can_be_replayed_from_any_of_its_files(pipeline, replayed, file):
    flow = pipeline()
    definition = SOURCES / "bitfinex.json"
    with Exchange(bitfinex) as exchange:
        flow.source.update(name="bitfinex", connector="websocket", url=f"ws://127.0.0.1:{exchange.port}/", definition=str(definition), record=str(file),
                           record_bytes=65536, record_files=3)
        flow.start_connectord()
        until(lambda: count(flow) == 4000, "all trades in the journal")
        live = journal(flow)
        flow.processes["connectord"].stop()
    names = sorted(path.name for path in file.parent.glob("exchange.ws*"))
    assert names == ["exchange.ws", "exchange.ws.1", "exchange.ws.2"]
    oldest_first = [file.with_name(name) for name in reversed(names)]
    assert all("# line 0: BTC-USD is called 17470\n" in path.read_text() for path in oldest_first), "each file says how subscriptions are called"
    kept = [replayed(path, flow.source, definition) for path in oldest_first]
    for topic, trades in live.items():
        tail = [trade for part in kept for trade in part.get(topic, [])]
        assert tail == trades[len(trades) - len(tail):]
    assert sum(len(trades) for part in kept for trades in part.values()) >= 1000


def test_a_full_disk_stops_the_recording_and_no_trade(recorded, replayed, file):
    """No file of connectord may grow beyond a mebibyte: of a recording that is nearly so long there is no more room."""
    limit = 1 << 20
    file.write_text(("#" + " " * 98 + "\n") * (limit // 100 - 300))
    flow = recorded()
    connectord = flow.processes["connectord"]
    connectord.wait_for_line("recorder: recording")
    before = resource.prlimit(connectord.popen.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(connectord.popen.pid, resource.RLIMIT_FSIZE, (limit, before[1]))
    play(flow, 2000, 2000)
    warning = connectord.wait_for_line("recorder: nothing is recorded for now, trades go on")
    assert str(file) in warning and "File too large" in warning
    play(flow, 500, 2500)
    assert len(said(flow, "recorder: nothing is recorded")) == 1 and connectord.alive()
    assert file.read_text().endswith("\n") and file.stat().st_size <= limit
    resource.prlimit(connectord.popen.pid, resource.RLIMIT_FSIZE, before)
    known = len(trades_in(file))
    reload(flow)
    until(lambda: said(flow, "config: reloading"), "the reload")
    play(flow, 100, 2600)
    until(lambda: len(trades_in(file)) == known + 100, "the recording to go on")
    assert len(said(flow, "recorder: recording")) == 2
    live = journal(flow)
    connectord.stop()
    again = replayed(file, flow.source)
    for topic, trades in again.items():
        assert trades and set(trades) <= set(live[topic])


def test_a_folder_that_is_missing_is_named_once(recorded, file):
    file = file.parent / "none" / "exchange.ws"
    flow = recorded(record=str(file))
    warning = flow.processes["connectord"].wait_for_line("recorder: nothing is recorded")
    assert f"can't open {file}: No such file or directory" in warning
    play(flow, 300, 300)
    assert len(said(flow, "recorder: nothing is recorded")) == 1
    file.parent.mkdir()
    reload(flow)
    flow.processes["connectord"].wait_for_line("config: reloading")
    play(flow, 100, 400)
    until(lambda: len(trades_in(file)) == 100, "the recording")


def test_sighup_switches_it_on_and_off_and_the_connection_stays(recorded, replayed, file):
    flow = recorded(record="")
    play(flow, 100, 100)
    assert not file.exists()
    reload(flow, record=str(file))
    until(lambda: said(flow, "config: changed"), "the reload")
    play(flow, 100, 200)
    until(lambda: len(trades_in(file)) == 100, "the recording")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    reload(flow, record="")
    flow.processes["connectord"].wait_for_line("recorder: ended")
    play(flow, 100, 300)
    flow.processes["connectord"].stop()
    assert len(trades_in(file)) == 100 and len(said(flow, "source: connected")) == 1
    assert sum(map(len, replayed(file, flow.source).values())) == 100


def test_two_sources_do_not_share_a_file(recorded, file):
    flow = recorded()
    flow.processes["connectord"].wait_for_line("recorder: recording.*source=blockchain")
    flow.config["connectord"]["sources"].append({**flow.source, "name": "other"})
    reload(flow)
    assert "another source or process records to it" in flow.processes["connectord"].wait_for_line("recorder: nothing is recorded.*source=other")
    play(flow, 100, 200)
    until(lambda: len(trades_in(file)) == 100, "the recording of the first")


def test_records_of_any_channel_are_replayed_with_the_time_at_which_they_came(pipeline, replayed, file, tmp_path):
    """Those of one channel have no time of their own: it is when they were received, to the nanosecond."""
    definition = tmp_path / "lab.json"
    definition.write_text(json.dumps({"websocket": {"subscribe": "{\"want\":\"${channel} ${key}\"}"},
                                      "mapping": [{"where": {"/type": "reading"}, "channel": "readings", "key": "/sensor", "id": "/n", "timestamp": "/at",
                                                   "data": "/values"},
                                                  {"where": {"/type": "note"}, "channel": "notes", "key": "/by", "data": "/values"}]}))
    flow = pipeline()

    def answer(message):
        if json.loads(message)["want"] == "notes *":
            for number in range(300):
                yield json.dumps({"type": "reading", "sensor": "sensor-7", "n": number, "at": "2026-03-01T12:00:00Z", "values": {"celsius": number / 2}})
                yield json.dumps({"type": "note", "by": f"reader-{number % 3}", "values": {"number": number, "text": "line\n"}}, indent=1)

    with Exchange(answer) as exchange:
        flow.source.update(name="lab", connector="websocket", url=f"ws://127.0.0.1:{exchange.port}/", definition=str(definition), record=str(file),
                           symbols=["readings.sensor-7", "notes.*"])
        flow.start_connectord()
        until(lambda: count(flow) == 600, "all records in the journal")
        live = journal(flow)
        flow.processes["connectord"].stop()
    assert sorted(map(len, live.values())) == [100, 100, 100, 300]
    assert replayed(file, flow.source, definition) == live


def test_a_recording_of_others_is_played_by_a_definition(replayed, recordings):
    source = {"name": "okx", "symbols": ["BTC-USDT", "BTC-USD-220527", "UNI-USD-SWAP"]}
    found = replayed(recordings / "okx-2022-05-13.ws", source, SOURCES / "okx.json")
    assert {topic: len(trades) for topic, trades in found.items()} == {"trade.BTC-USDT.okx": 69, "trade.BTC-USD-220527.okx": 4, "trade.UNI-USD-SWAP.okx": 1}
