"""What is written to the disk is for the owner and the group, whatever the umask."""

import stat

from pipeline import until
from stores import Sqlite

OPEN_TO_ALL = ("sh", "-c", 'umask 0; exec "$@"', "sh")


def test_nobody_else_can_read_or_write_what_is_stored(pipeline):
    flow = pipeline(symbols=["BTC-USD"], wrapper=OPEN_TO_ALL)
    flow.config["cached"]["store"] = "sqlite:///state/trades.db"
    flow.start_simulator("--symbols", "BTC-USD", "--paused")
    flow.start_connectord()
    flow.start_cached()
    flow.wait_ready("connectord_http", "cached_http")
    flow.subscribed("BTC-USD")
    flow.tell_simulator("/control/play?count=20")
    until(lambda: Sqlite(flow.directory).count() == 20, "the trades to be stored")
    modes = {str(path.relative_to(flow.directory)): stat.S_IMODE(path.stat().st_mode) for path in (flow.directory / "state").rglob("*")}
    modes["state"] = stat.S_IMODE((flow.directory / "state").stat().st_mode)
    assert {"state/trades.db", "state/trades.db-wal", "state/trades.db-shm", "state/journal/lock"} <= modes.keys()
    assert any(name.endswith(".seg") for name in modes)
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o027} == {}
