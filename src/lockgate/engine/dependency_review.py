"""What a change does to components, and what the advisories say of it: the dependency review of a pull request.

``review`` reads both sides; ``markdown`` draws it for a comment. What does not belong: where the sides are found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lockgate.advisories.review import Review, compare
from lockgate.dataclass import dataclass
from lockgate.formats import lockfiles
from lockgate.formats.printable import printable
from lockgate.model import Component, File, Skip
from lockgate.sources import Source
from lockgate.store.advisories import AdvisoryStore, Match

_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class DependencyReview:
    """One review with what the store knows of it."""

    review: Review
    head: Sequence[Component]
    """All components of the new side."""
    brought: tuple[Match, ...]
    """Flaws that the head has and the base had not, in any version of the package."""
    left: tuple[Match, ...]
    skips: tuple[Skip, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the change leaves the components as they are."""
        return not self.rows()

    def rows(self) -> list[tuple[str, Component, str, str]]:
        """(what, component, old version, new version)."""
        rows = [("added", one, "", one.version) for one in self.review.added]
        rows += [("removed", one, one.version, "") for one in self.review.removed]
        changed = self.review.changed
        return rows + [(str(c.direction), c.after, c.before.version, c.after.version) for c in changed]


def review(base: Source, head: Source, store: AdvisoryStore | None) -> DependencyReview:
    """Both sides compared; without a store nothing is said of flaws."""
    before, base_skips = components(base)
    after, head_skips = components(head)
    flaws = _flaws(store, before, after)
    return DependencyReview(compare(before, after), after, *flaws, (*base_skips, *head_skips))


def components(source: Source) -> tuple[Sequence[Component], Sequence[Skip]]:
    """Those that lock and manifest files of a source name."""
    readings = [
        (row.path, lockfiles.read(row.path, row.load(), source.sibling))
        for row in source.collect(lambda path, size: lockfiles.wants(path))
        if isinstance(row, File)
    ]
    merged = lockfiles.merge(readings)
    return merged.components, merged.skips


def _flaws(
    store: AdvisoryStore | None, base: Sequence[Component], head: Sequence[Component]
) -> tuple[tuple[Match, ...], tuple[Match, ...]]:
    if store is None:
        return (), ()
    before, after = store.match(base), store.match(head)
    return _beyond(after, before), _beyond(before, after)


def _beyond(these: Iterable[Match], those: Iterable[Match]) -> tuple[Match, ...]:
    """Matches of ``these`` whose flaw and package ``those`` do not have; one for each package and version."""
    known = {(one.component.ecosystem, one.component.name, one.group) for one in those}
    found: dict[tuple[str, ...], Match] = {}
    for one in these:
        if (one.component.ecosystem, one.component.name, one.group) not in known:
            found.setdefault((one.component.purl, one.component.version, one.group), one)
    return tuple(found.values())


def severity_of(match: Match) -> str:
    """In words."""
    return "no severity" if match.severity is None else str(match.severity)


def markdown(answer: DependencyReview, *, most: int = _MOST_ROWS) -> str:
    """Tables for a comment or a summary, of at most so many rows each."""

    def cell(text: str) -> str:
        escaped = re.sub(r"([\\|\[\]*_~#@])", r"\\\1", printable(text))
        return escaped.replace("<", "&lt;").replace("`", "'")

    lines = ["### Dependency review", "",
             f"{len(answer.brought)} new vulnerabilities, {len(answer.left)} gone.", ""]  # fmt: skip
    if answer.brought:
        lines += ["| vulnerability | package | severity | fixed in |", "|---|---|---|---|"]
        lines += [
            f"| {cell(flaw.group)} | {cell(flaw.component.name)} {cell(flaw.component.version)} | "
            f"{severity_of(flaw)} | {cell(flaw.fixed_in) or 'no fix known'} |"
            for flaw in answer.brought[:most]
        ]
        lines.append("")
    rows = answer.rows()
    if rows:
        lines += ["| change | package | from | to | licence |", "|---|---|---|---|---|"]
        lines += [
            f"| {what} | {cell(one.name)} | {cell(old)} | {cell(new)} | {cell(one.licence)} |"
            for what, one, old, new in rows[:most]
        ]
    if len(rows) > most or len(answer.brought) > most:
        lines += ["", f"Of each table {most} rows are shown."]
    return "\n".join(lines) + "\n"
