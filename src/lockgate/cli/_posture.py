"""The work of ``lockgate posture``: a forge as the source of one run of the engine, and calls that mend findings."""

from __future__ import annotations

import argparse
import getpass
import os
import re
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.cli._check import exit_code, judged, opened
from lockgate.cli._outputs import outputs, write
from lockgate.cli._posture_forge import asked
from lockgate.cli._progress import progress
from lockgate.cli._project import Project, project_at
from lockgate.cli._text import safe
from lockgate.engine import Request
from lockgate.engine.machine import machine_folder
from lockgate.errors import ExitCode, UsageError
from lockgate.formats.moments import moment_of
from lockgate.model import Decision, Family, Result, Rule
from lockgate.store.workspace import salt_of

if TYPE_CHECKING:
    from lockgate.engine.forge_changes import Change, Send
    from lockgate.store import Record

_NAMES = {
    "github": re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})\Z"),
    "azure-devops": re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,49})\Z"),
    "gitlab": re.compile(r"[A-Za-z0-9_][\w.-]{0,254}(?:/[A-Za-z0-9_][\w.-]{0,254}){0,20}\Z"),
}


def run(arguments: argparse.Namespace) -> int:
    """Judge the organisation that the arguments name; returns the exit code."""
    forge, name = _place(arguments)
    chosen = [rule for some in arguments.apply for rule in some]
    if (arguments.yes or arguments.terraform) and not chosen:
        raise UsageError("nothing is to be applied", where="--yes, --terraform", hint="name rules: --apply RULE")
    if arguments.recorded and (chosen or arguments.no_store):
        raise UsageError("what is past can be judged, and not changed", where="--recorded", hint="leave out --apply")
    if arguments.at and not arguments.recorded:
        raise UsageError("a forge shows how it is set up now", where="--at", hint="add --recorded")
    if arguments.yes and arguments.terraform:
        raise UsageError("Terraform is applied by Terraform", where="--yes", hint="leave out one of them")
    rules = _rules(chosen, forge)
    wanted = outputs(arguments.format)
    project = project_at(Path(arguments.project), config=Path(arguments.config) if arguments.config else None)
    if arguments.recorded:
        return _recorded(arguments, project, forge, name)
    with ExitStack() as stack:
        asked_forge = stack.enter_context(asked(arguments, project, forge, name))
        record, ledger, cache = stack.enter_context(opened(project.workspace, project, store=not arguments.no_store))
        request = _request(arguments, project, f"{forge}:{name}")

        def once() -> tuple[Decision, Result]:
            results: list[Result] = []
            whole = replace(request, tell=results.append, progress=stack.enter_context(progress(quiet=arguments.quiet)))
            return judged([asked_forge.source], whole, record=record, ledger=ledger, cache=cache), results[0]

        decision, result = once()
        if not rules:
            write(result, wanted)
            return exit_code(decision)
        from lockgate.engine.forge_changes import planned

        options = request.options.get(Family.POSTURE, {})
        changes, waived = planned(asked_forge.source.objects, rules, options, result)
        if not arguments.yes:
            _show(changes, waived, terraform=arguments.terraform)
            return exit_code(decision)
        failed = _apply(changes, asked_forge.send, record, result, forge=forge, name=name)
        decision, result = once()
        write(result, wanted)
        print(f"{asked_forge.budget.calls:,} calls in all", flush=True)
        return int(ExitCode.UNAVAILABLE) if failed else exit_code(decision)


