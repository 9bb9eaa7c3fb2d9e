"""The controls that rules carry are those that Microsoft's initiatives give the same checks."""

import json
from pathlib import Path

import pytest
import yaml
from tests.corpora import CORPORA

from lockgate.model import Family
from lockgate.rules import load

ROOT = Path(__file__).resolve().parents[3]
BUILTINS = CORPORA / "azure-policy-builtins"
FACTS = yaml.safe_load((Path(__file__).parent / "azure_controls.yaml").read_text("utf-8"))
STANDARDS = yaml.safe_load((ROOT / "docs" / "standards.yaml").read_text("utf-8"))
RULES = {str(rule.id).removeprefix("policy/"): rule for rule in load({Family.POLICY}).rules}
needs_builtins = pytest.mark.skipif(not BUILTINS.is_dir(), reason="the built-in definitions of the corpora are absent")


def test_a_rule_carries_every_control_of_the_definitions_that_mean_the_same():
    lacking = {
        name: missing
        for name, fact in FACTS["rules"].items()
        if (missing := set(fact["controls"]) - set(RULES[name].tags))
    }
    assert lacking == {}
    assert len(FACTS["rules"]) == 59


def test_a_rule_that_names_a_definition_carries_its_controls():
    known = {**FACTS["definitions"]}
    for fact in FACTS["rules"].values():
        if len(fact["definitions"]) == 1:
            known.setdefault(fact["definitions"][0], fact["controls"])
    named = [(name, tag.removeprefix("azure-"), rule.tags) for name, rule in RULES.items() for tag in rule.tags]
    compared = [(name, set(known[one]) - set(tags)) for name, one, tags in named if one in known]
    assert [pair for pair in compared if pair[1]] == []
    assert len(compared) >= 40


def test_a_rule_carries_every_control_that_the_second_version_of_the_benchmark_gives_its_definitions():
    second = FACTS["v2"]["definitions"]
    meant: dict[str, set[str]] = {}
    for rules in (FACTS["v2"]["rules"], {name: fact["definitions"] for name, fact in FACTS["rules"].items()}):
        for name, definitions in rules.items():
            meant.setdefault(name, set()).update(*(second.get(one, ()) for one in definitions))
    for name, rule in RULES.items():
        named = [tag.removeprefix("azure-") for tag in rule.tags if tag.startswith("azure-")]
        meant.setdefault(name, set()).update(*(second.get(one, ()) for one in named))
    lacking = {name: missing for name, controls in meant.items() if (missing := controls - set(RULES[name].tags))}
    assert lacking == {}
    assert sum(map(bool, meant.values())) == 112


def test_the_two_versions_of_the_benchmark_never_contradict_each_other():
    first = {**FACTS["definitions"]}
    for fact in FACTS["rules"].values():
        if len(fact["definitions"]) == 1:
            first.setdefault(fact["definitions"][0], [one for one in fact["controls"] if one.startswith("mcsb-")])
    both = {one: (controls, FACTS["v2"]["definitions"].get(one)) for one, controls in first.items()}
    differ = {one for one, (old, new) in both.items() if old and new is not None and set(old) != set(new)}
    assert differ == set()


def test_every_tag_of_a_standard_of_microsoft_or_cis_is_a_control_of_it():
    prefixes = ("mcsb-", "cis-aks-", "cis-azure-", "cis-kubernetes-")
    controls = {one["prefix"] + str(key) for one in STANDARDS for key in one["controls"]}
    used = {tag for rule in RULES.values() for tag in rule.tags if tag.startswith(prefixes)}
    assert used - controls == set()


@needs_builtins
def test_definitions_of_the_corpora_that_rules_mean_are_named_by_their_tags():
    held = {
        json.loads(path.read_text("utf-8-sig"))["name"] for path in (BUILTINS / "policyDefinitions").rglob("*.json")
    }
    meant = [(name, one) for name, fact in FACTS["rules"].items() for one in fact["definitions"] if one in held]
    assert [(name, one) for name, one in meant if f"azure-{one}" not in RULES[name].tags] == []
    assert len(meant) >= 12


INTERCHANGED = {"5.1.1": "5.1.3", "5.1.3": "5.1.1"}
"""The initiative calls wildcards 5.1.1 and cluster-admin 5.1.3; in the benchmark it is the other way round."""


@needs_builtins
def test_the_initiative_of_the_cis_benchmark_gives_the_same_numbers():
    """Its reference ids carry them: ``CIS5.2.3-5.2.4-...``."""
    path = BUILTINS / "policySetDefinitions" / "Kubernetes" / "AKS_CISBenchmark.json"
    compared = 0
    for member in json.loads(path.read_text("utf-8"))["properties"]["policyDefinitions"]:
        definition = "azure-" + member["policyDefinitionId"].rpartition("/")[2]
        numbers = [one for one in member["policyDefinitionReferenceId"].removeprefix("CIS").split("-") if "." in one]
        rules = [rule for rule in RULES.values() if definition in rule.tags]
        carried = {tag.removeprefix("cis-kubernetes-") for rule in rules for tag in rule.tags}
        assert rules and any(INTERCHANGED.get(number, number) in carried for number in numbers), (definition, numbers)
        compared += 1
    assert compared == 7
