"""Where things stand in a Kubernetes object: the Pod template of a workload, and the items a check looks at one by one.

A path of a check is written ``containers``, ``podSpec.volumes[*]``, ``containers.ports[*]``, ``rules[*]`` or
``spec.rules[*].http.paths[*]``: field names joined by dots, ``[*]`` for each member of a list. ``podSpec`` is the spec
of the Pod that the object is or makes, and ``containers`` all of its containers, init and ephemeral ones too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.model.quick import quick
from lockgate.policy.errors import PolicyError

WORKLOADS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): (),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): ("spec", "template"),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("apps", "DaemonSet"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("extensions", "Deployment"): ("spec", "template"),
    ("extensions", "DaemonSet"): ("spec", "template"),
    ("extensions", "ReplicaSet"): ("spec", "template"),
    ("batch", "Job"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("argoproj.io", "Rollout"): ("spec", "template"),
    ("serving.knative.dev", "Service"): ("spec", "template"),
    ("apps.openshift.io", "DeploymentConfig"): ("spec", "template"),
}
"""Group and kind of everything that holds a Pod, and the fields that lead to the part with its metadata and spec."""

CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")
EMPTY: Mapping[str, Any] = {}


@quick
@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a check looks at."""

    pointer: str
    """JSON pointer from the root of the object."""
    value: Any
    parent: Any
    """The item one ``[*]`` further out; the object when there is none."""


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path: the root it begins at, then groups of fields, each ending in a list whose members are taken."""

    root: str
    """``object``, ``podSpec`` or ``containers``."""
    lists: tuple[tuple[str, ...], ...]


def parse_path(text: str) -> Path:
    """Raises :class:`PolicyError` for anything but the form above."""
    root, rest = "object", text
    for name in ("podSpec", "containers"):
        if text == name or text.startswith(f"{name}."):
            root, rest = name, text[len(name) + 1 :]
    groups = rest.split("[*]") if rest else [""]
    if groups[-1] or (not rest and root != "containers"):
        raise PolicyError(f"the path {text!r} does not end in a list", hint="end it in [*], or write containers")
    lists = []
    for group in groups[:-1]:
        fields = tuple(group.removeprefix(".").split("."))
        if not all(field.replace("-", "").replace("_", "").isalnum() for field in fields):
            raise PolicyError(f"the path {text!r} has a field that is no name", hint="join field names by dots")
        lists.append(fields)
    return Path(root, tuple(lists))


def group_kind(body: Mapping[str, Any]) -> tuple[str, str]:
    """API group (empty for core) and kind; empty texts for what is missing."""
    version, kind = body.get("apiVersion"), body.get("kind")
    group = version.rpartition("/")[0] if isinstance(version, str) else ""
    return group, kind if isinstance(kind, str) else ""


def without_nulls(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """``body`` without the fields that hold null, as an API server keeps it: a field that is null is not set.

    Gives ``body`` itself when there is none. List members stay, so that pointers name the same places.
    """
    pending: list[Any] = [body]
    while pending:
        value = pending.pop()
        members = list(value.values()) if isinstance(value, dict) else value
        if isinstance(value, dict) and None in members:
            return _pruned(body)
        pending.extend(one for one in members if isinstance(one, dict | list))
    return body


def _pruned(body: Mapping[str, Any]) -> dict[str, Any]:
    """A copy; level by level, because what people write can be deeper than Python's own stack."""
    copy: dict[str, Any] = dict(body)
    pending: list[Any] = [copy]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            for key in [key for key, one in value.items() if one is None]:
                del value[key]
        for key, one in list(value.items() if isinstance(value, dict) else enumerate(value)):
            if isinstance(one, dict | list):
                value[key] = dict(one) if isinstance(one, dict) else list(one)
                pending.append(value[key])
    return copy


def pod_place(body: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """Pointer to and value of the part that holds the Pod's ``metadata`` and ``spec``; None when there is none."""
    fields = WORKLOADS.get(group_kind(body))
    if fields is None:
        return None
    value: Any = body
    for field in fields:
        value = value.get(field) if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(value.get("spec"), dict):
        return None
    return "".join(f"/{field}" for field in fields), value


def misshapen(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Pointer and complaint where a workload is not shaped like one, so that its Pod cannot be judged; else None.

    What is missing is no fault: parts of objects stand in overlays.
    """
    fields = WORKLOADS.get(group_kind(body))
    if fields is None:
        return None
    value: Any = body
    pointer = ""
    for field in (*fields, "spec"):
        if field not in value:
            return None
        value, pointer = value[field], f"{pointer}/{field}"
        if not isinstance(value, dict):
            return pointer, f"{field} is no mapping"
    for name in CONTAINER_LISTS:
        members = value.get(name, [])
        if not isinstance(members, list):
            return f"{pointer}/{name}", f"{name} is no list"
        for index, one in enumerate(members):
            if not isinstance(one, dict):
                return f"{pointer}/{name}/{index}", f"a member of {name} is no mapping"
    return None


def containers_of(pointer: str, spec: Mapping[str, Any]) -> list[Item]:
    """All containers of a Pod spec that stands at ``pointer``."""
    found = []
    for name in CONTAINER_LISTS:
        members = spec.get(name)
        if isinstance(members, list):
            for index, one in enumerate(members):
                if isinstance(one, dict):
                    found.append(Item(f"{pointer}/{name}/{index}", one, spec))
    return found


def items(path: Path, body: Mapping[str, Any], pod: tuple[str, Mapping[str, Any]] | None) -> Iterator[Item]:
    """Everything that ``path`` leads to; nothing where a field is missing or is no list."""
    if path.root == "object":
        found = [Item("", body, body)]
    elif pod is None:
        return
    else:
        pointer = f"{pod[0]}/spec"
        spec = pod[1]["spec"]
        found = [Item(pointer, spec, body)] if path.root == "podSpec" else containers_of(pointer, spec)
    for fields in path.lists:
        found = [inner for item in found for inner in _members(item, fields)]
    yield from found


def _members(item: Item, fields: tuple[str, ...]) -> Iterator[Item]:
    value = item.value
    for field in fields:
        value = value.get(field) if isinstance(value, dict) else None
    if isinstance(value, list):
        pointer = item.pointer + "".join(f"/{field}" for field in fields)
        for index, one in enumerate(value):
            yield Item(f"{pointer}/{index}", one, item.value)
