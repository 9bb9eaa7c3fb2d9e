"""When a certificate begins and ends, read from its DER: all that serving needs to know of it.

The fields are those of RFC 5280, section 4.1, the form that of X.690. What does not belong: trusting a certificate, and
making one (``authority``, with a package that takes 60 ms to import).
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_SEQUENCE, _INTEGER, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0x02, 0xA0, 0x17, 0x18


def validity(pem: str) -> tuple[datetime, datetime]:
    """(not before, not after) of the first certificate of a PEM text, in UTC. ``ValueError`` when there is none."""
    start, end = pem.find(_BEGIN), pem.find(_END)
    if start < 0 or end < start:
        raise ValueError("no certificate in PEM")
    der = ssl.PEM_cert_to_DER_cert(pem[start : end + len(_END)] + "\n")
    certificate, _ = _element(der, _SEQUENCE)
    body, _ = _element(certificate, _SEQUENCE)
    if body[:1] == bytes([_VERSION]):
        _, body = _element(body, _VERSION)
    for tag in (_INTEGER, _SEQUENCE, _SEQUENCE):  # serial number, signature algorithm, issuer
        _, body = _element(body, tag)
    period, _ = _element(body, _SEQUENCE)
    begins, period = _time(period)
    ends, _ = _time(period)
    return begins, ends


def _element(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the element that ``data`` begins with, and what comes after it."""
    if len(data) < 2 or data[0] != tag:
        raise ValueError("no X.509 certificate")
    size, at = data[1], 2
    if size & 0x80:
        many = size & 0x7F
        size, at = int.from_bytes(data[2 : 2 + many], "big"), 2 + many
        if not 0 < many <= 4:
            raise ValueError("no DER")
    if len(data) < at + size:
        raise ValueError("the certificate is cut short")
    return data[at : at + size], data[at + size :]


def _time(data: bytes) -> tuple[datetime, bytes]:
    kind = data[0] if data else 0
    if kind not in (_UTC_TIME, _GENERALIZED_TIME):
        raise ValueError("no time of an X.509 certificate")
    text, rest = _element(data, kind)
    written = text.decode("ascii")
    if kind == _UTC_TIME:  # two digits of a year: from 1950 to 2049
        written = ("19" if written[:2] >= "50" else "20") + written
    return datetime.strptime(written, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC), rest
