"""What is written about the programs: help, manual pages, completion; and that what is installed runs."""

import os
import re
import shutil
import subprocess

import pytest
from cli import COMMANDS, DATAFLOW, NOBODY, answered, started
from pipeline import BIN, PATIENCE, ROOT, until

DAEMONS = ("connectord", "cached", "gatewayd")


@pytest.fixture
def flow(pipeline):
    return started(pipeline)


def options_in(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def options_of(*command):
    return options_in(answered(*command, "--help").split("examples:")[0])


def page_of(name):
    return (ROOT / "deploy/man" / name).read_text().replace("\\-", "-")


def told_by(daemon, option):
    ended = subprocess.run([BIN / daemon, option], capture_output=True, text=True, timeout=PATIENCE)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_and_the_manual_page_every_option(command):
    told = answered(command, "--help")
    assert f"dataflow {command}" in told.split("examples:")[1] and "exit codes:" in told
    page = page_of("dataflow.1")
    assert command in page and options_of(command) | options_of() <= options_in(page)


@pytest.mark.parametrize("command", [(), *((command,) for command in COMMANDS)])
def test_help_fits_the_terminal(command):
    for columns in 80, 120:
        told = subprocess.run([DATAFLOW, *command, "--help"], capture_output=True, text=True, timeout=PATIENCE,
                              env={**os.environ, "COLUMNS": str(columns)}).stdout
        assert "examples:" in told
        assert [line for line in told.splitlines() if len(line) > columns] == []


@pytest.mark.parametrize("daemon", DAEMONS)
def test_a_daemon_s_manual_page_has_its_options_and_no_other(daemon):
    told, _, examples = told_by(daemon, "--help").partition("Keys:")
    page = page_of(f"{daemon}.8")
    assert options_in(page) == options_in(told) >= options_in(examples) > set()
    for option in options_in(told):
        assert re.search(rf"^\.BI? {option}\b", page, re.M), f"{option} has no entry of its own"


def test_all_programs_have_one_version():
    version = answered("--version")
    assert re.fullmatch(r"dataflow \d+\.\d+\.\d+\n", version)
    assert [told_by(daemon, "--version") for daemon in DAEMONS] == [version.replace("dataflow", daemon) for daemon in DAEMONS]


@pytest.mark.parametrize("name", [f"{daemon}.8" for daemon in DAEMONS] + ["dataflow.1"])
def test_a_manual_page_is_without_warnings(name):
    if not shutil.which("man"):
        pytest.skip("man is not installed")
    ended = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", ROOT / "deploy/man" / name], capture_output=True,
                           text=True, timeout=PATIENCE, env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
    assert (ended.returncode, ended.stderr) == (0, "")


def complete(*words, line=None):
    script = ('source "$1"; shift; COMP_LINE=$1; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dataflow; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    ended = subprocess.run(["bash", "-c", script, "bash", ROOT / "deploy/bash-completion/dataflow", line or " ".join(words), *words],
                           capture_output=True, text=True, timeout=PATIENCE,
                           env={**os.environ, "DATAFLOW_COMPLETION_SECONDS": str(PATIENCE)})
    assert ended.stderr == ""
    return set(ended.stdout.split())


def test_completion_offers_the_commands_and_the_choices():
    assert complete("dataflow", "") == {*COMMANDS, "--help", "--version"}
    assert complete("dataflow", "st") == {"status"}
    assert complete("dataflow", "candles", "--interval", "1") == {"1s", "1m", "15m", "1h", "1d"}
    assert complete("dataflow", "disconnect-test", "--mode", "") == {"graceful", "abrupt", "temporary-drop"}


@pytest.mark.parametrize("command", COMMANDS)
def test_completion_knows_every_option(command):
    assert complete("dataflow", command, "--") == options_of(command)


def test_completion_asks_the_gateway_for_symbols(flow):
    # bash has split the URL at its colons
    words = [str(DATAFLOW), "watch", "--url", *re.findall(r":|[^:]+", flow.url()), "B"]
    until(lambda: complete(*words, line=f"{DATAFLOW} watch --url {flow.url()} B") == {"BTC-USD"}, "the symbol")


def test_what_is_installed_runs(tmp_path):
    done = subprocess.run(["make", "-s", "-o", "all", "install", f"PREFIX={tmp_path}"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ended = subprocess.run([tmp_path / "bin/dataflow", "status", "--url", NOBODY], cwd="/", capture_output=True, text=True)
    assert ended.returncode == 3 and "Connection refused" in ended.stderr
    for page in ("man1/dataflow.1", *(f"man8/{daemon}.8" for daemon in DAEMONS)):
        assert (tmp_path / "share/man" / page).exists()
    assert (tmp_path / "share/bash-completion/completions/dataflow").exists()
    assert not list((tmp_path / "share").rglob("*.pyc"))
