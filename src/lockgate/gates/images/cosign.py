"""Authorities whose signatures cosign makes: keys, and identities that sigstore has certified for minutes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.signatures import dsse, in_toto, sigstore_bundle, simple_signing, transparency
from lockgate.formats.signatures.in_toto import Statement
from lockgate.formats.signatures.signed_json import octets, signed_object
from lockgate.formats.signatures.testimony import Form, Subject, Testimony
from lockgate.formats.signatures.trusted_root import TrustedRoot
from lockgate.gates.images.authority import Signed
from lockgate.signing import certificates, sigstore
from lockgate.signing.certificates import Identity
from lockgate.signing.keys import PublicKey
from lockgate.signing.refused import RefusedError
from lockgate.signing.sigstore import Evidence, Signer

_FORMS = frozenset({Form.SIMPLE_SIGNING, Form.ENVELOPE, Form.BUNDLE})


@dataclass(frozen=True, slots=True)
class KeyAuthority:
    """Whoever has one of some keys."""

    keys: tuple[PublicKey, ...]
    root: TrustedRoot | None = None
    log: bool = False
    """Whether a transparency log of ``root`` must hold the signature."""

    @property
    def forms(self) -> frozenset[Form]:
        """Those of cosign."""
        return _FORMS

    def check(self, found: Testimony, image: Subject) -> Signed:
        """As :class:`~lockgate.gates.images.authority.Authority` has it."""

        def holds(evidence: Evidence) -> Signer:
            reasons = []
            for key in self.keys:
                try:
                    return sigstore.by_key(evidence, key, self.root, log=self.log)
                except RefusedError as error:
                    reasons.append(error.reason)
            raise RefusedError("; ".join(dict.fromkeys(reasons)))

        return _checked(found, image, holds)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who a certificate must be for. Everything that is given must hold."""

    issuer: str
    identity: str = ""
    """A name of the certificate, exactly."""
    identity_pattern: str = ""
    """RE2 that matches the whole of one."""
    claims: Mapping[str, str] | None = None
    """By the names of ``certificates.CLAIMS``."""

    def refuse(self, identity: Identity) -> None:
        """Raises :class:`RefusedError` unless it is for whom it must be."""
        if identity.issuer != self.issuer:
            raise RefusedError(f"vouched for by {identity.issuer or 'nobody'} and not by {self.issuer}")
        if self.identity and self.identity not in identity.names:
            raise RefusedError(f"signed by {_listed(identity)} and not by {self.identity}")
        if self.identity_pattern and not any(_matches(self.identity_pattern, one) for one in identity.names):
            raise RefusedError(f"signed by {_listed(identity)}, which {self.identity_pattern!r} does not match")
        for name, value in (self.claims or {}).items():
            if identity.claims.get(name, "") != value:
                told = identity.claims.get(name) or "nothing"
                raise RefusedError(f"the certificate says {told} for {name} and not {value}")


@dataclass(frozen=True, slots=True)
class KeylessAuthority:
    """Whoever sigstore has certified to be somebody."""

    wanted: Wanted
    root: TrustedRoot
    log: bool = True

    @property
    def forms(self) -> frozenset[Form]:
        """Those of cosign."""
        return _FORMS

    def check(self, found: Testimony, image: Subject) -> Signed:
        """As :class:`~lockgate.gates.images.authority.Authority` has it."""

        def holds(evidence: Evidence) -> Signer:
            signer = sigstore.by_certificate(evidence, self.root, log=self.log)
            assert signer.identity is not None
            self.wanted.refuse(signer.identity)
            return signer

        return _checked(found, image, holds)


_Holds = Callable[[Evidence], Signer]
"""The signer of an evidence, or :class:`RefusedError`."""


def _checked(found: Testimony, image: Subject, holds: _Holds) -> Signed:
    try:
        return _READERS[found.form](found, image, holds)
    except FormatError as error:
        raise RefusedError(error.reason) from None


