"""What entries of both forms of bills become: components by package URL, with who requires whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.installed import FAMILY, System
from lockgate.formats.purl_components import component_of
from lockgate.model import Component, ComponentKind, Skip, SkipKind

MOST = 500_000
"""Components of one bill."""
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One component as the bill has it."""

    ref: str
    """What other parts of the bill call it by."""
    name: str
    url: str
    """Its package URL; empty where it has none."""
    fields: Mapping[str, Any]
    """Further fields of the component that the bill states."""
    places: tuple[tuple[str, int], ...] = ()
    """Where it was found, when the bill says so: path and line."""
    layers: Mapping[str, str] = field(default_factory=dict)
    """By path the layer that the file came with."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """By path the package of a distribution that the file belongs to."""


def operating_system(name: str, version: str, url: str, path: str) -> tuple[System, Component]:
    """A distribution that a bill names."""
    component = Component("", name, version, path, purl=url, kind=ComponentKind.OPERATING_SYSTEM)
    return System(id=name.lower(), version=version, name=""), component


def components_of(
    entries: list[Entry], path: str, system: System | None, needs: Mapping[str, Iterable[str]], direct: frozenset[str]
) -> tuple[list[Component], list[Skip]]:
    """The components of a bill, in its order, one for each place; and a Skip for those that cannot be known.

    ``needs``: refs by the ref of what requires them. Raises ``FormatError`` for too many.
    """
    if len(entries) > MOST:
        raise FormatError(f"more than {MOST} components", kind=SkipKind.TOO_LARGE)
    known: dict[str, Component] = {}
    unknown: list[str] = []
    for entry in entries:
        component = component_of(entry.url, path, system) if entry.url else None
        if component is None:
            unknown.append(entry.name or entry.ref)
        else:
            known[entry.ref] = replace(component, **entry.fields)
    parents: dict[str, set[str]] = {}
    for above, below in needs.items():
        if above in known:
            for ref in below:
                parents.setdefault(ref, set()).add(f"{known[above].name}@{known[above].version}")
    found: list[Component] = []
    for entry in entries:
        component = known.get(entry.ref)
        if component is not None:
            named = True if entry.ref in direct else component.direct
            settled = replace(component, parents=tuple(sorted(parents.get(entry.ref, ()))), direct=named)
            found += [_at(settled, entry, place, line) for place, line in entry.places] or [settled]
    return found, [_unknown(path, unknown)] if unknown else []


def _at(component: Component, entry: Entry, path: str, line: int) -> Component:
    layer, owner = entry.layers.get(path, component.layer), entry.owners.get(path, "")
    return replace(component, path=path, line=line, layer=layer, owner=owner)


def _unknown(path: str, names: list[str]) -> Skip:
    shown = ", ".join("".join(c if c.isprintable() else "?" for c in name[:60]) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    reason = f"{len(names)} components without a package URL that is understood: {shown}{more}"
    return Skip(path, SkipKind.UNSUPPORTED, reason, FAMILY)


def text(value: Any, most: int = 2000) -> str:
    """A text of the bill; empty for anything else, or one that is too long."""
    return value if isinstance(value, str) and len(value) <= most else ""


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a list of the bill; anything else in it is passed over."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """The texts in a list of the bill."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
