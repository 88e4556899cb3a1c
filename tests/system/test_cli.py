"""scripts/dataflow against the real processes: each command, its exit codes, and that nothing is lost over the kill of a gateway."""

import asyncio
import itertools
import json
import os
import re
import signal
import subprocess
from datetime import datetime, timedelta

import pytest
import websockets
from cli import DATAFLOW, MOMENT, NOBODY, Command, answered, dataflow, history, of, started
from clients import assert_once_and_in_order
from pipeline import PATIENCE, free_ports, loads, until


@pytest.fixture
def flow(pipeline):
    return started(pipeline)


def figures(trades):
    return [(t["side"], str(t["qty"]), str(t["price"])) for t in trades]


# --- watch ---


def test_watch_resumes_at_another_gateway_when_its_own_is_killed(flow):
    flow.start_gateway(1)
    flow.wait_ready("gateway1")
    had = len(of(flow, "BTC-USD"))
    with Command("watch", "BTC-USD", "--recent", had, "--json", "--url", flow.url(0), "--url", flow.url(1)) as watch:
        until(lambda: len(watch.lines) == had, "the latest trades")
        flow.processes["gateway0"].kill()
        until(lambda: watch.remarked("nothing is lost"), "it to be connected again")
        flow.tell_simulator("/control/play?count=200")
        until(lambda: len(flow.ledger("trade")) == 300, "the exchange to have sent them")
        sent = of(flow, "BTC-USD")
        until(lambda: len(watch.lines) == len(sent), f"{len(sent)} trades")
        trades = [loads(line) for line in watch.lines]
    assert figures(trades) == sent
    assert_once_and_in_order(trades)
    assert not watch.remarked("missed:")


def test_watch_follows_several_symbols_and_ends_after_count(flow):
    with Command("watch", "BTC-USD", "ETH-USD", "--recent", 1, "--count", 40, "--url", flow.url()) as watch:
        until(lambda: len(watch.lines) == 3, "the heading and the latest of each")
        flow.tell_simulator("/control/play?count=200")
        assert watch.end() == 0
    assert watch.lines[0].split() == ["time", "(UTC)", "symbol", "side", "price", "quantity", "source", "seq"]
    assert len(watch.lines) == 41
    assert {line.split()[2] for line in watch.lines[1:]} == {"BTC-USD", "ETH-USD"}
    assert "\033" not in "".join(watch.lines), "a pipe is not coloured"


def test_watch_waits_for_the_first_source_and_says_so(pipeline):
    flow = pipeline()
    flow.start_gateway()
    until(lambda: flow.ready("gateway0")[0], "the gateway to listen")
    with Command("watch", "BTC-USD", "--count", 20, "--json", "--url", NOBODY, "--url", flow.url()) as watch:
        until(lambda: watch.remarked("Not ready: no source has been heard yet; next try in"), "it to say what it waits for")
        flow.start_simulator("--symbols", "BTC-USD,ETH-USD", "--rate", 200)
        flow.start_connectord()
        flow.start_cached()
        assert watch.end() == 0
    assert_once_and_in_order([loads(line) for line in watch.lines])


def test_a_small_quantity_is_shown_in_full_and_points_stand_in_one_column(flow):
    rows = answered("history", "BTC-USD", "--count", 100, "--url", flow.url()).splitlines()[1:]
    assert len(rows) == len(of(flow, "BTC-USD"))
    assert len({row.index(".", 40) for row in rows}) == 1
    assert not any(re.search(r"\dE-\d", row) for row in rows)


def test_ctrl_c_ends_with_130_and_without_a_word_from_python(flow):
    with Command("watch", "BTC-USD", "--recent", 1, "--url", flow.url()) as watch:
        until(lambda: watch.lines, "a trade")
        watch.popen.send_signal(signal.SIGINT)
        assert watch.end() == 130
    assert not watch.remarks


def test_a_reader_that_leaves_ends_it_quietly(flow):
    ended = subprocess.run(f"{DATAFLOW} history BTC-USD --url {flow.url()} | head -n 1; echo ${{PIPESTATUS[0]}}", shell=True,
                           executable="/bin/bash", capture_output=True, text=True, timeout=PATIENCE)
    assert ended.stdout.splitlines()[-1] == "0"
    assert ended.stderr == ""


