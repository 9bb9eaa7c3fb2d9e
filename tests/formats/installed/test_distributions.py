"""Packages of distributions: dpkg, apk and RPM databases, os-release."""

from __future__ import annotations

import sqlite3
import struct
import subprocess
from pathlib import Path
from shutil import which

import pytest
from tests.simulators.package_databases import rpm_hash, rpm_header, rpm_ndb, rpm_sqlite

from lockgate.formats import installed
from lockgate.model import SkipKind

STATUS = """\
Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.15-1~deb12u1
Description: a library
 whose text goes on
 .
 Version: of nothing

Package: bash
Status: install ok installed
Architecture: amd64
Source: bash (5.2.15-2)
Version: 5.2.15-2+b7

Package: gone
Status: deinstall ok config-files
Version: 1.0

Package: waiting
Status: install ok triggers-pending
Version: 1:2.0-1
Architecture: all
"""
APK = """\
C:Q1abcdefghijklmnopqrstuvwxyz012=
P:libcrypto3
V:3.3.1-r3
A:x86_64
L:Apache-2.0
o:openssl
c:0123456789
F:lib
R:libcrypto.so.3
Z:Q1aaaa=
F:usr/lib/python3.12/site-packages/x.dist-info
R:METADATA

P:musl
V:1.2.5-r0
A:x86_64
"""
PACKAGES = [
    rpm_header("bash", "5.1.8", "9.el9", source="bash-5.1.8-9.el9.src.rpm", licence="GPLv3+"),
    rpm_header("openssl-libs", "3.0.7", "27.el9", epoch=1, source="openssl-3.0.7-27.el9.src.rpm"),
    rpm_header("gpg-pubkey", "fd431d51", "4ae0493b", arch=""),
    rpm_header(
        "nodejs", "18.20.4", "1.module+el9", source="nodejs-18.20.4-1.module+el9.src.rpm", module="nodejs:18:9:1"
    ),
    rpm_header("large", "1", "1", files=("/usr/lib/node_modules/npm/package.json", "/bin/large"), padding=30_000),
]  # fmt: skip
EXPECTED = [
    ("bash", "5.1.8-9.el9", "bash", "5.1.8-9.el9", "x86_64"),
    ("large", "1-1", "large", "", "x86_64"),
    ("nodejs", "18.20.4-1.module+el9", "nodejs", "18.20.4-1.module+el9", "x86_64"),
    ("openssl-libs", "1:3.0.7-27.el9", "openssl", "1:3.0.7-27.el9", "x86_64"),
]


def read(path: str, content: bytes | str, sibling=installed.nothing_beside):
    assert installed.wants(path)
    return installed.read(path, content.encode() if isinstance(content, str) else content, sibling)


def told(said):
    return [(one.name, one.version, one.source, one.source_version, one.architecture) for one in said.components]


def test_dpkg_tells_packages_that_are_there_with_their_source_packages():
    said = read("var/lib/dpkg/status", STATUS)
    assert told(said) == [
        ("libssl3", "3.0.15-1~deb12u1", "openssl", "3.0.15-1~deb12u1", "amd64"),
        ("bash", "5.2.15-2+b7", "bash", "5.2.15-2", "amd64"),
        ("waiting", "1:2.0-1", "waiting", "1:2.0-1", "all"),
    ]
    assert [one.line for one in said.components] == [1, 11, 21]
    assert said.skips == ()


def test_distroless_has_a_file_a_package_and_names_do_not_matter():
    said = read("var/lib/dpkg/status.d/bGlic3NsMw==", "Package: libssl3\nVersion: 3.0.15-1\nSource: openssl\n")
    assert told(said) == [("libssl3", "3.0.15-1", "openssl", "3.0.15-1", "")]
    said = read("var/lib/dpkg/status.d/libssl3.md5sums", "d41d8cd98f00b204e9800998ecf8427e  usr/lib/libssl.so.3\n")
    assert said.owned == {"libssl3": ("usr/lib/libssl.so.3",)}


def test_files_of_a_package_are_those_of_a_merged_usr():
    said = read("var/lib/dpkg/info/bash:amd64.list", "/.\n/bin\n/bin/bash\n/usr/share/doc/bash/README.gz\n")
    assert "usr/bin/bash" in said.owned["bash"]
    assert not any("README" in path for path in said.owned["bash"])


