"""Components against the compiled advisories: one finding a package and flaw, however many records tell of it.

The rules of the family name the kinds of advisories they speak about (``logic: {advisories: vulnerable}``). Without a
store, or with an empty one, the session does not start: nothing checked must never look like nothing found. An
ecosystem of which the store knows nothing is a Skip, for the same reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.errors import NothingCheckedError
from lockgate.model import Component, Family, Rule
from lockgate.scanners import ScanContext, Scanner, Session


def _start(rules: Sequence[Rule], context: ScanContext) -> Session:
    if context.advisories is None or not context.advisories.is_file():
        raise NothingCheckedError(
            "there is no advisory store, so no dependency was checked",
            where=str(context.advisories or ""),
            hint="compile one with 'lockgate advisories update <folder, zip or address of OSV records>'",
        )
    from lockgate.scanners.dependencies._session import start  # versions and SQLite only where there is a store

    return start(rules, context.advisories, today=context.today)


SCANNER = Scanner(family=Family.DEPENDENCIES, reads=Component, start=_start, cacheable=False)
