"""Private keys by what a person names: a file in PEM. What a key needs to be opened comes from the environment or a
file, never from the command line, which every process of the machine can read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lockgate.errors import ConfigurationError, UsageError
from lockgate.signing.signer import Signer, held_key

PASSWORD, PASSWORD_FILE = "LOCKGATE_KEY_PASSWORD", "LOCKGATE_KEY_PASSWORD_FILE"
_MAX_FILE = 64 * 1024


@contextmanager
def opened(reference: str, environment: Mapping[str, str] = os.environ) -> Iterator[Signer]:
    """The signer that ``reference`` names; what was opened for it is closed with the block.

    A reference is the path of a PEM file. Raises ``UsageError`` where there is none, ``ConfigurationError`` where it
    does not open.
    """
    yield held_key(key_file(Path(reference)), password(environment), reference)


def key_file(path: Path) -> bytes:
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


def password(environment: Mapping[str, str] = os.environ) -> bytes | None:
    """The password of an encrypted key, without the end of the line that a file of one has; None where none is set."""
    if environment.get(PASSWORD_FILE):
        return key_file(Path(environment[PASSWORD_FILE])).rstrip(b"\r\n")
    return environment[PASSWORD].encode() if environment.get(PASSWORD) else None
