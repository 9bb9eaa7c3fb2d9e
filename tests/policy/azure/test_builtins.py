"""Every built-in definition of the corpora loads, and says something about a resource."""

import json
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.policy.azure.corpora import BUILTINS, needs_builtins

from lockgate.policy.azure import (
    MISSING,
    Assignments,
    Context,
    Definition,
    Effect,
    evaluate,
    parse_assignment,
    parse_definition,
    parse_initiative,
)


def definitions() -> dict[str, Definition]:
    files = sorted((BUILTINS / "policyDefinitions").glob("*/*.json"))
    return {str(path.relative_to(BUILTINS)): parse_definition(path.read_bytes(), where=path.name) for path in files}


@needs_builtins
def test_every_definition_loads() -> None:
    found = definitions()
    assert Counter(name.split("/")[1] for name in found) == {
        "Kubernetes": 121,
        "Key Vault": 49,
        "Container Registry": 18,
    }
    assert Counter(one.mode.lower() for one in found.values()) == {
        "indexed": 81, "microsoft.kubernetes.data": 75, "microsoft.keyvault.data": 23,
        "microsoft.managedhsm.data": 6, "all": 3,
    }  # fmt: skip
    assert all(one.id and one.version and one.display_name for one in found.values())


@needs_builtins
def test_a_registry_open_to_the_world_is_named_by_the_registry_definitions() -> None:
    registry = {
        "type": "Microsoft.ContainerRegistry/registries",
        "name": "harbour",
        "location": "westeurope",
        "sku": {"name": "Premium"},
        "properties": {"adminUserEnabled": True, "publicNetworkAccess": "Enabled", "anonymousPullEnabled": True},
    }
    fired = {}
    for name, definition in definitions().items():
        if "Container Registry" in name and "effect" in definition.parameters:
            if definition.parameters["effect"].default != "Audit":
                continue
            outcome = evaluate(definition, registry, context=Context(utc_now="2026-01-01T00:00:00Z"))
            assert outcome.error is None
            if outcome.effect is Effect.AUDIT:
                fired[definition.display_name] = {place for one in outcome.reasons for place in one.places}
    named = fired["Container registries should have local admin account disabled."]
    assert named == {"/type", "/properties/adminUserEnabled"}
    assert "Container registries should have anonymous authentication disabled." in fired
    assert len(fired) >= 8


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "Enabled", "disabled", "Premium", "a-b/c"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["properties", "sku", "name", "rules"]), inner)
    ),
    max_leaves=12,
)  # fmt: skip


@needs_builtins
@settings(max_examples=15, deadline=None)
@given(_JSON)
def test_no_definition_raises_for_any_resource(properties: object) -> None:
    for definition in _LOADED or _LOADED.extend(definitions().values()) or _LOADED:
        for kind in ("Microsoft.KeyVault/vaults", "Microsoft.ContainerService/managedClusters"):
            outcome = evaluate(definition, {"type": kind, "properties": properties}, related=lambda query: [properties])
            assert json.dumps([reason.places for reason in outcome.reasons])


_LOADED: list[Definition] = []


@needs_builtins
def test_every_initiative_loads_and_binds_its_definitions() -> None:
    loaded = list(definitions().values())
    found = {}
    for path in sorted((BUILTINS / "policySetDefinitions").glob("*/*.json")):
        initiative = parse_initiative(path.read_bytes(), where=path.name)
        given = {
            one.name: {"value": FILLERS[one.type]} for one in initiative.parameters.values() if one.default is MISSING
        }
        assignment = parse_assignment({
            "id": "/subscriptions/s/providers/Microsoft.Authorization/policyAssignments/a",
            "properties": {"policyDefinitionId": initiative.id, "parameters": given},
        })  # fmt: skip
        bound = Assignments([assignment], loaded, initiatives=[initiative], any_version=True).bound
        found[path.stem] = (initiative.version, len(bound), sum(bool(one.version_note) for one in bound))
    assert found == {
        "AKS_CISBenchmark": ("1.0.0-preview", 7, 3),
        "AKS_ImageIntegrity": ("1.1.0-preview", 3, 0),
        "AKS_Safeguards": ("3.0.0", 27, 0),
        "PSPBaselineStandard": ("1.4.0", 5, 2),
        "PSPRestrictedStandard": ("2.5.0", 8, 3),
    }


FILLERS = {"String": "x", "Array": [], "Object": {}, "Integer": 1, "Boolean": True}
