"""The corpus run against empty tables of its schema: every query that Microsoft's parser calls right.

``python -m tests.kql.executed`` runs all of them and keeps what does not run in ``docs/conformance/kql.json``.
"""

import json
import re
from typing import Any

from tests.kql import oracle

from lockgate.errors import LockgateError
from lockgate.kql import bind, parse
from lockgate.store.ask import Limits, Tables, ask

NOW = 638_000_000_000_000_000
LIMITS = Limits(seconds=50)
_ALL_TABLES = re.compile(r"union\s+([\w =]+\s)?\*|\b(search|find)\b(?!\s+in\s*\()", re.IGNORECASE)
"""Queries over all 898 tables take seconds each, and are left out: ``union *``, ``search`` and ``find``."""


def tables() -> Tables:
    """Empty tables of the catalogue of Log Analytics."""
    found = Tables()
    for name, columns in oracle.columns().items():
        found.add(name, columns)
    return found


def queries() -> list[dict[str, Any]]:
    """The queries that run: right ones, besides those over all tables and the documented examples."""
    kept = oracle.frozen()
    return [
        one
        for one in oracle.queries()
        if one["category"] != "documented" and "@" not in kept[oracle.key(one["text"])]
        and not _ALL_TABLES.search(one["text"])
    ]  # fmt: skip


def check(text: str, against: Tables) -> str | None:
    """Why the query does not run or gives other columns than were predicted, or ``None``."""
    try:
        found = ask(text, against, now=NOW, limits=LIMITS, reader=lambda outside: [])
    except LockgateError as error:
        return str(error)[:200]
    predicted = bind(parse(text), against.workspace)
    if predicted.columns and not predicted.open and found.tables[0].columns != predicted.columns:
        return "other columns than were predicted"
    return None


def main() -> None:
    """Run all of them, and keep what fails with its reason."""
    against, asked = tables(), queries()
    failing = {one["name"]: wrong for one in asked if (wrong := check(one["text"], against)) is not None}
    kept = json.loads(oracle.TABLE.read_text("utf-8"))
    kept["executed"] = {"total": len(asked), "failing": failing}
    oracle.TABLE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
