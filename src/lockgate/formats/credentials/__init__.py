"""Readers of files whose format says where a credential stands: one format a module, under ``READER``.

A pattern has to guess from the shape of a value; these readers know from the format. They never judge how bad a find
is (``rules``), never verify a credential, and never let a value into a repr or a message. A reader raises nothing but
``FormatError``; the front doors here raise nothing. Time and memory are linear in the content.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, fields
from functools import cache, lru_cache
from importlib import import_module
from itertools import chain

from lockgate.dataclass import dataclass
from lockgate.discover import discover, entry_points
from lockgate.formats.format_error import FormatError
from lockgate.model import Confidence, Skip, SkipKind
from lockgate.prepared import prepared

MAX_BYTES = 2 * 1024 * 1024
"""A larger file is a Skip here; patterns still see it."""
MAX_FOUND = 2000
"""Credentials of one file; a larger number is a table of users, and the first ones make the point."""
_Readers = dict[str, tuple[str, ...]]
"""Names of readers, in their order, by what stands in a path."""


@dataclass(frozen=True, slots=True)
class Credential:
    """One value that opens something, and where it stands."""

    kind: str
    """``npmrc``, ``aws-credentials``: the rule is ``secrets/file-<kind>``."""
    value: str = field(repr=False)
    """As it stands in the file; decoded where the format encodes it (base64)."""
    line: int
    """From 1."""
    column: int
    """From 1, in characters, of the value as written; 1 where the value is spread over lines or encoded."""
    key: str
    """The field that holds it, as the file names it."""
    user: str = ""
    host: str = ""
    confidence: Confidence = Confidence.HIGH
    """Low for values that are weak on purpose (``changeme``) or that a person may have made up."""


@dataclass(frozen=True, slots=True)
class PathTest:
    """Which paths a reader wants, in parts that can be joined over all readers. Case is ignored."""

    names: frozenset[str] = frozenset()
    """Whole file names, lower case."""
    endings: frozenset[str] = frozenset()
    """Last extensions with their dot, lower case."""
    starts: tuple[str, ...] = ()
    """Beginnings of the file name, lower case."""
    start_endings: frozenset[str] = frozenset()
    """Last extensions that a file name of ``starts`` must have; empty: any."""
    tails: tuple[str, ...] = ()
    """Ends of ``/`` + path, lower case."""

    def __call__(self, path: str) -> bool:
        """Whether the path is one of ours."""
        whole = "/" + path.lower()
        name = whole[whole.rindex("/") + 1 :]
        return (
            name in self.names
            or name[name.rfind(".") :] in self.endings
            or (name.startswith(self.starts) and (not self.start_endings or _ending(name) in self.start_endings))
            or whole.endswith(self.tails)
        )


def paths(
    *names: str,
    endings: tuple[str, ...] = (),
    starts: tuple[str, ...] = (),
    start_endings: tuple[str, ...] = (),
    tails: tuple[str, ...] = (),
) -> PathTest:
    """A PathTest from loose parts."""
    return PathTest(frozenset(names), frozenset(endings), starts, frozenset(start_endings), tails)


@dataclass(frozen=True, slots=True)
class CredentialReader:
    """One format."""

    matches: Callable[[str], bool]
    """Whether the reader wants the file of that path (relative, forward slashes). Cheap; best a ``PathTest``."""
    read: Callable[[str, bytes], tuple[Credential, ...]]
    """``read(path, content)``. Raises nothing but ``FormatError``."""
    may_hold: Callable[[bytes], bool] = lambda content: True
    """A cheap look at the content, for readers that ask for every file of an extension: False is no Skip."""


@dataclass(frozen=True, slots=True)
class CredentialReading:
    """What one file gave."""

    credentials: tuple[Credential, ...] = ()
    skips: tuple[Skip, ...] = ()


NOTHING_READ = CredentialReading()
"""Of a file in which no reader sees anything to read."""


def wants(path: str) -> bool:
    """Whether any reader wants the file, or might by how its name begins or ends."""
    return _asked(path) is not None


def read(path: str, content: bytes) -> tuple[Credential, ...]:
    """The credentials of one file, in line order, each value once a line. Never raises."""
    return read_with_skips(path, content).credentials


def read_with_skips(path: str, content: bytes) -> CredentialReading:
    """As ``read``, with a Skip for each reader that knew the file by name and could not read it. Never raises."""
    wanted = [reader for name in _names_of(path) if (reader := _reader(name)).may_hold(content)] if content else ()
    if not wanted:
        return NOTHING_READ
    if len(content) > MAX_BYTES:
        reason = f"larger than {MAX_BYTES} bytes, so not read as a credential file"
        return CredentialReading((), (Skip(path, SkipKind.TOO_LARGE, reason, "secrets"),))
    found: dict[tuple[int, str], Credential] = {}
    skips: list[Skip] = []
    for reader in wanted:
        try:
            for credential in reader.read(path, content)[:MAX_FOUND]:
                found.setdefault((credential.line, credential.value), credential)
        except FormatError as error:
            skips.append(Skip(path, error.kind, error.reason, "secrets", error.line))
        except RecursionError:
            skips.append(Skip(path, SkipKind.TOO_LARGE, "nested too deeply", "secrets"))
    ordered = sorted(found.values(), key=lambda credential: (credential.line, credential.column))
    return CredentialReading(tuple(ordered), tuple(skips))


@cache
def readers() -> dict[str, CredentialReader]:
    """Every reader by module name."""
    return discover(sys.modules[__name__], "READER", CredentialReader)


def path_tests() -> dict[str, tuple[tuple[str, ...], ...]]:
    """The parts of the test of each reader of ours, from which a wheel makes it again without importing the reader."""
    found = {}
    for name, reader in readers().items():
        if not isinstance(reader.matches, PathTest):
            raise TypeError(f"{name!r} asks for paths by something other than a PathTest")
        parts = (getattr(reader.matches, one.name) for one in fields(PathTest))
        found[name] = tuple(tuple(sorted(part)) for part in parts)
    return found


@cache
def _tests() -> Mapping[str, Callable[[str], bool]]:
    """The test of every reader by module name; where a wheel brings them, without importing any reader."""
    brought = _brought()
    if brought is None:
        return {name: reader.matches for name, reader in readers().items()}
    return {name: PathTest(frozenset(names), frozenset(endings), starts, frozenset(start_endings), tails)
            for name, (names, endings, starts, start_endings, tails) in brought.items()}  # fmt: skip


def _names_of(path: str) -> tuple[str, ...]:
    """Which readers want the file, in their order."""
    return _asked(path) or ()


@lru_cache(maxsize=65536)
def _asked(path: str) -> tuple[str, ...] | None:
    """The same; None where not even a beginning or an end meets. Asked before the file is loaded, and when it is."""
    by_name, by_ending, affixes, others = _by_path()
    whole = "/" + path.lower()
    name = whole[whole.rindex("/") + 1 :]
    named, ended = by_name.get(name, ()), by_ending.get(name[name.rfind(".") :], ())
    affixed = affixes.meet(whole, name)
    if not (named or affixed or others):
        return ended or None
    found = {*named, *ended}
    asked = _tests() if affixed else others
    found.update(one for one, test in asked.items() if test(path))
    return tuple(one for one in _tests() if one in found) if found or affixed else None


@dataclass(frozen=True, slots=True)
class _Affixes:
    """Beginnings and ends of names that any reader asks for, without the endings that it wants beside a beginning: it
    may say yes where no reader does, never the other way round."""

    starts: tuple[str, ...]
    tails: tuple[str, ...]
    first: frozenset[str]
    """The first character or two of the beginnings. Few names have these, and looking for all takes longer."""
    last: frozenset[str]
    """The last of the ends."""
    width: int
    """How many characters these are."""

    def meet(self, whole: str, name: str) -> bool:
        """Whether one stands in ``/`` + path, which ends with ``name``; both lower case."""
        return (name[: self.width] in self.first and name.startswith(self.starts)) or (
            whole[len(whole) - self.width :] in self.last and whole.endswith(self.tails)
        )


def _affixes(tests: Iterable[PathTest]) -> _Affixes:
    starts, tails = zip(*((test.starts, test.tails) for test in tests), strict=True)
    begins, ends = tuple(chain.from_iterable(starts)), tuple(chain.from_iterable(tails))
    width = min(2, *map(len, begins), *map(len, ends))
    first, last = (one[:width] for one in begins), (one[len(one) - width :] for one in ends)
    return _Affixes(begins, ends, frozenset(first), frozenset(last), width)


@cache
def _by_path() -> tuple[_Readers, _Readers, _Affixes, dict[str, Callable[[str], bool]]]:
    """The readers that want a name, those that want an ending, what any asks for besides, and the tests that are no
    PathTest."""
    by_name: _Readers = {}
    by_ending: _Readers = {}
    others: dict[str, Callable[[str], bool]] = {}
    for reader, test in _tests().items():
        if not isinstance(test, PathTest):
            others[reader] = test
            continue
        for index, keys in ((by_name, test.names), (by_ending, test.endings)):
            for key in keys:
                index[key] = (*index.get(key, ()), reader)
    own = [test for test in _tests().values() if isinstance(test, PathTest)]
    return by_name, by_ending, _affixes(own), others


@cache
def _reader(name: str) -> CredentialReader:
    if _brought() is None:
        return readers()[name]
    return import_module(f"{__name__}.{name}").READER  # type: ignore[no-any-return]


@cache
def _brought() -> Mapping[str, tuple[tuple[str, ...], ...]] | None:
    """What ``path_tests`` gave when the wheel was built; None in a source tree, and where others bring readers too."""
    made = prepared("readers")
    return None if made is None or entry_points(__name__) else made.CREDENTIALS


def _ending(name: str) -> str:
    place = name.rfind(".")
    return name[place:] if place >= 0 else ""
