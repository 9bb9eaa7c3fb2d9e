"""The work of ``lockgate gate``: ask for a deployment, wait for it, answer it, from a pipeline or a terminal.

Without ``--server`` all of it is done here, over the workspace of this project; with it, a server is asked
(``_gate_server``). Both give the same view of a request, as JSON values, which is drawn here.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from lockgate.cli._gate_desk import Local
from lockgate.cli._project import Project, project_at
from lockgate.engine.deployments import manifests
from lockgate.engine.deployments.card import summary_of
from lockgate.engine.deployments.commits import history
from lockgate.engine.deployments.desk import checked_images
from lockgate.errors import ExitCode, LockgateError, SourceError, UsageError
from lockgate.formats.printable import printable
from lockgate.gates.deployment.evidence import CheckState
from lockgate.gates.deployment.surface import digest_of_manifests, images_of, surface_of
from lockgate.model.deployment import Standing
from lockgate.sources.repository.git import resolved

_REFS = ("GITHUB_REF", "BUILD_SOURCEBRANCH")
_RUNS = (
    ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"), ("BUILD_BUILDID", "SYSTEM_JOBATTEMPT"), ("CI_PIPELINE_ID", "CI_JOB_ID"),
)  # fmt: skip
"""Variables that name a run, and what tells its repetitions apart."""
_PEOPLE = ("GITHUB_TRIGGERING_ACTOR", "BUILD_REQUESTEDFOREMAIL", "GITLAB_USER_LOGIN")
View = dict[str, Any]


class House(Protocol):
    """Where a gate stands: here, or at a server. Each raises :class:`LockgateError`."""

    def running(self, environment: str, repository: str) -> str:
        """The commit that was last allowed."""

    def ask(self, asked: Mapping[str, Any]) -> View:
        """Ask for a deployment."""

    def look(self, id: str) -> View:
        """A request as it stands now, with its card."""

    def answer(self, id: str, answer: str, binding: str, comment: str) -> View:
        """Answer what was shown."""

    def break_glass(self, id: str, reason: str) -> View:
        """Let it through before its time."""

    def follow_up(self, id: str, glass: str, reason: str) -> View:
        """Say that one has looked at a break."""

    def withdraw(self, id: str, reason: str) -> View:
        """Take a request back."""

    def listed(self, standing: str, environment: str) -> list[View]:
        """Requests, newest first."""


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says; the exit code."""
    project = project_at(Path(), config=Path(arguments.config) if arguments.config else None)
    server = arguments.server or os.environ.get("LOCKGATE_SERVER", "")
    if server:
        from lockgate.cli._gate_server import Server

        return _act(arguments, project, Server(server, ca_file=arguments.ca_file))
    with Local.open(project) as house:
        return _act(arguments, project, house)


def _act(arguments: argparse.Namespace, project: Project, house: House) -> int:
    action = arguments.action
    if action == "list":
        return _list(arguments, house)
    if action == "request":
        view = house.ask(_asked(arguments, project, house))
        return _wait(arguments, house, view["id"]) if arguments.wait else _shown(arguments, house.look(view["id"]))
    if action == "wait":
        return _wait(arguments, house, arguments.id, project)
    if action in ("approve", "reject"):
        shown = house.look(arguments.id)
        binding = arguments.binding or shown["binding"]
        if not arguments.binding and not arguments.yes and not _agreed(arguments, shown):
            return int(ExitCode.DENIED)
        return _shown(arguments, house.answer(arguments.id, action, binding, arguments.comment), answered=True)
    if action == "break-glass":
        return _shown(arguments, house.break_glass(arguments.id, arguments.reason), answered=True)
    if action == "follow-up":
        return _shown(arguments, house.follow_up(arguments.id, arguments.glass, arguments.note), answered=True)
    if action == "withdraw":
        return _shown(arguments, house.withdraw(arguments.id, arguments.reason), answered=True)
    return _shown(arguments, house.look(arguments.id))


def _asked(arguments: argparse.Namespace, project: Project, house: House) -> dict[str, Any]:
    """The request, as the API takes it."""
    git = project.git
    if git is None and not arguments.commit:
        raise UsageError("no repository is here, so the commit must be named", where="--commit")
    commit = resolved(git, arguments.commit or "HEAD") if git is not None else arguments.commit
    repository = arguments.repository or _repository(project)
    objects = _objects(arguments.manifests)
    images = list(arguments.image)
    images += [one for one in images_of(objects) if "@" in one]
    told: dict[str, Any] = {"checks": _checks(arguments.check)}
    if objects:
        from lockgate.cli._gate_desk import verdicts

        surface = surface_of(objects)
        told |= {"network": list(surface.network), "permissions": list(surface.permissions),
                 "policies": verdicts(project, objects)}  # fmt: skip
    if git is not None:
        since = house.running(arguments.environment, repository)
        with suppress(LockgateError):  # a clone that was cut short: the gate says that commits are not known
            found = history(git, commit, since)
            told |= {"commits_since": since, "more_commits": not found.whole,
                     "commits": [[one.id, list(one.authors), one.subject] for one in found.commits]}  # fmt: skip
    return {
        "environment": arguments.environment, "repository": repository, "ref": arguments.ref or _ref(project),
        "commit": commit, "images": list(checked_images(images)), "manifests": digest_of_manifests(objects),
        "key": arguments.key or _key(arguments.environment), "url": arguments.url or _url(), "told": told,
        "started_by": next(filter(None, map(os.environ.get, _PEOPLE)), ""),
    }  # fmt: skip


def _objects(name: str) -> tuple[Any, ...]:
    if not name:
        return ()
    return manifests.read_stream(sys.stdin.buffer.read(64 << 20)) if name == "-" else manifests.read(Path(name))


