"""A whole console that listens: people who sign in, a judged project, deployments that wait. For real browsers."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
from tests.engine.deployments.conftest import CART, HEAD, NOW, House
from tests.server.console import recorded

from lockgate.engine.deployments.desk import Desk
from lockgate.gates.deployment import Approver
from lockgate.model import Verdict
from lockgate.model.actor import Actor, Asset, AssetKind, Persona
from lockgate.server.console.services import Services
from lockgate.server.console.signed_in import identify
from lockgate.server.sign_in import enrolment
from lockgate.server.sign_in.house import Came
from lockgate.server.sign_in.house import House as SignIn
from lockgate.settings import EnvironmentSettings, PeopleSettings, QuorumLine
from lockgate.store.team import people, teams
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.sealing import Seal

PASSWORD = "correct horse battery staple"
TEAM = "shop"
REPOSITORY = "github.com/team/shop"
_ENVIRONMENT = EnvironmentSettings(name="production", approvals=(QuorumLine(1, team=TEAM),))


class Clock:
    """The clock of this machine, and what a test puts before it."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Whole:
    """All of it."""

    services: Services
    sign_in: SignIn
    gate: House
    clock: Clock

    @property
    def origin(self) -> str:
        return self.services.origin

    def person(self, name: str, *personas: Persona) -> Known:
        """Somebody of the team with a password and one-time codes."""
        with self.services.database.begin() as connection:
            made = people.create(connection, username=name, name=name.title(), personas=personas)
            teams.set_joined(connection, made.id, [TEAM])
        offered = enrolment.begin_code(self.sign_in, made.id)
        codes = pyotp.TOTP(offered.secret)
        with self.services.database.begin() as connection:
            enrolment.set_password(self.sign_in, connection, made.id, PASSWORD, came=Came())
            now = codes.at(self.clock())
            assert enrolment.add_code(self.sign_in, connection, made.id, offered.key, now, came=Came())
        self.gate.people[made.id] = Approver(made.id, made.name, frozenset({TEAM}))
        return Known(self, made.id, name, codes)

    def waiting(self) -> str:
        """The id of a new deployment that people are asked about."""
        self.gate.now = self.clock()
        id = self.gate.ask(key=f"run/{self.clock().timestamp()}", images=(f"{CART}@{NOW}",))
        self.gate.work()
        return id


@dataclass
class Known:
    """Who a test plays."""

    whole: Whole
    id: str
    name: str
    codes: pyotp.TOTP

    def code(self) -> str:
        """Their next one-time code: time passes first, since each counts once."""
        self.whole.clock.ahead += timedelta(seconds=60)
        return self.codes.at(self.whole.clock())


def judged(project: Path) -> None:
    """A project with findings of our rules, and of a forge's settings."""
    recorded.judge(project)
    recorded.read_forge(project, recorded.acme())


@contextmanager
def whole(folder: Path, judge: Callable[[Path], None] = judged) -> Iterator[Whole]:
    """It listens on loopback until the end. ``folder``: empty; ``judge``: makes the project and fills its record."""
    project, clock = folder / "project", Clock()
    project.mkdir()
    judge(project)
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    origin = f"http://localhost:{port}"
    with (
        TeamDatabase.open(folder) as database,
        recorded.console(project, database, Actor("nobody", "Nobody"), origin) as made,
    ):
        gate = House(database, _record(folder), folder, environments=(_ENVIRONMENT,))
        gate.store("run-head", revision=HEAD, verdict=Verdict.ALLOW)
        gate.store("run-image", image=NOW)
        sign_in = SignIn(database, PeopleSettings, Seal(b"k" * 32), origin=origin, project=project, now=clock)
        desk = replace(gate.desk, now=clock, origin=origin)
        services = replace(made, identify=identify(sign_in), more={SignIn: sign_in, Desk: desk}, now=clock)
        with database.begin() as connection:
            owned = (Asset(AssetKind.REPOSITORY, "*/project"), Asset(AssetKind.REPOSITORY, REPOSITORY),
                     Asset(AssetKind.ENVIRONMENT, _ENVIRONMENT.name))
            teams.put(connection, TEAM, owns=owned)
        with recorded.served(services, port):
            yield Whole(services, sign_in, gate, clock)


def _record(folder: Path):
    from lockgate.store import Record

    return Record.open(folder / "evidence")
