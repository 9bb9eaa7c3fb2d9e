"""Functions of sketches: what was counted (hll) and where values lie (tdigest). What is no sketch gives null."""

from __future__ import annotations

from collections.abc import Callable

from lockgate.kql.aggregates.elements import to_element
from lockgate.kql.aggregates.sketches import merged_hll, merged_tdigest
from lockgate.kql.functions import Compute, Maker, plain
from lockgate.kql.sketches import hll, tdigest
from lockgate.kql.types import DATETIME, DECIMAL, INT, LONG, REAL, STRING, TIMESPAN, TYPE, Type


def _dcount(value: object) -> int | None:
    found = hll.read(value)
    return None if found is None else found.count()


def _percentile(types: tuple[Type, ...], result: Type) -> Compute:
    def of(value: object, share: object, *_: object) -> object:
        found = tdigest.read(value)
        number = None if found is None else found.percentile(share)
        if number is None or found is None:
            return "" if result is STRING else None
        return _typed(number, found.type, result)

    del types
    return of


def _typed(number: float, own: Type, result: Type) -> object:
    """A percentile as a value of the type that was asked for; as a dynamic value where none was."""
    if result.dynamic or result is STRING or result is TYPE:
        convert = to_element(own)
        found = number if convert is None else convert(number)
        return found if result.dynamic else str(found)
    if result in (INT, LONG, DATETIME, TIMESPAN):
        return int(number)
    if result is DECIMAL:
        from decimal import Decimal

        return Decimal(repr(number))
    return float(number) if result is REAL else None


def _percentiles(*arguments: object) -> list[object] | None:
    found = tdigest.read(arguments[0])
    if found is None:
        return None
    shares = arguments[1] if len(arguments) == 2 and isinstance(arguments[1], list) else arguments[1:]
    convert = to_element(found.type)
    numbers = [found.percentile(one) for one in shares]
    return list(numbers) if convert is None else [convert(one) for one in numbers]


def _ranked(share: bool) -> Callable[[object, object], float | None]:
    def of(value: object, number: object) -> float | None:
        found = tdigest.read(value)
        if found is None or not isinstance(number, int | float) or number != number or not found.total:
            return None
        place = found.rank(number)
        return 100.0 * place / found.total if share else float(place)

    return of


FUNCTIONS: dict[str, Maker] = {
    "dcount_hll": plain(_dcount),
    "hll_merge": plain(lambda *values: merged_hll(list(values))),
    "hll_isvalid": plain(lambda value, *_: hll.read(value) is not None),
    "percentile_tdigest": _percentile,
    "percentiles_array_tdigest": plain(_percentiles),
    "percentrank_tdigest": plain(_ranked(True)),
    "rank_tdigest": plain(_ranked(False)),
    "tdigest_isvalid": plain(lambda value, *_: tdigest.read(value) is not None),
    "tdigest_merge": plain(lambda *values: merged_tdigest(list(values))),
    "merge_tdigest": plain(lambda *values: merged_tdigest(list(values))),
}
