"""Findings and decision drawn for one reader: one report a module, under ``REPORT``. Pure: a Result in, text out.

Everything a repository can set (paths, names, messages) is hostile: escaped for HTML, Markdown, CSV (formula
injection), XML and the terminal (control and bidi characters). What members share stands here and in ``formats``,
because members do not import each other.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from operator import attrgetter
from typing import TextIO

from lockgate.dataclass import dataclass
from lockgate.discover import entry_points, member_names
from lockgate.errors import ConfigurationError, UsageError
from lockgate.model import Location, PlanStep, Result, Rule, SettledFinding, Severity, State


@dataclass(frozen=True, slots=True)
class Report:
    """One form of a Result."""

    name: str
    """As in ``--format NAME``; the name of its module."""
    media_type: str
    suffix: str
    """File ending with its dot."""
    write: Callable[[Result, TextIO], None]
    about: str = ""
    """One line for ``--help`` and the reference page."""


def members() -> list[str]:
    """Names for ``--format``: built-in ones in name order, then those of entry points. Imports no report."""
    built_in = member_names(sys.modules[__name__])
    return built_in + sorted({point.name for point in entry_points(__name__)} - set(built_in))


def get(name: str) -> Report:
    """The report of that name, importing it alone. ``UsageError`` with the nearest name when there is none."""
    if name in member_names(sys.modules[__name__]):
        loaded: object = getattr(import_module(f"{__name__}.{name}"), "REPORT", None)
    else:
        points = [point for point in entry_points(__name__) if point.name == name]
        if not points:
            raise UsageError(f"there is no report {name!r}", where="--format", hint=_suggestion(name))
        target = points[0].load()
        loaded = getattr(target, "REPORT", target)
    if not isinstance(loaded, Report):
        raise ConfigurationError(f"the report {name!r} does not define REPORT as a Report", where=f"{__name__}.{name}")
    return loaded


def _suggestion(name: str) -> str:
    import difflib

    known = members()
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"choose one of: {', '.join(known)}"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of what, as every report counts it."""

    open: dict[Severity, int]
    """Open findings that no waiver covers, by severity, worst first; every severity is there."""
    new: int
    """Of those, the new ones."""
    waived: int
    expired: int
    """Open findings whose waiver has expired; they count as open."""
    fixed: int
    skipped: int
    components: int

    @property
    def total(self) -> int:
        """Open findings that no waiver covers."""
        return sum(self.open.values())


def tally(result: Result) -> Tally:
    """Count the result once, the same way for every reader."""
    open_findings: Sequence[SettledFinding] = result.findings
    waived = [one.waiver for one in open_findings]
    if any(waived):
        open_findings = [one for one in open_findings if one.waiver is None or one.waiver.expired]
    levels = Counter([one.finding.severity._value_ for one in open_findings])  # to hash an enumeration's value is slow
    states = [one.state for one in open_findings]
    return Tally(
        open={level: levels[level._value_] for level in sorted(Severity, reverse=True)},
        new=states.count(State.NEW),
        waived=len(result.findings) - len(open_findings),
        expired=sum([one is not None and one.expired for one in waived]) if any(waived) else 0,
        fixed=len(result.fixed),
        skipped=len(result.skips),
        components=len(result.components),
    )


def worst_first(findings: Sequence[SettledFinding]) -> list[SettledFinding]:
    """Most severe first, then path, line, rule and identity: the same order for the same findings."""
    return sorted(sorted(findings, key=_place), key=_severity, reverse=True)  # which keeps the order of equal ones


_severity = attrgetter("finding.severity._value_")
_place = attrgetter(
    "finding.location.path", "finding.location.line", "finding.location.column", "finding.rule", "identity"
)


def rule_of(result: Result, settled: SettledFinding) -> Rule | None:
    """The rule of a finding, when the result carries it."""
    return result.rules.get(settled.finding.rule)


def title_of(result: Result, settled: SettledFinding) -> str:
    """Title of the rule, or the message where the rule is not at hand (imported findings)."""
    rule = rule_of(result, settled)
    return rule.title if rule else settled.finding.message


def place_of(location: Location) -> str:
    """``path:line:column`` as editors and terminals open it, without the parts that are not known."""
    numbers = [location.line, location.column] if location.line else []
    return ":".join([location.path or "(no file)", *(str(number) for number in numbers if number)])


def fix_of(result: Result, settled: SettledFinding) -> str:
    """What to do: the finding's own fix, else its rule's, else nothing."""
    if settled.finding.fix:
        return settled.finding.fix.text
    rule = rule_of(result, settled)
    return rule.fix if rule else ""


def counted(step: PlanStep) -> str:
    """How many findings a step is about, of which severity: ``2 critical, 1 low``."""
    counts = Counter(step.severities)
    return ", ".join(f"{count:,} {severity}" for severity, count in sorted(counts.items(), reverse=True))
