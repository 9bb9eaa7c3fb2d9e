"""The alias view and back, where inputs are odd."""

import pytest

from lockgate.policy.azure import Catalogue, aliases_from_providers, denormalise, normalise


def table(*aliases: tuple[str, str]) -> Catalogue:
    given = [{"name": f"A.B/c/{name}", "defaultPath": path, "paths": []} for name, path in aliases]
    return Catalogue(
        aliases_from_providers([{"namespace": "A.B", "resourceTypes": [{"resourceType": "c", "aliases": given}]}])
    )


@pytest.mark.parametrize("value", ["text", 42, None, True, [1, 2]])
def test_what_is_no_object_stays_as_it_is(value: object) -> None:
    assert normalise(value) == value
    assert denormalise(value) == value


@pytest.mark.parametrize("properties", [None, {}, "text", [1]])
def test_properties_that_are_no_object_or_empty_are_left_out(properties: object) -> None:
    assert normalise({"name": "n", "properties": properties}) == {"name": "n"}


def test_the_envelope_comes_before_properties_of_the_same_name() -> None:
    resource = {"name": "outer", "type": "A.B/c", "odd": 1, "properties": {"name": "inner", "Level": 1}}
    assert normalise(resource) == {"name": "outer", "type": "A.B/c", "level": 1}
    assert normalise(resource, table(("name", "properties.name")))["_p_name"] == "inner"


def test_a_renamed_member_leaves_no_trace_and_comes_back() -> None:
    catalogue = table(
        ("items[*].rating", "properties.items[*].properties.Config.Score"),
        ("items[*].name", "properties.items[*].name"),
    )
    resource = {"type": "A.B/c", "properties": {"items": [{"name": "w", "properties": {"Config": {"Score": 9}}}]}}
    view = normalise(resource, catalogue)
    assert view == {"type": "A.B/c", "items": [{"name": "w", "config": {}, "rating": 9}]}
    assert denormalise(view, catalogue) == resource


def test_an_array_that_the_view_calls_otherwise_comes_back() -> None:
    catalogue = table(("items[*].label", "properties.entries[*].label"))
    resource = {"type": "A.B/c", "properties": {"entries": [{"label": "x"}]}}
    assert normalise(resource, catalogue) == {"type": "A.B/c", "items": [{"label": "x"}]}
    assert denormalise(normalise(resource, catalogue), catalogue) == resource


@pytest.mark.parametrize("members", ["text", None, ["text", 42]])
def test_an_array_of_something_else_is_kept(members: object) -> None:
    catalogue = table(("items[*].level", "properties.items[*].properties.level"))
    view = {"type": "A.B/c", "items": members}
    assert denormalise(view, catalogue) == {"type": "A.B/c", "properties": {"items": members}}


def test_tags_and_identities_keep_their_names() -> None:
    resource = {"tags": {"CostCenter": 1}, "identity": {"userAssignedIdentities": {"/Sub/A": {}}, "principalId": "p"}}
    view = normalise(resource)
    assert view == {
        "tags": {"CostCenter": 1},
        "identity": {"userassignedidentities": {"/Sub/A": {}}, "principalid": "p"},
    }
    assert denormalise(view) == resource


def test_what_is_nested_too_deeply_is_left_alone() -> None:
    deep: object = "end"
    for _ in range(400):
        deep = {"A": deep}
    assert normalise({"properties": {"x": deep}})["x"]["a"]["a"]
