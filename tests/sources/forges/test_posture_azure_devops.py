"""How an organisation on Azure DevOps is set up: what is asked, in how many calls, and what is told of refusals."""

from __future__ import annotations

from typing import Any

import pytest
from tests.simulators.forge_paths import Paths, paths

from lockgate.errors import NothingCheckedError
from lockgate.formats.forge_settings.azure_devops import BUILD, COMMENTS, PIPELINES, REVIEWERS
from lockgate.model import Family, Object, Skip
from lockgate.policy.catalogue import ForgePolicies
from lockgate.rules import load
from lockgate.sources.forges.azure_devops import AzureDevOps
from lockgate.sources.forges.budget import Bounds, CallBudget
from lockgate.sources.forges.credentials import azure_token
from lockgate.sources.forges.posture.azure_devops import AzureDevOpsPosture

AT = "2026-11-27T00:00:00Z"
ROOT = "/contoso/_apis"
KEPT = dict.fromkeys(PIPELINES, True) | {"buildsEnabledForForks": False}


def listed(*rows: Any) -> dict[str, Any]:
    return {"count": len(rows), "value": list(rows)}


def policy(kind: str, **settings: Any) -> dict[str, Any]:
    scope = [{"repositoryId": None, "refName": None, "matchKind": "DefaultBranch"}]
    own = {"id": kind, "displayName": kind}
    return {"id": 1, "isEnabled": True, "isBlocking": True, "isDeleted": False, "type": own,
            "settings": {"scope": scope, **settings}}  # fmt: skip


REVIEW = policy(REVIEWERS, minimumApproverCount=2, creatorVoteCounts=False, allowDownvotes=False,
                resetOnSourcePush=True, blockLastPusherVote=True)  # fmt: skip


def contoso(
    projects: int = 1, repositories: int = 1, resources: dict[str, list[dict[str, Any]]] | None = None
) -> Paths:
    """An organisation that is well kept."""
    own = [{"id": f"p{number}", "name": f"web{number}", "visibility": "private"} for number in range(projects)]
    told = [
        {"id": f"r{number}", "name": f"shop{number:03}", "defaultBranch": "refs/heads/main",
         "project": own[number % projects]} for number in range(repositories)
    ]  # fmt: skip
    on = {"secretProtectionFeatures": {"secretProtectionEnabled": True, "blockPushes": True},
          "codeSecurityFeatures": {"codeSecurityEnabled": True}}  # fmt: skip
    status = [{"repositoryId": one["id"], **on} for one in told]
    answers: dict[str, Any] = {
        f"{ROOT}/projects": listed(*own), f"{ROOT}/git/repositories": listed(*told),
        f"{ROOT}/hooks/subscriptions": listed(), f"{ROOT}/distributedtask/pools": listed(),
        f"{ROOT}/userentitlements": {"members": [], "continuationToken": None},
        f"{ROOT}/management/enablement": {"reposEnablementStatus": status},
    }  # fmt: skip
    kinds = {"endpoint": "serviceendpoint/endpoints", "variablegroup": "distributedtask/variablegroups",
             "environment": "distributedtask/environments", "queue": "distributedtask/queues",
             "securefile": "distributedtask/securefiles"}  # fmt: skip
    for project in own:
        below = f"/contoso/{project['id']}/_apis"
        answers |= {
            f"{below}/build/generalsettings": KEPT,
            f"{below}/policy/configurations": listed(REVIEW, policy(BUILD, displayName="ci"), policy(COMMENTS)),
            f"{below}/pipelines/checks/queryconfigurations": lambda body: listed(*(
                {"id": 9, "type": {"name": "Task Check"}, "resource": one,
                 "settings": {"definitionRef": {"name": "evaluatebranchProtection"}}} for one in body)),
        }  # fmt: skip
        for kind, path in kinds.items():
            rows = (resources or {}).get(kind, [])
            answers[f"{below}/{path}"] = listed(*rows)
            for row in rows:
                answers[f"{below}/pipelines/pipelinepermissions/{kind}/{row['id']}"] = {"pipelines": []}
    return Paths(answers)


def read(server: Paths, *, calls: int = 5_000) -> tuple[list[Object], list[Skip]]:
    azure = AzureDevOps(f"{server.base}/contoso", azure_token("pat"), budget=CallBudget(Bounds(calls=calls)))
    rows = list(AzureDevOpsPosture(azure, "contoso", read_at=AT).collect())
    azure.close()
    return [one for one in rows if isinstance(one, Object)], [one for one in rows if isinstance(one, Skip)]


def wrong(objects: list[Object]) -> set[str]:
    policies = ForgePolicies(load([Family.POSTURE]).rules)
    judged = [policies.judge(one) for one in objects]
    assert [hit.message for one in judged for hit in one.failed] == []
    return {str(hit.rule.id).removeprefix("posture/azure-devops-") for one in judged for hit in one.hits}


CONNECTION = {"id": "c1", "name": "production", "type": "azurerm", "isShared": False, "isReady": True,
              "authorization": {"scheme": "WorkloadIdentityFederation"}}  # fmt: skip
GROUP = {"id": 3, "name": "secrets", "type": "AzureKeyVault", "variables": {"a": {"isSecret": True}}}
RESOURCES = {"endpoint": [CONNECTION], "variablegroup": [GROUP], "environment": [{"id": 4, "name": "test"}],
             "queue": [{"id": 5, "name": "own", "pool": {"isHosted": False}}],
             "securefile": [{"id": "s1", "name": "cert.pfx"}]}  # fmt: skip


