"""A comment on a pull request: verdict, a table by severity, the findings folded, within GitHub's 65,536 characters.

Whatever a repository can set goes into code spans and fences that it cannot close, or is escaped so that it makes no
link, no mention, no reference, no HTML and no table cell. The first line is a marker by which a job finds its own
comment again to replace it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO

from lockgate.formats.printable import clipped, printable
from lockgate.model import Result, SettledFinding, Severity, State, Verdict
from lockgate.reports import Report, fix_of, place_of, rule_of, tally, title_of, worst_first

MARKER = "<!-- lockgate -->"
MAX_CHARACTERS = 65_536
_RESERVE = 600  # for the line that says what was cut and the closing of the fold
_MAX_REASONS, _MAX_SKIPS, _MAX_WAIVED = 20, 30, 50
_VERDICTS = {
    Verdict.ALLOW: "✅ Allowed",
    Verdict.WARN: "⚠️ Allowed, with warnings",
    Verdict.ASK: "✋ A person has to answer",
    Verdict.DENY: "⛔ Denied",
}
_SIGNS = {
    Severity.CRITICAL: "🟥", Severity.HIGH: "🟧", Severity.MEDIUM: "🟨", Severity.LOW: "🟦", Severity.INFO: "⬜",
}  # fmt: skip
_ACTIVE = re.compile(r"([\\`*_\[\]()<>#!|~$^]|^[-+=])")
_LINKING = re.compile(r"(@|://|www\.)", re.IGNORECASE)
_TICKS = re.compile(r"`+")


def write(result: Result, out: TextIO) -> None:
    """Draw the result."""
    out.write(drawn(result, MAX_CHARACTERS))


def drawn(result: Result, limit: int) -> str:
    """The comment in at most ``limit`` UTF-16 units (GitHub counts characters; the wider count is the safe one)."""
    head = "".join(_head(result))
    tail = "".join(_tail(result))
    room = limit - _length(head) - _length(tail) - _RESERVE
    if room < 0:  # hundreds of long reasons or skips: the verdict and the counts still stand
        head, tail, room = "".join(_head(result, brief=True)), "", limit - _RESERVE * 2
    return head + "".join(_folded(result, room)) + tail


def _length(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def _head(result: Result, *, brief: bool = False) -> Iterator[str]:
    counts = tally(result)
    yield f"{MARKER}\n## Lockgate: {_VERDICTS[result.decision.verdict]}\n\n"
    yield (
        "| "
        + " | ".join(f"{_SIGNS[severity]} {severity}" for severity in counts.open)
        + " | new | waived | fixed | skipped |\n"
    )
    yield "|" + " --: |" * (len(counts.open) + 4) + "\n"
    cells = [*counts.open.values(), counts.new, counts.waived, counts.fixed, counts.skipped]
    yield "| " + " | ".join(f"{count:,}" for count in cells) + " |\n\n"
    reasons = result.decision.reasons[: 0 if brief else _MAX_REASONS]
    for reason in reasons:
        yield f"- **{reason.verdict}**: {_prose(reason.text, 300)} ({_code(reason.rule, 80)})\n"
    if len(result.decision.reasons) > len(reasons):
        yield f"- and {len(result.decision.reasons) - len(reasons):,} more reasons\n"
    for family in result.decision.nothing_checked[:_MAX_REASONS]:
        yield f"- **nothing was checked**: {_code(family, 80)}\n"
    yield "\n"


def _folded(result: Result, room: int) -> Iterator[str]:
    findings = [settled for settled in worst_first(result.findings) if not settled.waived]
    if not findings:
        return
    opening, closing = f"<details>\n<summary>{_count(len(findings))}</summary>\n\n", "\n</details>\n\n"
    used = 0
    yield opening
    for number, settled in enumerate(findings):
        entry = "".join(_finding(result, settled))
        if used + _length(entry) > room:
            rest = findings[number:]
            names = ", ".join(
                f"{sum(one.finding.severity == severity for one in rest):,} {severity}"
                for severity in sorted({one.finding.severity for one in rest}, reverse=True)
            )
            yield f"\n**{_count(len(rest))} did not fit here** ({names}). The JSON and HTML reports have every one.\n"
            break
        used += _length(entry)
        yield entry
    yield closing


def _finding(result: Result, settled: SettledFinding) -> Iterator[str]:
    finding = settled.finding
    new = " · new" if settled.state is State.NEW else ""
    yield f"#### {_SIGNS[finding.severity]} {finding.severity}{new}: {_prose(title_of(result, settled), 200)}\n\n"
    yield f"{_code(place_of(finding.location), 300)} · {_code(finding.rule, 150)}\n\n"
    rule = rule_of(result, settled)
    if rule is None or finding.message != rule.title:
        yield f"{_prose(finding.message, 500)}\n\n"
    if finding.location.snippet:
        yield _fence(finding.location.snippet)
    for name, text in _fields(result, settled):
        yield f"- {name}: {text}\n"
    yield "\n"


def _fields(result: Result, settled: SettledFinding) -> Iterator[tuple[str, str]]:
    fix = fix_of(result, settled)
    if fix:
        yield "**fix**", _prose(fix, 500)
    if settled.owners:
        yield "owners", ", ".join(_code(owner, 60) for owner in settled.owners[:5])
    if settled.introduced_by:
        commit = f" in {_code(settled.introduced_in[:12], 20)}" if settled.introduced_in else ""
        yield "introduced", f"by {_code(settled.introduced_by, 80)}{commit}"
    if settled.finding.aliases:
        yield "known as", ", ".join(_code(alias, 60) for alias in settled.finding.aliases[:8])
    if len(settled.locations) > 1:
        others = [place for place in settled.locations if place != settled.finding.location]
        yield (
            "also",
            ", ".join(_code(place_of(place), 200) for place in others[:5]) + (", ..." if len(others) > 5 else ""),
        )
    if settled.waiver and settled.waiver.expired:
        yield "waiver", f"{_code(settled.waiver.id, 80)} expired on {_code(settled.waiver.expires, 30)}"


def _tail(result: Result) -> Iterator[str]:
    waived = [settled for settled in worst_first(result.findings) if settled.waived]
    if waived:
        yield f"<details>\n<summary>{len(waived):,} waived</summary>\n\n"
        for settled in waived[:_MAX_WAIVED]:
            if settled.waiver:
                yield (
                    f"- {_code(place_of(settled.finding.location), 200)} {_code(settled.finding.rule, 100)} until "
                    f"{_code(settled.waiver.until, 30)} by {_code(settled.waiver.by, 80)}: "
                    f"{_prose(settled.waiver.reason, 200)}\n"
                )
        yield _rest(len(waived) - _MAX_WAIVED) + "\n</details>\n\n"
    if result.skips:
        yield f"<details>\n<summary>{len(result.skips):,} skipped: not read, so not called clean</summary>\n\n"
        for skip in result.skips[:_MAX_SKIPS]:
            yield f"- {_code(skip.path, 200)}: {skip.kind}, {_prose(skip.reason, 200)}\n"
        yield _rest(len(result.skips) - _MAX_SKIPS) + "\n</details>\n\n"
    if result.notices:
        yield f"<details>\n<summary>{len(result.notices):,} notices</summary>\n\n"
        yield "".join(f"- {_prose(notice, 200)}\n" for notice in result.notices[:_MAX_SKIPS])
        yield _rest(len(result.notices) - _MAX_SKIPS) + "\n</details>\n\n"
    checked = "; ".join(
        f"{_prose(family, 40)}: {_prose(said, 200)}" for family, said in sorted(result.coverage.items())[:10]
    )
    revision = f" at {_code(result.run.revision[:12], 20)}" if result.run.revision else ""
    yield f"<sub>Lockgate {_prose(result.run.version, 40)}{revision}. {checked}</sub>\n"


def _rest(count: int) -> str:
    return f"- and {count:,} more\n" if count > 0 else ""


def _prose(text: str, limit: int) -> str:
    """Text in which nothing is Markdown, HTML, a link, a mention or a reference."""
    safe = clipped(printable(" ".join(text.split())), limit).replace("&", "&amp;")
    safe = _ACTIVE.sub(r"\\\1", safe).replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\#", "&#35;<!-- -->")
    return _LINKING.sub(lambda hit: f"{hit[0][0]}<!-- -->{hit[0][1:]}", safe)


def _code(text: str, limit: int) -> str:
    """A code span that its content cannot close; a bar would end a table cell even in code."""
    safe = clipped(printable(" ".join(text.split())), limit).replace("|", "¦")
    longest = max((len(run) for run in _TICKS.findall(safe)), default=0)
    ticks = "`" * (longest + 1)
    return f"{ticks} {safe} {ticks}" if longest or not safe else f"`{safe}`"


def _fence(lines: tuple[str, ...]) -> str:
    shown = [clipped(printable(line), 200) for line in lines[:8]]
    longest = max((len(run) for line in shown for run in _TICKS.findall(line)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}text\n" + "\n".join(shown) + f"\n{ticks}\n\n"


def _count(number: int) -> str:
    return f"{number:,} finding{'' if number == 1 else 's'}"


REPORT = Report("markdown", "text/markdown", ".md", write, "a comment on a pull request, within 65,536 characters")
