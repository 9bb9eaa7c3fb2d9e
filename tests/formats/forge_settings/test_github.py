"""Answers of GitHub become objects: what joins, what is left out, and what was not answered."""

from __future__ import annotations

from typing import Any

from lockgate.formats.forge_settings import address
from lockgate.formats.forge_settings.github import is_cut, organization, protection, repository, webhook

AT = "2026-11-27T00:00:00Z"


def rule(kind: str, ruleset: str = "main", **parameters: Any) -> dict[str, Any]:
    own = {"name": ruleset, "enforcement": "ACTIVE", "bypassActors": {"nodes": []}}
    return {"type": kind, "parameters": parameters, "repositoryRuleset": own}


def branch(*rules: dict[str, Any], classic: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": "main", "branchProtectionRule": classic, "rules": {"nodes": list(rules)}}


def test_a_branch_that_nothing_covers_is_not_protected() -> None:
    told = protection(branch()).spec()
    assert (told["protected"], told["forced"], told["deletable"], told["adminsExempt"]) == (False, True, True, True)


def test_the_stricter_of_a_ruleset_and_a_branch_protection_holds() -> None:
    classic = {"pattern": "main", "requiresApprovingReviews": True, "requiredApprovingReviewCount": 1,
               "isAdminEnforced": False, "allowsForcePushes": True, "allowsDeletions": False}  # fmt: skip
    told = protection(branch(
        rule("PULL_REQUEST", requiredApprovingReviewCount=2, requireCodeOwnerReview=True),
        rule("NON_FAST_FORWARD"), classic=classic,
    )).spec()  # fmt: skip
    assert told["by"] == ["branch protection main", "ruleset main"]
    assert (told["approvals"], told["codeOwners"], told["forced"], told["deletable"]) == (2, True, False, False)
    assert told["adminsExempt"] is False  # the ruleset binds them


def test_a_ruleset_that_is_only_tried_out_protects_nothing() -> None:
    tried = rule("PULL_REQUEST", requiredApprovingReviewCount=2)
    tried["repositoryRuleset"]["enforcement"] = "EVALUATE"
    assert protection(branch(tried)).spec()["protected"] is False


def test_who_bypasses_always_is_told_and_who_bypasses_by_pull_request_is_not() -> None:
    told = rule("PULL_REQUEST", requiredApprovingReviewCount=1)
    told["repositoryRuleset"]["bypassActors"]["nodes"] = [
        {"bypassMode": "ALWAYS", "organizationAdmin": True},
        {"bypassMode": "PULL_REQUEST", "actor": {"name": "bots"}},
    ]
    found = protection(branch(told)).spec()
    assert (found["bypass"], found["adminsExempt"]) == (["organisation admins"], True)


def test_what_was_refused_is_no_setting() -> None:
    entry = {"name": "shop", "id": 1, "private": True, "archived": False, "default_branch": "main"}
    one = repository("acme", entry, {"deployKeys": None, "environments": {"nodes": []}}, None, read_at=AT,
                     refused=["deployKeys"])  # fmt: skip
    assert one.unresolved == {"/spec/deployKeys", "/spec/webhooks", "/spec/security"}
    assert not {"deployKeys", "webhooks", "security"} & set(one.body["spec"])
    assert one.path == "github:acme/shop"


def test_a_repository_without_its_node_keeps_what_the_list_told() -> None:
    one = repository("acme", {"name": "shop", "visibility": "public"}, None, [], read_at=AT)
    assert one.body["spec"]["visibility"] == "public"
    assert "/spec/protection" in one.unresolved


def test_an_organisation_shown_to_somebody_else_leaves_its_settings_open() -> None:
    one = organization("acme", {"organization": {"login": "acme"}, "node": {}}, read_at=AT, unread=["/spec/webhooks"])
    assert {"/spec/twoFactorRequired", "/spec/plan", "/spec/newRepositories", "/spec/webhooks"} <= one.unresolved
    assert "twoFactorRequired" not in one.body["spec"]


def test_a_webhook_keeps_nothing_secret_of_its_address() -> None:
    told = webhook({"id": 1, "active": True, "config": {"url": "https://user:pass@ci.example.com:8443/a?token=x#y"}})
    assert told["name"] == "https://ci.example.com:8443/a"
    assert (told["secret"], told["verifiesTls"]) == (False, True)


def test_an_address_that_is_none_is_empty() -> None:
    assert address("http://[::1") == ""
    assert address(None) == ""


def test_owners_of_everything_are_seen_and_comments_are_not() -> None:
    text = "# * @nobody\n*.py @acme/python\n"
    entry = {"name": "shop"}
    found = repository("acme", entry, {"owners2": {"text": text}}, [], read_at=AT).body["spec"]["codeowners"]
    assert (found["present"], found["everything"]) == (True, False)
    found = repository("acme", entry, {"owners1": {"text": "* @acme/all"}}, [], read_at=AT).body["spec"]["codeowners"]
    assert found["everything"] is True


def test_a_list_that_goes_on_is_seen() -> None:
    assert is_cut({"environments": {"nodes": [], "pageInfo": {"hasNextPage": True}}})
    assert not is_cut({"environments": {"nodes": [], "pageInfo": {"hasNextPage": False}}})
