"""The OpenAPI document has all of the operator's API, and every answer of that is as the document says."""

import json
import re

import pytest
from clients import Requester
from event_source import Events
from pipeline import ROOT, until
from poster import Poster, source

pytest.importorskip("jwt", reason="python3-jwt is not installed")

from operators import ask, guard, operate, token  # noqa: E402
from test_rest import check_schema, document, is_operators, parameters  # noqa: E402

HERE = "/api/v1"
FILL = {"{name}": "blockchain", "{channel}": "readings", "{key}": "sensor-7"}

# Where each of the gateway's own places (operator_path.c) stands in the document.
PLACES = {
    "CLIENTS": ["/clients"],
    "SUBSCRIPTIONS": ["/subscriptions"],
    "OFFERS": ["/sources/{name}/symbols"],
    "SYMBOL": ["/sources/{name}/symbols/{symbol}"],
    "DRAIN": ["/drain"],
    "HISTORY": ["/history", "/history/{symbol}", "/history/{channel}/{key}"],
}
RIGHT = {"count": "1", "all": "true"}
WRONG = {"count": "0", "cursor": "!", "client": "x", "all": "yes"}


@pytest.fixture
def flow(pipeline):
    """With a channel beside trades: readings, that are posted."""
    flow = guard(pipeline(symbols=["BTC-USD", "ETH-USD"]))
    definition = flow.directory / "readings.json"
    definition.write_text(json.dumps({"mapping": {"channel": "readings", "key": "/sensor", "id": "/id", "timestamp": "/time", "data": "/values"}}))
    flow.config["connectord"]["sources"].append(source(definition=str(definition), symbols=["readings.*"]))
    return flow.start_all("--symbols", "BTC-USD,ETH-USD,SOL-USD", "--rate", "200")


def operations(flow):
    """[(path, method, operation)] of the document, of what is for operators; what takes the gateway out of service last."""
    found = [(path, method, operation) for path, methods in document(flow)["paths"].items() if is_operators(methods)
             for method, operation in methods.items()]
    return sorted(found, key=lambda one: one[0].endswith("/drain"))


def filled(path):
    """Of the source a symbol that it does not have yet, of history one that there is."""
    fill = {**FILL, "{symbol}": "SOL-USD" if "/sources/" in path else "ETH-USD"}
    return re.sub(r"\{\w+\}", lambda found: fill[found[0]], path).removeprefix(HERE)


def test_the_document_has_every_route_of_the_operator(flow):
    """The methods of the gateway's own table, as the document and as OPTIONS have them."""
    source = (ROOT / "gatewayd/operator/operator_path.c").read_text()
    served = {place: set(methods.split(", ")) for place, methods in re.findall(r'\[OPERATOR_(\w+)\] = "([A-Z, ]+)"', source)}
    assert served and set(served) == set(PLACES)
    described = {}
    for path, method, _ in operations(flow):
        described.setdefault(path, {"OPTIONS"}).update({"GET", "HEAD"} if method == "get" else {method.upper()})
    assert set(described) == {HERE + path for paths in PLACES.values() for path in paths}
    for place, paths in PLACES.items():
        for path in paths:
            assert described[HERE + path] == served[place], path
            allowed = operate(flow, "OPTIONS", filled(HERE + path)).headers["Allow"]
            assert set(allowed.split(", ")) == served[place], path


def test_who_may_is_as_the_document_says(flow):
    for path, method, operation in operations(flow):
        assert operation["security"] == [{"bearer": []}], path
        assert {"400", "401", "403", "503", "default"} <= set(operation["responses"]), path
        for bearer, status in ((None, 401), (token(exp=1), 401), (token("viewer"), 403)):
            answer = ask(flow.address("gateway0"), method.upper(), HERE + filled(path), bearer)
            assert answer.status == status and answer.headers["WWW-Authenticate"], (path, answer)
            assert answer.headers["Content-Type"] == "application/problem+json"
            check_schema(flow, path, status, answer.json, method)


def fill_history(flow, count):
    """There is something to forget: trades of ETH-USD, and a reading."""
    with Poster(flow) as poster, Requester(flow.history) as history:
        poster.post({"sensor": "sensor-7", "id": str(count), "time": f"2026-03-01T12:00:{count:02d}Z", "values": {"celsius": 2.5}})
        held = lambda: {each["topic"] for each in history.ask(op="stats")["stats"] if each["trades"]}
        until(lambda: {"trade.ETH-USD.blockchain", "readings.sensor-7.shop"} <= held(), "records to forget")


def call(flow, path, method, query, status):
    """One call, whose answer is checked by the document."""
    where = filled(path) + ("?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else "")
    answer = operate(flow, method.upper(), where)
    assert answer.status == status, (method, where, answer)
    assert answer.headers["Content-Type"] == ("application/json" if status < 300 else "application/problem+json")
    check_schema(flow, path, status, answer.json, method)


def test_every_parameter_of_the_operators_is_taken_and_no_other(flow):
    whole, query = document(flow), f"symbols=BTC-USD,ETH-USD&access_token={token('viewer')}"
    with Events(flow, query) as one, Events(flow, query) as two:
        one.wait(lambda: one.trades and two.trades, "trades at both")
        pages = {f"{HERE}{path}": operate(flow, "GET", f"{path}?count=1").json for path in ("/clients", "/subscriptions")}
        right = {**RIGHT, "client": pages[f"{HERE}/clients"]["clients"][0]["id"], "cursor": {path: page["next"] for path, page in pages.items()}}
        number = 0
        for path, method, operation in operations(flow):
            queried = {name: p for name, p in parameters(whole, path, method).items() if p["in"] == "query"}
            needed = {name: right[name] for name, p in queried.items() if p.get("required")}
            good = next(int(status) for status in operation["responses"] if status.startswith("2"))
            for name in [None, *queried]:
                if "/history" in path:
                    fill_history(flow, number := number + 1)
                value = {name: right[name][path] if name == "cursor" else right[name]} if name else {}
                call(flow, path, method, {**needed, **value}, good)
            for name in queried:
                call(flow, path, method, {**needed, name: WRONG[name]}, 400)
            for name in (set(WRONG) | {"colour"}) - set(queried):
                call(flow, path, method, {**needed, name: "1"}, 400)


def test_what_is_not_there_is_told_as_the_document_says(flow):
    for path, method, query, fill, status in (
            (f"{HERE}/subscriptions", "get", "?client=99", {}, 404),
            (f"{HERE}/sources/{{name}}/symbols", "get", "", {"{name}": "other"}, 404),
            (f"{HERE}/sources/{{name}}/symbols/{{symbol}}", "put", "", {"{name}": "other"}, 404),
            (f"{HERE}/sources/{{name}}/symbols/{{symbol}}", "put", "", {"{symbol}": "BTCUSD"}, 400),
            (f"{HERE}/history/{{symbol}}", "delete", "", {"{symbol}": "XRP-USD"}, 404),
            (f"{HERE}/history", "delete", "", {}, 400)):
        where = filled(re.sub(r"\{\w+\}", lambda found: fill.get(found[0], found[0]), path)) + query
        answer = operate(flow, method.upper(), where)
        assert answer.status == status, (where, answer)
        assert str(status) in document(flow)["paths"][path][method]["responses"], (path, status)
        check_schema(flow, path, status, answer.json, method)
