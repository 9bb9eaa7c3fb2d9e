"""Findings and decision for the developer at a terminal: the worst first, each with its place, frame, reason and fix.

Colours and the width of lines belong to a terminal: piped output has neither, and ``NO_COLOR`` (https://no-color.org)
turns styles off. ``rich`` is imported when something is drawn. Whatever a repository can set is made printable first.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, TextIO

from lockgate.dataclass import dataclass
from lockgate.formats.printable import clipped, printable
from lockgate.model import Location, Result, SettledFinding, Severity, State, Verdict
from lockgate.reports import Report, Tally, fix_of, place_of, rule_of, tally, title_of, worst_first

if TYPE_CHECKING:
    from rich.console import Console

MAX_FRAMES = 200
"""So many findings are drawn in full; further ones take one line each."""
MAX_LINES = 2_000
"""So many findings are drawn at all; the rest is counted."""
MAX_SKIPS = 20
_MAX_PLACES = 5
_FRAME_LINES = 6
_ANY_WIDTH = 100_000

_COLOURS = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "bold yellow",
    Severity.LOW: "bold cyan",
    Severity.INFO: "bold",
}
_VERDICTS = {
    Verdict.ALLOW: ("bold green", "allowed"),
    Verdict.WARN: ("bold yellow", "allowed, with warnings"),
    Verdict.ASK: ("bold magenta", "a person has to answer"),
    Verdict.DENY: ("bold red", "denied"),
}

Piece = tuple[str, str]
"""Text, safe to print, and a style of rich or an empty string."""
Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class _Layout:
    """What a terminal allows."""

    width: int


def write(result: Result, out: TextIO) -> None:
    """Draw the result."""
    if not out.isatty():  # nothing to colour and no width to keep to: rich would only cost its start
        out.writelines(f"{''.join(text for text, _ in line)}\n" for line in lines(result, _ANY_WIDTH))
        return
    from rich.text import Text

    console = _console(out)
    layout = _Layout(console.width if console.is_terminal else _ANY_WIDTH)
    for line in lines(result, layout.width):
        # Nothing is wrapped or cropped: a path that is broken in two can no longer be clicked.
        console.print(Text.assemble(*line), soft_wrap=True, highlight=False)


def _console(out: TextIO) -> Console:
    from rich.console import Console

    quiet = bool(os.environ.get("NO_COLOR")) or not out.isatty()
    return Console(
        file=out,
        color_system=None if quiet else "auto",
        force_terminal=out.isatty(),
        markup=False,
        emoji=False,
        highlight=False,
    )


def lines(result: Result, width: int = _ANY_WIDTH) -> Iterator[Line]:
    """The report as lines of styled pieces; long sentences are cut to ``width``, places and frames' carets never."""
    counts = tally(result)
    yield _heading(result)
    yield from _findings(result, counts, width)
    yield from _waived(result)
    yield from _skips(result)
    yield from _notices(result)
    yield from _coverage(result)
    yield ()
    yield from _table(counts)
    yield from _decision(result)


def _heading(result: Result) -> Line:
    run = result.run
    parts = [printable(run.root), f"{run.mode}", _count(run.files, "file")]
    if run.revision:
        parts.insert(1, run.revision[:12])
    return ("lockgate", "bold"), (" " + " · ".join(part for part in parts if part), "dim")


def _findings(result: Result, counts: Tally, width: int) -> Iterator[Line]:
    explained: set[str] = set()
    drawn = 0
    for severity, same in groupby(_drawn(result, counts), key=lambda settled: settled.finding.severity):
        yield ()
        total = counts.open[severity]
        yield ((f" {str(severity).upper()} ", _COLOURS[severity]), (f" {_count(total, 'finding')}", "bold"))
        for path, group in groupby(same, key=lambda settled: settled.finding.location.path):
            together = list(group)
            if len(together) > 1:
                yield ()
                yield ((f"  {printable(path) or '(no file)'}: {_count(len(together), 'finding')}", "underline"),)
            for settled in together:
                full = drawn < MAX_FRAMES
                yield from _finding(result, settled, explained, width) if full else _short(result, settled, width)
                drawn += 1
    yield from _not_drawn(counts.total)


