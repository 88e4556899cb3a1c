"""A store that is full, and then has room again: it is told, history goes on in memory, and in the end the store has what the journal has."""

import os
import subprocess

import pytest
from clients import Requester
from pipeline import loads
from servers import Postgres, Redis
from stores import Sqlite, assert_stored, journal_at_the_end, more, start, state


class SmallDisk:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True).returncode:
            pytest.skip("mounting a small disk takes root")

    def grow(self):
        subprocess.run(["mount", "-o", "remount,size=200m", self.folder], check=True)

    def remove(self):
        subprocess.run(["umount", "-l", self.folder], check=True)


class FullSqlite(Sqlite):
    """Its file is on a disk that is full."""

    url = "sqlite:///disk/trades.db"
    says = "full"

    def __init__(self, directory):
        self.disk = SmallDisk(directory / "disk")
        self.path = self.disk.folder / "trades.db"

    def make_room(self):
        self.disk.grow()

    def remove(self):
        self.disk.remove()


class FullPostgres(Postgres):
    """Its tables are on one."""

    says = "No space left on device"

    def __init__(self, directory):
        super().__init__()
        self.disk = SmallDisk(self.folder / "disk")
        if self.account:
            os.chown(self.disk.folder, self.account["user"], self.account["group"])
        self.start()
        self.ask(f"CREATE TABLESPACE small LOCATION '{self.disk.folder}'")
        self.ask(f"ALTER ROLE {self.user} SET default_tablespace = small")
        self.url = Postgres.url(self)

    def make_room(self):
        self.disk.grow()

    def remove(self):
        self.stop()
        self.disk.remove()
        super().remove()


class FullRedis(Redis):
    """It may take no more memory."""

    says = "maxmemory"

    def __init__(self, directory):
        super().__init__()
        self.start()
        self.ask("CONFIG", "SET", "maxmemory", "3mb")
        self.url = Redis.url(self)

    def make_room(self):
        self.ask("CONFIG", "SET", "maxmemory", "0")


@pytest.fixture(params=[FullSqlite, FullPostgres, FullRedis], ids=["sqlite", "postgres", "redis"])
def store(request, tmp_path):
    made = request.param(tmp_path)
    yield made
    made.remove()


def test_a_full_store_that_has_room_again_takes_up_again(pipeline, store):
    flow = start(pipeline, store.url, trades=1000)
    line = flow.processes["cached"].wait_for_line(f"store: (refused|not available).*{store.says}")
    assert "let-me-in" not in line
    more(flow, 1000)
    with Requester(flow.history) as history:
        assert history.ask(op="recent", symbol="BTC-USD", count=5)["ok"]
    assert store.says in state(flow)["error"]
    assert loads(flow.ready("cached_http")[1])["ready"] is True
    store.make_room()
    assert_stored(flow, store, journal_at_the_end(flow))
    flow.processes["cached"].stop()
