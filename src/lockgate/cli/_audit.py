"""The work of ``lockgate audit``: a cluster as the source of one run of the engine."""

from __future__ import annotations

import argparse
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.cli._bundle import bundle_of
from lockgate.cli._check import exit_code, judged, opened
from lockgate.cli._outputs import outputs, write
from lockgate.cli._progress import progress
from lockgate.cli._project import project_at
from lockgate.engine import Request
from lockgate.engine.machine import machine_folder
from lockgate.errors import SourceError, UsageError
from lockgate.model import Family, Result, Skip
from lockgate.store.workspace import salt_of

if TYPE_CHECKING:
    from lockgate.sources.cluster import ClusterSource


def run(arguments: argparse.Namespace) -> int:
    """Judge the cluster that the arguments name; returns the exit code, of the last audit when it is watched."""
    if arguments.every < 1:
        raise UsageError("must be 1 or more", where="--every")
    while True:
        began = time.monotonic()
        code = _audit(arguments, began)
        if not arguments.watch:
            return code


def _audit(arguments: argparse.Namespace, began: float) -> int:
    """One audit; with ``--watch`` it returns when the next is due."""
    from lockgate.sources.cluster import ClusterSource, connect
    from lockgate.sources.cluster.policies import read_policies

    wanted = outputs(arguments.format)
    project = project_at(Path(arguments.project), config=Path(arguments.config) if arguments.config else None)
    kubeconfig = Path(arguments.kubeconfig) if arguments.kubeconfig else None
    connection = connect(kubeconfig=kubeconfig, context=arguments.context, in_cluster=arguments.in_cluster)
    place = project.workspace
    results: list[Result] = []
    with ExitStack() as stack:
        stack.callback(connection.close)
        stores = stack.enter_context(ExitStack())
        record, ledger, cache = stores.enter_context(opened(place, project, store=not arguments.no_store))
        salt = salt_of(None if arguments.no_store else place)
        source = ClusterSource(connection, salt=salt, namespaces=arguments.namespace)
        held = read_policies(connection, salt=salt) if arguments.cluster_policies else None
        skips = tuple(held.skips()) if held is not None else ()
        bundle = bundle_of(arguments)
        own = project.policies_of(
            held, arguments.policies, bundle.manifests() if bundle is not None else (),
            cache_dir=None if arguments.no_store else place.cache_dir,
        )  # fmt: skip
        del held  # what policies need of it they hold
        exempted = project.exemptions(arguments.exemptions)
        request = Request(
            families=(Family.POLICY,),
            gate=project.settings.gate,
            options=project.scanner_options(),
            own=own,
            skips=(*skips, *exempted.skips),
            project=f"cluster {connection.name}",
            salt=salt,
            cache_dir=None if arguments.no_store else place.cache_dir,
            made_dir=None if arguments.no_store else machine_folder([project.top]),
            waivers=project.waivers().extended(exempted.waivers),
            owners=None,
            partial=bool(arguments.namespace),
            seconds=project.settings.limits.seconds,
            tell=results.append,
            progress=stores.enter_context(progress(quiet=arguments.quiet)),
        )
        decision = judged([source], request, record=record, ledger=ledger, cache=cache)
        stores.close()  # others may read and write them while this waits
        write(results[0], wanted)
        if arguments.watch:
            try:
                _await_change(source, began + arguments.every)
            except KeyboardInterrupt:
                arguments.watch = False  # the person has seen enough, and the last audit stands
    return exit_code(decision)


def _await_change(source: ClusterSource, due: float) -> None:
    """Return once anything has changed since the audit read it, and not before ``due`` (``time.monotonic()``).

    The watch goes on where the lists ended, so nothing that happened meanwhile is missed.
    """
    stop = threading.Event()
    changes = source.watch(stop)
    try:
        for told in changes:
            if not isinstance(told, Skip):
                break
        else:
            raise SourceError("nothing of this cluster may be watched", where=source.root, hint="leave out --watch")
    finally:
        stop.set()
        changes.close()
    time.sleep(max(0.0, due - time.monotonic()))
