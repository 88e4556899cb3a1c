"""The command line: what can be asked, and how it ends."""

import argparse
import importlib
import json
import keyword
import math
import re
import shutil
import sys
import textwrap
import urllib.parse

from . import __version__
from .failure import EXIT_FINE, EXIT_INTERRUPTED, EXIT_UNREACHABLE, Failure, OutputGone
from .modes import MODES
from .moment import duration, moment, moment_or_ago

GATEWAY, BUS, EXCHANGE = "ws://127.0.0.1:8080/ws", "tcp://127.0.0.1:5556", "127.0.0.1:5000"
SNAPSHOT_MAX = 10000  # more than that no subscribe has
CHANNEL = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
INTERVALS = ("1s", "1m", "5m", "15m", "1h", "1d")

EXIT_CODES = """exit codes:
  0    success
  1    refused (an unknown symbol, …), the test failed, or something is missing
  2    invalid usage
  3    nothing there: no gateway, no trades, or the address is in use
  130  interrupted"""

EXAMPLES = {
    None: """
  dataflow watch BTC-USD ETH-USD           live trades; resumes after a lost connection
  dataflow history BTC-USD --count 5       the five latest
  dataflow candles BTC-USD --interval 5m   open, high, low, close
  dataflow coverage BTC-USD --since 1d     how complete that is
  dataflow channels                        what there is beside trades
  dataflow status                          the state of the exchanges
  dataflow COMMAND --help                  more, with examples""",
    "watch": """
  dataflow watch BTC-USD ETH-USD             two symbols, live
  dataflow watch BTC-USD --recent 20         the 20 latest first, then live
  dataflow watch BTC-USD --json | jq .price  one JSON object per line, exactly as it was sent
  dataflow watch --channel readings sensor-7 sensor-8        two keys of another channel
  dataflow watch BTC-USD --url ws://a:8080/ws --url ws://b:8080/ws   b when a is gone""",
    "history": """
  dataflow history BTC-USD --count 5                     the five latest, most recent first
  dataflow history BTC-USD --before 2025-11-10T18:00:00Z
  dataflow history BTC-USD --since 2025-11-10            oldest first, from 00:00 UTC on
  dataflow history BTC-USD --count 100000 --json > trades.ndjson
  dataflow history --channel readings sensor-7 --count 5""",
    "candles": """
  dataflow candles BTC-USD                          the last hour by minutes
  dataflow candles BTC-USD --interval 1d --count 30
  dataflow candles BTC-USD --json | jq .close""",
    "coverage": """
  dataflow coverage BTC-USD --since 1d       the last day: what is live, filled afterwards, missing
  dataflow coverage BTC-USD --source coinbase --since 2025-11-10
  dataflow coverage BTC-USD --since 1h >/dev/null || echo "something is missing"
  dataflow coverage BTC-USD --json | jq 'select(.state == "hole")'""",
    "channels": """
  dataflow channels
  dataflow channels --json | jq -r '.channels | keys[]'""",
    "symbols": """
  dataflow symbols
  dataflow symbols --channel readings        the keys of another channel
  dataflow symbols --json | jq -r '.symbols[]'
  dataflow symbols kraken --token token      what one source offers, and what operators changed of that
  dataflow symbols kraken add SOL-USD DOGE-USD --token token
  dataflow symbols kraken remove SOL-USD --token token""",
    "clients": """
  dataflow clients --token token             who is connected, takes how much, and is how far behind
  dataflow clients --token token --json | jq 'select(.behind > 1000)'
  (umask 077; dataflow token --role operator --secret secret > token)   a token""",
    "drain": """
  dataflow drain --token token               the gateway here: no new clients, and goodbye to those it has
  dataflow drain --token token --url wss://gateway2.example/ws""",
    "status": """
  dataflow status
  dataflow status --json | jq '.sources[] | select(.connected | not)'""",
    "tap": """
  dataflow tap                               everything on the bus: topic, then JSON
  dataflow tap BTC-USD --count 3             three trades of one symbol, from any source
  dataflow tap --channel readings sensor-7   records of one key
  dataflow tap status. --json | jq .message.health
  dataflow tap --bus tcp://10.0.0.1:5556 --curve curve --as desk   as who has curve/desk.key""",
    "replay": """
  dataflow replay trades.ndjson                  at the recorded pace, on ws://127.0.0.1:5000/ws
  dataflow replay trades.ndjson --speed 60       an hour in a minute
  dataflow replay trades.ndjson --speed 0 --new-ids   again, as fast as possible
  then, in another terminal, start a connectord that reads it:
  DATAFLOW_CONNECTORD__SOURCES__0__URL=ws://127.0.0.1:5000/ws connectord""",
    "try": """
  dataflow try okx.json                          is the definition valid, and do its tests pass?
  dataflow try okx.json okx.ws                   what becomes of each message of a recording
  dataflow try okx.json okx.ws --faults          only what went wrong
  dataflow try bitfinex.json rec.ws --symbols BTC-USD,ETH-USD   where names there differ from ours
  dataflow try okx.json okx.ws --record          tests for the definition, one for each kind of message""",
    "token": """
  dataflow token --role viewer --secret secret                 for an hour
  dataflow token --role trader --for 8h --key private.pem --sub alice
  dataflow token --claim scope="openid viewer" --secret secret
  (umask 077; openssl rand -hex 32 > secret)                   a secret, of those who make tokens and of gatewayd
  openssl genpkey -algorithm ed25519 -out private.pem          a key, of those who make tokens
  openssl pkey -in private.pem -pubout -out public.pem         what gatewayd has of it""",
    "keys": """
  dataflow keys connectord cached gatewayd --to curve   one for each process
  dataflow keys desk --to curve --may "subscribe:trade.BTC-USD. replay"
  dataflow keys --to curve                              who is known, and what they may
  dataflow keys connectord-2 --to curve                 what is to replace connectord's""",
    "disconnect-test": """
  dataflow disconnect-test BTC-USD                         each mode once
  dataflow disconnect-test BTC-USD --mode abrupt --rounds 50
  dataflow disconnect-test BTC-USD --mode temporary-drop --away 20 --json""",
}


