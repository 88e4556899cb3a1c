"""dataflow try: what a definition makes of messages, before any source runs."""

import json

import pytest
from cli import dataflow
from pipeline import BIN, ROOT

SOURCES = ROOT / "deploy/sources"
GOOD = {"arg": {"channel": "trades", "instId": "BTC-USDT"},
        "data": [{"instId": "BTC-USDT", "tradeId": "130639474", "px": "42219.90", "sz": "0.12060306", "side": "buy", "ts": "1630048897897"}]}


def tried(*arguments, code=0):
    ended = dataflow("try", *arguments, DATAFLOW_BIN=str(BIN))
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended


def outcomes(*arguments, code=0):
    return [json.loads(line, parse_float=str) for line in tried(*arguments, "--json", code=code).stdout.splitlines()]


def written(path, *lines):
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("source", sorted(SOURCES.glob("*.json")), ids=lambda path: path.stem)
def test_a_definition_alone_is_checked_with_its_tests(source):
    ended = tried(source)
    assert ended.stdout == "" and "valid, and its tests pass" in ended.stderr


def test_what_is_wrong_with_a_definition_is_said_with_its_key(tmp_path):
    definition = json.loads((SOURCES / "okx.json").read_text())
    mapping = definition["mapping"][0] if isinstance(definition["mapping"], list) else definition["mapping"]
    mapping["price"] = "px"
    ended = tried(written(tmp_path / "wrong.json", definition), code=1)
    assert "wrong.json: mapping" in ended.stderr and "price" in ended.stderr and "px" in ended.stderr
    assert "can't open it: No such file" in tried(tmp_path / "none.json", code=1).stderr


def test_each_message_has_its_outcome_by_its_line(tmp_path):
    recording = written(tmp_path / "okx.ws", "wss://ws.okx.com:8443/ws/v5/public <-> 1652459224.5",
                        'wss://ws.okx.com:8443/ws/v5/public <- 1652459225.2: {"op":"subscribe"}', f"1652459225.9: {json.dumps(GOOD)}", "",
                        '1652459226.1: {"event":"subscribe","arg":{"channel":"trades","instId":"BTC-USDT"}}',
                        '1652459226.2: {"arg":{"channel":"books"}}', f"1652459226.3: {json.dumps(GOOD).replace('42219.90', 'much')}")
    found = outcomes(SOURCES / "okx.json", recording, code=1)
    assert [(outcome["line"], outcome["is"]) for outcome in found] == [(3, "record"), (5, "reply"), (6, "other"), (7, "fault")]
    assert found[0] == {"line": 3, "is": "record", "channel": "trades", "symbol": "BTC-USDT", "timestamp": "2021-08-27T07:21:37.897Z", "side": "buy",
                        "qty": "0.12060306", "price": "42219.90", "tradeId": "130639474"}
    assert found[1]["reply"] == "confirmed" and found[1]["native"] == "BTC-USDT"
    assert found[3]["reason"].startswith("price (/px): expected a number, found") and found[3]["sample"]["px"] == "much"
    ended = tried(SOURCES / "okx.json", recording, code=1)
    assert "42219.90" in ended.stdout and "price (/px): expected a number, found much" in ended.stdout
    assert "4 messages: 1 record, 1 reply, 0 unwanted, 1 of other kinds, 1 fault" in ended.stderr
    only = tried(SOURCES / "okx.json", recording, "--faults", code=1).stdout
    assert "price (/px)" in only and "42219.90" not in only


def test_names_that_differ_from_ours_are_told_by_the_symbols_that_are_wanted(tmp_path):
    recording = written(tmp_path / "bitfinex.ws", {"event": "subscribed", "channel": "trades", "chanId": 17470, "symbol": "tBTCUSD", "pair": "BTCUSD"},
                        '[17470,"te",[401597395,1574694478808,-0.005,7245.30]]', '[5,"te",[1,1574694478808,-0.005,7245.30]]', '[17470,"hb"]')
    found = outcomes(SOURCES / "bitfinex.json", recording, "--symbols", "BTC-USD")
    assert [outcome["is"] for outcome in found] == ["reply", "record", "unwanted", "other"]
    assert (found[1]["symbol"], found[1]["side"], found[1]["qty"], found[1]["price"]) == ("BTC-USD", "sell", "0.005", "7245.30")
    assert "expected a symbol such as BTC-USD or readings.sensor-7, found BTCUSD" in tried(SOURCES / "bitfinex.json", "--symbols", "BTCUSD", code=1).stderr


def test_what_it_records_are_tests_that_pass(tmp_path):
    recording = written(tmp_path / "okx.ndjson", GOOD, {"event": "pong"}, json.dumps(GOOD).replace("42219.90", "much"), GOOD)
    printed = tried(SOURCES / "okx.json", recording, "--record").stdout
    tests = json.loads(f"[{printed.rstrip().rstrip(',')}]")
    assert len(tests) == 3 and tests[0]["records"][0]["price"] == "42219.90" and tests[2]["fault"].startswith("price (/px)")
    definition = json.loads((SOURCES / "okx.json").read_text())
    mapping = definition["mapping"][0] if isinstance(definition["mapping"], list) else definition["mapping"]
    mapping["tests"] = tests
    tried(written(tmp_path / "okx.json", definition))
    tests[0]["records"][0]["price"] = "42219.9"
    assert "42219.9" in tried(written(tmp_path / "okx.json", definition), code=1).stderr


def test_recordings_of_an_exchange_come_out_without_a_fault(recordings):
    found = outcomes(SOURCES / "okx.json", recordings / "okx-2022-05-13.ws", "--symbols", "BTC-USDT")
    trades = [outcome for outcome in found if outcome["is"] == "record"]
    assert trades and {trade["symbol"] for trade in trades} == {"BTC-USDT"}
    one = outcomes(SOURCES / "coinbase-advanced.json", recordings / "coinbase-market-trades.json")
    assert one and all(outcome["is"] == "record" and outcome["line"] == 1 for outcome in one)


def test_bad_input_is_named_and_costs_only_itself(tmp_path):
    recording = written(tmp_path / "bad.ndjson", "{", "[" * 100, GOOD, "{" + " " * (1 << 20) + "}", GOOD)
    found = outcomes(SOURCES / "okx.json", recording, code=1)
    assert [outcome["is"] for outcome in found] == ["fault", "fault", "record", "fault", "record"]
    assert found[0]["reason"] == "expected JSON" and found[3]["reason"] == "expected at most 1 MiB"
    assert "No such file" in tried(SOURCES / "okx.json", tmp_path / "none.ws", code=1).stderr
