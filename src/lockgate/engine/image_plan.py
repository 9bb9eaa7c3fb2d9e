"""What mends the vulnerable packages of an image, as few steps: another base, or an upgrade in one layer.

Pure. What came with layers of the base goes with the base: where the newest image that the record knows by the name
of the base no longer has the flaw, the step names it. Of a base that is known by its name alone the first layer is
certain, and what its newest image has as well is taken to have come with it. Else a package is upgraded where it was
brought. What no upgrade mends is told with how it stands, last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lockgate.advisories.versions import VersionError, sort_key
from lockgate.dataclass import dataclass
from lockgate.engine.image_changes import bare_ecosystem, flaw_key
from lockgate.formats.oci.bases import Base
from lockgate.formats.printable import clipped
from lockgate.model import Family, Finding, LayerFacts, PlanAction, PlanStep, SettledFinding
from lockgate.scanners.dependencies.lifetime import END_OF_LIFE

_TOLD = 4
"""Packages that the words of a step name."""
_STANDINGS = {
    "will-not-fix": "the distribution will not fix it",
    "end-of-life": "the distribution no longer mends this release",
}
_NO_FIX = "no fixed version is known"
_Flaw = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewerBase:
    """The image that the name of the base was last seen to be, compared with the same advisories."""

    name: str
    digest: str
    flaws: frozenset[_Flaw]
    """What it still has, as ``flaw_key`` has it; name and version of its distribution where that is past its end."""
    unjudged: frozenset[str] = frozenset()
    """Ecosystems of its packages, without the release, of which the store holds nothing: no flaw there says nothing."""

    packages: frozenset[tuple[str, str]] = frozenset()
    """All that it has: ecosystem without the release, and name."""

    def mends(self, flaw: _Flaw) -> bool:
        """Whether it is sure not to have the flaw."""
        if len(flaw) == 2:  # the end of a distribution's release, which another release may have met as well
            return not any(len(one) == 2 for one in self.flaws)
        if flaw[2].startswith(END_OF_LIFE):  # and that of a runtime, likewise
            return not any(one[:2] == flaw[:2] and one[2].startswith(END_OF_LIFE) for one in self.flaws if len(one) > 2)
        return flaw not in self.flaws and flaw[0] not in self.unjudged


@dataclass(frozen=True, slots=True)
class _Group:
    """What makes findings one step."""

    action: PlanAction
    layer: int | None = None
    subject: str = ""
    """The source package where the distribution has those, else package and version; the standing where none mends."""
    of_base: bool = False


def plan(
    findings: Iterable[SettledFinding], layers: Sequence[LayerFacts], base: Base | None, newer: NewerBase | None
) -> tuple[PlanStep, ...]:
    """The steps for open findings of packages; those that mend most (of as many, the worst) come first.

    ``layers``: of the image, from the base up. ``newer``: None where the record knows no newer base.
    """
    positions = {one.digest: one.position for one in reversed(layers) if one.digest}
    groups: dict[_Group, list[SettledFinding]] = {}
    for one in findings:
        if one.finding.family is Family.DEPENDENCIES and not one.waived:
            groups.setdefault(_group(one.finding, positions, base, newer), []).append(one)
    steps = [_step(group, members, layers, base, newer) for group, members in groups.items()]
    return tuple(sorted(steps, key=_order))


def _group(finding: Finding, positions: Mapping[str, int], base: Base | None, newer: NewerBase | None) -> _Group:
    layer = positions.get(finding.fact("layer"))
    of_base = base is not None and layer is not None and _came_with(base, layer, len(positions), finding, newer)
    if of_base and newer is not None and newer.mends(flaw_key(finding.subject.key)):
        return _Group(PlanAction.REBUILD, subject=newer.digest)
    if not _target(finding):
        return _Group(PlanAction.NONE, subject=_standing(finding))
    if of_base and newer is None:
        return _Group(PlanAction.REBUILD)
    ecosystem = bare_ecosystem(finding.fact("ecosystem"))
    return _Group(PlanAction.UPGRADE, layer, f"{ecosystem} {finding.fact('source') or _package(finding)}", of_base)


def _came_with(base: Base, layer: int, layers: int, finding: Finding, newer: NewerBase | None) -> bool:
    """Whether the base brought it: by its layers; where only its name is known, in the first layer of several, which is
    always the base's, or where the newest image of that name has such a package, too."""
    if base.layers or not base.name:
        return layer < base.layers
    package = bare_ecosystem(finding.fact("ecosystem")), finding.fact("package")
    return (layer == 0 and layers > 1) or (newer is not None and package in newer.packages)


