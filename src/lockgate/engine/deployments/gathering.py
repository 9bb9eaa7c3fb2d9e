"""The evidence of a deployment, from the record: what would run, against what was allowed there before.

Everything is asked of the record alone but who signed images, for which registries are asked where there is a policy of
images, and commits and checks, which whoever connects forges can tell. What could not be found out is said, never left
out in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.engine.image_changes import bare_ecosystem, flaw_key
from lockgate.engine.image_trust.scans import last_scan
from lockgate.engine.image_trust.verify import Verified
from lockgate.errors import LockgateError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import references
from lockgate.formats.oci.references import Reference
from lockgate.formats.printable import clipped, printable
from lockgate.gates.deployment import surface
from lockgate.gates.deployment.evidence import (
    CheckSeen,
    CheckState,
    CommitSeen,
    Evidence,
    FindingSeen,
    GateSeen,
    ImageSeen,
    PackageChange,
    PolicyVerdict,
    SurfaceChange,
    WaiverSeen,
)
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model.deployment import DeploymentRequest
from lockgate.store import Record
from lockgate.store.team.gates import Kept

_MOST = 2_000
"""Findings, packages and commits of one kind that are shown and hashed; of more, how many there are is said."""
_LONGEST = 500
_HIDDEN = lazy_pattern(r"(?:[0-9]{1,20}\+)?([A-Za-z0-9-]{1,39})@users\.noreply\.github\.com")
_RUN_OF_COMMIT = (
    "SELECT RunId, Verdict, Mode FROM Runs WHERE Revision = ? AND Mode IN ('tree', 'since') "
    "ORDER BY TimeGenerated DESC, RunId DESC LIMIT 1"
)
_WHOLE_RUN = (
    "SELECT RunId FROM Runs WHERE Revision = ? AND Mode = 'tree' ORDER BY TimeGenerated DESC, RunId DESC LIMIT 1"
)
_REASONS = (
    "SELECT DISTINCT GateRule, Reason FROM Decisions WHERE RunId = ? AND ReasonVerdict IN ('deny', 'ask') ORDER BY ALL"
)
_RUNS_OF_IMAGE = (
    "SELECT arg_max(RunId, TimeGenerated) AS RunId FROM Images "
    "WHERE (ImageDigest = ? OR IndexDigest = ?) AND Inventoried GROUP BY ImageDigest"
)
_FINDINGS = (
    "SELECT DISTINCT Identity, Rule, Severity, Message, SubjectKey, Path, Line, Waived, WaiverId, WaivedBy, "
    "WaiverReason, WaiverExpires FROM Findings WHERE list_contains(?, RunId) AND State <> 'fixed'"
)
_PACKAGES = (
    "SELECT DISTINCT Ecosystem, Name, PackageVersion FROM Components WHERE list_contains(?, RunId) AND Name <> ''"
)
_LAST_VERDICT = (
    "SELECT Verdict, Reasons, Signatures FROM ImageVerdicts WHERE ImageDigest = ? AND RunId = '' "
    "ORDER BY TimeGenerated DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class History:
    """Commits between two, newest first."""

    commits: tuple[CommitSeen, ...]
    whole: bool = True
    """False: there are more than were told."""


Commits = Callable[[Kept, str], History | None]
"""The commits of a deployment behind the commit that runs (empty: the last ones), as a forge or a repository has them;
None where neither does. Raises :class:`LockgateError`."""
Checks = Callable[[Kept], Mapping[str, CheckState] | None]
"""How checks of the commit stand, by name; None where nobody is asked. Raises :class:`LockgateError`."""
Verify = Callable[[Reference, str], Verified]
"""An image, and how it was named -> the verdict of the policy of images. Raises :class:`LockgateError`."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where what is known of deployments comes from."""

    record: Record
    verify: Verify | None = None
    """None: verdicts that ``lockgate verify`` put into the record count."""
    commits: Commits | None = None
    """None: those that whoever asked brought along."""
    checks: Checks | None = None
    """None: likewise."""


