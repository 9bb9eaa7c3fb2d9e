"""The binder: the columns that queries give, by name and type, and what is said of those that are wrong."""

from pathlib import Path

import pytest

from lockgate.kql import QueryError, Workspace, bind, bound, parse, syntax
from lockgate.kql.types import Table


def _function(text: str) -> syntax.Function:
    (let, _) = parse(f"let f = {text}; print 1").statements
    assert isinstance(let, syntax.Let)
    assert isinstance(let.value, syntax.Function)
    return let.value


_WORKSPACE = Workspace(
    {
        "Events": {"Time": "datetime", "Name": "string", "Size": "int", "Detail": "dynamic"},
        "Users": {"Name": "string", "Id": "guid", "Size": "long"},
        "EventsOld": {"Time": "datetime", "Size": "string"},
    },
    {
        "Recent": _function("(span: timespan = 1d) { Events | where Time > ago(span) }"),
        "Sized": _function("(T: (Size: int)) { T | extend Twice = Size * 2 }"),
    },
)


def _columns(text: str) -> str:
    answer = bind(parse(text), _WORKSPACE)
    return " ".join(f"{name}:{type_}" for name, type_ in answer.columns) + (" ..." if answer.open else "")


def _cases() -> list[tuple[str, str]]:
    """Queries of ``columns.kql`` with the columns that stand below them."""
    lines = [line for line in (Path(__file__).parent / "columns.kql").read_text().splitlines()[1:] if line]
    return list(zip(lines[::2], (line.removeprefix("// ") for line in lines[1::2]), strict=True))


@pytest.mark.parametrize(("text", "columns"), _cases())
def test_queries_give_the_columns_that_the_service_gives(text: str, columns: str) -> None:
    assert _columns(text) == columns


@pytest.mark.parametrize(
    ("text", "code", "start"),
    [
        ("Event | take 1", "KS204", 0),
        ("Events | where Nme == 'x'", "KS142", 15),
        ("print tostrin(1)", "KS211", 6),
        ("Events | where Size", "KS141", 15),
        ("Events | where Name > 1", "KS106", 20),
        ("Events | extend x = hourofday(Name)", "KS107", 30),
        ("Events | extend x = substring(Name)", "KS119", 20),
        ("print strcat()", "KS120", 6),
        ("Events | where count() > 1", "KS144", 15),
        ("Events | summarize Name", "KS236", 19),
        ("Events | evaluate pivott(Name)", "KS124", 18),
        ("Events | where Users == 1", "KS108", 15),
        ("Events | where Size between (Users .. 2)", "KS137", 29),
        ("Events | join kind=leftish (Users) on Name", "KS005", 19),
        ("Events | join kind='inner' (Users) on Name", "KS005", 19),
        ("Events | join kind=inner kind=inner (Users) on Name", "KS180", 25),
        ("union withsource=a with_source=b Events", "KS180", 19),
        ("Events | summarize hint.shufflekey=Nme count() by Name", "KS142", 35),
        ("Events | join hint.num_partitions=many (Users) on Name", "KS221", 34),
        ("union isfuzzy=1 Events", "KS223", 14),
        ("Events | parse-kv Name as (a: int) with (pair_delimiter=1)", "KS222", 56),
        ("Events | reduce by Name with threshold='x'", "KS224", 39),
        ("Events | render pie", "KS005", 16),
        ("print dynamic([int(1)])", "KS006", 15),
        ("externaldata(a: int)['x'] with (format=dynamic(1))", "KS006", 39),
        ("Events | summarize (a, b) = max(Size)", "KS149", 19),
        ("Events | summarize a = percentile(Size)", "KS119", 23),
        ("Events | render timechart with (xcolumn=Tim)", "KS142", 40),
        ("Events | render timechart with (ycolumns=Size, Tim)", "KS142", 47),
        ("Events | render timechart with (xcolumn=Users)", "KS109", 40),
        ("Events | render timechart with (title=1)", "KS141", 38),
        ("Events | render timechart with (xmin=Size)", "KS226", 37),
        ("Events | join Users on Id", "KS145", 23),
        ("Events | join Users on $left.Name == $right.Id", "KS242", 0),
        ("Events | join Users on Size", "KS227", 23),
        ("Events | project Name, Name", "KS171", 23),
        ("Events | sort by Detail", "KS116", 17),
        ("Events | top 'x' by Size", "KS134", 13),
        ("let a = 1; let a = 2; print a", "KS201", 15),
        ("where 1 == 1", "KS174", 0),
        ("print datetime_diff('dya', now(), now())", "KS140", 20),
        ("Events | invoke Sized2()", "KS211", 16),
        ("Users | project Id | invoke Sized()", "KS249", 0),
        ("Events | extend x = extract(Name, 1, Name)", "KS129", 28),
        ("datatable(a: long, b: long)[1, 2, 3]", "KS173", 28),
        ("Events | parse Name with x y", "KS101", 27),
        ("database('other').T", "KS208", 9),
        ("union Nothing*", "KS142", 6),
        ("Events | graph-to-table nodes", "KS219", 9),
        ("Events | project-away Nope*", "KS142", 22),
    ],
)
def test_what_is_wrong_has_kustos_code_and_place(text: str, code: str, start: int) -> None:
    with pytest.raises(QueryError) as caught:
        bind(parse(text), _WORKSPACE)
    found = {(one.code, one.start) for one in caught.value.diagnostics}
    assert (code, start) in found
    assert start == min(one.start for one in caught.value.diagnostics)


