"""Bicep files: declarations found with tree-sitter, compiled to a template, evaluated as one.

A module that stands in the tree is followed with the parameters it is given; one from a registry is a Skip. A
declaration with a syntax error is a Skip with its line, and the others are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.formats.arm_expression import Access, Call, Literal
from lockgate.formats.azure import _arm
from lockgate.formats.azure._bicep_tree import Compiler, Names, UnreadableError, with_spreads
from lockgate.formats.azure._evaluate import Evaluator, Loop, Parameter, Scope, Tree, Unknown
from lockgate.formats.azure._joins import with_children
from lockgate.formats.azure._resources import Handed, Template
from lockgate.formats.format_error import FormatError
from lockgate.formats.objects import Reading, Sibling, Skips
from lockgate.formats.paths import folder_of, join
from lockgate.formats.syntax import error_line, parse
from lockgate.model import Object, SkipKind

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_BYTES = 2 * 1024 * 1024
MAX_MODULES = 60
"""Modules that one file reaches, each use counted."""
MAX_NESTED = 8
_ENTRIES = ("main.bicep", "azuredeploy.bicep")
"""What is deployed by itself as a rule, so that nobody takes its outputs up."""
_FORGIVEN = ("extension", "provider", "using", "import", "type", "output", "metadata")
"""Declarations that make no resource; one the grammar does not know costs nothing."""


@dataclass(slots=True)
class _Run:
    """One file and all modules it reaches."""

    sibling: Sibling
    skips: Skips
    evaluator: Evaluator = field(default_factory=Evaluator)
    objects: list[Object] = field(default_factory=list)
    modules: int = 0
    open: list[str] = field(default_factory=list)


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every resource of a file and of the modules it names. Raises :class:`FormatError`."""
    run = _Run(sibling, Skips(path))
    _file(run, path, content, {}, "")
    return Reading(tuple(with_children(run.objects)), run.skips.settled())


def _file(run: _Run, path: str, content: bytes, given: dict[str, Parameter], by: str) -> None:
    compiled = _Compiled(path, run.skips)
    compiled.take(content)
    compiled.hand_over(run.sibling, outputs=not by and path[path.rfind("/") + 1 :] not in _ENTRIES)
    parameters = {**compiled.parameters, **{name: one for name, one in given.items() if name in compiled.parameters}}
    scope = Scope(parameters, compiled.variables, compiled.functions)
    template = Template(path, lambda pointer: compiled.lines.get(pointer, 0), run.skips, run.evaluator, generated_by=by)
    template.level = compiled.level
    template.take({"resources": compiled.resources}, scope, "")
    run.objects += template.objects
    run.open.append(path)
    for module in compiled.modules:
        _module(run, path, module, scope)
    run.open.pop()


@dataclass(slots=True)
class _Module:
    name: str
    source: str
    body: Any
    loop: Loop | None
    condition: Any
    line: int
    mentions: frozenset[str]
    """Names that it is called with, the symbols of resources among them."""

    def target(self, path: str) -> str | None:
        """The file of the tree that it names."""
        if self.source.startswith(("br:", "br/", "ts:")) or not self.source.endswith((".bicep", ".json")):
            return None
        return join(folder_of(path), self.source)


def _module(run: _Run, path: str, module: _Module, scope: Scope) -> None:
    target = module.target(path)
    content = run.sibling(target) if target else None
    run.modules += 1
    reason = ""
    if content is None or target is None:
        reason = "a module that is not in the tree"
    elif target in run.open or len(run.open) > MAX_NESTED or run.modules > MAX_MODULES:
        reason = "modules nested too deeply, too many of them, or one that contains itself"
    if reason or content is None or target is None:
        kind = SkipKind.UNRESOLVED if content is None else SkipKind.LIMIT
        run.skips.add(kind, reason, line=module.line, path=path)
        return
    for inner in _iterations(run.evaluator, module.loop, scope):
        if run.evaluator.value(module.condition, inner) is False:
            continue
        body = module.body if isinstance(module.body, dict) else {}
        named = body.get("params")
        given = {
            name.lower(): Parameter(run.evaluator.value(raw, inner), done=True)
            for name, raw in (named.items() if isinstance(named, dict) else ())
        }
        try:
            _followed(run, target, content, given, f"module {target} of {path}")
        except FormatError as error:
            if error.kind is SkipKind.LIMIT:
                raise
            run.skips.add(error.kind, error.reason, line=error.line, path=target)


def _followed(run: _Run, target: str, content: bytes, given: dict[str, Parameter], by: str) -> None:
    if target.endswith(".json"):
        run.objects += _arm.resources(target, content, given, run.skips, run.evaluator, by)
    else:
        _file(run, target, content, given, by)


