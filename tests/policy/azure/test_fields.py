"""Fields: names, paths by API version, tags, members of arrays, and places in the resource."""

import pytest

from lockgate.policy.azure import Catalogue, Resource, aliases_from_manifest, aliases_from_providers
from lockgate.policy.azure.fields import pointer
from lockgate.policy.azure.values import MISSING
from lockgate.policy.errors import PolicyError

TABLE = [
    {
        "namespace": "Harbour.Test",
        "resourceTypes": [
            {
                "resourceType": "piers",
                "aliases": [
                    {
                        "name": "Harbour.Test/piers/tier",
                        "defaultPath": "sku.tier",
                        "paths": [{"path": "properties.pricingTier", "apiVersions": ["2015-01-01"]}],
                    },
                    {"name": "Harbour.Test/piers/ships[*]", "defaultPath": "properties.ships[*]", "paths": []},
                    {
                        "name": "Harbour.Test/piers/ships[*].flag",
                        "defaultPath": "properties.ships[*].properties.flag",
                        "paths": [],
                        "defaultMetadata": {"attributes": "Modifiable"},
                    },
                ],
            }
        ],
    }
]
PIER = {
    "type": "Harbour.Test/piers",
    "name": "north/pier",
    "location": "West Europe",
    "sku": {"tier": "Gold"},
    "tags": {"Cost.Center": "7", "it's": "x", "Env": "prod"},
    "properties": {
        "pricingTier": "Silver",
        "depth": {"Metres": 4},
        "ships": [{"properties": {"flag": "NL"}}, {"properties": {}}, {"properties": {"flag": None}}],
        "bays": [{"berths": [1, 2]}, {"berths": []}, {"other": 1}],
    },
}
CATALOGUE = Catalogue(aliases_from_providers(TABLE))


def read(name: str, *, api_version: str = "") -> list[tuple[object, str]]:
    found = Resource(PIER, CATALOGUE, api_version=api_version).read(name)
    return [("missing" if value is MISSING else value, pointer(place)) for value, place in found.cells]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("name", [("pier", "/name")]),
        ("fullName", [("north/pier", "/name")]),
        ("tags.env", [("prod", "/tags/Env")]),
        ("tags['Cost.Center']", [("7", "/tags/Cost.Center")]),
        ("tags[Cost.Center]", [("7", "/tags/Cost.Center")]),
        ("tags['it''s']", [("x", "/tags/it's")]),
        ("Harbour.Test/piers/depth.metres", [(4, "/properties/depth/Metres")]),
        ("harbour.test/PIERS/tier", [("Gold", "/sku/tier")]),
        ("Harbour.Test/piers/ships[*].flag", [
            ("NL", "/properties/ships/0/properties/flag"),
            ("missing", "/properties/ships/1/properties"),
            (None, "/properties/ships/2/properties/flag"),
        ]),
        ("Harbour.Test/piers/bays[*].berths[*]", [
            (1, "/properties/bays/0/berths/0"), (2, "/properties/bays/0/berths/1"), ("missing", "/properties/bays/2"),
        ]),
        ("Harbour.Test/piers/bays[0].berths[1]", [(2, "/properties/bays/0/berths/1")]),
        ("Harbour.Test/piers/bays[9]", [("missing", "/properties/bays")]),
        ("Harbour.Test/piers/cranes[*].id", [("missing", "/properties")]),
        ("Harbour.Test/boats/depth", [("missing", "")]),
        ("properties.depth['metres']", [(4, "/properties/depth/Metres")]),
    ],
)  # fmt: skip
def test_a_field_selects_values_and_their_places(name: str, cells: list[tuple[object, str]]) -> None:
    assert read(name) == cells


def test_the_api_version_chooses_the_path() -> None:
    assert read("Harbour.Test/piers/tier", api_version="2015-01-01") == [("Silver", "/properties/pricingTier")]
    assert read("Harbour.Test/piers/tier", api_version="2099-01-01") == [("Gold", "/sku/tier")]


def test_field_functions_leave_out_what_is_missing() -> None:
    assert Resource(PIER, CATALOGUE).read("Harbour.Test/piers/bays[*].berths[*]").members == (1, 2)


def test_the_full_name_is_read_from_the_id() -> None:
    identity = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/a/databases/b"
    assert Resource({"id": identity, "name": "b"}).value("fullName") == "a/b"


def test_images_of_machines_have_names_of_their_own() -> None:
    machine = {
        "type": "Microsoft.Compute/virtualMachines",
        "properties": {"storageProfile": {"imageReference": {"offer": "x"}}},
    }
    scale_set = {
        "type": "Microsoft.Compute/virtualMachineScaleSets",
        "properties": {"virtualMachineProfile": machine["properties"]},
    }
    assert Resource(machine).value("Microsoft.Compute/imageOffer") == "x"
    assert Resource(scale_set).value("Microsoft.Compute/imageOffer") == "x"
    assert Resource(VAULT).value("Microsoft.Compute/imageOffer") is MISSING


VAULT = {"type": "Microsoft.KeyVault/vaults", "properties": {"sku": {"name": "standard"}}}


def test_a_name_that_no_table_holds_follows_the_rule() -> None:
    registry = {
        "type": "Microsoft.ContainerRegistry/registries",
        "sku": {"name": "Premium"},
        "properties": {"type": "x"},
    }
    assert Resource(VAULT).value("Microsoft.KeyVault/vaults/sku.name") == "standard"
    assert Resource(registry).value("Microsoft.ContainerRegistry/registries/sku.name") == "Premium"
    assert Resource(registry).value("Microsoft.ContainerRegistry/registries/type") == "x"
    assert Resource(registry).value("Microsoft.ContainerRegistry/registries/name") is MISSING


@pytest.mark.parametrize("table", [1, [1], [{}], [{"namespace": "a", "resourceTypes": [{}]}], {"value": "x"}])
def test_a_table_of_another_shape_is_refused(table: object) -> None:
    with pytest.raises(PolicyError):
        aliases_from_providers(table)


def test_a_manifest_gives_its_own_aliases_to_every_type() -> None:
    manifest = {
        "dataNamespace": "Harbour.Data",
        "aliases": [{"name": "Harbour.Data/locks/open", "paths": [{"path": "open", "apiVersions": ["1"]}]}],
        "resourceTypeAliases": [{"resourceType": "locks", "aliases": []}],
    }
    catalogue = Catalogue(aliases_from_manifest(manifest))
    assert Resource({"type": "Harbour.Data/locks", "open": True}, catalogue).value("Harbour.Data/locks/open") is True
    assert catalogue.is_data_plane("harbour.data/locks")


def test_what_is_no_resource_has_no_fields() -> None:
    for given in (None, 1, "x", [1]):
        assert Resource(given).value("type") is MISSING
