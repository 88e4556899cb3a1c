"""CURVE on bus, replay and history: the processes know each other by their keys, and nobody else is let in."""

import asyncio
import contextlib
import re

import pytest
import zmq
from clients import Client, assert_once_and_in_order
from keyed import BRIEF_MS, SYMBOLS, TRADES, Peer, keyed, started  # noqa: F401 (a fixture)
from pipeline import until

SERVICES = ("bus", "replay", "history")
ASK = {"replay": {"op": "streams"}, "history": {"op": "symbols"}}


def test_a_pipeline_with_keys_serves_its_clients(keyed):
    started(keyed)

    async def run():
        async with Client(keyed.url()) as client:
            answer = await client.subscribe("BTC-USD", count=100)
            client.trades[:0] = answer["trades"][::-1]
            await client.until(lambda: len(client.trades) > 500, "trades")
            assert_once_and_in_order(client.trades)
            assert len((await client.call("getRecentTrades", channel="trades", symbol="ETH-USD", count=10))["trades"]) == 10

    asyncio.run(run())


def allowed(keyed, name="desk", **options):
    """Another key that is known."""
    keyed.keys.make(name, **options)
    return name


def served(peer, service):
    """Gets an answer, or trades."""
    return peer.hears() if service == "bus" else peer.ask(**ASK[service])["ok"]


@pytest.mark.parametrize("service", SERVICES)
def test_who_is_known_is_served(keyed, service):
    desk = allowed(keyed)
    started(keyed)
    with keyed.peer(service, desk) as peer:
        assert served(peer, service)


def gets_nothing(peer, service):
    """Where libzmq has given the server up, it can't even ask."""
    with contextlib.suppress(zmq.Again):
        if service != "bus":
            peer.send(zmq.NOBLOCK, **ASK[service])
    return not peer.hears(BRIEF_MS)


@pytest.mark.parametrize("service", SERVICES)
def test_a_stranger_gets_nothing_and_is_counted(keyed, service):
    desk = allowed(keyed)
    started(keyed)
    process = keyed.processes[keyed.SERVERS[service]]
    stranger = zmq.curve_keypair()
    with keyed.peer(service) as plain, keyed.peer(service, own=stranger) as unknown, \
            keyed.peer(service, desk, server=stranger[0]) as misled, keyed.peer(service, desk) as known:
        until(lambda: keyed.closed(service, "plain") + keyed.closed(service, "handshake") > 0, "who speaks no CURVE, and may see that first")
        for reason in ("key", "curve"):
            until(lambda: keyed.closed(service, reason) > 0, f"the count of {reason}")
        assert served(known, service)
        for peer in (plain, unknown, misled):
            assert gets_nothing(peer, service)
    process.wait_for_line(re.escape(f"refused a peer whose key is not known socket={service} peer=127.0.0.1 key=") + ".*" + re.escape(stranger[0].decode()))


def test_who_may_subscribe_to_a_part_gets_that_part_only(keyed):
    desk = allowed(keyed, may=f"subscribe:{TRADES} subscribe:status.")
    started(keyed)
    with keyed.peer("bus", desk, topics=[TRADES]) as part:
        assert part.topic().startswith(TRADES)
        for topics in (["trade.ETH-USD."], ["trade."], [""]):
            before = keyed.denied("bus", "subscribe")
            with keyed.peer("bus", desk, topics=topics) as more:
                until(lambda: keyed.denied("bus", "subscribe") > before, f"the count of {topics}")
                assert not more.hears(BRIEF_MS)
                more.socket.subscribe(TRADES + "blockchain")
                assert {more.topic() for _ in range(5)} == {TRADES + "blockchain"}
        part.socket.unsubscribe(TRADES)
        part.socket.subscribe("status.")
        until(lambda: part.topic() == "status.blockchain", "a status")


