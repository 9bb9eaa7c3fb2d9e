"""The work of ``lockgate admission serve``."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.cli._bundle import bundle_of
from lockgate.cli._project import Project, project_at
from lockgate.cycles import searched_in_slices
from lockgate.errors import ConfigurationError, ExitCode, LockgateError, UsageError
from lockgate.gates.admission import Authorities, PolicySet
from lockgate.server.admission import AdmissionServer, FailureMode, FailureModes, Options
from lockgate.server.admission.carrying import FOLDER, Carrier
from lockgate.server.admission.contract import Judge
from lockgate.server.admission.loader import Feed, Inputs, PolicyLoader, follow
from lockgate.server.admission.policies import PolicyJudge, judge_of
from lockgate.server.admission.recorder import JournalRecorder
from lockgate.server.admission.workers import Peers
from lockgate.server.logs import begin as begin_logs
from lockgate.server.tls.authority import OwnAuthority
from lockgate.server.tls.reload import Pair
from lockgate.settings import FILE_NAME, AdmissionSettings, OnFailure
from lockgate.store.journal import Journal
from lockgate.store.upkeep import Upkeep, upkeep_of
from lockgate.store.workspace import Workspace, prepare, salt_of

if TYPE_CHECKING:
    from lockgate.engine.deployments.admitting import ApprovedDigests
    from lockgate.engine.image_trust.admitting import ImageVerdicts
    from lockgate.engine.image_trust.pull_secrets import PullSecrets
    from lockgate.gates.deployment import Environment
    from lockgate.sources.cluster import Connection, Limits

_log = logging.getLogger("lockgate.admission")
_RECORD_SECONDS = 0.1
"""An append to the journal waits for the disk, whatever its size."""
_SERVICE = "lockgate.lockgate-system.svc"


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal; returns the exit code."""
    begin_logs()
    if arguments.workers < 1 or (arguments.workers > 1 and not hasattr(os, "fork")):
        raise UsageError("--workers must be 1 or more, and is 1 where processes cannot be forked")
    project = _project(arguments)
    place = project.workspace
    if arguments.state:
        place = Workspace(Path(arguments.state), place.record)
    prepare(place, tracked=project.tracks)
    salt_of(place)
    if arguments.workers > 1:
        from lockgate.cli._admission_workers import serve_together

        return serve_together(arguments, place, upkeep_of(project.settings.tables, where=FILE_NAME))
    return serve(arguments, place, lambda port: print(f"listening on {port}", flush=True), project=project)


def loader_of(arguments: argparse.Namespace, place: Workspace, project: Project | None = None) -> PolicyLoader:
    """What makes sets of policies from all that is named. ``project``: as it has just been read, for the first set."""
    feeds = _feeds(arguments, salt_of(place))
    read = [project] if project is not None else []

    def inputs() -> Inputs:
        return inputs_of(read.pop() if read else _project(arguments), arguments)

    return PolicyLoader(inputs, cache_dir=place.cache_dir, feeds=feeds, authorities=_authorities(arguments))


def serve(arguments: argparse.Namespace, place: Workspace, started: Callable[[int], None], *,
          prepared: tuple[PolicyLoader, PolicySet] | None = None, first: bool = True,
          peers: Peers | None = None, project: Project | None = None) -> int:  # fmt: skip
    """Serve in this process; ``started`` gets the port. ``first``: whether it also does what one of several must do.

    ``project``: as :func:`loader_of` takes it.
    """
    salt = salt_of(place)
    if prepared is None:
        made = loader_of(arguments, place, project)
        prepared = made, made.load()
    loader, policies = prepared
    assert loader.current is not None
    journal = None if arguments.no_store else _journal(place)
    verdicts = cache(lambda: _image_verdicts(arguments))
    digests = cache(lambda: _approved_digests(arguments, place))
    server = AdmissionServer(
        _validating(policies, loader.current, verdicts, digests), _certificates(arguments, place.folder),
        mutating=_mutating(policies),
        options=_options(arguments, loader.current.settings, peers), salt=salt,
        recorder=JournalRecorder(journal, salt=salt) if journal is not None else None,
        bundle_changed=_publisher(arguments) if first else None,
    )  # fmt: skip
    def upkeep() -> Upkeep:
        assert loader.current is not None
        return loader.current.upkeep

    carrier = _carrier(journal, place, server, upkeep, settles=first) if journal is not None else nullcontext()
    _log.info("%d policies, version %s", len(policies), policies.version)
    stop = threading.Event()
    following = threading.Thread(
        target=follow, name="policies", daemon=True, kwargs={"seconds": arguments.reload_seconds, "stop": stop},
        args=(loader, lambda made: _swap(server, made, loader, verdicts, digests), server.policies_failed),
    )  # fmt: skip
    threading.Thread(target=_tell_port, args=(server, started), daemon=True).start()
    try:
        with searched_in_slices(whole=peers is None), carrier:
            following.start()
            server.run()
    finally:
        stop.set()
    return int(ExitCode.ALLOWED)