# -- what arguments take -------------------------------------------------------------------------------------------------------


def up_to(most):
    def number(text):
        if not (text.isascii() and text.isdigit() and 0 < int(text) <= most):
            raise argparse.ArgumentTypeError(f"expected a whole number from 1 to {most}, found {text!r}")
        return int(text)

    return number


def channel_name(text):
    if not CHANNEL.fullmatch(text) or text in ("trade", "status"):
        raise argparse.ArgumentTypeError(f"expected a channel's name, such as readings, found {text!r}")
    return text


positive = up_to(1_000_000_000)


def at_least_0(text):
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1_000_000:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1000000, found {text!r}")
    return number


def gateway_url(text):
    try:
        parts = urllib.parse.urlsplit(text)
        right = parts.scheme in ("ws", "wss") and parts.hostname.encode("idna") and parts.port != 0 and not parts.fragment
    except (ValueError, AttributeError):
        right = False
    if not right:
        raise argparse.ArgumentTypeError(f"expected ws://HOST:PORT/ws, found {text!r}")
    return text if parts.path else parts._replace(path="/ws").geturl()


def address(text):
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, found {text!r}")
    return host, int(port)


def claim(text):
    """A claim's value is JSON where it reads as such, else a text."""
    name, mark, value = text.partition("=")
    if not name or not mark:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, found {text!r}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


# -- the commands --------------------------------------------------------------------------------------------------------------


def token_option(sub):
    sub.add_argument("--token", metavar="FILE",
                     help="a file with a token, where the gateway asks for one; - is standard input; without, the token is that of DATAFLOW_TOKEN")


def gateway_options(sub):
    token_option(sub)
    sub.add_argument("--url", type=gateway_url, action="append", metavar="URL",
                     help=f"the gateway ({GATEWAY}); if repeated, the first that answers")
    sub.add_argument("--json", action="store_true", help="print JSON, for programs")


def channel_option(sub, default="trades"):
    sub.add_argument("--channel", type=channel_name, metavar="NAME", default=default,
                     help="records of this channel; what stands for a symbol is a key then, such as sensor-7 (trades)")


def page_options(sub, count):
    sub.add_argument("symbol", metavar="SYMBOL", help="such as BTC-USD")
    sub.add_argument("--count", type=positive, metavar="N", default=count, help="at most N (%(default)s)")
    sub.add_argument("--source", metavar="NAME", help="only from this source")
    sub.add_argument("--before", type=moment, metavar="TIME",
                     help="only before this time, such as 2025-11-10T18:00:00Z; less will do, without a zone it is UTC; "
                          "or milliseconds since 1970")
    sub.add_argument("--since", type=moment, metavar="TIME", help="only after this time")
    gateway_options(sub)


def add_watch(sub):
    sub.add_argument("symbol", metavar="SYMBOL", nargs="+", help="such as BTC-USD")
    channel_option(sub)
    sub.add_argument("--count", type=positive, metavar="N", help="stop after N trades")
    sub.add_argument("--recent", type=up_to(SNAPSHOT_MAX), metavar="N", help=f"start with the N latest of each symbol, {SNAPSHOT_MAX} at most")
    gateway_options(sub)


