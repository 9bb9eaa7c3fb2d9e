"""What GitHub tells by webhooks: its own recordings, and what nobody should believe."""

import hmac
import json
from typing import Any

import pytest
from tests.octokit import EXAMPLES, MISSING, recorded

from lockgate.formats.forge_events import formats, read
from lockgate.formats.forge_events.github import SETTINGS
from lockgate.formats.format_error import FormatError
from lockgate.model.deployment import DeploymentWaits
from lockgate.model.forge import (
    AccessChanged,
    CheckAgain,
    ForgeRepository,
    MergeGroup,
    PullRequest,
    Push,
    SettingsChanged,
)

FORM = formats()["github"]
COMMIT, OTHER = "a" * 40, "b" * 40
REPOSITORY = {"id": 7, "full_name": "harbour/shop", "default_branch": "main", "private": True}
needs_recordings = pytest.mark.skipif(not EXAMPLES.exists(), reason=MISSING)


def told(kind: str, body: dict[str, Any]) -> list[Any]:
    content = json.dumps(body).encode()
    found = read(FORM, content, {"x-github-event": kind, "x-github-delivery": "d-1"})
    assert (found.id, found.kind) == ("d-1", kind)
    return [one.happening for one in found.events]


@needs_recordings
@pytest.mark.parametrize("kind", sorted(recorded()))
def test_every_recording_is_read(kind: str) -> None:
    for body in recorded()[kind]:
        told(kind, body)


@needs_recordings
def test_recorded_pushes_say_what_moved() -> None:
    for body in recorded()["push"]:
        (push,) = told("push", body)
        assert (push.ref, push.repository.name) == (body["ref"], body["repository"]["full_name"])
        assert (push.before or "0" * 40, push.after or "0" * 40) == (body["before"], body["after"])


@needs_recordings
def test_recorded_pull_requests_are_told_where_their_change_is_another() -> None:
    looked_at = {"opened", "synchronize", "reopened", "ready_for_review", "closed"}
    for body in recorded()["pull_request"]:
        found = told("pull_request", body)
        rebased = body["action"] == "edited" and "base" in body["changes"]
        assert bool(found) is (body["action"] in looked_at or rebased), body["action"]
        for one in found:
            assert one.head == body["pull_request"]["head"]["sha"]
            assert one.is_open is (body["pull_request"]["state"] == "open")


@needs_recordings
def test_a_recorded_merge_queue_is_told_with_both_ends() -> None:
    bodies = [one for one in recorded()["merge_group"] if one["action"] == "checks_requested"]
    (group,) = told("merge_group", bodies[0])
    assert isinstance(group, MergeGroup)
    assert (group.head, group.base) == (bodies[0]["merge_group"]["head_sha"], bodies[0]["merge_group"]["base_sha"])
    assert group.base_branch == "main"


@needs_recordings
def test_recorded_requests_to_check_again_are_told() -> None:
    for kind in ("check_run", "check_suite"):
        for body in recorded()[kind]:
            found = told(kind, body)
            assert bool(found) is (body["action"] == "rerequested")
            assert all(isinstance(one, CheckAgain) and one.head == body[kind]["head_sha"] for one in found)


@needs_recordings
def test_recorded_installations_say_what_is_added_and_what_is_gone() -> None:
    for body in recorded()["installation"]:
        (one,) = told("installation", body)
        assert isinstance(one, AccessChanged)
        assert one.is_gone is (body["action"] in ("deleted", "suspend"))
    for body in recorded()["installation_repositories"]:
        (one,) = told("installation_repositories", body)
        assert len(one.added) == len(body["repositories_added"])
        assert len(one.removed) == len(body["repositories_removed"])


def test_a_pull_request_of_a_fork_is_known_as_one() -> None:
    pull = {
        "number": 3, "state": "open", "user": {"login": "mallory"},
        "head": {"sha": COMMIT, "ref": "patch", "repo": {"id": 99}}, "base": {"sha": OTHER, "ref": "main"},
    }  # fmt: skip
    (found,) = told("pull_request", {"action": "opened", "repository": REPOSITORY, "pull_request": pull})
    assert found == PullRequest(
        ForgeRepository("7", "harbour/shop", "main"), 3, COMMIT, OTHER, "main", "patch", "mallory", True, True
    )
    pull["head"]["repo"] = None  # the fork was deleted
    assert told("pull_request", {"action": "opened", "repository": REPOSITORY, "pull_request": pull})[0].from_fork


