"""Private keys in tokens that speak PKCS#11: smart cards, HSMs, SoftHSM. The key never leaves the token.

A key is named by a URI of RFC 7512: ``pkcs11:token=release;object=images?module-path=/usr/lib/softhsm/libsofthsm2.so``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError, UsageError
from lockgate.secrets.files import secret_file
from lockgate.signing.signer import Scheme, Signer, der_of, fitting

PREFIX = "pkcs11:"
_PIN, _MODULE = "LOCKGATE_PKCS11_PIN", "LOCKGATE_PKCS11_MODULE"
_PATH = frozenset(("token", "object", "id", "serial", "type", "manufacturer", "model"))
_QUERY = frozenset(("module-path", "pin-source"))


@dataclass(frozen=True, slots=True)
class TokenKey:
    """Where a key lies."""

    module: str
    """Library of the token."""
    token: str
    label: str
    id: bytes
    """Empty: by the label alone."""
    pin_file: str
    """Empty: the PIN stands in the environment."""


def parse(text: str, environment: Mapping[str, str] = os.environ) -> TokenKey:
    """The key that a URI names. Raises ``UsageError``."""
    hint = "pkcs11:token=NAME;object=KEY?module-path=/path/to/library.so&pin-source=file:/path"
    path, _, query = text.removeprefix(PREFIX).partition("?")
    parts = _attributes(path, ";", _PATH, hint) | _attributes(query, "&", _QUERY, hint)
    module = parts.get("module-path", b"").decode("utf-8", "replace") or environment.get(_MODULE, "")
    if not module.startswith("/"):
        reason = f"the library of the token is not named: module-path=/..., or {_MODULE}"
        raise UsageError(reason, where=PREFIX, hint=hint)
    if not parts.get("token") or not (parts.get("object") or parts.get("id")):
        raise UsageError("a key of a token is named by token, and by object or id", where=PREFIX, hint=hint)
    source = parts.get("pin-source", b"").decode("utf-8", "replace")
    if source.startswith("|"):
        raise UsageError("a PIN comes from a file, never from a program", where="pin-source", hint=hint)
    token, label = (parts.get(name, b"").decode("utf-8", "replace") for name in ("token", "object"))
    return TokenKey(module, token, label, parts.get("id", b""), source.removeprefix("file:"))


@contextmanager
def opened(text: str, environment: Mapping[str, str] = os.environ) -> Iterator[Signer]:
    """The signer of a key in a token; the session ends with the block.

    Raises ``UsageError`` and ``ConfigurationError``, never with the PIN.
    """
    where = parse(text, environment)
    try:
        import pkcs11
    except ImportError:
        hint = "pip install 'lockgate[pkcs11]'"
        raise ConfigurationError("keys in tokens need python-pkcs11", where=PREFIX, hint=hint) from None
    pin = secret_file(Path(where.pin_file)).decode("utf-8", "replace").rstrip("\r\n") if where.pin_file else ""
    try:
        token = pkcs11.lib(where.module).get_token(token_label=where.token)
        session = token.open(user_pin=pin or environment.get(_PIN) or None)
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
        hint = f"the PIN stands in {_PIN} or in the file of pin-source"
        raise ConfigurationError(f"the token does not open ({_told(error)})", where=where.token, hint=hint) from None
    try:
        yield _key(session, where)
    finally:
        session.close()


def _key(session: Any, where: TokenKey) -> _TokenSigner:
    import pkcs11

    named = {**({"label": where.label} if where.label else {}), **({"id": where.id} if where.id else {})}
    try:
        private = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, **named)
        public = session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, **named)
        return _TokenSigner(private, _public(public), f"{where.token}: {where.label or where.id.hex()}")
    except (pkcs11.PKCS11Error, ValueError) as error:
        hint = "both halves of the key lie in the token under one name"
        raise ConfigurationError(f"no such key ({_told(error)})", where=where.token, hint=hint) from None


def _public(key: Any) -> Any:
    import pkcs11
    from cryptography.hazmat.primitives.serialization import load_der_public_key
    from pkcs11.util.ec import encode_ec_public_key
    from pkcs11.util.rsa import encode_rsa_public_key

    if key.key_type == pkcs11.KeyType.EC:
        return load_der_public_key(encode_ec_public_key(key))
    if key.key_type == pkcs11.KeyType.RSA:
        return load_der_public_key(encode_rsa_public_key(key))
    raise ValueError("neither RSA nor ECDSA")


@dataclass(frozen=True, slots=True)
class _TokenSigner:
    """A key in a token that is open."""

    private: Any
    public_key: Any
    where: str

    def sign(self, content: bytes, scheme: Scheme) -> bytes:
        """By the token; of ECDSA and PSS it is given the hash of the content."""
        import pkcs11
        from pkcs11 import MGF, Mechanism

        fitting(self.public_key, scheme)
        digest = scheme.digest(content)
        hashed = scheme.hash_name.upper()
        try:
            if scheme.startswith("ES"):
                return der_of(self.private.sign(digest, mechanism=Mechanism.ECDSA))
            if scheme is Scheme.RS256:
                return bytes(self.private.sign(content, mechanism=Mechanism.SHA256_RSA_PKCS))
            parameters = (Mechanism[hashed], MGF[hashed], len(digest))
            pss = Mechanism[f"{hashed}_RSA_PKCS_PSS"]
            return bytes(self.private.sign(content, mechanism=pss, mechanism_param=parameters))
        except pkcs11.PKCS11Error as error:
            hint = f"does the token sign by {scheme.value}?"
            raise ConfigurationError(f"the token does not sign ({_told(error)})", where=self.where, hint=hint) from None


def _attributes(text: str, sign: str, known: frozenset[str], hint: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in filter(None, text.split(sign)):
        name, equals, value = part.partition("=")
        if name == "pin-value":
            reason = "a PIN on the command line can be read by every process"
            raise UsageError(reason, where="pin-value", hint=f"set {_PIN}, or name a file by pin-source")
        if not equals or name not in known or name in found:
            raise UsageError(f"{name[:40]!r} is nothing that a key of a token is named by", where=PREFIX, hint=hint)
        found[name] = unquote_to_bytes(value)
    return found


def _told(error: Exception) -> str:
    return type(error).__name__
