"""Work without a search for cycles leaves the collector as it was, and what it made counts as old."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from lockgate.cycles import unsearched


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("on", [False, True])
def test_the_collector_is_left_as_it_was_found(on: bool, fails: bool) -> None:
    (gc.enable if on else gc.disable)()
    try:
        with unsearched(), unsearched():
            assert not gc.isenabled()
            if fails:
                raise LookupError
    except LookupError:
        pass
    assert gc.isenabled() is on


def test_what_was_made_is_not_young_afterwards() -> None:
    with unsearched():
        made = [[number] for number in range(20_000)]
    assert gc.get_count()[0] < len(made)
    assert any(one is made for one in gc.get_objects(2))


def test_a_cycle_that_was_made_is_still_found() -> None:
    class Ring:
        pass

    gc.collect()
    with unsearched():
        one, other = Ring(), Ring()
        one.other, other.other = other, one  # type: ignore[attr-defined]
        del one, other
    assert gc.collect() >= 2


def test_what_a_process_has_set_aside_stays_so() -> None:
    gc.freeze()
    before = gc.get_freeze_count()
    with unsearched():
        made = [[] for _ in range(10)]
    assert gc.get_freeze_count() >= before - 100  # a few of those values may end in the meantime
    assert made
