"""Azure DevOps and GitLab by the same contract: from a webhook to statuses, threads, notes and answers."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Repository
from tests.engine.forges.conftest import AWS, Desk
from tests.simulators.other_forges import PROJECT, REPOSITORY, TOKEN, OtherForge, azure_devops, deployment, gitlab

from lockgate.engine.forges.happenings import work_of
from lockgate.engine.forges.reconciling import enqueue
from lockgate.engine.forges.working import answer
from lockgate.formats.forge_events import formats, read
from lockgate.model import Verdict
from lockgate.model.deployment import DeploymentAnswer
from lockgate.settings import AzureDevOpsSettings, ForgeSettings, GitlabSettings
from lockgate.sources.forges.gitlab.forge import GitLabForge
from lockgate.store.team.deliveries import Delivery

GUID = "0f9b3b29-1d55-4c2e-8a4f-6a5c0d1f2e3b"


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OtherForge]:
    monkeypatch.setenv("FORGE_TOKEN", TOKEN)
    (tmp_path / "azure").mkdir()
    with azure_devops(tmp_path / "azure") as forge:
        yield forge
    assert forge.unknown == []


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OtherForge]:
    monkeypatch.setenv("FORGE_TOKEN", TOKEN)
    (tmp_path / "lab").mkdir()
    with gitlab(tmp_path / "lab") as forge:
        yield forge
    assert forge.unknown == []


@pytest.fixture
def azure_desk(azure: OtherForge, desk_of: Callable[..., Desk]) -> Desk:
    chosen = AzureDevOpsSettings(organization=f"{azure.base}/harbour", token="env:FORGE_TOKEN")
    return desk_of(forge=ForgeSettings(azure_devops=chosen, reconcile_minutes=0))


@pytest.fixture
def lab_desk(lab: OtherForge, desk_of: Callable[..., Desk]) -> Desk:
    chosen = GitlabSettings(address=lab.base, token="env:FORGE_TOKEN")
    return desk_of(forge=ForgeSettings(gitlab=chosen, reconcile_minutes=0))


def pushed(tree: Repository, forge: OtherForge, ref: str = "main") -> str:
    tree.git("push", "-q", "-f", str(forge.folder), f"HEAD:refs/heads/{ref}")
    return tree.git("rev-parse", "HEAD")


def taken(form: str, body: dict[str, Any]) -> Delivery:
    found = read(formats()[form], json.dumps(body).encode(), {})
    return Delivery("forge", found.id, found.kind, tuple(work_of("forge", event) for event in found.events))


def azure_pull(forge: OtherForge, head: str, base: str) -> dict[str, Any]:
    pull = {
        "pullRequestId": 22, "status": "active", "createdBy": {"displayName": "Ada"},
        "sourceRefName": "refs/heads/change", "targetRefName": "refs/heads/main",
        "lastMergeSourceCommit": {"commitId": head}, "lastMergeTargetCommit": {"commitId": base},
        "repository": {"id": REPOSITORY, "name": "Shop", "project": {"id": PROJECT, "name": "Web"}},
        "iterations": [{"id": id, "sourceRefCommit": {"commitId": one}} for id, one in ((1, base), (2, head))],
    }  # fmt: skip
    forge.pulls[22] = pull
    return pull


def test_a_pull_request_of_azure_devops_gets_status_comment_and_threads(
    azure: OtherForge, azure_desk: Desk, work_tree: Repository
) -> None:
    base = pushed(work_tree, azure)
    work_tree.git("checkout", "-q", "-b", "change")
    work_tree.write("bad.env", f"x = 1\naws_access_key_id = {AWS}\n")
    work_tree.commit("a secret")
    head = pushed(work_tree, azure, "change")
    told = azure_pull(azure, head, base)
    azure_desk.take(taken("azure_devops", {"id": "e-1", "eventType": "git.pullrequest.created", "resource": told}))
    azure_desk.work()
    assert [one["state"] for one in azure.statuses if one["commit"] == head] == ["pending", "failed"]
    last = azure.pull_statuses[-1]
    assert (last["number"], last["state"], last["iterationId"]) == (22, "failed", 2)
    assert last["context"] == {"name": "Lockgate", "genre": "lockgate"}
    places = [one for one in azure.threads if one.get("threadContext")]
    assert [one["threadContext"]["filePath"] for one in places] == ["/bad.env"]
    assert places[0]["threadContext"]["rightFileStart"] == {"line": 2, "offset": 1}
    comments = [one for one in azure.threads if not one.get("threadContext")]
    assert "Denied" in comments[0]["comments"][0]["content"]
    assert AWS not in json.dumps(azure.threads)
    work_tree.git("rm", "-q", "bad.env")
    work_tree.commit("mended")
    told = azure_pull(azure, pushed(work_tree, azure, "change"), base)
    azure_desk.take(taken("azure_devops", {"id": "e-2", "eventType": "git.pullrequest.updated", "resource": told}))
    azure_desk.work()
    assert azure.pull_statuses[-1]["state"] == "succeeded"
    assert places[0]["status"] == "fixed"
    assert len(azure.threads) == 2
    assert "Allowed" in comments[0]["comments"][0]["content"]
    assert azure.versions == {"7.1", "7.2-preview.1"}
    assert [len(one["runs"][0]["results"]) for one in azure.sarifs] == [1, 0]
    assert azure.sarifs[0]["runs"][0]["versionControlProvenance"] == [{
        "repositoryUri": f"{azure.base}/harbour/Web/_git/Shop", "revisionId": head, "branch": "refs/pull/22/merge",
    }]  # fmt: skip


def test_a_push_of_azure_devops_that_nobody_told_is_found(
    azure: OtherForge, azure_desk: Desk, work_tree: Repository
) -> None:
    work_tree.write("old.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("a secret")
    pushed(work_tree, azure)
    azure.advanced_security = False
    enqueue(azure_desk.database)
    azure_desk.work()
    assert azure.sarifs == []
    azure.statuses.clear()
    azure.advanced_security = True
    work_tree.write("app.py", "print('hello')\n")
    work_tree.commit("harmless")
    commit = pushed(work_tree, azure)
    enqueue(azure_desk.database)
    azure_desk.work()
    (log,) = azure.sarifs
    assert len(log["runs"][0]["results"]) == 1  # all that the branch has, not what the push brings
    assert [one["state"] for one in azure.statuses] == ["pending", "succeeded"]
    assert azure.statuses[-1]["commit"] == commit
    enqueue(azure_desk.database)
    azure_desk.work()
    assert len(azure.statuses) == 2


def test_a_check_of_azure_devops_waits_for_the_gate_and_is_answered(
    azure: OtherForge, azure_desk: Desk, work_tree: Repository
) -> None:
    commit = pushed(work_tree, azure)
    plan = dict.fromkeys(("planId", "jobId", "taskInstanceId", "timelineId"), GUID)
    azure_desk.take(taken("azure_devops", {
        **plan, "projectId": PROJECT, "hubName": "build", "environmentName": "production", "projectName": "Web",
        "repositoryName": "Shop", "sourceBranch": "refs/heads/main", "sourceVersion": commit,
    }))  # fmt: skip
    azure_desk.work()
    (wait,) = azure_desk.told
    assert wait.repository.endswith("/harbour/Web/Shop")
    known = azure_desk.forges.connections()
    for verdict in (Verdict.ASK, Verdict.DENY, Verdict.DENY):
        answer(known, DeploymentAnswer(wait.forge, wait.key, wait.callback, verdict, "frozen until Monday"))
    assert azure.events == [
        {"plan": GUID, "name": "TaskCompleted", "taskId": GUID, "jobId": GUID, "result": "failed"}
    ]
    assert [one["value"] for one in azure.feeds] == [["frozen until Monday"]] * 3


def test_a_merge_request_of_gitlab_gets_a_status_and_one_note(
    lab: OtherForge, lab_desk: Desk, work_tree: Repository
) -> None:
    pushed(work_tree, lab)
    work_tree.git("checkout", "-q", "-b", "change")
    work_tree.write("bad.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("a secret")
    head = pushed(work_tree, lab, "change")
    lab.pulls[4] = {"iid": 4, "sha": head, "state": "opened", "source_branch": "change", "target_branch": "main",
                    "author": {"username": "ada"}, "source_project_id": 15, "target_project_id": 15}  # fmt: skip
    hook = {
        "object_kind": "merge_request", "user": {"username": "ada"},
        "project": {"id": 15, "path_with_namespace": "harbour/shop", "default_branch": "main"},
        "object_attributes": {**lab.pulls[4], "action": "open", "last_commit": {"id": head}},
    }  # fmt: skip
    lab_desk.take(taken("gitlab", hook))
    lab_desk.work()
    assert [(one["commit"], one["state"]) for one in lab.statuses] == [(head, "running"), (head, "failed")]
    assert lab.statuses[-1]["ref"] == "change"
    assert "Denied" in lab.notes[0]["body"]
    work_tree.git("rm", "-q", "bad.env")
    work_tree.commit("mended")
    lab.pulls[4]["sha"] = pushed(work_tree, lab, "change")
    hook["object_attributes"] |= {"action": "update", "oldrev": head}
    lab_desk.take(taken("gitlab", hook))
    lab_desk.work()
    assert lab.statuses[-1]["state"] == "success"
    assert len(lab.notes) == 1
    assert "Allowed" in lab.notes[0]["body"]


def test_a_push_of_gitlab_that_nobody_told_is_found_and_a_status_is_said_once(
    lab: OtherForge, lab_desk: Desk, work_tree: Repository
) -> None:
    commit = pushed(work_tree, lab)
    lab.statuses.append({"commit": commit, "name": "Lockgate / push", "state": "running"})
    enqueue(lab_desk.database)
    lab_desk.work()
    assert [one["state"] for one in lab.statuses] == ["running", "success"]


@pytest.mark.parametrize("body", [
    {"object_kind": "deployment", "status": "blocked", "deployment_id": 9, "environment": "production"},
    {"object_kind": "build", "build_status": "manual", "build_id": 664, "environment": {"name": "production"}},
    {},
])  # fmt: skip
def test_a_blocked_deployment_of_gitlab_is_told_of_or_found_and_answered_once(
    lab: OtherForge, lab_desk: Desk, work_tree: Repository, body: dict[str, Any]
) -> None:
    commit = pushed(work_tree, lab)
    lab.deployments = {9: deployment(9, commit), 8: deployment(8, commit) | {"status": "success"}}
    if body:
        lab_desk.take(taken("gitlab", {**body, "project": {"id": 15, "path_with_namespace": "harbour/shop"}}))
    else:
        enqueue(lab_desk.database)
    lab_desk.work()
    (wait,) = lab_desk.told
    assert (wait.environment, wait.commit, wait.ref) == ("production", commit, "refs/heads/main")
    assert (wait.requested_by, wait.repository.rpartition("/harbour")[2]) == ("eve", "/shop")
    known = lab_desk.forges.connections()
    for verdict in (Verdict.ASK, Verdict.ALLOW, Verdict.ALLOW, Verdict.DENY):
        answer(known, DeploymentAnswer(wait.forge, wait.key, wait.callback, verdict, "two of two"))
    assert lab.approvals == [{"deployment": 9, "status": "approved", "comment": "two of two"}]


def test_a_job_of_gitlab_that_nobody_blocks_is_looked_at_twice_and_no_more(lab: OtherForge, lab_desk: Desk) -> None:
    lab_desk.take(taken("gitlab", {
        "object_kind": "build", "build_status": "manual", "environment": {"name": "review"},
        "project": {"id": 15, "path_with_namespace": "harbour/shop"},
    }))  # fmt: skip
    assert lab_desk.work() == ["nothing waits in harbour/shop"] * 2


def test_gitlab_is_asked_who_wrote_what_is_deployed_and_how_its_jobs_stand(
    lab: OtherForge, lab_desk: Desk, work_tree: Repository
) -> None:
    first = pushed(work_tree, lab)
    work_tree.write("hats.py", "print('hats')\n")
    work_tree.commit("sell hats")
    head = pushed(work_tree, lab)
    lab.statuses = [{"commit": head, "name": name, "state": state} for name, state in (
        ("build", "running"), ("build", "success"), ("e2e", "failed"), ("docs", "skipped"), ("deploy", "manual"),
    )]  # fmt: skip
    forge = lab_desk.forges.connections()["forge"].forge()
    assert isinstance(forge, GitLabForge)
    told = forge.commits("harbour/shop", head, first, 10)
    assert [(one.id, one.names, one.message) for one in told] == [(head, ("ada@harbour.example",), "sell hats")]
    assert [one.id for one in forge.commits("harbour/shop", head, "", 10)] == [head, first]
    assert len(forge.commits("harbour/shop", head, "", 1)) == 1
    assert forge.checks("harbour/shop", head) == {
        "build": "success", "e2e": "failure", "docs": "failure", "deploy": "pending"
    }  # fmt: skip
    forge.close()
