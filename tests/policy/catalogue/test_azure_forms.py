"""The same weakness in an ARM template, in Bicep and in Terraform gives the same rule; its twin is quiet in each."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from tests.corpora import CORPORA

from lockgate.formats import azure
from lockgate.model import Family, Object, Rule, Sample
from lockgate.policy.azure import Catalogue, Resource, aliases_from_providers
from lockgate.policy.catalogue import Policies
from lockgate.rules import load

ALIASES = CORPORA / "azure-policy-cases" / "aliases"
RULES = [rule for rule in load({Family.POLICY}).rules if "types" in rule.logic]
FORMS = ("main.bicep", "template.json", "main.tf")
OF_ALL_FORMS = [rule for rule in RULES if {sample.path for sample in rule.samples} >= set(FORMS)]


def objects(sample: Sample) -> Sequence[Object]:
    return azure.read(sample.path, sample.text.encode(), lambda _: None).objects


def verdicts(rule: Rule, form: str) -> dict[bool, bool]:
    """Whether the sample should fire -> whether it did."""
    policies = Policies([rule])
    found = {}
    for sample in rule.samples:
        if sample.path == form:
            around = objects(sample)
            hits = [hit for one in around for hit in policies.judge(one, around)]
            assert not [hit.failed for hit in hits if hit.failed]
            found[sample.fires] = bool(hits)
    return found


def test_most_rules_are_shown_in_all_three_forms():
    assert len(RULES) == 192
    assert len(OF_ALL_FORMS) == 184


@pytest.mark.parametrize("form", FORMS)
def test_a_weakness_is_found_and_its_twin_is_quiet_in_every_form(form):
    wrong = [str(rule.id) for rule in OF_ALL_FORMS if verdicts(rule, form) != {True: True, False: False}]
    assert wrong == []


def fields(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "field" and isinstance(inner, str):
                yield inner
            else:
                yield from fields(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from fields(inner)


def test_every_field_of_every_rule_leads_to_a_value_in_one_of_its_samples():
    """So that no alias is a slip of the pen, which would read as a property that is always missing."""
    empty, read = [], 0
    for rule in RULES:
        resources = [Resource(dict(one.body)) for sample in rule.samples for one in objects(sample)]
        for name in dict.fromkeys(fields([rule.logic["deny"], rule.logic.get("missing")])):
            read += 1
            if not any(resource.read(name).members for resource in resources):
                empty.append((str(rule.id), name))
    assert empty == []
    assert read >= 400


def test_a_rule_names_only_built_in_definitions_and_controls_by_their_forms():
    for rule in RULES:
        known = ("azure-", "checkov-ckv-azure-", "cis-aks-", "cis-azure-", "mcsb-")
        assert [tag for tag in rule.tags if not tag.startswith(known)] == []


@pytest.mark.skipif(not ALIASES.is_dir(), reason="the corpora are not here")
def test_the_published_paths_of_aliases_change_no_verdict():
    """46 of the fields stand in the public table; with it and without it, each sample is answered alike."""
    tables = [json.loads((ALIASES / name).read_text()) for name in ("test_aliases.json", "versioned_aliases.json")]
    catalogue = Catalogue([alias for table in tables for alias in aliases_from_providers(table)])
    plain, published = Policies(RULES), Policies(RULES, catalogue=catalogue)
    names = {name for rule in RULES for name in fields([rule.logic["deny"], rule.logic.get("missing")])}
    assert sum(catalogue.find(name) is not None for name in names) == 46
    for rule in RULES:
        for sample in rule.samples:
            around = objects(sample)
            for one in around:
                said = [(hit.rule.id, hit.pointer, hit.failed) for hit in plain.judge(one, around)]
                assert said == [(hit.rule.id, hit.pointer, hit.failed) for hit in published.judge(one, around)]
