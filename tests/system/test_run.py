"""What a stranger types first: scripts/run, as `make run` calls it, in a folder of its own and on private ports."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import threading
from urllib.parse import urlsplit

import pytest
from clients import Client, RpcError, assert_once_and_in_order
from pipeline import BIN, PATIENCE, ROOT, Pipeline, free_ports, get, until

SYMBOL = "BTC-USD"


def as_under_nohup():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


class Run:
    """The folder of a clone in which all has been built, and scripts/run in it. What it prints is kept in `text`."""

    def __init__(self, folder, sources=None):
        self.folder, self.text, self.popen = folder, "", None
        for name in ("scripts", "deploy"):
            shutil.copytree(ROOT / name, folder / name, symlinks=True)
        (folder / "build/web").mkdir(parents=True)
        (folder / "build/bin").symlink_to(BIN)
        self.charts = folder / "build/web/charts.js"
        self.charts.write_text("// there\n")
        config = Pipeline(folder).config
        free = set(free_ports(100))
        config["connectord"]["sources"] = sources or config["connectord"]["sources"]
        config["gatewayd"]["listen"] = f"127.0.0.1:{next(port for port in sorted(free) if port + 1 in free)}"
        (folder / "own.json").write_text(json.dumps(config))

    def start(self):
        environment = {**os.environ, "DATAFLOW_CONFIG": str(self.folder / "own.json")}
        self.popen = subprocess.Popen([self.folder / "scripts/run"], cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, errors="replace", preexec_fn=as_under_nohup)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.popen.stdout:
            self.text += line

    def until_says(self, pattern):
        return until(lambda: re.search(pattern, self.text), f"{pattern!r} in {self.text[-2000:]!r}")

    def pid(self, service):
        path = self.folder / "build/run/service" / service / "supervise/pid"
        return int(until(path.read_text, f"{service} to run"))  # it is empty between two lives

    def stop(self, how=signal.SIGINT):
        self.popen.send_signal(how)
        return self.ended()

    def ended(self):
        code = self.popen.wait(4 * PATIENCE)  # it stops five services, one after the other
        self.reader.join(PATIENCE)
        assert not self.reader.is_alive(), "somebody whom it started still holds its output"
        return code


@pytest.fixture
def run_with(tmp_path):
    if not shutil.which("runsvdir"):
        pytest.skip("runit is not installed")
    runs = []

    def with_sources(sources=None):
        runs.append(Run(tmp_path, sources))
        return runs[-1]

    yield with_sources
    for run in runs:
        if run.popen and run.popen.poll() is None:
            run.stop(signal.SIGTERM)


@pytest.fixture
def run(run_with):
    return run_with()


def demo_sources():
    """Those of deploy/demo.json, on ports of the test's own."""
    text = (ROOT / "deploy/demo.json").read_text()
    sources = json.loads(text)["connectord"]["sources"]
    old = sorted({urlsplit(source["url"]).port for source in sources})
    for port, own in zip(old, free_ports(len(old))):
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{own}")
    return json.loads(text)["connectord"]["sources"]


SERVICES = ["exchange-simulator@blockchain", "connectord", "cached", "gatewayd@1", "gatewayd@2"]


def lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_printed_addresses_serve_trades_while_processes_are_killed_and_ctrl_c_ends_them_all(run):
    run.start()
    page = run.until_says(r"page +(http://\S+)")[1]
    gateways = run.until_says(r"gateway +(ws://\S+) .*\n +(ws://\S+)")
    run.until_says(r"Stop: +Ctrl-C")
    assert "<html" in get(page)[1]

    async def watch():
        async with Client(gateways[1]) as client, Client(gateways[2]) as other:
            for one in (client, other):
                await one.subscribe(SYMBOL)
                await one.until(lambda one=one: len(one.trades) > 3, "trades")
            for name in ("cached", "connectord"):
                killed = run.pid(name)
                os.kill(killed, signal.SIGKILL)
                until(lambda: run.pid(name) != killed, f"{name} to be started again")
                before = len(client.trades)
                await client.until(lambda: len(client.trades) > before + 3, f"trades after {name} was killed")
            assert_once_and_in_order(client.trades)
            assert not [gap for gap in client.of("trades.gap") if "upstream" not in gap]  # its exchange can't be asked for the past

    asyncio.run(watch())
    pids = [run.pid(service) for service in SERVICES]
    assert run.stop() == 0
    assert not [pid for pid in pids if lives(pid)]
    assert "Stopping." in run.text and "had to be killed" not in run.text


