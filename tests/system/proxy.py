"""ZeroMQ's own proxy, a ROUTER before a DEALER, as people put it between a service and its clients."""

import threading

import zmq
from pipeline import free_ports


class Proxy:
    """`service` as it is reached through `hops` proxies in a row, at .endpoint."""

    def __init__(self, service, hops=1):
        self.context, self.threads, self.endpoint = zmq.Context(), [], service
        for port in free_ports(hops):
            back, self.endpoint = self.endpoint, f"tcp://127.0.0.1:{port}"
            sockets = self._socket(zmq.ROUTER, "bind", self.endpoint), self._socket(zmq.DEALER, "connect", back)
            self.threads.append(threading.Thread(target=self._run, args=sockets, daemon=True))
            self.threads[-1].start()

    def _socket(self, kind, verb, endpoint):
        socket = self.context.socket(kind)
        socket.setsockopt(zmq.LINGER, 0)
        getattr(socket, verb)(endpoint)
        return socket

    @staticmethod
    def _run(front, back):
        try:
            zmq.proxy(front, back)
        except zmq.ContextTerminated:
            pass
        front.close()
        back.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.term()
        for thread in self.threads:
            thread.join()
