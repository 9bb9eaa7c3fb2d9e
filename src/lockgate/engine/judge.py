"""Puts the file scanners of a run to a batch of files at a time, here or in a worker process.

Pure but for loading the file: findings and skips come back, nothing is stored. What a scanner holds back for the whole
picture (``finish``) stays with the judge that holds the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import NothingCheckedError
from lockgate.findings import Waiver, inline_waivers
from lockgate.model import Component, Family, File, Finding, Object, Rule, Skip, SkipKind
from lockgate.rules import shipped_ids
from lockgate.scanners import ScanContext, Scanner, Session, feed_all


@dataclass(frozen=True, slots=True)
class Judged:
    """What one file gave."""

    findings: tuple[Finding, ...] = ()
    skips: tuple[Skip, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    loaded: int = 0
    """Bytes that were read."""


@dataclass(frozen=True, slots=True)
class Group:
    """Scanners that want the same file, by what is done with it. Few groups stand for all files of a run."""

    cacheable: tuple[str, ...]
    """Those whose answers are kept by file."""
    immediate: tuple[str, ...]
    """Those that are put to the file in each run."""
    later: tuple[str, ...]
    """Those that are put to it when every file has been met."""
    families: tuple[Family, ...]
    """Families of the cacheable ones, each once."""


MOST_FILES = 64
"""Files of a batch."""
MOST_BYTES = 1024 * 1024
"""Bytes from which on a batch takes no further file, so that little more is held at once than the largest file."""
NOTHING = Judged()
"""Of a file that no scanner asked for."""


@dataclass(frozen=True, slots=True)
class Blind:
    """A scanner that could not check anything, and why."""

    name: str
    family: Family
    error: NothingCheckedError


def is_full(files: int, size: int) -> bool:
    """Whether so many files of so many bytes are a batch."""
    return files >= MOST_FILES or size >= MOST_BYTES


def batches(files: Iterable[File]) -> Iterator[list[File]]:
    """The files in order, as many together as are judged together."""
    batch: list[File] = []
    size = 0
    for file in files:
        batch.append(file)
        size += file.size
        if is_full(len(batch), size):
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class Judge:
    """Sessions of the scanners that read one kind of row."""

    def __init__(self, scanners: Mapping[str, Scanner], rules: Mapping[Family, Sequence[Rule]]) -> None:
        self.scanners = {name: scanner for name, scanner in scanners.items() if scanner.family in rules}
        self.rules = rules
        self.blind: list[Blind] = []
        self.context = ScanContext(salt=b"")
        self.known: dict[str, tuple[int, tuple[str, ...]]] | None = None
        """Path -> (size, names of the scanners that want the file), where such answers are kept; None: they are not."""
        self.watches: dict[str, Callable[[ScanContext], ScanContext]] = {}
        """Scanners whose files are put to them later, and what their sessions lean on instead, so that it is seen."""
        self.answered: dict[str, tuple[tuple[Finding, ...], tuple[Skip, ...], str]] = {}
        """Scanners whose answers are at hand: what they said at the end, and their coverage."""
        self._groups: dict[tuple[str, ...], Group] = {}
        self.options: Mapping[str, Mapping[str, Any]] = {}
        self._sessions: dict[str, Session] = {}
        self._asked: tuple[str, int] = ("", -1)
        self._wanting: tuple[str, ...] = ()

    def prepare(self, context: ScanContext, options: Mapping[str, Mapping[str, Any]]) -> None:
        """Say what sessions lean on. None is started yet."""
        self.context, self.options = context, options

    def start(self, *, proven: bool = False) -> None:
        """Start a session of every scanner, so that a wrong rule or option is refused before anything is read.

        ``proven``: an earlier run started them all under the same rules and options. What depends on nothing else then
        waits until a file is wanted of it, which in an unchanged tree is never; and so it does under our own rules
        without options, which our tests start. A scanner that cannot work makes its family blind, not the run fail.
        """
        ours = {family: self._ours(family) for family in {one.family for one in self.scanners.values()}}
        for name, scanner in self.scanners.items():
            if not ((proven or ours[scanner.family]) and (scanner.cacheable or scanner.starts_alike)):
                self._session(name)
        self._asked = ("", -1)

    def _ours(self, family: Family) -> bool:
        """Whether the rules of the family are all Lockgate's own, and no option changes what they mean."""
        rules = self.rules[family]
        return bool(rules) and not self.options.get(family) and {rule.id for rule in rules} <= shipped_ids(family)

    def names(self) -> list[str]:
        """The scanners that are not blind."""
        blind = {one.name for one in self.blind}
        return [name for name in self.scanners if name not in blind]

    def _session(self, name: str) -> Session | None:
        """The session of a scanner, started when first asked for; None when it cannot work."""
        if name in self._sessions or name not in self.names():
            return self._sessions.get(name)
        scanner, context = self.scanners[name], self.context
        own = replace(context, options=self.options.get(scanner.family, {}))
        if name in self.watches:
            own = self.watches[name](own)
        try:
            self._sessions[name] = scanner.start(self.rules[scanner.family], own)
        except NothingCheckedError as error:
            self.blind.append(Blind(name, scanner.family, error))
        return self._sessions.get(name)

    def cannot(self, name: str, error: NothingCheckedError) -> None:
        """A scanner cannot work, as its session in another process has found."""
        if name in self.names():
            self.blind.append(Blind(name, self.scanners[name].family, error))

    def wants(self, path: str, size: int) -> bool:
        """Whether any scanner wants the file."""
        return bool(self.wanting(path, size))

    def wanting(self, path: str, size: int) -> tuple[str, ...]:
        """The scanners that want the file. The last answer is kept: a source asks just before it yields the file."""
        if self.known is not None:
            held = self.known.get(path)
            if held is None or held[0] != size:
                held = self.known[path] = (size, self._ask(path, size))
            return held[1]
        if self._asked != (path, size):
            self._wanting = self._ask(path, size)
            self._asked = (path, size)
        return self._wanting

    def _ask(self, path: str, size: int) -> tuple[str, ...]:
        return tuple(name for name in self.names() if self.scanners[name].wants(path, size))

    def families(self) -> set[Family]:
        """Families with a scanner that is not blind."""
        return {self.scanners[name].family for name in self.names()}

    def group(self, path: str, size: int) -> Group:
        """The scanners that want the file, by what is done with it."""
        names = self.wanting(path, size)
        found = self._groups.get(names)
        if found is None:
            cacheable = tuple(name for name in names if self.scanners[name].cacheable)
            found = self._groups[names] = Group(
                cacheable,
                tuple(name for name in names if name not in cacheable and name not in self.watches),
                tuple(name for name in names if name in self.watches),
                tuple(dict.fromkeys(self.scanners[name].family for name in cacheable)),
            )
        return found

    def files(self, files: Iterable[File]) -> Iterator[Judged]:
        """Judge files by the cacheable scanners."""
        for batch in batches(files):
            yield from self.put_all([(file, self.group(file.path, file.size).cacheable) for file in batch])

    def put(self, file: File, names: Sequence[str]) -> Judged:
        """Judge one file by the scanners ``names``."""
        return self.put_all([(file, names)])[0]

    def put_all(self, batch: Sequence[tuple[File, Sequence[str]]]) -> list[Judged]:
        """Judge files, each by the scanners named beside it.

        One scanner sees all its files before the next sees any: what makes each of them quick does not fit into the
        caches of a processor beside what others need.
        """
        loaded = [_loaded(file) if names else NOTHING for file, names in batch]
        ready = {place: one for place, one in enumerate(loaded) if isinstance(one, File)}
        answers: dict[int, list[Finding | Skip]] = {place: [] for place in ready}
        for name in self.scanners:
            places = [place for place in ready if name in batch[place][1]]
            if places:
                for place, said in zip(places, self._fed(name, [ready[place] for place in places]), strict=True):
                    answers[place].extend(said)
        return [one if isinstance(one, Judged) else _judged(one, answers[at]) for at, one in enumerate(loaded)]

    def _fed(self, name: str, files: Sequence[File]) -> Iterable[Iterable[Finding | Skip]]:
        if name not in self._sessions and not any(map(self.scanners[name].may_hold, files)):
            return repeat((), len(files))
        session = self._session(name)
        return repeat((), len(files)) if session is None else feed_all(session, files)

    def row(self, row: Component | Object) -> tuple[tuple[Finding, ...], tuple[Skip, ...]]:
        """Judge one component or object."""
        return _sorted_out(answer for one in map(self._session, self.names()) if one for answer in one.feed(row))

    def finish(self) -> Iterator[tuple[str, tuple[Finding, ...], tuple[Skip, ...]]]:
        """What the sessions held back, scanner by scanner."""
        for name in self.scanners:
            if name in self.answered:
                yield name, *self.answered[name][:2]
            elif name in self._sessions:
                yield name, *_sorted_out(self._sessions[name].finish())

    def coverage_of(self, name: str) -> str:
        """What a scanner says of its own work; empty when it did none."""
        if name in self.answered:
            return self.answered[name][2]
        return self._sessions[name].coverage() if name in self._sessions else ""

    def coverage(self) -> dict[Family, str]:
        """Family -> what was checked with what, by the scanners that must see every row themselves.

        What a cacheable scanner of files saw itself is only what was not in the cache and not judged by a worker.
        """
        lines: dict[Family, list[str]] = {}
        for name, scanner in self.scanners.items():
            if not (scanner.cacheable and scanner.reads is File) and (line := self.coverage_of(name)):
                lines.setdefault(scanner.family, []).append(line)
        return {family: "; ".join(one) for family, one in lines.items()}


def _loaded(file: File) -> File | Judged:
    """The file with its content at hand, or why it cannot be read."""
    try:
        content = file.load()
    except OSError as error:
        return Judged(skips=(Skip(file.path, SkipKind.UNREADABLE, error.strerror or str(error)),))
    return File(
        file.path,
        len(content),
        lambda: content,
        file.stamp,
        file.changed_lines,
        file.commit,
        file.other_paths,
    )


def _judged(file: File, answers: Iterable[Finding | Skip]) -> Judged:
    content = file.load()
    waivers = inline_waivers(file.path, content) if b"lockgate:waive" in content else ()
    return Judged(*_sorted_out(answers), waivers, len(content))


def _sorted_out(answers: Iterable[Finding | Skip]) -> tuple[tuple[Finding, ...], tuple[Skip, ...]]:
    findings: list[Finding] = []
    skips: list[Skip] = []
    for answer in answers:
        if isinstance(answer, Finding):
            findings.append(answer)
        else:
            skips.append(answer)
    return tuple(findings), tuple(skips)
