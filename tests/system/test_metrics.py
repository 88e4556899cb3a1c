"""/metrics of every process: Prometheus's own checker likes it, and the numbers are those of the ledger and of the clients."""

import asyncio
import re
import shutil
import subprocess
import time
import urllib.request

import pytest
from clients import Client, Requester
from pipeline import ROOT, get, until

PROCESSES = ["connectord_http", "cached_http", "gateway0"]
SAMPLE = re.compile(r'([a-z_]+)(?:\{(.*)\})? (\S+)')


class Scrape:
    """What a process says now."""

    def __init__(self, flow, name):
        self.status, self.text = get(f"http://{flow.address(name)}/metrics")
        assert self.status == 200, (name, self.status, self.text)
        self.samples = {}
        for line in self.text.splitlines():
            if line and not line.startswith("#"):
                family, labels, value = SAMPLE.fullmatch(line).groups()
                key = (family, labels or "")
                assert key not in self.samples, f"{key} comes twice"
                self.samples[key] = float(value)

    def value(self, family, labels=""):
        assert (family, labels) in self.samples, f"no {family}{{{labels}}} in\n{self.text}"
        return self.samples[family, labels]


def wait_value(flow, process, wanted, family, labels=""):
    until(lambda: Scrape(flow, process).value(family, labels) == wanted, f"{process}'s {family} {labels} to be {wanted}")


@pytest.fixture
def flow(pipeline):
    """Everything runs and serves, and the exchange makes trades when it is told so."""
    flow = pipeline(symbols=["BTC-USD", "ETH-USD"]).start_all("--symbols", "BTC-USD,ETH-USD", "--rate", 2000, "--paused")
    flow.subscribed()
    return flow


def play(flow, count):
    """So many trades; the ledger has what the exchange handed out."""
    before = len(flow.ledger("trade"))
    flow.tell_simulator(f"/control/play?count={count}")
    until(lambda: len(flow.ledger("trade")) == before + count, f"{count} trades in the ledger")
    return before + count


