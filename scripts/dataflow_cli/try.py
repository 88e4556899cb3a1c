"""dataflow try: what a source's definition makes of messages, by the code that runs live (source-try)."""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import threading

from .failure import Failure
from .program import program
from .progress import Work, size_of
from .recording import RECORDED, received
from .terminal import aligned, painted, put, say, several, width
from .trade import in_full

COLOURS = {"fault": "red", "reply": "yellow", "other": "dim", "unwanted": "dim"}
SAMPLE = 60  # characters of a message, at least


def http_rules(path):
    """What the definition says of a source over HTTP, and the rules of its mapping; what is wrong with them source-try says."""
    try:
        definition = json.loads(pathlib.Path(path).read_text(encoding="utf-8-sig"))
        mapping = definition["mapping"]
        return definition["http"], mapping if isinstance(mapping, list) else [mapping]
    except (OSError, ValueError, KeyError, TypeError):
        return {}, []


def is_json(text):
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


class Recording:
    """The messages of a recording, of JSON lines, of a file that is one JSON value, or of a table each line: (line, message), one by one, since it may be
    large."""

    def __init__(self, path, table):
        self.path, self.failed = path, None
        try:
            self.file = open(sys.stdin.fileno() if path == "-" else path, encoding="utf-8-sig", errors="surrogateescape", newline="\n",
                             closefd=path != "-")
            self.size = size_of(self.file)
            self.first = self.file.readline()
            self.table = table and not self.is_recorded()  # else each row is an object
        except OSError as error:
            raise Failure(f"{path}: {error.strerror or error}") from None

    def is_recorded(self):
        return self.first.startswith("#") or RECORDED.fullmatch(self.first.strip())

    def lines(self):
        """A first line that is no message may be the beginning of JSON that goes over several."""
        if self.table or is_json(self.first) or self.is_recorded():
            yield self.first
            yield from self.file
            return
        text = self.first + self.file.read()
        yield from [" ".join(text.split("\n"))] if is_json(text) else text.split("\n")

    def __iter__(self):
        try:
            for number, line in enumerate(self.lines(), 1):
                message = line.rstrip("\r\n") if self.table else received(line.strip())
                if message or self.table:
                    yield number, message
        except OSError as error:
            self.failed = Failure(f"{self.path}: {error.strerror or error}")

    def reached(self):
        """Bytes read."""
        return self.file.buffer.tell() if self.size is not None else 0


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
    text = text.encode(errors="surrogateescape").decode(errors="replace")  # what is not UTF-8 is shown as such
    return text if len(text) <= room else text[: room - 1] + "…"


class Report:
    def __init__(self, options):
        self.options = options
        self.counts, self.faults = collections.Counter(), collections.Counter()

    def take(self, line, message, outcome, text):
        kind = outcome["is"]
        self.counts[kind] += 1
        if kind == "fault":
            self.faults[re.sub(r", found .*", "", outcome["reason"])] += 1
        if self.options.faults and kind != "fault":
            return
        self.options.work.clear()
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

    def end(self, messages):
        counts = self.counts
        say(f"{several(messages, 'message')}: {several(counts['record'], 'record')}, {several(counts['reply'], 'reply').replace('replys', 'replies')}, "
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


class Tests:
    """One for each kind of outcome: the first message of it that is short."""

    def __init__(self, unnamed):
        self.unnamed, self.seen, self.counts = unnamed, set(), collections.Counter()
        self.message, self.own = "", []

    def take(self, _, message, outcome, __):
        if self.own and self.own[0]["line"] != outcome["line"]:
            self.end()
        self.message = message
        self.own.append(outcome)

    def end(self, _=0):
        own, self.own = self.own, []
        kind = tuple(sorted({(outcome["is"], outcome.get("side"), re.sub(r", found .*", "", outcome.get("reason", ""))) for outcome in own}, key=str))
        if own and own[0]["is"] != "reply" and kind not in self.seen and len(self.message) < 2000:
            self.seen.add(kind)
            put(test_of(self.message, own, self.unnamed) + ",")


class Trial:
    """source-try, which is fed as fast as it reads."""

    def __init__(self, options, symbols, recording):
        self.popen = subprocess.Popen([program("source-try", os.environ.get("DATAFLOW_BIN")), options.definition, *symbols], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="surrogateescape")
        self.recording, self.count = recording, 0
        self.fed = collections.deque()  # (number, line, message, bytes read), of which no outcome of a later one has come
        threading.Thread(target=self.feed, daemon=True).start()

    def feed(self):
        try:
            with self.popen.stdin as out:
                for line, message in self.recording:
                    self.count += 1
                    self.fed.append((self.count, line, message, self.recording.reached()))
                    out.write(message + "\n")
        except BrokenPipeError:
            pass  # it has ended, and said why

    def outcomes(self):
        """(line, message, bytes read, outcome, its text)."""
        for text in self.popen.stdout:
            outcome = json.loads(text)
            while len(self.fed) > 1 and self.fed[0][0] < outcome["line"]:
                self.fed.popleft()
            yield *(self.fed[0][1:] if self.fed else (outcome["line"], "", 0)), outcome, text.rstrip("\n")


def try_(options):
    http, rules = http_rules(options.definition)
    recording = Recording(options.recording, http.get("format") == "csv") if options.recording else None
    symbols = [symbol for text in options.symbols or [] for symbol in text.split(",")]
    unnamed = symbols[0] if len(symbols) == 1 and any(rule.get("symbol") == {"value": ""} for rule in rules) else None
    options.work = Work(recording and recording.size)
    trial = Trial(options, symbols, recording or [])
    report = Tests(unnamed) if options.record else Report(options)
    for line, message, reached, outcome, text in trial.outcomes():
        report.take(line, message, outcome, text)
        options.work.reach(reached)
    options.work.clear()
    if trial.popen.wait() != 0:
        return 1
    if recording and recording.failed:
        raise recording.failed
    if recording:
        report.end(trial.count)
    else:
        say(f"{options.definition}: valid, and its tests pass", "green")
    return 1 if report.counts["fault"] else 0
