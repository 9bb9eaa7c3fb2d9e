"""Whole modules and queries: package, imports with the keywords they add, and rules."""

from __future__ import annotations

from lockgate.policy.rego.lexer import tokens
from lockgate.policy.rego.parse.rules import RuleParser
from lockgate.policy.rego.parse.terms import FUTURE_V0, FUTURE_V1, V0_KEYWORDS
from lockgate.policy.rego.source import (
    MAX_CHARACTERS,
    PARSE,
    Failure,
    Place,
    Problems,
    RegoError,
    Source,
)
from lockgate.policy.rego.syntax import Body, Import, Module, Ref, Rule, Scalar, Term, Var

VERSIONS = ("v0", "v1")


class ModuleParser(RuleParser):
    """Reads one module."""

    def module(self, version: str) -> Module:
        """The whole text."""
        if self.kind == "eof":
            raise Failure("empty module", self.token.start)
        if self.kind != "package":
            raise Failure("package expected", self.token.start)
        module = Module([], [], [], version, self.token.start)
        module.package = self._package()
        while self.kind != "eof":
            self._refuse_keyword_name()
            if self.kind == "package":
                raise Failure("unexpected package", self.token.start)
            if self.kind == "import":
                self._import(module)
            else:
                module.rules.extend(self._statement())
        return module

    def _package(self) -> list[object]:
        self.next()
        if self.token.kind != "id":
            raise self.unexpected()
        term = self._path()
        path: list[object] = []
        head = term.head if isinstance(term, Ref) else term
        if not isinstance(head, Var):
            raise Failure("expecting var", term.at)
        path.append(head.name)
        for part in term.path if isinstance(term, Ref) else ():
            if not isinstance(part, Scalar) or not isinstance(part.value, str):
                raise Failure("unexpected token: expecting string", part.at)
            path.append(part.value)
        return path

    def _path(self) -> Term:
        """A path, in which keywords are names."""
        return self._finish(self.variable())

    def _import(self, module: Module) -> None:
        start = self.next().start
        if self.token.kind != "id":
            raise self.unexpected()
        kept = self.keywords
        self.keywords = kept - (FUTURE_V0 | FUTURE_V1)
        try:
            term = self._path()
        finally:
            self.keywords = kept
            self._look()
        head = term.head if isinstance(term, Ref) else term
        if not isinstance(head, Var):
            raise Failure("expected path", term.at)
        path = [head.name]
        for part in term.path if isinstance(term, Ref) else ():
            if not isinstance(part, Scalar) or not isinstance(part.value, str):
                raise Failure("unexpected token: expecting string", part.at)
            path.append(part.value)
        if path[0] not in ("data", "input", "future", "rego"):
            roots = "data, future, input, rego"
            raise Failure(f"unexpected import path, must begin with one of: {{{roots}}}, got: {path[0]}", term.at)
        alias = ""
        if self.kind == "as":
            self.next()
            if self.kind != "id":
                raise self.unexpected("expected var")
            alias = self.next().text
            if alias in ("data", "input"):
                raise Failure(f"unexpected import alias, must not be a reserved name, got: {alias}", term.at)
        elif path[0] != "future" and path[-1] in (V0_KEYWORDS | (FUTURE_V0 if module.version == "v1" else frozenset())):
            raise Failure(f"unexpected import path, must not end with a keyword, got: {path[-1]}", term.at)
        imported = Import(path, alias, start)
        if path[0] in ("future", "rego"):
            self._keywords(imported, module)
            self._look()
        module.imports.append(imported)

    def _keywords(self, imported: Import, module: Module) -> None:
        """What ``future.keywords`` and ``rego.v1`` add."""
        path = imported.path
        if imported.alias:
            raise Failure(f"`{path[0]}` imports cannot be aliased", imported.at)
        if path[0] == "rego":
            if path[1:] not in (["v1"], ["v2"]):
                raise Failure("invalid import, must be one of: `rego.v1`, `rego.v2`", imported.at)
            self.keywords |= FUTURE_V0
            module.version = "v1"
            if path[1] == "v2":
                self.keywords |= FUTURE_V1
                self.not_bodies = True
            return
        if path[1:2] != ["keywords"] or len(path) > 3:
            raise Failure("invalid import, must be `future.keywords`", imported.at)
        added = set(path[2:]) or set(FUTURE_V0 | FUTURE_V1)
        if not added <= FUTURE_V0 | FUTURE_V1:
            allowed = " ".join(sorted(FUTURE_V0 | FUTURE_V1))
            raise Failure(f"unexpected keyword, must be one of [{allowed}]", imported.at)
        if "every" in added:
            added.add("in")
        self.not_bodies = self.not_bodies or "not" in added
        self.keywords |= added

    def _statement(self) -> list[Rule]:
        mark = self.index
        found = self.rules()
        if found is not None:
            return found
        self.reset(mark)
        start = self.token.start
        body = [self.literal()]
        if self.kind == ";":
            raise Failure("multiple expressions cannot be used for rule head", start)
        if self.kind in (",", ")", "]", "}"):
            raise self.unexpected()
        return [self.rule_of(body[0])]


def parse_module(source: Source) -> Module:
    """The syntax tree of a module. Raises :class:`RegoError` with the first thing that is wrong."""
    place = Place(source)
    if source.version not in VERSIONS:
        raise ValueError(f"a Rego source has version v0 or v1, not {source.version!r}")
    try:
        if len(source.text) > MAX_CHARACTERS:
            raise Failure(f"the module has more than {MAX_CHARACTERS} characters", -1)
        found, comments = tokens(source.text)
        keywords = set(V0_KEYWORDS | FUTURE_V0) if source.version == "v1" else set(V0_KEYWORDS)
        module = ModuleParser(found, keywords).module(source.version)
    except Failure as failure:
        raise RegoError([place.problem(PARSE, failure.message, failure.at, failure.length)]) from None
    module.comments = comments
    if module.version == "v1":
        problems = Problems()
        for rule in module.rules:
            check_v1(rule, place, problems)
        problems.stop()
    return module


def parse_query(source: Source, imports: frozenset[str] = frozenset()) -> Body:
    """The body that a query is; ``imports`` are keywords beyond those of version 1."""
    place = Place(source)
    try:
        if len(source.text) > MAX_CHARACTERS:
            raise Failure(f"the query has more than {MAX_CHARACTERS} characters", -1)
        found, _ = tokens(source.text)
        parser = ModuleParser(found, set(V0_KEYWORDS | FUTURE_V0 | imports))
        parser.not_bodies = "not" in imports
        return parser.query("eof")
    except Failure as failure:
        raise RegoError([place.problem(PARSE, failure.message, failure.at, failure.length)]) from None


def check_v1(rule: Rule, place: Place, problems: Problems) -> None:
    """What version 1 asks of a rule beyond the grammar."""
    kind = "function" if rule.args is not None else "rule"
    name = rule.ref.head.name if isinstance(rule.ref.head, Var) else ""
    if not rule.ref.path and name in (V0_KEYWORDS | FUTURE_V0):
        problems.add(place, PARSE, f"{name} keyword cannot be used for rule name", rule.at)
    if rule.key is not None and not rule.has_contains:
        problems.add(place, PARSE, "`contains` keyword is required for partial set rules", rule.at)
    each: Rule | None = rule
    while each is not None:
        if each.generated_body and each.generated_value:
            problems.add(place, PARSE, f"{kind} must have value assignment and/or body declaration", each.at)
        if not each.generated_body and not each.has_if and not each.default:
            problems.add(place, PARSE, f"`if` keyword is required before {kind} body", each.at)
        each = each.otherwise
