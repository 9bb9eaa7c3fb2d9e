"""The type of what a function gives, by the rule that its signature names or by its own.

Rules: ``$0``, ``$1`` the type of an argument; ``long $0`` the same with int widened; ``array of $0``; ``common`` and
``common static`` what the common arguments share; ``widest`` the widest number, int widened; ``typeof $0`` (``$n`` the
last) a type that was written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lockgate.kql import bound
from lockgate.kql.bind.labels import label
from lockgate.kql.bind.matching import common_type, underlying
from lockgate.kql.catalogue import Function, Parameter, named_type
from lockgate.kql.syntax import Expression
from lockgate.kql.types import (
    ARRAY,
    ARRAY_KIND,
    BAG,
    DECIMAL,
    ERROR,
    INT,
    LONG,
    NONE,
    REAL,
    UNKNOWN,
    Column,
    Table,
    Tuple,
    Type,
    array_of,
    common,
    widest,
)


class Request:
    """What a call's result depends on."""

    __slots__ = ("by", "function", "layout", "nodes", "row", "types", "values")

    def __init__(
        self,
        function: Function,
        layout: Sequence[Parameter | None],
        values: Sequence[bound.Value],
        types: Sequence[Type],
        nodes: Sequence[Expression],
        row: Table | None,
        by: Sequence[Column],
    ) -> None:
        self.function, self.layout, self.values, self.types = function, layout, values, types
        self.nodes, self.row, self.by = nodes, row, by

    def given(self, name: str) -> list[int]:
        """The places of the arguments for one parameter."""
        return [i for i, one in enumerate(self.layout) if one is not None and one.name == name]

    def label(self, index: int) -> str:
        """The name that an argument has as a column."""
        return label(self.nodes[index], self.values[index], "", self.row) or "" if index < len(self.nodes) else ""

    def column(self, index: int) -> Column | None:
        """The column that an argument is."""
        value = underlying(self.values[index])
        return value.column if isinstance(value, bound.Use) else None


def promoted(one: Type) -> Type:
    """int becomes long."""
    return LONG if one is INT else one


def result(rule: str, request: Request) -> Type:
    """The type that ``rule`` gives for ``request``."""
    types, layout = request.types, request.layout
    if rule.startswith("$"):
        index = int(rule[1:])
        return types[index] if index < len(types) else ERROR
    if rule == "long $0":
        return promoted(types[0]) if types else ERROR
    if rule == "array of $0":
        return array_of(types[0]) if types else ERROR
    if rule == "common":
        return common_type(layout, types) or ERROR
    if rule == "common static":
        return common_type(layout, types, static=True) or ERROR
    if rule == "widest":
        return promoted(widest(types) or ERROR)
    if rule.startswith("typeof"):
        index = len(types) - 1 if rule.endswith("$n") else int(rule[-1])
        value = underlying(request.values[index]) if index < len(types) else None
        return value.named if isinstance(value, bound.TypeValue) else ERROR
    if rule == "custom":
        own = _CUSTOM.get(request.function.name)
        return own(request) if own else UNKNOWN
    return named_type(rule)


_FIT_TWO_LINES = (
    "rsquare:real split_idx:long variance:real rvariance:real line_fit:array<real> right_rsquare:real right_slope:real"
    " right_interception:real right_variance:real right_rvariance:real left_rsquare:real left_slope:real"
    " left_interception:real left_variance:real left_rvariance:real"
)
_SEVERAL = {
    "series_stats": "min:real min_idx:long max:real max_idx:long avg:real stdev:real variance:real",
    "series_fft": "real:array<real> imag:array<real>",
    "series_ifft": "real:array<real> imag:array<real>",
    "series_fit_poly": "rsquare:real coefficients:array<real> variance:real rvariance:real poly_fit:array<real>",
    "series_fit_line": "rsquare:real slope:real variance:real rvariance:real interception:real line_fit:array<real>",
    "series_fit_2lines": _FIT_TWO_LINES,
    "series_periods_detect": "periods:array<real> scores:array<real>",
    "series_periods_validate": "periods:array<real> scores:array<real>",
    "series_decompose": "baseline:array seasonal:array trend:array residual:array",
    "series_decompose_forecast": "forecast:array seasonal:array trend:array residual:array",
    "series_decompose_anomalies": "ad_flag:array ad_score:array baseline:array",
}
"""Functions with several results, which are named after the function, the series and the result."""


def _several(request: Request) -> Type:
    label_ = request.label(0)
    columns = []
    for one in _SEVERAL[request.function.name].split():
        name, type_ = one.split(":")
        columns.append(Column(f"{request.function.name}_{label_}_{name}", named_type(type_)))
    return Tuple(columns)


def _sorted_arrays(request: Request) -> Type:
    columns = []
    for i, one in enumerate(request.types):
        if one.kind != ARRAY_KIND and one.name != "dynamic":
            break
        columns.append(Column(f"{request.label(i) or f'array{i}'}_sorted", one))
    return Tuple(columns)


