"""Sources by definition: each file of deploy/sources, spoken with by the real processes at a server that plays what the exchange said."""

import hashlib
import json
import re
import signal
import subprocess
from datetime import datetime, timedelta, timezone

import pytest
from clients import Requester
from pipeline import BIN, PATIENCE, ROOT, until
from ws_source import Exchange

SOURCES = ROOT / "deploy/sources"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def source(name, exchange, symbols, **more):
    return {"name": name, "connector": "websocket", "url": f"ws://127.0.0.1:{exchange.port}/", "definition": str(SOURCES / f"{name}.json"),
            "symbols": symbols, **more}


def iso(ms):
    return (EPOCH + timedelta(milliseconds=int(ms))).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(ms) % 1000:03d}Z"


def told(trade):
    return {member: str(trade[member]) for member in ("symbol", "tradeId", "timestamp", "side", "qty", "price")}


def received(flow, exchange, name, symbols, wanted):
    """What the journal has of the symbols, once there are as many trades as wanted."""
    flow.config["connectord"]["sources"] = [source(name, exchange, symbols)]
    flow.start_connectord()
    with Requester(flow.replay) as replay:
        def trades():
            topics = {stream["topic"] for stream in replay.ask(op="streams")["streams"]}
            return [told(trade) for symbol in symbols if f"trade.{symbol}.{name}" in topics for trade in replay.all(f"trade.{symbol}.{name}")]
        until(lambda: len(trades()) >= len(wanted), f"{len(wanted)} trades in the journal")
        return trades()


OKX = ["BTC-USDT", "BTC-USD-220527", "UNI-USD-SWAP"]  # a future and a swap have longer names


def test_okx_plays_its_recording_digit_for_digit(pipeline, recordings):
    frames = [line.partition(": ")[2] for line in (recordings / "okx-2022-05-13.ws").read_text().splitlines() if "<" not in line[:60]]
    trades = [frame for frame in frames if '"channel":"trades"' in frame and '"data"' in frame]
    wanted, seen = [], set()
    for frame in trades:
        for trade in json.loads(frame)["data"]:
            if (trade["instId"], trade["tradeId"]) not in seen:
                seen.add((trade["instId"], trade["tradeId"]))
                wanted.append({"symbol": trade["instId"], "tradeId": trade["tradeId"], "timestamp": iso(trade["ts"]), "side": trade["side"],
                               "qty": trade["sz"], "price": trade["px"]})
    wanted.sort(key=lambda trade: OKX.index(trade["symbol"]))
    assert [sum(trade["symbol"] == symbol for trade in wanted) for symbol in OKX] == [69, 4, 1]

    def answer(message):
        (argument,) = json.loads(message)["args"]
        assert json.loads(message) == {"op": "subscribe", "args": [{"channel": "trades", "instId": argument["instId"]}]}
        return [json.dumps({"event": "subscribe", "arg": argument}), *(frame for frame in trades if argument["instId"] in frame)]

    with Exchange(answer) as exchange:
        assert received(pipeline(), exchange, "okx", OKX, wanted) == wanted


def test_bitfinex_calls_a_subscription_by_a_number(pipeline):
    channels = {"tBTCUSD": 17470, "tETHUSD": 8}

    def answer(message):
        asked = json.loads(message)
        number = channels[asked["symbol"]]
        return [json.dumps({"event": "subscribed", "channel": "trades", "chanId": number, "symbol": asked["symbol"], "pair": asked["symbol"][1:]}),
                f"[{number},[[1,1574694475039,0.005,7244.9]]]", f"[{number},\"hb\"]", f"[{number},\"te\",[{number}1,1574694478808,-0.00500,7245.30]]",
                f"[{number},\"tu\",[{number}1,1574694478808,-0.00500,7245.30]]"]

    wanted = [{"symbol": symbol, "tradeId": f"{number}1", "timestamp": "2019-11-25T15:07:58.808Z", "side": "sell", "qty": "0.00500", "price": "7245.30"}
              for symbol, number in (("BTC-USD", 17470), ("ETH-USD", 8))]
    with Exchange(answer) as exchange:
        assert received(pipeline(), exchange, "bitfinex", ["BTC-USD", "ETH-USD"], wanted) == wanted


