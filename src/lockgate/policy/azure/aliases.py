"""The alias catalogue: which path of a resource a field's name stands for, by resource type and API version.

Azure keeps the table with its resource providers (``GET /providers?$expand=resourceTypes/aliases``); it is handed in
as a value. A name that the table does not hold follows the rule that covers most of them: ``properties.<path>``, and
the top of the resource for ``sku``, ``identity``, ``kind`` and their like.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lockgate.policy.azure.paths import STAR, Path, Segment, parse_path, split_qualified
from lockgate.policy.azure.values import Json, ascii_fold
from lockgate.policy.errors import PolicyError

ENVELOPE: Final = {
    ascii_fold(name): name
    for name in (
        "name", "type", "location", "kind", "id", "tags", "identity", "sku", "plan", "zones", "managedBy", "etag",
        "apiVersion", "fullName", "systemData", "extendedLocation",
    )
}  # fmt: skip
"""What stands beside ``properties`` in a resource, by folded name."""

_NEVER_AT_TOP = frozenset(("name", "type", "id", "apiversion", "properties", "fullname"))
_COMPUTE_IMAGES = {
    "imagepublisher": "publisher", "imageoffer": "offer", "imagesku": "sku", "imageversion": "version", "imageid": "id",
}  # fmt: skip
_PLANS_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Alias:
    """One name of one resource type."""

    name: str
    """The full name, ``Microsoft.Storage/storageAccounts/sku.name``."""
    resource_type: str
    """The resource type that it belongs to, as the provider spells it."""
    path: str
    """Where the value stands when no version says otherwise."""
    versions: Mapping[str, str]
    """Path by API version, for versions that differ or are listed."""
    modifiable: bool | None = None
    """Whether ``modify`` may change it; None when the table does not say."""
    data_plane: bool = False
    """Whether it came from a data-plane manifest, whose objects have no ``properties``."""

    def at(self, api_version: str) -> str:
        """The path for one API version; the default path for a version that is not listed."""
        return self.versions.get(api_version.lower(), self.path) if api_version else self.path

    @property
    def short(self) -> str:
        """The name without its resource type, as the normalised view calls it."""
        prefix = self.resource_type + "/"
        if self.name.lower().startswith(prefix.lower()):
            return self.name[len(prefix) :]
        return split_qualified(self.name)[1]


class Catalogue:
    """Aliases by name and by resource type. Read only; answers are remembered."""

    def __init__(self, aliases: Iterator[Alias] | list[Alias] | tuple[Alias, ...] = ()) -> None:
        self._by_name: dict[str, dict[str, Alias]] = {}
        self._by_type: dict[str, list[Alias]] = {}
        self._data_namespaces: set[str] = set()
        for alias in aliases:
            kind = ascii_fold(alias.resource_type)
            self._by_name.setdefault(ascii_fold(alias.name), {}).setdefault(kind, alias)
            self._by_type.setdefault(kind, []).append(alias)
            if alias.data_plane:
                self._data_namespaces.add(kind.split("/", 1)[0])
        self._plans: dict[tuple[str, str, str], tuple[Path, ...]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_type.values()))

    def __iter__(self) -> Iterator[Alias]:
        for aliases in self._by_type.values():
            yield from aliases

    def of_type(self, resource_type: str) -> list[Alias]:
        """Every alias of one resource type, in the table's order."""
        return self._by_type.get(ascii_fold(resource_type), [])

    def find(self, name: str, resource_type: str = "") -> Alias | None:
        """The alias of this name for this type; any type's when the type is not given or lies below the alias's."""
        known = self._by_name.get(ascii_fold(name))
        if not known:
            return None
        kind = ascii_fold(resource_type)
        if kind in known:
            return known[kind]
        if not kind or ascii_fold(name).startswith(kind + "/"):
            return next(iter(known.values()))
        return None

    def is_data_plane(self, resource_type: str) -> bool:
        """Whether objects of this type have their properties at the top (a manifest described the namespace)."""
        return ascii_fold(resource_type).split("/", 1)[0] in self._data_namespaces

    def plan(self, name: str, resource_type: str, api_version: str) -> tuple[Path, ...]:
        """The paths to try for a field, in order; none when the field belongs to another resource type."""
        key = (name, resource_type, api_version)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._make_plan(name, resource_type, api_version)
            if len(self._plans) < _PLANS_KEPT:  # names may be computed, so the memory is bounded
                self._plans[key] = plan
        return plan

    def _make_plan(self, name: str, resource_type: str, api_version: str) -> tuple[Path, ...]:
        owner, rest = split_qualified(name)
        if not owner:
            return _paths((parse_path(rest), True))
        kind = ascii_fold(resource_type)
        alias = self.find(name, resource_type)
        if alias is not None:
            exact = _paths((parse_path(alias.at(api_version)), False))
            below = parse_path(rest) if "/" in alias.short else None  # a child's properties, kept inside its parent
            return exact + _paths((("properties", *below), False)) if below else exact
        full = ascii_fold(name)
        if full in self._by_name:
            return ()
        if kind and full.startswith(kind + "/"):
            rest = name[len(kind) + 1 :]
        elif "/" not in owner:
            return _namespace_wide(owner, rest, kind)
        elif kind and kind != ascii_fold(owner):
            return ()
        return _by_rule(parse_path(rest)) + _paths((parse_path(name), False))


