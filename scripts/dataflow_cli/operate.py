"""dataflow clients, drain, and symbols of a source: what operators may, over a gateway's HTTP (proto/operator.md)."""

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request

from .credential import Credential
from .failure import EXIT_UNREACHABLE, EXIT_USAGE, Failure, reason
from .terminal import painted, put, say, several

ANSWER_S = 75  # longer than a gateway waits itself
PAGE = 1000


# -- asking --------------------------------------------------------------------------------------------------------------------


def token_of(path):
    token = Credential(path).read()
    if not token:
        raise Failure("expected an operator's token: --token FILE, or DATAFLOW_TOKEN in the environment", EXIT_USAGE)
    return token


def base_of(url):
    """ws://HOST:PORT/ws → http://HOST:PORT/api/v1"""
    parts = urllib.parse.urlsplit(url)
    return f"http{parts.scheme[2:]}://{parts.netloc.rpartition('@')[2]}/api/v1"


class Redirected(urllib.request.HTTPRedirectHandler):
    """Nobody else gets the token."""

    def redirect_request(self, *_):
        return None


def told(error):
    """Why a gateway refused."""
    try:
        detail = json.loads(error.read()).get("detail")
    except (ValueError, AttributeError, OSError, http.client.HTTPException):
        detail = None
    if error.code == 404 and detail and "/api/v1/openapi.json" in detail:
        detail = "this gateway asks nobody for a token, so it takes no operator's orders (gatewayd.auth.mode)"
    return detail or f"{error.code} {error.reason}"


def request(url, method, path, token):
    """The answer as an object."""
    question = urllib.request.Request(base_of(url) + path, method=method, headers={"Authorization": f"Bearer {token}"})
    opener = urllib.request.build_opener(Redirected, urllib.request.ProxyHandler({}))
    try:
        with opener.open(question, timeout=ANSWER_S) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        raise Failure(told(error)) from None
    except ValueError:
        raise Failure(f"{url}: expected JSON of a gateway") from None


def why(error):
    cause = getattr(error, "reason", error)
    return reason(cause) if isinstance(cause, Exception) else str(cause)


class Operator:
    """The first gateway that answers, and from then on that one."""

    def __init__(self, options):
        self.urls, self.token = options.url, token_of(options.token)

    def ask(self, method, path):
        failures = []
        for url in self.urls:
            try:
                answer = request(url, method, path, self.token)
            except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
                failures.append(f"{url}: {why(error)}")
            else:
                self.urls = [url]
                return answer
        raise Failure(f"expected a gateway that answers, found none: {'; '.join(failures)}", EXIT_UNREACHABLE)


def quoted(name):
    return urllib.parse.quote(name, safe="")


def print_json(value):
    put(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


# -- clients -------------------------------------------------------------------------------------------------------------------

COLUMNS = {"id": "id", "address": "address", "over": "transport", "role": "role", "subject": "subject", "since (UTC)": "since",
           "takes": "subscriptions", "trades": "sent_trades", "behind": "behind"}
NUMBERS = {"id", "subscriptions", "sent_trades", "behind"}


def all_clients(options):
    """Page by page."""
    gateway = Operator(options)
    page = gateway.ask("GET", f"/clients?count={PAGE}")
    yield from page["clients"]
    while "next" in page:
        page = gateway.ask("GET", f"/clients?count={PAGE}&cursor={page['next']}")
        yield from page["clients"]


def cell(client, member):
    value = client.get(member)
    if member == "since":
        return str(value)[:19].replace("T", " ")
    return "-" if value is None else str(value)


def clients(options):
    if options.json:
        for client in all_clients(options):
            print_json(client)
        return
    rows = [[cell(client, member) for member in COLUMNS.values()] for client in all_clients(options)]
    wide = [max(map(len, column)) for column in zip(COLUMNS, *rows)]
    right = [member in NUMBERS for member in COLUMNS.values()]
    for number, row in enumerate([list(COLUMNS), *rows]):
        line = "  ".join(f"{text:>{room}}" if flush else f"{text:<{room}}" for text, room, flush in zip(row, wide, right)).rstrip()
        put(painted(line, "bold") if number == 0 else line)
    if not rows:
        say("nobody is connected")


# -- symbols of a source -------------------------------------------------------------------------------------------------------


def put_offered(answer):
    for symbol in answer["symbols"]:
        put(f"{symbol:<16}  {painted('added', 'dim') if symbol in answer['added'] else ''}".rstrip())
    for symbol in answer["removed"]:
        say(f"{symbol} is in the configuration, and removed")


def source_symbols(options):
    """What the source offers, after the last order where there are some."""
    gateway, path, answer = Operator(options), f"/sources/{quoted(options.source)}/symbols", None
    for symbol in options.symbol:
        answer = gateway.ask("PUT" if options.order == "add" else "DELETE", f"{path}/{quoted(symbol)}")
        if not answer["changed"] and not options.json:
            say(f"{symbol} was {'offered' if options.order == 'add' else 'not offered'} before")
    if answer is None:
        answer = gateway.ask("GET", path)
    if options.json:
        print_json(answer)
    else:
        put_offered(answer)


# -- drain ---------------------------------------------------------------------------------------------------------------------


def drain(options):
    gateway = Operator(options)
    answer = gateway.ask("POST", "/drain")
    if options.json:
        print_json(answer)
    else:
        put(f"{gateway.urls[0]} drains: {several(answer['clients'], 'client')} sent away, nobody is let in until it is started again")
