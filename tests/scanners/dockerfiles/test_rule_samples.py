"""Every rule for Dockerfiles speaks on its firing samples and holds its tongue on the others."""

from __future__ import annotations

import pytest

from lockgate.model import Family, File, Finding, Rule, Sample
from lockgate.rules import expand_sample, load
from lockgate.scanners import ScanContext
from lockgate.scanners.dockerfiles import SCANNER
from lockgate.scanners.dockerfiles._session import known_checks

RULES = load([Family.DOCKERFILES]).rules
CASES = [
    pytest.param(rule, sample, id=f"{rule.id}-{place}") for rule in RULES for place, sample in enumerate(rule.samples)
]


def findings(rule: Rule, text: str) -> list[Finding]:
    content = text.encode()
    session = SCANNER.start([rule], ScanContext(salt=b"0" * 16))
    rows = list(session.feed(File("Dockerfile", len(content), lambda: content)))
    return [row for row in rows if isinstance(row, Finding)]


@pytest.mark.parametrize(("rule", "sample"), CASES)
def test_a_rule_fires_on_its_weak_samples_only(rule: Rule, sample: Sample) -> None:
    found = findings(rule, expand_sample(sample.text))
    assert bool(found) is sample.fires, [finding.message for finding in found]


def test_there_are_at_least_forty_rules() -> None:
    assert len(RULES) >= 40


def test_every_check_has_a_rule_and_every_rule_a_check_of_its_own() -> None:
    assert sorted(rule.logic["check"] for rule in RULES) == sorted(known_checks())
