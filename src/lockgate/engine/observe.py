"""Reads one source and puts every row to the scanners: the only loop over the world that Lockgate has."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.engine.judge import Group, Judge, is_full
from lockgate.engine.late import Late
from lockgate.engine.request import Request
from lockgate.engine.wholes import Place, Wholes, wholes_of
from lockgate.errors import SourceError
from lockgate.findings import Waiver
from lockgate.formats import lockfiles
from lockgate.model import Component, Family, File, Finding, Object, Skip, SkipKind
from lockgate.sources import JudgedSource, LayeredSource, Source, Wants
from lockgate.store.cache import Answers, Cache, CacheSession
from lockgate.store.codec import Kept
from lockgate.store.known import Packed

FIRST = 64
"""Files that are judged before others are handed to workers: what is made ready for these, every worker finds ready. So
many must be left that other processes are worth their start."""
_UNREAD = frozenset({SkipKind.UNREADABLE, SkipKind.TOO_LARGE, SkipKind.MALFORMED, SkipKind.UNSUPPORTED})
"""Of what was there to be judged, and was not. A range without a lock (``UNRESOLVED``) was read; it says no version."""
_NAMING = 2.0
"""Seconds after the time budget in which the files that are left are at least met, to be named."""


@dataclass(slots=True)
class Observation:
    """What a run has seen so far."""

    findings: list[Finding] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    components: list[Component] = field(default_factory=list)
    waivers: list[Waiver] = field(default_factory=list)
    coverage: dict[Family, str] = field(default_factory=dict)
    judged: Counter[Family] = field(default_factory=Counter)
    """Files of each family whose answers depend on the file alone, whether from the cache, a worker or from here."""
    read: set[Family] = field(default_factory=set)
    """Families of which something was read, even though it held nothing to judge."""
    lost: set[str] = field(default_factory=set)
    """Families that wanted a file which could not be loaded."""
    said: dict[Family, list[str]] = field(default_factory=dict)
    """What the other scanners say of their own work, source by source."""
    files: int = 0
    bytes: int = 0
    packed: dict[str, Packed] = field(default_factory=dict)
    """By path the findings that came from the cache or from a worker, and what the ledger keeps of them."""
    unsaved: list[CacheSession] = field(default_factory=list)
    """Where answers are kept that are still to be written."""
    cut_short: str = ""
    """Why not everything was read; empty when everything was."""


@dataclass(frozen=True, slots=True)
class Judges:
    """Who judges each kind of row."""

    files: Judge
    components: Judge
    objects: Judge
    """For sources whose rows are objects already; those in files are found by the scanners of files."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A file that the cacheable scanners have not judged yet."""

    file: File
    group: Group
    place: Place
    """Where what they say of it belongs."""


@dataclass(slots=True)
class _Batch:
    """Files that wait to be judged together here."""

    waiting: list[_Waiting] = field(default_factory=list)
    bytes: int = 0

    def takes(self, one: _Waiting) -> bool:
        """Add a file; whether the batch is full with it."""
        self.waiting.append(one)
        self.bytes += one.file.size
        return is_full(len(self.waiting), self.bytes)

    def taken(self) -> list[_Waiting]:
        """All of them; the batch is empty then."""
        taken, self.waiting, self.bytes = self.waiting, [], 0
        return taken


