"""The scanner of manifests: findings with lines, skips for what could not be judged, compiled policies kept."""

import pytest

from lockgate.model import Confidence, Family, File, Finding, Rule, RuleId, Severity, Skip
from lockgate.scanners import ScanContext
from lockgate.scanners.policy import SCANNER
from lockgate.store.compiled import compiled_file

POD = b"apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\nspec:\n  containers:\n    - name: app\n      tty: true\n"


def rule(deny: str = "item.tty") -> Rule:
    logic = {"kinds": ["Workload"], "each": "containers", "deny": deny, "message": "'no'", "field": "tty"}
    return Rule(RuleId("policy/x"), Family.POLICY, "t", "w", Severity.HIGH, Confidence.HIGH, "f", logic)


def said(content: bytes, context: ScanContext, *rules: Rule) -> list[Finding | Skip]:
    session = SCANNER.start(rules or [rule()], context)
    return list(session.feed(File("deploy/pod.yaml", len(content), lambda: content)))


@pytest.fixture
def context(tmp_path):
    return ScanContext(salt=b"s" * 16, made_dir=tmp_path / "cache")


def test_a_finding_names_line_pointer_and_object(context):
    (found,) = said(POD, context)
    assert (found.location.line, found.location.pointer) == (7, "/spec/containers/0/tty")
    assert found.subject.name == "Pod shop, app"


def test_a_policy_that_cannot_be_evaluated_is_a_skip(context):
    (found,) = said(POD.replace(b"true", b"[1]"), context)
    assert isinstance(found, Skip)
    assert found.family == "policy"
    assert "policy/x could not be evaluated" in found.reason


def test_a_file_without_objects_says_nothing(context):
    assert said(b"a: 1\n", context) == []


def test_compiled_policies_are_kept_and_used_again(context):
    said(POD, context)
    kept = compiled_file(context.made_dir)
    before = kept.read_bytes()
    assert len(said(POD, context)) == 1
    assert kept.read_bytes() == before


def test_a_changed_policy_is_compiled_anew(context):
    said(POD, context)
    assert said(POD, context, rule("!item.tty")) == []


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x00" * 100])
def test_a_broken_cache_costs_time_and_no_answer(context, content):
    said(POD, context)
    compiled_file(context.made_dir).write_bytes(content)
    assert len(said(POD, context)) == 1
