"""`lockgate saved`: queries and functions by a name, asked with `lockgate ask`."""

import pytest

from lockgate.store.saved import FUNCTION, Library, Saved


@pytest.fixture
def folder(tmp_path):
    """A project with a function in a file and one in the workspace."""
    (tmp_path / "queries" / "functions").mkdir(parents=True)
    (tmp_path / "queries" / "functions" / "Twice.kql").write_text("// Doubles\n(n:long) { print Twice=n * 2 }")
    Library.open(tmp_path / "queries", tmp_path / ".lockgate").put(Saved(FUNCTION, "One", "() { print 1 }", who="ana"))
    return tmp_path


def test_a_query_is_kept_and_asked_with_parameters(lockgate, folder):
    (folder / "q.kql").write_text("declare query_parameters(n:long); Twice(n)")
    assert lockgate("saved", "set", "double", "q.kql", "--about", "Twice as much", cwd=folder).returncode == 0
    done = lockgate("ask", "--saved", "double", "--parameter", "n=21", "--format", "csv", cwd=folder)
    assert (done.stdout.splitlines(), done.returncode) == (["Twice", "42"], 0), done.stderr


def test_what_is_kept_is_listed_and_shown(lockgate, folder):
    listed = lockgate("saved", "list", cwd=folder).stdout.splitlines()
    assert [line.split()[:3] for line in listed] == [
        ["function", "One", "workspace,"], ["function", "Twice", str(folder / "queries/functions/Twice.kql")],
    ]  # fmt: skip
    assert listed[1].endswith("Doubles")
    assert lockgate("saved", "show", "Twice", "--function", cwd=folder).stdout == "(n:long) { print Twice=n * 2 }\n"


def test_a_function_of_the_workspace_is_dropped_and_one_of_a_file_is_not(lockgate, folder):
    assert lockgate("saved", "drop", "One", "--function", cwd=folder).returncode == 0
    assert lockgate("saved", "drop", "Twice", "--function", cwd=folder).returncode == 3
    assert list(Library.open(folder / "queries", folder / ".lockgate").functions()) == ["Twice"]


@pytest.mark.parametrize("arguments", [
    ("saved", "show", "q"), ("saved", "drop", "q"), ("ask", "--saved", "q"), ("ask", "print 1", "--saved", "q"),
    ("ask", "print 1", "--parameter", "n"),
])  # fmt: skip
def test_what_there_is_not_is_told(lockgate, tmp_path, arguments):
    done = lockgate(*arguments, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr
