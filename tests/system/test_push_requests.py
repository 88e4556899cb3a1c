"""The connector push and what may be wrong with a POST: who posts, its head, its body, and how many there are."""

import concurrent.futures
import http.client
import json
import signal
import socket
import subprocess

import pytest
from pipeline import BIN, PATIENCE, ROOT, get, until
from poster import TOKEN, NDJSON, Poster, head, ids, lines, prepared, record, start

BODY_S = 20  # that a body may take (HTTP_BODY_MS)


@pytest.fixture
def flow(pipeline):
    flow = prepared(pipeline)
    start(flow)
    return flow


def test_without_the_token_nothing_is_read(flow):
    with Poster(flow, token=None) as poster:
        status, answer, headers = poster.request(json.dumps(record(1)))
        assert status == 401 and headers["WWW-Authenticate"].startswith("Bearer") and "error" in answer
    with Poster(flow, token="0123456789abcdef-pusH") as poster:
        status, answer, headers = poster.request(json.dumps(record(1)))
        assert status == 403 and int(headers["Retry-After"]) >= 1
    with Poster(flow) as poster:  # nor is the right one looked at so soon, or a guess would show at once that it was wrong
        status, answer, headers = poster.request(json.dumps(record(1)))
        assert status == 429 and int(headers["Retry-After"]) >= 1
    with Poster(flow, local="127.0.0.2") as poster:
        until(lambda: poster.request(json.dumps(record(1)))[0] == 200, "the right token to be taken")
    assert ids(flow) == ["1"]
    assert TOKEN not in flow.processes["connectord"].log()
    flow.processes["connectord"].wait_for_line("push: wrong token")


def test_the_token_may_stand_in_a_file_and_a_changed_one_is_taken_on_sighup(pipeline, tmp_path):
    path = tmp_path / "token"
    path.write_text("the first token of all\n".replace(" ", "-"))
    flow = prepared(pipeline, token="", token_file=str(path))
    start(flow)
    with Poster(flow, "the-first-token-of-all") as poster:
        poster.post(record(1))
    path.write_text("another-token-of-16+\n")
    flow.processes["connectord"].popen.send_signal(signal.SIGHUP)
    flow.processes["connectord"].wait_for_line("restarting a source")
    until(lambda: post_with(flow, "another-token-of-16+"), "the other token to be taken")
    with Poster(flow, "the-first-token-of-all", local="127.0.0.3") as poster:
        assert poster.request(json.dumps(record(3)))[0] == 403
    assert ids(flow) == ["1", "2"]


def post_with(flow, token):
    with Poster(flow, token) as poster:
        return poster.request(json.dumps(record(2)))[0] == 200


@pytest.mark.parametrize("change, mistake", [
    ({"token": ""}, "token: expected a token of 16 to 1024 bytes, found 0"),
    ({"token": "too-short"}, "token: expected a token of 16 to 1024 bytes, found 9"),
    ({"token": "with a space in between"}, "token: expected a token of printable"),
    ({"token_file": "there-is-none", "token": ""}, "token_file: there-is-none: can't open it: No such file"),
    ({"token_file": "there-is-none"}, "token_file: expected none beside token"),
    ({"lines": 2}, "lines: expected 1 with connector push"),
    ({"group": "some"}, "group: expected none with connector push"),
    ({"dedup_window": 0}, "dedup_window: expected 1 or more with connector push"),
    ({"definition": ""}, "definition: : expected the path of a definition"),
    ({"definition": str(ROOT / "deploy/sources/okx.json")}, "expected mapping, and nothing else"),
])
def test_a_mistake_in_the_settings_is_told_by_check_and_the_token_is_not(pipeline, change, mistake):
    flow = prepared(pipeline, **change)
    ended = subprocess.run([BIN / "connectord", "--config", flow.write_config(), "--check"], capture_output=True, text=True, timeout=PATIENCE,
                           cwd=flow.directory)
    assert ended.returncode == 1 and f"connectord.sources.0.{mistake.partition(':')[0]}" in ended.stderr or "okx" in str(change), ended.stderr
    assert mistake in ended.stderr, ended.stderr
    assert not change.get("token") or change["token"] not in ended.stderr


