"""One run: observe, keep what is new to a change, settle, decide, remember, tell.

The steps are a tuple of functions over one mutable run; each is short and can be read alone. The order of the last
three is a promise: a result is told and its decision returned only after the record holds it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from lockgate import __version__
from lockgate.dataclass import dataclass
from lockgate.engine.aside import Aside, Wanted
from lockgate.engine.heap import give_back
from lockgate.engine.judge import Judge
from lockgate.engine.observe import Judges, Observation, observe
from lockgate.engine.request import Memory, Request
from lockgate.findings import Introductions, Settled, fingerprint, introductions, settle
from lockgate.findings.controlled import CONTROLLERS, folded
from lockgate.findings.rendered import MADE, distinct_facts, told_once
from lockgate.findings.waivers import Matcher
from lockgate.formats.objects import Reading
from lockgate.gates import Gate, Question
from lockgate.model import Component, Decision, Family, File, ImageFacts, Object, Result, Rule, RuleId, Run
from lockgate.rules import Rulebook
from lockgate.scanners import ScanContext, Scanner, no_own_policies, nothing_below
from lockgate.sources import ForgeSource, ImageSource, LayeredSource, MeasuredSource, ObjectSource, Source
from lockgate.store import Record
from lockgate.store.cache import Cache

if TYPE_CHECKING:
    from lockgate.findings.vex import Vex


_MOST_CHARTS = 100
"""Whose objects are kept until the run ends."""
_WORTH_A_THREAD = 5_000
"""Findings whose rows take much longer to append than a thread takes to start."""


@dataclass(slots=True)
class _Run:
    """What the steps hand on."""

    sources: Sequence[Source]
    rules: Rulebook
    gate: Gate
    store: Record | None
    ledger: Memory | None
    cache: Cache | None
    scanners: dict[str, Scanner]
    request: Request
    started: datetime
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    batch: str = ""
    """Of rows that were appended while the run went on; empty when there were none."""
    seen: Observation = field(default_factory=Observation)
    settled: Settled | None = None
    notices: list[str] = field(default_factory=list)
    """About the run itself, before those about waivers."""
    decision: Decision | None = None


def scan(
    sources: Sequence[Source],
    rules: Rulebook,
    gate: Gate,
    *,
    store: Record | None,
    ledger: Memory | None,
    request: Request | None = None,
    cache: Cache | None = None,
    scanners: dict[str, Scanner] | None = None,
) -> Decision:
    """Judge everything ``sources`` yield by ``rules`` and let ``gate`` decide.

    ``store`` and ``ledger`` may be None: then nothing is remembered and every finding is new. The whole result goes
    to ``request.tell`` once, after it was stored.
    """
    asked = request or Request()
    run = _Run(sources, rules, gate, store, ledger, cache, scanners or _members(asked), asked, asked.now())
    run.id = asked.run or run.id
    try:
        for step in STEPS:
            step(run)
        result = _result(run)
        _store(run, result)
    finally:
        _save(run)
    asked.tell(result)
    return result.decision


def members(families: Iterable[Family]) -> dict[str, Scanner]:
    """The installed scanners of ``families``."""
    from lockgate import scanners
    from lockgate.discover import discover

    wanted = set(families)
    return {n: one for n, one in discover(scanners, "SCANNER", Scanner).items() if one.family in wanted}


def _members(asked: Request) -> dict[str, Scanner]:
    """Without those that have nothing to judge by, for which files would be read in vain."""
    idle = () if asked.own is not None else ("own_files", "own_objects")
    return {name: one for name, one in members(asked.families).items() if name not in idle}


def _judge(run: _Run, kind: type[File] | type[Component] | type[Object]) -> Judge:
    rules = {family: run.rules.of(family) for family in run.request.families}
    return Judge({name: one for name, one in run.scanners.items() if one.reads is kind}, rules)


def _observe(run: _Run) -> None:
    request = run.request
    context = ScanContext(
        salt=request.salt,
        cache_dir=request.cache_dir,
        made_dir=request.made_dir or request.cache_dir,
        advisories=request.advisories,
        expected_bytes=sum(one.expected_bytes for one in run.sources if isinstance(one, MeasuredSource)),
        today=run.started.date().isoformat(),
        render=_Rendered(),
        partial=request.partial,
        own=request.own.judge if request.own is not None else no_own_policies,
    )
    run.seen.skips.extend(request.skips)
    if request.own is not None:
        run.seen.skips.extend(request.own.problems)
        run.seen.waivers.extend(request.own.waivers)
    deadline = time.monotonic() + request.seconds
    for source in run.sources:
        judges = Judges(_judge(run, File), _judge(run, Component), _judge(run, Object))
        for judge in (judges.files, judges.components, judges.objects):
            below = getattr(source, "below", nothing_below)
            judge.prepare(replace(context, sibling=source.sibling, below=below), request.options)
        judges.components.start()
        met, finish = _object_log(run, source)
        before = len(run.seen.findings), len(run.seen.waivers)
        observe(
            source, judges, run.seen, request, cache=run.cache, deadline=deadline,
            met=met,
        )  # fmt: skip
        if isinstance(source, LayeredSource):
            _tell(run.seen, source, *before)
        finish()
    if any(isinstance(source, LayeredSource) for source in run.sources):
        give_back()  # what its largest file took, before the record's libraries come to a peak of their own
    run.seen.skips[:] = dict.fromkeys(run.seen.skips)  # a module is read by itself and by each file that names it


def _tell(seen: Observation, source: LayeredSource, findings: int, waivers: int) -> None:
    """What was found in other people's files, with what the source knows of them. Such files waive nothing."""
    for number in range(findings, len(seen.findings)):
        finding = seen.findings[number]
        seen.packed.pop(finding.location.path, None)  # kept without what is added now
        seen.findings[number] = source.told(finding)
    del seen.waivers[waivers:]


