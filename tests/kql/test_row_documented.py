"""The documented examples that need no more than one row at a time give the documented rows."""

from __future__ import annotations

import json
import re
from contextlib import suppress

import pytest
from tests.corpora import CORPORA
from tests.kql.rows import NotByRowError, display, run

from lockgate.errors import LockgateError

_CORPUS = CORPORA / "kql" / "documented.jsonl"
_OTHERS = ("geo", "series")
"""Pages of subjects that have their own conformance runs."""
_EXEMPT = {
    "hash-combine-function.md#0": "how hashes are combined is not published",
    "hash-many-function.md#0": "how hashes are combined is not published",
    "now-function.md#3": "depends on the moment",
    "parse-url-function.md#0": "the page leaves out the slash that a path begins with",
    "replace-string-function.md#1": "the page shows a long with the digits of a real",
    "schema-merge-plugin.md#1": "the plugin is not known to Microsoft's parser either",
    "summarize-operator.md#5": "an error for Microsoft's parser too",
    "summarize-operator.md#8": "an error for Microsoft's parser too",
    "toscalar-function.md#8": "random",
    "union-operator.md#4": "an error for Microsoft's parser too",
    "url-encode-function.md#0": "the page shows an address that it was not given",
    "using-hll-tdigest.md#12": "needs a table that is not shown",
}
"""Examples that cannot be repeated, or whose page shows something else than the query asks for."""


def _normal(text: str) -> str:
    """A cell without what only the page adds: breaks, blanks and signs of JSON, digits past what a real holds."""
    text = text.replace("<br>", " ").replace("&nbsp;", "").strip()
    if text in ("", "null"):
        return ""
    if text in ("true", "false"):
        return "1" if text == "true" else "0"
    if re.fullmatch(r"-?[0-9,]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?", text):
        return f"{float(text.replace(',', '')):.12g}"
    text = re.sub(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?Z?", r"\1 \2", text)
    with suppress(ValueError):  # the pages often leave quotes and commas out
        text = json.dumps(json.loads(text), sort_keys=True)
    return re.sub(r"[\s\"']+", "", text).replace(".0", "")


def _examples() -> list[dict[str, object]]:
    if not _CORPUS.exists():
        return []
    lines = [json.loads(line) for line in _CORPUS.read_text().splitlines()]
    return [one for one in lines if not one["id"].startswith(_OTHERS)]


def test_documented_examples_give_the_documented_rows() -> None:
    examples = _examples()
    if not examples:
        pytest.skip("the corpus is not here")
    compared, wrong = [], []
    for one in examples:
        if one["id"] in _EXEMPT:
            continue
        try:
            columns, rows = run(str(one["query"]))
        except NotByRowError:
            continue
        except LockgateError as error:
            wrong.append(f"{one['id']}: {error}")
            continue
        compared.append(one["id"])
        got = sorted([_normal(display(c.type, cell)) for c, cell in zip(columns, row, strict=True)] for row in rows)
        wanted = sorted([_normal(cell) for cell in row] for row in one["rows"])
        if got != wanted:
            wrong.append(f"{one['id']}: {got} instead of {wanted}")
    assert not wrong, "\n".join(wrong)
    assert len(compared) == 129
