"""Azure Policy's definitions for Kubernetes at admission: what an assignment asks of a cluster is asked here."""

import base64
import json
from datetime import date

import pytest
import yaml
from tests.policy.azure.corpora import BUILTINS, needs_builtins

from lockgate.findings import Waivers
from lockgate.gates.admission import Action, Exceptions, Placed, PolicySet, Said, load_policies
from lockgate.model import Object
from lockgate.settings import AdmissionSettings
from lockgate.sources import policy_files

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
CLUSTER = f"{SUBSCRIPTION}/resourceGroups/shop/providers/Microsoft.ContainerService/managedClusters/shop"
DEFINITION = "/providers/Microsoft.Authorization/policyDefinitions/no-privilege"
TEMPLATE = {
    "apiVersion": "templates.gatekeeper.sh/v1beta1", "kind": "ConstraintTemplate", "metadata": {"name": "noprivilege"},
    "spec": {"crd": {"spec": {"names": {"kind": "NoPrivilege"}}}, "targets": [{
        "target": "admission.k8s.gatekeeper.sh", "rego": """
package noprivilege
violation[{"msg": msg}] {
  c := input.review.object.spec.containers[_]
  c.securityContext.privileged
  not exempt(c)
  msg := sprintf("%v is privileged", [c.name])
}
exempt(c) { c.image == input.parameters.exempt[_] }
"""}]},
}  # fmt: skip
WHERE = "policies/azure/container-no-privilege/v2/template.yaml"


def definition(effect="[parameters('effect')]", **details):
    info = {"sourceType": "PublicURL", "url": "https://a.example/kubernetes/container-no-privilege/v2/template.yaml"}
    return {"id": DEFINITION, "name": "no-privilege", "properties": {
        "displayName": "No privileged containers", "mode": "Microsoft.Kubernetes.Data", "parameters": {
            "effect": {"type": "String", "allowedValues": ["Audit", "Deny", "Disabled"], "defaultValue": "Deny"},
            "exempt": {"type": "Array", "defaultValue": []},
            "out": {"type": "Array", "defaultValue": ["kube-system"]}},
        "policyRule": {
            "if": {"field": "type", "in": ["Microsoft.ContainerService/managedClusters"]},
            "then": {"effect": effect, "details": {
                "templateInfo": info, "apiGroups": [""], "kinds": ["Pod"], "excludedNamespaces": "[parameters('out')]",
                "values": {"exempt": "[parameters('exempt')]"}, **details}}}}}  # fmt: skip


def assignment(name="prod", *, of=DEFINITION, scope=SUBSCRIPTION, **more):
    parameters = {key: {"value": more.pop(key)} for key in ("effect", "exempt", "out") if key in more}
    return {"id": f"{scope}/providers/Microsoft.Authorization/policyAssignments/{name}", "name": name, "properties": {
        "scope": scope, "policyDefinitionId": of, "parameters": parameters, **more}}  # fmt: skip


def loaded(*documents, template=WHERE, cluster=""):
    placed = [Placed(f"azure-{number}.json", one) for number, one in enumerate(documents)]
    if template:
        placed.append(Placed(template, TEMPLATE))
    return load_policies(placed, azure_cluster=cluster)


def review(policies, *, namespace="shop", image="nginx"):
    container = {"name": "web", "image": image, "securityContext": {"privileged": True}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace},
           "spec": {"containers": [container]}}  # fmt: skip
    answer = PolicySet(policies, AdmissionSettings()).review({
        "uid": "u", "operation": "CREATE", "namespace": namespace, "name": "p", "object": pod,
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "userInfo": {"username": "ada"},
    })  # fmt: skip
    return [(one.action, one.policy, one.message) for one in answer.said]


def told(policies):
    assert policies.counts["constraints"] == 0
    (problem,) = policies.problems
    return str(problem)


