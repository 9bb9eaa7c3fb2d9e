"""Rules that answer for the lines of other rules: its first line, its first two lines, and so on.

Each is a complete rule (a function where the other is one) whose value is the list of answers: objects of the variables
that have a value by then. Arguments of functions that a line calls are answered in the same way by the lines before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lockgate.policy.rego.check.names import globals_of, names_in
from lockgate.policy.rego.compile import Compilation, each_rule
from lockgate.policy.rego.explain_lines import line_number, line_text
from lockgate.policy.rego.source import Source
from lockgate.policy.rego.syntax import (
    Array,
    Body,
    Call,
    Comprehension,
    Expr,
    Module,
    ObjectTerm,
    Ref,
    Rule,
    Scalar,
    Some,
    Template,
    Term,
    Var,
    children,
    copied,
    copied_body,
)

_PREFIX = "lockgate_explains"
_Path = tuple[str, ...]
_Names = Mapping[str, _Path]


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule or function that a line names."""

    path: _Path
    """Where it is defined, beginning with ``data``."""
    arguments: str
    """Path of the rule that answers with the arguments; empty for what takes none."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a body."""

    text: str
    bound: _Path
    """Variables that have a value once the line holds, those of the lines before it included."""
    asked: tuple[Asked, ...]
    answers: str
    """Path of the rule that answers for the lines up to this one."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One definition of a rule, or one ``else`` branch."""

    title: str
    follows: bool
    """Whether it is an ``else`` branch."""
    begins: str
    """Path of the rule that answers whether the arguments fit, before any line."""
    given: _Path
    """Variables that the arguments bind."""
    lines: tuple[Line, ...]


@dataclass(slots=True)
class _Defined:
    arity: int
    """Of a function; -1 for other rules."""
    branches: list[Branch] = field(default_factory=list)


class ExplainedCompilation(Compilation):
    """A compilation with these rules beside each rule. Raises :class:`RegoError` as any other does."""

    def __init__(self, sources: Sequence[Source], refused: frozenset[str]) -> None:
        plain = Compilation(sources, refused)
        self._orders = [[_order(rule.body) for rule in each_rule(module.rules)] for module in plain.modules]
        self.defined: dict[_Path, _Defined] = {}
        super().__init__(sources, refused)

    def branches(self, path: str) -> list[Branch] | None:
        """The definitions of a rule; None when there is none at the path."""
        found = self.defined.get(tuple(path.split(".")))
        return found.branches if found else None

    def _parsed(self) -> list[Module]:
        modules = super()._parsed()
        siblings: dict[_Path, set[str]] = {}
        for module in modules:
            for rule in module.rules:
                siblings.setdefault(_package(module), set()).add(_name(rule))
                if not rule.default:
                    self.defined.setdefault(
                        (*_package(module), _name(rule)), _Defined(-1 if rule.args is None else len(rule.args))
                    )
        for number, module in enumerate(modules):
            names = globals_of(module, siblings[_package(module)]) if module.rules else {}
            added: list[Rule] = []
            at = 0
            for rule in module.rules:
                for branch in each_rule([rule]):
                    if not rule.default:
                        writer = _Writer(self, self.sources[number].text, module, names, f"{_PREFIX}_{number}_{at}")
                        found = writer.branch(
                            branch, self._orders[number][at], args=rule.args, follows=branch is not rule
                        )
                        self.defined[(*_package(module), _name(rule))].branches.append(found)
                        added += writer.rules
                    at += 1
            module.rules.extend(added)
        return modules


