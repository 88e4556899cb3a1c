"""The rows of the benchmark on channels beside trades, and on sources by definition."""

import ours
from peers import ROOT

BLOCKCHAIN = ROOT / "deploy/sources/blockchain.json"


def latest(keys, **options):
    """A channel that keeps the latest: a client that is behind leaves some out, which is no loss."""
    def measure(seconds, quick):
        with ours.pipeline() as flow:
            flow.start_gateway()
            pid = ours.pid(flow, "gateway0")
            where = ours.bus_load(flow, "dataflow-readings", "bus-readings")
            with ours.FanLoad(where, [pid], seconds=seconds, settle=2, drain=0, symbols=keys, **options) as load:
                load.hear()
                ours.wait_for_source(flow)
                before = ours.resident_kib(pid)
                load.go_on()
                load.hear()
                load.go_on()
                figures = ours.fan_figures(load.hear())
                figures["wrong"] = figures["told"]["disorder"] + figures["told"]["gaps"] + figures["told"]["ended"]
                return {**figures, "mib": ours.resident_kib(pid) / 1024, "mib_before": before / 1024}
    return measure


def rows(row, ingest):
    """row, ingest: of rows.py."""
    each = lambda m, name: m[name]["cpu_us"]
    return [
        row("channels: 10,000 keys of a latest channel at 20,000 updates/s to 1,000 clients with 20 keys each", "frames/s",
            {"gatewayd": latest(10000, clients=1000, each=20, rate=20000)}, [
            ("nobody was told a gap, or an older record behind a newer", lambda m: m["gatewayd"]["wrong"], "<=", 0)]),
        row("mapping: the same exchange by a definition, and by its connector, as fast as it goes", "trades/s",
            {"websocket, blockchain.json": ingest("ws", connector="websocket", definition=str(BLOCKCHAIN)), "blockchain": ingest("ws")}, [
            ("CPU a trade at most 2 times the connector's", lambda m: each(m, "websocket, blockchain.json") / each(m, "blockchain"), "<=", 2)]),
    ]
