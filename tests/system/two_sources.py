"""Two exchanges that trade the same symbol: alpha and beta."""

import pytest
from pipeline import free_ports, get, until

RATES = {"alpha": 40, "beta": 20}  # trades a second


class Exchanges:
    def __init__(self, flow):
        self.flow, self.port = flow, free_ports(1)[0]
        flow.source["name"] = "alpha"
        flow.config["connectord"]["sources"].append({**flow.source, "name": "beta", "url": f"ws://127.0.0.1:{self.port}/ws"})

    def start(self, *beta, alpha=()):
        self.flow.start("beta", ["--listen", f"127.0.0.1:{self.port}", "--symbols", "BTC-USD", *map(str, beta)], program="exchange-simulator")
        until(lambda: get(f"http://127.0.0.1:{self.port}/health")[0] == 200, "the other simulator to listen")
        self.flow.start_all("--symbols", "BTC-USD", *alpha)

    def tell_beta(self, path):
        status, answer = get(f"http://127.0.0.1:{self.port}{path}", "POST")
        assert status == 200, f"beta: {path}: {status} {answer}"


@pytest.fixture
def exchanges(pipeline):
    return Exchanges(pipeline(symbols=["BTC-USD"]))


@pytest.fixture
def two(exchanges):
    """Both trade."""
    exchanges.start("--rate", RATES["beta"], "--seed", 8, alpha=("--rate", RATES["alpha"], "--seed", 7))
    return exchanges.flow
