"""Terraform configurations: ``azurerm`` resources of one file, with the variables and locals of the files beside it.

Variables take what ``terraform.tfvars`` says, then their default. ``count``, ``for_each`` and ``dynamic`` blocks are
expanded where the files decide them. A module from elsewhere is a Skip; one of the tree is read where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.formats.azure._convert import Resource, to_object
from lockgate.formats.azure._evaluate import Unknown
from lockgate.formats.azure._functions import UndecidedError
from lockgate.formats.azure._hcl import Evaluator, Lazy, Source, children
from lockgate.formats.format_error import FormatError
from lockgate.formats.objects import Reading, Sibling, Skips, escaped
from lockgate.formats.paths import folder_of
from lockgate.formats.syntax import error_line, parse
from lockgate.model import Object, SkipKind

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_BYTES = 2 * 1024 * 1024
MAX_INSTANCES = 800
"""Instances of one resource, and members of one ``dynamic`` block."""
MAX_OBJECTS = 10_000
_BESIDE = ("variables.tf", "vars.tf", "locals.tf", "main.tf", "terraform.tfvars")
_DEEPEST = 12
"""Blocks within blocks."""


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every Azure resource of a file. Raises :class:`FormatError` when it cannot be read at all."""
    skips = Skips(path)
    module = _Module(skips)
    source = module.add(path, content, own=True)
    for name in _BESIDE:
        beside = folder_of(path) + name
        more = sibling(beside) if beside != path else None
        if more is not None:
            try:
                module.add(beside, more, own=False)
            except FormatError as error:
                skips.add(error.kind, error.reason, line=error.line, path=beside)
    return Reading(tuple(module.objects(source)), skips.settled())


