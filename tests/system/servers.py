"""Servers from Debian's packages, on private ports and in folders of their own, gone at the end."""

import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

import pytest
from pipeline import free_ports, until


def find(program):
    """Where a program is; Debian keeps PostgreSQL's out of the way."""
    found = shutil.which(program) or next(iter(sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{program}"), reverse=True)), None)
    if not found:
        pytest.skip(f"{program} is not installed")
    return found


class Postgres:
    """PostgreSQL refuses to be root: started by root it runs as the package's user."""

    user, password = "dataflow", "let-me-in"
    template = None

    def __init__(self):
        self.postgres, self.psql = find("postgres"), find("psql")
        self.port, = free_ports(1)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="test-postgres-"))
        self.account = {}
        if os.getuid() == 0:
            entry = pwd.getpwnam("postgres")
            self.account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        (self.folder / "password").write_text(self.password)
        os.chmod(self.folder / "password", 0o644)
        self._make()
        self.process = None

    def _make(self):
        """A copy of what initdb made once in this run: that takes a fifth of the time."""
        if not Postgres.template:
            Postgres.template = tempfile.TemporaryDirectory(prefix="test-postgres-")
            self._run(find("initdb"), "-D", self.data, "-U", self.user, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "-N",
                      f"--pwfile={self.folder}/password")
            subprocess.run(["cp", "-a", self.data, Postgres.template.name], check=True)
        else:
            subprocess.run(["cp", "-a", f"{Postgres.template.name}/data", self.folder], check=True)

    data = property(lambda self: str(self.folder / "data"))

    def url(self, password=password):
        return f"postgres://{self.user}:{password}@127.0.0.1:{self.port}/postgres"

    def _run(self, *command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, **self.account)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.postgres, "-D", self.data, "-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-c",
                 "unix_socket_directories=", "-c", "fsync=off"],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.account)
        until(lambda: self.ask("SELECT 1") == ["1"], "PostgreSQL to answer")
        return self

    def stop(self, signal_number=signal.SIGINT):
        """SIGINT: it ends its clients, and orderly; SIGQUIT: it drops everything, as when the power fails."""
        if self.process:
            self.process.send_signal(signal_number)
            self.process.wait(60)
            self.process = None

    def remove(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, query):
        """The lines of the answer; none while it is away."""
        done = subprocess.run([self.psql, "-XAtq", "-h", "127.0.0.1", "-p", str(self.port), "-U", self.user, "-c", query, "postgres"],
                              env={**os.environ, "PGPASSWORD": self.password}, capture_output=True, text=True)
        return done.stdout.splitlines() if done.returncode == 0 else []

    # What the tests of stores want of one.
    def count(self):
        answer = self.ask("SELECT sum(trades)::bigint FROM dataflow.stream WHERE topic NOT LIKE 'coverage.%'")
        return int(answer[0] or 0) if answer else 0

    def lines(self, topic):
        return self.ask("SELECT json FROM dataflow.trade t JOIN dataflow.stream s ON s.id = t.stream "
                        f"WHERE topic = '{topic}' ORDER BY t.epoch, t.seq")


class Redis:
    """redis-server, with nothing of it on the disk."""

    password = "let-me-in"

    def __init__(self):
        self.program, self.cli = find("redis-server"), find("redis-cli")
        self.port, = free_ports(1)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="test-redis-"))
        self.process = None

    def url(self):
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "--bind", "127.0.0.1", "--port", str(self.port), "--requirepass", self.password, "--save", "", "--dir",
                 str(self.folder)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: self.ask("PING") == "PONG", "Redis to answer")
        return self

    def ask(self, *command):
        done = subprocess.run([self.cli, "-h", "127.0.0.1", "-p", str(self.port), *command],
                              env={**os.environ, "REDISCLI_AUTH": self.password}, capture_output=True, text=True)
        return done.stdout.strip()

    # What the tests of stores want of one.
    def count(self):
        return sum(int(self.ask("XLEN", key)) for key in self.ask("KEYS", "dataflow:trades:*").split()
                   if not key.startswith("dataflow:trades:coverage."))

    def lines(self, topic):
        return [line for line in self.ask("XRANGE", f"dataflow:trades:{topic}", "-", "+").splitlines() if line.startswith("{")]

    def remove(self):
        if self.process:
            self.process.terminate()
            self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
