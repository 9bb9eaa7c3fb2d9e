"""What compaction does for each table of a record besides joining its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.tables._hot_paths import HOT_PATHS, MOST, HotPath, parsed

if TYPE_CHECKING:
    from lockgate.settings import TableSettings


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What is written beside rows, so that questions are quick."""

    unfiltered: frozenset[str] = frozenset()
    """Tables that get no filters of their terms, and no paths but those that are named."""
    paths: Mapping[str, tuple[str, ...]] | None = None
    """Paths of JSON columns that are kept as columns of their own, by table, in place of those that are known."""

    def paths_of(self, table: str) -> tuple[HotPath, ...]:
        """The paths of a table. Raises :class:`ConfigurationError` for one that is none."""
        named = (self.paths or {}).get(table)
        if named is None:
            named = () if table in self.unfiltered else HOT_PATHS.get(table, ())
        return tuple(dict.fromkeys(map(parsed, named)))

    def told(self) -> dict[str, Any]:
        """As JSON can hold it, for another process."""
        paths = {name: list(texts) for name, texts in (self.paths or {}).items()}
        return {"unfiltered": sorted(self.unfiltered), "paths": paths}

    @classmethod
    def read(cls, told: Any) -> Upkeep:
        """What :meth:`told` gave. Raises ``KeyError``, ``TypeError`` or ``AttributeError`` for anything else."""
        paths = {str(name): tuple(map(str, texts)) for name, texts in told["paths"].items()}
        return cls(frozenset(map(str, told["unfiltered"])), paths)


def upkeep_of(tables: Mapping[str, TableSettings], *, where: str = "") -> Upkeep:
    """What the settings say. Raises :class:`ConfigurationError` for a path that is none, or too many of them."""
    from lockgate.settings import Plan

    found = Upkeep(
        frozenset(name for name, one in tables.items() if one.plan is not Plan.ANALYTICS),
        {name: one.paths for name, one in tables.items() if one.paths is not None},
    )
    for name in tables:
        try:
            if len(found.paths_of(name)) > MOST:
                raise ConfigurationError(f"a table keeps at most {MOST} paths", where="paths")
        except ConfigurationError as error:
            raise ConfigurationError(f"tables.{name}.paths: {error.message}", where=where, hint=error.hint) from None
    return found
