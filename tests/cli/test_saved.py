"""`lockgate saved`: queries and functions by a name, asked with `lockgate ask`."""


def test_a_query_is_kept_and_asked_with_parameters(lockgate, tmp_path):
    (tmp_path / "q.kql").write_text("declare query_parameters(n:long); Twice(n)")
    (tmp_path / "queries" / "functions").mkdir(parents=True)
    (tmp_path / "queries" / "functions" / "Twice.kql").write_text("// Doubles\n(n:long) { print Twice=n * 2 }")

    def run(*arguments, stdin=""):
        return lockgate(*arguments, cwd=tmp_path, stdin=stdin)

    assert run("saved", "set", "double", "q.kql", "--about", "Twice as much").returncode == 0
    done = run("ask", "--saved", "double", "--parameter", "n=21", "--format", "csv")
    assert (done.stdout.splitlines(), done.returncode) == (["Twice", "42"], 0), done.stderr
    listed = run("saved", "list").stdout.splitlines()
    assert [line.split()[:2] for line in listed] == [["query", "double"], ["function", "Twice"]]
    assert listed[0].endswith("Twice as much") and listed[1].endswith("Doubles")
    assert run("saved", "show", "Twice", "--function").stdout == "(n:long) { print Twice=n * 2 }\n"

    assert run("saved", "set", "Twice", "-", "--function", stdin="print 1").returncode == 3
    assert run("saved", "set", "One", "-", "--function", stdin="print One=1").returncode == 0
    assert run("ask", "One", "--format", "csv").stdout.splitlines() == ["One", "1"]
    assert run("saved", "drop", "One", "--function").returncode == 0
    assert run("ask", "One").returncode == 2


def test_what_there_is_not_is_told(lockgate, tmp_path):
    for arguments in (("saved", "show", "q"), ("saved", "drop", "q"), ("ask", "--saved", "q"),
                      ("ask", "print 1", "--saved", "q"), ("ask", "print 1", "--parameter", "n")):  # fmt: skip
        done = lockgate(*arguments, cwd=tmp_path)
        assert done.returncode == 2 and done.stderr, arguments
