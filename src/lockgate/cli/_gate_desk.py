"""The desk of a project, over its workspace: for ``lockgate gate`` on a single machine, and for the console."""

from __future__ import annotations

import getpass
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.cli._project import Project
from lockgate.cli._text import safe
from lockgate.engine.deployments.commits import of_repository
from lockgate.engine.deployments.desk import Desk, Directory, GateRules, Looked
from lockgate.engine.deployments.directory import LOCAL, of_settings, of_team
from lockgate.engine.deployments.gathering import Sources
from lockgate.engine.deployments.handlers import Answering, Jobs, work_off
from lockgate.engine.deployments.view import view_of
from lockgate.gates.deployment.environment import environments_of
from lockgate.model import Family, Object, Result
from lockgate.model.actor import Actor, Strength
from lockgate.model.deployment import Answered, DeploymentWaits, Standing
from lockgate.settings import image_policy
from lockgate.store.team import gates
from lockgate.store.workspace import prepare

if TYPE_CHECKING:
    from lockgate.engine.deployments.forges import Connections
    from lockgate.engine.deployments.gathering import Verify
    from lockgate.gates.images import ImageTrust
    from lockgate.store.team.database import TeamDatabase

_SECONDS = 30.0
"""For which a registry is waited for."""


def desk_of(
    project: Callable[[], Project], database: TeamDatabase, *, origin: str = "", directory: Directory = of_team,
    local: bool = False, forges: Connections | None = None,
) -> Desk:  # fmt: skip
    """The desk. ``project``: as it is now. ``local``: commits are those of the repository of this machine. ``forges``:
    tell of commits and checks of what waits there.

    Raises :class:`ConfigurationError`, now and whenever the settings are wrong.
    """
    desk = Desk(database, lambda: _sources(project(), local=local, forges=forges), lambda: _rules(project()), directory,
                origin)  # fmt: skip
    desk.rules()
    return desk


def jobs_of(project: Callable[[], Project], desk: Desk, answering: Mapping[str, Answering] | None = None) -> Jobs:
    """Its background jobs. ``answering``: how forges are answered."""
    return Jobs(desk, lambda: project().record(), Path(project().top), answering or {})


def _rules(project: Project) -> GateRules:
    trust = _trust(project)
    settings = project.settings
    return GateRules(environments_of(settings.environments), settings.gate, _rulebook(),
                     trust.version if trust is not None else "", settings.gate_notices)  # fmt: skip


@cache
def _rulebook() -> str:
    """Digest of the rulebook, which does not change while a process lives."""
    from lockgate.rules import load

    return load(samples=False).digest


def _trust(project: Project) -> ImageTrust | None:
    """The policy of images, where there is one."""
    named = project.settings.admission.images
    path = project.top / (named or image_policy.FILE_NAME)
    if named is None and not path.is_file():
        return None
    from lockgate.engine.image_trust.policies import load

    return load(path)


def _sources(project: Project, *, local: bool, forges: Connections | None) -> Sources:
    if forges is not None:
        from lockgate.engine.deployments.forges import checks_of, commits_of

        return Sources(project.record(), _verify(project), commits_of(forges), checks_of(forges))
    commits = of_repository(project.git) if local and project.git is not None else None
    return Sources(project.record(), _verify(project), commits)


def _verify(project: Project) -> Verify | None:
    trust = _trust(project)
    if trust is None:
        return None
    from lockgate.engine.image_trust.admitting import NOBODY, registries
    from lockgate.engine.image_trust.scans import known_to

    named = project.settings.admission.images_ca_file
    ask = registries(known_to(project.record), ca_file=str(project.top / named) if named else "")
    return lambda reference, image: ask(trust, reference, image, _SECONDS, NOBODY)


