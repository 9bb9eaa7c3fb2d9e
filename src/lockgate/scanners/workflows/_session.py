"""One run of the workflow engine: files in, findings and skips out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError, NothingCheckedError
from lockgate.formats.format_error import FormatError
from lockgate.formats.yaml_safe import Node, compose_all
from lockgate.model import Family, File, Finding, Rule, Skip, SkipKind
from lockgate.scanners import ScanContext
from lockgate.scanners.workflows import azure, github, zizmor
from lockgate.scanners.workflows._wanted import MAX_BYTES, kind_of, looks_like
from lockgate.scanners.workflows.checks_azure import CHECKS, Check

MAX_DEPTH = 60
MAX_FILES = 2000
"""Files held for one call of zizmor; what is beyond is a Skip."""


@dataclass(slots=True)
class _Held:
    kind: str
    content: bytes
    root: Node | None


@dataclass(slots=True)
class WorkflowSession:
    audits: dict[str, Rule]
    checks: list[tuple[Rule, Check]]
    context: ScanContext
    held: dict[str, _Held] = field(default_factory=dict)
    audited: int = 0
    pipelines: int = 0

    def feed(self, row: File) -> Iterator[Finding | Skip]:
        """Judge an Azure pipeline at once; hold a GitHub file back for ``finish``."""
        kind = kind_of(row.path)
        if row.size > MAX_BYTES:
            yield _skip(row.path, SkipKind.TOO_LARGE, f"the file has {row.size} bytes; at most {MAX_BYTES} are read")
            return
        content = row.load()
        if not kind and not looks_like(row.path, content):
            return
        try:
            roots = compose_all(content, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
        except FormatError as error:
            yield _skip(row.path, error.kind, error.reason, line=error.line)
            return
        root = roots[0] if roots else None
        if kind and len(self.held) >= MAX_FILES:
            yield _skip(row.path, SkipKind.LIMIT, f"more than {MAX_FILES} workflow files in one run")
        elif kind:
            self.held[row.path] = _Held(kind, content, root)
        elif root is not None and azure.is_pipeline(row.path, root):
            self.pipelines += 1
            pipeline = azure.read(row.path, content, root)
            for rule, check in self.checks:
                yield from azure.findings(pipeline, rule, check(pipeline))

    def finish(self) -> Iterator[Finding | Skip]:
        """Ask zizmor about every file held."""
        if not self.held or not self.audits:
            return
        try:
            answers = zizmor.audit(
                {path: (held.kind, held.content) for path, held in self.held.items()}, self.context.cache_dir
            )
        except zizmor.ZizmorError as error:
            for path in self.held:
                yield _skip(path, SkipKind.MISSING_TOOL, f"not audited: {error}")
            return
        for path, held in self.held.items():
            raws = answers.get(path)
            if raws is None:
                yield _skip(path, SkipKind.MALFORMED, "zizmor could not read it as a workflow or action")
                continue
            self.audited += 1
            lines = held.content.decode("utf-8", "replace").split("\n")
            yield from github.findings(path, raws, root=held.root, lines=lines, rules=self.audits)
        self.held.clear()

    def coverage(self) -> str:
        """Files by kind; empty when nothing was judged."""
        if not self.audited and not self.pipelines:
            return ""
        parts = [f"{self.audited} GitHub Actions files by zizmor with {len(self.audits)} rules"] if self.audited else []
        if self.pipelines:
            parts.append(f"{self.pipelines} Azure pipelines with {len(self.checks)} rules")
        return ", ".join(parts)


def _skip(path: str, kind: SkipKind, reason: str, *, line: int = 0) -> Skip:
    return Skip(path, kind, reason, family=Family.WORKFLOWS.value, line=line)


def start(rules: Sequence[Rule], context: ScanContext) -> WorkflowSession:
    if not rules:
        raise NothingCheckedError("there is no rule for workflows", hint="reinstall lockgate: its rules are missing")
    checks: list[tuple[Rule, Check]] = []
    for rule in rules:
        if "audit" in rule.logic and set(rule.logic) <= {"audit", "persona"}:
            continue
        name = rule.logic.get("check")
        if set(rule.logic) != {"check"} or name not in CHECKS:
            raise ConfigurationError(
                f"the logic must be {{audit: id}} or {{check: name}}, not {dict(rule.logic)!r}",
                where=rule.id,
                hint=f"known checks: {', '.join(sorted(CHECKS))}",
            )
        checks.append((rule, CHECKS[name]))
    return WorkflowSession(github.rules_by_audit(rules), checks, context)