def _checks(given: list[str]) -> dict[str, str]:
    found = {}
    for one in given:
        name, _, state = one.rpartition("=")
        if not name or state not in list(CheckState):
            raise UsageError(f"{one[:80]!r} is no check", where="--check", hint="NAME=success, failure or pending")
        found[name] = state
    return found


def _repository(project: Project) -> str:
    """Host and path, of the remote ``origin`` or as the forge's variables have it."""
    address = project.git.try_text("config", "--get", "remote.origin.url") if project.git is not None else ""
    if address and "://" not in address and ":" in address:  # git@github.com:team/shop.git
        host, _, path = address.partition(":")
        address = f"ssh://{host}/{path}"
    parts = urlsplit(address)
    path = parts.path.strip("/").removesuffix(".git").replace("/_git/", "/")  # the last as Azure DevOps has it
    if not parts.hostname or not path:
        raise UsageError("the repository must be named", where="--repository", hint="github.com/team/shop")
    return f"{parts.hostname}/{path}"


def _ref(project: Project) -> str:
    told = next(filter(None, map(os.environ.get, _REFS)), "")
    branch = project.head()[1]
    return told or (f"refs/heads/{branch}" if branch else "")


def _key(environment: str) -> str:
    for run, attempt in _RUNS:
        if os.environ.get(run):
            return f"{os.environ[run]}/{os.environ.get(attempt, '1')}/{environment}"
    return ""


def _url() -> str:
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (os.environ.get(one, "") for one in names)
    return f"{server}/{repository}/actions/runs/{run}" if server and run else os.environ.get("CI_PIPELINE_URL", "")


def _wait(arguments: argparse.Namespace, house: House, id: str, project: Project | None = None) -> int:
    """Look until it is settled, or no time is left. A server that is away meanwhile, as while it starts again, is
    waited for."""
    until = time.monotonic() + arguments.timeout
    said = ""
    while True:
        try:
            view = house.look(id)
        except SourceError as error:
            left = until - time.monotonic()
            if left <= 0:
                raise
            if said != "away":
                said = "away"
                print(f"{printable(str(error))}; it is asked again", file=sys.stderr, flush=True)
            time.sleep(min(arguments.every, left))
            continue
        if Standing(view["standing"]).settled:
            break
        if view["standing"] != said:
            said = view["standing"]
            print(f"{said}: {'; '.join(view['missing']) or _first(view)}", file=sys.stderr, flush=True)
        left = until - time.monotonic()
        if left <= 0:
            print(f"still {said} after {arguments.timeout} s", file=sys.stderr)
            _shown(arguments, view)
            return int(ExitCode.UNAVAILABLE)
        time.sleep(min(arguments.every, left))
    code = _shown(arguments, view)
    if code == ExitCode.ALLOWED and _is_over(view):
        print(f"lockgate: it was allowed to begin until {view['usable_until']}, which is over", file=sys.stderr)
        return int(ExitCode.DENIED)
    if code == ExitCode.ALLOWED and project is not None:
        return _same(arguments, view)
    return code


def _is_over(view: View) -> bool:
    """Whether an allowed deployment may no longer begin."""
    until = view.get("usable_until")
    return bool(until) and datetime.fromisoformat(str(until)) < datetime.now(UTC)


def _same(arguments: argparse.Namespace, view: View) -> int:
    """Whether what is about to be deployed is what was allowed, where whoever waits says it."""
    objects = _objects(arguments.manifests)
    wrong = []
    if arguments.manifests and digest_of_manifests(objects) != view["manifests"]:
        wrong.append("the manifests are not those that were allowed")
    images = checked_images([*arguments.image, *(one for one in images_of(objects) if "@" in one)])
    wrong += [f"{one} was not allowed" for one in images if one not in view["images"]]
    for one in wrong:
        print(f"lockgate: {printable(one)}", file=sys.stderr)
    return int(ExitCode.DENIED if wrong else ExitCode.ALLOWED)


def _agreed(arguments: argparse.Namespace, view: View) -> bool:
    """Show what is answered, and ask; without a terminal the binding that was shown must be named."""
    if not sys.stdin.isatty():
        hint = f"look at it with `lockgate gate status {arguments.id}`, then give --binding {view['binding']}"
        raise UsageError("say what you answer", where="--binding", hint=hint)
    print(summary_of(view["card"]))
    return input(f"{arguments.action} exactly this? [y/N] ").strip().lower() in ("y", "yes")


def _shown(arguments: argparse.Namespace, view: View, *, answered: bool = False) -> int:
    if arguments.format == "json":
        print(json.dumps(view, indent=2))
    elif arguments.format == "markdown":
        from lockgate.engine.deployments.card import markdown_of

        print(markdown_of(view["card"]))
    else:
        print(f"{view['id']}\n{summary_of(view['card'])}")
    standing = Standing(view["standing"])
    if standing in (Standing.DENIED, Standing.EXPIRED, Standing.WITHDRAWN) and not answered:
        return int(ExitCode.DENIED)
    return int(ExitCode.ALLOWED)


def _list(arguments: argparse.Namespace, house: House) -> int:
    found = house.listed(arguments.standing, arguments.environment)
    if arguments.format == "json":
        print(json.dumps(found, indent=2))
        return int(ExitCode.ALLOWED)
    for one in found:
        where = printable(f"{one['repository']} {one['commit'][:12]} to {one['environment']}")
        print(f"{one['id']}  {one['standing']:<9}  {where}  {printable('; '.join(one['missing']))}")
    return int(ExitCode.ALLOWED)


def _first(view: View) -> str:
    return next((f"{one['rule']}: {one['text']}" for one in view["reasons"]), "")
