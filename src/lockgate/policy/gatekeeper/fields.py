"""Reads the fields of a manifest, and says where a wrong one stands.

A :class:`Field` is a value and its path (``spec.match.kinds[0]``); asking it for a type it does not have raises a
:class:`PolicyError` that names the object and the path. What does not belong: the meaning of any field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockgate.policy.errors import PolicyError

MAX_DEPTH = 100
"""Levels of nesting a policy object may have; what reads it may then recurse."""


class Field:
    """A value and where it stands. ``None`` reads as absent, as the API server reads it."""

    __slots__ = ("owner", "path", "value")

    def __init__(self, value: Any, *, owner: str, path: str = "") -> None:
        self.value = value
        self.owner = owner
        self.path = path

    def __bool__(self) -> bool:
        return self.value is not None

    def get(self, name: str) -> Field:
        """The field ``name`` of a mapping; absent when the mapping or the field is."""
        value = self.value
        if value is not None:
            value = (value if value.__class__ is dict else self.mapping()).get(name)
        return Field(value, owner=self.owner, path=f"{self.path}.{name}" if self.path else name)

    def mapping(self) -> Mapping[str, Any]:
        """The value as a mapping; empty when absent."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.error("must be a mapping")
        return self.value

    def items(self) -> Iterator[Field]:
        """The members of a list; none when absent."""
        for index, item in enumerate(self.sequence()):
            yield Field(item, owner=self.owner, path=f"{self.path}[{index}]")

    def sequence(self) -> list[Any]:
        """The value as a list; empty when absent."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.error("must be a list")
        return self.value

    def text(self, default: str = "") -> str:
        """The value as a string; ``default`` when absent."""
        if self.value is None:
            return default
        if not isinstance(self.value, str):
            raise self.error("must be a string")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """The value as a list of strings; empty when absent."""
        return tuple(item.required() for item in self.items())

    def flag(self, default: bool = False) -> bool:
        """The value as a boolean; ``default`` when absent."""
        if self.value is None:
            return default
        if not isinstance(self.value, bool):
            raise self.error("must be true or false")
        return self.value

    def required(self) -> str:
        """The value as a string that must be there. It may be empty, as the core API group is."""
        if self.value is None:
            raise self.error("is missing")
        return self.text()

    def filled(self) -> str:
        """The value as a string that must be there and not be empty."""
        if not self.text():
            raise self.error("is missing")
        return self.text()

    def choice(self, options: tuple[str, ...], default: str = "") -> str:
        """The value as one of ``options``; ``default`` when absent or empty."""
        text = self.text() or default
        if text and text not in options:
            raise self.error(f"is {text[:80]!r}", hint=f"use one of {', '.join(options)}")
        return text

    def error(self, message: str, hint: str = "") -> PolicyError:
        """An error at this place, to be raised by the caller."""
        place = f"{self.owner}: {self.path}" if self.path else self.owner
        return PolicyError(message, where=place, hint=hint)


def manifest(body: object, *, kind: str = "") -> Field:
    """The root of a manifest: a mapping with ``kind`` and ``metadata.name``, at most ``MAX_DEPTH`` deep.

    Raises :class:`PolicyError` for any other value.
    """
    if not isinstance(body, dict):
        raise PolicyError("a policy object must be a mapping", where=kind)
    found = body.get("kind")
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    root = Field(body, owner=f"{str(found or kind)[:80]}/{str(name or '?')[:80]}")
    if too_deep(body):
        raise root.error(f"nested deeper than {MAX_DEPTH} levels")
    root.get("kind").filled()
    root.get("metadata").get("name").filled()
    return root


def too_deep(value: object, *, limit: int = MAX_DEPTH) -> bool:
    """Whether mappings and lists nest deeper than ``limit``; also true for a value that contains itself."""
    level: list[Any] = [value]
    if not isinstance(value, (dict, list)):
        return False
    for _ in range(limit):
        # Every object under review goes through here, so it is one comprehension with what is quick to ask first.
        below = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
        if not below:
            return False
        level = below
    return True


def group_version_kind(body: Mapping[str, Any]) -> tuple[str, str, str]:
    """API group, version and kind that an object declares; empty strings for what it does not."""
    api_version, kind = body.get("apiVersion"), body.get("kind")
    group, slash, version = (api_version if isinstance(api_version, str) else "").rpartition("/")
    return (group if slash else "", version, kind if isinstance(kind, str) else "")
