"""From what a person names to the place it lies in.

A path is what lies there: a layout, an archive, the store of a runtime, or the root of a file system. ``oci:``,
``docker-archive:``, ``oci-archive:`` and ``dir:`` before it say so, as they do to skopeo. Anything else is a name in a
registry.
"""

from __future__ import annotations

from pathlib import Path

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError, UsageError
from lockgate.formats.oci.references import Reference
from lockgate.sources.image.docker_archive import DockerArchive
from lockgate.sources.image.files import Archive, Folder
from lockgate.sources.image.layout import Layout
from lockgate.sources.image.place import Place
from lockgate.sources.image.runtimes import store_in

__all__ = ["Named", "Place", "place_of"]
_TRANSPORTS = ("oci", "oci-archive", "docker-archive", "dir", "store")


@dataclass(frozen=True, slots=True)
class Named:
    """A place, and what to ask it for."""

    place: Place | None
    """None: the root of a file system, at ``root``."""
    key: str = ""
    root: Path | None = None
    reference: Reference | None = None
    """Its name in a registry."""


def place_of(text: str, *, name: str = "") -> Named | None:
    """The place on this machine that ``text`` names; None where it is a name in a registry.

    ``name``: which image of a place that holds several. Raises ``UsageError`` and ``SourceError``.
    """
    transport, colon, rest = text.partition(":")
    if colon and transport in _TRANSPORTS:
        path, _, tag = rest.rpartition(":") if not Path(rest).exists() and ":" in rest else (rest, "", "")
        return _on_disk(Path(path), name or tag, transport)
    path_like = text.startswith((".", "/", "~")) or Path(text).exists()
    return _on_disk(Path(text).expanduser(), name, "") if path_like else None


def _on_disk(path: Path, name: str, transport: str) -> Named:
    if path.is_dir():
        if transport in ("", "oci") and (path / "oci-layout").is_file() and (path / "index.json").is_file():
            return Named(Layout(Folder(path)), name)
        store = store_in(path) if transport in ("", "store") else None
        if store is not None:
            return Named(store, name)
        if transport not in ("", "dir"):
            raise SourceError("there is no layout in this folder", where=str(path), hint="it has no file oci-layout")
        return Named(None, root=path)
    if not path.is_file():
        raise UsageError("there is no such file or folder", where=str(path))
    files = Archive(path)
    if files.has("index.json") and files.has("oci-layout") and transport != "docker-archive":
        return Named(Layout(files), name)
    if files.has("manifest.json"):
        return Named(DockerArchive(files), name)
    raise SourceError("the archive holds no image", where=str(path), hint="it has neither index.json nor manifest.json")
