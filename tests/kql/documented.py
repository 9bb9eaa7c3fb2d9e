"""The documented examples: how their display text is read, and how our rows are put beside it.

``python -m tests.kql.documented`` runs all of them and keeps what does not pass in ``docs/conformance/kql.json``.
"""

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from tests.corpora import CORPORA
from tests.kql.oracle import TABLE

from lockgate.errors import LockgateError
from lockgate.kql import QueryError
from lockgate.kql.literals import TICKS_PER_DAY, TICKS_PER_SECOND
from lockgate.kql.text import moment_text, span_text
from lockgate.store.ask import Limits, Tables, ask
from lockgate.store.ask.engine import Engine

FILE = CORPORA / "kql" / "documented.jsonl"
NOW = 638_000_000_000_000_000
LIMITS = Limits(seconds=55)


def examples() -> list[dict[str, Any]]:
    """Every example, in order."""
    return [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]


class Runner:
    """Runs examples over one connection without tables, in DuckDB or another engine that ``begin`` makes of it."""

    def __init__(self, begin: Callable[[Tables], Engine] | None = None) -> None:
        self.tables = Tables()
        self.engine = begin(self.tables) if begin is not None else None

    def check(self, example: dict[str, Any]) -> str | None:
        """What is wrong with our answer, or ``None``."""
        try:
            found = ask(example["query"], self.tables, now=NOW, limits=LIMITS, engine=self.engine)
        except QueryError as error:
            return f"error: {error}"
        except LockgateError as error:
            return f"limit: {error}"
        except Exception as error:
            return f"crash: {type(error).__name__}: {error}"
        table = found.tables[-1] if len(found.tables) > 1 else found.tables[0]
        types = [type_ for _, type_ in table.columns]
        ours = [tuple(shown(value, type_) for value, type_ in zip(row, types, strict=True)) for row in table.rows]
        theirs = [tuple(read(cell) for cell in row) for row in example["rows"]]
        if len(types) != len(example["columns"]):
            return f"columns: {[name for name, _ in table.columns]} for {example['columns']}"
        if same_rows(ours, theirs):
            return None
        return f"rows: {ours[:6]} for {theirs[:6]}"


def same_rows(ours: Sequence[tuple[object, ...]], theirs: Sequence[tuple[object, ...]]) -> bool:
    """Whether the rows are the same, in any order: what is documented is seldom sorted."""
    if len(ours) != len(theirs):
        return False
    waiting = list(theirs)
    for row in ours:
        place = next((i for i, one in enumerate(waiting) if all(map(same, row, one))), None)
        if place is None:
            return False
        del waiting[place]
    return True


def same(our: object, their: object) -> bool:
    """Whether two normalised cells are the same; reals to the digits that are shown."""
    if isinstance(our, float) and isinstance(their, float):
        return our == their or abs(our - their) <= 1e-9 * max(abs(our), abs(their)) or (our != our and their != their)
    if isinstance(our, list) and isinstance(their, list):
        return len(our) == len(their) and all(map(same, our, their))
    if isinstance(our, dict) and isinstance(their, dict):
        return our.keys() == their.keys() and all(same(our[key], their[key]) for key in our)
    return our == their


def shown(value: object, type_: str) -> object:
    """One of our values, normalised."""
    if value is None:
        return ""
    if type_ == "datetime":
        return read(moment_text(value))
    if type_ == "timespan":
        return read(span_text(value))
    if type_ == "dynamic":
        found = json.loads(str(value))
        return read(found) if isinstance(found, str) else _inner(found)
    if isinstance(value, bool | int | float):
        return float(value)
    return read(str(value))


