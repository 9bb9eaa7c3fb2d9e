"""Our names, types and errors are those of Microsoft's own parser, over the whole corpus and in exact numbers.

The answers of that parser are kept (``oracle_answers.txt``); where it is installed, a sample is asked anew, or
everything with ``LOCKGATE_KQL_ORACLE=all``.
"""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.kql import oracle

from lockgate.kql import Workspace

pytestmark = pytest.mark.skipif(not oracle.COLUMNS.is_file(), reason="needs shared/corpora/kql (LOCKGATE_CORPORA)")
_ALL = os.environ.get("LOCKGATE_KQL_ORACLE") == "all"
_PARTS = 6


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    return Workspace(oracle.columns())


def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(oracle.TABLE.read_text("utf-8"))
    return table


@pytest.mark.parametrize("part", range(_PARTS))
def test_every_answer_is_that_of_microsofts_parser(part: int, workspace: Workspace) -> None:
    kept, known = oracle.frozen(), _table()["disagreements"]
    differing = {}
    for one in oracle.queries()[part::_PARTS]:
        our, their = oracle.ours(one["text"], workspace), kept[oracle.key(one["text"])]
        if not oracle.agree(our, their) and one["name"] not in known:
            differing[one["name"]] = (our, their)
        if oracle.agree(our, their) and one["name"] in known:
            differing[one["name"]] = ("agrees", "is listed as differing")
    assert differing == {}


def test_the_page_counts_what_the_corpus_holds() -> None:
    table, kept = _table(), oracle.frozen()
    totals, wrong = Counter(), Counter()
    for one in oracle.queries():
        totals[one["category"]] += 1
        wrong[one["category"]] += "@" in kept[oracle.key(one["text"])]
    differing = Counter(name.partition("/")[0] for name in table["disagreements"])
    counted = {name: [total - differing[name], total, wrong[name]] for name, total in totals.items()}
    assert table["categories"] == counted
    assert (sum(totals.values()), sum(wrong.values()), len(table["disagreements"])) == (2889, 1010, 23)


@pytest.mark.skipif(not oracle.available(), reason="needs @kusto/language-service-next where .ci/run installs it")
def test_the_answers_that_are_kept_are_those_of_the_parser(tmp_path: Path) -> None:
    texts = [one["text"] for one in oracle.queries()][:: 1 if _ALL else 150]
    kept = oracle.frozen()
    found = oracle.ask(texts, tmp_path / "tables.csv")
    assert [kept[oracle.key(one)] for one in texts] == found
