"""A desk over a real database and a real record, with an hour that tests move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lockgate.engine.deployments.desk import Desk, GateRules
from lockgate.engine.deployments.gathering import Sources
from lockgate.engine.deployments.handlers import Jobs, work_off
from lockgate.gates.deployment import Approver
from lockgate.gates.deployment.environment import environments_of
from lockgate.model import (
    Component,
    Confidence,
    Decision,
    Family,
    Finding,
    ImageFacts,
    Location,
    Reason,
    Result,
    RuleId,
    Run,
    SettledFinding,
    Severity,
    State,
    Subject,
    Verdict,
    WaiverUse,
)
from lockgate.model.actor import Actor, Strength
from lockgate.model.deployment import Answered, DeploymentAnswer, DeploymentWaits
from lockgate.settings import BreakGlassSettings, EnvironmentSettings, GateSettings, QuorumLine
from lockgate.store import Record
from lockgate.store.team.database import TeamDatabase

NOON = datetime(2031, 5, 5, 12, 0, tzinfo=UTC)
NOW, BEFORE = "sha256:" + "a" * 64, "sha256:" + "b" * 64
CART = "registry.example.com/team/cart"
HEAD, BASE = "c" * 40, "d" * 40
PRODUCTION = EnvironmentSettings(
    name="production", approvals=(QuorumLine(2, team="security"), QuorumLine(1, team="sre")),
    break_glass=BreakGlassSettings((QuorumLine(team="sre"),)),
)  # fmt: skip
PEOPLE = {
    one.id: one
    for one in (
        Approver("ada", "Ada", frozenset({"security"}), known_as=frozenset({"ada@example.com"})),
        Approver("bea", "Bea", frozenset({"security"})), Approver("cas", "Cas", frozenset({"security", "sre"})),
        Approver("dov", "Dov", frozenset({"sre"})), Approver("eve", "Eve", frozenset({"security"})),
    )
}  # fmt: skip


@dataclass
class House:
    """Everything of one team."""

    database: TeamDatabase
    record: Record
    folder: Path
    now: datetime = NOON
    environments: tuple[EnvironmentSettings, ...] = (PRODUCTION,)
    notices: tuple[Any, ...] = ()
    rulebook: str = "rules-1"
    people: dict[str, Approver] = field(default_factory=lambda: dict(PEOPLE))
    sources: Sources | None = None
    answered: list[DeploymentAnswer] = field(default_factory=list)

    @property
    def desk(self) -> Desk:
        return Desk(
            self.database, lambda: self.sources or Sources(self.record),
            lambda: GateRules(environments_of(self.environments), GateSettings(), self.rulebook, "", self.notices),
            lambda connection: self.people, "https://lockgate.example", lambda: self.now,
        )  # fmt: skip

    @property
    def jobs(self) -> Jobs:
        def answering(one: DeploymentAnswer) -> str:
            self.answered.append(one)
            return "told"

        return Jobs(self.desk, lambda: self.record, self.folder, {"github": answering})

    def actor(self, who: str, *, mfa: float | None = 0.0) -> Actor:
        """Somebody who showed a second factor so many minutes ago."""
        at = None if mfa is None else self.now - timedelta(minutes=mfa)
        return Actor(who, who.title(), strength=Strength(("pwd",), self.now, at))

    def ask(self, **other: Any) -> str:
        """Ask for a deployment; the request's id."""
        given = other.pop("given", {"commits": [[HEAD, ["ada@example.com"], "Sell hats"]]})
        told = {
            "forge": "github", "key": "run/1", "environment": "production", "repository": "github.com/team/shop",
            "ref": "refs/heads/main", "commit": HEAD, "requested_by": "eve", "images": (f"{CART}@{NOW}",),
            "callback": {"run": "1"},
        }  # fmt: skip
        kept, _ = self.desk.ask(DeploymentWaits(**told | other), self.actor("eve"), given)
        return kept.request.id

    def say(self, id: str, who: str, said: Answered = Answered.APPROVE, *, binding: str = "", **other: Any):
        """Answer what was shown last."""
        shown = binding or self.desk.look(id).kept.binding
        mfa = other.pop("mfa", 0.0)
        return self.desk.answer(id, self.actor(who, mfa=mfa), said, binding=shown, **other)

    def work(self) -> list[str]:
        """Do all jobs that are due; what failed."""
        return work_off(self.jobs)

    def store(self, run: str, **other: Any) -> None:
        """Put a run into the record."""
        self.record.append_result(result(run, **other))


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with TeamDatabase.open(tmp_path) as database:
        made = House(database, Record.open(tmp_path / "workspace"), tmp_path)
        # Jobs are due by the clock of the machine; what the desk does is by the hour of the test.
        yield made


@pytest.fixture
def checked(house: House) -> House:
    """The commit was checked and the image scanned, both allowed."""
    house.store("run-head", revision=HEAD, verdict=Verdict.ALLOW)
    house.store("run-image", image=NOW)
    return house


def result(
    run: str, *, revision: str = "", image: str = "", verdict: Verdict = Verdict.ALLOW, flaws: tuple[str, ...] = (),
    waived: tuple[str, ...] = (), packages: tuple[tuple[str, str], ...] = (), at: datetime = NOON,
) -> Result:  # fmt: skip
    """A run on a commit, or on an image with packages."""
    reasons = (Reason(verdict, "deny[0]", "1 finding of severity high"),) if verdict is Verdict.DENY else ()
    findings = tuple(flaw(name, waived=name in waived) for name in (*flaws, *waived))
    return Result(
        run=Run(run, at, at, ".", "image" if image else "tree", "0.1.0", "rules-1", revision=revision),
        decision=Decision("check", verdict, reasons), findings=findings, fixed=(), skips=(),
        components=tuple(Component("Debian:12", name, version, "var/lib/dpkg/status") for name, version in packages),
        images=(ImageFacts(image, "", "sha256:c", CART, inventoried=True),) if image else (),
    )  # fmt: skip


def flaw(name: str, *, waived: bool = False) -> SettledFinding:
    place = Location("var/lib/dpkg/status", 1)
    finding = Finding(
        RuleId("dependencies/vulnerable"), Family.DEPENDENCIES, Severity.HIGH, Confidence.HIGH,
        Subject("component", name, f"Debian:12\n{name}\nCVE-2031-1"), place, f"{name} has CVE-2031-1",
    )  # fmt: skip
    use = WaiverUse(f"w-{name}", "bea", "not reachable", "2031-12-31") if waived else None
    return replace(SettledFinding(finding, f"lg1-{name}", State.NEW, (place,)), waiver=use)


Ask = Callable[..., str]
