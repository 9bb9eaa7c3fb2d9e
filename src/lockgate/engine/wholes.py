"""What scanners said of a source as a whole, kept from one run to the next.

A scanner whose answer about one file depends on others (relations, overlays, charts, infrastructure, workflows) read
every such file again in each run. Its answers are kept with all they depend on: path and stamp of every file it was
fed, stamps of the files it asked for beside them, listings of the folders it looked into, the programs it runs, and, in
the key of the cache, rules, options and versions. When any of that has changed, it judges everything anew.

Files are put to these scanners after the walk, because only then is it known what they would be fed; the order of what
is told stays that of the files.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.engine.judge import Judge
from lockgate.engine.request import Request
from lockgate.formats.objects import Reading
from lockgate.model import File, Finding, Skip, SkipKind
from lockgate.scanners import ScanContext
from lockgate.sources import Source
from lockgate.store import codec
from lockgate.store.cache import CacheSession
from lockgate.store.codec import Kept

_PASSING = frozenset({SkipKind.UNREADABLE, SkipKind.LIMIT, SkipKind.MISSING_TOOL})
"""Kinds of skips that another run may not meet again: an answer with one of them is not kept."""


@dataclass(frozen=True, slots=True)
class Place:
    """How much was told before answers that come later than in the order of the files."""

    row: int
    """Of which row of the source they are, from 1."""
    findings: int
    skips: int
    waivers: int


@dataclass(frozen=True, slots=True)
class Met:
    """One file that scanners of wholes want, and where in the order of answers theirs belong."""

    file: File
    names: tuple[str, ...]
    place: Place


@dataclass(slots=True)
class _Whole:
    """One scanner at work on one source."""

    fed: list[list[str]] = field(default_factory=list)
    """Path and stamp of every file it is fed, in order."""
    siblings: dict[str, str | None] = field(default_factory=dict)
    """Path -> stamp of every file that it asked for beside them; None: it may change unseen."""
    folders: dict[str, str] = field(default_factory=dict)
    """Folder -> digest of the listing that it was given."""
    renders: bool = False
    """It had a chart rendered."""
    answers: dict[str, Kept] = field(default_factory=dict)
    """What it said of each file it was fed."""
    end: tuple[tuple[Finding, ...], tuple[Skip, ...]] = ((), ())
    passing: bool = False
    """Something it said or met may be otherwise in the next run, though nothing has changed that is looked at."""


class Wholes:
    """The scanners of wholes in one run over one source."""

    def __init__(self, judge: Judge, source: Any, kept: CacheSession, names: Iterable[str], *, partial: bool) -> None:
        """To be made before any session is started, so that all that one asks is seen."""
        self.met: list[Met] = []
        """Files in order."""
        self.kept = kept
        self._judge, self._source, self._partial = judge, source, partial
        self._wholes = {name: _Whole() for name in names}
        self._from_cache: set[str] | None = None
        judge.watches = {name: self._watching(whole) for name, whole in self._wholes.items()}

    def meet(self, file: File, names: tuple[str, ...], place: Place) -> None:
        """Note a file of the source that scanners of wholes want, and where its answers belong."""
        self.met.append(Met(file, names, place))
        for name in names:
            self._wholes[name].fed.append([file.path, file.stamp])

    def is_open(self, met: Met) -> bool:
        """Whether any scanner has yet to judge the file."""
        return not set(met.names) <= self._answered()

    def judged(self, met: Met) -> Kept:
        """What the scanners say of a file, from the cache or by judging it now."""
        path = met.file.path
        cached = self._answered()
        file = replace(met.file, load=_once(met.file.load))
        findings: list[Finding] = []
        skips: list[Skip] = []
        first: Kept | None = None
        for name in met.names:
            whole = self._wholes[name]
            if name not in cached:
                said = self._judge.put(file, [name])
                whole.answers[path] = Kept(said.findings, said.skips, said.waivers, (), said.loaded)
                whole.passing = whole.passing or any(one.kind in _PASSING for one in said.skips)
            answer = whole.answers[path]
            findings.extend(answer.findings)
            skips.extend(one for one in answer.skips if one.kind is not SkipKind.UNREADABLE or one not in skips)
            first = first or answer
        return Kept(tuple(findings), tuple(skips), first.waivers if first else (), (), first.loaded if first else 0)

    def drop(self) -> None:
        """Not all files were put to the scanners: nothing is kept."""
        for whole in self._wholes.values():
            whole.passing = True

    def end(self, name: str, findings: tuple[Finding, ...], skips: tuple[Skip, ...]) -> None:
        """Note what a scanner said at the end."""
        if name in self._wholes:
            whole = self._wholes[name]
            whole.end = findings, skips
            whole.passing = whole.passing or any(one.kind in _PASSING for one in skips)

    def keep(self) -> None:
        """Hand what is new to the cache."""
        able = set(self._judge.names()) - self._answered()
        for name, whole in self._wholes.items():
            if name in able and not whole.passing and None not in whole.siblings.values():
                programs = self._programs(name, whole)
                if all(stamp for _, stamp in whole.fed):
                    coverage = self._judge.coverage_of(name)
                    with contextlib.suppress(TypeError):  # a path that is no text, as file systems allow
                        self.kept.put_whole(name, _packed(whole, self._digest(whole), programs, coverage))

    def _answered(self) -> set[str]:
        """The scanners whose answers the cache holds; asked when every file has been met."""
        if self._from_cache is None:
            self._from_cache = {name for name, whole in self._wholes.items() if self._restored(name, whole)}
        return self._from_cache

    def _restored(self, name: str, whole: _Whole) -> bool:
        payload = self.kept.get_whole(name)
        if payload is None or not all(stamp for _, stamp in whole.fed):
            return False
        try:
            digest, whole.renders, programs, siblings, folders, coverage, answers, end = codec.unpack(payload)
            if digest != self._digest(whole) or programs != self._programs(name, whole):
                return False
            if any(self._source.stamp(path) != stamp for path, stamp in siblings.items()):
                return False
            if any(_listing(self._source.below(folder)) != listing for folder, listing in folders.items()):
                return False
            whole.answers = {path: codec.decode(answers[path].encode()) for path, _ in whole.fed}
            last = codec.decode(end.encode())
        except (ValueError, TypeError, AttributeError, KeyError):  # no payload of ours
            return False
        self._judge.answered[name] = (last.findings, last.skips, coverage)
        return True

    def _digest(self, whole: _Whole) -> str:
        return hashlib.sha256(codec.pack([self._partial, whole.fed])).hexdigest()

    def _programs(self, name: str, whole: _Whole) -> list[str]:
        """Which programs these are, by path, size and time; none for a scanner that was fed nothing."""
        paths = list(self._judge.scanners[name].programs()) if whole.fed else []
        if whole.renders:
            from lockgate.sources.helm import program  # only where there was something to render

            paths.append(program())
        return [_program(path) for path in paths]

    def _watching(self, whole: _Whole) -> Any:
        """A context that notes what it is asked."""

        def over(context: ScanContext) -> ScanContext:
            def sibling(path: str) -> bytes | None:
                if path not in whole.siblings:
                    whole.siblings[path] = self._source.stamp(path)
                return context.sibling(path)

            def below(folder: str) -> tuple[str, ...]:
                found = context.below(folder)
                whole.folders.setdefault(folder, _listing(found))
                return found

            def render(folder: str, files: Mapping[str, bytes]) -> Reading:
                whole.renders = True
                return context.render(folder, files)

            return replace(context, sibling=sibling, below=below, render=render)

        return over


def wholes_of(judge: Judge, source: Source, request: Request, kept: CacheSession | None) -> Wholes | None:
    """Those of this run; None where there are none, or where their answers cannot be kept.

    A team's own policies are put to objects by some of them, and what those lean on is not looked at here.
    """
    names = [name for name in judge.names() if judge.scanners[name].kept_whole]
    if kept is None or request.own is not None or not names or source.mode != "tree" or not hasattr(source, "stamp"):
        return None
    return Wholes(judge, source, kept, names, partial=request.partial)


def _once(load: Callable[[], bytes]) -> Callable[[], bytes]:
    """Several scanners want the file, and it is read when the first does."""
    content: list[bytes] = []

    def loaded() -> bytes:
        if not content:
            content.append(load())
        return content[0]

    return loaded


def _listing(paths: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(paths).encode("utf-8", "surrogatepass")).hexdigest()


def _program(path: str | None) -> str:
    if path is None:
        return ""
    try:
        status = Path(path).stat()
    except OSError:
        return path
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def _packed(whole: _Whole, digest: str, programs: list[str], coverage: str) -> bytes:
    answers = {path: codec.encode(one).decode() for path, one in whole.answers.items()}
    end = codec.encode(Kept(*whole.end)).decode()
    return codec.pack([digest, whole.renders, programs, whole.siblings, whole.folders, coverage, answers, end])
