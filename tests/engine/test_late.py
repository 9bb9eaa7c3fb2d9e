"""What a run had no time for is told once, at the first file of it, with a count and some names."""

from __future__ import annotations

import pytest

from lockgate.engine.late import NAMED, Late
from lockgate.engine.wholes import Place
from lockgate.model import File, SkipKind


def _late(*rows: int, behind: int = 0, more: bool = False) -> Late:
    late = Late(7.0)
    for row in rows:
        late.add(_file(row), Place(row, 0, 0, 0))
    for row in range(1000, 1000 + behind):
        late.follow(_file(row), Place(row, 0, 0, 0))
    late.more = more
    return late


def _file(row: int) -> File:
    return File(f"f{row}", 1, lambda: b"")


@pytest.mark.parametrize(
    ("late", "path", "said"),
    [
        (_late(3), "f3", "this file was judged"),
        (_late(3, more=True), "f3", "this file and what follows it were judged"),
        (_late(5, 3, 5), "f3", "this file and 1 more were judged: f5"),
        (_late(behind=2), "f1000", "this file and 1 more were judged: f1001"),
        (_late(4, behind=1, more=True), "f4", "this file and 1 more were judged and what follows them: f1000"),
        (_late(*range(1, 12)), "f1", "this file and 10 more were judged: f2, f3, f4, f5, f6, f7, f8, f9, f10, f11"),
        (
            _late(1, 2, behind=5_000), "f1",
            "this file and 5,001 more were judged: f2, f1000, f1001, f1002, f1003, f1004, f1005, f1006, f1007, f1008 "
            "and 4,991 more",
        ),
    ],
)  # fmt: skip
def test_the_first_file_is_named_and_the_others_are_counted(late: Late, path: str, said: str) -> None:
    place, skip = late.told()
    assert (skip.path, f"f{place.row}", skip.kind) == (path, path, SkipKind.LIMIT)
    assert skip.reason == f"the time budget of 7 s was used up before {said}"


def test_what_is_named_is_bounded_however_many_files_are_late() -> None:
    assert _late(*range(1, 5_000), behind=5_000).told()[1].reason.count(", ") <= NAMED + 2
    assert not Late(7.0)
