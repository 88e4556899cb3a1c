"""A gateway that listens with TLS and without, and what its clients need."""

import ssl
import subprocess

import pytest
from certificate import certificate
from pipeline import get
from test_http import Peer

SYMBOLS = ["BTC-USD", "ETH-USD"]


@pytest.fixture
def certify(tmp_path):
    return lambda name, into="gateway": certificate(tmp_path, name, into)


def listening(flow, certificate, key):
    """gateway0 is plain, gateway1 the same process under TLS."""
    flow.tls = {"address": flow.address("gateway1"), "tls": {"certificate": certificate, "key": key}}
    flow.trust = certificate
    flow.config["gatewayd"]["listen"] = [flow.address("gateway0"), flow.tls]
    return flow


@pytest.fixture
def flow(pipeline, certify):
    return listening(pipeline(symbols=SYMBOLS), *certify("gateway"))


def start(flow, **settings):
    flow.config["gatewayd"].update(settings)
    process = flow.start("gateway0", ["--config", str(flow.write_config())], program="gatewayd")
    process.wait_for_line("gateway: listening.*" + flow.address("gateway1"))
    return process


def start_all(flow, rate, symbols=SYMBOLS, paused=False, **settings):
    flow.start_simulator("--symbols", ",".join(symbols), "--rate", rate, *(["--paused"] if paused else []))
    flow.start_connectord()
    flow.start_cached()
    start(flow, **settings)
    flow.wait_ready("connectord_http", "cached_http", "gateway0")
    return flow


def context(flow, *files, **how):
    trusted = ssl.create_default_context(cafile=flow.trust)
    for file in files:
        trusted.load_verify_locations(file)
    for name, value in how.items():
        setattr(trusted, name, value)
    return trusted


def secure(flow):
    return f"wss://localhost:{flow.port['gateway1']}/ws"


class Secure(Peer):
    """A connection under TLS on which bytes are sent as they are."""

    def __init__(self, flow, trusted=None):
        super().__init__(flow, "gateway1")
        self.stream.close()
        self.socket = (trusted or context(flow)).wrap_socket(self.socket, server_hostname="localhost")
        self.stream = self.socket.makefile("rb")

    def certificate(self):
        return dict(part[0] for part in self.socket.getpeercert()["subject"])["commonName"]


def fetch(flow, path, *options):
    """curl's answer."""
    done = subprocess.run(["curl", "-sS", "--cacert", flow.trust, *options, f"https://localhost:{flow.port['gateway1']}{path}"], capture_output=True, check=True)
    return done.stdout.decode()


def metric(flow, name):
    lines = get(f"http://{flow.address('gateway0')}/metrics")[1].splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name + " "))