def _recorded(arguments: argparse.Namespace, project: Project, forge: str, name: str) -> int:
    """Try today's rules, waivers and gate on what the record holds; nothing is remembered of it."""
    from lockgate.engine.forge_objects import RecordedForge

    at = moment_of(arguments.at) if arguments.at else datetime.now(UTC)
    if at is None:
        raise UsageError(f"{arguments.at!r} is no time", where="--at", hint="as 2026-11-01 or 2026-11-01T08:00:00Z")
    results: list[Result] = []
    with opened(project.workspace, project, store=True) as (record, _, _):
        if record is None:
            raise RuntimeError("a workspace has a record")
        source = RecordedForge(record, forge=forge, organization=name, at=at)
        request = replace(_request(arguments, project, f"{forge}:{name}"), tell=results.append)
        decision = judged([source], request, record=None, ledger=None, cache=None)
    write(results[0], outputs(arguments.format))
    return exit_code(decision)


def _place(arguments: argparse.Namespace) -> tuple[str, str]:
    forge, colon, name = arguments.place.partition(":")
    if not colon or forge not in _NAMES:
        raise UsageError(f"{arguments.place!r} names no forge", hint="github:ORG, azure-devops:ORG or gitlab:GROUP")
    if _NAMES[forge].match(name) is None:
        raise UsageError(f"{name!r} cannot be the name of an organisation or group there", where=arguments.place)
    if arguments.calls < 1:
        raise UsageError("must be 1 or more", where="--calls")
    return forge, name


def _rules(chosen: list[str], forge: str) -> list[Rule]:
    """The rules that are named, with or without ``posture/``."""
    from lockgate.rules import load

    if not chosen:
        return []
    book = load((Family.POSTURE,), samples=False)
    found = [book.get(one if "/" in one else f"{Family.POSTURE}/{one}") for one in dict.fromkeys(chosen)]
    other = next((rule for rule in found if not rule.id.startswith(f"{Family.POSTURE}/{forge}-")), None)
    if other is not None:
        raise UsageError(f"{other.id} is about another forge", where="--apply")
    return found


def _request(arguments: argparse.Namespace, project: Project, name: str) -> Request:
    place = project.workspace
    return Request(
        families=(Family.POSTURE,),
        gate=project.settings.gate,
        options=project.scanner_options(),
        project=name,
        salt=salt_of(None if arguments.no_store else place),
        cache_dir=None if arguments.no_store else place.cache_dir,
        made_dir=None if arguments.no_store else machine_folder([project.top]),
        waivers=project.waivers(),
        seconds=project.settings.limits.seconds,
    )


def _show(changes: list[Change], waived: int, *, terraform: bool) -> None:
    """The dry run."""
    for change in changes:
        print(f"# {safe(change.rule)}: {safe(change.name)}: {safe(change.message)}")
        if terraform:
            print(safe(change.terraform.rstrip()) if change.terraform else f"# no Terraform; {safe(change.fix)}")
        else:
            print(safe(change.call.shown()) if change.call is not None else f"# no call; {safe(change.fix)}")
    calls = sum(change.call is not None for change in changes)
    left = f"; {waived:,} waived are left alone" if waived else ""
    words = "Terraform is for you to apply" if terraform else f"{calls:,} calls would be made: add --yes"
    print(f"# {len(changes):,} findings; {words}{left}", flush=True)


def _apply(
    changes: list[Change], send: Send, record: Record | None, result: Result, *, forge: str, name: str
) -> int:
    """Make the calls, and keep what came of each; how many were refused."""
    from lockgate.engine.forge_changes import perform, row_of

    failed = 0
    for outcome in perform(changes, send):
        call = outcome.change.call
        failed += bool(outcome.refusal)
        print(f"{'refused' if outcome.refusal else 'made'}: {safe(call.shown() if call else '')}"
              f"{': ' + safe(outcome.refusal) if outcome.refusal else ''}", flush=True)  # fmt: skip
        if record is not None:
            row = row_of(
                outcome, forge=forge, organization=name, run=result.run.id, at=datetime.now(UTC), by=_person()
            )
            record.append_alone("ForgeChanges", [row])
    return failed


def _person() -> str:
    with suppress(OSError, KeyError):
        return os.environ.get("GITHUB_ACTOR") or getpass.getuser()
    return ""
