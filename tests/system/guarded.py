"""A gateway that asks for tokens, the tokens, and every door that they can be brought to."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import signal
import time
import urllib.error
import urllib.request

import pytest
import websockets
from pipeline import PATIENCE, ROOT

jwt = pytest.importorskip("jwt", reason="python3-jwt is not installed")
pytest.importorskip("cryptography", reason="python3-cryptography is not installed")

from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402

SECRET = "0123456789abcdef0123456789abcdef"
AUDIENCE = "dataflow"
ROLES = {"viewer": {"symbols": ["BTC-*"]}, "trader": {}}


class Guard:
    """What makes a pipeline's gateway ask for tokens, and makes those. All that it made is looked for in logs and metrics at the end."""

    def __init__(self, flow, roles=None, **auth):
        self.flow, self.made, self.tls = flow, [], False
        self.key = rsa.generate_private_key(65537, 2048)
        self.pem = self.key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.write("keys.pem", self.pem)
        self.write("secret", SECRET.encode())
        flow.config["gatewayd"]["auth"] = {"mode": "jwt", "keys": str(flow.directory / "keys.pem"), "secret_file": str(flow.directory / "secret"),
                                           "audience": AUDIENCE, "leeway_ms": 0, **auth}
        flow.config["gatewayd"]["roles"] = roles or ROLES

    def write(self, name, content):
        path = self.flow.directory / name
        path.write_bytes(content)
        path.chmod(0o600)

    def keep(self, token):
        self.made.append(token)
        return token

    def token(self, role="viewer", lives=600, key=None, algorithm="HS256", headers=None, **claims):
        """One that is good, unless its claims say otherwise."""
        now = time.time()
        claims = {"sub": "alice", "aud": AUDIENCE, "role": role, "exp": now + lives, **claims}
        return self.keep(jwt.encode({name: value for name, value in claims.items() if value is not None}, key or SECRET, algorithm, headers=headers))

    def bad_tokens(self):
        """By why they are refused."""
        good = self.token()
        head, body, signature = good.split(".")
        other = base64.urlsafe_b64encode(base64.urlsafe_b64decode(body + "==").replace(b"viewer", b"trader")).rstrip(b"=").decode()
        return {
            "expired": self.token(lives=-5),
            "signature": self.keep(f"{head}.{other}.{signature}"),
            "audience": self.token(aud="others"),
            "algorithm": self.keep(self.unsigned()),
            "confused": self.keep(self.confused()),
            "no_role": self.token(role="nobody"),
            "early": self.token(nbf=time.time() + 500),
            "malformed": "x.y.z",
            "too_long": self.keep("a" * 9000),
        }

    def unsigned(self):
        part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
        return f'{part({"alg": "none", "typ": "JWT"})}.{part({"sub": "alice", "aud": AUDIENCE, "role": "trader", "exp": time.time() + 600})}.'

    def confused(self):
        """Signed by HS256 with what everybody knows: the public key. (python3-jwt refuses to make one.)"""
        part = lambda value: base64.urlsafe_b64encode(value).rstrip(b"=").decode()
        text = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(
            json.dumps({"sub": "alice", "aud": AUDIENCE, "role": "trader", "exp": time.time() + 600}).encode())
        return text + "." + part(hmac.new(self.pem, text.encode(), hashlib.sha256).digest())

    def reload(self, **roles):
        """SIGHUP, with these roles."""
        self.flow.config["gatewayd"]["roles"] = roles
        self.flow.write_config()
        self.flow.processes["gateway0"].popen.send_signal(signal.SIGHUP)

    def url(self, path, scheme="http"):
        if self.tls:
            return f"{scheme}s://localhost:{self.flow.port['gateway1']}{path}"
        return f"{scheme}://{self.flow.address('gateway0')}{path}"

    def get(self, path, token=None, query=None, method="GET", **headers):
        """(status, headers, body), with a token in the header or in the query."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if query:
            path += ("&" if "?" in path else "?") + f"access_token={query}"
        request = urllib.request.Request(self.url(path), method=method, headers=headers, data=b"" if method == "POST" else None)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.headers, "" if "event-stream" in answer.headers["Content-Type"] else answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def metric(self, name):
        text = self.get("/metrics")[2]
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
        assert found, f"no {name} in\n{text}"
        return int(found[1])

    def check_silence(self):
        """Nothing of a token is in any log or in /metrics: neither the whole, nor its claims, nor its signature."""
        gateway = self.flow.processes["gateway0"]
        said = self.get("/metrics")[2] if gateway.alive() else ""
        gateway.stop()  # so that all has been read
        said += "\n".join(process.log() for process in self.flow.processes.values())
        for token in self.made:
            for part in (token, *token.split(".")[1:]):
                assert len(part) < 20 or part not in said, f"a token was told: {part}"
        assert SECRET not in said


@pytest.fixture
def guarded(pipeline):
    """A factory: guarded(roles, first_message_ms=…): everything runs, and the gateway asks for tokens."""
    guards = []

    def make(roles=None, symbols=("BTC-USD", "ETH-USD"), ring_bytes=8 << 20, rate=None, **auth):
        guards.append(Guard(pipeline(symbols=symbols), roles, **auth))
        guards[0].flow.config["gatewayd"]["ring_bytes"] = ring_bytes
        guards[0].flow.start_all(*(["--symbols", ",".join(symbols), "--rate", rate] if rate else []))
        return guards[0]

    yield make
    for guard in guards:
        guard.check_silence()


# --- doors ---


async def handshake(url, **headers):
    """(status, reason) of a WebSocket's handshake; (101, None) when it was opened."""
    try:
        async with websockets.connect(url, extra_headers=headers, open_timeout=PATIENCE):
            return 101, None
    except websockets.InvalidStatusCode as error:
        return error.status_code, error.headers.get("WWW-Authenticate")


