"""One image of one place, held to the policy: fetched, judged, and told as a row of the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError, UsageError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import manifests, platforms
from lockgate.formats.oci.manifests import Index
from lockgate.formats.oci.platforms import Platform
from lockgate.formats.signatures.testimony import Subject
from lockgate.gates.images import GATE, Attestable, Covering, ImageTrust, Scanned, Signed, Trusted
from lockgate.model import Verdict
from lockgate.sources.image.place import Document, Place
from lockgate.sources.image.testimonies import Beside, beside, tagged

TABLE = "ImageVerdicts"
_DEEPEST = 3
"""Indexes within indexes."""


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


@dataclass(frozen=True, slots=True)
class Asked:
    """Which image of a place is to be held to the policy."""

    key: str
    """Tag, name or digest."""
    name: str
    """Registry and repository."""
    image: str
    """As it was asked for."""
    platform: Platform | None = None
    """Of an index the image for it; None: the index itself."""
    tag: str = ""
    """Of a name with tag and digest, the tag."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the record knows of a digest. Asked only where the policy does, or something is missing."""

    scan: Callable[[str], Scanned | None]
    indexes: Callable[[str], tuple[str, ...]] = lambda _digest: ()
    """Those that the image was chosen from."""


def verified(trust: ImageTrust, place: Place, asked: Asked, known: Known, *, now: datetime) -> Verified:
    """Hold an image of ``place`` to the policy.

    Where it does not meet it by itself, what is said of the indexes that have it counts as well: those that it was
    chosen from by its platform, that its tag names, that the record knows. Each is read, and does have it. Raises
    ``SourceError`` where the place does not answer, ``UsageError`` for a platform that there is not: then there is no
    verdict.
    """
    above, document = _chosen(place, asked)
    subject = Subject(document.digest, document.content, document.media_type)
    testimony = trust.asks_for_testimony(asked.name)
    found = beside(place, document.digest) if testimony else Beside((), ())
    scanned = known.scan(document.digest) if trust.asks_for_scan(asked.name) else None
    alone = Attestable(asked.name, subject, found.testimonies, found.unread, scanned)
    judged: Trusted = GATE.decide(trust, alone, now=now)
    if testimony and judged.decision.verdict is not Verdict.ALLOW:
        indexes, silent = _covering(place, asked, above, document, known)
        if indexes or silent:
            told = (*found.unread, *silent)
            judged = GATE.decide(trust, replace(alone, unread=told, indexes=indexes), now=now)
    return Verified(asked.image, document.digest, ":" not in asked.key, judged, found.unread)


def _chosen(place: Place, asked: Asked) -> tuple[list[Document], Document]:
    """The indexes from the outermost in, and the manifest that is meant."""
    above: list[Document] = []
    document = place.manifest(asked.key)
    while asked.platform is not None and (read := _index(document)) is not None:
        if len(above) == _DEEPEST:
            raise SourceError("indexes within indexes within indexes", where=asked.image)
        wanted = platforms.chosen(read.manifests, asked.platform)
        if wanted is None:
            raise UsageError(f"no image for {asked.platform}", where=asked.image)
        above.append(document)
        document = place.manifest(wanted.digest)
    return above, document


def _covering(
    place: Place, asked: Asked, above: list[Document], document: Document, known: Known
) -> tuple[list[Covering], list[str]]:
    """The indexes that have ``document`` with what lies beside them, and in words what could not be read.

    What is not read here covers nothing: that the image itself does not meet the policy is known already, and must not
    become a verdict of nobody.
    """
    found: dict[str, Covering] = {}
    unread: list[str] = []
    for key, one in _candidates(place, asked, above, document, known, unread):
        try:
            said = beside(place, one.digest)
        except SourceError as error:
            unread.append(f"what lies beside the index {key}: {error}")
            continue
        subject = Subject(one.digest, one.content, one.media_type)
        found[one.digest] = Covering(subject, said.testimonies, said.unread)
    return list(found.values()), unread


def _candidates(
    place: Place, asked: Asked, above: list[Document], document: Document, known: Known, unread: list[str]
) -> Iterator[tuple[str, Document]]:
    yield from ((one.digest, one) for one in above)
    if above or _index(document) is not None:
        return
    for key in dict.fromkeys([*([asked.tag] if asked.tag else []), *known.indexes(document.digest)]):
        try:
            other = tagged(place, key)
        except SourceError as error:
            unread.append(f"the index {key}: {error}")
            continue
        read = _index(other) if other is not None else None
        if other is not None and read is not None and document.digest in {one.digest for one in read.manifests}:
            yield key, other


def _index(document: Document) -> Index | None:
    """None where it is a manifest, or nothing that can be read: then it is judged as it lies there."""
    try:
        read = manifests.read(document.content, media_type=document.media_type)
    except FormatError:
        return None
    return read if isinstance(read, Index) else None


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
        "predicate": signed.statement.predicate_type if signed.statement is not None else "", "index": signed.index,
        "logged": signed.logged, "moments": [one.isoformat() for one in signed.moments], "claims": dict(signed.claims),
    }  # fmt: skip
