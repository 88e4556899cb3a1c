"""The rows of the benchmark. A row has subjects, ours and those beside it; each is a function of (seconds, quick) that starts what it needs, measures
once, and returns figures. Aims are computed from the medians of the figures."""

import contextlib
import functools
import json
import os
import resource
import subprocess
import threading
import time

import channels
import doors
import markets
import ours
import peers
from clients import Requester
from markets import ingest
from peers import BIN
from pipeline import get, until
from servers import Postgres, Redis

SYMBOL = "S0000-USD"
PAUSE = threading.Event()  # never set


class Row:
    def __init__(self, title, note, subjects, aims):
        self.title, self.note, self.subjects, self.aims = title, note, subjects, aims


def ratio(of, to):
    return of / to if to else float("inf")


# --- fan-out ---

def fan_ours(protocol="dataflow", **options):
    def measure(seconds, quick):
        each = {k: v for k, v in options.items() if k in ("symbols",)}
        with ours.pipeline(deflate=protocol.endswith("deflate"), **each) as flow:
            flow.start_gateway()
            with ours.FanLoad(ours.bus_load(flow, protocol), [ours.pid(flow, "gateway0")], seconds=seconds, settle=1, drain=2 if quick else 6, **options) as load:
                return ours.fan_figures(load.measured(lambda: ours.wait_for_source(flow)))
    return measure


def fan_peer(peer, **options):
    def measure(seconds, quick):
        with peer() as server, ours.FanLoad(server.load, [server.pid], seconds=seconds, settle=1, drain=2 if quick else 6, **options) as load:
            return ours.fan_figures(load.measured())
    return measure


def everyone(names=("gatewayd", "Mosquitto", "NATS", "Node ws"), **options):
    makers = {"gatewayd": lambda: fan_ours(**options), "Mosquitto": lambda: fan_peer(peers.mosquitto, **options),
              "NATS": lambda: fan_peer(peers.nats, **options), "Node ws": lambda: fan_peer(peers.node, **options)}
    return {name: makers[name]() for name in names}


def storm(clients, late, behind):
    def measure(seconds, quick):
        with ours.pipeline() as flow:
            flow.start_gateway()
            flow.start_cached()
            pid = ours.pid(flow, "gateway0")
            with ours.FanLoad(ours.bus_load(flow), [pid], clients=clients, rate=1000, settle=2, seconds=max(seconds, 2), late=late,
                              behind=behind) as load:
                told = load.measured(lambda: ours.wait_for_source(flow))
                return {**ours.fan_figures(told), "seconds": told["late_seconds"], "storm_p99_us": told["storm_latency"]["p99_us"]}
    return measure


def opening(clients, rate):
    """All open at once, while each trade goes to all who are there already."""
    def measure(seconds, quick):
        with ours.pipeline() as flow:
            flow.start_gateway()
            with ours.FanLoad(ours.bus_load(flow), [ours.pid(flow, "gateway0")], clients=clients, rate=rate, early=1, settle=1,
                              seconds=max(seconds, 2), drain=0) as load:
                told = load.measured(lambda: ours.wait_for_source(flow))
                figures, took, storm = ours.fan_figures(told), told["late_seconds"], told["storm_latency"]
                return {**figures, "wrong": figures["holes"], "open_s": took, "opened_per_s": clients / took,
                        "open_cores": load.open_cpu / took, "open_cpu_us": 1e6 * load.open_cpu / clients,
                        "storm_p50_us": storm["p50_us"], "storm_p99_us": storm["p99_us"]}
    return measure


# --- ingest ---

def raw_bus(seconds, quick):
    """The same two frames from a PUB that waits for its SUB."""
    count = 300000 if quick else 2000000
    bus, replay = (f"tcp://127.0.0.1:{port}" for port in peers.free_ports(2))
    sub = subprocess.Popen([BIN / "baseline", "sub", bus, str(count)], stdout=subprocess.PIPE, text=True)
    where = ["--protocol", "dataflow", "--publisher", "bus", "--publish", bus, "--replay", replay]
    # A SUB connects when it likes, and what went by before is lost to it: so there is more than it waits for.
    with ours.FanLoad(where, clients=0, trades=count + 1000000, settle=60) as load:
        load.hear()
        PAUSE.wait(1)
        load.go_on()
        load.hear()
        cpu = ours.cpu_seconds(load.popen.pid)
        load.go_on()
        told = json.loads(sub.communicate()[0])
        publisher = ours.cpu_seconds(load.popen.pid) - cpu
    return {"per_s": told["count"] / told["seconds"], "cpu_us": 1e6 * told["cpu"] / told["count"],
            "publisher_cpu_us": 1e6 * publisher / told["count"], "cores": told["cpu"] / told["seconds"], "told": told}