def observe(
    source: Source,
    judges: Judges,
    seen: Observation,
    request: Request,
    *,
    cache: Cache | None,
    deadline: float,
    met: Callable[[Object], None] = lambda judged: None,
) -> None:
    """Fill ``seen`` from ``source``. ``met`` is called with each object before it is judged."""
    files = judges.files
    dependencies = Family.DEPENDENCIES in request.families
    locks = dependencies and source.mode != "image"  # what is in an image was installed, whatever a lock file says
    readings: list[tuple[str, lockfiles.Reading]] = []
    installed: list[Component] = []
    kept, wholes = _started(files, request, cache, source)
    able = files.names()
    wants = _wanted(files, locks)
    count = fresh = passed = 0
    several = request.jobs > 1 and source.mode == "tree"  # files of other sources can be read in this process alone
    here = _Batch()
    waiting: list[_Waiting] = []
    later: list[tuple[Place, Answers]] = []
    late = Late(request.seconds)
    for row in _rows(source, wants, kept):
        if isinstance(row, Skip):
            seen.skips.append(row)
        elif isinstance(row, Finding):
            seen.findings.append(row)
        elif isinstance(row, Component):
            installed.append(row)
        elif isinstance(row, Object):
            count += 1
            request.progress("judging", count, 0)
            met(row)
            _take_answers(seen, judges.objects.row(row))
        elif time.monotonic() > deadline:
            passed += 1
            late.follow(row, _place(seen, count + passed))
            if source.mode != "tree" or time.monotonic() > deadline + _NAMING:
                late.more = True
                break
        else:
            count += 1
            request.progress("reading", count, 0)
            held = kept.get(row) if kept is not None and not row.commit else None
            group = files.group(row.path, row.size)
            if held is not None:
                _count(seen, row, held, group, request)
                _take(seen, held)
            else:
                fresh += 1
                one = _Waiting(row, group, _place(seen, count))
                if several and fresh > FIRST:
                    waiting.append(one)
                elif here.takes(one):
                    later += _judged_here(seen, files, here.taken(), kept, request)
            if wholes is not None and group.later:
                wholes.meet(row, group.later, _place(seen, count))
            if group.immediate:
                said = files.put(row, group.immediate)
                _note_lost(seen, (files.scanners[name].family for name in group.immediate), said)
                _take(seen, said)
            if locks and not row.commit and lockfiles.wants(row.path):
                readings.append((row.path, _read_lock(source, row)))
    seen.files += count + getattr(source, "files_read", 0)  # those that a source reads itself
    while waiting and len(waiting) < FIRST:  # not worth a process of its own
        if here.takes(waiting.pop(0)):
            later += _judged_here(seen, files, here.taken(), kept, request)
    later += _judged_here(seen, files, here.taken(), kept, request)
    if waiting:
        told = _by_workers(seen, files, waiting, kept, deadline, request)
        later += told
        seen.files -= len(waiting) - len(told)
        for one in waiting[len(told) :]:
            late.add(one.file, one.place)
    waivers: list[Waiver] = []
    if wholes is not None:
        whole = _of_wholes(wholes, waivers, late, deadline)
        for asked, (_, of_one) in zip(wholes.met, whole, strict=False):
            _note_lost(seen, (files.scanners[name].family for name in asked.names), of_one)
        later += whole
    if late:
        seen.cut_short = late.why
        place, skip = late.told()
        later.append((place, Kept(skips=(skip,))))
    _take_later(seen, later)
    seen.waivers.extend(waivers)
    for name, findings, skips in files.finish():
        _take_answers(seen, (findings, skips))
        if wholes is not None:
            wholes.end(name, findings, skips)
    if kept is not None and files.names() == able:  # else the answers are not those of all scanners under this key
        if wholes is not None:
            wholes.keep()
        seen.unsaved.append(kept)
    _finish(seen, judges.objects)
    if dependencies:
        _judge_components(seen, judges.components, readings, installed)
    change = getattr(source, "may_be_empty", False) and not seen.skips
    _cover(seen, judges, dependencies=dependencies, change=change)
    if isinstance(source, JudgedSource):
        seen.coverage.update(source.judged())
    _blind(seen, judges)


def _rows(
    source: Source, wants: Wants, kept: CacheSession | None
) -> Iterator[File | Component | Object | Finding | Skip]:
    if kept is not None and isinstance(source, LayeredSource):
        return source.collect(wants, kept.holds)
    return source.collect(wants)


def _started(
    files: Judge, request: Request, cache: Cache | None, source: Source
) -> tuple[CacheSession | None, Wholes | None]:
    """What the cache holds of the source, once the scanners have started, or are known to.

    Answers are kept under a key of rules, options and scanners only by a run in which all of these started; so where
    the cache holds any, each is started again only for a file that is not answered from there.
    """
    if cache is None:
        files.start()
        return None, None
    root = source.cache_root if isinstance(source, LayeredSource) else source.root
    kept = cache.session(_cache_key(files, request), root)
    wholes = wholes_of(files, source, request, kept)
    files.start(proven=kept.proven)
    if files.blind and not kept.proven:  # what the others say is kept apart: it is not the whole answer
        kept = cache.session(_cache_key(files, request), root)
        if wholes is not None:
            wholes.kept = kept
    if source.mode == "tree":  # a walk over the same paths time and again, where asking each time costs most of a run
        files.known = kept.wanted
    return kept, wholes


