"""What Azure DevOps and GitLab tell by webhooks: bodies as their documentation has them, with names of our own."""

import base64
import json
from typing import Any

import pytest

from lockgate.formats.forge_events import formats, read
from lockgate.formats.format_error import FormatError
from lockgate.model.deployment import DeploymentWaits
from lockgate.model.forge import ForgeRepository, PullRequest, Push, SettingsChanged

AZURE, GITLAB = formats()["azure_devops"], formats()["gitlab"]
COMMIT, OTHER = "a" * 40, "b" * 40
GUID = "278d5cd2-584d-4b63-824a-2ba458937249"
AZURE_REPOSITORY = {
    "id": GUID, "name": "Shop", "url": f"https://harbour.visualstudio.com/_apis/git/repositories/{GUID}",
    "project": {"id": GUID.replace("2", "3"), "name": "Harbour", "state": "wellFormed", "visibility": "private"},
    "defaultBranch": "refs/heads/main", "remoteUrl": "https://harbour.visualstudio.com/Harbour/_git/Shop",
}  # fmt: skip
PLAN = dict.fromkeys(("planId", "jobId", "taskInstanceId", "timelineId", "projectId"), GUID) | {
    "hubName": "build", "environmentName": "production", "sourceBranch": "refs/heads/main", "sourceVersion": COMMIT,
    "repositoryName": "Shop", "projectName": "Harbour", "requestedFor": "Ada",
}  # fmt: skip
PROJECT = {"id": 15, "path_with_namespace": "harbour/web/shop", "default_branch": "main", "visibility_level": 0}


def azure(body: dict[str, Any], headers: dict[str, str] | None = None) -> list[Any]:
    return [one.happening for one in read(AZURE, json.dumps(body).encode(), headers or {}).events]


def gitlab(body: dict[str, Any]) -> list[Any]:
    return [one.happening for one in read(GITLAB, json.dumps(body).encode(), {}).events]


def test_a_push_of_azure_devops_moves_several_refs() -> None:
    body = {
        "id": "03c164c2-8912-4d5e-8009-3707d5f83734", "eventType": "git.push", "publisherId": "tfs",
        "resource": {
            "refUpdates": [
                {"name": "refs/heads/main", "oldObjectId": OTHER, "newObjectId": COMMIT},
                {"name": "refs/heads/new", "oldObjectId": "0" * 40, "newObjectId": COMMIT},
            ],
            "repository": AZURE_REPOSITORY, "pushedBy": {"displayName": "Ada", "uniqueName": "ada@harbour.example"},
        },
    }  # fmt: skip
    told = read(AZURE, json.dumps(body).encode(), {})
    assert told.id == "03c164c2-8912-4d5e-8009-3707d5f83734"
    repository = ForgeRepository(GUID, "Harbour/Shop", "main")
    assert [one.happening for one in told.events] == [
        Push(repository, "refs/heads/main", OTHER, COMMIT, "ada@harbour.example"),
        Push(repository, "refs/heads/new", "", COMMIT, "ada@harbour.example"),
    ]


@pytest.mark.parametrize("event", ["created", "updated", "merged"])
def test_a_pull_request_of_azure_devops_is_told_as_it_stands(event: str) -> None:
    resource = {
        "repository": AZURE_REPOSITORY, "pullRequestId": 22, "status": "active", "createdBy": {"displayName": "Ada"},
        "sourceRefName": "refs/heads/feature/x", "targetRefName": "refs/heads/main",
        "lastMergeSourceCommit": {"commitId": COMMIT}, "lastMergeTargetCommit": {"commitId": OTHER},
    }  # fmt: skip
    (found,) = azure({"id": "x", "eventType": f"git.pullrequest.{event}", "resource": resource})
    assert found == PullRequest(
        ForgeRepository(GUID, "Harbour/Shop", "main"), 22, COMMIT, OTHER, "main", "feature/x", "Ada"
    )
    resource |= {"status": "completed", "lastMergeSourceCommit": None}
    (found,) = azure({"id": "x", "eventType": f"git.pullrequest.{event}", "resource": resource})
    assert (found.is_open, found.head) == (False, "")


