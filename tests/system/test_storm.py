"""Everything breaks at random, for as long as one likes (make chaos; in make test for seconds): who resumes has every trade once.

KILLS, SECONDS, RATE, CLIENTS and SEED of make chaos come as CHAOS_KILLS …
"""

import asyncio
import contextlib
import json
import time

import websockets
from bad_link import BadLink
from clients import Requester, assert_once_and_in_order
from pipeline import SANITIZED, free_ports, loads, until
from storm import PAUSE, Storm, assert_everything, dice, dump, ends, listening, resident_mib, setting, tell

SYMBOLS = ("BTC-USD", "ETH-USD")
GATEWAYS = ("gateway0", "gateway1")


def prepare(pipeline, rate, symbols=SYMBOLS, gateways=GATEWAYS, ring_bytes=16 << 20, journal_bytes=2 << 30, **source):
    """All processes, with rings that hold what goes by while a busy machine looks elsewhere."""
    flow = pipeline(symbols=symbols, **source)
    flow.config["gatewayd"]["ring_bytes"] = ring_bytes
    flow.config["connectord"]["journal"]["bytes"] = journal_bytes
    flow.start_all("--symbols", ",".join(symbols), "--rate", rate)
    for number in range(1, len(gateways)):
        flow.start_gateway(number)
    flow.wait_ready(*gateways)
    return flow


def storm_of(flow, clients, sleepers=0, gateways=GATEWAYS):
    return Storm([flow.address(g) for g in gateways], flow.symbols, clients, sleepers)


def test_storm_clients_see_what_is_wrong(tmp_path):
    """Who judges must be judged: a false gateway loses, doubles and changes trades."""
    trade = lambda seq, price: ('{"epoch":7,"seq":%d,"symbol":"BTC-USD","price":%s}' % (seq, price))
    update = lambda seq, price="1.0": '{"jsonrpc":"2.0","method":"trades.update","params":%s}' % trade(seq, price)
    connections = []

    async def gateway(socket, _path=None):
        connections.append(socket)
        number = len(connections)
        request = json.loads(await socket.recv())
        result = {"cursor": "7-0", "recovered": number != 2}
        await socket.send(json.dumps({"jsonrpc": "2.0", "result": result, "id": request["id"]}, separators=(",", ":")))
        gap = '{"jsonrpc":"2.0","method":"trades.gap","params":{"channel":"trades","symbol":"BTC-USD","missing":1}}'
        for frame in {1: [update(1), update(2), update(2), update(5), gap],  # which ends it: what it leaves out is asked for
                      2: [update(6), gap], 3: [gap, update(2, "9.9")]}[number]:  # what is left out twice is gone
            await socket.send(frame)
        await socket.wait_closed()

    async def run():
        port, = free_ports(1)
        async with websockets.serve(gateway, "127.0.0.1", port):
            with Storm([f"127.0.0.1:{port}"], ["BTC-USD"], 1) as storm:
                loop = asyncio.get_running_loop()
                done = lambda: (r := storm.report())["trades"] == 6 and r
                report = await loop.run_in_executor(None, until, done, "six trades")
                (tmp_path / "journal").write_text('{"ok":true,"trades":[%s]}\n' % ",".join(
                    [trade(1, "1.0"), trade(2, "1.0"), trade(3, "1.0"), trade(5, "8.8"), trade(6, "1.0")]))
                return report, storm.judge("BTC-USD", tmp_path / "journal")

    report, verdict = asyncio.run(run())
    assert report["wrong"] == {"holes": 1, "doubles": 2, "epochs": 0, "gaps": 1, "unrecovered": 1, "errors": 0, "junk": 0}
    assert (report["resumes"], report["refetched"]) == (2, 2)
    assert verdict == {"journaled": 5, "same": 3, "differing": 1, "unseen": 1, "holes": 1, "first": 1, "last": 6}