def test_a_terminal_is_coloured_unless_no_color_is_set(flow):
    command = ["script", "-qec", f"{DATAFLOW} history BTC-USD --count 1 --url {flow.url()}", "/dev/null"]
    shown = {no_color: subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
                                      env={**os.environ, "TERM": "xterm", "NO_COLOR": no_color}).stdout for no_color in ("", "1")}
    assert "\033[" in shown[""]
    assert "BTC-USD" in shown["1"] and "\033[" not in shown["1"]


def test_rows_fit_into_the_terminal(flow):
    newest = str(history(flow, "BTC-USD")[0]["price"])
    for room, (command, lines) in itertools.product((60, 80, 100, 132), (("history BTC-USD --count 5", 6), ("candles BTC-USD --interval 1d", 2))):
        ended = subprocess.run(["script", "-qec", f"{DATAFLOW} {command} --url {flow.url()}", "/dev/null"], capture_output=True, text=True,
                               timeout=PATIENCE, stdin=subprocess.DEVNULL, env={**os.environ, "COLUMNS": str(room), "NO_COLOR": "1"})
        shown = ended.stdout.splitlines()
        assert len(shown) == lines and newest in ended.stdout, room
        if room >= 80 or command.startswith("history"):
            assert max(map(len, shown)) <= room, shown


# --- questions ---


def test_history_goes_both_ways_and_bounds_are_times(flow):
    newest_first = history(flow, "BTC-USD")
    assert figures(reversed(newest_first)) == of(flow, "BTC-USD")
    tenth = newest_first[10]["timestamp"]
    asked = ("--json", "--url", flow.url())
    since = [loads(line) for line in answered("history", "BTC-USD", "--since", tenth, *asked).splitlines()]
    assert since == [t for t in reversed(newest_first) if t["timestamp"] > tenth]
    before = [loads(line) for line in answered("history", "BTC-USD", "--before", tenth, "--count", 5, *asked).splitlines()]
    assert before == [t for t in newest_first if t["timestamp"] < tenth][:5]


def test_a_time_may_be_a_day_or_without_a_zone_and_is_utc(flow):
    trades = history(flow, "BTC-USD")
    tenth = trades[10]["timestamp"]
    moment = datetime.fromisoformat(tenth.rstrip("Z")[:26])
    elsewhere = (moment + timedelta(hours=5, minutes=30)).isoformat() + tenth.rstrip("Z")[26:] + "+05:30"
    asked = ("--count", 1000, "--json", "--url", flow.url())

    def found(*bounds):
        ended = dataflow("history", "BTC-USD", *bounds, *asked, TZ="Asia/Tokyo")
        assert ended.returncode == 0, ended.stderr
        return [loads(line) for line in ended.stdout.splitlines()]

    for form in (tenth.rstrip("Z").replace("T", " "), elsewhere):  # test_tolerance.py has all others
        assert found("--before", form) == [t for t in trades if t["timestamp"] < tenth], form
    day, minute = trades[-1]["timestamp"][:10], trades[-1]["timestamp"][:16]
    for bound in (day, minute):
        assert (found("--before", bound), found("--since", bound)) == ([], trades[::-1]), bound
    for bound in ("1970-01-01", "2262-04-11"):
        assert dataflow("candles", "BTC-USD", "--since", bound, *asked).returncode == 0, bound


def test_candles_count_every_trade(flow):
    lines = answered("candles", "BTC-USD", "--interval", "1d", "--json", "--url", flow.url()).splitlines()
    assert sum(loads(line)["count"] for line in lines) == len(of(flow, "BTC-USD"))
    shown = answered("candles", "BTC-USD", "--interval", "1d", "--url", flow.url()).splitlines()
    assert shown[0].split()[2:] == ["open", "high", "low", "close", "volume", "trades"]
    assert len(shown) == len(lines) + 1


def test_it_says_that_some_may_be_missing_while_the_store_is_away(pipeline):
    flow = pipeline()
    flow.config["cached"].update(store="redis://127.0.0.1:1", trades=10)
    flow.start_all("--symbols", "BTC-USD,ETH-USD", "--rate", 500)
    for command in (["history", "--count", 1000], ["candles"]):
        until(lambda: dataflow(*command, "BTC-USD", "--url", flow.url()).stderr.startswith("-- some may be missing"), f"{command} to say so")


