"""Parameters of definitions and initiatives: their declarations, and values checked against them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lockgate.policy.azure.fields import Place
from lockgate.policy.azure.reader import Reader
from lockgate.policy.azure.values import MISSING, Json, ascii_fold, equal, instant, kind
from lockgate.policy.errors import PolicyError

TYPES: Final = ("String", "Array", "Object", "Boolean", "Integer", "Float", "DateTime")
_TYPES = {ascii_fold(name): name for name in TYPES}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter."""

    name: str
    """As written."""
    type: str
    """One of :data:`TYPES`."""
    default: Json
    """Its default value; MISSING when it has none and must be given."""
    allowed: tuple[Json, ...] | None
    """The only values that it may have (for an array: its members); None for any."""
    metadata: Mapping[str, Json]
    """Its metadata, as written."""

    def problem(self, value: Json) -> str:
        """What is wrong with a value, or empty text."""
        if not _fits(self.type, value):
            return f"the parameter {self.name} is {self.type}, and the value is {kind(value)}"
        if self.allowed is None:
            return ""
        if any(equal(value, one) for one in self.allowed):
            return ""
        if isinstance(value, list) and all(any(equal(member, one) for one in self.allowed) for member in value):
            return ""
        return f"the parameter {self.name} does not allow the value {_shown(value)}"


def _shown(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _fits(type_name: str, value: Json) -> bool:
    if type_name == "Boolean":
        return isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false"))
    if type_name in ("Integer", "Float"):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and (type_name == "Float" or value == int(value))
    if type_name == "DateTime":
        return isinstance(value, str) and (instant(value) is not None or len(value) == 10)
    wanted = {"String": str, "Array": list, "Object": dict}[type_name]
    return isinstance(value, wanted)


def read_parameters(reader: Reader, members: Mapping[str, tuple[str, Json]], place: Place) -> dict[str, Parameter]:
    """The declarations under ``parameters``, by folded name."""
    if "parameters" not in members:
        return {}
    written, value = members["parameters"]
    at: Place = (place, written)
    if value is None:
        return {}
    return {
        folded: _parameter(reader, name, one, (at, name))
        for folded, (name, one) in reader.members(value, at, "parameters").items()
    }


def _parameter(reader: Reader, name: str, value: Json, place: Place) -> Parameter:
    members = reader.members(value, place, f"the parameter {name}")
    type_name, given = members.get("type", ("type", None))
    known = _TYPES.get(ascii_fold(given)) if isinstance(given, str) else None
    if known is None:
        raise reader.error(f"the parameter {name} needs a type: {', '.join(TYPES)}", (place, type_name))
    allowed: tuple[Json, ...] | None = None
    if "allowedvalues" in members:
        written, values = members["allowedvalues"]
        allowed = tuple(reader.array(values, (place, written), written))
    metadata = members.get("metadata", ("", None))[1]
    default = members["defaultvalue"][1] if "defaultvalue" in members else MISSING
    return Parameter(name, known, default, allowed, metadata if isinstance(metadata, dict) else {})


def bind(
    declared: Mapping[str, Parameter], given: Mapping[str, Json], *, where: str = "", what: str = "the assignment"
) -> dict[str, Json]:
    """Values by folded name: those given, and defaults. Raises :class:`PolicyError` for one that does not fit."""
    values = {name: one.default for name, one in declared.items() if one.default is not MISSING}
    for name, value in given.items():
        folded = ascii_fold(name)
        parameter = declared.get(folded)
        if parameter is None:
            raise PolicyError(f"{what} gives a value to {name!r}, which is not declared", where=where)
        problem = parameter.problem(value)
        if problem:
            raise PolicyError(problem, where=where)
        values[folded] = value
    missing = [one.name for folded, one in declared.items() if folded not in values]
    if missing:
        raise PolicyError(f"{what} gives no value to {', '.join(missing)}", where=where)
    return values