def verdicts(project: Project, objects: Sequence[Object]) -> list[list[str]]:
    """What policies say of the very objects whose digest is told: rule, object, verdict and words of each that denies
    or warns, by the gate of checks."""
    from lockgate.cli._check import judged
    from lockgate.engine import Request
    from lockgate.sources.repository import TreeSource

    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="lockgate-gate-") as folder:
        items = [one.body for one in objects]
        listed = {"apiVersion": "v1", "kind": "List", "items": items}
        Path(folder, "manifests.json").write_bytes(orjson.dumps(listed))
        request = Request(
            families=(Family.POLICY,), gate=project.settings.gate, options=project.scanner_options(),
            own=project.own_policies(), waivers=project.waivers(), tell=results.append,
        )  # fmt: skip
        judged([TreeSource(Path(folder))], request, record=None, ledger=None, cache=None)
    result = results[0]
    found: dict[str, str] = {}
    for reason in result.decision.reasons:
        for identity in reason.identities:
            found.setdefault(identity, reason.verdict.value)
    return [
        [one.finding.rule, one.finding.subject.name, found[one.identity], one.finding.message]
        for one in result.findings if found.get(one.identity) in ("deny", "warn") and not one.waived
    ]  # fmt: skip


class Local:
    """The gate of a workspace, asked by whoever works at this machine."""

    def __init__(self, project: Project, database: TeamDatabase) -> None:
        directory = of_settings(project.settings.teams)
        self._desk = desk_of(lambda: project, database, directory=lambda _: directory, local=True)
        self._jobs = jobs_of(lambda: project, self._desk)
        account = getpass.getuser()
        self._actor = Actor(f"{LOCAL}{account}", account, strength=Strength(signed_in=datetime.now(UTC)))

    @classmethod
    @contextmanager
    def open(cls, project: Project) -> Iterator[Local]:
        """Over the project's workspace."""
        from lockgate.cli._up import database_of

        prepare(project.workspace, tracked=project.tracks)
        with database_of(project.settings.server, project.workspace) as database:
            yield cls(project, database)

    def running(self, environment: str, repository: str) -> str:
        """As ``House`` has it."""
        with self._desk.database.read() as connection:
            last = gates.last_allowed(connection, environment, repository)
        return last.request.commit if last is not None else ""

    def ask(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """As ``House`` has it."""
        waits = DeploymentWaits(
            "pipeline", asked["key"], asked["environment"], asked["repository"], asked["ref"], asked["commit"],
            asked["started_by"] or self._actor.id, asked["url"], tuple(asked["images"]), asked["manifests"],
        )  # fmt: skip
        kept, _ = self._desk.ask(waits, self._actor, asked["told"])
        return self.look(kept.request.id)

    def look(self, id: str) -> dict[str, Any]:
        """As ``House`` has it."""
        return self._done(self._desk.look(id))

    def answer(self, id: str, answer: str, binding: str, comment: str) -> dict[str, Any]:
        """As ``House`` has it."""
        return self._done(self._desk.answer(id, self._actor, Answered(answer), binding=binding, comment=comment))

    def break_glass(self, id: str, reason: str) -> dict[str, Any]:
        """As ``House`` has it."""
        return self._done(self._desk.break_glass(id, self._actor, reason))

    def follow_up(self, id: str, glass: str, reason: str) -> dict[str, Any]:
        """As ``House`` has it."""
        self._desk.follow_up(glass, self._actor, reason)
        return self._done(self._desk.show(id))

    def withdraw(self, id: str, reason: str) -> dict[str, Any]:
        """As ``House`` has it."""
        self._desk.withdraw(id, self._actor, reason)
        return self._done(self._desk.show(id))

    def listed(self, standing: str, environment: str) -> list[dict[str, Any]]:
        """As ``House`` has it."""
        open_ = (Standing.ASKING, Standing.WAITING)
        chosen = open_ if standing == "open" else () if standing == "all" else (Standing(standing),)
        with self._desk.database.read() as connection:
            found = gates.listed(connection, standings=chosen, environment=environment)
        return [view_of(one) for one in found]

    def _done(self, looked: Looked) -> dict[str, Any]:
        for one in work_off(self._jobs):
            print(f"lockgate: {safe(one)}", file=sys.stderr)
        return view_of(looked.kept, looked)