def lejp(seconds, quick):
    return ours.baseline("lejp", 200000 if quick else 1000000)


def into_cached(store):
    def measure(seconds, quick):
        count = 300000 if quick else 1000000
        with ours.pipeline() as flow:
            flow.config["cached"]["store"] = store
            flow.start_cached()
            pid = ours.pid(flow, "cached")
            where = [*ours.bus_load(flow)]
            with ours.FanLoad(where, clients=0, trades=count, settle=120) as load, Requester(flow.history) as history:
                load.hear()
                until(lambda: SYMBOL in history.ask(op="symbols")["symbols"], "cached to hear the bus")
                load.go_on()
                load.hear()
                cpu, start, before = ours.cpu_seconds(pid), os.times().elapsed, ours.resident_kib(pid)
                load.go_on()
                until(lambda: has_all(flow, history, count, store), "cached to have everything", patience=120)
                elapsed, cost = os.times().elapsed - start, ours.cpu_seconds(pid) - cpu
                held = ours.resident_kib(pid)
                text = len(history.raw(json.dumps({"op": "recent", "symbol": SYMBOL, "count": 1000}))) / 1000
                return {"per_s": count / elapsed, "cpu_us": 1e6 * cost / count, "cores": cost / elapsed, "mib": held / 1024,
                        "beside_text": 1024 * (held - before) / count - text}
    return measure


def into_server(kind):
    def measure(seconds, quick):
        server = kind()
        try:
            return into_cached(server.start().url())(seconds, quick)
        finally:
            server.remove()
    return measure


def has_all(flow, history, count, store):
    newest = history.ask(op="recent", symbol=SYMBOL, count=1)["trades"]
    if not newest or newest[0]["seq"] < count:
        return False
    return store == "memory:" or has_stored_all(flow)


def has_stored_all(flow):
    return "dataflow_store_lag_trades 0" in get(f"http://{flow.address('cached_http')}/metrics")[1]


def plain_sqlite(seconds, quick):
    with peers.folder() as where:
        return ours.baseline("sqlite", where / "trades.db", 200000 if quick else 1000000, 10000)


# --- end to end ---

def through_pipeline(rate):
    def measure(seconds, quick):
        with ours.pipeline() as flow:
            flow.start_cached()
            flow.start_gateway()
            flow.start_connectord()
            pids = [ours.pid(flow, name) for name in ("connectord", "cached", "gateway0")]
            where = ["--protocol", "dataflow", "--address", flow.address("gateway0"), "--publisher", "exchange",
                     "--publish", flow.address("simulator")]
            with ours.FanLoad(where, pids, rate=rate, settle=1, seconds=seconds) as load:
                figures = ours.fan_figures(load.measured(lambda: ours.wait_for_source(flow)))
                return {**figures, "each": {name: figures["told"]["cpu"][str(p)] for name, p in zip(("connectord", "cached", "gatewayd"), pids)}}
    return measure


def through_relay(rate):
    def measure(seconds, quick):
        ports = peers.free_ports(3)
        exchange, listen, bus = f"127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[1]}", f"tcp://127.0.0.1:{ports[2]}"
        with peers.running(BIN / "relay", "front", exchange, bus) as front, peers.running(BIN / "relay", "back", bus, listen, port=ports[1]) as back:
            where = ["--protocol", "plain", "--address", listen, "--publisher", "exchange", "--publish", exchange]
            with ours.FanLoad(where, [front.pid, back.pid], rate=rate, settle=1, seconds=seconds) as load:
                # The relay's SUB connects when it likes, and what went by before is lost to it.
                return ours.fan_figures(load.measured(lambda: PAUSE.wait(1)))
    return measure


