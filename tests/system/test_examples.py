"""The clients that users start from: each follows a symbol over the kill of its gateway without a hole."""

import json
import re
import shutil
import subprocess
import threading

import pytest
from clients import assert_once_and_in_order
from pipeline import BIN, ROOT, until

EXAMPLES = ROOT / "deploy/examples"
TRADES = 100


class Example:
    """A running example; what it prints is kept line by line."""

    def __init__(self, arguments, directory):
        self.lines, self.errors = [], []
        self.popen = subprocess.Popen(list(map(str, arguments)), cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
        self.readers = [threading.Thread(target=self.read, args=pair)
                        for pair in ((self.popen.stdout, self.lines), (self.popen.stderr, self.errors))]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def read(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    def wait_for(self, trades):
        try:
            until(lambda: len(self.lines) >= trades, f"{trades} trades")
        except AssertionError as error:
            raise AssertionError(f"{error}; {len(self.lines)} came, and it said {self.errors}") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.kill()
        self.popen.wait()
        for reader in self.readers:
            reader.join()


def in_c(flow, directory, request):
    program = BIN.parent / "examples/watch"
    if not program.exists():
        pytest.skip("the example in C is not built")
    return [program, "127.0.0.1", flow.port["gateway0"], "BTC-USD"]


def in_python(flow, directory, request):
    return ["/usr/bin/python3", EXAMPLES / "watch.py", flow.url(), "BTC-USD"]


def in_javascript(flow, directory, request):
    packages = request.getfixturevalue("node_modules")  # ws is among them: SignalR's client uses it
    shutil.copy(EXAMPLES / "watch.mjs", directory)
    (directory / "node_modules").symlink_to(packages / "node_modules")
    return ["node", directory / "watch.mjs", flow.url(), "BTC-USD"]


LANGUAGES = [in_c, in_python, in_javascript]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_example_resumes_after_the_kill_of_its_gateway(pipeline, tmp_path, request, language):
    flow = pipeline(symbols=["BTC-USD"])
    arguments = language(flow, tmp_path, request)
    flow.start_all("--symbols", "BTC-USD", "--rate", "200", "--paused")
    flow.subscribed()
    with Example(arguments, tmp_path) as example:
        # Trades that are made before it is subscribed don't come, so one after the other is made until one does.
        until(lambda: flow.tell_simulator("/control/play?count=1") and example.lines, "the first trade")
        flow.tell_simulator(f"/control/play?count={TRADES}")
        example.wait_for(TRADES)
        flow.processes["gateway0"].kill()
        before = len(flow.ledger("trade"))
        flow.tell_simulator(f"/control/play?count={TRADES}")
        until(lambda: len(flow.ledger("trade")) >= before + TRADES, "the exchange to make trades while the gateway is away")
        flow.start_gateway()
        until(lambda: len(example.lines) >= 2 * TRADES and example.lines[-1].split()[3:] == figures(flow)[-1], "all trades")
    places = [tuple(map(int, line.split()[0].split("-"))) for line in example.lines]
    assert places == [(places[0][0], places[0][1] + i) for i in range(len(places))]
    assert [line.split()[3:] for line in example.lines] == figures(flow)[places[0][1] - 1 :]
    assert not [line for line in example.errors if line.startswith("missed") or '"result"' in line]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_example_that_is_there_before_the_exchange_waits_for_it(pipeline, tmp_path, request, language):
    flow = pipeline(symbols=["BTC-USD"])
    arguments = language(flow, tmp_path, request)
    flow.start_gateway()
    until(lambda: flow.ready("gateway0")[0], "the gateway to listen")
    with Example(arguments, tmp_path) as example:
        until(lambda: any("Not ready" in line for line in example.errors), "the refusal")
        flow.start_simulator("--symbols", "BTC-USD", "--rate", "100")
        flow.start_connectord()
        flow.start_cached()
        example.wait_for(TRADES)


def test_the_readme_s_tap_prints_what_is_on_the_bus(pipeline, tmp_path):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--rate", "100")
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S).group(1)
    assert "tcp://127.0.0.1:5556" in code
    program = tmp_path / "tap.py"
    program.write_text(code.replace("tcp://127.0.0.1:5556", flow.bus))
    with Example(["/usr/bin/python3", "-u", program], tmp_path) as example:
        example.wait_for(20)
    trades = [json.loads(line.removeprefix("trade.BTC-USD.blockchain ")) for line in example.lines[:20]]
    assert_once_and_in_order(trades)


def test_documents_name_only_files_that_there_are():
    for document in [*ROOT.glob("*.md"), *ROOT.glob("proto/*.md"), *ROOT.glob("deploy/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def figures(flow):
    """qty and price of each trade, as the exchange sent them."""
    return [[str(trade["qty"]), str(trade["price"])] for trade in flow.ledger("trade")]