def test_an_assignment_denies_what_its_definition_minds():
    policies = loaded(definition(), assignment())
    assert policies.problems == () and policies.counts["constraints"] == 1
    assert review(policies) == [(Action.DENY, "NoPrivilege/azurepolicy-prod", "web is privileged")]
    assert review(policies, namespace="kube-system") == []


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ((definition(), assignment(effect="audit")), [Action.AUDIT]),
        ((definition(warn=True), assignment(effect="Audit")), [Action.WARN]),
        ((definition(), assignment(effect="Disabled")), []),
        ((definition(), assignment(enforcementMode="DoNotEnforce")), [Action.AUDIT]),
        ((definition(), assignment(exempt=["nginx"])), []),
        ((definition(), assignment(out=["shop"])), []),
        ((definition(), assignment(overrides=[{"kind": "policyEffect", "value": "Audit"}])), [Action.AUDIT]),
        ((definition(), assignment("a"), assignment("b", effect="Audit")), [Action.DENY, Action.AUDIT]),
        ((definition(),), []),  # nothing assigns it
    ],
)
def test_effects_parameters_modes_and_overrides_are_those_of_the_assignment(made, said):
    policies = loaded(*made)
    assert policies.problems == ()
    assert [action for action, _, _ in review(policies)] == said


def _by(kind, *values, inside=True):
    return {"kind": kind, "in" if inside else "notIn": list(values)}


_HERE, _AWAY = "Microsoft.ContainerService/managedClusters", "Microsoft.KeyVault/vaults"


def _selecting(*groups):
    return {"resourceSelectors": [{"name": f"s{at}", "selectors": list(parts)} for at, parts in enumerate(groups)]}


def _milder(*parts):
    return {"overrides": [{"kind": "policyEffect", "value": "Audit", "selectors": list(parts)}]}


@pytest.mark.parametrize("more", [
    _selecting([_by("resourceLocation", "westeurope")]),
    _selecting([_by("resourceLocation", "westeurope", inside=False)]),
    _selecting([_by("resourceType", _HERE), _by("resourceLocation", "westeurope")]),
    _milder(_by("resourceLocation", "westeurope", inside=False)),
    _milder(_by("resourceLocation", "westeurope")),
])  # fmt: skip
def test_what_hangs_on_the_location_of_the_cluster_is_told_and_not_left_out_in_silence(more):
    (problem,) = loaded(definition(), assignment(**more), cluster=CLUSTER).problems
    assert "where the cluster stands is not known" in str(problem)


@pytest.mark.parametrize(("more", "said"), [
    (_selecting([_by("resourceType", _AWAY), _by("resourceLocation", "westeurope")]), []),
    (_selecting([_by("resourceLocation", "westeurope")], [_by("resourceType", _HERE)]), [Action.DENY]),
    (_milder(_by("resourceType", _AWAY), _by("resourceLocation", "westeurope")), [Action.DENY]),
    (_milder(_by("resourceType", _HERE)), [Action.AUDIT]),
])  # fmt: skip
def test_selectors_that_need_no_location_are_followed(more, said):
    policies = loaded(definition(), assignment(**more), cluster=CLUSTER)
    assert policies.problems == ()
    assert [action for action, _, _ in review(policies)] == said


def test_an_initiative_hands_its_parameters_on():
    initiative = {"id": "/providers/Microsoft.Authorization/policySetDefinitions/base", "name": "base", "properties": {
        "parameters": {"how": {"type": "String"}},
        "policyDefinitions": [{"policyDefinitionId": DEFINITION, "policyDefinitionReferenceId": "NoPrivilege",
                               "parameters": {"effect": {"value": "[parameters('how')]"}}}]}}  # fmt: skip
    of = assignment(of=initiative["id"])
    of["properties"]["parameters"] = {"how": {"value": "Audit"}}
    policies = loaded(definition(), initiative, of)
    assert review(policies) == [(Action.AUDIT, "NoPrivilege/azurepolicy-prod-noprivilege", "web is privileged")]


def test_only_assignments_whose_scope_holds_the_cluster_count_once_it_is_named():
    elsewhere = "/subscriptions/00000000-0000-0000-0000-000000000002"
    documents = (definition(), assignment("a"), assignment("b", scope=elsewhere),
                 assignment("c", notScopes=[f"{SUBSCRIPTION}/resourceGroups/shop"]))  # fmt: skip
    assert loaded(*documents).counts["constraints"] == 3
    policies = loaded(*documents, cluster=CLUSTER)
    assert [policy for _, policy, _ in review(policies)] == ["NoPrivilege/azurepolicy-a"]
    connected = CLUSTER.replace("ContainerService/managedClusters", "Kubernetes/connectedClusters")
    assert loaded(*documents, cluster=connected).counts["constraints"] == 0  # the rule is about managed ones


