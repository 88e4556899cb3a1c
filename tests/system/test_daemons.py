"""What an operator meets: options, configuration mistakes, ports in use, orderly ends, wss, a recording as the source, leaks."""

import json
import os
import shutil
import subprocess

import pytest
from clients import Requester, Tap, assert_once_and_in_order
from pipeline import BIN, ROOT, loads, until

DAEMONS = ["connectord", "cached", "gatewayd"]


def run(program, *arguments, cwd, **environment):
    return subprocess.run([BIN / program, *map(str, arguments)], cwd=cwd, env={**os.environ, **environment},
                          capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("program", DAEMONS)
def test_every_program_tells_its_version_its_help_and_its_configuration(tmp_path, program):
    assert run(program, "--version", cwd=tmp_path).stdout.startswith(f"{program} ")
    help = run(program, "--help", cwd=tmp_path)
    assert help.returncode == 0 and "--config" in help.stdout and f"{program}." in help.stdout
    printed = run(program, "--print", "--set", "gatewayd.listen=127.0.0.1:8099", cwd=tmp_path, DATAFLOW_LOG__LEVEL="debug")
    config = json.loads(printed.stdout)
    assert (config["gatewayd"]["listen"], config["log"]["level"]) == ("127.0.0.1:8099", "debug")
    (tmp_path / "printed.json").write_text(printed.stdout)
    assert run(program, "--config", "printed.json", "--check", cwd=tmp_path).returncode == 0
    assert run(program, "--nonsense", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("program", DAEMONS)
def test_the_manual_has_every_key_of_the_configuration(tmp_path, program):
    manual = (ROOT / "deploy/configuration.md").read_text()
    table = manual.split("<!-- keys:", 1)[1].split("-->", 1)[1].split("<!-- /keys -->")[0].strip()
    assert table == run(program, "--print-keys", cwd=tmp_path).stdout.strip()


@pytest.mark.parametrize("program", DAEMONS)
def test_every_program_checks_the_settings_that_one_connector_alone_has(tmp_path, program):
    ended = run(program, "--check", "--set", "connectord.sources.0.speed=-1", cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr == "config: connectord.sources.0.speed: expected a number from 0 to 1000000, found -1 (--set)\n"


MISTAKES = [
    ({"gatewayd": {"listen": "8080"}}, ["gatewayd.listen", "HOST:PORT", "8080"]),
    ({"gatewayd": {"lisen": "127.0.0.1:8080"}}, ["gatewayd.lisen", "unknown"]),
    ({"cached": {"trades": "many"}}, ["cached.trades", "many"]),
    ({"cached": {"trades": 0}}, ["cached.trades", "0"]),
    ({"connectord": {"sources": [{"name": "x", "connector": "blockchain", "subscribe": "sometimes"}]}},
     ["connectord.sources.0.subscribe", "always", "demand", "sometimes"]),
    ({"log": {"level": "loud"}}, ["log.level", "loud"]),
]


@pytest.mark.parametrize("program", DAEMONS)
def test_every_mistake_in_the_configuration_is_named_and_stops_the_start(tmp_path, program):
    config = {}
    for mistake, _ in MISTAKES:
        for section, keys in mistake.items():
            config.setdefault(section, {}).update(keys)
    (tmp_path / "bad.json").write_text(json.dumps(config))
    ended = run(program, "--config", "bad.json", cwd=tmp_path)
    assert ended.returncode == 1
    for mistake, words in MISTAKES[1:2] + MISTAKES[4:]:
        assert any(all(w in line for w in words + ["bad.json"]) for line in ended.stderr.splitlines()), (words, ended.stderr)


@pytest.mark.parametrize("mistake,words", MISTAKES, ids=lambda value: value[0] if isinstance(value, list) else "")
def test_a_mistake_is_told_with_what_was_expected_and_found(tmp_path, mistake, words):
    (tmp_path / "bad.json").write_text(json.dumps(mistake))
    ended = run("connectord", "--config", "bad.json", "--check", cwd=tmp_path)
    assert ended.returncode == 1
    assert any(all(w in line for w in words + ["bad.json"]) for line in ended.stderr.splitlines()), ended.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", '{"gatewayd": 7}', '{"log": null}', "\x00\x01", '{"log":{"level":"info","level":"info"}}'])
def test_a_file_that_is_no_configuration_stops_the_start(tmp_path, text):
    (tmp_path / "bad.json").write_text(text)
    ended = run("cached", "--config", "bad.json", cwd=tmp_path)
    assert ended.returncode == 1 and "bad.json" in ended.stderr


def test_a_second_instance_is_refused_with_a_clear_message(pipeline):
    flow = pipeline()
    flow.start_all("--symbols", "BTC-USD,ETH-USD", "--rate", 100)
    for program, name, port in (("connectord", "connectord", "journal"), ("cached", "cached", flow.port["history"]),
                                ("gatewayd", "gateway0", flow.port["gateway0"])):
        ended = run(program, "--config", "dataflow.json", cwd=flow.directory)
        assert ended.returncode == 1
        assert str(port) in ended.stderr and "in use" in ended.stderr, ended.stderr
        assert flow.processes[name].alive()


@pytest.mark.parametrize("format", ["human", "logfmt", "json"])
def test_a_terminated_process_ends_orderly_and_goes_on_where_it_was(pipeline, format):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["log"]["format"] = format
    flow.start_all("--symbols", "BTC-USD", "--rate", 2000)
    topic = "trade.BTC-USD.blockchain"
    with Requester(flow.history) as history, Requester(flow.replay) as replay:
        until(lambda: len(replay.all(topic)) > 1000, "trades")
        for name in ("gateway0", "cached", "connectord"):
            assert flow.processes[name].stop(5) == 0
        if format == "json":
            assert all(json.loads(line)["program"] == "connectord" for line in flow.processes["connectord"].lines)
        assert any(e["event"] == "unsubscribe" or e["event"] == "close" for e in flow.ledger())
        flow.start_connectord(), flow.start_cached(), flow.start_gateway()
        flow.wait_ready("connectord_http", "cached_http", "gateway0")
    with Requester(flow.history) as history, Requester(flow.replay) as replay:
        count = len(replay.all(topic))
        until(lambda: len(replay.all(topic)) > count + 1000, "more trades")
        assert_once_and_in_order(replay.all(topic))
        until(lambda: history.all(topic)[0]["seq"] == 1, "cached to have asked for all that the journal has")
        assert_once_and_in_order(history.all(topic))


JUNK = [b"", b"junk", b"{}", b"[]", b"{\"op\":7}", b"{\"op\":\"nope\"}", b"\xff\xfe", b"{\"op\":\"recent\"}", b"x" * 100000,
        b"{\"op\":\"recent\",\"symbol\":\"XXX-YYY\"}", b"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":0}",
        b"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":1" + b"0" * 40 + b"}", b"{\"op\":\"since\"}",
        b"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"before\":\"yesterday\"}", b"{\"op\":\"range\",\"topic\":\"x\"}",
        b"{\"op\":\"range\",\"topic\":\"trade.BTC-USD.blockchain\",\"from\":\"1\"}", b"{\"op\":\"clear\",\"token\":\"guess\"}",
        b"[" * 20000]


def test_junk_requests_get_an_error_and_the_sockets_go_on(pipeline):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--rate", 1000)
    for endpoint in (flow.history, flow.replay):
        with Requester(endpoint) as requester:
            for junk in JUNK:
                answer = loads(requester.raw(junk))
                assert answer["ok"] is False and answer["error"]["code"] and answer["error"]["message"], (junk[:60], answer)
            until(lambda: requester.ask(op="range", topic="trade.BTC-USD.blockchain").get("trades"), "good answers still")


def test_clear_wants_the_token(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["cached"]["token"] = "a secret of cached"
    flow.start_all("--symbols", "BTC-USD", "--rate", 1000)
    with Requester(flow.history) as history:
        until(lambda: history.ask(op="recent", symbol="BTC-USD").get("trades"), "trades")
        flow.tell_simulator("/control/pause")
        for wrong in ({}, {"token": ""}, {"token": "a secret of cache"}, {"token": "a secret of cached "}):
            assert history.ask(op="clear", symbol="BTC-USD", **wrong)["error"]["code"] == "forbidden"
        assert history.ask(op="clear", symbol="BTC-USD", token="a secret of cached")["ok"]
        assert history.ask(op="recent", symbol="BTC-USD")["trades"] == []
        stats = history.ask(op="stats", symbol="BTC-USD")
        assert stats["ok"]
    assert "a secret of cached" not in flow.processes["cached"].log()


@pytest.fixture
def certificates(tmp_path):
    def make(name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", tmp_path / f"{name}.key", "-out", tmp_path / f"{name}.pem"],
                       check=True, capture_output=True)
        return tmp_path / f"{name}.pem", tmp_path / f"{name}.key"

    return make


def test_wss_is_spoken_with_an_exchange_whose_certificate_is_known(pipeline, certificates):
    certificate, key = certificates("exchange")
    flow = pipeline(symbols=["BTC-USD"], ca=str(certificate))
    flow.source["url"] = f"wss://localhost:{flow.port['simulator']}/ws"
    flow.start("simulator", ["--listen", flow.address("simulator"), "--tls", f"{certificate},{key}", "--symbols", "BTC-USD",
                             "--rate", "5000"], program="exchange-simulator")
    flow.start_connectord()
    flow.wait_ready("connectord_http")
    with Requester(flow.replay) as replay:
        until(lambda: len(replay.ask(op="range", topic="trade.BTC-USD.blockchain", count=5000).get("trades", [])) == 5000, "5,000 trades")


@pytest.mark.parametrize("wrong", ["another certificate", "another name"])
def test_wss_is_refused_with_an_exchange_whose_certificate_is_not(pipeline, certificates, wrong):
    certificate, key = certificates("exchange")
    other, _ = certificates("other")
    flow = pipeline(symbols=["BTC-USD"], ca=str(other if wrong == "another certificate" else certificate))
    host = "localhost" if wrong == "another certificate" else "127.0.0.1"
    flow.source["url"] = f"wss://{host}:{flow.port['simulator']}/ws"
    flow.start("simulator", ["--listen", flow.address("simulator"), "--tls", f"{certificate},{key}", "--symbols", "BTC-USD"],
               program="exchange-simulator")
    connectord = flow.start_connectord()
    connectord.wait_for_line("(?i)certificate|tls|ssl")
    assert flow.ready("connectord_http")[0] == 503


def test_a_recording_is_a_source_like_any_other(pipeline, recordings):
    lines = [loads(line) for line in (recordings / "trades-real.ndjson").read_text().splitlines()]
    sent = [t for t in lines if t["symbol"] == "BTC-USD"]
    flow = pipeline(symbols=["BTC-USD"], name="tape", connector="replay", file=str(recordings / "trades-real.ndjson"), speed=0)
    flow.start_connectord()
    with Requester(flow.replay) as replay:
        for _ in range(2):  # a restart reads the file again, and nothing is doubled
            until(lambda: len(replay.ask(op="range", topic="trade.BTC-USD.tape", count=5000).get("trades", [])) >= 1000, "1,000 trades")
            got = replay.all("trade.BTC-USD.tape")
            assert [(t["tradeId"], t["price"], t["qty"], t["timestamp"]) for t in got] == \
                   [(t["trade_id"], t["price"], t["qty"], t["timestamp"]) for t in sent]
            flow.processes["connectord"].kill()
            process = flow.start_connectord()
            process.wait_for_line("end of file")


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")
@pytest.mark.skipif("san" in str(BIN), reason="valgrind and the sanitizers do not go together")
def test_no_process_leaks(pipeline):
    valgrind = ["valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible",
                "--show-leak-kinds=definite,indirect,possible", "--error-exitcode=99"]
    flow = pipeline(symbols=["BTC-USD"])
    flow.start_simulator("--symbols", "BTC-USD", "--rate", 200)
    flow.wrapper = tuple(valgrind)
    flow.start_connectord(), flow.start_cached(), flow.start_gateway()
    flow.wait_ready("connectord_http", "cached_http", "gateway0")

    import asyncio

    from clients import Client

    async def talk():
        for since in ({}, {"count": 10}, {"since": "1-1"}):
            async with Client(flow.url()) as client:
                await client.subscribe("BTC-USD", **since)
                await client.call("getRecentTrades", symbol="BTC-USD")
                await client.until(lambda: len(client.trades) > 50, "trades")
                await client.send_raw("junk")

    asyncio.run(talk())
    flow.tell_simulator("/control/reset")
    with Tap(flow.bus) as tap:
        tap.take(50)
        for name in ("gateway0", "cached", "connectord"):
            process = flow.processes[name]
            assert process.stop(60) == 0, process.log()