async def subscribe_when_offered(client, **what):
    """A key is offered from its first record on."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await client.call("subscribe", **what)
            except RpcError:
                await asyncio.sleep(0.1)


def test_two_exchanges_and_a_plant_are_simulated_and_what_a_kill_missed_is_fetched(run_with):
    run = run_with(demo_sources())
    run.start()
    url = run.until_says(r"gateway +(ws://\S+)")[1]
    run.until_says(r"exchanges coinbase at ws://\S+, kraken at ws://\S+, plant at ws://\S+, simulated\n")

    async def watch():
        async with Client(url) as client:
            await client.subscribe(SYMBOL)
            await subscribe_when_offered(client, channel="readings", symbol="boiler-1")
            ids = lambda source: [int(trade["tradeId"]) for trade in client.trades if trade["source"] == source]
            await client.until(lambda: min(len(ids("coinbase")), len(ids("kraken"))) > 3 and client.of("readings.update"), "trades and readings")
            for name in ("connectord", "exchange-simulator@kraken", "exchange-simulator@coinbase"):
                killed = await asyncio.to_thread(run.pid, name)
                os.kill(killed, signal.SIGKILL)
                await asyncio.to_thread(until, lambda killed=killed, name=name: run.pid(name) != killed, f"{name} to be started again")
                before = {source: len(ids(source)) for source in ("coinbase", "kraken")}
                await client.until(lambda: all(len(ids(source)) > count + 5 for source, count in before.items()), f"trades after {name} was killed")
            for source in ("coinbase", "kraken"):
                assert ids(source) == list(range(ids(source)[0], ids(source)[-1] + 1)), source
            assert not client.of("trades.gap")
            last = {trade["source"]: float(trade["price"]) for trade in client.trades}
            assert abs(last["coinbase"] / last["kraken"] - 1) < 0.003, "what is the same is worth the same"
            told = await client.call("getCoverage", symbol=SYMBOL, count=1000)
            assert {one["source"] for one in told["coverage"] if one["state"] == "backfilled"} == {"coinbase", "kraken"}
            assert not [one for one in told["coverage"] if one["state"] in ("hole", "short")]

    asyncio.run(watch())
    services = [f"exchange-simulator@{name}" for name in ("coinbase", "kraken", "plant")]
    pids = [run.pid(service) for service in services]
    assert run.stop() == 0
    assert not [pid for pid in pids if lives(pid)]
    assert sorted(path.name for path in (run.folder / "state").glob("exchange-*")) == [f"{service}.ndjson" for service in services]


def test_a_second_one_leaves_the_first_alone_and_says_how_to_stop_it(run):
    run.start()
    run.until_says(r"Stop: +Ctrl-C")
    second = subprocess.run([run.folder / "scripts/run"], capture_output=True, text=True, timeout=PATIENCE,
                            env={**os.environ, "DATAFLOW_CONFIG": str(run.folder / "own.json")})
    told = re.search(r"already running here; to stop it: (kill -HUP \d+)", second.stderr)
    assert second.returncode == 1 and told
    pids = [run.pid(service) for service in SERVICES]
    assert all(map(lives, pids))
    subprocess.run(told[1].split(), check=True)
    run.ended()
    assert not [pid for pid in pids if lives(pid)]
    assert "had to be killed" not in run.text and "have not ended yet" not in run.text


def test_without_npm_all_runs_and_the_gateways_are_started_anew_when_the_chart_is_there(run):
    """The installation is the test's: it ends when the test says so."""
    run.charts.write_text("")
    (run.folder / "Makefile").write_text("all:\n\t@echo made >build/web/charts.js\n")
    (run.folder / "scripts/setup").write_text('#!/bin/sh\n[ "$1" = chart ] || exit 2\ntouch asked\nuntil [ -e go ]; do sleep 0.05; done\n')
    run.start()
    run.until_says("npm is being installed")
    until((run.folder / "asked").exists, "the installation to begin")
    before = [run.pid("gatewayd@1"), run.pid("gatewayd@2")]
    assert get(run.until_says(r"page +(http://\S+)")[1])[0] == 200
    (run.folder / "go").touch()
    run.until_says("The page has its chart now.")
    assert run.charts.read_text() == "made\n"
    assert not set(before) & {run.pid("gatewayd@1"), run.pid("gatewayd@2")}
    assert run.stop() == 0


def test_an_installation_that_fails_leaves_the_page_without_its_chart_and_says_where_to_look(run):
    run.charts.write_text("")
    (run.folder / "scripts/setup").write_text("#!/bin/sh\necho no network\nexit 1\n")
    run.start()
    run.until_says("the page has no chart: build/run/chart.log says why")
    assert "no network" in (run.folder / "build/run/chart.log").read_text()
    assert all(lives(run.pid(service)) for service in SERVICES)
    assert run.stop() == 0