def test_an_entry_without_a_name_is_told_and_the_rest_read():
    said = read("var/lib/dpkg/status", "Version: 1\n\n" + STATUS)
    assert [(one.kind, one.line) for one in said.skips] == [(SkipKind.MALFORMED, 1)]
    assert len(said.components) == 3


def test_apk_tells_origins_and_files():
    said = read("lib/apk/db/installed", APK)
    assert told(said) == [
        ("libcrypto3", "3.3.1-r3", "openssl", "3.3.1-r3", "x86_64"),
        ("musl", "1.2.5-r0", "musl", "1.2.5-r0", "x86_64"),
    ]
    assert said.components[0].licence == "Apache-2.0"
    assert said.owned["libcrypto3"] == (
        "usr/lib/libcrypto.so.3", "usr/lib/python3.12/site-packages/x.dist-info/METADATA",
    )  # fmt: skip


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_rpm_in_sqlite(tmp_path, page_size):
    said = read("var/lib/rpm/rpmdb.sqlite", rpm_sqlite(PACKAGES, tmp_path, page_size=page_size))
    assert (told(said), said.skips) == (EXPECTED, ())
    assert said.modules == {"nodejs": "nodejs:18:9:1"}
    assert said.owned == {"large": ("usr/bin/large", "usr/lib/node_modules/npm/package.json")}


def test_rpm_in_sqlite_of_many_pages(tmp_path):
    many = [rpm_header(f"package{at:04}", "1", "1", padding=300) for at in range(3000)]
    said = read("var/lib/rpm/rpmdb.sqlite", rpm_sqlite(many, tmp_path, page_size=1024))
    assert [one.name for one in said.components] == [f"package{at:04}" for at in range(3000)]


def test_what_is_committed_beside_a_sqlite_database_counts(tmp_path):
    place = tmp_path / "rpmdb.sqlite"
    connection = sqlite3.connect(place, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.executemany("INSERT INTO Packages VALUES (?,?)", enumerate(PACKAGES, 1))
    data, log = place.read_bytes(), (tmp_path / "rpmdb.sqlite-wal").read_bytes()
    connection.execute("BEGIN")
    connection.execute("DELETE FROM Packages")
    uncommitted = (tmp_path / "rpmdb.sqlite-wal").read_bytes()
    connection.close()
    path = "usr/lib/sysimage/rpm/rpmdb.sqlite"
    assert told(read(path, data)) == []
    assert told(read(path, data, {path + "-wal": log}.get)) == EXPECTED
    assert told(read(path, data, {path + "-wal": uncommitted}.get)) == EXPECTED
    assert told(read(path, data, {path + "-wal": log[:5000]}.get)) != EXPECTED


def test_rpm_in_its_own_database():
    said = read("usr/lib/sysimage/rpm/Packages.db", rpm_ndb(PACKAGES))
    assert (told(said), said.skips) == (EXPECTED, ())
    many = [rpm_header(f"package{at:03}", "1", "1") for at in range(600)]
    assert len(read("var/lib/rpm/Packages.db", rpm_ndb(many)).components) == 600


@pytest.mark.parametrize("order", ["<", ">"])
def test_rpm_in_berkeley_db(order):
    said = read("var/lib/rpm/Packages", rpm_hash(PACKAGES, order=order))
    assert (told(said), said.skips) == (EXPECTED, ())


@pytest.mark.skipif(which("db5.3_load") is None, reason="Berkeley DB's own tools are not installed")
def test_rpm_in_berkeley_db_as_it_writes_itself(tmp_path):
    many = [*PACKAGES, *(rpm_header(f"package{at:03}", "1", "1", padding=at * 37) for at in range(300))]
    for order, form in (("1234", "<I"), ("4321", ">I")):
        place = tmp_path / order
        head = f"VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\ndb_lorder={order}\nHEADER=END\n"
        rows = [(struct.pack(form, 0), b"\0\0\1\1"), *((struct.pack(form, at), one) for at, one in enumerate(many, 1))]
        dump = head + "".join(f" {key.hex()}\n {value.hex()}\n" for key, value in rows) + "DATA=END\n"
        subprocess.run(["db5.3_load", str(place)], input=dump.encode(), check=True)
        said = read("var/lib/rpm/Packages", place.read_bytes())
        assert len(said.components) == len(EXPECTED) + 300
        assert said.skips == ()


def test_azure_linux_without_a_database_has_a_list():
    fields = ("openssl-libs", "3.3.0-1.azl3", "17", "16", "Microsoft Corporation", "(none)", "9", "x86_64")
    line = "\t".join((*fields, "0", "openssl-3.3.0-1.azl3.src.rpm"))
    said = read("var/lib/rpmmanifest/container-manifest-2", line + "\ncut\t1\n")
    assert told(said) == [("openssl-libs", "3.3.0-1.azl3", "openssl", "3.3.0-1.azl3", "x86_64")]
    assert [(one.kind, one.line) for one in said.skips] == [(SkipKind.MALFORMED, 2)]


def test_a_header_that_is_none_is_told_and_the_rest_read(tmp_path):
    said = read("var/lib/rpm/rpmdb.sqlite", rpm_sqlite([b"nothing", *PACKAGES], tmp_path))
    assert told(said) == EXPECTED
    assert [one.reason for one in said.skips] == ["a header of less than 8 bytes"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("var/lib/rpm/rpmdb.sqlite", b"nothing at all"),
        ("var/lib/rpm/Packages", b"x" * 5000),
        ("var/lib/rpm/Packages.db", b"RpmP" + b"\xff" * 5000),
        ("var/lib/rpm/Packages", rpm_hash(PACKAGES)[:20_000]),
        ("var/lib/rpm/Packages.db", rpm_ndb(PACKAGES)[:20_000]),
        ("var/lib/dpkg/status.d/x", b"no field"),
    ],
)
def test_a_database_that_is_none_or_cut_is_told(path, content):
    assert read(path, content).skips != ()


