"""VEX that was attested of images when they were last scanned, for who judges them by their stored bills alone."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from pathlib import Path

import orjson

from lockgate.errors import StoreError
from lockgate.lazy_pattern import lazy_pattern

_DIGEST = lazy_pattern(r"sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})")
_MAX_BYTES = 128 * 1024 * 1024


class KeptVex:
    """One file an image in a folder of the workspace."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, digest: str, documents: Sequence[tuple[str, bytes]]) -> None:
        """Keep what was attested of the image (where it lay, content), in place of what was kept of it before.

        Raises ``StoreError``.
        """
        path = self._path(digest)
        try:
            if not documents:
                path.unlink(missing_ok=True)
                return
            self._folder.mkdir(parents=True, exist_ok=True)
            new = path.with_suffix(f".{os.getpid()}.new")
            body = [{"where": where, "content": base64.b64encode(content).decode()} for where, content in documents]
            new.write_bytes(orjson.dumps(body))
            new.replace(path)
        except OSError as error:
            raise StoreError(error.strerror or "cannot be written", where=str(path)) from None

    def of(self, digest: str) -> list[tuple[str, bytes]]:
        """What was kept; nothing where nothing was. Raises ``StoreError`` for what cannot be read."""
        path = self._path(digest)
        try:
            with path.open("rb") as stream:
                content = stream.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(error.strerror or "cannot be read", where=str(path)) from None
        try:
            return [(one["where"], base64.b64decode(one["content"], validate=True)) for one in orjson.loads(content)]
        except (orjson.JSONDecodeError, binascii.Error, KeyError, TypeError):
            raise StoreError("is none of ours", where=str(path), hint="remove it, and scan the image again") from None

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise StoreError("no digest of an image", where=digest[:100])
        return self._folder / f"{digest.replace(':', '-')}.json"
