"""Processes under a supervisor: what systemd and runit are told, how they restart, what SIGHUP changes, what make install puts where."""

import asyncio
import json
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest
from clients import Client, RpcError
from pipeline import BIN, PATIENCE, ROOT, SANITIZED, free_ports, get, until

EXPOSURE_MAX = 2.0
START_S = 3
PROGRAMS = {"connectord": "connectord_http", "cached": "cached_http", "gateway0": "gateway0"}
# What systemd before 254 does not know, and says so.
TOO_NEW = re.compile(r"Unknown key( name)? '(RestartSteps|RestartMaxDelaySec)'")


def start(flow, name, **environment):
    """One of PROGRAMS."""
    path = flow.directory / "dataflow.json"
    path.write_text(json.dumps(flow.config))
    return flow.start(name, ["--config", str(path)], environment, program="gatewayd" if name == "gateway0" else name)


# --- make install ---


def make(target, **variables):
    """Runs a target as it is, without building anything."""
    done = subprocess.run(["make", "-s", "-o", "all", target, *(f"{k}={v}" for k, v in variables.items())], cwd=ROOT,
                          capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr


def files(directory):
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir()}


@pytest.mark.skipif(SANITIZED, reason="what is installed is the plain build")
def test_install_honours_destdir_and_prefix_and_uninstall_takes_away_exactly_that(tmp_path):
    foreign = ["opt/flow/bin/foreign", "opt/flow/share/dataflow/foreign", "opt/flow/lib/systemd/system/foreign.service"]
    for name in foreign:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("somebody else's")
    make("install", DESTDIR=tmp_path, PREFIX="/opt/flow")
    installed = files(tmp_path) - set(foreign)
    for name in ["bin/connectord", "bin/cached", "bin/gatewayd", "bin/dataflow", "bin/store-import", "bin/source-try", "etc/dataflow/dataflow.json",
                 "lib/systemd/system/connectord.service", "lib/systemd/system/cached.service",
                 "lib/systemd/system/gatewayd@.service", "lib/systemd/system/dataflow.target", "share/dataflow/runit/finish",
                 "share/dataflow/runit/gatewayd@1/run", "share/dataflow/runit/gatewayd@2/run", "share/doc/dataflow/bus.md"]:
        assert f"opt/flow/{name}" in installed
    for name in installed:
        if "systemd" in name or name.endswith("runit/settings"):
            assert "/usr/local" not in (tmp_path / name).read_text(), name
    for name in ("dataflow", "dataflow-export", "dataflow-import"):
        subprocess.run([tmp_path / "opt/flow/bin" / name, "--help"], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
    assert "ExecStart=/opt/flow/bin/cached --config /opt/flow/etc/dataflow/dataflow.json" in \
        (tmp_path / "opt/flow/lib/systemd/system/cached.service").read_text()
    make("uninstall", DESTDIR=tmp_path, PREFIX="/opt/flow")
    assert files(tmp_path) == set(foreign)


@pytest.mark.skipif(SANITIZED, reason="what is installed is the plain build")
def test_a_configuration_that_was_changed_survives_installing_and_uninstalling(tmp_path):
    configuration = tmp_path / "etc/dataflow/dataflow.json"
    make("install", DESTDIR=tmp_path, PREFIX="/usr")
    configuration.write_text("{}")
    make("install", DESTDIR=tmp_path, PREFIX="/usr")
    assert configuration.read_text() == "{}"
    make("uninstall", DESTDIR=tmp_path, PREFIX="/usr")
    assert files(tmp_path) == {"etc/dataflow/dataflow.json"}


@pytest.mark.parametrize("program", ["connectord", "cached", "gatewayd"])
@pytest.mark.parametrize("name", ["dataflow.json", "demo.json", "exchanges.json"])
def test_the_configurations_have_no_mistakes(program, name):
    done = subprocess.run([BIN / program, "--config", ROOT / "deploy" / name, "--check"], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")


# --- systemd ---


@pytest.fixture
def units(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    make("install", PREFIX=tmp_path)
    return sorted((tmp_path / "lib/systemd/system").glob("*"))


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", "--no-pager", *map(str, arguments)], capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(SANITIZED, reason="what is installed is the plain build")
def test_systemd_finds_nothing_wrong_with_the_units(units):
    verified = analyze("verify", *units)
    complaints = [line for line in verified.stderr.splitlines() if not TOO_NEW.search(line)]
    assert (verified.returncode, complaints) == (0, [])


@pytest.mark.skipif(SANITIZED, reason="what is installed is the plain build")
def test_the_units_are_exposed_to_less_than_two(units):
    for unit in units:
        if unit.suffix != ".service":
            continue
        told = analyze("security", "--offline=true", unit).stdout
        exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)
        assert exposure and float(exposure[1]) < EXPOSURE_MAX, f"{unit.name}: {told[-200:]}"


def system_calls(name):
    """Those of a set of systemd's, with the sets in it."""
    lines = [line.strip() for line in analyze("syscall-filter", name).stdout.splitlines()[1:]]
    calls = {line for line in lines if line and line[0] not in "@#"}
    return calls.union(*(system_calls(line) for line in lines if line.startswith("@")))


@pytest.mark.skipif(SANITIZED, reason="the sanitizers make system calls of their own")
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_units_allow_what_the_processes_do(pipeline, units, tmp_path, name):
    unit = next(u.read_text() for u in units if u.name.startswith(name.replace("0", "d")))
    assert re.findall("^SystemCallFilter=(.*)", unit, re.M) == ["@system-service", "~@privileged"]
    flow = pipeline(wrapper=["strace", "-D", "-f", "-qq", "-o", tmp_path / "calls"])
    process = start(flow, name)
    until(lambda: get(f"http://{flow.address(PROGRAMS[name])}/health")[0] == 200, f"{name} to listen")
    assert process.stop() == 0
    calls = (tmp_path / "calls").read_text()
    made = set(re.findall(r"^\d+ +(\w+)\(", calls, re.M))
    assert len(made) > 20
    assert made <= (system_calls("@system-service") | system_calls("@default")) - system_calls("@privileged")
    families = re.search("^RestrictAddressFamilies=(.*)", unit, re.M)[1].split()
    assert set(re.findall(r" socket\((AF_\w+)", calls)) <= set(families)


class Supervisor:
    """systemd's end of NOTIFY_SOCKET: what each process says, in order."""

    def __init__(self, directory):
        self.path = str(directory / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def next(self):
        return self.socket.recv(4096).decode().splitlines()[0]

    def next_but_watchdog(self):
        while (state := self.next()) == "WATCHDOG=1":
            pass
        return state

    def silent(self):
        self.socket.setblocking(False)
        try:
            return not self.socket.recv(4096)
        except BlockingIOError:
            return True


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_process_says_when_it_serves_that_it_lives_and_when_it_ends(pipeline, name):
    flow = pipeline()
    with Supervisor(flow.directory) as supervisor:
        before = time.monotonic()
        process = start(flow, name, NOTIFY_SOCKET=supervisor.path, WATCHDOG_USEC="200000")
        assert supervisor.next() == "READY=1"
        assert get(f"http://{flow.address(PROGRAMS[name])}/health")[0] == 200, "bound by then"
        assert [supervisor.next() for _ in range(5)] == ["WATCHDOG=1"] * 5
        assert time.monotonic() - before > 0.4, "at half the watchdog's time, not all the time"
        process.popen.send_signal(signal.SIGHUP)
        assert supervisor.next_but_watchdog() == "RELOADING=1"
        assert supervisor.next_but_watchdog() == "READY=1"
        process.popen.send_signal(signal.SIGTERM)
        assert supervisor.next_but_watchdog() == "STOPPING=1"
        assert process.popen.wait(PATIENCE) == 0


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_process_that_can_not_bind_never_says_that_it_is_ready(pipeline, name, tmp_path):
    flow = pipeline()
    with Supervisor(tmp_path) as supervisor, socket.socket() as occupant:
        occupant.bind(("127.0.0.1", flow.port[PROGRAMS[name]]))
        occupant.listen()
        process = start(flow, name, NOTIFY_SOCKET=supervisor.path)
        assert process.popen.wait(PATIENCE) == 1
        assert supervisor.silent()
        del flow.processes[name]  # it was to fail


# --- runit ---


@pytest.fixture
def services(tmp_path):
    """A copy of the services with settings of the test's own, and runsv for those it names."""
    if not shutil.which("runsv"):
        pytest.skip("runit is not installed")
    directory, running = tmp_path / "service", []
    shutil.copytree(ROOT / "deploy/runit", directory, symlinks=True)

    def run(name, **settings):
        values = {"BIN": BIN, "CONFIG": tmp_path / "dataflow.json", "DIRECTORY": tmp_path, "LOGS": tmp_path / "log", "ACCOUNT": "",
                  "GATEWAY": "127.0.0.1:8080", **settings}
        (directory / "settings").write_text("".join(f"{key}='{value}'\n" for key, value in values.items()))
        running.append(subprocess.Popen(["runsv", directory / name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    run.directory = directory
    yield run
    for one in running:
        one.send_signal(signal.SIGTERM)  # runsv ends its service, and itself
    for one in running:
        one.wait(PATIENCE)


def test_a_process_that_dies_at_once_is_started_again_after_1_2_4_seconds(services, tmp_path):
    died = tmp_path / "connectord"
    died.write_text(f"#!/bin/sh\ndate +%s.%N >> {tmp_path}/starts\nexit 1\n")
    died.chmod(0o755)
    services("connectord", BIN=tmp_path)
    starts = until(lambda: (lines := (tmp_path / "starts").read_text().split() if (tmp_path / "starts").exists() else [])[3:] and lines,
                   "four starts")
    waits = [float(b) - float(a) for a, b in zip(starts, starts[1:4])]
    for wait, wanted in zip(waits, [1, 2, 4]):  # a shell and its children take a while to start on a machine that has much to do
        assert wanted <= wait < wanted + START_S, f"waited {waits}, expected 1, 2, 4 s"
    log = tmp_path / "log/connectord/current"
    told = until(lambda: (found := re.findall(r"starts again in (\d+) s", log.read_text()))[2:] and found, "three lines in its log")
    assert told[:3] == ["1", "2", "4"]


def test_a_service_that_lived_for_a_minute_starts_afresh(services, tmp_path):
    """finish is run as runit runs it, with a record of failures as it would be then."""
    service = services.directory / "connectord"
    (service / "supervise").mkdir()
    (service / "supervise/stat").write_text("down, want down")  # so that it doesn't wait longer than a second

    def waits(count, seconds_ago):
        (service / "failures").write_text(f"{count} {int(time.time()) - seconds_ago}\n")
        done = subprocess.run(["./finish", "1", "0"], cwd=service, capture_output=True, text=True, timeout=PATIENCE)
        return int(re.search(r"starts again in (\d+) s", done.stdout)[1])

    assert waits(3, seconds_ago=30) == 8
    assert waits(9, seconds_ago=30) == 30
    assert waits(9, seconds_ago=61) == 1


def test_a_gateway_more_is_a_copy_of_the_directory_and_listens_one_port_above(services, pipeline, tmp_path):
    flow = pipeline()
    (tmp_path / "dataflow.json").write_text(json.dumps(flow.config))
    shutil.copytree(services.directory / "gatewayd@1", services.directory / "gatewayd@3", symlinks=True)
    free = set(free_ports(200))
    port = next(p for p in sorted(free) if {p + 1, p + 2} <= free)
    for number in (1, 2, 3):
        services(f"gatewayd@{number}", GATEWAY=f"127.0.0.1:{port}")
    for number in (1, 2, 3):
        until(lambda: get(f"http://127.0.0.1:{port + number - 1}/health")[0] == 200, f"gateway number {number} to listen")
    log = tmp_path / "log/gatewayd@3/current"
    until(lambda: log.exists() and f"127.0.0.1:{port + 2}" in log.read_text(), "its log")


# --- SIGHUP ---


def reload(flow, process, **sections):
    """Changes the configuration's file and has the process reload it."""
    for section, keys in sections.items():
        flow.config[section].update(keys)
    (flow.directory / "dataflow.json").write_text(json.dumps(flow.config))
    process.popen.send_signal(signal.SIGHUP)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_log_level_changes_while_the_process_runs(pipeline, name):
    flow = pipeline()
    process = start(flow, name)
    until(lambda: get(f"http://{flow.address(PROGRAMS[name])}/health")[0] == 200, f"{name} to listen")
    reload(flow, process, log={"level": "error"})
    process.wait_for_line("config: changed key=log.level")
    reload(flow, process, log={"level": "info"})
    until(lambda: sum("config: changed key=log.level" in line for line in process.lines) == 2, "the change back")
    assert process.stop() == 0
    assert "loop: stopping" in process.log(), "at level info again"


def test_the_gateways_limits_change_for_clients_that_are_there(pipeline):
    flow = pipeline()
    flow.config["gatewayd"].update(subscriptions=1, clients=10)
    flow.start_all("--symbols", "BTC-USD,ETH-USD", "--rate", 100)
    gateway = flow.processes["gateway0"]

    async def talk():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            with pytest.raises(RpcError, match="at most 1"):
                await client.subscribe("ETH-USD")
            reload(flow, gateway, gatewayd={"subscriptions": 2, "clients": 1, "slow": "disconnect"})
            for key in ("subscriptions", "clients", "slow"):
                gateway.wait_for_line(f"config: changed key=gatewayd.{key}")
            assert (await client.subscribe("ETH-USD"))["event"] == "subscribed"
            status = await asyncio.to_thread(refused, flow)
            assert status == 503, "one client is as many as there may be"
            before = len(client.trades)
            await client.until(lambda: len(client.trades) > before, "trades for the one that is there")

    asyncio.run(talk())
    assert "needs a restart" not in gateway.log()


def refused(flow):
    """The status with which a WebSocket is refused."""
    with socket.create_connection(("127.0.0.1", flow.port["gateway0"]), PATIENCE) as s:
        s.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                  b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        return int(s.recv(4096).split()[1])


def test_what_can_not_change_is_named_until_it_is_as_it_was(pipeline):
    flow = pipeline()
    flow.config["gatewayd"].update(clients=10)
    process = start(flow, "gateway0")
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway to listen")
    restart = lambda key: sum(f"config: needs a restart key=gatewayd.{key}" in line for line in process.lines)
    reload(flow, process, gatewayd={"ring_bytes": 65536, "clients": 11})
    until(lambda: restart("ring_bytes") == 1 and restart("clients") == 1, "both to be named")
    reload(flow, process, cached={"trades": 5})
    until(lambda: restart("ring_bytes") == 2, "it to be named again")
    assert "cached.trades" not in process.log(), "not this process's concern"
    reload(flow, process, gatewayd={"ring_bytes": 8 << 20, "clients": 9})
    process.wait_for_line("config: changed key=gatewayd.clients")
    assert (restart("ring_bytes"), restart("clients")) == (2, 2)


def test_a_source_that_changed_is_named_to_the_key(pipeline):
    flow = pipeline()
    process = start(flow, "connectord")
    until(lambda: get(f"http://{flow.address('connectord_http')}/health")[0] == 200, "connectord to listen")
    flow.source["symbols"] = ["BTC-USD"]
    reload(flow, process, connectord={"publish_queue": 5000})
    process.wait_for_line(r"config: changed key=connectord\.sources\.0\.symbols$")
    process.wait_for_line(r"config: needs a restart key=connectord\.publish_queue$")
    reload(flow, process, connectord={"sources": []})
    process.wait_for_line(r"config: changed key=connectord\.sources$")
    assert "needs a restart key=connectord.sources" not in process.log()


@pytest.mark.parametrize("format", ["human", "json"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_broken_configuration_changes_nothing_and_is_explained(pipeline, name, format):
    flow = pipeline()
    flow.config["log"]["format"] = format
    process = start(flow, name)
    until(lambda: get(f"http://{flow.address(PROGRAMS[name])}/health")[0] == 200, f"{name} to listen")
    for number, (broken, found) in enumerate([('{"log": ', "dataflow.json:1:.*expected JSON"),
                                              ('{"log": {"level": "loud"}}', "log.level: expected one of .*, found .*loud")], 1):
        (flow.directory / "dataflow.json").write_text(broken)
        process.popen.send_signal(signal.SIGHUP)
        process.wait_for_line(f"config: mistake.*{found}")
        until(lambda: sum("config: unchanged" in line for line in process.lines) == number, "it to say so")
    assert get(f"http://{flow.address(PROGRAMS[name])}/health")[0] == 200
    if format == "json":
        assert all(json.loads(line)["program"] for line in process.lines)
