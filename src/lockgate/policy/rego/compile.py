"""Sources to compiled Python: parse, check, order, write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from lockgate.policy.rego.builtins.contract import Builtin
from lockgate.policy.rego.builtins.table import BUILTINS
from lockgate.policy.rego.check.calls import Calls, expressions, terms
from lockgate.policy.rego.check.expand import Expander, Hoister
from lockgate.policy.rego.check.locals import Fresh, Locals, Report, shown
from lockgate.policy.rego.check.metadata import Annotations, answer, collect, rule_name
from lockgate.policy.rego.check.names import Names, globals_of
from lockgate.policy.rego.check.reads import input_fields
from lockgate.policy.rego.check.recursion import check_recursion
from lockgate.policy.rego.check.safety import Safety
from lockgate.policy.rego.check.traces import traced
from lockgate.policy.rego.check.tree import Definition, Tree, build
from lockgate.policy.rego.compiled import Compiled
from lockgate.policy.rego.emit.bodies import Shared
from lockgate.policy.rego.emit.units import query_source, unit_source
from lockgate.policy.rego.parse.modules import parse_module, parse_query
from lockgate.policy.rego.source import COMPILE, UNSAFE, Place, Problems, RegoError, Source
from lockgate.policy.rego.syntax import Body, Call, Comprehension, Module, Ref, Rule, Term, Var, children, operator_name
from lockgate.policy.rego.values import value_of_key


class Compilation:
    """One program on its way through the checks."""

    def __init__(
        self, sources: Sequence[Source], refused: Collection[str], mockable: Collection[str] = (), *,
        entries: Sequence[str] = (), strict: bool = False,
    ) -> None:  # fmt: skip
        self.sources = sources
        self.strict = strict
        self.problems = Problems()
        self.fresh = Fresh()
        self.refused = refused
        self.builtins: Mapping[str, Builtin] = BUILTINS
        self.places = [Place(source) for source in sources]
        self.modules: list[Module] = self._parsed()
        self.tree: Tree = self._resolved()
        self.calls = Calls(self.tree, self.builtins, refused, self.fresh)
        self.calls.replaced.update(mockable)
        self._checked()
        self.entries = tuple(entries)
        self._entered(entries)

    def _entered(self, entries: Sequence[str]) -> None:
        """Every entry must be a rule or a package."""
        for entry in entries:
            first, *keys = entry.split(".")
            if first != "data" or self.tree.find(keys) is None:
                place = self.places[0] if self.places else Place(Source(entry, ""))
                self.problems.add(place, COMPILE, f"nothing is defined at the entry {entry}", -1)
        self.problems.stop()

    def _parsed(self) -> list[Module]:
        modules = []
        for source in self.sources:
            try:
                modules.append(parse_module(source))
            except RegoError as error:
                self.problems.extend(error.problems)
        self.problems.stop()
        return modules

    def _report(self, place: Place) -> Report:
        return lambda code, message, at: self.problems.add(place, code, message, at)

    def _resolved(self) -> Tree:
        siblings: dict[tuple[Any, ...], set[str]] = {}
        for module in self.modules:
            names = siblings.setdefault(tuple(module.package), set())
            for rule in module.rules:
                assert isinstance(rule.ref.head, Var)
                names.add(rule.ref.head.name)
        annotations = Annotations()
        if any("METADATA" in source.text for source in self.sources):
            annotations = collect(self.modules, self.places, self.problems)
        for module, place in zip(self.modules, self.places, strict=True):
            self._imports(module, place)
            names_of = Names(globals_of(module, siblings[tuple(module.package)]))
            local = Locals(self.fresh, self._report(place), strict=self.strict)
            expander = Expander(self.fresh)
            for rule in each_rule(module.rules):
                names_of.rule(rule)
                local.rule(rule)
                if not self.problems.found:
                    expander.rule(rule)
            if self.strict:
                self._unused_imports(module, place, names_of.used)
            if "rego.metadata" in place.source.text:
                for rule in module.rules:
                    for branch in each_rule([rule]):
                        answer(branch.body, annotations, rule, tuple(module.package), rule_name(rule))
        self.problems.stop()
        tree = build(self.modules, self.places, self.problems)
        self.problems.stop()
        return tree

    def _unused_imports(self, module: Module, place: Place, used: set[str]) -> None:
        for imported in module.imports:
            if imported.path[0] in ("data", "input") and imported.name not in used:
                self.problems.add(place, COMPILE, f"import {'.'.join(imported.path)} unused", imported.at)

    def _imports(self, module: Module, place: Place) -> None:
        if module.version != "v1" and not self.strict:
            return
        seen: dict[str, str] = {}
        for imported in module.imports:
            path = ".".join(imported.path)
            if imported.name in seen:
                message = f"import must not shadow import {seen[imported.name]}"
                self.problems.add(place, COMPILE, message, imported.at)
            seen[imported.name] = path
        for rule in module.rules:
            assert isinstance(rule.ref.head, Var)
            if rule.ref.head.name in ("input", "data"):
                message = f"rules must not shadow {rule.ref.head.name} (use a different rule name)"
                self.problems.add(place, COMPILE, message, rule.at)

    def _checked(self) -> None:
        definitions = [
            each for unit in self.tree.units for each in (*unit.definitions, *([unit.default] if unit.default else []))
        ]
        for each in definitions:
            report = self._report(each.place)
            old = self.modules[each.module].version != "v1" and not self.strict
            for rule in each_rule([each.rule]):
                rule.body = self.calls.withs(rule.body, report)
                self.calls.body(rule.body, report, deprecated=old)
        self.problems.stop()
        hoister = Hoister(self.fresh)
        for each in definitions:
            for rule in each_rule([each.rule]):
                self._ordered(each, rule)
        self.problems.stop()
        for each in definitions:
            for rule in each_rule([each.rule]):
                rule.body = hoister.body(rule.body)
        check_recursion(self.tree, self.problems)
        self.problems.stop()

    def _ordered(self, each: Definition, rule: Rule) -> None:
        safety = Safety(self.calls.arity)
        args: set[str] = set()
        for arg in rule.args or ():
            args |= set(_names(arg))
        rule.body = safety.body(rule.body, frozenset(args))
        known = args | safety._names_of(rule.body) | {"input", "data"}
        heads = [*rule.ref.path, *(term for term in (rule.key, rule.value) if term is not None)]
        for head in heads:
            safety.unsafe.extend((name, head.at) for name in _names(head) if name not in known)
        report_unsafe(safety.unsafe, self._report(each.place))

    def compiled(self) -> Compiled:
        """The program as Python."""
        shared = Shared(self.tree, self.builtins, frozenset(self.calls.replaced))
        lines: list[str] = []
        for unit in self.tree.units:
            lines += unit_source(unit, shared)
        text = "\n".join((*shared.constants.lines, *lines, ""))
        return Compiled(
            text,
            tuple(
                (
                    _raw(node.path),
                    tuple((value_of_key(key), child.index) for key, child in node.children.items()),
                    -1 if node.unit is None else node.unit.index,
                    "" if node.unit is None else node.unit.kind,
                    tuple((unit.index, len(unit.path)) for unit in node.dynamic),
                )
                for node in self.tree.nodes
            ),
            tuple((_raw(unit.path), unit.kind, unit.arity) for unit in self.tree.units),
            tuple(shared.replacements),
            _with_topics(shared.used),
            tuple(None if fields is None else tuple(sorted(fields)) for fields in input_fields(self.tree)),
            tuple(
                (path, traced(self.tree, path.split(".")[1:], self.builtins, self.calls.replaced))
                for path in self.entries
            ),
        )


def compile_query(
    text: str, tree: Tree, refused: Collection[str], mockable: Collection[str], imports: frozenset[str] = frozenset()
) -> tuple[Compiled, set[str]]:
    """A query as Python, and the functions that it replaces."""
    source = Source("query", text)
    place, problems, fresh = Place(source), Problems(), Fresh()

    def report(code: str, message: str, at: int) -> None:
        problems.add(place, code, message, at)

    body = parse_query(source, imports)
    Names({}).body(body)
    local = Locals(fresh, report)
    local.frames = [{}, {}]
    body = local.body(body)
    problems.stop()
    body = Expander(fresh).body(body)
    calls = Calls(tree, BUILTINS, refused, fresh)
    calls.replaced.update(mockable)
    body = calls.withs(body, report)
    calls.body(body, report, deprecated=True)
    problems.stop()
    safety = Safety(calls.arity)
    body = safety.body(body, frozenset())
    report_unsafe(safety.unsafe, report)
    problems.stop()
    body = Hoister(fresh, equal_unifies=False).body(body)
    shared = Shared(tree, BUILTINS, frozenset(calls.replaced))
    lines = query_source(body, shared)
    code = "\n".join((*shared.constants.lines, *lines, ""))
    return Compiled(code, (), (), tuple(shared.replacements), _with_topics(shared.used)), calls.replaced


def report_unsafe(unsafe: Sequence[tuple[str, int]], report: Report) -> None:
    """Unsafe variables by the names that the source gives them; generated ones only follow from others."""
    named = [(shown(name) if not name.startswith("$") else "_", at) for name, at in unsafe if shown(name)]
    for name, at in dict.fromkeys(named):
        report(UNSAFE, f"var {name} is unsafe", at)
    if unsafe and not named:
        report(UNSAFE, "expression is unsafe", unsafe[0][1])


def each_rule(rules: Sequence[Rule]) -> list[Rule]:
    """Rules and their ``else`` branches."""
    found = []
    for rule in rules:
        branch: Rule | None = rule
        while branch is not None:
            found.append(branch)
            branch = branch.otherwise
    return found


def _with_topics(names: Collection[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, BUILTINS[name].topic) for name in sorted(names))


def _names(term: Term) -> list[str]:
    if isinstance(term, Var):
        return [term.name]
    if isinstance(term, Comprehension):
        return []
    return [name for child in children(term) for name in _names(child)]


def _raw(path: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value_of_key(key) for key in path)


__all__ = ["Body", "Call", "Callable", "Compilation", "Compiled", "Ref", "compile_query",
           "expressions", "operator_name", "terms"]  # fmt: skip
