"""Values of query parameters, which come beside a query as texts (client request properties of Kusto).

A text is a literal of Kusto (``datetime(2026-11-26)``, ``'a'``, ``dynamic([1])``) or what the literal holds
(``2026-11-26``, ``a``, ``[1]``): https://learn.microsoft.com/kusto/query/query-parameters-statement.
"""

from __future__ import annotations

from typing import Any

from lockgate.kql import syntax as s
from lockgate.kql.convert import MAX_JSON, converter
from lockgate.kql.errors import QueryError
from lockgate.kql.parse.statements import read_literal
from lockgate.kql.types import DECIMAL, GUID, NUMBERS, SCALARS, STRING


def given_value(text: str, type_name: str) -> Any:
    """The value of ``text`` as a parameter of that type, as literals hold it. ``ValueError`` where it is none."""
    type_ = SCALARS[type_name]
    literal = _literal(text)
    if type_ is STRING:
        return literal.value if literal is not None and literal.type == "string" else text
    if type_.dynamic:
        return literal.value if literal is not None and literal.type == "dynamic" else _json(text)
    if literal is not None and literal.type == type_name and (literal.value is not None or "null" in text):
        return literal.value
    source, value = STRING, literal.value if literal is not None and literal.type == "string" else text
    if literal is not None and {SCALARS[literal.type], type_} <= NUMBERS:
        source, value = SCALARS[literal.type], literal.value
    convert = converter(source, type_)
    value = value if convert is None else convert(value)
    if value is None:
        raise ValueError(text)
    return str(value) if type_ in (DECIMAL, GUID) else value


def _literal(text: str) -> s.Literal | None:
    try:
        return read_literal(text)
    except QueryError:
        return None


def _json(text: str) -> Any:
    import orjson

    if len(text) > MAX_JSON:
        raise ValueError("too long")
    return orjson.loads(text)
