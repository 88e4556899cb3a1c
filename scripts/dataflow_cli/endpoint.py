"""ZeroMQ endpoints as they are given: by IPv4, by IPv6 in brackets, by name, as a path."""

import re
import socket as sockets

import zmq

CONNECT_S = 2
TCP = re.compile(r"tcp://(.+):(\d+)")


def connect(socket, endpoint):
    """Of the addresses of a name ZeroMQ tries one. So the one that somebody listens at is found first; if nobody does yet, it is the first one."""
    named = TCP.fullmatch(endpoint)
    if named and not named[1].startswith("["):
        try:
            with sockets.create_connection((named[1], int(named[2])), CONNECT_S) as found:
                host = found.getpeername()[0]
            endpoint = f"tcp://[{host}]:{named[2]}" if ":" in host else f"tcp://{host}:{named[2]}"
        except (OSError, OverflowError, UnicodeError):
            pass
    socket.setsockopt(zmq.IPV6, 1 if "[" in endpoint else 0)
    socket.connect(endpoint)