def test_nothing_is_lost_in_a_storm_of_kills(pipeline):
    kills, rate, clients = setting("KILLS", 10), setting("RATE", 20000), setting("CLIENTS", 20)
    random = dice("kills")
    flow = prepare(pipeline, rate)
    start = {"connectord": flow.start_connectord, "cached": flow.start_cached,
             "gateway0": lambda: flow.start_gateway(0), "gateway1": lambda: flow.start_gateway(1)}
    killed = dict.fromkeys(start, 0)
    with storm_of(flow, clients) as storm:
        storm.until_more(1000)
        for number in range(kills):
            for victim in random.sample(sorted(start), random.choice([1, 1, 1, 2])):
                flow.processes[victim].kill()
                killed[victim] += 1
                PAUSE.wait(random.uniform(0, 0.5))
                start[victim]()
            PAUSE.wait(random.uniform(0, 2))
            if number % 10 == 9:
                flow.wait_ready(*GATEWAYS)
        report = assert_everything(flow, storm, "kills")
        tell("kills", killed=killed)
        assert report["resumes"] >= killed["gateway0"] + killed["gateway1"]


LINKS = ("bus", "replay", "history")


@contextlib.contextmanager
def bad_links(flow, random, **badness):
    """Puts a proxy before each of connectord's and cached's sockets; cached and the gateways then go through it."""
    with contextlib.ExitStack() as stack:
        ports = free_ports(len(LINKS))
        links = {name: stack.enter_context(BadLink(port, flow.port[name], random, **badness)) for name, port in zip(LINKS, ports)}
        through = {name: f"tcp://127.0.0.1:{port}" for name, port in zip(LINKS, ports)}
        flow.config["cached"].update(bus=[through["bus"]], replay=[through["replay"]])
        flow.config["gatewayd"].update(bus=[through["bus"]], replay=[through["replay"]], history=[through["history"]])
        yield links


def recovery(flow, storm, what):
    """How long it takes until all clients have what the journal has now."""
    with Requester(flow.replay) as replay:
        now = ends(replay)
    took = storm.until_at(now, f"recovery from {what}")
    tell("links", recovered_from=what, seconds=took)


def test_nothing_is_lost_over_bad_links(pipeline):
    seconds, rate, clients = setting("SECONDS", 5), setting("RATE", 5000), setting("CLIENTS", 10)
    random = dice("links")
    flow = pipeline(symbols=SYMBOLS)
    flow.config["gatewayd"]["ring_bytes"] = 16 << 20
    flow.config["gatewayd"]["history_timeout_ms"] = 2000  # a question takes 400 ms and more
    flow.config["connectord"]["journal"]["bytes"] = 2 << 30
    with bad_links(flow, random, delay_s=0.2, stalled=0.045, reset=0.005) as links:
        flow.start_all("--symbols", ",".join(SYMBOLS), "--rate", rate)
        flow.start_gateway(1)
        flow.wait_ready(*GATEWAYS)
        with storm_of(flow, clients) as storm:
            storm.until_more(1000)
            over = time.monotonic() + seconds
            while True:
                PAUSE.wait(random.uniform(0.5, 2))
                chosen = random.choice([("bus",), ("replay",), ("history",), LINKS])
                how = random.choice(["heal", "heal_by_reset"])
                lasted = random.uniform(0.5, max(1.0, min(30.0, seconds / 3)))
                for name in chosen:
                    links[name].partition()
                PAUSE.wait(lasted)
                for name in chosen:
                    getattr(links[name], how)()
                recovery(flow, storm, f"{'+'.join(chosen)} cut for {lasted:.1f} s, {how}")
                if time.monotonic() > over:
                    break
            assert_everything(flow, storm, "links")
        tell("links", **{name: {"chunks": l.chunks, "stalls": l.stalls, "resets": l.resets} for name, l in links.items()})
        assert sum(link.stalls + link.resets for link in links.values()) > 0


MALFORMED = ("json", "truncated", "type", "missing", "number", "longnumber", "utf8", "binary", "huge", "fragmented", "unknown_event",
             "unknown_symbol", "escaped", "nested")


def misbehave(flow, random):
    """One misbehaviour of those that the simulator knows."""
    trouble = random.choice(
        [lambda: f"malformed?kind={random.choice(MALFORMED)}"] * 8 +
        [lambda: f"repeat?n={random.randint(1, 200)}"] * 4 +
        [lambda: f"skip?n={random.randint(1, 5)}", lambda: "throttle", lambda: "reset", lambda: "refuse?seconds=1",
         lambda: f"close?code={random.choice([1000, 1001, 1011, 1012])}", lambda: f"freeze?seconds={random.randint(1, 3)}"])()
    flow.control(f"/control/{trouble}")
    return trouble.split("?")[0]


