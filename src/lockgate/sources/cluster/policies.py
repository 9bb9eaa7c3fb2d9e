"""The policies that a cluster holds itself: Gatekeeper's objects, admission policies, their parameters, Namespaces.

One reader for everybody who judges by them, the webhook and the audit. What it could not read stays beside what it
read: who must have everything refuses, who can go on tells it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.model import Skip
from lockgate.policy.gatekeeper.config import Config, is_config, parse_config
from lockgate.sources.cluster.connection import Connection
from lockgate.sources.cluster.discovery import Resource, discover
from lockgate.sources.cluster.listing import Listing

PLACE = "cluster: "
"""How the place of a policy begins that a cluster holds."""
Key = tuple[str, str, str]
"""Kind, namespace and name."""
GROUPS = frozenset({
    "templates.gatekeeper.sh", "constraints.gatekeeper.sh", "mutations.gatekeeper.sh", "expansion.gatekeeper.sh",
    "config.gatekeeper.sh", "syncset.gatekeeper.sh",
})  # fmt: skip
"""API groups all of whose resources are policies, or say what policies look at."""
NATIVE = "admissionregistration.k8s.io"
"""Kubernetes' own; its webhook configurations are no policies."""
_NOTHING: Mapping[str, Any] = {}


@dataclass(slots=True)
class PolicyObjects:
    """What one reading gave."""

    held: dict[Resource, dict[Key, Mapping[str, Any]]] = field(default_factory=dict)
    """Every object that was read, also of resources that hold none."""
    parameters: frozenset[Resource] = frozenset()
    """Resources whose objects are parameters of a policy."""
    versions: dict[Resource, str] = field(default_factory=dict)
    """Where a watch of each resource goes on; resources that could not be read to their end are absent."""
    unread: dict[Resource, Skip] = field(default_factory=dict)
    """What could not be read to its end, and why."""
    unknown: tuple[Skip, ...] = ()
    """Groups that could not tell what they have."""
    awaited: frozenset[str] = frozenset()
    """Kinds of constraints that a template makes and that are not served yet."""
    plurals: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The resource's name of each (group, kind) that the cluster serves."""

    def manifests(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Places and bodies of policies, bindings and parameters.

        Without policies whose parameters could not be read: they would judge by parameters that are not there.
        """
        lacking = self._lacking()
        for resource, held in self.held.items():
            if is_policy(resource) or resource in self.parameters:
                for key, body in held.items():
                    if not lacking or not _leans_on(resource, body, lacking):
                        yield f"{PLACE}{resource.title}/{key[2]}", body

    def inventory(self) -> Iterator[Mapping[str, Any]]:
        """Everything else that was read: Namespaces, and what Config and SyncSets name."""
        for resource, held in self.held.items():
            if not is_policy(resource) and resource not in self.parameters:
                yield from held.values()

    def skips(self) -> Iterator[Skip]:
        """What could not be read, with what the account would need."""
        for resource, skip in self.unread.items():
            of = "policies" if is_policy(resource) else "policies that look at these"
            needs = f"apiGroups [{resource.group!r}], resources [{resource.plural!r}], verbs ['list']"
            yield replace(skip, reason=f"{skip.reason}; the cluster's own {of} count for nothing: grant {needs}")

    def _lacking(self) -> frozenset[str]:
        """Names of the admission policies, of both sorts, whose parameters could not be read."""
        lost = {(one.group, one.kind) for one in self.unread if one in self.parameters}
        if not lost:
            return frozenset()
        bodies = (body for held in self.held.values() for body in held.values())
        return frozenset(key_of(body)[2] for body in bodies if _parameter_kind(body) in lost)


def is_policy(resource: Resource) -> bool:
    """Whether the objects of a resource say what is wrong, or for whom."""
    if resource.group == NATIVE:
        return "admissionpolic" in resource.plural
    return resource.group in GROUPS


def key_of(body: Mapping[str, Any]) -> Key:
    """By what an object is known within its resource."""
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else _NOTHING
    return str(body.get("kind")), str(metadata.get("namespace") or ""), str(metadata.get("name"))


def read_policies(connection: Connection, *, salt: bytes) -> PolicyObjects:
    """Read everything that counts, once. ``salt`` keys the hashes of Secret values, should Secrets be synced.

    Raises ``SourceError`` when the server cannot be asked what it has.
    """
    connection.begin()
    served, unknown = discover(connection)
    found = PolicyObjects(unknown=tuple(unknown), plurals={(one.group, one.kind): one.plural for one in served})
    wanted = [one for one in served if is_policy(one) or one.title == "namespaces"]
    _list(connection, wanted, salt, found)
    bodies = [body for held in found.held.values() for body in held.values()]
    found.parameters = frozenset(_of_kinds(served, {kind for body in bodies if (kind := _parameter_kind(body))}))
    more = {*found.parameters, *_of_kinds(served, _synced_kinds(bodies))} - set(wanted)
    _list(connection, sorted(more), salt, found)
    constraints = {one.kind for one in served if one.group == "constraints.gatekeeper.sh"}
    found.awaited = frozenset(_constraint_kinds(bodies) - constraints)
    return found


def _list(connection: Connection, resources: Iterable[Resource], salt: bytes, found: PolicyObjects) -> None:
    for resource in resources:
        listing = Listing(connection, resource, salt)
        held = found.held.setdefault(resource, {})
        for row in listing.read():
            if isinstance(row, Skip):
                found.unread.setdefault(resource, row)
            else:
                held[key_of(row.body)] = row.body
        if listing.version:
            found.versions[resource] = listing.version


def _of_kinds(served: Iterable[Resource], kinds: set[tuple[str, str]]) -> list[Resource]:
    return [one for one in served if (one.group, one.kind) in kinds]


def _leans_on(resource: Resource, body: Mapping[str, Any], names: frozenset[str]) -> bool:
    """Whether it is one of the admission policies named, or a binding of one."""
    if resource.group != NATIVE:
        return False
    spec = body.get("spec")
    bound = spec.get("policyName") if isinstance(spec, dict) else None
    return (bound if isinstance(bound, str) else key_of(body)[2]) in names


def _parameter_kind(body: Mapping[str, Any]) -> tuple[str, str] | None:
    spec = body.get("spec")
    kind = spec.get("paramKind") if isinstance(spec, dict) else None
    if not isinstance(kind, dict):
        return None
    return str(kind.get("apiVersion")).rpartition("/")[0], str(kind.get("kind"))


def _synced_kinds(bodies: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    config = Config()
    for body in filter(is_config, bodies):
        try:
            config = config.joined(parse_config(body))
        except LockgateError:
            continue  # told when the policies are loaded
    return {(group, kind) for group, _, kind in config.synced}


def _constraint_kinds(bodies: Iterable[Mapping[str, Any]]) -> set[str]:
    found = set()
    for body in bodies:
        if body.get("kind") == "ConstraintTemplate":
            value: Any = body
            for name in ("spec", "crd", "spec", "names", "kind"):
                value = value.get(name) if isinstance(value, dict) else None
            if isinstance(value, str):
                found.add(value)
    return found
