"""Rules to Python functions: one for each unit of the tree, and one for a query."""

from __future__ import annotations

from lockgate.policy.rego.check.locals import shown
from lockgate.policy.rego.check.tree import COMPLETE, FUNCTION, OBJECT, SET, Definition, Unit
from lockgate.policy.rego.check.uses import count_uses
from lockgate.policy.rego.emit.bodies import BodyEmitter, Shared
from lockgate.policy.rego.emit.prefixes import write
from lockgate.policy.rego.emit.terms import scalar
from lockgate.policy.rego.source import COMPILE, Failure, RegoError
from lockgate.policy.rego.syntax import (
    Body,
    Call,
    Expr,
    Rule,
    Scalar,
    Var,
    operator_name,
)

_PAY = (" B = S.budget", " B.left -= 1", " if B.left < 0: B.spend(0)")


def unit_source(unit: Unit, shared: Shared) -> list[str]:
    """The Python function of a unit."""
    try:
        return _WRITERS[unit.kind](unit, shared)
    except Failure as failure:
        message = failure.message
    except (AssertionError, KeyError) as error:
        # A variable that the order of lines leaves unbound. The checks should have said so; a policy of unknown origin
        # still must not end in anything but a policy error.
        message = f"the rule cannot be compiled ({type(error).__name__}: {error})"
    first = unit.first
    raise RegoError([first.place.problem(COMPILE, message, first.rule.at)])


def _emitter(definition: Definition, rule: Rule, shared: Shared) -> BodyEmitter:
    terms = [*rule.ref.path, *(rule.args or ())]
    terms += [term for term in (rule.key, rule.value) if term is not None]
    uses = count_uses(rule.body, terms)
    return BodyEmitter(shared, uses, place=definition.place, ordered=_prints(rule.body))


def _complete(unit: Unit, shared: Shared) -> list[str]:
    lines = [f"def u{unit.index}(S):", *_PAY, " res = U"]
    lines += _alternatives(unit, shared)
    lines.append(f" S.memo[{unit.index}] = res")
    lines.append(" return res")
    return lines


def _function(unit: Unit, shared: Shared) -> list[str]:
    parameters = [f"a{number}" for number in range(unit.arity)]
    given = ", ".join(("S", *parameters))
    kept = unit.index in shared.kept
    lines = [f"def {'f' if kept else 'u'}{unit.index}({given}):", *_PAY]
    table = _table(unit)
    if table:
        lines.append(f" return {shared.constants.name(table)}.get(a0, U) if a0.__class__ is str else U")
    else:
        lines += [" res = U", *_alternatives(unit, shared), " return res"]
    return [*lines, *_keeping(unit, parameters)] if kept else lines


def _keeping(unit: Unit, parameters: list[str]) -> list[str]:
    """The function that looks whether a value is known already. Only strings are asked for: other values that Python
    takes for equal are not always equal in Rego."""
    number, given = unit.index, ", ".join(parameters)
    key = given if len(parameters) == 1 else f"({given})"
    strings = " and ".join(f"{name}.__class__ is str" for name in parameters)
    return [
        f"M{number} = {{}}",
        f"def u{number}(S, {given}):",
        f" if {strings} and not S.strict:",
        f"  m = M{number}.get({key})",
        f"  if m is None: return keep(M{number}, {key}, S, f{number}, {given})",
        "  B = S.budget",
        "  B.left -= m[1]",
        "  if B.left < 0: B.spend(0)",
        "  return m[0]",
        f" return f{number}(S, {given})",
    ]


def _table(unit: Unit) -> str:
    """A dict for a function that gives a constant for each of some strings; empty where it is anything else."""
    pairs: dict[str, str] = {}
    if unit.arity != 1 or unit.default is not None:
        return ""
    for definition in unit.definitions:
        rule = definition.rule
        arg = rule.args[0] if rule.args else None
        if not (isinstance(arg, Scalar) and isinstance(arg.value, str) and isinstance(rule.value, Scalar)):
            return ""
        if rule.otherwise is not None or not all(_holds_always(expr) for expr in rule.body):
            return ""
        if pairs.setdefault(repr(arg.value), scalar(rule.value.value)) != scalar(rule.value.value):
            return ""  # two values for one string are a conflict, which only the whole function tells
    return f"{{{', '.join(f'{key}: {value}' for key, value in pairs.items())}}}"


def _holds_always(expr: Expr) -> bool:
    what = expr.what
    return isinstance(what, Scalar) and what.value is not False and not expr.negated and not expr.withs


def _alternatives(unit: Unit, shared: Shared) -> list[str]:
    """The definitions of a rule or function, each with its ``else`` branches, and the default."""
    lines: list[str] = []
    constant = _common_constant(unit)
    several = len(unit.definitions) > 1
    for number, definition in enumerate(unit.definitions):
        first = True
        rule: Rule | None = definition.rule
        target = "res" if not several or not definition.rule.otherwise else "alt"
        if target == "alt":
            lines.append(" alt = U")
        while rule is not None:
            emitter = _emitter(definition, rule, shared)
            guard = (number > 0 and constant) if first else True
            lines += _branch(unit, rule, emitter, target if guard else "", target, first=number == 0)
            first, rule = False, rule.otherwise
        if target == "alt":
            lines += [" if alt is not U:", f"  res = agreed(S, {unit.index}, res, alt)"]
    if unit.default is not None:
        lines.append(" if res is U:")
        emitter = _emitter(unit.default, unit.default.rule, shared)
        emitter.out.indent = 2
        assert unit.default.rule.value is not None
        emitter.body(unit.default.rule.body)
        value = emitter.value(unit.default.rule.value)
        lines += [*emitter.out.lines, f"  res = {value}"]
    return lines