def test_coinbase_plays_its_recorded_message(pipeline, recordings):
    message = (recordings / "coinbase-market-trades.json").read_text()
    wanted = [{"symbol": trade["product_id"], "tradeId": trade["trade_id"], "timestamp": trade["time"], "side": trade["side"].lower(), "qty": trade["size"],
               "price": trade["price"]} for event in json.loads(message)["events"] for trade in event["trades"]]
    symbols = sorted({trade["symbol"] for trade in wanted})
    asked = []

    def answer(text):
        asked.extend(json.loads(text)["product_ids"])
        confirmation = json.dumps({"channel": "subscriptions", "events": [{"subscriptions": {"market_trades": asked}}]})
        return [confirmation] + ([message] if len(asked) == len(symbols) else [])

    with Exchange(answer) as exchange:
        found = received(pipeline(), exchange, "coinbase-advanced", symbols, wanted)
    assert found == [trade for symbol in symbols for trade in wanted if trade["symbol"] == symbol]


def test_a_subscription_that_is_refused_is_told_with_its_reason(pipeline):
    def answer(message):
        return [json.dumps({"event": "error", "code": "60018", "msg": "instId:NO-NO doesn't exist", "arg": json.loads(message)["args"][0]})]

    flow = pipeline()
    with Exchange(answer) as exchange:
        flow.config["connectord"]["sources"] = [source("okx", exchange, ["NO-NO"])]
        flow.start_connectord()
        flow.processes["connectord"].wait_for_line("instId:NO-NO doesn't exist")


@pytest.mark.parametrize("definition, mistake", [
    ('{"websocket":{"subscribe":"${nativ}"},"mapping":{}}', "websocket.subscribe: expected native, symbol, key, channel, base, quote or token in ${}, found nativ"),
    ('{"websocket":{"subscribe":"x"},"mapping":{"symbol":"s"}}', "mapping.symbol: expected a JSON Pointer"),
    ('{"websocket":{"subscribe":"x"}}', "mapping: missing"),
    ("nonsense", "expected JSON"),
])
def test_a_mistake_in_a_definition_is_told_and_its_source_left_out(pipeline, tmp_path, definition, mistake):
    flow = pipeline()
    (tmp_path / "mistaken.json").write_text(definition)
    flow.config["connectord"]["sources"] = [{"name": "x", "connector": "websocket", "url": "ws://127.0.0.1:1/", "symbols": ["A-B"],
                                             "definition": str(tmp_path / "mistaken.json")}]
    flow.start_connectord()
    flow.processes["connectord"].wait_for_line(re.escape(mistake))
    flow.processes["connectord"].wait_for_line("source can't be set up source=x")
    assert flow.processes.pop("connectord").popen.wait(PATIENCE) == 1, "there is no other source"


def written(path, change):
    """OKX's definition with a change of its text."""
    text = (SOURCES / "okx.json").read_text()
    assert change[0] in text
    fresh = path.with_suffix(".new")
    fresh.write_text(text.replace(*change))
    return fresh.replace(path)


