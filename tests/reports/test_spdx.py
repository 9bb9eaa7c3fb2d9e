"""The SPDX report, held against the reference validator of SPDX 2.3."""

from __future__ import annotations

import json
import re

import pytest

from lockgate.reports.spdx import document


def faults(text: str) -> list[str]:
    parser = pytest.importorskip("spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser", reason="no spdx-tools")
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    parsed = parser.JsonLikeDictParser().parse(json.loads(text))
    return [message.validation_message for message in validate_full_spdx_document(parsed, "SPDX-2.3")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["result", "clean", "hostile"])
def test_every_result_passes_the_reference_validator(name, request, draw):
    assert faults(draw("spdx", request.getfixturevalue(name))) == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_validator_can_say_no(result, draw):
    broken = json.loads(draw("spdx", result))
    broken["packages"][1]["licenseDeclared"] = "Not A Licence"
    assert faults(json.dumps(broken)) != []


def test_identifiers_are_unique_and_fit_the_grammar(hostile, result):
    for value in (hostile, result):
        ids = [entry["SPDXID"] for entry in document(value)["packages"]]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", id) for id in ids)


def test_a_licence_that_is_no_expression_is_told_in_words(result):
    entries = {entry["name"]: entry for entry in document(result)["packages"]}
    assert entries["requests"]["licenseDeclared"] == "Apache-2.0"
    assert entries["urllib3"]["licenseDeclared"] == "NOASSERTION"
    assert entries["urllib3"]["licenseComments"] == "stated as: MIT License"


def test_who_needs_whom_is_told(result):
    links = {
        (
            link["spdxElementId"].rsplit("-", 1)[0],
            link["relationshipType"],
            link["relatedSpdxElement"].rsplit("-", 1)[0],
        )
        for link in document(result)["relationships"]
    }
    assert ("SPDXRef-Package-PyPI-requests-2.19.0", "DEPENDS_ON", "SPDXRef-Package-PyPI-urllib3-1.23") in links
    assert ("SPDXRef-Package-npm--shop-ui-1.0.0", "DEV_DEPENDENCY_OF", "SPDXRef") in links
