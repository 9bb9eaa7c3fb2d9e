"""Files that hold a key, its certificates, a password or a PIN."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from lockgate.errors import ConfigurationError, UsageError

_MAX_FILE = 64 * 1024


def secret_file(path: Path) -> bytes:
    """The content of a regular file of a few kilobytes. Raises ``UsageError`` and ``ConfigurationError``."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise UsageError("no regular file", where=str(path), hint="name a private key in PEM")
            content = stream.read(_MAX_FILE + 1)
    except OSError as error:
        raise UsageError(error.strerror or "cannot be read", where=str(path), hint="name a private key") from None
    if len(content) > _MAX_FILE:
        raise ConfigurationError(f"larger than {_MAX_FILE:,} bytes, which no key is", where=str(path))
    return content
