"""Conditions compiled to closures: one call answers, and says why when it is asked to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lockgate.policy.azure.evaluation import Reason, Run, compiled
from lockgate.policy.azure.expressions import is_expression
from lockgate.policy.azure.fields import Bound, Cell, Place, Selection
from lockgate.policy.azure.rules import Condition, CountSubject, FieldSubject, Leaf, Logic, ValueSubject
from lockgate.policy.azure.values import (
    MISSING,
    Json,
    ascii_fold,
    contains,
    contains_key,
    equal,
    fold,
    kind,
    like,
    match,
    order,
    text_of,
)
from lockgate.policy.errors import EvaluationError

MAX_ITERATIONS: Final = 100
"""Members of counted values that one count may walk over, those of the counts around it multiplied in."""

Test = Callable[[Run], bool]
Member = tuple[bool, tuple[Reason, ...]]
Compare = Callable[[Json, Json], bool]


def compile_condition(condition: Condition) -> Test:
    """A closure that answers whether a condition holds. Raises :class:`EvaluationError` where the rule fails."""
    if isinstance(condition, Leaf):
        return _leaf(condition)
    return _logic(condition)


def _logic(logic: Logic) -> Test:
    children = [compile_condition(one) for one in logic.children]
    if logic.kind == "not":
        inner = children[0]
        return lambda run: not inner(run)
    wanted = logic.kind == "anyof"

    def decide(run: Run) -> bool:
        """Stops at the first child that decides; the reasons of children that did not matter are forgotten."""
        trace = run.trace
        if trace is None:
            for child in children:
                if child(run) is wanted:
                    return wanted
            return not wanted
        start = len(trace)
        for child in children:
            mark = len(trace)
            if child(run) is wanted:
                del trace[start:mark]
                return wanted
        return not wanted

    return decide


def _leaf(leaf: Leaf) -> Test:
    if isinstance(leaf.subject, FieldSubject):
        return _field_leaf(leaf, leaf.subject)
    if isinstance(leaf.subject, ValueSubject):
        return _value_leaf(leaf, leaf.subject)
    return _count_leaf(leaf, leaf.subject)


def _field_leaf(leaf: Leaf, subject: FieldSubject) -> Test:
    name_of, expected_of = compiled(subject.name), compiled(leaf.expected)
    static = subject.name.value if subject.name.constant else None
    holds = _comparison(leaf.operator, leaf, squeeze=static is not None and ascii_fold(static) == "location")
    squeezed = _comparison(leaf.operator, leaf, squeeze=True) if static is None else holds

    def test(run: Run) -> bool:
        name = name_of(run) if static is None else static
        if not isinstance(name, str) or not name:
            raise EvaluationError(f"a field's name must be text, not {kind(name)}")
        found = run.resource.read(name, run.bound)
        expected = expected_of(run)
        compare = squeezed if static is None and ascii_fold(name) == "location" else holds
        if run.trace is None:
            if len(found.cells) == 1:
                return compare(found.cells[0][0], expected)
            run.budget.spend(len(found.cells))
            return all(compare(value, expected) for value, _ in found.cells)
        return _traced_field(run, leaf, name, found, expected, compare)

    if static is None or "[*]" in static or not leaf.expected.constant:
        return test
    constant = expected_of

    def quick(run: Run) -> bool:
        """One plain field against a constant, which is what most conditions are."""
        if run.trace is not None:
            return test(run)
        return holds(run.resource.value(static), constant(run))

    return quick


def _traced_field(run: Run, leaf: Leaf, name: str, found: Selection, expected: Json, compare: Compare) -> bool:
    failing = [cell for cell in found.cells if not compare(cell[0], expected)]
    shown = (failing or list(found.cells))[:20]
    values = [None if value is MISSING else value for value, _ in shown]
    depends = tuple((place, value is not MISSING and leaf.operator != "exists") for value, place in shown)
    actual = values[0] if len(values) == 1 else values
    _note(run, leaf, name, expected, actual, not failing, shown, depends)
    return not failing


def _note(
    run: Run, leaf: Leaf, subject: str, expected: Json, actual: Json, held: bool, cells: list[Cell],
    depends: tuple[tuple[Place, bool], ...] = (), members: tuple[Member, ...] = (),
) -> None:  # fmt: skip
    if run.trace is not None:
        related = run.resource is not run.origin
        places = tuple(place for _, place in cells)
        run.trace.append(
            Reason(leaf.pointer, subject, leaf.operator, expected, actual, held, related, places, depends, members)
        )


def _value_leaf(leaf: Leaf, subject: ValueSubject) -> Test:
    value_of, expected_of = compiled(subject.value), compiled(leaf.expected)
    holds = _comparison(leaf.operator, leaf)
    written = subject.value.value
    shown = f"value {written}" if isinstance(written, str) and is_expression(written) else "value"

    def test(run: Run) -> bool:
        value, expected = value_of(run), expected_of(run)
        held = holds("" if value is MISSING and expected == "" else value, expected)
        if run.trace is not None:
            _note(run, leaf, shown, expected, None if value is MISSING else value, held, [])
        return held

    return test


def _count_leaf(leaf: Leaf, subject: CountSubject) -> Test:
    expected_of = compiled(leaf.expected)
    holds = _comparison(leaf.operator, leaf)
    walk = _field_walk(subject) if subject.field is not None else _value_walk(subject)
    written = subject.field or subject.value
    shown = f"count {written.value}" if written is not None and isinstance(written.value, str) else "count"

    def test(run: Run) -> bool:
        trace, run.trace = run.trace, None
        asked = _Asked() if trace is not None else None
        try:
            cells = walk(run, asked)
        finally:
            run.trace = trace
        expected = expected_of(run)
        held = holds(len(cells), expected)
        if asked is not None:
            matched = [cell for cell in cells if subject.field][:20]
            _note(run, leaf, shown, expected, len(cells), held, matched, asked.depends, tuple(asked.members))
        return held

    return test


Walk = Callable[[Run, "_Asked | None"], list[Cell]]


def _where(subject: CountSubject) -> tuple[Test | None, int]:
    """The condition of a count, and how many conditions one member may take."""
    if subject.where is None:
        return None, 1
    leaves = 0
    todo = [subject.where]
    while todo:
        one = todo.pop()
        if isinstance(one, Logic):
            todo += one.children
        else:
            leaves += 1
    return compile_condition(subject.where), max(1, leaves)


class _Asked:
    """What a count read, when somebody wants to know why."""

    __slots__ = ("depends", "members")

    def __init__(self) -> None:
        self.depends: tuple[tuple[Place, bool], ...] = ()
        self.members: list[Member] = []


def _field_walk(subject: CountSubject) -> Walk:
    assert subject.field is not None
    name_of = compiled(subject.field)
    where, cost = _where(subject)

    def walk(run: Run, asked: _Asked | None) -> list[Cell]:
        name = name_of(run)
        if not isinstance(name, str) or "[*]" not in name:
            raise EvaluationError("count needs the name of an array alias with [*]")
        found = run.resource.read(name, run.bound)
        run.budget.spend(len(found.counted) * cost)
        if asked is not None:  # the arrays must be known, or what they should stand in
            arrays = [place[0] for _, place in found.counted if place] or [place for _, place in found.cells]
            asked.depends = tuple((place, False) for place in dict.fromkeys(arrays))
        if where is None:
            return list(found.counted)
        outer, current = run.bound, run.current
        folded = ascii_fold(name)
        shadowed = run.names.get(folded, MISSING)
        try:
            kept: list[Cell] = []
            for cell in found.counted:
                run.bound = _bind(outer, found, cell)
                run.current = run.names[folded] = cell[0]
                reasons: list[Reason] | None = [] if asked is not None else None
                run.trace = reasons
                held = where(run)
                if asked is not None:
                    asked.members.append((held, tuple(reasons or ())))
                if held:
                    kept.append(cell)
            return kept
        finally:
            run.bound, run.current, run.trace = outer, current, None
            if shadowed is MISSING:
                run.names.pop(folded, None)
            else:
                run.names[folded] = shadowed

    return walk


def _bind(outer: Bound, found: Selection, cell: Cell) -> Bound:
    """The arrays bound so far and this one, under every path by which its name may be read."""
    bound = dict(outer)
    for path in found.plan:
        if path.stars:
            bound[path.folded[: path.stars[0]]] = cell
    return bound


def _value_walk(subject: CountSubject) -> Walk:
    assert subject.value is not None
    value_of = compiled(subject.value)
    where, cost = _where(subject)
    name = ascii_fold(subject.name)

    def walk(run: Run, asked: _Asked | None) -> list[Cell]:  # noqa: ARG001 -- its values are of the policy, mostly
        values = value_of(run)
        if not isinstance(values, list):
            raise EvaluationError(f"count needs an array, not {kind(values)}")
        run.budget.spend(len(values) * cost)
        if where is None:
            return [(value, ()) for value in values]
        outer, current, shadowed = run.iterations, run.current, run.names.get(name, MISSING)
        run.iterations = outer * max(1, len(values))
        if run.iterations > MAX_ITERATIONS:
            run.iterations = outer
            raise EvaluationError(f"counted values take more than {MAX_ITERATIONS} iterations")
        try:
            kept: list[Cell] = []
            for value in values:
                run.current = run.names[name] = value
                if where(run):
                    kept.append((value, ()))
            return kept
        finally:
            run.iterations, run.current = outer, current
            if shadowed is MISSING:
                run.names.pop(name, None)
            else:
                run.names[name] = shadowed

    return walk


def _comparison(operator: str, leaf: Leaf, *, squeeze: bool = False) -> Compare:
    """Whether a value and what is expected satisfy the operator. ``squeeze`` takes spaces out of both (locations)."""
    negated = operator.startswith("not")
    base = operator[3].lower() + operator[4:] if negated else operator
    compare = _constant(base, leaf) if leaf.expected.constant and not squeeze else None
    compare = compare or _COMPARE[base]
    if squeeze:
        plain = compare

        def compare(value: Json, expected: Json) -> bool:
            return plain(_squeezed(value), _squeezed(expected))

    if not negated:
        return compare
    positive = compare
    return lambda value, expected: not positive(value, expected)


def _squeezed(value: Json) -> Json:
    if isinstance(value, str):
        return value.replace(" ", "")
    return [_squeezed(one) if isinstance(one, str) else one for one in value] if isinstance(value, list) else value


def _constant(base: str, leaf: Leaf) -> Compare | None:
    """A faster comparison for text that is known when the rule is compiled."""
    expected = leaf.expected.value
    if base == "equals" and isinstance(expected, str):
        literal = expected[1:] if expected.startswith("[[") else expected
        folded = fold(literal)

        def same(value: Json, _: Json) -> bool:
            return (value == literal or fold(value) == folded) if isinstance(value, str) else equal(value, literal)

        return same
    if base == "in" and isinstance(expected, list) and all(isinstance(one, str) for one in expected):
        texts = [one[1:] if one.startswith("[[") else one for one in expected]
        known = frozenset(map(fold, texts))

        def among(value: Json, _: Json) -> bool:
            return fold(value) in known if isinstance(value, str) else any(equal(value, one) for one in texts)

        return among
    return None


def _in(value: Json, expected: Json) -> bool:
    if not isinstance(expected, list):
        raise EvaluationError(f"in needs an array, not {kind(expected)}")
    return value is not MISSING and any(equal(value, one) for one in expected)


def _like(value: Json, expected: Json) -> bool:
    text, pattern = text_of(value), text_of(expected)
    if pattern is None:
        raise EvaluationError(f"like needs text, not {kind(expected)}")
    return text is not None and like(text, pattern)


def _match(value: Json, expected: Json) -> bool:
    if not isinstance(expected, str):
        expected = text_of(expected)
    if expected is None:
        raise EvaluationError("match needs text")
    return match(value, expected) if isinstance(value, str) else _match_folded(value, expected)


def _match_folded(value: Json, expected: Json) -> bool:
    text, pattern = text_of(value), text_of(expected)
    if pattern is None:
        raise EvaluationError("matchInsensitively needs text")
    return text is not None and match(text, pattern)


def _contains(value: Json, expected: Json) -> bool:
    return value is not MISSING and contains(value, expected)


def _exists(value: Json, expected: Json) -> bool:
    present = value is not MISSING and value is not None
    if isinstance(expected, bool):
        return present is expected
    if isinstance(expected, str) and expected.lower() in ("true", "false"):
        return present is (expected.lower() == "true")
    raise EvaluationError(f"exists needs true or false, not {kind(expected)}")


def _ordered(holds: Callable[[int], bool]) -> Compare:
    def compare(value: Json, expected: Json) -> bool:
        return value is not MISSING and value is not None and holds(order(value, expected))

    return compare


_COMPARE: Final[dict[str, Compare]] = {
    "equals": equal,
    "in": _in,
    "like": _like,
    "match": _match,
    "matchInsensitively": _match_folded,
    "contains": _contains,
    "containsKey": contains_key,
    "exists": _exists,
    "less": _ordered(lambda sign: sign < 0),
    "lessOrEquals": _ordered(lambda sign: sign <= 0),
    "greater": _ordered(lambda sign: sign > 0),
    "greaterOrEquals": _ordered(lambda sign: sign >= 0),
}