EXEMPT = {
    "now-function.md#3": "depends on when it is run",
    "scan-operator.md#4": "the page shows the columns in another order than the query asks for",
    "ipv4-lookup-plugin.md#2": "reads a file at an address",
    "sample-operator.md#0": "random rows",
    "sample-operator.md#1": "random rows",
    "toscalar-function.md#8": "random values",
    "pattern-statement.md#1": "the page shows what a service gave at one time",
    "new-activity-metrics-plugin.md#2": "random values",
    "reduce-operator.md#0": "random values",
    "join-innerunique.md#2": "of rows with one key any is kept; #1 shows another outcome of the same input",
    "range-operator.md#1": "the page shows 7 of the 10 rows",
    "replace-string-function.md#1": "the page shows a long as if it were a real",
    "series-atan-function.md#0": "the page shows another input than the query has",
    "series-cos-function.md#0": "the page shows another input than the query has",
    "series-tan-function.md#0": "the page shows another input than the query has",
    "series-periods-validate-function.md#1": "the page shows rounded values",
    "geo-info-from-ip-address-function.md#1": "needs the service's database of addresses",
    "geo-h3cell-rings-function.md#3": "the page leaves rows out",
    "geo-polygon-to-h3cells-function.md#1": "the page leaves rows out",
    "geo-polygon-centroid-function.md#2": "the page shows text that is no JSON",
    "geospatial-joins.md#1": "the page shows the place of the first row in the second",
    "array-iff-function.md#1": "the page leaves out the quotes of texts in an array",
    "parse-url-function.md#0": "the page leaves out the slash that a path begins with, and shows a bag as a text",
    "parse-url-query-function.md#0": "the page shows a bag as a text",
    "url-encode-function.md#0": "the page shows another input than the query has",
    "hash-combine-function.md#0": "how hashes are combined is not published",
    "hash-many-function.md#0": "how hashes are combined is not published",
    "using-hll-tdigest.md#12": "uses a table that the page does not show",
}
"""Examples that cannot match, each with its reason."""
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?Z?")
_SPAN = re.compile(r"(-?)(?:(\d+)\.)?(\d\d):(\d\d):(\d\d)(?:\.(\d+))?")


def read(text: str) -> object:
    """Display text, normalised: numbers and booleans as reals, times as ticks, JSON as what it holds."""
    text = text.replace("<br>", "").replace("&nbsp;", "").replace("\n", "").strip()
    if len(text) > 1 and text[0] == text[-1] == '"' and text.count('"') == 2:
        text = text[1:-1]
    if text in ("null", "(null)"):
        return ""
    lowered = text.lower()
    if lowered in ("true", "false"):
        return float(lowered == "true")
    if re.fullmatch(r"[-+]?\d[\d,]*(\.\d+)?([eE][-+]?\d+)?", text):
        return float(text.replace(",", ""))
    if lowered in ("nan", "infinity", "-infinity", "inf", "-inf", "∞", "-∞"):
        return float(lowered.replace("∞", "inf"))
    if found := _MOMENT.fullmatch(text):
        year, month, day, hour, minute, second, fraction = found.groups()
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))
        apart = moment - datetime(1, 1, 1)
        ticks = apart.days * TICKS_PER_DAY + apart.seconds * TICKS_PER_SECOND
        return ("moment", ticks + int((fraction or "0")[:7].ljust(7, "0")))
    if found := _SPAN.fullmatch(text):
        sign, days, hour, minute, second, fraction = found.groups()
        ticks = ((int(days or 0) * 24 + int(hour)) * 60 + int(minute)) * 60 + int(second)
        ticks = ticks * TICKS_PER_SECOND + int((fraction or "0")[:7].ljust(7, "0"))
        return ("span", -ticks if sign else ticks)
    if text[:1] in "[{":
        try:
            return _inner(json.loads(text))
        except ValueError:
            return re.sub(r"\s+", "", text)
    return text


def _inner(value: object) -> object:
    if isinstance(value, list):
        return [_inner(one) for one in value]
    if isinstance(value, dict):
        return {key: _inner(one) for key, one in value.items()}
    if isinstance(value, bool | int | float):
        return float(value)
    return "" if value is None else read(value) if isinstance(value, str) else value


def main() -> None:
    """Run all of them, and keep what fails with its reason."""
    runner, failing = Runner(), {}
    total = 0
    for one in examples():
        total += 1
        if one["id"] not in EXEMPT and (wrong := runner.check(one)) is not None:
            failing[one["id"]] = wrong.split(" for [")[0][:160] if wrong.startswith("error") else "other rows"
    kept = json.loads(TABLE.read_text("utf-8"))
    kept["documented"] = {"total": total, "failing": failing, "exempt": EXEMPT}
    TABLE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
