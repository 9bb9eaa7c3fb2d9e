"""Every rule about forges fires on its weak samples only, and says what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
import yaml

from lockgate.model import Family, Finding, Object, Rule, Sample, Skip
from lockgate.policy.catalogue import ForgePolicies
from lockgate.policy.catalogue.forge import templates
from lockgate.rules import load
from lockgate.scanners import ScanContext
from lockgate.scanners.posture import SCANNER

RULES = load([Family.POSTURE]).rules
CASES = [
    pytest.param(rule, sample, id=f"{rule.id}-{place}") for rule in RULES for place, sample in enumerate(rule.samples)
]


def object_of(sample: Sample) -> Object:
    body = yaml.safe_load(sample.text)
    return Object("forge", body, path=f"forge:{body['metadata']['name']}")


@cache
def compiled() -> dict[str, ForgePolicies]:
    return {str(rule.id): ForgePolicies([rule]) for rule in RULES}


def policies(rule: Rule) -> ForgePolicies:
    return compiled()[str(rule.id)]


def fired() -> Iterator[tuple[Rule, Object]]:
    for rule in RULES:
        yield from ((rule, object_of(sample)) for sample in rule.samples if sample.fires)


@pytest.mark.parametrize(("rule", "sample"), CASES)
def test_a_rule_fires_on_its_weak_samples_only(rule: Rule, sample: Sample) -> None:
    said = list(SCANNER.start([rule], ScanContext(salt=b"0" * 16)).feed(object_of(sample)))
    assert [one for one in said if isinstance(one, Skip)] == []
    assert bool([one for one in said if isinstance(one, Finding)]) is sample.fires


def test_there_are_at_least_seventy_rules() -> None:
    assert len(RULES) >= 70


def test_a_finding_stands_at_a_field_that_is_there() -> None:
    for rule, judged in fired():
        for hit in policies(rule).judge(judged).hits:
            value = judged.body
            for part in hit.pointer.split("/")[1:]:
                value = value[int(part)] if isinstance(value, list) else value[part]


def test_what_mends_it_is_told_with_the_names_of_the_object() -> None:
    for rule, judged in fired():
        for hit in policies(rule).judge(judged).hits:
            remedy = policies(rule).remedy(hit, judged)
            assert (remedy.call is None) == ("apply" not in rule.logic)
            if remedy.call is not None:
                assert "{{" not in remedy.call.shown()
                assert remedy.permission, rule.id
            assert "{{" not in remedy.terraform


def test_a_rule_that_neither_call_nor_terraform_mends_says_so() -> None:
    by_hand = [rule for rule in RULES if not list(templates(rule))]
    assert [rule.id for rule in by_hand if "no call" not in rule.fix and "on the machine" not in rule.fix
            and "by hand" not in rule.fix] == []  # fmt: skip
