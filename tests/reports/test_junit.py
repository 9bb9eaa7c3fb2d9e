"""The JUnit report: well-formed whatever stands in it, with counts that add up."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest


@pytest.mark.parametrize("name", ["result", "clean", "hostile"])
def test_the_counts_are_the_cases(name, request, draw):
    root = ElementTree.fromstring(draw("junit", request.getfixturevalue(name)))
    for element in [root, *root.iter("testsuite")]:
        cases = list(element.iter("testcase"))
        assert int(element.get("tests")) == len(cases)
        assert int(element.get("failures")) == sum(case.find("failure") is not None for case in cases)
        assert int(element.get("errors")) == sum(case.find("error") is not None for case in cases)
        assert int(element.get("skipped")) == sum(case.find("skipped") is not None for case in cases)


def test_an_open_finding_fails_and_a_waived_one_is_skipped(result, draw):
    root = ElementTree.fromstring(draw("junit", result))
    suites = {suite.get("name"): suite for suite in root.iter("testsuite")}
    assert list(suites) == ["decision", "dependencies", "secrets", "not read"]
    assert suites["decision"].get("failures") == "1"
    assert (suites["secrets"].get("failures"), suites["secrets"].get("skipped")) == ("2", "1")
    assert suites["not read"].get("skipped") == "2"


def test_a_clean_run_passes_and_says_what_was_checked(clean, draw):
    root = ElementTree.fromstring(draw("junit", clean))
    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    assert "checked: 3 files, 212 rules" in [case.get("name") for case in root.iter("testcase")]


def test_a_family_that_could_not_be_checked_is_an_error(hostile, draw):
    assert ElementTree.fromstring(draw("junit", hostile)).get("errors") == "1"
