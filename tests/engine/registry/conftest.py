"""A watch in one thread over a registry of the test's own, with the real rules and a record in a folder."""

from functools import partial

import pytest
from tests.cli.conftest import TOKEN
from tests.sources.image.building import Layout

from lockgate.engine import Request
from lockgate.engine.registry.judging import Judging
from lockgate.engine.registry.scope import scope_of
from lockgate.engine.registry.watching import Options, Watch
from lockgate.gates.check import GATE
from lockgate.model import Family
from lockgate.rules import load
from lockgate.settings import RegistrySettings
from lockgate.sources.image.registry import Limits, Trust
from lockgate.store import Ledger, Record
from lockgate.store.ask import ask
from lockgate.store.cache import Cache
from lockgate.store.registry.database import RegistryDatabase
from lockgate.store.registry.queue import Wanted

CLEAN = {"app/main": b"#!/bin/sh\n"}
LEAKS = {"app/.env": f"GITHUB_TOKEN={TOKEN}\n".encode()}
QUICK = Limits(retries=3, wait_seconds=0.5, longest_wait=0.2, silence_seconds=2.0)


@pytest.fixture(scope="session")
def rules(tmp_path_factory):
    return load((Family.SECRETS,), cache_dir=tmp_path_factory.mktemp("made"), samples=False)


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch, tmp_path):
    for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def layout(tmp_path) -> Layout:
    return Layout(tmp_path / "layout")


class Watching:
    """A watch, and what a test asks of its record and queue."""

    def __init__(self, folder, host, rules, settings, limits) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.host = folder, host.partition("/")[0]
        self.record = Record.open(folder)
        request = Request(families=(Family.SECRETS,), cache_dir=folder, made_dir=folder)
        scope = scope_of(host, settings, Trust())
        object.__setattr__(scope, "limits", limits)
        judging = Judging(rules, GATE, request, self.record, partial(Ledger.open, folder),
                          partial(Cache.open, folder / "layers.db", keys=100))  # fmt: skip
        self.database = RegistryDatabase(folder)
        self.watch = Watch(scope, self.database, judging, Options())
        self.worker = self.watch._worker()

    def tell(self, digest="", tag="1", *, repository="team/cart", **more) -> int:
        return self.watch.queue.accept([Wanted(self.host, repository, digest, tag, "distribution", **more)])

    def work(self) -> int:
        """Until nothing is due; how many jobs."""
        count = 0
        while self.worker.work():
            count += 1
        return count

    def ask(self, query):
        tables = self.record.asked()
        try:
            return [tuple(row) for row in ask(query, tables).rows]
        finally:
            tables.connection.close()

    def steps(self, columns="Tag, Step, Outcome"):
        return self.ask(f"ImageSteps | sort by TimeGenerated asc | project {columns}")


@pytest.fixture
def watching(tmp_path, rules):
    """Makes a watch over a host, with the settings given."""
    made = []

    def make(host, *, folder="workspace", limits=QUICK, **settings) -> Watching:
        made.append(Watching(tmp_path / folder, host, rules, RegistrySettings(**settings), limits))
        return made[-1]

    yield make
    for one in made:
        one.database.close()
