"""What notation keeps in its folder: a trust policy, and trust stores of certificates.

``trustpolicy.json`` (or ``trustpolicy.oci.json``) and ``truststore/x509/<type>/<name>/*``, as notaryproject's
specifications and notation lay them out. Links are refused, as notation refuses them: what is trusted stands here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.errors import ConfigurationError
from lockgate.formats.format_error import FormatError
from lockgate.formats.signatures.notary import trust_policy
from lockgate.formats.signatures.notary.trust_policy import Statement, TrustPolicy
from lockgate.signing.notary import chains
from lockgate.signing.refused import RefusedError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_POLICIES = ("trustpolicy.oci.json", "trustpolicy.json")
_MAX_FILE = 1024 * 1024
_MOST_FILES = 1_000


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where notation looks on Linux."""
    home = Path(environment.get("HOME", "~")).expanduser()
    return Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "notation"


def read_policy(folder: Path) -> TrustPolicy:
    """The trust policy of a folder. Raises ``ConfigurationError``."""
    for name in _POLICIES:
        path = folder / name
        if path.is_symlink() or path.exists():
            try:
                return trust_policy.read(_content(path))
            except FormatError as error:
                raise ConfigurationError(error.reason, where=str(path)) from None
    hint = "notation policy init, or name another folder"
    raise ConfigurationError("there is no trust policy", where=str(folder / _POLICIES[-1]), hint=hint)


def read_stores(folder: Path, statement: Statement) -> dict[tuple[str, str], list[Certificate]]:
    """The certificates of the trust stores of a statement. Raises ``ConfigurationError``."""
    return {(kind, name): _store(folder / "truststore" / "x509" / kind / name, kind) for kind, name in statement.stores}


def _store(folder: Path, kind: str) -> list[Certificate]:
    if folder.is_symlink() or not folder.is_dir():
        hint = f"notation cert add --type {kind} --store {folder.name} FILE"
        raise ConfigurationError("no trust store in a folder of its own", where=str(folder), hint=hint)
    found: list[Certificate] = []
    for number, path in enumerate(sorted(folder.iterdir())):
        if number >= _MOST_FILES:
            raise ConfigurationError(f"more than {_MOST_FILES:,} files", where=str(folder))
        try:
            certificates = chains.from_pem(_content(path))
            trusted = all(chains.self_signed(one) or (kind != "tsa" and chains.issues(one)) for one in certificates)
        except RefusedError as error:
            raise ConfigurationError(error.reason, where=str(path)) from None
        if not trusted:
            raise ConfigurationError("neither an authority's certificate nor a self-signed one", where=str(path))
        found += certificates
    if not found:
        raise ConfigurationError("a trust store without certificates", where=str(folder))
    return found


def _content(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            content = stream.read(_MAX_FILE + 1)
    except OSError as error:
        raise ConfigurationError(error.strerror or "cannot be read", where=str(path)) from None
    if len(content) > _MAX_FILE:
        raise ConfigurationError(f"larger than {_MAX_FILE:,} bytes", where=str(path))
    return content
