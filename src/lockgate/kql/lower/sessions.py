"""``row_window_session``: where a session begins depends on where the last one did, so that it is no window of SQL.

The rows go through a query of its own: ``scan`` carries on the beginning and the time of the row before. Source: the
public documentation of the function.
"""

from __future__ import annotations

from functools import cache

from lockgate.kql import bound, relation
from lockgate.kql.lower.core import Core, Flow, use
from lockgate.kql.relation import Field, Key
from lockgate.kql.types import BOOL, DATETIME, LONG, Table

_COLUMNS = {"at": "datetime", "most": "timespan", "apart": "timespan", "again": "bool", "place": "long"}
_QUERY = """Rows | serialize | scan declare (began: datetime, before: datetime) with (step one: true =>
    began = iff(isnull(one.began) or again or at - one.before > apart or at - one.began > most, at, one.began),
    before = at;)"""


@cache
def _step() -> bound.Step:
    from lockgate.kql import Workspace, bind, parse

    found = bind(parse(_QUERY), Workspace({"Rows": _COLUMNS})).results[0]
    assert isinstance(found, bound.Step)
    return found


def session(core: Core, call: bound.Call, flow: Flow) -> bound.Value:
    """When the session of each row began; the arguments of ``call`` are values over the fields of ``flow``."""
    place = core.numbered(flow)
    given = [*call.arguments, bound.Constant(False, BOOL)][:4]
    made = [(core.field(one.type), relation.Converted(one, one.type)) for one in given]
    flow.node = relation.Extend(flow.node, tuple(made), core.taken_reads())
    kept = relation.Kept(flow.node, costly=True)
    flow.node = kept
    step = _step()
    assert step.input is not None
    assert isinstance(step.input.type, Table)
    assert isinstance(step.type, Table)
    read = [core.field(one.type) for one in (*(field for field, _ in made), place)]
    partition = tuple(core.field(one.type, one.stored) for one in flow.partition)
    old: list[Field] = [*(field for field, _ in made), place, *flow.partition]
    rows = relation.Again(kept, tuple(zip([*read, *partition], old, strict=True)))
    source = relation.Source(
        rows, tuple(zip(step.input.type.columns, read, strict=True)), (Key(use(read[-1])),), partition
    )
    fields = tuple((column, core.of_column(column)) for column in step.type.columns)
    cut = relation.Cut(step, (source,), fields, core.field(LONG), partition)
    core.places[id(step)] = core.span
    by_name = {column.name: field for column, field in fields}
    keys = [(use(place), use(by_name["place"]))]
    keys += [(use(one), use(other)) for one, other in zip(flow.partition, partition, strict=True)]
    flow.node = relation.Join("inner", kept, cut, tuple(keys))
    return bound.Use(by_name["began"], DATETIME)