class _Writer:
    """The rules that answer for one branch."""

    def __init__(self, whole: ExplainedCompilation, text: str, module: Module, names: _Names, prefix: str) -> None:
        self.rules: list[Rule] = []
        self._whole = whole
        self._text = text
        self._names = names
        self._package = ".".join(_package(module))
        self._prefix = prefix

    def branch(self, rule: Rule, order: list[int], *, args: list[Term] | None, follows: bool) -> Branch:
        """Write the rules of one branch, and say where they stand."""
        body = _in_order(rule.body, order)
        bound = given = tuple(one for arg in args or () for one in self._variables(arg))
        begins = self._answering("begins", args, _values(bound), [])
        lines: list[Line] = []
        for number, expr in enumerate(body):
            asked = tuple(self._asked(expr, frozenset(bound), args, body[:number], number))
            bound = tuple(dict.fromkeys((*bound, *self._binds(expr))))
            answers = self._answering(str(number), args, _values(bound), body[: number + 1])
            if not (isinstance(expr.what, Some) and expr.what.member is None):
                lines.append(Line(line_text(self._text, expr.at), bound, asked, answers))
        name = "else" if follows else _name(rule)
        return Branch(f"{name} (line {line_number(self._text, rule.at)})", follows, begins, given, tuple(lines))

    def _answering(self, suffix: str, args: list[Term] | None, head: Term, body: Body) -> str:
        value = Comprehension("array", [head], copied_body(body) or [Expr(Scalar(True))])
        name = f"{self._prefix}_{suffix}"
        given = None if args is None else [copied(arg) for arg in args]
        self.rules.append(
            Rule(Ref(Var(name), []), given, None, value, [Expr(Scalar(True))], has_if=True, generated_body=True)
        )
        return f"{self._package}.{name}"

    def _asked(
        self, expr: Expr, bound: frozenset[str], args: list[Term] | None, before: Body, number: int
    ) -> Iterator[Asked]:
        """What the line names outside bodies within it, where the arguments have their values before it."""
        what = expr.what.member if isinstance(expr.what, Some) else expr.what
        if not isinstance(what, Term) or expr.withs:
            return
        waiting: list[Term] = [what]
        place = 0
        while waiting:
            term = waiting.pop(0)
            path = self._path(term.operator if isinstance(term, Call) else term)
            waiting.extend(term.path if path and isinstance(term, Ref) else children(term))
            if not path:
                continue
            arity = self._whole.defined[path].arity
            if isinstance(term, Call) and arity >= 0:
                given = term.args[:arity]
                if all(_plain(arg) and bound.issuperset(self._variables(arg)) for arg in given):
                    head = Array([copied(arg) for arg in given])
                    yield Asked(path, self._answering(f"{number}_{place}", args, head, before))
                    place += 1
            elif not isinstance(term, Call) and arity < 0:
                yield Asked(path, "")

    def _path(self, term: Term) -> _Path:
        """The rule that a reference begins with; empty when it is none of the program."""
        head = term.head if isinstance(term, Ref) else term
        if not isinstance(head, Var):
            return ()
        path = self._names.get(head.name, ("data",) if head.name == "data" else ())
        for part in term.path if isinstance(term, Ref) and path else ():
            if path in self._whole.defined or not isinstance(part, Scalar) or not isinstance(part.value, str):
                break
            path = (*path, part.value)
        return path if path in self._whole.defined else ()

    def _variables(self, term: Term) -> list[str]:
        """Names in a term that are the body's own and have one that a person gave."""
        return [
            one for one in names_in(term)
            if one not in self._names and one not in ("input", "data") and not one.startswith("$")
        ]  # fmt: skip

    def _binds(self, expr: Expr) -> list[str]:
        what = expr.what
        if expr.negated:
            return []
        if isinstance(what, Some):
            return [] if what.member is None else [one for arg in what.member.args for one in self._variables(arg)]
        return self._variables(what) if isinstance(what, Term) else []


def _order(body: Body) -> list[int]:
    """Offsets of the lines as they are evaluated."""
    return [expr.at for expr in body if expr.at >= 0]


def _in_order(body: Body, order: list[int]) -> Body:
    """The lines as they are evaluated; those that only declare names first."""
    places: dict[int, int] = {}
    for place, at in enumerate(order):
        places[at] = place  # the last piece of a line that a check took apart
    declaring = [one for one in body if isinstance(one.what, Some) and one.what.member is None]
    others = [one for one in body if one not in declaring]
    return [*declaring, *sorted(others, key=lambda one: places.get(one.at, len(order)))]


def _values(names: Sequence[str]) -> ObjectTerm:
    return ObjectTerm([(Scalar(one), Var(one)) for one in names])


def _plain(term: Term) -> bool:
    """Whether no body stands inside, whose variables would be its own."""
    if isinstance(term, Comprehension | Template):
        return False
    return all(_plain(child) for child in children(term))


def _package(module: Module) -> _Path:
    return ("data", *(str(part) for part in module.package))


def _name(rule: Rule) -> str:
    assert isinstance(rule.ref.head, Var)
    return rule.ref.head.name


__all__ = ["Asked", "Branch", "ExplainedCompilation", "Line"]
