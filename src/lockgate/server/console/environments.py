"""Environments as pages and API show them: those that the settings name and those that something was asked for.

What is deployed there is what the gate last allowed from each repository, and what a cluster of the record runs of it.
What does not belong: the gate itself (``engine.deployments``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastapi import Request

from lockgate.access import may, permissions
from lockgate.access.ruling import reach
from lockgate.dataclass import dataclass
from lockgate.engine.deployments.desk import Desk
from lockgate.gates.deployment.environment import Environment, words
from lockgate.model.actor import Actor, Asset, AssetKind
from lockgate.server.console import looks, questions
from lockgate.server.console.asking import services_of
from lockgate.settings import EnvironmentSettings
from lockgate.settings.globs import word_matches
from lockgate.store.team import environments
from lockgate.store.team.environments import EnvironmentUse
from lockgate.store.team.gates import Kept

_MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Rules:
    """One line of the settings in words."""

    line: str
    """``environments[0]``."""
    said: tuple[tuple[str, str], ...]
    """What about, and what is asked for."""


def seen(request: Request, actor: Actor) -> list[EnvironmentUse]:
    """Environments that ``actor`` may see, by name; none where this server has no gate of deployments."""
    desk = services_of(request).more.get(Desk)
    if not isinstance(desk, Desk) or reach(actor, permissions.ENVIRONMENTS_READ) is None:
        return []
    with desk.database.read() as connection:
        found = {one.name: one for one in environments.used(connection)}
    for line in desk.rules().environments:
        if _MAGIC.isdisjoint(line.settings.name):
            found.setdefault(line.settings.name, EnvironmentUse(line.settings.name, 0, 0, ""))
    return [found[name] for name in sorted(found) if _may_see(request, actor, name)]


def find(request: Request, actor: Actor, name: str) -> EnvironmentUse | None:
    """One of them; None for one that there is not, and for one that they may not see alike."""
    return next((one for one in seen(request, actor) if one.name == name), None)


def lines_of(desk: Desk, name: str) -> list[Environment]:
    """The lines of the settings that an environment can meet; which one holds depends on the repository too."""
    return [one for one in desk.rules().environments if word_matches(one.settings.name, name)]


def rules_of(lines: Sequence[Environment]) -> list[Rules]:
    """Lines in words."""
    return [Rules(one.line, tuple(_said(one.settings))) for one in lines]


async def images_of(request: Request, actor: Actor, deployed: Sequence[Kept]) -> dict[str, looks.Row]:
    """What the record holds of the images deployed, by their digests: when read, findings of each severity."""
    digests = _digests(deployed)
    if not digests or reach(actor, permissions.IMAGES_READ) is None:
        return {}
    rows = await looks.rows(request, actor, questions.IMAGES_OF_DIGESTS, {"pDigests": digests})
    return {str(row[name]): row for row in rows for name in ("IndexDigest", "ImageDigest") if row[name]}


async def pods_of(request: Request, actor: Actor, deployed: Sequence[Kept]) -> list[looks.Row]:
    """Where clusters of the record run these images: cluster, namespace, digest, pods, when last seen."""
    digests = _digests(deployed)
    if not digests or reach(actor, permissions.CLUSTERS_READ) is None:
        return []
    return await looks.rows(request, actor, questions.PODS_OF_DIGESTS, {"pDigests": digests})


def _digests(deployed: Sequence[Kept]) -> str:
    """Those of all images, as one parameter."""
    return ",".join(sorted({one.rpartition("@")[2] for kept in deployed for one in kept.request.images}))


def _may_see(request: Request, actor: Actor, name: str) -> bool:
    asset = Asset(AssetKind.ENVIRONMENT, name)
    return bool(may(actor, permissions.ENVIRONMENTS_READ, asset, now=services_of(request).now()))


def _said(one: EnvironmentSettings) -> Iterator[tuple[str, str]]:
    if one.repositories != ("*",):
        yield "Repositories", ", ".join(one.repositories)
    yield "Branches and tags", ", ".join(one.refs) if one.refs != ("*",) else "every one"
    checks = [*one.checks, *(["the last check by Lockgate did not deny"] if one.gate else [])]
    checks += ["no policy denies what is rendered"] if one.policies else []
    yield "Checks", "; ".join(checks) or "none"
    if one.images is not None:
        days = f"; scanned within {one.images.scan_days} days" if one.images.scan_days else ""
        yield "Images", ("the policy of images holds" if one.images.verified else "named by digest") + days
    yield "Approvals", "; ".join(f"{line.count} of {words(line)}" for line in one.approvals) or "nobody is asked"
    if one.approvals:
        yield "Who counts", _counts(one)
    if one.wait_minutes:
        yield "Wait", f"{one.wait_minutes} minutes"
    if one.windows:
        yield "Open", "; ".join(
            f"{', '.join(map(str, line.days))} {line.opens} to {line.closes} {line.zone}" for line in one.windows
        )
    if one.freezes:
        yield "Frozen", "; ".join(
            f"{line.begins} to {line.ends} {line.zone}{f': {line.why}' if line.why else ''}" for line in one.freezes
        )
    yield "Times", f"a request expires after {one.expires_hours} hours; an allowed one may begin for {one.lasts_hours}"
    glass = one.break_glass
    if glass is None:
        yield "Broken glass", "nobody may"
    else:
        after = f"{glass.follow_up_people} others look at it within {glass.follow_up_hours} hours"
        yield "Broken glass", f"by {', '.join(map(words, glass.by))}, for {glass.minutes} minutes; {after}"
    if one.namespaces:
        clusters = ", ".join(one.clusters) if one.clusters != ("*",) else "every cluster"
        yield "Admission", f"only allowed digests run in {', '.join(one.namespaces)} of {clusters}"


def _counts(one: EnvironmentSettings) -> str:
    said = ["with a second factor"] if one.mfa else ["without a second factor too"]
    said += [] if one.author_may_approve else ["no author"]
    said += [] if one.requester_may_approve else ["not who asked"]
    return ", ".join(said)
