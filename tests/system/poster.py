"""Who posts to a source with connector push."""

import http.client
import json

from clients import Requester
from pipeline import PATIENCE, ROOT

TOKEN = "0123456789abcdef-push"
NDJSON = "application/x-ndjson"


def record(number, symbol="BTC-USD", **more):
    return {"symbol": symbol, "id": str(number), "time": f"2026-03-01T12:{number // 60 % 60:02d}:{number % 60:02d}Z", "price": "67120.50", "qty": "0.0125",
            "side": "buy", **more}


def lines(records):
    return "\n".join(one if isinstance(one, str) else json.dumps(one) for one in records)


class Poster:
    """One connection, with Python's own client."""

    def __init__(self, flow, token=TOKEN, source="shop", local=None):
        self.path, self.token = f"/push/{source}", token
        self.connection = http.client.HTTPConnection("127.0.0.1", flow.port["connectord_http"], timeout=PATIENCE,
                                                     source_address=(local, 0) if local else None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def request(self, body, form="application/json", method="POST", **headers):
        """(status, object, headers)"""
        headers = {"Content-Type": form, **headers}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        self.connection.request(method, self.path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        return answer.status, json.loads(text), answer.headers

    def post(self, value, **more):
        status, answer, _ = self.request(json.dumps(value), **more)
        assert status == 200, answer
        return answer

    def post_lines(self, records):
        status, answer, _ = self.request(lines(records), NDJSON)
        assert status == 200, answer
        return answer


def source(**more):
    return {"name": "shop", "connector": "push", "definition": str(ROOT / "deploy/sources/push.json"), "token": TOKEN,
            "symbols": ["BTC-USD", "ETH-USD"], **more}


def prepared(pipeline, **more):
    flow = pipeline()
    flow.config["connectord"]["sources"] = [source(**more)]
    return flow


def head(length, form="application/json", token=TOKEN, extra=""):
    return (f"POST /push/shop HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {form}\r\nContent-Length: {length}\r\n{extra}\r\n").encode()


def start(flow):
    flow.start_connectord()
    flow.wait_ready("connectord_http")


def journal(flow, symbol="BTC-USD"):
    with Requester(flow.replay) as replay:
        return replay.all(f"trade.{symbol}.shop")


def ids(flow, symbol="BTC-USD"):
    return [trade["tradeId"] for trade in journal(flow, symbol)]
