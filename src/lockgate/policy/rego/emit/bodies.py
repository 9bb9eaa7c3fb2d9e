"""Bodies to Python: unifications, calls, negation, ``every``, ``and``, ``or``, ``with``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from lockgate.policy.rego.builtins.contract import Builtin
from lockgate.policy.rego.check.purity import worth_keeping
from lockgate.policy.rego.check.safety import key_text
from lockgate.policy.rego.check.tree import FUNCTION, Tree
from lockgate.policy.rego.emit.inline import BOOL, Arguments, Inline, comparison, inline, known, printed, proven
from lockgate.policy.rego.emit.terms import Constants, TermEmitter, children_of
from lockgate.policy.rego.source import Place
from lockgate.policy.rego.syntax import (
    Array,
    Body,
    Call,
    Every,
    Expr,
    Logical,
    Not,
    ObjectTerm,
    Ref,
    Scalar,
    Term,
    Var,
    With,
    operator_name,
)
from lockgate.policy.rego.values import key_of

_COMPARISONS = {"lt": "below", "lte": "at_most", "gt": "above", "gte": "at_least", "equal": "equal", "neq": "unequal"}
_OPERATORS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


class Shared:
    """What all functions of one program share while they are written."""

    def __init__(self, tree: Tree, builtins: Mapping[str, Builtin], mockable: frozenset[str]) -> None:
        self.tree = tree
        self.builtins = builtins
        self.mockable = mockable
        """Functions that a ``with`` somewhere replaces, so that calls have to look."""
        self.constants = Constants()
        self.used: set[str] = set()
        """Builtins that are called."""
        self.kept = worth_keeping(tree, builtins, mockable)
        """Functions whose values are kept from one evaluation to the next."""
        self.replacements: list[tuple[object, ...]] = []
        """What each ``with`` replaces; see ``run.replace``."""

    def builtin(self, name: str) -> str:
        """The Python name of a builtin."""
        self.used.add(name)
        return "B_" + name.replace(".", "_")


class BodyEmitter(TermEmitter):
    """Writes bodies into one Python function."""

    def __init__(
        self, shared: Shared, uses: Counter[str], *, place: Place | None = None, ordered: bool = False
    ) -> None:  # fmt: skip
        super().__init__(shared.tree, shared.constants, uses, ordered=ordered)
        self.shared = shared
        self.place = place
        self.at = 0

    def body(self, body: Body) -> None:
        """Write a body's lines; what follows runs once for each of its answers."""
        for expr in body:
            if expr.at >= 0:
                self.at = expr.at
            self.expr(expr)

    @property
    def where(self) -> str:
        """The place of the line that is being written."""
        return f"{self.place.source.name}:{self.place.line_column(self.at)[0]}" if self.place else ""

    def expr(self, expr: Expr) -> None:
        """Write one line."""
        if not expr.withs:
            self._line(expr)
            return
        kept = self.state
        self.state = self._replaced(expr.withs)
        self._line(expr)
        self.state = kept

    def _line(self, expr: Expr) -> None:
        what = expr.what
        if expr.negated:
            self._unless([Expr(what, expr.at)])
        elif isinstance(what, Call):
            self._call(what)
        elif isinstance(what, Every):
            self._every(what)
        elif isinstance(what, Not):
            self._unless(what.body)
        elif isinstance(what, Logical):
            self._logical(what)
        else:
            assert isinstance(what, Term)
            self._true(what)

    def _unless(self, body: Body) -> None:
        """Go on where a body has no answer."""
        condition = self._condition(body[0]) if len(body) == 1 else ""
        self.out.fail_if(condition or self.holds(body))

    def _condition(self, expr: Expr) -> str:
        """The Python condition that one line holds; empty where it takes more than that to tell."""
        what = expr.what
        if not isinstance(what, Call) or expr.withs or expr.negated:
            return ""
        if not all(isinstance(arg, (Scalar, Var)) and self.ready(arg) for arg in what.args):
            return ""
        name = operator_name(what.operator)
        unit, args = self.tree.called(name), [self.value(arg) for arg in what.args]
        if name in self.shared.mockable:
            return ""
        if unit is not None:
            if unit.kind != FUNCTION or len(args) != unit.arity:
                return ""
            value = self.out.temp()
            called = f"u{unit.index}({', '.join((self.state, *args))})"
            return f"({value} := {called}) is not U and {value} is not False"
        builtin = self.shared.builtins.get(name)
        if builtin is None or len(args) != builtin.arity:
            return ""
        found = inline(name, Arguments(args, what.args, self.kinds))
        if found is None or found.kind != BOOL:
            return ""
        return found.text if not found.guard else f"({self._guarded(builtin, found, args)}) is True"

    def _guarded(self, builtin: Builtin, found: Inline, args: list[str]) -> str:
        """The expression where its guard holds, and the call elsewhere: undefined where that fails."""
        name = builtin.name
        called = f"tried({self.state}, {self.shared.builtin(name)}, {name!r}, {self.where!r}, {', '.join(args)})"
        return f"{found.text} if {found.guard} else {called}"

    def _true(self, term: Term) -> None:
        if isinstance(term, Scalar):
            if term.value is False:
                self.out.line(self.out.fail)
            return
        value = self.value(term)
        if isinstance(term, (Ref, Var)):
            self.out.fail_if(f"{value} is False")

    # -- bodies that bind nothing outside

    def holds(self, body: Body) -> str:
        """The name of a flag that tells whether a body has an answer."""
        flag = self.out.temp("n")
        self.out.line(f"{flag} = False")
        kept, kinds = dict(self.bound), dict(self.kinds)
        self.out.flags.append(flag)
        mark = self.out.mark()
        self.out.loop("for _ in ONE")
        self.body(body)
        self.out.line(f"{flag} = True")
        self.out.leave()
        self.out.close(mark, flag)
        self.out.flags.pop()
        self.bound, self.kinds = kept, kinds
        return flag

    def _every(self, what: Every) -> None:
        domain = self.simple(self.value(what.domain))
        self.out.fail_if(f"{domain}.__class__ not in COLLECTIONS")
        missed = self.out.temp("n")
        self.out.line(f"{missed} = False")
        kept, kinds = dict(self.bound), dict(self.kinds)
        self.out.flags.append(missed)
        mark = self.out.mark()
        key, value = self.out.temp(), self.out.temp()
        self.out.loop(f"for {key}, {value} in pairs({self.state}, {domain})")
        self.bound[what.value.name] = value
        if what.key is not None:
            self.bound[what.key.name] = key
        held = self.holds(what.body)
        self.out.line(f"if not {held}:")
        self.out.line(f" {missed} = True")
        self.out.line(" break")
        self.out.close(mark, missed)
        self.out.flags.pop()
        self.bound, self.kinds = kept, kinds
        self.out.fail_if(missed)

    def _logical(self, what: Logical) -> None:
        left = self.holds(what.left)
        if what.operator == "and":
            self.out.fail_if(f"not {left}")
            self.out.fail_if(f"not {self.holds(what.right)}")
            return
        mark = self.out.mark()
        self.out.flags.append(left)
        self.out.loop(f"for _ in () if {left} else ONE")
        right = self.holds(what.right)
        self.out.line(f"{left} = {right}")
        self.out.close(mark)
        self.out.flags.pop()
        self.out.fail_if(f"not {left}")

    # -- unification

    def _unify(self, pairs: list[tuple[Term, Term]]) -> None:
        """Sides that can be computed go first; they may bind what others need."""
        while pairs:
            left: list[tuple[Term, Term]] = []
            for a, b in pairs:
                if not self._unified(a, b, left):
                    left.append((a, b))
            if len(left) == len(pairs) and left == pairs:
                raise AssertionError("a unification of variables that nothing binds")
            pairs = left

    def _unified(self, a: Term, b: Term, more: list[tuple[Term, Term]]) -> bool:
        if isinstance(a, Array) and isinstance(b, Array):
            if len(a.items) != len(b.items):
                self.out.line(self.out.fail)
                return True
            more.extend(zip(a.items, b.items, strict=True))
            return True
        if isinstance(a, ObjectTerm) and isinstance(b, ObjectTerm) and not (self.ready(a) or self.ready(b)):
            return self._unified_objects(a, b, more)
        if self.ready(a):
            if isinstance(a, Scalar) and self.ready(b):
                a, b = b, a
            self.match(b, self.value(a))
            return True
        if self.ready(b):
            self.match(a, self.value(b))
            return True
        return False

    def _unified_objects(self, a: ObjectTerm, b: ObjectTerm, more: list[tuple[Term, Term]]) -> bool:
        if not all(isinstance(key, (Scalar, Var)) for key, _ in (*a.pairs, *b.pairs)):
            return False
        theirs = {key_text(key): value for key, value in b.pairs}
        ours = {key_text(key): value for key, value in a.pairs}
        if ours.keys() != theirs.keys():
            self.out.line(self.out.fail)
        else:
            more.extend((value, theirs[key]) for key, value in ours.items())
        return True

    # -- calls

    def _call(self, what: Call) -> None:
        name = operator_name(what.operator)
        if name == "eq":
            self._unify([(what.args[0], what.args[1])])
            return
        unit = self.tree.called(name)
        if unit is not None and unit.kind != FUNCTION:
            self._result(self.lookup(what.operator), what.args)
        elif unit is not None:
            args = [self.value(arg) for arg in what.args[: unit.arity]]
            called = f"u{unit.index}({', '.join((self.state, *args))})"
            if name in self.shared.mockable:
                called = self._mocked(name, args, called)
            self._result(called, what.args[unit.arity :])
        elif name == "internal.print":
            self.out.line(f"say({self.state}, {self.value(what.args[0])})")
        else:
            self._call_builtin(name, what)

    def _call_builtin(self, name: str, what: Call) -> None:
        builtin = self.shared.builtins[name]
        arity = builtin.arity
        args = [self.value(arg) for arg in what.args[:arity]]
        outputs = what.args[arity:]
        if name in _COMPARISONS and name not in self.shared.mockable:
            self._comparison(name, what.args[:arity], args, outputs)
        elif builtin.kind == "relation":
            self._relation(name, args, outputs)
        elif name in self.shared.mockable or not self._inlined(builtin, what.args[:arity], args, outputs):
            self._builtin(builtin, args, outputs)

    def _mocked(self, name: str, args: list[str], called: str) -> str:
        mock = self.out.temp()
        self.out.line(f"{mock} = {self.state}.mocks.get({name!r})")
        return f"{called} if {mock} is None else {mock}({', '.join((self.state, *args))})"

    def _comparison(self, name: str, terms: list[Term], args: list[str], outputs: list[Term]) -> None:
        if not outputs and name in ("equal", "neq"):
            a, b = (1, 0) if isinstance(terms[1], Scalar) else (0, 1)
            condition = self.differs(terms[a], args[b])
            self.out.fail_if(condition if name == "equal" else f"not ({condition})")
            return
        called = f"{_COMPARISONS[name]}({', '.join(args)})"
        if name in _OPERATORS:
            called = comparison(_OPERATORS[name], _COMPARISONS[name], Arguments(args, terms, self.kinds))
        if outputs:
            self.match(outputs[0], called)
        else:
            self.out.fail_if(f"not ({called})")

    def _relation(self, name: str, args: list[str], outputs: list[Term]) -> None:
        found = self._tried(name, f"{self.shared.builtin(name)}({self.state}.context, {', '.join(args)})")
        value = self.out.temp()
        order = "ordered" if self.ordered else "paid"
        self.out.loop(f"for {value} in {order}({self.state}, {found})")
        if outputs:
            self.match(outputs[0], value)

    def _inlined(self, builtin: Builtin, terms: list[Term], args: list[str], outputs: list[Term]) -> bool:
        """Write a call as an expression; whether there is one for it."""
        if builtin.name == "sprintf":
            return self._printed(terms, outputs)
        if not known(builtin.name):
            return False
        args = [
            text if isinstance(term, Scalar) or not children_of(term) else self.simple(text)
            for term, text in zip(terms, args, strict=True)
        ]
        arguments = Arguments(args, terms, self.kinds)
        found = inline(builtin.name, arguments)
        if found is None:
            return False
        if not outputs and found.kind == BOOL:
            guarded = f"({self._guarded(builtin, found, args)}) is not True"
            self.out.fail_if(guarded if found.guard else f"not {found.text}")
            self.kinds.update(proven(builtin.name, arguments))
            return True
        value = self.simple(self._guarded(builtin, found, args) if found.guard else found.text)
        if found.guard or not outputs:
            self.out.fail_if(f"{value} is U" if outputs else f"{value} is U or {value} is False")
        self.kinds[value] = found.kind
        if outputs:
            self.match(outputs[0], value)
        return True

    def _printed(self, terms: list[Term], outputs: list[Term]) -> bool:
        """``sprintf`` of a format that is known."""
        form, values = terms
        if not isinstance(form, Scalar) or not isinstance(values, Array) or not outputs:
            return False
        texts = [self.value(item) for item in values.items]
        texts = [self.simple(text) for text in texts]
        text = printed(form.value, values, texts)
        if not text:
            return False
        value = self.simple(text)
        self.out.line(f"if len({value}) > LONGEST:")
        self.out.line(f" {value} = tried({self.state}, bounded, 'sprintf', {self.where!r}, {value}, 'sprintf')")
        self.out.line(f" if {value} is U: {self.out.fail}")
        self.match(outputs[0], value)
        return True

    def _builtin(self, builtin: Builtin, args: list[str], outputs: list[Term]) -> None:
        name = builtin.name
        if builtin.takes_context:
            args = [f"{self.state}.context", *args]
        called = f"{self.shared.builtin(name)}({', '.join(args)})"
        if name in self.shared.mockable:
            called = self._mocked(name, args[1:] if builtin.takes_context else args, called)
        value = self._tried(name, called)
        if builtin.result is not None:
            self._result(value, outputs)

    def _tried(self, name: str, called: str) -> str:
        value = self.out.temp()
        self.out.line(f"try: {value} = {called}")
        self.out.line("except BuiltinError as e:")
        self.out.line(f" {self.state}.failed({name!r}, e, {self.where!r})")
        self.out.line(f" {self.out.fail}")
        return value

    def _result(self, called: str, outputs: list[Term]) -> None:
        value = self.simple(called)
        if not outputs:
            self.out.fail_if(f"{value} is U or {value} is False")
            return
        self.out.fail_if(f"{value} is U")
        self.match(outputs[0], value)

    # -- with

    def _replaced(self, withs: list[With]) -> str:
        """Write the line that makes the state in which replacements hold; returns its name."""
        described: list[object] = []
        values: list[str] = []
        for one in withs:
            target = one.target
            name = target.name if isinstance(target, Var) else operator_name(target) if isinstance(target, Ref) else ""
            if isinstance(target, Ref) and isinstance(target.head, Var) and target.head.name in ("input", "data"):
                self._with_document(target, name, one, described, values)
            else:
                described.append(("mock", name, self._replacement(one, values)))
        self.shared.replacements.append(tuple(described))
        number = len(self.shared.replacements) - 1
        state = self.out.temp("s")
        self.out.line(f"{state} = replace({self.state}, {number}, ({', '.join(values)}{',' if values else ''}))")
        return state

    def _with_document(
        self, target: Ref, name: str, one: With, described: list[object], values: list[str]
    ) -> None:  # fmt: skip
        assert isinstance(target.head, Var)
        keys = tuple(part.value for part in target.path if isinstance(part, Scalar))
        if target.head.name == "data":
            node = self.tree.find([key_of(key) for key in keys])
            unit = node.unit if node is not None else None
            if unit is not None and unit.kind == FUNCTION:
                described.append(("mock", name, self._replacement(one, values)))
                return
            pinned = tuple(each.index for each in node.below() if each.kind != FUNCTION) if node is not None else ()
            described.append(("data", keys, pinned))
        else:
            described.append(("input", keys))
        values.append(self.value(one.value))

    def _replacement(self, one: With, values: list[str]) -> tuple[object, ...]:
        """What stands in for a function: a function, a builtin, or a value."""
        if not one.function:
            values.append(self.value(one.value))
            return ("value",)
        unit = self.tree.function(one.function)
        if unit is not None:
            return "function", unit.index
        self.shared.builtin(one.function)
        return "builtin", one.function
