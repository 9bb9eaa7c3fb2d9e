"""Spark over the same tables gives DuckDB's answers, and is asked where tables are large."""

import math
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.store.record_results import NOW, result

from lockgate.errors import StoreError
from lockgate.kql import QueryError, bind, parse
from lockgate.kql.lower import lower
from lockgate.kql.row import Context
from lockgate.kql.spark import program
from lockgate.kql.spark.patterns import same
from lockgate.store import Record
from lockgate.store.ask import Choice, Engines, Limits, Parquet, Tables, ask
from lockgate.store.ask.answer import LimitError
from lockgate.store.ask.calls import Call
from lockgate.store.ask.choose import chosen, size
from lockgate.store.ask.duck import Duck
from lockgate.store.ask.spark import Spark
from lockgate.store.ingest import Collected, Loader

EVENTS = """(VALUES
    (TIMESTAMP '2026-11-26 08:00:01.000001', 1::BIGINT, 'kubectl exec', '{"user": {"name": "ann"}}', 10, 1.5::DOUBLE),
    (TIMESTAMP '2026-11-26 08:03:00', 2::BIGINT, NULL, '{"user": {"name": "bob", "n": 1.5}}', 20::BIGINT, 'nan'),
    (TIMESTAMP '0001-01-01 00:00:00', NULL, 'a$p1 ${x} \\ '' "', '[1, "two", {"three": null}]', 30::BIGINT, NULL),
    (NULL, -7::BIGINT, 'Straße KUBECTL', NULL, -9000000000000000::BIGINT, -0.0))"""
COLUMNS = {"TimeGenerated": "datetime", "n": "long", "Text": "string", "Who": "dynamic", "N": "long", "r": "real"}
QUERIES = """
Events
Events | where TimeGenerated > datetime(2026-11-26 08:01) | project n
Events | where TimeGenerated == datetime(2026-11-26 08:03) or TimeGenerated != datetime(0001-01-01) | count
Events | summarize count() by bin(TimeGenerated, 5m), bin(n, 3)
Events | extend w = startofweek(TimeGenerated), d = startofday(TimeGenerated), e = endofmonth(TimeGenerated)
Events | where Text has 'kubectl' | project Text, tolower(Text), toupper(substring(Text, 0, 4)), strlen(Text)
Events | where Text !has 'exec' and Text !contains 'zzz' | project n
Events | where Text has_any ('exec', '$p1') | count
Events | where Text matches regex '[a-z]+ e.ec' | count
Events | where Text matches regex '(?i)KUBE(ctl)?$' | count
Events | where n != 1 | project n, m = n / 2, q = n % 4, z = 7 / (n - 2), f = 1.0 / (n - 1), g = r / 0.0
Events | where not(n == 1) | project n + N, n - N, N * 10
Events | where Who.user.name == 'ann' or tostring(Who.user.name) in ('bob', 'eve') | project Who.user, Who.user.n
Events | extend a = Who[1], b = Who[-1], c = array_length(Who), d = gettype(Who) | project a, b, c, d
Events | mv-expand with_itemindex=i Who | project i, Who
Events | mv-apply e = Who on (where isnotnull(e) | summarize k = count()) | project n, k
Events | summarize sum(n), avg(N), min(Text), max(TimeGenerated), dcount(n), countif(n > 0), avg(TimeGenerated)
Events | where false | summarize count(), sum(n), min(n), make_list(n), max(Text), take_any(Text), avg(r), make_set(n)
Events | sort by N asc | summarize make_list(n), make_set(Text), make_list(Who), arg_max(n, *) by x = isnull(r)
Events | summarize percentile(N, 50), percentiles(n, 5, 95), arg_min(N, Text), arg_max(TimeGenerated, n, Text)
Events | sort by n | extend p = prev(N), x = next(Text, 1, 'none'), i = row_number(), c = row_cumsum(n)
Events | sort by N desc | take 2 | project N
Events | top 2 by n asc nulls last | project n, N
Events | join kind=leftouter (Events | project n, Other = Text) on n | project n, Other
Events | join kind=fullouter (datatable(n: long)[1, 5]) on n | project n, n1, Text
Events | join kind=leftanti (datatable(n: long)[1, 5]) on n | project n
Events | where n in (datatable(n: long)[1, 2]) | project n
Events | where n in ((datatable(n: long)[1, 2])) and Text !in~ ('x', 'y') | project n
Events | union withsource=T (datatable(n: string, New: bool)['a', true]) | project-away TimeGenerated
Events | distinct n, isempty(Text) | where isnotnull(n)
Events | parse Text with a ' ' b | project a, b
Events | extend p = bag_pack('a', n, 'b', Text, 'c', Who), q = pack_array(r, n), t = pack_all(true) | project p, q, t
Events | project coalesce(n, 5), iff(n > 1, 'y', 'n'), case(n == 1, 1, n == 2, 2, 3), strcat(Text, '-', n), abs(N)
Events | project toint(n), tolong(Text), toreal(n), tostring(n == 1), tostring(r), todatetime('2026-01-02')
Events | project substring(Text, 2, 3), extract('k(u)b', 1, Text), replace_string(Text, 'e', 'E')
Events | project hash_sha256(Text), base64_encode_tostring(Text), split(Text, ' ')
Events | make-series c = count() default=0 on N from 0 to 40 step 10
Events | evaluate bag_unpack(Who, 'w_') | where isnotempty(n)
let T = materialize(Events | summarize k = count() by Text); T | join kind=inner T on Text | summarize sum(k)
let most = toscalar(Events | summarize max(n)); range x from most to 6 step most | extend y = x * 1.5
let f = (a: long) { a * 2 }; Events | where isnotnull(n) | project f(n) | as X | union X | summarize count() by Column1
range t from datetime(2026-11-26) to datetime(2026-11-27) step 7h | extend s = t - datetime(2026-11-26)
range x from 1.0 to 2.0 step 0.25
range x from 3 to 1 step -1 | summarize make_list(x)
range x from 3 to 1 step 1 | count
range x from bin(toscalar(Events | summarize max(n)), 2) to 8 step 3 | summarize make_list(x)
print x = 1.0 / 0, y = real(nan), z = 9223372036854775807 + 1, w = 'a\\'b"\\\\', v = dynamic({'a': [1.10, 'é']})
""".strip().splitlines()


