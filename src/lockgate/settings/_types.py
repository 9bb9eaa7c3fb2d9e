"""What a settings field may hold, read off its annotation. Loader, schema and pages ask here."""

from __future__ import annotations

import dataclasses
import types
import typing
from functools import cache
from typing import Any

from lockgate.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class SettingType:
    """One setting: its name, type and bounds."""

    name: str
    kind: Any
    """``str``, ``int``, ``float``, ``bool``, an enum, a dataclass, or ``dict`` for an open mapping of mappings."""
    many: bool
    """Whether it is a list of ``kind``."""
    nullable: bool
    default: Any
    about: str
    bounds: typing.Mapping[str, Any]

    @property
    def shape(self) -> Any:
        """The dataclass, when the setting holds one."""
        return self.kind


@dataclass(frozen=True, slots=True)
class ScannerOption:
    """One option of a scanner, below ``scanners.<family>``; the scanner declares it."""

    name: str
    kind: type
    """``str``, ``int``, ``float`` or ``bool``."""
    about: str
    """One line for people."""
    many: bool = False
    """Whether it is a list of ``kind``."""
    default: Any = None
    """What holds where it is left out, for people."""
    minimum: int | None = None

    @property
    def setting(self) -> SettingType:
        """The same as a setting, for the loader, the schema and the pages."""
        bounds = {} if self.minimum is None else {"minimum": self.minimum}
        return SettingType(self.name, self.kind, self.many, False, self.default, self.about, bounds)


Options = typing.Callable[[str], typing.Sequence[ScannerOption]]
"""Family -> the options of its scanners; asked only about families that a file names options of."""


@cache
def settings_of(shape: type) -> tuple[SettingType, ...]:
    """The settings of one dataclass, in order."""
    hints = typing.get_type_hints(shape)
    return tuple(_setting_type(item, hints[item.name]) for item in dataclasses.fields(shape))


def _setting_type(item: dataclasses.Field[Any], hint: Any) -> SettingType:
    nullable = False
    if isinstance(hint, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
        nullable = True
    origin = typing.get_origin(hint)
    many = origin is tuple
    kind = typing.get_args(hint)[0] if many else (hint if origin is None else dict)
    bounds = {key: value for key, value in item.metadata.items() if key != "about"}
    return SettingType(item.name, kind, many, nullable, item.default, item.metadata["about"], bounds)


def words_of(kind: Any) -> list[str]:
    """The words of an enum as they are written in YAML: graded ones by lower-case name, others by value."""
    return [str(member) for member in kind]