SOURCE = 'source="blockchain"'


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_prometheus_has_nothing_to_say_against_the_format_and_the_names(flow):
    for process in PROCESSES:
        checked = subprocess.run(["promtool", "check", "metrics"], input=Scrape(flow, process).text, capture_output=True, text=True)
        assert checked.returncode == 0 and not checked.stdout + checked.stderr, (process, checked.stdout + checked.stderr)


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_the_example_for_prometheus_is_one():
    checked = subprocess.run(["promtool", "check", "config", ROOT / "deploy" / "prometheus.yml"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_counters_are_the_ledgers(flow):
    count = play(flow, 1000)
    for family in ("received", "published"):
        wait_value(flow, "connectord_http", count, f"dataflow_source_{family}_total", SOURCE)
    covered = len(flow.symbols)  # a record of coverage for each: from when on all of its trades are there
    wait_value(flow, "cached_http", count + covered, "dataflow_bus_trades_total")
    wait_value(flow, "cached_http", count + covered, "dataflow_history_trades")
    connectord, cached = Scrape(flow, "connectord_http"), Scrape(flow, "cached_http")
    for family in ("duplicates", "malformed", "gaps", "reconnects"):
        assert connectord.value(f"dataflow_source_{family}_total", SOURCE) == 0
    assert connectord.value("dataflow_source_connected", SOURCE) == 1
    assert connectord.value("dataflow_journal_appended_bytes_total") > 100 * count
    assert connectord.value("dataflow_journal_bytes") > 100 * count
    assert cached.value("dataflow_history_streams") == 2 + covered
    assert cached.value("dataflow_history_bytes") > 100 * count
    assert cached.value("dataflow_bus_lost_trades_total") == 0


def test_what_an_exchange_does_wrong_is_counted(flow):
    count = play(flow, 100)
    flow.tell_simulator("/control/repeat?n=10")
    wait_value(flow, "connectord_http", 10, "dataflow_source_duplicates_total", SOURCE)
    wait_value(flow, "connectord_http", count + 10, "dataflow_source_received_total", SOURCE)
    wait_value(flow, "connectord_http", count, "dataflow_source_published_total", SOURCE)
    flow.tell_simulator("/control/malformed?kind=unknown_event")
    flow.tell_simulator("/control/malformed?kind=missing")
    wait_value(flow, "connectord_http", 2, "dataflow_source_malformed_total", SOURCE)
    flow.tell_simulator("/control/reset")
    wait_value(flow, "connectord_http", 1, "dataflow_source_reconnects_total", SOURCE)
    flow.subscribed()
    flow.tell_simulator("/control/skip?n=1")
    flow.tell_simulator("/control/play?count=2")
    wait_value(flow, "connectord_http", 1, "dataflow_source_gaps_total", SOURCE)


def test_the_wait_for_an_exchange_that_refuses_is_shown(pipeline):
    flow = pipeline(backoff={"initial_ms": 60000, "maximum_ms": 60000, "jitter": 0})
    flow.start_simulator()
    flow.tell_simulator("/control/refuse?seconds=60")
    flow.start_connectord()
    until(lambda: flow.ready("connectord_http")[0], "connectord to listen")
    wait_value(flow, "connectord_http", 60, "dataflow_source_backoff_seconds", SOURCE)
    assert Scrape(flow, "connectord_http").value("dataflow_source_connect_failures_total", SOURCE) == 1


def test_there_is_no_wait_while_connected(flow):
    scrape = Scrape(flow, "connectord_http")
    assert scrape.value("dataflow_source_backoff_seconds", SOURCE) == 0
    assert scrape.value("dataflow_source_connect_failures_total", SOURCE) == 0


def test_a_gateway_counts_its_clients_and_what_they_are_sent(flow):
    async def talk():
        async with Client(flow.url()) as client, Client(flow.url()) as other:
            for one in (client, other):
                await one.subscribe("BTC-USD")
            await client.subscribe("ETH-USD")
            await client.send_raw("junk")
            await other.call("ping")
            flow.tell_simulator("/control/play?count=1000")
            await client.until(lambda: len(client.trades) == 1000, "1,000 trades")
            of_btc = sum(trade["symbol"] == "BTC-USD" for trade in client.trades)
            await other.until(lambda: len(other.trades) == of_btc, "those of one symbol")
            wait_value(flow, "gateway0", 1000 + of_btc, "dataflow_gateway_sent_trades_total")
            wait_value(flow, "gateway0", 1000, "dataflow_bus_trades_total")
            now = Scrape(flow, "gateway0")
            assert now.value("dataflow_gateway_clients") == 2
            assert now.value("dataflow_gateway_subscriptions") == 3
            assert now.value("dataflow_gateway_rings") == 2
            assert now.value("dataflow_gateway_ring_lag_bytes") == 0
            assert now.value("dataflow_gateway_sent_bytes_total") > 200 * (1000 + of_btc)
            assert now.value("dataflow_gateway_sent_bytes_total") < 1000 * (1000 + of_btc)
            assert now.value("dataflow_rpc_requests_total") == 4
            assert now.value("dataflow_rpc_errors_total") == 1
            assert now.value("dataflow_gateway_source_up", SOURCE) == 1

    asyncio.run(talk())
    wait_value(flow, "gateway0", 0, "dataflow_gateway_clients")
    assert Scrape(flow, "gateway0").value("dataflow_gateway_clients_total") == 2


def test_history_and_replay_count_their_answers(flow):
    def measured():
        now = Scrape(flow, "cached_http")
        return {op: now.value("dataflow_history_requests_total", f'op="{op}"') for op in ("recent", "range", "unknown")}

    before = measured()
    with Requester(flow.history) as history, Requester(flow.replay) as replay:
        for _ in range(3):
            assert history.ask(op="recent", symbol="BTC-USD")["ok"]
        history.ask(op="nope"), history.raw("junk")
        replay_before = Scrape(flow, "connectord_http")
        assert replay.ask(op="streams")["ok"] and not replay.ask(op="nope")["ok"]
    assert measured() == {"recent": before["recent"] + 3, "range": before["range"], "unknown": before["unknown"] + 2}
    now = Scrape(flow, "cached_http")
    requests = sum(value for (family, _), value in now.samples.items() if family == "dataflow_history_requests_total")
    assert now.value("dataflow_history_answer_seconds_count") == requests
    assert now.value("dataflow_history_answer_seconds_bucket", 'le="+Inf"') == requests
    assert 0 < now.value("dataflow_history_answer_seconds_sum") < 10
    assert now.value("dataflow_history_errors_total") == 2
    replayed = Scrape(flow, "connectord_http")
    for family, more in (("answers", 2), ("errors", 1)):
        name = f"dataflow_replay_{family}_total"
        assert replayed.value(name) >= replay_before.value(name) + more


def test_every_process_tells_what_it_costs(flow):
    for process in PROCESSES:
        now = Scrape(flow, process)
        assert abs(time.time() - now.value("process_start_time_seconds")) < 600
        assert 1 << 20 < now.value("process_resident_memory_bytes") < 1 << 30
        assert 3 < now.value("process_open_fds") < now.value("process_max_fds")
        assert now.value("process_cpu_seconds_total") > 0
        assert now.value("dataflow_ready") == 1
        assert any(family == "dataflow_build_info" and "version=" in labels for family, labels in now.samples)
        lags = now.value("dataflow_loop_lag_seconds_count")
        until(lambda: Scrape(flow, process).value("dataflow_loop_lag_seconds_count") > lags, "another look at the clock")


def test_a_process_that_can_not_serve_is_scraped_all_the_same(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.start_connectord(), flow.start_cached(), flow.start_gateway()
    for process in PROCESSES[:2]:
        until(lambda: get(f"http://{flow.address(process)}/health")[0] == 200, f"{process} to listen")
    assert Scrape(flow, "connectord_http").value("dataflow_source_connected", SOURCE) == 0
    assert Scrape(flow, "connectord_http").value("dataflow_ready") == 0
    wait_value(flow, "cached_http", 1, "dataflow_ready")
    flow.processes["cached"].kill()
    wait_value(flow, "gateway0", 0, "dataflow_gateway_history_up")
    wait_value(flow, "gateway0", 0, "dataflow_ready")


@pytest.mark.parametrize("process", PROCESSES)
def test_metrics_are_read_and_not_written(flow, process):
    url = f"http://{flow.address(process)}/metrics"
    assert get(url, "POST", b"x")[0] == 405
    with urllib.request.urlopen(url) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert get(url, "HEAD") == (200, "")