@pytest.fixture(scope="module")
def tables() -> Tables:
    found = Tables()
    found.add("Events", COLUMNS, EVENTS)
    return found


def _sorted(rows: list[tuple[Any, ...]]) -> list[str]:
    def told(value: Any) -> Any:
        return "nan" if isinstance(value, float) and math.isnan(value) else value

    return sorted(repr(tuple(map(told, row))) for row in rows)


def _answered(query: str, engine: Duck | Spark) -> object:
    try:
        found = ask(query, engine.tables, now=638_000_000_000_000_000, engine=engine)
    except QueryError as error:
        return str(error)
    return found.columns, _sorted(found.rows)


def test_both_engines_give_the_same_rows(spark_session: Any, tables: Tables) -> None:
    spark = Spark(tables, spark_session)
    differing = {}
    for query in QUERIES:
        theirs, ours = (_answered(query, one) for one in (Duck(tables), spark))
        if ours != theirs:
            differing[query] = (ours, theirs)
    assert differing == {}


def test_rows_come_in_the_order_that_was_asked_for(spark_session: Any, tables: Tables) -> None:
    spark = Spark(tables, spark_session)
    found = ask("Events | sort by n | extend i = row_number() | project n, i", tables, engine=spark)
    assert found.rows == [(2, 1), (1, 2), (-7, 3), (None, 4)]


