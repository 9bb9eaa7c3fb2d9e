"""`lockgate ask`: the record answers in Kusto Query Language, in every form, once or in a shell."""

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lockgate.cli._ask_chart import draw
from lockgate.cli._ask_forms import write
from lockgate.store.ask import Answer, AnswerTable


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one stored run of the policies over one Pod."""
    found = tmp_path_factory.mktemp("asked")
    (found / "lockgate.yaml").write_text("version: 1\nfamilies: [policy]\n")
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: nginx}]}\n"
    (found / "pod.yaml").write_text(pod)
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-m", "lockgate", "check"], cwd=found, env=surroundings, capture_output=True)
    return found


@pytest.fixture
def ask(lockgate, folder):
    def run(*arguments: str, stdin: str = ""):
        return lockgate("ask", *arguments, cwd=folder, stdin=stdin)

    return run


def test_an_answer_is_a_table_with_numbers_to_the_right(ask):
    done = ask("print Word='a', Number=12 | extend Number=Number")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["Word  Number", "----  ------", "a         12"]


def test_a_query_that_was_written_for_sentinel_binds_and_finds_nothing(ask):
    query = """
        SigninLogs
        | where TimeGenerated > ago(1d) and ResultType == "0" and DeviceDetail.isCompliant == false
        | join kind=inner (AuditLogs | mv-expand TargetResources
            | extend Who = tostring(InitiatedBy.user.userPrincipalName))
            on $left.UserPrincipalName == $right.Who
        | summarize Count = count() by UserPrincipalName, OperationName
    """
    done = ask(query, "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["UserPrincipalName,OperationName,Count"]
    done = ask("AzureDiagnostics | where Category == 'kube-audit' | count", "--format", "csv", "--since", "7d")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["Count", "0"]


def test_the_record_answers(ask):
    done = ask("Findings | where Family == 'policy' | summarize Count=count() by Severity | order by Severity asc",
               "--format", "json")  # fmt: skip
    answer = json.loads(done.stdout)
    assert answer["tables"][0]["columns"] == [
        {"name": "Severity", "type": "string"}, {"name": "Count", "type": "long"},
    ]  # fmt: skip
    rows = answer["tables"][0]["rows"]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert sum(row[1] for row in rows) == json.loads(ask("Findings | count", "--format", "json").stdout)["tables"][0][
        "rows"][0][0] > 3  # fmt: skip


def test_dynamic_values_are_json_in_json(ask):
    answer = json.loads(ask("Runs | project Families, TimeGenerated", "--format", "json").stdout)
    families, moment = answer["tables"][0]["rows"][0]
    assert families == ["policy"]
    assert moment.endswith("Z")


def test_each_row_can_be_a_line_of_json(ask):
    done = ask("range x from 1 to 3 step 1 | extend y=x*2.5", "--format", "ndjson")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"x": 1, "y": 2.5}, {"x": 2, "y": 5.0}, {"x": 3, "y": 7.5},
    ]  # fmt: skip


def test_csv_can_be_read_back_and_holds_no_formula(ask):
    done = ask("datatable(a:string, n:long)['=1+1', -5, 'x,\"y\"', 2]", "--format", "csv")
    assert list(csv.reader(io.StringIO(done.stdout))) == [["a", "n"], [" =1+1", "-5"], ['x,"y"', "2"]]


def test_markdown_holds_no_html_and_no_broken_cell(ask):
    done = ask("print a='<b>|`x`'", "--format", "markdown")
    assert done.stdout.splitlines() == ["| a |", "| --- |", "| &lt;b&gt;\\|\\`x\\` |"]


def test_a_wrong_name_is_underlined_with_the_nearest_known_one(ask):
    done = ask("Runs | where Verdct == 'deny'")
    assert done.returncode == 2
    assert done.stderr.splitlines()[:2] == ["Runs | where Verdct == 'deny'", "             ^^^^^^"]
    assert "Did you mean Verdict?" in done.stderr


def test_only_rows_since_a_time_are_seen(ask):
    assert ask("Runs | count", "--format", "csv", "--since", "7d").stdout == "Count\n1\n"
    assert ask("Runs | count", "--format", "csv", "--since", "2999-01-01").stdout == "Count\n0\n"
    assert ask("Runs | count", "--since", "yesterday").returncode == 2


def test_a_query_comes_from_standard_input_or_a_file(ask, folder, tmp_path):
    assert ask("-", "--format", "csv", stdin="print x=1").stdout == "x\n1\n"
    assert ask("--format", "csv", stdin="print x=2").stdout == "x\n2\n"
    (tmp_path / "q.kql").write_text("print x=3")
    assert ask("--file", str(tmp_path / "q.kql"), "--format", "csv").stdout == "x\n3\n"
    assert ask("--file", str(tmp_path / "none.kql")).returncode == 5
    assert ask("print 1", "--file", str(tmp_path / "q.kql")).returncode == 2


def test_a_query_that_is_no_text_or_too_long_is_refused(ask, tmp_path):
    (tmp_path / "q.kql").write_bytes(b"print '\xff'")
    assert "byte 7 is not UTF-8" in ask("--file", str(tmp_path / "q.kql")).stderr
    (tmp_path / "long.kql").write_bytes(b" " * (1 << 20) + b"print 1")
    assert ask("--file", str(tmp_path / "long.kql")).returncode == 2


def test_more_rows_than_allowed_are_an_error_and_no_part_of_the_answer(ask):
    done = ask("range x from 1 to 100 step 1", "--rows", "10")
    assert (done.returncode, done.stdout) == (2, "")
    assert "more than 10 rows" in done.stderr


def test_how_it_would_run_is_shown_without_running_it(ask):
    done = ask("--explain", "Findings | where Severity == 'high' | summarize count() by Rule")
    assert "Scan Findings" in done.stdout
    assert "GROUP BY" in done.stdout
    assert "'high'" not in done.stdout, "what a user writes is a parameter"
    assert re.search(r"-- cost of Findings: [0-9,]+ rows in \d+ files, at most [0-9,]+ of [0-9,]+ bytes", done.stdout)


def test_a_result_cannot_move_the_cursor(ask):
    done = ask("print a='x\\u001b[2Jy\\u202ez'")
    assert "\x1b" not in done.stdout
    assert "x\\x1b[2Jy\\u202ez" in done.stdout


def _answered(kind: str, columns: list[tuple[str, str]], rows: list[tuple[object, ...]]) -> AnswerTable:
    return AnswerTable(tuple(columns), rows, (kind, {}))


def test_bars_are_as_long_as_their_shares():
    table = _answered("barchart", [("k", "string"), ("n", "long")], [("a", 10), ("bb", 5), ("c", 0)])
    one, two, three = draw(table, width=44)
    assert one.count("█") == 2 * two.count("█") > 10
    assert three.count("█") == 0
    assert [line.split()[-1] for line in (one, two, three)] == ["10", "5", "0"]


def test_a_series_over_time_goes_from_one_corner_to_the_other():
    rows: list[tuple[object, ...]] = [(600_000_000 * i, float(i)) for i in range(10)]
    lines = list(draw(_answered("timechart", [("t", "datetime"), ("n", "real")], rows), width=40))
    assert lines[0] == "n  0 to 9"
    assert lines[1].strip() and lines[1].rstrip() != lines[1].strip(), "the highest value is at the right"
    assert lines[6].startswith(lines[6].strip()), "the lowest at the left"
    assert lines[-1].startswith("0001-01-01T00:00:00")


def test_series_that_stand_in_lists_are_drawn_as_those_of_rows_are():
    times = json.dumps([f"2026-11-20T0{hour}:00:00.0000000Z" for hour in range(4)])
    columns = [("Verb", "string"), ("n", "dynamic"), ("TimeGenerated", "dynamic")]
    rows: list[tuple[object, ...]] = [("get", "[0,1,2,3]", times), ("list", "[4,null,2.5,1]", times)]
    lines = list(draw(_answered("timechart", columns, rows), width=60))
    assert [line for line in lines if " to " in line] == ["get n  0 to 3", "list n  0 to 4"]
    assert lines[-1].startswith("2026-11-20T00:00:00") and lines[-1].endswith("2026-11-20T03:00:00.0000000Z")
    for odd in ('["a","b"]', "[", "null", '[1,"x"]', "{}"):
        assert list(draw(_answered("timechart", [("n", "dynamic")], [(odd,)]), width=60)) == [
            "nothing to draw: there are no numbers"
        ]


@pytest.mark.parametrize("rows", [[], [(None, None)], [("a", float("nan"))], [("a", float("inf")), ("b", -3)]])
@pytest.mark.parametrize("kind", ["timechart", "piechart", "scatterchart"])
def test_what_cannot_be_drawn_is_said_or_drawn_as_nothing(kind, rows):
    for columns in ([("k", "string"), ("n", "real")], [("n", "real"), ("m", "real")]):
        if columns[0][1] == "real":
            rows = [(None, row[1]) for row in rows]
        assert all(isinstance(line, str) for line in draw(_answered(kind, columns, rows), width=40))


def test_a_chart_follows_a_table_where_the_query_asks_for_one():
    table = _answered("barchart", [("k", "string"), ("n", "long")], [("a", 10)])
    for charts, bars in ((True, 1), (False, 0)):
        out = io.StringIO()
        write(Answer((table,), {}), "table", out, charts=charts)
        assert ("█" in out.getvalue()) == bars


@pytest.fixture
def shell(folder, tmp_path) -> Iterator[object]:
    """Types lines into the shell on a terminal of its own; gives all that the terminal showed."""

    def run(*lines: str) -> str:
        ours, theirs = pty.openpty()
        surroundings = {
            **os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "XDG_STATE_HOME": str(tmp_path),
            "TERM": "dumb",
        }  # fmt: skip
        process = subprocess.Popen([sys.executable, "-m", "lockgate", "ask"], cwd=folder, env=surroundings,
                                   stdin=theirs, stdout=theirs, stderr=theirs)  # fmt: skip
        os.close(theirs)
        os.write(ours, "".join(f"{line}\n" for line in (*lines, ".exit")).encode())
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # the other end is closed
            pass
        assert process.wait(30) == 0
        os.close(ours)
        return shown.decode("utf-8", "replace").replace("\r\n", "\n")

    yield run


def test_the_shell_answers_queries_of_several_lines_and_goes_on_after_an_error(shell, tmp_path):
    shown = shell(".tables", "print", "  answer = 6 * 7", "", "print nothing_known;", "print after = 'error';")
    assert "Findings\n" in shown
    assert "answer\n" in shown and "    42\n" in shown
    assert "KS142" in shown
    assert "after\n" in shown
    assert "print after = 'error';" in (tmp_path / "lockgate" / "ask_history").read_text()


def test_the_shell_shows_columns_and_changes_its_form(shell):
    shown = shell(
        ".show Runs", ".show ContainerLog", ".show Syslog", ".show _GetWatchlist", ".format csv", "print x=1;",
        ".format nothing", ".show Nothing", ".unknown", ".help",
    )  # fmt: skip
    assert "Verdict         string" in shown
    assert "LogEntrySource   string" in shown and "ProcessID          int" in shown
    assert "there is no table '_GetWatchlist'" in shown
    assert "x\n1\n" in shown
    assert "one of table, json" in shown
    assert "there is no table 'Nothing'" in shown
    assert "there is no command '.unknown'" in shown


def test_rows_can_be_seen_as_a_person_sees_them(ask, folder):
    given = (folder / "lockgate.yaml").read_text()
    (folder / "lockgate.yaml").write_text(f"{given}tables: {{Runs: {{access: [{{people: [ana]}}]}}}}\n")
    try:
        seen = [ask("Runs | count", "--format", "csv", *more).stdout.split()[1]
                for more in ((), ("--as", "ana"), ("--as", "eve"))]  # fmt: skip
    finally:
        (folder / "lockgate.yaml").write_text(given)
    assert seen == ["1", "1", "0"]


@pytest.mark.parametrize("arguments", [("--explain",), ("--as", "ana"), ("--engine", "duckdb")])
def test_a_query_is_passed_on_as_it_stands(ask, arguments):
    done = ask("print 1", "--at", "http://127.0.0.1:1/lockgate", *arguments)
    assert (done.returncode, "--at" in done.stderr) == (2, True)


def test_a_service_that_does_not_answer_is_named(ask):
    done = ask("print 1", "--at", "http://127.0.0.1:1/lockgate")
    assert done.returncode not in (0, 70) and "http://127.0.0.1:1" in done.stderr, done.stderr