def _object_log(run: _Run, source: Source) -> tuple[Callable[[Object], None], Callable[[], None]]:
    """What keeps each object of a cluster or a forge in the record, and what is done once all were met. Nothing where
    nothing is remembered, or what is read is neither."""
    if run.store is None or not isinstance(source, ObjectSource | ForgeSource):
        return lambda judged: None, lambda: None
    run.batch = run.batch or uuid.uuid4().hex
    if isinstance(source, ForgeSource):
        from lockgate.engine.forge_objects import ForgeLog

        kept = ForgeLog(
            run.store, forge=source.forge, organization=source.organization, batch=run.batch, run=run.id,
            started=run.started,
        )  # fmt: skip
        return kept.met, lambda: kept.finish(whole=source.whole)
    from lockgate.engine.objects import ObjectLog

    log = ObjectLog(
        run.store, cluster=source.root, batch=run.batch, run=run.id, started=run.started, salt=run.request.salt
    )
    return log.met, lambda: log.finish(source.is_whole)


class _Rendered:
    """Charts, by the program ``helm``, each once a run: several scanners look at what one makes."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Mapping[str, bytes], Reading]] = {}

    def __call__(self, folder: str, files: Mapping[str, bytes]) -> Reading:
        """The objects of the chart in ``folder``, made of ``files``."""
        kept = self._kept.get(folder)
        if kept is None or kept[0] != files:
            from lockgate.sources import helm  # what runs programs is loaded only where there is a chart

            kept = files, helm.render(folder, files)
            if len(self._kept) < _MOST_CHARTS:
                self._kept[folder] = kept
        return kept[1]


def _keep_introduced(run: _Run) -> None:
    """For a change: judge the old side too, and drop what it already shows."""
    for source in run.sources:
        before = getattr(source, "before", None)
        if before is None:
            continue
        old = _Run(
            [before()], run.rules, run.gate, None, None, run.cache, run.scanners, run.request, run.started, id=run.id
        )
        _observe(old)
        _save(old)
        known = {fingerprint(finding) for finding in old.seen.findings}
        run.seen.findings[:] = [one for one in run.seen.findings if fingerprint(one) not in known]


def _fold(run: _Run) -> None:
    """One fault at one place is told once, however many overlays, callers and controllers bring it about."""
    told = distinct_facts(run.seen.findings)
    if {fact.name for facts in told.values() for fact in facts}.isdisjoint((MADE, CONTROLLERS)):  # as in most runs
        return
    matcher = Matcher(run.request.waivers.extended(run.seen.waivers), run.started.date())
    done = folded(told_once(run.seen.findings, matcher.waives), matcher.waives)
    run.seen.findings[:] = done.findings
    if done.gone:
        run.notices.append(f"{done.gone:,} findings on what a controller made are told at the controller")


def _settle(run: _Run) -> None:
    request = run.request
    known = run.ledger.known(request.project) if run.ledger is not None else ()
    partial = request.partial or bool(run.seen.cut_short)
    renames = {old: new for source in run.sources for new, old in getattr(source, "renames", dict)().items()}
    run.settled = settle(
        run.seen.findings,
        known=known,
        waivers=request.waivers.extended(run.seen.waivers),
        today=run.started.date(),
        now=run.started,
        owners=request.owners,
        introductions=_introductions(run),
        scope="partial" if partial else "full",
        renames=renames,
        families=(*run.seen.coverage, *({Family.IMPORTED} if any(s.mode == "import" for s in run.sources) else ())),
        unread={skip.path for skip in run.seen.skips},
        vex=_vex(run),
    )


def _vex(run: _Run) -> Vex | None:
    if not run.request.vex:
        return None
    from lockgate.findings.vex import Vex  # read only where there is any

    return Vex(run.request.vex, run.seen.components, _images(run))


def _images(run: _Run) -> tuple[ImageFacts, ...]:
    return tuple(source.facts for source in run.sources if isinstance(source, ImageSource))


def _introductions(run: _Run) -> Introductions | None:
    root = run.request.blame_root
    return introductions(root) if root is not None and run.seen.findings else None


def _decide(run: _Run) -> None:
    if run.settled is None:
        raise RuntimeError("decide comes after settle")
    run.decision = run.gate.decide(
        run.request.gate,
        Question(
            findings=run.settled.findings,
            skips=tuple(run.seen.skips),
            asked=run.request.families,
            covered=tuple(run.seen.coverage),
            files=run.seen.files,
            today=run.started.date(),
        ),
    )


STEPS: tuple[Callable[[_Run], None], ...] = (_observe, _keep_introduced, _fold, _settle, _decide)


def _result(run: _Run) -> Result:
    if run.settled is None or run.decision is None:
        raise RuntimeError("a result comes after the decision")
    request = run.request
    named = set(run.settled.rules)
    return Result(
        run=Run(
            id=run.id,
            started=run.started,
            ended=request.now(),
            root=", ".join(dict.fromkeys(source.root for source in run.sources)),
            mode=run.sources[0].mode if run.sources else "tree",
            version=__version__,
            rules_digest=run.rules.digest,
            revision=request.revision,
            branch=request.branch,
            families=request.families,
            files=run.seen.files,
            bytes=run.seen.bytes,
        ),
        decision=run.decision,
        findings=run.settled.findings,
        fixed=run.settled.fixed,
        skips=tuple(run.seen.skips),
        components=tuple(run.seen.components),
        rules=_rules(run.rules, named) | _brought(run.sources, named) | _own(request, named),
        coverage={str(family): line for family, line in sorted(run.seen.coverage.items())},
        notices=(*run.notices, *run.settled.notices),
        images=_images(run),
    )


def _rules(book: Rulebook, named: set[RuleId]) -> dict[RuleId, Rule]:
    return {rule.id: rule for rule in book.rules if rule.id in named}


def _brought(sources: Sequence[Source], named: set[RuleId]) -> dict[RuleId, Rule]:
    """Rules that a source brings along: another tool's, in its SARIF log."""
    brought: dict[RuleId, Rule] = {}
    for source in sources:
        brought.update(getattr(source, "rules", {}))
    return {id: rule for id, rule in brought.items() if id in named}


def _own(request: Request, named: set[RuleId]) -> dict[RuleId, Rule]:
    own = request.own.rules if request.own is not None else {}
    return {id: rule for id, rule in own.items() if id in named}


def _store(run: _Run, result: Result) -> None:
    """The record first, then the ledger, which is made ready meanwhile."""
    store, ledger, settled = run.store, run.ledger, run.settled

    def append(wanted: Wanted) -> None:
        if store is not None:
            store.append_result(result, batch=run.batch, wanted=wanted, once=run.request.once)

    many = len(result.findings) + len(result.fixed) >= _WORTH_A_THREAD
    aside = Aside(append, worth_it=many and store is not None)
    try:
        if ledger is not None and settled is not None:
            _save(run)
            ledger.remember(run.request.project, settled.known, run.seen.packed, ready=aside.wait)
        aside.wait()
    finally:
        aside.drop()


def _save(run: _Run) -> None:
    while run.seen.unsaved:
        run.seen.unsaved.pop().save()
