"""Stored bills: components told apart over all images, and asked for by the names of packages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lockgate.store import Record
from lockgate.store.bills import bills_of

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
PACKAGES = [
    ("libssl3", "3.0.15-1", "openssl"), ("openssl", "3.0.15-1", "openssl"), ("libacl1", "2.3.1-3", "acl"),
    ("bash", "5.2.15-2", "bash"), ("zlib1g", "1.2.13-1", "zlib"), ("curl", "7.88.1-10", "curl"),
]  # fmt: skip


@pytest.fixture
def record(tmp_path):
    """Two images of one name, the newer without curl, and one of another name."""
    kept = Record.open(tmp_path)
    images = [("old", "cart", 0, PACKAGES), ("new", "cart", 1, PACKAGES[:-1]), ("other", "till", 0, PACKAGES[:2])]
    for number, (digest, name, hour, packages) in enumerate(images):
        common = {"TimeGenerated": NOW.replace(hour=12 + hour), "RunId": f"run-{number}", "Batch": f"batch-{number}"}
        image = {
            "ImageDigest": f"sha256:{digest}", "IndexDigest": "", "ConfigDigest": "", "Name": name, "Registry": "",
            "Repository": name, "Tag": "1", "Platform": "linux/amd64", "BaseName": "", "BaseDigest": "",
            "Inventoried": True,
        }  # fmt: skip
        rows = [
            {
                "Ecosystem": "Debian:12", "Name": called, "PackageVersion": version, "SourcePackage": source,
                "SourceVersion": "", "Owner": "", "Purl": f"pkg:deb/debian/{called}@{version}", "Layer": "sha256:base",
                "Path": "var/lib/dpkg/status", "ComponentKind": "library",
            }
            for called, version, source in packages
        ]  # fmt: skip
        kept.append_piece("Components", [common | one for one in rows])
        kept.append_piece("Images", [common | image])
        kept.append_piece("Runs", [common | {"Ended": NOW, "Mode": "image", "Families": '["dependencies"]'}])
    return kept


def test_a_component_of_several_images_is_one(record):
    with bills_of(record) as bills:
        assert [part.name for part in bills.distinct()] == sorted(name for name, _, _ in PACKAGES)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["openssl"], ["libssl3", "openssl"]),
        (["openssl", "libssl3"], ["libssl3", "openssl"]),
        (["openssl", "acl", "bash"], ["bash", "libacl1", "libssl3", "openssl"]),
        (["openssl", "acl", "bash", "zlib", "none"], ["bash", "libacl1", "libssl3", "openssl", "zlib1g"]),
        (["none"], []),
        ([], []),
    ],
)
def test_packages_are_asked_for_by_their_names_and_those_of_their_sources_each_once(record, names, expected):
    with bills_of(record) as bills:
        parts = bills.distinct(names)
        assert [part.name for part in parts] == expected
        held = bills.held([part.number for part in parts])
        assert len(held) == len(set(held)) == sum(3 if name in ("libssl3", "openssl") else 2 for name in expected)


def test_of_images_of_one_name_only_the_newest_is_unsettled(record):
    with bills_of(record) as bills:
        numbers = {part.name: part.number for part in bills.distinct()}
        assert bills.unsettled([(numbers["curl"], "dependencies/vulnerable", "curl")]) == []
        flaws = [(numbers[name], "dependencies/vulnerable", name) for name in ("curl", "bash")]
        assert bills.unsettled(flaws) == ["sha256:new"]
        everywhere = [(numbers["libssl3"], "dependencies/vulnerable", "libssl3")]
        assert bills.unsettled(everywhere) == ["sha256:new", "sha256:other"]


def test_an_image_that_told_what_is_expected_is_settled_and_one_that_told_more_is_not(record):
    told = {
        "TimeGenerated": NOW, "RunId": "run-1", "Batch": "batch-1", "State": "known", "Family": "dependencies",
        "Rule": "dependencies/vulnerable", "SubjectKey": "bash",
    }  # fmt: skip
    record.append_piece("Findings", [told])
    with bills_of(record) as bills:
        numbers = {part.name: part.number for part in bills.distinct()}
        assert bills.unsettled([(numbers["bash"], "dependencies/vulnerable", "bash")]) == []
        assert bills.unsettled([]) == ["sha256:new"]
        assert bills.unsettled([], ["dependencies/vulnerable"]) == []
