"""VEX that is attested of an image: read beside it, and believed of those that the policy of images names for it.

Who may push to a repository may put a statement beside an image, so that none counts but those whose signature holds
and is by an authority of a line's ``vex``. The predicate is a whole document: of OpenVEX as ``cosign attest --type
openvex`` and ``vexctl attest`` write it, of CycloneDX (its vulnerabilities), or of CSAF.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats import vex
from lockgate.formats.format_error import FormatError
from lockgate.formats.signatures import dsse, in_toto, sigstore_bundle
from lockgate.formats.signatures.testimony import Form, Subject, Testimony
from lockgate.gates.images import Authority, ImageTrust
from lockgate.signing.refused import RefusedError
from lockgate.sources.image import Image
from lockgate.sources.image.testimonies import beside

_PREDICATES = ("https://openvex.dev/ns", "https://cyclonedx.org/", "https://docs.oasis-open.org/csaf")
"""What the addresses of their types begin with; versions stand behind."""


@dataclass(frozen=True, slots=True)
class Attested:
    """One document that holds."""

    where: str
    """Authority, and what it lay under."""
    content: bytes
    """The document, JSON."""

    def statements(self) -> tuple[vex.Statement, ...]:
        """What it says. Raises ``SourceError`` for what is no VEX: in silence its flaws would count."""
        try:
            return vex.read(self.where, self.content)
        except FormatError as error:
            raise SourceError(f"no VEX document: {error.reason}", where=self.where) from None


@dataclass(frozen=True, slots=True)
class AttestedVex:
    """All that is attested of one image."""

    documents: tuple[Attested, ...] = ()
    notices: tuple[str, ...] = ()
    """What looks like VEX and does not count, in words."""


def attested_vex(trust: ImageTrust, image: Image) -> AttestedVex:
    """What lies beside the image, and beside the index it was chosen from, of those that the policy names for it.

    Raises ``SourceError`` where the place does not answer.
    """
    name = image.reference.name if image.reference is not None else image.name
    authorities = {one: trust.authorities[one] for one in trust.vex_authorities(name)}
    documents: list[Attested] = []
    notices: list[str] = []
    for digest in filter(None, (image.digest, image.index_digest)) if authorities else ():
        document = image.place.manifest(digest)
        subject = Subject(digest, document.content, document.media_type, name)
        found = beside(image.place, digest)
        notices += found.unread
        for one in found.testimonies:
            held = [*_holding(one, subject, authorities)]
            documents += held
            if not held and _looks_like_vex(one):
                notices.append(f"{one.where}: VEX by none of {', '.join(authorities)}, which does not count")
    return AttestedVex(tuple(documents), tuple(notices))


def _holding(one: Testimony, subject: Subject, authorities: dict[str, Authority]) -> Iterator[Attested]:
    """At most one, however many authorities vouch for it."""
    for name, authority in authorities.items():
        if one.form not in authority.forms:
            continue
        try:
            signed = authority.check(one, subject)
        except RefusedError:
            continue
        if signed.statement is not None and signed.statement.predicate_type.startswith(_PREDICATES):
            document = orjson.dumps(dict(signed.statement.predicate))
            if b'"vulnerabilit' in document:  # a bill of materials of CycloneDX has none, mostly
                yield Attested(f"{name}: {one.where}", document)
        return


def _looks_like_vex(one: Testimony) -> bool:
    """By its own word, which nobody has vouched for."""
    try:
        if one.form is Form.ENVELOPE:
            envelope = dsse.read(one.content)
        elif one.form is Form.BUNDLE:
            held = sigstore_bundle.read(one.content).content
            if not isinstance(held, dsse.Envelope):
                return False
            envelope = held
        else:
            return False
        return in_toto.read(envelope.payload).predicate_type.startswith(_PREDICATES[0])
    except FormatError:
        return False