def _drawn(result: Result, counts: Tally) -> list[SettledFinding]:
    """The first ``MAX_LINES`` open findings in order. Of a severity that others leave no room for, none is sorted."""
    room, least = MAX_LINES, max(Severity)
    for severity, count in counts.open.items():
        if room > 0:
            room, least = room - count, severity
    able = [
        one
        for one in result.findings
        if one.finding.severity >= least and (one.waiver is None or one.waiver.expired)
    ]
    return worst_first(able)[:MAX_LINES]


def _not_drawn(total: int) -> Iterator[Line]:
    rest = total - MAX_LINES
    if rest > 0:
        yield ()
        yield ((f"  {_count(rest, 'more finding')} not drawn here; --format json has every one.", "bold"),)


def _short(result: Result, settled: SettledFinding, width: int) -> Iterator[Line]:
    finding = settled.finding
    text = f"  {printable(finding.rule)}  {printable(title_of(result, settled))}"
    place = printable(place_of(finding.location))
    yield (f"  {place}", "cyan"), (clipped(text, max(width - len(place) - 2, 40)), "")


def _finding(result: Result, settled: SettledFinding, explained: set[str], width: int) -> Iterator[Line]:
    finding, rule = settled.finding, rule_of(result, settled)
    yield ()
    yield (
        (f"  {printable(place_of(finding.location))}", "cyan"),
        (f"  {printable(title_of(result, settled))}", "bold"),
        (f"  {printable(finding.rule)}", "dim"),
        *_marks(settled),
    )
    if rule is None or finding.message != rule.title:
        yield ((f"    {_sentence(finding.message, width)}", ""),)
    yield from _frame(finding.location, _COLOURS[finding.severity])
    first = finding.rule not in explained
    explained.add(finding.rule)
    if first and rule and rule.why:
        yield from _field("why", rule.why, width)
    yield from _field("fix", fix_of(result, settled), width, style="green")
    yield from _field("who", _people(settled), width)
    yield from _field("also", _other_places(settled), width)
    yield from _field("note", _expired(settled), width, style="yellow")
    if first and rule:
        yield from _field("more", f"lockgate explain {printable(finding.rule)}", width)


def _marks(settled: SettledFinding) -> Line:
    marks: list[Piece] = [("  new", "bold magenta")] if settled.state is State.NEW else []
    if settled.finding.fix and settled.finding.fix.edits:
        marks.append(("  fixable", "green"))
    return tuple(marks)


def _sentence(text: str, width: int) -> str:
    return clipped(printable(" ".join(text.split())), max(width - 6, 60))


def _field(name: str, text: str, width: int, *, style: str = "") -> Iterator[Line]:
    if text:
        yield (f"    {name + ':':<6}", "bold"), (_sentence(text, width), style)


def _frame(place: Location, style: str) -> Iterator[Line]:
    """The lines of the snippet with their numbers, and carets below the columns at fault on the first of them."""
    if not place.snippet or not place.line:
        return
    shown = place.snippet[:_FRAME_LINES]
    margin = len(str(place.line + len(shown) - 1))
    for number, text in enumerate(shown, place.line):
        # One character stays one column, so that the carets stand where they should; escapes come after cutting.
        yield (f"    {number:>{margin}} │ ", "dim"), (printable(text), "")
        if number == place.line and place.column:
            lead, span = _caret(place, text)
            yield (f"    {'':>{margin}} │ ", "dim"), (" " * lead, ""), ("^" * span, style)


def _caret(place: Location, text: str) -> tuple[int, int]:
    """``(blanks before, carets)`` in printed columns; an escape is wider than the character it stands for."""
    start = min(place.column - 1, len(text))
    same_line = place.end_line in (0, place.line)
    end = (
        place.end_column - 1
        if same_line and place.end_column > place.column
        else len(text)
        if not same_line
        else start + 1
    )
    lead = len(printable(text[:start]))
    return lead, max(len(printable(text[start : max(end, start)])), 1)


def _people(settled: SettledFinding) -> str:
    parts = [f"owned by {', '.join(settled.owners)}"] if settled.owners else []
    if settled.introduced_by:
        when = f" on {settled.introduced_at[:10]}" if settled.introduced_at else ""
        commit = f" in {settled.introduced_in[:12]}" if settled.introduced_in else ""
        parts.append(f"introduced by {settled.introduced_by}{when}{commit}")
    return "; ".join(parts)


