"""Images in the stores of runtimes are read where they lie, with whiteouts as overlayfs has them."""

import base64
import json
import os
import shutil
import stat

import pytest
from tests.formats.oci.documents import digest

from lockgate.errors import LockgateError
from lockgate.sources.image import LayerSource, opened, place_of, sources_of
from lockgate.sources.image.runtimes import CONTENT

BASE, MINE = {"etc/os-release": b"base", "etc/key": b"old", "opt/a": b"a"}, {"app/main": b"mine"}


def seen(path, name: str):
    """(layer, path, content, how it is hidden) of every file."""
    named = place_of(str(path), name=name)
    image = opened(named.place, named.key, name="cart")
    found = []
    for source in sources_of(image):
        if isinstance(source, LayerSource):
            for row in source.collect(lambda path, size: True):
                standing = source.standing[row.path]
                how = str(standing.hidden.how) if standing.hidden else ""
                found.append((source.layer.index, row.path, row.load(), how))
                assert row.stamp == ""
    return found


def test_an_image_in_the_content_of_containerd_is_read_by_its_digest(layout, tmp_path):
    entry = layout.image(BASE, {**MINE, "etc/.wh.key": b""})
    (tmp_path / "containerd").mkdir()
    shutil.move(layout.folder / "blobs", tmp_path / "containerd" / CONTENT / "blobs")
    assert seen(tmp_path / "containerd", entry["digest"]) == [
        (1, "app/main", b"mine", ""), (0, "etc/os-release", b"base", ""), (0, "etc/key", b"old", "deleted"),
        (0, "opt/a", b"a", ""),
    ]  # fmt: skip


@pytest.fixture
def storage(layout, tmp_path):
    """A store of CRI-O with one image of two layers, the second of which deletes a file and empties a folder."""
    entry = layout.image(BASE, MINE)
    blobs = layout.folder / "blobs" / "sha256"
    manifest = (blobs / entry["digest"][7:]).read_bytes()
    config = (blobs / json.loads(manifest)["config"]["digest"][7:]).read_bytes()
    store, id = tmp_path / "storage", digest(config)[7:]
    layers = ["1" * 64, "2" * 64]
    for layer, files in zip(layers, (BASE, MINE), strict=True):
        for path, content in files.items():
            (store / "overlay" / layer / "diff" / path).parent.mkdir(parents=True, exist_ok=True)
            (store / "overlay" / layer / "diff" / path).write_bytes(content)
    (store / "overlay-images" / id).mkdir(parents=True)
    (store / "overlay-layers").mkdir()
    (store / "overlay-images" / id / "manifest").write_bytes(manifest)
    name = base64.b64encode(digest(config).encode()).decode()
    (store / "overlay-images" / id / f"={name}").write_bytes(config)
    images = [{"id": id, "digest": entry["digest"], "names": ["localhost/team/cart:1"], "layer": layers[1]}]
    (store / "overlay-images" / "images.json").write_text(json.dumps(images))
    rows = [{"id": layers[0]}, {"id": layers[1], "parent": layers[0]}]
    (store / "overlay-layers" / "layers.json").write_text(json.dumps(rows))
    return store


@pytest.mark.parametrize("name", ["", "cart:1", "localhost/team/cart:1"])
def test_an_image_of_cri_o_is_read_by_its_name(storage, name):
    top = storage / "overlay" / ("2" * 64) / "diff"
    (top / "etc").mkdir()
    (top / "opt").mkdir()
    try:
        os.mknod(top / "etc" / "key", 0o600 | stat.S_IFCHR, os.makedev(0, 0))
        os.setxattr(top / "opt", "user.overlay.opaque", b"y")
    except OSError as error:
        pytest.skip(f"whiteouts of overlayfs cannot be made here: {error.strerror}")
    assert sorted(seen(storage, name)) == [
        (0, "etc/key", b"old", "deleted"), (0, "etc/os-release", b"base", ""), (0, "opt/a", b"a", "deleted"),
        (1, "app/main", b"mine", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "content"),
    [("overlay-layers/layers.json", "[]"), ("overlay-layers/layers.json", "{"), ("overlay-images/images.json", "[]"),
     ("overlay-images/images.json", '[{"id": "../../etc", "layer": "x", "names": ["cart:1"]}]'),
     ("overlay-layers/layers.json", json.dumps([{"id": "2" * 64, "parent": "2" * 64}]))],
)  # fmt: skip
def test_a_store_that_is_damaged_is_an_error(storage, file, content):
    (storage / file).write_text(content)
    with pytest.raises(LockgateError):
        seen(storage, "cart:1")


def test_a_store_of_another_driver_is_not_taken_for_a_file_system(storage):
    for name in ("images", "layers"):
        (storage / f"overlay-{name}").rename(storage / f"vfs-{name}")
    with pytest.raises(LockgateError, match="driver vfs"):
        place_of(str(storage), name="cart")
    assert place_of(f"dir:{storage}").root == storage