def add_symbols(sub):
    sub.add_argument("source", metavar="SOURCE", nargs="?", help="of operators: what this source offers")
    sub.add_argument("order", metavar="add|remove", nargs="?", choices=("add", "remove"), help="it is to offer the symbols, or no longer")
    sub.add_argument("symbol", metavar="SYMBOL", nargs="*", help="such as SOL-USD, or readings.sensor-7 of another channel")
    channel_option(sub)
    gateway_options(sub)


def add_operator(sub):
    gateway_options(sub)


def add_history(sub):
    channel_option(sub)
    page_options(sub, 100)


def add_candles(sub):
    sub.add_argument("--interval", choices=INTERVALS, default="1m", help="%(choices)s (%(default)s)", metavar="INTERVAL")
    page_options(sub, 60)


def add_coverage(sub):
    sub.add_argument("symbol", metavar="SYMBOL", help="such as BTC-USD")
    sub.add_argument("--source", metavar="NAME", help="only of this source")
    sub.add_argument("--before", type=moment, metavar="TIME", help="only before this time, such as 2025-11-10T18:00:00Z, or less of it")
    sub.add_argument("--since", type=moment_or_ago, metavar="TIME",
                     help="only from this time on, or from so long ago: 90s, 30m, 12h, 1d, 2w (all that is known)")
    gateway_options(sub)


def add_tap(sub):
    sub.add_argument("prefix", metavar="PREFIX", nargs="?", default="", help="a symbol, or the start of topics, such as trade. or status.")
    channel_option(sub, None)
    sub.add_argument("--bus", default=BUS, metavar="ENDPOINT", help="connectord's bus (%(default)s)")
    sub.add_argument("--curve", metavar="FOLDER", help="folder of keys, where the bus speaks CURVE: one's own, and that of the server (dataflow keys)")
    sub.add_argument("--as", dest="name", metavar="NAME", default="dataflow", help="whose key in that folder is used: NAME.key (%(default)s)")
    sub.add_argument("--count", type=positive, metavar="N", help="stop after N messages")
    sub.add_argument("--json", action="store_true", help="topic and message as one object")


def add_replay(sub):
    sub.add_argument("file", metavar="FILE", help="trade frames of the Blockchain.com Exchange, one JSON object per line")
    sub.add_argument("--listen", type=address, default=address(EXCHANGE), metavar="HOST:PORT",
                     help=f"where connectord's source connects ({EXCHANGE})")
    sub.add_argument("--speed", type=at_least_0, metavar="N", default=1.0,
                     help="1 is the recorded pace, N is N times faster, 0 is as fast as possible (1)")
    sub.add_argument("--new-ids", action="store_true", help="use new trade ids, so that nothing counts as a duplicate of an earlier play")


def add_try(sub):
    sub.add_argument("definition", metavar="SOURCE.json", help="the definition of a source (connectors websocket and http)")
    sub.add_argument("recording", metavar="RECORDING", nargs="?",
                     help="messages: one a line, as they are or behind the time of their receipt; or one JSON file; - is standard input")
    sub.add_argument("--symbols", action="append", metavar="A,B", help="only these are wanted; without, the source's names are taken for symbols")
    sub.add_argument("--faults", action="store_true", help="print only what went wrong")
    sub.add_argument("--record", action="store_true", help="print tests for the definition's mapping")
    sub.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_token(sub):
    sub.add_argument("--role", metavar="NAME", help="the role, as the claim role")
    sub.add_argument("--for", type=duration, dest="seconds", metavar="DURATION", default="1h", help="how long it is good: 90s, 30m, 12h, 1d, 2w (1h)")
    by = sub.add_mutually_exclusive_group(required=True)
    by.add_argument("--secret", metavar="FILE", help="sign with a secret that the gateway has as well (HS256), in a file of mode 0600")
    by.add_argument("--key", metavar="FILE", help="sign with a private key in PEM: RSA (RS256), EC (ES256, ES384) or Ed25519 (EdDSA)")
    sub.add_argument("--kid", metavar="ID", help="the key's name, where the gateway knows several")
    sub.add_argument("--sub", metavar="NAME", help="who it is for")
    sub.add_argument("--claim", type=claim, action="append", metavar="NAME=VALUE",
                     help="another claim, such as aud=dataflow; the value is JSON if it reads as such. May be repeated")


def add_keys(sub):
    sub.add_argument("name", metavar="NAME", nargs="*", help="whose key: connectord, cached, gatewayd, or whoever else; without one, those of the folder are listed")
    sub.add_argument("--to", dest="folder", metavar="FOLDER", required=True, help="where NAME.key (mode 0600) and NAME.pub are")
    sub.add_argument("--may", metavar="RIGHTS",
                     help="what it may: subscribe, subscribe:PREFIX of topics, replay, history, clear, operate (the processes: what they need; others: "
                          "subscribe replay history)")
    sub.add_argument("--serves", metavar="SERVICES", help="what others ask of it: bus, replay, history (connectord: bus replay; cached: history)")


