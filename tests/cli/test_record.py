"""`lockgate record`: rows, versions, compaction and retention of what checks stored."""

import json

import pytest


@pytest.fixture
def checked(lockgate, secrets_only, token):
    """A repository with two stored runs, one finding each."""
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    for _ in range(2):
        assert lockgate("check", cwd=secrets_only.folder).returncode == 1
    return secrets_only.folder


def rows(lockgate, folder, *arguments):
    done = lockgate("record", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_runs_and_findings_are_shown_newest_last(lockgate, checked):
    runs = rows(lockgate, checked, "show", "Runs")
    assert len(runs) == 2
    assert runs[0]["TimeGenerated"] < runs[1]["TimeGenerated"]
    assert len(rows(lockgate, checked, "show", "Findings")) == 2
    assert rows(lockgate, checked, "show", "Runs", "--limit", "1") == runs[1:]


def test_a_limit_below_one_is_a_wrong_call(lockgate, tmp_path):
    assert lockgate("record", "show", "Runs", "--limit", "0", cwd=tmp_path).returncode == 2


def test_a_table_can_be_shown_as_it_stood(lockgate, checked):
    versions = [one["version"] for one in rows(lockgate, checked, "history", "Findings")]
    assert versions == sorted(versions, reverse=True)
    assert len(rows(lockgate, checked, "show", "Findings", "--version", str(min(versions)))) == 1


def test_a_version_that_never_was_is_an_error_and_no_defect(lockgate, checked):
    done = lockgate("record", "show", "Findings", "--version", "99", cwd=checked)
    assert done.returncode in (2, 5)
    assert "a defect of Lockgate" not in done.stderr


def test_compacting_keeps_every_row(lockgate, checked):
    before = rows(lockgate, checked, "show", "Findings")
    assert lockgate("record", "compact", cwd=checked).returncode == 0
    key = json.dumps
    assert sorted(map(key, rows(lockgate, checked, "show", "Findings"))) == sorted(map(key, before))


def test_young_runs_are_retained(lockgate, checked):
    assert lockgate("record", "retain", "1", cwd=checked).returncode == 0
    assert len(rows(lockgate, checked, "show", "Runs")) == 2


def test_old_rows_of_one_ingested_table_are_forgotten(lockgate, checked):
    (checked / "a.ndjson").write_text('{"a": 1, "TimeGenerated": "2020-01-01T00:00:00Z"}\n')
    assert lockgate("ingest", "a.ndjson", "--table", "Rows_CL", cwd=checked).returncode == 0
    said = lockgate("record", "retain", "30", "--table", "Rows_CL", cwd=checked).stdout
    assert said == "rows of Rows_CL older than 30 days are forgotten: 1 rows\n"
    assert len(rows(lockgate, checked, "show", "Runs")) == 2
    refused = lockgate("record", "retain", "30", "--table", "Findings", cwd=checked)
    assert (refused.returncode, "Rows_CL" in refused.stderr) == (2, True)


def test_each_table_is_kept_as_long_as_its_settings_say(lockgate, checked):
    assert lockgate("record", "retain", cwd=checked).returncode == 2
    stamps = ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"]
    lines = "".join(json.dumps({"a": 1, "TimeGenerated": one}) + "\n" for one in stamps)
    for table in ("Old_CL", "Kept_CL"):
        (checked / "a.ndjson").write_text(lines)
        assert lockgate("ingest", "a.ndjson", "--table", table, cwd=checked).returncode == 0
    given = (checked / "lockgate.yaml").read_text()
    (checked / "lockgate.yaml").write_text(
        f"{given}\ntables:\n  Old_CL: {{retention_days: 30, plan: Basic}}\n  Runs: {{retention_days: 1}}\n"
    )
    said = lockgate("record", "retain", cwd=checked).stdout.splitlines()
    assert said == ["rows of Old_CL older than 30 days are forgotten: 1 rows",
                    "rows of Runs older than 1 days are forgotten: 0 rows"]  # fmt: skip
    counted = lockgate("ask", "union withsource=w Old_CL, Kept_CL | summarize count() by w | sort by w asc",
                       "--format", "csv", cwd=checked).stdout  # fmt: skip
    assert counted.splitlines()[1:] == ["Kept_CL,2", "Old_CL,1"]
    assert lockgate("record", "compact", cwd=checked).returncode == 0


@pytest.mark.parametrize("arguments", [("retain", "0"), ("retain", "soon"), ("forget",), ()])
def test_a_wrong_call_exits_with_2(lockgate, tmp_path, arguments):
    assert lockgate("record", *arguments, cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("action", ["show", "history"])
def test_an_unknown_table_is_named_and_is_no_defect(lockgate, tmp_path, action):
    done = lockgate("record", action, "Finding", cwd=tmp_path)
    assert done.returncode == 2
    assert "Findings" in done.stderr
    assert "a defect of Lockgate" not in done.stderr


def test_a_project_without_a_record_has_no_rows(lockgate, repository):
    assert rows(lockgate, repository.folder, "show", "Runs") == []
    assert rows(lockgate, repository.folder, "history", "Runs") == []


def test_ingested_tables_are_shown_as_they_stand_and_stood(lockgate, tmp_path):
    for name in ("one", "two"):
        (tmp_path / "rows.ndjson").write_text(json.dumps({"PodName": name, "LogMessage": {"a": 1}}) + "\n")
        assert lockgate("ingest", "rows.ndjson", "--table", "ContainerLogV2", cwd=tmp_path).returncode == 0

    def shown(*arguments):
        done = lockgate("record", *arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    assert [row["PodName"] for row in shown("show", "ContainerLogV2")] == ["one", "two"]
    assert [row["PodName"] for row in shown("show", "ContainerLogV2", "--limit", "1")] == ["two"]
    versions = [one["version"] for one in shown("history", "ContainerLogV2")]
    assert versions == sorted(versions, reverse=True)
    stood = [row["PodName"] for row in shown("show", "ContainerLogV2", "--version", str(versions[0] - 1))]
    assert stood == ["one"]
    wrong = lockgate("record", "show", "ContainerLogV3", cwd=tmp_path)
    assert wrong.returncode == 2 and "ContainerLogV2" in wrong.stderr
    assert lockgate("record", "show", "../record/Runs", cwd=tmp_path).returncode == 2
