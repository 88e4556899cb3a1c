"""Proxies from Debian's packages in front of a gateway: haproxy and nginx, on private ports and in folders of their own, gone at the end."""

import getpass
import pathlib
import socket
import subprocess
import tempfile

from pipeline import free_ports, until
from servers import find


class FrontProxy:
    """A program that listens at .port for clients, by a configuration of ours."""

    def __init__(self, arguments, configuration, port=None):
        self.folder = tempfile.TemporaryDirectory(prefix="test-proxy-")
        self.port = port or free_ports(1)[0]
        path = pathlib.Path(self.folder.name) / "proxy.conf"
        path.write_text(configuration.replace("@port", str(self.port)).replace("@folder", self.folder.name))
        self.said = open(pathlib.Path(self.folder.name) / "said", "w+")
        self.process = subprocess.Popen([*arguments, path], cwd=self.folder.name, stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said)

    def __enter__(self):
        until(self._listens, f"{self.process.args[0]} to listen")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.said.close()
        self.folder.cleanup()

    def _listens(self):
        assert self.process.poll() is None, pathlib.Path(self.said.name).read_text()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    url = property(lambda self: f"ws://127.0.0.1:{self.port}/ws")


HAPROXY = """
global
    maxconn 500
defaults
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    timeout tunnel 60s
"""


def haproxy(configuration):
    return FrontProxy([find("haproxy"), "-db", "-f"], HAPROXY + configuration)


def haproxy_v2(server, options=""):
    """It passes bytes on, behind a PROXY header. server: HOST:PORT."""
    return haproxy(f"""
listen gateway
    mode tcp
    bind 127.0.0.1:@port
    server gateway {server} send-proxy-v2 {options}
""")


NGINX = """
daemon off;
worker_processes 1;
pid @folder/pid;
error_log stderr warn;
@user
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path @folder/body;
    proxy_temp_path @folder/proxy;
    fastcgi_temp_path @folder/fastcgi;
    uwsgi_temp_path @folder/uwsgi;
    scgi_temp_path @folder/scgi;
    map $http_upgrade $connection_upgrade { default upgrade; "" close; }
    server {
        listen 127.0.0.1:@port;
        location / {
            proxy_pass http://@server;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            @headers
        }
    }
}
"""


def nginx(server, *headers):
    """It speaks HTTP with server, HOST:PORT, and sets these headers: "X-Forwarded-For $remote_addr"."""
    user = getpass.getuser()
    text = NGINX.replace("@server", server).replace("@user", "user root;" if user == "root" else "")
    return FrontProxy([find("nginx"), "-c"], text.replace("@headers", "\n".join(f"proxy_set_header {header};" for header in headers)))