def add_disconnect_test(sub):
    sub.add_argument("symbol", metavar="SYMBOL", help="such as BTC-USD")
    modes = "; ".join(f"{name}: {text}" for name, text in MODES.items())
    sub.add_argument("--mode", action="append", choices=MODES, metavar="MODE",
                     help=f"{modes}. May be repeated; all three by default")
    sub.add_argument("--rounds", type=positive, metavar="N", default=1, help="drop the connection N times in each mode (%(default)s)")
    sub.add_argument("--trades", type=positive, metavar="N", default=10, help="take N trades after each (%(default)s)")
    sub.add_argument("--away", type=at_least_0, metavar="SECONDS", default=5.0, help="how long a temporary drop lasts (5)")
    sub.add_argument("--patience", type=positive, metavar="SECONDS", default=30, help="how long to wait for the gateway or a trade (%(default)s)")
    gateway_options(sub)


# What a command does is in a module of its own, so that --help needs none of the libraries.
COMMANDS = {
    "watch": (add_watch, "watch", "live trades of symbols; resumes after a lost connection"),
    "history": (add_history, "ask", "the latest trades of a symbol"),
    "candles": (add_candles, "ask", "open, high, low, close and volume of a symbol, by intervals"),
    "coverage": (add_coverage, "coverage", "how complete a symbol's trades are, and what of them is missing"),
    "channels": (gateway_options, "ask", "the channels, what is kept of each, and how many keys it has"),
    "symbols": (add_symbols, "ask", "the symbols that can be watched, or a channel's keys, and their sources"),
    "clients": (add_operator, "operate", "the clients of a gateway, for operators"),
    "drain": (add_operator, "operate", "take a gateway out of service, for operators"),
    "status": (gateway_options, "ask", "the state of the sources and of the gateway"),
    "tap": (add_tap, "tap", "the bus itself, without a gateway"),
    "replay": (add_replay, "replay", "play a recording as an exchange that a source can connect to"),
    "try": (add_try, "try", "what a source's definition makes of a recording"),
    "token": (add_token, "tokens", "make a token that a gateway lets in"),
    "keys": (add_keys, "keys", "make keys for CURVE on the bus, replay and history, or list them"),
    "disconnect-test": (add_disconnect_test, "disconnect", "drop the connection on purpose, and check that nothing is lost"),
}


def examples_of(name):
    """Commands in one piece, for copying; what they do in a column beside them, as wide as the terminal allows."""
    room = shutil.get_terminal_size().columns - 2  # as much as argparse takes
    pairs = [(re.split(" {2,}", line.strip(), maxsplit=1) + [""])[:2] for line in EXAMPLES[name].strip().splitlines()]
    column = 4 + max((len(command) for command, remark in pairs if remark and len(command) <= 0.6 * room), default=0)
    for command, remark in pairs:
        first, *others = textwrap.wrap(remark, max(room - column, 20)) or [""]
        if first and len(command) + 4 > column:
            yield f"  {command}"
            command = ""
        yield f"  {command}".ljust(column) + first if first else f"  {command}"
        yield from (" " * column + line for line in others)


def help_of(name):
    return "\n".join(["examples:", *examples_of(name), "", EXIT_CODES])


def command_line():
    form = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
    parser = argparse.ArgumentParser(prog="dataflow", description="Data Flow on the command line.", epilog=help_of(None), **form)
    parser.add_argument("--version", action="version", version=f"dataflow {__version__}", help="print the version, and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (add, _, text) in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=help_of(name), **form)
        add(sub)
    return parser


def run(options):
    module = importlib.import_module(f".{COMMANDS[options.command][1]}", __package__)
    name = options.command.replace("-", "_")
    return getattr(module, f"{name}_" if keyword.iskeyword(name) else name)(options)


def main():
    parser = command_line()
    options = parser.parse_args()
    if getattr(options, "order", None) and not options.symbol:
        parser.error(f"symbols SOURCE {options.order}: expected a SYMBOL")
    if "url" in options:
        options.url = options.url or [GATEWAY]
    try:
        return run(options) or EXIT_FINE
    except Failure as failure:
        print(f"dataflow: {failure}", file=sys.stderr)
        return failure.code
    except ModuleNotFoundError as error:
        print(f"dataflow: expected the Python module {error.name}, found none: scripts/setup installs what is missing", file=sys.stderr)
        return EXIT_UNREACHABLE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OutputGone:
        return EXIT_FINE
