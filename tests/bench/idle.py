"""What a client costs that only waits: gatewayd's resident memory beyond what it has without them, plain and under TLS. Each is subscribed to a symbol that
nothing is published of, and has its reply."""

import pathlib
import ssl
import threading

import ours
from handshake import call, upgrade
from secure import certificate, listening
from test_http import Peer

PAUSE = threading.Event()  # never set
WARM = 50  # clients that go first: what they find in use for the first time, libraries' code above all, is no client's


def plain(clients):
    def measure(seconds, quick):
        with ours.pipeline() as flow:
            flow.start_gateway()
            pid = ours.pid(flow, "gateway0")
            with ours.FanLoad(ours.bus_load(flow), [pid], clients=clients, seconds=0) as load:
                load.hear()
                ours.wait_for_source(flow)
                before = ours.resident_kib(pid)
                load.go_on()
                load.hear()
                cpu = ours.cpu_seconds(pid)
                PAUSE.wait(seconds)
                return {"kib_each": (ours.resident_kib(pid) - before) / clients, "mib_before": before / 1024,
                        "cores": (ours.cpu_seconds(pid) - cpu) / seconds}
    return measure


class Idler(Peer):
    """One over TLS. The generator speaks none, and a few thousand are few enough for this."""

    def __init__(self, flow, trusted):
        super().__init__(flow, "gateway1")
        self.stream.close()
        self.socket = trusted.wrap_socket(self.socket, server_hostname="localhost")
        self.stream = self.socket.makefile("rb", buffering=0)
        self.send(upgrade("/ws") + call("subscribe", channel="trades", symbol="S0000-USD"))
        got = b""
        while b'"subscribed"' not in got:
            got += self.socket.recv(4096)


def tls(clients):
    def measure(seconds, quick):
        with ours.pipeline() as flow:
            listening(flow, *certificate(pathlib.Path(flow.directory), "gateway"))
            flow.start("gateway0", ["--config", str(flow.write_config())], program="gatewayd")
            pid = ours.pid(flow, "gateway0")
            trusted = ssl.create_default_context(cafile=flow.trust)
            with ours.FanLoad(ours.bus_load(flow), [pid], clients=1, seconds=0) as load:
                load.hear()
                ours.wait_for_source(flow)
                load.go_on()
                load.hear()
                idlers = [Idler(flow, trusted) for _ in range(WARM)]
                before = ours.resident_kib(pid)
                idlers += [Idler(flow, trusted) for _ in range(clients)]
                cpu = ours.cpu_seconds(pid)
                PAUSE.wait(seconds)
                figures = {"kib_each": (ours.resident_kib(pid) - before) / clients, "mib_before": before / 1024,
                           "cores": (ours.cpu_seconds(pid) - cpu) / seconds}
                for idler in idlers:
                    idler.socket.close()
                return figures
    return measure
