"""How an image was built, as SLSA has it. Source: slsa.dev/spec/v1.0/provenance. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lockgate import __version__
from lockgate.engine.build.origin import Origin
from lockgate.formats.oci.references import Reference

BUILD_TYPE = "https://lockgate.dev/builds/dockerfile/v1"
"""What the parameters mean: ``docs/build.md``."""


def predicate(
    origin: Origin, parameters: Mapping[str, Any], *, bases: Sequence[tuple[Reference, str]], builder: str,
    started: datetime, ended: datetime,
) -> dict[str, Any]:  # fmt: skip
    """The predicate. ``parameters``: what the caller chose; ``builder``: the program and its version."""
    external = dict(parameters)
    materials: list[dict[str, Any]] = []
    if origin.repository:
        external["source"] = f"git+{origin.repository}" + (f"@{origin.ref}" if origin.ref else "")
        one: dict[str, Any] = {"uri": external["source"]}
        materials.append(one | ({"digest": {"gitCommit": origin.revision}} if origin.is_clean else {}))
    if origin.workflow:
        external["workflow"] = {"ref": origin.ref, "repository": origin.repository, "path": origin.workflow}
    for base, digest in bases:
        if digest:
            algorithm, _, value = digest.partition(":")
            materials.append({"uri": f"oci://{base.name}:{base.tag or 'latest'}", "digest": {algorithm: value}})
    metadata: dict[str, Any] = {"startedOn": _told(started), "finishedOn": _told(ended)}
    if origin.invocation:
        metadata["invocationId"] = origin.invocation
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": external,
            "internalParameters": {"sourceDateEpoch": origin.epoch, "builder": builder},
            "resolvedDependencies": materials,
        },
        "runDetails": {
            "builder": {"id": origin.builder, "version": {"lockgate": __version__}}, "metadata": metadata,
        },
    }  # fmt: skip


def _told(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
