"""Signs images as notation does: what is written here ``notation verify`` accepts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.formats.signatures.notary.envelope import ARTIFACT_TYPE, COSE, JWS
from lockgate.signing.notary.making import sign
from lockgate.signing.signer import Signer
from lockgate.sources.image.attached import attach, subject_of
from lockgate.sources.image.place import WritablePlace

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

FORMS = {"notary-jws": JWS, "notary-cose": COSE}
"""Media types of envelopes, by the names they have on the command line."""


@dataclass(frozen=True, slots=True)
class NotarySigning:
    """How somebody signs as notation does."""

    chain: Sequence[Certificate]
    """Of the key, from its own certificate to a self-signed one."""
    form: str
    """One of ``FORMS``."""
    days: int = 0
    """After which the signature expires; 0: never."""
    countersigned: Callable[[bytes], bytes] | None = None
    """Gives the timestamp of a signature."""


def sign_as_notation(
    place: WritablePlace, key: str, signer: Signer, how: NotarySigning, *, now: datetime
) -> tuple[str, str]:
    """Sign the image ``key`` of ``place``; its digest, and that of the artifact that holds the signature.

    Raises ``SourceError`` and ``ConfigurationError``.
    """
    subject, kind = subject_of(place, key), FORMS[how.form]
    expires = now + timedelta(days=how.days) if how.days else None
    content, told = sign(
        subject, signer, how.chain, media_type=kind, now=now, expires_at=expires, countersigned=how.countersigned
    )
    made = attach(place, subject, ARTIFACT_TYPE, [(kind, content)], annotations=told, config=ARTIFACT_TYPE)
    return subject.digest, made.digest
