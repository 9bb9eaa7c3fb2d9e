"""Exemptions as Azure exports them, followed to the rules that they excuse from."""

from datetime import date

from lockgate.findings import Waivers
from lockgate.findings.exempted import exempted
from lockgate.findings.waivers import Matcher
from lockgate.formats.azure_policy import Document
from lockgate.model import Family, Object
from lockgate.policy.catalogue.export_azure import definition_name
from lockgate.rules import load

RULES = ("policy/storage-network-open", "policy/acr-admin-user")
RULEBOOK = [rule for rule in load((Family.POLICY,)).rules if "types" not in rule.logic or rule.id in RULES]
GROUP = "/subscriptions/1/resourceGroups/shop"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/shop"
BUILT_IN = "/providers/Microsoft.Authorization/policyDefinitions/"
PRIVILEGED = f"{BUILT_IN}95edb821-ddaf-4404-9732-666045e056b4"
ADMIN_USER = f"{BUILT_IN}dc921057-6b28-4fbe-9b83-f7bec05db6c2"
HOST_NETWORK = f"{BUILT_IN}82985f06-dc18-4a48-bc1c-b9f4f0098cfe"
AUTHORIZATION = "/subscriptions/1/providers/Microsoft.Authorization"
ASSIGNMENT = f"{AUTHORIZATION}/policyAssignments/baseline"


def definition_id(rule: str) -> str:
    return f"{AUTHORIZATION}/policyDefinitions/{definition_name(rule)}"


def assignment(definition: str = definition_id(RULES[0])) -> Document:
    return Document("a.json", {"id": ASSIGNMENT, "name": "baseline", "properties": {"policyDefinitionId": definition}})


def exemption(scope: str = GROUP, **properties: object) -> Document:
    known = {
        "policyAssignmentId": ASSIGNMENT, "exemptionCategory": "Mitigated", "expiresOn": "2031-12-31T00:00:00Z",
        "description": "a firewall stands before it", "metadata": {"approvedBy": "network team"},
    }  # fmt: skip
    body = {"id": f"{scope}/providers/Microsoft.Authorization/policyExemptions/e", "name": "e"}
    return Document("e.json", {**body, "properties": {**known, **properties}})


def initiative() -> Document:
    listed = [{"policyDefinitionId": definition_id(rule), "policyDefinitionReferenceId": rule.rpartition("/")[2]}
              for rule in RULES]  # fmt: skip
    named = f"{AUTHORIZATION}/policySetDefinitions/all"
    return Document("i.json", {"id": named, "name": "all", "properties": {"policyDefinitions": listed}})


def waived(*documents: Document) -> list[tuple[str, str]]:
    return [(one.rule, one.scope) for one in exempted(documents, RULEBOOK, cluster=CLUSTER).waivers]


def told(*documents: Document) -> str:
    made = exempted(documents, RULEBOOK, cluster=CLUSTER)
    assert made.waivers == ()
    (skip,) = made.skips
    assert skip.path == "e.json"
    return skip.reason


def account(group: str) -> Object:
    identity = f"/subscriptions/1/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/a"
    return Object("azure", {"id": identity, "type": "Microsoft.Storage/storageAccounts", "name": "a"})


def test_an_exemption_of_a_definition_that_was_exported_waives_its_rule_in_its_scope() -> None:
    made = exempted([exemption(), assignment()], RULEBOOK)
    assert made.skips == ()
    matcher = Matcher(Waivers(made.waivers), date(2031, 5, 4))
    use = matcher.covers(RULES[0], account("SHOP"))
    assert use is not None
    assert (use.by, use.reason, use.expires) == (
        "network team", "Exempt in Azure (mitigated): a firewall stands before it", "2031-12-30",
    )  # fmt: skip
    assert matcher.covers(RULES[0], account("other")) is None
    assert matcher.covers(RULES[1], account("shop")) is None


