"""What every test may ask for. Sockets are closed except loopback; each test has a time limit (pyproject.toml)."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from tests.corpora import CORPORA
from tests.simulators import spark

if TYPE_CHECKING:
    from tests.simulators.cluster import Cluster
    from tests.simulators.kubernetes import Simulator

settings.register_profile(
    "unhurried", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")  # what a busy machine takes for an example says nothing of the code

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it runs in the background so, and every process that a test interrupts would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

_AUTHOR = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@harbour.example",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@harbour.example",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}
_KEPT = ("LOCKGATE_CORPORA", "LOCKGATE_TEST_KUBECONFIG", "LOCKGATE_HELM", "LOCKGATE_KUSTOMIZE")


class Repository:
    """A git repository in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """Run git here; returns its output."""
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            input=stdin, capture_output=True, text=True, check=check,
        )  # fmt: skip
        return done.stdout.strip()

    def write(self, path: str, content: str | bytes) -> Path:
        """Write a file."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def commit(self, message: str = "change") -> str:
        """Commit everything; returns the commit id."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """git acts as Ada with no configuration of the machine; nothing of the caller's Lockgate leaks in; wherever a test
    goes, the next one begins where it began."""
    monkeypatch.chdir(Path.cwd())
    for key, value in _AUTHOR.items():
        monkeypatch.setenv(key, value)
    for key in [key for key in os.environ if key.startswith("LOCKGATE_") and key not in _KEPT]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "xdg-cache"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs Spark runs in one process: its cluster alone takes longer to start than a test may take."""
    for item in items:
        if "spark_session" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("spark"))
            item.add_marker(pytest.mark.timeout(900))
            item.add_marker(pytest.mark.skipif(bool(spark.MISSING), reason=spark.MISSING))
            # py4j leaves its sockets to the garbage collector.
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))


@pytest.fixture(scope="session")
def spark_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session on a standalone cluster of a master and two workers, which all tests of Spark share."""
    from lockgate.store.ask.spark import connect

    with spark.cluster(tmp_path_factory.mktemp("spark")) as master:
        session = connect(master, spark.SETTINGS)
        try:
            yield session
        finally:
            session.stop()


@pytest.fixture
def new_repository(tmp_path: Path) -> Callable[[str], Repository]:
    """Makes repositories by name."""

    def make(name: str = "repository") -> Repository:
        folder = tmp_path / name
        folder.mkdir()
        repository = Repository(folder)
        repository.git("init", "-q", "-b", "main")
        return repository

    return make


@pytest.fixture
def repository(new_repository: Callable[[str], Repository]) -> Repository:
    """One repository without a commit."""
    return new_repository("repository")


@pytest.fixture
def corpora() -> Iterator[Path]:
    """The public test data; skips where it is absent."""
    if not CORPORA.is_dir():
        pytest.skip(f"no corpora at {CORPORA}: set LOCKGATE_CORPORA")
    yield CORPORA


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator["Simulator"]:
    """A Kubernetes API server of our own, whose faults, tokens and history a test may set."""
    from tests.simulators.kubernetes import Simulator

    with Simulator(tmp_path) as server:
        yield server


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator["Cluster"]:
    """A namespace of one's own in a real cluster when ``LOCKGATE_TEST_KUBECONFIG`` names one, else in the simulator."""
    from tests.simulators.cluster import open_cluster

    with open_cluster(tmp_path) as opened:
        yield opened