def test_a_table_that_is_its_own_child_ends(tmp_path):
    many = [rpm_header(f"p{at}", "1", "1", padding=300) for at in range(300)]
    data = bytearray(rpm_sqlite(many, tmp_path, page_size=512))
    for start in range(512, len(data) - 511, 512):
        if data[start] == 5:
            struct.pack_into(">I", data, start + 8, start // 512 + 1)
    said = read("var/lib/rpm/rpmdb.sqlite", bytes(data))
    assert [one.reason for one in said.skips] == ["a database whose pages name each other"]


def test_an_overflow_that_is_a_ring_ends():
    data = bytearray(rpm_hash([rpm_header("a", "1", "1", padding=20_000)]))
    for start in range(4096, len(data), 4096):
        if data[start + 25] == 7:
            struct.pack_into("<I", data, start + 16, start // 4096)
    said = read("var/lib/rpm/Packages", bytes(data))
    assert len(said.components) <= 1


def test_os_release_is_read_as_the_shell_would():
    lines = ('NAME="Red Hat"', 'ID="rhel"', "VERSION_ID='9.4'", r'PRETTY_NAME="A \"quoted\" name"', "# ID=no")
    system = read("etc/os-release", "\n".join((*lines, 'ID_LIKE="fedora centos"', ""))).system
    assert (system.id, system.version, system.name) == ("rhel", "9.4", 'A "quoted" name')
    assert system.like == ("fedora", "centos")
    assert read("usr/lib/os-release", "").system.id == "linux"
    assert read("etc/os-release", "ID=$(reboot)\n").system.id == "linux"


@pytest.mark.skipif(which("dpkg-query") is None or not Path("/var/lib/dpkg/status").exists(), reason="no dpkg here")
def test_the_database_of_this_machine_is_read_as_dpkg_query_does():
    form = "${Package}\t${Version}\t${source:Package}\t${source:Version}\t${Architecture}\t${db:Status-Status}\n"
    lines = subprocess.run(["dpkg-query", "-W", "-f", form], capture_output=True, text=True, check=True).stdout
    rows = [tuple(line.split("\t")) for line in lines.splitlines()]
    expected = sorted(row[:5] for row in rows if row[5] not in ("config-files", "not-installed", "half-installed"))
    with open("/var/lib/dpkg/status", "rb") as file:
        said = installed.read("var/lib/dpkg/status", file)
    assert (sorted(told(said)), said.skips) == (expected, ())
