"""Data collection rules as Azure writes them; what is wrong is named with its place."""

import copy
import json

import pytest
from tests.server.ingest.test_data_collection_rules import RULE

from lockgate.errors import ConfigurationError
from lockgate.store.ingest.data_collection_rules import read


@pytest.fixture
def rules(tmp_path):
    def write(document, name="rule.json"):
        (tmp_path / name).write_text(document if isinstance(document, str) else json.dumps(document))
        return read([tmp_path])

    return write


def test_a_stream_may_flow_into_several_tables(rules):
    flows = rules(RULE).streams("dcr-0123456789")["Custom-Orders"]
    assert [flow.table for flow in flows] == ["Orders_CL", "Tests_CL"]
    assert len({flow.origin for flow in flows}) == 2
    assert rules(RULE).streams("nobody") is None and not read([])


def test_rules_are_found_among_the_resources_of_a_template(rules):
    other = {"type": "Microsoft.Insights/dataCollectionEndpoints", "name": "e", "properties": {}}
    rule = {**RULE, "type": "Microsoft.Insights/dataCollectionRules"}
    assert set(rules({"resources": [other, rule]}).streams("shop")) == {"Custom-Orders", "Microsoft-Syslog"}
    assert rules({"resources": {"one": rule}}).streams("shop")


def changed(path, value):
    """The rule with one value changed."""
    found = copy.deepcopy(RULE)
    *way, last = path
    inner = found
    for step in way:
        inner = inner[step]
    inner[last] = value
    return found


FLOW = ("properties", "dataFlows", 0)


@pytest.mark.parametrize(("document", "told"), [
    ("{", "no JSON"), ("[]", "no data collection rule"), ({"resources": []}, "no data collection rule"),
    ({"name": "x", "properties": {}}, "no dataFlows"), ({"properties": {"dataFlows": [{}]}}, "neither an immutableId"),
    (changed((*FLOW, "outputStream"), "Orders_CL"), "an outputStream is"),
    (changed((*FLOW, "outputStream"), "Microsoft-Nothing"), "Nothing"),
    (changed((*FLOW, "transformKql"), "source | take 1"), "dataFlows.0.: transformKql"),
    (changed((*FLOW, "transformKql"), "source | where Nope > 1"), "Nope"),
    (changed((*FLOW, "transformKql"), "[parameters('kql')]"), "no text"),
    (changed((*FLOW, "streams"), "Custom-Orders"), "list of streams"),
    (changed((*FLOW, "streams"), ["Custom-Unknown"]), "not declared"),
    (changed(("properties", "streamDeclarations", "Custom-Orders", "columns", 0, "type"), "date"), "a name and a type"),
    (changed(("properties", "streamDeclarations"), []), "streamDeclarations: is no object"),
])  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(rules, document, told):
    with pytest.raises(ConfigurationError, match=told) as found:
        rules(document)
    assert "rule.json" in found.value.where


def test_two_rules_of_one_id_are_refused(rules):
    rules(RULE)
    with pytest.raises(ConfigurationError, match="two rules"):
        rules(RULE, "again.json")
