"""Which digests may run in an environment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lockgate.gates.deployment.approved import AllowedDeployment, approved, lines_of
from lockgate.gates.deployment.environment import environments_of
from lockgate.settings import EnvironmentSettings

NOW = datetime(2031, 5, 5, tzinfo=UTC)
LINES = environments_of((
    EnvironmentSettings(name="production", namespaces=("shop", "shop-*"), clusters=("prod-*",), rollback_days=7),
    EnvironmentSettings(name="*", namespaces=("staging",)),
))  # fmt: skip


def allowed(digest: str, days: float, environment: str = "production", repository: str = "shop") -> AllowedDeployment:
    return AllowedDeployment(environment, repository, frozenset({digest}), NOW - timedelta(days=days))


def test_the_last_runs_without_end_and_what_was_before_for_a_while_since() -> None:
    ones = [allowed("a", 90), allowed("b", 30), allowed("c", 6), allowed("d", 400, repository="other")]
    found = approved(ones, LINES, NOW)
    assert found == {"environments[0]": {"b", "c", "d"}}  # a gave way to b 30 days ago, b to c 6 days ago


def test_environments_are_told_apart_by_the_line_that_holds_for_them() -> None:
    found = approved([allowed("a", 1), allowed("b", 1, "staging"), allowed("c", 1, "qa")], LINES, NOW)
    assert found == {"environments[0]": {"a"}, "environments[1]": {"b", "c"}}


def test_the_order_in_which_they_are_told_changes_nothing() -> None:
    ones = [allowed("a", 90), allowed("b", 30), allowed("c", 6)]
    assert approved(reversed(ones), LINES, NOW) == approved(ones, LINES, NOW)


def test_a_namespace_has_lines_in_the_clusters_that_they_name() -> None:
    def lines(namespace: str, cluster: str) -> list[str]:
        return [one.line for one in lines_of(LINES, namespace, cluster)]

    assert lines("shop", "prod-eu") == lines("shop-cart", "prod-eu") == ["environments[0]"]
    assert lines("shop", "test") == lines("kube-system", "prod-eu") == []
    assert lines("staging", "") == ["environments[1]"]
