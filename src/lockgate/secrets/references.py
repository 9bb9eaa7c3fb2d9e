"""Where a secret lies, in the settings: ``env:NAME`` or ``file:PATH``. The value is read when it is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lockgate.errors import ConfigurationError
from lockgate.lazy_pattern import lazy_pattern

_NAME = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_MAX_BYTES = 64 * 1024


def secret_of(reference: str, *, where: str, environment: Mapping[str, str] = os.environ) -> str:
    """What a reference leads to, without the line's end of a file. Raises :class:`ConfigurationError`, never with it.

    ``where``: the setting.
    """
    kind, _, name = reference.partition(":")
    if kind == "env" and _NAME.fullmatch(name):
        found = environment.get(name, "")
        if not found:
            raise ConfigurationError(f"the variable {name} is not set", where=where)
        return found
    if kind == "file" and name:
        return _from_file(Path(name), where)
    hint = "env:NAME or file:PATH; a secret itself does not stand in the settings"
    raise ConfigurationError("that is no reference to a secret", where=where, hint=hint)


def _from_file(path: Path, where: str) -> str:
    try:
        if not path.is_file():
            raise ConfigurationError("there is no such file", where=f"{where}: {path}")
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise ConfigurationError(f"larger than {_MAX_BYTES} bytes", where=f"{where}: {path}")
        text = content.decode().rstrip("\r\n")
    except OSError as error:
        raise ConfigurationError(error.strerror or "cannot be read", where=f"{where}: {path}") from None
    except UnicodeDecodeError:
        raise ConfigurationError("is no text", where=f"{where}: {path}") from None
    if not text:
        raise ConfigurationError("is empty", where=f"{where}: {path}")
    return text
