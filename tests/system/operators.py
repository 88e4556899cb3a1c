"""Operators and others: a pipeline whose gateway asks for tokens, made by Debian's python3-jwt, and what they ask of its API."""

import http.client
import json
import time
import urllib.parse

import jwt

SECRET = "0123456789abcdef0123456789abcdef"
CONNECTORD_TOKEN = "a token of connectord"
CACHED_TOKEN = "a token that cached has"
ROLES = {"viewer": {}, "operator": {"operator": True}}


def token(role="operator", **claims):
    return jwt.encode({"sub": f"an {role}", "role": role, "exp": int(time.time()) + 600} | claims, SECRET)


def guard(flow):
    """The gateways ask for tokens, and may give orders to connectord and cached."""
    path = flow.directory / "secret"
    path.write_text(SECRET)
    path.chmod(0o600)
    flow.config["gatewayd"] |= {"auth": {"mode": "jwt", "secret_file": str(path)}, "roles": ROLES}
    flow.config["connectord"]["token"] = CONNECTORD_TOKEN
    flow.config["cached"]["token"] = CACHED_TOKEN
    return flow


def with_token(url, role="viewer"):
    """The URL of a client over WebSocket that brings a token."""
    return f"{url}?access_token={token(role)}"


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.text = response.status, response.headers, response.read().decode()
        self.json = json.loads(self.text) if self.text.startswith("{") else None

    def __repr__(self):
        return f"{self.status} {self.text}"


def ask(address, method, path, bearer=None, **headers):
    """The answer to a request; bearer: a token."""
    connection = http.client.HTTPConnection(address, timeout=20)
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    try:
        connection.request(method, urllib.parse.quote(path, safe="/?=&%"), headers=headers)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def operate(flow, method, path, gateway=0):
    """The same by an operator, below /api/v1."""
    return ask(flow.address(f"gateway{gateway}"), method, f"/api/v1{path}", token())