def _target(finding: Finding) -> str:
    """The version that mends it, and all else that is known of the package where there is one; empty for none."""
    return "" if finding.fact("fix-state") else finding.fact("fixes-all") or finding.fact("fixed-in")


def _standing(finding: Finding) -> str:
    if finding.fact("ends"):
        return f"end of life {finding.fact('ends')}"
    return _STANDINGS.get(finding.fact("fix-state"), _NO_FIX)


def _package(finding: Finding) -> str:
    return f"{finding.fact('package')} {finding.fact('version')}" if finding.fact("package") else finding.subject.name


def _step(
    group: _Group, members: Sequence[SettledFinding], layers: Sequence[LayerFacts], base: Base | None,
    newer: NewerBase | None,
) -> PlanStep:  # fmt: skip
    packages = tuple(sorted({_package(one.finding) for one in members}))
    target = ""
    if group.action is PlanAction.UPGRADE:
        target = _highest(members)
        names = _listed(sorted({one.finding.fact("package") for one in members}))
        text = f"upgrade {names} to {target} {_place(group, layers, base)}"
    elif group.action is PlanAction.NONE:
        text = f"no upgrade mends {_listed(packages)}: {group.subject}"
    elif group.subject and newer is not None:
        target = f"{newer.name}@{newer.digest}"
        text = f"rebuild on base {target}, which no longer has this: {_listed(packages)}"
    else:
        text = f"rebuild on a newer {_named(base)} (the record knows none yet), which brought {_listed(packages)}"
    members = sorted(members, key=lambda one: (-one.finding.severity, one.identity))
    return PlanStep(
        group.action, text, packages, target, group.layer, tuple(one.identity for one in members),
        tuple(one.finding.severity for one in members),
    )  # fmt: skip


def _place(group: _Group, layers: Sequence[LayerFacts], base: Base | None) -> str:
    if group.of_base:
        return f"in a layer of yours: {_named(base)} brought it, and its newest still has this"
    if group.layer is None:
        return "where it was brought"
    layer = next(one for one in layers if one.position == group.layer)
    step = clipped(layer.instruction, 80)
    line = f"Dockerfile line {layer.line}" if layer.line else ""
    words = ", ".join(filter(None, (step, line)))
    whose = "your layer" if base is not None and base.layers else "layer"
    return f"in {whose} {group.layer}" + (f" ({words})" if words else "")


def _named(base: Base | None) -> str:
    return f"base {base.name}" if base is not None and base.name else "base"


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - _TOLD
    return ", ".join(names[:_TOLD]) + (f" and {rest:,} more" if rest > 0 else "")


def _highest(members: Sequence[SettledFinding]) -> str:
    """The highest of the versions that mend one of them, in the order of the ecosystem."""
    targets = sorted({_target(one.finding) for one in members})
    ecosystem = members[0].finding.fact("ecosystem")
    try:
        return max(targets, key=lambda one: sort_key(ecosystem, one))
    except VersionError:
        return targets[-1]


def _order(step: PlanStep) -> tuple[bool, int, tuple[int, ...], str]:
    worst = tuple(-one for one in step.severities)
    return step.action is PlanAction.NONE, -len(step.severities), worst, step.text