# --- questions ---

RECENT = json.dumps({"op": "recent", "symbol": SYMBOL, "count": 100}, separators=(",", ":"))
CALL = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "getRecentTrades", "params": {"channel": "trades", "symbol": SYMBOL, "count": 100}})


def http_get(path):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextlib.contextmanager
def with_trades():
    """cached and gatewayd with 2,000 trades of one symbol; who subscribes makes the gateway keep a ring."""
    with ours.pipeline() as flow:
        flow.start_gateway()
        flow.start_cached()
        with ours.FanLoad(ours.bus_load(flow), clients=1, rate=4000, settle=0, seconds=0.5) as load:
            load.measured(lambda: ours.wait_for_source(flow))
            with Requester(flow.history) as history:
                until(lambda: len(history.ask(op="recent", symbol=SYMBOL, count=100).get("trades", [])) == 100, "cached to have trades")
                yield flow, history


@functools.cache
def last_trades():
    """What the peers are given to answer with: cached's answer."""
    with with_trades() as (_, history):
        return [json.dumps(t, separators=(",", ":")).encode() for t in history.ask(op="recent", symbol=SYMBOL, count=100)["trades"]]


def ask_ours(flow, kind, clients, seconds):
    if kind == "cached":
        return ours.ask("req", flow.address("history"), RECENT, clients, seconds, ours.pid(flow, "cached"))
    gateway, pid = flow.address("gateway0"), ours.pid(flow, "gateway0")
    if kind == "WebSocket":
        return ours.ask("ws", gateway, CALL, clients, seconds, pid)
    return ours.ask("http", gateway, http_get(f"/api/v1/trades/{SYMBOL}?count=100"), clients, seconds, pid)


def question(kind, clients):
    def measure(seconds, quick):
        if kind in ("cached", "WebSocket", "REST"):
            with with_trades() as (flow, _):
                return ask_ours(flow, kind, clients, seconds)
        items = last_trades()
        beside = {"Redis": (lambda: peers.redis(items), "resp", "LRANGE trades 0 99\r\n"),
                  "router": (lambda: peers.router(sum(map(len, items)) + 130), "req", RECENT),
                  "nginx": (lambda: peers.nginx(b"[" + b",".join(items) + b"]"), "http", http_get("/trades"))}
        make, protocol, request = beside[kind]
        with make() as (address, pid):
            return ours.ask(protocol, address, request, clients, seconds, pid)
    return measure


# --- restart ---

def restart(seconds, quick):
    with ours.pipeline() as flow:
        flow.config["connectord"]["journal"]["bytes"] = 1 << 30
        flow.config["cached"].update(store="sqlite:///trades.db", trades=1000000)
        flow.start("simulator", ["--listen", flow.address("simulator"), "--symbols", SYMBOL, "--rate", "max", "--paused"],
                   program="exchange-simulator")
        until(lambda: flow.control("/health", "GET")[0] == 200, "the simulator")
        flow.start_connectord()
        flow.subscribed()
        flow.tell_simulator("/control/play?count=1000000")
        with Requester(flow.replay) as replay:
            until(lambda: [s for s in replay.ask(op="streams")["streams"] if s["last"].endswith("-1000000")], "a million trades", 120)
        flow.start_cached()
        flow.start_gateway()
        flow.wait_ready("cached_http", "gateway0")
        until(lambda: has_stored_all(flow), "cached to have stored all", 120)
        return {"connectord": restarted_ms(flow, "connectord", "connectord_http", flow.start_connectord),
                **restarted_cached(flow),
                "gatewayd": restarted_ms(flow, "gateway0", "gateway0", flow.start_gateway)}


def restarted_cached(flow):
    """Until it serves, and until memory has all of the million."""
    begin = time.monotonic()
    served = restarted_ms(flow, "cached", "cached_http", flow.start_cached)
    until(lambda: '"warming"' not in get(f"http://{flow.address('cached_http')}/ready")[1], "memory to be full", 120)
    return {"cached": served, "warm_s": time.monotonic() - begin}


def restarted_ms(flow, name, address, start):
    flow.wait_ready(address)
    flow.processes[name].kill()
    return ours.started_in_ms(start, f"http://{flow.address(address)}/ready")


