"""Azure Policy: definitions, and what they say about Resource Manager resources.

    definition = parse_definition(text, where="no-public-access.json")
    resource = Resource(arm_json, Catalogue(aliases_from_providers(table)))
    outcome = evaluate(definition, resource, {"effect": "Deny"}, Context(utc_now="2026-01-01T00:00:00Z"))
    outcome.effect, [(reason.subject, reason.places) for reason in outcome.reasons]

The language is Microsoft's, as its reference describes it; ``docs/reference/azure-policy-conformance.md`` says which
suites it was put to, and where the reference is silent. Pure: the moment, the aliases and related resources are handed
in. A rule that fails has the effect ``deny``, as in Azure; it is never passed over.
"""

from lockgate.policy.azure.aliases import Alias, Catalogue, aliases_from_manifest, aliases_from_providers
from lockgate.policy.azure.definitions import (
    Definition,
    Outcome,
    check_modifiable,
    evaluate,
    parse_definition,
    parse_rule,
)
from lockgate.policy.azure.effects import (
    ActionDenial,
    Change,
    Deployment,
    Details,
    Effect,
    Lookup,
    Manual,
    Modification,
    Other,
    Related,
    RelatedQuery,
)
from lockgate.policy.azure.evaluation import Context, Reason
from lockgate.policy.azure.fields import Resource
from lockgate.policy.azure.parameters import Parameter, bind
from lockgate.policy.azure.values import MISSING
from lockgate.policy.azure.views import denormalise, normalise

__all__ = [
    "MISSING",
    "ActionDenial",
    "Alias",
    "Catalogue",
    "Change",
    "Context",
    "Definition",
    "Deployment",
    "Details",
    "Effect",
    "Lookup",
    "Manual",
    "Modification",
    "Other",
    "Outcome",
    "Parameter",
    "Reason",
    "Related",
    "RelatedQuery",
    "Resource",
    "aliases_from_manifest",
    "aliases_from_providers",
    "bind",
    "check_modifiable",
    "denormalise",
    "evaluate",
    "normalise",
    "parse_definition",
    "parse_rule",
]
