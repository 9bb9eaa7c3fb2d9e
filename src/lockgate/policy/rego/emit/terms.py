"""Terms to Python expressions: constants, collections, lookups, enumerations, patterns, comprehensions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from lockgate.policy.rego.check.tree import FUNCTION, OBJECT, Node, Tree
from lockgate.policy.rego.emit.inline import SIZED
from lockgate.policy.rego.emit.writer import Writer
from lockgate.policy.rego.syntax import (
    Array,
    Body,
    Comprehension,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    Term,
    Var,
    children,
)
from lockgate.policy.rego.values import WideFloat, key_of


class Constants:
    """Values that the program makes once. Each is the text of a Python expression."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._known: dict[str, str] = {}

    def name(self, text: str) -> str:
        """A name for the expression's value."""
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = f"K{len(self._known)}"
            self.lines.append(f"{known} = {text}")
        return known


_THERE: Final = 4
"""``review.object.spec`` and what is asked of it: names that are followed in one go."""


def scalar(value: Any) -> str:
    """A constant as Python source; only ``repr`` of a str, a float or an int's digits ever reach the text."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return str(value) if -(10**18) < value < 10**18 else hex(value)
    if isinstance(value, WideFloat):
        return f"WideFloat({value.text!r})"
    if isinstance(value, float):
        return repr(value)
    return repr(str(value))


class TermEmitter:
    """Writes terms into one Python function."""

    def __init__(self, tree: Tree, constants: Constants, uses: Counter[str], *, ordered: bool) -> None:
        self.tree = tree
        self.constants = constants
        self.uses = uses
        """How often each variable occurs in the rule."""
        self.ordered = ordered
        """Whether the order of results shows, so that sets and objects are walked in order."""
        self.out = Writer()
        self.bound: dict[str, str] = {}
        """Python expressions of the variables that have a value."""
        self.kinds: dict[str, str] = {}
        """What is known of the value of a name; see ``inline``."""
        self.state = "S"

    # -- values

    def ready(self, term: Term) -> bool:
        """Whether the term's value can be computed now."""
        if isinstance(term, (Scalar, Comprehension)):
            return True
        if isinstance(term, Var):
            return term.name in self.bound
        if isinstance(term, Ref):
            return not isinstance(term.head, Var) or term.head.name in ("input", "data") or term.head.name in self.bound
        return all(self.ready(child) for child in children(term))

    def value(self, term: Term) -> str:
        """A Python expression for the term's value; lines that it needs are written first."""
        if isinstance(term, Scalar):
            return scalar(term.value)
        if isinstance(term, Var):
            return self.bound[term.name]
        if isinstance(term, Ref):
            return self.lookup(term)
        if isinstance(term, Comprehension):
            return self.comprehension(term)
        text = self._collection(term)
        return self.constants.name(text) if _constant(term) and children_of(term) else text

    def _collection(self, term: Term) -> str:
        if isinstance(term, Array):
            return f"[{', '.join(self.value(item) for item in term.items)}]"
        if isinstance(term, SetTerm):
            items = [self.value(item) for item in term.items]
            return f"Set(({', '.join(items)},))" if items else "Set()"
        assert isinstance(term, ObjectTerm)
        pairs = [f"{self.key(key)}: {self.value(value)}" for key, value in term.pairs]
        return f"{{{', '.join(pairs)}}}"

    def key(self, term: Term) -> str:
        """A Python expression for the key form of the term's value."""
        if isinstance(term, Scalar) and not isinstance(term.value, bool):
            return scalar(term.value)
        return f"key_of({self.value(term)})"

    def simple(self, text: str) -> str:
        """A name for an expression that is used more than once."""
        if text.isidentifier():
            return text
        name = self.out.temp()
        self.out.line(f"{name} = {text}")
        return name

    # -- lookups

    def lookup(self, ref: Ref) -> str:
        """The value of a reference. Parts that are not bound are enumerated, and bound by that."""
        assert isinstance(ref.head, Var)
        if ref.head.name == "data" and "data" not in self.bound:
            return self._data(ref.path)
        root = f"{self.state}.input" if ref.head.name == "input" else self.bound[ref.head.name]
        if not ref.path:
            if ref.head.name == "input":
                root = self.simple(root)
                self.out.fail_if(f"{root} is U")
            return root
        return self.chain(root, ref.path)

    def chain(self, root: str, path: Sequence[Term], *, base: bool = False) -> str:
        """What ``path`` leads to from a value; ``base`` for base documents, whose keys are all strings."""
        at = 0
        while at < len(path):
            part = path[at]
            end = at
            while end < len(path) and _is_name(path[end]):
                end += 1
            if end > at:
                root = self._names(root, path[at:end])
                at = end
                continue
            if self.ready(part):
                root = self._get(root, self.value(part), "base_get" if base else "get")
            else:
                root = self._each(root, part)
            at += 1
        return root

    def _names(self, root: str, path: Sequence[Term]) -> str:
        """Follow names. What is often missing is asked for and not tried, since an exception costs ten lookups."""
        names = [part.value for part in path if isinstance(part, Scalar)]
        if root.endswith(".input") and len(names) > 1:
            # Of the first few all but the last are there in every review.
            first, names = names[:_THERE], names[_THERE:]
            root = self._tried_names(root, first)
        for one in names:
            name = self.out.temp()
            looked = f"dig({root}, {self.constants.name(repr((one,)))})"
            self.out.line(f"{name} = {root}.get({one!r}, U) if {root}.__class__ is dict else {looked}")
            self.out.fail_if(f"{name} is U")
            root = name
        return root

    def _tried_names(self, root: str, names: Sequence[str]) -> str:
        name = self.out.temp()
        brackets = "".join(f"[{name!r}]" for name in names[:-1])
        self.out.line(f"try: {name} = {root}{brackets}.get({names[-1]!r}, U)")
        self.out.line(f"except KeyError: {self.out.fail}")
        self.out.line("except (AttributeError, TypeError):")
        self.out.line(f" {name} = dig({root}, {self.constants.name(repr(tuple(names)))})")
        self.out.fail_if(f"{name} is U")
        return name

    def _get(self, root: str, key: str, getter: str) -> str:
        name = self.out.temp()
        self.out.line(f"{name} = {getter}({root}, {key})")
        self.out.fail_if(f"{name} is U")
        return name

    def _each(self, root: str, part: Term) -> str:
        """Enumerate a collection; the part's variables are bound to its keys."""
        value = self.out.temp()
        order = "o" if self.ordered else ""
        if isinstance(part, Var) and self.uses[part.name] <= 1:
            self.out.loop(f"for {value} in {order}vals({self.state}, {root})")
            return value
        key = self.out.temp()
        self.out.loop(f"for {key}, {value} in {order}pairs({self.state}, {root})")
        self.match(part, key)
        return value

    # -- documents under data

    def _data(self, path: Sequence[Term]) -> str:
        node, at = self.tree.root, 0
        while at < len(path) and (node.unit is None or node.unit.kind == OBJECT):
            part = path[at]
            child = node.children.get(key_of(part.value)) if isinstance(part, Scalar) else None
            if child is None:
                break
            node, at = child, at + 1
        rest = path[at:]
        if node.unit is not None and node.unit.kind not in (OBJECT, FUNCTION) and not node.dynamic:
            return self.chain(self._unit(node.unit.index), rest)
        if not rest:
            return self._checked(f"document({self.state}, {node.index})")
        if isinstance(rest[0], Scalar):
            return self._constant_below(node, path, at)
        return self._cursor(node, rest)

    def _constant_below(self, node: Node, path: Sequence[Term], at: int) -> str:
        """No rule stands at this key: computed keys may reach it, and else only base documents."""
        computed = (node.unit is not None and node.unit.kind == OBJECT) or node.dynamic
        if node.unit is not None and node.unit.kind == FUNCTION:
            self.out.line(self.out.fail)
            return "U"
        if computed or node.unit is not None:
            value = self._checked(f"computed({self.state}, {node.index}, {self.key(path[at])})")
            return self.chain(value, path[at + 1 :])
        return self.chain(f"{self.state}.data", path, base=True)

    def _cursor(self, node: Node, rest: Sequence[Term]) -> str:
        """A part that is not constant leads through a place that has rules below it."""
        cursor = f"Cursor({node.index})"
        for part in rest:
            name = self.out.temp()
            if self.ready(part):
                self.out.line(f"{name} = step({self.state}, {cursor}, {self.value(part)})")
                self.out.fail_if(f"{name} is U")
            else:
                key = self.out.temp()
                order = "True" if self.ordered else "False"
                self.out.loop(f"for {key}, {name} in steps({self.state}, {cursor}, {order})")
                self.match(part, key)
            cursor = name
        return self._checked(f"settled({self.state}, {cursor})")

    def _unit(self, index: int) -> str:
        name = self.out.temp()
        self.out.line(f"{name} = {self.state}.memo[{index}]")
        self.out.line(f"if {name} is X: {name} = u{index}({self.state})")
        self.out.fail_if(f"{name} is U")
        return name

    def _checked(self, text: str) -> str:
        name = self.out.temp()
        self.out.line(f"{name} = {text}")
        self.out.fail_if(f"{name} is U")
        return name

    # -- patterns

    def match(self, pattern: Term, value: str) -> None:
        """Go on where the value has the pattern's form, with its variables bound; fail elsewhere."""
        if isinstance(pattern, Var) and pattern.name not in self.bound:
            if self.uses[pattern.name] > 1:
                self.bound[pattern.name] = self.simple(value)
            return
        if self.ready(pattern):
            self.same(pattern, value)
            return
        value = self.simple(value)
        if isinstance(pattern, Array):
            size = len(pattern.items)
            self.out.fail_if(f"{value}.__class__ not in ARRAYS or len({value}) != {size}")
            self._match_all([(item, f"{value}[{number}]") for number, item in enumerate(pattern.items)])
            return
        if isinstance(pattern, ObjectTerm):
            self.out.fail_if(f"{value}.__class__ is not dict or len({value}) != {len(pattern.pairs)}")
            parts = []
            for key, item in pattern.pairs:
                found = self.out.temp()
                self.out.line(f"{found} = {value}.get({self.key(key)}, U)")
                self.out.fail_if(f"{found} is U")
                parts.append((item, found))
            self._match_all(parts)
            return
        raise AssertionError(f"a {type(pattern).__name__} is no pattern")

    def _match_all(self, parts: list[tuple[Term, str]]) -> None:
        """Patterns that bind go first: another one's key may need what they bind."""
        for item, value in sorted(parts, key=lambda part: not isinstance(part[0], Var)):
            self.match(item, value)

    def same(self, term: Term, value: str) -> None:
        """Go on where the value equals the term's."""
        self.out.fail_if(self.differs(term, value))

    def differs(self, term: Term, value: str) -> str:
        """The Python condition that a value is not the term's."""
        if isinstance(term, Scalar):
            constant = term.value
            if constant is None or isinstance(constant, bool):
                return f"{value} is not {constant}"
            if isinstance(constant, str):
                return f"{value} != {constant!r}"
            value = self.simple(value)
            return f"{value}.__class__ is bool or {value} != {scalar(constant)}"
        return f"not equal({self.value(term)}, {value})"

    # -- comprehensions

    def comprehension(self, term: Comprehension) -> str:
        """The collection that a comprehension makes."""
        name = self.out.temp("c")
        self.out.line(f"{name} = {'{}' if term.kind == 'object' else '[]'}")
        kept, order, kinds = dict(self.bound), self.ordered, dict(self.kinds)
        self.ordered = term.kind == "array" or _prints(term.body)
        mark = self.out.mark()
        self.out.loop("for _ in ONE")
        self.body(term.body)
        values = [self.value(part) for part in term.head]
        if term.kind != "object":
            self.out.line(f"{name}.append({values[0]})")
        else:
            self.out.line(f"put({name}, {values[0]}, {values[1]})")
        self.out.close(mark)
        self.bound, self.ordered, self.kinds = kept, order, kinds
        if term.kind == "set":
            self.out.line(f"{name} = Set.of_values({name})")
        self.kinds[name] = SIZED
        return name

    def body(self, body: Body) -> None:
        """Write a body's lines."""
        raise NotImplementedError


def _is_name(term: Term) -> bool:
    return isinstance(term, Scalar) and isinstance(term.value, str)


def children_of(term: Term) -> bool:
    """Whether a collection has anything in it; empty ones are made anew, which costs nothing."""
    return next(iter(children(term)), None) is not None


def _constant(term: Term) -> bool:
    if isinstance(term, Scalar):
        return True
    if isinstance(term, (Array, SetTerm, ObjectTerm)):
        return all(_constant(child) for child in children(term))
    return False


def _prints(body: Body) -> bool:
    from lockgate.policy.rego.syntax import Call, operator_name

    return any(isinstance(e.what, Call) and operator_name(e.what.operator) == "internal.print" for e in body)