def _packed_array(request: Request) -> Type:
    first = request.values[0] if request.values else None
    if isinstance(first, bound.Columns):
        return array_of(common(one.type for one in first.columns))
    return array_of(common(request.types))


def _set(request: Request) -> Type:
    found = common(request.types)
    return found if found is not None and found.kind == ARRAY_KIND else ARRAY


def _chosen_array(request: Request) -> Type:
    found = request.types[1] if len(request.types) > 1 else ARRAY
    return found if found.dynamic else array_of(found)


def _binned(request: Request) -> Type:
    return promoted(request.types[0]) if request.types else UNKNOWN


def _mapped(request: Request) -> Type:
    return array_of(request.types[1]) if len(request.types) > 1 else ARRAY


def _inner_nodes(request: Request) -> Type:
    return Tuple(request.row.columns) if request.row is not None else array_of(BAG)


def _percentiles(request: Request) -> Type:
    if not request.types:
        return ERROR
    one = request.types[0]
    type_ = LONG if one is INT else REAL if one is DECIMAL else one
    columns = []
    for i in request.given("percentile"):
        value = underlying(request.values[i])
        text = _shown(value.value) if isinstance(value, bound.Constant) else _shown(_constant(value))
        safe = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in text)
        columns.append(Column(f"percentile_{request.label(0)}_{safe}", type_))
    return Tuple(columns)


def _constant(value: bound.Value) -> object:
    while isinstance(value, bound.Variable) and value.value is not None:
        value = value.value
    return value.value if isinstance(value, bound.Constant) else ""


def _shown(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _percentile_arrays(request: Request) -> Type:
    return Tuple([Column(f"percentiles_{request.label(0)}", ARRAY)])


def _picked(request: Request, prefix: str, first: str) -> Type:
    """Columns of ``take_any``, ``arg_max`` and their kin: each argument's column, and for ``*`` all that are left."""
    star = any(isinstance(one, bound.Columns) and one.star for one in request.values)
    passed: set[Column] = set(request.by) if not first else set()
    by = set(request.by)
    columns: list[Column] = []
    origins: list[int | Column] = []
    primary = label(request.nodes[0], request.values[0], "", request.row) if request.nodes else ""
    for i, value in enumerate(request.values):
        if isinstance(value, bound.Columns):
            for one in value.columns:
                if not star or (one not in passed and one not in by):
                    passed.add(one)
                    columns.append(one)
                    origins.append(one)
            continue
        own = request.column(i)
        free = not star or (first and i == 0) or (own not in passed and own not in by)
        if isinstance(value, bound.Named) and own is not None:
            if free:
                passed.add(own)
                columns.append(Column(value.name, own.type))
        elif own is not None:
            if free:
                columns.append(Column(own.name, own.type) if own in passed or (first and own in by) else own)
                passed.add(own)
        else:
            name = label(request.nodes[i], value, None, request.row)
            if not name:
                name = f"{prefix}arg{i}" if not first else f"{first}_" if i == 0 else f"{first}_{primary}_arg{i}"
            columns.append(Column(name, value.type))
        origins += [i] * (len(columns) - len(origins))
    return Tuple(columns, origins=origins)


def _prefixed_pick(request: Request) -> Type:
    """``argmax``: as ``arg_max``, with the first argument's name before those of the others."""
    found = _picked(request, "", "max")
    assert isinstance(found, Tuple)
    primary = label(request.nodes[0], request.values[0], "", request.row) or ""
    rest = [Column(f"{primary}_{one.name}", one.type) for one in found.columns[1:]]
    return Tuple([*found.columns[:1], *rest], origins=found.origins)


_CUSTOM: dict[str, Callable[[Request], Type]] = {
    **dict.fromkeys(_SEVERAL, _several),
    **dict.fromkeys(("array_sort_asc", "array_sort_desc"), _sorted_arrays),
    **dict.fromkeys(("set_union", "set_intersect", "set_difference"), _set),
    **dict.fromkeys(("array_iff", "array_iif"), _chosen_array),
    **dict.fromkeys(
        ("pack", "pack_dictionary", "bag_pack", "bag_pack_columns", "pack_all", "bag_merge", "bag_remove_keys",
         "bag_set_key", "series_stats_dynamic", "series_fit_line_dynamic", "series_fit_2lines_dynamic"),
        lambda request: BAG,
    ),
    **dict.fromkeys(("percentile", "percentiles", "percentilew", "percentilesw"), _percentiles),
    **dict.fromkeys(("percentiles_array", "percentilesw_array"), _percentile_arrays),
    "array_concat": lambda request: common(request.types, NONE) or ARRAY,
    "pack_array": _packed_array,
    "bin_auto": _binned,
    "map": _mapped,
    "inner_nodes": _inner_nodes,
    "any": lambda request: _picked(request, "", ""),
    "take_any": lambda request: _picked(request, "any_", ""),
    "arg_max": lambda request: _picked(request, "", "max"),
    "arg_min": lambda request: _picked(request, "", "min"),
    "argmax": _prefixed_pick,
    "argmin": _prefixed_pick,
}  # fmt: skip
