"""Resources as Azure answers them are judged as templates are, whichever command printed them."""

import json

import pytest

from lockgate.formats.azure import read

ID = "/subscriptions/0/resourceGroups/shop/providers/Microsoft.ContainerRegistry/registries/harbour"
SHOWN = {"id": ID, "name": "harbour", "type": "Microsoft.ContainerRegistry/registries", "location": "westeurope",
         "sku": {"name": "Premium"}, "tags": None}  # fmt: skip
PROPERTIES = {"adminUserEnabled": True, "encryption": {"status": "disabled", "keyVaultProperties": None},
              "networkRuleSet": None, "note": "[no expression]"}  # fmt: skip


def read_of(value):
    text = json.dumps(value, indent=1).encode()
    return text, read("answer.json", text, lambda path: None)


@pytest.mark.parametrize("wrap", [
    lambda one: one, lambda one: [one], lambda one: {"value": [one], "nextLink": None},
    lambda one: {"count": 1, "data": [one], "total_records": 1},
], ids=["one", "array", "list", "graph"])  # fmt: skip
@pytest.mark.parametrize("flat", [False, True], ids=["resource", "az show"])
def test_a_registry_is_read_from_what_a_command_printed(wrap, flat):
    text, reading = read_of(wrap(SHOWN | (PROPERTIES if flat else {"properties": PROPERTIES})))
    [found] = reading.objects
    assert found.form == "azure" and found.body["sku"] == {"name": "Premium"} and "tags" not in found.body
    assert found.body["properties"] == {
        "adminUserEnabled": True, "encryption": {"status": "disabled"}, "note": "[no expression]"
    }  # fmt: skip
    assert not found.unresolved and not reading.skips
    line = found.line_of("/properties/adminUserEnabled")
    assert b'"adminUserEnabled"' in text.splitlines()[line - 1]
    assert found.line_of("/properties/networkRuleSet/defaultAction") >= 1


def test_a_child_has_the_names_of_its_parents():
    child = {"id": f"{ID}/webhooks/scan", "name": "scan", "type": "Microsoft.ContainerRegistry/registries/webhooks",
             "properties": {"serviceUri": "http://x"}}  # fmt: skip
    assert read_of(child)[1].objects[0].body["name"] == "harbour/scan"


@pytest.mark.parametrize("value", [
    {}, [], {"id": ID}, {"id": ID, "type": "x"}, {"id": "/subscriptions/0", "type": "a/b"}, {"value": [1, None]},
    {"value": {"id": ID, "type": "a/b"}}, "text", {"id": 1, "type": "Microsoft.ContainerRegistry/registries"},
])  # fmt: skip
def test_other_json_is_none_and_never_fails(value):
    assert not read_of(value)[1].objects


def test_what_is_cut_or_too_deep_is_a_skip():
    for content in (b'{"id": "%s", "type": "a/b"' % ID.encode(), b'{"id": "%s", "type": ' % ID.encode() + b"[" * 200):
        assert read("answer.json", content, lambda path: None).skips