@dataclass(slots=True)
class _Gathered:
    new: list[FindingSeen] = field(default_factory=list)
    fixed: list[FindingSeen] = field(default_factory=list)
    packages: list[PackageChange] = field(default_factory=list)
    waivers: dict[str, WaiverSeen] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    commits_known: bool = True


def gather(kept: Kept, before: Kept | None, sources: Sources) -> Evidence:
    """What is known of a request now. ``before``: what was last allowed there. Raises :class:`StoreError`."""
    told = _Gathered()
    request = kept.request
    images = tuple(_image(one, before, sources, told) for one in request.images)
    gate = _gate(request.commit, before.request.commit if before else "", sources.record, told)
    commits = _commits(kept, before, sources, told)
    if before is None:
        told.unread.append("nothing was allowed here before: everything shown is new")
    return Evidence(
        checks=_checks(kept, sources, told), gate=gate, images=images, new_findings=_cut(told.new, "findings", told),
        fixed_findings=_cut(told.fixed, "fixed findings", told), packages=_cut(told.packages, "packages", told),
        commits=_cut(commits, "commits", told), commits_known=told.commits_known, policies=_policies(kept),
        network=_changes("network", kept, before), permissions=_changes("permissions", kept, before),
        waivers=tuple(told.waivers.values()), runs_now=before.request.commit if before else "",
        unread=tuple(dict.fromkeys(told.unread)),
    )  # fmt: skip


def authors_of(request: DeploymentRequest, evidence: Evidence) -> tuple[str, ...]:
    """Everybody who wrote something of it, by whatever name a commit or the forge gives them; of an address that GitHub
    hides the login too, which stands in it."""
    names = {*request.authors, *(name for one in evidence.commits for name in one.authors)}
    hidden = (_HIDDEN.fullmatch(one) for one in names)
    return tuple(sorted({*names, *(found[1] for found in hidden if found)}))


def _gate(commit: str, before: str, record: Record, told: _Gathered) -> GateSeen | None:
    runs = record.sql(_RUN_OF_COMMIT, [commit], only=("Runs",)) if commit else []
    if not runs:
        return None
    run = runs[0]
    reasons = record.sql(_REASONS, [run["RunId"]], only=("Decisions",)) if run["Verdict"] in ("deny", "ask") else []
    _compare_code(commit, before, record, told)
    return GateSeen(run["Verdict"], tuple(f"{one['GateRule']}: {one['Reason']}" for one in reasons), run["RunId"])


def _compare_code(commit: str, before: str, record: Record, told: _Gathered) -> None:
    """Findings of the two commits' last whole checks, by their identities."""
    now = record.sql(_WHOLE_RUN, [commit], only=("Runs",))
    then = record.sql(_WHOLE_RUN, [before], only=("Runs",)) if before else []
    if not now or (before and not then):
        missing = commit if not now else before
        told.unread.append(f"the record holds no whole check of {missing[:12]}: findings in its code are not compared")
        if not now:
            return
    after = _findings(record, [now[0]["RunId"]], told, keyed=lambda row: (row["Identity"],))
    earlier = _findings(record, [then[0]["RunId"]], None, keyed=lambda row: (row["Identity"],)) if then else {}
    if before and not then:
        return
    told.new += [_finding(row, "") for key, row in after.items() if key not in earlier]
    told.fixed += [_finding(row, "") for key, row in earlier.items() if key not in after]


def _image(text: str, before: Kept | None, sources: Sources, told: _Gathered) -> ImageSeen:
    try:
        reference = references.parse(text)
    except FormatError as error:  # requests are checked when they come in; a row of an older version may be otherwise
        told.unread.append(f"{clipped(printable(text), 100)} is no name of an image: {error.reason}")
        return ImageSeen(text, "", "unknown")
    earlier = _digest_before(reference.name, before)
    _compare_images(reference, earlier, sources.record, told)
    scanned = last_scan(sources.record, reference.digest)
    trust, reasons, signers = _trust(reference, text, sources, told)
    return ImageSeen(
        reference.name, reference.digest, trust, reasons, signers, scanned.verdict if scanned else "",
        scanned.at if scanned else None, earlier,
    )  # fmt: skip


