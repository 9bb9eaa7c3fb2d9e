"""Kubernetes manifests: YAML streams, JSON and lists, recognised by what they say and not by where they stand.

A file is split at ``---`` lines before anything is parsed, as ``kubectl`` does, so a document that is broken costs only
itself. Lines are worked out when somebody asks for one, since most objects give no finding. What does not belong: what
an object means, and the files of kustomize and helm, which are not manifests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe, yaml_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.manifests import _block
from lockgate.formats.manifests._go_yaml import line_of, value_of
from lockgate.formats.objects import Reading, Skips, parts_of
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Object, SkipKind

MAX_BYTES = 16 * 1024 * 1024
MAX_NODES = 2_000_000
"""Nodes of all documents of a file, each alias counted as often as it is used."""
MAX_OBJECTS = 50_000
CHART_TEMPLATE = "a template of a chart: only helm can fill it in"
"""The reason of the Skip for a file that :func:`read` leaves to who renders charts."""

_SUFFIXES = (".yaml", ".yml", ".json")
_SEPARATOR = lazy_pattern(rb"(?m)^---(?=[ \t\r\n]|\Z)")
_HEAD = lazy_pattern(rb"(?m)^(?:\s*+(?:#[^\n]*+|%[^\n]*+)?+(?:\n|\Z))*+\Z")
_LOOKS = lazy_pattern(rb"(?m)^\{?(?:apiVersion|kind)[ \t]*+:|[{,\s]\"(?:apiVersion|kind)\"\s*+:")
"""Whether what could not be parsed was meant as a manifest."""
_TOOLS = ("kustomize.config.k8s.io/", "skaffold/")
"""API groups of files that programs on a developer's machine read; no cluster ever holds them."""


def wants(path: str) -> bool:
    """Whether the file may hold manifests. Cheap: asked for every file."""
    return path.endswith(_SUFFIXES)


def read(path: str, content: bytes, *, rendered: bool = False) -> Reading:
    """Every object of the file. Never raises; what is not a manifest at all gives nothing, not even a Skip.

    ``rendered``: a program has filled in the templates, so braces are text.
    """
    if b"apiVersion" not in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Reading()
    skips = Skips(path)
    if len(content) > MAX_BYTES:
        skips.add(SkipKind.TOO_LARGE, f"larger than {MAX_BYTES} bytes")
        return Reading((), skips.settled())
    content = _utf8(content)
    if not rendered and b"{{" in content and "templates" in path.split("/")[:-1]:
        skips.add(SkipKind.UNRESOLVED, CHART_TEMPLATE)
        return Reading((), skips.settled(), template=True)
    work = _Work(path, skips)
    if content.lstrip()[:1] in (b"{", b"[") and work.json(content):
        return work.reading()
    for chunk, before in _documents(content):
        work.yaml(chunk, before)
    return work.reading()


def values_of(content: bytes) -> list[Any]:
    """The JSON values of every document, as Kubernetes reads YAML: for patches. Raises :class:`FormatError`."""
    roots = yaml_safe.compose_all(content, max_bytes=MAX_BYTES)
    if sum(root.size for root in roots) > MAX_NODES:
        raise FormatError(f"more than {MAX_NODES} nodes", kind=SkipKind.TOO_LARGE)
    return [value for value in (value_of(root)[0] for root in roots) if value is not None]


@dataclass(slots=True)
class _Document:
    """Where one document stands; what libyaml read is parsed again when the first line is asked for."""

    text: bytes
    index: int
    """Which document of ``text``, since ``...`` ends one as well."""
    before: int
    """Lines above ``text``."""
    json: bool = False
    block: _block.Block | None = None
    """What ``_block`` read, where it did."""
    _root: Any = None

    def line(self, pointer: str) -> int:
        """The line of a JSON pointer from the root of the document."""
        if self.block is not None:
            return self.block.line_of(pointer) + self.before
        parts = parts_of(pointer)
        if self.json:
            return self._json_line(tuple(parts))
        if self._root is None:
            self._root = yaml_safe.compose_all(self.text)[self.index]
        return line_of(self._root, parts) + self.before

    def _json_line(self, parts: tuple[str, ...]) -> int:
        if self._root is None:
            lines = json_safe.key_lines(self.text)
            self._root = {tuple(map(str, path)): line for path, line in lines.items()}
        while parts:
            if parts in self._root:
                return int(self._root[parts])
            parts = parts[:-1]
        return _first_line(self.text)


