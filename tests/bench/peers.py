"""What is compared with, each with its own port and folder, started by `with` and stopped behind it."""

import contextlib
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/system"))

from certificate import certificate  # noqa: E402
from pipeline import BIN, free_ports, until  # noqa: E402

MODULES = ROOT / "build/npm/tests/bench"
NGINX_CONNECTIONS = 18000  # two for a client: within the descriptors that there are


def listens(port):
    """As the system sees it: a connection to try with might be the only one that is accepted."""
    lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(fields[1].endswith(f":{port:04X}") and fields[3] == "0A" for fields in map(str.split, lines))


@contextlib.contextmanager
def running(*command, port=None, cwd=None):
    process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, cwd=cwd)
    try:
        if port:
            until(lambda: listens(port) or process.poll() is not None, f"{command[0]} to listen")
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory)
        path.chmod(0o755)  # servers that give up root must get in
        yield path


class Server:
    """Where fan-load finds it."""

    def __init__(self, process, protocol, ports):
        self.pid, self.protocol = process.pid, protocol
        self.address, self.publish = f"127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[-1]}"

    load = property(lambda self: ["--protocol", self.protocol, "--publisher", self.protocol, "--address", self.address, "--publish", self.publish])


@contextlib.contextmanager
def mosquitto():
    ports = free_ports(2)
    with folder() as where:
        (where / "mosquitto.conf").write_text(
            f"user root\nlistener {ports[0]} 127.0.0.1\nprotocol websockets\nlistener {ports[1]} 127.0.0.1\nallow_anonymous true\n"
            "persistence false\nlog_type none\nset_tcp_nodelay true\nmax_queued_messages 0\n")
        with running("mosquitto", "-c", where / "mosquitto.conf", port=ports[1]) as process:
            yield Server(process, "mqtt", ports)


@contextlib.contextmanager
def nats():
    ports = free_ports(2)
    with folder() as where:
        (where / "nats.conf").write_text(
            f'listen: "127.0.0.1:{ports[1]}"\nwebsocket {{ listen: "127.0.0.1:{ports[0]}", no_tls: true }}\nmax_connections: 100000\n')
        with running("nats-server", "-c", where / "nats.conf", port=ports[0]) as process:
            yield Server(process, "nats", ports)


@contextlib.contextmanager
def node():
    ports = free_ports(1)
    with running("node", ROOT / "tests/bench/broadcast.mjs", ports[0], MODULES, port=ports[0]) as process:
        yield Server(process, "plain", ports)


@contextlib.contextmanager
def redis(items):
    """(address, pid) of a Redis with these items in the list `trades`."""
    port, = free_ports(1)
    with folder() as where, running("redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", where, port=port) as process:
        words = [b"RPUSH", b"trades", *items]
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
            assert link.recv(100).startswith(b":"), "Redis takes the trades"
        yield f"127.0.0.1:{port}", process.pid


@contextlib.contextmanager
def nginx(body):
    """(address, pid of the worker) of an nginx with a file /trades."""
    port, = free_ports(1)
    with folder() as where:
        (where / "trades").write_bytes(body)
        server = f"listen 127.0.0.1:{port}; root {where}; default_type application/json;"
        with running_nginx(where, port, f"sendfile on; open_file_cache max=10;\nserver {{ {server} }}", 1024) as worker:
            yield f"127.0.0.1:{port}", worker


@contextlib.contextmanager
def nginx_with_tls(location):
    """(address, pid of the worker) of an nginx that ends TLS; location: what it does then."""
    port, = free_ports(1)
    with folder() as where:
        made, key = certificate(where, "localhost", "nginx")
        server = f"listen 127.0.0.1:{port} ssl; ssl_certificate {made}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;"
        with running_nginx(where, port, f"server {{ {server}\nlocation / {{ {location} }} }}", NGINX_CONNECTIONS) as worker:
            yield f"127.0.0.1:{port}", worker


def passes_on(address):
    """For nginx_with_tls: WebSockets go on to there. Its buffers are as large as records that it writes."""
    return (f"proxy_pass http://{address}; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
            " proxy_set_header Host $host; proxy_buffering off; proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_read_timeout 1h;")


@contextlib.contextmanager
def node_behind_nginx():
    with node() as server, nginx_with_tls(passes_on(server.address)) as (server.address, server.front):
        yield server


@contextlib.contextmanager
def running_nginx(where, port, http, connections):
    """The pid of its only worker."""
    (where / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; worker_rlimit_nofile {connections + 1024}; pid {where}/pid; error_log stderr crit;\n"
        f"events {{ worker_connections {connections}; }}\n"
        f"http {{ access_log off; keepalive_requests 1000000000; tcp_nodelay on;\n{http} }}\n")
    with running("nginx", "-p", where, "-c", where / "nginx.conf", port=port) as process:
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        yield int(until(lambda: children.read_text().split(), "nginx's worker")[0])


@contextlib.contextmanager
def router(size):
    port, = free_ports(1)
    with running(BIN / "baseline", "router", f"tcp://127.0.0.1:{port}", size, port=port) as process:
        yield f"127.0.0.1:{port}", process.pid


def version(*command):
    with contextlib.suppress(OSError):
        ended = subprocess.run(command, capture_output=True, text=True)
        found = re.search(r"\d+\.\d+\.\d+", ended.stdout + ended.stderr)
        return found[0] if found else "?"
    return "absent"


def versions():
    library = lambda name: version("pkg-config", "--modversion", name)
    return {"Mosquitto": version("mosquitto", "-h"), "NATS": version("nats-server", "--version"), "Node": version("node", "--version"),
            "ws": version("sed", "-n", "/\"version\"/p", MODULES / "node_modules/ws/package.json"), "nginx": version("nginx", "-v"),
            "Redis": version("redis-server", "--version"), "ZeroMQ": library("libzmq"), "libwebsockets": library("libwebsockets"),
            "SQLite": library("sqlite3")}


def missing():
    programs = [p for p in ("mosquitto", "nats-server", "redis-server", "nginx", "node") if not shutil.which(p)]
    return programs + ([] if (MODULES / "node_modules/ws").is_dir() else ["ws (npm)"])
