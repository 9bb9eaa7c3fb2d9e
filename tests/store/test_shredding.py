"""Paths of JSON columns that compaction keeps as columns of their own: quicker, and never another answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import duckdb
import orjson
import pytest
from deltalake import DeltaTable
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lockgate.cli._project import project_at
from lockgate.errors import ConfigurationError
from lockgate.kql import QueryError
from lockgate.settings import loads
from lockgate.store import Record
from lockgate.store.ask import Tables, ask, explain
from lockgate.store.ask.engine import EngineError
from lockgate.store.ingest import Collected, Loader
from lockgate.store.shredding import Shredding, shred, shredding_of
from lockgate.store.upkeep import Upkeep, upkeep_of
from lockgate.tables._hot_paths import HOT_PATHS, parsed

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
ROWS = 12_000
QUESTIONS = (
    "D.a == 'x'", "D.a == '5'", "D.a != 'x'", "tostring(D.a) == 'x'", "D.a in ('x', 'X y', '5')", "D.a in~ ('x')",
    "D.a !in ('x')", "D.a has 'x'", "D.a contains 'X'", "D.a startswith 'x'", "D.a =~ 'X Y'", "D.a matches regex '^x'",
    "D.a == 5", "D.a >= 5", "D.a < 5", "D.a != 5", "toint(D.a) > 4", "tolong(D.a) == 5", "todouble(D.a) > 0.5",
    "toreal(D.a) < 2", "tobool(D.a)", "isnull(D.a)", "isnotempty(D.a)", "isempty(D.a)", "gettype(D.a) == 'string'",
    "D.a == true", "D['a'] == 'x'", "D['b c'].d == 'x'", "D['b c'].d >= 1", "strlen(tostring(D.a)) > 1",
    "parse_json(S).a == 'x'", "parse_json(S).a == 5", "todynamic(S).a has 'x'", "toint(parse_json(S).a) >= 0",
    "parse_json(tostring(D.a)).b == 1", "D.a.b == 1", "D.a[0] == 1", "array_length(D.a) > 0", "D.a == D['b c'].d",
    "tostring(D.a) == tostring(parse_json(S).a)",
)  # fmt: skip
SHOWN = (
    "T | project N, V = D.a, W = tostring(D.a), I = toint(D.a), R = todouble(D['b c'].d), P = parse_json(S).a",
    "T | extend P = parse_json(S) | where isnotnull(P.a) | project N, P.a, tostring(P.a), tolong(P.a)",
    "T | extend E = D | where tostring(E.a) != '' | sort by N asc | take 3 | project N, E.a, X = E.a",
    "T | summarize count(), array_sort_asc(make_set(tostring(D.a))), take_any(D) by A = tostring(D['b c'].d)",
    "T | summarize max(toint(D.a)), dcount(tostring(D.a))",
    "T | where N > 0 | join kind=inner (T | project N, M = D.a) on N | project N, tostring(D.a), tostring(M)",
    "let U = T | where N >= 0; U | union (U | where D.a == 'x') | summarize count() by tostring(D.a)",
    "let U = materialize(T | where N >= 0); U | where D.a == 'x' | union (U | where D.a >= 5) | project N",
    "T | mv-expand D.a | project N, tostring(D_a)",
    "T | extend A = tostring(D.a) | serialize | extend Before = prev(A) | project N, Before, D.a",
    "T | extend bag = bag_pack('k', D.a) | project N, bag",
    "T", "T | getschema", "search 'x' | count", "T | project-away N | take 0", "T | where * has 'x' | count",
)
SHAPE = {"N": "long", "D": "dynamic", "S": "string"}
KNOWN = Shredding(tuple(parsed(one) for one in ("D.a", "D['b c'].d", "S.a")), frozenset({"S"}))

def written(document: object) -> str:
    return json.dumps(document)


leaves = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(
        [5, 2**31, 2**63 - 1, 2**63, -(2**63), 2**70, 0.5, 1e300, 5.0, -0.0, "x", "X", "x y", "X y", "", "5", "05",
         "5.0", "null", "true", 'q"uote', "a\\b", "é", "\x00", "a/b", "NaN", "2026-01-01", '{"b": 1}', "[1]"]
    )
)  # fmt: skip
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abd"), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
inner_bags = st.fixed_dictionaries({}, optional={"d": values})
bags = st.fixed_dictionaries({}, optional={"a": values, "b c": inner_bags | leaves})
documents = st.none() | bags | values
# A name that stands twice is left out: read whole its last value counts, by path its first, kept or not.
odd = st.sampled_from([
    '{"a":1.0}', '{"a":1e2}', '{ "a" : "x" }', '{"a":"\\u0078"}', '{"a":05}', "not json", "",
    '{"a":"a\\/b"}', '{"a":12345678901234567890}', '{"a":1.10}', '{"a":-0}', '{"a":"\\ud83d\\ude00"}',
])  # fmt: skip


def _tables(rows: list[tuple[object, str | None]], made: Shredding | None) -> Tables:
    tables = Tables()
    tables.connection.execute("CREATE TABLE given (N BIGINT, D VARCHAR, S VARCHAR)")
    for number, (document, text) in enumerate(rows):
        json_text = None if document is None else written(document)
        tables.connection.execute("INSERT INTO given VALUES (?, ?, ?)", [number, json_text, text])
    names = [] if made is None else made.names()
    read = "SELECT * FROM given" if made is None else made.written("SELECT * FROM given")
    tables.connection.execute(f"CREATE TABLE kept AS {read}")
    tables.add("T", SHAPE, "kept", paths=names)
    return tables


def _answer(query: str, tables: Tables) -> object:
    try:
        found = ask(query, tables)
    except (QueryError, EngineError) as error:  # what one says the other must say too
        return type(error).__name__
    return found.tables[0].columns, sorted(map(repr, found.rows))


@settings(max_examples=25, deadline=None, phases=(Phase.reuse, Phase.generate))
@given(st.lists(st.tuples(documents, st.none() | odd | bags.map(written)), min_size=1, max_size=6), st.data())
def test_answers_are_the_same_with_paths_kept_as_without(
    rows: list[tuple[object, str | None]], data: st.DataObject
) -> None:
    asked = data.draw(st.lists(st.sampled_from(QUESTIONS), min_size=4, max_size=8, unique=True))
    shown = data.draw(st.lists(st.sampled_from(SHOWN), min_size=2, max_size=4, unique=True))
    plain, kept = _tables(rows, None), _tables(rows, KNOWN)
    try:
        for query in (*shown, *(f"T | where {one} | project N" for one in asked),
                      *(f"T | extend Hit = {one} | project N, Hit" for one in asked)):  # fmt: skip
            assert _answer(query, kept) == _answer(query, plain), query
    finally:
        plain.connection.close()
        kept.connection.close()


def _record(folder: Path, upkeep: Upkeep | None = None) -> Record:
    record = Record.open(folder) if upkeep is None else Record.open(folder, upkeep=upkeep)
    _load(record, range(ROWS))
    return record


def _load(record: Record, numbers: range) -> None:
    loader = Loader(Collected(record), "AKSAudit")
    try:
        events = [
            {
                "TimeGenerated": f"2026-11-01T08:{i % 60:02}:00Z", "AuditId": sha256(b"%d" % i).hexdigest(),
                "User": {"username": f"user{i % 500}"}, "ObjectRef": {"namespace": f"team-{i % 7}", "name": i},
                "ResponseStatus": {"code": 403 if i % 50 == 0 else 200},
            }
            for i in numbers
        ]  # fmt: skip
        loader.load(b"".join(orjson.dumps(one) + b"\n" for one in events), received=NOW)
    finally:
        loader.close()


ASKED = (
    "AKSAudit | where User.username == 'user7' | count",
    "AKSAudit | where ResponseStatus.code >= 400 | summarize N = count() by Namespace = tostring(ObjectRef.namespace)"
    " | sort by Namespace asc",
    "AKSAudit | where ObjectRef.name == 77 | project AuditId, User, ObjectRef",
    "AKSAudit | getschema | count",
    "AKSAudit | sort by AuditId asc | take 2",
)


def _answers(record: Record) -> list[object]:
    tables = record.asked()
    try:
        return [ask(query, tables).rows for query in ASKED]
    finally:
        tables.connection.close()


def _statement(record: Record) -> str:
    tables = record.asked()
    try:
        return "".join(explain(ASKED[0], tables).statements)
    finally:
        tables.connection.close()


def _files(folder: Path) -> list[str]:
    return sorted(DeltaTable(str(folder / "record" / "AKSAudit")).file_uris())


def test_compaction_keeps_the_paths_that_are_known_and_nobody_sees_them(tmp_path: Path) -> None:
    record = _record(tmp_path)
    before = _answers(record)
    record.compact()
    (file,) = _files(tmp_path)
    assert "-paths-" in file
    with duckdb.connect() as connection:
        names = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()]
    assert sum("/" in name for name in names) == 3 * len(HOT_PATHS["AKSAudit"])
    assert _answers(record) == before
    assert "json_extract" not in _statement(record)
    seen = DeltaTable(str(tmp_path / "record" / "AKSAudit")).scan().schema
    assert not [field.name for field in seen if "/" in field.name]


def test_rows_that_came_later_are_asked_beside_those_with_paths(tmp_path: Path) -> None:
    record = _record(tmp_path)
    record.compact()
    _load(record, range(ROWS, ROWS + 700))
    whole = _record(tmp_path / "plain", Upkeep(paths={"AKSAudit": ()}))
    _load(whole, range(ROWS, ROWS + 700))
    assert _answers(record) == _answers(whole)
    assert record.compact()["AKSAudit"] == 2
    assert _answers(record) == _answers(whole)
    assert [("-paths-" in one) for one in _files(tmp_path)] == [True]


def test_other_paths_are_asked_of_the_json_until_the_next_compaction(tmp_path: Path) -> None:
    before = _answers(_record(tmp_path))
    Record.open(tmp_path).compact()
    old = _files(tmp_path)
    other = Record.open(tmp_path, upkeep=Upkeep(paths={"AKSAudit": ("User.username",)}))
    assert _answers(other) == before
    other.compact()
    assert _files(tmp_path) != old
    assert _answers(other) == before
    assert _answers(Record.open(tmp_path)) == before


def test_a_record_with_paths_is_forgotten_and_appended_to_as_any_other(tmp_path: Path) -> None:
    record = _record(tmp_path)
    record.compact()
    deleted = record.retain(1, only=["AKSAudit"], now=datetime(2026, 11, 2, 8, 30, tzinfo=UTC))
    assert deleted == {"AKSAudit": ROWS // 2}
    _load(record, range(40))
    left = sum(i % 500 == 7 and i % 60 >= 30 for i in range(ROWS)) + 1
    assert _answers(record)[0] == [(left,)]
    record.compact()
    assert _answers(record)[0] == [(left,)]


def test_a_file_is_replaced_once_whoever_else_does_it(tmp_path: Path) -> None:
    record = _record(tmp_path)
    table = Collected(record)["AKSAudit"]
    kept = shredding_of(record.upkeep.paths_of("AKSAudit"), table)
    one, other = record.delta("AKSAudit"), record.delta("AKSAudit")
    before = _answers(record)
    assert shred(one, kept) == 1
    _load(record, range(0))
    assert shred(other, kept) == 0
    assert _answers(record) == before
    assert len(_files(tmp_path)) == 1
    assert len([path for path in (tmp_path / "record" / "AKSAudit").iterdir() if kept.mark in path.name]) == 1


@pytest.mark.parametrize(("path", "said"), [
    ("User", "'User' is no path below a column"), ("User.", "'User.' is no path below a column"),
    ('User["a\\"b"]', "is no path below a column"), ("User[0]", "is no path below a column"),
])  # fmt: skip
def test_a_path_that_is_none_is_refused(path: str, said: str) -> None:
    tables = loads(orjson.dumps({"tables": {"AKSAudit": {"paths": [path]}}})).tables
    with pytest.raises(ConfigurationError, match=r"tables\.AKSAudit\.paths: ") as refused:
        upkeep_of(tables)
    assert said in str(refused.value)


def test_the_settings_say_which_paths_are_kept(tmp_path: Path) -> None:
    (tmp_path / "lockgate.yaml").write_text("tables: {AKSAudit: {paths: [\"User['a b'].c\"]}, X_CL: {plan: Basic}}\n")
    upkeep = project_at(tmp_path).record().upkeep
    assert [(one.column, one.path) for one in upkeep.paths_of("AKSAudit")] == [("User", '$."a b"."c"')]
    assert upkeep.unfiltered == {"X_CL"}
    assert [one.column for one in upkeep.paths_of("ContainerLogV2")] == ["LogMessage"]


REVIEWED = (
    "AdmissionReviews | where Request.userInfo.uid == 'u7' | count",
    "AdmissionReviews | where Request.options.weight >= 40 | summarize count() by tostring(Request.userInfo.uid)"
    " | sort by Request_userInfo_uid asc | take 3",
    "AdmissionReviews | where Name == 'n77' | project Name, Request, Uid = Request.userInfo.uid",
    "AdmissionReviews | sort by Name asc | take 2", "AdmissionReviews | getschema | count",
)


def _reviewed(record: Record, numbers: range) -> None:
    rows = [
        {"TimeGenerated": NOW, "Name": f"n{i}", "Uid": sha256(b"%d" % i).hexdigest(),
         "Request": written({"userInfo": {"uid": f"u{i % 50}", "groups": ["a", "b"]}, "options": {"weight": i % 43}})}
        for i in numbers
    ]  # fmt: skip
    record.append_alone("AdmissionReviews", rows)


def _of_reviews(record: Record) -> list[object]:
    tables = record.asked(since=NOW)
    try:
        return [ask(query, tables).rows for query in REVIEWED]
    finally:
        tables.connection.close()


def test_tables_of_ours_keep_paths_too_where_their_rows_belong_to_no_run(tmp_path: Path) -> None:
    upkeep = Upkeep(paths={"AdmissionReviews": ("Request.userInfo.uid", "Request.options.weight")})
    record = Record.open(tmp_path, upkeep=upkeep)
    assert _of_reviews(record)[0] == [(0,)]
    _reviewed(record, range(ROWS))
    before = _of_reviews(record)
    rows = record.rows("AdmissionReviews")
    record.compact()
    (file,) = DeltaTable(str(tmp_path / "record" / "AdmissionReviews")).file_uris()
    assert "-paths-" in file
    with duckdb.connect() as connection:
        names = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()]
    assert sum("/" in name for name in names) == 6
    assert _of_reviews(record) == before
    assert record.rows("AdmissionReviews") == rows
    _reviewed(record, range(ROWS, ROWS + 300))
    plain = Record.open(tmp_path)
    assert _of_reviews(record) == _of_reviews(plain) != before
    assert record.retain(0, only=["AdmissionReviews"], now=NOW.replace(year=2027)) == {"AdmissionReviews": ROWS + 300}
    assert _of_reviews(record)[0] == [(0,)]