def test_replay_is_for_those_who_may_and_of_what_they_may_hear(keyed):
    part = allowed(keyed, "part", may=f"subscribe:{TRADES} replay")
    mute = allowed(keyed, "mute", may="subscribe history clear")
    operator = allowed(keyed, "operator", may="operate")
    started(keyed)
    topics = [f"trade.{symbol}.blockchain" for symbol in SYMBOLS]
    with keyed.peer("replay", part) as peer:
        until(lambda: peer.ask(op="range", topic=topics[0])["trades"], "a trade")
        assert [stream["topic"] for stream in peer.ask(op="streams")["streams"] if stream["topic"].startswith("trade.")] == topics[:1]
        for op in ("range", "ahead"):
            answer = peer.ask(op=op, topic=topics[1], to="9000000000000000000-1", id=7)
            assert (answer["ok"], answer["id"], answer["error"]["code"]) == (False, 7, "forbidden")
    with keyed.peer("replay", mute) as peer:
        assert peer.ask(op="streams")["error"]["code"] == "forbidden"
        assert peer.ask(op="add", token="any", source="blockchain", symbol="SOL-USD")["error"]["message"] == "this key has no right to operate"
    with keyed.peer("replay", operator) as peer:
        assert peer.ask(op="offers", source="blockchain")["symbols"] == SYMBOLS
        assert peer.ask(op="streams")["error"]["code"] == "forbidden"
    assert [keyed.denied("replay", right) for right in ("replay", "subscribe", "operate")] == [2, 2, 1]


def test_history_and_clearing_it_are_rights_of_their_own(keyed):
    token = "a token of sixteen bytes or more"
    keyed.config["cached"]["token"] = token
    mute, reader, cleaner = (allowed(keyed, name, may=may) for name, may in (("mute", "subscribe replay"), ("reader", "history"), ("cleaner", "clear")))
    started(keyed)
    with keyed.peer("history", mute) as peer:
        for op in ("symbols", "ready", "recent", "no-such"):
            assert peer.ask(op=op, symbol="BTC-USD")["error"]["code"] == "forbidden"
    with keyed.peer("history", reader) as peer:
        assert peer.ask(op="symbols")["ok"]
        assert peer.ask(op="clear", token=token)["error"]["code"] == "forbidden"
    with keyed.peer("history", cleaner) as peer:
        assert peer.ask(op="symbols")["error"]["code"] == "forbidden"
        assert peer.ask(op="clear", token="another token")["error"]["code"] == "forbidden"
        assert peer.ask(op="clear", token=token)["ok"]
    assert keyed.denied("history", "history") == 5 and keyed.denied("history", "clear") == 1
    assert token not in keyed.processes["cached"].log()


# -- keys come and go ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
def test_a_key_that_becomes_known_is_let_in_and_one_that_is_taken_away_is_not(keyed, service):
    desk = allowed(keyed)
    started(keyed)
    server, hidden = keyed.SERVERS[service], keyed.keys.folder / "desk.pub.aside"
    known = keyed.keys.folder / "desk.pub"
    with keyed.peer(service, desk) as staying:
        assert served(staying, service)
        known.rename(hidden)
        keyed.hang_up(server)
        until(lambda: keyed.closed(service, "key") > 0, "its connection to end")
        while staying.hears(0):
            staying.socket.recv_multipart()
        assert gets_nothing(staying, service)
        hidden.rename(known)
        keyed.hang_up(server)
        assert served(staying, service)  # of its own accord


def test_rights_that_change_are_in_effect(keyed):
    desk = allowed(keyed, may="subscribe")
    started(keyed)
    with keyed.peer("bus", desk, topics=[TRADES, "trade.ETH-USD."]) as peer:
        until(lambda: peer.topic().startswith("trade.ETH-USD."), "a trade of both")
        until(lambda: peer.topic().startswith(TRADES), "a trade of both")
        keyed.keys.allow(desk, f"subscribe:{TRADES}")
        keyed.hang_up("connectord")

        def again():
            """libzmq subscribes again where its socket is used."""
            while peer.hears(0):
                peer.socket.recv_multipart()
            return keyed.denied("bus", "subscribe") > 0

        until(again, "it to come again")
        assert {peer.topic() for _ in range(50)} == {TRADES + "blockchain"}


