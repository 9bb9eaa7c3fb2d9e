"""``schema_merge``: several tables of ``getschema`` as one."""

from __future__ import annotations

from lockgate.kql import bound
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame, Run, framed
from lockgate.kql.steps.plugins.arguments import Arguments, columns_of
from lockgate.kql.types import SCALARS, Type, common

_OUT_OF_ORDER = "ERROR(columns are out of order)"
_NO_TYPE = "ERROR(columns have no common type)"
_NAMES = ("ColumnName", "ColumnOrdinal", "DataType", "ColumnType")


def schema_merge(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """Each column once, in the order of its last place. One that stands at several places, or has types that have
    none in common, is shown as an error, as the service does."""
    given = Arguments(step, frames, context)
    keep = given.constant("preserve_order", True)
    frame = given.frame
    by_name = {one.name: data for one, data in zip(frame.columns, frame.data, strict=True)}
    if any(one not in by_name for one in _NAMES):
        raise EvaluationError(f"schema_merge reads what getschema gives: {', '.join(_NAMES)}.")
    names, places, systems, types = (by_name[one] for one in _NAMES)
    seen: dict[object, list[int]] = {}
    for i, name in enumerate(names):
        seen.setdefault(name, []).append(i)
    order = sorted(seen, key=lambda name: max(_place(places[i]) for i in seen[name]))
    rows: list[tuple[object, ...]] = []
    for at, name in enumerate(order):
        own = seen[name]
        place = _place(places[own[0]]) if keep is not False else at
        type_ = common(_known(types[i]) for i in own)
        if keep is not False and len({places[i] for i in own}) > 1:
            rows.append((name, -1, f"ERROR(unknown CSL type:{_OUT_OF_ORDER})", _OUT_OF_ORDER))
        elif type_ is None:
            rows.append((name, place, f"ERROR(unknown CSL type:{_NO_TYPE})", _NO_TYPE))
        else:
            shown = next((systems[i] for i in own if types[i] == type_.name), systems[own[0]])
            rows.append((name, place, shown, type_.name))
    return framed(columns_of(step), rows)


def _place(value: object) -> int:
    return value if isinstance(value, int) else -1


def _known(name: object) -> Type:
    return SCALARS.get(str(name), SCALARS["dynamic"])


PLUGINS: dict[str, Run] = {"schema_merge": schema_merge}
