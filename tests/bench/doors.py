"""The rows of the benchmark on how clients come in: under TLS, through a proxy, to gateways that share a port, and what one costs that only stays."""

import contextlib
import re
import subprocess
import threading

import ours
import peers
from pipeline import until

PAUSE = threading.Event()  # never set
AT_ONCE = 8                # handshakes
FIRST = 50                 # clients
FRAME_BYTES = 340


# --- fan-out under TLS ---

@contextlib.contextmanager
def plain(flow):
    """Where clients find the gateway, whose CPU counts, and what else fan-load is told."""
    flow.start_gateway()
    yield flow.address("gateway0"), [ours.pid(flow, "gateway0")], {}


@contextlib.contextmanager
def secure(flow):
    yield ours.start_secure(flow), [ours.pid(flow, "gateway0")], {"tls": "full"}


@contextlib.contextmanager
def behind_nginx(flow):
    flow.start_gateway()
    with peers.nginx_with_tls(peers.passes_on(flow.address("gateway0"))) as (address, front):
        yield address, [ours.pid(flow, "gateway0"), front], {"tls": "full"}


def figures(load, pids, when_open=lambda: None):
    """The last of the pids is a proxy's, where there are two."""
    told = ours.fan_figures(load.measured(when_open))
    if len(pids) > 1:
        told["proxy_us"] = 1e6 * told["told"]["cpu"][str(pids[-1])] / max(told["told"]["frames"], 1)
    return told


def fan_gateway(through, **options):
    def measure(seconds, quick):
        with ours.pipeline() as flow, through(flow) as (address, pids, more):
            with ours.FanLoad(ours.bus_load(flow, address=address), pids, seconds=seconds, settle=1, drain=2 if quick else 6, **more, **options) as load:
                return figures(load, pids, lambda: ours.wait_for_source(flow))
    return measure


def fan_node(**options):
    def measure(seconds, quick):
        with peers.node_behind_nginx() as server:
            pids = [server.pid, server.front]
            with ours.FanLoad(server.load, pids, seconds=seconds, settle=1, drain=2 if quick else 6, tls="full", **options) as load:
                return figures(load, pids)
    return measure


def sealing(seconds, quick):
    """What it takes OpenSSL alone to seal as many frames, 16 KiB at a time."""
    told = subprocess.run(["openssl", "speed", "-mr", "-seconds", "1", "-bytes", "16384", "-evp", "aes-128-gcm"], capture_output=True, text=True, check=True)
    per_s = float(re.search(r"^\+F:.*:([0-9.]+)$", told.stdout, re.M)[1]) / FRAME_BYTES
    return {"per_s": per_s, "cpu_us": 1e6 / per_s}


def doors(**options):
    return {"gatewayd": fan_gateway(plain, **options), "gatewayd, TLS": fan_gateway(secure, **options),
            "nginx, gatewayd": fan_gateway(behind_nginx, **options), "nginx, Node ws": fan_node(**options)}


# --- handshakes ---

@contextlib.contextmanager
def gatewayd():
    """(address, pid)."""
    with ours.pipeline() as flow:
        yield ours.start_secure(flow), ours.pid(flow, "gateway0")


def nginx():
    return peers.nginx_with_tls("return 204;")


def shaking(server, how, version):
    def measure(seconds, quick):
        with server() as (address, pid):
            return ours.handshakes(address, how, version, AT_ONCE, seconds, pid)
    return measure


# --- who only stays ---

@contextlib.contextmanager
def staying(flow, address, clients, more):
    """They have subscribed, and get nothing."""
    with ours.FanLoad(ours.bus_load(flow, address=address), clients=clients, seconds=0, **more) as load:
        load.hear()
        ours.wait_for_source(flow)
        load.go_on()
        load.hear()
        yield


def idle(through, clients):
    """Some have come and gone before: what they are the first to need, the code of libraries above all, is not what a client costs."""
    def measure(seconds, quick):
        with ours.pipeline() as flow, through(flow) as (address, (pid,), more):
            with staying(flow, address, FIRST, more):
                pass
            until(lambda: ours.clients(flow, "gateway0") == 0, "those to be gone")
            before = ours.resident_kib(pid)
            with staying(flow, address, clients, more):
                cpu = ours.cpu_seconds(pid)
                PAUSE.wait(seconds)
                return {"kib_each": (ours.resident_kib(pid) - before) / clients, "mib_before": before / 1024,
                        "cores": (ours.cpu_seconds(pid) - cpu) / seconds}
    return measure


