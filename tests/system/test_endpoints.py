"""Each form of an address that --check takes is one that can be listened at and connected to; --check refuses the others."""

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import tempfile

import pytest
from clients import Client
from pipeline import BIN, ROOT, Pipeline, free_ports, get, until

BOTH_NAMES = "127.0.0.1 both.test\n::1 both.test\n::1 six.test\n127.0.0.1 localhost\n"  # of /etc/hosts, where a test needs one
PATH_MAX = 107  # bytes of a socket's path


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


def need_ipv6(*addresses):
    if any("[" in address or "test" in address for address in addresses) and not has_ipv6():
        pytest.skip("this machine has no IPv6")


def checked(flow, *settings):
    """What --check says of the pipeline's configuration: its exit code, and its mistakes."""
    arguments = [argument for setting in settings for argument in ("--set", setting)]
    done = subprocess.run([BIN / "connectord", "--config", flow.write_config(), "--check", *arguments], cwd=flow.directory,
                          capture_output=True, text=True)
    return done.returncode, done.stderr


SOCKETS = ("bus", "replay", "history")


def serve(flow, *forms):
    """The bus, replay and history are bound at a form each, and used by another, or the same: by cached and a gateway."""
    bind = {name: form[0] % flow.port[name] for name, form in zip(SOCKETS, forms)}
    connect = {name: form[-1] % flow.port[name] for name, form in zip(SOCKETS, forms)}
    flow.config["connectord"].update(publish=bind["bus"], replay=bind["replay"], insecure=True)
    flow.config["cached"].update(bus=[connect["bus"]], replay=[connect["replay"]], history=bind["history"], insecure=True)
    flow.config["gatewayd"].update({name: [connect[name]] for name in SOCKETS})
    assert checked(flow) == (0, "")
    flow.start_all("--symbols", "BTC-USD", "--rate", 500)

    async def watch():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await client.until(lambda: client.trades, "a trade from the bus")
            assert (await client.call("getRecentTrades", channel="trades", symbol="BTC-USD", count=10))["trades"]

    asyncio.run(watch())
    return connect


# What is bound, and what is connected to where that is something else.
IPV4, IPV6 = ("tcp://127.0.0.1:%d",), ("tcp://[::1]:%d",)
ALL_IPV6, ALL_BY_IPV4, ALL_BY_IPV6 = ("tcp://[::]:%d", "tcp://[::1]:%d"), ("tcp://*:%d", "tcp://127.0.0.1:%d"), ("tcp://*:%d", "tcp://[::1]:%d")
ALL_IPV4, NAME, INTERFACE = ("tcp://0.0.0.0:%d", "tcp://localhost:%d"), ("tcp://localhost:%d",), ("tcp://lo:%d", "tcp://127.0.0.1:%d")
PATH, ABSTRACT = ("ipc://%d",), ("ipc://@test-%d",)


@pytest.mark.parametrize("forms", [
    pytest.param([IPV6, IPV6, IPV6], id="ipv6"), pytest.param([ALL_IPV6, ALL_BY_IPV4, ALL_BY_IPV6], id="all interfaces"),
    pytest.param([NAME, ALL_IPV4, INTERFACE], id="ipv4"), pytest.param([PATH, ABSTRACT, IPV4], id="paths"),
    pytest.param([ALL_BY_IPV6, PATH, NAME], id="mixed"),
])
def test_a_form_that_check_takes_is_bound_and_connected_to(pipeline, forms):
    need_ipv6(*sum(forms, ()))
    serve(pipeline(symbols=["BTC-USD"]), *forms)


def test_the_longest_path_that_check_takes_is_bound_and_a_longer_one_is_refused(pipeline):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        form = f"ipc://{folder}/{'x' * (PATH_MAX - len(folder) - 6)}%05d"
        flow = pipeline(symbols=["BTC-USD"])
        serve(flow, (form,), (form,), (form,))
        for key in ("connectord.publish", "gatewayd.history"):
            code, mistakes = checked(flow, f"{key}={form % 1}x")
            assert code != 0 and "107 bytes, found \"ipc:///tmp/" in mistakes


