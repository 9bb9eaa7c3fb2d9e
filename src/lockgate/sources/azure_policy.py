"""Documents of Azure Policy from files: what Azure exports in JSON, ARM templates, Bicep and Terraform.

Exports are what ``az policy exemption list`` and its kin print, and what Resource Manager answers: one document, a
list, or ``value`` with a list. What a template leaves to its deployment is a Skip where it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lockgate.errors import SourceError
from lockgate.formats import azure, json_safe
from lockgate.formats.azure_policy import Document, sort_of
from lockgate.formats.format_error import FormatError
from lockgate.model import Family, Object, Skip, SkipKind

MAX_BYTES = 16 * 1024 * 1024
MAX_FILES = 20_000
_SUFFIXES = (".json", ".bicep", ".tf")
_EXEMPTIONS = "microsoft.authorization/policyexemptions"
_NEEDED = ("/scope", "/properties/policyAssignmentId", "/properties/exemptionCategory", "/properties/expiresOn",
           "/properties/policyDefinitionReferenceIds", "/properties/resourceSelectors")  # fmt: skip


def read(paths: Sequence[Path]) -> Iterator[Document | Skip]:
    """Every document of Azure Policy below ``paths``. Raises ``SourceError`` for a path that is not there."""
    for path in paths:
        if not path.exists():
            raise SourceError("there is no such file or folder of exemptions", where=str(path))
        top = path if path.is_dir() else path.parent
        reader = azure.Reader(partial(_sibling, top), partial(_below, top))
        for number, file in enumerate(_files(path)):
            if number == MAX_FILES:
                yield Skip(str(path), SkipKind.LIMIT, f"more than {MAX_FILES:,} files of exemptions", Family.POLICY)
                break
            yield from _documents(file, file.relative_to(top).as_posix(), reader)


def _documents(file: Path, name: str, reader: azure.Reader) -> Iterator[Document | Skip]:
    content = _content(file)
    if content is None:
        yield Skip(str(file), SkipKind.UNREADABLE, "cannot be read, or is too large", Family.POLICY)
        return
    reading = reader.read(name, content)
    for one in reading.objects:
        if str(one.body.get("type")).lower() == _EXEMPTIONS:
            yield _declared(one, str(file))
    if reading.objects or reading.skips or not name.endswith(".json"):
        yield from (Skip(str(file), one.kind, one.reason, Family.POLICY, one.line) for one in reading.skips)
        return
    try:
        value = json_safe.load(content, max_bytes=MAX_BYTES)
    except FormatError as error:
        yield Skip(str(file), error.kind, error.reason, Family.POLICY, error.line)
        return
    held = value.get("value") if isinstance(value, dict) and isinstance(value.get("value"), list) else value
    for body in held if isinstance(held, list) else [held]:
        if isinstance(body, dict) and sort_of(body):
            yield Document(str(file), body)


def _declared(one: Object, where: str) -> Document | Skip:
    """An exemption that a template, Bicep or Terraform makes."""
    hidden = next((place for place in _NEEDED if not one.knows(place)), "")
    if hidden:
        named = f"the exemption {one.body.get('name')} counts for nothing"
        reason = f"{named}: its {hidden.rpartition('/')[2]} is known only when it is deployed"
        return Skip(where, SkipKind.UNRESOLVED, reason, Family.POLICY, one.line_of(hidden))
    body = dict(one.body)
    scope = body.pop("scope", "")
    held = body.get("properties")
    if isinstance(held, dict) and isinstance(held.get("metadata"), str):  # Terraform hands it over as text
        body["properties"] = {**held, "metadata": _mapping(held["metadata"])}
    return Document(where, body, scope if isinstance(scope, str) else "")


def _mapping(text: str) -> dict[str, Any]:
    try:
        value = json_safe.load(text.encode("utf-8", "replace"), max_bytes=MAX_BYTES)
    except FormatError:
        return {}
    return value if isinstance(value, dict) else {}


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    yield from sorted(one for one in path.rglob("*") if one.suffix in _SUFFIXES and one.is_file())


def _content(path: Path) -> bytes | None:
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        return path.read_bytes()
    except OSError:
        return None


def _sibling(top: Path, name: str) -> bytes | None:
    return _content(top / name)


def _below(top: Path, name: str) -> tuple[str, ...]:
    return tuple(one.relative_to(top).as_posix() for one in _files(top / name)) if (top / name).is_dir() else ()