def test_what_is_no_such_request_is_named(flow):
    def ask(body="{}", **more):
        with Poster(flow, source=more.pop("source", "shop")) as poster:
            status, answer, headers = poster.request(body, **more)
            return status, answer["error"], headers

    assert ask(source="nobody")[0] == ask(source="shop/x")[0] == 404
    status, error, headers = ask(method="GET", body=None)
    assert status == 405 and headers["Allow"] == "POST"
    assert ask(form="text/csv")[:2] == (415, "Content-Type: expected application/json or application/x-ndjson, found text/csv")
    assert ask(**{"Content-Encoding": "gzip"})[0] == 415
    assert ask(body="")[0] == 400
    assert ask(body=iter([b"{}"]))[0] == 411, "chunked"
    status, error, _ = ask(body="x" * ((1 << 20) + 1))
    assert (status, error) == (413, f"expected at most {1 << 20} bytes, found {(1 << 20) + 1}")
    assert flow.processes["connectord"].alive() and get(f"http://{flow.address('connectord_http')}/health")[0] == 200


def test_a_source_that_is_no_push_has_no_such_place(pipeline):
    flow = prepared(pipeline)
    flow.config["connectord"]["sources"].append({"name": "other", "connector": "blockchain", "url": "ws://127.0.0.1:1/", "symbols": ["BTC-USD"]})
    start(flow)
    with Poster(flow, source="other") as poster:
        assert poster.request("{}")[0] == 404


def test_a_body_in_small_pieces_and_requests_one_behind_the_other(flow):
    with socket.create_connection(("127.0.0.1", flow.port["connectord_http"])) as raw:
        body = json.dumps(record(1)).encode()
        for byte in head(len(body)) + body:
            raw.sendall(bytes([byte]))
        second = json.dumps([record(2), record(3)]).encode()
        raw.sendall(head(len(second)) + second + b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        said = b""
        while piece := raw.recv(65536):
            said += piece
    assert said.count(b"HTTP/1.1 200") == 3 and b'"alive":true' in said and b'"accepted":2' in said
    assert ids(flow) == ["1", "2", "3"]


def test_a_body_that_is_cut_off_leaves_nothing(flow):
    body = lines([record(1), record(2)]).encode()
    with socket.create_connection(("127.0.0.1", flow.port["connectord_http"])) as raw:
        raw.sendall(head(len(body) + 1, NDJSON) + body)
        raw.shutdown(socket.SHUT_WR)
        assert raw.recv(1000) == b""
    with Poster(flow) as poster:
        assert poster.post([])["accepted"] == 0
    assert ids(flow) == []


def test_a_body_that_stops_coming_is_told_so(flow):
    with socket.create_connection(("127.0.0.1", flow.port["connectord_http"])) as raw:
        raw.sendall(head(100) + b"{")
        raw.settimeout(BODY_S + PATIENCE)
        assert raw.recv(1000).startswith(b"HTTP/1.1 408 ")
    with Poster(flow) as poster:
        poster.post(record(1))


def test_many_connections_at_once(flow):
    """More than may stay: each is answered, or closed to make room, and posts again."""
    def post(number):
        while True:
            try:
                with Poster(flow) as poster:
                    status, answer, _ = poster.request(json.dumps(record(number)))
                if status == 200:
                    return answer["accepted"] + answer["duplicates"]
                assert status in (429, 503), answer
            except (http.client.HTTPException, ConnectionError):
                pass

    idle = []
    for _ in range(300):  # bodies that do not come
        idle.append(socket.create_connection(("127.0.0.1", flow.port["connectord_http"])))
        idle[-1].sendall(head(100))
    with concurrent.futures.ThreadPoolExecutor(50) as threads:
        for one in idle[:280]:
            one.close()
        assert list(threads.map(post, range(500))) == [1] * 500
    for one in idle:
        one.close()
    assert sorted(ids(flow), key=int) == [str(number) for number in range(500)]


def test_too_many_posts_under_way_are_told_to_come_later(flow):
    with Poster(flow) as poster:
        poster.post([])
        waiting = [socket.create_connection(("127.0.0.1", flow.port["connectord_http"])) for _ in range(64)]
        for one in waiting:
            one.sendall(head(100, extra="Expect: 100-continue\r\n"))
            assert one.recv(100).startswith(b"HTTP/1.1 100 ")
        status, answer, headers = poster.request(json.dumps(record(1)))
        assert status == 429 and headers["Retry-After"] == "1", answer
        waiting.pop().close()
        until(lambda: post_again(flow), "room for another")
        for one in waiting:
            one.close()
    assert ids(flow) == ["1"]


def post_again(flow):
    with Poster(flow) as poster:
        return poster.request(json.dumps(record(1)))[0] == 200
