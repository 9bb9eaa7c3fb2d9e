"""ARM templates: a JSON file whose ``$schema`` names ``deploymentTemplate.json``, and the parameters file beside it.

Comments are allowed, as Azure's own tools allow them. Resources stand in an array or, since language version 2.0, in an
object keyed by symbolic name (https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe
from lockgate.formats.azure._evaluate import Evaluator, Parameter
from lockgate.formats.azure._joins import with_children
from lockgate.formats.azure._resources import Template, scope_of, values_of
from lockgate.formats.format_error import FormatError
from lockgate.formats.objects import Reading, Sibling, Skips, parts_of
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Object, SkipKind

MAX_BYTES = 8 * 1024 * 1024
"""Azure refuses a template of more than 4 MB."""
MAX_DEPTH = 100
_SCHEMA = lazy_pattern(rb'"\$schema"\s*+:\s*+"[^"]{0,200}deployment(?:template)\.json', re.IGNORECASE)


def is_template(content: bytes) -> bool:
    """Whether a JSON file says that it is a template; cheap."""
    return _SCHEMA.search(content) is not None


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every resource of a template. Raises :class:`FormatError` when the file as a whole cannot be read."""
    skips = Skips(path)
    given, source = _parameters(path, sibling, skips)
    made = f"template {path} with {source}" if source else ""
    objects = resources(path, content, given, skips, Evaluator(), made)
    return Reading(tuple(with_children(objects)), skips.settled())


def resources(
    path: str, content: bytes, given: Mapping[str, Parameter], skips: Skips, evaluator: Evaluator, made: str
) -> list[Object]:
    """The objects of a template that is given parameters; ``made`` says by what. Raises :class:`FormatError`."""
    value, text = _load(content)
    if not isinstance(value, dict):
        return []
    level = "subscription" if "subscriptiondeployment" in str(value.get("$schema")).lower() else ""
    work = Template(path, _Document(text).line, skips, evaluator, generated_by=made, level=level)
    work.take(value, scope_of(value, given), "")
    for raw in dict.fromkeys(evaluator.malformed):
        line = 1 + text.count(b"\n", 0, max(0, text.find(raw.encode("utf-8", "replace")[:60])))
        skips.add(SkipKind.MALFORMED, "an expression that cannot be parsed", line=line, path=path)
    evaluator.malformed.clear()
    return work.objects


def _load(content: bytes) -> tuple[Any, bytes]:
    """The value and the text its positions refer to."""
    text = content.removeprefix(b"\xef\xbb\xbf")
    try:
        return json_safe.load(text, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH), text
    except FormatError as error:
        plain = json_safe.strip_comments(text)
        if plain == text or error.kind is SkipKind.TOO_LARGE:
            raise
        return json_safe.load(plain, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH), plain


def _parameters(path: str, sibling: Sibling, skips: Skips) -> tuple[dict[str, Parameter], str]:
    """What the parameters file beside a template gives, and the name of that file."""
    folder, stem = path[: path.rfind("/") + 1], path[path.rfind("/") + 1 :].rsplit(".", 1)[0]
    names = [f"{stem}.parameters.json"]
    if stem in ("template", "azuredeploy", "main", "mainTemplate"):
        names.append("parameters.json")
    for name in names:
        content = sibling(folder + name)
        if content is None:
            continue
        try:
            value, _ = _load(content)
        except FormatError as error:
            skips.add(error.kind, error.reason, line=error.line, path=folder + name)
            return {}, ""
        given = value.get("parameters") if isinstance(value, dict) else None
        if isinstance(given, dict):
            return values_of(given, None), folder + name
    return {}, ""


@dataclass(slots=True)
class _Document:
    """Lines of a JSON text, worked out when the first is asked for."""

    text: bytes
    _lines: dict[tuple[str, ...], int] | None = None

    def line(self, pointer: str) -> int:
        """The line of exactly this pointer, or 0."""
        if self._lines is None:
            lines = json_safe.key_lines(self.text)
            self._lines = {tuple(map(str, path)): line for path, line in lines.items()}
        return self._lines.get(tuple(parts_of(pointer)), 0)
