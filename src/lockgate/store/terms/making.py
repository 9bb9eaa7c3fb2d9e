"""Writes the filters of data files, and removes those whose file is gone.

Every text of a column is taken apart in lower case, as DuckDB has it, which is how a query compares. A text that looks
like JSON and holds a stroke for an escape is taken apart as it stands, as it is written anew, and with its texts
unescaped, since a query may see it in each of these forms. Where it cannot be read, nothing is said of that part.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from lockgate.store import _spill
from lockgate.store.terms.hashing import Terms, bloom
from lockgate.store.terms.sidecar import FOLDER, Filter, path_of, written

LEAST_ROWS = 10_000
"""Rows of a file below which reading it is cheaper than asking."""
_LEAST_BYTES = 128 << 10
"""Bytes of a file that surely has fewer rows that matter."""
PART_ROWS = 131_072
"""Most rows of a part; a part is a row group or a piece of one."""
SHARE = 10
"""The filters take at most one part in so many of what the data file takes; the largest are left out for that."""
_FETCHED = 8_192
_ODD_NUMBER = r"(?:^|[:\[,])\s*-?(?:[0-9]+[.e]|[0-9]{16})"
"""In lower case: a number in JSON that is not whole, or so large that it may be rounded. Texts may look so too."""
_AT_WORK = 3_600
"""Seconds after which what was begun and never finished is somebody's who died."""


class _UnreadableError(Exception):
    """A text of which it is not known which terms it has."""


def write(data_file: str, *, least_rows: int = LEAST_ROWS, part_rows: int = PART_ROWS, share: int = SHARE) -> int:
    """Write the filters of a Parquet file; how many bytes they take, 0 where it has none because it is small.

    Raises ``OSError`` where they cannot be written, and DuckDB's error where the file cannot be read.
    """
    import duckdb

    connection = duckdb.connect(":memory:", config=_spill.settings("1GB"))
    try:
        return _write(connection, data_file, (least_rows, part_rows, share))
    finally:
        connection.close()


def fill(data_files: Sequence[str]) -> int:
    """Write the filters of those that have none yet and are large; how many were written. Raises as :func:`write`."""
    made = 0
    for one in data_files:
        with contextlib.suppress(FileNotFoundError):  # another process may have cleared it up meanwhile
            if not path_of(one).exists() and Path(one).stat().st_size >= _LEAST_BYTES:
                made += write(one) > 0
    return made


def clear(folder: str) -> int:
    """Remove filters in the folder of a table whose data file is gone, and what was left half-written; how many."""
    removed = 0
    try:
        found = list((Path(folder) / FOLDER).iterdir())
    except OSError:
        return 0
    for one in found:
        with contextlib.suppress(OSError):
            if one.suffix == ".terms":
                needed = (Path(folder) / one.name.removesuffix(".terms")).exists()
            else:
                needed = time.time() - one.stat().st_mtime < _AT_WORK
            if not needed:
                one.unlink()
                removed += 1
    return removed


def _write(cursor: Any, data_file: str, settings: tuple[int, int, int]) -> int:
    least_rows, part_rows, share = settings
    size = Path(data_file).stat().st_size
    parts = list(_parts(cursor, data_file, part_rows))
    if not parts or parts[-1][1] + 1 < least_rows:
        return 0
    described = cursor.execute("DESCRIBE SELECT * FROM read_parquet($1)", [data_file]).fetchall()
    gatherer = Terms()
    filters: dict[str, list[Filter]] = {}
    for name, type_ in (row[:2] for row in described):
        if type_ == "VARCHAR":
            filters[name] = [_filter(cursor, data_file, name, part, gatherer) for part in parts]
    _shorten(filters, size // share)
    return written(data_file, size, parts, filters)


def _parts(cursor: Any, data_file: str, part_rows: int) -> Iterator[tuple[int, int]]:
    rows = cursor.execute(
        "SELECT row_group_id, any_value(row_group_num_rows) FROM parquet_metadata($1) GROUP BY 1 ORDER BY 1",
        [data_file],
    ).fetchall()
    first = 0
    for _, count in rows:
        pieces = max(1, -(-count // part_rows))
        for i in range(pieces):
            begin, end = (first + count * each // pieces for each in (i, i + 1))
            if begin < end:
                yield begin, end - 1
        first += count


def _filter(cursor: Any, data_file: str, column: str, part: tuple[int, int], gatherer: Terms) -> Filter:
    quoted = '"' + column.replace('"', '""') + '"'
    rows = "read_parquet($1, file_row_number = true) WHERE file_row_number BETWEEN $2 AND $3"
    texts_of = f"SELECT DISTINCT lower({quoted}) AS text FROM {rows}"  # noqa: S608 -- a quoted name
    cursor.execute(
        f"SELECT text, regexp_matches(text, $4) FROM ({texts_of}) WHERE text <> ''",  # noqa: S608 -- as above
        [data_file, *part, _ODD_NUMBER],
    )
    readable, odd = True, False
    while some := cursor.fetchmany(_FETCHED):
        texts = [text for text, _ in some]
        odd = odd or any(strange for _, strange in some)
        try:
            texts += [form for one in texts if "\\" in one for form in _forms(one)]
        except _UnreadableError:
            readable = False
        gatherer.add(texts)
    numbers = gatherer.taken()
    return Filter(bloom(numbers) if readable else None, odd)


def _forms(text: str) -> Iterator[str]:
    """What is in a JSON text besides what stands there: the text as it is written anew, its texts as they are meant."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return
    try:
        value = orjson.loads(text)
        yield orjson.dumps(value).decode().lower()
    except (ValueError, TypeError, RecursionError):
        raise _UnreadableError from None
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one.lower()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.keys()
            waiting += one.values()


def _shorten(filters: dict[str, list[Filter]], most: int) -> None:
    """Leave out the largest columns until all of them together are small enough."""
    sizes = {name: sum(len(one.data or b"") for one in several) for name, several in filters.items()}
    for name in sorted(sizes, key=lambda one: -sizes[one]):
        if sum(sizes.values()) <= most:
            return
        del filters[name], sizes[name]
