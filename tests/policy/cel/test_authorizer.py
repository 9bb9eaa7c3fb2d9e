"""``authorizer`` asks whoever the caller brings, and says so when there is nobody."""

from __future__ import annotations

from typing import Any

import pytest

from lockgate.policy.cel import CelError, compile_expression
from lockgate.policy.cel.library.authorizers import Access, Answer, Authorizer
from lockgate.policy.errors import EvaluationError


class Rights:
    """Allows what it was told, and remembers what it was asked."""

    def __init__(self, *allowed: Access, broken: bool = False) -> None:
        self.allowed = allowed
        self.broken = broken
        self.asked: list[Access] = []

    def decide(self, access: Access) -> Answer:
        self.asked.append(access)
        if self.broken:
            raise EvaluationError("the roles could not be read")
        return Answer(True, "RBAC: allowed") if access in self.allowed else Answer(False)


def value(text: str, rights: Rights | None = None, request: Access | None = None) -> Any:
    authorizer = Authorizer(rights, request=request)
    return compile_expression(text, variables=["authorizer"]).evaluate({"authorizer": authorizer})


@pytest.mark.parametrize(
    ("text", "access"),
    [
        ("authorizer.path('/healthz').check('get')", Access("get", path="/healthz")),
        (
            "authorizer.group('apps').resource('deployments').subresource('scale').namespace('n').name('x').check('update')",
            Access("update", group="apps", resource="deployments", subresource="scale", namespace="n", name="x"),
        ),
        (
            "authorizer.serviceAccount('ns', 'bot').group('').resource('pods').check('list')",
            Access("list", service_account=("ns", "bot"), resource="pods"),
        ),
        (
            "authorizer.group('').resource('pods').fieldSelector('spec.nodeName=a').labelSelector('x=y').check('list')",
            Access("list", resource="pods", field_selector="spec.nodeName=a", label_selector="x=y"),
        ),
        ("authorizer.requestResource.check('delete')", Access("delete", resource="pods", namespace="n", name="p")),
    ],
)
def test_a_check_asks_what_it_spells(text: str, access: Access) -> None:
    request = Access(resource="pods", namespace="n", name="p")
    rights = Rights(access)
    assert value(f"{text}.allowed()", rights, request) is True
    assert value(f"{text}.reason()", rights, request) == "RBAC: allowed"
    assert rights.asked == [access, access]
    assert value(f"{text}.allowed()", Rights(), request) is False


def test_a_check_that_fails_is_errored_and_not_allowed() -> None:
    text = "authorizer.group('').resource('pods').check('get')"
    assert value(f"{text}.allowed()", Rights(broken=True)) is False
    assert value(f"{text}.errored()", Rights(broken=True)) is True
    assert value(f"{text}.error()", Rights(broken=True)) == "the roles could not be read"
    assert value(f"{text}.errored()", Rights()) is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("authorizer.path(' ').check('get').allowed()", "path must not be empty"),
        ("authorizer.group('').resource('').check('get').allowed()", "resource must not be empty"),
        (
            "authorizer.serviceAccount('a@b', 'x').path('/a').check('get').allowed()",
            "invalid service account namespace",
        ),
        ("authorizer.serviceAccount('ns', 'X').path('/a').check('get').allowed()", "account name"),
        ("authorizer.requestResource.check('get').allowed()", "has no field 'requestResource'"),
        ("authorizer.path('/a').allowed()", "no such overload"),
    ],
)
def test_a_check_that_makes_no_sense_is_an_error(text: str, message: str) -> None:
    with pytest.raises(CelError, match=message):
        value(text, Rights())


def test_without_an_authority_nothing_is_decided() -> None:
    with pytest.raises(CelError, match="nobody here can tell"):
        value("authorizer.path('/a').check('get').allowed()")
    assert value("true || authorizer.path('/a').check('get').allowed()") is True
