"""The work of ``lockgate up``: what the console stands on, put together."""

from __future__ import annotations

import argparse
import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lockgate.cli._live import Live
from lockgate.cli._serve import Beside
from lockgate.cli._serve import run as serve
from lockgate.errors import ConfigurationError, UsageError
from lockgate.model.actor import Actor
from lockgate.server.access import QUERY, Person
from lockgate.server.mounts import Mount
from lockgate.server.query.desk import Desk, Question
from lockgate.server.web import LOOPBACK
from lockgate.settings import FILE_NAME

if TYPE_CHECKING:
    from lockgate.cli._project import Project
    from lockgate.engine.working import Handler
    from lockgate.server.console.services import Services
    from lockgate.server.sign_in.house import House
    from lockgate.settings import ServerSettings
    from lockgate.store.ask import Answer
    from lockgate.store.team.database import TeamDatabase
    from lockgate.store.workspace import Workspace

_PREFIXES = ("/",)
_LOOKED = 20.0
"""Seconds that a page may wait for the record."""


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal; the exit code."""
    try:
        import fastapi  # noqa: F401 - says early, and in our words, what is missing
    except ImportError:
        raise UsageError("the console is not installed", where="lockgate up",
                         hint="pip install 'lockgate[server]'") from None  # fmt: skip
    return serve(arguments, lambda live, desk: _console(arguments, live, desk))


def _console(arguments: argparse.Namespace, live: Live, desk: Desk) -> Beside:
    from lockgate.cli._forges import begin, forge_handlers
    from lockgate.engine import sign_in_rows, trail_rows
    from lockgate.engine.working import Workers
    from lockgate.server.console.api.forges import LARGER
    from lockgate.server.console.api.runs import LARGER as LARGER_RUNS
    from lockgate.server.console.application import application, framework
    from lockgate.server.console.signed_in import identify
    from lockgate.server.console.warming import Warming
    from lockgate.server.sign_in.house import House

    settings = live.project.settings.server
    database = database_of(settings, live.project.workspace)
    origin = origin_of(settings, arguments)
    house = house_of(live, database, origin)
    services = services_over(live, desk, database, origin)
    services = replace(
        services, identify=identify(house), more={**services.more, House: house}, wake=lambda: workers.wake()
    )  # fmt: skip
    handlers = [
        sign_in_rows.handler(lambda: live.record), trail_rows.handler(lambda: live.record, database),
        *forge_handlers(live, services), *_gate(live, services),
    ]  # fmt: skip
    workers = Workers(database, handlers, threads=settings.job_threads)
    app = framework(services)
    shielded = application(services, {**LARGER, **LARGER_RUNS}, app=app)
    mount = Mount(_PREFIXES, shielded, None, close=database.close)
    begin(services)
    watch = trail_rows.TrailWatch(database, workers.wake)
    return Beside((mount,), (workers, watch, Warming(app)), lambda: _tell(house, origin))


def _tell(house: House, origin: str) -> None:
    from lockgate.server.sign_in.enrolment import setup_link

    print(f"console: {origin}", flush=True)
    if link := setup_link(house):
        print(f"the first administrator is made there, once, within a day: {link}", flush=True)


def house_of(live: Live, database: TeamDatabase, origin: str) -> House:
    """Who signs in, as the settings say. Raises :class:`ConfigurationError` for settings that cannot hold."""
    from lockgate.server.sign_in.house import House
    from lockgate.store.team.sealing import seal_of

    seal = seal_of(live.project.workspace.folder)
    house = House(database, lambda: live.project.settings.people, seal, origin=origin, project=Path(live.project.top))
    house.check()
    return house


def _gate(live: Live, services: Services) -> tuple[Handler, ...]:
    """The gate of deployments: its desk for pages and API, its background jobs. Open requests are looked at anew."""
    from lockgate.cli._forges import forge_answers
    from lockgate.cli._gate_desk import desk_of, jobs_of
    from lockgate.engine.deployments.desk import Desk as GateDesk
    from lockgate.engine.deployments.handlers import handlers, resume
    from lockgate.engine.deployments.notices import check
    from lockgate.server.console.api.forges import connections_of

    def project() -> Project:
        return live.project

    gate = desk_of(project, services.database, origin=services.origin, forges=connections_of(services))
    for number, channel in enumerate(project().settings.gate_notices):
        check(channel, f"{FILE_NAME}: gate_notices[{number}]", Path(project().top))
    services.more[GateDesk] = gate
    resume(gate)
    return handlers(jobs_of(project, gate, forge_answers(services)))


def database_of(settings: ServerSettings, workspace: Workspace) -> TeamDatabase:
    """The team's database, up to date."""
    from lockgate.secrets.references import secret_of
    from lockgate.store.team.database import TeamDatabase

    url = secret_of(settings.database, where="server.database") if settings.database else ""
    return TeamDatabase.open(workspace.folder, url)


def origin_of(settings: ServerSettings, arguments: argparse.Namespace) -> str:
    """Where people reach the server. Raises :class:`ConfigurationError` for an address with more than an origin."""
    if not settings.origin:
        scheme = "https" if arguments.tls or arguments.authority or arguments.host not in LOOPBACK else "http"
        host = "localhost" if arguments.host in LOOPBACK else arguments.host
        return f"{scheme}://{host}:{arguments.port}"
    parts = urlsplit(settings.origin)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ConfigurationError(f"{settings.origin!r} is no origin", where="lockgate.yaml: server.origin",
                                 hint="https://HOST, without a path")  # fmt: skip
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ConfigurationError("people sign in there, so it must be https", where="lockgate.yaml: server.origin",
                                 hint="TLS may end before the server; only localhost needs none")  # fmt: skip
    return settings.origin.rstrip("/")


def services_over(live: Live, desk: Desk, database: TeamDatabase, origin: str) -> Services:
    """What the console of a project stands on, but for how people sign in."""
    from lockgate.server.console.services import Services
    from lockgate.store.row_access import security_for
    from lockgate.store.team.sealing import seal_of
    from lockgate.store.uploads import keep

    async def ask(
        actor: Actor, query: str, parameters: Mapping[str, str] | None = None, *, rows: int = 10_000
    ) -> Answer:
        question = Question(query, f"console;{uuid.uuid4()}", dict(parameters or {}), seconds=_LOOKED, rows=rows,
                            bytes=64 << 20, application="console")  # fmt: skip
        return await desk.ask(Person(actor.id, frozenset((QUERY,)), actor=actor), question, asyncio.Event())

    def stamp() -> object:
        written = live.record.stamp()
        return None if written is None else (written, live.changes)

    port = urlsplit(origin).port
    local = {f"127.0.0.1:{port}", f"localhost:{port}"} if origin.startswith("http://") else set()
    names = frozenset((*live.project.settings.server.names, *local))
    return Services(
        database, lambda: live.project.settings, live.project.workspace.folder, Path(live.project.top), origin, ask,
        stamp, seal_of(live.project.workspace.folder), keep_run=lambda upload: keep(live.record, upload),
        sees_everything=lambda actor: security_for(actor, live.project.settings.tables) is None,
        shapes=lambda: live.record.shapes(), names=names,
    )  # fmt: skip
