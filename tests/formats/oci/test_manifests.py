"""Manifests and indexes are read within bounds, and what could be read in two ways is refused."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.formats.oci.documents import CONFIG, INDEX, LAYER, MANIFEST, descriptor, digest, index, manifest

from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import manifests, platforms
from lockgate.formats.oci.manifests import Index, Manifest
from lockgate.model import SkipKind

DOCKER = "application/vnd.docker.distribution.manifest."


def test_a_manifest_names_its_configuration_and_its_layers_from_the_base_up():
    read = manifests.read(manifest("base", "mine"), media_type=MANIFEST)
    assert isinstance(read, Manifest)
    assert read.is_image
    assert [one.digest for one in read.layers] == [digest("base"), digest("mine")]
    assert read.config.media_type == CONFIG


def test_a_manifest_of_docker_is_an_image_too():
    body = json.loads(manifest("base"))
    body["mediaType"] = f"{DOCKER}v2+json"
    body["config"]["mediaType"] = "application/vnd.docker.container.image.v1+json"
    body["layers"][0]["mediaType"] = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    read = manifests.read(json.dumps(body).encode(), media_type=f"{DOCKER}v2+json")
    assert isinstance(read, Manifest)
    assert read.is_image


def test_an_artifact_is_no_image():
    read = manifests.read(manifest(layers=[descriptor("sbom", "application/spdx+json")]))
    assert isinstance(read, Manifest)
    assert not read.is_image


def test_an_index_names_platforms_in_their_normal_form():
    arm = {"os": "linux", "architecture": "aarch64"}
    entries = [descriptor("a", MANIFEST, platform=arm), descriptor("b", MANIFEST)]
    read = manifests.read(index(*entries))
    assert isinstance(read, Index)
    assert [str(one.platform) for one in read.manifests] == ["linux/arm64", "None"]


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", SkipKind.MALFORMED, "not JSON"),
        (b"[]", SkipKind.MALFORMED, "no JSON object"),
        (b"{}", SkipKind.UNSUPPORTED, "schemaVersion"),
        (json.dumps({"schemaVersion": 1, "fsLayers": []}).encode(), SkipKind.UNSUPPORTED, "schema 1"),
        (manifest(mediaType=f"{DOCKER}v1+prettyjws"), SkipKind.UNSUPPORTED, "schema 1"),
        (manifest("a", manifests=[]), SkipKind.MALFORMED, "an index and a manifest at once"),
        (manifest("a", mediaType=INDEX), SkipKind.MALFORMED, "another form"),
        (manifest("a", mediaType="text/html"), SkipKind.MALFORMED, "another form"),
        (manifest("a", layers=None), SkipKind.MALFORMED, "'layers'"),
        (manifest("a", layers={}), SkipKind.MALFORMED, "'layers'"),
        (manifest("a", layers=[7]), SkipKind.MALFORMED, "layers"),
        (manifest("a", config=None), SkipKind.MALFORMED, "config"),
        (manifest(layers=[descriptor("a") | {"size": -1}]), SkipKind.MALFORMED, "size"),
        (manifest(layers=[descriptor("a") | {"size": True}]), SkipKind.MALFORMED, "size"),
        (manifest(layers=[descriptor("a") | {"size": 2**63}]), SkipKind.MALFORMED, "size"),
        (manifest(layers=[descriptor("a") | {"digest": "sha256:../../etc"}]), SkipKind.MALFORMED, "digest"),
        (manifest(layers=[descriptor("a") | {"digest": "md5:" + "0" * 32}]), SkipKind.UNSUPPORTED, "sha256 and sha512"),
        (manifest(layers=[descriptor("a") | {"digest": "sha256:" + "A" * 64}]), SkipKind.MALFORMED, "lower-case"),
        (manifest(*map(str, range(100_000)))[: 1 << 26], SkipKind.TOO_LARGE, "larger than"),
        (manifest(layers=[{}] * 100_000), SkipKind.TOO_LARGE, "at most 1000"),
        (b'{"schemaVersion":2,"a":' + b"[" * 5000 + b"]" * 5000 + b"}", SkipKind.TOO_LARGE, "nested"),
    ],
)
def test_what_is_no_manifest_within_bounds_is_one_clear_error(content, kind, words):
    with pytest.raises(FormatError, match=words) as caught:
        manifests.read(content)
    assert caught.value.kind is kind


@pytest.mark.parametrize("announced", [INDEX, f"{DOCKER}v2+json", "text/html", f"{DOCKER}v1+json"])
def test_a_manifest_that_was_announced_as_something_else_is_refused(announced):
    with pytest.raises(FormatError):
        manifests.read(manifest("a"), media_type=announced)


def test_a_type_with_parameters_or_none_at_all_is_taken_for_what_the_document_says():
    for announced in (f"{MANIFEST}; charset=utf-8", "application/json", ""):
        assert isinstance(manifests.read(manifest("a"), media_type=announced), Manifest)


@given(st.dictionaries(st.sampled_from(["schemaVersion", "mediaType", "config", "layers", "manifests", "subject"]),
                       st.integers(0, 3) | st.none() | st.text(max_size=4) | st.lists(st.none(), max_size=2)
                       | st.just(MANIFEST) | st.just(INDEX)))  # fmt: skip
def test_no_document_raises_anything_else(body):
    with contextlib.suppress(FormatError):
        manifests.read(json.dumps(body).encode())


def entry(name: str, platform: str = "", **annotations: str):
    os, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    body = descriptor(name, MANIFEST, annotations=annotations)
    if platform:
        body["platform"] = {"os": os, "architecture": architecture, "variant": variant}
    return body


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("linux/arm64", "arm"), ("linux/arm64/v8", "arm"), ("linux/arm/v7", None), ("linux/amd64", "amd"),
     ("x86_64", "amd"), ("", "amd"), ("linux/s390x", None)],
)  # fmt: skip
def test_the_first_image_of_the_wanted_platform_is_chosen(wanted, found):
    read = manifests.read(
        index(
            entry("proof", "unknown/unknown", **{"vnd.docker.reference.type": "attestation-manifest"}),
            entry("arm", "linux/arm64/v8"), entry("amd", "linux/amd64"), entry("more", "linux/amd64"),
        )
    )  # fmt: skip
    assert isinstance(read, Index)
    one = platforms.chosen(read.manifests, platforms.parse(wanted) if wanted else None)
    assert (one.digest if one else None) == (digest(found) if found else None)


def test_what_is_attested_is_never_taken_for_an_image():
    read = manifests.read(index(entry("proof", "unknown/unknown")))
    assert isinstance(read, Index)
    assert platforms.chosen(read.manifests, None) is None
    assert platforms.is_attestation(read.manifests[0])


def test_where_no_image_is_for_amd64_and_none_is_wanted_the_first_is_chosen():
    read = manifests.read(index(entry("arm", "linux/arm64"), entry("other", "windows/amd64")))
    assert isinstance(read, Index)
    assert platforms.chosen(read.manifests, None).digest == digest("arm")


@pytest.mark.parametrize("text", ["", "linux", "linux/amd64/v1/x", "linux/", "linux/am d", "/amd64"])
def test_what_is_no_platform_is_refused(text):
    with pytest.raises(FormatError):
        platforms.parse(text)


def test_layers_say_how_they_are_packed():
    from lockgate.formats.oci.media_types import Packing, is_foreign, packing_of

    assert packing_of(LAYER) is Packing.GZIP
    assert packing_of("application/vnd.oci.image.layer.v1.tar+zstd") is Packing.ZSTD
    assert packing_of("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip") is Packing.GZIP
    assert is_foreign("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
    assert packing_of("application/vnd.cncf.helm.chart.content.v1.tar+gzip") is None
