"""Files of keys, who may listen where without them, and what the command line does with them."""

import ctypes
import stat
import subprocess

import pytest
import zmq
import zmq.auth
from cli import Command, answered, dataflow
from keyed import keyed, started  # noqa: F401 (a fixture)
from pipeline import BIN, PATIENCE, until

# -- files, and networks without keys ------------------------------------------------------------------------------------------


def refused(keyed, daemon):
    """What a process says that must not start, also when it is only to check."""
    config = keyed.write_config()
    checked = subprocess.run([BIN / daemon, "--config", config, "--check"], capture_output=True, text=True, timeout=PATIENCE, cwd=keyed.directory)
    process = keyed.start_daemon(daemon)
    process.popen.wait(PATIENCE)
    process.reader.join()
    keyed.processes.pop(daemon)
    assert (checked.returncode, process.popen.returncode) == (1, 1)
    return checked.stderr, process.log()


@pytest.mark.parametrize("daemon", ["connectord", "cached", "gatewayd"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_may_read_is_refused(keyed, daemon, mode):
    path = keyed.keys.folder / f"{daemon}.key"
    path.chmod(mode)
    for said in refused(keyed, daemon):
        assert f"{path}: others than its owner may use it: expected mode 0600 or 0400, found {mode:04o}" in said


SPOILT = {
    "another's list": (lambda folder: (folder / "cached.pub").chmod(0o666), "cached.pub: expected that only its owner can write to it"),
    "no key": (lambda folder: (folder / "connectord.key").unlink(), "connectord.key: No such file"),
    "no folder": (lambda folder: folder.joinpath("connectord.key").rename(folder.parent / "connectord.key") and folder.rename(folder.parent / "gone"),
                  "connectord.key: No such file"),
    "an unknown right": (lambda folder: (folder / "desk.pub").write_text('metadata\n may = "everything"\ncurve\n public-key = "' + "a" * 40 + '"\n'),
                             "desk.pub: may: expected subscribe, subscribe:PREFIX, replay, history, clear or operate, found everything"),
    "a secret for all": (lambda folder: (folder / "desk.pub").write_text((folder / "cached.key").read_text()), "desk.pub: expected no secret-key"),
    "one key twice": (lambda folder: (folder / "desk.pub").write_text((folder / "cached.pub").read_text()), "expected a key of its own, found that of "),
}


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_folder_of_keys_that_is_not_as_it_should_be_is_refused(keyed, spoil):
    do, expected = SPOILT[spoil]
    do(keyed.keys.folder)
    try:
        for said in refused(keyed, "connectord"):
            assert expected in said
    finally:
        if not keyed.keys.folder.exists():
            keyed.keys.folder.mkdir()


def test_a_process_s_own_key_may_be_elsewhere(keyed, tmp_path):
    elsewhere = tmp_path / "credentials"
    elsewhere.mkdir()
    (keyed.keys.folder / "connectord.key").rename(elsewhere / "of-the-bus")
    (elsewhere / "of-the-bus").chmod(0o440)
    keyed.config["connectord"]["curve"]["key"] = str(elsewhere / "of-the-bus")
    keyed.start_simulator()
    keyed.start_daemon("connectord", CREDENTIALS_DIRECTORY=str(elsewhere))
    keyed.wait_ready("connectord_http")


def test_a_process_that_knows_no_server_does_not_start(keyed):
    keyed.keys.forget("connectord")
    process = keyed.start_daemon("cached")
    assert process.popen.wait(PATIENCE) == 1
    process.wait_for_line("no key of a server is known.*service=replay")
    keyed.processes.pop("cached")


OPEN = {"connectord": ("publish", "bus"), "cached": ("history", "history")}


@pytest.mark.parametrize("daemon", OPEN)
def test_a_network_without_keys_needs_a_word(pipeline, daemon):
    flow = pipeline()
    key, service = OPEN[daemon]
    flow.config[daemon][key] = f"tcp://*:{flow.port[service]}"
    process = flow.start_daemon(daemon)
    assert process.popen.wait(PATIENCE) == 1
    process.wait_for_line(r"refuses to listen on a network without CURVE: make keys \(dataflow keys\) and set curve.keys, or set insecure to true")
    flow.processes.pop(daemon)
    flow.config[daemon]["insecure"] = True
    for _ in range(2):
        process = flow.start_daemon(daemon)
        process.wait_for_line(f"warn .*listens on a network without CURVE.*socket={service} endpoint=tcp://\\*:{flow.port[service]}")
        process.wait_for_line(f"{daemon}: started")
        process.stop()


@pytest.mark.parametrize("address", ["127.9.9.9", "localhost", "lo"])
def test_this_machine_alone_needs_none(pipeline, address):
    flow = pipeline()
    flow.config["connectord"]["publish"] = f"tcp://{address}:{flow.port['bus']}"
    flow.start_daemon("connectord").wait_for_line("connectord: started")
    assert "without CURVE" not in flow.processes["connectord"].log()


def test_a_network_with_keys_needs_none_either(keyed):
    keyed.config["connectord"]["publish"] = f"tcp://*:{keyed.port['bus']}"
    started(keyed)
    assert "without CURVE" not in keyed.processes["connectord"].log()


# -- the command line ----------------------------------------------------------------------------------------------------------


def test_keys_are_made_once_and_listed(tmp_path):
    folder = tmp_path / "new" / "curve"
    answered("keys", "connectord", "cached", "desk", "--to", folder)
    answered("keys", "gatewayd-2", "--to", folder)
    answered("keys", "one", "--to", folder, "--may", "subscribe:trade.A-B. clear", "--serves", "history")
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        f"{name}.{kind}": mode for name in ("connectord", "cached", "desk", "gatewayd-2", "one") for kind, mode in (("key", 0o600), ("pub", 0o644))}
    rows = {row.split()[0]: row.split()[2:] for row in answered("keys", "--to", folder).splitlines()[1:]}
    assert rows == {"connectord": ["bus", "replay"], "cached": ["history", "subscribe", "replay"], "desk": ["subscribe", "replay", "history"],
                    "gatewayd-2": ["subscribe", "replay", "history", "clear", "operate"], "one": ["history", "subscribe:trade.A-B.", "clear"]}
    before = (folder / "desk.key").read_bytes()
    ended = dataflow("keys", "desk", "--to", folder)
    assert (ended.returncode, (folder / "desk.key").read_bytes()) == (1, before) and "exists already" in ended.stderr
    for wrong in (["../up"], ["x", "--may", "everything"], ["x", "--serves", "clear"], ["x", "--may", 'a"b']):
        assert dataflow("keys", *wrong, "--to", folder).returncode == 2


def test_czmq_and_pyzmq_read_the_files(tmp_path):
    answered("keys", "desk", "--to", tmp_path)
    public, secret = zmq.auth.load_certificate(tmp_path / "desk.key")
    assert zmq.curve_public(secret) == public == zmq.auth.load_certificate(tmp_path / "desk.pub")[0]
    czmq = ctypes.CDLL("libczmq.so.4")
    czmq.zcert_load.restype = czmq.zcert_public_txt.restype = czmq.zcert_meta.restype = ctypes.c_void_p
    certificate = ctypes.c_void_p(czmq.zcert_load(str(tmp_path / "desk.key").encode()))
    text = lambda at: ctypes.string_at(at)
    assert text(czmq.zcert_public_txt(certificate)) == public and text(czmq.zcert_meta(certificate, b"may")) == b"subscribe replay history"
    czmq.zcert_destroy(ctypes.byref(certificate))


def test_tap_has_a_key(keyed):
    keyed.keys.make("dataflow", may="subscribe:status.")
    keyed.keys.make("connectord-2")  # another server that is known: its key is tried, too
    (keyed.keys.folder / "connectord-2.pub").rename(keyed.keys.folder / "a-server.pub")
    started(keyed)
    tap = ("tap", "--bus", keyed.bus, "--curve", keyed.keys.folder)
    assert answered(*tap, "status.", "--count", 1).startswith("status.blockchain ")
    with Command(*tap, "trade.", "--count", 1) as refused_one, Command("tap", "--bus", keyed.bus, "--count", 1) as plain:
        until(lambda: keyed.denied("bus", "subscribe") > 0, "the refusal")
        for command in (refused_one, plain):
            until(lambda: command.remarked("nothing that starts with"), "the remark")
            assert command.lines == []