@dataclass(slots=True)
class _Work:
    path: str
    skips: Skips
    objects: list[Object] = field(default_factory=list)
    template: bool = False
    nodes: int = 0
    broken: list[FormatError] = field(default_factory=list)
    """What could not be read and does not itself say that it is a manifest."""

    def reading(self) -> Reading:
        """All of it. Broken documents count when a neighbour shows that this is a file of manifests."""
        if self.objects:
            for error in self.broken:
                self.skips.add(error.kind, error.reason, line=error.line)
        return Reading(tuple(self.objects), self.skips.settled(), self.template)

    def json(self, content: bytes) -> bool:
        """Read one JSON document; False when it is not JSON (it may still be YAML in flow style)."""
        text = content.removeprefix(b"\xef\xbb\xbf")
        try:
            value = json_safe.load(text, unique_keys=True)
        except FormatError as error:
            if error.kind is SkipKind.TOO_LARGE and _LOOKS.search(text):
                self.skips.add(error.kind, error.reason, line=error.line)
                return True
            if "twice" not in error.reason:
                return False
            value = json_safe.load(text)
            if _is_object(value):
                self._repeated(error.line)
        self._take(value, _Document(text, 0, 0, json=True))
        return True

    def yaml(self, chunk: bytes, before: int) -> None:
        """Read the documents of one stretch between separators."""
        if b"apiVersion" not in chunk and b"kind" not in chunk:
            return
        block = _block.read(chunk)
        try:
            roots = yaml_safe.compose_all(chunk, max_bytes=MAX_BYTES) if block is None else []
            self.nodes += sum(root.size for root in roots) if block is None else block.nodes
            if self.nodes > MAX_NODES:
                raise FormatError(f"more than {MAX_NODES} nodes", kind=SkipKind.TOO_LARGE)
            if block is not None:
                self._take(block.value, _Document(chunk, 0, before, block=block))
            for index, root in enumerate(roots):
                if root.is_mapping or root.is_sequence:
                    value, repeated = value_of(root)
                    self._take(value, _Document(chunk, index, before))
                    if repeated and _is_object(value):
                        self._repeated(repeated[0] + before)
        except FormatError as error:
            self._refused(chunk, before, error)

    def _refused(self, chunk: bytes, before: int, error: FormatError) -> None:
        line = (error.line or _first_line(chunk)) + before
        if b"{{" in chunk and error.kind is not SkipKind.TOO_LARGE:
            if _LOOKS.search(chunk):
                self.template = True
                self.skips.add(SkipKind.UNRESOLVED, "a template, not YAML: only helm can fill it in", line=line)
        elif _LOOKS.search(chunk):
            self.skips.add(error.kind, error.reason, line=line)
        else:
            self.broken.append(FormatError(error.reason, line, kind=error.kind))

    def _repeated(self, line: int) -> None:
        self.skips.add(SkipKind.MALFORMED, "a key stands twice in one mapping: the last one counts", line=line)

    def _take(self, value: Any, document: _Document) -> None:
        """Turn a document into objects; lists are taken apart in a loop, since they can nest."""
        waiting: list[tuple[Any, str]] = [(value, "")]
        if isinstance(value, list):  # kubectl refuses a bare array, but nothing in it may hide there
            waiting = [(item, f"/{number}") for number, item in reversed(list(enumerate(value)))]
        while waiting:
            item, prefix = waiting.pop()
            if not isinstance(item, dict):
                continue
            if not _is_object(item):
                if isinstance(item.get("kind"), str) and isinstance(item.get("metadata"), dict):
                    line = document.line(prefix)
                    self.skips.add(SkipKind.MALFORMED, "a kind without an apiVersion", line=line)
                continue
            members = item.get("items")
            if item["kind"].endswith("List") and isinstance(members, list):
                waiting.extend(
                    (_member(item, member), f"{prefix}/items/{number}")
                    for number, member in reversed(list(enumerate(members)))
                )
            elif len(self.objects) >= MAX_OBJECTS:
                self.skips.add(SkipKind.LIMIT, f"more than {MAX_OBJECTS} objects")
                return
            elif not item["apiVersion"].startswith(_TOOLS):
                self.objects.append(Object("kubernetes", item, self.path, _Lines(document, prefix)))


@dataclass(frozen=True, slots=True)
class _Lines:
    """``line_of`` of one object: the lines of its document, from where the object begins."""

    document: _Document
    prefix: str

    def __call__(self, pointer: str) -> int:
        document = self.document
        block = document.block
        if block is not None:
            return block.line_of(self.prefix + pointer) + document.before
        return document.line(self.prefix + pointer)


def _is_object(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    version, kind = value.get("apiVersion"), value.get("kind")
    return isinstance(version, str) and isinstance(kind, str) and bool(version) and bool(kind)


def _member(listing: dict[str, Any], member: Any) -> Any:
    """A member of a list; one of a typed list (``PodList``) need not repeat what it is."""
    kind = listing["kind"].removesuffix("List")
    if not isinstance(member, dict) or not kind or ("kind" in member and "apiVersion" in member):
        return member
    return {"apiVersion": listing["apiVersion"], "kind": kind, **member}


def _documents(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Stretches between separator lines, and how many lines stand above each. Comments alone are passed over."""
    start, line = 0, 0
    cuts = [match.start() for match in _SEPARATOR.finditer(content)]
    for end in [*cuts, len(content)]:
        chunk = content[start:end]
        if chunk and not _HEAD.match(chunk.removeprefix(b"---")):
            yield chunk, line
        line += chunk.count(b"\n")
        start = end


def _first_line(chunk: bytes) -> int:
    """The first line of a stretch that holds anything but its separator."""
    body = chunk.removeprefix(b"---")
    return 1 + body[: len(body) - len(body.lstrip())].count(b"\n")


def _utf8(content: bytes) -> bytes:
    """YAML and JSON may stand in UTF-16 with a mark; the separators are looked for in UTF-8."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace").encode()
    return content