def _branch(
    unit: Unit, rule: Rule, emitter: BodyEmitter, guard: str, target: str, *, first: bool
) -> list[str]:  # fmt: skip
    out = emitter.out
    assert rule.value is not None
    if guard:
        out.line(f"if {guard} is U:")
        out.indent += 1
    out.flags.append(target)
    mark = out.mark()
    out.loop("for _ in ONE")
    for number, arg in enumerate(rule.args or ()):
        if isinstance(arg, Var) and arg.name not in emitter.bound:
            emitter.bound[arg.name] = f"a{number}"
    for number, arg in enumerate(rule.args or ()):
        if not isinstance(arg, Var) or emitter.bound[arg.name] != f"a{number}":
            emitter.match(arg, f"a{number}")
    emitter.body(rule.body)
    value = emitter.value(rule.value)
    if isinstance(rule.value, Scalar):
        alone = bool(guard) or first or target == "alt"
        known = f"{value} if {target} is U else agreed(S, {unit.index}, {target}, {value})"
        out.line(f"{target} = {value if alone else known}")
        out.leave()
        out.close(mark, f"{target} is not U" if alone else "")
        return out.lines
    value = emitter.simple(value)
    out.line(f"{target} = {value} if {target} is U else agreed(S, {unit.index}, {target}, {value})")
    out.close(mark)
    return out.lines


def _common_constant(unit: Unit) -> bool:
    """Whether all definitions yield the same constant, so that the first that holds is enough."""
    values = set()
    for definition in unit.definitions:
        if not isinstance(definition.rule.value, Scalar) or definition.rule.otherwise is not None:
            return False
        values.add(scalar(definition.rule.value.value))
    return len(values) == 1


def _set(unit: Unit, shared: Shared) -> list[str]:
    lines = [f"def u{unit.index}(S):", *_PAY, " res = []"]
    if len(unit.definitions) > 1 and not any(_prints(each.rule.body) for each in unit.definitions):
        emitter = _emitter(unit.first, unit.first.rule, shared)
        write(emitter, unit.definitions, lambda definition: _add(emitter, definition))
        lines += emitter.out.lines
    else:
        for definition in unit.definitions:
            emitter = _emitter(definition, definition.rule, shared)
            mark = emitter.out.mark()
            emitter.out.loop("for _ in ONE")
            emitter.body(definition.rule.body)
            _add(emitter, definition)
            emitter.out.close(mark)
            lines += emitter.out.lines
    lines.append(f" res = S.memo[{unit.index}] = Set.of_values(res)")
    lines.append(" return res")
    return lines


def _add(emitter: BodyEmitter, definition: Definition) -> None:
    assert definition.rule.key is not None
    emitter.out.line(f"res.append({emitter.value(definition.rule.key)})")


def _object(unit: Unit, shared: Shared) -> list[str]:
    lines = [f"def u{unit.index}(S):", *_PAY, " res = {}"]
    for definition in unit.definitions:
        rule = definition.rule
        emitter = _emitter(definition, rule, shared)
        out = emitter.out
        mark = out.mark()
        out.loop("for _ in ONE")
        emitter.body(rule.body)
        keys = [emitter.key(part) for part in definition.rest]
        if rule.key is not None:
            value = emitter.value(rule.key)
            out.line(f"include(S, {unit.index}, res, ({', '.join(keys)},), {value})")
        else:
            assert rule.value is not None
            value = emitter.value(rule.value)
            if len(keys) == 1:
                out.line(f"enter(S, {unit.index}, res, {keys[0]}, {value})")
            else:
                out.line(f"insert(S, {unit.index}, res, ({', '.join(keys)},), {value})")
        out.close(mark)
        lines += out.lines
    lines.append(f" S.memo[{unit.index}] = res")
    lines.append(" return res")
    return lines


_WRITERS = {COMPLETE: _complete, FUNCTION: _function, SET: _set, OBJECT: _object}


def query_source(body: Body, shared: Shared) -> list[str]:
    """The Python function of a query: each answer is a dict of the variables that the query names."""
    uses = count_uses(body, [])
    names = sorted(name for name in uses if shown(name) and not name.startswith("$"))
    for name in names:
        uses[name] += 1
    emitter = BodyEmitter(shared, uses, ordered=True)
    mark = emitter.out.mark()
    emitter.out.loop("for _ in ONE")
    emitter.body(body)
    pairs = [f"{shown(name)!r}: {emitter.bound[name]}" for name in names if name in emitter.bound]
    emitter.out.line(f"out.append({{{', '.join(pairs)}}})")
    emitter.out.close(mark)
    return ["def q(S, out):", *_PAY, *emitter.out.lines]


def _prints(body: Body) -> bool:
    return any(isinstance(e.what, Call) and operator_name(e.what.operator) == "internal.print" for e in body)