# --- the table ---

def rows(quick):
    many, some, each = (1000, 1000, 20)
    crowd = 500 if quick else 5000
    openers = 2000 if quick else min(19000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 1000)  # what descriptors allow both sides
    at = lambda name, figure: (lambda m: m[name][figure])
    # Of those, too, who lost trades, but not of one that nothing came from in time.
    best = lambda m, figure: min(m[n][figure] or float("inf") for n in ("Mosquitto", "NATS", "Node ws"))
    return [
        Row("fan-out, 100 clients, as fast as it goes", "frames/s", everyone(clients=100), [
            ("40 times Mosquitto", lambda m: ratio(m["gatewayd"]["per_s"], m["Mosquitto"]["per_s"]), ">=", 40),
            ("2 times NATS", lambda m: ratio(m["gatewayd"]["per_s"], m["NATS"]["per_s"]), ">=", 2),
            ("CPU at most 1/4 of NATS's", lambda m: ratio(m["gatewayd"]["cpu_us"], m["NATS"]["cpu_us"]), "<=", 0.25),
            ("nobody was left a hole", at("gatewayd", "holes"), "<=", 0)]),
        Row(f"fan-out, {crowd:,} clients, 1,000 trades/s", "frames/s", everyone(clients=crowd, rate=1000), [
            ("every client gets every trade", lambda m: m["gatewayd"]["wrong"], "<=", 0),
            ("p99 at most half of the best peer's", lambda m: ratio(m["gatewayd"]["p99_us"], best(m, "p99_us")), "<=", 0.5)]),
        Row("1,000 clients, 100 of which never read, 1,000 trades/s", "frames/s",
            {"900 beside 100 that never read": fan_ours(clients=1000, sleepers=100, rate=1000), "900 alone": fan_ours(clients=900, rate=1000)}, [
            ("p99 of those who read within 20 %",
             lambda m: ratio(m["900 beside 100 that never read"]["p99_us"], m["900 alone"]["p99_us"]), "<=", 1.2),
            ("every reader gets every trade", lambda m: m["900 beside 100 that never read"]["wrong"], "<=", 0)]),
        Row("fan-out, 100 clients, 2,000 trades/s, compressed or not", "frames/s",
            {title: fan_ours(protocol, clients=100, rate=2000) for title, protocol in (
                ("one by one", "dataflow"), ("one by one, deflate", "dataflow-deflate"),
                ("batches", "dataflow-batch"), ("batches, deflate", "dataflow-batch-deflate"))}, [
            ("a frame shorter by a quarter", lambda m: ratio(m["one by one, deflate"]["wire_bytes"], m["one by one"]["wire_bytes"]), "<=", 0.75),
            ("a batch by half", lambda m: ratio(m["batches, deflate"]["wire_bytes"], m["batches"]["wire_bytes"]), "<=", 0.5),
            ("every client gets every trade", lambda m: max(figures["wrong"] for figures in m.values()), "<=", 0)]),
        Row(f"{openers:,} clients open at once, while trades go to all who are there", "frames/s",
            {f"{rate} trades/s": opening(openers, rate) for rate in (4, 40)}, [
            *((f"1,000 are let in a second, at {rate} trades/s", at(f"{rate} trades/s", "opened_per_s"), ">=", 1000) for rate in (4, 40)),
            *((f"p99 meanwhile, times that when all are in, at {rate} trades/s",
               lambda m, name=f"{rate} trades/s": ratio(m[name]["storm_p99_us"], m[name]["p99_us"]), "<=", 2) for rate in (4, 40)),
            ("nobody was left a hole", lambda m: max(figures["holes"] for figures in m.values()), "<=", 0)]),
        *doors.rows(Row, quick),
        Row(f"{many:,} symbols, {some:,} clients with {each} each, as fast as it goes", "frames/s",
            {"gatewayd": fan_ours(clients=some, symbols=many, each=each), "NATS": fan_peer(peers.nats, clients=some, symbols=many, each=each),
             "gatewayd, one symbol": fan_ours(clients=some)}, [
            ("CPU a frame within 2 times of one symbol's", lambda m: ratio(m["gatewayd"]["cpu_us"], m["gatewayd, one symbol"]["cpu_us"]), "<=", 2),
            ("nobody was left a hole", at("gatewayd", "holes"), "<=", 0)]),
        *channels.rows(Row, ingest),
        Row("ingest, one exchange as fast as it goes, journal on, one subscriber", "trades/s",
            {"connectord, ws://": ingest("ws"), "connectord, wss://": ingest("wss"), "raw PUB to SUB": raw_bus, "LEJP alone": lejp}, [
            ("half of the raw bus, or 3 µs CPU a trade, whichever is nearer",
             lambda m: max(ratio(m["connectord, ws://"]["per_s"], m["raw PUB to SUB"]["per_s"]) / 0.5, 3 / m["connectord, ws://"]["cpu_us"]), ">=", 1)]),
        *markets.rows(Row),
        Row("ingest into cached, a million trades as fast as it goes", "trades/s",
            {"cached, memory": into_cached("memory:"), "cached, SQLite": into_cached("sqlite:///trades.db"),
             "cached, PostgreSQL": into_server(Postgres), "cached, Redis": into_server(Redis), "raw SUB": raw_bus,
             "plain SQLite insert": plain_sqlite}, [
            ("2.5 µs CPU a trade", at("cached, memory", "cpu_us"), "<=", 2.5),
            ("in memory a trade's text and 64 bytes", at("cached, memory", "beside_text"), "<=", 64),
            ("SQLite at least half of the plain insert",
             lambda m: ratio(m["cached, SQLite"]["per_s"], m["plain SQLite insert"]["per_s"]), ">=", 0.5)]),
        *(Row(f"end to end, {rate:,} trades/s", "frames/s", {"Data Flow": through_pipeline(rate), "bare relay": through_relay(rate)}, [
            ("p50 at most 2 times the relay's", lambda m: ratio(m["Data Flow"]["p50_us"], m["bare relay"]["p50_us"]), "<=", 2),
            ("p99 at most 2 times the relay's", lambda m: ratio(m["Data Flow"]["p99_us"], m["bare relay"]["p99_us"]), "<=", 2),
            ("every trade came once", lambda m: m["Data Flow"]["wrong"], "<=", 0)]) for rate in (1000, 20000)),
        *(Row(f"history, the last 100 trades, {clients} client{'s' if clients > 1 else ''}", "answers/s",
              {"cached": question("cached", clients), "bare ROUTER": question("router", clients), "Redis LRANGE": question("Redis", clients)}, [
              ("0.8 of the bare ROUTER", lambda m: ratio(m["cached"]["per_s"], m["bare ROUTER"]["per_s"]), ">=", 0.8)]) for clients in (1, 50)),
        Row("getRecentTrades 100, 50 clients", "answers/s",
            {"gatewayd, WebSocket": question("WebSocket", 50), "gatewayd, REST": question("REST", 50), "nginx, a file": question("nginx", 50),
             "Redis LRANGE": question("Redis", 50)}, [
            ("WebSocket at Redis's rate", lambda m: ratio(m["gatewayd, WebSocket"]["per_s"], m["Redis LRANGE"]["per_s"]), ">=", 1),
            ("REST at Redis's rate", lambda m: ratio(m["gatewayd, REST"]["per_s"], m["Redis LRANGE"]["per_s"]), ">=", 1)]),
        *(Row(f"resume storm: 2,000 at once, each missing {behind:,} trades; 500 live at 1,000 trades/s", "frames/s",
              {"gatewayd": storm(500, 2000, behind)}, [
              (f"all caught up within {limit} s", at("gatewayd", "seconds"), "<=", limit),
              ("p99 of the others, times that without a storm", lambda m: ratio(m["gatewayd"]["storm_p99_us"], m["gatewayd"]["p99_us"]), "<=", 2),
              ("the others lost no trade", lambda m: m["gatewayd"]["wrong"], "<=", 0)]) for behind, limit in ((1000, 3), (4000, 12))[:1 if quick else 2]),
        Row("restart with a journal of a million trades", "", {"Data Flow": restart}, [
            (f"{name} within 300 ms", at("Data Flow", name), "<=", 300) for name in ("connectord", "cached", "gatewayd")]),
    ]
