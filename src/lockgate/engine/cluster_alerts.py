"""Alerts about clusters: rules whose logic is a query in Kusto's language over what was collected.

A row of its answer is one thing that the rule fires for: ``ClusterName``, ``Object``, and ``Value``, what was too much
or too little; and, where the thing is an object of Kubernetes, its ``Kind``, ``Namespace`` and ``Name``, by which
waivers mean it. The queries look back by themselves, five minutes as the recommended alerts of Container Insights do.
What becomes of a row is said elsewhere (``alerting``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lockgate.errors import ConfigurationError
from lockgate.kql import QueryError, parse
from lockgate.kql.text import quoted
from lockgate.model import Family, Rule
from lockgate.store.ask import ask

if TYPE_CHECKING:
    from pathlib import Path

    from lockgate.store.ask import Tables

COLUMNS = ("Rule", "Severity", "ClusterName", "Object", "Value", "Title")
NAMES = ("Kind", "Namespace", "Name")
"""Of the object that a row is about; empty where a rule of others does not say it."""
TABLE = "ClusterAlerts"


def rules_of(extra: Sequence[Path] = ()) -> tuple[Rule, ...]:
    """The rules of the rulebook, each with a query that can be read. Raises :class:`ConfigurationError`."""
    from lockgate.rules import load

    rules = load((Family.ALERTS,), extra=extra).of(Family.ALERTS)
    for rule in rules:
        text = rule.logic.get("kql")
        if not isinstance(text, str) or len(rule.logic) > 1:
            raise ConfigurationError("the logic of an alert is kql, a query, and nothing else", where=str(rule.id))
        try:
            parse(text)
        except QueryError as error:
            raise ConfigurationError(f"its query cannot be read: {error}", where=str(rule.id)) from None
    return rules


def query_of(rules: Sequence[Rule], columns: Sequence[str] = COLUMNS) -> str:
    """One query for all of them, the gravest first. ``columns``: of ``COLUMNS`` and ``NAMES``."""
    named = ", ".join(f'{one} = tostring(column_ifexists("{one}", ""))' for one in NAMES)
    given = "".join(f"let Alert{number} = () {{\n{rule.logic['kql']}\n}};\n" for number, rule in enumerate(rules))
    parts = ",\n    ".join(
        f"(Alert{number}() | project ClusterName = tostring(ClusterName), Object = tostring(Object), "
        f"Value = toreal(Value), Rule = {quoted(str(rule.id))}, Severity = {quoted(str(rule.severity))}, "
        f"Level = {int(rule.severity)}, Title = {quoted(rule.title)}, {named})"
        for number, rule in enumerate(rules)
    )
    return (
        f"{given}union {parts}\n| sort by Level desc, Rule asc, ClusterName asc, Object asc\n"
        f"| project {', '.join(columns)}"
    )


def firing(rules: Sequence[Rule], tables: Tables, *, now: int | None = None) -> list[dict[str, Any]]:
    """What they fire for, a row by ``COLUMNS`` and ``NAMES``. ``now`` and errors are those of :func:`ask`."""
    columns = COLUMNS + NAMES
    return [dict(zip(columns, row, strict=True)) for row in ask(query_of(rules, columns), tables, now=now).rows]


def kept_rows(found: Sequence[dict[str, Any]], *, when: datetime) -> list[dict[str, Any]]:
    """The same as rows of the table ``ClusterAlerts``."""
    return [{"TimeGenerated": when, **{name: row[name] for name in COLUMNS}} for row in found]
