"""The work of ``lockgate serve``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.cli._live import Live, LiveRules
from lockgate.cli._project import Project, project_at
from lockgate.cli._tokens import FILE
from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError, ExitCode, UsageError
from lockgate.server import web
from lockgate.server.access import FUNCTIONS, INGEST, QUERY, People, Person
from lockgate.server.alerting import alerter
from lockgate.server.doorkeeper import Doorkeeper
from lockgate.server.ingest.otlp_grpc import OtlpListener
from lockgate.server.ingest.scrape import Scraper
from lockgate.server.ingest.syslog import SyslogListener
from lockgate.server.ingest.taking import Taker
from lockgate.server.ingest.ways import ways_in
from lockgate.server.logs import begin as begin_logs
from lockgate.server.mounts import Authenticate, Listener, Mount, Mounts
from lockgate.server.pages import CHALLENGE, PREFIX, PagesApp
from lockgate.server.query.app import METADATA, PREFIXES, QueryApp, Served
from lockgate.server.query.desk import Desk
from lockgate.server.recurring import Recurring
from lockgate.server.tending import tender
from lockgate.server.tls.reload import Pair, ReloadingContext
from lockgate.sources.cluster.audited import cleaned
from lockgate.store.ingest import Collected, Loader, Times
from lockgate.store.ingest.journalled import FOLDER as INCOMING
from lockgate.store.row_access import security_for, security_of
from lockgate.store.saved import SavedFunctions
from lockgate.store.workspace import prepare, salt_of

if TYPE_CHECKING:
    from lockgate.server.tls.authority import OwnAuthority
    from lockgate.store.ask import Tables


@dataclass(frozen=True, slots=True)
class Beside:
    """What else is served."""

    mounts: tuple[Mount, ...] = ()
    listeners: tuple[Listener, ...] = ()
    started: Callable[[], None] = lambda: None
    """Called once it listens."""


def run(arguments: argparse.Namespace, beside: Callable[[Live, Desk], Beside] | None = None) -> int:
    """Serve until a signal; the exit code. ``beside`` gives what else is served; people may then sign in there, and no
    one needs a token."""
    begin_logs(arguments.log_format)
    if arguments.threads < 1 or arguments.end_seconds < 0 or not arguments.scrape_seconds >= 1:
        raise UsageError("--threads and --scrape-seconds must be 1 or more, --end-seconds 0 or more")
    for option in ("upkeep_minutes", "alert_minutes"):
        given = getattr(arguments, option)
        if given is not None and not given >= 0:
            raise UsageError("must be 0 or more", where=f"--{option.replace('_', '-')}")
    project = project_at(Path(arguments.project))
    prepare(project.workspace, tracked=project.tracks)
    people, anonymous = _people(arguments, project, needed=beside is None)
    live = Live(project, partial(project_at, Path(arguments.project)))
    of = Doorkeeper(people, lambda: live.entra).of
    ways, taker = _ingestion(live, people)
    listeners: list[SyslogListener | OtlpListener] = [
        *_syslog(arguments, taker), *_grpc(arguments, taker, of, anonymous)
    ]
    scraping = [Scraper(taker, arguments.scrape, every=arguments.scrape_seconds)] if arguments.scrape else []
    every = arguments.upkeep_minutes * 60
    recurring = [tender(project.workspace, live.tending, every=every)] if every else []
    recurring += _alerts(arguments, project)
    desk = desk_over(live, arguments.threads)
    more = beside(live, desk) if beside is not None else Beside()
    app = Mounts([*more.mounts, *_queries(arguments, live, desk), *ways], of, anonymous=anonymous,
                 listeners=[*listeners, *scraping, *recurring, *more.listeners])  # fmt: skip

    def started(port: int) -> None:
        print(f"listening on {port}", *(f"{one.origin} on {one.port}" for one in listeners), sep="\n", flush=True)
        more.started()

    web.serve(
        app,
        web.Options(arguments.host, arguments.port, arguments.end_seconds),
        certificates=_certificates(arguments, project.workspace.folder),
        started=started,
    )
    return int(ExitCode.ALLOWED)


def _alerts(arguments: argparse.Namespace, project: Project) -> list[Recurring]:
    settings = project.settings.alerts
    minutes = settings.minutes if arguments.alert_minutes is None else arguments.alert_minutes
    if not minutes:
        return []
    if settings.notice is not None:
        from lockgate.engine.alert_notices import check

        check(settings.notice)
    return [alerter("lockgate.cli._alerting", str(Path(arguments.project).resolve()), every=minutes * 60)]


def _functions(live: Live) -> SavedFunctions:
    return SavedFunctions(live.project.library().functions())


def desk_over(live: Live, threads: int) -> Desk:
    """Where questions to a project's record are asked, so many at a time."""

    def open_tables(person: Person, since: datetime | None, until: datetime | None) -> Tables:
        tables = live.project.settings.tables
        security = security_for(person.actor, tables) if person.actor else security_of(person.name, tables)
        return live.record.asked(
            since=since, until=until, memory=person.allowance.memory, functions=_functions(live), security=security
        )

    def stamp(person: Person) -> object | None:
        # Who asks is told apart by the desk; what they are here may have changed since.
        actor, written, library = person.actor, live.record.stamp(), live.project.library()
        belongs = (actor.personas, actor.teams, actor.grants, actor.narrowed) if actor is not None else ()
        return None if written is None else (written, live.changes, library.functions(), belongs)

    return Desk(open_tables, threads=threads, stamp=stamp)