def test_everything_that_is_wrong_is_told_with_the_nearest_known_name() -> None:
    with pytest.raises(QueryError) as caught:
        bind(parse("Events | where Nme == 1 | extend x = tostrng(Szie)"), _WORKSPACE, where="q.kql")
    hints = [one.hint for one in caught.value.diagnostics]
    assert hints == ["Did you mean Name?", "Did you mean tostring?", "Did you mean Size?"]
    assert str(caught.value).startswith("q.kql:1:16: KS142: There is no column, table, variable or function 'Nme'.")


def test_the_bound_tree_names_columns_once_for_all() -> None:
    answer = bind(parse("Events | where Size > 5 | project Name, Twice = Size * 2"), _WORKSPACE)
    (project,) = answer.results
    assert isinstance(project, bound.Step)
    assert isinstance(project.syntax, syntax.Project)
    assert isinstance(project.input, bound.Step)
    (condition,) = project.input.values
    assert isinstance(condition, bound.Operation)
    assert isinstance(project.input.input, bound.Stored)
    stored = project.input.input.type
    assert isinstance(stored, Table)
    used = condition.arguments[0]
    assert isinstance(used, bound.Use)
    assert used.column is stored.column("Size")
    twice = project.made[1].value
    assert isinstance(twice, bound.Operation)
    assert twice.arguments[0].type is used.type


def test_a_table_that_is_named_is_one_object_wherever_it_is_used() -> None:
    answer = bind(parse("let T = materialize(Events | take 5); T | union T"), _WORKSPACE)
    (union,) = answer.results
    assert isinstance(union, bound.Step)
    assert isinstance(union.input, bound.Shared)
    assert union.others == (union.input,)


@pytest.mark.parametrize(
    "text",
    [
        "let f = (n: long) { f(n) }; print f(1)",
        "let f = () { Recent | join (f()) on Name }; f()",
        "".join(f"let f{i} = (n: long) {{ iff(n > 1, f{i - 1}(n), abs(n)) }};" for i in range(1, 300)) + "print f9(1)",
        "print " + "-abs(" * 39 + "1" + ")" * 39,
        "print x = dynamic(1) | where " + "not(" * 38 + "x.a in (1)" + ")" * 38,
        "T" + " | join (T" * 38 + ") on a" * 38,
        "print 1 " + "+ 1 " * 20_000,
        "Events " + "| extend a = Size " * 3_000,
    ],
)
def test_what_grows_or_turns_in_circles_ends(text: str) -> None:
    try:
        bind(parse(text), _WORKSPACE)
    except QueryError as error:
        assert error.diagnostics[0].code in ("KS245", "KS211", "KS244", "KS142", "KS204")


def test_functions_that_double_what_they_call_end_soon() -> None:
    lets = ["let f0 = () { Events | union Events };"]
    lets += [f"let f{i} = () {{ f{i - 1}() | union f{i - 1}() }};" for i in range(1, 20)]
    with pytest.raises(QueryError) as caught:
        bind(parse("".join(lets) + "f19()"), _WORKSPACE)
    assert caught.value.diagnostics[0].code == "KS245"


@pytest.mark.parametrize(
    "text",
    [
        "union hint.concurrency=3 Events",
        "Events | summarize hint.shufflekey=Name hint.shufflekey=Size count() by Name, Size",
        "Events | parse kind=regex flags=Ui Name with x",
        "Events | render timechart with (title='t', xcolumn=Time, ymin=1, ycolumns=Size, series=Name, xaxis=log)",
        "Events | sort hint.spread=1 by Size",
    ],
)
def test_parameters_that_are_known_or_passed_over_are_no_faults(text: str) -> None:
    assert bind(parse(text), _WORKSPACE).columns


def test_a_wrong_word_names_the_nearest_and_all_that_are_known() -> None:
    with pytest.raises(QueryError) as caught:
        bind(parse("Events | lookup kind=leftoutr (Users) on Name"), _WORKSPACE)
    hint = caught.value.diagnostics[0].hint
    assert hint == "Did you mean leftouter? Known are: inner, leftouter."