def _iterations(evaluator: Evaluator, loop: Loop | None, scope: Scope) -> Iterator[Scope]:
    items = evaluator.value(loop.items, scope) if loop is not None else None
    if loop is None or not isinstance(items, list):
        yield scope
        return
    for index, item in enumerate(items[:MAX_MODULES]):
        yield scope.with_locals({loop.item: item, loop.index: index})


@dataclass(slots=True)
class _Compiled:
    """The declarations of one file, as a template has them."""

    path: str
    skips: Skips
    parameters: dict[str, Parameter] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    functions: dict[str, Any] = field(default_factory=dict)
    resources: list[dict[str, Any]] = field(default_factory=list)
    modules: list[_Module] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    level: str = ""
    """``subscription`` where ``targetScope`` says so."""
    symbols: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Resources by symbol."""
    exported: set[str] = field(default_factory=set)
    """Names that the outputs read."""

    def hand_over(self, sibling: Sibling, *, outputs: bool) -> None:
        """Note which resources go to a module that is not at hand, or to whoever uses this file as a module."""
        handed = dict.fromkeys(self.exported, "an output") if outputs else {}
        for module in self.modules:
            target = module.target(self.path)
            if target is None or sibling(target) is None:
                handed |= dict.fromkeys(module.mentions, f"module {module.name}")
        for symbol in handed.keys() & self.symbols.keys():
            self.symbols[symbol]["handed"] = Handed(handed[symbol])

    def take(self, content: bytes) -> None:
        """Compile every declaration of a file."""
        if len(content) > MAX_BYTES:
            raise FormatError(f"larger than {MAX_BYTES} bytes", kind=SkipKind.TOO_LARGE)
        content = content.removeprefix(b"\xef\xbb\xbf")
        source, spreads = with_spreads(content) if b"..." in content else (content, frozenset())
        root = parse("bicep", source)
        if root.type == "ERROR":  # no declaration was made out at all
            raise FormatError("syntax that cannot be read", error_line(root))
        compiler = Compiler(content, Names(), spreads, self.lines)
        declarations = [node for node in root.named_children if self._is_sound(node, content)]
        for node in declarations:
            self._declare(node, compiler)
        for node in declarations:
            self._compile(node, compiler)

    def _is_sound(self, node: Node, content: bytes) -> bool:
        if not node.has_error:
            return True
        words = content[node.start_byte : node.start_byte + 40].split(maxsplit=1)
        if words and words[0].decode("ascii", "replace") in _FORGIVEN:
            return False
        self.skips.add(SkipKind.MALFORMED, "syntax that cannot be read", line=error_line(node), path=self.path)
        return False

    def _declare(self, node: Node, compiler: Compiler) -> None:
        names = {
            "parameter_declaration": compiler.names.parameters,
            "variable_declaration": compiler.names.variables,
            "resource_declaration": compiler.names.resources,
            "module_declaration": compiler.names.resources,
            "user_defined_function": compiler.names.functions,
        }.get(node.type)
        if names is not None and node.named_children:
            names.add(compiler.text(node.named_children[0]))

    def _compile(self, node: Node, compiler: Compiler) -> None:
        parts = [child for child in node.named_children if child.type != "comment"]
        if node.type == "parameter_declaration" and len(parts) >= 2:
            self._parameter(parts, compiler)
        elif node.type == "variable_declaration" and len(parts) == 2:
            name = compiler.text(parts[0])
            self.variables[name.lower()] = compiler.value(parts[1], f"/variables/{name}")
        elif node.type == "user_defined_function":
            self._function(parts, compiler)
        elif node.type == "resource_declaration" and len(parts) == 3:
            self.resources.append(self._resource(node, parts, compiler, f"/resources/{len(self.resources)}"))
        elif node.type == "module_declaration" and len(parts) == 3:
            self._module(node, parts, compiler)
        elif node.type == "output_declaration" and parts:
            self.exported |= _mentioned(parts[-1], compiler)
        elif node.type == "target_scope_assignment" and b"'subscription'" in (node.text or b""):
            self.level = "subscription"

    def _parameter(self, parts: list[Node], compiler: Compiler) -> None:
        name = compiler.text(parts[0])
        if len(parts) > 2:
            raw: Any = compiler.value(parts[2], f"/parameters/{name}")
        elif compiler.text(parts[1]).endswith("?"):
            raw = None
        else:
            raw = Unknown(name)
        self.parameters[name.lower()] = Parameter(raw, default=not isinstance(raw, Unknown))

    def _function(self, parts: list[Node], compiler: Compiler) -> None:
        name = compiler.text(parts[0])
        arguments = next((part for part in parts if part.type == "parameters"), None)
        names = [compiler.text(one.named_children[0]) for one in arguments.named_children] if arguments else []
        inner = Compiler(compiler.source, Names(set(names), functions=compiler.names.functions), compiler.spreads)
        try:
            body = Tree(inner.expression(parts[-1]), inner.text(parts[-1]))
        except UnreadableError:
            return
        declared = {"parameters": [{"name": one} for one in names], "output": {"value": body}}
        self.functions[f"bicep.{name}".lower()] = declared

    def _resource(self, node: Node, parts: list[Node], compiler: Compiler, pointer: str) -> dict[str, Any]:
        symbol, kind, body = parts[0], compiler.value(parts[1], pointer), parts[2]
        self.lines[pointer] = self.lines[f"{pointer}/type"] = node.start_point[0] + 1
        raw: dict[str, Any] = {}
        loop: list[str] = []
        if body.type == "for_statement":
            shell = compiler.loop(body, f"{pointer}/copy")
            if isinstance(shell, Loop):
                raw["copy"] = shell
                loop = [shell.item, shell.index]
                body = body.named_children[-1]
        compiler.within(loop)
        if body.type == "if_statement" and body.named_child_count == 2:
            raw["condition"] = compiler.value(body.named_children[0], f"{pointer}/condition")
            body = body.named_children[1]
        raw |= compiler.members(body, pointer)
        nested = [one for item in body.named_children if (one := _nested(item)) is not None]
        for one in nested:
            self._declare(one, compiler)
        children: list[dict[str, Any]] = []
        for one in nested:
            inner = [child for child in one.named_children if child.type != "comment"]
            if len(inner) == 3:
                children.append(self._resource(one, inner, compiler, f"{pointer}/resources/{len(children)}"))
        compiler.without(len(loop))
        if children:
            raw["resources"] = children
        if isinstance(kind, str):
            raw["type"], _, version = kind.partition("@")
            if version:
                raw["apiVersion"] = version
        if any(child.type == "existing" for child in node.children):
            raw["existing"] = True
        _name_in_full(raw)
        self.symbols[compiler.text(symbol)] = raw
        looped = isinstance(raw.get("copy"), Loop)
        known: dict[str, Any] = {key: raw[key] for key in ("name", "type", "apiVersion") if key in raw}
        if "name" in known and "type" in known:
            name = known["name"].expression if isinstance(known["name"], Tree) else Literal(known["name"])
            identity = Call("resourceId", (Literal(known["type"]), name))
            known["id"] = Tree(identity, f"{compiler.text(symbol)}.id")
        self.variables[f"resource {compiler.text(symbol)}".lower()] = Unknown("") if looped else known
        return raw

    def _module(self, node: Node, parts: list[Node], compiler: Compiler) -> None:
        body, loop, condition = parts[2], None, True
        pointer = f"/modules/{len(self.modules)}"
        names: list[str] = []
        if body.type == "for_statement":
            shell = compiler.loop(body, pointer)
            if isinstance(shell, Loop):
                loop, names, body = shell, [shell.item, shell.index], body.named_children[-1]
        compiler.within(names)
        if body.type == "if_statement" and body.named_child_count == 2:
            condition = compiler.value(body.named_children[0], pointer)
            body = body.named_children[1]
        source, given = compiler.value(parts[1], pointer), compiler.value(body, pointer)
        compiler.without(len(names))
        read, line = _mentioned(parts[2], compiler), node.start_point[0] + 1
        self.modules.append(_Module(compiler.text(parts[0]), str(source), given, loop, condition, line, read))


def _mentioned(node: Node, compiler: Compiler) -> frozenset[str]:
    """Names that an expression reads; the keys of objects and the names of members are none."""
    found, waiting = set(), [node]
    while waiting:
        one = waiting.pop()
        if one.type == "identifier":
            found.add(compiler.text(one))
        waiting += one.named_children[1:] if one.type == "object_property" else one.named_children
    return frozenset(found)


def _nested(item: Node) -> Node | None:
    if item.type == "object_property" and item.named_children and item.named_children[0].type == "resource_declaration":
        return item.named_children[0]
    return None


def _name_in_full(raw: dict[str, Any]) -> None:
    """``parent: x`` makes the name that of the parent, a slash, and the own one."""
    if "parent" not in raw or "name" not in raw:
        return
    parent, name = raw.pop("parent"), raw["name"]
    if not isinstance(parent, Tree) or not isinstance(parent.expression, Call):
        raw["name"] = Unknown(f"{parent.text if isinstance(parent, Tree) else ''}/{_shown(name)}")
        return
    own = name.expression if isinstance(name, Tree) else Literal(name)
    full = Call("format", (Literal("{0}/{1}"), Access(parent.expression, Literal("name")), own))
    raw["name"] = Tree(full, f"{parent.text}.name/{_shown(name)}")


def _shown(name: Any) -> str:
    return name.text if isinstance(name, Tree | Unknown) else str(name)
