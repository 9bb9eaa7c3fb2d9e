"""Related resources are found where the reference looks for them."""

from typing import Any

import pytest

from lockgate.policy.azure import Assignments, Context, Estate, RelatedQuery, parse_assignment, parse_definition

GROUP = "/subscriptions/s/resourceGroups/G"
SERVER = f"{GROUP}/providers/Microsoft.Sql/servers/one"
OTHER = f"{GROUP}/providers/Microsoft.Sql/servers/two"
SETTING = "Microsoft.Insights/diagnosticSettings"


def resource(identity: str, kind: str = "", **more: Any) -> dict[str, Any]:
    names = identity.rsplit("/providers/", 1)[-1].split("/")
    return {"id": identity, "type": "/".join([names[0], *names[1::2]]), "name": names[-1], "kind": kind, **more}


ESTATE = [
    resource(f"{SERVER}/auditingSettings/default"),
    resource(f"{SERVER}/firewallRules/a", "x"),
    resource(f"{SERVER}/firewallRules/b"),
    resource(f"{OTHER}/firewallRules/a"),
    resource(f"{SERVER}/providers/{SETTING}/logs"),
    resource(f"{OTHER}/providers/{SETTING}/logs") | {"type": f"Microsoft.Sql/servers/providers/{SETTING}"},
    resource(f"{GROUP}/providers/Microsoft.Network/networkWatchers/here"),
    resource("/subscriptions/s/resourceGroups/far/providers/Microsoft.Network/networkWatchers/there"),
    resource("/subscriptions/t/resourceGroups/G/providers/Microsoft.Network/networkWatchers/elsewhere"),
    {"type": "Microsoft.Network/networkWatchers"},
    "junk",
]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"type": "microsoft.sql/servers/firewallRules"}, [f"{SERVER}/firewallRules/a", f"{SERVER}/firewallRules/b"]),
        ({"type": "Microsoft.Sql/servers/firewallRules", "name": "B"}, [f"{SERVER}/firewallRules/b"]),
        ({"type": "Microsoft.Sql/servers/firewallRules", "name": "one/b"}, [f"{SERVER}/firewallRules/b"]),
        ({"type": "Microsoft.Sql/servers/firewallRules", "name": "two/b"}, []),
        ({"type": "Microsoft.Sql/servers/firewallRules", "name": "one/?", "kind": "X"}, [f"{SERVER}/firewallRules/a"]),
        ({"type": SETTING}, [f"{SERVER}/providers/{SETTING}/logs"]),
        ({"type": SETTING, "origin": OTHER}, [f"{OTHER}/providers/{SETTING}/logs"]),
        ({"type": "Microsoft.Network/networkWatchers"}, [ESTATE[6]["id"]]),
        ({"type": "Microsoft.Network/networkWatchers", "resource_group": "FAR"}, [ESTATE[7]["id"]]),
        ({"type": "Microsoft.Network/networkWatchers", "scope": "Subscription"}, [ESTATE[6]["id"], ESTATE[7]["id"]]),
        ({"type": "Microsoft.Network/nothing"}, []),
    ],
)
def test_a_query_finds(wanted: dict[str, str], found: list[str]) -> None:
    query = RelatedQuery(
        wanted.get("origin", SERVER), "Microsoft.Sql/servers", wanted["type"], wanted.get("name", ""),
        wanted.get("kind", ""), wanted.get("resource_group", ""), wanted.get("scope", "ResourceGroup"),
    )  # fmt: skip
    assert [one["id"] for one in Estate(ESTATE).lookup(query)] == found


def test_a_rule_finds_what_belongs_to_the_resource_under_judgement() -> None:
    details = {"type": SETTING, "existenceCondition": {"field": f"{SETTING}/workspaceId", "exists": True}}
    definition = parse_definition({
        "id": "/d",
        "policyRule": {
            "if": {"field": "type", "equals": "Microsoft.Sql/servers"},
            "then": {"effect": "auditIfNotExists", "details": details},
        },
    })  # fmt: skip
    identity = f"{GROUP}/providers/Microsoft.Authorization/policyAssignments/a"
    assignment = parse_assignment({"id": identity, "policyDefinitionId": "/d"})
    judge = Assignments([assignment], [definition]).judge
    sent = resource(f"{SERVER}/providers/{SETTING}/logs", properties={"workspaceId": "/w"})
    estate = Estate([resource(SERVER), resource(OTHER), sent])
    for server, state in ((SERVER, "Compliant"), (OTHER, "NonCompliant")):
        assert [one.state for one in judge(resource(server), Context(), related=estate.lookup)] == [state]
    placed = {"type": "Microsoft.Sql/servers", "name": "one"}
    assert [one.state for one in judge(placed, Context(), related=estate.lookup, scope=GROUP)] == ["Compliant"]
