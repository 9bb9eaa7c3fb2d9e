"""The rows of data files that may hold the terms that a query wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from lockgate.dataclass import dataclass
from lockgate.kql.terms import Term, Wanted, allows, terms_of
from lockgate.store._query import listed
from lockgate.store.terms.sidecar import Sidecar, read

Ranges = tuple[tuple[int, int], ...]
"""First and last rows."""
_MOST_CUT = 64
"""Files that are read in part; each is a part of the statement. Of more, whole files are read."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is read in place of a whole table."""

    source: str
    """What stands after FROM."""
    files: tuple[int, int]
    """Files that are read, and files that there are."""
    parts: tuple[int, int]
    """The same of parts of files, a file without filters as one."""


class Files:
    """The Parquet files of a table as it stands, whose filters are read when they are first asked for."""

    def __init__(
        self, paths: Sequence[str], shown: Callable[[str], str],
        extended: Callable[[str, str], str] = lambda _, read: read,
    ) -> None:  # fmt: skip
        """``shown`` makes of a statement that reads some of the files what stands after FROM in place of the table.

        ``extended`` makes of a statement that reads one file, or files of one kind, one that gives all that is shown.
        """
        self._paths = paths
        self._shown = shown
        self._extended = extended
        self._known: dict[str, Sidecar | None] = {}

    def within(self, seen: Callable[[str], str]) -> Files:
        """The same files where ``seen`` stands around what is shown."""
        return Files(self._paths, lambda read: seen(self._shown(read)), self._extended)

    def narrowed(self, wanted: Wanted) -> Narrowed | None:
        """What is left to read; ``None`` where that is everything."""
        terms = list(dict.fromkeys(terms_of(wanted)))
        whole: list[str] = []
        cut: list[tuple[str, Ranges]] = []
        some = total = 0
        for path in self._paths:
            parts, chosen = self._chosen(path, wanted, terms)
            total += parts
            some += parts if chosen is None else len(chosen)
            if chosen is None or len(chosen) == parts or (chosen and len(cut) >= _MOST_CUT):
                whole.append(path)
            elif chosen:
                cut.append((path, _joined(chosen)))
        if some == total or not self._paths:
            return None
        source = self._shown(self._statement(whole, cut))
        return Narrowed(source, (len(whole) + len(cut), len(self._paths)), (some, total))

    def statement(self) -> str:
        """What reads all of them; empty where there are none."""
        return self._statement(self._paths, ()) if self._paths else ""

    def _statement(self, whole: Sequence[str], cut: Sequence[tuple[str, Ranges]]) -> str:
        kinds: dict[str, list[str]] = {}
        for path in whole:
            kinds.setdefault(self._extended(path, ""), []).append(path)
        parts = [
            self._extended(some[0], f"{_ALL}({listed(some)}, union_by_name = true)") for some in kinds.values()
        ]  # fmt: skip
        for path, ranges in cut:
            rows = " OR ".join(f"file_row_number BETWEEN {first} AND {last}" for first, last in ranges)
            read = f"{_NUMBERED}({listed([path])}, file_row_number = true) WHERE {rows}"
            parts.append(self._extended(path, read))
        if not parts:
            parts = [self._extended(self._paths[0], f"{_ALL}({listed(self._paths[:1])}) WHERE false")]
        return " UNION ALL BY NAME ".join(f"({one})" for one in parts)

    def _chosen(self, path: str, wanted: Wanted, terms: Sequence[Term]) -> tuple[int, Ranges | None]:
        """How many parts a file has, and the rows of those that matter; ``None`` for all."""
        if path not in self._known:
            self._known[path] = read(path)
        sidecar = self._known[path]
        if sidecar is None:
            return 1, None
        try:
            held = sidecar.holding(terms)
        except OSError:
            return 1, None
        chosen = [part for i, part in enumerate(sidecar.parts) if allows(wanted, partial(_held, held, i))]
        return len(sidecar.parts), tuple(chosen)


def _held(held: Mapping[Term, Sequence[bool]], part: int, term: Term) -> bool:
    return held[term][part]


def _joined(ranges: Ranges) -> Ranges:
    """Ranges that follow each other as one."""
    found: list[tuple[int, int]] = []
    for first, last in ranges:
        if found and found[-1][1] + 1 == first:
            first = found.pop()[0]
        found.append((first, last))
    return tuple(found)


_ALL = "SELECT * FROM read_parquet"
_NUMBERED = "SELECT * EXCLUDE (file_row_number) FROM read_parquet"
