"""An organisation of 500 repositories whose forge refuses some, has lost one, fails at others and slows us down.

Nothing is lost, and what could not be read is a Skip with its reason, never a pass.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.simulators.forge_paths import paths
from tests.simulators.github_organization import GitHub, github
from tests.sources.forges.test_posture_azure_devops import AT, RESOURCES, contoso
from tests.sources.forges.test_posture_gitlab import Group
from tests.sources.forges.test_posture_gitlab import read as read_group

from lockgate.model import Family, Object, Skip
from lockgate.policy.catalogue import ForgePolicies
from lockgate.rules import load
from lockgate.sources.forges.azure_devops import AzureDevOps
from lockgate.sources.forges.budget import Bounds, CallBudget
from lockgate.sources.forges.credentials import azure_token, github_token
from lockgate.sources.forges.github import github_client
from lockgate.sources.forges.posture.azure_devops import AzureDevOpsPosture
from lockgate.sources.forges.posture.github import GitHubPosture

BROKEN, LOST, LIMITED, FLAKY = "shop-300", "shop-200", "shop-400", "shop-301"
REFUSED = {f"shop-{number}" for number in range(100, 110)}
HEAVY = "shop-250"


class Trouble:
    """What goes wrong, by the name of the repository that is asked about."""

    def __init__(self) -> None:
        self.once = {LIMITED: (403, {"message": "You have exceeded a secondary rate limit"}, {"Retry-After": "7"}),
                     FLAKY: (502, None, {"Content-Length": "0"})}  # fmt: skip

    def __call__(self, target: str, body: Any) -> tuple[int, Any, dict[str, str]] | None:
        if target == "/graphql":
            return (502, {"message": "timeout"}, {}) if self.holds(body["variables"]) else None
        named = re.match(r"/repos/acme/([^/]+)/hooks", target)
        name = named[1] if named else ""
        if name in REFUSED:
            return 403, {"message": "Resource not accessible by integration"}, {}
        if name == LOST:
            return 404, {"message": "Not Found"}, {}
        if name == BROKEN:
            return 500, {"message": "oops"}, {}
        return self.once.pop(name, None)

    def holds(self, variables: dict[str, Any]) -> bool:
        """Whether a query would bring the repository that GitHub cannot bring."""
        if "name" in variables:
            return bool(variables["name"] == HEAVY)
        start = int(variables["after"] or 0)
        at = 250 if variables["direction"] == "ASC" else 249
        return start <= at < start + int(variables["page"])


def read(server: GitHub, waited: list[float]) -> tuple[list[Object], list[Skip]]:
    budget = CallBudget(Bounds(calls=2_000), sleep=waited.append)
    client = github_client(github_token("t0ken"), api=server.base, budget=budget)
    rows = list(GitHubPosture(client, "acme", read_at=AT).collect())
    client.close()
    return [one for one in rows if isinstance(one, Object)], [one for one in rows if isinstance(one, Skip)]


def test_500_repositories_with_errors_in_the_middle_are_all_there_and_each_error_is_told() -> None:
    told, waited = GitHub(trouble=Trouble()), list[float]()
    for number in range(500):
        told.add(f"shop-{number:03}")
    with github(told) as server:
        objects, skips = read(server, waited)
        assert len(server.calls) < 700
    assert {one.body["metadata"]["name"] for one in objects} == {"acme", *told.entries}
    said = {skip.path.rpartition("/")[2]: skip.reason for skip in skips}
    assert set(said) == REFUSED | {LOST, BROKEN, HEAVY}
    assert {said[one] for one in REFUSED} == {"not read: webhooks (needs Webhooks: read on the repository)"}
    assert "there is nothing, or it needs Webhooks: read" in said[LOST]
    assert "webhooks (the forge answers 500)" in said[BROKEN]
    assert "protection of the default branch" in said[HEAVY]
    assert "the forge answers 502" in said[HEAVY]
    assert 7.0 in waited
    assert sum(waited) < 60
    policies = ForgePolicies(load([Family.POSTURE]).rules)
    by_name = {one.body["metadata"]["name"]: policies.judge(one) for one in objects}
    for name, judged in by_name.items():
        assert judged.hits == ()
        assert bool(judged.open) is (name in said)
    assert {"posture/github-branch-unprotected", "posture/github-deploy-key-writes"} <= set(by_name[HEAVY].open)
    assert by_name[BROKEN].open == by_name[LOST].open == by_name[min(REFUSED)].open != ()


def test_a_forge_that_breaks_for_good_leaves_every_setting_unread_and_no_answer_a_pass() -> None:
    told = GitHub(trouble=lambda target, body: (500, None, {}) if re.search("graphql|hooks|actions", target) else None)
    for number in range(40):
        told.add(f"shop-{number:02}")
    with github(told) as server:
        objects, skips = read(server, [])
        assert len(server.calls) < 200
    assert len(objects) == len(skips) == 41
    policies = ForgePolicies(load([Family.POSTURE]).rules)
    for one in objects[1:]:
        assert {"/spec/protection", "/spec/webhooks"} <= one.unresolved
        assert "posture/github-branch-unprotected" in policies.judge(one).open


def test_fields_that_are_refused_of_a_repository_by_itself_are_no_answers() -> None:
    told = GitHub()
    key = {"id": "K", "title": "k", "readOnly": True, "createdAt": AT, "enabled": True, "verified": True}
    told.add("shop")
    told.nodes["shop"]["deployKeys"]["nodes"] = [key] * 30

    def trouble(target: str, body: Any) -> None:
        told.forbidden = frozenset({"environments"} if target == "/graphql" and "name" in body["variables"] else ())

    told.trouble = trouble
    with github(told) as server:
        objects, _ = read(server, [])
    assert objects[1].unresolved == {"/spec/environments"}


@pytest.mark.parametrize("refused", ["securefiles", "git/repositories"])
def test_what_was_known_below_a_list_that_is_refused_is_not_taken_for_mended(refused: str) -> None:
    told = contoso(resources=RESOURCES)
    told.refused = refused
    with paths(told) as server:
        azure = AzureDevOps(f"{server.base}/contoso", azure_token("pat"))
        source = AzureDevOpsPosture(azure, "contoso", read_at=AT)
        skips = [one for one in source.collect() if isinstance(one, Skip)]
        azure.close()
    assert source.whole is False
    places = {"securefiles": "azure-devops:contoso/web0/secure-files/", "git/repositories": "azure-devops:contoso/"}
    assert [skip.path for skip in skips] == [places[refused]]


def test_a_gitlab_that_fails_at_some_projects_tells_each_and_reads_the_others() -> None:
    told = Group(30)
    told.answers["/api/v4/projects/7/hooks"] = None
    told.refused = r"/projects/9/deploy_keys"
    with paths(told) as server:
        objects, skips = read_group(server)
    assert len(objects) == 31
    said = {skip.path: skip.reason for skip in skips}
    assert said == {
        "gitlab:acme/shop-007": "not read: webhooks (there is nothing, or it needs a maintainer of the project)",
        "gitlab:acme/shop-009": "not read: deploy keys (needs a maintainer of the project)",
    }
