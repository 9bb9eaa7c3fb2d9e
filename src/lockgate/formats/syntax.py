"""Syntax trees of Bicep and HCL through tree-sitter, within bounds.

tree-sitter mends what it cannot parse, and on hostile text the mending takes time quadratic in its length; a parse is
therefore stopped by the processor time it has used. The grammars are imported when the first file is parsed.
"""

from __future__ import annotations

import time
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from lockgate.formats.format_error import FormatError
from lockgate.model import SkipKind

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Point

MAX_SECONDS = 3.0
"""Processor seconds of one parse; a megabyte of sound text takes less than one."""
_PIECE = 65_536


@cache
def _parser(language: str) -> Parser:
    import tree_sitter

    grammar = import_module(f"tree_sitter_{language}")
    return tree_sitter.Parser(tree_sitter.Language(grammar.language()))


def parse(language: str, content: bytes) -> Node:
    """The root node of ``bicep`` or ``hcl`` text. Raises :class:`FormatError` when it takes too long."""

    def piece(offset: int, _: Point) -> bytes:
        return content[offset : offset + _PIECE]

    def is_late(_: int, __: bool) -> bool:
        return time.thread_time() > deadline

    parser = _parser(language)
    deadline = time.thread_time() + MAX_SECONDS
    try:
        return parser.parse(piece, progress_callback=is_late).root_node
    except ValueError:
        raise FormatError("its syntax takes too long to mend", kind=SkipKind.LIMIT) from None
    finally:
        parser.reset()


def error_line(node: Node) -> int:
    """The line, from 1, of the first error below a node."""
    while node.type != "ERROR":
        inner = next((child for child in node.children if child.has_error or child.is_missing), None)
        if inner is None:
            break
        node = inner
    return int(node.start_point[0]) + 1
