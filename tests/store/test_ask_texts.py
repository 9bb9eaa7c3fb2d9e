"""Tests of texts in DuckDB say what their definition in Python says, whatever the characters."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lockgate.kql.row import texts as definitions
from lockgate.store.ask import Tables, ask

LETTERS = "aAkKK1_-/ .%\\'\"\nσΣςİiıßéÉe٣漢\u0301½"
"""Letters that change with their case or neighbours, digits, marks, and what patterns and strings of SQL write so."""
SIGNS = ("has", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs", "contains", "contains_cs", "=~",
         "startswith", "startswith_cs", "endswith", "endswith_cs")  # fmt: skip
OPPOSITES = {"=~": "!~"}
_WORDS = some.text(LETTERS, max_size=4) | some.sampled_from(["aa", "ka-1", "1", "Σ", "é"])
_TEXTS = some.lists(some.none() | some.text(LETTERS, max_size=12), min_size=1, max_size=30)


def _quoted(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def _written(word: str) -> str:
    return "'" + "".join(f"\\u{ord(one):04x}" for one in word) + "'"


def _tables(texts: list[str | None]) -> Tables:
    found = Tables()
    values = ", ".join(f"({i}::BIGINT, {_quoted(text)}::VARCHAR)" for i, text in enumerate(texts))
    found.add("T", {"n": "long", "Text": "string"}, f"(VALUES {values})")
    return found


def _chosen(condition: str, tables: Tables) -> set[object]:
    return {row[0] for row in ask(f"T | where {condition} | project n", tables).rows}


@settings(max_examples=25, deadline=None)
@given(_TEXTS, some.lists(_WORDS, min_size=1, max_size=3), _WORDS)
def test_a_test_of_a_text_is_that_of_its_definition(texts: list[str | None], parts: list[str], own: str) -> None:
    tables = _tables([*texts, own, f"a{own}", f"{own} {own}K", f"-{own}é"])
    known = [*texts, own, f"a{own}", f"{own} {own}K", f"-{own}é"]
    word = "".join(parts[:1])
    for sign in SIGNS:
        test = definitions.test_of(sign)
        assert test is not None
        expected = {i for i, text in enumerate(known) if test(text or "", word)}
        assert _chosen(f"Text {sign} {_written(word)}", tables) == expected, sign
        opposite = OPPOSITES.get(sign, f"!{sign}")
        assert _chosen(f"Text {opposite} {_written(word)}", tables) == set(range(len(known))) - expected, opposite


@settings(max_examples=25, deadline=None)
@given(_TEXTS, some.lists(_WORDS, min_size=1, max_size=7))
def test_several_terms_are_each_looked_for(texts: list[str | None], words: list[str]) -> None:
    has = definitions.test_of("has")
    assert has is not None
    tables = _tables(texts)
    for sign, choose in (("has_any", any), ("has_all", all)):
        expected = {i for i, text in enumerate(texts) if choose(has(text or "", one) for one in words)}
        assert _chosen(f"Text {sign} ({', '.join(map(_written, words))})", tables) == expected, sign


def test_hundreds_of_terms_are_looked_for_in_parts() -> None:
    tables = _tables([f"the word{i} is" for i in range(0, 400, 7)])
    words = ", ".join(f"'WORD{i}'" for i in range(1, 400, 2))
    assert ask(f"T | where Text has_any ({words}) | count", tables).rows == [(29,)]


@pytest.mark.parametrize(("expression", "expected"), [("'ΟΔΟΣ'", "οδοσ"), ("'İ'", "i"), ("'\\u212a'", "k")])
def test_letters_are_lowered_one_by_one(expression: str, expected: str) -> None:
    tables = _tables(["x"])
    assert ask(f"print tolower({expression})", tables).rows == [(expected,)]
    column = f"iff(n >= 0, {expression}, Text)"
    assert ask(f"T | project tolower({column})", tables).rows == [(expected,)]
