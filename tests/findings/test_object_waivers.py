"""A waiver of an object means the same object in a file, in a cluster and under admission."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.errors import ConfigurationError
from lockgate.findings import Waivers, fingerprint
from lockgate.findings.exemptions import waivers_of
from lockgate.findings.waivers import Matcher
from lockgate.model import Confidence, Family, Named, Object, Rule, RuleId, Severity, WaiverUse
from lockgate.policy.azure import parse_exemption
from lockgate.policy.catalogue import Hit
from lockgate.policy.catalogue.finding import finding
from lockgate.store import codec

TODAY = date(2031, 5, 4)
TAIL = "by: ada, reason: accepted for now, expires: 2031-12-31"
RULE = Rule(RuleId("policy/x"), Family.POLICY, "t", "w", Severity.HIGH, Confidence.HIGH, "f")
_HASH = "6f4b7c9d5"


def loaded(*entries: str) -> Waivers:
    return Waivers.load("waivers:\n" + "".join(f"- {{rule: policy/x, {one}, {TAIL}}}\n" for one in entries), where="w")


def thing(kind: str = "Deployment", name: str = "web", version: str = "apps/v1", **more: object) -> Object:
    metadata = {"name": name, "namespace": more.pop("namespace", "shop"), **more.pop("metadata", {})}  # type: ignore[dict-item]
    return Object("kubernetes", {"apiVersion": version, "kind": kind, "metadata": metadata}, **more)  # type: ignore[arg-type]


def covered(waivers: Waivers, judged: Object) -> WaiverUse | None:
    """Asked at both doors, which must agree."""
    matcher = Matcher(waivers, TODAY)
    found = finding(Hit(RULE, "m"), judged)
    kept = codec.finding_from_list(codec.unpack(codec.pack(codec.finding_to_list(found))))
    assert kept == found
    settled = matcher.covering(fingerprint(found), kept, (found.location,))
    assert matcher.covers("policy/x", judged) == settled
    return settled


DEPLOYMENT = thing(metadata={"labels": {"app": "web", "tier": "front"}}, cluster="prod-eu")
POD = thing(
    "Pod", f"web-{_HASH}-x2x9z", "v1", cluster="prod-eu",
    metadata={
        "labels": {"app": "web", "pod-template-hash": _HASH},
        "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"web-{_HASH}", "uid": "1", "controller": True}
        ],
    },
)  # fmt: skip


@pytest.mark.parametrize("entry", [
    "namespace: shop", "namespace: 'sh*'", "name: web", "name: 'w?b'", "kind: Deployment", "kind: apps/Deployment",
    "selector: 'app=web'", "selector: 'tier in (front, back), !legacy'", "cluster: 'prod-*'", "selector: app",
    "kind: deployment, name: web, namespace: shop, cluster: prod-eu, selector: 'app==web,tier!=back'",
])  # fmt: skip
def test_a_waiver_covers_an_object_by_what_it_is_called(entry: str) -> None:
    assert covered(loaded(entry), DEPLOYMENT) is not None


@pytest.mark.parametrize("entry", [
    "namespace: shop-2", "namespace: 'h*'", "name: we", "name: 'web?'", "kind: Pod", "kind: batch/Deployment",
    "selector: 'app=api'", "selector: '!tier'", "cluster: test", "selector: 'tier notin (front)'", "path: 'x/**'",
    "kind: Deployment, name: web, namespace: other", "scope: /subscriptions/1", "package: web",
])  # fmt: skip
def test_a_waiver_covers_no_other_object(entry: str) -> None:
    assert covered(loaded(entry), DEPLOYMENT) is None


def test_a_waiver_of_a_deployment_covers_the_pods_that_it_makes() -> None:
    assert covered(loaded("kind: Deployment, name: web"), POD) is not None
    assert covered(loaded("kind: Deployment, name: web-2"), POD) is None
    assert covered(loaded(f"kind: Pod, name: 'web-{_HASH}'"), POD) is None


def test_a_waiver_of_a_cron_job_covers_its_jobs_and_their_pods() -> None:
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "backup-29012345", "controller": True}
    pod = thing("Pod", "backup-29012345-x", "v1", metadata={"ownerReferences": [owner]})
    assert covered(loaded("kind: CronJob, name: backup"), pod) is not None
    assert covered(loaded("kind: Job, name: 'backup-*'"), pod) is not None
    assert covered(loaded("kind: CronJob, name: back"), pod) is None


def test_an_owner_that_does_not_control_or_is_no_name_counts_for_nothing() -> None:
    for more in ({"controller": False, "name": "web"}, {"controller": True, "name": "web, apps/Deployment web"}):
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", **more}
        pod = thing("Pod", "p", "v1", metadata={"ownerReferences": [owner]})
        assert covered(loaded("kind: Deployment, name: web"), pod) is None


def test_what_names_no_namespace_is_in_default_unless_its_kind_is_in_none() -> None:
    waivers = loaded("namespace: default")
    assert covered(waivers, thing(namespace="")) is not None
    assert covered(waivers, thing("ClusterRole", "r", "rbac.authorization.k8s.io/v1", namespace="")) is None
    assert covered(loaded("namespace: team-a"), thing("Namespace", "team-a", "v1", namespace="")) is not None


def test_no_selector_holds_where_the_labels_are_not_known() -> None:
    odd = thing(metadata={"labels": {"app": 1}})
    many = thing(metadata={"labels": {f"l{n}": "" for n in range(65)}})
    for judged in (odd, many):
        assert covered(loaded("selector: '!legacy'"), judged) is None
        assert covered(loaded("name: web"), judged) is not None


def test_a_waiver_of_objects_covers_nothing_that_is_no_object() -> None:
    found = finding(Hit(RULE, "m"), DEPLOYMENT)
    bare = type(found)(
        found.rule, found.family, found.severity, found.confidence, type(found.subject)("file", "n", "k"),
        found.location, "m", facts=found.facts,
    )  # fmt: skip
    assert Matcher(loaded("namespace: shop"), TODAY).covering("i", bare, (bare.location,)) is None


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("selector: 'app in web'", "no label requirement"),
        ("selector: 'app=web,'", "no label requirement"),
        ("selector: 'app in (a b)'", "no value of a label"),
        ("scope: subscriptions/1", "begins with a slash"),
        ("namspace: shop", "did you mean 'namespace'"),
        (f"name: {'a' * 501}", "more than 500"),
    ],
)
def test_a_wrong_waiver_of_objects_is_refused_with_its_line(entry: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        loaded(entry)
    assert caught.value.where == "w:2"


@settings(deadline=None)
@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["name", "namespace", "labels", "ownerReferences", "controller", "kind", "apiVersion"]), inner,
        max_size=4),
    max_leaves=15,
))  # fmt: skip
def test_whatever_an_object_is_called_comes_back_from_its_findings(metadata: object) -> None:
    judged = Object("kubernetes", {"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
    named, told = Named.of(judged), Named.of_finding(finding(Hit(RULE, "m"), judged))
    assert told == named


EXEMPTION = {
    "id": "/subscriptions/1/resourceGroups/shop/providers/Microsoft.Authorization/policyExemptions/e",
    "properties": {
        "policyAssignmentId": "/subscriptions/1/providers/Microsoft.Authorization/policyAssignments/a",
        "policyDefinitionReferenceIds": ["Minimum-TLS"], "exemptionCategory": "Waiver",
        "expiresOn": "2031-12-31T10:00:00Z", "description": "moves to TLS 1.2 in winter",
        "metadata": {"requestedBy": "storage team"},
    },
}  # fmt: skip


def exempted(**changed: object) -> Matcher:
    properties = {**EXEMPTION["properties"], **changed}  # type: ignore[dict-item]
    exemption = parse_exemption({**EXEMPTION, "properties": properties})
    entries = waivers_of(exemption, {"minimum-tls": ("policy/x",), "other": ("policy/y",)})
    return Matcher(Waivers(entries), TODAY)


def account(group: str) -> Object:
    name = f"/subscriptions/1/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/s"
    return Object("azure", {"type": "Microsoft.Storage/storageAccounts", "name": "s", "id": name})


def test_an_azure_exemption_covers_what_stands_in_its_scope_until_its_last_whole_day() -> None:
    use = exempted().covers("policy/x", account("SHOP"))
    assert use is not None
    assert (use.by, use.reason, use.expires) == (
        "storage team", "Exempt in Azure (waiver): moves to TLS 1.2 in winter", "2031-12-30",
    )  # fmt: skip
    assert exempted().covers("policy/x", account("shop2")) is None
    assert exempted().covers("policy/y", account("shop")) is None
    assert exempted(exemptionCategory="Mitigated", policyDefinitionReferenceIds=[]).covers("policy/y", account("shop"))
    late = exempted(expiresOn="2031-12-31T23:59:59Z").covers("policy/x", account("shop"))
    assert late is not None
    assert late.expires == "2031-12-31"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"expiresOn": ""}, "'expires' is missing"),
        ({"metadata": {}}, "'by' is missing"),
        ({"description": ""}, "'reason' is missing"),
        (
            {"resourceSelectors": [{"name": "s", "selectors": [{"kind": "resourceLocation", "in": ["eu"]}]}]},
            "selectors",
        ),
    ],
)
def test_an_exemption_that_leaves_open_what_a_waiver_demands_covers_nothing_and_is_told(
    changed: dict[str, object], says: str
) -> None:
    matcher = exempted(**changed)
    assert matcher.covers("policy/x", account("shop")) is None
    assert says in matcher.notices(tell_unused=False)[0]
