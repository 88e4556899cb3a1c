"""Coinbase, Kraken and Binance over wss and https, with a certificate of an authority that only the configuration knows."""

import json
import ssl
import urllib.request

import pytest
from counted import assert_all, counted, start_daemons
from pipeline import PATIENCE, loads, until
from polled import certificates  # noqa: F401 (a fixture)
from transports import PythonWebsockets

SYMBOLS = ["BTC-USD", "ETH-USD"]


@pytest.mark.parametrize("exchange", ["coinbase", "kraken", "binance"])
def test_what_is_traded_and_missed_comes_over_tls(pipeline, certificates, exchange):  # noqa: F811
    certificate, key = certificates("exchange")
    context = ssl.create_default_context(cafile=certificate)
    flow = counted(pipeline, exchange, SYMBOLS, secure=True, ca=certificate)

    def control(path, body=b""):
        with urllib.request.urlopen(f"https://localhost:{flow.port['simulator']}{path}", body, PATIENCE, context=context) as answer:
            return answer.read().decode()

    flow.start("simulator", ["--listen", flow.address("simulator"), "--exchange", exchange, "--symbols", ",".join(SYMBOLS), "--paused", "--rate", "1000",
                             "--ledger", "ledger.ndjson", "--tls", f"{certificate},{key}"], program="exchange-simulator")
    start_daemons(flow)
    subscribed = lambda: json.loads(control("/status", None))["subscriptions"]
    until(lambda: set(SYMBOLS) <= set(subscribed()), "all to be subscribed")
    client = PythonWebsockets(flow)
    try:
        client.follow(SYMBOLS)
        control("/control/play?count=400")
        until(lambda: len(client.received) == 400, "the first trades")
        control("/control/skip?n=7")
        control("/control/play?count=400")
        until(lambda: len(client.received) == 800, "all trades, those that were skipped, too")
        ledger = list(map(loads, control("/ledger", None).splitlines()))
        assert sum(entry["event"] == "rest" for entry in ledger) > 0
        assert_all(client.received, ledger)
        assert client.client.of("trades.gap") == []
    finally:
        client.close()