@pytest.mark.parametrize("form", ["tcp", "ipc"])
def test_nothing_is_lost_while_servers_change_their_keys(keyed, form):
    """As proto/bus.md says it is done."""
    if form == "ipc":
        place = {service: f"ipc://{service}" for service in SERVICES}
        keyed.config["connectord"].update(publish=place["bus"], replay=place["replay"])
        keyed.config["cached"].update(bus=[place["bus"]], replay=[place["replay"]], history=place["history"])
        keyed.config["gatewayd"].update({service: [place[service]] for service in SERVICES})
    started(keyed)
    folder = keyed.keys.folder

    async def run():
        async with Client(keyed.url()) as client:
            await client.subscribe("BTC-USD")
            await client.until(lambda: client.trades, "trades")
            for server in ("connectord", "cached"):
                keyed.keys.make(f"{server}-2")
                await asyncio.to_thread(keyed.hang_up, *keyed.names)
                (folder / f"{server}-2.key").rename(folder / f"{server}.key")
                await asyncio.to_thread(keyed.hang_up, server)
                keyed.processes[server].wait_for_line("listens with another key")
                count = len(client.trades)
                await client.until(lambda: len(client.trades) > count + 200, "trades to go on")
                (folder / f"{server}-2.pub").rename(folder / f"{server}.pub")
                await asyncio.to_thread(keyed.hang_up, *keyed.names)
            assert (await client.call("getRecentTrades", channel="trades", symbol="BTC-USD", count=10))["trades"]
            assert_once_and_in_order(client.trades)
            assert client.of("trades.gap") == []
            return [trade["seq"] for trade in client.trades]

    keyed.names = ("connectord", "cached", "gateway0")
    seqs = asyncio.run(run())
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    assert '"lost":0' in keyed.ready("cached_http")[1]
    endpoint = keyed.history if form == "tcp" else f"ipc://{keyed.directory}/history"
    own = keyed.keys.public("gatewayd"), keyed.keys.secret("gatewayd")
    with Peer(zmq.DEALER, endpoint, keyed.keys.public("cached"), own) as peer:
        until(lambda: peer.ask(op="range", topic="trade.BTC-USD.blockchain", count=10000)["missing"] == 0, "history to be whole")


def test_a_client_changes_its_key_and_comes_back_with_the_new_one(keyed):
    started(keyed)
    folder, cached = keyed.keys.folder, keyed.processes["cached"]
    keyed.keys.make("cached-2", serves="")
    keyed.hang_up("connectord")
    (folder / "cached-2.key").rename(folder / "another.key")
    keyed.config["cached"]["curve"]["key"] = str(folder / "cached.key")
    (folder / "cached.key").write_text((folder / "another.key").read_text())
    keyed.hang_up("cached")
    cached.wait_for_line("listens with another key.*" + re.escape(keyed.keys.public("cached-2").decode()[:8]))
    (folder / "cached.pub").unlink()
    keyed.hang_up("connectord")
    until(lambda: keyed.closed("bus", "key") > 0, "the former key's connections to end")
    (folder / "cached-2.pub").rename(folder / "cached.pub")
    keyed.keys.allow("cached", "subscribe replay")
    (folder / "cached.pub").write_text((folder / "cached.pub").read_text().replace("metadata", "metadata\n    serves = \"history\""))
    keyed.hang_up("connectord", "gateway0")
    with keyed.peer("history", "gatewayd") as peer:
        last = lambda: peer.ask(op="range", topic="trade.BTC-USD.blockchain", count=10000)["trades"][-1]["seq"]
        before = last()
        until(lambda: last() > before + 200, "trades to come by the new key")
    assert '"lost":0' in keyed.ready("cached_http")[1]


def test_a_key_that_cannot_be_used_changes_nothing(keyed):
    desk = allowed(keyed)
    started(keyed)
    with keyed.peer("bus", desk, topics=[TRADES]) as peer:
        peer.topic()
        (keyed.keys.folder / "broken.pub").write_text("no key\n")
        keyed.hang_up("connectord")
        keyed.processes["connectord"].wait_for_line("the former keys stay.*broken.pub: expected a public-key")
        assert peer.topic() and keyed.closed("bus", "key") == 0