@pytest.fixture
def own_names(tmp_path):
    """A wrapper for processes that see names of ours in /etc/hosts."""
    hosts = tmp_path / "hosts"
    hosts.write_text(BOTH_NAMES)
    wrapper = ["unshare", "--mount", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh"]
    if not shutil.which("unshare") or subprocess.run([*wrapper, "true"], capture_output=True).returncode != 0:
        pytest.skip("a private /etc/hosts needs root's rights")
    return wrapper


# They have both addresses, and IPv6's only.
BOTH, SIX = "tcp://both.test:%d", "tcp://six.test:%d"


@pytest.mark.parametrize("forms", [
    pytest.param([(BOTH, *IPV4), (BOTH, *IPV6), (BOTH,)], id="bound"),
    pytest.param([(*IPV4, BOTH), (*IPV6, BOTH), (SIX,)], id="connected to"),
    pytest.param([(*IPV6, BOTH), (*IPV4, BOTH), (*IPV6, SIX)], id="the other way round"),
])
def test_a_name_means_its_ipv4_and_its_ipv6_addresses(pipeline, own_names, forms):
    need_ipv6("[")
    serve(pipeline(symbols=["BTC-USD"], wrapper=own_names), *forms)


LISTENED = {"127.0.0.1": ["127.0.0.1"], "0.0.0.0": ["127.0.0.1"], "localhost": ["127.0.0.1"], "[::1]": ["[::1]"], "[::]": ["[::1]"]}
DAEMONS = {"gatewayd": "gatewayd.listen", "cached": "cached.http", "connectord": "connectord.http"}


@pytest.mark.parametrize("host", LISTENED)
def test_a_form_of_an_http_address_that_check_takes_is_listened_at(pipeline, host):
    need_ipv6(host)
    flow = pipeline()
    for (daemon, key), name in zip(DAEMONS.items(), ("gateway0", "cached_http", "connectord_http")):
        section, member = key.split(".")
        flow.config[section][member] = f"{host}:{flow.port[name]}"
        assert checked(flow) == (0, "")
        flow.start_daemon(daemon)
        for reached in LISTENED[host]:
            until(lambda: get(f"http://{reached}:{flow.port[name]}/health")[0] == 200, f"{daemon} at {reached}")


def test_http_is_listened_at_by_all_addresses_of_a_name(pipeline, own_names):
    need_ipv6("[")
    flow = pipeline(wrapper=own_names)
    flow.config["cached"]["http"] = f"both.test:{flow.port['cached_http']}"
    flow.start_daemon("cached")
    for reached in ("127.0.0.1", "[::1]"):
        until(lambda: get(f"http://{reached}:{flow.port['cached_http']}/health")[0] == 200, f"cached at {reached}")


BINDS = ["connectord.publish", "connectord.replay", "cached.history"]
CONNECTS = ["cached.bus.0", "cached.replay.0", "gatewayd.bus.0", "gatewayd.replay.0", "gatewayd.history.0"]
ADDRESSES = list(DAEMONS.values())
REFUSED = [
    (BINDS + CONNECTS, ["ipc://", "ipc://*", "ipc://@", "tcp://[::1]", "tcp://::1:5000", "tcp://[::1]:0", "tcp://127.0.0.1:*", "tcp://:5000",
                        "tcp://[::1%lo]:5000", "tcp://300.0.0.1:5000", "inproc://bus", "udp://127.0.0.1:5000", "127.0.0.1:5000"]),
    (CONNECTS, ["tcp://*:5000"]),
    (ADDRESSES, ["*:8080", ":8080", "::1:8080", "[::1]", "[::1]:0", "[::1%lo]:8080", "localhost", "127.0.0.1:65536", "tcp://127.0.0.1:8080"]),
]


def test_check_refuses_what_could_not_be_bound_or_connected_to_and_says_what_it_expected(pipeline):
    flow = pipeline()
    for keys, values in REFUSED:
        for value in values:
            code, mistakes = checked(flow, *(f"{key}={value}" for key in keys))
            assert code != 0
            for key in keys:
                line = next((line for line in mistakes.splitlines() if f"{key}: expected" in line), "")
                assert f'found "{value}"' in line, (key, value, mistakes)


def test_the_command_line_reaches_what_is_bound(pipeline):
    need_ipv6("[")
    flow = pipeline(symbols=["BTC-USD"])
    serve(flow, ALL_BY_IPV6, IPV4, ALL_BY_IPV4)
    for host in ("[::1]", "127.0.0.1", "localhost"):
        for command in (["dataflow", "tap", "BTC-USD", "--count", "1", "--json", "--bus", f"tcp://{host}:{flow.port['bus']}"],
                        ["export", "BTC-USD", "--history", f"tcp://{host}:{flow.port['history']}"]):
            done = subprocess.run([sys.executable, ROOT / "scripts" / command[0], *command[1:]], capture_output=True, text=True, timeout=60)
            assert done.returncode == 0 and json.loads(done.stdout.splitlines()[0]), done.stderr


def addresses(config, gateways=1):
    return subprocess.run([sys.executable, ROOT / "scripts/addresses", str(gateways)], input=json.dumps(config), capture_output=True, text=True)


@pytest.mark.parametrize("listen, reached", [("[::1]", "[::1]"), ("[::]", "[::1]"), ("0.0.0.0", "127.0.0.1"), ("10.0.0.0", "10.0.0.0"),
                                             ("localhost", "localhost")])
def test_run_prints_addresses_that_a_client_on_this_machine_can_use(tmp_path, listen, reached):
    port, = free_ports(1)
    config = Pipeline(tmp_path).config
    config["gatewayd"]["listen"] = f"{listen}:{port}"
    config["connectord"]["publish"] = f"tcp://{listen}:{port + 5}"
    done = addresses(config)
    assert f"gateway={reached}:{port}" in done.stdout.replace("'", "") and f"bus=tcp://{reached}:{port + 5}" in done.stdout.replace("'", "")
    assert done.returncode == 0, done.stderr


def test_run_names_what_is_in_use_by_ipv6_too(tmp_path):
    need_ipv6("[")
    config = Pipeline(tmp_path).config
    with socket.socket(socket.AF_INET6) as taken:
        taken.bind(("::1", 0))
        taken.listen()
        config["cached"]["history"] = f"tcp://[::1]:{taken.getsockname()[1]}"
        done = addresses(config)
    assert done.returncode == 1 and f"{config['cached']['history']} (cached.history) is in use" in done.stderr
