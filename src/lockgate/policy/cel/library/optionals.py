"""cel-go's optional types. ``or`` and ``orValue`` compute their argument only when needed and are no functions here."""

from __future__ import annotations

from lockgate.policy.cel.functions import function, method
from lockgate.policy.cel.values import NONE, Duration, Optional, Timestamp, no_overload


def _zero(value: object) -> bool:
    if value is None or isinstance(value, bool | int | float | str | bytes | list | dict):
        return not value
    return (isinstance(value, Duration) and value.nanoseconds == 0) or (
        isinstance(value, Timestamp) and value.nanoseconds == 0
    )


def _unwrap(items: list[object]) -> list[object]:
    for item in items:
        if not isinstance(item, Optional):
            raise no_overload("optional.unwrap", item)
    return [item.value for item in items if isinstance(item, Optional) and item.present]


LIBRARY = [
    function("optional.of", "any", do=Optional, result="optional"),
    function("optional.ofNonZeroValue", "any", do=lambda v: NONE if _zero(v) else Optional(v), result="optional"),
    function("optional.none", do=lambda: NONE, result="optional"),
    function("optional.unwrap", "list", do=_unwrap, result="list"),
    method("unwrapOpt", "list", do=_unwrap, result="list"),
    method("hasValue", "optional", do=lambda held: held.present, result="bool"),
    method("value", "optional", do=lambda held: held.value),
]
