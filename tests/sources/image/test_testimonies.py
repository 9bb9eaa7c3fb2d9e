"""What lies beside an image is found, within bounds; what is wrong with it is told."""

import json

import pytest

from lockgate.formats.signatures import dsse, sigstore_bundle, simple_signing
from lockgate.formats.signatures.testimony import Form
from lockgate.sources.image.attached import attach, subject_of
from lockgate.sources.image.files import Folder
from lockgate.sources.image.layout import Layout as Place
from lockgate.sources.image.testimonies import beside

CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture
def image(layout):
    """(layout, place, digest) of one image."""
    entry = layout.name(layout.image({"a": b""}), "1.2")
    place = Place(Folder(layout.folder))
    return layout, place, entry["digest"]


def tag(layout, digest, suffix, layers, **more):
    config = layout.blob(b"{}", CONFIG)
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers, **more}
    layout.name(layout.blob(json.dumps(body).encode(), MANIFEST), simple_signing.tag_of(digest, suffix))


def signature(layout, content=b"{}", kind=simple_signing.MEDIA_TYPE):
    return layout.blob(content, kind, annotations={simple_signing.SIGNATURE: "AAAA"})


def test_signatures_attestations_and_bundles_are_found_each_by_its_form(image):
    layout, place, digest = image
    tag(layout, digest, "sig", [signature(layout)])
    tag(layout, digest, "att", [signature(layout, kind=dsse.MEDIA_TYPE)])
    kind = sigstore_bundle.MEDIA_TYPE
    attach(place, subject_of(place, "1.2"), kind, [(kind, b"{}")], annotations={"a": "b"})
    attach(place, subject_of(place, "1.2"), "application/vnd.cyclonedx+json", [("application/json", b"{}")])
    found = beside(place, digest)
    assert [one.form for one in found.testimonies] == [Form.SIMPLE_SIGNING, Form.ENVELOPE, Form.BUNDLE]
    assert found.testimonies[0].annotations == {simple_signing.SIGNATURE: "AAAA"}
    assert found.unread == ()


def test_an_image_without_any_has_none(image):
    _, place, digest = image
    assert beside(place, digest).testimonies == ()


@pytest.mark.parametrize(("number", "kept", "told"), [(10_000, 0, "at most 1000"), (500, 200, "more than 200")])
def test_ten_thousand_signatures_are_told_and_not_read(image, number, kept, told):
    layout, place, digest = image
    tag(layout, digest, "sig", [signature(layout)] * number)
    found = beside(place, digest)
    assert len(found.testimonies) == kept
    assert told in found.unread[0]


def test_a_giant_payload_and_layers_of_other_types_are_told_and_the_others_read(image):
    layout, place, digest = image
    giant = signature(layout, b"x" * (simple_signing.MAX_PAYLOAD + 1))
    tag(layout, digest, "sig", [giant, signature(layout, kind="text/plain"), signature(layout)])
    found = beside(place, digest)
    assert [one.where.rpartition("[")[2] for one in found.testimonies] == ["2]"]
    assert ["larger than" in found.unread[0], "text/plain" in found.unread[1]] == [True, True]


def test_what_is_no_manifest_is_told(image):
    layout, place, digest = image
    tag(layout, digest, "sig", [signature(layout)], manifests=[])
    assert "index and a manifest at once" in beside(place, digest).unread[0]
