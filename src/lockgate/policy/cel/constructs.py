"""What literals, macros and logic of an expression are made of, beyond operators: generated code calls these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from functools import cmp_to_key, partial

from lockgate.policy.cel.metering import charge_each
from lockgate.policy.cel.operators import KEYS, MISSING, less, lookup
from lockgate.policy.cel.values import NONE, CelError, Optional, no_overload, type_name
from lockgate.policy.errors import BudgetExceededError, EvaluationError

# -- literals


def make_list(*items: tuple[object, bool]) -> list[object]:
    """A list literal with optional elements: value, and whether it is optional."""
    made: list[object] = []
    for value, optional in items:
        if not optional:
            made.append(value)
        elif _optional(value).present:
            made.append(_optional(value).value)
    return made


def make_map(*entries: tuple[object, object, bool]) -> dict[object, object]:
    """A map literal: key, value, and whether the value is optional. A repeated key is an error."""
    made: dict[object, object] = {}
    for key, value, optional in entries:
        if optional:
            if not _optional(value).present:
                continue
            value = _optional(value).value
        put(made, key, value)
    return made


def put(target: dict[object, object], key: object, value: object) -> None:
    """Add one entry to a map that is being made."""
    if type(key) not in KEYS:
        raise CelError(f"unsupported key type: {type_name(key)}")
    if key in target:
        if lookup(target, key) is MISSING:
            raise CelError("a map with both boolean keys and the numbers 0 or 1 is not supported")
        raise CelError(f"repeated key: {key!r}")
    target[key] = value


def _optional(value: object) -> Optional:
    if isinstance(value, Optional):
        return value
    raise CelError(f"an optional was expected, not {type_name(value)}")


def merge_entries(entries: Sequence[object]) -> dict[object, object]:
    """The one map of many, as ``transformMapEntry`` makes it. A repeated key is an error."""
    made: dict[object, object] = {}
    for entry in entries:
        if not isinstance(entry, dict):
            raise no_overload("transformMapEntry", entry)
        for key, value in entry.items():
            put(made, key, value)
    return made


# -- sorting


def ordered(items: list[object]) -> Callable[[object], object]:
    """A key that sorts ``items``, which must be comparable and of one type."""
    kinds = {type_name(item) for item in items}
    if len(kinds) > 1:
        raise CelError("list elements must have the same type")
    if items:
        less(items[0], items[0])  # a type without an order is refused, even when there is nothing to compare with
    charge_each(len(items) * max(1, len(items).bit_length()))
    return cmp_to_key(lambda a, b: -1 if less(a, b) else int(less(b, a)))


def sort_by(pairs: list[tuple[object, object]]) -> list[object]:
    """Elements by their keys; ``pairs`` holds each element with its key."""
    key = ordered([key for _, key in pairs])
    return [item for item, _ in sorted(pairs, key=lambda pair: key(pair[1]))]  # type: ignore[arg-type,return-value]


# -- optionals and bindings


def optional_map(target: object, body: Callable[[object], object], flat: bool) -> Optional:
    """``optMap`` and ``optFlatMap``."""
    held = _optional(target)
    if not held.present:
        return NONE
    value = body(held.value)
    return _optional(value) if flat else Optional(value)


def optional_or(target: object, other: Callable[[], object]) -> Optional:
    """``target.or(other)``; the other is computed only when it is needed."""
    held = _optional(target)
    return held if held.present else _optional(other())


def optional_or_value(target: object, other: Callable[[], object]) -> object:
    """``target.orValue(other)``; the other is computed only when it is needed."""
    held = _optional(target)
    return held.value if held.present else other()


def once(compute: Callable[[], object]) -> Callable[[], object]:
    """``compute``, run at most once, its failure kept as its value is: else nested bindings double the work."""
    kept: list[object] = []
    failed: list[Exception] = []

    def get() -> object:
        if failed:
            raise copy(failed[0])
        if not kept:
            try:
                kept.append(compute())
            except Exception as error:
                failed.append(copy(error))  # the one that is raised comes to hold on to this call
                raise
        return kept[0]

    return get


# -- conditions that absorb errors


def both(*operands: Callable[[], object]) -> bool:
    """``a && b && ...``: false when any operand is, even where another fails."""
    return _absorbed(operands, False)


def either(*operands: Callable[[], object]) -> bool:
    """``a || b || ...``: true when any operand is, even where another fails."""
    return _absorbed(operands, True)


def _absorbed(operands: Iterable[Callable[[], object]], decisive: bool) -> bool:
    failure: Exception | None = None
    try:
        for operand in operands:
            failure = _tried(operand, decisive, failure)
            if failure is DECIDED:
                return decisive
        if failure is not None:
            raise failure
        return not decisive
    finally:
        del failure  # what is raised holds on to this call, which must not hold on to it


def every(walked: Iterable[tuple[object, ...]], condition: Callable[..., object], decisive: bool) -> bool:
    """``all`` (``decisive`` false) or ``exists`` (true) over elements, absorbing errors as ``&&`` and ``||`` do."""
    return _absorbed((partial(condition, *element) for element in walked), decisive)


DECIDED = Exception("decided")


def _tried(operand: Callable[[], object], decisive: bool, failure: Exception | None) -> Exception | None:
    try:
        value = operand()
    except BudgetExceededError:
        raise
    except EvaluationError as error:
        return failure or error
    if value is decisive:
        return DECIDED
    if value is (not decisive):
        return failure
    return failure or no_overload("&&" if decisive is False else "||", value)
