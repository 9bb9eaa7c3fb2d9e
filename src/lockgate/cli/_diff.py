"""The work of ``lockgate diff``: components of both sides, what changed, and what the advisories say of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lockgate.cli._project import Project, project_at
from lockgate.cli._text import safe
from lockgate.engine.dependency_review import DependencyReview, markdown, review, severity_of
from lockgate.errors import ExitCode, NothingCheckedError
from lockgate.model import Component
from lockgate.settings.globs import matcher as excluder
from lockgate.sources import Source
from lockgate.sources.repository import Git, TreeSource
from lockgate.sources.repository.changes import CommitSource
from lockgate.sources.repository.git import resolved
from lockgate.store.advisories import AdvisoryStore, Match


def run(arguments: argparse.Namespace) -> int:
    """Print the review; 1 when the change brings a flaw."""
    project = project_at(Path.cwd())
    if project.git is None:
        raise NothingCheckedError("not a git repository", where=str(project.top))
    store = AdvisoryStore.open(Path(arguments.advisories)) if arguments.advisories else _own_store(project)
    answer = review(_side(project, project.git, arguments.base), _side(project, project.git, arguments.head), store)
    {"text": _text, "json": _json, "markdown": _markdown}[arguments.format](answer)
    for skip in answer.skips:
        print(f"not read: {safe(skip.path)}: {safe(skip.reason)}", file=sys.stderr)
    unknown = _unknown_ecosystems(store, answer.head)
    if unknown:
        print(f"not checked: the store knows nothing of {', '.join(unknown)}", file=sys.stderr)
    if store is None:
        raise NothingCheckedError(
            "there is no advisory store: whether the change brings a vulnerability was not checked",
            hint="lockgate advisories update SOURCE ...",
        )
    return int(ExitCode.DENIED if answer.brought else ExitCode.ALLOWED)


def _unknown_ecosystems(store: AdvisoryStore | None, components: Sequence[Component]) -> list[str]:
    known = set(store.meta().get("ecosystems", ())) if store is not None else set()
    return sorted({one.ecosystem for one in components} - known) if store is not None else []


def _own_store(project: Project) -> AdvisoryStore | None:
    path = project.workspace.advisories
    return AdvisoryStore.open(path) if path.exists() else None


def _side(project: Project, git: Git, revision: str) -> Source:
    excluded = excluder(project.settings.exclude)
    if not revision:
        return TreeSource(project.top, excluded)
    return CommitSource(git, resolved(git, revision), None, excluded)


def _text(answer: DependencyReview) -> None:
    for what, one, old, new in answer.rows():
        versions = " -> ".join(filter(None, (old, new)))
        print(f"{what:<10} {safe(one.ecosystem)} {safe(one.name)} {safe(versions)}  ({safe(one.path)})")
    for change in answer.review.licences:
        print(f"licence    {safe(change.after.name)}: {safe(change.before.licence or 'none stated')} -> "
              f"{safe(change.after.licence or 'none stated')}")  # fmt: skip
    for sign, matches in (("NEW", answer.brought), ("gone", answer.left)):
        for flaw in matches:
            fix = f"; fixed in {flaw.fixed_in}" if flaw.fixed_in and sign == "NEW" else ""
            print(f"{sign:<10} {safe(flaw.group)} in {safe(flaw.component.name)} {safe(flaw.component.version)} "
                  f"({severity_of(flaw)}{safe(fix)})")  # fmt: skip
    count = len(answer.review.added), len(answer.review.removed), len(answer.review.changed)
    print(f"{count[0]} added, {count[1]} removed, {count[2]} changed; {len(answer.brought)} new vulnerabilities, "
          f"{len(answer.left)} gone")  # fmt: skip


def _json(answer: DependencyReview) -> None:
    import orjson

    document: dict[str, Any] = {
        "schema": "lockgate/diff/1",
        "changes": [
            {"what": what, "ecosystem": c.ecosystem, "name": c.name, "from": old, "to": new, "path": c.path,
             "licence": c.licence, "direct": c.direct, "scope": c.scope}
            for what, c, old, new in answer.rows()
        ],
        "licences": [
            {"name": c.after.name, "from": c.before.licence, "to": c.after.licence} for c in answer.review.licences
        ],
        "vulnerabilities": {"new": [_flaw(m) for m in answer.brought], "gone": [_flaw(m) for m in answer.left]},
        "skips": [{"path": s.path, "kind": s.kind, "reason": s.reason} for s in answer.skips],
    }  # fmt: skip
    print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def _flaw(match: Match) -> dict[str, Any]:
    return {
        "id": match.group,
        "aliases": list(match.ids),
        "name": match.component.name,
        "version": match.component.version,
        "severity": str(match.severity) if match.severity is not None else None,
        "score": match.score,
        "fixed_in": match.fixed_in,
        "via": list(match.component.via),
    }


def _markdown(answer: DependencyReview) -> None:
    print(markdown(answer), end="")
