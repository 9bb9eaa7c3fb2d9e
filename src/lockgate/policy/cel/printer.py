"""A tree back into text that parses to the same tree. For error messages, tests and whoever rewrites policies."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lockgate.policy.cel import syntax as tree
from lockgate.policy.cel.values import Uint

_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def show(node: tree.Node) -> str:
    """The text. Operands are put into brackets wherever they are not a single value."""
    match node:
        case tree.Literal():
            return _literal(node.value)
        case tree.Ident():
            return node.name
        case tree.Select():
            return f"{_inner(node.operand)}.{'?' * node.optional}{_field(node.name)}"
        case tree.Index():
            return f"{_inner(node.operand)}[{'?' * node.optional}{show(node.index)}]"
        case tree.Has():
            return f"has({show(node.select)})"
        case tree.Unary():
            return f"{node.operator}{_bracketed(node.operand)}"
        case tree.Binary():
            return f"{_inner(node.left)} {node.operator} {_inner(node.right)}"
        case tree.Chain():
            return f" {node.operator} ".join(map(_inner, node.operands))
        case tree.Conditional():
            return f"{_inner(node.condition)} ? {_inner(node.then)} : {_inner(node.otherwise)}"
        case tree.Call():
            target = "" if node.target is None else f"{_inner(node.target)}."
            return f"{target}{node.name}({_all(node.args)})"
        case tree.ListLiteral():
            return f"[{', '.join('?' * optional + show(item) for item, optional in node.items)}]"
        case tree.MapLiteral():
            entries = (f"{'?' * optional}{show(key)}: {show(value)}" for key, value, optional in node.entries)
            return f"{{{', '.join(entries)}}}"
        case tree.Struct():
            fields = (f"{'?' * optional}{_field(name)}: {show(value)}" for name, value, optional in node.fields)
            return f"{node.name}{{{', '.join(fields)}}}"
    return _macro(node)


def _macro(node: tree.Node) -> str:
    match node:
        case tree.Comprehension():
            parts = [*node.variables, *(show(part) for part in (node.condition, node.result) if part is not None)]
            return f"{_inner(node.target)}.{node.macro}({', '.join(parts)})"
        case tree.Bind():
            return f"cel.bind({node.variable}, {show(node.value)}, {show(node.body)})"
        case tree.OptionalMap():
            return (
                f"{_inner(node.target)}.{'optFlatMap' if node.flat else 'optMap'}({node.variable}, {show(node.body)})"
            )
    raise AssertionError(node)


def _all(nodes: Sequence[tree.Node]) -> str:
    return ", ".join(map(show, nodes))


def _inner(node: tree.Node) -> str:
    compound = tree.Unary | tree.Binary | tree.Chain | tree.Conditional
    negative = isinstance(node, tree.Literal) and isinstance(node.value, int | float) and _minus(node.value)
    return _bracketed(node) if isinstance(node, compound) or negative else show(node)


def _bracketed(node: tree.Node) -> str:
    return f"({show(node)})"


def _minus(value: float) -> bool:
    return math.copysign(1, value) < 0


def _field(name: str) -> str:
    return (
        name if name.isidentifier() and name.isascii() and name not in ("in", "true", "false", "null") else f"`{name}`"
    )


def _literal(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Uint():
            return f"{int(value)}u"
        case float():
            text = repr(value)
            return "1e999" if math.isinf(value) else text if "." in text or "e" in text else f"{text}.0"
        case bytes():
            return 'b"' + "".join(f"\\x{byte:02x}" for byte in value) + '"'
        case str():
            return '"' + "".join(_ESCAPED.get(character, character) for character in value) + '"'
    return str(value)
