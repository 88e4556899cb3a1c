"""dataflow try: what a source's definition makes of messages, by the code that runs live (source-try)."""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import threading

from .failure import EXIT_UNREACHABLE, Failure
from .terminal import aligned, painted, put, say, several, width
from .trade import in_full

# A line of a recording: a message, as it is or behind the time at which it was received; or what was sent, and where.
RECORDED = re.compile(r"(?P<url>\S+://\S+ )?(?P<way><->|<-)?\s*(?P<time>\d+(?:\.\d+)?)(?:: (?P<message>.*))?")
COLOURS = {"fault": "red", "reply": "yellow", "other": "dim", "unwanted": "dim"}
SAMPLE = 60  # characters of a message, at least


def program():
    """source-try: where it was built or installed."""
    here = pathlib.Path(sys.argv[0]).resolve().parent
    given = os.environ.get("DATAFLOW_BIN")
    for place in [pathlib.Path(given)] if given else [here.parent / "build/bin", here]:
        if (place / "source-try").exists():
            return str(place / "source-try")
    raise Failure("source-try was not found: build it with make", EXIT_UNREACHABLE)


def http_rules(path):
    """What the definition says of a source over HTTP, and the rules of its mapping; what is wrong with them source-try says."""
    try:
        definition = json.loads(pathlib.Path(path).read_text(encoding="utf-8-sig"))
        mapping = definition["mapping"]
        return definition["http"], mapping if isinstance(mapping, list) else [mapping]
    except (OSError, ValueError, KeyError, TypeError):
        return {}, []


def messages(path, table):
    """(line, message): of a recording, of JSON lines, of a file that is one JSON value, or of a table each line."""
    try:
        text = sys.stdin.read() if path == "-" else pathlib.Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if table:
        return list(enumerate(text.splitlines(), 1))
    try:
        json.loads(text)
        return [(1, " ".join(text.split("\n")).strip())]
    except ValueError:
        return [(number, message) for number, line in enumerate(text.split("\n"), 1) if (message := received(line.strip()))]


def received(line):
    """The message that a line holds; None: it holds what was sent, or nothing."""
    recorded = RECORDED.fullmatch(line) if not line.startswith(("{", "[")) else None
    if not recorded:
        return None if line.startswith(("wss://", "ws://")) else line
    return None if recorded["way"] or recorded["url"] else recorded["message"]


def shown_trade(trade):
    return (f"{trade['symbol']:<10}  " + painted(f"{trade['side']:<4}", "green" if trade["side"] == "buy" else "red") +
            f"  {aligned(in_full(trade['price']), 9, 6)}  {aligned(in_full(trade['qty']), 7, 6)}  "
            + painted(f"{trade['timestamp']}  {trade['tradeId']}", "dim"))


def raw(text, name):
    """The exact text of the outcome's last member."""
    return text[text.index(f'"{name}":') + len(name) + 3 : -1]


def shown_record(record):
    return f"{record['channel']}  {record['key']}  " + painted(f"{record['timestamp']}  {record['id']}", "dim")


def shown_reply(reply):
    return "  ".join(text for text in (reply["reply"], reply["native"], reply["id"] and f"called {reply['id']} from here on", reply["reason"]) if text)


def cut(text, room):
    return text if len(text) <= room else text[: room - 1] + "…"


class Report:
    def __init__(self, recording, options):
        self.recording, self.options = dict(enumerate(recording, 1)), options
        self.counts, self.faults = collections.Counter(), collections.Counter()

    def take(self, outcome, text):
        line, message = self.recording[outcome["line"]]
        kind = outcome["is"]
        self.counts[kind] += 1
        if kind == "fault":
            self.faults[re.sub(r", found .*", "", outcome["reason"])] += 1
        if self.options.faults and kind != "fault":
            return
        if self.options.json:
            put(text.replace(f'"line":{outcome["line"]}', f'"line":{line}', 1))
            return
        colour = COLOURS.get(kind)
        head = f"{line:>6}  {'trade' if outcome.get('channel') == 'trades' else kind:<8}  "
        room = max(SAMPLE, width() - 18)
        if kind == "record":
            is_trade = outcome["channel"] == "trades"
            put(head + (shown_trade(outcome) if is_trade else f"{shown_record(outcome)}  {raw(text, 'data')}"))
        elif kind == "fault":
            put(painted(f"{head}{outcome['reason']}", colour))
            put(painted(f"{'':18}{cut(raw(text, 'sample'), room)}", "dim"))
        else:
            put(painted(head + (shown_reply(outcome) if kind == "reply" else cut(message, room)), colour))

    def end(self):
        counts = self.counts
        say(f"{several(len(self.recording), 'message')}: {several(counts['record'], 'record')}, {several(counts['reply'], 'reply').replace('replys', 'replies')}, "
            f"{counts['unwanted']:,} unwanted, {counts['other']:,} of other kinds, {several(counts['fault'], 'fault')}")
        for reason, count in self.faults.most_common():
            say(f"{count:,} × {reason}", "red")


def test_of(message, outcomes, unnamed):
    """What a mapping's `tests` would hold for it. unnamed: the symbol of records that name none."""
    records = [{name: outcome[name] for name in ("symbol", "key", "id", "timestamp", "side", "qty", "price") if outcome.get(name)}
               | ({"id": outcome["tradeId"]} if outcome.get("tradeId") else {}) for outcome in outcomes if outcome["is"] == "record"]
    faults = [outcome["reason"] for outcome in outcomes if outcome["is"] == "fault"]
    symbols = f'"symbols": {json.dumps({"": unnamed})}, ' if unnamed and records else ""
    return f'{{"message": {message}, {symbols}' + (f'"fault": {json.dumps(faults[0])}}}' if faults else f'"records": {json.dumps(records, ensure_ascii=False)}}}')


def print_tests(recording, outcomes, unnamed):
    """One for each kind of outcome: the first message of it that is short."""
    seen = set()
    for number, (_, message) in enumerate(recording, 1):
        own = outcomes.get(number, [])
        kind = tuple(sorted({(outcome["is"], outcome.get("side"), re.sub(r", found .*", "", outcome.get("reason", ""))) for outcome in own}, key=str))
        if own and own[0]["is"] != "reply" and kind not in seen and len(message) < 2000:
            seen.add(kind)
            put(test_of(message, own, unnamed) + ",")


def try_(options):
    http, rules = http_rules(options.definition)
    recording = messages(options.recording, http.get("format") == "csv") if options.recording else []
    symbols = [symbol for text in options.symbols or [] for symbol in text.split(",")]
    unnamed = symbols[0] if len(symbols) == 1 and any(rule.get("symbol") == {"value": ""} for rule in rules) else None
    trial = subprocess.Popen([program(), options.definition, *symbols], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def feed():
        try:
            with trial.stdin as out:
                out.writelines(message + "\n" for _, message in recording)
        except BrokenPipeError:
            pass  # it has ended, and said why

    threading.Thread(target=feed, daemon=True).start()
    report, outcomes = Report(recording, options), collections.defaultdict(list)
    for text in trial.stdout:
        outcome = json.loads(text)
        if options.record:
            outcomes[outcome["line"]].append(outcome)
        else:
            report.take(outcome, text.rstrip("\n"))
    if trial.wait() != 0:
        return 1
    if options.record:
        print_tests(recording, outcomes, unnamed)
    elif recording:
        report.end()
    else:
        say(f"{options.definition}: valid, and its tests pass", "green")
    return 1 if report.counts["fault"] else 0