def test_the_record_is_read_from_its_files(spark_session: Any, tmp_path: Path) -> None:
    record = Record.open(tmp_path / "a {b} c*")
    record.append_result(result("one", findings=3))
    record.append_result(result("two", findings=2))
    record.append_piece("Findings", [{"TimeGenerated": NOW, "Batch": "never whole", "Rule": "secrets/x"}])
    queries = (
        "Findings | summarize count(), min(TimeGenerated), dcount(RunId) by Rule",
        "Findings | where TimeGenerated > ago(36500d) | project Rule, RunId",
        "Runs | project-away Batch",
        "Components | count",
        "AzureDiagnostics | count",
    )
    for change in (lambda: None, record.compact):
        change()
        tables = record.asked()
        spark = Spark(tables, spark_session)
        for query in queries:
            assert _sorted(ask(query, tables, engine=spark).rows) == _sorted(ask(query, tables).rows)
        assert ask("Findings | count", tables, engine=spark).rows == [(5,)]
        form = spark.form("Findings")[0]
        assert "parquet" in spark_session.table(form)._jdf.queryExecution().toString().lower()


def test_ingested_rows_are_read_from_their_files(spark_session: Any, tmp_path: Path) -> None:
    record = Record.open(tmp_path)
    loader = Loader(Collected(record), "AKSAudit")
    try:
        for part in range(2):
            events = [
                {"TimeGenerated": f"2026-11-01T0{part}:{i % 60:02}:00Z", "AuditId": f"{part}-{i}",
                 "Verb": ("get", "list")[i % 2], "User": {"username": f"user{i % 5}"},
                 "ResponseStatus": {"code": 200 + i % 3}}
                for i in range(11_000)
            ]  # fmt: skip
            loader.load(b"".join(orjson.dumps(one) + b"\n" for one in events), received=NOW)
    finally:
        loader.close()
    queries = (
        "AKSAudit | summarize count(), min(TimeGenerated), max(AuditId) by Verb",
        "AKSAudit | where User.username == 'user3' and ResponseStatus.code >= 201 | summarize count() by Verb",
        "AKSAudit | where AuditId == '1-77' | project-away *_ResourceId",
        "AKSAudit | where isnotempty(Level) | count",
        "union AKSAudit, Findings | count",
    )
    for change in (lambda: None, record.compact):
        change()
        for since in (None, datetime(2026, 11, 1, 1, 30, tzinfo=UTC)):
            tables = record.asked(since=since)
            spark = Spark(tables, spark_session)
            for query in queries:
                assert _sorted(ask(query, tables, engine=spark).rows) == _sorted(ask(query, tables).rows), query
            plan = spark_session.table(spark.form("AKSAudit")[0])._jdf.queryExecution().toString()
            assert "parquet" in plan.lower()
            tables.connection.close()


def test_ingested_tables_count_when_an_engine_is_chosen(tmp_path: Path) -> None:
    record = Record.open(tmp_path)
    loader = Loader(Collected(record), "ContainerLogV2")
    try:
        loader.load(b'{"PodName": "web"}\n' * 100, received=NOW)
    finally:
        loader.close()
    tables = record.asked()
    large = size("ContainerLogV2 | count", tables)
    assert large == sum(one.stat().st_size for one in (tmp_path / "record" / "ContainerLogV2").glob("*.parquet"))
    assert (size("print 1", tables), size("search 'web'", tables)) == (0, large)
    auto = Choice("auto", "spark://127.0.0.1:7077", large_bytes=large)
    assert chosen("ContainerLogV2 | take 1", tables, auto) == "spark"


def test_since_holds_whatever_the_query_does(spark_session: Any, tmp_path: Path) -> None:
    record = Record.open(tmp_path)
    record.append_result(result("one"))
    tables = record.asked(since=NOW.replace(year=NOW.year + 1))
    assert ask("Findings | count", tables, engine=Spark(tables, spark_session)).rows == [(0,)]


def test_what_is_wrong_in_a_value_is_said_in_its_own_words(spark_session: Any, tables: Tables) -> None:
    with pytest.raises(QueryError, match=r"LG101: (?!The query failed)"):
        ask("Events | where assert(n > 5, 'too small')", tables, engine=Spark(tables, spark_session))


def test_a_result_that_is_too_large_or_too_late_is_refused(spark_session: Any, tables: Tables) -> None:
    spark = Spark(tables, spark_session)
    with pytest.raises(LimitError, match="more than 100 rows"):
        ask("range x from 1 to 1000 step 1", tables, limits=Limits(rows=100), engine=spark)
    slow = "range x from 1 to 300000 step 1 | extend k = 1 | as T | join kind=inner (T) on k | summarize sum(x * x1)"
    with pytest.raises(LimitError, match="longer than"):
        ask(slow, tables, limits=Limits(seconds=3), engine=spark)