def test_symbols_and_status_are_told_to_people_and_programs(flow):
    url = ("--url", flow.url())
    assert [line.split() for line in answered("symbols", *url).splitlines()] == [["BTC-USD", "blockchain"], ["ETH-USD", "blockchain"]]
    assert json.loads(answered("symbols", "--json", *url))["symbols"] == ["BTC-USD", "ETH-USD"]
    assert re.search(r"^blockchain +connected .* 100 +2$", answered("status", *url), re.M)
    assert json.loads(answered("status", "--json", *url))["sources"][0]["connected"] is True


def test_status_says_that_an_exchange_is_lost(flow):
    flow.processes["simulator"].kill()
    until(lambda: re.search(r"^blockchain +lost ", answered("status", "--url", flow.url()), re.M), "the loss to be told")


def test_tap_prints_what_is_on_the_bus(flow):
    tapped = answered("tap", "status.", "--count", 1, "--bus", flow.bus)
    assert tapped.startswith("status.blockchain {")
    as_json = json.loads(answered("tap", "status.", "--count", 1, "--json", "--bus", flow.bus))
    assert (as_json["topic"], as_json["message"]["connected"]) == ("status.blockchain", True)
    flow.tell_simulator("/control/play")
    of_one = answered("tap", "ETH-USD", "--count", 3, "--bus", flow.bus).splitlines()
    assert [line.split(" ")[0] for line in of_one] == ["trade.ETH-USD.blockchain"] * 3


# --- disconnect-test ---


def test_disconnect_test_passes_in_every_mode(flow):
    flow.start_gateway(1)
    flow.wait_ready("gateway1")
    flow.tell_simulator("/control/rate?n=50")
    flow.tell_simulator("/control/play")
    ended = dataflow("disconnect-test", "BTC-USD", "--rounds", 2, "--trades", 3, "--away", 0.5, "--json", "--url", flow.url(0),
                     "--url", flow.url(1))
    verdict = json.loads(ended.stdout)
    assert (ended.returncode, verdict["passed"]) == (0, True), ended.stderr
    assert [found["mode"] for found in verdict["rounds"]] == ["graceful", "abrupt", "temporary-drop"] * 2
    assert all(found["recovered"] for found in verdict["rounds"])
    assert verdict["trades"] >= 3 * 7


def test_disconnect_test_waits_for_a_gateway_that_is_not_ready_but_not_forever(pipeline):
    flow = pipeline()
    flow.start_gateway()
    until(lambda: flow.ready("gateway0")[0], "the gateway to listen")
    ended = dataflow("disconnect-test", "BTC-USD", "--patience", 1, "--url", flow.url())
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "expected a gateway that is ready within 1 s" in ended.stderr


class Liar:
    """A gateway with one fault: after a resume it sends trade `second` instead of the next one, and history has all of them."""

    def __init__(self, second, differing=()):
        self.second, self.differing, self.subscribed = second, differing, 0

    @staticmethod
    def trade(seq, side="buy"):
        return f'{{"epoch":7,"seq":{seq},"symbol":"BTC-USD","side":"{side}","qty":1,"price":2.50,"source":"a","timestamp":"2025-11-10T17:23:00Z"}}'

    async def serve(self, socket, _path=None):
        async for text in socket:
            request = json.loads(text)
            if request["method"] == "subscribe":
                self.subscribed += 1
                await self.answer(socket, request, '{"cursors":{"a":"7-0"},"recovered":true}')
                seq = 1 if self.subscribed == 1 else self.second
                for seq in range(seq, seq + 3):
                    await socket.send(f'{{"jsonrpc":"2.0","method":"trades.update","params":{self.trade(seq)}}}')
            else:
                last = int(request["params"]["to"].split("-")[1])
                sides = {seq: "sell" if seq in self.differing else "buy" for seq in range(1, last + 1)}
                trades = ",".join(self.trade(seq, side) for seq, side in sides.items())
                await self.answer(socket, request, f'{{"trades":[{trades}],"missing":0}}')

    @staticmethod
    async def answer(socket, request, result):
        await socket.send(f'{{"jsonrpc":"2.0","id":{request["id"]},"result":{result}}}')


