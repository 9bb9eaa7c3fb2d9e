"""Every query of the corpus is read: real ones from public collections, and those of the documentation."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.corpora import CORPORA

from lockgate.kql import QueryError, parse

_FOLDER = CORPORA / "kql"
pytestmark = pytest.mark.skipif(not _FOLDER.is_dir(), reason="needs shared/corpora/kql (LOCKGATE_CORPORA)")


def queries(path: Path) -> list[dict[str, Any]]:
    """The queries of one file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize(("name", "key", "count"), [("queries", "text", 2556), ("documented", "query", 333)])
def test_every_query_is_read(name: str, key: str, count: int) -> None:
    read, faults = 0, []
    for one in queries(_FOLDER / f"{name}.jsonl"):
        try:
            parse(one[key])
            read += 1
        except QueryError as error:
            faults.append(f"{one['id']}: {error}")
    assert (read, faults) == (count, [])