def _cover(seen: Observation, judges: Judges, *, dependencies: bool, change: bool) -> None:
    """A family with nothing of its kind in the source was checked: looking and finding no such file is an answer.

    A source without a file is not called checked, but a change may be one: it deletes files, or brings pictures alone.
    Where there were such files and not one could be read, the family was not checked; nor where what it is judged by
    is not there for any of it, as advisories about an ecosystem.
    """
    if not seen.files and not change:
        return
    unread = (seen.lost | {skip.family for skip in seen.skips if skip.kind in _UNREAD}) - seen.read
    unread |= {skip.family for skip in seen.skips if skip.kind is SkipKind.MISSING_TOOL}
    for judge in (judges.files, judges.objects, *((judges.components,) if dependencies else ())):
        for family, line in judge.coverage().items():
            seen.said.setdefault(family, []).append(line)
        for family in sorted(judge.families()):
            own = f"{seen.judged[family]:,} files, {len(judge.rules[family]):,} rules" if seen.judged[family] else ""
            lines = [own, *seen.said.get(family, ())]
            said = "; ".join(filter(None, lines))
            if said or family not in unread:
                seen.coverage[family] = said or f"nothing of this kind among {seen.files:,} files"


def _blind(seen: Observation, judges: Judges) -> None:
    for blind in (*judges.files.blind, *judges.components.blind, *judges.objects.blind):
        reason = " ".join(filter(None, (blind.error.message, blind.error.hint)))
        skip = Skip(".", SkipKind.MISSING_TOOL, reason, family=blind.family)
        if skip not in seen.skips:  # said once, however many sources are read
            seen.skips.append(skip)
        seen.coverage.pop(blind.family, None)


def _wanted(files: Judge, locks: bool) -> Wants:
    known = files.known if files.known is not None else {}

    def wants(path: str, size: int) -> bool:
        held = known.get(path)
        some = held[1] if held is not None and held[0] == size else files.wants(path, size)
        return bool(some) or (locks and lockfiles.wants(path))

    return wants


def _judged_here(
    seen: Observation, files: Judge, batch: Sequence[_Waiting], kept: CacheSession | None, request: Request
) -> list[tuple[Place, Answers]]:
    """What the cacheable scanners say of a batch of files, each with where it belongs."""
    answers = files.put_all([(one.file, one.group.cacheable) for one in batch])
    return [(one.place, _kept(seen, one, said, kept, request)) for one, said in zip(batch, answers, strict=True)]


def _by_workers(
    seen: Observation, files: Judge, waiting: Sequence[_Waiting], kept: CacheSession | None, deadline: float,
    request: Request,
) -> list[tuple[Place, Answers]]:  # fmt: skip
    """The same of all files that others may judge; of the first ones alone where time is up before all are judged."""
    from lockgate.engine.workers import judged_by_workers

    told: list[tuple[Place, Answers]] = []
    with closing(judged_by_workers((one.file for one in waiting), files, jobs=request.jobs)) as answers:
        for one in waiting:
            if time.monotonic() > deadline:
                break
            _, said, payload = next(answers)
            told.append((one.place, _kept(seen, one, said, kept, request, payload)))
    return told


def _kept(
    seen: Observation, one: _Waiting, said: Answers, kept: CacheSession | None, request: Request,
    payload: bytes | None = None,
) -> Answers:  # fmt: skip
    if kept is not None and not one.file.commit:
        kept.put(one.file, said, payload)
    _count(seen, one.file, said, one.group, request)
    return said


def _note_lost(seen: Observation, families: Iterable[Family], said: Answers) -> None:
    """Note who could not be told what a file holds."""
    if not said.loaded and any(skip.kind in _UNREAD for skip in said.skips):
        seen.lost.update(families)


def _count(seen: Observation, file: File, judged: Answers, group: Group, request: Request) -> None:
    if judged.loaded:
        lost = {skip.family for skip in judged.skips if skip.kind in _UNREAD and skip.path == file.path}
        lost.difference_update(finding.family for finding in judged.findings)
        lost.discard(Family.SECRETS)  # which are looked for in the text too, whatever form it has
        for family in group.families:
            if family not in lost:
                seen.judged[family] += 1
    _note_lost(seen, group.families, judged)
    if judged.findings or judged.skips:
        request.noticed(file)


