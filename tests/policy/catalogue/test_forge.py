"""Rules about forges: what mends is a call whose values cannot lead elsewhere; what was not read is not answered."""

from __future__ import annotations

from typing import Any

import pytest

from lockgate.model import Confidence, Family, Object, Rule, RuleId, Severity
from lockgate.policy.catalogue import ForgePolicies
from lockgate.policy.errors import PolicyError


def rule(**logic: Any) -> Rule:
    own = {"kinds": ["GitHubOrganization"], "each": "spec.hooks[*]", "deny": "!item.tls", "message": "'no'"} | logic
    return Rule(RuleId("posture/x"), Family.POSTURE, "t", "w", Severity.HIGH, Confidence.HIGH, "f", own)


def organization(unresolved: tuple[str, ...] = (), **hook: Any) -> Object:
    spec = {"hooks": [{"name": "a", "id": 4, "tls": False, **hook}]}
    body = {"kind": "GitHubOrganization", "metadata": {"name": "acme"}, "spec": spec}
    return Object("forge", body, unresolved=frozenset(unresolved))


CALL = {"method": "PATCH", "path": "/hooks/{{ item.name }}?x={{ item.id }}", "body": {"n": "{{ item.id + 1 }}",
        "t": "id {{ item.id }}", "l": ["{{ item }}"]}}  # fmt: skip


def call(**hook: Any) -> Any:
    policies, judged = ForgePolicies([rule(apply=CALL)]), organization(**hook)
    return policies.remedy(policies.judge(judged).hits[0], judged).call


def test_values_go_into_path_and_body() -> None:
    told = call()
    assert told.path == "/hooks/a?x=4"
    assert told.body == {"n": 5, "t": "id 4", "l": [{"name": "a", "id": 4, "tls": False}]}


@pytest.mark.parametrize(("name", "path"), [("a/b", "a%2Fb"), ("a?b#c", "a%3Fb%23c"), ("é", "%C3%A9")])
def test_a_value_stays_one_segment_of_the_path(name: str, path: str) -> None:
    assert call(name=name).path == f"/hooks/{path}?x=4"


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_value_that_would_lead_elsewhere_makes_no_call(name: str) -> None:
    with pytest.raises(PolicyError):
        call(name=name)


def test_terraform_quotes_what_would_begin_an_expression() -> None:
    policies, judged = ForgePolicies([rule(terraform='a = "{{ item.name }}"')]), organization(name='${file("/x")}')
    assert policies.remedy(policies.judge(judged).hits[0], judged).terraform == 'a = "$${file(\\"/x\\")}"'


@pytest.mark.parametrize(
    "wrong",
    [{"method": "GET", "path": "/x"}, {"method": "PUT", "path": "https://elsewhere/x"}, {"method": "PUT"},
     {"method": "PUT", "path": "//elsewhere"}, {"method": "PUT", "path": "/x", "host": "y"}],
)  # fmt: skip
def test_what_is_no_call_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(PolicyError):
        ForgePolicies([rule(apply=wrong)])


def test_a_list_that_was_not_read_leaves_the_rule_open() -> None:
    judged = Object("forge", {"kind": "GitHubOrganization", "metadata": {"name": "acme"}, "spec": {}},
                    unresolved=frozenset({"/spec/hooks"}))  # fmt: skip
    told = ForgePolicies([rule()]).judge(judged)
    assert (told.hits, told.failed, told.open) == ((), (), ("posture/x",))


def test_a_setting_that_was_not_read_leaves_the_rule_open_and_others_answered() -> None:
    own = rule(deny="object.spec.two == false", each="spec.hooks[*]")
    told = ForgePolicies([own]).judge(organization(unresolved=("/spec/two",)))
    assert (told.hits, told.failed, told.open) == ((), (), ("posture/x",))
    assert len(ForgePolicies([rule()]).judge(organization(unresolved=("/spec/two",))).hits) == 1


def test_a_setting_that_a_reader_forgot_is_a_failure_and_no_pass() -> None:
    assert ForgePolicies([rule(deny="object.spec.two == false")]).judge(organization()).failed
