"""Which columns tables have that are brought together: by name and type, by name alone, those that all have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lockgate.kql.bind.projection import UniqueNames
from lockgate.kql.types import DYNAMIC, NONE, Column, Table, Type, common


def unified(columns: Iterable[Column]) -> list[Column]:
    """The columns of a union: those of one name and type are one; of one name and several types bear the type's name.

    As the service's parser has it, a type that is met after two columns of another type only is passed over.
    """
    return list(united(columns).values())


def united(columns: Iterable[Column]) -> dict[tuple[str, Type], Column]:
    """The same, by the name and type that they have in the tables (of dynamic ones ``dynamic``)."""
    by_name: dict[str, dict[Type, list[Column]]] = {}
    for one in columns:
        by_type = by_name.setdefault(one.name, {})
        key = _place(one)[1]
        if key in by_type:
            by_type[key].append(one)
        elif len(by_type) != 1 or len(next(iter(by_type.values()))) == 1:
            by_type[key] = [one]
    names = UniqueNames()
    found: dict[tuple[str, Type], Column] = {}
    for name, by_type in by_name.items():
        several = len(by_type) > 1
        for type_, same in by_type.items():
            taken = names.take(f"{name}_{type_.name}" if several else name)
            joined = common((one.type for one in same), NONE) or type_
            found[name, type_] = same[0] if len(same) == 1 and taken == name else Column(taken, joined)
    return found


def in_every(tables: Sequence[Table]) -> list[Column]:
    """Of the columns of all tables those that each has by the same name and type."""
    places = [{_place(one) for one in table.columns} for table in tables]
    return [one for table in tables for one in table.columns if all(_place(one) in one_of for one_of in places)]


def _place(column: Column) -> tuple[str, Type]:
    return column.name, DYNAMIC if column.type.dynamic else column.type


def unified_by_name(columns: Iterable[Column]) -> list[Column]:
    """The columns of several tables as ``find`` sees them: one of each name, dynamic when their types differ."""
    by_name: dict[str, list[Column]] = {}
    for one in columns:
        by_name.setdefault(one.name, []).append(one)
    found: list[Column] = []
    for name, same in by_name.items():
        types = list(dict.fromkeys(one.type for one in same))
        if len(same) == 1:
            found.append(same[0])
        else:
            found.append(Column(name, types[0] if len(types) == 1 else common(types) or DYNAMIC))
    return found


def shared_columns(tables: Sequence[Table]) -> list[Column]:
    """The columns that all tables have."""
    if not tables:
        return []
    found = list(tables[0].columns)
    for table in tables[1:]:
        names = {one.name for one in table.columns}
        own = {one.name for one in found}
        found = unified_by_name(
            [one for one in found if one.name in names] + [one for one in table.columns if one.name in own]
        )
    return found
