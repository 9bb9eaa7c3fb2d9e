"""What of ``input`` a rule can read: each value of a program is followed to where in ``input`` it stands.

A text that ``sprintf`` or ``concat`` puts into another as it is, and which goes nowhere but into a member of the set
that is asked for, is told: whether the set has a member does not hang on which text it is.

Rules and functions are walked again and again until nothing new is found, since what a function is given is known only
once its callers were walked. Anything that is not understood here ends in "it cannot be told", never in a guess.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import reduce

from lockgate.policy.reads import (
    ANY,
    EQUALS,
    NOWHERE,
    PRESENT,
    UNKNOWN,
    Found,
    Origin,
    Path,
    Presence,
    Reads,
    UntraceableError,
    external,
    made_of,
    said,
    surer,
)
from lockgate.policy.rego.builtins.contract import Builtin
from lockgate.policy.rego.check.calls import terms
from lockgate.policy.rego.check.tree import COMPLETE, FUNCTION, OBJECT, SET, Tree, Unit
from lockgate.policy.rego.syntax import (
    Array,
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    Logical,
    Not,
    ObjectTerm,
    Ref,
    Rule,
    Scalar,
    SetTerm,
    Term,
    Var,
    operator_name,
)
from lockgate.policy.rego.values import key_of

_MAX_ROUNDS = 12
_Names = dict[str, Origin]
_REPRODUCIBLE = ("pure", "operator", "relation")
_Needs = frozenset[Presence]
_ALWAYS: _Needs = frozenset()


def traced(
    tree: Tree, path: Sequence[str], builtins: Mapping[str, Builtin], mockable: Collection[str]
) -> tuple[Found, ...] | None:
    """What the rule at ``path`` reads of ``input``, and of what stands beside it (``reads.external``); None when it
    cannot be told, or hangs on more than that."""
    node = tree.find([*path])
    if node is None or node.unit is None or node.unit.kind not in (COMPLETE, SET) or node.dynamic or mockable:
        return None
    walk = _Walk(tree, builtins)
    try:
        return walk.reads_of(node.unit)
    except UntraceableError:
        return None


class _Walk:
    def __init__(self, tree: Tree, builtins: Mapping[str, Builtin]) -> None:
        self.tree = tree
        self.builtins = builtins
        self.reads = Reads(member=PRESENT)
        self.given: dict[tuple[int, int], Origin] = {}
        """What functions are given, by unit and position."""
        self.results: dict[int, Origin] = {}
        self.asked: dict[int, _Needs] = {}
        """Units that are asked, and what must be present for any of them to be: one of these."""
        self.needs: dict[int, _Needs] = {}
        """Of units, what must be present for anything to come of them: one of these."""
        self.wanted: dict[int, dict[str, frozenset[str]]] = {}
        """Of a set of objects, by unit, the fields that every reference to it compares with texts, and these texts."""
        self.within: dict[str, frozenset[str]] = {}
        """Variables of the branch that is walked, and the texts that each must be for anything to come of it."""
        self.in_order = False
        """Whether members come in the order of their whole values, and each once."""

    def reads_of(self, unit: Unit) -> tuple[Found, ...]:
        self.asked[unit.index] = _ALWAYS
        self.wanted[unit.index] = {}  # all of it
        for _ in range(_MAX_ROUNDS):
            before = self._state()
            for number in sorted(self.asked):
                with self.reads.where(self.asked[number]):
                    self._unit(self.tree.units[number])
            if before == self._state():
                return (*self.reads.found(), *self._told(unit))
        raise UntraceableError

    def _told(self, unit: Unit) -> tuple[Found, ...]:
        """What is read besides by whoever looks at the members of the set."""
        told = Reads()
        with told.where(self.needs[unit.index]):
            told.printed(self.results.get(unit.index, NOWHERE))
        return said(told.found())

    def _state(self) -> tuple[object, ...]:
        found = (self.reads.noted, self.given, self.results, self.asked, self.needs, self.wanted)
        return tuple(dict(one) for one in found)

    # -- rules

    def _unit(self, unit: Unit) -> None:
        node = self.tree.find(unit.path)
        if unit.kind == OBJECT and (node is None or node.children or node.dynamic):
            raise UntraceableError
        needs: list[_Needs] = []
        for definition in (*unit.definitions, *([unit.default] if unit.default else [])):
            if unit.kind == OBJECT and len(definition.rest) > 1:
                raise UntraceableError
            branch: Rule | None = definition.rule
            while branch is not None:
                needs.append(self._branch(unit, branch, definition.rest))
                branch = branch.otherwise
        self.needs[unit.index] = frozenset().union(*needs) if all(needs) else _ALWAYS

    def _branch(self, unit: Unit, rule: Rule, rest: Sequence[Term]) -> _Needs:
        """What must be present for anything to come of the branch."""
        names: _Names = {}
        self.within = self._needed(unit, rule)
        for position, arg in enumerate(rule.args or ()):
            self._bind(arg, self.given.get((unit.index, position), NOWHERE), names)
        needs = self._body(rule.body, names)
        with self.reads.where(needs):
            self._head(unit, rule, rest, names)
        return needs

    def _head(self, unit: Unit, rule: Rule, rest: Sequence[Term], names: _Names) -> None:
        for part in rest:
            self.reads.whole(self._value(part, names))
        found = NOWHERE
        if rule.key is not None:
            found = made_of([self._value(rule.key, names)])
        elif rule.value is not None:
            value = self._value(rule.value, names)
            if unit.kind != OBJECT and self._has_one_answer(unit):
                found = value
            else:  # two answers must be the same, and two values of a key, so values are compared
                self.reads.whole(value)
                found = made_of([value]) if unit.kind == OBJECT else NOWHERE
        self.results[unit.index] = self.results.get(unit.index, NOWHERE).joined(found)

    def _has_one_answer(self, unit: Unit) -> bool:
        """Whether a rule or a function can come to no second answer: there is one body, and it walks through nothing
        but names and fields."""
        rule = unit.definitions[0].rule if len(unit.definitions) == 1 and unit.default is None else None
        if rule is None or rule.otherwise is not None or unit.definitions[0].rest:
            return False
        if not all(isinstance(arg, Var) for arg in rule.args or ()):
            return False
        heads = [] if rule.value is None else [Expr(rule.value)]
        for term in terms([*rule.body, *heads]):
            if isinstance(term, Ref) and not all(isinstance(part, Scalar) for part in term.path):
                return False
            if isinstance(term, Call) and self.tree.called(operator_name(term.operator)) is None:
                builtin = self.builtins.get(operator_name(term.operator))
                if builtin is None or builtin.kind == "relation":
                    return False
        return not any(isinstance(expr.what, (Every, Logical)) for expr in rule.body)

    def _result(self, unit: Unit) -> Origin:
        known, now = self.asked.get(unit.index), self.reads.present
        self.asked[unit.index] = now if known is None else known | now if known and now else _ALWAYS
        return self.results.get(unit.index, NOWHERE)

    def _want(self, unit: Unit, path: Sequence[Term]) -> None:
        """Note which members of a set a reference asks for."""
        asked: dict[str, frozenset[str]] = {}
        if unit.kind == SET and path and isinstance(path[0], ObjectTerm):
            asked = {
                key.value: frozenset((value.value,)) for key, value in path[0].pairs
                if isinstance(key, Scalar) and isinstance(key.value, str)
                and isinstance(value, Scalar) and isinstance(value.value, str)
            }  # fmt: skip
        known = self.wanted.get(unit.index)
        if known is None:
            self.wanted[unit.index] = asked
        else:
            self.wanted[unit.index] = {key: known[key] | asked[key] for key in known.keys() & asked.keys()}

    def _needed(self, unit: Unit, rule: Rule) -> dict[str, frozenset[str]]:
        """The variables of a branch that stand in its member for a field which nobody asks for but with some texts:
        what comes of other values is in the set for nothing."""
        wanted = self.wanted.get(unit.index)
        if not wanted or unit.kind != SET or not isinstance(rule.key, ObjectTerm):
            return {}
        return {
            value.name: wanted[key.value] for key, value in rule.key.pairs
            if isinstance(key, Scalar) and key.value in wanted and isinstance(value, Var)
        }  # fmt: skip

    # -- bodies

    def _body(self, body: Body, names: _Names) -> _Needs:
        """Walk the lines; what must be present for all of them to hold, and so for those after the one that tells."""
        needs = _ALWAYS
        for expr in body:
            with self.reads.where(needs):
                self._line(expr, names)
                needs = surer(needs, self._needs_of(expr, names))
        return needs

    def _needs_of(self, expr: Expr, names: _Names) -> _Needs:
        """What must be present for a line to hold, once it was walked; nothing where that cannot be told."""
        what = expr.what
        if expr.negated:
            return _ALWAYS
        if not isinstance(what, Call):
            return self._needs_of_value(what, names)
        name = operator_name(what.operator)
        if name == "eq":
            needs = self._needs_of_value(what.args[0], names) or self._needs_of_value(what.args[1], names)
            return needs or self._text_at(what.args, names)
        if name == "equal":
            return self._text_at(what.args, names)
        unit = self.tree.called(name)
        if unit is None:
            return _ALWAYS
        fields = [self._tested(definition.rule) for definition in unit.definitions]
        if fields and all(one is not None and one == fields[0] for one in fields) and unit.default is None:
            assert fields[0] is not None
            member, field = (what.args[at] for at in fields[0])
            if isinstance(field, Scalar) and isinstance(field.value, str):
                return self._having(self._value(member, names), field.value)
        return self.needs.get(unit.index, frozenset((UNKNOWN,)))

    def _text_at(self, args: Sequence[Term], names: _Names) -> _Needs:
        """Which text must stand at a place."""
        if len(args) != 2:  # whether they are equal is an answer, and no question
            return _ALWAYS
        for one, other in (args, args[::-1]):
            named = isinstance(other, Ref) and all(isinstance(part, Scalar) for part in other.path)
            if named and isinstance(one, Scalar) and isinstance(one.value, str):
                value = self._value(other, names)
                if len(value.places) == 1 and value.inside is None and not value.told:
                    return frozenset(((*place, EQUALS), one.value) for place in value.places if ANY not in place)
        return _ALWAYS

    def _needs_of_value(self, what: object, names: _Names) -> _Needs:
        if not isinstance(what, Ref) or not isinstance(what.head, Var) or not what.path:
            return _ALWAYS
        if what.head.name != "data" or "data" in names:
            first = what.path[0]
            if what.head.name in names and isinstance(first, Scalar) and isinstance(first.value, str):
                return self._having(names[what.head.name], first.value)
            return _ALWAYS
        node, left = self.tree.root, len(what.path)
        for part in what.path:
            child = node.children.get(key_of(part.value)) if isinstance(part, Scalar) else None
            if child is None:
                return _ALWAYS
            node, left = child, left - 1
            if node.unit is not None:
                asked = node.unit.kind == COMPLETE or (node.unit.kind == SET and left > 0)
                return self.needs.get(node.unit.index, frozenset((UNKNOWN,))) if asked else _ALWAYS
        return _ALWAYS

    @staticmethod
    def _having(value: Origin, field: str) -> _Needs:
        """A member of a list has a field."""
        if value.inside is not None or value.told or not value.places:
            return _ALWAYS
        if any(path[-1:] != (ANY,) for path in value.places):
            return _ALWAYS
        return frozenset((path[:-1], field) for path in value.places)

    @staticmethod
    def _tested(rule: Rule) -> tuple[int, int] | None:
        """The places among the arguments of an object and of the field that it must have for the function to hold."""
        args = [arg.name if isinstance(arg, Var) else "" for arg in rule.args or ()]
        for line in rule.body if rule.otherwise is None else ():
            what = line.what
            if line.negated or line.withs or not isinstance(what, Ref) or len(what.path) != 1:
                continue
            field = what.path[0]
            if isinstance(what.head, Var) and isinstance(field, Var) and {what.head.name, field.name} <= {*args}:
                return args.index(what.head.name), args.index(field.name)
        return None

    def _inner(self, body: Body, names: _Names) -> None:
        """A body within another, whose variables may be others of the same name."""
        before, self.within = self.within, {}
        self._body(body, names)
        self.within = before

    def _line(self, expr: Expr, names: _Names) -> None:
        if expr.withs:
            raise UntraceableError
        what = expr.what
        if expr.negated:
            self._inner([Expr(what, expr.at)], dict(names))
        elif isinstance(what, Call):
            self._call(what, names)
        elif isinstance(what, Every):
            inner = dict(names)
            key, value = self._members(self._value(what.domain, names))
            inner[what.value.name] = value
            if what.key is not None:
                inner[what.key.name] = key
            self._inner(what.body, inner)
        elif isinstance(what, Not):
            self._inner(what.body, dict(names))
        elif isinstance(what, Logical):
            self._inner(what.left, dict(names))
            self._inner(what.right, dict(names))
        elif isinstance(what, Ref) and what.path and isinstance(what.path[-1], Var):
            self._asked_for(what, what.path[-1], names)
        elif isinstance(what, Term):
            self._value(what, names)
        else:
            raise UntraceableError

    def _asked_for(self, ref: Ref, last: Var, names: _Names) -> None:
        """A line that is a reference: of what it leads to it asks only whether that is there, and not false."""
        value = self._ref(replace(ref, path=ref.path[:-1]), names)
        if value.inside is not None or last.name in self.within:
            self._below(value, (last,), names)
            return
        if self._open(last, names):
            self._bind(last, NOWHERE, names)
        else:
            self.reads.whole(names[last.name])
        self.reads.keys(value)

    def _call(self, what: Call, names: _Names) -> None:
        name = operator_name(what.operator)
        if name == "eq":
            self._equation(what.args[0], what.args[1], names)
            return
        unit = self.tree.called(name)
        if unit is not None:
            if unit.kind != FUNCTION:
                raise UntraceableError
            for position, arg in enumerate(what.args[: unit.arity]):
                known = self.given.get((unit.index, position), NOWHERE)
                self.given[unit.index, position] = known.joined(self._value(arg, names))
            found, outputs = self._result(unit), what.args[unit.arity :]
        elif name == "internal.print":
            self.reads.whole(self._value(what.args[0], names))
            return
        else:
            builtin = self.builtins.get(name)
            if builtin is None or builtin.kind not in _REPRODUCIBLE:
                raise UntraceableError
            found, outputs = self._builtin(name, what.args[: builtin.arity], names), what.args[builtin.arity :]
        for output in outputs:
            self._bind(output, found, names)

    def _builtin(self, name: str, args: Sequence[Term], names: _Names) -> Origin:
        if name == "object.get":
            keys = args[1].items if isinstance(args[1], Array) else [args[1]]
            found = self._value(args[0], names)
            named = all(isinstance(key, Scalar) and isinstance(key.value, str) for key in keys)
            if found.inside is None and not found.told and named:
                for key in keys:
                    assert isinstance(key, Scalar)
                    found = self.reads.member(found, key.value)
                return found.joined(self._value(args[2], names))
        told = self._put_together(name, args, names)
        if told is not None:
            return told
        if name in ("equal", "neq") and self._compared(args[0], args[1], names):
            return NOWHERE
        for arg in args:
            self.reads.whole(self._value(arg, names))
        return NOWHERE

    def _compared(self, left: Term, right: Term, names: _Names) -> bool:
        """Whether one of two values that are compared is a text that the policy names; then it is noted."""
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Scalar) and isinstance(one.value, str):
                self.reads.compared(self._value(other, names), one.value)
                return True
        return False

    def _put_together(self, name: str, args: Sequence[Term], names: _Names) -> Origin | None:
        """A text that holds others as they are; None where it cannot be told that it does."""
        if name not in ("sprintf", "concat") or not isinstance(args[0], Scalar) or not isinstance(args[1], Array):
            return None
        parts = args[1].items
        if name == "sprintf" and not _prints_as_it_is(args[0].value, len(parts)):
            return None
        told: frozenset[Path] = frozenset()
        for value in [self._value(part, names) for part in parts]:
            if value.inside is not None:
                self.reads.whole(value)
            else:
                self.reads.printed(value)
                told |= value.places | value.told
        return Origin(told=told) if told else NOWHERE

    def _equation(self, left: Term, right: Term, names: _Names) -> None:
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Var) and not self._known(one, names):
                names[one.name] = self._value(other, names)
                return
        if isinstance(left, Array) and isinstance(right, Array) and len(left.items) == len(right.items):
            for one, other in zip(left.items, right.items, strict=True):
                self._equation(one, other, names)
            return
        for one, other in ((left, right), (right, left)):
            if self._open(one, names):
                self._bind(one, self._value(other, names), names)
                return
        if not self._compared(left, right, names):
            self.reads.whole(self._value(left, names))
            self.reads.whole(self._value(right, names))

    # -- patterns

    def _bind(self, pattern: Term, value: Origin, names: _Names) -> None:
        """A pattern meets a value: its open variables are bound, everything else is compared."""
        if isinstance(pattern, Var) and not self._known(pattern, names):
            names[pattern.name] = value
            return
        if isinstance(pattern, Scalar) and isinstance(pattern.value, str):
            self.reads.compared(value, pattern.value)
            return
        if not self._open(pattern, names):
            self.reads.whole(value)
            self.reads.whole(self._value(pattern, names))
            return
        # The number of members is compared, so a value of the document is read whole.
        self.reads.whole(Origin(value.places, None, value.told))
        inside = self.reads.member(value, ANY)
        if isinstance(pattern, Array):
            for item in pattern.items:
                self._bind(item, inside, names)
        elif isinstance(pattern, ObjectTerm):
            for key, item in pattern.pairs:
                if self._open(key, names):
                    raise UntraceableError
                self.reads.whole(self._value(key, names))
                self._bind(item, inside, names)
        else:
            raise UntraceableError

    @staticmethod
    def _known(var: Var, names: _Names) -> bool:
        return var.name in names or var.name in ("input", "data")

    def _open(self, term: Term, names: _Names) -> bool:
        """Whether a pattern holds a variable without a value."""
        if isinstance(term, Var):
            return not self._known(term, names)
        if isinstance(term, Array):
            return any(self._open(item, names) for item in term.items)
        if isinstance(term, ObjectTerm):
            return any(self._open(part, names) for pair in term.pairs for part in pair)
        return False

    # -- values

    def _value(self, term: Term, names: _Names) -> Origin:
        if isinstance(term, Scalar):
            return NOWHERE
        if isinstance(term, Var):
            if term.name == "input":
                return Origin(frozenset(((),)))
            if term.name not in names:
                raise UntraceableError
            return names[term.name]
        if isinstance(term, Ref):
            return self._ref(term, names)
        if isinstance(term, (Array, SetTerm)):
            return made_of([self._value(item, names) for item in term.items])
        if isinstance(term, ObjectTerm):
            for key, _ in term.pairs:
                self.reads.whole(self._value(key, names))
            return made_of([self._value(item, names) for _, item in term.pairs])
        if isinstance(term, Comprehension):
            return self._comprehension(term, names)
        raise UntraceableError

    def _comprehension(self, term: Comprehension, names: _Names) -> Origin:
        inner, before = dict(names), self.in_order
        self.in_order = term.kind == "array"
        within, self.within = self.within, {}
        with self.reads.where(self._body(term.body, inner)):
            values = [self._value(part, inner) for part in term.head]
            for key in values[:-1]:  # of an object; two values of a key must be the same
                self.reads.whole(key)
                self.reads.whole(values[-1])
        self.in_order, self.within = before, within
        return made_of(values[-1:])

    def _ref(self, ref: Ref, names: _Names) -> Origin:
        assert isinstance(ref.head, Var)
        if ref.head.name == "data" and "data" not in names:
            return self._data(ref.path, names)
        return self._below(self._value(ref.head, names), ref.path, names)

    def _data(self, path: Sequence[Term], names: _Names) -> Origin:
        node = self.tree.root
        for at, part in enumerate(path):
            child = node.children.get(key_of(part.value)) if isinstance(part, Scalar) else None
            if child is None and at == 0 and isinstance(part, Scalar) and isinstance(part.value, str):
                self.reads.whole(Origin(frozenset(((external(part.value),),))))
                return self._below(NOWHERE, path[1:], names)
            if child is None or child.dynamic:
                raise UntraceableError
            node = child
            if node.unit is not None:
                if node.unit.kind == FUNCTION:
                    raise UntraceableError
                self._want(node.unit, path[at + 1 :])
                return self._below(self._result(node.unit), path[at + 1 :], names)
        raise UntraceableError

    def _below(self, value: Origin, path: Sequence[Term], names: _Names) -> Origin:
        for part in path:
            if isinstance(part, Scalar):
                if value.inside is not None:
                    self.reads.whole(value.inside)  # it may be a set, which is asked for a member
                value = self.reads.member(value, part.value if isinstance(part.value, str) else ANY)
            elif self._open(part, names):
                texts = self.within.get(part.name) if isinstance(part, Var) and value.inside is None else None
                if texts is None:
                    key, value = self._members(value)
                else:
                    key, found = NOWHERE, [self.reads.member(value, text) for text in sorted(texts)]
                    value = reduce(Origin.joined, found, NOWHERE)
                self._bind(part, key, names)
            else:
                self.reads.whole(self._value(part, names))
                if value.inside is not None:
                    self.reads.whole(value.inside)
                value = self.reads.member(value, ANY)
        return value

    def _members(self, value: Origin) -> tuple[Origin, Origin]:
        """Keys and members of whatever is walked through. The members of a set are its keys as well; which of them are
        the same, and which comes first, is asked only where an array is made of them."""
        if value.inside is not None:
            (self.reads.whole if self.in_order else self.reads.shapes)(value.inside)
        return value.inside or NOWHERE, self.reads.member(value, ANY)


def _prints_as_it_is(form: object, count: int) -> bool:
    """Whether a format writes each of so many texts as it is, once and in their order."""
    if not isinstance(form, str):
        return False
    verbs = form.split("%")[1:]
    return len(verbs) == count and all(verb[:1] in ("v", "s") for verb in verbs)
