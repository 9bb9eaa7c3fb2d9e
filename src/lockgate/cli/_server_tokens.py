"""Tokens of the command line at servers: one a server, in a file that only its user may read.

``lockgate/servers.json`` below ``XDG_CONFIG_HOME``, else ``~/.config``. ``LOCKGATE_TOKEN`` goes before what is there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from lockgate.errors import ConfigurationError, UsageError
from lockgate.formats.addresses import loopback

VARIABLE = "LOCKGATE_TOKEN"
_MOST = 1 << 20


def origin_of(server: str) -> str:
    """A server's address as it is kept: an origin without a path. Raises :class:`UsageError`."""
    parts = urlsplit(server)
    plain = parts.scheme == "http" and loopback(parts.hostname or "")
    if not parts.hostname or (parts.scheme != "https" and not plain) or parts.path.strip("/") or "@" in parts.netloc:
        raise UsageError(f"{server[:200]!r} is no address of a server", hint="https://HOST; http only here")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def token_for(origin: str, *, environment: Mapping[str, str] = os.environ) -> str:
    """The token that is shown to a server; empty where there is none."""
    return environment.get(VARIABLE, "") or _kept(_file(environment)).get(origin, "")


def keep(origin: str, token: str, *, environment: Mapping[str, str] = os.environ) -> Path:
    """Keep a token; empty: forget it. The file, which is replaced whole. Raises :class:`ConfigurationError`."""
    path = _file(environment)
    kept = {name: value for name, value in {**_kept(path), origin: token}.items() if value}
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f".{path.name}-{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(orjson.dumps(kept))
        fresh.replace(path)
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", where=str(path)) from None
    return path


def _file(environment: Mapping[str, str]) -> Path:
    base = environment.get("XDG_CONFIG_HOME") or str(Path(environment.get("HOME", "~")).expanduser() / ".config")
    return Path(base) / "lockgate" / "servers.json"


def _kept(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as stream:
            found = orjson.loads(stream.read(_MOST))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise ConfigurationError("cannot be read", where=str(path), hint="delete it and sign in again") from None
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