def _other_places(settled: SettledFinding) -> str:
    others = [place for place in settled.locations if place != settled.finding.location]
    if not others:
        return ""
    said = ", ".join(place_of(place) for place in others[:_MAX_PLACES])
    return f"{said} and {len(others) - _MAX_PLACES:,} more" if len(others) > _MAX_PLACES else said


def _expired(settled: SettledFinding) -> str:
    waiver = settled.waiver
    return f"the waiver {waiver.id} by {waiver.by} expired on {waiver.expires}" if waiver and waiver.expired else ""


def _waived(result: Result) -> Iterator[Line]:
    waived = worst_first([one for one in result.findings if one.waiver is not None and not one.waiver.expired])
    if not waived:
        return
    yield ()
    yield ((f"{len(waived):,} waived", "bold"),)
    for settled in waived[:MAX_SKIPS]:
        waiver = settled.waiver
        if waiver:
            said = f"  {settled.finding.rule}  until {waiver.until} by {waiver.by}: {waiver.reason}"
            yield (f"  {printable(place_of(settled.finding.location))}", "cyan"), (printable(said), "dim")
    if len(waived) > MAX_SKIPS:
        yield ((f"  and {len(waived) - MAX_SKIPS:,} more", "dim"),)


def _skips(result: Result) -> Iterator[Line]:
    skips = result.skips
    if not skips:
        return
    yield ()
    yield ((f"{len(skips):,} skipped", "bold yellow"), (": what was not read cannot be called clean", ""))
    for skip in skips[:MAX_SKIPS]:
        place = f"{skip.path}:{skip.line}" if skip.line else skip.path
        family = f" [{skip.family}]" if skip.family else ""
        yield (f"  {printable(place)}", "cyan"), (f"  {skip.kind}: {printable(skip.reason)}{printable(family)}", "dim")
    if len(skips) > MAX_SKIPS:
        kinds = sorted({str(skip.kind) for skip in skips[MAX_SKIPS:]})
        yield ((f"  and {len(skips) - MAX_SKIPS:,} more ({', '.join(kinds)})", "dim"),)


def _notices(result: Result) -> Iterator[Line]:
    if result.notices:
        yield ()
        yield ((_count(len(result.notices), "notice"), "bold yellow"),)
    for notice in result.notices[:MAX_SKIPS]:
        yield ((f"  {printable(notice)}", ""),)
    if len(result.notices) > MAX_SKIPS:
        yield ((f"  and {len(result.notices) - MAX_SKIPS:,} more", "dim"),)


def _coverage(result: Result) -> Iterator[Line]:
    if result.coverage:
        yield ()
        yield (("checked", "bold"),)
    for family, said in sorted(result.coverage.items()):
        yield ((f"  {printable(family)}: {printable(said)}", "dim"),)


def _table(counts: Tally) -> Iterator[Line]:
    """One row, as wide as its words: it must fit any terminal."""
    cells: list[Piece] = []
    for severity, count in counts.open.items():
        cells += [(f"{count:,} {severity}", _COLOURS[severity] if count else "dim"), ("  ", "")]
    yield tuple(cells[:-1])
    parts = {
        "new": counts.new,
        "waived": counts.waived,
        "with an expired waiver": counts.expired,
        "fixed": counts.fixed,
        "skipped": counts.skipped,
    }
    yield ((" · ".join(f"{count:,} {name}" for name, count in parts.items() if count or name == "new"), "dim"),)


def _decision(result: Result) -> Iterator[Line]:
    decision = result.decision
    style, words = _VERDICTS[decision.verdict]
    yield ()
    yield (words.upper(), style), (f"  gate {printable(decision.gate)}", "dim")
    for reason in decision.reasons:
        style, _ = _VERDICTS[reason.verdict]
        yield (
            (f"  {reason.verdict}", style),
            (f"  {printable(reason.text)}", ""),
            (f"  {printable(reason.rule)}", "dim"),
        )
    for family in decision.nothing_checked:
        yield (("  nothing was checked: ", "bold red"), (printable(family), "bold"))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


REPORT = Report("terminal", "text/plain", ".txt", write, "for a person at a terminal (the default)")
