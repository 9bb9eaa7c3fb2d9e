"""Dead Simple Signing Envelope: a payload with its type and signatures over both.

Source: secure-systems-lab/dsse, envelope.md and protocol.md, version 1.
"""

from __future__ import annotations

import base64
import json

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci._fields import rows, text
from lockgate.formats.signatures.signed_json import octets, signed_object

MEDIA_TYPE = "application/vnd.dsse.envelope.v1+json"
"""Of a layer under cosign's tag ``sha256-<hex>.att``."""
IN_TOTO = "application/vnd.in-toto+json"
"""Type of a payload that is a statement of in-toto."""
MAX_SIGNATURES = 20


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of an envelope."""

    value: bytes
    key_hint: str = ""
    """Which key its maker thinks it is; never believed."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload and who signed it."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    @property
    def signed(self) -> bytes:
        """The bytes under the signatures ("pre-authentication encoding")."""
        kind = self.payload_type.encode()
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)


def read(content: bytes) -> Envelope:
    """The envelope that ``content`` is. Raises :class:`FormatError`."""
    return of(signed_object(content, "the envelope"))


def of(body: object) -> Envelope:
    """The envelope of a JSON value, whose keys stand once. Raises :class:`FormatError`."""
    if not isinstance(body, dict):
        raise FormatError("the envelope is no JSON object")
    found = []
    for one in rows(body, "signatures", most=MAX_SIGNATURES, required=True):
        if not isinstance(one, dict):
            raise FormatError("a signature of the envelope is no object")
        found.append(Signature(octets(one, "sig", required=True), text(one, "keyid")))
    if not found:
        raise FormatError("the envelope has no signature")
    return Envelope(text(body, "payloadType", required=True), octets(body, "payload", required=True), tuple(found))


def plain(envelope: Envelope) -> dict[str, object]:
    """The envelope as a value for JSON, keys in the order of the specification."""
    made = [{"keyid": one.key_hint, "sig": base64.b64encode(one.value).decode()} for one in envelope.signatures]
    return {"payloadType": envelope.payload_type, "payload": base64.b64encode(envelope.payload).decode(),
            "signatures": made}  # fmt: skip


def written(envelope: Envelope) -> bytes:
    """The envelope as JSON."""
    return json.dumps(plain(envelope), separators=(",", ":")).encode()