def test_an_organisation_that_is_well_kept_has_no_finding_and_no_skip() -> None:
    with paths(contoso(resources=RESOURCES)) as server:
        objects, skips = read(server)
    assert [one.body["kind"].removeprefix("AzureDevOps") for one in objects] == [
        "Organization", "Project", "Repository", "ServiceConnection", "VariableGroup", "Environment", "AgentQueue",
        "SecureFile"]  # fmt: skip
    assert skips == []
    assert wrong(objects) == set()


def test_500_repositories_of_20_projects_take_166_calls_and_one_a_resource() -> None:
    with paths(contoso(20, 500, {"endpoint": [CONNECTION], "variablegroup": [GROUP]})) as server:
        objects, skips = read(server)
        assert skips == []
        assert sum(one.body["kind"] == "AzureDevOpsRepository" for one in objects) == 500
        assert server.asked("/pipelinepermissions/") == 40
        assert len(server.calls) - 40 == 6 + 20 * 8


def test_what_is_open_to_every_pipeline_is_found() -> None:
    told = contoso(resources=RESOURCES)
    for path in [one for one in told.answers if "/pipelinepermissions/" in one]:
        told.answers[path] = {"allPipelines": {"authorized": True}, "pipelines": []}
    with paths(told) as server:
        objects, _ = read(server)
    assert {"connection-open", "variable-group-open", "environment-open", "agent-pool-open", "secure-file-open"} <= \
        wrong(objects)  # fmt: skip


def test_policies_of_other_repositories_and_optional_ones_protect_nothing() -> None:
    told = contoso()
    other = policy(REVIEWERS, minimumApproverCount=2) | {"isBlocking": False}
    elsewhere = policy(BUILD)
    elsewhere["settings"]["scope"] = [{"repositoryId": "r9", "refName": "refs/heads/main", "matchKind": "Exact"}]
    told.answers["/contoso/p0/_apis/policy/configurations"] = listed(other, elsewhere)
    with paths(told) as server:
        objects, _ = read(server)
    assert "branch-unprotected" in wrong(objects)


def test_a_policy_on_a_prefix_and_one_on_the_branch_join() -> None:
    told = contoso()
    first, second = policy(REVIEWERS, minimumApproverCount=1, creatorVoteCounts=True), policy(BUILD)
    first["settings"]["scope"] = [{"repositoryId": "r0", "refName": "refs/heads/", "matchKind": "Prefix"}]
    second["settings"]["scope"] = [{"repositoryId": "r0", "refName": "refs/heads/main", "matchKind": "Exact"}]
    told.answers["/contoso/p0/_apis/policy/configurations"] = listed(first, second)
    with paths(told) as server:
        objects, _ = read(server)
    protection = objects[2].body["spec"]["protection"]
    assert (protection["approvals"], protection["checks"]) == (1, ["build"])
    assert {"own-approval", "one-approval", "stale-approval-kept"} <= wrong(objects)


def test_what_is_refused_is_told_with_the_scope_and_never_passes() -> None:
    told = contoso(resources=RESOURCES)
    told.refused = r"userentitlements|management/enablement|generalsettings|policy|pipelinepermissions|queryconf"
    with paths(told) as server:
        objects, skips = read(server)
    reasons = {skip.path: skip.reason for skip in skips}
    assert reasons["azure-devops:contoso"] == "not read: users (needs Member Entitlement Management (read))"
    assert "settings of pipelines (needs Build (read))" in reasons["azure-devops:contoso/web0"]
    assert "branch policies (needs Code (read))" in reasons["azure-devops:contoso/web0/shop000"]
    assert "open to all pipelines (needs Service Connections (read))" in \
        reasons["azure-devops:contoso/web0/connections/production"]  # fmt: skip
    assert wrong(objects) <= {"environment-without-approval"}
    policies = ForgePolicies(load([Family.POSTURE]).rules)
    assert "posture/azure-devops-connection-open" in {one for row in objects for one in policies.judge(row).open}


def test_a_list_that_is_refused_is_told_and_nothing_counts_as_gone() -> None:
    told = contoso()
    told.refused = "securefiles"
    with paths(told) as server:
        azure = AzureDevOps(f"{server.base}/contoso", azure_token("pat"))
        source = AzureDevOpsPosture(azure, "contoso", read_at=AT)
        skips = [one for one in source.collect() if isinstance(one, Skip)]
        azure.close()
    assert [skip.reason for skip in skips] == ["not read: SecureFile of the project (needs Secure Files (read))"]
    assert source.whole is False


def test_an_organisation_that_is_not_shown_is_no_answer() -> None:
    with paths(Paths({}, refused="projects")) as server, pytest.raises(NothingCheckedError):
        read(server)


def test_people_and_hooks_are_judged() -> None:
    told = contoso()
    told.answers[f"{ROOT}/userentitlements"] = {"members": [
        {"id": "u1", "user": {"principalName": "ada@contoso.com", "metaType": "guest"},
         "lastAccessedDate": "2026-01-01T00:00:00Z", "dateCreated": "2025-01-01T00:00:00Z"},
        {"id": "u2", "user": {"principalName": "bob@contoso.com"}, "lastAccessedDate": "0001-01-01T00:00:00Z",
         "dateCreated": "2026-11-01T00:00:00Z"}]}  # fmt: skip
    told.answers[f"{ROOT}/hooks/subscriptions"] = listed(
        {"id": "h1", "consumerId": "webHooks", "status": "enabled", "eventType": "git.push",
         "consumerInputs": {"url": "http://ci.example/hook?token=s3cret"}},
        {"id": "h2", "consumerId": "slack", "status": "enabled", "consumerInputs": {}})  # fmt: skip
    with paths(told) as server:
        objects, _ = read(server)
    assert {"user-inactive", "user-guest", "webhook-insecure", "webhook-unauthenticated"} == wrong(objects)
    assert "s3cret" not in str(objects)
