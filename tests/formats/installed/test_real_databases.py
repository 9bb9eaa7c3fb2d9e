"""Real RPM databases, as the Go module ``go-rpmdb`` has them beside what ``rpm -qa`` said of each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests import go_modules

from lockgate.formats import installed

_CASE = re.compile(r'file:\s+"(testdata/[^"]+)",\s+pkgList:\s+(\w+)\(\)')
_LIST = re.compile(r"^\t(\w+) = func\(\) \[\]\*PackageInfo \{(.*?)^\t\}", re.MULTILINE | re.DOTALL)
_TEXT = r'"((?:[^"\\]|\\.)*)"'
_ENTRY = re.compile(rf"\{{intRef\((\d*)\), {', '.join([_TEXT] * 5)}, \d+, {_TEXT}, {_TEXT}, {_TEXT}")
"""Epoch, name, version, release, architecture, source package, licence, vendor, stream of a module."""


_BEGINNINGS = ("centos6-many",)
"""Databases of which only the first packages are listed."""


def _cases() -> list[tuple[Path, str]]:
    held = go_modules.module("github.com/knqyf263/go-rpmdb", "v0.1.1")
    if held is None:
        return []
    place = held / "pkg"
    lists = dict(_LIST.findall((place / "rpmdb_testcase_test.go").read_text()))
    cases = _CASE.findall((place / "rpmdb_test.go").read_text())
    return [(place / file, lists[name]) for file, name in cases if name in lists and (place / file).is_file()]


CASES = _cases()


@pytest.mark.skipif(not CASES, reason="Go's module cache does not hold github.com/knqyf263/go-rpmdb (.ci/fetch-cases)")
def test_there_are_databases_of_every_form():
    assert {place.name for place, _ in CASES} == {"Packages", "Packages.db", "rpmdb.sqlite"}


@pytest.mark.parametrize(("place", "listing"), CASES, ids=[place.parent.name for place, _ in CASES])
def test_a_real_database_is_read_as_rpm_lists_it(place, listing):
    expected, modules = [], {}
    for epoch, name, version, release, arch, source, licence, _, module in map(_fields, _ENTRY.findall(listing)):
        if name == "gpg-pubkey":
            continue
        full = f"{epoch}:{version}-{release}" if epoch not in ("", "0") else f"{version}-{release}"
        expected.append((name, full, arch, source.removesuffix(".src.rpm"), licence))
        if module not in ("", "(none)"):
            modules[name] = module
    with place.open("rb") as file:
        said = installed.read(f"var/lib/rpm/{place.name}", file)
    assert said.skips == ()
    found = [
        (one.name, one.version, one.architecture, f"{one.source}-{one.source_version.rpartition(':')[2]}", one.licence)
        for one in said.components
    ]
    assert len(expected) >= 30 or place.parent.name == "libuuid"
    assert set(expected) <= set(found)
    assert len(found) == len(expected) or place.parent.name in _BEGINNINGS
    assert dict(said.modules) == modules


def _fields(found: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one.replace('\\"', '"') for one in found)