def by_connection(entries):
    """The trades that the exchange handed to each connection, in order: [[trade, …], …], oldest connection first."""
    lists = {}
    for entry in entries:
        if entry["event"] == "trade":
            lists.setdefault(entry["conn"], []).append(entry)
    return [lists[conn] for conn in sorted(lists)]


def journal_of(flow, topic):
    path = flow.directory / "journal.answers"
    with Requester(flow.replay) as replay:
        dump(replay, topic, path)
    return [trade for line in path.read_text().splitlines() for trade in loads(line)["trades"]]


def test_a_bad_exchange_costs_only_what_its_lost_connections_cost(pipeline):
    seconds, rate = setting("SECONDS", 10), setting("RATE", 2000)
    random = dice("exchange")
    flow = prepare(pipeline, rate, symbols=("BTC-USD",), silence_ms=1000)
    done = {}
    with storm_of(flow, 4) as storm:
        storm.until_more(100)
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            trouble = misbehave(flow, random)
            done[trouble] = done.get(trouble, 0) + 1
            PAUSE.wait(random.uniform(0, 0.2))
        flow.tell_simulator("/control/refuse?seconds=0")
        flow.tell_simulator("/control/freeze?seconds=0")
        flow.subscribed()
        storm.until_more(100)
        assert_everything(flow, storm, "exchange")
    assert_ledger(flow, done)


def assert_ledger(flow, done):
    """The journal has what each connection was handed, in order, without a hole; what is missing was at the end of a lost one."""
    journal = journal_of(flow, "trade.BTC-USD.blockchain")
    assert_once_and_in_order(journal)
    journaled = [trade["tradeId"] for trade in journal]
    assert len(set(journaled)) == len(journaled), "no duplicate"
    connections = by_connection(flow.ledger())
    sent = {trade["trade_id"]: trade for connection in connections for trade in connection}
    assert set(journaled) <= set(sent), "no trade that the exchange did not send"
    fields = ("symbol", "timestamp", "side", "qty", "price")
    assert all(trade[f] == sent[trade["tradeId"]][f] for trade in journal for f in fields)
    lost, rest, place = 0, set(journaled), {identity: number for number, identity in enumerate(journaled)}
    for number, connection in enumerate(connections):
        got = [trade["trade_id"] in rest for trade in connection]
        whole = got.index(False) if False in got else len(got)
        assert not any(got[whole:]), f"connection {number + 1} of {len(connections)}: a hole behind {connection[whole]}"
        assert number + 1 < len(connections) or whole == len(got), "the last connection stayed up"
        order = [place[trade["trade_id"]] for trade in connection[:whole]]
        assert order == sorted(order)
        lost += len(got) - whole
    tell("exchange", done=done, connections=len(connections), sent=len(sent), journaled=len(journaled), lost_with_connections=lost)


def test_clients_that_never_read_cost_the_others_nothing(pipeline):
    rate, clients, sleepers, seconds = setting("RATE", 500), setting("READERS", 300), setting("SLEEPERS", 100), setting("SECONDS", 5)
    ring_bytes = 1 << 20
    flow = prepare(pipeline, rate, symbols=("BTC-USD",), gateways=("gateway0",), ring_bytes=ring_bytes)
    gateway = flow.processes["gateway0"]
    with storm_of(flow, clients, sleepers, gateways=("gateway0",)) as storm:
        until(lambda: storm.report()["asleep"] == sleepers, "the sleepers to have subscribed")
        storm.until_more(2 * ring_bytes // 256)  # the ring has been overwritten, and all that waits for a sleeper is full
        before = resident_mib(gateway)
        storm.until_more(rate * seconds, patience=60 + 2 * seconds)
        after = resident_mib(gateway)
        report = storm.report()
        tell("sleepers", mib_before=before, mib_after=after, asleep=report["asleep"])
        # a sanitizer keeps what was freed for a while, so that only the plain build tells
        assert SANITIZED or after - before < 2, f"gatewayd grew from {before:.1f} to {after:.1f} MiB"
        # who is told a gap, being too slow for the ring on a busy machine, comes back of its own accord, once for each
        until(lambda: (now := storm.report())["connects"] == clients + sleepers + now["refetched"], "nobody to have been disconnected")
        assert_everything(flow, storm, "sleepers")
    assert listening(flow, "gateway0")
