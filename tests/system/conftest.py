import fcntl
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from pipeline import DATA, ROOT, Pipeline  # noqa: E402


@pytest.fixture
def pipeline(tmp_path, request):
    """A factory: pipeline(symbols=…, subscribe="demand", …). Everything it started is stopped, and must end orderly."""
    made = []

    def make(**settings):
        made.append(Pipeline(tmp_path, **settings))
        return made[-1]

    yield make
    for one in made:
        codes = one.stop()
        failed = request.node.stash.get(FAILED, False)
        for name, process in one.processes.items():
            if failed:
                print(f"--- {name}\n{process.log()[-20000:]}")
            assert "Sanitizer" not in process.log() and "runtime error" not in process.log(), process.log()[-5000:]
        assert all(code in (0, -9) for code in codes.values()), f"exit codes {codes}"


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
    """The folder that has npm's packages, installed once for all the workers of a run."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("node or npm is not installed")
    folder, wanted_from = ROOT / "build/node", ROOT / "tests/system/node"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (wanted_from / "package-lock.json").read_text()
        stamp = folder / "installed"
        if not stamp.exists() or stamp.read_text() != wanted:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(wanted_from / name, folder / name)
            ended = subprocess.run(["npm", "ci", "--no-progress"], cwd=folder, capture_output=True, text=True, timeout=600)
            if ended.returncode != 0:
                pytest.skip("npm's registry can't be reached: " + ended.stderr.strip()[-200:])
            stamp.write_text(wanted)
    return folder