def test_an_expired_exemption_no_longer_counts_and_says_so() -> None:
    made = exempted([exemption(expiresOn="2031-01-01T00:00:00Z"), assignment()], RULEBOOK)
    matcher = Matcher(Waivers(made.waivers), date(2031, 5, 4))
    use = matcher.covers(RULES[0], account("shop"))
    assert use is not None
    assert use.expired
    assert "expired on 2030-12-31" in matcher.notices(tell_unused=False)[0]


def test_references_choose_the_rules_of_an_initiative() -> None:
    bound = assignment(f"{AUTHORIZATION}/policySetDefinitions/ALL")
    assert waived(exemption(), bound, initiative()) == [(RULES[1], GROUP), (RULES[0], GROUP)]
    one = exemption(policyDefinitionReferenceIds=["ACR-admin-user"])
    assert waived(one, bound, initiative()) == [(RULES[1], GROUP)]
    none = told(exemption(policyDefinitionReferenceIds=["another"]), bound, initiative())
    assert "none of its references" in none


def test_a_definition_that_names_our_rule_in_its_metadata_is_that_rule_whatever_its_name() -> None:
    named = f"{AUTHORIZATION}/policyDefinitions/own"
    body = {"id": named, "name": "own", "properties": {
        "policyRule": {"if": {"field": "type", "equals": "x"}, "then": {"effect": "audit"}},
        "metadata": {"rule": RULES[1]}}}  # fmt: skip
    assert waived(exemption(), assignment(named), Document("d.json", body)) == [(RULES[1], GROUP)]


def test_what_cannot_be_followed_counts_for_nothing_and_is_told() -> None:
    assert "its assignment" in told(exemption())
    assert "no rule that judges" in told(exemption(), assignment(f"{AUTHORIZATION}/policyDefinitions/builtin"))
    group = "/providers/Microsoft.Management/managementGroups/all"
    assert "management group" in told(exemption(group), assignment())
    assert "exemptionCategory" in told(exemption(exemptionCategory="Perhaps"), assignment())


def test_one_that_lacks_what_a_waiver_demands_is_told_as_a_waiver_that_does_not_count() -> None:
    made = exempted([exemption(expiresOn=""), assignment()], RULEBOOK)
    (notice,) = Matcher(Waivers(made.waivers), date(2031, 5, 4)).notices(tell_unused=True)
    assert "'expires' is missing" in notice


def test_an_exemption_of_a_built_in_definition_waives_the_rules_that_are_mapped_to_it() -> None:
    assert waived(exemption(), assignment(ADMIN_USER)) == [(RULES[1], GROUP)]
    assert waived(exemption(), assignment(f"{ADMIN_USER.upper()}/versions/1.0.0")) == [(RULES[1], GROUP)]
    listed = [{"policyDefinitionId": ADMIN_USER, "policyDefinitionReferenceId": "acrAdmin"},
              {"policyDefinitionId": PRIVILEGED, "policyDefinitionReferenceId": "privileged"},
              {"policyDefinitionId": f"{BUILT_IN}none", "policyDefinitionReferenceId": "other"}]  # fmt: skip
    named = "/providers/Microsoft.Authorization/policySetDefinitions/1f3afdf9-d0c9-4c3d-847f-89da613e70a8"
    benchmark = Document("i.json", {"id": named, "name": "b", "properties": {"policyDefinitions": listed}})
    bound = assignment(named)
    one = exemption(policyDefinitionReferenceIds=["ACRADMIN"])
    assert waived(one, bound, benchmark) == [(RULES[1], GROUP)]
    assert "none of its references" in told(exemption(policyDefinitionReferenceIds=["other"]), bound, benchmark)


def test_rules_about_what_is_in_a_cluster_are_waived_in_the_cluster_that_is_exempt() -> None:
    bound = assignment(HOST_NETWORK)
    assert waived(exemption(), bound) == [("policy/host-network", ""), ("policy/host-port", "")]
    assert waived(exemption(CLUSTER), bound) == [("policy/host-network", ""), ("policy/host-port", "")]
    assert "another cluster" in told(exemption("/subscriptions/1/resourceGroups/other"), bound)
    (skip,) = exempted([exemption(), bound], RULEBOOK).skips
    assert "admission.azure_cluster" in skip.reason
