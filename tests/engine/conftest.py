"""Stand-ins for everything the engine is handed, so that a test says only what it is about."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from lockgate.engine import Request, scan
from lockgate.gates.check import GATE
from lockgate.model import Confidence, Family, File, Finding, Location, Rule, Severity, Skip, Subject
from lockgate.rules import Rulebook
from lockgate.scanners import Scanner

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Memory:
    """A source whose rows are given; asks ``wants`` as a real one does."""

    mode = "tree"

    def __init__(self, *rows, root="memory", **more):
        self.rows, self.root = rows, root
        self.__dict__.update(more)

    def collect(self, wants):
        for row in self.rows:
            if not isinstance(row, File) or wants(row.path, row.size):
                yield row

    def sibling(self, path):
        return None


class WordSession:
    """Finds the word LEAK; the rest of its line names the thing that leaked."""

    def __init__(self, log):
        self.log, self.files = log, 0

    def feed(self, row):
        self.log.append(row.path)
        self.files += 1
        for number, line in enumerate(row.load().decode().splitlines(), 1):
            if "LEAK" in line:
                yield finding(line.partition("LEAK")[2].partition("#")[0].strip(), path=row.path, line=number)

    def finish(self):
        return ()

    def coverage(self):
        return f"{self.files} looked at"


def finding(name, *, path="a.txt", line=1, rule="secrets/word", family=Family.SECRETS):
    return Finding(
        rule=rule, family=family, severity=Severity.HIGH, confidence=Confidence.HIGH,
        subject=Subject("secret", name, name), location=Location(path, line), message=f"{name} leaks",
    )  # fmt: skip


def file(path, text, *, stamp=""):
    content = text.encode()
    return File(path, len(content), lambda: content, stamp=stamp or f"{path}-{hash(text)}")


def book(*families):
    rules = tuple(
        Rule(id=f"{family}/word", family=family, title="A word", why="w", severity=Severity.HIGH,
             confidence=Confidence.HIGH, fix="f")
        for family in families or (Family.SECRETS,)
    )  # fmt: skip
    return Rulebook(rules, "sha256:0")


class Engine:
    """Runs ``scan`` over stand-ins; ``log`` holds the paths that a scanner was really fed."""

    def __init__(self):
        self.log: list[str] = []

    def scanner(self, **more):
        given = {"family": Family.SECRETS, "reads": File, "start": lambda rules, context: WordSession(self.log)}
        return Scanner(**{**given, **more})

    def run(self, *sources, scanners=None, store=None, ledger=None, cache=None, rules=None, gate=GATE, **request):
        told = []
        families = request.pop("families", (Family.SECRETS,))
        asked = Request(families=families, now=lambda: NOON, **{"tell": told.append, **request})
        decision = scan(
            sources, rules or book(*families), gate, store=store, ledger=ledger, request=asked, cache=cache,
            scanners=scanners or {"word": self.scanner()},
        )  # fmt: skip
        return told[0] if told else decision


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def memory() -> type[Memory]:
    return Memory


@pytest.fixture
def make_file() -> Callable[..., File]:
    return file


@pytest.fixture
def make_finding() -> Callable[..., Finding]:
    return finding


@pytest.fixture
def skip() -> type[Skip]:
    return Skip
