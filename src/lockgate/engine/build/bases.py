"""What a Dockerfile builds on, pinned: each base by the digest that its tag has now, so that what is said holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError, UsageError
from lockgate.formats import dockerfile
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import references
from lockgate.formats.oci.references import Reference

DigestOf = Callable[[Reference], str]
"""The digest of a name in its registry; raises ``LockgateError`` where it does not answer."""


@dataclass(frozen=True, slots=True)
class Bases:
    """A Dockerfile, and what it stands on."""

    text: str
    """Of the Dockerfile, with each base by its digest."""
    named: tuple[tuple[Reference, str], ...]
    """Every image that a stage begins with, as it was written, and its digest; empty where that is not known."""
    last: tuple[Reference, str] | None
    """What the image itself stands on; None for ``scratch``, and where variables name it."""
    notices: tuple[str, ...] = ()
    """What could not be pinned."""


def pinned(path: Path, digest_of: DigestOf) -> Bases:
    """The Dockerfile in ``path``. Raises ``UsageError`` where there is none, or it has no stage."""
    try:
        content = path.read_bytes()[: dockerfile.MAX_BYTES + 1]
    except OSError as error:
        raise UsageError(error.strerror or "cannot be read", where=str(path), hint="name it by --file") from None
    read = dockerfile.parse(content)
    if not read.stages:
        raise UsageError("no Dockerfile: it has no FROM", where=str(path))
    lines = content.decode("utf-8", "replace").split("\n")
    found: dict[str, tuple[Reference, str]] = {}
    notices = []
    for stage in read.stages:
        if stage.parent is not None or stage.base == "scratch":
            continue
        line, one = stage.opening.line, _reference(stage.base)
        if one is None or stage.base not in lines[line - 1]:
            notices.append(f"line {line}: variables name the base, so that its digest is not known")
            continue
        digest = one.digest
        if not digest:
            try:
                digest = digest_of(one)
            except LockgateError as error:
                notices.append(f"line {line}: {stage.base} is not pinned: {error}")
            else:
                pin = f"{one.name}{f':{one.tag}' if one.tag else ''}@{digest}"
                lines[line - 1] = lines[line - 1].replace(stage.base, pin, 1)
        found[stage.base] = (one, digest)
    stage = read.stages[-1]
    while stage.parent is not None:
        stage = read.stages[stage.parent]
    return Bases("\n".join(lines), tuple(found.values()), found.get(stage.base), tuple(notices))


def _reference(text: str) -> Reference | None:
    try:
        return references.parse(text)
    except FormatError:
        return None