def test_a_deployment_that_waits_names_its_run_and_no_address() -> None:
    body = {
        "action": "requested", "environment": "production", "repository": REPOSITORY, "installation": {"id": 5},
        "deployment_callback_url": "https://api.github.com/repos/harbour/shop/actions/runs/42/deployment_protection_rule",
        "deployment": {"sha": COMMIT, "ref": "main", "creator": {"login": "ada"}, "url": "https://x.example/d/1"},
    }  # fmt: skip
    (wait,) = told("deployment_protection_rule", body)
    assert isinstance(wait, DeploymentWaits)
    assert (wait.environment, wait.commit, wait.ref) == ("production", COMMIT, "refs/heads/main")
    assert wait.requested_by == "ada"
    assert wait.callback == {
        "run": "42", "repository": "harbour/shop", "environment": "production", "installation": "5"
    }  # fmt: skip
    body["deployment_callback_url"] = "https://evil.example/collect"
    with pytest.raises(FormatError, match="names no run"):
        told("deployment_protection_rule", body)


def test_a_signature_is_that_of_the_whole_body() -> None:
    content, secret = b'{"ref": "x"}', "hush"
    good = {"x-hub-signature-256": "sha256=" + hmac.digest(secret.encode(), content, "sha256").hex()}
    assert FORM.believed(content, good, secret)
    assert not FORM.believed(content + b" ", good, secret)
    assert not FORM.believed(content, good, "other")
    assert not FORM.believed(content, {}, secret)
    unsigned = "sha256=" + hmac.digest(b"", content, "sha256").hex()
    assert not FORM.believed(content, {"x-hub-signature-256": unsigned}, "")
    assert not FORM.believed(content, {"x-hub-signature-256": "sha256=\xff"}, secret)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"after": "--upload-pack=x"}, "no whole hash"),
        ({"after": "abc123"}, "no whole hash"),
        ({"ref": "refs/heads/../../etc"}, "a ref is none"),
        ({"ref": "refs/heads/a b"}, "a ref is none"),
        ({"ref": "-o"}, "a ref is none"),
        ({"repository": REPOSITORY | {"full_name": "../../other"}}, "no name"),
        ({"repository": REPOSITORY | {"full_name": "harbour/.."}}, "no name"),
        ({"repository": REPOSITORY | {"full_name": "harbour/shop?x=1"}}, "no name"),
        ({"repository": REPOSITORY | {"full_name": "harbour"}}, "no name"),
        ({"repository": REPOSITORY | {"id": True}}, "no number"),
        ({"repository": []}, "no number"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(changed: dict[str, Any], words: str) -> None:
    body = {"ref": "refs/heads/main", "before": OTHER, "after": COMMIT, "repository": REPOSITORY} | changed
    with pytest.raises(FormatError, match=words):
        told("push", body)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"a":' * 100 + b"1" + b"}" * 100])
def test_what_is_no_body_is_refused(content: bytes) -> None:
    with pytest.raises(FormatError):
        read(FORM, content, {"x-github-event": "push"})


def test_a_delivery_without_a_name_is_known_by_its_content() -> None:
    one, other = (read(FORM, content, {"x-github-event": "ping"}) for content in (b'{"a":1}', b'{"a":2}'))
    assert one.id.startswith("sha256:")
    assert one.id != other.id
    assert read(FORM, b'{"a":1}', {"x-github-event": "ping", "x-github-delivery": "a\nb"}).id == one.id


def test_a_branch_that_is_new_or_gone_has_one_end() -> None:
    body = {"ref": "refs/heads/x", "before": "0" * 40, "after": COMMIT, "repository": REPOSITORY}
    assert told("push", body)[0].before == ""
    gone = told("push", body | {"before": COMMIT, "after": "0" * 40})[0]
    assert isinstance(gone, Push)
    assert (gone.after, gone.branch) == ("", "x")


@needs_recordings
def test_recorded_changes_of_settings_name_the_organisation() -> None:
    seen = 0
    for kind in SETTINGS:
        for body in recorded().get(kind, []):
            (changed,) = told(kind, body)
            assert isinstance(changed, SettingsChanged)
            assert changed.account == (body.get("organization") or body["repository"]["owner"])["login"]
            assert changed.about.startswith(kind)
            seen += 1
    assert seen > 30


def test_changes_of_settings_that_name_nobody_are_refused() -> None:
    for body in ({}, {"repository": {"full_name": "../x"}}, {"organization": {"login": "a/b"}}):
        with pytest.raises(FormatError):
            told("repository_ruleset", {"action": "edited", **body})
    (changed,) = told("member", {"action": "added\n", "organization": {"login": "acme"}})
    assert changed == SettingsChanged("acme", "member")
