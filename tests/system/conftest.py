import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import npm  # noqa: E402
from browser import started_browser  # noqa: E402, F401 (a fixture)
from pipeline import DATA, Pipeline  # noqa: E402

# Whoever runs this in the background may have it ignore Ctrl-C, and what it starts would, too; of a handler nothing is inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def pipeline(tmp_path, request):
    """A factory: pipeline(symbols=…, subscribe="demand", …). Everything it started is stopped, and must end orderly."""
    made = []

    def make(**settings):
        made.append(Pipeline(tmp_path, **settings))
        return made[-1]

    yield make
    for one in made:
        one.end(request.node.stash.get(FAILED, False))


def pytest_collection_modifyitems(items):
    """Those that are many and quick go first: what is left at the end is handed out two by two, and nobody has a row of slow ones."""
    items.sort(key=lambda item: not item.path.name.startswith("test_ws_"))


FAILED = pytest.StashKey()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.stash[FAILED] = outcome.get_result().failed


@pytest.fixture
def recordings():
    """The folder of recorded market data."""
    if not DATA.is_dir():
        pytest.skip(f"no recorded market data beside the project ({DATA.name}/ is absent)")
    return DATA


@pytest.fixture(scope="session")
def node_modules():
    return npm.installed("tests/system/node")
