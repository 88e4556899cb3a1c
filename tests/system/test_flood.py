"""A peer that asks for more than it reads, and goes in the midst of it, harms nobody. Each service has such a door: history, replay, the bus."""

import subprocess
import sys

import pytest
from clients import Requester, Tap
from pipeline import until
from stores import journaled, metric, topic

COUNT = 1000  # trades in an answer: enough for the service to be behind when its peer goes
QUEUED = 1000  # requests that wait at a service for one peer, as ZeroMQ counts them
FLOODS = 5

# Waits for nothing and reads nothing, so that its connection breaks when it is killed, with answers on it.
FLOOD = """
import sys, zmq
kind, endpoint, count, *frames = sys.argv[1:]
socket = zmq.Context().socket(getattr(zmq, kind))
socket.sndhwm, socket.rcvhwm = 0, 1
socket.connect(endpoint)
for number in range(int(count)):
    socket.send_multipart([frame.replace("%d", str(number)).encode("latin-1") for frame in frames])
print("sent", flush=True)
sys.stdin.read()
"""


class Flood:
    """A process that sends `count` messages to a service; %d in a frame is the message's number."""

    def __init__(self, kind, endpoint, count, *frames):
        self.process = subprocess.Popen([sys.executable, "-c", FLOOD, kind, endpoint, str(count), *frames],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        assert self.process.stdout.readline() == "sent\n"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def flow(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.start_all("--symbols", "BTC-USD", "--rate", 5000)
    until(lambda: journaled(flow) > COUNT, "trades to ask for")
    return flow


@pytest.mark.parametrize("name, request_text, service, answers", [
    ("history", f'{{"op":"recent","symbol":"BTC-USD","count":{COUNT}}}', "cached_http", 'dataflow_history_requests_total{op="recent"}'),
    ("replay", f'{{"op":"range","topic":"{topic("BTC-USD")}","count":{COUNT}}}', "connectord_http", "dataflow_replay_answers_total"),
])
def test_a_client_that_asks_without_reading_and_goes_does_not_take_the_service_with_it(flow, name, request_text, service, answers):
    endpoint = f"tcp://{flow.address(name)}"
    with Requester(endpoint) as other:
        for _ in range(FLOODS):
            before = metric(flow, answers, service)
            with Flood("DEALER", endpoint, 5 * QUEUED, "", request_text):
                until(lambda: metric(flow, answers, service) >= before + QUEUED, "some of the flood to be answered")
            assert other.ask(op="stats" if name == "history" else "streams")["ok"]
    assert all(process.alive() for process in flow.processes.values())


@pytest.mark.parametrize("frame", ["nonsense %d", "\x01trade.S%d."])
def test_a_subscriber_that_sends_without_end_and_goes_costs_the_others_nothing(flow, frame):
    with Tap(flow.bus, "trade.") as tap:
        for _ in range(FLOODS):
            with Flood("XSUB", flow.bus, 50 * QUEUED, frame):
                tap.take(COUNT)
        tap.take(COUNT)
    assert all(process.alive() for process in flow.processes.values())
