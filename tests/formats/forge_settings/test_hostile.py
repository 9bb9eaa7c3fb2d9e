"""Whatever a forge answers, a reader makes an object of it that can be judged and written, or leaves it out."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulators.github_organization import ORGANIZATION, PARTS, node, repository

from lockgate.engine.forge_objects import repository_row
from lockgate.formats.forge_settings import azure_devops, github, gitlab
from lockgate.model import Object

AT = "2026-11-27T00:00:00Z"
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=3)), max_size=3),
    st.dictionaries(st.sampled_from(["name", "nodes", "id", "type", "x"]), st.integers(), max_size=2),
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands, at any depth."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in places(one, (*path, key)))]


@st.composite
def spoilt(draw: st.DrawFn, good: Any) -> Any:
    """``good`` with something else in up to three places."""
    value = deepcopy(good)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(value)[1:] or [()]))
        if not path:
            return value
        at = value
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = draw(JUNK)
    return value


HOOK = {"id": 1, "active": True, "events": ["push"], "config": {"url": "https://ci.example/a", "secret": "x"}}
KEY = {"id": "K", "title": "k", "readOnly": True, "createdAt": AT, "enabled": True, "verified": True}
REVIEW = {"type": "REQUIRED_REVIEWERS", "timeout": 0, "reviewers": {"nodes": [{"name": "ops", "databaseId": 1}]}}
CLASSIC = {"pattern": "main", "requiresStatusChecks": True, "requiredStatusCheckContexts": ["a"],
           "bypassPullRequestAllowances": {"nodes": [{"actor": {"login": "a"}}]}}  # fmt: skip
NODE = node("shop", environments={"nodes": [{"name": "p", "protectionRules": {"nodes": [REVIEW]}}]},
            deployKeys={"nodes": [KEY]}, collaborators={"edges": [{"permission": "READ", "node": {"login": "g"}}]},
            codeowners={"errors": [{"kind": "Unknown owner"}]}, owners1={"text": "* @a"})  # fmt: skip
NODE["defaultBranchRef"]["branchProtectionRule"] = CLASSIC
GITHUB = {**{name.rpartition("/")[2].partition("?")[0]: part for name, part in PARTS.items()},
          "organization": ORGANIZATION, "node": {"isVerified": True}, "hooks": [HOOK],
          "actions": PARTS["actions/permissions"], "workflowToken": PARTS["actions/permissions/workflow"],
          "installations": [{"app_slug": "a", "permissions": {"contents": "write"}}],
          "secrets": [{"name": "A", "visibility": "all"}], "runners": [{"name": "r", "id": 1}],
          "runnerGroups": [{"name": "r", "id": 1}], "securityDefaults": [{"configuration": {"name": "a"}}],
          "invitations": [{"login": "a"}], "owners": [{"login": "a"}]}  # fmt: skip
POLICY = {"isEnabled": True, "isBlocking": True, "type": {"id": azure_devops.REVIEWERS, "displayName": "r"},
          "settings": {"minimumApproverCount": 1, "scope": [{"repositoryId": "r", "refName": "refs/heads/main",
                                                             "matchKind": "Exact"}]}}  # fmt: skip
CHECK = {"id": 1, "type": {"name": "Approval"}, "settings": {"approvers": [{"displayName": "a"}],
                                                             "definitionRef": {"name": "x"}}}  # fmt: skip
PLACE = {"id": "p", "name": "web"}
RULE = {"name": "main", "isDefault": True, "isProtected": True, "approvalRules": {"nodes": [{"approvalsRequired": 1}]},
        "externalStatusChecks": {"nodes": [{"name": "a"}]},
        "branchProtection": {"pushAccessLevels": {"nodes": [{"accessLevel": 40}]}}}  # fmt: skip


def _map(value: Any) -> Any:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Any:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _resource(kind: str, one: Any) -> Object:
    return azure_devops.resource("c", _map(one[0]), kind, _map(one[1]), permissions=_map(one[2]),
                                 checks=_list(one[3]), read_at=AT)  # fmt: skip


READERS: dict[str, tuple[Any, Callable[[Any], Object]]] = {
    "github organization": (GITHUB, lambda one: github.organization("acme", one, read_at=AT)),
    "github repository": (
        [repository("shop"), NODE, [HOOK]],
        lambda one: github.repository("acme", _map(one[0]), _map(one[1]), _list(one[2]), read_at=AT)),
    "azure organization": (
        [[{"consumerId": "webHooks", "status": "enabled", "consumerInputs": {"url": "https://a"}}],
         [{"id": "u", "user": {"principalName": "a"}, "lastAccessedDate": AT}], [{"id": 1, "name": "p"}]],
        lambda one: azure_devops.organization("c", hooks=_list(one[0]), users=_list(one[1]), pools=_list(one[2]),
                                              read_at=AT)),
    "azure project": (
        [PLACE, {"enforceJobAuthScope": True}],
        lambda one: azure_devops.project("c", _map(one[0]), _map(one[1]), read_at=AT)),
    "azure repository": (
        [{"id": "r", "name": "s", "defaultBranch": "refs/heads/main", "project": PLACE}, [POLICY],
         {"secretProtectionFeatures": {"blockPushes": True}}],
        lambda one: azure_devops.repository("c", _map(one[0]), _list(one[1]), _map(one[2]), read_at=AT)),
    **{f"azure {kind}": (
        [PLACE, {"id": 1, "name": "a", "authorization": {"scheme": "x"}, "variables": {"a": {"isSecret": True}},
                 "pool": {"isHosted": True}}, {"allPipelines": {"authorized": True}}, [CHECK]],
        partial(_resource, kind)) for kind in azure_devops.RESOURCES},
    "gitlab group": (
        [{"id": 1, "visibility": "private"}, {"webhooks": [{"url": "https://a"}], "owners": [{"access_level": 50}],
         "variables": [{"key": "a"}], "deployTokens": [{"id": 1, "scopes": ["api"]}], "pushRules": {}, "approvals": {
             "allow_author_approval": {"value": True}}}],
        lambda one: gitlab.group("acme", _map(one[0]), _map(one[1]), read_at=AT)),
    "gitlab project": (
        [{"id": 1, "path_with_namespace": "acme/shop", "last_activity_at": AT},
         {"branchRules": {"nodes": [RULE]}, "ciCdSettings": {}, "ciVariables": {"nodes": [{"key": "a"}]}},
         [{"id": 1, "url": "https://a"}], [{"id": 1, "title": "k"}]],
        lambda one: gitlab.project("acme", _map(one[0]), _map(one[1]), hooks=_list(one[2]), keys=_list(one[3]),
                                   read_at=AT)),
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_reader_takes_any_json(name: str, data: st.DataObject) -> None:
    good, reads = READERS[name]
    made = reads(data.draw(spoilt(good)))
    assert json.loads(json.dumps(made.body, ensure_ascii=False)) == made.body
    repository_row(made)
