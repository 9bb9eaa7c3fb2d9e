"""cel-go's encoders extension."""

from __future__ import annotations

import base64
import binascii

from lockgate.policy.cel.functions import function
from lockgate.policy.cel.metering import charge
from lockgate.policy.cel.values import CelError


def _encode(data: bytes) -> str:
    charge(len(data))
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    charge(len(text))
    try:
        padded = text if text.endswith("=") else text + "=" * (-len(text) % 4)
        return base64.b64decode(padded.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise CelError("base64.decode(): the text is not base64") from None


LIBRARY = [
    function("base64.encode", "bytes", do=_encode, result="string"),
    function("base64.decode", "string", do=_decode, result="bytes"),
]
