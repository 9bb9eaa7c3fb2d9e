"""The recommended alerts of Container Insights as rules: every sample of each, over tables made of it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from lockgate import rules
from lockgate.engine import cluster_alerts
from lockgate.errors import ConfigurationError
from lockgate.model import Family, Rule, Sample
from lockgate.store.ask import Tables
from lockgate.store.ask.adopted import Functions, Shapes

RULES = cluster_alerts.rules_of()
NOW = 639_028_656_000_000_000
"""Noon of 2026-01-01, in ticks."""
CASES = [(rule, sample) for rule in RULES for sample in rule.samples]
OF_PEOPLE = {rule.id for rule in RULES if "sign-in" in rule.tags}
"""Those are about accounts, and name the application in place of a cluster."""


def tables_of(sample: Sample) -> Tables:
    shapes, found = Shapes(), Tables(functions=Functions(), beside=Shapes())
    given: dict[str, list[dict[str, object]]] = {}
    for line in rules.expand_sample(sample.text).splitlines():
        row = orjson.loads(line)
        given.setdefault(row.pop("Table"), []).append(row)
    for name, rows in given.items():
        shape = shapes[name]
        assert {column for row in rows for column in row} <= set(shape), name
        texts = {"string": ""}
        found.fill(name, shape, [
            [str(row[column]) if column in row else texts.get(type_) for column, type_ in shape.items()] for row in rows
        ])  # fmt: skip
    return found


def test_the_recommended_alerts_are_all_there() -> None:
    assert len(RULES) - len(OF_PEOPLE) == 12
    assert sum(sample.fires for rule, sample in CASES if rule.id not in OF_PEOPLE) == 14
    assert {"alerts/disabled-account-sign-in"} == OF_PEOPLE


@pytest.mark.parametrize(("rule", "sample"), CASES, ids=lambda one: str(one.id) if isinstance(one, Rule) else "")
def test_a_rule_fires_for_its_samples_and_no_other_does(rule: Rule, sample: Sample) -> None:
    tables = tables_of(sample)
    try:
        found = cluster_alerts.firing(RULES, tables, now=NOW)
    finally:
        tables.connection.close()
    assert [one["Rule"] for one in found] == ([rule.id] if sample.fires else [])
    assert all(one["Object"] and one["Value"] is not None and one["Title"] == rule.title for one in found)
    if rule.id in OF_PEOPLE:
        assert all(one["ClusterName"] in ("Lockgate", "GitHub") for one in found)
        return
    assert all(one["ClusterName"] == "harbour" for one in found)
    assert all(one["Kind"] and one["Name"] and one["Name"] in one["Object"] for one in found)
    assert all(one["Namespace"] == ("" if one["Kind"] == "Node" else "shop") for one in found)


def test_a_rule_whose_query_cannot_be_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "alerts"
    folder.mkdir()
    text = (
        "id: alerts/own\ntitle: Own\nwhy: x\nseverity: low\nconfidence: low\nfix: x\nlogic: {%s}\n"
        "samples: [{fires: true, text: x}, {fires: false, text: y}]\n"
    )
    for logic, said in (("kql: 'Perf | wehre'", "cannot be read"), ("query: x", "is kql"), ("kql: 1", "is kql")):
        (folder / "own.yaml").write_text(text % logic)
        with pytest.raises(ConfigurationError, match=said):
            cluster_alerts.rules_of((tmp_path,))
    assert Family.ALERTS in rules.OWN_FAMILIES
