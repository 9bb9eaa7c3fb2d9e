"""What the files of one file system state, put together."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from packageurl import PackageURL
from tests.simulators.package_databases import rpm_header, rpm_ndb

from lockgate.formats import installed
from lockgate.formats.installed import System
from lockgate.formats.installed._distribution import distro_of, ecosystem_of, system_of_distro
from lockgate.formats.inventory import Statement, inventory
from lockgate.formats.purl import parse
from lockgate.formats.purl_components import component_of
from lockgate.model import ComponentKind

DEBIAN = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
STATUS = """\
Package: python3-yaml
Status: install ok installed
Architecture: amd64
Source: pyyaml
Version: 6.0-3+b2

Package: base-files
Status: install ok installed
Architecture: amd64
Version: 12.4+deb12u9
"""
METADATA = "Metadata-Version: 2.1\nName: PyYAML\nVersion: 6.0\nLicense: MIT\n"


def stated(files: dict[str, str | bytes], layer: str = "") -> list[Statement]:
    content = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    return [Statement(path, installed.read(path, data, content.get), layer) for path, data in content.items()]


def debian() -> dict[str, str | bytes]:
    return {
        "etc/os-release": DEBIAN,
        "var/lib/dpkg/status": STATUS,
        "var/lib/dpkg/info/python3-yaml.list": "/usr/lib/python3/dist-packages/PyYAML-6.0.egg-info/PKG-INFO\n",
        "usr/lib/python3/dist-packages/PyYAML-6.0.egg-info/PKG-INFO": METADATA,
        "app/venv/lib/python3.12/site-packages/PyYAML-6.0.dist-info/METADATA": METADATA,
    }


def test_the_distribution_comes_first_and_names_its_packages():
    found = inventory(stated(debian()))
    system, *others = found.components
    assert (system.kind, system.name, system.version) == (ComponentKind.OPERATING_SYSTEM, "debian", "12")
    packages = {one.name: one for one in others if one.ecosystem == "Debian:12"}
    assert packages["python3-yaml"].purl == (
        "pkg:deb/debian/python3-yaml@6.0-3%2Bb2?arch=amd64&distro=debian-12&upstream=pyyaml"
    )
    assert packages["base-files"].purl == "pkg:deb/debian/base-files@12.4%2Bdeb12u9?arch=amd64&distro=debian-12"
    assert found.system.name == "Debian GNU/Linux 12 (bookworm)"


def test_an_artefact_that_a_package_brought_is_owned_by_it_and_another_is_not():
    found = inventory(stated(debian())).components
    modules = {one.path.partition("/")[0]: one for one in found if one.ecosystem == "PyPI"}
    assert parse(modules["usr"].owner).name == "python3-yaml"
    assert modules["app"].owner == ""
    assert modules["usr"].purl == modules["app"].purl == "pkg:pypi/pyyaml@6.0"


def test_the_order_in_which_files_were_read_does_not_matter():
    statements = stated(debian())
    first = inventory(statements)
    for seed in range(5):
        random.Random(seed).shuffle(statements)
        assert inventory(statements) == first


def test_every_component_says_with_which_layer_its_file_came():
    files = debian()
    last = "app/venv/lib/python3.12/site-packages/PyYAML-6.0.dist-info/METADATA"
    upper = stated({last: files.pop(last)}, "sha256:b")
    found = inventory([*stated(files, "sha256:a"), *upper])
    assert {(one.layer, one.path == last) for one in found.components} == {("sha256:a", False), ("sha256:b", True)}


def test_an_rpm_has_its_epoch_and_its_source_beside_the_version():
    blobs = [
        rpm_header("openssl-libs", "3.0.7", "27.el9", epoch=1, source="openssl-3.0.7-27.el9.src.rpm"),
        rpm_header("npm", "10.7.0", "1.18", source="nodejs-18.20.4-1.src.rpm", module="nodejs:18:9:1"),
    ]
    files = {"etc/os-release": 'ID="rhel"\nVERSION_ID="9.4"\n', "var/lib/rpm/Packages.db": rpm_ndb(blobs)}
    _, npm, openssl = inventory(stated(files)).components
    assert (npm.ecosystem, openssl.version) == ("Red Hat:enterprise_linux:9", "1:3.0.7-27.el9")
    assert PackageURL.from_string(openssl.purl) == PackageURL(
        "rpm", "redhat", "openssl-libs", "3.0.7-27.el9",
        {"arch": "x86_64", "distro": "rhel-9.4", "epoch": "1", "upstream": "openssl-3.0.7-27.el9.src.rpm"},
    )  # fmt: skip
    assert parse(npm.purl).qualifiers["rpmmod"] == "nodejs:18:9:1"
    assert parse(npm.purl).qualifiers["upstream"] == "nodejs-18.20.4-1.src.rpm"


def test_without_os_release_packages_stand_and_their_ecosystem_is_open():
    found = inventory(stated({"var/lib/dpkg/status": STATUS}))
    assert {one.ecosystem for one in found.components} == {"deb"}
    assert found.system is None
    assert found.components[0].purl.startswith("pkg:deb/debian/")


def test_etc_goes_before_usr():
    found = inventory(stated({"usr/lib/os-release": "ID=fedora\n", "etc/os-release": DEBIAN}))
    assert found.system.id == "debian"


@pytest.mark.parametrize(
    ("system", "kind", "ecosystem"),
    [
        (System("debian", "12", ""), "deb", "Debian:12"),
        (System("debian", "", "", codename="trixie"), "deb", "Debian:trixie"),
        (System("debian", "12", "Distroless"), "deb", "Debian:12"),
        (System("ubuntu", "24.04", ""), "deb", "Ubuntu:24.04:LTS"),
        (System("ubuntu", "24.10", ""), "deb", "Ubuntu:24.10"),
        (System("ubuntu", "23.04", ""), "deb", "Ubuntu:23.04"),
        (System("alpine", "3.20.3", ""), "apk", "Alpine:v3.20"),
        (System("alpine", "3.21.0_alpha20240807", ""), "apk", "Alpine:edge"),
        (System("wolfi", "20230201", ""), "apk", "Wolfi"),
        (System("chainguard", "20230214", ""), "apk", "Chainguard"),
        (System("rhel", "9.4", ""), "rpm", "Red Hat:enterprise_linux:9"),
        (System("almalinux", "9.4", ""), "rpm", "AlmaLinux:9"),
        (System("rocky", "8.10", ""), "rpm", "Rocky Linux:8"),
        (System("azurelinux", "3.0", ""), "rpm", "Azure Linux:3"),
        (System("mariner", "2.0.20240425", ""), "rpm", "Azure Linux:2"),
        (System("photon", "5.0", ""), "rpm", "Photon OS:5.0"),
        (System("sles", "15.6", "SUSE Linux Enterprise Server 15 SP6"), "rpm", "SUSE:Linux Enterprise Server 15 SP6"),
        (System("sles", "15.6", ""), "rpm", "SUSE:Linux Enterprise Server 15 SP6"),
        (System("opensuse-leap", "15.6", "openSUSE Leap 15.6"), "rpm", "openSUSE:Leap 15.6"),
        (System("opensuse-tumbleweed", "20240801", ""), "rpm", "openSUSE:Tumbleweed"),
        (System("openeuler", "24.03", "", release="24.03 (LTS-SP1)"), "rpm", "openEuler:24.03-LTS-SP1"),
        (System("amzn", "2023", ""), "rpm", "Amazon Linux:2023"),
        (System("debian", "12", ""), "rpm", "rpm"),
        (System("linux", "", ""), "apk", "apk"),
        (None, "deb", "deb"),
    ],
)
def test_what_advisories_call_a_distribution(system, kind, ecosystem):
    assert ecosystem_of(system, kind) == ecosystem


@pytest.mark.parametrize("named", [("debian", "12"), ("opensuse-leap", "15.6"), ("wolfi", ""), ("rhel", "9.4")])
def test_the_qualifier_of_a_package_url_names_the_system_again(named):
    system = System(*named, "")
    assert system_of_distro(distro_of(system)) == system


def test_the_package_url_of_every_component_gives_it_back():
    blobs = [
        rpm_header("openssl-libs", "3.0.7", "27.el9", epoch=1, source="openssl-3.0.7-27.el9.src.rpm"),
        rpm_header("npm", "10.7.0", "1.18", source="nodejs-18.20.4-1.src.rpm", module="nodejs:18:9:1"),
    ]
    redhat = {"etc/os-release": 'ID="rhel"\nVERSION_ID="9.4"\n', "var/lib/rpm/Packages.db": rpm_ndb(blobs)}
    for files in (debian(), redhat):
        for one in inventory(stated(files)).components[1:]:
            again = component_of(one.purl, one.path)
            assert again == replace(one, line=0, licence="", owner="")


@pytest.mark.parametrize(
    ("url", "ecosystem", "source", "version"),
    [
        ("pkg:deb/debian/libssl3@3.0-1?distro=debian-12.5&upstream=openssl", "Debian:12", "openssl", "3.0-1"),
        ("pkg:deb/ubuntu/bash@5.2?distro=ubuntu-24.04", "Ubuntu:24.04:LTS", "bash", "5.2"),
        ("pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=3.20.3", "Alpine:v3.20", "musl", "1.2.5-r0"),
        ("pkg:apk/wolfi/glibc@2.40-r1", "Wolfi", "glibc", "2.40-r1"),
        ("pkg:rpm/redhat/bash@5.1-9.el9?distro=redhat-9.4&epoch=0", "Red Hat:enterprise_linux:9", "bash", "5.1-9.el9"),
        ("pkg:rpm/redhat/a@1-2?distro=rhel-8&epoch=1&upstream=b-3-4.src.rpm", "Red Hat:enterprise_linux:8", "b", "1:3-4"),  # noqa: E501
        ("pkg:rpm/azurelinux/a@1-2.azl3?distro=azurelinux-3.0", "Azure Linux:3", "a", "1-2.azl3"),
    ],
)
def test_package_urls_of_other_tools_are_understood(url, ecosystem, source, version):
    found = component_of(url, "bill")
    assert (found.ecosystem, found.source, found.source_version) == (ecosystem, source, version)


def test_what_names_no_component_is_none():
    assert component_of("pkg:generic/debian@12", "bill") is None
    assert component_of("no url", "bill") is None
