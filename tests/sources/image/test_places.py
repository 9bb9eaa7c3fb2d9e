"""Images are found where people say they are, and what is not what it should be is one clear error."""

import json

import pytest
from tests.formats.oci.archives import tar, zst
from tests.sources.image.building import docker_archive

from lockgate.errors import LockgateError, SourceError, UsageError
from lockgate.formats.oci import platforms
from lockgate.sources.image import LayerSource, opened, place_of, root_source, sources_of


def image(text, name="", platform=""):
    named = place_of(str(text), name=name)
    return opened(named.place, named.key, name=str(text), platform=platforms.parse(platform) if platform else None)


def seen(one, wants=lambda path, size: True):
    """(layer, path, content, how it is hidden) of every file of every layer."""
    found = []
    for source in sources_of(one):
        if isinstance(source, LayerSource):
            for row in source.collect(wants):
                standing = source.standing[row.path]
                how = str(standing.hidden.how) if standing.hidden else ""
                found.append((source.layer.index, row.path, row.load(), how))
    return found


BASE, MINE = {"etc/os-release": b"base", "etc/key": b"old"}, {"etc/.wh.key": b"", "app/main": b"mine"}
FILES = [
    (1, "app/main", b"mine", ""), (0, "etc/os-release", b"base", ""), (0, "etc/key", b"old", "deleted"),
]  # fmt: skip


@pytest.mark.parametrize("pack", [bytes, zst, None])
def test_a_layout_is_read_from_the_top_down_with_what_later_layers_hide(layout, pack):
    layout.name(layout.image(BASE, MINE, **({"pack": pack} if pack else {})), "1.2")
    for text in (layout.folder, f"oci:{layout.folder}", f"oci:{layout.folder}:1.2"):
        assert seen(image(text)) == FILES


def test_a_layout_in_an_archive_is_read_as_the_folder_is(layout, tmp_path):
    layout.name(layout.image(BASE, MINE), "1.2")
    files = {str(one.relative_to(layout.folder)): one.read_bytes() for one in layout.folder.rglob("*") if one.is_file()}
    (tmp_path / "image.tar").write_bytes(tar(files))
    assert seen(image(tmp_path / "image.tar")) == FILES


def test_an_archive_of_docker_save_is_read_and_its_links_between_images_followed(tmp_path):
    path = docker_archive(tmp_path / "saved.tar", {"cart:1": [BASE], "cart:2": [BASE, MINE]})
    assert seen(image(path, "cart:2")) == FILES
    assert [row[1] for row in seen(image(path, "1"))] == ["etc/os-release", "etc/key"]


def test_where_there_are_several_images_one_must_be_named(layout, tmp_path):
    layout.name(layout.image(BASE), "one")
    layout.name(layout.image(MINE), "two")
    saved = docker_archive(tmp_path / "saved.tar", {"cart:1": [BASE], "cart:2": [MINE]})
    for path, hint in ((layout.folder, "one, two"), (saved, "cart:1, cart:2")):
        with pytest.raises(UsageError, match="more than one image") as caught:
            image(path)
        assert hint in caught.value.hint
        with pytest.raises(UsageError, match="no image 'three'"):
            image(path, "three")
    assert [row[1] for row in seen(image(layout.folder, "two"))] == ["app/main"]


def test_an_index_gives_the_image_of_the_wanted_platform(layout):
    arm = {**layout.image({"arm": b""}), "platform": {"os": "linux", "architecture": "arm64"}}
    amd = {**layout.image({"amd": b""}), "platform": {"os": "linux", "architecture": "amd64"}}
    proof = {**layout.image({"proof": b""}), "platform": {"os": "unknown", "architecture": "unknown"}}
    layout.name(layout.index(proof, arm, amd), "latest")
    assert [row[1] for row in seen(image(layout.folder))] == ["amd"]
    read = image(layout.folder, platform="arm64")
    assert [row[1] for row in seen(read)] == ["arm"]
    assert (read.platforms, read.attested) == (("linux/arm64", "linux/amd64"), 1)
    with pytest.raises(UsageError, match="no image for linux/s390x") as caught:
        image(layout.folder, platform="s390x")
    assert "linux/arm64" in caught.value.hint


