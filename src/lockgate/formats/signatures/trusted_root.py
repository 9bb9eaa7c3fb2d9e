"""Trusted roots of sigstore: which authorities and logs are believed, and from when to when (``trusted_root.json``).

Source: sigstore/protobuf-specs, sigstore_trustroot.proto, media types of 0.1 and 0.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci._fields import mapping, rows, text
from lockgate.formats.signatures.signed_json import octets, signed_object

_MEDIA_TYPES = frozenset(
    f"application/vnd.dev.sigstore.trustedroot{one}" for one in
    ("+json;version=0.1", "+json;version=0.2", ".v0.1+json", ".v0.2+json")
)  # fmt: skip
_MOST = 100


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when something is believed, ends included."""

    start: datetime
    end: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether ``moment`` is within."""
        return self.start <= moment and (self.end is None or moment <= self.end)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who issues certificates, or timestamps."""

    chain: tuple[bytes, ...]
    """DER, the root last."""
    period: Period


@dataclass(frozen=True, slots=True)
class Log:
    """A transparency log: of signatures, or of certificates."""

    log_ids: frozenset[bytes]
    """As entries and certificates name it, and as checkpoints do."""
    key: bytes
    """Its public key, DER."""
    period: Period
    name: str
    """Address without its scheme; with Rekor of version 2 the origin of its checkpoints."""


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """Everything that a signature without a key of its own is held against."""

    authorities: tuple[Authority, ...] = ()
    signature_logs: tuple[Log, ...] = ()
    certificate_logs: tuple[Log, ...] = ()
    timestamp_authorities: tuple[Authority, ...] = ()


def read(content: bytes) -> TrustedRoot:
    """The trusted root that ``content`` is. Raises :class:`FormatError`."""
    body = signed_object(content, "the trusted root")
    if text(body, "mediaType").replace(" ", "") not in _MEDIA_TYPES:
        raise FormatError("no trusted root of sigstore by its 'mediaType'")
    return TrustedRoot(
        tuple(map(_authority, _objects(body, "certificateAuthorities"))), tuple(map(_log, _objects(body, "tlogs"))),
        tuple(map(_log, _objects(body, "ctlogs"))), tuple(map(_authority, _objects(body, "timestampAuthorities"))),
    )  # fmt: skip


def _objects(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = rows(body, name, most=_MOST)
    if not all(isinstance(one, dict) for one in found):
        raise FormatError(f"'{name}' holds something other than objects")
    return found


def _authority(body: Mapping[str, Any]) -> Authority:
    certificates = _objects(mapping(body, "certChain"), "certificates")
    if not certificates:
        raise FormatError("an authority of the trusted root has no certificate")
    return Authority(tuple(octets(one, "rawBytes", required=True) for one in certificates), _period(body))


def _log(body: Mapping[str, Any]) -> Log:
    key = mapping(body, "publicKey")
    address = text(body, "baseUrl").partition("://")[2].rstrip("/")
    named = [mapping(body, one) for one in ("logId", "checkpointKeyId") if body.get(one) is not None]
    found = frozenset(octets(one, "keyId", required=True) for one in named)
    return Log(found, octets(key, "rawBytes", required=True), _period(key), address)


def _period(body: Mapping[str, Any]) -> Period:
    valid = mapping(body, "validFor")
    start = _moment(valid, "start")
    if start is None:
        raise FormatError("something of the trusted root is believed from no time on")
    return Period(start, _moment(valid, "end"))


def _moment(body: Mapping[str, Any], name: str) -> datetime | None:
    told = text(body, name)
    if not told:
        return None
    try:
        found = datetime.fromisoformat(told)
    except ValueError:
        raise FormatError(f"'{name}' is no time") from None
    if found.tzinfo is None:
        raise FormatError(f"'{name}' has no zone")
    return found
