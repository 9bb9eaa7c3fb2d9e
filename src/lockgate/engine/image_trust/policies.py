"""A policy of images from its file, with the keys and trusted roots that it names read and ready."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.errors import ConfigurationError
from lockgate.formats.format_error import FormatError
from lockgate.formats.signatures import trusted_root
from lockgate.formats.signatures.notary import trust_policy
from lockgate.formats.signatures.trusted_root import TrustedRoot
from lockgate.gates.images import Authority, ImageTrust
from lockgate.gates.images.cosign import KeyAuthority, KeylessAuthority, Wanted
from lockgate.gates.images.notary import NotaryAuthority
from lockgate.settings import image_policy
from lockgate.settings.image_policy import AuthoritySettings, ImagePolicy, Keyless
from lockgate.signing import keys
from lockgate.signing.keys import PublicKey
from lockgate.signing.notary.revocation import Revocation, lists_of
from lockgate.signing.refused import RefusedError
from lockgate.sources import notation
from lockgate.sources.revocation_servers import RevocationServers

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateRevocationList

_MAX_FILE = 4 * 1024 * 1024
_MAX_LIST = 32 * 1024 * 1024
_SERVERS = RevocationServers()
"""One for all policies, since what a server said holds whoever asks."""
_CLAIMS = ("repository", "workflow", "ref", "trigger", "runner")


def load(path: Path) -> ImageTrust:
    """The policy in a file. Raises ``ConfigurationError`` for whatever could not be used as it stands."""
    policy = image_policy.load(path)
    if not policy.images:
        hint = "images: [{match: [...], signed_by: [...]}]"
        raise ConfigurationError("the policy asks nothing of any image", where=str(path), hint=hint)
    _check_names(policy, path)
    reader = _Reader(path.parent, policy)
    authorities = {name: reader.authority(name, one) for name, one in policy.authorities.items()}
    return ImageTrust(policy, authorities, reader.version(path), (path, *reader.files))


def _check_names(policy: ImagePolicy, path: Path) -> None:
    for number, rule in enumerate(policy.images):
        named = [*rule.signed_by, *rule.signed_by_any, *rule.vex]
        if rule.provenance is not None:
            named += rule.provenance.by
            if not rule.provenance.by:
                raise ConfigurationError(
                    f"images[{number}].provenance does not say by whom", where=str(path), hint="by: [authority]"
                )
        for name in named:
            if name not in policy.authorities:
                known = ", ".join(policy.authorities) or "none"
                reason = f"images[{number}] names the authority {name[:100]!r}, which there is not"
                raise ConfigurationError(reason, where=str(path), hint=f"known: {known}")


class _Reader:
    """Reads the files of one policy, each once."""

    def __init__(self, folder: Path, policy: ImagePolicy) -> None:
        self._folder, self._policy = folder, policy
        self._roots: dict[str, TrustedRoot] = {}
        self._read: dict[str, bytes] = {}

    def version(self, path: Path) -> str:
        """A digest over the policy and what was read for it."""
        made = hashlib.sha256(_content(path))
        for name, content in sorted(self._read.items()):
            made.update(f"\n{name}\n".encode() + hashlib.sha256(content).digest())
        return made.hexdigest()

    @property
    def files(self) -> tuple[Path, ...]:
        """What was read."""
        return tuple(self._folder / name for name in self._read)

    def _file(self, name: str) -> bytes:
        if name not in self._read:
            self._read[name] = _content(self._folder / name)
        return self._read[name]

    def authority(self, name: str, told: AuthoritySettings) -> Authority:
        """The authority of that name, ready. Raises ``ConfigurationError``."""
        ways = [one for one in (told.keys, told.keyless, told.notary) if one]
        where = f"authorities.{name}"
        if len(ways) != 1:
            raise ConfigurationError("an authority has keys, keyless or notary, one of them", where=where)
        if told.notary is None and (told.crls or told.ask_revocation):
            raise ConfigurationError("revocation is looked up for notary alone", where=where, hint="notary: FILE")
        root = self._root(told)
        if told.keys:
            if told.log and root is None:
                raise ConfigurationError("a log is asked for, and no trusted root names one", where=where,
                                         hint="trusted_root: trusted_root.json")  # fmt: skip
            return KeyAuthority(tuple(self._key(one) for one in told.keys), root, bool(told.log))
        if told.keyless is not None:
            if root is None:
                raise ConfigurationError("keyless needs a trusted root", where=where,
                                         hint="trusted_root: trusted_root.json")  # fmt: skip
            return KeylessAuthority(_wanted(told.keyless, where), root, told.log is not False)
        return self._notary(str(told.notary), told)

    def _notary(self, name: str, told: AuthoritySettings) -> NotaryAuthority:
        """Of a trust policy, whose trust stores lie beside it as notation lays them out."""
        from cryptography.hazmat.primitives.serialization import Encoding

        path = self._folder / name
        try:
            policy = trust_policy.read(self._file(name))
        except FormatError as error:
            raise ConfigurationError(error.reason, where=str(path)) from None
        stores: dict[tuple[str, str], list[Certificate]] = {}
        for statement in policy.statements:
            stores |= notation.read_stores(path.parent, statement)
        for (kind, store), certificates in stores.items():
            self._read[f"{name} {kind}:{store}"] = b"".join(one.public_bytes(Encoding.DER) for one in certificates)
        lists = [one for file in told.crls for one in self._lists(file)]
        return NotaryAuthority(policy, stores, Revocation(lists, _SERVERS if told.ask_revocation else None))

    def _lists(self, name: str) -> list[CertificateRevocationList]:
        if name not in self._read:
            self._read[name] = _content(self._folder / name, most=_MAX_LIST)
        try:
            return lists_of(self._read[name])
        except RefusedError as error:
            raise ConfigurationError(error.reason, where=str(self._folder / name)) from None

    def _root(self, told: AuthoritySettings) -> TrustedRoot | None:
        named = told.trusted_root or self._policy.trusted_root
        if named is None:
            return None
        if named not in self._roots:
            path = self._folder / named
            try:
                self._roots[named] = trusted_root.read(self._file(named))
            except FormatError as error:
                raise ConfigurationError(error.reason, where=str(path)) from None
        return self._roots[named]

    def _key(self, name: str) -> PublicKey:
        path = self._folder / name
        try:
            return keys.from_pem(self._file(name))
        except RefusedError as error:
            raise ConfigurationError(error.reason, where=str(path), hint=keys.HINT) from None


def _wanted(told: Keyless, where: str) -> Wanted:
    import re2

    if not told.issuer:
        raise ConfigurationError("keyless without an issuer lets anybody vouch", where=where, hint="issuer: https://...")
    claims = {name: value for name in _CLAIMS if (value := getattr(told, name)) is not None}
    if not (told.identity or told.identity_pattern or claims):
        raise ConfigurationError("keyless without an identity takes whomever the issuer knows", where=where,
                                 hint="give identity, identity_pattern, repository or workflow")  # fmt: skip
    if told.identity_pattern:
        try:
            re2.compile(told.identity_pattern)  # type: ignore[no-untyped-call]  # the package is partly typed
        except re2.error:
            raise ConfigurationError("identity_pattern is no regular expression of RE2", where=where) from None
    return Wanted(told.issuer, told.identity or "", told.identity_pattern or "", claims)


def _content(path: Path, *, most: int = _MAX_FILE) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(most + 1)
    except OSError as error:
        raise ConfigurationError(error.strerror or "cannot be read", where=str(path)) from None
    if len(content) > most:
        raise ConfigurationError(f"larger than {most:,} bytes", where=str(path))
    return content
