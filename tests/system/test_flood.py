"""A peer that asks for more than it reads, and goes in the midst of it, harms nobody. Each service has such a door: history, replay, the bus."""

import pathlib
import re
import subprocess
import sys
from typing import NamedTuple

import pytest
from clients import Requester, Tap
from pipeline import SANITIZED, until
from stores import journaled, metric, topic

COUNT = 1000  # trades in an answer: enough for the service to be behind when its peer goes
MANY = 10000  # as many as there can be
QUEUED = 1000  # requests, and answers, that wait at a service for one peer, as ZeroMQ counts them
UNREAD_KB = 256 << 10  # of answers, by bytes
FLOODS = 5



class Service(NamedTuple):
    name: str
    daemon: str
    http: str
    answers: str  # the metric that counts them
    request: str  # for %d trades
    short: str    # an op whose answer is


HISTORY = Service("history", "cached", "cached_http", 'dataflow_history_requests_total{op="recent"}',
                  '{"op":"recent","symbol":"BTC-USD","count":%d}', "stats")
REPLAY = Service("replay", "connectord", "connectord_http", "dataflow_replay_answers_total",
                 f'{{"op":"range","topic":"{topic("BTC-USD")}","count":%d}}', "streams")
each_service = pytest.mark.parametrize("service", [HISTORY, REPLAY], ids=lambda service: service.name)

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


def answered(flow, service):
    return metric(flow, service.answers, service.http)


def resident_kb(process):
    status = pathlib.Path(f"/proc/{process.popen.pid}/status").read_text()
    return int(re.search(r"^RssAnon:\s+(\d+) kB", status, re.M)[1])


@pytest.fixture
def flow(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.start_all("--symbols", "BTC-USD", "--rate", 5000)
    until(lambda: journaled(flow) > COUNT, "trades to ask for")
    return flow


@each_service
def test_a_client_that_asks_without_reading_and_goes_does_not_take_the_service_with_it(flow, service):
    endpoint = f"tcp://{flow.address(service.name)}"
    flow.tell_simulator("/control/pause")
    with Requester(endpoint) as other:
        for _ in range(FLOODS):
            before = answered(flow, service)
            with Flood("DEALER", endpoint, 5 * QUEUED, "", service.request % COUNT):
                until(lambda: answered(flow, service) >= before + QUEUED, "some of the flood to be answered")
            assert other.ask(op=service.short)["ok"]
    assert all(process.alive() for process in flow.processes.values())


@pytest.mark.skipif(SANITIZED, reason="a sanitizer keeps freed memory")
@each_service
def test_answers_that_nobody_reads_do_not_fill_memory(flow, service):
    endpoint = f"tcp://{flow.address(service.name)}"
    until(lambda: journaled(flow) > MANY, "answers of some MiB")
    flow.tell_simulator("/control/pause")
    process = flow.processes[service.daemon]
    before, resident = answered(flow, service), resident_kb(process)
    with Flood("DEALER", endpoint, QUEUED, "", service.request % MANY), Requester(endpoint) as other:
        until(lambda: answered(flow, service) >= before + QUEUED, "the flood to be answered")
        assert other.ask(op=service.short)["ok"]
        assert UNREAD_KB / 2 < resident_kb(process) - resident < UNREAD_KB * 1.25
    process.wait_for_line("a peer does not read its answers")


@pytest.mark.parametrize("frame", ["nonsense %d", "\x01trade.S%d."])
def test_a_subscriber_that_sends_without_end_and_goes_costs_the_others_nothing(flow, frame):
    with Tap(flow.bus, "trade.") as tap:
        for _ in range(FLOODS):
            with Flood("XSUB", flow.bus, 50 * QUEUED, frame):
                tap.take(COUNT)
        tap.take(COUNT)
    assert all(process.alive() for process in flow.processes.values())
