"""Sketches of a group's values: made, and put together. Of no rows they are null, as the service records it."""

from __future__ import annotations

from lockgate.kql.aggregates import Compute, Maker
from lockgate.kql.aggregates.conditions import conditional
from lockgate.kql.sketches import hll, tdigest
from lockgate.kql.types import Type


def _hll(types: tuple[Type, ...], result: Type) -> Compute:
    del types, result

    def of(values: list[object], *accuracy: list[object]) -> list[object] | None:
        if not values:
            return None
        found = hll.Hll(accuracy[0][0] if accuracy and accuracy[0] else hll.DEFAULT)
        found.add(hll.hashed(one) for one in values if one is not None)
        return found.written()

    return of


def _hll_merge(types: tuple[Type, ...], result: Type) -> Compute:
    del types, result
    return merged_hll


def merged_hll(values: list[object]) -> list[object] | None:
    """The sketches among ``values`` as one; null when there is none."""
    known = [found for one in values if (found := hll.read(one)) is not None]
    if not known:
        return None
    whole = hll.Hll(known[0].accuracy)
    for one in known:
        whole.merge(one)
    return whole.written()


def _tdigest(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    return lambda values, *weights: tdigest.of(types[0], values, *weights[:1]).written() if values else None


def _tdigest_merge(types: tuple[Type, ...], result: Type) -> Compute:
    del types, result
    return merged_tdigest


def merged_tdigest(values: list[object]) -> list[object] | None:
    """The sketches among ``values`` as one; null when there is none."""
    whole = tdigest.merged([found for one in values if (found := tdigest.read(one)) is not None])
    return None if whole is None else whole.written()


AGGREGATES: dict[str, Maker] = {
    "hll": _hll,
    "hll_if": conditional(_hll),
    "hll_merge": _hll_merge,
    "tdigest": _tdigest,
    "tdigest_merge": _tdigest_merge,
    "merge_tdigest": _tdigest_merge,
}
