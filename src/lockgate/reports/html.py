"""One page that works offline: counts, charts, and every finding with filters by severity, family, state and words.

Style and script stand in ``_page`` and go into the page; the content security policy lets exactly these two run by
their hashes and nothing be fetched. Without scripts every finding is shown. Each text is made printable and escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import TextIO

from lockgate.formats.printable import clipped, printable
from lockgate.model import Location, Result, SettledFinding, Verdict
from lockgate.reports import Report, Tally, counted, fix_of, place_of, rule_of, tally, title_of, worst_first

MAX_ROWS = 5_000
"""Rows of the tables of skips and components; findings are never cut."""
_BARS = 8
_VERDICTS = {
    Verdict.ALLOW: "Allowed",
    Verdict.WARN: "Allowed, with warnings",
    Verdict.ASK: "A person has to answer",
    Verdict.DENY: "Denied",
}
Bar = tuple[str, int, str]
"""Label, count, class."""


def write(result: Result, out: TextIO) -> None:
    """Draw the result."""
    counts = tally(result)
    for part in (_opening(result), _header(result), _numbers(counts), _charts(result, counts), _plan(result)):
        out.writelines(part)
    for part in (_findings(result), _skips(result), _notices(result), _coverage(result)):
        out.writelines(part)
    for part in (_components(result), _closing(result)):
        out.writelines(part)


def _text(text: object) -> str:
    return escape(printable(str(text)), quote=True)


def _resource(name: str) -> str:
    return (files(__package__) / "_page" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def head(title: str, *, script: str = "", forms: bool = False) -> Iterator[str]:
    """A page up to the beginning of its body: our style, and a policy that lets it and ``script`` alone work.

    ``forms``: those of the page may be sent to where it comes from.
    """
    style = _resource("style.css")
    allowed = [f"script-src '{_hash(script)}'"] if script else []
    target = "self" if forms else "none"
    policy = "; ".join(
        ["default-src 'none'", f"style-src '{_hash(style)}'", *allowed, "base-uri 'none'", f"form-action '{target}'"]
    )
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="referrer" content="no-referrer">\n'
    yield f"<title>Lockgate: {_text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"


def _opening(result: Result) -> Iterator[str]:
    yield from head(result.run.root, script=_resource("script.js"))
    yield '<a class="skip-link" href="#findings">To the findings</a>\n'


def _header(result: Result) -> Iterator[str]:
    run, decision = result.run, result.decision
    yield f"<header><div>\n<h1>Lockgate: {_text(run.root)}</h1>\n"
    yield f'<p class="verdict {decision.verdict}">{_VERDICTS[decision.verdict]} '
    yield f'<span class="soft">by gate {_text(decision.gate)}</span></p>\n'
    parts = [
        run.started.strftime("%Y-%m-%d %H:%M UTC"),
        run.mode,
        f"{run.files:,} files",
        run.branch,
        run.revision[:12],
    ]
    yield f'<p class="soft">{" · ".join(_text(part) for part in parts if part)}</p>\n'
    if decision.reasons or decision.nothing_checked:
        yield '<ul class="reasons">\n'
        for reason in decision.reasons:
            yield f'<li><span class="{reason.verdict}">{reason.verdict}</span>: {_text(reason.text)} '
            yield f'<code class="soft">{_text(reason.rule)}</code></li>\n'
        for family in decision.nothing_checked:
            yield f'<li class="deny">nothing was checked: {_text(family)}</li>\n'
        yield "</ul>\n"
    yield "</div></header>\n<main>\n"


def _numbers(counts: Tally) -> Iterator[str]:
    yield '<ul class="numbers" aria-label="Counts">\n'
    for severity, count in counts.open.items():
        yield f'<li><b class="{severity}">{count:,}</b>{severity}</li>\n'
    for name, count in (
        ("new", counts.new),
        ("waived", counts.waived),
        ("fixed", counts.fixed),
        ("skipped", counts.skipped),
        ("components", counts.components),
    ):
        yield f"<li><b>{count:,}</b>{name}</li>\n"
    yield "</ul>\n"


def _charts(result: Result, counts: Tally) -> Iterator[str]:
    opened = [settled for settled in result.findings if not settled.waived]
    if not opened:
        return
    yield '<section class="charts" aria-label="Charts">\n'
    yield _chart("Open findings by severity", [(str(name), count, str(name)) for name, count in counts.open.items()])
    yield _ranked("Families", (str(settled.finding.family) for settled in opened))
    yield _ranked("Rules with most findings", (settled.finding.rule for settled in opened))
    yield _ranked("Files with most findings", (one.finding.location.path or "(no file)" for one in opened))
    yield "</section>\n"


def _ranked(title: str, names: Iterable[str]) -> str:
    """The names that occur most; the rest is told in the title, where it cannot dwarf the bars."""
    counted = sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))
    rest = sum(count for _, count in counted[_BARS:])
    more = f" (and {rest:,} in {len(counted) - _BARS:,} others)" if rest else ""
    return _chart(title + more, [(name, count, "") for name, count in counted[:_BARS]])


def _chart(title: str, bars: Sequence[Bar]) -> str:
    """Bars with label and count as text, so that nothing depends on colour."""
    most = max((count for _, count, _ in bars), default=0) or 1
    height = 26 * len(bars) + 4
    told = ", ".join(f"{label} {count:,}" for label, count, _ in bars)
    rows = []
    for number, (label, count, kind) in enumerate(bars):
        top, width = number * 26 + 2, round(count / most * 250, 1)
        short = label if len(label) <= 26 else "…" + label[-25:]
        rows.append(f"<g><title>{_text(label)}: {count:,}</title>")
        rows.append(f'<text x="176" y="{top + 15}" text-anchor="end">{_text(short)}</text>')
        rows.append(f'<rect class="{kind}" x="184" y="{top + 3}" width="{width}" height="16" rx="2"></rect>')
        rows.append(f'<text class="count" x="{190 + width}" y="{top + 15}">{count:,}</text></g>')
    picture = (
        f'<svg viewBox="0 0 490 {height}" role="img" aria-label="{_text(title)}: {_text(told)}">{"".join(rows)}</svg>'
    )
    return f'<div class="card"><h3>{_text(title)}</h3>{picture}</div>\n'


def _plan(result: Result) -> Iterator[str]:
    """The whole plan, since a step that is not shown would not be taken."""
    if result.plan:
        yield '<h2 id="plan">What mends its packages</h2>\n<ol>\n'
        for step in result.plan:
            yield f'<li>{_text(step.text)} <span class="soft">{_text(counted(step))}</span></li>\n'
        yield "</ol>\n"


def _findings(result: Result) -> Iterator[str]:
    everything = [*worst_first(result.findings), *worst_first(result.fixed)]
    yield '<h2 id="findings">Findings</h2>\n'
    if not everything:
        yield "<p>No finding.</p>\n"
        return
    yield from _filters(everything)
    for settled in everything:
        yield from _finding(result, settled)


def _filters(everything: Sequence[SettledFinding]) -> Iterator[str]:
    severities = [str(grade) for grade in sorted({one.finding.severity for one in everything}, reverse=True)]
    choices = {
        "severity": severities,
        "family": sorted({str(one.finding.family) for one in everything}),
        "state": sorted({word for one in everything for word in _states(one)}),
    }
    yield '<form class="filters" id="filters" hidden>\n'
    yield '<label class="wide">Search '
    yield '<input type="search" name="search" placeholder="words, press / to come here"></label>\n'
    for name, values in choices.items():
        options = "".join(f'<option value="{_text(value)}">{_text(value)}</option>' for value in values)
        options = f'<option value="">all</option>{options}'
        yield f'<label>{name.capitalize()} <select name="{name}">{options}</select></label>\n'
    yield '<input type="reset" value="Show all"> <output id="said" aria-live="polite" class="soft"></output>\n</form>\n'


def _states(settled: SettledFinding) -> list[str]:
    if settled.waived:
        return [str(settled.state), "waived"]
    return [str(settled.state), *(["expired-waiver"] if settled.waiver else [])]


def _finding(result: Result, settled: SettledFinding) -> Iterator[str]:
    finding, states = settled.finding, _states(settled)
    yield f'<details class="finding at-{finding.severity}" data-severity="{finding.severity}" '
    yield f'data-family="{_text(finding.family)}" data-state="{" ".join(states)}">\n<summary>'
    yield f'<span class="severity {finding.severity}">{finding.severity}</span> {_text(title_of(result, settled))} '
    yield "".join(f'<span class="tag {state}">{state}</span> ' for state in states)
    yield f"<br><code>{_text(place_of(finding.location))}</code></summary>\n"
    yield f'<div class="body">\n<p>{_text(finding.message)}</p>\n'
    yield from _snippet(finding.location)
    yield "<dl>\n"
    for name, value in _details(result, settled):
        if value:
            yield f"<dt>{name}</dt><dd>{_text(value)}</dd>\n"
    yield "</dl>\n</div>\n</details>\n"


def _snippet(place: Location) -> Iterator[str]:
    if place.snippet:
        numbered = enumerate(place.snippet, place.line)
        rows = (f"{number:>5}  {_text(line)}" if place.line else _text(line) for number, line in numbered)
        yield '<pre tabindex="0">' + "\n".join(rows) + "</pre>\n"


def _details(result: Result, settled: SettledFinding) -> Iterator[tuple[str, str]]:
    finding, rule, waiver = settled.finding, rule_of(result, settled), settled.waiver
    yield "Fix", fix_of(result, settled)
    yield "Why", rule.why if rule else ""
    yield "Rule", finding.rule
    yield "Subject", finding.subject.name
    yield "Confidence", str(finding.confidence)
    yield "Known as", ", ".join(finding.aliases)
    yield "Owners", ", ".join(settled.owners)
    if settled.introduced_by:
        yield (
            "Introduced",
            " ".join(filter(None, (settled.introduced_by, settled.introduced_at[:10], settled.introduced_in[:12]))),
        )
    if waiver:
        state = "expired" if waiver.expired else "in force"
        yield "Waiver", f"{waiver.id} ({state}) by {waiver.by} until {waiver.until}: {waiver.reason}"
    others = [place_of(place) for place in settled.locations if place != finding.location]
    yield "Also at", ", ".join(others[:50]) + (f" and {len(others) - 50:,} more" if len(others) > 50 else "")
    yield "Facts", "; ".join(f"{fact.name}: {clipped(fact.value, 300)}" for fact in finding.facts)
    yield "References", " ".join(rule.references) if rule else ""
    yield "First seen", settled.first_seen
    yield "Identity", settled.identity


def _skips(result: Result) -> Iterator[str]:
    if result.skips:
        rows = [
            (f"{skip.path}:{skip.line}" if skip.line else skip.path, str(skip.kind), skip.reason, skip.family or "all")
            for skip in result.skips
        ]
        yield from _table(
            f"{len(rows):,} skipped: not read, so not called clean", ("Path", "Kind", "Reason", "Family"), rows
        )


def _notices(result: Result) -> Iterator[str]:
    if result.notices:
        yield from _table(f"{len(result.notices):,} notices", ("Notice",), [(notice,) for notice in result.notices])


def _coverage(result: Result) -> Iterator[str]:
    if result.coverage:
        yield from _table("What was checked", ("Family", "With what"), sorted(result.coverage.items()))


def _components(result: Result) -> Iterator[str]:
    if result.components:
        rows = sorted(
            (part.ecosystem, part.name, part.version or part.requirement, part.licence, part.path)
            for part in result.components
        )
        heads = ("Ecosystem", "Name", "Version", "Licence", "File")
        yield f"<details><summary>{len(rows):,} components</summary>\n"
        yield from _table("Components", heads, rows)
        yield "</details>\n"


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"<h2>{_text(title)}</h2>\n<table><thead><tr>"
    yield "".join(f'<th scope="col">{_text(head)}</th>' for head in heads) + "</tr></thead><tbody>\n"
    for row in rows[:MAX_ROWS]:
        yield "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>\n"
    yield "</tbody></table>\n"
    if len(rows) > MAX_ROWS:
        yield f"<p>{len(rows) - MAX_ROWS:,} more rows are in the JSON report.</p>\n"


def _closing(result: Result) -> Iterator[str]:
    run = result.run
    parts = f"Lockgate {run.version}", f"run {run.id}", f"rules {run.rules_digest[:20]}"
    yield f"<footer>{_text(' · '.join(parts))}</footer>\n"
    yield f"</main>\n<script>{_resource('script.js')}</script>\n</body>\n</html>\n"


REPORT = Report("html", "text/html", ".html", write, "one page with charts and filters that works offline")
