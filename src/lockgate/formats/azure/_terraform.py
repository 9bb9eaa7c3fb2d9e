"""Terraform configurations: the ``azurerm`` resources of a folder, which is what Terraform calls a module.

Variables take what ``terraform.tfvars`` says, then their default. ``count``, ``for_each`` and ``dynamic`` blocks are
expanded where the files decide them, and resources written in pieces are joined. A module from elsewhere is a Skip; one
of the tree is read where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.formats.azure._convert import Resource
from lockgate.formats.azure._evaluate import Unknown
from lockgate.formats.azure._functions import UndecidedError
from lockgate.formats.azure._hcl import Evaluator, Lazy, Source, children
from lockgate.formats.azure._terraform_joins import Member, joined, members_of
from lockgate.formats.format_error import FormatError
from lockgate.formats.objects import Below, Reading, Sibling, Skips, escaped
from lockgate.formats.paths import folder_of
from lockgate.formats.syntax import error_line, parse
from lockgate.model import Object, SkipKind

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_BYTES = 2 * 1024 * 1024
MAX_FOLDER_BYTES = 8 * 1024 * 1024
MAX_FILES = 300
"""Files of one folder; those past it are read as well, each with the files that have the usual names."""
_KEPT = 4
"""Folders that are kept: in order of paths, those below a folder stand between its own files."""
MAX_INSTANCES = 800
"""Instances of one resource, and members of one ``dynamic`` block."""
MAX_OBJECTS = 10_000
_BESIDE = ("variables.tf", "vars.tf", "locals.tf", "main.tf", "terraform.tfvars")
_NONE: frozenset[str] = frozenset()
_DEEPEST = 12
"""Blocks within blocks."""
_NAMED = re.compile(rb"\b(az\w{1,100}\.[\w-]{1,200})")


class Folders:
    """Reads configurations; keeps the folders it read last, since their other files are likely to follow."""

    def __init__(self, sibling: Sibling, below: Below) -> None:
        self._sibling = sibling
        self._below = below
        self._last: dict[str, _Module] = {}

    def read(self, path: str, content: bytes) -> Reading:
        """Every Azure resource of a file, and those of the files beside it.

        Raises :class:`FormatError` when the file cannot be read at all.
        """
        folder = folder_of(path)
        module = self._last.pop(folder, None)
        if module is None or (path not in module.left and module.contents.get(path) != content):
            listed = [one for one in self._below(folder.rstrip("/") or ".") if folder_of(one) == folder]
            module = self._module(path, content, listed)
        self._last[folder] = module
        if len(self._last) > _KEPT:
            del self._last[next(iter(self._last))]
        if path in module.left:
            module = self._module(path, content, [], left=module.left - {path})
        return module.reading(path)

    def _module(self, path: str, content: bytes, listed: Sequence[str], *, left: frozenset[str] = _NONE) -> _Module:
        """A file with those that have the usual names, and those listed, as far as the limits go.

        The file that is asked for stands first, so that what it declares counts.
        """
        found, total, folder = {path: content}, len(content), folder_of(path)
        for one in dict.fromkeys([*(folder + name for name in _BESIDE), *listed]):
            if one in found or not one.endswith((".tf", "terraform.tfvars", ".auto.tfvars")):
                continue
            if len(found) >= MAX_FILES or total > MAX_FOLDER_BYTES:
                left |= {one}
                continue
            more = self._sibling(one)
            if more is not None:
                found[one] = more
                total += len(more)
        return _Module(found, left)


class _Module:
    """What the files of one folder declare."""

    def __init__(self, contents: Mapping[str, bytes], left: frozenset[str]) -> None:
        self.contents = contents
        self.left = left
        """Files of the folder that are not read with these."""
        self.evaluator = Evaluator(self.lookup)
        self._skips = {path: Skips(path) for path in contents}
        self._errors: dict[str, FormatError] = {}
        self._variables: dict[str, Lazy | None] = {}
        self._given: dict[str, Lazy] = {}
        self._locals: dict[str, Lazy] = {}
        self._blocks: dict[tuple[str, str], tuple[Source, Node]] = {}
        self._resources: list[tuple[str, str, Source, Node]] = []
        self._handed: dict[str, str] = {}
        self._exported: set[str] = set()
        self._is_root = False
        self._made: tuple[Object, ...] | None = None
        for path, content in contents.items():
            self._guarded(path, self._add, path, content)

    def _guarded(self, path: str, work: Callable[..., None], *given: Any) -> None:
        """One file that cannot be read says so where it is read, and hides nothing of the others."""
        self.evaluator.steps = 0
        try:
            work(*given)
        except FormatError as error:
            self._errors.setdefault(path, error)
        except RecursionError:
            self._errors.setdefault(path, FormatError("nested too deeply", kind=SkipKind.TOO_LARGE))

    def reading(self, path: str) -> Reading:
        """What one of the files holds. Raises :class:`FormatError`."""
        if self._made is None:
            self._made = tuple(self._objects())
        if path in self._errors:
            raise self._errors[path]
        skips = Skips(path)
        skips.extend(self._skips[path].settled())
        for other, error in self._errors.items():
            skips.add(error.kind, error.reason, line=error.line, path=other)
        if self.left:
            skips.add(SkipKind.LIMIT, f"{len(self.left)} files of the folder are not read with it")
        own = tuple(one for one in self._made if one.path == path)
        beside = tuple(one for one in self._made if one.path != path)
        return Reading(own, skips.settled(), beside=beside)

    def _add(self, path: str, content: bytes) -> None:
        """Take the declarations of one file."""
        if len(content) > MAX_BYTES:
            raise FormatError(f"larger than {MAX_BYTES} bytes", kind=SkipKind.TOO_LARGE)
        source = Source(path, content.removeprefix(b"\xef\xbb\xbf"))
        root, skips = parse("hcl", source.content), self._skips[path]
        if root.type == "ERROR":  # no block was made out at all
            skips.add(SkipKind.MALFORMED, "syntax that cannot be read", line=error_line(root))
        for body in root.named_children:
            if body.type == "ERROR":
                skips.add(SkipKind.MALFORMED, "syntax that cannot be read", line=error_line(body))
            if body.type != "body":
                continue
            for item in children(body):
                if item.type == "attribute" and path.endswith(".tfvars"):
                    name, value = children(item)[:2]
                    self._given.setdefault(source.text(name), Lazy(source, value))
                elif item.has_error:
                    skips.add(SkipKind.MALFORMED, "syntax that cannot be read", line=error_line(item))
                elif item.type == "block":
                    self._declare(source, item)

    def _declare(self, source: Source, block: Node) -> None:
        kind, labels, body = _parts(source, block)
        if kind == "variable" and labels:
            default = _attribute(source, body, "default")
            self._variables.setdefault(labels[0], Lazy(source, default) if default is not None else None)
        elif kind == "locals" and body is not None:
            for item in children(body):
                if item.type == "attribute" and len(children(item)) > 1:
                    name, value = children(item)[:2]
                    self._locals.setdefault(source.text(name), Lazy(source, value))
        elif kind == "resource" and len(labels) == 2:
            self._resource(source, block, (labels[0], labels[1]))
        elif kind == "module":
            self._module(source, block, body)
            self._handed |= dict.fromkeys(_names(source, block), f"module.{labels[0] if labels else ''}")
        elif kind == "output":
            self._exported.update(_names(source, block))
        elif kind in ("provider", "terraform"):
            self._is_root |= kind == "provider" or b"backend" in source.content[block.start_byte : block.end_byte]

    def _resource(self, source: Source, block: Node, name: tuple[str, str]) -> None:
        first = self._blocks.setdefault(name, (source, block))
        if first[1] is not block and first[0] is source:
            line = block.start_point[0] + 1
            self._skips[source.path].add(SkipKind.MALFORMED, "a resource whose name stands twice", line=line)
        else:
            self._resources.append((*name, source, block))

    def _module(self, source: Source, block: Node, body: Node | None) -> None:
        node = _attribute(source, body, "source")
        where = self.evaluator.value(source, node, {}) if node is not None else None
        if not isinstance(where, str) or not where.startswith(("./", "../")):
            line = block.start_point[0] + 1
            self._skips[source.path].add(SkipKind.UNRESOLVED, "a module that is not in the tree", line=line)

    def lookup(self, root: str, name: str) -> Any:
        """``var.name``, ``local.name`` or ``type.label``. Raises :class:`UndecidedError`."""
        if root == "var":
            held = self._given.get(name) or self._variables.get(name)
        elif root == "local":
            held = self._locals.get(name)
        else:
            return self._attributes(root, name)
        if held is None:
            raise UndecidedError(f"{root}.{name}")
        return self.evaluator.lazy(held)

    def _attributes(self, kind: str, label: str) -> dict[str, Any]:
        """What a file says of a resource that another one refers to; what Azure adds (``id``) is not known."""
        found = self._blocks.get((kind, label))
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

    def _objects(self) -> list[Object]:
        """Every Azure resource of the folder."""
        members: list[Member] = []
        for path in self.contents:
            missing: dict[str, int] = {}
            own: list[Member] = []
            self._guarded(path, self._members, path, own, missing)
            members += own
            for kind, line in missing.items():
                self._skips[path].add(SkipKind.UNSUPPORTED, f"no mapping for {kind[:80]}", line=line)
        handed = dict(self._handed)
        if not self._is_root:
            handed = dict.fromkeys(self._exported, "an output") | handed
        for path in (*self._errors, *sorted(self.left)[:1]):  # it may hold what completes any of them
            handed |= {f"{kind}.{label}": f"{path}, which is not read," for kind, label in self._blocks}
        return joined(members, handed)

    def _members(self, path: str, members: list[Member], missing: dict[str, int]) -> None:
        for kind, label, source, block in self._resources:
            if source.path != path or not kind.startswith(("azurerm_", "azapi_")):
                continue
            for resource in self._instances(source, block, kind, label):
                made = members_of(resource)
                if not made:
                    missing.setdefault(kind, block.start_point[0] + 1)
                    continue
                if len(members) + len(made) > MAX_OBJECTS:
                    self._skips[path].add(SkipKind.LIMIT, f"more than {MAX_OBJECTS} resources")
                    return
                members += made

    def _instances(self, source: Source, block: Node, kind: str, label: str) -> Iterator[Resource]:
        _, _, body = _parts(source, block)
        line = block.start_point[0] + 1
        for suffix, names, undecided in self._repeats(source, body):
            lines: dict[str, int] = {"": line}
            arguments = self._block(source, body, names, "", lines, 0)
            address = f"{kind}.{label}{suffix}"
            yield Resource(kind, address, arguments, source.path, _Lines(lines), count=undecided)

    def _repeats(self, source: Source, body: Node | None) -> Iterator[tuple[str, dict[str, Any], str]]:
        """Suffix of the address, names that are known within, and what decides the number where that is not known."""
        count, each = _attribute(source, body, "count"), _attribute(source, body, "for_each")
        if count is not None:
            number = self.evaluator.value(source, count, {})
            if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MAX_INSTANCES:
                yield from ((f"[{at}]", {"count": {"index": at}}, "") for at in range(number))
                return
        elif each is not None:
            over = self.evaluator.value(source, each, {})
            if isinstance(over, dict | list) and len(over) <= MAX_INSTANCES:
                pairs = over.items() if isinstance(over, dict) else ((item, item) for item in over)
                yield from ((f'["{key}"]', {"each": {"key": key, "value": item}}, "") for key, item in pairs)
                return
        decides = count if count is not None else each
        yield "", {}, source.text(decides) if decides is not None else ""

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


def _names(source: Source, block: Node) -> Iterable[str]:
    """Resources that a block names."""
    found = _NAMED.findall(source.content[block.start_byte : block.end_byte])
    return (name.decode("utf-8", "replace") for name in found)


def _attribute(source: Source, body: Node | None, name: str) -> Node | None:
    for item in children(body) if body is not None else ():
        parts = children(item)
        if item.type == "attribute" and len(parts) > 1 and source.text(parts[0]) == name:
            return parts[1]
    return None
