"""A root file system in a folder: what is installed in it, and that nothing outside of it is read."""

from __future__ import annotations

import os

import pytest
from tests.formats.installed.test_distributions import STATUS
from tests.simulators.package_databases import elf, go_inline

from lockgate.errors import SourceError
from lockgate.model import Component, Skip, SkipKind
from lockgate.sources.root_filesystem import RootFilesystemSource

METADATA = "Metadata-Version: 2.1\nName: requests\nVersion: 2.19.0\n"


def put(root, path, content, *, mode=0o644):
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    place.chmod(mode)


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    put(folder, "usr/lib/os-release", 'ID=debian\nVERSION_ID="12"\n')
    put(folder, "var/lib/dpkg/status", STATUS)
    put(folder, "app/lib/requests-2.19.0.dist-info/METADATA", METADATA)
    built = go_inline("go1.22.1", "path\tx\ndep\tgolang.org/x/net\tv0.1.0\n")
    put(folder, "usr/bin/tool", elf({".go.buildinfo": built}), mode=0o755)
    put(folder, "usr/bin/script", "#!/bin/sh\n", mode=0o755)
    (folder / "etc").mkdir()
    (folder / "etc/os-release").symlink_to("../usr/lib/os-release")
    return folder


def collected(source):
    rows = list(source.collect(lambda path, size: False))
    return [row for row in rows if isinstance(row, Component)], [row for row in rows if isinstance(row, Skip)]


def test_everything_installed_is_told_in_a_stable_order(root):
    source = RootFilesystemSource(root)
    components, skips = collected(source)
    assert [(one.ecosystem, one.name, one.path) for one in components] == [
        ("", "debian", "usr/lib/os-release"),
        ("PyPI", "requests", "app/lib/requests-2.19.0.dist-info/METADATA"),
        ("Go", "golang.org/x/net", "usr/bin/tool"),
        ("Go", "stdlib", "usr/bin/tool"),
        ("Debian:12", "libssl3", "var/lib/dpkg/status"),
        ("Debian:12", "bash", "var/lib/dpkg/status"),
        ("Debian:12", "waiting", "var/lib/dpkg/status"),
    ]
    assert skips == []
    assert source.files_read == 5
    assert collected(RootFilesystemSource(root)) == (components, skips)


def test_links_that_lead_out_are_not_followed(root, tmp_path):
    outside = tmp_path / "outside"
    put(outside, "lib/secret-1.0.dist-info/METADATA", METADATA.replace("requests", "secret"))
    put(outside, "dpkg/status", STATUS.replace("bash", "outsider"))
    (root / "app/linked").symlink_to(outside / "lib")
    (root / "app/lib/b-1.dist-info").symlink_to(outside / "lib/secret-1.0.dist-info")
    (root / "app/lib/requests-2.19.0.dist-info/METADATA").unlink()
    (root / "app/lib/requests-2.19.0.dist-info/METADATA").symlink_to(outside / "lib/secret-1.0.dist-info/METADATA")
    (root / "var/lib/dpkg/status").unlink()
    (root / "var/lib/dpkg").rmdir()
    (root / "var/lib/dpkg").symlink_to(outside / "dpkg")
    components, _ = collected(RootFilesystemSource(root))
    assert {one.name for one in components} == {"debian", "golang.org/x/net", "stdlib"}
    source = RootFilesystemSource(root)
    for path in ("var/lib/dpkg/status", "../outside/dpkg/status", "/etc/passwd", "etc/os-release", "", "app/./x"):
        assert source.sibling(path) is None
    assert source.sibling("usr/lib/os-release") == b'ID=debian\nVERSION_ID="12"\n'


def test_what_is_no_file_is_never_opened(root):
    os.mkfifo(root / "app/lib/a.jar")
    os.mkfifo(root / "usr/bin/pipe", 0o755)
    assert collected(RootFilesystemSource(root))[1] == []
    assert RootFilesystemSource(root).sibling("app/lib/a.jar") is None


def test_what_cannot_be_read_is_told(root):
    put(root, "app/lib/broken-1.dist-info/METADATA", "nothing\n")
    components, skips = collected(RootFilesystemSource(root))
    assert [(one.path, one.kind) for one in skips] == [("app/lib/broken-1.dist-info/METADATA", SkipKind.MALFORMED)]
    assert len(components) == 7


def test_a_name_in_no_encoding_is_shown(root):
    name = os.fsencode(root) + b"/app/lib/\xff-1.dist-info"
    os.mkdir(name)
    with open(name + b"/METADATA", "w") as file:
        file.write(METADATA)
    components, _ = collected(RootFilesystemSource(root))
    assert "app/lib/\ufffd-1.dist-info/METADATA" in {one.path for one in components}


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(SourceError):
        collected(RootFilesystemSource(tmp_path / "nothing"))
