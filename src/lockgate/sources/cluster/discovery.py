"""Which resources a cluster can list: aggregated discovery, or the plain form where a server knows no other.

One resource is listed once: in the version its group prefers, and not again under a group it moved out of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats.format_error import FormatError
from lockgate.formats.printable import printable
from lockgate.model import Skip, SkipKind
from lockgate.sources.cluster.connection import Connection, OversizeError, RefusedError, SilentError

_ACCEPT = ",".join((
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
    "application/json",
))  # fmt: skip
PASSED_OVER = frozenset({
    ("", "events"), ("events.k8s.io", "events"), ("coordination.k8s.io", "leases"), ("", "componentstatuses"),
})  # fmt: skip
"""(group, resource) that say what happens rather than what is wanted; not read unless asked for."""
_MEASURES = frozenset({"metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io"})
_MOVED_OUT_OF = "extensions"
"""Once the group of Deployments, Ingresses and NetworkPolicies, which apps, networking.k8s.io and policy list too."""
_MAX_RESOURCES = 5000
_FAILURES = (RefusedError, SilentError, OversizeError, FormatError)


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """One resource in the version in which it is read."""

    group: str
    """Empty for the core group."""
    version: str
    plural: str
    kind: str
    namespaced: bool
    watchable: bool = True

    @property
    def api_version(self) -> str:
        """``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def title(self) -> str:
        """``deployments.apps``, as messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "") -> str:
        """Where it is listed, in one namespace or all."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.plural}" if namespace else f"{root}/{self.plural}"


def discover(connection: Connection, *, everything: bool = False) -> tuple[list[Resource], list[Skip]]:
    """Resources in order of group and name, and a Skip for each group that could not tell its own.

    ``everything`` takes in events, leases and measurements. ``SourceError`` when the server cannot be asked at all.
    """
    found: dict[tuple[str, str], Resource] = {}
    skips: list[Skip] = []
    for resource in _told(connection, skips):
        key = (resource.group, resource.plural)
        if everything or not (key in PASSED_OVER or resource.group in _MEASURES):
            found.setdefault(key, resource)
        if len(found) >= _MAX_RESOURCES:
            skips.append(Skip(connection.name, SkipKind.LIMIT, f"more than {_MAX_RESOURCES} resources"))
            break
    moved = {resource.plural for resource in found.values() if resource.group != _MOVED_OUT_OF}
    if ("", "events") in found:  # the same objects under two groups
        found.pop(("events.k8s.io", "events"), None)
    kept = [one for one in found.values() if one.group != _MOVED_OUT_OF or one.plural not in moved]
    return sorted(kept), skips


def _told(connection: Connection, skips: list[Skip]) -> Iterator[Resource]:
    for path in ("/api", "/apis"):
        try:
            answer = connection.json(path, accept=_ACCEPT)
        except _FAILURES as error:
            raise _unreachable(connection, error) from None
        if not isinstance(answer, dict):
            raise _unreachable(connection, FormatError("the answer to discovery is no object"))
        if answer.get("kind") == "APIGroupDiscoveryList":
            yield from _aggregated(connection, answer, skips)
        elif path == "/api":
            for version in _texts(answer.get("versions")):
                yield from _plain(connection, "", version, skips)
        else:
            for group in _objects(answer.get("groups")):
                preferred = _text(_object(group.get("preferredVersion")), "version")
                versions = [_text(one, "version") for one in _objects(group.get("versions"))]
                for version in sorted(filter(None, versions), key=lambda one: one != preferred):
                    yield from _plain(connection, _text(group, "name"), version, skips)


def _aggregated(connection: Connection, answer: Mapping[str, Any], skips: list[Skip]) -> Iterator[Resource]:
    for group in _objects(answer.get("items")):
        name = _text(_object(group.get("metadata")), "name")
        for version in _objects(group.get("versions")):
            told = _text(version, "version")
            if version.get("freshness") == "Stale":
                skips.append(_skip(connection, name, told, "the server behind this group does not answer"))
            for one in _objects(version.get("resources")):
                kind = _text(_object(one.get("responseKind")), "kind")
                plural, verbs = _text(one, "resource"), _texts(one.get("verbs"))
                if kind and plural and "list" in verbs:
                    namespaced = one.get("scope") == "Namespaced"
                    yield Resource(name, told, plural, kind, namespaced, "watch" in verbs)


def _plain(connection: Connection, group: str, version: str, skips: list[Skip]) -> Iterator[Resource]:
    path = f"/apis/{group}/{version}" if group else f"/api/{version}"
    try:
        answer = connection.json(path)
    except _FAILURES as error:
        skips.append(_skip(connection, group, version, str(error)))
        return
    for one in _objects(_object(answer).get("resources")):
        plural, kind, verbs = _text(one, "name"), _text(one, "kind"), _texts(one.get("verbs"))
        if plural and kind and "/" not in plural and "list" in verbs:
            yield Resource(group, version, plural, kind, one.get("namespaced") is True, "watch" in verbs)


def _skip(connection: Connection, group: str, version: str, reason: str) -> Skip:
    where = printable(f"{connection.name}:{group or 'core'}/{version}")
    return Skip(where, SkipKind.UNREADABLE, f"its resources could not be learnt: {printable(reason)}")


def _unreachable(connection: Connection, error: Exception) -> SourceError:
    hint = "check the address, the credentials and the network; kubectl version with the same kubeconfig tells more"
    if isinstance(error, RefusedError) and error.status in (401, 403):
        hint = "the server knows no such identity, or lets it see nothing: renew the credentials"
    elif "certificate" in str(error).lower():
        hint = "the certificate is not of the authority that the kubeconfig names; nothing was sent"
    return SourceError(f"the API server cannot be read: {error}", where=connection.address, hint=hint)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
