"""The examples of the documentation give the rows that it shows, in exact numbers."""

import json
from typing import Any

import pytest
from tests.kql import documented, oracle

pytestmark = pytest.mark.skipif(not documented.FILE.is_file(), reason="needs shared/corpora/kql (LOCKGATE_CORPORA)")
_PARTS = 8


@pytest.fixture(scope="module")
def runner() -> documented.Runner:
    return documented.Runner()


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(oracle.TABLE.read_text("utf-8"))["documented"]
    return kept


@pytest.mark.parametrize("part", range(_PARTS))
def test_every_example_gives_the_documented_rows(part: int, runner: documented.Runner) -> None:
    failing = _kept()["failing"]
    wrong = {}
    for one in documented.examples()[part::_PARTS]:
        if one["id"] in documented.EXEMPT or one["id"] in failing:
            continue
        if (found := runner.check(one)) is not None:
            wrong[one["id"]] = found
    assert wrong == {}


def test_the_page_names_what_fails() -> None:
    kept = _kept()
    assert kept["exempt"] == documented.EXEMPT
    assert kept["total"] == len(documented.examples()) == 333