@pytest.mark.parametrize("where", ["body", "headers"])
def test_a_check_of_an_environment_says_what_waits(where: str) -> None:
    body, headers = (PLAN, {}) if where == "body" else ({}, {key.lower(): value for key, value in PLAN.items()})
    told = read(AZURE, json.dumps(body).encode(), headers)
    (wait,) = (one.happening for one in told.events)
    assert isinstance(wait, DeploymentWaits)
    assert (wait.environment, wait.repository, wait.commit) == ("production", "Harbour/Shop", COMMIT)
    assert wait.callback == dict.fromkeys(("plan", "job", "task", "timeline", "project"), GUID) | {"hub": "build"}
    assert told.id == f"check:{GUID}:{GUID}"


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ({"jobId": "$(system.JobId)"}, "does not say what waits"),
        ({"planId": "../../x"}, "does not say what waits"),
        ({"hubName": "build/../x"}, "does not say what waits"),
        ({"environmentName": ""}, "names no environment"),
        ({"sourceVersion": "main"}, "no whole hash"),
    ],
)
def test_a_check_that_names_nothing_to_answer_is_refused(lacking: dict[str, str], words: str) -> None:
    with pytest.raises(FormatError, match=words):
        azure(PLAN | lacking)


def test_a_hook_of_azure_devops_shows_its_secret_either_way() -> None:
    packed = base64.b64encode(b"anybody:hush").decode()
    assert AZURE.believed(b"", {"authorization": f"Basic {packed}"}, "hush")
    assert AZURE.believed(b"", {"x-lockgate-secret": "hush"}, "hush")
    for shown in ("", "Basic !!", f"Bearer {packed}"):
        assert not AZURE.believed(b"", {"authorization": shown, "x-lockgate-secret": "x"}, "hush")
    assert not AZURE.believed(b"", {"authorization": "Basic " + base64.b64encode(b"a:").decode()}, "")


def test_what_azure_devops_tells_of_other_things_is_passed_over() -> None:
    assert azure({"id": "1", "eventType": "workitem.created", "resource": {}}) == []
    with pytest.raises(FormatError, match="no eventType"):
        azure({"id": "1"})


def test_a_push_of_gitlab_is_told() -> None:
    body = {
        "object_kind": "push", "before": OTHER, "after": COMMIT, "ref": "refs/heads/main", "user_username": "ada",
        "project": PROJECT,
    }  # fmt: skip
    repository = ForgeRepository("15", "harbour/web/shop", "main")
    assert gitlab(body) == [Push(repository, "refs/heads/main", OTHER, COMMIT, "ada")]
    assert read(GITLAB, json.dumps(body).encode(), {"idempotency-key": "f5e5f430"}).id == "f5e5f430"


def test_a_merge_request_of_gitlab_is_told_where_its_change_is_another() -> None:
    attributes = {
        "iid": 4, "action": "open", "state": "opened", "source_branch": "x", "target_branch": "main",
        "source_project_id": 15, "target_project_id": 15, "last_commit": {"id": COMMIT},
    }  # fmt: skip
    body = {"object_kind": "merge_request", "user": {"username": "ada"}, "project": PROJECT} | {
        "object_attributes": attributes
    }
    project = ForgeRepository("15", "harbour/web/shop", "main")
    assert gitlab(body) == [PullRequest(project, 4, COMMIT, "", "main", "x", "ada")]
    labelled = attributes | {"action": "update"}
    assert gitlab(body | {"object_attributes": labelled, "changes": {"labels": {}}}) == []
    assert len(gitlab(body | {"object_attributes": labelled | {"oldrev": OTHER}})) == 1
    assert len(gitlab(body | {"object_attributes": labelled, "changes": {"target_branch": {}}})) == 1


def test_a_token_of_gitlab_is_compared_whole() -> None:
    assert GITLAB.believed(b"", {"x-gitlab-token": "hush"}, "hush")
    for shown in ("", "hus", "hush "):
        assert not GITLAB.believed(b"", {"x-gitlab-token": shown}, "hush")
    assert not GITLAB.believed(b"", {"x-gitlab-token": ""}, "")


def test_changes_of_settings_are_told_with_the_group_where_it_is_named() -> None:
    assert azure({"id": "1", "eventType": "git.repo.renamed", "resource": {}}) == [
        SettingsChanged("", "git.repo.renamed")]  # fmt: skip
    member = {"event_name": "user_add_to_group", "group_path": "shop", "group_id": 7}
    assert gitlab(member) == [SettingsChanged("", "user_add_to_group")]
    made = {"event_name": "project_create", "path_with_namespace": "harbour/web/shop"}
    assert gitlab(made) == [SettingsChanged("harbour/web/shop", "project_create")]
    with pytest.raises(FormatError):
        gitlab({"event_name": "project_create", "path_with_namespace": "../x"})
