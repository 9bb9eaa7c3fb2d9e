"""Queries and functions that are kept: in files, and in the workspace with every change."""

import pytest

from lockgate.errors import ConfigurationError
from lockgate.store.ask import Tables, ask
from lockgate.store.saved import FUNCTION, QUERY, Library, Saved, SavedFunctions, function_text


@pytest.fixture
def library(tmp_path):
    return Library.open(tmp_path / "queries", tmp_path / "workspace")


def write(library, name, text):
    path = library.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def answered(library, query):
    tables = Tables(functions=SavedFunctions(library.functions()))
    try:
        return ask(query, tables).rows
    finally:
        tables.connection.close()


def test_nothing_is_kept_at_first_and_no_file_is_made(library):
    assert (library.functions(), library.queries()) == ({}, {})
    assert not library.ledger.exists()


def test_the_last_change_counts_and_all_stay(library):
    for text in ("print 1", "print 2"):
        library.put(Saved(QUERY, "q", text, "first words", who="ana"))
    assert library.queries()["q"].text == "print 2"
    assert library.drop(QUERY, "q", who="rob") and not library.drop(QUERY, "q", who="rob")
    assert library.queries() == {}
    assert [(one.text, one.who) for one in library.history(QUERY, "q")] == [
        ("print 1", "ana"), ("print 2", "ana"), ("", "rob"),
    ]  # fmt: skip
    library.put(Saved(QUERY, "q", "print 3"))
    assert library.queries()["q"].text == "print 3" and library.functions() == {}


def test_files_go_before_and_are_changed_where_they_are(library):
    write(library, "q.kql", "// What it is for\n// and more\nprint 1\n")
    library.put(Saved(FUNCTION, "F", "() { print 1 }"))
    write(library, "functions/F.kql", "(x: long = 5) { print x }")
    assert library.queries()["q"].about == "What it is for and more"
    assert answered(library, "F") == [(5,)]
    for change in (lambda: library.put(Saved(FUNCTION, "F", "() { print 2 }")),
                   lambda: library.drop(FUNCTION, "F", who="ana")):  # fmt: skip
        with pytest.raises(ConfigurationError, match="in a file"):
            change()


def test_a_parser_with_parameters_is_a_function_like_those_of_asim(library):
    write(library, "functions/vimSession.kql", """
        // Sessions of one source, filtered
        (starttime: datetime = datetime(null), names: dynamic = dynamic([]), disabled: bool = false) {
            let rows = datatable(TimeGenerated: datetime, Name: string) [
                datetime(2026-01-01), 'a', datetime(2026-01-02), 'b', datetime(2026-01-03), 'c'];
            let filter = (disabled: bool) {
                rows
                | where not(disabled)
                | where isnull(starttime) or TimeGenerated >= starttime
                | where array_length(names) == 0 or Name in (names)
            };
            filter(disabled)
        }""")  # fmt: skip
    write(library, "functions/imSession.kql", """(pack: bool = false, starttime: datetime = datetime(null)) {
        union isfuzzy=true vimSession(starttime=starttime, disabled=pack), (vimEmpty) }""")  # fmt: skip
    write(library, "functions/vimEmpty.kql", "datatable(TimeGenerated: datetime, Name: string) []")
    assert answered(library, "vimSession | count") == [(3,)]
    assert answered(library, "vimSession(names=dynamic(['a', 'c'])) | summarize make_set(Name)") == [('["a","c"]',)]
    assert answered(library, "imSession(starttime=datetime(2026-01-02)) | project Name") == [("b",), ("c",)]
    assert answered(library, "imSession(pack=true) | count") == [(0,)]


def test_a_wrong_file_is_in_the_way_of_nobody_who_does_not_name_it(library):
    write(library, "functions/Wrong.kql", "(x: long) { print (")
    write(library, "functions/Right.kql", "print 1")
    assert answered(library, "Right") == [(1,)]
    with pytest.raises(ConfigurationError, match=r"Wrong\.kql") as told:
        answered(library, "Wrong(1)")
    assert "line 1" in str(told.value)


@pytest.mark.parametrize("name", ["Findings", "AKSAudit", "AzureDiagnostics", "_GetWatchlist"])
def test_no_function_takes_the_place_of_what_every_workspace_has(library, name):
    with pytest.raises(ConfigurationError, match="every workspace"):
        library.put(Saved(FUNCTION, name, "() { print 1 }"))
    write(library, f"functions/{name}.kql", "print 1")
    with pytest.raises(ConfigurationError, match="every workspace"):
        library.functions()


@pytest.mark.parametrize(("kind", "name", "text"), [
    (QUERY, "q", " "), (QUERY, "a b", "print 1"), (QUERY, "../q", "print 1"), (FUNCTION, "a-b", "() { print 1 }"),
    (FUNCTION, "F", "print 1"), (FUNCTION, "F", "() { print 1 }; print 2"), (QUERY, "q", "print ("),
    (QUERY, "q", "x" * (1 << 21)),
])  # fmt: skip
def test_what_cannot_be_kept_is_told(library, kind, name, text):
    with pytest.raises(ConfigurationError):
        library.put(Saved(kind, name, text))
    assert not library.ledger.exists()


@pytest.mark.parametrize(("text", "made"), [
    ("print 1", "() {\nprint 1\n}"), (" (x: long) { print x };\n", "(x: long) { print x }"),
    ("(print 1) | count", "() {\n(print 1) | count\n}"), ("view () { print 1 }", "view () { print 1 }"),
])  # fmt: skip
def test_a_query_is_a_function_that_takes_nothing(text, made):
    assert function_text(text) == made


def test_text_is_never_part_of_a_statement_of_the_ledger(library):
    library.put(Saved(QUERY, "q", "print \"'; DROP TABLE saved_kql; --\"", "x'); --", who="'\""))
    assert library.queries()["q"].about == "x'); --"
