"""What plugins give: the columns of ``evaluate``, and the layouts of those whose arguments need looking at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lockgate.kql import bound
from lockgate.kql.bind.matching import underlying
from lockgate.kql.bind.projection import made_unique
from lockgate.kql.bind.results import Request
from lockgate.kql.catalogue import Function, Parameter, named_type
from lockgate.kql.types import (
    ARRAY,
    BOOL,
    DYNAMIC,
    LONG,
    STRING,
    TIMESPAN,
    Column,
    Group,
    Table,
    Type,
)


def _columns(text: str) -> list[Column]:
    return [Column(name, named_type(type_)) for name, type_ in (one.split(":") for one in text.split())]


def _referred(request: Request, *names: str) -> list[Column]:
    """The columns that are the arguments for the parameters."""
    found = []
    for name in names:
        found += [column for i in request.given(name) if (column := request.column(i)) is not None]
    return found


def _after(*parameters: str, columns: str) -> Callable[[Request], Type]:
    """A table of the columns that the arguments are, then of fixed ones."""
    return lambda request: Table([*_referred(request, *parameters), *_columns(columns)])


def _before(columns: str) -> Callable[[Request], Type]:
    """A table of fixed columns, then all of the row."""
    return lambda request: Table([*_columns(columns), *(request.row.columns if request.row else ())])


def _same(request: Request) -> Type:
    return request.row or Table(())


def _open(request: Request) -> Type:
    del request  # nothing is known, whatever is asked
    return Table((), open=True)


def _unpacked(request: Request) -> Type:
    own = request.column(0) if request.values else None
    return Table([one for one in (request.row.columns if request.row else ()) if one is not own], open=True)


def _pivoted(request: Request) -> Type:
    chosen = [column for i in range(2, len(request.values)) if (column := request.column(i)) is not None]
    if not chosen:
        aggregate = request.values[1] if len(request.values) > 1 else None
        first = aggregate.arguments[0] if isinstance(aggregate, bound.Call) and aggregate.arguments else None
        used = {request.column(0) if request.values else None, first.column if isinstance(first, bound.Use) else None}
        chosen = [one for one in (request.row.columns if request.row else ()) if one not in used]
    return Table(chosen, open=True)


def _new_activity(request: Request) -> Type:
    columns: list[Column] = []
    for i in request.given("timeline_column"):
        name = request.label(i)
        columns += [Column(f"from_{name}", request.types[i]), Column(f"to_{name}", request.types[i])]
    columns += _referred(request, "dimension")
    fixed = "dcount_new_values:long dcount_retained_values:long dcount_churn_values:long"
    fixed += " retention_rate:real churn_rate:real"
    return Table([*columns, *_columns(fixed)])


def _funnel(request: Request) -> Type:
    columns = _referred(request, "timeline_column")
    for i in request.given("state_column"):
        columns += [Column("prev", request.types[i]), Column("next", request.types[i])]
    return Table([*columns, Column("dcount", LONG), Column("samples", ARRAY)])


def _funnel_completion(request: Request) -> Type:
    columns = _referred(request, "timeline_column")
    columns += [Column(request.label(i), STRING) for i in request.given("state_column")]
    return Table([*columns, Column("Period", TIMESPAN), Column("dcount", LONG)])


def _rolling(request: Request) -> Type:
    columns = _referred(request, "index_column", "dimension")
    value = _referred(request, "value_column")
    name = value[0].name if value else "value"
    bins, share = (_literal(request, one) for one in ("bins_per_window", "percentile"))
    type_ = value[0].type if value else LONG
    return Table([*columns, Column(f"rolling_{bins}_percentile_{name}_{share}", type_)])


def _literal(request: Request, parameter: str) -> str:
    for i in request.given(parameter):
        value = underlying(request.values[i])
        if isinstance(value, bound.Constant):
            return str(value.value)
    return "0"


def _sequence(request: Request) -> Type:
    columns = _referred(request, "dimension")
    for i in request.given("timeline_column"):
        name = request.label(i)
        columns += [Column(f"{request.label(j)}_{name}", request.types[i]) for j in request.given("expr")]
        break
    return Table([*columns, Column("Duration", TIMESPAN)])


def _intersected(request: Request) -> Type:
    row = request.row.columns if request.row else []
    return Table([*row, *(Column(f"s{i}", LONG) for i in range(len(request.values)))])


def _looked_up(request: Request) -> Type:
    found = request.types[0] if request.types else None
    if not isinstance(found, Table):
        return _same(request)
    keys = {one.name for one in _referred(request, "extra_key")}
    row = request.row.columns if request.row else []
    return Table(made_unique([*row, *(one for one in found.columns if one.name not in keys)]))


def _looked_up_on_earth(request: Request) -> Type:
    found = request.types[0] if request.types else None
    if not isinstance(found, Table):
        return _same(request)
    key = request.column(1)
    keep = any(_is_true(request, i) for i in request.given("return_lookup_key"))
    row = request.row.columns if request.row else []
    taken = [one for one in found.columns if keep or key is None or one.name.lower() != key.name.lower()]
    return Table(made_unique([*row, *taken]))


def _is_true(request: Request, index: int) -> bool:
    value = underlying(request.values[index])
    return isinstance(value, bound.Constant) and value.value is True


def _written(request: Request) -> Type:
    value = underlying(request.values[0]) if request.values else None
    if isinstance(value, bound.TypeValue) and isinstance(value.named, Table):
        return value.named
    return Table((), open=True)


def _previewed(request: Request) -> Type:
    return Group([request.row or Table(()), Table([Column("Count", LONG)])])


def _answered(suffix: str, type_: Type) -> Callable[[Request], Type]:
    """All of the row, then an answer, and an error when that is asked for."""

    def give(request: Request) -> Type:
        name = request.label(0)
        columns = [*(request.row.columns if request.row else ()), Column(f"{name}_{suffix}", type_)]
        if any(_is_true(request, i) for i in request.given("include_error_messages")):
            columns.append(Column(f"{name}_{suffix}_error", STRING))
        return Table(columns)

    return give


_ACTIVITY = "dcount_values:long dcount_newvalues:long retention_rate:real churn_rate:real"
_ENGAGEMENT = "dcount_activities_inner:long dcount_activities_outer:long activity_ratio:real"
_SEGMENTS = "SegmentId:long Count:long Percent:real"
_RESULTS: dict[str, Callable[[Request], Type]] = {
    "active_users_count": _after("timeline_column", "dimension", columns="dcount:long"),
    "activity_counts_metrics": _after(
        "timeline_column", "dimension", columns="count:long dcount:long new_dcount:long aggregated_dcount:long"
    ),
    "activity_engagement": _after("timeline_column", "dimension", columns=_ENGAGEMENT),
    "activity_metrics": _after("timeline_column", "dimension", columns=_ACTIVITY),
    "session_count": _after("timeline_column", "dimension", columns="count_sessions:long"),
    "sliding_window_counts": _after("timeline_column", "dimension", columns="Count:long Dcount:long"),
    "new_activity_metrics": _new_activity,
    "autocluster": _before(_SEGMENTS),
    "basket": _before(_SEGMENTS),
    "diffpatterns": _before(
        "SegmentId:long CountA:long CountB:long PercentA:real PercentB:real PercentDiffAB:real"
    ),
    "bag_unpack": _unpacked,
    "pivot": _pivoted,
    "dcount_intersect": _intersected,
    "estimate_rows_count": lambda request: Table(_columns("EstimatedRowsCount:long")),
    "funnel_sequence": _funnel,
    "funnel_sequence_completion": _funnel_completion,
    "rolling_percentile": _rolling,
    "sequence_detect": _sequence,
    "ipv4_lookup": _looked_up,
    "ipv6_lookup": _looked_up,
    "geo_polygon_lookup": _looked_up_on_earth,
    "geo_line_lookup": _looked_up_on_earth,
    "identity": _same,
    "identity_v3": _same,
    "rows_near": _same,
    "preview": _previewed,
    "python": _written,
    "r": _written,
    "csharp": _written,
    "ai_embed_text": _answered("embedding", DYNAMIC),
    "ai_embeddings": _answered("embeddings", DYNAMIC),
    "ai_chat_completion": _answered("completion", STRING),
    "ai_chat_completion_prompt": _answered("completion", STRING),
}  # fmt: skip


def result(request: Request) -> Type:
    """The table that a plugin gives; one of which nothing is known when it asks another service."""
    return _RESULTS.get(request.function.name, _open)(request)


def layout(function: Function, values: Sequence[bound.Value]) -> list[Parameter | None] | None:
    """The parameter of each argument, for those whose optional arguments are told apart by what they are."""
    arrange = _LAYOUTS.get(function.name)
    if arrange is None:
        return None
    known = {one.name: one for one in function.signatures[0].parameters}
    return [known.get(one) for one in arrange(values)][: len(values)]


def _named(value: bound.Value) -> str:
    return value.name.lower() if isinstance(value, bound.Named) else ""


def _ipv4_layout(values: Sequence[bound.Value]) -> list[str]:
    found = ["lookup_table", "source_ipv4_key", "ipv4_lookup_key"]
    for i, value in enumerate(values[3:], 3):
        last = i == len(values) - 1
        boolean = isinstance(value, bound.Constant) and value.type is BOOL
        found.append("return_unmatched" if last and (boolean or _named(value) == "return_unmatched") else "extra_key")
    return found


def _geo_layout(first: str, radius_at: int) -> Callable[[Sequence[bound.Value]], list[str]]:
    options = ["radius", "return_unmatched", "lookup_area_radius", "return_lookup_key"]

    def arrange(values: Sequence[bound.Value]) -> list[str]:
        found = ["lookup_table", first, "source_longitude", "source_latitude"]
        for i, value in enumerate(values[4:]):
            found.append(_named(value) if _named(value) in options[radius_at:] else options[min(i, 3)])
        return found

    return arrange


def _new_activity_layout(values: Sequence[bound.Value]) -> list[str]:
    found = ["id_column", "timeline_column", "start", "end", "window"]
    if len(values) > 5 and not isinstance(values[5], bound.Use):
        found.append("cohort")
    for value in values[len(found) :]:
        found.append("lookback" if isinstance(value.type, Table) else "dimension")
    return found


def _sequence_layout(values: Sequence[bound.Value]) -> list[str]:
    found = ["timeline_column", "max_seqeunce_step_window", "max_sequence_span", "expr"]
    boolean = True
    for value in values[4:]:
        boolean = boolean and value.type is BOOL
        found.append("expr" if boolean else "dimension")
    return found


def _bag_layout(values: Sequence[bound.Value]) -> list[str]:
    names = ["column", "column_prefix", "columns_conflict", "ignored_properties"]
    written = {one.replace("_", ""): one for one in names}
    return [written.get(_named(value), names[min(i, 3)]) for i, value in enumerate(values)]


def _sorted_layout(values: Sequence[bound.Value]) -> list[str]:
    found = ["arrays"] * len(values)
    if len(values) > 1 and values[-1].type is BOOL:
        found[-1] = "nulls_last"
    return found


_LAYOUTS: dict[str, Callable[[Sequence[bound.Value]], list[str]]] = {
    "array_sort_asc": _sorted_layout,
    "array_sort_desc": _sorted_layout,
    "bag_unpack": _bag_layout,
    "ipv4_lookup": _ipv4_layout,
    "geo_polygon_lookup": _geo_layout("lookup_polygon_key", 0),
    "geo_line_lookup": _geo_layout("lookup_line_key", 1),
    "new_activity_metrics": _new_activity_layout,
    "sequence_detect": _sequence_layout,
}
