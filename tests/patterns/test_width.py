"""How far back a match can begin."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.errors import ConfigurationError
from lockgate.patterns import Matcher, Pattern
from lockgate.patterns import matcher as matcher_module
from lockgate.patterns import width as width_module
from lockgate.patterns.matcher import compile_joined
from lockgate.patterns.width import Width, core, loosened, measure, relaxed


@pytest.mark.parametrize(
    ("expression", "most", "runs", "whole"),
    [
        ("abc", 3, 0, False),
        ("a|bcd|ef", 3, 0, False),
        (r"ghp_[0-9a-zA-Z]{36}", 40, 0, False),
        (r"(?i)(?:ab){2,5}c?", 11, 0, False),
        (r"[a-z]+=[a-z]*", 1, 2, False),
        (r"a\s*b", 2, 0, True),
        (r"-----BEGIN[\s\S-]{64,}?KEY", 13, 0, True),
        (r"a.*b", 2, 1, False),
        (r"(?s)a.*b", 2, 0, True),
        (r"a(?s:.)*b", 2, 0, True),
        (r"(?s:a)(?-s:.*)b", 2, 1, False),
        (r"[^\n]*x", 1, 1, False),
        (r"[^x]*x", 1, 0, True),
        (r"\bfoo\b$", 3, 0, False),
        (r"(?P<secret>x{3})\z", 3, 0, False),
        (r"[]a]{2}[[:alpha:]]", 3, 0, False),
        (r"\Qa.b*\E{2}", 8, 0, False),
        (r"a{,3}", 5, 0, False),
        (r"(?:a{1000}){1000}{1000}", 1 << 20, 0, True),
        ("(", 0, 0, True),
        ("(" * 500 + ")" * 500, 0, 0, True),
    ],
)
def test_the_width_bounds_what_an_expression_consumes(expression: str, most: int, runs: int, whole: bool) -> None:
    found = measure(expression)
    assert (found.runs, found.whole) == (runs, whole)
    if found != Width(whole=True) and "Q" not in expression:
        assert found.most == most


@pytest.mark.parametrize(
    ("expression", "lines"),
    [
        ("abc", 0), (r"a\n", 1), (r"\x0ab", 1), (r"\x{a}", 1), (r"\x60[^\x60\r\n]{4,200}\x60", 0),
        (r"[^\x60]{4,200}", 200), (r"(?:[^a-z]|$)", 1), (r"(?s:.){3}|\s", 3), (r"a\Qb\Ec\s?", 1), (r"(?:\n{2}){3}", 6),
        (r"\d\w.", 0), (r"[^\n]*\D", 1),
    ],
)  # fmt: skip
def test_the_line_ends_that_a_match_may_take_are_counted(expression: str, lines: int) -> None:
    assert measure(expression).lines == lines


@pytest.mark.parametrize(
    ("expression", "loose"),
    [
        (r"(\w{8,64});", r"(\w{8,});"),
        (r"a{0,20}b{1,20}c{2,7}d", r"a{0,20}b{1,20}c{2,}d"),
        (r"c{2,6}d[{2,9}]\{2,9}\Qx{2,9}\E[]{2,9}][[:alpha:]{2,9}]x", None),
        (r"(?:ab){2,9}x", None),
        (r"(x[^ ]{8,64})", None),
        (r"(x[^ ]{8,64}?)", None),
        (r"(x{8,64}|y)", r"(x{8,}|y)"),
    ],
)
def test_values_may_be_longer_in_what_candidates_are_asked_of(expression: str, loose: str | None) -> None:
    assert loosened(expression) == (loose or expression)


@settings(max_examples=100)
@given(st.text(alphabet="ab(|)[]{}*+?\\1,^$.:P<>imsQEx-", max_size=40))
def test_any_text_has_a_width(expression: str) -> None:
    assert measure(expression).most >= 0


@settings(max_examples=100)
@given(
    st.recursive(
        st.sampled_from(["a", "b", "[ab]", "\\w", "a?", "\\n", "[^b]", "\\x0a?"]),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map("".join),
            st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
            st.tuples(inner, st.integers(0, 3), st.integers(3, 4)).map(lambda t: f"(?:{t[0]}){{{t[1]},{t[2]}}}"),
            st.sampled_from(["b{2,9}", "[ab]{2,7}?b", "\\w{3,8}"]),
        ),
        max_leaves=6,
    ),
    st.text(alphabet="ab\n", max_size=60),
)
def test_no_match_is_wider_than_the_width(expression: str, text: str) -> None:
    match = compile_joined((expression,)).search(text.encode())
    if match is not None:
        assert match.end() - match.start() <= measure(expression).most
        assert match.group().count(b"\n") <= measure(expression).lines
        assert compile_joined((loosened(expression),)).match(match.group()) is not None


@pytest.mark.parametrize(
    ("expression", "loose", "smallest"),
    [
        (r"[\w.-]{0,49}=(x{4,200})", r"[\w.-]{0,49}=(x{4,})", 200),
        (r"(?:\"([^\"]{4,200}?)\"|'(.{4,120})')$", r"(?:\"([^\"]{4,}?)\"|'(.{4,})')$", 120),
        (r"\x61{0,80}\pL{1,90}[]{2,99}][[:alpha:]{2,99}]{3,70}", r"\x61{0,}\pL{1,}[]{2,99}][[:alpha:]{2,99}]{3,}", 70),
        (r"\{2,99}\{{2,99}\Qx{2,99}\E{2,99}\b{2,99}^{2,99}", r"\{2,99}\{{2,}\Qx{2,99}\E{2,99}\b{2,99}^{2,99}", 99),
        (r"[[:alpha:]{2,99}]x|[]{2,99}]x|[^]{2,99}]", None, None),
        (r"(?:ab){2,90}x{64}y{64,}z{,64}", None, None),
        (r"x{0,1001}|y{90,60}", None, None),
        (r"(?:x{0,60}){20}", None, None),
        (r"(?:x{0,60}){20,}", None, None),
        (r"(?:x{0,60}){2,16}", r"(?:x{0,}){2,16}", 60),
        (r"(?:a|x{0,60}?)*y{0,70}", r"(?:a|x{0,60}?)*y{0,}", 70),
        (r"(?:a|x{0,60}?)y{1,70}?", r"(?:a|x{0,}?)y{1,}?", 60),
    ],
)
def test_large_bounds_of_what_takes_a_byte_are_dropped(
    expression: str, loose: str | None, smallest: int | None
) -> None:
    assert relaxed(expression) == (loose or expression, smallest)


REPEATED = st.tuples(
    st.sampled_from(["a", "b", "[ab]", ".", "\\w", "[^b]", "\\x61"]),
    st.integers(0, 3), st.integers(3, 7), st.sampled_from(["", "?"]),
).map(lambda t: f"{t[0]}{{{t[1]},{t[2]}}}{t[3]}")  # fmt: skip
COUNTED = st.recursive(
    st.one_of(REPEATED, st.sampled_from(["a", "b", "-", "\\b", "^", "$", "\\n", "(?i)", "[a-]+", "b*?"]), REPEATED),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+?", "?", "{0,4}", "{2}", "{1,}?"])).map(lambda t: f"({t[0]}){t[1]}"),
    ),
    max_leaves=7,
)


@settings(max_examples=400, deadline=None)
@given(COUNTED, st.lists(st.sampled_from(["a", "b", "A", "-", "\n", "aaaa", "ab" * 5]), max_size=30).map("".join))
def test_what_is_found_without_large_bounds_first_is_what_the_expression_finds(expression: str, text: str) -> None:
    content = text.encode()
    with mock.patch.object(width_module, "WORTH_DROPPING", 3):
        loose, smallest = relaxed(expression)
        try:
            strict = compile_joined((expression,))
        except ConfigurationError:
            with pytest.raises(ConfigurationError):
                compile_joined((loose,))
            return
        for at in range(len(content)):
            found, expected = compile_joined((loose,)).search(content, at), strict.search(content, at)
            if found is None:
                assert expected is None
            elif smallest is None or found.end() - found.start() <= smallest:
                assert [found.span(group) for group in range(strict.groups + 1)] == [
                    expected.span(group) for group in range(strict.groups + 1)
                ]
        pattern = Pattern("p", expression)
        with mock.patch.multiple(matcher_module, MOST_RELAXED=3, WIDEST_RELAXED=80):
            hits = Matcher([pattern], patient=True).find(content)
        with mock.patch.object(matcher_module, "relaxed", lambda expression: (expression, None)):
            assert hits == Matcher([pattern], patient=True).find(content)


def test_a_match_longer_than_a_dropped_bound_is_looked_for_as_it_stands() -> None:
    pattern = Pattern("p", r"k=(\w{4,60})(x*)")
    hits = Matcher([pattern], patient=True).find(b"k=" + b"a" * 58 + b" k=" + b"a" * 61 + b" k=" + b"x" * 61)
    assert [(hit.start, hit.end, hit.secret_end) for hit in hits] == [(0, 60, 60), (61, 123, 123), (125, 188, 187)]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        (r"\b([MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,38})(?:[^\w-]|$)", r"\.[\w-]{6}\.[\w-]{27}"),
        (r"(?:^|[^a-z/])(S[AB][A-Z2-7]{56})\b", "S[AB][A-Z2-7]{56}"),
        (r"(a{0,3}b{30})", "b{30}"),
        (r"(a{30,}b{2})", "a{30}"),
        (r"(a{2,}b{29})", "b{29}"),
        (r"(ab{22})", ""),
        (r"(a{30}|b{30})", ""),
        (r"(a{30})?", ""),
        (r"(a{30}?)", ""),
        (r"((?:a{30})*b)", ""),
        (r"a{30}", ""),
        (r"(?i)(a{30})", ""),
        (r"(a{30}", ""),
    ],
)
def test_the_core_of_a_row_of_atoms_is_its_longest_fixed_part(expression: str, found: str) -> None:
    assert core(expression) == found


ATOMS = st.tuples(
    st.sampled_from(["a", "[ab]", r"\d", r"\.", "[^a-z]"]), st.integers(0, 9), st.sampled_from([None, 0, 3, 9])
).map(lambda one: f"{one[0]}{{{one[1]}}}" if one[2] is None else f"{one[0]}{{{one[1]},{one[1] + one[2]}}}")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(ATOMS, min_size=1, max_size=6).map("".join),
    st.text("ab1.", min_size=20, max_size=80),
    st.sampled_from(["", r"\b", "(?:^|[^a])"]),
)
def test_the_core_stands_in_every_match(row: str, text: str, head: str) -> None:
    with mock.patch.object(width_module, "SHORTEST_CORE", 3):
        found = core(f"{head}({row})(?:[^b]|$)")
    for match in compile_joined((f"{head}({row})(?:[^b]|$)",)).finditer(text.encode()):
        assert compile_joined((found or "",)).search(match.group()) is not None
