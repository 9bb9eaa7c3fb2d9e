"""Timestamps of authorities (RFC 3161): when a signature was there, by somebody who is trusted to tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lockgate.formats.signatures.trusted_root import Authority
from lockgate.signing.certificates import certificate_of
from lockgate.signing.refused import RefusedError

_MAX_ANSWER = 64 * 1024


def check(answer: bytes, content: bytes, authorities: Sequence[Authority]) -> datetime:
    """When one of ``authorities`` has seen ``content``. Raises :class:`RefusedError`.

    ``answer`` is a TimeStampResp, DER. The certificates of the authority must have been valid at that time.
    """
    from rfc3161_client import VerificationError, decode_timestamp_response

    if len(answer) > _MAX_ANSWER:
        raise RefusedError("a timestamp larger than any")
    try:
        read = decode_timestamp_response(answer)
        moment = read.tst_info.gen_time
    except (ValueError, TypeError):
        raise RefusedError("a timestamp that cannot be read") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    for authority in authorities:
        if not authority.period.holds(moment):
            continue
        try:
            _verifier(authority).verify_message(read, content)
        except (VerificationError, ValueError, RefusedError):
            continue
        return moment
    raise RefusedError("its timestamp is of none of the authorities that are trusted, or of another signature")


def _verifier(authority: Authority) -> Any:
    from rfc3161_client import VerifierBuilder

    chain = [certificate_of(one) for one in authority.chain]
    leaf = chain[0] if len(chain) > 1 and not _issues(chain[0]) else None
    above = chain[:-1] if leaf is None else chain[1:-1]
    return VerifierBuilder(tsa_certificate=leaf, intermediates=above, roots=[chain[-1]]).build()


def _issues(certificate: Any) -> bool:
    """Whether it is a certificate of an authority."""
    from cryptography.x509 import BasicConstraints, ExtensionNotFound

    try:
        return bool(certificate.extensions.get_extension_for_class(BasicConstraints).value.ca)
    except ExtensionNotFound:
        return False
