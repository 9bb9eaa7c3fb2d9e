"""The CycloneDX report, held against the official 1.6 schema that the reference library brings."""

from __future__ import annotations

import dataclasses
import json
import time

import pytest

from lockgate.model import Component
from lockgate.reports.cyclonedx import document

validation = pytest.importorskip("cyclonedx.validation.json", reason="cyclonedx-python-lib is not installed")


def faults(text: str) -> object:
    from cyclonedx.schema import SchemaVersion

    return validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)


@pytest.mark.parametrize("name", ["result", "clean", "hostile"])
def test_every_result_fits_the_official_schema(name, request, draw):
    assert faults(draw("cyclonedx", request.getfixturevalue(name))) is None


def test_the_validator_can_say_no(result, draw):
    broken = json.loads(draw("cyclonedx", result)) | {"serialNumber": "no"}
    assert faults(json.dumps(broken)) is not None


def test_a_vulnerability_names_the_component_it_affects(result):
    bill = document(result)
    (flaw,) = bill["vulnerabilities"]
    assert flaw["id"] == "CVE-2018-18074"
    assert [other["id"] for other in flaw["references"]] == ["GHSA-x84v-xcm2-53pg", "PYSEC-2018-28"]
    assert flaw["affects"] == [{"ref": "pkg:pypi/requests@2.19.0"}]
    assert flaw["ratings"] == [
        {
            "score": 7.5,
            "severity": "high",
            "method": "CVSSv31",
            "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
        }
    ]


def test_the_tree_hangs_together(result):
    edges = {edge["ref"]: edge.get("dependsOn", []) for edge in document(result)["dependencies"]}
    assert edges["lockgate:root"] == ["pkg:npm/%40shop/ui@1.0.0", "pkg:pypi/requests@2.19.0"]
    assert edges["pkg:pypi/requests@2.19.0"] == ["pkg:pypi/urllib3@1.23"]


def test_a_licence_is_an_expression_only_when_it_is_one(result):
    licences = {entry["name"]: entry["licenses"] for entry in document(result)["components"]}
    assert licences["ui"] == [{"expression": "MIT OR Apache-2.0"}]
    assert licences["urllib3"] == [{"license": {"name": "MIT License"}}]


def test_the_serial_number_changes_with_the_content_and_only_then(result):
    first = document(result)["serialNumber"]
    assert document(dataclasses.replace(result, components=result.components[::-1]))["serialNumber"] == first
    assert document(dataclasses.replace(result, components=result.components[:1]))["serialNumber"] != first


def test_a_package_in_two_files_is_one_component_with_two_places(result):
    twice = result.components[0], dataclasses.replace(result.components[0], path="other/requirements.txt")
    (entry,) = document(dataclasses.replace(result, components=twice))["components"]
    assert [place["location"] for place in entry["evidence"]["occurrences"]] == [
        "other/requirements.txt",
        "requirements.txt",
    ]


def test_two_thousand_components_take_a_tenth_of_a_second(clean, draw):
    parts = tuple(
        Component(
            "npm", f"package-{n}", "1.0.0", "package-lock.json", n + 1, parents=(f"package-{n // 2}@1.0.0",),
            licence="MIT", hashes=("sha512:" + f"{n:0128x}",), purl=f"pkg:npm/package-{n}@1.0.0",
        )
        for n in range(2000)
    )  # fmt: skip
    value = dataclasses.replace(clean, components=parts)
    draw("cyclonedx", value)
    spent = []
    for _ in range(3):
        start = time.process_time()
        draw("cyclonedx", value)
        spent.append(time.process_time() - start)
    assert min(spent) <= 0.1
