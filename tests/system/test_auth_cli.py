"""The command line at a gateway that asks for tokens: brings them, and newer ones before they expire."""

import json
import subprocess
import sys
import time

from cli import DATAFLOW
from guarded import guarded  # noqa: F401 (a fixture)
from pipeline import PATIENCE, until


def run(guard, *arguments, token=None):
    environment = {"PATH": "/usr/bin:/bin", **({"DATAFLOW_TOKEN": token} if token else {})}
    return subprocess.run([sys.executable, DATAFLOW, *map(str, arguments), "--url", guard.url("/ws", "ws")], capture_output=True, text=True, timeout=PATIENCE,
                          env=environment)


def test_each_command_brings_a_token(guarded):
    guard = guarded()
    path = guard.flow.directory / "token"
    path.write_text(guard.token() + "\n")
    for command in (["symbols"], ["channels"], ["status"], ["history", "BTC-USD"], ["candles", "BTC-USD"], ["coverage", "BTC-USD"],
                    ["watch", "BTC-USD", "--count", 3]):
        without = run(guard, *command)
        assert without.returncode == 1 and "the gateway asks for a token: --token FILE, or DATAFLOW_TOKEN" in without.stderr, command
        for ended in run(guard, *command, "--token", path), run(guard, *command, token=guard.token()):
            assert ended.returncode == 0, (command, ended.stderr)
            assert "ETH-USD" not in ended.stdout
    bad = run(guard, "status", token=guard.token(lives=-5))
    assert bad.returncode == 1 and "the token has expired" in bad.stderr
    assert "No such file" in run(guard, "status", "--token", guard.flow.directory / "nowhere").stderr


def test_watch_goes_on_with_a_newer_token(guarded):
    """Somebody writes one to the file before the first one expires."""
    guard = guarded(warn_ms=6000)
    path = guard.flow.directory / "token"
    over = time.time() + 8
    path.write_text(guard.token(exp=over))
    watch = subprocess.Popen([sys.executable, DATAFLOW, "watch", "BTC-USD", "--json", "--token", path, "--url", guard.url("/ws", "ws")],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        first = json.loads(watch.stdout.readline())
        path.write_text(guard.token(lives=600))
        until(lambda: guard.metric("dataflow_auth_refreshed_total") == 1, "the newer token")
        seq = first["seq"]
        while time.time() < over + 1:
            trade = json.loads(watch.stdout.readline())
            assert trade["seq"] == seq + 1
            seq = trade["seq"]
        assert guard.metric("dataflow_auth_expired_total") == 0
    finally:
        watch.terminate()
        watch.communicate()
