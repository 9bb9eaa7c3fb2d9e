"""How fast Azure Policy rules are read and judged, over the built-in definitions of the corpora.

Run: ``python bench/azure_policy.py``. It takes ``azure-policy-builtins`` and ``azure-policy-cases`` below
``LOCKGATE_CORPORA``. Prints one table; times are CPU time of this process, the median of several rounds.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lockgate.policy.azure import (
    MISSING,
    Assignments,
    Catalogue,
    Context,
    Parameter,
    Resource,
    aliases_from_providers,
    evaluate,
    parse_assignment,
    parse_definition,
)

DEFAULT = Path(os.environ.get("LOCKGATE_CORPORA", Path(__file__).resolve().parents[2] / "shared" / "corpora"))
ROUNDS = 15
FILLERS = {"String": "x", "Array": [], "Object": {}, "Integer": 1, "Boolean": True, "Float": 1.0}
SCOPE = "/subscriptions/s/resourceGroups/g"
NOW = Context(utc_now="2026-01-01T00:00:00Z")


def resource(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"{SCOPE}/providers/{kind}/one", "type": kind, "name": "one", "location": "westeurope",
        "tags": {"env": "prod"}, "sku": {"name": "Premium"}, "properties": properties,
    }  # fmt: skip


RESOURCES = [
    resource(
        "Microsoft.ContainerService/managedClusters",
        {
            "enableRBAC": True,
            "kubernetesVersion": "1.30.1",
            "networkProfile": {"networkPlugin": "azure", "networkPolicy": "cilium"},
            "apiServerAccessProfile": {"enablePrivateCluster": False, "authorizedIPRanges": ["10.0.0.0/8"]},
            "agentPoolProfiles": [{"name": f"pool{n}", "osType": "Linux", "enableFIPS": False} for n in range(5)],
            "addonProfiles": {"azurepolicy": {"enabled": True}, "omsagent": {"enabled": False}},
        },
    ),
    resource(
        "Microsoft.KeyVault/vaults",
        {
            "enableSoftDelete": True,
            "enablePurgeProtection": False,
            "networkAcls": {"defaultAction": "Allow", "ipRules": [{"value": "1.2.3.4"}]},
            "accessPolicies": [{"objectId": str(n), "permissions": {"keys": ["get"]}} for n in range(10)],
        },
    ),
    resource(
        "Microsoft.ContainerRegistry/registries",
        {
            "adminUserEnabled": True,
            "publicNetworkAccess": "Enabled",
            "policies": {"quarantinePolicy": {"status": "disabled"}},
        },
    ),
]


def filler(parameter: Parameter) -> Any:
    """A value that a parameter without a default allows."""
    return parameter.allowed[0] if parameter.allowed else FILLERS[parameter.type]


def cpu(work: Callable[[], object]) -> float:
    """Median CPU seconds of one round."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def main() -> None:
    if not (DEFAULT / "azure-policy-builtins").is_dir():
        print("nothing was measured: the corpora are absent (LOCKGATE_CORPORA)")
        return
    paths = sorted((DEFAULT / "azure-policy-builtins" / "policyDefinitions").glob("*/*.json"))
    texts = [path.read_bytes() for path in paths]
    definitions = [parse_definition(text) for text in texts]
    aliases = json.loads((DEFAULT / "azure-policy-cases" / "aliases" / "test_aliases.json").read_text("utf-8"))
    catalogue = Catalogue(aliases_from_providers(aliases))
    values = [
        {one.name: filler(one) for one in definition.parameters.values() if one.default is MISSING}
        for definition in definitions
    ]
    assignments = Assignments(
        [
            parse_assignment({
                "id": f"{SCOPE}/providers/Microsoft.Authorization/policyAssignments/{at}",
                "properties": {
                    "policyDefinitionId": definition.id,
                    "parameters": {name: {"value": value} for name, value in given.items()},
                },
            })
            for at, (definition, given) in enumerate(zip(definitions, values, strict=True))
        ],
        definitions,
    )  # fmt: skip

    def judged(explain: bool) -> None:
        for one in RESOURCES:
            view = Resource(one, catalogue)
            for definition, given in zip(definitions, values, strict=True):
                evaluate(definition, view, given, NOW, related=lambda query: [], explain=explain)

    def states() -> None:
        for one in RESOURCES:
            assignments.judge(Resource(one, catalogue), NOW, related=lambda query: [])

    count, rules = len(RESOURCES), len(definitions)
    print(f"{rules} definitions, {count} resources, {len(catalogue)} aliases; CPU, median of {ROUNDS} rounds")
    print(f"{'what':<44}{'per resource':>14}{'per rule':>12}")
    read = cpu(lambda: [parse_definition(text) for text in texts])
    print(f"{'read and compile a definition':<44}{'':>14}{read / rules * 1e6:>9.1f} us")
    for what, work in (
        ("judge, without reasons", lambda: judged(explain=False)),
        ("judge, with reasons", lambda: judged(explain=True)),
        ("compliance states under assignments", states),
    ):
        spent = cpu(work)
        print(f"{what:<44}{spent / count * 1e3:>11.2f} ms{spent / count / rules * 1e6:>9.1f} us")


if __name__ == "__main__":
    main()
