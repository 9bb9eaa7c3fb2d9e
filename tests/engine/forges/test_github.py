"""Pushes, pull requests, merge queues and re-runs of GitHub, from a webhook to a verdict on the commit."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.conftest import Repository
from tests.engine.forges.conftest import AWS, Desk, app_of
from tests.simulators.github import INSTALLATION, TOKEN, GitHub, Pull, Repo

from lockgate.engine.forges.happenings import work_of
from lockgate.formats.forge_events import formats, read
from lockgate.model.actor import Actor
from lockgate.settings import ForgeSettings, GithubSettings
from lockgate.store import Record
from lockgate.store.team import waivers
from lockgate.store.team.deliveries import Delivery
from lockgate.store.team.waivers import WaiverState

NAME = "harbour/shop"


def pushed(tree: Repository, repo: Repo, ref: str = "main") -> str:
    """Push to the forge without telling anybody; the commit."""
    tree.git("push", "-q", "-f", str(repo.folder), f"HEAD:refs/heads/{ref}")
    return tree.git("rev-parse", "HEAD")


def told(hub: GitHub, kind: str, delivery: str = "", **body: Any) -> Delivery:
    """A webhook, as the server takes it in."""
    repo = hub.repos[NAME]
    whole = {
        "repository": {"id": repo.id, "full_name": NAME, "default_branch": "main", "private": True},
        "installation": {"id": INSTALLATION}, "sender": {"login": "ada"}, **body,
    }  # fmt: skip
    headers = {"x-github-event": kind, "x-github-delivery": delivery or f"d-{next(hub.numbers)}"}
    found = read(formats()["github"], json.dumps(whole).encode(), headers)
    return Delivery("hub", found.id, found.kind, tuple(work_of("hub", event) for event in found.events))


def push(hub: GitHub, before: str, after: str, ref: str = "refs/heads/main") -> Delivery:
    return told(hub, "push", ref=ref, before=before, after=after)


def pull(hub: GitHub, number: int, action: str = "opened") -> Delivery:
    one = hub.repos[NAME].pulls[number]
    return told(hub, "pull_request", action=action, pull_request={
        "number": number, "state": one.state, "user": {"login": "ada"}, "base": {"sha": one.base, "ref": "main"},
        "head": {"sha": one.head, "ref": one.head_ref, "repo": {"id": hub.repos[NAME].id}},
    })  # fmt: skip


@pytest.fixture
def desk(hub: GitHub, desk_of: Callable[..., Desk]) -> Desk:
    return desk_of(hub=app_of(hub, reconcile_minutes=0))


@pytest.fixture
def repo(hub: GitHub) -> Repo:
    return hub.repo(NAME)


def test_a_push_is_judged_by_what_it_brings_alone(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository
) -> None:
    work_tree.write("old.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("a secret that was there before")
    before = pushed(work_tree, repo)
    work_tree.write("app.py", "print('hello')\n")
    work_tree.commit("harmless")
    clean = pushed(work_tree, repo)
    work_tree.write("new.env", f"aws_access_key_id = {AWS[:-1]}B\n")
    work_tree.commit("a secret")
    after = pushed(work_tree, repo)
    desk.take(push(hub, before, clean), push(hub, clean, after))
    desk.work()
    good, bad = hub.check(NAME, clean, "Lockgate / push"), hub.check(NAME, after, "Lockgate / push")
    assert (good["status"], good["conclusion"]) == ("completed", "success")
    assert (bad["status"], bad["conclusion"]) == ("completed", "failure")
    assert bad["output"]["title"].startswith("Denied: 1 ")
    (annotation,) = repo.annotations[bad["id"]]
    assert (annotation["path"], annotation["start_line"]) == ("new.env", 1)
    assert annotation["annotation_level"] == "failure"
    assert AWS[:-1] not in json.dumps(bad) + json.dumps(annotation)
    assert {log["ref"] for log in repo.sarifs} == {"refs/heads/main"}
    # All that the branch has: an alert that the newest log of a branch lacks is closed as fixed.
    assert len(repo.sarifs[-1]["sarif"]["runs"][0]["results"]) == 2


def test_a_pull_request_is_judged_against_where_it_branched_and_its_comment_is_changed_in_place(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository
) -> None:
    work_tree.git("checkout", "-q", "-b", "change")
    work_tree.write("bad.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("a secret")
    head = pushed(work_tree, repo, "change")
    work_tree.git("checkout", "-q", "main")
    work_tree.write("main.env", f"aws_access_key_id = {AWS[:-1]}C\n")
    work_tree.commit("main goes on, with a secret of its own")
    base = pushed(work_tree, repo)
    repo.pulls[7] = Pull(7, head, base)
    desk.take(pull(hub, 7))
    desk.work()
    assert hub.check(NAME, head)["conclusion"] == "failure"
    assert [one["path"] for one in repo.annotations[hub.check(NAME, head)["id"]]] == ["bad.env"]
    (comment,) = repo.comments
    assert comment["body"].startswith("<!-- lockgate -->\n## Lockgate: ⛔ Denied")
    assert head in comment["body"]
    work_tree.git("checkout", "-q", "change")
    work_tree.git("rm", "-q", "bad.env")
    work_tree.commit("mended")
    repo.pulls[7].head = pushed(work_tree, repo, "change")
    repo.comments.insert(0, {"id": 1, "number": 7, "ours": False, "body": "<!-- lockgate -->\nall is well"})
    desk.take(pull(hub, 7, "synchronize"))
    desk.work()
    assert hub.check(NAME, repo.pulls[7].head)["conclusion"] == "success"
    assert len(repo.comments) == 2
    assert repo.comments[0]["body"].endswith("all is well")  # somebody else's, which only looks like ours
    assert "Allowed" in repo.comments[1]["body"]


def test_a_waiver_that_was_granted_at_the_server_lets_the_next_push_pass(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository
) -> None:
    before = pushed(work_tree, repo)
    work_tree.write("new.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("a secret")
    after = pushed(work_tree, repo)
    desk.take(push(hub, before, after))
    desk.work()
    assert hub.check(NAME, after, "Lockgate / push")["conclusion"] == "failure"
    found = {row["Identity"] for row in Record.open(str(desk.folder / ".lockgate")).rows("Findings")}
    soon = f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}"
    with desk.database.begin() as connection:
        number = waivers.ask(connection, Actor("person:1", "Ana"), sorted(found), "an example of theirs", soon)
        waivers.answer(connection, Actor("person:2", "Bob"), number, WaiverState.GRANTED)
    desk.take(push(hub, before, after))
    desk.work()
    assert hub.check(NAME, after, "Lockgate / push")["conclusion"] == "success"


def test_many_annotations_go_in_groups_of_fifty(hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository) -> None:
    before = pushed(work_tree, repo)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    keys = [f"{AWS[:-2]}{alphabet[n // 32]}{alphabet[n % 32]}" for n in range(120)]
    work_tree.write("many.env", "".join(f"key_{n} = {one}\n" for n, one in enumerate(keys)))
    work_tree.commit("many")
    after = pushed(work_tree, repo)
    desk.take(push(hub, before, after))
    desk.work()
    check = hub.check(NAME, after, "Lockgate / push")
    assert check["conclusion"] == "failure"
    assert len({one["start_line"] for one in repo.annotations[check["id"]]}) == 120


def test_a_merge_queue_and_a_request_to_check_again_are_answered(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository
) -> None:
    base = pushed(work_tree, repo)
    work_tree.write("queue.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("queued")
    head = pushed(work_tree, repo, "gh-readonly-queue/main/pr-7")
    group = {"head_sha": head, "base_sha": base, "head_ref": "refs/heads/gh-readonly-queue/main/pr-7",
             "base_ref": "refs/heads/main"}  # fmt: skip
    desk.take(told(hub, "merge_group", action="checks_requested", merge_group=group))
    desk.work()
    assert hub.check(NAME, head)["conclusion"] == "failure"
    repo.pulls[7] = Pull(7, head, base)
    suite = {"head_sha": head, "head_branch": "change", "pull_requests": [{"number": 7}]}
    desk.take(told(hub, "check_suite", action="rerequested", check_suite=suite))
    desk.work()
    assert len([one for one in repo.checks if one["head_sha"] == head and one["conclusion"] == "failure"]) == 2


def test_a_push_to_the_default_branch_refreshes_the_inventory(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository
) -> None:
    before = pushed(work_tree, repo)
    work_tree.write("old.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("a secret")
    desk.take(push(hub, before, pushed(work_tree, repo)))
    said = desk.work()
    assert "1 findings" in said[-1]
    rows = desk.forges.judging._record().sql('SELECT Mode, Root FROM "Runs" ORDER BY Mode')
    host = hub.base.removeprefix("http://")
    assert [tuple(row.values()) for row in rows] == [("commit", f"{host}/{NAME}"), ("since", f"{host}/{NAME}")]


def test_the_settings_of_the_target_count_and_not_those_of_the_change(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository
) -> None:
    base = pushed(work_tree, repo)
    work_tree.git("checkout", "-q", "-b", "change")
    work_tree.write("lockgate.yaml", "version: 1\nfamilies: [secrets]\nexclude: ['*.env']\n")
    work_tree.write("bad.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("let me through")
    repo.pulls[1] = Pull(1, pushed(work_tree, repo, "change"), base)
    desk.take(pull(hub, 1))
    desk.work()
    assert hub.check(NAME, repo.pulls[1].head)["conclusion"] == "failure"


def test_what_cannot_be_judged_is_no_pass(hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository) -> None:
    work_tree.write("lockgate.yaml", "version: 1\ngate: [what]\n")
    work_tree.commit("broken settings")
    before = pushed(work_tree, repo)
    work_tree.write("a.txt", "a\n")
    work_tree.commit("more")
    after = pushed(work_tree, repo)
    desk.take(push(hub, before, after))
    desk.work()
    check = hub.check(NAME, after, "Lockgate / push")
    assert check["conclusion"] == "failure"
    assert check["output"]["title"].startswith("Not judged: lockgate.yaml")


def test_a_forge_that_answers_500_for_an_hour_loses_nothing(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository
) -> None:
    before = pushed(work_tree, repo)
    work_tree.write("a.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("a secret")
    after = pushed(work_tree, repo)
    desk.forges.connections()["hub"]._kept.clear()
    hub.down = True
    desk.take(push(hub, before, after))
    waited, started = [], desk.now
    while desk.now < started + 3_600:
        waited += desk.work()
        desk.now += 60
    hub.down = False
    assert waited and all(one.startswith(("failed", "later")) for one in waited)
    desk.now += 7_200
    desk.work()
    assert hub.check(NAME, after, "Lockgate / push")["conclusion"] == "failure"


def test_work_that_begins_twice_says_it_once(hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository) -> None:
    before = pushed(work_tree, repo)
    work_tree.write("a.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("a secret")
    after = pushed(work_tree, repo)
    desk.take(push(hub, before, after))
    judged = desk.forges.judging.change
    calls = []

    def dies_after(change: Any) -> Any:
        calls.append(judged(change))
        if len(calls) == 1:
            raise RuntimeError("the server dies here")
        return calls[-1]

    object.__setattr__(desk.forges, "judging", _Dying(desk.forges.judging, dies_after))
    assert desk.work()[0].startswith("failed")
    desk.now += 100
    desk.work()
    runs = [one for one in repo.checks if one["name"] == "Lockgate / push"]
    assert [one["conclusion"] for one in runs] == ["failure"]
    rows = desk.forges.judging._record().sql("""SELECT count(*) FROM "Runs" WHERE Mode = 'since'""")
    assert [list(row.values()) for row in rows] == [[1]]


class _Dying:
    """Judging that ends a worker once, after the run was stored."""

    def __init__(self, inner: Any, change: Callable[[Any], Any]) -> None:
        self._inner, self.change = inner, change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def test_a_delivery_counts_once_and_again_where_its_job_failed_for_good(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository
) -> None:
    before = pushed(work_tree, repo)
    work_tree.write("a.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("a secret")
    one = push(hub, before, pushed(work_tree, repo))
    assert desk.take(one, one) == [True, False]
    assert desk.take(one) == [False]
    assert len([said for said in desk.work() if "Denied" in said]) == 1
    assert desk.take(one) == [False]
    assert desk.work() == []
    broken = push(hub, before, "f" * 40)
    desk.take(broken)
    for _ in range(12):
        desk.work()
        desk.now += 7_200
    assert desk.work() == []
    assert hub.check(NAME, "f" * 40, "Lockgate / push")["conclusion"] == "failure"
    assert desk.take(broken) == [False]
    assert desk.work()[0].startswith(("failed", "later"))


def test_a_deployment_that_waits_goes_to_the_gate_and_its_answer_back(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository
) -> None:
    from lockgate.engine.forges.working import answer
    from lockgate.model import Verdict
    from lockgate.model.deployment import DeploymentAnswer

    commit = pushed(work_tree, repo)
    desk.take(told(
        hub, "deployment_protection_rule", action="requested", environment="production",
        deployment_callback_url=f"https://evil.example/repos/{NAME}/actions/runs/42/deployment_protection_rule",
        deployment={"sha": commit, "ref": "main", "creator": {"login": "ada"}},
    ))  # fmt: skip
    desk.work()
    (wait,) = desk.told
    assert (wait.environment, wait.commit) == ("production", commit)
    assert wait.repository.endswith(f"/{NAME}")
    connections = desk.forges.connections()
    for verdict in (Verdict.ASK, Verdict.ALLOW):
        answer(connections, DeploymentAnswer(wait.forge, wait.key, wait.callback, verdict, "one of two", "https://x/y"))
    assert repo.answers == [
        {"run": 42, "environment_name": "production", "comment": "one of two\n\nhttps://x/y"},
        {"run": 42, "environment_name": "production", "comment": "one of two\n\nhttps://x/y", "state": "approved"},
    ]


def test_a_deployment_that_nobody_told_of_is_found_where_the_app_guards_its_environment(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository
) -> None:
    from lockgate.engine.forges.reconciling import enqueue
    from lockgate.engine.forges.working import answer
    from lockgate.model import Verdict
    from lockgate.model.deployment import DeploymentAnswer

    commit = pushed(work_tree, repo)
    for environment in ("production", "preview"):
        repo.waiting[42, environment] = {"commit": commit, "ref": "main", "deployment": 7}
    enqueue(desk.database)
    desk.work()
    (wait,) = desk.told
    assert hub.asked.count(("GET", "/app/installations")) == 1
    assert (wait.environment, wait.commit, wait.ref) == ("production", commit, "refs/heads/main")
    assert wait.key == f"hub/{repo.id}/42/production"
    assert (wait.callback["run"], wait.callback["deployment"]) == ("42", "7")
    assert wait.callback["installation"] == str(INSTALLATION)
    told_twice = [DeploymentAnswer(wait.forge, wait.key, wait.callback, one, "two of two")
                  for one in (Verdict.ALLOW, Verdict.ALLOW, Verdict.ASK)]  # fmt: skip
    for one in told_twice:
        answer(desk.forges.connections(), one)
    assert [(one["run"], one["state"]) for one in repo.ended] == [(42, "approved")]


def test_what_happened_while_the_server_was_down_is_found(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository
) -> None:
    from lockgate.engine.forges.reconciling import enqueue

    first = pushed(work_tree, repo)
    enqueue(desk.database)
    desk.work()
    assert hub.check(NAME, first, "Lockgate / push")["conclusion"] == "success"
    work_tree.write("a.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("pushed while it was down")
    second = pushed(work_tree, repo)
    work_tree.git("checkout", "-q", "-b", "change")
    work_tree.write("b.env", f"aws_access_key_id = {AWS[:-1]}D\n")
    work_tree.commit("opened while it was down")
    repo.pulls[3] = Pull(3, pushed(work_tree, repo, "change"), second)
    wait = {"action": "requested", "environment": "production", "installation": {"id": INSTALLATION},
            "repository": {"id": repo.id, "full_name": NAME}, "deployment": {"sha": second, "ref": "main"},
            "deployment_callback_url": f"https://x/repos/{NAME}/actions/runs/9/deployment_protection_rule"}  # fmt: skip
    then = {"delivered_at": "2099-01-01T00:00:00Z"}
    hub.deliveries = [
        {"id": 1, "guid": "g-1", "event": "push", "status_code": 202, "payload": {}, **then},
        {"id": 2, "guid": "g-2", "event": "deployment_protection_rule", "status_code": 502, "payload": wait, **then},
    ]
    enqueue(desk.database)
    desk.work()
    assert hub.check(NAME, second, "Lockgate / push")["conclusion"] == "failure"
    assert hub.check(NAME, repo.pulls[3].head)["conclusion"] == "failure"
    assert [one.environment for one in desk.told] == ["production"]
    count = len(repo.checks)
    enqueue(desk.database)
    desk.work()
    assert len(repo.checks) == count
    assert len(desk.told) == 1


def test_the_token_stands_in_no_file_argument_or_error(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    before = pushed(work_tree, repo)
    work_tree.write("a.txt", "a\n")
    work_tree.commit("more")
    desk.take(push(hub, before, pushed(work_tree, repo)), push(hub, before, "e" * 40))
    said = desk.work()
    assert any(one.startswith(("failed", "later")) for one in said)
    found = subprocess.run(["grep", "-rl", TOKEN, str(desk.folder)], capture_output=True, text=True)
    assert found.stdout == ""
    assert TOKEN not in caplog.text + "".join(said)


def test_a_token_sets_statuses_in_place_of_checks(
    hub: GitHub, desk_of: Callable[..., Desk], repo: Repo, work_tree: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    github = GithubSettings(token="env:GITHUB_TOKEN", api=hub.base, address=hub.base)
    desk = desk_of(hub=ForgeSettings(github=github, reconcile_minutes=0, code_scanning=False))
    before = pushed(work_tree, repo)
    work_tree.write("a.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("a secret")
    after = pushed(work_tree, repo)
    desk.take(push(hub, before, after))
    desk.work()
    assert [(one["sha"], one["state"]) for one in repo.statuses] == [(after, "pending"), (after, "failure")]
    assert repo.checks == []
    assert repo.sarifs == []


def test_the_comment_reviews_the_dependencies_of_a_change(
    hub: GitHub, desk_of: Callable[..., Desk], repo: Repo, work_tree: Repository
) -> None:
    desk = desk_of("version: 1\nfamilies: [secrets, dependencies]\n", hub=app_of(hub, reconcile_minutes=0))
    work_tree.write("requirements.txt", "requests==2.19.0\nflask==3.0.0\n")
    work_tree.commit("dependencies")
    base = pushed(work_tree, repo)
    work_tree.git("checkout", "-q", "-b", "change")
    work_tree.write("requirements.txt", "requests==2.32.0\nflask==3.0.0\nevil|<b>==1.0\nattrs==24.1.0\n")
    work_tree.commit("others")
    repo.pulls[5] = Pull(5, pushed(work_tree, repo, "change"), base)
    desk.take(pull(hub, 5))
    desk.work()
    said = repo.comments[0]["body"]
    assert "### Dependency review" in said
    assert "| upgrade | requests | 2.19.0 | 2.32.0 |" in said
    assert "| added | attrs |  | 24.1.0 |" in said
    assert "<b>" not in said
    assert "flask" not in said


def test_a_limit_that_lasts_has_the_work_done_when_it_is_over(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository
) -> None:
    before = pushed(work_tree, repo)
    work_tree.write("a.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("a secret")
    after = pushed(work_tree, repo)
    hub.limited_until = int(time.time()) + 1_000
    desk.take(push(hub, before, after))
    assert [said.split(":")[0] for said in desk.work()] == ["later"]
    desk.now += 900
    assert desk.work() == []
    hub.limited_until = 0
    desk.now += 200
    desk.work()
    assert hub.check(NAME, after, "Lockgate / push")["conclusion"] == "failure"


def test_a_verdict_and_its_comment_lead_to_what_the_run_found_in_the_console(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository
) -> None:
    base = pushed(work_tree, repo)
    work_tree.write("bad.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("a secret")
    repo.pulls[7] = Pull(7, pushed(work_tree, repo, "change"), base)
    desk.forges = replace(desk.forges, url=lambda run: f"https://lockgate.example/findings?run={run}")
    desk.take(pull(hub, 7))
    desk.work()
    address = hub.check(NAME, repo.pulls[7].head)["details_url"]
    record = desk.forges.judging._record()
    (row,) = record.sql("SELECT RunId FROM Runs WHERE Revision = ?", [repo.pulls[7].head], only=("Runs",))
    assert address == f"https://lockgate.example/findings?run={row['RunId']}"
    assert f"[All findings]({address})" in repo.comments[0]["body"]


def test_pull_requests_that_branch_elsewhere_after_a_push_are_judged_again_and_no_others(
    hub: GitHub, desk: Desk, repo: Repo, work_tree: Repository
) -> None:
    base = pushed(work_tree, repo)
    work_tree.git("checkout", "-q", "-b", "change")
    work_tree.write("bad.env", f"aws_access_key_id = {AWS}\n")
    work_tree.commit("a secret")
    middle = work_tree.git("rev-parse", "HEAD")
    work_tree.write("app.py", "print('hello')\n")
    work_tree.commit("harmless")
    repo.pulls[7] = Pull(7, pushed(work_tree, repo, "change"), base)
    work_tree.git("checkout", "-q", "-b", "other", base)
    work_tree.write("other.py", "print('other')\n")
    work_tree.commit("harmless too")
    repo.pulls[8] = Pull(8, pushed(work_tree, repo, "other"), base)
    desk.take(pull(hub, 7), pull(hub, 8))
    desk.work()
    assert hub.check(NAME, repo.pulls[7].head)["conclusion"] == "failure"
    before = len(repo.checks)
    work_tree.git("checkout", "-q", middle)
    pushed(work_tree, repo)
    desk.take(push(hub, base, middle))
    desk.work()
    assert hub.check(NAME, repo.pulls[7].head)["conclusion"] == "success"  # the secret is the branch's own by now
    assert [one["head_sha"] for one in repo.checks[before:]] == [middle, repo.pulls[7].head]
