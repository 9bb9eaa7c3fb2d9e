"""``parse-kv``: keys and values with delimiters, without, in quotes, by a pattern."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.kql.steps.running import rows

from lockgate.kql.errors import EvaluationError


def _of(text: str, rest: str) -> tuple[object, ...]:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return rows(f'datatable(m: string)["{quoted}"] | parse-kv m as {rest} | project-away m')[0]


def test_pairs_are_parted_as_it_is_told() -> None:
    text = "10:00:34 [INFO] Thread:45, Machine: n1, Text: it is up, Level: Info"
    keys = "(Text: string, Thread: long, Machine: string) with (pair_delimiter=',', kv_delimiter=':')"
    assert _of(text, keys) == ("it is up", 45, "n1")


def test_what_is_not_there_is_nothing_and_the_first_of_two_counts() -> None:
    keys = "(a: long, b: string, c: long) with (pair_delimiter=';', kv_delimiter='=')"
    assert _of("a=1;a=2;xb=3", keys) == (1, "", None)


def test_quotes_hold_delimiters() -> None:
    text = 'src=10.1.1.1 why="link broke src=no" "when at"=2026-01-01T10:00:54 n=5'
    keys = (
        "(['when at']: datetime, src: string, why: string, n: long) "
        "with (pair_delimiter=' ', kv_delimiter='=', quote='\"')"
    )
    found = _of(text, keys)
    assert found[1:] == ("10.1.1.1", "link broke src=no", 5)
    assert found[0] is not None
    brackets = "(a: string, b: string) with (pair_delimiter=' ', kv_delimiter='=', quote='()')"
    assert _of("a=(x y) (b)=(2)", brackets) == ("x y", "2")


def test_an_escaped_quote_does_not_end_a_value() -> None:
    keys = "(a: string, b: long) with (pair_delimiter=' ', kv_delimiter='=', quote=\"'\", escape='\\\\')"
    assert _of("a='it\\'s' b=2", keys) == ("it's", 2)


def test_a_greedy_value_goes_on_to_the_next_key() -> None:
    text, keys = "name=Ann Lee phone=55 66 city=Old Town", "(name: string, phone: string, city: string)"
    plain = f"{keys} with (pair_delimiter=' ', kv_delimiter='=')"
    assert _of(text, plain) == ("Ann", "55", "Old")
    assert _of(text, plain.replace("'=')", "'=', greedy=true)")) == ("Ann Lee", "55 66", "Old Town")


def test_without_delimiters_any_sign_is_one() -> None:
    assert _of("2026-01 [INFO] Thread:45, Text: Up", "(Text: string, Thread: long)") == ("Up", 45)
    assert _of("Thread:45, Text: 'so it is'", "(Text: string) with (quote=\"'\")") == ("so it is",)


def test_a_pattern_has_two_groups() -> None:
    keys = "(['a b']: string, c: guid) with (regex=@'([\\w ]+)\\s*->([^;]*)')"
    guid = "24fefbca-cf27-4d62-a623-249c2ad30c73"
    assert _of(f"a b -> x y ;c->{guid};", keys) == ("x y", guid)
    with pytest.raises(EvaluationError, match="two groups"):
        _of("a", "(a: string) with (regex='(a)')")


@given(some.text(alphabet="ab=;, '\\\"1", max_size=30))
@settings(max_examples=100, deadline=None)
def test_any_text_is_answered(text: str) -> None:
    for rest in ("", " with (pair_delimiter=';', kv_delimiter='=', quote=\"'\", escape='\\\\', greedy=true)"):
        assert len(_of(text, f"(a: string, b: long){rest}")) == 2