def _simple(found: Testimony, image: Subject, holds: _Holds) -> Signed:
    signer = holds(_evidence(found, _base64(found, simple_signing.SIGNATURE), found.content))
    payload = simple_signing.read(found.content)  # only what was signed is read
    if payload.digest != image.digest:
        raise RefusedError(f"it is of another image ({payload.digest})")
    return _signed(found, signer, None)


def _envelope(found: Testimony, image: Subject, holds: _Holds) -> Signed:
    envelope = dsse.read(found.content)
    reasons = []
    for one in envelope.signatures:
        try:
            evidence = _evidence(found, one.value, envelope.signed, payload=envelope.payload, stamped=found.content)
            return _signed(found, holds(evidence), _statement(envelope, image))
        except RefusedError as error:
            reasons.append(error.reason)
    raise RefusedError("; ".join(dict.fromkeys(reasons)))


def _bundle(found: Testimony, image: Subject, holds: _Holds) -> Signed:
    bundle = sigstore_bundle.read(found.content)
    certificate = bundle.certificates[0] if bundle.certificates else b""
    if isinstance(bundle.content, sigstore_bundle.Message):
        if bundle.content.digest not in ("", image.digest):
            raise RefusedError(f"it is of something else ({bundle.content.digest})")
        evidence = Evidence(bundle.content.signature, image.content, certificate, bundle.entries, bundle.timestamps)
        return _signed(found, holds(evidence), None)
    envelope = bundle.content
    evidence = Evidence(
        envelope.signatures[0].value, envelope.signed, certificate, bundle.entries, bundle.timestamps, envelope.payload
    )
    return _signed(found, holds(evidence), _statement(envelope, image))


_READERS = {Form.SIMPLE_SIGNING: _simple, Form.ENVELOPE: _envelope, Form.BUNDLE: _bundle}


def _statement(envelope: dsse.Envelope, image: Subject) -> Statement:
    """The statement of an envelope whose signature holds, which is about ``image``."""
    if envelope.payload_type != dsse.IN_TOTO:
        raise RefusedError(f"the envelope holds no statement of in-toto ({envelope.payload_type[:80]})")
    statement = in_toto.read(envelope.payload)
    if image.digest not in statement.digests:
        raise RefusedError("the statement is about something else")
    return statement


def _evidence(found: Testimony, signature: bytes, signed: bytes, **more: Any) -> Evidence:
    """The evidence of what cosign keeps as annotations."""
    held = found.annotations.get(simple_signing.CERTIFICATE, "")
    chain = certificates.from_pem(held.encode()) if held else ()
    entry = found.annotations.get(simple_signing.REKOR, "")
    entries = (transparency.entry_of_annotation(entry.encode()),) if entry else ()
    stamp = found.annotations.get(simple_signing.TIMESTAMP, "")
    stamps: tuple[bytes, ...] = ()
    if stamp:
        stamps = (octets(signed_object(stamp.encode(), "the timestamp"), "SignedRFC3161Timestamp", required=True),)
    return Evidence(signature, signed, chain[0] if chain else b"", entries, stamps, **more)


def _base64(found: Testimony, name: str) -> bytes:
    try:
        return base64.b64decode(found.annotations.get(name, ""), validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError("the signature is no base64") from None


def _signed(found: Testimony, signer: Signer, statement: Statement | None) -> Signed:
    identity = signer.identity
    by = f"{signer.key.name} key {signer.key.fingerprint[:16]}"
    if identity is not None:
        by = f"{_listed(identity)} ({identity.issuer})"
    return Signed(by, found.where, found.form, statement, signer.logged, signer.moments,
                  identity.claims if identity is not None else {})  # fmt: skip


def _listed(identity: Identity) -> str:
    return ", ".join(identity.names[:3]) or "nobody"


def _matches(pattern: str, text: str) -> bool:
    import re2

    return re2.fullmatch(pattern, text) is not None  # type: ignore[no-untyped-call]  # the package is partly typed
