"""Requests to forges: pages, limits, repeats, what is kept, tokens that are renewed."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from tests.simulators.scripted import Said, Scripted, scripted

from lockgate.errors import ConfigurationError, SourceError
from lockgate.sources.forges.azure_devops import AzureDevOps
from lockgate.sources.forges.budget import Bounds, CallBudget, SpentError
from lockgate.sources.forges.client import ForgeClient, Limits
from lockgate.sources.forges.credentials import azure_token, github_token, gitlab_token
from lockgate.sources.forges.github import graphql
from lockgate.sources.forges.kept import KeptAnswer, KeptAnswers
from lockgate.transport import AbsentError, RefusedError, UnansweredError

NOW = 1_800_000_000.0


class Waits:
    """Sleeps that are told instead, on a clock that they move."""

    def __init__(self) -> None:
        self.told: list[float] = []
        self.now = NOW

    def sleep(self, seconds: float) -> None:
        self.told.append(seconds)
        self.now += seconds

    def budget(self, **bounds: Any) -> CallBudget:
        return CallBudget(Bounds(**bounds), sleep=self.sleep, clock=lambda: self.now)


@pytest.fixture
def waits() -> Waits:
    return Waits()


def client_of(server: Scripted, budget: CallBudget | None = None, **more: Any) -> ForgeClient:
    return ForgeClient(server.base, github_token("t0ken"), budget=budget, clock=lambda: NOW, **more)


def test_a_list_goes_on_where_the_answer_links_to() -> None:
    link = {"Link": '<{base}/repos?page=1>; rel="prev", <{base}/repos?page=2>; rel="next"'}
    with scripted(Said(body=[{"id": 1}], headers=link), Said(body=[{"id": 2}])) as server:
        assert [one["id"] for one in client_of(server).items("repos", {"per_page": "1"})] == [1, 2]
        assert server.paths == ["/repos?per_page=1", "/repos?page=2"]
        assert server.asked[0].headers["authorization"] == "Bearer t0ken"


def test_a_list_of_azure_devops_goes_on_by_its_token() -> None:
    first = Said(body={"count": 1, "value": [{"id": "a"}]}, headers={"x-ms-continuationtoken": "p/2"})
    with scripted(first, Said(body={"count": 1, "value": [{"id": "b"}]})) as server:
        azure = AzureDevOps(f"{server.base}/harbour", azure_token("pat"))
        found = [one["id"] for one in azure.client.items("_apis/projects", {"api-version": "7.1"}, key="value")]
        assert found == ["a", "b"]
        assert server.paths[1] == "/harbour/_apis/projects?api-version=7.1&continuationToken=p%2F2"
        assert server.asked[0].headers["authorization"] == "Basic OnBhdA=="


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ('<https://elsewhere.example/repos?page=2>; rel="next"', "on another host"),
        ('<{base}/repos>; rel="next"', "names itself"),
    ],
)
def test_a_page_that_leads_astray_is_refused(link: str, words: str) -> None:
    with (
        scripted(Said(body=[], headers={"Link": link})) as server,
        pytest.raises(SourceError, match=words),
    ):
        list(client_of(server).items("repos"))


def test_a_list_without_end_is_cut() -> None:
    script = [Said(body=[], headers={"Link": f'<{{base}}/l?page={n}>; rel="next"'}) for n in range(2, 6)]
    with scripted(*script) as server, pytest.raises(SourceError, match="more than 3 pages"):
        list(client_of(server, limits=Limits(pages=3)).items("l"))


@pytest.mark.parametrize(
    ("limited", "waited"),
    [
        (Said(429, headers={"Retry-After": "7"}), 7.0),
        (Said(403, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 30)}), 31.0),
        (Said(403, {"message": "You have exceeded a secondary rate limit."}), 60.0),
        (Said(503, headers={"Retry-After": "3"}), 3.0),
    ],
    ids=["retry after", "primary", "secondary without a time", "down for a while"],
)
def test_a_limit_is_waited_for_as_the_forge_says(limited: Said, waited: float, waits: Waits) -> None:
    with scripted(limited, Said(body={"ok": True})) as server:
        assert client_of(server, waits.budget()).get("x") == {"ok": True}
    assert waits.told == [waited]


def test_a_limit_that_lasts_longer_than_the_budget_says_when_to_come_back(waits: Waits) -> None:
    hour = Said(403, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 3600)})
    with scripted(hour) as server, pytest.raises(SpentError) as caught:
        client_of(server, waits.budget()).get("x")
    assert caught.value.after == 3601.0
    assert waits.told == []


def test_what_is_forbidden_is_not_asked_again(waits: Waits) -> None:
    with scripted(Said(403, {"message": "Resource not accessible by integration"})) as server:
        with pytest.raises(RefusedError, match="Resource not accessible by integration") as caught:
            client_of(server, waits.budget()).get("x")
        assert caught.value.status == 403
        assert len(server.asked) == 1


def test_the_last_calls_of_the_allowance_are_left_for_others(waits: Waits) -> None:
    told = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "500", "x-ratelimit-reset": str(int(NOW) + 40),
            "x-ratelimit-resource": "core"}  # fmt: skip
    with scripted(Said(body={}, headers=told)) as server:
        client = client_of(server, waits.budget(reserve=500))
        client.get("x", resource="core")
        client.get("y", resource="core")
    assert waits.told == [40.0]


def test_a_budget_of_calls_is_one_for_all_clients_that_share_it() -> None:
    with scripted(Said(body={})) as server:
        budget = CallBudget(Bounds(calls=3))
        one, other = client_of(server, budget), client_of(server, budget)
        one.get("a")
        other.get("b")
        one.get("c")
        with pytest.raises(SpentError, match="budget of 3 calls"):
            other.get("d")
        assert len(server.asked) == 3


def test_an_answer_that_still_holds_is_not_counted() -> None:
    first = Said(body=[{"id": 1}], headers={"ETag": 'W/"abc"', "Link": '<{base}/l?page=2>; rel="next"'})
    with scripted(first, Said(body=[]), Said(304), Said(body=[])) as server:
        budget = CallBudget()
        client = client_of(server, budget, kept=KeptAnswers())
        before = list(client.pages("l"))
        assert list(client.pages("l")) == before
        assert server.asked[2].headers["if-none-match"] == 'W/"abc"'
        assert server.paths == ["/l", "/l?page=2", "/l", "/l?page=2"]
        assert (budget.calls, budget.free) == (3, 1)


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    kept = KeptAnswers(most_bytes=40)
    for name in "abcde":
        kept.put(name, KeptAnswer(name, {}, b"x" * 10))
        kept.get("a")
    assert [name for name in "abcde" if kept.get(name)] == ["a", "c", "d", "e"]


def test_a_broken_connection_is_tried_again_unless_it_writes(waits: Waits) -> None:
    with scripted(Said(breaks=True), Said(body={"n": 1})) as server:
        assert client_of(server, waits.budget()).get("x") == {"n": 1}
    with scripted(Said(breaks=True)) as server:
        with pytest.raises(UnansweredError):
            client_of(server, waits.budget()).send("POST", "comments", {"body": "x"})
        assert len(server.asked) == 1


def test_a_forge_that_answers_500_is_given_up_after_the_budget(waits: Waits) -> None:
    with scripted(Said(500)) as server:
        with pytest.raises(SpentError, match="answers 500"):
            client_of(server, waits.budget(retries=3)).get("x")
        assert len(server.asked) == 4


def test_a_renamed_repository_is_followed_and_another_host_is_not() -> None:
    with scripted(Said(301, headers={"Location": "{base}/repositories/7"}), Said(body={"id": 7})) as server:
        assert client_of(server).get("repos/old/name") == {"id": 7}
        assert server.paths == ["/repos/old/name", "/repositories/7"]
    with scripted(Said(302, headers={"Location": "https://login.example/signin"})) as server:
        with pytest.raises(RefusedError, match="leads elsewhere"):
            client_of(server).get("x")
        assert len(server.asked) == 1


def test_nothing_is_asked_of_another_host() -> None:
    with scripted(Said(body={})) as server:
        with pytest.raises(SourceError, match="no address of this forge"):
            client_of(server).get("https://elsewhere.example/x")
        assert server.asked == []


def test_absence_is_told_apart() -> None:
    with scripted(Said(404, {"message": "Not Found"})) as server:
        client = client_of(server)
        assert client.find("repos/a/b") is None
        with pytest.raises(AbsentError):
            client.get("repos/a/b")


def test_a_page_for_signing_in_is_no_answer() -> None:
    with scripted(Said(203, b"<html>Sign in</html>")) as server, pytest.raises(RefusedError, match="who asks"):
        AzureDevOps(f"{server.base}/harbour", azure_token("over")).client.get("_apis/projects")


@pytest.mark.parametrize("body", [b"<html>", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_json_is_an_error_with_a_place(body: bytes) -> None:
    with scripted(Said(body=body)) as server, pytest.raises(SourceError, match="no JSON"):
        client_of(server).get("x")


def test_an_answer_that_is_too_large_is_stopped() -> None:
    with scripted(Said(body=b" " * 300_000)) as server, pytest.raises(SourceError, match="larger than 1,000 bytes"):
        client_of(server, limits=Limits(answer_bytes=1_000)).get("x")


@pytest.mark.parametrize("made", [github_token, gitlab_token, azure_token])
def test_a_token_shows_nowhere_but_in_its_header(made: Callable[[str], Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "s3cr3t" + "-value"
    with scripted(Said(401, {"message": "Bad credentials"})) as server:
        credential = made(secret)
        with pytest.raises(RefusedError) as caught:
            ForgeClient(server.base, credential).get("x")
    assert secret not in f"{caught.value!r}{credential!r}{caught.value}{caplog.text}"


def test_a_token_with_a_line_end_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot"):
        github_token("abc\r\nX-Other: 1")


def test_graphql_gives_errors_beside_data_and_pages() -> None:
    page = {"data": {"org": {"repos": {"nodes": [{"n": 1}], "pageInfo": {"hasNextPage": True, "endCursor": "c1"}}}}}
    denied = {"type": "FORBIDDEN", "path": ["org", "repos", "nodes", 0], "message": "SSO"}
    last = {"data": {"org": {"repos": {"nodes": [{"n": 2}], "pageInfo": {"hasNextPage": False}}}}, "errors": [denied]}
    with scripted(Said(body=page), Said(body=last)) as server:
        found = list(graphql.nodes(client_of(server), "query($after: String) {...}", {}, ("org", "repos")))
        assert [one["n"] for one, _ in found] == [1, 2]
        assert found[1][1][0].kind == "FORBIDDEN"
        assert b'"after":"c1"' in server.asked[1].body
        assert server.paths == ["/graphql", "/graphql"]


def test_graphql_waits_for_its_points(waits: Waits) -> None:
    limited = Said(body={"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]})
    with scripted(limited, Said(body={"data": {"x": 1}})) as server:
        assert graphql.ask(client_of(server, waits.budget()), "{x}").data == {"x": 1}
    assert waits.told == [60.0]


def test_graphql_of_an_enterprise_server_is_beside_its_rest_api() -> None:
    assert graphql.endpoint("https://git.harbour.example/api/v3") == "https://git.harbour.example/api/graphql"
    assert graphql.endpoint("https://api.github.com") == "https://api.github.com/graphql"
