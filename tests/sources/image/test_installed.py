"""What is installed in an image: what shows, which layer brought it, and layers that were read before."""

from __future__ import annotations

import hashlib
import io
import tarfile

import pytest
from tests.formats.installed.test_distributions import APK, PACKAGES, STATUS
from tests.formats.oci.archives import member
from tests.simulators.package_databases import elf, go_inline, rpm_sqlite
from tests.sources.image.building import Layout

from lockgate.formats import installed
from lockgate.formats.installed._kept import pack, unpack
from lockgate.formats.oci.layers.tar import Tar
from lockgate.model import Component, File
from lockgate.sources.image import opened, place_of, sources_of
from lockgate.sources.image.digests import Digests
from lockgate.sources.image.installed import InstalledSource, Study

RELEASE = b'ID=debian\nVERSION_ID="12"\n'
ADDED = "\nPackage: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 7.88.1-10\n"
METADATA = b"Metadata-Version: 2.1\nName: requests\nVersion: 2.19.0\n"
STEPS = ["ADD base", "RUN /bin/sh -c apt-get install curl # buildkit", "COPY . /app # buildkit"]


class Kept(dict):
    """Lists of layers, in memory."""

    def get_all(self, key):
        return self.get(key, {})

    def put_many(self, key, rows):
        self.setdefault(key, {}).update({name: (stamp, payload) for name, stamp, payload in rows})


def collected(folder, listings=None, wants=lambda path, size: False):
    image = opened(place_of(str(folder), name="").place, "", name="shop:1")
    study = Study(listings)
    layers = sources_of(image, listings=listings, study=study)
    files = [row for one in layers for row in one.collect(wants) if isinstance(row, File)]
    source = InstalledSource(image.name, study)
    rows = list(source.collect(wants))
    return image, source, [row for row in rows if isinstance(row, Component)], files, layers


def made(tmp_path, *layers, steps=()):
    layout = Layout(tmp_path / "layout")
    layout.name(layout.image(*layers, steps=steps), "1")
    return tmp_path / "layout"


def index_of(image, component):
    return [layer.descriptor.digest for layer in image.layers].index(component.layer)


def test_a_package_is_told_with_the_layer_that_brought_it_first(tmp_path):
    folder = made(
        tmp_path,
        {"etc/os-release": RELEASE, "var/lib/dpkg/status": STATUS.encode()},
        {"var/lib/dpkg/status": (STATUS.replace("3.0.15-1~deb12u1", "3.0.16-1") + ADDED).encode()},
        {"app/x/requests-2.19.0.dist-info/METADATA": METADATA},
        steps=STEPS,
    )
    image, source, components, _, _ = collected(folder)
    assert [(one.name, one.version, index_of(image, one)) for one in components] == [
        ("debian", "12", 0), ("requests", "2.19.0", 2), ("libssl3", "3.0.16-1", 1), ("bash", "5.2.15-2+b7", 0),
        ("waiting", "1:2.0-1", 0), ("curl", "7.88.1-10", 1),
    ]  # fmt: skip
    assert source.files_read == 4


def test_what_a_later_layer_deletes_or_replaces_is_not_installed(tmp_path):
    folder = made(
        tmp_path,
        {"etc/os-release": RELEASE, "lib/apk/db/installed": APK.encode(),
         **{f"{folder}/requests-2.19.0.dist-info/METADATA": METADATA for folder in "abc"}},
        {"a/.wh.requests-2.19.0.dist-info": b"", "lib/.wh.apk": b"", "b/.wh..wh..opq": b"",
         "c/requests-2.19.0.dist-info/METADATA": METADATA.replace(b"2.19.0", b"2.32.0")},
    )  # fmt: skip
    _, _, components, _, _ = collected(folder)
    assert [(one.name, one.version) for one in components] == [("debian", "12"), ("requests", "2.32.0")]


def test_programs_and_databases_beside_their_logs_are_read(tmp_path):
    built = go_inline("go1.22.1", "path\tx\ndep\tgolang.org/x/net\tv0.1.0\n")
    files = {
        "etc/os-release": b'ID="rhel"\nVERSION_ID="9.4"\n', "usr/bin/tool": elf({".go.buildinfo": built}),
        "usr/bin/script": b"#!/bin/sh\n", "var/lib/rpm/rpmdb.sqlite": rpm_sqlite(PACKAGES, tmp_path),
        "var/lib/rpm/rpmdb.sqlite-wal": b"none",
    }  # fmt: skip
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755 if "/bin/" in name else 0o644
            archive.addfile(entry, io.BytesIO(content))
    folder = made(tmp_path, stream.getvalue())
    _, _, components, _, _ = collected(folder)
    assert [one.name for one in components] == [
        "rhel", "golang.org/x/net", "stdlib", "bash", "large", "nodejs", "openssl-libs",
    ]  # fmt: skip


