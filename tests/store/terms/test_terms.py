"""A query for a term reads only what may hold it, and answers as if it read everything."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lockgate.kql.terms import AllOf, AnyOf, Term, allows, terms_within
from lockgate.store.ask import Tables, ask, explain
from lockgate.store.terms import hashing, making, sidecar
from lockgate.store.terms.pruning import Files

COLUMNS = {"n": "long", "Text": "string", "Bag": "dynamic"}
PART = 50
ROWS = 1_000
_WORDS = ["alpha", "ALPHA", "beta-gamma", "item77", "team_9", "é\u0301té", "naïve", "Key", "zz", "10.240.7.31", "x\\y"]
_HIDDEN = ["line\nbreak", "quo\"ted word", "back\\slash", "tab\there", "caf\u00e9 noir", "a/b", "\u212aelvin",
           "nul\x01l"]  # fmt: skip


def _rows() -> list[tuple[int, str | None, str | None]]:
    """Rows of which each word stands in a few parts only."""
    found: list[tuple[int, str | None, str | None]] = []
    for i in range(ROWS):
        place = i // PART
        word, hidden = _WORDS[place % len(_WORDS)], _HIDDEN[place % len(_HIDDEN)]
        text = None if i % 9 == 0 else f"/api/{word}/row{i} {place}"
        inner = {hidden: [hidden, i, 1e22, None, True]}
        bag = {"name": f"obj{i % 7}-{word}", "in": inner, "count": place * 1000}
        written = json.dumps(bag, ensure_ascii=i % 2 == 0)
        if i % 3 == 0:
            written = written.replace("/", "\\/").replace("o", "\\u006f", 2)
        found.append((i, text, None if i % 11 == 0 else json.dumps(hidden) if i % 5 == 0 else written))
    return found


@pytest.fixture(scope="module")
def data_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("terms") / "it's data.parquet"
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (n BIGINT, Text VARCHAR, Bag VARCHAR)")
        connection.executemany("INSERT INTO t VALUES ($1, $2, $3)", _rows())
        connection.execute(f"COPY t TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")
    assert making.write(str(path), least_rows=1, part_rows=PART, share=1) > 0
    return str(path)


def _tables(paths: list[str], *, narrowed: bool) -> Tables:
    found = Tables()
    names = ", ".join(COLUMNS)
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    shown: Callable[[str], str] = lambda read: f"(SELECT {names} FROM ({read}))"  # noqa: E731
    found.add("T", COLUMNS, f"read_parquet([{listed}])", files=Files(paths, shown) if narrowed else None)
    return found


@pytest.fixture(scope="module")
def pair(data_file: str) -> tuple[Tables, Tables]:
    return _tables([data_file], narrowed=True), _tables([data_file], narrowed=False)


def _told(query: str, tables: Tables) -> str:
    return " ".join(explain(query, tables).narrowed)


def _left(query: str, tables: Tables) -> tuple[int, int]:
    """Parts that are read, and parts that there are; 0 and 0 where nothing is passed over."""
    found = re.search(r"(\d+) of (\d+) parts", _told(query, tables))
    return (int(found[1]), int(found[2])) if found else (0, 0)


@pytest.mark.parametrize(
    ("condition", "parts"),
    [
        ("Text has 'alpha'", 4), ("Text has 'ALPHA'", 4), ("Text has 'gamma'", 2), ("Text has 'beta-gamma'", 2),
        ("Text has 'item77' and Text has 'alpha'", 0), ("Text has 'item77' or Text has 'gamma'", 4),
        ("Text has_any ('item77', 'gamma')", 4), ("Text has_all ('gamma', 'beta')", 2),
        ("Text hasprefix 'beta-gam'", 2),
        ("Text == '/api/item77/row155 3'", 1), ("Text =~ '/API/ITEM77/ROW155 3'", 1),
        ("Text in ('/api/item77/row155 3')", 1),
        ("Text contains '/item77/'", 2), ("Text startswith '/api/item77/r'", 2), ("Text endswith 'ow155 3'", 20),
        ("Text has 'nowhere'", 0), ("tolower(Text) == '/api/item77/row155 3'", 1), ("Bag.name has 'item77'", 2),
        ("tostring(Bag.name) == 'obj2-gamma' and n > 3", 2), ("Bag has 'gamma'", 2), ("Bag has 'noir'", 2),
        ("Text contains 'alpha'", 20), ("Text !has 'alpha'", 20), ("not(Text has 'alpha')", 20),
        ("Bag.count == '7000'", 20),
        ("Text has 'zz'", 20), ("Text has 'alpha' or n == 3", 20), ("Text matches regex 'alpha'", 20),
        ("Text has ''", 20), ("* has 'item77'", 2), ("* has 'nowhere'", 0), ("* has '77'", 20),
        ("tostring(n) has 'alpha'", 0), ("tostring(n) has '12'", 20), ("n in (1, 2) or tostring(n) has 'alpha'", 20),
    ],
)  # fmt: skip
def test_parts_without_the_term_are_passed_over(condition: str, parts: int, pair: tuple[Tables, Tables]) -> None:
    query = f"T | where {condition} | project n"
    narrowed, plain = pair
    assert sorted(ask(query, narrowed).rows) == sorted(ask(query, plain).rows)
    left, total = _left(query, narrowed)
    # A filter says now and then that a term may be there that is not.
    assert total in (0, 20) and (left if total else 20) - parts in (0, 1)
    assert _told(query, plain) == ""


@pytest.mark.parametrize(
    "query",
    [
        "T | extend Uri = Text | where Uri has 'item77' | count",
        "T | where n > 5 | extend N = tostring(Bag['name']) | where N has 'item77' | summarize count() by N",
        "union (T | where n < 500), (T | where n > 400) | where Text has 'item77' | count",
        "let A = T | where Text has 'item77'; A | join kind=inner (A | project n) on n | count",
        "let A = T; A | where Text has 'item77' | count; A | where Text has 'gamma' | count",
        "let A = materialize(T); A | where Text has 'item77' | union (A | where Text has 'gamma') | count",
        "T | summarize take_any(Text) by n | where Text has 'item77' | count",
        "T | where Text has toscalar(T | where Text has 'item77' | project Text | take 1) | count",
        "T | where n in ((T | where Text has 'item77' | project n)) | count",
        "T | where Text has 'item77' | fork (count) (where Text has 'gamma' | count)",
        "T | extend Text = strcat(Text, ' added') | where Text has 'added' | count",
        "T | extend Text = tostring(Bag.name) | where Text has 'gamma' | count",
        "T | limit 1000 | where Text has 'item77' | count",
        "search 'item77' | summarize count()",
    ],
)
def test_whatever_stands_between_the_answer_is_the_same(query: str, pair: tuple[Tables, Tables]) -> None:
    narrowed, plain = pair
    found = [sorted(map(repr, table.rows)) for table in ask(query, narrowed).tables]
    assert found == [sorted(map(repr, table.rows)) for table in ask(query, plain).tables]


_ALPHABET = "abAK\u212a\u0130é٣_-/. \\\"n1e"
_SIGNS = ["has", "has_cs", "hasprefix", "hassuffix", "contains", "startswith", "endswith", "==", "=~", "!has", "!="]


@settings(max_examples=60, deadline=None)
@given(
    some.sampled_from(["Text", "Bag", "Bag.name", "tostring(Bag.name)", "Bag['in']", "tostring(Bag)", "Bag.none.x"]),
    some.sampled_from(_SIGNS), some.sampled_from(["and", "or"]),
    some.lists(some.sampled_from([*_WORDS, *_HIDDEN, "nbreak", "break", "row151", "1e22", "true", "u006f"])
               | some.text(_ALPHABET, max_size=5), min_size=2, max_size=2),
)  # fmt: skip
def test_no_row_is_lost(pair: tuple[Tables, Tables], subject: str, sign: str, joint: str, words: list[str]) -> None:
    narrowed, plain = pair
    first, second = ("'" + "".join(f"\\u{ord(one):04x}" for one in word) + "'" for word in words)
    for condition in (f"{subject} {sign} {first}", f"{subject} {sign} {first} {joint} Text has {second}"):
        query = f"T | where {condition} | project n"
        assert sorted(ask(query, narrowed).rows) == sorted(ask(query, plain).rows), condition


@settings(max_examples=60, deadline=None)
@given(some.lists(some.text("abz019 -é\u0301_\n", max_size=30), max_size=20))
def test_the_number_of_a_term_is_the_same_alone_and_in_a_text(texts: list[str]) -> None:
    gatherer = hashing.Terms()
    gatherer.add(texts)
    expected = {hashing.term_number(one) for text in texts for one in re.findall("[abz019]+", text) if len(one) >= 3}
    numbers = gatherer.taken()
    assert {int(one) for one in numbers} == expected
    filter_ = hashing.bloom(numbers)
    assert all(hashing.may_hold(filter_.__getitem__, len(filter_), one) for one in expected)


def test_terms_are_whole_where_a_long_text_is_worked_on_in_pieces() -> None:
    words = [f"word{i}" for i in range(60_000)]
    gatherer = hashing.Terms()
    gatherer.add([" ".join(words), "a" * 600_000, "last one"])
    numbers = gatherer.taken()
    assert {int(one) for one in numbers} == {hashing.term_number(one) for one in (*words, "last", "one")}


def test_few_terms_seem_to_be_there_that_are_not() -> None:
    gatherer = hashing.Terms()
    gatherer.add([f"there{i}" for i in range(20_000)])
    filter_ = hashing.bloom(gatherer.taken())
    numbers = [hashing.term_number(f"not{i}") for i in range(5_000)]
    assert sum(hashing.may_hold(filter_.__getitem__, len(filter_), one) for one in numbers) < 100


@pytest.mark.parametrize(
    ("text", "begins", "ends", "expected"),
    [
        ("kubectl exec-it", True, True, ["kubectl", "exec"]), ("kubectl exec", False, True, ["exec"]),
        ("kubectl exec", True, False, ["kubectl"]), (" kubectl ", False, False, ["kubectl"]),
        ("kubectl", False, False, []),
        ("naïve Été ABC", True, True, ["abc"]), ("a bc", True, True, []), ("x" * 1_001, True, True, []),
    ],
)  # fmt: skip
def test_only_terms_that_are_surely_whole_are_wanted(text: str, begins: bool, ends: bool, expected: list[str]) -> None:
    assert [one.text for one in terms_within(text, "c", begins=begins, ends=ends)] == expected


def test_numbers_in_json_are_written_in_more_than_one_way() -> None:
    found = terms_within("100 1e20 nan 4f3a", "c", begins=True, ends=True, dynamic=True)
    assert [(one.text, one.numeric) for one in found] == [("100", True), ("1e20", True), ("4f3a", False)]


def test_what_is_wanted_is_joined() -> None:
    a, b = Term("x", "aaa"), Term("x", "bbb")
    assert allows(AnyOf((a, AllOf((a, b)))), lambda term: term is a)
    assert not allows(AllOf((a, b)), lambda term: term is a)


def test_numbers_are_looked_for_where_they_are_whole(tmp_path: Path) -> None:
    path = str(tmp_path / "numbers.parquet")
    odd = "CASE WHEN i = 60 THEN '{\"a\": 1.5e3}' WHEN i = 130 THEN '12345678901234567890' WHEN i = 160 THEN '7e3' "
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT i AS n, '' AS Text, {odd} ELSE "
            "'{\"a\": ' || (i + 1000) || ', \"b\": \"x-' || i || '.5\"}' END AS Bag "
            f"FROM range(250) t(i)) TO '{path}' (FORMAT parquet)"
        )
    making.write(path, least_rows=1, part_rows=50, share=1)
    narrowed, plain = (_tables([path], narrowed=one) for one in (True, False))
    for text, left in (("1020", 4), ("1500", 3), ("1500.0", 3), ("7000.0", 3), ("1e3", 3)):
        for condition in (f"Bag.a == '{text}'", f"Bag has '{text}'", f"tostring(Bag) == '{text}'"):
            query = f"T | where {condition} | project n"
            assert ask(query, narrowed).rows == ask(query, plain).rows, condition
            assert _left(query, narrowed)[0] in (left, left + 1), condition


@pytest.mark.parametrize("damage", ["cut", "head", "other file", "version", "empty", "gone"])
def test_filters_that_cannot_be_trusted_are_none(damage: str, data_file: str, tmp_path: Path) -> None:
    copy = tmp_path / "part.parquet"
    copy.write_bytes(Path(data_file).read_bytes())
    place = sidecar.path_of(copy)
    place.parent.mkdir()
    content = sidecar.path_of(data_file).read_bytes()
    place.write_bytes(content)
    assert 0 < _left("T | where Text has 'gamma'", _tables([str(copy)], narrowed=True))[0] < 5
    if damage == "cut":
        place.write_bytes(content[:-1])
    elif damage == "head":
        place.write_bytes(content[:40] + bytes((content[40] ^ 1,)) + content[41:])
    elif damage == "other file":
        with duckdb.connect() as connection:
            connection.execute(f"COPY (SELECT 1 AS n, 'gamma' AS Text, '' AS Bag) TO '{copy}' (FORMAT parquet)")
    elif damage == "version":
        place.write_bytes(b"LGTERMS9" + content[8:])
    elif damage == "empty":
        place.write_bytes(b"")
    else:
        place.unlink()
    assert sidecar.read(str(copy)) is None
    assert _told("T | where Text has 'gamma'", _tables([str(copy)], narrowed=True)) == ""


def test_files_with_and_without_filters_stand_side_by_side(data_file: str, tmp_path: Path) -> None:
    copy = tmp_path / "new.parquet"
    copy.write_bytes(Path(data_file).read_bytes())
    narrowed, plain = (_tables([data_file, str(copy)], narrowed=one) for one in (True, False))
    query = "T | where Text has 'gamma' | summarize count() by Text"
    left, total = _left(query, narrowed)
    assert total == 21 and left in (3, 4)
    assert sorted(ask(query, narrowed).rows) == sorted(ask(query, plain).rows)


def test_a_part_whose_json_cannot_be_read_may_hold_anything(tmp_path: Path) -> None:
    path = str(tmp_path / "odd.parquet")
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT i AS n, 'x' AS Text, CASE WHEN i = 7 THEN '{\"a\": \"\\q' ELSE '{}' END AS Bag "
            "FROM range(100) t(i)) "
            f"TO '{path}' (FORMAT parquet)"
        )
    making.write(path, least_rows=1, part_rows=50, share=1)
    found = sidecar.read(path)
    assert found is not None
    term = Term("Bag", "something")
    assert found.holding([term]) == {term: [True, False]}


def test_filters_take_no_more_than_a_tenth(tmp_path: Path) -> None:
    path = str(tmp_path / "random.parquet")
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT hash(i)::VARCHAR AS a, 'word' || (i % 50) AS b, "
            "repeat(chr((97 + i % 26)::INTEGER), 3) || i AS c FROM range(20000) t(i)) "
            f"TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )
    size = making.write(path)
    found = sidecar.read(path)
    assert found is not None and "b" in found.columns
    assert size < os.stat(path).st_size / 9
