"""Advisories about packages of distributions: source packages, releases, streams, and what will not be fixed."""

from __future__ import annotations

import json

import pytest

from lockgate.model import Component, Severity
from lockgate.store.advisories import AdvisoryStore

UPSTREAM = ["CVE-2026-1", "CVE-2026-2"]


def record(name, ecosystem, package, *, fixed="", beside=None, **more):
    events = [{"introduced": "0"}] + ([{"fixed": fixed}] if fixed else [])
    affected = {
        "package": {"ecosystem": ecosystem, "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
        "ecosystem_specific": beside or {},
    }
    return {"id": name, "modified": "2026-01-01T00:00:00Z", "affected": [affected], **more}


def built(folder, *records):
    (folder / "records.json").write_text(json.dumps(records))
    AdvisoryStore.build([folder / "records.json"], folder / "advisories.db")
    return AdvisoryStore.open(folder / "advisories.db")


def package(ecosystem, name, version, source="", source_version=""):
    kind = "rpm" if ecosystem.startswith(("Red Hat", "SUSE", "Alma", "Azure")) else "deb"
    return Component(
        ecosystem, name, version, "status", source=source or name, source_version=source_version or version,
        purl=f"pkg:{kind}/x/{name}@{version}",
    )  # fmt: skip


def found(store, *components):
    return [(one.component.name, one.group, one.fixed_in) for one in store.match(components)]


def test_debian_speaks_of_source_packages_in_a_release(tmp_path):
    with built(
        tmp_path,
        record("DEBIAN-CVE-2026-1", "Debian:12", "openssl", fixed="3.0.16-1~deb12u1", upstream=["CVE-2026-1"]),
        record("DEBIAN-CVE-2026-1", "Debian:12", "openssl", fixed="3.0.16-1~deb12u1", upstream=["CVE-2026-1"]),
        record("DEBIAN-CVE-2026-2", "Debian:11", "openssl", fixed="9"),
        record("DEBIAN-CVE-2026-3", "Debian:12", "libssl3", fixed="9"),
    ) as store:
        old = package("Debian:12", "libssl3", "3.0.15-1~deb12u1", "openssl")
        fixed = package("Debian:12", "libssl3", "3.0.16-1~deb12u1", "openssl")
        assert found(store, old, fixed) == [("libssl3", "CVE-2026-1", "3.0.16-1~deb12u1")]
        assert store.knows(old)
        assert not store.knows(package("Debian:13", "libssl3", "1"))


def test_a_rebuild_has_the_version_of_its_source(tmp_path):
    with built(tmp_path, record("DEBIAN-CVE-2026-1", "Debian:12", "bash", fixed="5.2.15-2+b3")) as store:
        rebuilt = package("Debian:12", "bash", "5.2.15-2+b7", "bash", "5.2.15-2")
        assert [name for name, _, _ in found(store, rebuilt)] == ["bash"]


def test_red_hat_parts_its_release_into_products_and_names_packages(tmp_path):
    with built(
        tmp_path,
        record("RHSA-2026:1", "Red Hat:enterprise_linux:9::baseos", "openssl-libs", fixed="1:3.0.7-28.el9"),
        record("RHSA-2026:2", "Red Hat:enterprise_linux:9::appstream", "openssl", fixed="1:3.0.7-29.el9"),
        record("RHSA-2026:3", "Red Hat:enterprise_linux:8::baseos", "openssl-libs", fixed="1:9-9"),
        record("RHSA-2026:4", "Red Hat:rhel_eus:9.2::baseos", "openssl-libs", fixed="1:9-9"),
        record("RHSA-2026:5", "Red Hat:enterprise_linux:9::baseos", "openssl-libs", fixed="0:9-9"),
    ) as store:
        old = package("Red Hat:enterprise_linux:9", "openssl-libs", "1:3.0.7-27.el9", "openssl", "1:3.0.7-27.el9")
        assert {group for _, group, _ in found(store, old)} == {"RHSA-2026:1", "RHSA-2026:2"}


def test_a_flaw_told_of_both_names_is_one(tmp_path):
    with built(
        tmp_path,
        record("ALSA-2026:1", "AlmaLinux:9", "openssl", fixed="1:3.0.7-28.el9"),
        record("ALSA-2026:1X", "AlmaLinux", "openssl-libs", fixed="1:3.0.7-28.el9", aliases=["ALSA-2026:1"]),
    ) as store:
        old = package("AlmaLinux:9", "openssl-libs", "1:3.0.7-27.el9", "openssl", "1:3.0.7-27.el9")
        assert found(store, old) == [("openssl-libs", "ALSA-2026:1", "1:3.0.7-28.el9")]


def test_streams_of_a_module_are_told_apart(tmp_path):
    with built(
        tmp_path,
        record("RHSA-2026:1", "Red Hat:enterprise_linux:8::appstream", "nodejs", fixed="1:18.20.4-1.module+el8+1"),
        record("RHSA-2026:2", "Red Hat:enterprise_linux:8::appstream", "nodejs", fixed="1:20.15.1-1.module+el8+2"),
    ) as store:
        ecosystem = "Red Hat:enterprise_linux:8"
        installed = [
            package(ecosystem, "nodejs", "1:18.20.4-1.module+el8+9"),
            package(ecosystem, "nodejs", "1:18.12.1-1.module+el8+9"),
            package(ecosystem, "nodejs", "1:20.9.0-1.module+el8+9"),
            package(ecosystem, "nodejs", "1:16.0.0-1.el8"),
        ]
        assert found(store, *installed) == [
            ("nodejs", "RHSA-2026:1", "1:18.20.4-1.module+el8+1"),
            ("nodejs", "RHSA-2026:2", "1:20.15.1-1.module+el8+2"),
        ]


def test_modules_of_suse_are_one_release(tmp_path):
    with built(
        tmp_path,
        record("SUSE-SU-2026:1-1", "SUSE:Linux Enterprise Module for Basesystem 15 SP6", "openssl-3", fixed="3.1.4-2"),
        record("SUSE-SU-2026:2-1", "SUSE:Linux Enterprise Server 15 SP5", "openssl-3", fixed="9-9"),
    ) as store:
        old = package("SUSE:Linux Enterprise Server 15 SP6", "libopenssl3", "3.1.4-1", "openssl-3")
        assert [group for _, group, _ in found(store, old)] == ["SUSE-SU-2026:1-1"]


@pytest.mark.parametrize(
    ("version", "group"), [("1.1.1f-1ubuntu2", "UBUNTU-CVE-2026-1"), ("1.1.1f-1ubuntu2.1+esm2", "UBUNTU-CVE-2026-2")]
)
def test_extended_maintenance_of_ubuntu_is_told_apart(tmp_path, version, group):
    with built(
        tmp_path,
        record("UBUNTU-CVE-2026-1", "Ubuntu:20.04:LTS", "openssl"),
        record("UBUNTU-CVE-2026-2", "Ubuntu:Pro:20.04:LTS", "openssl", fixed="1.1.1f-1ubuntu2.1+esm3"),
    ) as store:
        assert [one for _, one, _ in found(store, package("Ubuntu:20.04:LTS", "openssl", version))] == [group]


@pytest.mark.parametrize(
    ("beside", "state"),
    [
        ({"urgency": "end-of-life"}, "end-of-life"),
        ({"fix_state": "Will not fix"}, "will-not-fix"),
        ({"state": "wontfix"}, "will-not-fix"),
        ({"urgency": "not yet assigned"}, ""),
        ({}, ""),
    ],
)
def test_what_a_distribution_will_not_fix_is_told(tmp_path, beside, state):
    with built(tmp_path, record("DEBIAN-CVE-2026-1", "Debian:12", "a", beside=beside)) as store:
        (match,) = store.match([package("Debian:12", "a", "1")])
        assert (match.state, match.fixed_in) == (state, "")


def test_a_fix_goes_before_what_was_said_of_it(tmp_path):
    ignored = record("DEBIAN-CVE-2026-1", "Debian:12", "a", fixed="2", beside={"status": "ignored"})
    with built(tmp_path, ignored) as store:
        (match,) = store.match([package("Debian:12", "a", "1")])
        assert (match.state, match.fixed_in) == ("", "2")


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ({"beside": {"urgency": "unimportant"}}, Severity.LOW),
        ({"beside": {"urgency": "high"}}, Severity.HIGH),
        ({"severity": [{"type": "Ubuntu", "score": "negligible"}]}, Severity.LOW),
        ({"severity": [{"type": "Ubuntu", "score": "critical"}]}, Severity.CRITICAL),
    ],
)
def test_the_words_of_distributions_are_severities(tmp_path, more, severity):
    with built(tmp_path, record("DEBIAN-CVE-2026-1", "Debian:12", "a", **more)) as store:
        (match,) = store.match([package("Debian:12", "a", "1")])
        assert match.severity is severity


