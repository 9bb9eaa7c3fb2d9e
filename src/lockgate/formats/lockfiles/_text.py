"""Doors for the text of a lock file: UTF-8, TOML, XML and endings, all with one typed error."""

from __future__ import annotations

import re
from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.formats.toml_bounds import too_dotted
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import SkipKind

MAX_TOML_BYTES = 16 * 1024 * 1024
MAX_XML_BYTES = 16 * 1024 * 1024
MAX_XML_DEPTH = 100
_CONFLICT = lazy_pattern(rb"(?m)^(?:<<<<<<< |>>>>>>> |\|\|\|\|\|\|\| )")


def conflict_line(content: bytes) -> int:
    """Line (from 1) of the first merge conflict marker, or 0."""
    if b"<<<<<<< " not in content and b">>>>>>> " not in content:
        return 0
    match = _CONFLICT.search(content)
    return content.count(b"\n", 0, match.start()) + 1 if match else 0


def decode(content: bytes) -> str:
    """The text, without byte order mark and with ``\\n`` line ends. Raises :class:`FormatError`.

    UTF-16 is known by its mark: Windows PowerShell writes ``pip freeze > requirements.txt`` so, and pip reads it.
    """
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError("not UTF-8", content.count(b"\n", 0, error.start) + 1) from None
    if "\0" in text:
        raise FormatError("holds a NUL character", text.count("\n", 0, text.index("\0")) + 1)
    return text.replace("\r\n", "\n")


def ends_mid_line(content: bytes) -> bool:
    """Whether the last line has no end: every tool that writes such a lock ends its last line."""
    return not content.endswith(b"\n")


def load_toml(content: bytes) -> dict[str, Any]:
    """The tables of a TOML text. Raises :class:`FormatError`, and nothing else."""
    import tomllib

    if len(content) > MAX_TOML_BYTES:
        raise FormatError(f"larger than {MAX_TOML_BYTES} bytes", kind=SkipKind.TOO_LARGE)
    if too_dotted(content):
        raise FormatError("names of too many parts", kind=SkipKind.TOO_LARGE)
    try:
        return tomllib.loads(decode(content))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d{1,9})", str(error))
        raise FormatError("not TOML", int(line.group(1)) if line else decode(content).count("\n") + 1) from None
    except RecursionError:
        raise FormatError("nested too deeply", kind=SkipKind.TOO_LARGE) from None
    except ValueError as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError("not TOML: a value out of range") from None


def table_lines(content: bytes, name: str) -> list[int]:
    """Lines (from 1) of the ``[[name]]`` headers, in order."""
    header = f"[[{name}]]".encode()
    return [number for number, line in enumerate(content.split(b"\n"), 1) if line.strip() == header]


class XmlNode:
    """An element without its namespace; ``text`` is stripped, ``line`` counts from 1."""

    __slots__ = ("attributes", "children", "line", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str], line: int) -> None:
        self.tag = tag
        self.attributes = attributes
        self.line = line
        self.text = ""
        self.children: list[XmlNode] = []

    def child(self, tag: str) -> XmlNode | None:
        """The first child of that name."""
        return next((child for child in self.children if child.tag == tag), None)

    def value(self, tag: str) -> str:
        """The text of the first child of that name, or an empty string."""
        found = self.child(tag)
        return found.text if found else ""

    def all(self, *path: str) -> list[XmlNode]:
        """The descendants along a path of names."""
        level = [self]
        for tag in path:
            level = [child for node in level for child in node.children if child.tag == tag]
        return level


def load_xml(content: bytes) -> XmlNode:
    """The root element. A document type, and with it every entity, is refused. Raises :class:`FormatError` only."""
    from xml.parsers import expat

    if len(content) > MAX_XML_BYTES:
        raise FormatError(f"larger than {MAX_XML_BYTES} bytes", kind=SkipKind.TOO_LARGE)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    root = XmlNode("", {}, 0)
    stack = [root]
    texts: list[list[str]] = [[]]

    def start(tag: str, attributes: dict[str, str]) -> None:
        line = parser.CurrentLineNumber
        if len(stack) > MAX_XML_DEPTH:
            raise FormatError(f"nested deeper than {MAX_XML_DEPTH} levels", line, kind=SkipKind.TOO_LARGE)
        node = XmlNode(tag.rpartition(":")[2], attributes, line)
        stack[-1].children.append(node)
        stack.append(node)
        texts.append([])

    def end(_: str) -> None:
        stack.pop().text = "".join(texts.pop()).strip()

    def doctype(*_: object) -> None:
        raise FormatError("has a document type, which is not read", kind=SkipKind.UNSUPPORTED)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda data: texts[-1].append(data)
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise FormatError("not XML", error.lineno) from None
    except (ValueError, LookupError) as error:  # an encoding that does not exist
        if isinstance(error, FormatError):
            raise
        raise FormatError("not XML: unknown encoding") from None
    return root.children[0]
