"""What Kusto's functions, aggregates and plugins take and give, written for people to extend.

One line is one signature::

    name(parameter: kind?, more: kind*) -> result named $0

A kind is a type (``string``), several (``string|dynamic``) or a class: ``scalar`` (anything), ``number``, ``integer``,
``summable`` (numbers and times), ``orderable``, ``static`` (no dynamic), ``countable``, ``array``, ``bag``, ``table``,
``any``, ``common`` (all such arguments have one type). Words before it: ``const``, ``literal``, ``text`` (not
empty), ``column``, ``star`` (only ``*``), ``starred`` (also ``*``), ``aggregate``, ``lookup`` (a column of the first
argument's table), ``shared`` (of both tables), ``element`` (seen from the first argument's element). ``?`` may be left
out, ``*`` and ``+`` repeat, ``{2,64}`` counts; ``or ~`` is what stands for a default. A result is a type, ``$0`` (the
type of an argument), a rule of :mod:`lockgate.kql.bind.results`, or ``custom``. ``named`` says what a column is called
that has no name: by an argument (``$0``), or ``count_$0``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from lockgate.dataclass import dataclass
from lockgate.kql.keywords import words
from lockgate.kql.types import ARRAY, BAG, DYNAMIC, SCALARS, Column, Table, Type, array_of
from lockgate.lazy_pattern import lazy_pattern

_SCALAR_MODULES = (
    "strings", "conversion", "time", "network", "geography", "series", "collections", "sketches", "units",
    "mathematics", "rows",
)  # fmt: skip
_PARAMETER = lazy_pattern(
    r"(?P<name>\w+): (?P<use>(?:const|literal|text|column|star|starred|aggregate|lookup|shared|element) )?"
    r"(?P<kind>[\w|<>$-]+)(?:=(?P<values>[\w/]+)| in (?P<set>\w+))?(?: or (?P<default>\S))?"
    r"(?P<count>[?*+]|\{\d+,\d+\})?(?:, |$)"
)
_LINE = lazy_pattern(
    r"(?P<name>\w+)\((?P<parameters>.*)\) -> (?P<result>\(.*\)|[^(]*?)(?: (?P<how>named|prefixed) (?P<label>.+))?"
)
MANY = 32_767
"""Most arguments of any call."""
_VARYING = words(
    """cluster database table external_table materialized_view entity_group stored_query_result graph assert not notnull
    isnotnull isnull notempty iscolumnexists isascii isutf8 isnotempty isempty columnifexists column_ifexists around
    array_sort_asc array_sort_desc welch_test all any map inner_nodes node_id node_degree_in node_degree_out labels
    __ipv6_lookup_ranges ipv6_is_in_any_range ipv4_is_in_any_range format_bytes has_ipv4 has_ipv4_prefix has_any_ipv4
    has_any_ipv4_prefix new_guid"""
)
"""Functions whose value is no constant though their arguments are, besides those of whole modules."""
_VARYING_MODULES = frozenset(("series", "sketches", "rows", "aggregates", "plugins"))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter."""

    name: str
    """Its name, which named arguments of plugins use."""
    kinds: tuple[str, ...]
    """Classes and names of types, one of which an argument must have."""
    use: str
    """A word of the module's list, or empty."""
    least: int
    """How often it must be given."""
    most: int
    """How often it may be given."""
    values: frozenset[str] | None = None
    """Words that are allowed, or any."""
    default: str = ""
    """The text that stands for leaving it out."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function."""

    parameters: tuple[Parameter, ...]
    """In order."""
    result: str
    """A type or a rule."""
    table: Table | None = None
    """The table it gives, when that is always the same."""

    @property
    def least(self) -> int:
        """Fewest arguments."""
        return sum(one.least for one in self.parameters)

    @property
    def most(self) -> int:
        """Most arguments."""
        return sum(one.most for one in self.parameters)


@dataclass(frozen=True, slots=True)
class Function:
    """A function, an aggregate or a plugin."""

    name: str
    """As it is called."""
    kind: str
    """``scalar``, ``aggregate`` or ``plugin``."""
    signatures: tuple[Signature, ...]
    """The ways to call it."""
    label: str
    """What a column is called that has no name: a pattern with ``$0``, ``$only``, ``column $0``, a word, or empty."""
    prefix: str
    """What stands before the names of several results."""
    constant: bool
    """Whether its value is constant when its arguments are."""


@cache
def _lines(kind: str) -> dict[str, tuple[str, list[str]]]:
    """The signatures of each function as text, with the module they stand in."""
    found: dict[str, tuple[str, list[str]]] = {}
    for module in _SCALAR_MODULES if kind == "scalar" else (f"{kind}s",):
        text: str = import_module(f"lockgate.kql.catalogue.{module}").SIGNATURES
        for line in text.replace("\n    ", " ").strip().split("\n"):
            found.setdefault(line[: line.index("(")], (module, []))[1].append(line)
    return found


def names(kind: str) -> list[str]:
    """Every name of ``kind``."""
    return list(_lines(kind))


def subject(name: str) -> str | None:
    """The module of the catalogue in which the scalar function of that name stands."""
    known = _lines("scalar").get(name)
    return known[0] if known else None


@cache
def find(name: str, kind: str = "scalar") -> Function | None:
    """The function of that name, or ``None``."""
    known = _lines(kind).get(name)
    if known is None:
        return None
    module, lines = known
    signatures, label, prefix = [], "", ""
    for line in lines:
        read = _LINE.fullmatch(line)
        if read is None:
            raise ValueError(f"catalogue/{module}.py: {line}")
        signatures.append(_signature(read["parameters"], read["result"]))
        label = read["label"] if read["how"] == "named" else label
        prefix = read["label"] if read["how"] == "prefixed" else prefix
    if label.endswith("_$0"):
        prefix = label[:-3]
    constant = module not in _VARYING_MODULES and name not in _VARYING
    return Function(name, kind, tuple(signatures), label, prefix, constant)


def _signature(parameters: str, result: str) -> Signature:
    at, found = 0, []
    while at < len(parameters):
        read = _PARAMETER.match(parameters, at)
        if read is None:
            raise ValueError(f"catalogue: {parameters[at:]}")
        at = read.end()
        count = read["count"] or ""
        least, most = {"": (1, 1), "?": (0, 1), "*": (0, MANY), "+": (1, MANY)}.get(count) or _range(count)
        found.append(
            Parameter(
                read["name"], tuple(read["kind"].split("|")), (read["use"] or "").strip(), least, most,
                _values(read["values"], read["set"]), read["default"] or "",
            )
        )  # fmt: skip
    table = None
    if result.startswith("("):
        columns = [one.split(": ") for one in result[1:-1].split(", ")]
        table = Table([Column(name, named_type(type_)) for name, type_ in columns])
    return Signature(tuple(found), result, table)


def _range(text: str) -> tuple[int, int]:
    least, most = text[1:-1].split(",")
    return int(least), int(most)


def _values(listed: str | None, named: str | None) -> frozenset[str] | None:
    if named:
        from lockgate.kql.catalogue.choices import VALUES

        return VALUES[named]
    return frozenset(listed.split("/")) if listed else None


@cache
def named_type(name: str) -> Type:
    """The type that a signature names."""
    if name.startswith("array<"):
        return array_of(named_type(name[6:-1]))
    return {"array": ARRAY, "bag": BAG, "dynamic": DYNAMIC}.get(name) or SCALARS[name]
