"""The whole answer about one image on one page: what it is, what it stands on, what is in it, what is wrong with it."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lockgate.cli._check import exit_code
from lockgate.cli._image import Scanned, scanned
from lockgate.cli._image_base import base_of, known_images, newer_of, opened_base
from lockgate.cli._image_view import size_of
from lockgate.cli._outputs import outputs, write
from lockgate.cli._text import bar
from lockgate.engine.image_plan import plan
from lockgate.formats.oci.bases import Base
from lockgate.formats.printable import clipped, printable, veiled
from lockgate.model import ComponentKind, PlanAction, Result, SettledFinding, Severity, Verdict
from lockgate.reports import counted, fix_of, place_of, tally, title_of, worst_first
from lockgate.sources.image import Image
from lockgate.sources.image.facts import facts_of
from lockgate.sources.image.layers import step_of

_MOST_OF_A_SEVERITY = 12
"""Findings that are drawn; ``--format`` writes all of them."""
_MOST_STEPS = 12
_BAR = 16
_ANY_WIDTH = 100_000
_TOLD_LABELS = ("title", "version", "source", "revision", "vendor", "licenses")
_WORDS = {
    Verdict.ALLOW: "ALLOWED", Verdict.WARN: "ALLOWED, WITH WARNINGS", Verdict.ASK: "A PERSON HAS TO ANSWER",
    Verdict.DENY: "DENIED",
}  # fmt: skip


def show(arguments: argparse.Namespace) -> int:
    """Draw the page, or write what ``--format`` asks for; as exit code the decision."""
    wanted = outputs(arguments.format) if arguments.format else []
    found = scanned(arguments, bill=True, signatures=True)
    base = None
    if isinstance(found.image, Image):
        given = [opened_base(arguments, name) for name in arguments.base]
        base = base_of(found.image, known_images(arguments), given=given)
        layers = facts_of(found.image, inventoried=False).layers
        newer = newer_of(arguments, base, str(found.image.config.platform), found.result.run.started.date())
        found = replace(found, result=replace(found.result, plan=plan(found.result.findings, layers, base, newer)))
    if not any(one.path is None for one in wanted):
        width = max(shutil.get_terminal_size().columns, 80) if sys.stdout.isatty() else _ANY_WIDTH
        for line in page(found, base, width=width):
            print(line)
    write(found.result, wanted)
    return exit_code(found.decision)


def page(found: Scanned, base: Base | None, *, width: int) -> Iterator[str]:
    """The page in lines of ``width`` columns at most, safe to print."""
    for line in _page(found, base):
        yield clipped(line, width)


def _page(found: Scanned, base: Base | None) -> Iterator[str]:
    image = found.image
    if isinstance(image, Path):
        yield f"{printable(str(image))}: the root of a file system"
    else:
        yield from _heading(image)
        yield from _field("base", [_base(base)])
        yield from _field("signed", [_signed(found)])
        yield ""
        yield from _layers(found, image)
    yield ""
    yield from _packages(found)
    yield ""
    yield from _findings(found.result, image)
    yield from _rest(found.result)
    yield from _plan(found.result)
    yield ""
    yield from _verdict(found.result)


def _heading(image: Image) -> Iterator[str]:
    config = image.config
    yield printable(image.name)
    yield f"  {image.digest}"
    others = ", ".join(name for name in image.platforms if name != str(config.platform))
    yield printable(f"  {config.platform}{f', also {others}' if others else ''}; built {config.created or 'unknown'}")
    words = " ".join((*config.entrypoint, *config.command))
    ports = f"; ports {', '.join(config.ports)}" if config.ports else ""
    health = "with" if config.healthcheck and config.healthcheck[0] != "NONE" else "without"
    yield from _field("runs", [f"as {config.user or 'root'}{ports}; {health} a health check", veiled(words)])
    prefix = "org.opencontainers.image."
    labels = [f"{name} {config.labels[prefix + name]}" for name in _TOLD_LABELS if config.labels.get(prefix + name)]
    yield from _field("labels", [veiled("; ".join(labels))])


def _field(name: str, lines: list[str]) -> Iterator[str]:
    for at, text in enumerate(filter(None, lines)):
        yield f"  {'' if at else name:<9}{printable(text)}"


def _base(base: Base | None) -> str:
    if base is None:
        return "unknown: no label names it, and no image of the record or --base has its first layers"
    digest = f"@{base.digest}" if base.digest and "@" not in base.name else ""
    how = f"its first {base.layers} layers" if base.layers else "as its builder says"
    return f"{base.name or 'an image'}{digest} ({how})"


def _signed(found: Scanned) -> str:
    if found.attached is None:
        return "not asked here: what is attached to an image lies in a registry or a layout"
    if not found.attached:
        return "nothing is attached to it"
    counted = Counter(found.attached)
    names = ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
    return f"attached: {names}; lockgate verify holds it to your policy"


def _layers(found: Scanned, image: Image) -> Iterator[str]:
    surveyed = {one.index: one for one in found.survey.layers} if found.survey is not None else {}
    top = max((one.size for one in surveyed.values()), default=0)
    for layer in image.layers:
        one = surveyed.get(layer.index)
        size = f"{size_of(one.size):>9} {bar(one.size / top if top else 0.0, _BAR):<{_BAR}}" if one is not None else ""
        step = printable(veiled(step_of(layer))) or "the history does not tell what brought it"
        yield f"  {layer.index:>3} {size_of(layer.descriptor.size):>9} {size} {step}"
    pulled = sum(layer.descriptor.size for layer in image.layers)
    hidden = sum(one.hidden for one in surveyed.values())
    waste = f", of which {size_of(hidden)} no container sees" if hidden else ""
    unpacked = f", {size_of(sum(one.size for one in surveyed.values()))} unpacked{waste}" if surveyed else ""
    yield f"  {len(image.layers)} layers, {size_of(pulled)} pulled{unpacked}"


def _packages(found: Scanned) -> Iterator[str]:
    system = next((one for one in found.components if one.kind is ComponentKind.OPERATING_SYSTEM), None)
    packages = [one for one in found.components if one.kind is not ComponentKind.OPERATING_SYSTEM]
    counted = Counter(one.ecosystem for one in packages)
    names = ", ".join(f"{count:,} {name}" for name, count in counted.most_common())
    distribution = f"{system.name} {system.version}" if system is not None else "no distribution"
    text = f"{len(packages):,} packages on {distribution}" + (f": {names}" if names else "")
    yield f"  {printable(text)}"
    if "dependencies" not in found.result.coverage:
        yield "  not compared with advisories: lockgate advisories update brings them"


def _findings(result: Result, image: Image | Path) -> Iterator[str]:
    layers = {one.descriptor.digest: one.index for one in image.layers} if isinstance(image, Image) else {}
    shown: Counter[Severity] = Counter()
    told: set[str] = set()
    counts = tally(result)
    for settled in worst_first([one for one in result.findings if not one.waived]):
        severity = settled.finding.severity
        shown[severity] += 1
        if shown[severity] == 1:
            yield f"  {str(severity).upper()}: {counts.open[severity]:,}"
        if shown[severity] <= _MOST_OF_A_SEVERITY:
            fix = " ".join(fix_of(result, settled).split())
            yield f"    {_line(result, settled, layers)}"
            if fix and fix not in told:
                yield f"      fix: {printable(fix)}"
            told.add(fix)
        elif shown[severity] == counts.open[severity]:
            yield f"    and {shown[severity] - _MOST_OF_A_SEVERITY:,} more (--format json has them)"
    if not counts.total:
        yield "  no findings"


def _line(result: Result, settled: SettledFinding, layers: dict[str, int]) -> str:
    finding = settled.finding
    layer = finding.fact("layer")
    layer = str(layers.get(layer, layer))
    what = finding.aliases[0] if finding.aliases else title_of(result, settled)
    subject = finding.subject.name if finding.subject.kind in ("component", "image") else place_of(finding.location)
    place = f" (layer {layer})" if layer else ""
    return printable(f"{subject}: {what}{place}  {finding.rule}")


def _rest(result: Result) -> Iterator[str]:
    waived = sum(one.waived for one in result.findings)
    parts = {"waived": waived, "fixed since the last run": len(result.fixed), "not read": len(result.skips)}
    said = ", ".join(f"{count:,} {name}" for name, count in parts.items() if count)
    if said:
        yield f"  {said}"
    for family, line in sorted(result.coverage.items()):
        yield f"  checked {printable(family)}: {printable(line)}"


def _plan(result: Result) -> Iterator[str]:
    if not result.plan:
        return
    yield ""
    yield "  what mends its packages:"
    for step in result.plan[:_MOST_STEPS]:
        mark = "-" if step.action is PlanAction.NONE else "*"
        yield f"    {mark} {printable(veiled(step.text))}  [{counted(step)}]"
    if len(result.plan) > _MOST_STEPS:
        yield f"    and {len(result.plan) - _MOST_STEPS:,} more steps (--format json has them)"


def _verdict(result: Result) -> Iterator[str]:
    decision = result.decision
    yield f"{_WORDS[decision.verdict]}  gate {printable(decision.gate)}"
    for reason in decision.reasons:
        yield printable(f"  {reason.verdict}: {reason.text}  {reason.rule}")
    for family in decision.nothing_checked:
        yield f"  nothing was checked: {printable(family)}"
