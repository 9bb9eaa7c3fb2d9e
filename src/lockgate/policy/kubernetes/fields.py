"""Fields of policy objects: read with their types, refused with their places."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from lockgate.policy.errors import PolicyError


class Fields:
    """One map of a policy object, and where it stands in it."""

    __slots__ = ("at", "value", "where")

    def __init__(self, value: object, *, at: str, where: str, known: Collection[str] | None = None) -> None:
        if not isinstance(value, Mapping):
            raise PolicyError(f"{at or 'the object'} must be a map", where=where)
        self.value: Mapping[str, Any] = value
        self.at = at
        self.where = where
        for name in value if known is not None else ():
            if name not in known:  # type: ignore[operator]
                near = difflib.get_close_matches(str(name), known or (), 1)
                hint = f"did you mean {near[0]!r}?" if near else ""
                raise PolicyError(f"{self.place(str(name))} is no field that Lockgate knows", where=where, hint=hint)

    def place(self, name: str) -> str:
        """The path of a field."""
        return f"{self.at}.{name}" if self.at else name

    def fault(self, name: str, message: str, *, hint: str = "") -> PolicyError:
        """An error at a field."""
        return PolicyError(f"{self.place(name)} {message}", where=self.where, hint=hint)

    def map(self, name: str, known: Collection[str] | None = None) -> Fields | None:
        """The map at ``name``, ``None`` when it is absent or null."""
        value = self.value.get(name)
        return None if value is None else Fields(value, at=self.place(name), where=self.where, known=known)

    def maps(self, name: str, known: Collection[str] | None = None) -> list[Fields]:
        """The list of maps at ``name``, empty when it is absent or null."""
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.fault(name, "must be a list")
        place = self.place(name)
        return [Fields(item, at=f"{place}[{i}]", where=self.where, known=known) for i, item in enumerate(value)]

    def text(self, name: str, default: str | None = None) -> str:
        """The text at ``name``; without a ``default`` it must be there and not empty."""
        value = self.value.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or (not value and default is None):
            raise self.fault(name, "must be a text")
        return value

    def choice(self, name: str, choices: Collection[str], default: str | None = None) -> str:
        """The text at ``name``, which must be one of ``choices``."""
        value = self.text(name, default)
        if value not in choices:
            raise self.fault(name, f"is {value!r}", hint=f"use {', '.join(sorted(choices))}")
        return value

    def texts(self, name: str, choices: Collection[str] | None = None) -> tuple[str, ...]:
        """The list of texts at ``name``, empty when it is absent or null."""
        value = self.value.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fault(name, "must be a list of texts")
        for item in value:
            if choices is not None and item not in choices:
                raise self.fault(name, f"holds {item!r}", hint=f"use {', '.join(sorted(choices))}")
        return tuple(value)