def test_a_definition_may_hold_its_template_itself():
    content = base64.b64encode(yaml.safe_dump(TEMPLATE).encode()).decode()
    policies = loaded(definition(templateInfo={"sourceType": "Base64Encoded", "content": content}),
                      assignment("a"), assignment("b"), template="")  # fmt: skip
    assert policies.problems == () and policies.counts["templates"] == 1
    assert len(review(policies)) == 2


@pytest.mark.parametrize("where", [WHERE, "container-no-privilege/template.yaml",
                                   "layout: azure/container-no-privilege/v2/template.yaml"])  # fmt: skip
def test_a_copy_of_a_template_is_known_by_the_end_of_its_path(where):
    assert loaded(definition(), assignment(), template=where).problems == ()


@pytest.mark.parametrize(
    ("documents", "template", "wanted"),
    [
        ((definition(), assignment()), "other/v2/template.yaml", "as container-no-privilege/v2/template.yaml"),
        ((definition(), assignment()), "container-no-privilege/v1/template.yaml", "is not among the policies"),
        ((assignment(),), WHERE, "which was not given"),
        ((definition(), assignment(effect="Mutate")), WHERE, "does not allow the value"),
        ((definition(), {**assignment(), "properties": {"policyDefinitionId": 5}}), WHERE, "azure-1.json"),
        ((definition(mutationInfo={"url": "https://a.example/x/v1/mutation.yaml"}), assignment()), WHERE,
         "No privileged containers: mutations of Azure Policy are not taken"),
        ((definition(constraint="https://a.example/x/constraint.yaml"), assignment()), WHERE, "placeholders"),
        (({"properties": {"policyAssignmentId": "a", "exemptionCategory": "Waiver"}},), WHERE, "what is exempt"),
        ((definition(templateInfo={"content": base64.b64encode(b"a: [").decode()}), assignment()), WHERE, "no YAML"),
        ((definition(templateInfo={"content": base64.b64encode(b"a: b").decode()}), assignment()), WHERE, "no kind"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_with_its_place(documents, template, wanted):
    said = told(loaded(*documents, template=template))
    assert wanted in said and "azure-" in said


def exemption(scope=SUBSCRIPTION, **more):
    properties = {
        "policyAssignmentId": assignment()["id"].upper(), "exemptionCategory": "Waiver",
        "expiresOn": "2031-12-31T00:00:00Z", "description": "until the driver is gone",
        "metadata": {"approvedBy": "ada"}, **more,
    }  # fmt: skip
    identity = f"{scope}/providers/Microsoft.Authorization/policyExemptions/e"
    return {"id": identity, "name": "e", "properties": properties}


def test_a_cluster_that_is_exempt_from_an_assignment_has_waivers_of_its_constraints():
    policies = loaded(definition(), assignment(), exemption(), cluster=CLUSTER)
    assert policies.problems == ()
    ((_, name, _),) = review(policies)
    (waiver,) = policies.waivers
    assert (waiver.rule, waiver.by, waiver.expires, waiver.scope) == (name, "ada", "2031-12-30", "")
    assert waiver.reason == "Exempt in Azure (waiver): until the driver is gone"
    pod = Object("kubernetes", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}})
    said = Said(name, "gatekeeper", Action.DENY, "web is privileged")
    for day, action in ((date(2031, 5, 4), Action.WAIVED), (date(2032, 1, 1), Action.DENY)):
        exceptions = Exceptions(Waivers(policies.waivers), today=lambda day=day: day)
        assert exceptions.applied(said, pod).action is action


def test_a_cluster_that_is_exempt_from_a_built_in_definition_is_from_the_rules_mapped_to_it():
    built_in = "/providers/Microsoft.Authorization/policyDefinitions/95edb821-ddaf-4404-9732-666045e056b4"
    bound = assignment("p", of=built_in)
    policies = loaded(bound, exemption(policyAssignmentId=bound["id"]), cluster=CLUSTER)
    (waiver,) = policies.waivers
    assert (waiver.rule, waiver.by, waiver.scope) == ("policy/privileged-container", "ada", "")
    (fault,) = [one for one in loaded(bound, exemption(policyAssignmentId=bound["id"], expiresOn=""),
                                      cluster=CLUSTER).problems if "exemption" in str(one)]  # fmt: skip
    assert "'expires' is missing" in str(fault)
    elsewhere = exemption(f"{SUBSCRIPTION}/resourceGroups/other", policyAssignmentId=bound["id"])
    assert loaded(bound, elsewhere, cluster=CLUSTER).waivers == ()


def test_an_exemption_of_another_scope_or_assignment_excuses_nothing():
    other = exemption(f"{SUBSCRIPTION}/resourceGroups/other")
    policies = loaded(definition(), assignment(), other, cluster=CLUSTER)
    assert (policies.waivers, policies.problems) == ((), ())
    arm = assignment("arm", of="/providers/Microsoft.Authorization/policyDefinitions/other", scope=f"{SUBSCRIPTION}/x")
    of_arm = exemption(policyAssignmentId=arm["id"])
    assert loaded(definition(), assignment(), arm, of_arm, cluster=CLUSTER).waivers == ()


@pytest.mark.parametrize(("given", "cluster", "wanted"), [
    (exemption(), "", "which cluster this is is not known"),
    (exemption("/providers/Microsoft.Management/managementGroups/all"), CLUSTER, "management group"),
    (exemption(policyAssignmentId="/lost"), CLUSTER, "an assignment that is not among the policies"),
    (exemption(expiresOn=""), CLUSTER, "'expires' is missing"),
])  # fmt: skip
def test_an_exemption_that_cannot_count_is_told(given, cluster, wanted):
    policies = loaded(definition(), assignment(), given, cluster=cluster)
    assert policies.waivers == ()
    assert [wanted in str(problem) for problem in policies.problems] == [True]


def test_files_as_azure_prints_them_are_read(tmp_path):
    (tmp_path / "all.json").write_text(json.dumps([definition(), assignment(), {"some": "other"}, 5]))
    (tmp_path / "one.yaml").write_text(yaml.safe_dump(assignment("b")))
    (tmp_path / "other.json").write_text('{"properties": {"a": 1}}')
    assert len(policy_files.read([tmp_path]).manifests) == 3


@needs_builtins
def test_every_built_in_definition_whose_template_is_at_hand_judges():
    """Assigned all at once with what their parameters ask for; templates lie as in Azure's repository."""
    templates = [Placed(str(path), yaml.safe_load(path.read_text()))
                 for path in sorted((BUILTINS / "templates").glob("*/template.yaml"))]  # fmt: skip
    fillers = {"String": "x", "Array": [], "Object": {}, "Integer": 1, "Boolean": True}
    documents = []
    for path in sorted((BUILTINS / "policyDefinitions" / "Kubernetes").glob("*.json")):
        body = json.loads(path.read_text("utf-8-sig"))
        declared = body["properties"].get("parameters", {}).items()
        given = {name: {"value": fillers[one["type"].title()]} for name, one in declared if "defaultValue" not in one}
        documents.append(Placed(path.name, body))
        assigned = {"id": f"/providers/Microsoft.Authorization/policyAssignments/{path.stem}", "name": path.stem,
                    "properties": {"policyDefinitionId": body["id"], "parameters": given}}  # fmt: skip
        documents.append(Placed(path.name, assigned))
    policies = load_policies([*templates, *documents])
    reasons = [str(one) for one in policies.problems]
    counted = {what: sum(what in one for one in reasons) for what in (
        "is not among the policies", "mutations of Azure Policy", "with placeholders",
        "does not allow the value")}  # fmt: skip
    assert policies.counts["templates"] == 27
    assert policies.counts["constraints"] == 26
    assert counted == {
        "is not among the policies": 28, "mutations of Azure Policy": 19, "with placeholders": 1,
        "does not allow the value": 1,  # the parameters of one, of Resource Manager, take no filler
    }  # fmt: skip
    assert sum(counted.values()) == len(reasons)
    said = review(policies)
    assert (Action.DENY, "K8sAzureContainerNoPrivilege/azurepolicy-containernoprivilege") in [one[:2] for one in said]
    assert not [one for one in said if one[0] is Action.ERROR]
