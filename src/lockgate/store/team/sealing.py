"""What must be read again and may stand in no database as it is: sealed with a key that lies beside it, not in it.

Secrets of one-time codes are such. AES-256-GCM; the purpose and the owner are bound in, so that nobody's can be put in
another's place. The key is ``LOCKGATE_TEAM_KEY`` (base64, 32 bytes), which several servers must share, or a file of the
workspace that is made when it is first needed.
"""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from lockgate.errors import ConfigurationError, StoreError

VARIABLE = "LOCKGATE_TEAM_KEY"
FILE = "team.key"
_NONCE = 12


class Seal:
    """Seals and opens."""

    def __init__(self, key: bytes) -> None:
        """``key``: 32 bytes."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(key)

    def sealed(self, value: bytes, bound: str) -> str:
        """A value as text; ``bound``: what it is for, and whose."""
        nonce = os.urandom(_NONCE)
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, value, bound.encode())).decode()

    def opened(self, text: str, bound: str) -> bytes:
        """The value. Raises :class:`StoreError` where it was sealed with another key, or for something else."""
        from cryptography.exceptions import InvalidTag

        try:
            content = base64.urlsafe_b64decode(text)
            return self._cipher.decrypt(content[:_NONCE], content[_NONCE:], bound.encode())
        except (InvalidTag, ValueError):
            raise StoreError("what is sealed in the team's database cannot be opened with this key", where=FILE,
                             hint=f"bring back {FILE} of the workspace, or {VARIABLE}") from None  # fmt: skip


def seal_of(folder: Path, *, environment: Mapping[str, str] = os.environ) -> Seal:
    """The seal of a workspace; its key is made where there is none. Raises :class:`ConfigurationError`."""
    given = environment.get(VARIABLE)
    if given:
        return Seal(_key(given, VARIABLE))
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        return Seal(_key(path.read_text("ascii"), str(path)))
    except OSError as error:
        raise ConfigurationError(f"cannot be used: {error.strerror}", where=str(path)) from None


def _make(path: Path) -> None:
    """A new key, whole or not at all; that of another process that was first is left alone."""
    fresh = path.with_name(f".{path.name}-{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(base64.b64encode(os.urandom(32)) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(fresh, path)
    fresh.unlink()


def _key(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ConfigurationError("is no key", where=where, hint="32 random bytes in base64")
    return key
