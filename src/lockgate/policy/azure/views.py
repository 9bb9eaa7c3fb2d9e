"""The alias view of a resource, and back: ``properties`` lifted to the top, names folded, aliases in place.

Azure's data planes and Microsoft's tools exchange resources in this shape. Evaluation does not need it: fields are
read from the resource itself (``fields``), so that a finding can point into it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from lockgate.policy.azure.aliases import ENVELOPE, Alias, Catalogue
from lockgate.policy.azure.paths import STAR, Segment, parse_path
from lockgate.policy.azure.values import MISSING, Json, ascii_fold, get

MAX_DEPTH: Final = 100
"""Levels that are folded; what lies deeper stays as it is."""

COLLISION: Final = "_p_"
"""Put before a property that has an alias and shares its name with a member of the envelope."""

_OPAQUE = frozenset((("tags",), ("identity", "userassignedidentities")))  # their keys are data, not names
_ENVELOPE_CASE = {
    ascii_fold(name): name
    for name in (
        "principalId", "tenantId", "clientId", "userAssignedIdentities", "createdBy", "createdByType", "createdAt",
        "lastModifiedBy", "lastModifiedByType", "lastModifiedAt", "promotionCode", "resourceType",
    )
}  # fmt: skip

Names = tuple[str, ...]


@dataclass(slots=True)
class _Shape:
    """What the aliases of one type say about where things stand, for one API version."""

    flat: set[Names] = field(default_factory=set)
    """Arrays, by folded names without ``properties``, whose members keep ``properties`` of their own."""
    case: dict[Names, str] = field(default_factory=dict)
    """How a name is written, by the folded names that lead to it, ``properties`` included."""
    outside: set[Names] = field(default_factory=set)
    """Members of flattened arrays that stand beside ``properties``."""
    inside: set[Names] = field(default_factory=set)
    """Members of flattened arrays that aliases place in ``properties``."""
    scalar: list[tuple[Names, Names]] = field(default_factory=list)
    """Aliases without ``[*]`` whose path differs from the rule: view names, resource names."""
    element: list[tuple[Names, Names, Names]] = field(default_factory=list)
    """Array, view names in a member, resource names in a member (without a leading ``properties``)."""
    bases: dict[str, str] = field(default_factory=dict)
    """Arrays that the view calls otherwise: the resource's folded name to the view's."""
    collisions: set[str] = field(default_factory=set)
    """Properties with an alias whose name a member of the envelope has too."""


def normalise(
    resource: Json, catalogue: Catalogue | None = None, *, api_version: str = "", sub_resources: Iterable[str] = ()
) -> Json:
    """The alias view of a resource. ``sub_resources`` names further arrays (dotted) whose members hold resources."""
    if not isinstance(resource, dict):
        return resource
    table = catalogue or Catalogue()
    kind = get(resource, "type")
    kind = kind if isinstance(kind, str) else ""
    shape = _shape(table.of_type(kind), api_version, sub_resources)
    data_plane = table.is_data_plane(kind)
    view: dict[str, Json] = {}
    for name, value in resource.items():
        folded = ascii_fold(name)
        if folded in ENVELOPE:
            view[folded] = _folded(value, (folded,), shape, 1)
        elif data_plane:
            view[folded] = _flat(value, (folded,), shape, 1)
    properties = get(resource, "properties")
    for name, value in properties.items() if isinstance(properties, dict) and not data_plane else ():
        folded = ascii_fold(name)
        if folded not in view:
            view[folded] = _flat(value, (folded,), shape, 1)
        elif folded in shape.collisions:
            view[COLLISION + folded] = _flat(value, (folded,), shape, 1)
    _lift(resource, view, shape)
    return view


def denormalise(
    view: Json, catalogue: Catalogue | None = None, *, api_version: str = "", sub_resources: Iterable[str] = ()
) -> Json:
    """The resource that an alias view stands for; names get the case that the catalogue writes."""
    if not isinstance(view, dict):
        return view
    table = catalogue or Catalogue()
    kind = get(view, "type")
    kind = kind if isinstance(kind, str) else ""
    shape = _shape(table.of_type(kind), api_version, sub_resources)
    data_plane = table.is_data_plane(kind)
    lead: Names = () if data_plane else ("properties",)
    renamed = dict(shape.scalar)
    back = {view_name: arm for arm, view_name in shape.bases.items()}
    resource: dict[str, Json] = {}
    properties: dict[str, Json] = {}
    for name, value in view.items():
        folded = ascii_fold(name)
        if folded in ENVELOPE:
            resource[ENVELOPE[folded]] = _envelope_case(value, (folded,), 1)
            continue
        if (folded,) in renamed:
            continue
        folded = folded.removeprefix(COLLISION)
        arm = back.get(folded, folded)
        properties[shape.case.get((*lead, arm), arm)] = _cased(value, (folded,), (*lead, arm), shape, 1)
    for names, target in shape.scalar:
        _send_back(view, resource, properties, names, target, shape)
    if data_plane:
        resource.update(properties)
    elif properties:
        resource["properties"] = properties
    return resource


def _shape(aliases: list[Alias], api_version: str, sub_resources: Iterable[str]) -> _Shape:
    shape = _Shape(flat={tuple(ascii_fold(one) for one in name.split(".")) for name in sub_resources})
    for alias in aliases:
        path, short = parse_path(alias.at(api_version)), parse_path(alias.short)
        if path is None or short is None:
            continue
        for written in (path, parse_path(alias.path), *map(parse_path, alias.versions.values())):
            _learn_case(shape, written)
        _learn_arrays(shape, path)
        _learn_renames(shape, short, path, data_plane=alias.data_plane)
    return shape


def _learn_case(shape: _Shape, path: tuple[Segment, ...] | None) -> None:
    names: Names = ()
    for segment in path or ():
        if isinstance(segment, str):
            names = (*names, ascii_fold(segment))
            shape.case.setdefault(names, segment)


def _learn_arrays(shape: _Shape, path: tuple[Segment, ...]) -> None:
    names: Names = ()
    for at, segment in enumerate(path):
        if segment == STAR and at + 1 < len(path):
            following = path[at + 1]
            if isinstance(following, str) and ascii_fold(following) == "properties":
                if at + 2 < len(path):
                    shape.flat.add(names)
                    shape.inside.add((*names, ascii_fold(str(path[at + 2]))))
            elif isinstance(following, str):
                shape.outside.add((*names, ascii_fold(following)))
        elif isinstance(segment, str) and ascii_fold(segment) != "properties":
            names = (*names, ascii_fold(segment))


def _learn_renames(shape: _Shape, short: tuple[Segment, ...], path: tuple[Segment, ...], *, data_plane: bool) -> None:
    view = tuple(ascii_fold(one) if isinstance(one, str) else one for one in short)
    arm = tuple(ascii_fold(one) if isinstance(one, str) else one for one in path)
    if STAR not in view:
        names = tuple(str(one) for one in view)
        if STAR in arm:
            return
        if arm == ("properties", *view) and len(view) == 1 and names[0] in ENVELOPE:
            shape.collisions.add(names[0])
        elif arm not in (("properties", *view), view) or (arm == view and not data_plane and names[0] not in ENVELOPE):
            shape.scalar.append((names, tuple(str(one) for one in arm)))
        return
    if STAR not in arm or view.count(STAR) != 1 or arm.count(STAR) != 1:
        return
    cut, arm_cut = view.index(STAR), arm.index(STAR)
    base = tuple(str(one) for one in view[:cut])
    arm_base = tuple(str(one) for one in arm[:arm_cut] if one != "properties")
    if base != arm_base and len(base) == 1 and len(arm_base) == 1:
        shape.bases[arm_base[0]] = base[0]
    tail = tuple(str(one) for one in view[cut + 1 :])
    arm_tail = tuple(str(one) for one in arm[arm_cut + 1 :])
    arm_tail = arm_tail[1:] if arm_tail[:1] == ("properties",) else arm_tail
    if tail and arm_tail and tail != arm_tail:
        shape.element.append((base, tail, arm_tail))


def _folded(value: Json, names: Names, shape: _Shape, depth: int) -> Json:
    """Names folded all the way down, but for tags and identities, whose names are data."""
    if depth > MAX_DEPTH:
        return value
    if isinstance(value, list):
        return [_folded(one, names, shape, depth + 1) for one in value]
    if not isinstance(value, dict):
        return value
    if names in _OPAQUE:
        return dict(value)
    return {ascii_fold(name): _folded(one, (*names, ascii_fold(name)), shape, depth + 1) for name, one in value.items()}


def _flat(value: Json, names: Names, shape: _Shape, depth: int) -> Json:
    """Names folded, and ``properties`` of an array's members lifted into them where the array is known for it."""
    if depth > MAX_DEPTH:
        return value
    if isinstance(value, list):
        return [_flat_member(one, names, shape, depth + 1) for one in value]
    if isinstance(value, dict):
        return {
            ascii_fold(name): _flat(one, (*names, ascii_fold(name)), shape, depth + 1) for name, one in value.items()
        }
    return value