def _take(seen: Observation, judged: Answers) -> None:
    if judged.findings or judged.skips or judged.waivers:
        seen.findings.extend(judged.findings)
        seen.skips.extend(judged.skips)
        seen.waivers.extend(judged.waivers)
        if isinstance(judged, Kept) and judged.bodies:
            seen.packed[judged.findings[0].location.path] = judged.findings, judged.bodies
    seen.bytes += judged.loaded


def _place(seen: Observation, row: int) -> Place:
    return Place(row, len(seen.findings), len(seen.skips), len(seen.waivers))


def _read_lock(source: Source, file: File) -> lockfiles.Reading:
    try:
        content = file.load()
    except OSError as error:
        reason = error.strerror or str(error)
        return lockfiles.Reading(skips=(Skip(file.path, SkipKind.UNREADABLE, reason, Family.DEPENDENCIES),))
    try:
        return lockfiles.read(file.path, content, source.sibling)
    except SourceError as error:
        return lockfiles.Reading(skips=(Skip(file.path, SkipKind.UNREADABLE, error.message, Family.DEPENDENCIES),))


def _judge_components(
    seen: Observation, components: Judge, readings: list[tuple[str, lockfiles.Reading]], installed: list[Component]
) -> None:
    """Those of lock files, and those that the source found installed, which no manifest can contradict."""
    merged = lockfiles.merge(readings)
    seen.skips.extend(merged.skips)
    stated = (*merged.components, *installed)
    if any(not reading.skips for _, reading in readings):
        seen.read.add(Family.DEPENDENCIES)
    seen.components.extend(stated)
    for component in stated:
        _take_answers(seen, components.row(component))
    _finish(seen, components)


def _of_wholes(wholes: Wholes, waivers: list[Waiver], late: Late, deadline: float) -> list[tuple[Place, Answers]]:
    """What the scanners of wholes say of the files that were met, each with where it belongs; the waivers in them go to
    ``waivers``, and to ``late`` the files for which there is no time."""
    told: list[tuple[Place, Answers]] = []
    cut = False
    for met in wholes.met:
        if (cut or time.monotonic() > deadline) and wholes.is_open(met):
            cut = True
            late.add(met.file, met.place)
            continue
        answers = wholes.judged(met)
        waivers.extend(answers.waivers)
        told.append((met.place, Kept(answers.findings, answers.skips, loaded=answers.loaded)))
    if cut:
        wholes.drop()
    return told


def _take_later(seen: Observation, later: list[tuple[Place, Answers]]) -> None:
    """Put answers where they belong among those that were told at once: in the order of the files."""
    if not later:
        return
    findings, skips, waivers = seen.findings[:], seen.skips[:], seen.waivers[:]
    at = Place(0, 0, 0, 0)
    for told in (seen.findings, seen.skips, seen.waivers):
        told.clear()
    for place, answers in sorted(later, key=lambda one: one[0].row):
        seen.findings.extend(findings[at.findings : place.findings])
        seen.skips.extend(skips[at.skips : place.skips])
        seen.waivers.extend(waivers[at.waivers : place.waivers])
        _take(seen, answers)
        at = place
    seen.findings.extend(findings[at.findings :])
    seen.skips.extend(skips[at.skips :])
    seen.waivers.extend(waivers[at.waivers :])


def _finish(seen: Observation, judge: Judge) -> None:
    for _, findings, skips in judge.finish():
        _take_answers(seen, (findings, skips))


def _take_answers(seen: Observation, answers: tuple[tuple[Finding, ...], tuple[Skip, ...]]) -> None:
    findings, skips = answers
    seen.findings.extend(findings)
    seen.skips.extend(skips)


def _cache_key(files: Judge, request: Request) -> str:
    """Everything but the file itself that a cached answer depends on."""
    import hashlib

    import orjson

    from lockgate import __version__

    parts = {
        "version": __version__,
        "scanners": sorted(f"{name}={files.scanners[name].version}" for name in files.names()),
        "rules": {str(family): [rule.id for rule in rules] for family, rules in files.rules.items()},
        "options": {family: dict(options) for family, options in request.options.items()},
        "salt": hashlib.sha256(request.salt).hexdigest(),
        "digest": request.rules_digest,
    }
    return hashlib.sha256(orjson.dumps(parts, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()