def test_wolfi_names_packages_and_alpine_their_origins(tmp_path):
    with built(
        tmp_path,
        record("CGA-1", "Wolfi", "libcrypto3", fixed="3.3.1-r4"),
        record("ALPINE-CVE-2026-2", "Alpine:v3.20", "openssl", fixed="3.3.1-r4"),
    ) as store:
        wolfi = Component("Wolfi", "libcrypto3", "3.3.1-r3", "db", source="openssl", source_version="3.3.1-r3")
        alpine = Component("Alpine:v3.20", "libcrypto3", "3.3.1-r3", "db", source="openssl", source_version="3.3.1-r3")
        assert [group for _, group, _ in found(store, wolfi, alpine)] == ["CGA-1", "ALPINE-CVE-2026-2"]


def test_a_store_says_of_which_packages_it_ever_speaks(tmp_path):
    with built(tmp_path, record("DEBIAN-CVE-2026-1", "Debian:12", "openssl", fixed="1")) as store:
        known, other = package("Debian:12", "libssl3", "9", "openssl"), package("Debian:12", "vendor-tool", "1")
        assert store.speaks_of([known, other]) == {known}


def test_an_update_is_as_exploited_as_the_worst_flaw_that_it_mends(tmp_path):
    kev, epss = tmp_path / "kev.json", tmp_path / "epss.csv"
    kev.write_text(json.dumps({"vulnerabilities": [{"cveID": "CVE-2026-2", "dateAdded": "2026-03-01"}]}))
    epss.write_text("cve,epss,percentile\nCVE-2026-1,0.5,0.9\nCVE-2026-3,0.9,0.9\n")
    records = [
        record("RHSA-2026:1", "Red Hat:enterprise_linux:9::baseos", "a", fixed="2-1", upstream=UPSTREAM),
        record("GHSA-aaaa-bbbb-cccc", "PyPI", "a", fixed="2", related=["CVE-2026-3"]),
    ]
    (tmp_path / "records.json").write_text(json.dumps(records))
    AdvisoryStore.build([tmp_path / "records.json"], tmp_path / "advisories.db", kev=kev, epss=epss)
    with AdvisoryStore.open(tmp_path / "advisories.db") as store:
        installed = package("Red Hat:enterprise_linux:9", "a", "1-1")
        update, other = store.match([installed, Component("PyPI", "a", "1", "lock")])
    assert (update.flaws, update.kev, update.epss) == (("CVE-2026-1", "CVE-2026-2"), "2026-03-01", 0.5)
    assert update.ids == ("RHSA-2026:1",)
    assert (other.flaws, other.kev, other.epss) == ((), "", None)