def _queries(arguments: argparse.Namespace, live: Live, desk: Desk) -> list[Mount]:
    served = Served(
        desk, lambda: live.project.library(), lambda: live.record.shapes(_functions(live)),
        tuple(arguments.database) or ("lockgate", "NetDefaultDB"), tuple(arguments.workspace_id),
        lambda: live.project.settings.entra,
    )  # fmt: skip
    queries = Mount(PREFIXES, QueryApp(served), QUERY, frozenset((METADATA,)), close=desk.close)
    return [queries, Mount((PREFIX,), PagesApp(desk), QUERY, challenge=CHALLENGE)]


def _ingestion(live: Live, people: People) -> tuple[list[Mount], Taker]:
    """Rows are taken in for whoever may; without anybody who may it costs an empty journal."""
    workspace = live.project.workspace
    collected, salt = Collected(live.record), salt_of(workspace)
    clean, rules = partial(cleaned, salt=salt), LiveRules(live)

    def loader(table: str, origin: str) -> Loader:
        transformation = rules.transformation(origin)
        return Loader(
            collected, table, times=Times.SERVICE, origin=origin, clean=clean, transformation=transformation
        )  # fmt: skip

    taker = Taker(workspace.folder / INCOMING, loader)
    return ways_in(taker, collected, people, salt=salt, clean=clean, rules=rules), taker


def _syslog(arguments: argparse.Namespace, taker: Taker) -> list[SyslogListener]:
    listeners = []
    for text, udp in ((arguments.syslog_tcp, False), (arguments.syslog_udp, True)):
        if text:
            listeners.append(SyslogListener(taker, _address(text), udp=udp))
    if arguments.syslog_tls:
        if not arguments.tls:
            raise UsageError("which certificate is to be shown?", where="--syslog-tls", hint="--tls FOLDER")
        folder = Path(arguments.tls)
        authority = Path(arguments.syslog_clients) if arguments.syslog_clients else None
        tls = ReloadingContext(Pair(folder / "tls.crt", folder / "tls.key"), client_authority=authority)
        listeners.append(SyslogListener(taker, _address(arguments.syslog_tls), tls=tls))
    return listeners


def _grpc(
    arguments: argparse.Namespace, taker: Taker, authenticate: Authenticate, anonymous: Person | None
) -> list[OtlpListener]:  # fmt: skip
    if not arguments.otlp_grpc:
        return []
    address = _address(arguments.otlp_grpc)
    if not arguments.tls and address[0] not in web.LOOPBACK:
        raise UsageError("without TLS only this machine is served", where="--otlp-grpc", hint="give it --tls")
    pair = Pair(Path(arguments.tls) / "tls.crt", Path(arguments.tls) / "tls.key") if arguments.tls else None
    alone = anonymous if address[0] in web.LOOPBACK else None
    return [OtlpListener(taker, address, authenticate, anonymous=alone, pair=pair)]


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"{text!r} is no address", where="serve", hint="HOST:PORT, such as 127.0.0.1:5514")
    return host.strip("[]"), int(port)


def _people(arguments: argparse.Namespace, project: Project, *, needed: bool) -> tuple[People, Person | None]:
    path = Path(arguments.tokens) if arguments.tokens else project.workspace.folder / FILE
    people = People(path)
    if arguments.anonymous:
        if arguments.host not in web.LOOPBACK:
            raise UsageError("everybody is answered on this machine alone", where="--anonymous",
                             hint="use --host 127.0.0.1, or tokens")  # fmt: skip
        return people, Person("anonymous", frozenset((QUERY, FUNCTIONS, INGEST)))
    if needed and not len(people) and not project.settings.entra.tenant:
        raise ConfigurationError("nobody may ask: it names no one", where=str(path),
                                 hint="lockgate tokens add NAME, or --anonymous on this machine")  # fmt: skip
    return people, None


def _certificates(arguments: argparse.Namespace, workspace: Path) -> Pair | OwnAuthority | None:
    if arguments.tls:
        folder = Path(arguments.tls)
        return Pair(folder / "tls.crt", folder / "tls.key")
    if arguments.host in web.LOOPBACK and not arguments.authority:
        return None
    from lockgate.server.tls.authority import OwnAuthority

    folder = Path(arguments.authority) if arguments.authority else workspace / "authority"
    return OwnAuthority(folder, names=arguments.name or ["localhost", "127.0.0.1"])
