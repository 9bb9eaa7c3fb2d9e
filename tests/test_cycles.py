"""Work without a search for cycles leaves the collector as it was, and what it made counts as old."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from lockgate.cycles import searched_in_slices, unsearched


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


def test_who_answers_all_the_time_walks_over_what_it_keeps_only_once() -> None:
    def most_walked() -> int:
        gc.collect()
        before, walked = gc.get_threshold(), list[int]()

        def watch(phase: str, _: object) -> None:
            if phase == "start":
                walked.append(len(gc.get_objects()))

        with searched_in_slices():
            gc.callbacks.append(watch)
            made = [[number] for number in range(30_000)]
            gc.callbacks.remove(watch)
        assert made
        assert gc.get_threshold() == before
        assert len(walked) >= 3
        return max(walked)

    assert min(most_walked() for _ in range(4)) < 15_000  # threads of other tests may make something meanwhile


def test_who_answers_all_the_time_lets_go_of_cycles() -> None:
    class Ring:
        pass

    gone = []
    with searched_in_slices():
        one = Ring()
        one.itself = one  # type: ignore[attr-defined]
        weakref.finalize(one, gone.append, True)
        del one
        made = [[number] for number in range(30_000)]
    assert gone and made


def test_one_of_several_processes_does_not_search_through_what_they_share() -> None:
    def named() -> list[str]:
        return [one.name for one in threading.enumerate()]

    with searched_in_slices(whole=False):
        assert "cycles" not in named()
