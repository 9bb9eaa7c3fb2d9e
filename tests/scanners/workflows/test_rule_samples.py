"""Every rule for workflows speaks on its firing samples and holds its tongue on the others."""

from __future__ import annotations

import pytest

from lockgate.model import Family, File, Finding, Rule, Sample
from lockgate.rules import expand_sample, load
from lockgate.scanners import ScanContext
from lockgate.scanners.workflows import SCANNER, wants
from lockgate.scanners.workflows.checks_azure import CHECKS

RULES = load([Family.WORKFLOWS]).rules
CASES = [
    pytest.param(rule, sample, id=f"{rule.id}-{place}") for rule in RULES for place, sample in enumerate(rule.samples)
]


def findings(rule: Rule, sample: Sample) -> list[Finding]:
    content = expand_sample(sample.text).encode()
    assert wants(sample.path, len(content))
    session = SCANNER.start([rule], ScanContext(salt=b"0" * 16))
    rows = [*session.feed(File(sample.path, len(content), lambda: content)), *session.finish()]
    assert all(isinstance(row, Finding) for row in rows), rows
    assert session.coverage(), "the sample was not judged at all"
    return [row for row in rows if isinstance(row, Finding)]


@pytest.mark.parametrize(("rule", "sample"), CASES)
def test_a_rule_fires_on_its_weak_samples_only(rule: Rule, sample: Sample) -> None:
    found = findings(rule, sample)
    assert bool(found) is sample.fires, [finding.message for finding in found]
    assert all(1 <= finding.location.line <= sample.text.count("\n") + 1 for finding in found)


def test_there_are_at_least_eighteen_rules_for_azure_pipelines() -> None:
    assert sum("check" in rule.logic for rule in RULES) >= 18


def test_every_check_has_a_rule_of_its_own() -> None:
    assert sorted(rule.logic["check"] for rule in RULES if "check" in rule.logic) == sorted(CHECKS)


def test_no_two_rules_name_one_audit() -> None:
    audits = [rule.logic["audit"] for rule in RULES if "audit" in rule.logic]
    assert len(audits) == len(set(audits))