def _paths(*wanted: tuple[tuple[Segment, ...] | None, bool]) -> tuple[Path, ...]:
    return tuple(Path.of(segments, flatten=flatten) for segments, flatten in wanted if segments is not None)


def _by_rule(segments: tuple[Segment, ...] | None) -> tuple[Path, ...]:
    if segments is None:
        return ()
    below = _paths((("properties", *segments), True))
    first = segments[0]
    if isinstance(first, str) and ascii_fold(first) in _NEVER_AT_TOP:
        return below
    return below + _paths((segments, True))


def _namespace_wide(namespace: str, rest: str, kind: str) -> tuple[Path, ...]:
    """Aliases that belong to a namespace and not to one type, such as ``Microsoft.Compute/imagePublisher``."""
    if kind and not kind.startswith(ascii_fold(namespace) + "/"):
        return ()
    part = _COMPUTE_IMAGES.get(ascii_fold(rest)) if ascii_fold(namespace) == "microsoft.compute" else None
    if part is None:
        return _by_rule(parse_path(rest))
    image: tuple[Segment, ...] = ("storageProfile", "imageReference", part)
    if kind.startswith("microsoft.compute/virtualmachinescalesets"):
        image = ("virtualMachineProfile", *image)
    return _paths((("properties", *image), True))


def aliases_from_providers(table: Json, *, where: str = "") -> list[Alias]:
    """Aliases from the providers' answer: a list of providers, or an object whose ``value`` is one.

    Each provider is ``{namespace, resourceTypes: [{resourceType, aliases: [{name, defaultPath, paths: [{path,
    apiVersions}], defaultMetadata: {attributes}}]}]}``. Raises :class:`PolicyError` where the shape is another.
    """
    providers = table.get("value") if isinstance(table, dict) else table
    found: list[Alias] = []
    for provider in _objects(providers, "a list of providers", where):
        namespace = _text(provider, "namespace", where)
        for kind in _objects(provider.get("resourceTypes", []), "resourceTypes as a list", where):
            resource_type = f"{namespace}/{_text(kind, 'resourceType', where)}"
            for alias in _objects(kind.get("aliases") or [], "aliases as a list", where):
                found.append(_alias(alias, resource_type, where, data_plane=False))
    return found


def aliases_from_manifest(manifest: Json, *, where: str = "") -> list[Alias]:
    """Aliases from a data-plane manifest: ``{dataNamespace, aliases, resourceTypeAliases: [{resourceType, aliases}]}``.

    The manifest's own aliases hold for each of its resource types.
    """
    if not isinstance(manifest, dict):
        raise PolicyError("a data-plane manifest is an object", where=where)
    namespace = _text(manifest, "dataNamespace", where)
    shared = _objects(manifest.get("aliases", []), "aliases as a list", where)
    found: list[Alias] = []
    for kind in _objects(manifest.get("resourceTypeAliases", []), "resourceTypeAliases as a list", where):
        resource_type = f"{namespace}/{_text(kind, 'resourceType', where)}"
        for alias in [*_objects(kind.get("aliases", []), "aliases as a list", where), *shared]:
            found.append(_alias(alias, resource_type, where, data_plane=True))
    return found


def _alias(alias: Mapping[str, Json], resource_type: str, where: str, *, data_plane: bool) -> Alias:
    versions: dict[str, str] = {}
    first = ""
    for path in _objects(alias.get("paths") or [], "paths as a list", where):
        written = _text(path, "path", where)
        first = first or written
        for version in path.get("apiVersions") or path.get("schemaVersions") or []:
            versions.setdefault(str(version).lower(), written)
    metadata = alias.get("defaultMetadata")
    attributes = metadata.get("attributes") if isinstance(metadata, dict) else None
    default = alias.get("defaultPath")
    name = _text(alias, "name", where)
    path_text = default if isinstance(default, str) and default else first or f"properties.{split_qualified(name)[1]}"
    modifiable = None if attributes is None else "modifiable" in str(attributes).lower()
    return Alias(name, resource_type, path_text, versions, modifiable, data_plane)


def _objects(value: Json, what: str, where: str) -> list[dict[str, Json]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise PolicyError(f"the alias table needs {what} of objects", where=where)
    return value


def _text(value: Mapping[str, Json], key: str, where: str) -> str:
    text = value.get(key)
    if not isinstance(text, str) or not text:
        raise PolicyError(f"an entry of the alias table has no {key}", where=where)
    return text


__all__ = ["ENVELOPE", "STAR", "Alias", "Catalogue", "aliases_from_manifest", "aliases_from_providers"]
