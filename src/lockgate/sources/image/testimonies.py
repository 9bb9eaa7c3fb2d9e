"""What lies beside an image to say who made it: cosign's tags, and artifacts that refer to it.

Cosign's older form is a manifest under the tag ``sha256-<hex>.sig`` (signatures) or ``.att`` (attestations), with a
layer for each. Bundles and signatures of Notary Project are artifacts with the image as their subject. Anybody who can
push may put something there, so that what cannot be read, or is too much, is told and never ends the reading; what the
place itself refuses does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import manifests
from lockgate.formats.oci.manifests import Descriptor, Manifest
from lockgate.formats.signatures import dsse, sigstore_bundle, simple_signing
from lockgate.formats.signatures.testimony import Form, Testimony
from lockgate.sources.image.attached import Attached, attached, content_of
from lockgate.sources.image.place import Document, Place, WritablePlace
from lockgate.transport import RefusedError

NOTARY = "application/vnd.cncf.notary.signature"
"""Type of artifacts of Notary Project."""
_MOST = 200
"""Testimonies of one image; 50 of each tag is more than a release of Kubernetes has."""
_MOST_BYTES = 64 * 1024 * 1024
_LARGEST = {
    Form.SIMPLE_SIGNING: simple_signing.MAX_PAYLOAD, Form.ENVELOPE: 16 * 1024 * 1024, Form.BUNDLE: 16 * 1024 * 1024,
    Form.NOTARY: 4 * 1024 * 1024,
}  # fmt: skip
_TAGS = (("sig", Form.SIMPLE_SIGNING, simple_signing.MEDIA_TYPE), ("att", Form.ENVELOPE, dsse.MEDIA_TYPE))


@dataclass(frozen=True, slots=True)
class Beside:
    """Everything found."""

    testimonies: tuple[Testimony, ...]
    unread: tuple[str, ...]
    """What could not be read, in words."""


def beside(place: Place, digest: str) -> Beside:
    """The testimonies of the manifest ``digest``. Raises ``SourceError`` where the place does not answer."""
    found = _Found()
    for suffix, form, kind in _TAGS:
        tag = simple_signing.tag_of(digest, suffix)
        document = tagged(place, tag)
        if document is not None:
            _of_tag(found, place, document, tag, form, kind)
    if isinstance(place, WritablePlace):
        for one in attached(place, digest, *sigstore_bundle.MEDIA_TYPES, NOTARY):
            _of_artifact(found, place, one)
    return Beside(tuple(found.testimonies), tuple(found.unread))


class _Found:
    """Takes testimonies within the bounds."""

    def __init__(self) -> None:
        self.testimonies: list[Testimony] = []
        self.unread: list[str] = []
        self._bytes = 0

    def take(
        self, form: Form, descriptor: Descriptor, where: str, read: Callable[[], bytes], annotations: Mapping[str, str]
    ) -> None:
        """Add one, or say why not."""
        if descriptor.size > _LARGEST[form]:
            self.unread.append(f"{where}: larger than {_LARGEST[form]:,} bytes")
        elif len(self.testimonies) >= _MOST or self._bytes + descriptor.size > _MOST_BYTES:
            told = f"more than {_MOST} testimonies, or {_MOST_BYTES >> 20} MB of them, lie beside the image"
            if told not in self.unread:
                self.unread.append(told)
        else:
            try:
                content = read()
            except RefusedError as error:
                if error.status != 404:
                    raise
                self.unread.append(f"{where}: its content is not there")
                return
            self._bytes += len(content)
            self.testimonies.append(Testimony(form, content, where, descriptor.media_type, annotations))


def tagged(place: Place, tag: str) -> Document | None:
    """None where there is no such tag."""
    try:
        return place.manifest(tag)
    except UsageError:  # of a layout
        return None
    except RefusedError as error:
        if error.status == 404:
            return None
        raise


def _of_tag(found: _Found, place: Place, document: Document, tag: str, form: Form, kind: str) -> None:
    try:
        read = manifests.read(document.content, media_type=document.media_type)
    except FormatError as error:
        found.unread.append(f"{tag}: {error.reason}")
        return
    if not isinstance(read, Manifest):
        found.unread.append(f"{tag}: an index and no manifest")
        return
    for number, layer in enumerate(read.layers):
        where = f"{tag}[{number}]"
        if layer.media_type != kind:
            found.unread.append(f"{where}: of the type {layer.media_type[:80]} and not {kind}")
            continue
        found.take(form, layer, where, _reader(place, layer, form), layer.annotations)


def _of_artifact(found: _Found, place: WritablePlace, one: Attached) -> None:
    kind, where = one.descriptor.artifact_type, f"artifact {one.descriptor.digest}"
    form = Form.NOTARY if kind == NOTARY else Form.BUNDLE
    if len(one.manifest.layers) != 1:
        found.unread.append(f"{where}: has {len(one.manifest.layers)} layers and not one")
        return
    layer = one.manifest.layers[0]
    most = _LARGEST[form]
    found.take(form, layer, where, lambda: content_of(place, one, most=most), one.manifest.annotations)


def _reader(place: Place, layer: Descriptor, form: Form) -> Callable[[], bytes]:
    return lambda: place.blob(layer, most=_LARGEST[form])
