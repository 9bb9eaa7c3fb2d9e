"""OpenVEX, CSAF and CycloneDX come to the same statements."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from lockgate.formats import vex
from lockgate.formats.format_error import FormatError
from lockgate.formats.vex import Product, Status

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
IMAGE, PART = "pkg:oci/cart?repository_url=r.example.com/team", "pkg:deb/debian/openssl@3.0.15-1"

OPENVEX = {
    "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.com/vex/1", "author": "Ada", "version": 1,
    "timestamp": "2026-01-01T00:00:00Z",
    "statements": [{
        "vulnerability": {"name": "CVE-2026-1", "aliases": ["GHSA-x"]}, "timestamp": "2026-01-02T04:04:05+01:00",
        "products": [{"@id": IMAGE, "subcomponents": [{"@id": PART}]}],
        "status": "not_affected", "justification": "component_not_present", "impact_statement": "taken out",
    }],
}  # fmt: skip
CSAF = {
    "document": {"category": "csaf_vex", "csaf_version": "2.0", "publisher": {"name": "Ada"},
                 "tracking": {"current_release_date": "2026-01-02T03:04:05Z"}},
    "product_tree": {
        "branches": [{"branches": [
            {"product": {"product_id": "cart", "product_identification_helper": {"purl": IMAGE}}},
            {"product": {"product_id": "ssl", "product_identification_helper": {"purl": PART}}},
        ]}],
        "relationships": [{"category": "default_component_of", "product_reference": "ssl",
                           "relates_to_product_reference": "cart", "full_product_name": {"product_id": "cart:ssl"}}],
        "product_groups": [{"group_id": "g", "product_ids": ["cart:ssl"]}],
    },
    "vulnerabilities": [{
        "cve": "CVE-2026-1", "ids": [{"system_name": "GitHub", "text": "GHSA-x"}],
        "product_status": {"known_not_affected": ["cart:ssl"]},
        "flags": [{"label": "component_not_present", "group_ids": ["g"]}],
        "threats": [{"category": "impact", "details": "taken out", "product_ids": ["cart:ssl"]}],
    }],
}  # fmt: skip
CYCLONEDX = {
    "bomFormat": "CycloneDX", "specVersion": "1.6",
    "metadata": {"authors": [{"name": "Ada"}], "component": {"bom-ref": "root", "purl": IMAGE}},
    "components": [{"components": [{"bom-ref": "ssl", "purl": PART}]}],
    "vulnerabilities": [{
        "id": "CVE-2026-1", "references": [{"id": "GHSA-x"}], "affects": [{"ref": "ssl"}],
        "analysis": {"state": "not_affected", "justification": "component_not_present", "detail": "taken out",
                     "lastUpdated": "2026-01-02T03:04:05Z"},
    }],
}  # fmt: skip


@pytest.mark.parametrize("document", [OPENVEX, CSAF, CYCLONEDX], ids=["openvex", "csaf", "cyclonedx"])
def test_the_three_forms_say_the_same(document):
    [one] = vex.read("a.json", json.dumps(document).encode())
    assert one == vex.Statement(
        ("CVE-2026-1", "GHSA-x"), Status.NOT_AFFECTED, (Product((IMAGE,), (PART,)),), "Ada", WHEN, "a.json",
        "component_not_present", "taken out",
    )  # fmt: skip
    assert one.fault == ""


def test_the_first_form_of_openvex_has_plain_texts():
    document = {
        "@context": "https://openvex.dev/ns", "author": "Ada", "timestamp": "2026-01-02T03:04:05Z",
        "statements": [{"vulnerability": "CVE-2026-1", "products": [IMAGE], "subcomponents": [PART],
                        "status": "fixed"}],
    }  # fmt: skip
    [one] = vex.read("a.json", json.dumps(document).encode())
    assert (one.flaws, one.products, one.moment) == (("CVE-2026-1",), (Product((IMAGE,), (PART,)),), WHEN)


def test_not_affected_without_a_reason_does_not_count():
    statement = {**OPENVEX["statements"][0], "justification": "", "impact_statement": " "}
    [one] = vex.read("a.json", json.dumps({**OPENVEX, "statements": [statement]}).encode())
    assert one.fault == "it says 'not_affected' without saying why"


def test_a_link_into_another_bill_and_a_range_of_versions():
    flaw = {"id": "CVE-1", "analysis": {"state": "exploitable"},
            "affects": [{"ref": f"urn:cdx:f08a/1#{PART.replace(':', '%3A', 1)}"},
                        {"ref": PART, "versions": [{"range": "vers:deb/<3"}]}]}  # fmt: skip
    document = {"bomFormat": "CycloneDX", "vulnerabilities": [flaw, {"id": "CVE-2"}]}
    [one] = vex.read("a.json", json.dumps(document).encode())
    assert (one.status, one.products) == (Status.AFFECTED, (Product((PART,)),))


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"@context": 1}', b'{"bomFormat": "SPDX"}', b"[" * 100_000,
     b'{"@context": "openvex", "statements": [{"status": "maybe"}]}'],
)  # fmt: skip
def test_what_is_no_vex_is_refused(content):
    with pytest.raises(FormatError):
        vex.read("a.json", content)


@pytest.mark.parametrize(
    "document",
    [
        {"@context": "openvex", "statements": [7, {"status": "fixed", "products": [None, {"identifiers": 3}]}]},
        {"document": {"csaf_version": "2.0", "publisher": 1}, "product_tree": [], "vulnerabilities": [{"flags": 1}]},
        {"bomFormat": "CycloneDX", "vulnerabilities": [{"analysis": {"state": "resolved"}, "affects": {"ref": 1}}]},
    ],
)  # fmt: skip
def test_members_of_other_types_than_hoped_for_are_passed_over(document):
    assert all(one.fault for one in vex.read("a.json", json.dumps(document).encode()))
