"""Whatever is written, the parser answers with a tree or a :class:`QueryError`, and soon."""

import json
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.corpora import CORPORA

from lockgate.kql import QueryError, parse
from lockgate.kql.keywords import COMPOUND, KEYWORDS
from lockgate.kql.lexer import tokens

_WORDS = sorted(KEYWORDS) + list(COMPOUND)
_PIECES = some.one_of(
    some.sampled_from(_WORDS),
    some.sampled_from(["T", "a", "b", "1", "2.5", "'x'", "1d", "datetime(2020)", "dynamic(", "-->", "$left", "=>"]),
    some.sampled_from(list("()[]{}|,.=;:<>+*/%-@?!\"'`~#\\\n")),
)


def _read(text: str) -> None:
    try:
        parse(text)
    except QueryError as error:
        one = error.diagnostics[0]
        assert 0 <= one.start <= one.end <= len(text)
        assert one.message
        assert error.excerpt.count("\n") == 1


@given(some.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_text_is_answered(text: str) -> None:
    _read(text)


@given(some.lists(_PIECES, max_size=30))
@settings(max_examples=500, deadline=None)
def test_any_row_of_words_is_answered(pieces: list[str]) -> None:
    _read(" ".join(pieces))
    _read("T | " + "".join(pieces))


def mutants(texts: list[str], *, count: int, seed: int) -> list[str]:
    """Queries with one token lost, doubled, replaced or swapped, the same for the same seed."""
    chance = random.Random(seed)
    found: list[str] = []
    while len(found) < count:
        text = chance.choice(texts)
        read = tokens(text)
        last = len(read.kinds) - 4
        if last < 4:
            continue
        i, j = chance.randrange(last), chance.randrange(last)
        start, end = read.starts[i], read.ends[i]
        other = chance.choice(("", read.text(j), f"{read.text(j)} {read.text(i)}", f"{read.text(i)} {read.text(i)}"))
        found.append(text[:start] + other + text[end:])
    return found


@pytest.mark.skipif(not (CORPORA / "kql").is_dir(), reason="needs shared/corpora/kql (LOCKGATE_CORPORA)")
def test_mutants_of_the_corpus_are_answered_in_time() -> None:
    texts = [json.loads(line)["text"] for line in (CORPORA / "kql" / "queries.jsonl").read_text().splitlines()]
    begun = time.process_time()
    for text in mutants(texts, count=800, seed=4):
        _read(text)
    assert time.process_time() - begun < 20
