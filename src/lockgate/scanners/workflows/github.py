"""Turns what zizmor says of a GitHub Actions file into findings of our rules, known again by job and step."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence

from lockgate.formats.printable import veiled
from lockgate.formats.yaml_safe import Node
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Confidence, Finding, Fix, Location, Rule, Severity, Subject
from lockgate.scanners.workflows.zizmor import Raw

_SEVERITIES = {
    "Informational": Severity.INFO, "Low": Severity.LOW, "Medium": Severity.MEDIUM, "High": Severity.HIGH,
}  # fmt: skip
_CONFIDENCES = {"Low": Confidence.LOW, "Medium": Confidence.MEDIUM, "High": Confidence.HIGH}
_OTHER = "other-audit"
_REGULAR = "Regular"


def rules_by_audit(rules: Sequence[Rule]) -> dict[str, Rule]:
    """The rules whose logic names an audit."""
    return {str(rule.logic["audit"]): rule for rule in rules if "audit" in rule.logic}


def findings(
    path: str, raws: Sequence[Raw], *, root: Node | None, lines: Sequence[str], rules: Mapping[str, Rule]
) -> Iterator[Finding]:
    """One finding an answer. Answers of zizmor's stricter personas count only where the rule asks for them."""
    plain = [(raw.audit, raw.route) for raw in raws if raw.persona == _REGULAR]
    for raw in raws:
        rule = rules.get(raw.audit) or rules.get(_OTHER)
        if rule is None:
            continue
        # A stricter persona often says of the whole file what the regular one says of one job in it.
        again = any(audit == raw.audit and route[: len(raw.route)] == raw.route for audit, route in plain)
        asked = raw.persona.lower() == rule.logic.get("persona") and not again
        if raw.persona != _REGULAR and not asked:
            continue
        # The rule's grades are the worst case; zizmor knows the single one.
        severity = min(rule.severity, _SEVERITIES.get(raw.severity, Severity.LOW))
        confidence = min(rule.confidence, _CONFIDENCES.get(raw.confidence, Confidence.LOW))
        audit = f"{raw.audit}|" if rule.logic["audit"] == _OTHER else ""
        subject = _subject(root, raw.route, audit)
        end = min(raw.end_line, raw.line + 11)
        location = Location(
            path, raw.line, raw.end_line, raw.column, pointer="/" + "/".join(str(part) for part in raw.route),
            snippet=tuple(masked(line) for line in lines[raw.line - 1 : end]),
        )  # fmt: skip
        message = f"{subject.name}: {rule.title[0].lower()}{rule.title[1:]}"
        if audit:
            message = f"{subject.name}: {raw.text} ({raw.audit})"
        note = raw.annotation if re.fullmatch(r"[\w\s,.:'/()-]{1,120}", raw.annotation) else ""
        yield Finding(
            rule.id, rule.family, severity, confidence, subject, location, f"{message}{'; ' + note if note else ''}.",
            Fix(rule.fix),
        )  # fmt: skip


_LONG = lazy_pattern(r"\b(?![0-9a-f]{40}\b|[0-9a-f]{64}\b)(?=\w*\d)(?=\w*[A-Za-z])\w{32,200}\b")


def masked(line: str) -> str:
    """A line cut to 200 characters, without what looks like a value that nobody should read."""
    return _LONG.sub("***", veiled(line[:200]))


def _subject(root: Node | None, route: tuple[str | int, ...], audit: str) -> Subject:
    job, step, rest = "", None, list(route)
    steps_at = rest.index("steps") if "steps" in rest else -1
    if rest[:1] == ["jobs"] and len(rest) > 1:
        job = str(rest[1])
    if 0 <= steps_at < len(rest) - 1:
        step = _step_identity(_at(root, rest[: steps_at + 2]))
        tail = rest[steps_at + 2 :]
    else:
        tail = [part for part in rest[2 if job else 0 :] if not isinstance(part, int)]
    where = "/".join(str(part) for part in tail if not isinstance(part, int))
    key = f"{audit}job={job}|step={step or ''}|at={where}"
    if step is not None:
        name = f"job {job}, step {step}" if job else f"step {step}"
        return Subject("step", name, key)
    return Subject("job", f"job {job}", key) if job else Subject("file", "the file", key)


def _at(root: Node | None, route: Sequence[str | int]) -> Node | None:
    node = root
    for part in route:
        if node is None:
            return None
        items = node.items
        if isinstance(part, str):
            node = node.get(part)
        elif part < len(items):
            node = items[part]
        else:
            return None
    return node


def _step_identity(step: Node | None) -> str:
    if step is None:
        return "?"
    for key in ("id", "name"):
        value = step.get(key)
        if value is not None and value.text.strip():
            return value.text.strip()[:80]
    uses, run = step.get("uses"), step.get("run")
    if uses is not None and uses.text:
        return uses.text.partition("@")[0][:80]
    if run is not None and run.text.strip():
        first = " ".join(run.text.strip().split("\n", 1)[0].split())
        return f"run {hashlib.sha256(first.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return "?"
