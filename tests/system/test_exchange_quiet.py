"""Connections on which nothing is traded, or nothing is even subscribed: the exchange is asked, or a heartbeat is, so that they are not taken for dead."""

import pytest
from counted import counted, metric, start, status
from pipeline import until

SILENCE_MS, MESSAGES = 3000, 7  # the exchange says one a second


@pytest.mark.parametrize("exchange, subscribe", [("binance", "always"), ("coinbase", "demand"), ("kraken", "demand"), ("binance", "demand")])
def test_a_quiet_connection_stays(pipeline, exchange, subscribe):
    flow = counted(pipeline, exchange, ["BTC-USD", "ETH-USD"], subscribe=subscribe, silence_ms=SILENCE_MS)
    start(flow)
    until(lambda: status(flow)["frames"] >= MESSAGES, "the exchange to have spoken for longer than twice the silence")
    assert [entry["conn"] for entry in flow.ledger("open")] == [1]
    assert flow.ledger("close") == []
    assert metric(flow, "dataflow_source_reconnects_total") == metric(flow, "dataflow_source_malformed_total") == 0
    assert flow.ready("connectord_http")[0] == 200