def test_nothing_is_left_in_the_session(spark_session: Any, tables: Tables) -> None:
    spark = Spark(tables, spark_session)
    spark.form("Events")
    before = spark_session.sql("SHOW VIEWS").collect()
    query = "let T = materialize(Events | summarize make_set(n) by Text); T | union T | evaluate narrow()"
    ask(query, tables, engine=spark)
    assert spark_session.sql("SHOW VIEWS").collect() == before
    assert spark_session.sql("SHOW USER FUNCTIONS LIKE 'py*'").collect() == []


# --- without a cluster


def _statements(query: str, tables: Tables) -> list[str]:
    lowered = lower(query, bind(parse(query), tables.workspace), now=0)
    return [one.query.sql for one in program(lowered, {"Events": ("w0", {one: one for one in COLUMNS})}).results]


def test_what_is_typed_is_a_parameter(tables: Tables) -> None:
    (text,) = _statements("Events | where Text has \"'; DROP TABLE w0\" or Text == 'x y'", tables)
    assert "DROP" not in text
    assert "x y" not in text
    assert ":p1" in text


def test_a_stored_time_is_compared_as_it_lies_there(tables: Tables) -> None:
    (text,) = _statements("Events | where TimeGenerated > datetime(2026-11-26 08:01) | project n", tables)
    assert "TimeGenerated > timestamp_micros(" in text
    assert "unix_micros" not in text


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [
        ("kube.*ctl", True), (r"^\d+-[a-f0-9]{8}", True), ("[^a-z]x?", True), (r"a\.b\*", True),
        ("(a+)+b", False), ("a$", False), (r"a\sb", False), (r"\bword", False), ("(?i)a", False), ("a*+", False),
        ("[a&&b]", False), ("a.*b.*c.*d", False), ("[z-a]", False), ("a|b", False), (r"\p{L}", False), ("\\Qa", False),
    ],
)  # fmt: skip
def test_java_is_handed_only_patterns_that_it_reads_as_re2_does(pattern: str, taken: bool) -> None:
    assert (same(pattern) is not None) == taken


def test_a_function_is_the_same_after_it_was_sent(tables: Tables) -> None:
    query = "Events | project strcat_array(split(Text, ' '), '-'), make_string(toint(n) + 60)"
    lowered = lower(query, bind(parse(query), tables.workspace), now=0)
    forms = {"Events": ("w0", {one: one for one in COLUMNS})}
    called = [one for each in program(lowered, forms).results for one in each.query.foreign]
    assert called
    for one in called:
        sent = pickle.loads(pickle.dumps(Call(one, Context(now=5))))
        row = ["kubectl exec" if column.type.name == "string" else 7 for column in one.columns]
        assert sent(*row) == Call(one, Context(now=5))(*row)


def test_large_tables_are_for_spark() -> None:
    tables = Tables()
    for name, size_ in (("Small", 10), ("Large", 1000)):
        tables.add(name, {"a": "long"}, "(SELECT 1::BIGINT)", parquet=Parquet((), size_))
    assert size("Small | join Large on a", tables) == 1010
    assert size("['Large'] | count // Small", tables) == 1000
    assert size("search 'x'", tables) == 1010
    auto = Choice("auto", "spark://127.0.0.1:7077", large_bytes=1000)
    assert [chosen(one, tables, auto) for one in ("Small", "Large | count")] == ["duckdb", "spark"]
    assert chosen("Large", tables, Choice("auto", "", large_bytes=1000)) == "duckdb"
    assert chosen("Small", tables, Choice("spark", "")) == "spark"
    assert chosen("Large", tables, Choice("duckdb", "spark://127.0.0.1:7077", large_bytes=1)) == "duckdb"


def test_spark_without_a_master_says_how_to_name_one() -> None:
    with pytest.raises(StoreError, match="LOCKGATE_SPARK"):
        Engines(Tables(), Choice("spark")).of("print 1")