def test_a_mistake_in_a_definition_is_told_by_check(pipeline, tmp_path):
    flow = pipeline()
    path = written(tmp_path / "okx.json", ('"price": "/px"', '"price": "px"'))
    flow.config["connectord"]["sources"] = [{"name": "okx", "connector": "websocket", "url": "ws://127.0.0.1:1/", "definition": str(path), "symbols": ["A-B"]}]
    ended = subprocess.run([BIN / "connectord", "--config", flow.write_config(), "--check"], capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 1 and ended.stdout == ""
    assert ended.stderr.startswith(f"config: connectord.sources.0.definition: {path}: ") and "price" in ended.stderr, ended.stderr


def test_another_definition_in_the_same_file_is_taken_on_sighup_and_a_broken_one_is_not(pipeline, tmp_path):
    trade = {"arg": {"channel": "trades", "instId": "BTC-USDT"},
             "data": [{"instId": "BTC-USDT", "tradeId": "1", "px": "1", "other": "2", "sz": "3", "side": "buy", "ts": "1652459225303"}]}

    def answer(message):
        trade["data"][0]["tradeId"] = str(int(trade["data"][0]["tradeId"]) + 1)
        return [json.dumps({"event": "subscribe", "arg": json.loads(message)["args"][0]}), json.dumps(trade)]

    flow = pipeline()
    path = written(tmp_path / "okx.json", ('"price": "/px"', '"price": "/px"'))
    with Exchange(answer) as exchange, Requester(flow.replay) as replay:
        flow.config["connectord"]["sources"] = [source("okx", exchange, ["BTC-USDT"], definition=str(path))]
        connectord = flow.start_connectord()

        def prices():
            topics = [stream["topic"] for stream in replay.ask(op="streams")["streams"] if stream["topic"].startswith("trade.")]
            return [str(trade["price"]) for topic in topics for trade in replay.all(topic)]
        until(lambda: prices() == ["1"], "the first trade")
        written(path, ('"price": "/px"', '"price": "px"'))
        connectord.popen.send_signal(signal.SIGHUP)
        connectord.wait_for_line("source can't be set up")
        assert prices() == ["1"] and connectord.alive()
        tests = json.loads((SOURCES / "okx.json").read_text())
        mapping = tests["mapping"][0] if isinstance(tests["mapping"], list) else tests["mapping"]
        mapping["price"] = "/other"
        del mapping["tests"]
        path.write_text(json.dumps(tests))
        connectord.popen.send_signal(signal.SIGHUP)
        until(lambda: prices() == ["1", "2"], "a trade by the new definition")
        notes = [json.loads(line) for line in (flow.directory / "state/journal/definitions.ndjson").read_text().splitlines()]
        assert [(note["source"], note["definition"]) for note in notes] == [("okx", str(path))] * 2
        assert notes[-1]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest() != notes[0]["sha256"]


def test_a_message_that_is_missing_is_a_gap_where_the_definition_has_a_sequence(pipeline):
    flow = pipeline()
    flow.config["connectord"]["sources"] = [{"name": "blockchain", "connector": "websocket", "url": f"ws://{flow.address('simulator')}/ws",
                                             "definition": str(SOURCES / "blockchain.json"), "symbols": ["BTC-USD"]}]
    flow.start_simulator("--any-origin", "--rate", "100", "--symbols", "BTC-USD")
    connectord = flow.start_connectord()
    flow.subscribed("BTC-USD")
    flow.tell_simulator("/control/skip?n=3")
    connectord.wait_for_line("numbering has a hole")


def test_a_number_that_is_missing_among_the_ids_of_a_symbol_is_a_gap(pipeline, tmp_path):
    definition = {"websocket": {"subscribe": "${native}"},
                  "mapping": {"symbol": "/s", "id": "/i", "timestamp": "/t", "unit": "s", "price": "/p", "qty": "/q", "side": {"at": "/d", "buy": "b", "sell": "s"},
                              "continuity": {"of": "id", "rule": "plus_one", "scope": "key"}}}
    path = tmp_path / "ids.json"
    path.write_text(json.dumps(definition))
    said = lambda symbol, number: json.dumps({"s": symbol, "i": number, "t": 1764411873 + number, "p": "1", "q": "2", "d": "b"})

    def answer(symbol):
        return [said(symbol, 7), said(symbol, 8)] + ([said(symbol, 10)] if symbol == "C-D" else [])

    with Exchange(answer) as exchange:
        flow = pipeline()
        flow.config["connectord"]["sources"] = [{"name": "ids", "connector": "websocket", "url": f"ws://127.0.0.1:{exchange.port}/",
                                                 "definition": str(path), "symbols": ["A-B", "C-D"]}]
        connectord = flow.start_connectord()
        connectord.wait_for_line("numbering has a hole: expected 9, found 10")
        with Requester(flow.replay) as replay:
            assert [trade["tradeId"] for trade in replay.all("trade.C-D.ids")] == ["7", "8", "10"]