def _flat_member(value: Json, names: Names, shape: _Shape, depth: int) -> Json:
    if not isinstance(value, dict) or names not in shape.flat:
        return _flat(value, names, shape, depth)
    found: dict[str, Json] = {}
    inner: Json = None
    for name, one in value.items():
        folded = ascii_fold(name)
        if folded == "properties" and isinstance(one, dict):
            inner = one
        else:
            found[folded] = _flat(one, (*names, folded), shape, depth + 1)
    for name, one in inner.items() if inner is not None else ():
        folded = ascii_fold(name)
        if folded not in found:
            found[folded] = _flat(one, (*names, folded), shape, depth + 1)
    return found


def _lift(resource: dict[str, Json], view: dict[str, Json], shape: _Shape) -> None:
    """Put values under the names of aliases whose path is not the one of the rule."""
    for arm, name in shape.bases.items():
        if arm in view and name not in view:
            view[name] = view.pop(arm)
    for names, path in shape.scalar:
        value = _reach(resource, path)
        if value is not MISSING:
            _put(view, names, _folded(value, names, shape, 1))
    for base, tail, arm_tail in shape.element:
        members = _reach(view, base)
        for member in members if isinstance(members, list) else ():
            value = _reach(member, arm_tail)
            if isinstance(member, dict) and value is not MISSING:
                _drop(member, arm_tail)
                _put(member, tail, value)