# --- one port for several ---

def sharing(count, **options):
    """Each gateway has an address of its own, too, at which it is asked how many clients it got."""
    def measure(seconds, quick):
        with ours.pipeline() as flow:
            names, address = [f"gateway{i}" for i in range(count)], f"127.0.0.1:{peers.free_ports(1)[0]}"
            for name in names:
                ours.start_gateway(flow, name, {"address": address, "share": True})
            pids = [ours.pid(flow, name) for name in names]
            with ours.FanLoad(ours.bus_load(flow, address=address), pids, seconds=seconds, settle=1, drain=2 if quick else 6, **options) as load:
                told = ours.fan_figures(load.measured(lambda: [ours.wait_for_source(flow, name) for name in names]))
                return {**told, "least": min(ours.clients(flow, name) for name in names) / options["clients"]}
    return measure


def rows(row, quick):
    """row: of rows.py."""
    crowd, some, idlers = (500, 200, 2000) if quick else (5000, 1000, 10000)
    late = lambda m, name: m[name]["p99_us"] or float("inf")  # 0: nothing came in time
    of = lambda figure, name, to: (lambda m: m[name][figure] / m[to][figure] if m[to][figure] else float("inf"))
    return [
        row("fan-out over TLS, 100 clients, as fast as it goes", "frames/s", {**doors(clients=100), "AES-128-GCM alone": sealing}, [
            ("CPU at most 1.5 times that without TLS and sealing alone",
             lambda m: m["gatewayd, TLS"]["cpu_us"] / (m["gatewayd"]["cpu_us"] + m["AES-128-GCM alone"]["cpu_us"]), "<=", 1.5),
            ("at least half of what it is without TLS", of("per_s", "gatewayd, TLS", "gatewayd"), ">=", 0.5),
            ("faster than behind nginx", of("per_s", "gatewayd, TLS", "nginx, gatewayd"), ">=", 1),
            ("10 times Node ws behind nginx", of("per_s", "gatewayd, TLS", "nginx, Node ws"), ">=", 10),
            ("nobody was left a hole", lambda m: m["gatewayd, TLS"]["holes"], "<=", 0)]),
        row(f"fan-out over TLS, {crowd:,} clients, 250 trades/s", "frames/s", doors(clients=crowd, rate=250), [
            ("every client gets every trade", lambda m: m["gatewayd, TLS"]["wrong"], "<=", 0),
            ("CPU a frame less than behind nginx", of("cpu_us", "gatewayd, TLS", "nginx, gatewayd"), "<=", 1),
            ("p99 at most half of Node ws's behind nginx", lambda m: late(m, "gatewayd, TLS") / late(m, "nginx, Node ws"), "<=", 0.5)]),
        *(row(f"TLS 1.{version - 10} handshakes, {AT_ONCE} at once", "a second",
              {f"{name}, {title}": shaking(server, how, version) for name, server in (("gatewayd", gatewayd), ("nginx", nginx))
               for title, how in (("full", "full"), ("resumed", "tickets"))}, [
              *((f"{title}: CPU at most 1.25 times nginx's", of("cpu_us", f"gatewayd, {title}", f"nginx, {title}"), "<=", 1.25)
                for title in ("full", "resumed")),
              *[("to resume takes less than half", of("cpu_us", "gatewayd, resumed", "gatewayd, full"), "<=", 0.5)][version - 12:]])
          for version in (13, 12)),
        row(f"{some:,} clients at 1,000 trades/s, of two gateways that share a port", "frames/s",
            {"one gateway": sharing(1, clients=some, rate=1000), "two gateways": sharing(2, clients=some, rate=1000)}, [
            ("each has a third of the clients", lambda m: m["two gateways"]["least"], ">=", 1 / 3),
            ("every client gets every trade", lambda m: m["two gateways"]["wrong"], "<=", 0)]),
        row(f"{idlers:,} idle clients", "", {"gatewayd": idle(plain, idlers), "gatewayd, TLS": idle(secure, idlers)}, [
            ("2.5 KiB a client", lambda m: m["gatewayd"]["kib_each"], "<=", 2.5),
            ("16 KiB under TLS", lambda m: m["gatewayd, TLS"]["kib_each"], "<=", 16)]),
    ]
