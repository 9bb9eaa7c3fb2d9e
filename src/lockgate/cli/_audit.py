"""The work of ``lockgate audit``: a cluster as the source of one run of the engine."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from lockgate.cli._check import exit_code, judged, opened
from lockgate.cli._outputs import outputs, write
from lockgate.cli._progress import progress
from lockgate.cli._project import project_at
from lockgate.engine import Request
from lockgate.engine.workspace import salt_of
from lockgate.model import Family, Result


def run(arguments: argparse.Namespace) -> int:
    """Judge the cluster that the arguments name; returns the exit code."""
    from lockgate.sources.cluster import ClusterSource, connect

    wanted = outputs(arguments.format)
    project = project_at(Path(arguments.project), config=Path(arguments.config) if arguments.config else None)
    kubeconfig = Path(arguments.kubeconfig) if arguments.kubeconfig else None
    connection = connect(kubeconfig=kubeconfig, context=arguments.context, in_cluster=arguments.in_cluster)
    place = project.workspace
    results: list[Result] = []
    with ExitStack() as stack:
        stack.callback(connection.close)
        record, ledger, cache = stack.enter_context(opened(place, project, store=not arguments.no_store))
        salt = salt_of(None if arguments.no_store else place)
        source = ClusterSource(connection, salt=salt, namespaces=arguments.namespace)
        request = Request(
            families=(Family.POLICY,),
            gate=project.settings.gate,
            options=project.scanner_options(),
            own=project.own_policies(arguments.policies),
            project=f"cluster {connection.name}",
            salt=salt,
            cache_dir=None if arguments.no_store else place.cache_dir,
            waivers=project.waivers(),
            owners=None,
            partial=bool(arguments.namespace),
            seconds=project.settings.limits.seconds,
            tell=results.append,
            progress=stack.enter_context(progress(quiet=arguments.quiet)),
        )
        decision = judged([source], request, record=record, ledger=ledger, cache=cache)
    write(results[0], wanted)
    return exit_code(decision)
