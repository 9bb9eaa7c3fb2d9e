"""What this machine has to show a registry: Docker's and podman's files, and the helpers that they name.

Source: docker/cli ``config.json`` (``auths``, ``credHelpers``, ``credsStore``), docker-credential-helpers' protocol,
containers-auth.json(5). A secret never has a repr, and a helper is run without a shell.
"""

from __future__ import annotations

import base64
import binascii
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci.references import DEFAULT_HOST, Reference
from lockgate.lazy_pattern import lazy_pattern

_HUB = "https://index.docker.io/v1/"
_HELPER = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_MAX_FILE = 4 * 1024 * 1024
_MAX_ANSWER = 1024 * 1024
_SECONDS = 30
_TOKEN_USER = "<token>"  # noqa: S105 -- how helpers mark a token
NO_USER = "00000000-0000-0000-0000-000000000000"
"""The user that ``az acr login`` puts before a refresh token of Azure Container Registry."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks. Nothing at all: anybody."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)
    """A refresh token, which stands in place of a password."""
    azure: str = field(default="", repr=False)
    """An access token of Microsoft Entra, to be exchanged for a refresh token of Azure Container Registry."""


def credentials_for(image: Reference, environment: Mapping[str, str] = os.environ) -> Credentials:
    """What the first file that knows the registry has for it; nothing where none does.

    Raises ``ConfigurationError`` for a file or a helper that does not work: to ask as anybody would hide that.
    """
    for path in _paths(environment):
        if path.is_file():
            found = _from_file(path, image)
            if found is not None:
                return found
    return Credentials()


def _paths(environment: Mapping[str, str]) -> Iterator[Path]:
    if environment.get("REGISTRY_AUTH_FILE"):
        yield Path(environment["REGISTRY_AUTH_FILE"])
    home = Path(environment.get("HOME", "~")).expanduser()
    yield Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
    if environment.get("XDG_RUNTIME_DIR"):
        yield Path(environment["XDG_RUNTIME_DIR"]) / "containers" / "auth.json"
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "containers" / "auth.json"


def _from_file(path: Path, image: Reference) -> Credentials | None:
    try:
        body = json_safe.load(path.read_bytes()[: _MAX_FILE + 1], max_bytes=_MAX_FILE)
    except OSError as error:
        raise ConfigurationError(error.strerror or "cannot be read", where=str(path)) from None
    except FormatError as error:
        raise ConfigurationError(error.reason, where=str(path)) from None
    if not isinstance(body, dict):
        raise ConfigurationError("is no JSON object", where=str(path))
    server = _HUB if image.host == DEFAULT_HOST else image.host
    helpers = body.get("credHelpers")
    helper = helpers.get(image.host, helpers.get(server)) if isinstance(helpers, dict) else None
    if helper is not None:
        return _asked(helper, server, path)
    stored = _stored(body.get("auths"), image)
    if stored is not None and (entry := read_entry(stored, str(path))) is not None:
        return entry
    return _asked(body["credsStore"], server, path) if body.get("credsStore") else None


def _stored(auths: Any, image: Reference) -> dict[str, Any] | None:
    """The entry of the longest path that the image is in; Docker knows hosts only, podman repositories too."""
    if not isinstance(auths, dict):
        return None
    known = {plain_key(key): value for key, value in auths.items() if isinstance(value, dict)}
    at = image.name
    while at:
        if at in known:
            return known[at]
        at = at.rpartition("/")[0]
    return None


def plain_key(key: str) -> str:
    """A key without scheme and what old versions put behind the host."""
    if key in (_HUB, "index.docker.io", "registry-1.docker.io"):
        return DEFAULT_HOST
    bare = key.removeprefix("https://").removeprefix("http://").rstrip("/")
    return bare.removesuffix("/v1").removesuffix("/v2")


def read_entry(entry: Mapping[str, Any], where: str) -> Credentials | None:
    """What one entry of ``auths`` holds; None where that is nothing. Raises ``ConfigurationError``; ``where``: it lies.
    """
    username, password = entry.get("username") or "", entry.get("password") or ""
    encoded = entry.get("auth")
    if isinstance(encoded, str) and encoded:
        try:
            text = base64.b64decode(encoded, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            raise ConfigurationError("an 'auth' that is no base64 of user:password", where=where) from None
        username, _, password = text.partition(":")
    identity = entry.get("identitytoken") or entry.get("registrytoken") or ""
    if not all(isinstance(one, str) for one in (username, password, identity)):
        raise ConfigurationError("a credential that is no text", where=where)
    return _as_credentials(username, password.strip("\0"), identity) if username or identity else None


def _as_credentials(username: str, password: str, identity: str) -> Credentials:
    if not identity and username in (_TOKEN_USER, NO_USER):
        return Credentials(identity=password)
    return Credentials(username, password, identity)


def _asked(helper: Any, server: str, path: Path) -> Credentials | None:
    """What ``docker-credential-<helper> get`` answers; None where it knows nothing of the server."""
    if not isinstance(helper, str) or not _HELPER.fullmatch(helper):
        raise ConfigurationError("a credential helper whose name is none", where=str(path))
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(
            [program, "get"], input=server.encode(), capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        hint = f"is {program} installed and on PATH?"
        reason = f"{program} cannot be run ({type(error).__name__})"
        raise ConfigurationError(reason, where=str(path), hint=hint) from None
    if done.returncode:
        if b"not found" in done.stdout[:1000].lower():  # how every helper says that it has none
            return None
        raise ConfigurationError(f"{program} failed with code {done.returncode}", where=str(path))
    try:
        answer = json_safe.load(done.stdout, max_bytes=_MAX_ANSWER)
        username, secret = answer["Username"], answer["Secret"]
    except (FormatError, TypeError, KeyError):
        raise ConfigurationError(f"{program} answered no credentials", where=str(path)) from None
    if not isinstance(username, str) or not isinstance(secret, str):
        raise ConfigurationError(f"{program} answered no credentials", where=str(path))
    return _as_credentials(username, secret, "")
