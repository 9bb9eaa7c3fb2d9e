"""One run of the checks on images: surveys in, findings and skips out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError, NothingCheckedError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci.survey import Survey, read
from lockgate.formats.printable import clipped, printable, veiled
from lockgate.model import Family, File, Finding, Fix, Location, Related, Rule, Skip, SkipKind, Subject
from lockgate.scanners import ScanContext
from lockgate.scanners.images import checks_config, checks_files
from lockgate.scanners.images.view import Check, Hit, View

MAX_HITS = 200
"""Findings of one rule in one image; what is beyond is told in a Skip."""
_HISTORY, _CONFIG = "image-history/Dockerfile", "image-config"
"""Where findings about steps and about the configuration show, beside files of the image."""


@dataclass(frozen=True, slots=True)
class _Judged:
    rule: Rule
    check: Check
    parameters: Mapping[str, Any]


def known_checks() -> dict[str, Check]:
    """Every check by its name."""
    return {**checks_config.CHECKS, **checks_files.CHECKS}


@dataclass(slots=True)
class ImageSession:
    """The rules, ready."""

    rules: tuple[_Judged, ...]
    today: date | None
    images: int = 0

    def feed(self, row: File) -> Iterator[Finding | Skip]:
        """Judge one image."""
        try:
            survey = read(row.load())
        except FormatError as error:
            yield Skip(row.path, SkipKind.MALFORMED, error.reason, Family.IMAGES)
            return
        self.images += 1
        if survey.left_out:
            reason = f"{survey.left_out:,} files and programs more than are looked at"
            yield Skip(row.path, SkipKind.LIMIT, reason, Family.IMAGES)
        for one in self.rules:
            hits = list(islice(one.check(View(survey, one.parameters, self.today)), MAX_HITS + 1))
            for hit in hits[:MAX_HITS]:
                yield _finding(survey, one.rule, hit)
            if len(hits) > MAX_HITS:
                reason = f"more than {MAX_HITS} findings of {one.rule.id}; the rest is not listed"
                yield Skip(row.path, SkipKind.LIMIT, reason, Family.IMAGES)

    def finish(self) -> Iterator[Finding | Skip]:
        """Nothing is held back."""
        return iter(())

    def coverage(self) -> str:
        """Images and rules; empty when there was no image."""
        return f"{self.images} image{'s'[: self.images != 1]}, {len(self.rules)} rules" if self.images else ""


def start(rules: Sequence[Rule], context: ScanContext) -> ImageSession:
    """A session. Raises ``ConfigurationError`` for a rule that names no check."""
    known = known_checks()
    judged: list[_Judged] = []
    for rule in rules:
        name = rule.logic.get("check")
        if not {"check"} <= set(rule.logic) <= {"check", "parameters"} or name not in known:
            raise ConfigurationError(
                f"the logic must be {{check: name, parameters: ...}} with a known check, not {dict(rule.logic)!r}",
                where=rule.id, hint=f"known checks: {', '.join(sorted(known))}",
            )  # fmt: skip
        own = dict(rule.logic.get("parameters") or {})
        own |= {key: context.options[key] for key in own if key in context.options}
        judged.append(_Judged(rule, known[name], own))
    if not judged:
        raise NothingCheckedError("there is no rule for images", hint="reinstall lockgate: its rules are missing")
    return ImageSession(tuple(judged), date.fromisoformat(context.today) if context.today else None)


def _finding(survey: Survey, rule: Rule, hit: Hit) -> Finding:
    facts, words = _brought_by(survey, hit)
    key = hashlib.sha256(hit.key.encode("utf-8", "replace")).hexdigest()[:24]  # a step may hold anything
    name = printable(hit.path or hit.field or veiled(hit.key))
    detail = printable(hit.detail)
    return Finding(
        rule.id, rule.family, rule.severity, rule.confidence,
        Subject("file" if hit.path else "image", clipped(name, 200), key), _location(hit),
        " ".join(filter(None, (veiled(detail), words))), Fix(rule.fix), facts=tuple(facts),
    )  # fmt: skip


def _location(hit: Hit) -> Location:
    if hit.path:
        return Location(hit.path)
    if hit.step >= 0:
        return Location(_HISTORY, hit.step + 1)
    return Location(_CONFIG, pointer=f"/{hit.field}") if hit.field else Location(_CONFIG)


def _brought_by(survey: Survey, hit: Hit) -> tuple[list[Related], str]:
    """Layer, step and line of what is at fault, as facts and as a sentence."""
    layer = hit.layer
    step = hit.step if hit.step >= 0 else next(
        (at for at, one in enumerate(survey.steps) if one.layer == layer and layer >= 0), -1
    )  # fmt: skip
    facts: list[Related] = []
    text = ""
    if step >= 0:
        one = survey.steps[step]
        line = f"Dockerfile line {one.line}" if one.line else ""
        text = ", ".join(filter(None, (clipped(printable(veiled(one.text)), 100), line)))
        facts.append(Related("instruction", text))
        layer = layer if layer >= 0 else one.layer
    if layer >= 0:
        facts.append(Related("layer", str(layer)))
        digest = next((one.digest for one in survey.layers if one.index == layer), "")
        if digest:
            facts.append(Related("layer-digest", digest))
    if survey.is_root:
        return [], ""
    if hit.layer >= 0:
        return facts, f"Layer {layer} brought it" + (f" ({text})." if text else ".")
    return facts, f"Step {step + 1}: {text}." if text else ""
