"""A module's syntax tree as the JSON that OPA gives for it: what ``rego.parse_module`` answers."""

from __future__ import annotations

from typing import Any

from lockgate.policy.rego.builtins.contract import BuiltinError, string
from lockgate.policy.rego.parse.modules import parse_module
from lockgate.policy.rego.source import RegoError, Source
from lockgate.policy.rego.syntax import (
    Array,
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    Import,
    Logical,
    Module,
    Not,
    ObjectTerm,
    Ref,
    Rule,
    Scalar,
    SetTerm,
    Some,
    Template,
    Term,
    Var,
)

_SCALARS = {type(None): "null", bool: "boolean", str: "string"}


def parsed(name: Any, text: Any) -> Any:
    """The builtin ``rego.parse_module(filename, text)``. Modules are read as version 1."""
    try:
        return module_json(parse_module(Source(string(name, 1), string(text, 2))))
    except RegoError as error:
        raise BuiltinError(f"1 error occurred: {error.problems[0]}") from None


def module_json(module: Module) -> dict[str, Any]:
    """``package``, ``imports`` and ``rules`` of a module."""
    found: dict[str, Any] = {"package": {"path": [_typed("var", "data"), *map(_scalar, module.package)]}}
    if module.imports:
        found["imports"] = [_import(each) for each in module.imports]
    if module.rules:
        found["rules"] = [_rule(each) for each in module.rules]
    return found


def _typed(kind: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "value": value}


def _scalar(value: Any) -> dict[str, Any]:
    return _typed(_SCALARS.get(type(value), "number"), {} if value is None else value)


def _import(imported: Import) -> dict[str, Any]:
    head, *rest = imported.path
    path = _typed("ref", [_typed("var", head), *map(_scalar, rest)])
    return {"path": path, "alias": imported.alias} if imported.alias else {"path": path}


def _rule(rule: Rule) -> dict[str, Any]:
    made: dict[str, Any] = {"body": _body(rule.body), "head": _head(rule)}
    if rule.default:
        made["default"] = True
    if rule.otherwise is not None:
        made["else"] = _rule(rule.otherwise)
    return made


def _head(rule: Rule) -> dict[str, Any]:
    made: dict[str, Any] = {"ref": _ref(rule.ref)}
    single = rule.key is None and rule.args is None and len(rule.ref.path) == 1 and rule.value is not None
    if not rule.ref.path or single:
        assert isinstance(rule.ref.head, Var)
        made["name"] = rule.ref.head.name
    if rule.args is not None:
        made["args"] = [_term(arg) for arg in rule.args]
    key = rule.ref.path[0] if single and not isinstance(rule.ref.path[0], Scalar) else rule.key
    if key is not None:
        made["key"] = _term(key)
    if rule.value is not None:
        made["value"] = _term(rule.value)
    if rule.assign:
        made["assign"] = True
    return made


def _body(body: Body) -> list[dict[str, Any]]:
    return [{**_expr(expr), "index": index} for index, expr in enumerate(body)]


def _expr(expr: Expr) -> dict[str, Any]:
    made: dict[str, Any] = {"terms": _what(expr)}
    if expr.generated:
        made["generated"] = True
    if expr.negated:
        made["negated"] = True
    if expr.withs:
        made["with"] = [{"target": _term(each.target), "value": _term(each.value)} for each in expr.withs]
    return made


def _what(expr: Expr) -> Any:
    what = expr.what
    if isinstance(what, Call):
        return [_typed("ref", _ref(what.operator)), *(_term(arg) for arg in what.args)]
    if isinstance(what, Some):
        return {"symbols": [_term(what.member)] if what.member else [_term(name) for name in what.names]}
    if isinstance(what, Every):
        key = _term(what.key) if what.key else None
        return {"key": key, "value": _term(what.value), "domain": _term(what.domain), "body": _body(what.body)}
    if isinstance(what, Not):
        return {"body": _body(what.body), "explicit_body": what.explicit}
    if isinstance(what, Logical):
        return {
            "operator": what.operator, "lhs": _body(what.left), "rhs": _body(what.right),
            "explicit_lhs": what.explicit_left, "explicit_rhs": what.explicit_right,
        }  # fmt: skip
    return _term(what)


def _ref(ref: Ref) -> list[dict[str, Any]]:
    return [_term(ref.head), *(_term(part) for part in ref.path)]


def _term(term: Term) -> dict[str, Any]:
    if isinstance(term, Scalar):
        return _scalar(term.value)
    if isinstance(term, Var):
        return _typed("var", term.name)
    if isinstance(term, Ref):
        return _typed("ref", _ref(term))
    if isinstance(term, Call):
        return _typed("call", [_typed("ref", _ref(term.operator)), *(_term(arg) for arg in term.args)])
    if isinstance(term, Array):
        return _typed("array", [_term(item) for item in term.items])
    if isinstance(term, SetTerm):
        return _typed("set", [_term(item) for item in term.items])
    if isinstance(term, ObjectTerm):
        return _typed("object", [[_term(key), _term(value)] for key, value in term.pairs])
    if isinstance(term, Comprehension):
        names = ("key", "value") if term.kind == "object" else ("term",)
        parts = {name: _term(part) for name, part in zip(names, term.head, strict=True)}
        return _typed(f"{term.kind}comprehension", {**parts, "body": _body(term.body)})
    assert isinstance(term, Template)
    parts_json = [_scalar(part) if isinstance(part, str) else {**_expr(part), "index": 0} for part in term.parts]
    return _typed("templatestring", {"parts": parts_json, "multi_line": term.raw})
