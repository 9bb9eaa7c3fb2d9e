"""The work of ``lockgate collect``: one collector until it is interrupted."""

from __future__ import annotations

import argparse
import hashlib
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from lockgate.errors import ExitCode, StoreError, UsageError

if TYPE_CHECKING:
    from lockgate.engine.collect import Plan, Tally
    from lockgate.model import Skip

_FOLDER = "collect"
_LEAST_INTERVAL = 5
_NO_LOGS = ("kube-system", "gatekeeper-system")
"""Namespaces whose logs the agent of Azure does not collect either."""
_MOST_STREAMS = 250


def run(arguments: argparse.Namespace) -> int:
    """Collect; the exit code."""
    from lockgate.cli._progress import progress
    from lockgate.cli._project import project_at
    from lockgate.engine.collect import Collector
    from lockgate.sources.cluster import Connection, connect
    from lockgate.store.journal import held
    from lockgate.store.workspace import prepare, salt_of

    _check(arguments)
    kubeconfig = Path(arguments.kubeconfig) if arguments.kubeconfig else None

    def opened() -> Connection:
        return connect(kubeconfig=kubeconfig, context=arguments.context, in_cluster=arguments.in_cluster)

    project = project_at(Path(arguments.project))
    prepare(project.workspace, tracked=project.tracks)
    first = opened()
    first.close()
    plan = _plan(arguments, first.name)
    folder = project.workspace.folder / _FOLDER / hashlib.sha256(plan.identity.id.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder / "owner") as mine, _stopped() as stop, progress(quiet=arguments.quiet or not plan.once) as tell:
        if not mine:
            raise StoreError("another collector of this cluster is at work", where=str(folder))
        collector = Collector(
            opened, plan, project.record(), folder=folder, salt=salt_of(project.workspace),
            say=_say, tell=tell,
        )  # fmt: skip
        tally = collector.run(stop)
    _sum_up(tally)
    return int(ExitCode.ALLOWED)


def _check(arguments: argparse.Namespace) -> None:
    for least, most, name in (
        (_LEAST_INTERVAL, 86_400, "interval"), (1, _MOST_STREAMS, "log_streams"), (0, 86_400 * 365, "log_since"),
    ):  # fmt: skip
        if not least <= getattr(arguments, name) <= most:
            raise UsageError(f"must be {least:,} to {most:,}", where=f"--{name.replace('_', '-')}")
    both = set(arguments.namespace) & set(arguments.exclude_namespace)
    if both:
        raise UsageError(f"{min(both)!r} is both wanted and not", where="--exclude-namespace")


def _plan(arguments: argparse.Namespace, name: str) -> Plan:
    from lockgate.engine.collect import Plan
    from lockgate.sources.cluster.insights import Identity
    from lockgate.sources.cluster.sampling import Scope

    excluded = _NO_LOGS if arguments.log_exclude is None else arguments.log_exclude
    return Plan(
        Identity(arguments.cluster_id or name),
        Scope(tuple(dict.fromkeys(arguments.namespace)), frozenset(arguments.exclude_namespace)),
        interval=float(arguments.interval), once=arguments.once, normal=arguments.normal_events,
        history=arguments.history, logs=arguments.logs, logs_excluded=frozenset(excluded),
        streams=arguments.log_streams, log_seconds=arguments.log_since,
    )  # fmt: skip


@contextmanager
def _stopped() -> Iterator[threading.Event]:
    """An event that an interrupt or the end of the Pod sets; a second one ends the process at once, which harms
    nothing that the tables have."""
    stop = threading.Event()
    before = {}

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is threading.main_thread():
        for one in (signal.SIGINT, signal.SIGTERM):
            before[one] = signal.signal(one, handle)
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _say(skip: Skip) -> None:
    from lockgate.cli._text import safe

    print(f"{safe(skip.path)}: {safe(skip.reason)}", file=sys.stderr)


def _sum_up(tally: Tally) -> None:
    for table, count in sorted(tally.rows.items()):
        print(f"{table}: {count:,} rows")
    if tally.misfits:
        print(f"{tally.misfits:,} rows and fields did not fit; they are in <table>_errors", file=sys.stderr)
