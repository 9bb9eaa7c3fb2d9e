"""What a column is called whose value was given no name, as the service names it.

A column hands on its own name; a member of a dynamic value is called by all that leads to it (``a_b_0``); a function by
its pattern in the catalogue; anything else takes the default of its place (``Column1``, ``print_0``).
"""

from __future__ import annotations

from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.types import ARRAY_KIND, BAG_KIND, DYNAMIC, UNKNOWN, Table, Type


def label(node: s.Expression, value: bound.Value, default: str | None = "", row: Table | None = None) -> str | None:
    """The name of a result, or ``default``."""
    match node:
        case s.Parenthesised():
            return label(node.inner, value, default, row)
        case s.Name():
            return node.text
        case s.Named():
            return node.names[0].text if not node.listed else default
        case s.Ordered():
            return label(node.value, value, default, row)
        case s.Path() | s.Element():
            return _of_member(node, value, default)
        case s.Call():
            return _of_call(node, value, default, row)
    return default


def _joined(type_: Type) -> bool:
    return type_ is DYNAMIC or type_ is UNKNOWN or type_.kind in (ARRAY_KIND, BAG_KIND)


def _of_member(node: s.Path | s.Element, value: bound.Value, default: str | None) -> str | None:
    inner = value.value if isinstance(value, bound.Member) else None
    right = _of_key(node, value)
    if inner is None or not _joined(inner.type):
        return right if right is not None else default
    left = label(node.value, inner, None)
    return f"{left}_{right or ''}" if left and left.strip() else right


def _of_key(node: s.Path | s.Element, value: bound.Value) -> str | None:
    key: s.Expression = node.member if isinstance(node, s.Path) else node.index
    if isinstance(node, s.Path) and isinstance(key, s.Name):
        return key.text
    if isinstance(node, s.Path) and isinstance(key, s.Call):
        return label(key, value, None)
    if isinstance(key, s.Parenthesised):
        key = key.inner
    if isinstance(key, s.Literal) and key.type in ("string", "long", "int"):
        return str(key.value)
    return None


def _of_call(node: s.Call, value: bound.Value, default: str | None, row: Table | None) -> str | None:
    if not isinstance(value, bound.Call):
        return default
    pattern = value.function.label
    if not pattern:
        return default
    if pattern == "column $0":
        first = value.arguments[0] if value.arguments else None
        name = first.value if isinstance(first, bound.Constant) and isinstance(first.value, str) else None
        return name if name is not None and row is not None and row.column(name) is not None else default
    if pattern == "$only":
        return label(node.arguments[0], value.arguments[0], default) if len(node.arguments) == 1 else default
    if "$0" not in pattern:
        return pattern
    if not node.arguments:
        return pattern.replace("$0", "") if pattern != "$0" else None
    first_name = label(node.arguments[0], value.arguments[0], default)
    return first_name if pattern == "$0" else pattern.replace("$0", first_name or "")


def declared_label(node: s.Expression) -> str | None:
    """The name that was written, or ``None``."""
    if isinstance(node, s.Ordered):
        return declared_label(node.value)
    return node.names[0].text if isinstance(node, s.Named) and not node.listed else None


def graph_label(node: s.Expression, value: bound.Value) -> str:
    """The name of a result of ``graph-match``: always all that leads to it (``edge_weight``)."""
    if not isinstance(node, s.Path | s.Element):
        return label(node, value) or ""
    inner = value.value if isinstance(value, bound.Member) else value
    left = graph_label(node.value, inner)
    right = _of_key(node, value) or ""
    return f"{left}_{right}" if left.strip() else right
