"""The work of ``lockgate registry``."""

from __future__ import annotations

import argparse
import signal
import threading
from functools import partial
from pathlib import Path

from lockgate.cli._attested_vex import BelievedVex
from lockgate.cli._image import image_families
from lockgate.cli._project import Project, project_at
from lockgate.cli._tokens import FILE
from lockgate.engine import Request
from lockgate.engine.machine import machine_folder
from lockgate.engine.registry import rebuilding
from lockgate.engine.registry.judging import Judging
from lockgate.engine.registry.scope import Scope, scope_of
from lockgate.engine.registry.watching import Options, Watch
from lockgate.errors import ConfigurationError, ExitCode, UsageError
from lockgate.model import Family
from lockgate.settings.globs import matcher
from lockgate.sources.image.registry import Trust
from lockgate.store import Ledger
from lockgate.store.cache import Cache
from lockgate.store.registry.database import RegistryDatabase
from lockgate.store.registry.queue import Queue
from lockgate.store.workspace import prepare, salt_of

_LAYERS_KEPT = 4_000


def run(arguments: argparse.Namespace) -> int:
    """Watch, tell or try again; the exit code."""
    if arguments.action == "watch":
        return _watch(arguments)
    project = project_at(Path(arguments.project))
    prepare(project.workspace, tracked=project.tracks)
    registry = scope_of(arguments.address, project.settings.registry, Trust()).registry
    database = RegistryDatabase(project.workspace.folder)
    try:
        queue = Queue(database)
        if arguments.action == "retry":
            print(f"{queue.revive(registry):,} will be tried again")
        else:
            _tell(queue, registry)
    finally:
        database.close()
    return int(ExitCode.ALLOWED)


def _tell(queue: Queue, registry: str) -> None:
    print(", ".join(f"{count:,} {state}" for state, count in queue.counts(registry).items()))
    for job in queue.dead(registry):
        print(f"given up  {job.name}  {job.reason}")


def _watch(arguments: argparse.Namespace) -> int:
    from lockgate.server.logs import begin as begin_logs

    begin_logs()
    if arguments.workers < 1:
        raise UsageError("must be 1 or more", where="--workers")
    if arguments.once and arguments.listen:
        raise UsageError("a watch that ends takes no webhooks", where="--once", hint="leave --listen out")
    project = project_at(Path(arguments.project), config=Path(arguments.config) if arguments.config else None)
    scope = scope_of(arguments.address, project.settings.registry, Trust(arguments.ca_file, arguments.plain_http))
    rebuilding.check(scope.settings)
    prepare(project.workspace, tracked=project.tracks)
    database = RegistryDatabase(project.workspace.folder)
    try:
        options = Options(arguments.workers, poll=not arguments.no_poll)
        watch = Watch(scope, database, _judging(arguments, project), options)
        if arguments.once:
            watch.drain()
            _tell(watch.queue, scope.registry)
        elif arguments.listen:
            _serve(arguments, project, scope, watch)
        else:
            _go_on(watch)
    finally:
        database.close()
    return int(ExitCode.ALLOWED)


def _go_on(watch: Watch) -> None:
    over = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda number, frame: over.set())
    watch.begin()
    print("watching", flush=True)
    while not over.wait(1.0):  # another thread may be given the signal; this one, which answers it, would sleep on
        pass
    watch.end()


def _serve(arguments: argparse.Namespace, project: Project, scope: Scope, watch: Watch) -> None:
    from lockgate.server import web
    from lockgate.server.access import People
    from lockgate.server.mounts import Mounts
    from lockgate.server.registry import mount, secret_of_settings
    from lockgate.server.tls.reload import Pair

    host, _, port = arguments.listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"{arguments.listen!r} is no address", where="--listen", hint="HOST:PORT")
    path = Path(arguments.tokens) if arguments.tokens else project.workspace.folder / FILE
    people = People(path)
    if not len(people) and not scope.settings.github_secret:
        raise ConfigurationError("nobody may tell: it names no one", where=str(path),
                                 hint="lockgate tokens add registry --may registry")  # fmt: skip
    secret = secret_of_settings(lambda: scope.settings.github_secret)
    app = Mounts([mount(watch, secret)], people.of, listeners=[watch])
    folder = Path(arguments.tls) if arguments.tls else None
    web.serve(
        app, web.Options(host.strip("[]"), int(port)),
        certificates=Pair(folder / "tls.crt", folder / "tls.key") if folder is not None else None,
        started=lambda number: print(f"listening on {number}", flush=True),
    )  # fmt: skip


def _judging(arguments: argparse.Namespace, project: Project) -> Judging:
    from lockgate.gates.check import GATE
    from lockgate.rules import load

    workspace, settings = project.workspace, project.settings
    advisories = Path(arguments.advisories) if arguments.advisories else workspace.advisories
    chosen = tuple(dict.fromkeys(Family(name) for name in arguments.family or ()))
    options = project.scanner_options()
    families = chosen or image_families(advisories, options)
    made = machine_folder([project.top])
    request = Request(
        families=families,
        advisories=advisories,
        gate=settings.gate,
        options=options,
        salt=salt_of(workspace),
        cache_dir=workspace.cache_dir,
        made_dir=made,
        waivers=project.waivers(),
        vex=project.vex(),
        seconds=settings.limits.seconds,
    )
    believed = BelievedVex(project, keeps=True)
    return Judging(
        load(families, cache_dir=made or workspace.cache_dir, samples=False), GATE, request, project.record(),
        partial(Ledger.open, workspace.folder),
        partial(Cache.open, workspace.cache_dir / "layers.db", keys=2 * _LAYERS_KEPT),
        matcher(settings.exclude), settings.limits.file_bytes, believed.of_image, believed.of_digest,
    )  # fmt: skip
