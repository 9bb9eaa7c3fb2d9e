"""Files and folders of policies: manifests with their places, and a stamp that changes when any of them does.

Reads ``.yaml``, ``.yml`` and ``.json``; names that begin with a dot are passed over (a ConfigMap that is mounted keeps
its versions there). What cannot be read is a problem, for a policy that is left out would judge nothing in silence.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats.azure_policy import sort_of

MAX_BYTES = 4 * 1024 * 1024
"""Of one file; a ConfigMap holds 1 MiB."""
MAX_FILES = 20_000
_SUFFIXES = (".yaml", ".yml", ".json")
Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class PolicyFiles:
    """What was read."""

    manifests: tuple[tuple[str, dict[str, Any]], ...]
    """(place, body) of what has an apiVersion and a kind, and documents of Azure Policy, in the order of the files."""
    problems: tuple[SourceError, ...]
    """Files that could not be read, with why."""


def stamp(paths: Sequence[Path]) -> Stamp:
    """Changes whenever a file below ``paths`` does, comes or goes. Costs a stat a file."""
    found = []
    for path in files(paths):
        try:
            told = path.stat()
        except OSError:
            continue  # it went meanwhile, which changes the stamp as well
        found.append((str(path), told.st_ino, told.st_mtime_ns, told.st_size))
    return tuple(found)


def read(paths: Sequence[Path]) -> PolicyFiles:
    """Every manifest below ``paths``. Raises ``SourceError`` for a path that is not there."""
    for path in paths:
        if not path.exists():
            raise SourceError("there is no such file or folder of policies", where=str(path))
    manifests: list[tuple[str, dict[str, Any]]] = []
    problems: list[SourceError] = []
    for number, path in enumerate(files(paths)):
        if number == MAX_FILES:
            problems.append(SourceError(f"more than {MAX_FILES:,} files of policies", where=str(path)))
            break
        try:
            manifests += [(str(path), body) for body in _bodies(path)]
        except SourceError as error:
            problems.append(error)
    return PolicyFiles(tuple(manifests), tuple(problems))


def files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files of policies below ``paths``, sorted within each; a path that is a file is taken whatever its name."""
    for path in paths:
        if path.is_file():
            yield path
            continue
        for folder, names, held in os.walk(path):
            names[:] = sorted(name for name in names if not name.startswith("."))
            for name in sorted(held):
                if name.endswith(_SUFFIXES) and not name.startswith("."):
                    yield Path(folder, name)


def bodies_of(name: str, content: bytes) -> Iterator[dict[str, Any]]:
    """The manifests of one file; nothing for a name of another kind. Raises ``SourceError`` with the line."""
    if name.endswith(_SUFFIXES):
        yield from _parsed(name, content)


def _bodies(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=str(path)) from None
    yield from _parsed(str(path), content)


def _parsed(name: str, content: bytes) -> Iterator[dict[str, Any]]:
    from lockgate.formats import json_safe
    from lockgate.formats.yaml_safe import FormatError, load_all

    try:
        if name.endswith(".json"):
            documents = [json_safe.load(content, max_bytes=MAX_BYTES)]
        else:
            documents = load_all(content, max_bytes=MAX_BYTES)
    except FormatError as error:
        line = getattr(error, "line", 0)
        raise SourceError(str(error), where=f"{name}:{line}" if line else name) from None
    for body in documents:
        yield from _listed(body)


def _listed(body: Any) -> Iterator[dict[str, Any]]:
    if isinstance(body, list):  # as ``az policy assignment list`` prints it
        yield from (one for one in body if isinstance(one, dict) and sort_of(one))
    if not isinstance(body, dict):
        return
    items = body.get("items")
    if body.get("kind") == "List" and isinstance(items, list):
        yield from (one for one in items if isinstance(one, dict) and one.get("kind"))
    elif (body.get("apiVersion") and body.get("kind")) or sort_of(body):
        yield body
