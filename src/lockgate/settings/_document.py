"""One small YAML document as values that know their lines.

Built from parse events with a stack of our own: no anchors, aliases, tags, repeated keys or second documents, bounded
depth and size. Plain scalars follow the core schema of YAML 1.2, so ``yes`` is a word and only ``true`` is true.
"""

from __future__ import annotations

from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.lazy_pattern import lazy_pattern

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 20

_INTEGER = lazy_pattern(r"[-+]?[0-9]{1,18}\Z")
_FLOAT = lazy_pattern(r"[-+]?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][-+]?[0-9]{1,3})?\Z")
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "~": None, "": None}


@dataclass(slots=True)
class Value:
    """A scalar, a list of ``Value`` or a dict of ``Value`` by key, and the line (from 1) where it begins."""

    data: Any
    line: int


def read_document(content: bytes, where: str) -> Value:
    """The only document of ``content``; an empty file is an empty mapping. Raises ``ConfigurationError``."""
    import yaml  # a run without a settings file does not pay for it

    if len(content) > MAX_BYTES:
        raise ConfigurationError(f"the file is larger than {MAX_BYTES} bytes", where=where)
    builder = _Builder(where)
    try:
        for event in yaml.parse(content, Loader=yaml.CSafeLoader):
            builder.take(type(event).__name__, event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{where}:{mark.line + 1}" if mark else where
        raise ConfigurationError(f"not valid YAML: {error.problem or error.context}", where=place) from None
    except (yaml.YAMLError, UnicodeError):
        raise ConfigurationError("not valid YAML: the file is not UTF-8 text", where=where) from None
    return builder.root or Value({}, 1)


class _Builder:
    def __init__(self, where: str) -> None:
        self.root: Value | None = None
        self._where = where
        self._open: list[Value] = []
        self._keys: list[str | None] = []

    def take(self, kind: str, event: Any) -> None:
        """Add one event."""
        line = event.start_mark.line + 1
        if kind == "AliasEvent" or getattr(event, "anchor", None) or getattr(event, "tag", None) not in (None, "!"):
            raise self._error("anchors, aliases and tags are not used here", line, "write the value out")
        if kind == "ScalarEvent":
            self._scalar(event, line)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._start({} if kind == "MappingStartEvent" else [], line)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._open.pop()
            self._keys.pop()
        elif kind == "DocumentStartEvent" and self.root is not None:
            raise self._error("a second document", line, "keep one document in the file")

    def _start(self, data: Any, line: int) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise self._error(f"nested deeper than {MAX_DEPTH} levels", line)
        value = Value(data, line)
        self._add(value)
        self._open.append(value)
        self._keys.append(None)

    def _scalar(self, event: Any, line: int) -> None:
        expects_key = self._open and isinstance(self._open[-1].data, dict) and self._keys[-1] is None
        if not expects_key:
            self._add(Value(_plain(event.value) if event.implicit[0] else event.value, line))
        elif event.value in self._open[-1].data:
            raise self._error("a key stands twice", line)
        else:
            self._keys[-1] = event.value

    def _add(self, value: Value) -> None:
        if not self._open:
            self.root = value
            return
        parent = self._open[-1].data
        if isinstance(parent, list):
            parent.append(value)
            return
        key = self._keys[-1]
        if key is None:
            raise self._error("a key that is itself a collection", value.line)
        parent[key] = value
        self._keys[-1] = None

    def _error(self, message: str, line: int, hint: str = "") -> ConfigurationError:
        return ConfigurationError(message, where=f"{self._where}:{line}", hint=hint)


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text
