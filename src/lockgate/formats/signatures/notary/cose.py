"""The envelope of the Notary Project in COSE. Source: signature-envelope-cose.md; RFC 9052, RFC 9360."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.formats.signatures import cbor
from lockgate.formats.signatures.cbor import Tagged
from lockgate.formats.signatures.notary import envelope as model
from lockgate.formats.signatures.notary.envelope import (
    AGENT,
    AUTHENTIC_AT,
    AUTHORITY,
    EXPIRY,
    SCHEME,
    SCHEMES,
    SIGNED_AT,
    TIMESTAMP,
    Envelope,
    Request,
)

_SIGN1, _EPOCH = 18, 1
_ALG, _CRIT, _CTY, _CHAIN = 1, 2, 3, 33
_ALGORITHMS = {-37: "PS256", -38: "PS384", -39: "PS512", -7: "ES256", -35: "ES384", -36: "ES512"}
_KNOWN = frozenset((_ALG, _CRIT, _CTY, SCHEME, SIGNED_AT, AUTHENTIC_AT, EXPIRY))


def read(content: bytes) -> Envelope:
    """Raises :class:`FormatError`."""
    if len(content) > model.MAX_ENVELOPE:
        raise FormatError("an envelope larger than any")
    message = cbor.load(content)
    if not isinstance(message, Tagged) or message.tag != _SIGN1 or not isinstance(message.value, list):
        raise FormatError("no COSE with one signature")
    if len(message.value) != 4:
        raise FormatError("a COSE with one signature has four parts")
    protected, beside, payload, signature = message.value
    if not all(isinstance(one, bytes) for one in (protected, payload, signature)) or not isinstance(beside, dict):
        raise FormatError("a part of the COSE is of another kind")
    headers = cbor.load(protected)
    if not isinstance(headers, dict) or headers.keys() & beside.keys():
        raise FormatError("the protected headers are no map, or come twice")
    chain = beside.get(_CHAIN)
    if not isinstance(chain, list) or not all(isinstance(one, bytes) for one in chain):
        raise FormatError("the envelope has no chain of certificates")
    scheme, critical = _scheme(headers)
    timestamp, agent = beside.get(TIMESTAMP, b""), beside.get(AGENT)
    if not isinstance(timestamp, bytes):
        raise FormatError("the timestamp is of another kind")
    if headers.get(_ALG) not in _ALGORITHMS:
        raise FormatError("an algorithm that the Notary Project does not know")
    return model.checked(
        Envelope(
            payload=payload,
            algorithm=_ALGORITHMS[headers[_ALG]],
            scheme=scheme,
            signed_at=_time(headers, AUTHENTIC_AT if scheme == AUTHORITY else SIGNED_AT),
            expires_at=_time(headers, EXPIRY) if EXPIRY in headers else None,
            chain=tuple(chain),
            signature=signature,
            signed=_structure(protected, payload),
            critical=critical,
            timestamp=timestamp,
            agent=agent if isinstance(agent, str) else "",
        )
    )


def protected_of(request: Request) -> bytes:
    """The protected headers, which go into the envelope."""
    authority = request.scheme == AUTHORITY
    critical = [SCHEME, *((AUTHENTIC_AT,) if authority else ())]
    headers: dict[int | str, Any] = {
        _ALG: {name: number for number, name in _ALGORITHMS.items()}[request.algorithm],
        _CTY: model.PAYLOAD_TYPE,
        SCHEME: request.scheme,
        AUTHENTIC_AT if authority else SIGNED_AT: Tagged(_EPOCH, int(request.signed_at.timestamp())),
    }
    if request.expires_at is not None:
        critical.append(EXPIRY)
        headers[EXPIRY] = Tagged(_EPOCH, int(request.expires_at.timestamp()))
    headers.update(request.more)
    headers[_CRIT] = [*critical, *sorted(request.more)]
    return cbor.dump(headers)


def to_be_signed(request: Request) -> bytes:
    """What the key signs."""
    return _structure(protected_of(request), request.payload)


def write(
    request: Request, signature: bytes, chain: Sequence[bytes], *, agent: str, timestamp: bytes = b""
) -> bytes:
    """The envelope of what was signed."""
    beside: dict[int | str, Any] = {_CHAIN: list(chain), AGENT: agent}
    if timestamp:
        beside[TIMESTAMP] = timestamp
    return cbor.dump(Tagged(_SIGN1, [protected_of(request), beside, request.payload, signature]))


def _structure(protected: bytes, payload: bytes) -> bytes:
    """Source: RFC 9052, 4.4."""
    return cbor.dump(["Signature1", protected, b"", payload])


def _scheme(headers: dict[Any, Any]) -> tuple[str, tuple[str, ...]]:
    scheme = headers.get(SCHEME)
    if scheme not in SCHEMES:
        raise FormatError("a signing scheme that is none of the Notary Project's")
    if headers.get(_CTY) != model.PAYLOAD_TYPE:
        raise FormatError("the payload is of another type than the Notary Project's")
    if (AUTHENTIC_AT in headers) is not (scheme == AUTHORITY) or (SIGNED_AT in headers and scheme == AUTHORITY):
        raise FormatError("the signing time is not that of its signing scheme")
    critical = headers.get(_CRIT)
    if not isinstance(critical, list) or not all(isinstance(one, int | str) for one in critical):
        raise FormatError("the critical headers are no list of labels")
    missing = model.must_be_critical(scheme, expires=EXPIRY in headers) - set(critical)
    if missing:
        raise FormatError(f"not marked as critical: {', '.join(sorted(missing))}")
    if not set(critical) <= headers.keys():
        raise FormatError("a critical header is not there")
    return scheme, tuple(sorted(str(one) for one in set(critical) - _KNOWN))


def _time(headers: dict[Any, Any], name: str) -> datetime:
    held = headers.get(name)
    if not isinstance(held, Tagged) or held.tag != _EPOCH or not isinstance(held.value, int):
        raise FormatError(f"'{name}' is no time")
    try:
        return datetime.fromtimestamp(held.value, UTC)
    except (OverflowError, ValueError, OSError):
        raise FormatError(f"'{name}' is no time") from None
