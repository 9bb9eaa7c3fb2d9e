"""`lockgate rules`: the whole catalogue in three forms."""

import json

from lockgate.rules import load


def test_every_rule_is_listed(lockgate, tmp_path):
    done = lockgate("rules", cwd=tmp_path)
    listed = [line.split()[0] for line in done.stdout.splitlines()[:-1]]
    assert listed == [rule.id for rule in load().rules]
    assert done.stdout.splitlines()[-1] == f"{len(listed)} rules"


def test_a_family_can_be_chosen(lockgate, tmp_path):
    rows = json.loads(lockgate("rules", "--family", "dockerfiles", "--format", "json", cwd=tmp_path).stdout)
    assert rows
    assert {row["family"] for row in rows} == {"dockerfiles"}
    assert set(rows[0]) == {"id", "family", "severity", "confidence", "title", "tags"}


def test_the_markdown_form_has_a_section_for_every_rule(lockgate, tmp_path):
    text = lockgate("rules", "--family", "workflows", "--format", "markdown", cwd=tmp_path).stdout
    assert all(str(rule.id) in text for rule in load(["workflows"]).rules)


def test_an_unknown_family_names_those_there_are(lockgate, tmp_path):
    done = lockgate("rules", "--family", "secret", cwd=tmp_path)
    assert done.returncode == 2
    assert "secrets, dependencies" in done.stderr