@pytest.mark.parametrize("at", [0, 40 * 1024 * 1024])
def test_a_program_of_any_size_is_read_and_hashed_without_being_held_as_it_is(tmp_path, at, monkeypatch):
    whole = []
    monkeypatch.setattr(Tar, "content", lambda reader, most: whole.append(reader) or b"")
    built = go_inline("go1.22.1", "path\tx\ndep\tgolang.org/x/net\tv0.1.0\n")
    program = elf({".text": bytes(at), ".go.buildinfo": built, ".data": bytes(40 * 1024 * 1024 - at)})
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        entry = tarfile.TarInfo("usr/bin/tool")
        entry.size, entry.mode = len(program), 0o755
        archive.addfile(entry, io.BytesIO(program))
    folder = made(tmp_path, stream.getvalue())
    _, _, components, _, _ = collected(folder)
    assert [one.name for one in components] == ["golang.org/x/net", "stdlib"]
    digests = Digests(None)
    image = opened(place_of(str(folder), name="").place, "", name="shop:1")
    for source in sources_of(image, met=digests.met, study=digests):
        assert list(source.collect(lambda path, size: False)) == []
    assert [one.sha256 for one in digests.files()] == [hashlib.sha256(program).hexdigest()]
    assert whole == []


def test_a_layer_that_was_read_before_is_not_read_again(tmp_path):
    folder = made(
        tmp_path,
        {"etc/os-release": RELEASE, "var/lib/dpkg/status": STATUS.encode()},
        {"var/lib/dpkg/status": (STATUS + ADDED).encode(), "app/x/requests-2.19.0.dist-info/METADATA": METADATA},
    )
    kept = Kept()
    _, _, first, _, _ = collected(folder, kept)
    for blob in (folder / "blobs" / "sha256").iterdir():
        if blob.read_bytes()[:2] == b"\x1f\x8b":
            blob.unlink()
    _, _, second, _, layers = collected(folder, kept)
    assert second == first
    assert not any(one.reread for one in layers[1:])
    for rows in kept.values():
        rows.pop("statements", None)
    with pytest.raises(Exception, match=r"no such|not|blob"):
        collected(folder, kept)


def test_scanners_get_their_files_all_the_same(tmp_path):
    folder = made(tmp_path, {"app/x/requests-2.19.0.dist-info/METADATA": METADATA, "app/settings.py": b"x = 1\n"})
    _, _, components, files, _ = collected(folder, wants=lambda path, size: path.startswith("app/"))
    assert {one.path: one.load() for one in files} == {
        "app/x/requests-2.19.0.dist-info/METADATA": METADATA, "app/settings.py": b"x = 1\n",
    }  # fmt: skip
    assert [one.name for one in components] == ["requests"]


def test_what_layers_state_is_kept_as_it_was():
    said = {
        path: installed.read(path, content)
        for path, content in {
            "etc/os-release": RELEASE, "var/lib/dpkg/status": (STATUS + "\nVersion: 1\n").encode(),
            "lib/apk/db/installed": APK.encode(), "a.dist-info/METADATA": METADATA,
        }.items()
    }  # fmt: skip
    assert unpack(pack(said)) == said
    assert unpack(b"nothing") is None
    assert unpack(pack({})[:-4]) is None or unpack(pack({})[:-4]) == {}


def test_what_a_hard_link_alone_names_is_read_though_it_is_over_the_limit_of_scanners(tmp_path):
    link = member("app/x/requests-2.19.0.dist-info/METADATA", "hard", "data/blob")
    folder = made(tmp_path, [("data/blob", METADATA), ("", link)])
    image = opened(place_of(str(folder), name="").place, "", name="shop:1")
    study = Study()
    for source in sources_of(image, max_bytes=len(METADATA) - 1, study=study):
        list(source.collect(lambda path, size: False))
    found = list(InstalledSource(image.name, study).collect(lambda path, size: False))
    assert [(one.name, one.version) for one in found] == [("requests", "2.19.0")]
