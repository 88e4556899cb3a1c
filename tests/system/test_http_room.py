"""The connector http beside a journal that has no room: nothing is asked meanwhile, and what was not kept is asked for again."""

import pytest
from pipeline import until
from polled import MAPPING, Polled, jsoned, trades
from test_journal_room import Disk
from web_source import WebSource

COUNT = 2000  # trades: more than one segment of the smallest journal, which has room for them all


def full(pipeline, tmp_path, web, http=None, hold_ms=60000):
    """connectord with a journal of one segment on a disk that is full."""
    flow = pipeline()
    flow.config["connectord"]["journal"].update(bytes=1 << 20, hold_ms=hold_ms)
    flow.disk = Disk(flow)
    flow.config["connectord"]["sources"] = []
    flow.start_daemon("connectord", **flow.disk.environment)
    until(lambda: flow.ready("connectord_http")[0] != 0, "connectord to have made its journal")
    flow.processes["connectord"].stop()
    flow.disk.fill()
    return Polled(flow, tmp_path, web.url, http or {}, MAPPING, ["BTC-USD"], start=lambda: flow.start_daemon("connectord", **flow.disk.environment))


def is_stuck(source):
    until(lambda: "No space left" in source.flow.ready("connectord_http")[1], "the journal to be stuck")


def has_all(source):
    until(lambda: len(source.ids()) == COUNT, f"{COUNT} trades")
    source.has(*range(1, COUNT + 1))


def test_nothing_is_asked_while_there_is_no_room(pipeline, tmp_path):
    with WebSource(lambda *_: jsoned(trades(*range(1, COUNT + 1)))) as web, full(pipeline, tmp_path, web) as source:
        is_stuck(source)
        asked = web.count()
        assert source.value("received") < COUNT
        until(lambda: source.connectord.log().count("no room for a new segment") >= 5, "the journal to have been tried again")
        assert web.count() == asked
        source.flow.disk.empty()
        has_all(source)
        assert source.value("duplicates") == 0 and "source: lost" not in source.connectord.log()


@pytest.mark.parametrize("since", [None, {"parameter": "after", "from": "id"}], ids=["all", "since"])
def test_what_was_not_kept_is_asked_for_again(pipeline, tmp_path, since):
    def answer(path, *_):
        after = int(path.partition("after=")[2] or 0)
        return jsoned(trades(*range(after + 1, COUNT + 1)))

    with WebSource(answer) as web, full(pipeline, tmp_path, web, {"since": since} if since else {}, hold_ms=300) as source:
        source.connectord.wait_for_line("journal: full for too long")
        until(lambda: source.value("unjournaled") > 0, "trades to be lost that waited for the journal")
        source.flow.disk.empty()
        has_all(source)
        ids = source.ids()
        assert len(ids) == len(set(ids)) and source.value("unjournaled") < 50, "what was not given on yet is not lost"
