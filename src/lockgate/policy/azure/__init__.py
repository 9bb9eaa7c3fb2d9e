"""Azure Policy: definitions, and what they say about Resource Manager resources.

    definition = parse_definition(text, where="no-public-access.json")
    resource = Resource(arm_json, Catalogue(aliases_from_providers(table)))
    outcome = evaluate(definition, resource, {"effect": "Deny"}, Context(utc_now="2026-01-01T00:00:00Z"))
    outcome.effect, [(reason.subject, reason.places) for reason in outcome.reasons]

    assignments = Assignments([parse_assignment(one) for one in given], definitions, initiatives=initiatives)
    states = assignments.judge(resource, context)  # Compliant, NonCompliant, Exempt, ... as Azure reports them
    verdict = admit(assignments, resource, context)  # what a request would have changed, denied and deployed

The language is Microsoft's, as its reference describes it; ``docs/reference/azure-policy-conformance.md`` says which
suites it was put to, and where the reference is silent. Pure: the moment, the aliases and related resources are handed
in. A rule that fails has the effect ``deny``, as in Azure; it is never passed over.
"""

from lockgate.policy.azure.admission import Denial, Verdict, admit, admit_delete
from lockgate.policy.azure.aliases import Alias, Catalogue, aliases_from_manifest, aliases_from_providers
from lockgate.policy.azure.assignments import (
    Assignment,
    Attestation,
    Exemption,
    Override,
    Selector,
    parse_assignment,
    parse_attestation,
    parse_exemption,
)
from lockgate.policy.azure.bindings import Bound
from lockgate.policy.azure.changes import Applied, Edit, apply
from lockgate.policy.azure.compliance import Assignments, ComplianceState, PolicyState, rolled_up
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
from lockgate.policy.azure.initiatives import Initiative, Member, parse_initiative
from lockgate.policy.azure.kubernetes_data import DataPlanePolicy, data_plane_policy, render_constraint
from lockgate.policy.azure.parameters import Parameter, bind
from lockgate.policy.azure.related import Estate
from lockgate.policy.azure.values import MISSING
from lockgate.policy.azure.views import denormalise, normalise

__all__ = [
    "MISSING",
    "ActionDenial",
    "Alias",
    "Applied",
    "Assignment",
    "Assignments",
    "Attestation",
    "Bound",
    "Catalogue",
    "Change",
    "ComplianceState",
    "Context",
    "DataPlanePolicy",
    "Definition",
    "Denial",
    "Deployment",
    "Details",
    "Edit",
    "Effect",
    "Estate",
    "Exemption",
    "Initiative",
    "Lookup",
    "Manual",
    "Member",
    "Modification",
    "Other",
    "Outcome",
    "Override",
    "Parameter",
    "PolicyState",
    "Reason",
    "Related",
    "RelatedQuery",
    "Resource",
    "Selector",
    "Verdict",
    "admit",
    "admit_delete",
    "aliases_from_manifest",
    "aliases_from_providers",
    "apply",
    "bind",
    "check_modifiable",
    "data_plane_policy",
    "denormalise",
    "evaluate",
    "normalise",
    "parse_assignment",
    "parse_attestation",
    "parse_definition",
    "parse_exemption",
    "parse_initiative",
    "parse_rule",
    "render_constraint",
    "rolled_up",
]
