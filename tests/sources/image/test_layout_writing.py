"""What is said of an image in a layout is written into the layout, and the layout stays the one it was."""

import json
import multiprocessing
from functools import partial

import pytest

from lockgate.errors import SourceError, UsageError
from lockgate.formats.oci import artifacts, digests
from lockgate.sources.image import opened, place_of
from lockgate.sources.image.attached import attach, attached, content_of, subject_of, writable
from lockgate.sources.image.place import Held

KIND = "application/spdx+json"


def attached_to(folder, number: int) -> None:
    place = place_of(folder).place
    attach(place, subject_of(place, "1.2"), KIND, [(KIND, b"%d" % number)])


def test_what_is_attached_is_found_and_the_image_is_still_the_only_one(layout):
    image = layout.name(layout.image({"a": b"a"}), "1.2")
    place = place_of(str(layout.folder)).place
    subject = subject_of(place, "1.2")
    assert subject.digest == image["digest"]
    for _ in range(2):
        made = attach(place, subject, KIND, [(KIND, b"one"), (KIND, b"two")])
    (found,) = attached(place, subject.digest)
    assert found.descriptor == made
    assert [content_of(place, found, most=10, index=number) for number in (0, 1)] == [b"one", b"two"]
    assert attached(place, subject.digest, "application/other") == []
    assert opened(place, "", name="cart").digest == image["digest"]
    assert len(json.loads((layout.folder / "index.json").read_bytes())["manifests"]) == 2


def test_processes_that_attach_at_once_lose_nothing(layout):
    layout.name(layout.image({"a": b"a"}), "1.2")
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(partial(attached_to, str(layout.folder)), range(12))
    place = place_of(str(layout.folder)).place
    found = attached(place, subject_of(place, "1.2").digest)
    assert {content_of(place, one, most=10) for one in found} == {b"%d" % number for number in range(12)}
    assert not list(layout.folder.rglob(".lockgate-*"))


def test_a_tag_is_taken_from_what_had_it(layout):
    layout.name(layout.image({"a": b"a"}), "1.2")
    place = place_of(str(layout.folder)).place
    other = place.manifest(layout.image({"b": b"b"})["digest"])
    assert place.put_manifest(other.content, "application/vnd.oci.image.manifest.v1+json", tag="1.2") == other.digest
    assert place.manifest("1.2").digest == other.digest


def test_referrers_under_the_tag_of_the_registry_protocol_are_found(layout):
    image = layout.name(layout.image({"a": b"a"}), "1.2")
    place = place_of(str(layout.folder)).place
    subject = subject_of(place, "1.2")
    manifest = artifacts.manifest_of(KIND, [], subject=subject)
    kind = "application/vnd.oci.image.manifest.v1+json"
    layout.blob(manifest, kind)
    index = artifacts.index_of([artifacts.described(manifest, kind)])
    layout.name(layout.blob(index, "application/vnd.oci.image.index.v1+json"), artifacts.tag_of(image["digest"]))
    assert [one.descriptor.digest for one in attached(place, subject.digest)] == [digests.digest_of(manifest)]


def test_what_cannot_be_written_is_told(layout, tmp_path):
    layout.name(layout.image({"a": b"a"}), "1.2")
    place = place_of(str(layout.folder)).place
    with pytest.raises(SourceError, match="does not have its digest"):
        place.put_blob(digests.digest_of(b"one"), Held(b"two"))
    assert not list(layout.folder.rglob(".lockgate-*"))
    (tmp_path / "away").mkdir()
    (layout.folder / "blobs" / "sha512").symlink_to(tmp_path / "away")
    with pytest.raises(SourceError, match="somewhere else"):
        place.put_blob("sha512:" + "0" * 128, Held(b"two"))
    with pytest.raises(UsageError, match="nothing can be attached"):
        writable(object(), "saved.tar")