def _feeds(arguments: argparse.Namespace, salt: bytes) -> list[Feed]:
    bundle = bundle_of(arguments, seconds=arguments.reload_seconds)
    return [*([bundle] if bundle is not None else ()), *_cluster(arguments, salt)]


def _cluster(arguments: argparse.Namespace, salt: bytes) -> Iterator[Feed]:
    if not arguments.cluster:
        return
    from lockgate.server.admission.cluster_policies import ClusterPolicies

    feed = ClusterPolicies(lambda: _connected(arguments), salt=salt)
    feed.start()
    yield feed


def _authorities(arguments: argparse.Namespace) -> Authorities | None:
    """Who answers CEL's ``authorizer``: the cluster whose policies these are."""
    if not arguments.cluster:
        return None
    from lockgate.server.admission.access_reviews import AccessReviews

    return AccessReviews(lambda: _connected(arguments))


def _connected(arguments: argparse.Namespace, limits: Limits | None = None) -> Connection:
    from lockgate.sources.cluster import connect

    kubeconfig = Path(arguments.kubeconfig) if arguments.kubeconfig else None
    return connect(kubeconfig=kubeconfig, context=arguments.context, in_cluster=arguments.in_cluster, limits=limits)


def inputs_of(project: Project, arguments: argparse.Namespace) -> Inputs:
    """What the project and the command line say."""
    settings = project.settings.admission
    if arguments.cluster_name:
        settings = replace(settings, cluster=arguments.cluster_name)
    folders = [project.top / one for one in settings.policies] + [Path(one) for one in arguments.policies]
    waivers = project.top / project.settings.waivers
    config = Path(arguments.config) if arguments.config else project.top / FILE_NAME
    images = None
    if settings.images:
        from lockgate.engine.image_trust.policies import load as load_images  # what it needs, others need not

        images = load_images(project.top / settings.images)
    named = images.files if images is not None else ()
    return Inputs(
        settings, project.scanner_options().get("policy", {}), project.waivers(), _waived_by(project, settings),
        tuple(folders), (config, waivers, *named), images, _environments(project),
        upkeep_of(project.settings.tables, where=FILE_NAME),
    )  # fmt: skip


def failure_modes(settings: AdmissionSettings) -> FailureModes:
    """As the settings say."""
    named = dict.fromkeys(settings.fail_open, FailureMode.OPEN)
    named |= dict.fromkeys(settings.fail_closed, FailureMode.CLOSED)
    default = FailureMode.OPEN if settings.failure is OnFailure.OPEN else FailureMode.CLOSED
    return FailureModes(default, named)


def _project(arguments: argparse.Namespace) -> Project:
    return project_at(Path(arguments.project), config=Path(arguments.config) if arguments.config else None)


def _waived_by(project: Project, settings: AdmissionSettings) -> str:
    name = project.settings.waivers
    if settings.waived_by:
        return f"{settings.waived_by} in {name}"
    owners = project.owners()
    found = owners.of(name) if owners is not None else ()
    return f"{', '.join(found)} in {name}" if found else f"a reviewed entry in {name}"


def _mutating(policies: PolicySet) -> PolicyJudge:
    return judge_of(policies, mutate=True)


def _environments(project: Project) -> tuple[Environment, ...]:
    """Every environment where one has namespaces: which line of them holds is found among all."""
    if not any(one.namespaces for one in project.settings.environments):
        return ()
    from lockgate.gates.deployment.environment import environments_of

    return environments_of(project.settings.environments)


def _validating(made: PolicySet, inputs: Inputs, verdicts: Callable[[], ImageVerdicts],
                digests: Callable[[], ApprovedDigests]) -> Judge:  # fmt: skip
    judge: Judge = judge_of(made)
    if inputs.images is not None:
        from lockgate.server.admission.images import ImageJudge

        judge = ImageJudge(judge, inputs.images, verdicts(), inputs.settings)
    if inputs.environments:
        from lockgate.server.admission.deployments import DeploymentJudge

        judge = DeploymentJudge(judge, inputs.environments, digests(), inputs.settings)
    return judge


