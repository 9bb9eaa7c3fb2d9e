"""One image of one place, held to the policy: fetched, judged, and told as a row of the record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.formats.signatures.testimony import Subject
from lockgate.gates.images import GATE, Attestable, ImageTrust, Scanned, Signed, Trusted
from lockgate.sources.image.place import Place
from lockgate.sources.image.testimonies import Beside, beside

TABLE = "ImageVerdicts"


@dataclass(frozen=True, slots=True)
class Verified:
    """The verdict on one image."""

    image: str
    """As it was asked for."""
    digest: str
    by_tag: bool
    """Whether a tag was asked for, which may be another image by now."""
    trusted: Trusted
    unread: tuple[str, ...] = ()


def verified(
    trust: ImageTrust, place: Place, key: str, *, name: str, image: str, now: datetime,
    scan_of: Callable[[str], Scanned | None],
) -> Verified:  # fmt: skip
    """Hold the image ``key`` of ``place`` to the policy.

    ``name``: its registry and repository. ``scan_of``: what the record knows of a digest, asked only where the policy
    does. Raises ``SourceError`` where the place does not answer: then there is no verdict.
    """
    document = place.manifest(key)
    subject = Subject(document.digest, document.content, document.media_type)
    found = beside(place, document.digest) if trust.asks_for_testimony(name) else Beside((), ())
    scanned = scan_of(document.digest) if trust.asks_for_scan(name) else None
    asked = Attestable(name, subject, found.testimonies, found.unread, scanned)
    judged: Trusted = GATE.decide(trust, asked, now=now)
    return Verified(image, document.digest, ":" not in key, judged, found.unread)


def row_of(one: Verified, *, policy: str, now: datetime) -> dict[str, Any]:
    """The row of the table ``ImageVerdicts``."""
    return {
        "TimeGenerated": now, "Image": one.image, "ImageDigest": one.digest,
        "Verdict": one.trusted.decision.verdict.value, "Policy": policy,
        **{name: orjson.dumps(value).decode() for name, value in plain(one).items()},
    }  # fmt: skip


def plain(one: Verified) -> dict[str, list[Any]]:
    """The reasons and what they rest on, for JSON."""
    return {
        "Reasons": [
            {"line": reason.rule, "verdict": reason.verdict.value, "text": reason.text}
            for reason in one.trusted.decision.reasons
        ],
        "Signatures": [_signed(name, signed) for name, signed in one.trusted.holding],
        "Refused": [
            {"authority": name, "where": where, "reason": why} for name, where, why in one.trusted.refused
        ],
        "Unread": list(one.unread),
    }


def _signed(name: str, signed: Signed) -> dict[str, Any]:
    return {
        "authority": name, "by": signed.by, "form": signed.form.value, "where": signed.where,
        "predicate": signed.statement.predicate_type if signed.statement is not None else "",
        "logged": signed.logged, "moments": [one.isoformat() for one in signed.moments], "claims": dict(signed.claims),
    }  # fmt: skip
