"""Terms of texts, and which of them must be somewhere in a table for a condition to be true of any of its rows. Pure.

A term is a run of letters and digits. Kusto keeps an index of the terms of three characters and more
(https://learn.microsoft.com/kusto/query/datatypes-string-operators#what-is-a-term); so does who uses this. Only terms
of ASCII count, in lower case, and whatever is not ASCII ends a term: so no two ideas of what a letter is can differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockgate.dataclass import dataclass
from lockgate.kql.text import lowered
from lockgate.lazy_pattern import lazy_pattern

LEAST, MOST = 3, 1_000
"""Characters of the shortest and the longest term that is asked for."""
_RUN = lazy_pattern(r"[A-Za-z0-9\x80-\U0010ffff]+")
_NUMBER = lazy_pattern(r"[0-9]+(?:e[0-9]*)?\Z")
_NO_TERM = frozenset(("nan", "inf", "infinity", "null"))
"""What numbers beyond JSON are written as."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term in a column."""

    column: str
    """The name of the column in the table."""
    text: str
    """In lower case."""
    numeric: bool = False
    """Whether it may come of a number in JSON, which may be written there in another way (``1e2`` for ``100.0``)."""


@dataclass(frozen=True, slots=True)
class AllOf:
    """Each of them must be there."""

    parts: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of them must be there."""

    parts: tuple[Wanted, ...]


Wanted = Term | AllOf | AnyOf


def terms_within(text: str, column: str, *, begins: bool, ends: bool, dynamic: bool = False) -> list[Term]:
    """The terms of a column that every text has in which ``text`` is found.

    ``begins``: whether no letter or digit stands before it then; ``ends``: behind it. ``dynamic``: whether that text is
    kept as JSON.
    """
    found: dict[Term, None] = {}
    for run in _RUN.finditer(text):
        term = run[0].lower()
        cut = (run.start() == 0 and not begins) or (run.end() == len(text) and not ends)
        if cut or not LEAST <= len(term) <= MOST or not run[0].isascii() or (dynamic and term in _NO_TERM):
            continue
        found[Term(column, term, dynamic and _NUMBER.match(term) is not None)] = None
    return list(found)


_WRITTEN = {
    "datetime": "0123456789-:.tz", "timespan": "0123456789-:.", "int": "0123456789-", "long": "0123456789-",
    "real": "0123456789-+.enaifty", "decimal": "0123456789-.", "bool": "truefals", "guid": "0123456789abcdef-",
}  # fmt: skip
"""The letters, in lower case, that the texts of a type consist of."""
NEVER: Wanted = AnyOf(())
"""What no row has."""


def never_within(type_: str, text: str) -> bool:
    """Whether no value of a type has this in its text, in whatever case; of texts nothing is said."""
    letters = _WRITTEN.get(type_)
    return letters is not None and not set(lowered(text)) <= set(letters)


def all_of(parts: list[Wanted]) -> Wanted | None:
    """All of them; nothing is wanted where there are none."""
    return None if not parts else parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def any_of(parts: list[Wanted | None]) -> Wanted | None:
    """One of them; nothing is wanted where one wants nothing."""
    some = [one for one in parts if one is not None]
    return None if len(some) < len(parts) or not some else some[0] if len(some) == 1 else AnyOf(tuple(some))


def terms_of(wanted: Wanted) -> Iterator[Term]:
    """The terms in it."""
    waiting: list[Wanted] = [wanted]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Term):
            yield one
        else:
            waiting += one.parts


def allows(wanted: Wanted, there: Callable[[Term], bool]) -> bool:
    """Whether rows may fulfil it among which ``there`` says of each term that it may be."""
    if isinstance(wanted, Term):
        return there(wanted)
    choose = all if isinstance(wanted, AllOf) else any
    return choose(allows(one, there) for one in wanted.parts)