def _digest_before(name: str, before: Kept | None) -> str:
    for one in before.request.images if before else ():
        other = references.parse(one)
        if other.name == name:
            return other.digest
    return ""


def _trust(
    reference: Reference, text: str, sources: Sources, told: _Gathered
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Verdict of the policy of images, what is not met, who has signed."""
    if sources.verify is None:
        import orjson

        rows = sources.record.sql(_LAST_VERDICT, [reference.digest], only=("ImageVerdicts",))
        if not rows:
            return "", (), ()
        reasons = [f"{one['line']}: {one['text']}" for one in orjson.loads(rows[0]["Reasons"])]
        return rows[0]["Verdict"], tuple(reasons), _signers(one["by"] for one in orjson.loads(rows[0]["Signatures"]))
    try:
        found = sources.verify(reference, text)
    except LockgateError as error:
        told.unread.append(f"{reference.name}: who has signed it could not be found out: {clipped(str(error), 200)}")
        return "unknown", (), ()
    decision = found.trusted.decision
    reasons = [f"{one.rule}: {one.text}" for one in decision.reasons]
    return decision.verdict.value, tuple(reasons), _signers(one.by for _, one in found.trusted.holding)


def _signers(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({clipped(printable(one), 200) for one in names}))


def _compare_images(now: Reference, earlier: str, record: Record, told: _Gathered) -> None:
    """Packages and findings of an image against those of the one that was allowed before under its name."""
    if earlier == now.digest:
        _findings(record, _runs(record, now.digest), told, keyed=_flaw)  # for the waivers that it rests on
        return
    runs, before = _runs(record, now.digest), _runs(record, earlier) if earlier else []
    if not runs or (earlier and not before):
        missing = now.digest if not runs else earlier
        told.unread.append(f"the record holds no scan of {now.name}@{missing[:19]}: what changes in it is not known")
    if not runs:
        return
    after = _findings(record, runs, told, keyed=_flaw)
    if earlier and not before:
        return
    then = _findings(record, before, None, keyed=_flaw) if before else {}
    told.new += [_finding(row, now.name) for key, row in after.items() if key not in then]
    told.fixed += [_finding(row, now.name) for key, row in then.items() if key not in after]
    old, new = _packages(record, before), _packages(record, runs)
    told.packages += [
        PackageChange(now.name, " ".join(filter(None, reversed(key))), old.get(key, ""), new.get(key, ""))
        for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)
    ] if earlier else []  # fmt: skip


def _runs(record: Record, digest: str) -> list[str]:
    """The last runs that read what is installed in an image, or in each of an index."""
    rows = record.sql(_RUNS_OF_IMAGE, [digest, digest], only=("Images",))
    return sorted(row["RunId"] for row in rows)


def _flaw(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (row["Rule"], *flaw_key(row["SubjectKey"]))


_Keyed = Callable[[Mapping[str, Any]], tuple[str, ...]]
"""What makes two findings the same."""


def _findings(
    record: Record, runs: Sequence[str], told: _Gathered | None, *, keyed: _Keyed
) -> dict[tuple[str, ...], Mapping[str, Any]]:
    """Open findings of some runs by what makes them the same; waivers of ``told`` are filled in."""
    rows = record.sql(_FINDINGS, [list(runs)], only=("Findings",)) if runs else []
    for row in rows if told is not None else ():
        if row["Waived"] and told is not None:
            told.waivers.setdefault(row["WaiverId"], WaiverSeen(
                row["WaiverId"], row["WaivedBy"], clipped(printable(row["WaiverReason"]), _LONGEST),
                row["WaiverExpires"],
            ))  # fmt: skip
    unwaived = sorted((row for row in rows if not row["Waived"]), key=lambda row: (row["Path"], row["Line"]))
    found: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for row in unwaived:
        found.setdefault(keyed(row), row)
    return found


def _finding(row: Mapping[str, Any], image: str) -> FindingSeen:
    where = image or (f"{row['Path']}:{row['Line']}" if row["Line"] else row["Path"])
    message = clipped(printable(row["Message"]), _LONGEST)
    return FindingSeen(row["Identity"], row["Rule"], row["Severity"], message, where)


def _packages(record: Record, runs: Sequence[str]) -> dict[tuple[str, str], str]:
    """Versions, joined, by ecosystem without its release and name."""
    held: dict[tuple[str, str], set[str]] = {}
    for row in record.sql(_PACKAGES, [list(runs)], only=("Components",)) if runs else ():
        held.setdefault((bare_ecosystem(row["Ecosystem"]), row["Name"]), set()).add(row["PackageVersion"])
    return {key: ", ".join(sorted(versions)) for key, versions in held.items()}


def _commits(kept: Kept, before: Kept | None, sources: Sources, told: _Gathered) -> list[CommitSeen]:
    since = before.request.commit if before else ""
    try:
        history = sources.commits(kept, since) if sources.commits is not None else None
    except LockgateError as error:
        return _unknown(told, f"which commits it brings could not be found out: {clipped(str(error), 200)}")
    if history is None:
        return _given_commits(kept, since, told)
    _cut_short(told, since, history.whole)
    return list(history.commits)


def _given_commits(kept: Kept, since: str, told: _Gathered) -> list[CommitSeen]:
    given = kept.given.get("commits")
    if since == kept.request.commit:
        return []  # it runs already
    if given is None:
        return _unknown(told, "which commits it brings is not known: nobody told them")
    if kept.given.get("commits_since", "") != since:
        return _unknown(told, "its commits were told against another commit than the one that runs")
    _cut_short(told, since, not kept.given.get("more_commits"))
    return [CommitSeen(one[0], tuple(one[1]), one[2]) for one in given]


def _unknown(told: _Gathered, why: str) -> list[CommitSeen]:
    told.unread.append(why)
    told.commits_known = False
    return []


def _cut_short(told: _Gathered, since: str, whole: bool) -> None:
    """More commits than were told. Where something runs already, that hides authors; where nothing does, the last ones
    stand for a beginning."""
    if not whole:
        told.unread.append("there are more commits than are shown")
        told.commits_known = told.commits_known and not since


def _checks(kept: Kept, sources: Sources, told: _Gathered) -> tuple[CheckSeen, ...]:
    try:
        found = sources.checks(kept) if sources.checks is not None else None
    except LockgateError as error:
        told.unread.append(f"how checks of the commit stand could not be found out: {clipped(str(error), 200)}")
        return ()
    if found is None:
        given = kept.given.get("checks") or {}
        found = {name: CheckState(state) for name, state in given.items()}
    return tuple(CheckSeen(name, state) for name, state in sorted(found.items()))


def _policies(kept: Kept) -> tuple[PolicyVerdict, ...]:
    return tuple(PolicyVerdict(*one) for one in kept.given.get("policies") or ())


def _changes(name: str, kept: Kept, before: Kept | None) -> tuple[SurfaceChange, ...]:
    def lines(one: Kept | None) -> list[tuple[str, str]]:
        return [(subject, text) for subject, text in (one.given.get(name) or ())] if one is not None else []

    return surface.changes(lines(before), lines(kept))


def _cut(found: Sequence[Any], what: str, told: _Gathered) -> tuple[Any, ...]:
    if len(found) > _MOST:
        told.unread.append(f"{len(found) - _MOST} more {what} than the {_MOST} that are shown")
    return tuple(found[:_MOST])

