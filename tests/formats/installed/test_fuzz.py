"""No bytes make a reader raise, hang or grow: cut, changed and made-up content of every format."""

from __future__ import annotations

import io
import random
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.installed.test_distributions import APK, PACKAGES, STATUS
from tests.simulators.package_databases import elf, go_inline, rpm_hash, rpm_ndb, rpm_sqlite, rust_audit

from lockgate.formats import installed


def _jar() -> bytes:
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/maven/g/a/pom.properties", "groupId=g\nartifactId=a\nversion=1\n")
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Implementation-Version: 1\nBundle-SymbolicName: x.y.z\n")
        archive.writestr("BOOT-INF/lib/a-1.jar", inner.getvalue())
    return outer.getvalue()


def _samples() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        database = rpm_sqlite(PACKAGES, Path(folder))
    modules = "path\tx\nmod\tx\tv1.0.0\th1:\ndep\ty\tv2.0.0\n=>\tz\tv3.0.0\nbuild\t-ldflags=-X a.version=1.2.3\n"
    go = go_inline("go1.22.1", modules)
    libraries = b'"libraries": {"A/1": {"type": "package", "sha512": "sha512-aa"}}'
    crates = rust_audit([{"name": "a", "version": "1.0.0", "source": "crates.io"}])
    return {
        "var/lib/dpkg/status": STATUS.encode(),
        "var/lib/dpkg/info/a.list": b"/usr/bin/a\n",
        "lib/apk/db/installed": APK.encode(),
        "var/lib/rpm/rpmdb.sqlite": database,
        "var/lib/rpm/Packages.db": rpm_ndb(PACKAGES),
        "var/lib/rpm/Packages": rpm_hash(PACKAGES),
        "var/lib/rpmmanifest/container-manifest-2": b"a\t1-1\t0\t0\tv\t\t9\tx\t0\ta-1-1.src.rpm\n",
        "etc/os-release": b'ID=debian\nVERSION_ID="12"\n',
        "x/a.dist-info/METADATA": b"Metadata-Version: 2.1\nName: A.b\nVersion: 1.0\n",
        "x/node_modules/a/package.json": b'{"name": "a", "version": "1.0.0", "license": {"type": "MIT"}}',
        "x/specifications/a-1.0.gemspec": b's.name = "a".freeze\ns.version = "1.0"\ns.licenses = ["MIT".freeze]\n',
        "x/a.deps.json": b"{" + libraries + b', "targets": {"n": {"A/1": {"dependencies": {}}}}}',
        "x/vendor/composer/installed.json": b'{"packages": [{"name": "a/b", "version": "v1.0", "license": ["MIT"]}]}',
        "x/a.jar": _jar(),
        "usr/bin/go": elf({".go.buildinfo": go}),
        "usr/bin/rust": elf({".dep-v0": crates}, wide=False),
    }  # fmt: skip


SAMPLES = _samples()


def read(path: str, content: bytes):
    said = installed.read(path, content, lambda path: content, executable=path.startswith("usr/bin/"))
    for skip in said.skips:
        assert skip.path.startswith(path)
        assert skip.reason.isprintable()
    for component in said.components:
        assert component.name
    return said


@pytest.mark.parametrize("path", sorted(SAMPLES))
def test_every_sample_says_something_and_so_does_a_stream_of_it(path):
    said = read(path, SAMPLES[path])
    assert said.components or said.owned or said.system
    assert said.skips == ()
    assert installed.read(path, io.BytesIO(SAMPLES[path]), executable=path.startswith("usr/bin/")) == said


def test_every_reader_has_a_sample():
    said = {name for name, one in installed.readers().items() for path in SAMPLES if one.wants(path, executable=True)}
    assert said == set(installed.readers())


@pytest.mark.parametrize("path", sorted(SAMPLES))
def test_cut_and_changed_content_is_read_or_told(path):
    sample = SAMPLES[path]
    chance = random.Random(path)
    for _ in range(150):
        data = bytearray(sample[: chance.randrange(len(sample) + 1)] if chance.random() < 0.4 else sample)
        for _ in range(chance.randrange(6)):
            if data:
                at = min(int(chance.expovariate(1 / (len(data) / 8 + 1))), len(data) - 1)
                data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        read(path, bytes(data))


@settings(max_examples=40, deadline=None)
@given(path=st.sampled_from(sorted(SAMPLES)), content=st.binary(max_size=400))
def test_any_bytes_are_read_or_told(path, content):
    read(path, content)
    read(path, SAMPLES[path][:16] + content)