@dataclass(slots=True)
class _Module:
    """What the files of one folder declare, as far as they were looked at."""

    skips: Skips
    variables: dict[str, Lazy | None] = field(default_factory=dict)
    given: dict[str, Lazy] = field(default_factory=dict)
    locals: dict[str, Lazy] = field(default_factory=dict)
    resources: dict[tuple[str, str], tuple[Source, Node]] = field(default_factory=dict)
    modules: list[Node] = field(default_factory=list)
    evaluator: Evaluator = field(init=False)

    def __post_init__(self) -> None:
        self.evaluator = Evaluator(self.lookup)

    def add(self, path: str, content: bytes, *, own: bool) -> Source:
        """Take the declarations of one file; errors and modules count only in the file that is read."""
        if len(content) > MAX_BYTES:
            raise FormatError(f"larger than {MAX_BYTES} bytes", kind=SkipKind.TOO_LARGE)
        source = Source(path, content.removeprefix(b"\xef\xbb\xbf"))
        root = parse("hcl", source.content)
        for body in root.named_children:
            if body.type == "ERROR" and own:
                self.skips.add(SkipKind.MALFORMED, "syntax that cannot be read", line=error_line(body))
            if body.type != "body":
                continue
            for item in children(body):
                if item.type == "attribute" and path.endswith(".tfvars"):
                    name, value = children(item)[:2]
                    self.given.setdefault(source.text(name), Lazy(source, value))
                elif item.has_error:
                    if own:
                        self.skips.add(SkipKind.MALFORMED, "syntax that cannot be read", line=error_line(item))
                elif item.type == "block":
                    self._declare(source, item, own=own)
        return source

    def _declare(self, source: Source, block: Node, *, own: bool) -> None:
        kind, labels, body = _parts(source, block)
        if kind == "variable" and labels:
            default = _attribute(source, body, "default")
            self.variables.setdefault(labels[0], Lazy(source, default) if default is not None else None)
        elif kind == "locals" and body is not None:
            for item in children(body):
                if item.type == "attribute" and len(children(item)) > 1:
                    name, value = children(item)[:2]
                    self.locals.setdefault(source.text(name), Lazy(source, value))
        elif kind == "resource" and len(labels) == 2:
            if own and (labels[0], labels[1]) in self.resources:
                line = block.start_point[0] + 1
                self.skips.add(SkipKind.MALFORMED, "a resource whose name stands twice", line=line)
            self.resources.setdefault((labels[0], labels[1]), (source, block))
        elif kind == "module" and own:
            self._module(source, block, body)

    def _module(self, source: Source, block: Node, body: Node | None) -> None:
        node = _attribute(source, body, "source")
        where = self.evaluator.value(source, node, {}) if node is not None else None
        if not isinstance(where, str) or not where.startswith(("./", "../")):
            line = block.start_point[0] + 1
            self.skips.add(SkipKind.UNRESOLVED, "a module that is not in the tree", line=line)

    def lookup(self, root: str, name: str) -> Any:
        """``var.name``, ``local.name`` or ``type.label``. Raises :class:`UndecidedError`."""
        if root == "var":
            held = self.given.get(name) or self.variables.get(name)
        elif root == "local":
            held = self.locals.get(name)
        else:
            return self._attributes(root, name)
        if held is None:
            raise UndecidedError(f"{root}.{name}")
        return self.evaluator.lazy(held)

    def _attributes(self, kind: str, label: str) -> dict[str, Any]:
        """What a file says of a resource that another one refers to; what Azure adds (``id``) is not known."""
        found = self.resources.get((kind, label))
        if found is None:
            raise UndecidedError(f"{kind}.{label}")
        source, block = found
        _, _, body = _parts(source, block)
        made: dict[str, Any] = {}
        for item in children(body) if body is not None else ():
            if item.type == "attribute" and len(children(item)) > 1:
                name, value = children(item)[:2]
                if source.text(name) in ("count", "for_each"):
                    raise UndecidedError("an instance of several")
                if source.text(name) in ("name", "location", "resource_group_name"):
                    made[source.text(name)] = self.evaluator.lazy(Lazy(source, value))
        return made

    def objects(self, own: Source) -> Iterator[Object]:
        """Every Azure resource of the file that is read."""
        missing: dict[str, int] = {}
        count = 0
        for (kind, label), (source, block) in self.resources.items():
            if source is not own or not kind.startswith(("azurerm_", "azapi_")):
                continue
            for resource in self._instances(source, block, kind, label):
                made = to_object(resource)
                if made is None:
                    missing.setdefault(kind, block.start_point[0] + 1)
                    continue
                count += 1
                if count > MAX_OBJECTS:
                    self.skips.add(SkipKind.LIMIT, f"more than {MAX_OBJECTS} resources")
                    return
                yield made
        for kind, line in missing.items():
            self.skips.add(SkipKind.UNSUPPORTED, f"no mapping for {kind[:80]}", line=line)

    def _instances(self, source: Source, block: Node, kind: str, label: str) -> Iterator[Resource]:
        _, _, body = _parts(source, block)
        line = block.start_point[0] + 1
        for suffix, names in self._repeats(source, body):
            lines: dict[str, int] = {"": line}
            arguments = self._block(source, body, names, "", lines, 0)
            yield Resource(kind, f"{kind}.{label}{suffix}", arguments, source.path, _Lines(lines))

    def _repeats(self, source: Source, body: Node | None) -> Iterator[tuple[str, dict[str, Any]]]:
        count, each = _attribute(source, body, "count"), _attribute(source, body, "for_each")
        if count is not None:
            number = self.evaluator.value(source, count, {})
            if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MAX_INSTANCES:
                yield from ((f"[{at}]", {"count": {"index": at}}) for at in range(number))
                return
        elif each is not None:
            over = self.evaluator.value(source, each, {})
            if isinstance(over, dict | list) and len(over) <= MAX_INSTANCES:
                pairs = over.items() if isinstance(over, dict) else ((item, item) for item in over)
                yield from ((f'["{key}"]', {"each": {"key": key, "value": item}}) for key, item in pairs)
                return
        yield "", {}

    def _block(
        self, source: Source, body: Node | None, names: dict[str, Any], pointer: str, lines: dict[str, int], depth: int
    ) -> dict[str, Any]:
        """Attributes as values, blocks as lists; notes the line of each."""
        made: dict[str, Any] = {}
        if body is not None and depth > _DEEPEST:
            raise FormatError("blocks nested too deeply", body.start_point[0] + 1, kind=SkipKind.TOO_LARGE)
        for item in children(body) if body is not None else ():
            parts = children(item)
            if item.type == "attribute" and len(parts) > 1:
                name = source.text(parts[0])
                value = self.evaluator.value(source, parts[1], names)
                self.evaluator.measure(value)
                if value is not None:
                    made[name] = value
                    lines[f"{pointer}/{escaped(name)}"] = item.start_point[0] + 1
                    self._item_lines(parts[1], f"{pointer}/{escaped(name)}", lines)
            elif item.type == "block":
                for name, inner, within in self._inner(source, item, names):
                    held = made.setdefault(name, [])
                    if isinstance(held, list):
                        own = f"{pointer}/{escaped(name)}/{len(held)}"
                        lines.setdefault(own.rpartition("/")[0], item.start_point[0] + 1)
                        lines[own] = item.start_point[0] + 1
                        held.append(self._block(source, inner, within, own, lines, depth + 1))
        return made

    def _item_lines(self, node: Node, pointer: str, lines: dict[str, int]) -> None:
        """Lines of the members of a literal list or object, one level down."""
        first = children(node)[0] if children(node) else node
        if first.type != "collection_value":
            return
        items = [item for item in children(first.named_children[0]) if item.type in ("expression", "object_elem")]
        for at, item in enumerate(items):
            if item.type == "expression":
                lines[f"{pointer}/{at}"] = item.start_point[0] + 1

    def _inner(
        self, source: Source, block: Node, names: dict[str, Any]
    ) -> Iterator[tuple[str, Node | None, dict[str, Any]]]:
        """One block, or what a ``dynamic`` one makes."""
        kind, labels, body = _parts(source, block)
        if kind != "dynamic" or not labels:
            yield kind, body, names
            return
        iterator = _attribute(source, body, "iterator")
        name = source.text(iterator) if iterator is not None else labels[0]
        each = _attribute(source, body, "for_each")
        content = next((one for one in children(body) if one.type == "block"), None) if body is not None else None
        inner = _parts(source, content)[2] if content is not None else None
        over = self.evaluator.value(source, each, names) if each is not None else None
        if isinstance(over, dict | list) and len(over) <= MAX_INSTANCES:
            pairs: Any = over.items() if isinstance(over, dict) else enumerate(over)
            for key, item in pairs:
                yield labels[0], inner, {**names, name: {"key": key, "value": item}}
        else:
            shown = source.text(each) if each is not None else labels[0]
            yield labels[0], inner, {**names, name: Unknown(shown)}


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines of arguments by pointer; the nearest ancestor answers for what has none."""

    lines: dict[str, int]

    def __call__(self, pointer: str) -> int:
        """The line, from 1."""
        while pointer not in self.lines:
            pointer = pointer[: pointer.rfind("/")]
        return self.lines[pointer]


def _parts(source: Source, block: Node) -> tuple[str, list[str], Node | None]:
    """Kind, labels and body of a block."""
    kind, labels, body = "", [], None
    for number, part in enumerate(children(block)):
        if part.type == "body":
            body = part
        elif number == 0:
            kind = source.text(part)
        elif part.type in ("string_lit", "identifier"):
            labels.append(source.text(part).strip('"'))
    return kind, labels, body


def _attribute(source: Source, body: Node | None, name: str) -> Node | None:
    for item in children(body) if body is not None else ():
        parts = children(item)
        if item.type == "attribute" and len(parts) > 1 and source.text(parts[0]) == name:
            return parts[1]
    return None