def test_the_root_of_a_file_system_is_one_layer_and_its_links_lead_nowhere(tmp_path):
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "key").write_bytes(b"key")
    (root / "proc").mkdir()
    (root / "proc" / "cmdline").write_bytes(b"not a file")
    (root / "out").symlink_to("/etc/passwd")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"outside")
    (root / "folder").symlink_to(tmp_path / "elsewhere")
    assert place_of(str(root)).root == root
    source = root_source(root)
    assert [(row.path, row.load()) for row in source.collect(lambda path, size: True)] == [("etc/key", b"key")]


def test_a_name_of_a_registry_is_no_place_on_this_machine():
    assert place_of("registry.example.com/team/cart:1") is None


def broken(layout, how):
    entry = layout.image(BASE, MINE)
    layout.name(entry, "latest")
    blobs = layout.folder / "blobs" / "sha256"
    manifest = json.loads((blobs / entry["digest"][7:]).read_bytes())
    layer = blobs / manifest["layers"][0]["digest"][7:]
    config = blobs / manifest["config"]["digest"][7:]
    if how == "layer gone":
        layer.unlink()
    elif how == "layer cut":
        layer.write_bytes(layer.read_bytes()[:-20])
    elif how == "layer of another":
        layer.write_bytes((blobs / manifest["layers"][1]["digest"][7:]).read_bytes())
    elif how == "layer a link":
        layer.unlink()
        layer.symlink_to("/dev/zero")
    elif how == "config changed":
        config.write_bytes(config.read_bytes() + b" ")
    elif how == "manifest changed":
        (blobs / entry["digest"][7:]).write_bytes(b"{}")
    elif how == "index none":
        (layout.folder / "index.json").write_text("[]")
    elif how == "index empty":
        layout.index_json()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("layer gone", "No such file"), ("layer cut", "cut short|digest"), ("layer of another", "digest"),
        ("layer a link", "not a regular file"), ("config changed", "digest"), ("manifest changed", "digest"),
        ("index none", "no JSON object"), ("index empty", "no image"),
    ],
)  # fmt: skip
def test_what_is_not_what_its_digest_says_is_never_read(layout, how, words):
    broken(layout, how)
    with pytest.raises(SourceError, match=words):
        seen(image(layout.folder))


@pytest.mark.parametrize(
    "content",
    [b"", b"noise" * 1000, tar({"other": b""}), tar({"manifest.json": b"{}"}), tar({"manifest.json": b"[{}]"}),
     tar({"manifest.json": b'[{"Config": "../../etc/passwd", "Layers": []}]'})],
)  # fmt: skip
def test_a_file_that_is_no_image_is_an_error(tmp_path, content):
    path = tmp_path / "image.tar"
    path.write_bytes(content)
    with pytest.raises(LockgateError):
        image(path)


def test_an_artifact_is_no_image(layout):
    body = {"schemaVersion": 2, "config": layout.blob(b"{}", "application/vnd.oci.empty.v1+json"), "layers": []}
    layout.name(layout.blob(json.dumps(body).encode(), "application/vnd.oci.image.manifest.v1+json"), "latest")
    with pytest.raises(SourceError, match="an artifact and no image"):
        image(layout.folder)


def test_a_layer_of_a_type_that_is_no_file_system_is_named(layout):
    layout.name(layout.image(BASE, MINE, media_type="text/html"), "latest")
    with pytest.raises(SourceError, match="layer 0 is of the type 'text/html', which is no file system"):
        image(layout.folder)


def test_fewer_digests_of_layers_than_layers_are_refused(layout):
    entry = layout.image(BASE, MINE)
    blobs = layout.folder / "blobs" / "sha256"
    manifest = json.loads((blobs / entry["digest"][7:]).read_bytes())
    config = json.loads((blobs / manifest["config"]["digest"][7:]).read_bytes())
    config["rootfs"]["diff_ids"].pop()
    manifest["config"] = layout.blob(json.dumps(config).encode(), manifest["config"]["mediaType"])
    layout.name(layout.blob(json.dumps(manifest).encode(), manifest["mediaType"]), "latest")
    with pytest.raises(SourceError, match="another number of layers"):
        image(layout.folder)
