"""Data Flow's processes and the load generators, as the rows of the benchmark want them."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import time

from peers import BIN, certificate, folder
from pipeline import Pipeline, get, until

PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid):
    """Of all its threads; ns are what the scheduler counts in."""
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def resident_kib(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1024


@contextlib.contextmanager
def pipeline(**settings):
    """The configuration, with the names that sample.h has; nothing is started yet."""
    with folder() as where:
        flow = Pipeline(where, symbols=[f"S{i:04}-USD" for i in range(settings.pop("symbols", 1))], name="bench")
        flow.config["log"]["level"] = "warn"
        flow.config["gatewayd"].update({"clients": 20000, "clients_per_address": 20000, "ring_bytes": 1 << 20}, **settings)
        try:
            yield flow
        finally:
            flow.stop()


def pid(flow, name):
    return flow.processes[name].popen.pid


def wait_for_source(flow, gateway="gateway0"):
    """The gateway has heard what is offered."""
    up = 'dataflow_gateway_source_up{source="bench"} 1'
    until(lambda: up in get(f"http://{flow.address(gateway)}/metrics")[1], "the gateway to hear the source")


def exchange_tls(flow, scheme, path="/ws"):
    """What the simulator is to be told of it; with wss the source trusts the simulator's certificate."""
    flow.source["url"] = f"{scheme}://localhost:{flow.port['simulator']}{path}"
    if scheme == "ws":
        return []
    flow.source["ca"], key = certificate(flow.directory, "localhost", "exchange")
    return ["--tls", f"{flow.source['ca']},{key}"]


def start_gateway(flow, name, *listen):
    """One that listens at several addresses, by now; /metrics is at the first."""
    flow.config["gatewayd"]["listen"] = [flow.address(name), *listen]
    flow.start(name, ["--config", str(flow.write_config())], program="gatewayd")
    until(lambda: get(f"http://{flow.address(name)}/health")[0] == 200, f"{name} to listen")


def start_secure(flow):
    """gateway0, which listens under TLS, too: that address."""
    made, key = certificate(flow.directory, "localhost")
    start_gateway(flow, "gateway0", {"address": flow.address("gateway1"), "tls": {"certificate": made, "key": key}})
    return flow.address("gateway1")


def clients(flow, gateway):
    """How many it has."""
    return int(re.search(r"^dataflow_gateway_clients (\d+)$", get(f"http://{flow.address(gateway)}/metrics")[1], re.M)[1])


def bus_load(flow, protocol="dataflow", publisher="bus", address=None):
    return ["--protocol", protocol, "--address", address or flow.address("gateway0"), "--publisher", publisher, "--publish", flow.bus,
            "--replay", flow.replay]


class FanLoad:
    """fan-load, step by step: open, subscribed, measured."""

    def __init__(self, where, watch=(), **options):
        more = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        watched = ["--watch", ",".join(map(str, watch))] if watch else []
        self.watch, self.open_cpu = watch, 0.0
        self.popen = subprocess.Popen([BIN / "fan-load", *where, *more, *watched], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.stdin.close()
        self.popen.wait()
        self.popen.stdout.close()

    def hear(self):
        line = self.popen.stdout.readline()
        assert line, f"fan-load ended with {self.popen.wait()}"
        return json.loads(line)

    def go_on(self):
        self.popen.stdin.write("\n")
        self.popen.stdin.flush()

    def watched_cpu(self):
        return sum(map(cpu_seconds, self.watch))

    def measured(self, when_open=lambda: None):
        self.hear()
        when_open()
        before = self.watched_cpu()
        self.go_on()
        self.hear()
        self.open_cpu = self.watched_cpu() - before  # while the clients connect and subscribe
        self.go_on()
        return self.hear()


def fan_figures(told):
    """What the rows show of a run of fan-load."""
    frames, cpu = max(told["frames"], 1), sum(told["cpu"].values())
    return {"per_s": told["frames"] / told["seconds"], "cpu_us": 1e6 * cpu / frames, "cores": cpu / told["seconds"],
            "load_cores": told["load_cpu"] / told["seconds"], "p50_us": told["latency"]["p50_us"], "p99_us": told["latency"]["p99_us"],
            "holes": told["lost"] + told["disorder"] + told["gaps"] + told["ended"],
            "wrong": told["missing"] + told["lost"] + told["disorder"] + told["gaps"] + told["ended"], "frame_bytes": told["frame_bytes"],
            "wire_bytes": told["bytes"] / frames, "told": told}


def ask(kind, address, request, clients, seconds, watched):
    ended = subprocess.run([BIN / "ask-load", kind, address, request, str(clients), str(seconds), str(watched)], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    return {"per_s": told["answers"] / told["seconds"], "cpu_us": 1e6 * told["cpu"] / max(told["answers"], 1), "p50_us": told["p50_us"],
            "p99_us": told["p99_us"], "load_cores": told["load_cpu"] / told["seconds"], "cores": told["cpu"] / told["seconds"],
            "answer_bytes": told["answer_bytes"], "told": told}


def handshakes(address, how, version, at_once, seconds, watched):
    """how, version: of stream.h."""
    ended = subprocess.run([BIN / "handshake-load", address, how, str(version), str(at_once), str(seconds), str(watched)], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    resumed = told["handshakes"] if how == "tickets" else 0
    # Both are counted while it goes on, one behind the other.
    assert abs(told["resumed"] - resumed) <= at_once, f"expected {resumed} to resume, found {told['resumed']}"
    return {"per_s": told["handshakes"] / told["seconds"], "cpu_us": 1e6 * told["cpu"] / max(told["handshakes"], 1), "p50_us": told["p50_us"],
            "p99_us": told["p99_us"], "load_cores": told["load_cpu"] / told["seconds"], "cores": told["cpu"] / told["seconds"], "told": told}


def baseline(*arguments):
    told = json.loads(subprocess.run([BIN / "baseline", *map(str, arguments)], capture_output=True, text=True, check=True).stdout)
    return {"per_s": told["count"] / told["seconds"], "cpu_us": 1e6 * told["cpu"] / told["count"], "told": told}


def started_in_ms(start, url):
    """From the moment at which a process is started until it says that it serves."""
    begin = time.monotonic()
    start()
    deadline = begin + 60
    while get(url)[0] != 200:
        assert time.monotonic() < deadline, f"{url} never served"
    return 1e3 * (time.monotonic() - begin)