def _approved_digests(arguments: argparse.Namespace, place: Workspace) -> ApprovedDigests:
    """Kept over changes of settings: what was allowed is read by the lines that hold then."""
    from lockgate.cli._up import database_of
    from lockgate.engine.deployments.admitting import ApprovedDigests, reading

    database = cache(lambda: database_of(_project(arguments).settings.server, place))
    return ApprovedDigests(reading(database, lambda: _environments(_project(arguments))))


def _image_verdicts(arguments: argparse.Namespace) -> ImageVerdicts:
    """Kept over changes of policies: a verdict is one of the policy that gave it."""
    from lockgate.engine.image_trust.admitting import ImageVerdicts, registries
    from lockgate.engine.image_trust.scans import known_to

    project = _project(arguments)
    named = project.settings.admission.images_ca_file
    authorities = str(project.top / named) if named else ""
    secrets = _secrets(arguments, project)
    return ImageVerdicts(registries(known_to(project.record), ca_file=authorities, secrets=secrets))


def _secrets(arguments: argparse.Namespace, project: Project) -> PullSecrets | None:
    if not project.settings.admission.image_pull_secrets:
        return None
    from lockgate.engine.image_trust.pull_secrets import LIMITS, PullSecrets

    if not arguments.cluster:
        hint = "--cluster, with --kubeconfig or --in-cluster"
        raise ConfigurationError("secrets of Pods are read from their cluster", hint=hint,
                                 where=f"{FILE_NAME}: admission.image_pull_secrets")  # fmt: skip
    return PullSecrets(lambda: _connected(arguments, LIMITS))


def _swap(server: AdmissionServer, made: PolicySet, loader: PolicyLoader, verdicts: Callable[[], ImageVerdicts],
          digests: Callable[[], ApprovedDigests]) -> None:  # fmt: skip
    assert loader.current is not None
    server.swap(_validating(made, loader.current, verdicts, digests), _mutating(made))
    server.app.fail_by(failure_modes(made.settings))
    gc.unfreeze()  # the old ones may go now
    gc.collect()


def _options(arguments: argparse.Namespace, settings: AdmissionSettings, peers: Peers | None) -> Options:
    return Options(
        host=arguments.host, port=arguments.port, failure=failure_modes(settings), threads=arguments.threads,
        drain_seconds=arguments.drain_seconds, record_seconds=_RECORD_SECONDS,
        client_authority=Path(arguments.client_authority) if arguments.client_authority else None, peers=peers,
    )  # fmt: skip


def _certificates(arguments: argparse.Namespace, workspace: Path) -> Pair | OwnAuthority:
    if arguments.tls:
        folder = Path(arguments.tls)
        return Pair(folder / "tls.crt", folder / "tls.key")
    folder = Path(arguments.authority) if arguments.authority else workspace / "authority"
    return OwnAuthority(folder, names=arguments.name or [_SERVICE])


def _journal(place: Workspace) -> Journal:
    return Journal(place.folder / FOLDER, f"admission-{os.urandom(6).hex()}")


@contextmanager
def _carrier(
    journal: Journal, place: Workspace, server: AdmissionServer, upkeep: Callable[[], Upkeep], *, settles: bool
) -> Iterator[None]:
    """Settles the journal within the block, and what is left of it at the end."""
    carrier = Carrier(journal, place.folder / FOLDER, place.record, settles=settles, told=server.settled, upkeep=upkeep)
    carrier.start()
    try:
        yield
    finally:
        carrier.close()


def _publisher(arguments: argparse.Namespace) -> Callable[[str], None] | None:
    if not arguments.publish:
        return None

    def publish(bundle: str) -> None:
        from lockgate.server.tls import bundle as bundles
        from lockgate.sources.cluster.connection import configured

        kubeconfig = Path(arguments.kubeconfig) if arguments.kubeconfig else None
        configuration, _ = configured(kubeconfig=kubeconfig, context=arguments.context, in_cluster=arguments.in_cluster)
        done: list[str] = []
        problems: list[LockgateError] = []
        for kind in bundles.KINDS:
            try:
                bundles.publish(configuration, kind=kind, name=arguments.publish, bundle=bundle)
                done.append(kind)
            except LockgateError as error:
                problems.append(error)
        for problem in problems:
            if not done:
                raise problem
            _log.info("%s", problem)

    return publish


def _tell_port(server: AdmissionServer, started: Callable[[int], None]) -> None:
    """A port that was chosen for us is told where a script can read it."""
    server.started.wait()
    started(server.port)
