"""What is rendered, for a request: a kustomization, a chart, a folder or a file of manifests, or what a pipe brings.

Read by the readers that a check has. What could not be read is no part of the digest, so a request is refused then:
approving half of what will run is approving nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

from lockgate.errors import SourceError
from lockgate.formats import kustomize, manifests
from lockgate.formats.objects import Reading
from lockgate.model import Object

_MOST_FILES, _MOST_BYTES = 5_000, 64 * 1024 * 1024


def read(path: Path) -> tuple[Object, ...]:
    """The objects that would be applied. Raises :class:`SourceError` for what is not there or not whole."""
    if path.is_file():
        return _whole(manifests.read(path.name, _content(path), rendered=True), path)
    if not path.is_dir():
        raise SourceError("there is no such file or folder", where=str(path))
    files = _files(path)
    names = [one for one in kustomize.NAMES if one in files]
    if names:
        base = path.resolve()
        top = next((one for one in (base, *base.parents) if (one / ".git").exists()), base.parent)
        inside = (base / names[0]).relative_to(top).as_posix()
        return _whole(kustomize.read(inside, files[names[0]], lambda name: _sibling(top, name)), path)
    if "Chart.yaml" in files:
        from lockgate.sources import helm

        return _whole(_own(helm.render(".", files)), path)
    found: list[Object] = []
    for name in sorted(files):
        if manifests.wants(name):
            found += _whole(manifests.read(name, files[name]), path / name)
    return tuple(found)


def read_stream(content: bytes) -> tuple[Object, ...]:
    """The objects of what a program rendered. Raises :class:`SourceError`."""
    return _whole(manifests.read("stdin", content, rendered=True), Path("-"))


def _own(reading: Reading) -> Reading:
    """Of a chart's objects those with its own values: values of other environments are other deployments."""
    own = tuple(one for one in reading.objects if " with " not in one.generated_by)
    return Reading(own, reading.skips, reading.template)


def _whole(reading: Reading, where: Path) -> tuple[Object, ...]:
    if reading.skips:
        first = reading.skips[0]
        more = f", and {len(reading.skips) - 1} more" if len(reading.skips) > 1 else ""
        hint = "render it, and give what comes of it: helm template ... | lockgate gate request --manifests -"
        raise SourceError(f"{first.path or where} could not be read: {first.reason}{more}", where=str(where), hint=hint)
    return tuple(reading.objects)


def _files(folder: Path) -> dict[str, bytes]:
    """Every regular file below, by its path; links are not followed."""
    found: dict[str, bytes] = {}
    size = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one != ".git")
        for name in sorted(names):
            path = Path(place, name)
            if path.is_symlink() or not path.is_file():
                continue
            found[path.relative_to(folder).as_posix()] = content = _content(path)
            size += len(content)
            if len(found) > _MOST_FILES or size > _MOST_BYTES:
                raise SourceError(f"more than {_MOST_FILES} files or {_MOST_BYTES >> 20} MB", where=str(folder))
    return found


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(manifests.MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=str(path)) from None
    if len(content) > manifests.MAX_BYTES:
        raise SourceError(f"larger than {manifests.MAX_BYTES} bytes", where=str(path))
    return content


def _sibling(top: Path, name: str) -> bytes | None:
    """Another file of the tree, which no link leads out of."""
    path = (top / name).resolve()
    return _content(path) if path.is_relative_to(top) and path.is_file() else None

