"""``ContainerInventory``: one row a container that has a state (kubernetes_container_inventory.rb).

Values of environment variables do not leave the cluster: the salted hash that the secret scanner gives the same value
takes their place, as everywhere else in the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockgate.sources.cluster.insights.fields import json_text, last_part, moment, part, parts, text
from lockgate.sources.cluster.insights.identity import Identity
from lockgate.sources.cluster.insights.pods import state_of, statuses
from lockgate.sources.cluster.scrub import hashed_value

_MOST_TEXT = 200_000
"""Characters of the environment, as the agent has it."""
_STATES = {"waiting": "Waiting", "running": "Running"}


def container_rows(
    pod: Mapping[str, Any], identity: Identity, *, time: str, salt: bytes
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """The rows of the containers of one Pod. ``salt`` keys the hashes; without it values are only removed."""
    metadata, spec = part(pod, "metadata"), part(pod, "spec")
    pod_name, namespace = text(metadata, "name"), text(metadata, "namespace")
    wanted = {text(one, "name"): one for name in ("containers", "initContainers") for one in parts(spec, name)}
    for status in statuses(pod):
        name, id_ = text(status, "name"), last_part(text(status, "containerID"))
        container = wanted.get(name, {})
        restarts = status.get("restartCount")
        yield identity.row(
            time, Computer=text(spec, "nodeName"), ContainerID=id_, ContainerHostname=pod_name,
            Name=f"k8s_{name}_{pod_name}_{namespace}_{id_}_{restarts if isinstance(restarts, int) else 0}",
            CreatedTime=moment(metadata, "creationTimestamp"), **_image(status, container), **_state(status),
            Command=json_text(container["command"]) if isinstance(container.get("command"), list) else "",
            Ports=json_text(container["ports"]) if isinstance(container.get("ports"), list) else "",
            EnvironmentVar=_environment(container, salt),
        )  # fmt: skip


def _state(status: Mapping[str, Any]) -> dict[str, Any]:
    state, details = state_of(status)
    if state != "terminated":
        return {"ContainerState": _STATES.get(state, ""), "StartedTime": moment(details, "startedAt"), "ExitCode": 0}
    code = details.get("exitCode")
    code = code if isinstance(code, int) and not isinstance(code, bool) and code < 1 << 31 else 0
    code = 128 if code < 0 else code
    return {
        "ContainerState": "Failed" if code else "Terminated", "ExitCode": code,
        "StartedTime": moment(details, "startedAt"), "FinishedTime": moment(details, "finishedAt"),
    }  # fmt: skip


def _image(status: Mapping[str, Any], container: Mapping[str, Any]) -> dict[str, str]:
    """What the runtime says it runs; what it leaves open is taken from what was asked for."""
    told, asked = reference_parts(text(status, "image")), reference_parts(text(container, "image"))
    digest = text(status, "imageID").rpartition("@")[2] or told["ImageID"] or asked["ImageID"]
    found = {name: told[name] or asked[name] for name in ("Repository", "Image", "ImageTag")}
    return {**found, "ImageID": digest}


def reference_parts(reference: str) -> dict[str, str]:
    """``repository/image:tag@digest`` in the columns of the table. The repository is all up to the first slash, as
    the agent cuts it: of ``mcr.microsoft.com/oss/kubernetes/pause:3.6`` the image is ``oss/kubernetes/pause``."""
    if not reference:
        return dict.fromkeys(("Repository", "Image", "ImageTag", "ImageID"), "")
    rest, _, digest = reference.partition("@")
    repository, slash, image = rest.partition("/")
    if not slash:
        repository, image = "", rest
    image, _, tag = image.partition(":")
    tag = tag or ("" if digest else "latest")
    return {"Repository": repository, "Image": image, "ImageTag": tag, "ImageID": digest}


def _environment(container: Mapping[str, Any], salt: bytes) -> str:
    """A JSON list of ``NAME=value``; empty without variables. What is cut off ends at a whole variable."""
    kept: list[str] = []
    size = 0
    for one in parts(container, "env"):
        told = f"{text(one, 'name')}={_variable(one, salt)}"
        size += len(told)
        if size > _MOST_TEXT:
            break
        kept.append(told)
    return json_text(kept) if kept else ""


def _variable(one: Mapping[str, Any], salt: bytes) -> str:
    if text(one, "value"):
        return hashed_value(text(one, "value"), salt=salt)
    source = part(one, "valueFrom")
    secret = part(source, "secretKeyRef")
    if secret:
        return f"secretKeyRef_{text(secret, 'name')}_{text(secret, 'key')}"
    return json_text(dict(source)) if source else ""