def _send_back(
    view: dict[str, Json],
    resource: dict[str, Json],
    properties: dict[str, Json],
    names: Names,
    path: Names,
    shape: _Shape,
) -> None:
    value = _reach(view, names)
    if value is MISSING:
        return
    written = tuple(shape.case.get(path[: at + 1], one) for at, one in enumerate(path))
    if len(names) > 1:
        _drop(properties, names)
    if path[0] == "properties" and len(path) > 1:
        _put(properties, written[1:], value)
    else:
        _put(resource, written, value)


def _reach(value: Json, names: Names) -> Json:
    for name in names:
        value = get(value, name) if isinstance(value, dict) else MISSING
    return value


def _put(target: dict[str, Json], names: Names, value: Json) -> None:
    """Set a value, in place of one whose name differs only in case; objects on the way are made."""
    for at, name in enumerate(names):
        known = next((one for one in target if ascii_fold(one) == ascii_fold(name)), name)
        if at == len(names) - 1:
            if known != name:
                del target[known]
            target[name] = value
            return
        inner = target.get(known)
        target[known] = inner = dict(inner) if isinstance(inner, dict) else {}
        target = inner


def _drop(target: dict[str, Json], names: Names) -> None:
    for name in names[:-1]:
        inner = get(target, name)
        if not isinstance(inner, dict):
            return
        target = inner
    for key in [one for one in target if ascii_fold(one) == names[-1]]:
        del target[key]


def _envelope_case(value: Json, names: Names, depth: int) -> Json:
    if depth > MAX_DEPTH or names in _OPAQUE:
        return value
    if isinstance(value, list):
        return [_envelope_case(one, names, depth + 1) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        _ENVELOPE_CASE.get(ascii_fold(name), name): _envelope_case(one, (*names, ascii_fold(name)), depth + 1)
        for name, one in value.items()
    }


def _cased(value: Json, names: Names, path: Names, shape: _Shape, depth: int) -> Json:
    """The value with names as the catalogue writes them; ``path`` are the names in the resource."""
    if depth > MAX_DEPTH:
        return value
    if isinstance(value, list):
        if names in shape.flat:
            return [_wrapped(one, names, path, shape, depth + 1) for one in value]
        return [_cased(_renamed(one, names, shape), names, path, shape, depth + 1) for one in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Json] = {}
    for name, one in value.items():
        folded = ascii_fold(name)
        below = (*path, folded)
        found[shape.case.get(below) or name] = _cased(one, (*names, folded), below, shape, depth + 1)
    return found


def _renamed(value: Json, names: Names, shape: _Shape) -> Json:
    """A member of an array with its aliased values where the resource has them."""
    if not isinstance(value, dict):
        return value
    member = dict(value)
    for base, tail, arm_tail in shape.element:
        if base == names:
            one = _reach(member, tail)
            if one is not MISSING:
                _drop(member, tail)
                _put(member, arm_tail, one)
    return member


def _wrapped(value: Json, names: Names, path: Names, shape: _Shape, depth: int) -> Json:
    """A member of a flattened array, with its ``properties`` put back."""
    if not isinstance(value, dict):
        return value
    outer: dict[str, Json] = {}
    inner: dict[str, Json] = {}
    for name, one in _renamed(value, names, shape).items():
        folded = ascii_fold(name)
        key = (*names, folded)
        beside = key in shape.outside or (folded in ENVELOPE and key not in shape.inside)
        below = (*path, folded) if beside else (*path, "properties", folded)
        target = outer if beside else inner
        target[shape.case.get(below) or name] = _cased(one, key, below, shape, depth + 1)
    if inner:
        outer["properties"] = inner
    return outer
