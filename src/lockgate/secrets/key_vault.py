"""Private keys in Azure Key Vault, asked to sign through its SDK. The key never leaves the vault.

A key is named by its address (``https://NAME.vault.azure.net/keys/KEY/VERSION``) or as cosign names it
(``azurekms://NAME.vault.azure.net/KEY/VERSION``); without a version it is the newest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError, SourceError, UsageError
from lockgate.formats.addresses import loopback
from lockgate.lazy_pattern import lazy_pattern
from lockgate.signing.signer import Scheme, Signer, der_of, fitting

PREFIXES = ("azurekms://", "https://")
_VAULTS = (
    ".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net",
    ".managedhsm.azure.net", ".managedhsm.azure.cn", ".managedhsm.usgovcloudapi.net",
)  # fmt: skip
"""Of Azure in all its clouds. A token is shown to no other host but this machine."""
_NAME = lazy_pattern(r"[0-9A-Za-z-]{1,127}")
_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
"""A vault signs with a curve by the one hash that belongs to it."""


@dataclass(frozen=True, slots=True)
class VaultKey:
    """Where a key lies."""

    vault: str
    """``https://NAME.vault.azure.net``."""
    name: str
    version: str
    """Empty: the newest."""


def parse(text: str) -> VaultKey:
    """The key that an address names. Raises ``UsageError``."""
    hint = "https://NAME.vault.azure.net/keys/KEY[/VERSION]"
    parts = urlsplit(text)
    path = parts.path.strip("/").split("/")
    path = path[1:] if parts.scheme == "https" and path[:1] == ["keys"] else path if parts.scheme == "azurekms" else []
    host = (parts.hostname or "").lower()
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port, path = "", []
    if not (host.endswith(_VAULTS) or loopback(host)) or parts.username or parts.query:
        raise UsageError("the address is none of a key vault of Azure", where=text[:200], hint=hint)
    if not 1 <= len(path) <= 2 or not all(_NAME.fullmatch(one) for one in path):
        raise UsageError("the address names no key", where=text[:200], hint=hint)
    return VaultKey(f"https://{host}{port}", path[0], path[1] if len(path) == 2 else "")


@contextmanager
def opened(text: str, credential: Any = None) -> Iterator[Signer]:
    """The signer of a key in a vault, asked as this machine's identity of Microsoft Entra, or as ``credential``.

    Raises ``UsageError``, ``ConfigurationError`` and ``SourceError``.
    """
    where = parse(text)
    try:
        from azure.core.exceptions import AzureError
        from azure.identity import DefaultAzureCredential
        from azure.keyvault.keys import KeyClient
        from azure.keyvault.keys.crypto import CryptographyClient
    except ImportError:
        hint = "pip install 'lockgate[azure]'"
        raise ConfigurationError("keys of Azure Key Vault need its SDK", where=where.vault, hint=hint) from None
    own = not loopback(urlsplit(where.vault).hostname or "")  # a vault of this machine is of no domain of Azure
    held = credential if credential is not None else DefaultAzureCredential()
    limits = {"connection_timeout": 10, "read_timeout": 30, "retry_total": 3}
    try:
        with KeyClient(where.vault, held, verify_challenge_resource=own, **limits) as client:
            key = client.get_key(where.name, where.version or None)
    except AzureError as error:
        raise _refused(error, where) from None
    with CryptographyClient(key, held, verify_challenge_resource=own, **limits) as crypto:
        yield _VaultSigner(crypto, _public(key), f"{where.vault}/keys/{where.name}")


def _public(key: Any) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    held = key.key
    curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    kind = str(getattr(held.kty, "value", held.kty)).removesuffix("-HSM")
    curve = str(getattr(held.crv, "value", held.crv))
    try:
        if kind == "RSA":
            return rsa.RSAPublicNumbers(int.from_bytes(held.e, "big"), int.from_bytes(held.n, "big")).public_key()
        if kind == "EC" and curve in curves:
            x, y = int.from_bytes(held.x, "big"), int.from_bytes(held.y, "big")
            return ec.EllipticCurvePublicNumbers(x, y, curves[curve]).public_key()
    except (ValueError, TypeError):
        pass
    hint = "RSA of 2048 bits or more, or P-256, P-384 or P-521"
    raise ConfigurationError("a key that signs no images", where=str(key.id), hint=hint)


@dataclass(frozen=True, slots=True)
class _VaultSigner:
    """A key in a vault."""

    client: Any
    public_key: Any
    where: str

    def sign(self, content: bytes, scheme: Scheme) -> bytes:
        """By the vault, which is given the hash of the content and nothing else of it."""
        from azure.core.exceptions import AzureError
        from azure.keyvault.keys.crypto import SignatureAlgorithm

        fitting(self.public_key, scheme)
        wanted = _CURVES.get(scheme.value)
        if wanted is not None and self.public_key.curve.name != wanted:
            hint = "use a key on P-256, or another form of signature"
            raise ConfigurationError(f"a vault signs by {scheme.value} with another curve", where=self.where, hint=hint)
        try:
            made = self.client.sign(SignatureAlgorithm(scheme.value), scheme.digest(content)).signature
        except AzureError as error:
            raise SourceError(f"the vault does not sign ({type(error).__name__})", where=self.where) from None
        return der_of(made) if wanted is not None else bytes(made)


def _refused(error: Exception, where: VaultKey) -> SourceError:
    status = getattr(error, "status_code", None)
    words = {
        401: "the vault does not know who asks", 403: "the vault does not let this key be used",
        404: "the vault has no such key",
    }.get(status or 0, f"the vault does not answer as it should ({type(error).__name__})")  # fmt: skip
    hint = "az login, and the role Key Vault Crypto User" if status in (401, 403) else ""
    return SourceError(words, where=f"{where.vault}/keys/{where.name}", hint=hint)