@pytest.mark.parametrize("second, differing, verdict", [(3, (), {"lost": 0, "doubled": 0, "differing": 0}),
                                                        (5, (), {"lost": 2, "doubled": 0, "differing": 0}),
                                                        (2, (), {"lost": 0, "doubled": 1, "differing": 0}),
                                                        (3, (2,), {"lost": 0, "doubled": 0, "differing": 1})])
def test_disconnect_test_finds_what_is_lost_doubled_or_different(second, differing, verdict):
    async def run():
        port = free_ports(1)[0]
        async with websockets.serve(Liar(second, differing).serve, "127.0.0.1", port):
            return await asyncio.to_thread(dataflow, "disconnect-test", "BTC-USD", "--mode", "abrupt", "--trades", 2,
                                           "--json", "--url", f"ws://127.0.0.1:{port}")

    ended = asyncio.run(run())
    found = json.loads(ended.stdout)
    assert {name: found[name] for name in verdict} == verdict, ended.stderr
    assert ended.returncode == (0 if not any(verdict.values()) else 1)
    assert found["compared_with_history"]


# --- how it ends ---

NO_TIMES = ("2025-02-30", "2025-11-10T18", "2025-11-10T24:00:00Z", "2025-11-10T18:00:00+0100", "2025-11-10T18:00:00.1234567890Z",
            "2025-11-10T18:00:00+24:00", "1969-12-31", "2262-04-12", "2025-W46-1", "20251110", "٢٠٢٥-11-10", "0000-01-01", "")


@pytest.mark.parametrize("arguments, code, expected", [
    (["watch", "NOPE-USD"], 1, "Invalid symbol: NOPE-USD"),
    (["history", "NOPE-USD"], 1, "Invalid symbol: NOPE-USD"),
    (["disconnect-test", "NOPE-USD"], 1, "Invalid symbol: NOPE-USD"),
])
def test_a_refusal_ends_with_1(flow, arguments, code, expected):
    ended = dataflow(*arguments, "--url", flow.url())
    assert (ended.returncode, ended.stdout) == (code, "")
    assert expected in ended.stderr


@pytest.mark.parametrize("arguments, code, expected", [
    ([], 2, "COMMAND"),
    (["watch"], 2, "SYMBOL"),
    (["watch", "BTC-USD", "--count", "0"], 2, "expected a whole number from 1 to 1000000000, found '0'"),
    *((["status", "--url", url], 2, f"expected ws://HOST:PORT/ws, found {url!r}")
      for url in ("127.0.0.1", "http://a/ws", "ws:///ws", "ws://a..b/ws", "ws://a:99999/ws", "ws://a:x/ws", "ws://[::1/ws", "ws://a/ws#x")),
    (["status", "--url", "ws://nowhere.invalid/ws"], 3, "found none: ws://nowhere.invalid/ws: "),
    (["history", "BTC-USD", "--before", "noon"], 2, f"{MOMENT}, found 'noon'"),
    *((["history", "BTC-USD", "--since", text], 2, f"{MOMENT}, found {text!r}") for text in NO_TIMES),
    (["candles", "BTC-USD", "--interval", "2m"], 2, "'1m'"),
    (["watch", "BTC-USD", "--recent", "10001"], 2, "expected a whole number from 1 to 10000, found '10001'"),
    (["replay", "file", "--listen", "here"], 2, "expected HOST:PORT, found 'here'"),
    (["replay", "file", "--speed", "nan"], 2, "expected a number from 0 to 1000000, found 'nan'"),
    (["replay", "/nowhere"], 1, "/nowhere: No such file"),
    (["tap", "--bus", "nonsense"], 2, "expected something like tcp://127.0.0.1:5556, found 'nonsense'"),
    (["disconnect-test", "BTC-USD", "--mode", "rude"], 2, "temporary-drop"),
    *((([command, *(["BTC-USD"] if command not in ("status", "symbols") else []), "--url", NOBODY]), 3, "Connection refused")
      for command in ("watch", "history", "candles", "symbols", "status", "disconnect-test")),
])
def test_a_mistake_names_what_was_expected_and_what_was_found(arguments, code, expected):
    ended = dataflow(*arguments)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert expected in ended.stderr and "Traceback" not in ended.stderr and "Unknown error" not in ended.stderr
