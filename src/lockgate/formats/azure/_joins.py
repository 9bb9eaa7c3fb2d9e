"""Joins resources that are written in pieces: a block or a child that completes another resource.

``azurerm_storage_account_network_rules`` says what stands in ``properties.networkAcls`` of the account that it refers
to, and ``Microsoft.Web/sites/config`` what stands in ``properties.siteConfig`` of its site. Where a resource and its
piece say different things, which of them counts is known only when it is deployed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.objects import escaped
from lockgate.model import Object

_HEAD = frozenset(("type", "name", "id", "apiVersion", "location", "scope", "terraform", "tags"))
"""What says which resource it is, and not what is set of it."""


_CHILDREN = {
    "microsoft.web/sites/config": ("web", "/properties/siteConfig"),
    "microsoft.web/sites/slots/config": ("web", "/properties/siteConfig"),
    "microsoft.keyvault/vaults/accesspolicies": ("add", "/properties"),
}
"""Type of a child that completes its parent -> its name, and where its properties stand in the parent."""


def with_children(objects: Sequence[Object]) -> list[Object]:
    """The objects of a template; a child that only completes its parent stands in it, where the file has both."""
    kept = {id(one): one for one in objects}
    for piece in objects:
        own, where = _CHILDREN.get(_lower(piece, "type"), ("", ""))
        above, _, last = _lower(piece, "name").rpartition("/")
        if not own or last != own:
            continue
        parents = [one for one in kept.values() if _lower(one, "type") == _lower(piece, "type").rpartition("/")[0]]
        same = [one for one in parents if _lower(one, "name") == above]
        places = {id(one): key for key, one in kept.items()}
        if len(same) == 1:
            kept[places[id(same[0])]] = merged(same[0], piece, at=where)
            del kept[id(piece)]
        elif not piece.knows("/name"):
            said = piece.body.get("properties")
            pointers = tuple(f"{where}/{escaped(key)}" for key in said) if isinstance(said, dict) else ()
            for one in parents:
                kept[places[id(one)]] = hidden(one, pointers, f"{last} of {above} may say it")
    return list(kept.values())


def _lower(one: Object, key: str) -> str:
    return str(one.body.get(key, "")).lower()


def merged(target: Object, piece: Object, *, at: str = "") -> Object:
    """``target`` with everything that ``piece`` says; ``at``: pointer in ``target`` where its properties go."""
    work = _Merge({}, set(target.unresolved), piece)
    body = dict(target.body)
    if at:
        work.put(body, at.split("/")[1:], piece.body.get("properties"), "/properties")
    else:
        for key, value in piece.body.items():
            if key not in _HEAD:
                work.put(body, [key], value, f"/{escaped(key)}")
    lines = _Lines(target.line_of, piece.line_of if piece.path == target.path else None, work.moved)
    return replace(target, body=body, line_of=lines, unresolved=frozenset(work.unresolved))


def hidden(target: Object, pointers: tuple[str, ...], why: str) -> Object:
    """``target`` with ``why`` as an unknown value at each pointer where it says nothing itself."""
    body, unresolved = dict(target.body), set(target.unresolved)
    for pointer in pointers:
        here: Any = body
        *above, last = pointer.split("/")[1:]
        for step in above:
            held = here.get(step, {}) if isinstance(here, dict) else None
            if not isinstance(held, dict):
                here = None
                break
            here[step] = here = dict(held)
        if isinstance(here, dict) and last not in here:
            here[last] = why
            unresolved.add(pointer)
    return replace(target, body=body, unresolved=frozenset(unresolved))


@dataclass(slots=True)
class _Merge:
    moved: dict[str, str]
    """Pointer in the whole -> pointer in the piece."""
    unresolved: set[str]
    piece: Object

    def put(self, into: dict[str, Any], steps: list[str], value: Any, source: str) -> None:
        """Put one value of the piece at a place of the whole, which is copied on the way and never changed."""
        pointer = ""
        for step in steps[:-1]:
            held = into.get(step, {})
            if not isinstance(held, dict):
                return
            into[step] = into = dict(held)
            pointer += f"/{escaped(step)}"
        self._value(into, steps[-1], value, f"{pointer}/{escaped(steps[-1])}", source)

    def _value(self, into: dict[str, Any], key: str, value: Any, pointer: str, source: str) -> None:
        """Depth is bounded by what made the body."""
        held = into.get(key)
        if key not in into:
            into[key] = value
            self._moved(pointer, source)
        elif isinstance(held, dict) and isinstance(value, dict):
            into[key] = inner = dict(held)
            for name, item in value.items():
                self._value(inner, name, item, f"{pointer}/{escaped(name)}", f"{source}/{escaped(name)}")
        elif isinstance(held, list) and isinstance(value, list):
            for number in range(len(value)):
                self._moved(f"{pointer}/{len(held) + number}", f"{source}/{number}")
            into[key] = [*held, *value]
        elif held != value or not self.piece.knows(source):
            self.unresolved.add(pointer)

    def _moved(self, pointer: str, source: str) -> None:
        self.moved[pointer] = source
        self.unresolved |= {
            pointer + one[len(source) :]
            for one in self.piece.unresolved
            if one == source or one.startswith(f"{source}/")
        }


@dataclass(frozen=True, slots=True)
class _Lines:
    """``line_of`` of a whole: a value of the piece has its own line where both stand in one file."""

    whole: Callable[[str], int]
    piece: Callable[[str], int] | None
    moved: Mapping[str, str]

    def __call__(self, pointer: str) -> int:
        """The line, from 1."""
        above = pointer
        while above:
            if above in self.moved:
                return self.piece(self.moved[above] + pointer[len(above) :]) if self.piece else self.whole("")
            above = above[: above.rfind("/")]
        return self.whole(pointer)
