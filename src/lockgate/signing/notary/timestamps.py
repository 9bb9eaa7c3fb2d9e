"""Countersignatures that tell when a signature was there (RFC 3161), by the rules of the Notary Project."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.signing.notary import chains
from lockgate.signing.notary.chains import Purpose
from lockgate.signing.refused import RefusedError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MAX_TOKEN = 256 * 1024
_GRANTED = b"\x30\x03\x02\x01\x00"
"""PKIStatusInfo, granted: what an answer has before its token. Source: RFC 3161, 2.4.2."""


@dataclass(frozen=True, slots=True)
class Seen:
    """When something was there, by an authority that is trusted to tell."""

    first: datetime
    """The earliest moment, UTC."""
    last: datetime
    chain: Sequence[Certificate]
    """Of the authority, up to one that is trusted."""


def seen(token: bytes, signature: bytes, roots: Sequence[Certificate]) -> Seen:
    """When ``signature`` was there, as ``token`` says.

    ``roots``: certificates of authorities that are trusted to tell. Raises :class:`RefusedError`.
    """
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    if len(token) > _MAX_TOKEN:
        raise RefusedError("a timestamp larger than any")
    if not roots:
        raise RefusedError("nobody is trusted to tell the time")
    try:
        read = decode_timestamp_response(_answer(_in_order(token)))
        chain = _chain(read, roots)
        VerifierBuilder(roots=list(roots)).build().verify_message(read, signature)
        moment, off = read.tst_info.gen_time, _accuracy(read.tst_info.accuracy)
    except VerificationError as error:
        raise RefusedError(f"its timestamp does not hold ({str(error)[:200]})") from None
    except (ValueError, TypeError):
        raise RefusedError("a timestamp that cannot be read") from None
    chains.check(chain, Purpose.TIMESTAMPS)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Seen(moment - off, moment + off, chain)


def token_of(answer: bytes) -> bytes:
    """The token in the answer of an authority. Raises :class:`RefusedError` where it gave none."""
    try:
        _, start, end = _element(answer, 0, len(answer))
        _, status, after = _element(answer, start, end)
        _, number, stop = _element(answer, status, after)
    except ValueError:
        raise RefusedError("no answer of an authority that tells the time") from None
    if int.from_bytes(answer[number:stop], "big") > 1 or after == end:  # granted, or granted with changes
        raise RefusedError("the authority gives no timestamp")
    return answer[after:end]


def _answer(token: bytes) -> bytes:
    """The answer of an authority whose token this is."""
    body = _GRANTED + token
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return b"\x30" + (bytes([len(body)]) if len(body) < 128 else bytes([0x80 | len(size)]) + size) + body


def _in_order(token: bytes) -> bytes:
    """``token`` with its certificates in the order of DER, which authorities need not keep to and the reader wants.

    No signature is of their order. Source: RFC 5652, 5.1 (ContentInfo, [0], SignedData; there version, digest
    algorithms, content, then certificates as [0]). Raises ``ValueError`` where it is no such token.
    """
    at, end = 0, len(token)
    for step in ("into", "over", "into", "into", "over", "over", "over"):
        _, start, after = _element(token, at, end)
        at, end = (start, after) if step == "into" else (after, end)
    tag, start, after = _element(token, at, end)
    if tag != 0xA0:
        return token
    certificates, at = [], start
    while at < after:
        _, _, following = _element(token, at, after)
        certificates.append(token[at:following])
        at = following
    return token[:start] + b"".join(sorted(certificates)) + token[after:]


def _element(content: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Tag, start and end of the content of the element at ``at``. Source: X.690, 8.1, definite lengths."""
    if at + 2 > end:
        raise ValueError("cut short")
    tag, length, start = content[at], content[at + 1], at + 2
    if length & 0x80:
        start += length & 0x7F
        if not at + 2 < start <= end or start - at > 6:
            raise ValueError("no length of DER")
        length = int.from_bytes(content[at + 2 : start], "big")
    if start + length > end:
        raise ValueError("cut short")
    return tag, start, start + length


def _accuracy(told: Any) -> timedelta:
    if told is None:
        return timedelta()
    return timedelta(seconds=told.seconds or 0, milliseconds=told.millis or 0, microseconds=told.micros or 0)


def _chain(read: Any, roots: Sequence[Certificate]) -> list[Certificate]:
    """From who signed the token up to one of ``roots``, by the certificates that it brings."""
    brought = chains.loaded(sorted(read.signed_data.certificates))
    (signer,) = read.signed_data.signer_infos
    found = [one for one in brought if one.issuer == signer.issuer and one.serial_number == signer.serial_number]
    if not found:
        raise RefusedError("a timestamp without the certificate of who made it")
    chain = found[:1]
    while chain[-1].issuer != chain[-1].subject and len(chain) <= len(brought):
        above = next((one for one in (*roots, *brought) if _issued(chain[-1], one)), None)
        if above is None:
            break
        chain.append(above)
    if chain[-1] not in roots:
        raise RefusedError("its timestamp is of none of the authorities that are trusted")
    return chain


def _issued(one: Certificate, issuer: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        one.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True