def test_what_is_told_of_components_is_what_matches_them(tmp_path):
    with built(
        tmp_path,
        record("ALSA-2026:1", "AlmaLinux:9", "openssl", fixed="1:3.0.7-28.el9", related=["CVE-2026-1"]),
        record("ALSA-2026:1", "AlmaLinux:9", "openssl-libs", fixed="1:3.0.7-28.el9"),
        record("CVE-2026-1", "AlmaLinux:9", "openssl", fixed="1:3.0.7-28.el9"),
        record("CVE-2026-1", "AlmaLinux:9", "openssl-libs", fixed="1:3.0.7-28.el9"),
        record("DEBIAN-CVE-2026-2", "Debian:12", "openssl", fixed="3.0.16-1"),
        record("DEBIAN-CVE-2026-3", "Debian:12", "openssl", fixed="3.0.2-1"),
    ) as store:
        asked = [
            package("AlmaLinux:9", "openssl-libs", "1:3.0.7-27.el9", "openssl", "1:3.0.7-27.el9"),
            package("Debian:12", "libssl3", "3.0.15-1", "openssl"),
            package("Debian:12", "openssl", "3.0.16-1"),
            package("Debian:12", "openssl", ""),
            package("Debian:12", "libssl-dev", "3.0.15-1", "openssl"),
        ]
        told = [(asked[at].name, flaw.group, flaw.kind) for at, flaw in store.told(asked)]
        assert told == [(one.component.name, one.group, one.kind) for one in store.match(asked)]
        assert len(set(told)) == len(told)
