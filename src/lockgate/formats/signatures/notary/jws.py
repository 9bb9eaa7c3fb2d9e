"""The envelope of the Notary Project in JWS, flattened JSON. Source: signature-envelope-jws.md; RFC 7515."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
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

_KNOWN = frozenset(("alg", "cty", "crit", SCHEME, SIGNED_AT, AUTHENTIC_AT, EXPIRY))
_MAX_HEADER = 256 * 1024


def read(content: bytes) -> Envelope:
    """Raises :class:`FormatError`."""
    body = json_safe.load(content, max_bytes=model.MAX_ENVELOPE, unique_keys=True)
    if not isinstance(body, dict) or not isinstance(body.get("header"), dict):
        raise FormatError("no JWS of one signature in JSON")
    encoded, payload = _text(body, "protected"), _text(body, "payload")
    headers = json_safe.load(_url(encoded, "protected"), max_bytes=_MAX_HEADER, unique_keys=True)
    if not isinstance(headers, dict):
        raise FormatError("'protected' is no object")
    beside = body["header"]
    chain = beside.get("x5c")
    if not isinstance(chain, list) or len(chain) > model.MAX_CHAIN:
        raise FormatError("the envelope has no chain of certificates")
    scheme, critical = _scheme(headers)
    return model.checked(
        Envelope(
            payload=_url(payload, "payload"),
            algorithm=_algorithm(headers),
            scheme=scheme,
            signed_at=_time(headers, AUTHENTIC_AT if scheme == AUTHORITY else SIGNED_AT),
            expires_at=_time(headers, EXPIRY) if headers.get(EXPIRY) is not None else None,
            chain=tuple(_plain(one, "x5c") for one in chain),
            signature=_url(_text(body, "signature"), "signature"),
            signed=f"{encoded}.{payload}".encode("ascii", "replace"),
            critical=critical,
            timestamp=_plain(beside[TIMESTAMP], TIMESTAMP) if beside.get(TIMESTAMP) else b"",
            agent=beside.get(AGENT) if isinstance(beside.get(AGENT), str) else "",
        )
    )


def to_be_signed(request: Request) -> bytes:
    """What the key signs."""
    critical = [SCHEME]
    headers: dict[str, Any] = {"alg": request.algorithm, "cty": model.PAYLOAD_TYPE}
    headers[SCHEME] = request.scheme
    if request.scheme == AUTHORITY:
        critical.append(AUTHENTIC_AT)
    headers[AUTHENTIC_AT if request.scheme == AUTHORITY else SIGNED_AT] = _written(request.signed_at)
    if request.expires_at is not None:
        critical.append(EXPIRY)
        headers[EXPIRY] = _written(request.expires_at)
    headers |= request.more
    headers["crit"] = [*critical, *sorted(request.more)]
    text = json.dumps(headers, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return b".".join(base64.urlsafe_b64encode(one).rstrip(b"=") for one in (text, request.payload))


def write(signed: bytes, signature: bytes, chain: Sequence[bytes], *, agent: str, timestamp: bytes = b"") -> bytes:
    """The envelope of what was signed."""
    protected, _, payload = signed.decode("ascii").partition(".")
    header: dict[str, Any] = {}
    if timestamp:
        header[TIMESTAMP] = base64.b64encode(timestamp).decode()
    header["x5c"] = [base64.b64encode(one).decode() for one in chain]
    header[AGENT] = agent
    body = {
        "payload": payload, "protected": protected, "header": header,
        "signature": base64.urlsafe_b64encode(signature).rstrip(b"=").decode(),
    }  # fmt: skip
    return json.dumps(body, separators=(",", ":")).encode()


def _scheme(headers: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The signing scheme, and the critical attributes beyond those of the specification."""
    scheme = headers.get(SCHEME)
    if scheme not in SCHEMES:
        raise FormatError("a signing scheme that is none of the Notary Project's")
    if headers.get("cty") != model.PAYLOAD_TYPE:
        raise FormatError("the payload is of another type than the Notary Project's")
    if (AUTHENTIC_AT in headers) is not (scheme == AUTHORITY) or (SIGNED_AT in headers and scheme == AUTHORITY):
        raise FormatError("the signing time is not that of its signing scheme")
    critical = headers.get("crit")
    if not isinstance(critical, list) or not all(isinstance(one, str) for one in critical):
        raise FormatError("'crit' is no list of names")
    missing = model.must_be_critical(scheme, expires=headers.get(EXPIRY) is not None) - set(critical)
    if missing:
        raise FormatError(f"not marked as critical: {', '.join(sorted(missing))}")
    if not set(critical) <= headers.keys():
        raise FormatError("'crit' names what is not there")
    return scheme, tuple(sorted(set(critical) - _KNOWN))


def _algorithm(headers: Mapping[str, Any]) -> str:
    algorithm = headers.get("alg")
    if algorithm not in model.ALGORITHMS:
        raise FormatError("an algorithm that the Notary Project does not know")
    return str(algorithm)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.isascii():
        raise FormatError(f"'{name}' is no text in base64")
    return value


def _url(text: str, name: str) -> bytes:
    """Base64 for addresses, without padding (RFC 7515, 2)."""
    try:
        if "=" in text:
            raise ValueError
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise FormatError(f"'{name}' is no base64 for addresses") from None


def _plain(value: object, name: str) -> bytes:
    try:
        if not isinstance(value, str):
            raise ValueError
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise FormatError(f"'{name}' is no base64") from None


def _time(headers: Mapping[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(headers.get(name)))
    except ValueError:
        raise FormatError(f"'{name}' is no time") from None
    if moment.tzinfo is None:
        raise FormatError(f"'{name}' names no time zone")
    return moment.astimezone(UTC)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