async def first_message(url, token):
    """The answer to authenticate."""
    async with websockets.connect(url, open_timeout=PATIENCE) as socket:
        await socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "authenticate", "params": {"token": token}}))
        return json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))


def bring_everywhere(guard, token):
    """What each door says to a token: {door: status, or reason}."""
    bearer, query = {"Authorization": f"Bearer {token}"}, f"access_token={token}"
    ws, hub = guard.url("/ws", "ws"), guard.url("/blockchain", "ws")
    stream = "/api/v1/stream?symbols=BTC-USD"

    async def sockets():
        first = await first_message(ws, token)
        return {
            "ws header": (await handshake(ws, **bearer))[0],
            "ws query": (await handshake(f"{ws}?{query}"))[0],
            "first message": first["error"]["data"]["reason"] if "error" in first else 101,
            "hub header": (await handshake(hub, **bearer))[0],
            "hub query": (await handshake(f"{hub}?id=x&{query}"))[0],
        }

    found = asyncio.run(sockets())
    for name, path, method in (("negotiate", "/blockchain/negotiate?negotiateVersion=1", "POST"), ("rest", "/api/v1/symbols", "GET"),
                               ("stream", stream, "GET")):
        found[f"{name} header"] = guard.get(path, token=token, method=method)[0]
        found[f"{name} query"] = guard.get(path, query=token, method=method)[0]
    return found


def tables():
    """(methods, REST paths): those of the gateway's own tables, so that none is forgotten here."""
    methods = re.findall(r'^    {"(\w+)",', (ROOT / "gatewayd/methods/methods.c").read_text(), re.M)
    paths = re.findall(r'REST_PREFIX "([\w/]+)"', (ROOT / "gatewayd/rest/rest.c").read_text())
    operators = re.findall(r'PREFIX "([\w/]+)"', (ROOT / "gatewayd/operator/operator_path.c").read_text())
    assert {"subscribe", "ping", "authenticate", "clearHistory"} <= set(methods) and {"v1/trades/", "v1/stream", "versions"} <= set(paths)
    assert {"clients", "drain", "history"} <= set(operators)
    return methods, sorted({f"/api/{path}" for path in paths} | {f"/api/v1/{path}" for path in operators})
