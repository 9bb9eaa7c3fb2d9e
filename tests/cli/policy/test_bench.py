"""`lockgate policy bench`: times, steps, and the slowest first."""

import json

from tests.cli.policy.test_verify import CONSTRAINT, OWNED, POD, TEMPLATE


def bench(lockgate, folder, *arguments):
    return lockgate("policy", "bench", "objects.yaml", "--rounds", "2", *arguments, cwd=folder)


def test_rules_are_timed_over_the_objects_that_they_are_about(lockgate, tmp_path):
    (tmp_path / "objects.yaml").write_text(f"{POD}spec: {{containers: [{{name: a, image: nginx}}]}}\n---\n{OWNED}")
    whole = json.loads(bench(lockgate, tmp_path, "--rules", "policy/registry-*", "--format", "json").stdout)
    assert whole["objects"] == 2
    (one,) = [each for each in whole["policies"] if each["policy"] == "policy/registry-not-allowed"]
    assert (one["objects"], one["steps"] > 0) == (2, True)
    assert 0 < one["p50"] <= one["p99"]


def test_the_slowest_stands_first(lockgate, tmp_path):
    (tmp_path / "objects.yaml").write_text(f"{POD}spec: {{containers: [{{name: a}}]}}\n")
    whole = json.loads(bench(lockgate, tmp_path, "--format", "json").stdout)
    totals = [one["total"] for one in whole["policies"]]
    assert totals == sorted(totals, reverse=True)
    assert len(totals) > 20


def test_constraints_are_timed_where_there_are_any(lockgate, tmp_path):
    (tmp_path / "objects.yaml").write_text("---\n".join((TEMPLATE, CONSTRAINT, POD)))
    done = bench(lockgate, tmp_path)
    assert done.stdout.splitlines()[1].split()[:2] == ["NeedsOwner/all", "3"]
    assert done.stdout.splitlines()[-1].startswith("1 policies over 3 objects")


def test_without_an_object_nothing_is_timed(lockgate, tmp_path):
    (tmp_path / "objects.yaml").write_text("a: b\n")
    assert bench(lockgate, tmp_path).returncode == 4
