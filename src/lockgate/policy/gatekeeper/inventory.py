"""``data.inventory``: the objects of the cluster that Rego may look at, and the Namespaces that matching needs.

``cluster[groupVersion][kind][name]`` and ``namespace[ns][groupVersion][kind][name]``; core group is ``v1``. What is
kept is what SyncSets and the Config name, or everything when nobody says (as ``gator`` does). CEL never sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lockgate.policy.gatekeeper.config import Config
from lockgate.policy.gatekeeper.fields import group_version_kind, too_deep
from lockgate.policy.gatekeeper.review import MAX_DEPTH, ReviewError, candidate_of

_NAMESPACE = ("v1", "Namespace")


class Inventory:
    """A tree of objects. ``version`` changes with every change, so that what was made of it can be kept until then."""

    def __init__(self) -> None:
        self.version = 0
        self._known: dict[str, Mapping[str, Any]] = {}
        self._cluster: dict[str, dict[str, dict[str, Any]]] = {}
        self._namespaced: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}

    def add(self, body: object) -> None:
        """Add or replace one object. Raises :class:`ReviewError` for what is none."""
        if not isinstance(body, dict):
            raise ReviewError("an object must be a mapping", where="inventory")
        group, version, kind = group_version_kind(body)
        found = candidate_of(body)
        if not version or not kind or not found.name:
            raise ReviewError("an object must have apiVersion, kind and metadata.name", where="inventory")
        if too_deep(body, limit=MAX_DEPTH):
            raise ReviewError(f"nested deeper than {MAX_DEPTH} levels", where=f"inventory: {kind}/{found.name}"[:200])
        tree = self._namespaced.setdefault(found.namespace, {}) if found.namespace else self._cluster
        tree.setdefault(_group_version(group, version), {}).setdefault(kind, {})[found.name] = body
        self.version += 1

    def fill(self, objects: Iterable[Any], config: Config) -> list[ReviewError]:
        """Add what ``config`` syncs of ``objects``; Namespaces are known to matching whether they are synced or not.

        What is no object is left out and told.
        """
        problems: list[ReviewError] = []
        for body in objects:
            try:
                if not isinstance(body, dict) or config.syncs(candidate_of(body)):
                    self.add(body)
                self.know(body)
            except ReviewError as error:
                problems.append(error)
        return problems

    def know(self, body: Mapping[str, Any]) -> None:
        """Remember a Namespace for matching without showing it to policies; other objects are passed over."""
        found = candidate_of(body)
        if found.is_namespace:
            self._known[found.name] = body

    def remove(self, body: Mapping[str, Any]) -> None:
        """Take away the object of this kind, namespace and name; nothing happens when it is not there."""
        group, version, kind = group_version_kind(body)
        found = candidate_of(body)
        tree = self._namespaced.get(found.namespace, {}) if found.namespace else self._cluster
        names = tree.get(_group_version(group, version), {}).get(kind, {})
        if names.pop(found.name, None) is not None:
            self.version += 1
        if found.is_namespace:
            self._known.pop(found.name, None)

    def namespace(self, name: str) -> Mapping[str, Any] | None:
        """The Namespace object of that name, when it is there."""
        version, kind = _NAMESPACE
        found = self._cluster.get(version, {}).get(kind, {}).get(name)
        return found if isinstance(found, dict) else self._known.get(name)

    def data(self) -> dict[str, Any]:
        """The value of ``data.inventory``. The very tree: not to be changed by who reads it."""
        data: dict[str, Any] = {}
        if self._cluster:
            data["cluster"] = self._cluster
        if self._namespaced:
            data["namespace"] = self._namespaced
        return data


def _group_version(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version
