"""Blobs and manifests written into an OCI layout in a folder, and what in it speaks of an image.

The specification has no list of referrers for layouts. As ORAS does, a referrer stands in ``index.json`` by its digest
alone; as regctl does, an index may stand there under the tag of the distribution specification: both are read.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lockgate.errors import SourceError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import artifacts, digests, manifests
from lockgate.formats.oci.manifests import Descriptor
from lockgate.formats.oci.media_types import INDEXES, MANIFESTS
from lockgate.sources.image.place import Body

REF_NAME = "org.opencontainers.image.ref.name"


def put_blob(folder: Path, digest: str, body: Body) -> None:
    """Write a blob whole or not at all. Raises ``SourceError`` where it has another digest, or cannot be written."""
    algorithm, _, encoded = digests.checked(digest).partition(":")
    target = folder / "blobs" / algorithm
    if (target / encoded).is_file():
        return
    with _told(folder):
        target.mkdir(parents=True, exist_ok=True)
        if not target.resolve().is_relative_to(folder.resolve()):
            raise SourceError("its folder of blobs leads somewhere else", where=str(folder))
        made = digests.hasher(digest)
        with _new(target) as (stream, keep):
            for piece in body.pieces():
                made.update(piece)
                stream.write(piece)
            if made.hexdigest() != encoded:
                raise SourceError(f"the content does not have its digest {digest}", where=str(folder))
            keep(target / encoded)


def listed(folder: Path, entry: Descriptor, *, tag: str) -> None:
    """Name ``entry`` in ``index.json``: by its digest, and by ``tag`` if there is one, which it takes from another.

    Several processes may do so at once. Raises ``SourceError``.
    """
    with _told(folder), _alone(folder):
        path = folder / "index.json"
        body: dict[str, Any] = json.loads(path.read_bytes())
        entries = body.get("manifests")
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise SourceError("'manifests' is no list of descriptors", where=str(path))
        if not tag and any(one.get("digest") == entry.digest for one in entries):
            return
        bare = {"mediaType": entry.media_type, "digest": entry.digest, "size": entry.size}  # named by nothing until now
        kept = [one for one in entries if not (tag and (_name(one) == tag or one == bare))]
        new: dict[str, Any] = {"mediaType": entry.media_type, "digest": entry.digest, "size": entry.size}
        if entry.artifact_type:
            new["artifactType"] = entry.artifact_type
        if tag:
            new["annotations"] = {REF_NAME: tag}
        text = json.dumps({**body, "manifests": [*kept, new]}, ensure_ascii=False, separators=(",", ":"))
        with _new(folder) as (stream, keep):
            stream.write(text.encode())
            keep(path)


def referrer_of(content: bytes, media_type: str, digest: str) -> Descriptor | None:
    """How the manifest ``content`` is listed where it speaks of ``digest``; None where it does not, or is none."""
    if media_type not in INDEXES | MANIFESTS:
        return None
    try:
        read = manifests.read(content, media_type=media_type)
    except FormatError:
        return None
    return artifacts.referrer(content, read) if read.subject is not None and read.subject.digest == digest else None


def is_referrer(content: bytes) -> bool:
    """Whether a manifest speaks of another, so that it is not what a nameless layout holds."""
    try:
        return manifests.read(content).subject is not None
    except FormatError:
        return False


def entry_of(content: bytes, media_type: str) -> Descriptor:
    """How ``index.json`` names a manifest that is written. Raises :class:`FormatError`."""
    read = manifests.read(content, media_type=media_type)
    kind = artifacts.referrer(content, read).artifact_type if read.subject is not None else ""
    return Descriptor(read.media_type, digests.digest_of(content), len(content), artifact_type=kind)


def _name(entry: dict[str, Any]) -> object:
    annotations = entry.get("annotations")
    return annotations.get(REF_NAME) if isinstance(annotations, dict) else None


@contextmanager
def _new(folder: Path) -> Iterator[Any]:
    """A file that takes its place when the given function is called, and is gone where it is not."""
    handle, made = tempfile.mkstemp(prefix=".lockgate-", dir=folder)
    path = Path(made)
    with os.fdopen(handle, "wb") as stream:

        def keep(target: Path) -> None:
            stream.flush()
            path.chmod(0o644)
            path.replace(target)

        try:
            yield stream, keep
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(error.strerror or "cannot be written", where=str(folder)) from None
    except ValueError as error:
        raise SourceError(f"index.json cannot be read ({type(error).__name__})", where=str(folder)) from None
