"""A document cut down to what a policy reads of it, as bytes: two documents with the same bytes get the same verdict.

The cutting is Python code that is written for each list of reads, once, since every review goes through it. A cut
keeps the form of the document: of an object the keys that are read, of a list its members or nothing, of a scalar the
scalar. What does not belong: how the reads are found (``reads``), and what is kept by the bytes.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from types import CodeType, FunctionType
from typing import Any, Final, TypeAlias

import orjson

from lockgate.policy.reads import ANY, ITEM, KEYS, Read

_LONGEST: Final = 600
"""Bytes of a value that stand for themselves; of longer ones a digest does."""
_MAX_READS: Final = 400
"""Reads past which the code would be longer than what it saves."""
_Tree: TypeAlias = "dict[str | None, Any] | None"
"""Keys with the tree below; None where the whole is read."""


class View:
    """What a policy sees of a document."""

    __slots__ = ("_cut", "code")

    def __init__(self, code: CodeType) -> None:
        """``code`` is that of :func:`view_of`, perhaps from a cache that only the user can write."""
        self.code = code
        self._cut: Callable[[Any], Any] = FunctionType(code, _GLOBALS)

    def digest(self, document: Mapping[str, Any]) -> bytes | None:
        """Bytes that are the same only for documents that are the same where they are read; None when the document
        holds what is no JSON."""
        return exact(self._cut(document))


def exact(value: Any) -> bytes | None:
    """Bytes that are the same only for values that are the same, and seldom others for the same: their text, or a
    digest of a long one. None for what is no JSON."""
    try:
        text = orjson.dumps(value)
        if b"null" in text:  # which also stands for a number that is none
            text = b"m" + marshal.dumps(value, 2)
    except (TypeError, ValueError):
        return None
    # What the encoder gives holds on to a kilobyte or more, however short it is; the sum of two takes what it needs.
    return b"j" + text if len(text) <= _LONGEST else b"d" + blake2b(text, digest_size=32).digest()


def view_of(reads: Iterable[Read]) -> View | None:
    """The view of a policy that reads this; None when it reads too many things."""
    every = sorted(reads, key=lambda read: len(read[0]))
    if len(every) > _MAX_READS:
        return None
    tree: _Tree = {}
    for path, whole in every:  # who asks for keys alone, or for members of a list alone, is shown somewhat more
        tree = _with(tree, tuple(ANY if key in (KEYS, ITEM) else key for key in path), whole)
    source = "\n".join(("def cut(v0):", *_Writer().cut("v0", "r0", _settled(tree), " "), " return r0", ""))
    module = compile(source, "<view>", "exec", dont_inherit=True, optimize=2)
    (code,) = (constant for constant in module.co_consts if isinstance(constant, CodeType))
    return View(code)


_MISSING: Final = object()
_GLOBALS: Final[dict[str, Any]] = {"M": _MISSING, "dict": dict, "list": list, "__builtins__": {}}


def _with(tree: _Tree, path: tuple[str | None, ...], whole: bool) -> _Tree:
    if tree is None:
        return None
    if not path:
        return None if whole else tree
    tree[path[0]] = _with(tree.get(path[0], {}), path[1:], whole)
    return tree


def _settled(tree: _Tree) -> _Tree:
    """What holds for any member holds for the named ones too."""
    if tree is None:
        return None
    general = tree.get(ANY, {})
    return {
        key: _settled(below if key is ANY or ANY not in tree else _both(below, general)) for key, below in tree.items()
    }


def _both(one: _Tree, two: _Tree) -> _Tree:
    if one is None or two is None:
        return None
    return {key: _both(one.get(key, {}), two.get(key, {})) for key in one.keys() | two.keys()}


class _Writer:
    """Writes one function. Only ``repr`` of a key ever reaches the text."""

    def __init__(self) -> None:
        self._names = 0

    def _name(self, letter: str) -> str:
        self._names += 1
        return f"{letter}{self._names}"

    def cut(self, value: str, result: str, tree: _Tree, indent: str) -> list[str]:
        """Lines that put the cut of a value into ``result``."""
        if tree is None:
            return [f"{indent}{result} = {value}"]
        deeper = f"{indent} "
        if ANY in tree:
            return [
                f"{indent}if {value}.__class__ is dict:", *self._members(value, result, tree, deeper),
                f"{indent}elif {value}.__class__ is list:", *self._items(value, result, tree[ANY], deeper),
                f"{indent}else: {result} = {value}",
            ]  # fmt: skip
        lines = [f"{indent}if {value}.__class__ is dict:", f"{deeper}{result} = {{}}"]
        for key, below in tree.items():
            lines += self._field(value, result, key, below, deeper)
        # An empty list stands for every list, so one with a member is free to stand for null, which JSON has but once.
        lines.append(
            f"{indent}else: {result} = [] if {value}.__class__ is list else {value} if {value} is not None else [0]"
        )
        return lines

    def _field(self, value: str, result: str, key: str | None, below: _Tree, indent: str) -> list[str]:
        name, deeper = self._name("v"), f"{indent} "
        lines = [f"{indent}{name} = {value}.get({key!r}, M)", f"{indent}if {name} is not M:"]
        if below is None:
            return [*lines, f"{deeper}{result}[{key!r}] = {name}"]
        inner = self._name("r")
        return [*lines, *self.cut(name, inner, below, deeper), f"{deeper}{result}[{key!r}] = {inner}"]

    def _members(self, value: str, result: str, tree: dict[str | None, Any], indent: str) -> list[str]:
        key, name, inner, deeper = self._name("k"), self._name("v"), self._name("r"), f"{indent} "
        lines = [f"{indent}{result} = {{}}", f"{indent}for {key}, {name} in {value}.items():"]
        branch = "if"
        for known, below in tree.items():
            if known is not ANY:
                lines.append(f"{deeper}{branch} {key} == {known!r}:")
                lines += self.cut(name, inner, below, f"{deeper} ")
                branch = "elif"
        if branch == "elif":
            lines += [f"{deeper}else:", *self.cut(name, inner, tree[ANY], f"{deeper} ")]
        else:
            lines += self.cut(name, inner, tree[ANY], deeper)
        return [*lines, f"{deeper}{result}[{key}] = {inner}"]

    def _items(self, value: str, result: str, below: _Tree, indent: str) -> list[str]:
        if below is None:
            return [f"{indent}{result} = {value}"]
        name, inner, deeper = self._name("v"), self._name("r"), f"{indent} "
        return [
            f"{indent}{result} = []", f"{indent}for {name} in {value}:", *self.cut(name, inner, below, deeper),
            f"{deeper}{result}.append({inner})",
        ]  # fmt: skip
