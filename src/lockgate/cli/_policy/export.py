"""``lockgate policy export``: the rulebook's policies as objects that a cluster or Azure enforces without us."""

from __future__ import annotations

import argparse
import fnmatch
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lockgate.cli._project import project_at
from lockgate.cli._text import safe
from lockgate.errors import ExitCode, SourceError, UsageError
from lockgate.model import Family, Rule
from lockgate.policy.catalogue import Policies
from lockgate.policy.catalogue.export import Exported


def run(arguments: argparse.Namespace) -> int:
    """Write what was asked for; the exit code."""
    options = project_at(Path.cwd()).scanner_options().get(Family.POLICY.value, {})
    form = arguments.format
    rules = _chosen(arguments.rules, azure=form == "azure")
    exported = _exported(rules, options, form, arguments.then)
    written = [one for one in exported if one.documents]
    if arguments.out is None:
        sys.stdout.write(_text([body for one in written for body in one.documents], form))
    else:
        _write(Path(arguments.out), written, form)
        print(f"{len(written)} of {len(exported)} rules exported to {safe(arguments.out)} as {form}")
    for one in exported:
        if one.reason:
            print(f"not exported: {one.rule.id}: {safe(one.reason)}", file=sys.stderr)
    return int(ExitCode.ALLOWED if written else ExitCode.NOTHING_CHECKED)


def _chosen(patterns: Sequence[str], *, azure: bool) -> list[Rule]:
    from lockgate.rules import load

    rules = [rule for rule in load([Family.POLICY]).rules if ("types" in rule.logic) is azure]
    wanted = [one for text in patterns for one in text.split(",") if one]
    if not wanted:
        return rules
    for one in wanted:
        if not any(_named(rule, one) for rule in rules):
            what = "Azure resources" if azure else "Kubernetes objects"
            raise UsageError(f"no rule for {what} is called {one!r}", hint="lockgate rules --family policy")
    return [rule for rule in rules if any(_named(rule, one) for one in wanted)]


def _named(rule: Rule, pattern: str) -> bool:
    return fnmatch.fnmatchcase(str(rule.id), pattern) or fnmatch.fnmatchcase(str(rule.id).rpartition("/")[2], pattern)


def _exported(rules: Sequence[Rule], options: Mapping[str, Any], form: str, action: str) -> list[Exported]:
    policies = Policies(rules, options)
    if form == "azure":
        from lockgate.policy.catalogue import export_azure

        return export_azure.export(policies.azure)
    from lockgate.policy.catalogue.export import export

    return export([*policies.kubernetes, *policies.among], form, action=action)


def _text(bodies: Sequence[Mapping[str, Any]], form: str) -> str:
    if form == "azure":
        return json.dumps(bodies[0] if len(bodies) == 1 else list(bodies), indent=2) + "\n"
    import yaml

    return str(yaml.safe_dump_all(bodies, sort_keys=False, width=110, allow_unicode=True))


def _write(folder: Path, exported: Sequence[Exported], form: str) -> None:
    """One file a rule. Gatekeeper's constraints stand apart: their kinds exist only when the templates are applied."""
    try:
        for one in exported:
            if form == "gatekeeper":
                template, constraint = one.documents
                _put(folder / "templates" / f"{one.name}.yaml", _text([template], form))
                _put(folder / "constraints" / f"{one.name}.yaml", _text([constraint], form))
            else:
                _put(folder / f"{one.name}.{'json' if form == 'azure' else 'yaml'}", _text(one.documents, form))
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", where=str(folder)) from None


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
