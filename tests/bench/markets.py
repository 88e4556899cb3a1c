"""The rows of the benchmark on what exchanges send: each connector as fast as it reads, and a whole market."""

import json
import os
import re
import ssl
import threading
import urllib.request

import ours
import peers
from clients import Requester
from peers import BIN
from pipeline import get, until

PAUSE = threading.Event()  # never set
PATHS = {"blockchain": "/ws", "coinbase": "/", "kraken": "/v2", "binance": "/stream?timeUnit=MICROSECOND"}
CLIENTS = 4    # of a whole market
WARM = 500000  # trades, in which the SUB has connected


def ingest(scheme, exchange="blockchain", symbols=1, **source):
    """The simulator makes no trade before all is subscribed to, and then as many as are read."""
    def measure(seconds, quick):
        with ours.pipeline(symbols=symbols) as flow:
            flow.source.update({"connector": exchange, "backfill": nobody(flow), **source})
            flow.start("simulator", ["--listen", flow.address("simulator"), "--exchange", exchange, "--symbols", ",".join(flow.symbols), "--rate", "max",
                                     "--paused", "--any-origin", *ours.exchange_tls(flow, scheme, PATHS[exchange])], program="exchange-simulator")
            until(lambda: peers.listens(flow.port["simulator"]), "the simulator to listen")
            with peers.running(BIN / "baseline", "sub", flow.bus, 10**12):
                flow.start_connectord()
                until(lambda: sum(ask_simulator(flow, "/status")["subscriptions"].values()) == symbols, "all to be subscribed", patience=120)
                ask_simulator(flow, "/control/play", "POST")
                return ingested(flow, seconds)
    return measure


def nobody(flow):
    """To ask for what is missing would be a mistake in these rows; who does gets no answer, and says so in his log."""
    return {"url": f"http://{flow.address('gateway1')}"}


def ask_simulator(flow, path, method="GET"):
    trust = ssl.create_default_context(cafile=flow.source["ca"]) if "ca" in flow.source else None
    scheme = "https" if trust else "http"
    request = urllib.request.Request(f"{scheme}://localhost:{flow.port['simulator']}{path}", method=method)
    with urllib.request.urlopen(request, timeout=30, context=trust) as answer:
        return json.load(answer)


def found_faultless(flow):
    said = [line for line in flow.processes["connectord"].lines if re.search("backfill|feed|source", line)]
    assert not said, f"expected a feed without faults, found {said[:5]}"


def published(flow):
    metrics = get(f"http://{flow.address('connectord_http')}/metrics")[1]
    return int(re.search(r"^dataflow_source_published_total\S* (\d+)$", metrics, re.M)[1])


def ingested(flow, seconds):
    until(lambda: published(flow) > WARM, "trades, and the SUB to have connected")
    pids = {name: ours.pid(flow, name) for name in ("connectord", "simulator")}
    before, cpu = published(flow), {name: ours.cpu_seconds(pid) for name, pid in pids.items()}
    start = os.times().elapsed
    PAUSE.wait(seconds)
    trades, elapsed = published(flow) - before, os.times().elapsed - start
    cost = {name: ours.cpu_seconds(pid) - cpu[name] for name, pid in pids.items()}
    found_faultless(flow)
    return {"per_s": trades / elapsed, "cpu_us": 1e6 * cost["connectord"] / trades, "cores": cost["connectord"] / elapsed,
            "load_cores": cost["simulator"] / elapsed}


# --- a whole market ---

def market(symbols, rate):
    """Kraken's, end to end. A client may have a thousand subscriptions: so all is taken by several."""
    def measure(seconds, quick):
        with ours.pipeline(symbols=symbols) as flow:
            flow.source.update(connector="kraken", url=f"ws://{flow.address('simulator')}/v2", backfill=nobody(flow))
            flow.start_cached()
            flow.start_gateway()
            flow.start_connectord()
            pids = {name: ours.pid(flow, process) for name, process in (("connectord", "connectord"), ("cached", "cached"), ("gatewayd", "gateway0"))}
            where = ["--protocol", "dataflow", "--address", flow.address("gateway0"), "--publisher", "exchange-kraken", "--publish", flow.address("simulator")]
            with ours.FanLoad(where, pids.values(), seconds=seconds, **law(symbols, rate, clients=CLIENTS)) as load:
                figures = ours.fan_figures(load.measured(lambda: ours.wait_for_source(flow)))
                found_whole(flow)
                figures["each"] = {name: figures["told"]["cpu"][str(pid)] for name, pid in pids.items()}
                return figures
    return measure


def law(symbols, rate, clients):
    return {"rate": rate, "symbols": symbols, "clients": clients, "each": symbols // clients, "power-law": 1, "settle": 3}


def market_relay(symbols, rate):
    def measure(seconds, quick):
        ports = peers.free_ports(3)
        exchange, listen, bus = f"127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[1]}", f"tcp://127.0.0.1:{ports[2]}"
        with peers.running(BIN / "relay", "front", exchange, bus, symbols) as front, peers.running(BIN / "relay", "back", bus, listen, port=ports[1]) as back:
            where = ["--protocol", "plain", "--address", listen, "--publisher", "exchange-kraken", "--publish", exchange]
            with ours.FanLoad(where, [front.pid, back.pid], seconds=seconds, **law(symbols, rate, clients=1)) as load:
                # The relay's SUB connects when it likes, and what went by before is lost to it.
                return ours.fan_figures(load.measured(lambda: PAUSE.wait(1)))
    return measure


def found_whole(flow):
    """connectord found nothing missing, and cached has all that it told of coverage: each symbol is live, and nothing else was ever said of it."""
    found_faultless(flow)
    with Requester(flow.history) as history:
        for symbol in flow.symbols:
            states = [interval["state"] for interval in history.ask(op="coverage", symbol=symbol)["coverage"]]
            assert states == ["live"], f"{symbol}: expected to be live ever since, found {states}"


def rows(row):
    """row: of rows.py."""
    each = lambda m: max(figures["cpu_us"] for figures in m.values())
    return [
        *(row(f"ingest over wss:// as fast as it goes, {symbols:,} symbols", "trades/s",
              {exchange: ingest("wss", exchange, symbols) for exchange in PATHS if symbols <= 1000 or exchange != "blockchain"}, [
              ("4 µs CPU a trade, whichever exchange it is", each, "<=", 4)]) for symbols in (200, 2000)),
        row("a whole market: 2,000 symbols by a power law, 20,000 trades/s, end to end", "frames/s",
            {"Data Flow": market(2000, 20000), "bare relay": market_relay(2000, 20000)}, [
            *((f"{name} at most 2 times the relay's", lambda m, figure=f"{name}_us": m["Data Flow"][figure] / m["bare relay"][figure], "<=", 2)
              for name in ("p50", "p99")),
            ("every trade came once", lambda m: m["Data Flow"]["wrong"], "<=", 0)]),
    ]
