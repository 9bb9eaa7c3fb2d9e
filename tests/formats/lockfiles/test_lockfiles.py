"""What the package promises to its callers: wanting, merging, and starting up cheaply."""

import subprocess
import sys

import pytest

from lockgate.formats import lockfiles
from lockgate.formats.lockfiles import Reading
from lockgate.model import Component, Skip, SkipKind

RANGE = Skip("web/package.json", SkipKind.UNRESOLVED, "a range", "dependencies")
BROKEN = Skip("web/package.json", SkipKind.MALFORMED, "broken", "dependencies")


def component(path, name="a"):
    return Component("npm", name, "1.0.0", path)


@pytest.mark.parametrize(
    "path",
    ["requirements.txt", "a/requirements-dev.txt", "dev-requirements.txt", "requirements/base.txt", "constraints.txt",
     "pylock.toml", "pylock.dev.toml", "a/b/package-lock.json", "x.csproj", "pom.xml", "a/pom.xml",
     "gradle/libs.versions.toml",      "packages.app.lock.json", "package.json"],
)  # fmt: skip
def test_lock_and_manifest_names_are_wanted(path):
    assert lockfiles.wants(path)


@pytest.mark.parametrize(
    "path", ["readme.txt", "requirements.md", "mypom.xml", "package-lock.json.bak", "docs/lock.txt", ""]
)
def test_other_names_are_not(path):
    assert not lockfiles.wants(path)


def test_a_file_that_no_reader_knows_is_a_skip():
    [skip] = lockfiles.read("readme.md", b"", lambda _: None).skips
    assert skip.kind is SkipKind.UNSUPPORTED


def test_a_manifest_gives_way_to_a_lock_in_its_folder_but_keeps_what_is_broken():
    merged = lockfiles.merge(
        [
            ("web/package.json", Reading((component("web/package.json"),), (RANGE, BROKEN))),
            ("web/yarn.lock", Reading((component("web/yarn.lock"),))),
        ]
    )
    assert [item.path for item in merged.components] == ["web/yarn.lock"]
    assert merged.skips == (BROKEN,)


def test_a_manifest_stays_where_the_lock_is_elsewhere_or_could_not_be_read():
    manifest = ("web/package.json", Reading((component("web/package.json"),), (RANGE,)))
    unread = ("web/yarn.lock", Reading((), (Skip("web/yarn.lock", SkipKind.MALFORMED, "cut"),)))
    elsewhere = ("api/yarn.lock", Reading((component("api/yarn.lock"),)))
    other_ecosystem = ("web/poetry.lock", Reading((component("web/poetry.lock"),)))
    for lock in (unread, elsewhere, other_ecosystem):
        merged = lockfiles.merge([manifest, lock])
        assert "web/package.json" in [item.path for item in merged.components]
        assert RANGE in merged.skips


def test_a_lock_covers_the_manifests_of_its_workspaces():
    merged = lockfiles.merge(
        [
            ("packages/a/package.json", Reading((component("packages/a/package.json"),))),
            ("yarn.lock", Reading((component("yarn.lock"),), covers=("packages/a",))),
        ]
    )
    assert [item.path for item in merged.components] == ["yarn.lock"]


def test_importing_the_package_imports_no_reader_and_no_parser():
    code = (
        "import sys, lockgate.formats.lockfiles as l; before = set(sys.modules); print(sorted(m for m in before if "
        "m.startswith('lockgate.formats.lockfiles.') or m in ('yaml', 'orjson', 'tomllib', 'pyexpat')))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
