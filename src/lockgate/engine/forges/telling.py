"""A result in the words of a forge: the verdict on a commit with remarks at lines, and the comment. Pure."""

from __future__ import annotations

import gzip
import io

import orjson

from lockgate.engine.dependency_review import DependencyReview, markdown
from lockgate.formats.printable import clipped, printable
from lockgate.model import Result, SettledFinding, Severity, Verdict
from lockgate.reports import fix_of, tally, title_of, worst_first
from lockgate.reports.markdown import MARKER, drawn
from lockgate.sources.forges.forge import CommitVerdict, Level, Remark, Standing, clipped_title

PULL_REQUEST = "Lockgate"
"""The check of a pull request and of a merge queue: the one that a branch's rules require."""
PUSH = "Lockgate / push"
_SUMMARY, _COMMENT = 60_000, 64_000
"""Characters; GitHub, the narrowest, takes 65,535 and 65,536."""
_LEVELS = {Severity.CRITICAL: Level.FAILURE, Severity.HIGH: Level.FAILURE, Severity.MEDIUM: Level.WARNING}
_STANDINGS = {
    Verdict.ALLOW: Standing.PASSED, Verdict.WARN: Standing.PASSED, Verdict.ASK: Standing.FAILED,
    Verdict.DENY: Standing.FAILED,
}  # fmt: skip


def running(name: str, commit: str, *, key: str, number: int = 0, branch: str = "") -> CommitVerdict:
    """What is said while the work goes on."""
    return CommitVerdict(name, commit, Standing.RUNNING, "Lockgate looks at it", number=number, branch=branch, key=key)


def broken(begun: CommitVerdict, reason: str) -> CommitVerdict:
    """What is said when it could not be judged; ``begun`` is what was said before."""
    title = clipped_title(f"Not judged: {printable(reason)}")
    summary = f"Lockgate could not judge this commit.\n\n`{printable(reason).replace('`', chr(39))[:2_000]}`\n"
    return CommitVerdict(
        begun.name, begun.commit, Standing.BROKEN, title, summary, number=begun.number, branch=begun.branch,
        key=begun.key,
    )  # fmt: skip


def verdict_of(
    begun: CommitVerdict, result: Result, dependencies: DependencyReview | None, *, most_remarks: int, url: str = ""
) -> CommitVerdict:  # fmt: skip
    """What is said at the end."""
    nothing = result.decision.nothing_checked
    standing = Standing.BROKEN if nothing else _STANDINGS[result.decision.verdict]
    shown = [one for one in worst_first(result.findings) if not one.waived and one.finding.location.path]
    summary = drawn(result, _SUMMARY).removeprefix(f"{MARKER}\n") + _dependencies(dependencies, _SUMMARY // 4)
    return CommitVerdict(
        begun.name, begun.commit, standing, clipped_title(_title(result)), summary[:_SUMMARY],
        tuple(_remark(result, one) for one in shown[:most_remarks]), url, begun.number, begun.branch, begun.key,
    )  # fmt: skip


def comment_of(result: Result, dependencies: DependencyReview | None, *, head: str, url: str = "") -> str:
    """The comment on a pull request, which begins with :data:`MARKER`. ``url``: of a page with more, made by us."""
    more = f" \N{MIDDLE DOT} [All findings]({url})" if url else ""
    tail = _dependencies(dependencies, _COMMENT // 4) + f"\n<sub>Judged: `{head}`{more}</sub>\n"
    return drawn(result, _COMMENT - len(tail)) + tail


def sarif_of(result: Result, *, repository: str, commit: str, ref: str) -> bytes:
    """The log of the result, packed. ``repository``: its address. Azure DevOps asks the log alone which commit it is
    about."""
    from lockgate.reports.sarif import write

    drawn_log = io.StringIO()
    write(result, drawn_log)
    log = orjson.loads(drawn_log.getvalue())
    for run in log["runs"]:
        run["versionControlProvenance"] = [{"repositoryUri": repository, "revisionId": commit, "branch": ref}]
    return gzip.compress(orjson.dumps(log), compresslevel=6, mtime=0)


def _title(result: Result) -> str:
    if result.decision.nothing_checked:
        return f"Not checked: {', '.join(result.decision.nothing_checked)}"
    counts = tally(result)
    told = ", ".join(f"{count} {severity}" for severity, count in counts.open.items() if count)
    words = {
        Verdict.ALLOW: "Allowed", Verdict.WARN: "Allowed, with warnings", Verdict.ASK: "A person has to answer",
        Verdict.DENY: "Denied",
    }[result.decision.verdict]  # fmt: skip
    waived = f"; {counts.waived} waived" if counts.waived else ""
    return f"{words}: {told or 'no finding'} introduced{waived}"


def _dependencies(review: DependencyReview | None, most: int) -> str:
    if review is None or review.is_empty:
        return ""
    rows = 200
    while len(text := markdown(review, most=rows)) > most and rows > 5:
        rows //= 2
    return "\n" + (text if len(text) <= most else "### Dependency review\n\nToo long to be shown here.\n")


def _remark(result: Result, one: SettledFinding) -> Remark:
    finding, place = one.finding, one.finding.location
    fix = fix_of(result, one)
    text = printable(finding.message) + (f"\n\nFix: {printable(fix)}" if fix else "")
    return Remark(
        one.identity, place.path, max(place.line, 1), max(place.end_line, place.line, 1),
        _LEVELS.get(finding.severity, Level.NOTICE), clipped(f"{finding.severity}: {title_of(result, one)}", 250),
        clipped(f"{text}\n\n{finding.rule}", 4_000),
    )  # fmt: skip
