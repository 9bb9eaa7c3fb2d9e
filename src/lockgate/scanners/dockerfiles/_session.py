"""One run of the Dockerfile engine: files in, findings and skips out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import islice

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError, NothingCheckedError
from lockgate.formats.dockerfile import MAX_BYTES, Stage, parse
from lockgate.formats.printable import veiled
from lockgate.model import Family, File, Finding, Fix, Location, Rule, Skip, SkipKind, Subject
from lockgate.scanners import ScanContext
from lockgate.scanners.dockerfiles import checks_base, checks_packages, checks_run, checks_secrets, checks_trust
from lockgate.scanners.dockerfiles.view import Check, Hit, View, image

_TEMPLATES = (".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".template", ".erb", ".in", ".mustache", ".m4")
MAX_HITS = 200
"""Findings of one rule in one file; what is beyond is counted in a Skip."""


def known_checks() -> dict[str, Check]:
    found: dict[str, Check] = {}
    for module in (checks_base, checks_packages, checks_run, checks_secrets, checks_trust):
        for name, check in module.CHECKS.items():
            if name in found:
                raise ConfigurationError(f"two checks are named {name!r}", where=module.__name__)
            found[name] = check
    return found


@dataclass(slots=True)
class DockerfileSession:
    rules: list[tuple[Rule, Check]]
    context: ScanContext
    files: int = 0
    instructions: int = 0
    judged: list[str] = field(default_factory=list)

    def feed(self, row: File) -> Iterator[Finding | Skip]:
        """Judge one Dockerfile."""
        if row.path.lower().endswith(_TEMPLATES):
            yield _skip(row.path, SkipKind.UNSUPPORTED, "a template: what it builds is known only after it is rendered")
            return
        if row.size > MAX_BYTES:
            yield _skip(row.path, SkipKind.TOO_LARGE, f"the file has {row.size} bytes; at most {MAX_BYTES} are read")
            return
        parsed = parse(row.load())
        for problem in parsed.problems:
            kind = SkipKind.TOO_LARGE if "at most" in problem.reason else SkipKind.MALFORMED
            yield _skip(row.path, kind, problem.reason, line=problem.line)
        if not parsed.stages:
            return
        self.files += 1
        for stage in parsed.stages:
            self.instructions += 1 + len(stage.instructions)
            if not stage.opening.resolved:
                reason = "the base image is a build argument without a default, so it was not judged"
                yield _skip(row.path, SkipKind.UNRESOLVED, reason, line=stage.opening.line)
        view = View(row.path, parsed, self.context.options)
        names = _stage_names(parsed.stages)
        hits = [(rule, hit) for rule, check in self.rules for hit in islice(check(view), MAX_HITS + 1)]
        # A value that one rule recognises as a secret must not show in the snippet of another.
        hide = tuple({value for _, hit in hits for value in hit.hide if len(value) >= 3})
        seen: set[tuple[str, str, int]] = set()
        counts: Counter[str] = Counter()
        for rule, hit in hits:
            counts[rule.id] += 1
            if counts[rule.id] > MAX_HITS:
                reason = f"more than {MAX_HITS} findings of {rule.id}; the rest is not listed"
                yield _skip(row.path, SkipKind.LIMIT, reason)
                continue
            finding = _finding(view, rule, hit, names=names, hide=hide)
            place = (rule.id, finding.subject.key, hit.line)
            if place not in seen:
                seen.add(place)
                yield finding

    def finish(self) -> Iterator[Finding | Skip]:
        """Nothing is held back."""
        return iter(())

    def coverage(self) -> str:
        """Files, instructions and rules; empty when there was no Dockerfile."""
        if not self.files:
            return ""
        return f"{self.files} Dockerfiles with {self.instructions} instructions, {len(self.rules)} rules"


def _skip(path: str, kind: SkipKind, reason: str, *, line: int = 0) -> Skip:
    return Skip(path, kind, reason, family=Family.DOCKERFILES.value, line=line)


def _stage_names(stages: Sequence[Stage]) -> dict[int, str]:
    """What identifies each stage: its name, or its base without the tag; a repeated one gets its count."""
    counts: dict[str, int] = {}
    names: dict[int, str] = {}
    for stage in stages:
        raw = stage.base or (stage.opening.words[0] if stage.opening.words else "")
        name = stage.name or f"from {image(raw).name}"
        counts[name] = counts.get(name, 0) + 1
        names[stage.index] = name if counts[name] == 1 else f"{name} ({counts[name]})"
    return names


def _finding(view: View, rule: Rule, hit: Hit, *, names: dict[int, str], hide: tuple[str, ...]) -> Finding:
    stage = names[hit.stage.index] if hit.stage is not None else "file"
    # Hashed: the essence may hold a whole command line, which nobody promised to be free of secrets.
    essence = hashlib.sha256(_masked(" ".join(hit.essence.split()), hide).encode("utf-8", "replace")).hexdigest()
    keyword = hit.essence.split(" ", 1)[0]
    subject = Subject("instruction", f"{keyword} in stage {stage}", f"{stage}|{essence[:24]}")
    lines = tuple(_masked(line, hide)[:200] for line in view.file.lines[hit.line - 1 : hit.end_line][:12])
    location = Location(view.path, hit.line, hit.end_line, snippet=lines)
    return Finding(
        rule.id, rule.family, rule.severity, rule.confidence, subject, location, _masked(hit.detail, hide),
        Fix(rule.fix, hit.edits),
    )  # fmt: skip


def _masked(text: str, hide: tuple[str, ...]) -> str:
    for value in sorted(hide, key=len, reverse=True):
        if value:
            text = text.replace(value, "***")
    return veiled(text)


def start(rules: Sequence[Rule], context: ScanContext) -> DockerfileSession:
    known = known_checks()
    pairs: list[tuple[Rule, Check]] = []
    for rule in rules:
        name = rule.logic.get("check")
        if set(rule.logic) != {"check"} or name not in known:
            raise ConfigurationError(
                f"the logic must be {{check: name}} with a known check, not {dict(rule.logic)!r}",
                where=rule.id,
                hint=f"known checks: {', '.join(sorted(known))}",
            )
        pairs.append((rule, known[name]))
    if not pairs:
        raise NothingCheckedError("there is no rule for Dockerfiles", hint="reinstall lockgate: its rules are missing")
    return DockerfileSession(pairs, context)
