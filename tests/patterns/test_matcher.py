"""Candidate ends, windows, and what a match must meet."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lockgate.errors import ConfigurationError
from lockgate.patterns import Allow, Hit, Matcher, Pattern, Target, shannon
from lockgate.patterns import matcher as matcher_module
from lockgate.patterns.matcher import compile_joined

TOKEN = Pattern("token", r"\btok_([a-z0-9]{8})\b")


def texts(matcher: Matcher, content: bytes, path: str = "") -> list[bytes]:
    return [content[hit.secret_start : hit.secret_end] for hit in matcher.find(content, (path,))]


def test_every_match_is_found_once_with_its_group() -> None:
    content = b"x tok_abcd1234 y\n tok_zzzz9999; tok_short\n"
    assert texts(Matcher([TOKEN]), content) == [b"abcd1234", b"zzzz9999"]


def test_a_match_longer_than_any_fixed_window_is_whole() -> None:
    content = b"a" * 900 + b" ey" + b"Q" * 5000 + b".end"
    found = Matcher([Pattern("long", r"\bey([A-Za-z]{17,}\.end)")]).find(content)
    assert [(hit.start, hit.end) for hit in found] == [(901, len(content))]


def test_a_key_over_many_lines_is_whole() -> None:
    content = b"junk\n" * 500 + b"--BEGIN KEY--\n" + b"abcd\n" * 3000 + b"--END KEY--\n" + b"junk\n" * 500
    found = Matcher([Pattern("pem", r"--BEGIN KEY--([\s\S]{64,}?)--END KEY--")]).find(content)
    assert [content[hit.start : hit.end][:13] for hit in found] == [b"--BEGIN KEY--"]
    assert found[0].end - found[0].start == 13 + 1 + 15000 + 11


def test_a_word_boundary_before_the_window_still_counts() -> None:
    assert texts(Matcher([TOKEN]), b"n" * 40_000 + b"tok_abcd1234") == []
    assert texts(Matcher([TOKEN]), b"n" * 40_000 + b" tok_abcd1234") == [b"abcd1234"]


def test_the_group_named_secret_goes_before_the_first_one() -> None:
    named = Pattern("named", r"(user)=(?P<secret>\w{3})!")
    assert texts(Matcher([named]), b"user=abc!") == [b"abc"]
    assert texts(Matcher([Pattern("second", r"(a)=(\w{3})!", group=2)]), b"a=xyz!") == [b"xyz"]
    assert texts(Matcher([Pattern("either", r"k:(?:'(\w{3})'|<(\w{3})>)")]), b"k:<xyz>") == [b"xyz"]


def test_a_keyword_must_stand_somewhere_in_whatever_case() -> None:
    needs = Pattern("needs", r"[a-f0-9]{8}", keywords=("acme",))
    assert texts(Matcher([needs]), b"01234567") == []
    assert texts(Matcher([needs]), b"ACME 01234567") == [b"01234567"]


def test_a_context_word_must_stand_within_three_lines() -> None:
    needs = Pattern("needs", r"\b[a-f0-9]{8}\b", context=("acme",))
    assert texts(Matcher([needs]), b"acme\n\n\n01234567\n") == [b"01234567"]
    assert texts(Matcher([needs]), b"01234567\n\n\nAcme\n") == [b"01234567"]
    assert texts(Matcher([needs]), b"acme\n\n\n\n\n01234567\n") == []


def test_low_entropy_is_no_match() -> None:
    random_enough = Pattern("random", r"k=([a-z0-9]{16})", entropy=3.0)
    assert texts(Matcher([random_enough]), b"k=aaaaaaaaaaaaaaaa") == []
    assert texts(Matcher([random_enough]), b"k=a8f3kd92lzm4x7qp") == [b"a8f3kd92lzm4x7qp"]
    assert shannon(b"") == 0
    assert shannon(b"ab") == 1
    assert shannon(bytes(range(256))) == 8


@pytest.mark.parametrize(
    "allow",
    [
        Allow(regexes=("^abcd",)),
        Allow(regexes=("=tok_",), target=Target.LINE),
        Allow(regexes=("^tok_abcd1234$",), target=Target.MATCH),
        Allow(stopwords=("bcd1",)),
        Allow(paths=(r"\.lock$",)),
        Allow(regexes=("^abcd",), paths=(r"\.lock$",), every=True),
    ],
)
def test_an_allowance_makes_a_match_harmless(allow: Allow) -> None:
    pattern = Pattern("token", TOKEN.regex, allow=(allow,))
    assert texts(Matcher([pattern]), b"a=tok_abcd1234\n", "x.lock") == []
    assert texts(Matcher([TOKEN], allow=[allow]), b"a=tok_abcd1234\n", "x.lock") == []


def test_an_allowance_that_demands_everything_lets_half_of_it_pass_on() -> None:
    both = Allow(regexes=("^abcd",), paths=(r"\.lock$",), every=True)
    assert texts(Matcher([TOKEN], allow=[both]), b"tok_abcd1234", "x.py") == [b"abcd1234"]


def test_a_path_condition_holds_when_any_path_meets_it() -> None:
    only_tf = Pattern("tf", TOKEN.regex, path=r"\.tf$")
    assert Matcher([only_tf]).find(b"tok_abcd1234", ("a.py",)) == []
    assert len(Matcher([only_tf]).find(b"tok_abcd1234", ("a.py", "b.tf"))) == 1
    not_tf = Pattern("tf", TOKEN.regex, exclude_path=r"\.tf$")
    assert Matcher([not_tf]).find(b"tok_abcd1234", ("b.tf",)) == []


def test_a_pattern_without_expression_goes_by_path() -> None:
    assert Matcher([Pattern("p12", path=r"\.p12$")]).find(b"", ("a.p12",)) == [Hit(0, 0, 0, 0, 0)]
    assert Matcher([Pattern("p12", path=r"\.p12$")]).find(b"", ("a.pem",)) == []


def test_a_flood_of_candidates_is_still_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matcher_module, "MOST_ENDS", 5)
    content = b"tok_abcd1234 " * 20
    assert len(texts(Matcher([TOKEN]), content)) == 20


def test_an_expression_that_hyperscan_refuses_is_named() -> None:
    with pytest.raises(ConfigurationError, match="bad-one"):
        Matcher([TOKEN, Pattern("bad-one", "a*")])


def test_an_expression_that_hyperscan_cannot_do_exactly_is_prefiltered() -> None:
    assert (
        texts(
            Matcher([Pattern("word", r"(?i)k[\w.]{0,40}\b(?:x{100,300}y){1,9}=(\w{3})")]), b"k " + b"x" * 120 + b"y=abc"
        )
        == []
    )


def test_the_database_is_kept_and_read_back(tmp_path: Path) -> None:
    Matcher([TOKEN], cache_dir=tmp_path)
    (kept,) = tmp_path.iterdir()
    before = kept.stat().st_mtime_ns
    assert texts(Matcher([TOKEN], cache_dir=tmp_path), b"tok_abcd1234") == [b"abcd1234"]
    assert kept.stat().st_mtime_ns == before


@pytest.mark.parametrize("damage", [b"", b"garbage", b"lockgate-hs1\n" + b"\0" * 500])
def test_a_damaged_database_is_compiled_again(tmp_path: Path, damage: bytes) -> None:
    Matcher([TOKEN], cache_dir=tmp_path)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(damage)
    assert texts(Matcher([TOKEN], cache_dir=tmp_path), b"tok_abcd1234") == [b"abcd1234"]
    assert kept.read_bytes() == whole


def test_a_cache_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert texts(Matcher([TOKEN], cache_dir=blocked / "below"), b"tok_abcd1234") == [b"abcd1234"]


def test_other_patterns_have_another_database(tmp_path: Path) -> None:
    Matcher([TOKEN], cache_dir=tmp_path)
    Matcher([TOKEN, Pattern("other", "otherwise")], cache_dir=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


SPARSE = Pattern("sparse", r"\b([MNO][A-Za-z0-9]{9}\.[A-Za-z0-9]{4})\b", ("robot", "c-3po"))


@pytest.mark.parametrize("others", [[], [TOKEN], [TOKEN, Pattern("bot", r"robot=(\w{4})")]], ids=len)
@pytest.mark.parametrize("word", [b"robot=abcd", b"ROBOT", b"x C-3PO", b"robo", b"c3po"])
def test_a_pattern_without_fixed_text_is_found_where_its_keyword_stands(others, word, tmp_path: Path) -> None:
    content = b"Ma1a1a1a1z.wxyz tok_abcd1234 " + word + b" Nb2b2b2b2y.wxyz"
    for _ in range(2):  # compiled, then kept
        found = Matcher([*others, SPARSE], cache_dir=tmp_path).find(content)
        spans = [(hit.start, hit.end) for hit in found if hit.index == len(others)]
        assert spans == ([] if word in (b"robo", b"c3po") else [(0, 15), (len(content) - 15, len(content))])
        assert len(found) - len(spans) == sum(re.search(one.regex.encode(), content) is not None for one in others)


@pytest.mark.parametrize("keywords", [(), ("robot",)], ids=len)
@pytest.mark.parametrize("others", [[], [TOKEN]], ids=len)
def test_a_pattern_without_fixed_text_is_found_where_its_core_stands(others, keywords) -> None:
    pattern = Pattern("row", r"\b([MNO][a-z0-9]{9,12}\.[a-z0-9]{26,30})(?:[^a-z0-9]|$)", keywords)
    opened = Matcher([*others, pattern])
    assert opened._sparse == [len(others)]
    for robot in (b"", b"robot"):
        content = b"Ma1a1a1a1z." + b"z" * 26 + b"\ntok_abcd1234 " + robot + b" M123456789." + b"y" * 30
        spans = [(hit.secret_start, hit.secret_end) for hit in opened.find(content) if hit.index == len(others)]
        assert spans == ([(0, 37), (len(content) - 41, len(content))] if robot or not keywords else [])
        assert len(opened.find(content)) - len(spans) == len(others)
    assert texts(opened, b"Ma1a1a1a1z." + b"z" * 25 + b" robot") == []


@pytest.mark.parametrize(
    ("regex", "sparse"),
    [
        (r"\bA{22}([a-z%]{80,120})", False),
        (r"\b(\d{30})\b", True),
        (r"\b(\w{20})\b", False),
        (r"(?:^|[^a-z])(S[OA][a-z]{56})", True),
        (r"(ab[a-z]{56})", False),
    ],
)
def test_characters_that_stand_for_themselves_in_a_row_are_looked_for_first(regex: str, sparse: bool) -> None:
    assert Matcher([TOKEN, Pattern("p", regex)])._sparse == [1] * sparse


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_windows_find_what_a_whole_search_finds(seed: int) -> None:
    dice = random.Random(seed)
    words = [
        b"tok_abcd1234",
        b"\n",
        b" ",
        b"key = ",
        b"'",
        b"x" * 50,
        b"tok_",
        b"--B--",
        b"--E--",
        b"abc.def",
        b"\xff\xe4",
    ]
    content = b"".join(dice.choice(words) for _ in range(dice.randrange(200)))
    for regex in (TOKEN.regex, r"--B--([\s\S]{3,}?)--E--", r"key = '([^'\n]+)'", r"(?i)[\w.]{0,50}?abc\.(\w+)"):
        whole = [match.span() for match in compile_joined((regex,)).finditer(content)]
        assert [(hit.start, hit.end) for hit in Matcher([Pattern("p", regex)]).find(content)] == whole


EDGES = [
    Pattern("words", TOKEN.regex.replace("8", "4")),
    Pattern("lines", r"(?m)^(key=[a-z]{2,9})$"),
    Pattern("ends", r"\A(first_[a-z]{2})|(last_[a-z]{2})\z"),
    Pattern("over", r"<(\w{2}\s\w{2})>"),
]
ONE_FOR_ALL = Matcher(EDGES)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"first_ab last_ab", [b"first_ab", b"last_ab"]),
        (b"\nfirst_ab last_ab", [b"last_ab"]),
        (b"first_ab last_ab\n", [b"first_ab"]),
        (b"tok_abcd", [b"abcd"]),
        (b"tok_abcde", []),
    ],
)
def test_a_line_that_comes_again_beside_something_else_is_another(content: bytes, found: list[bytes]) -> None:
    assert texts(ONE_FOR_ALL, content) == found
    assert texts(ONE_FOR_ALL, b"\n" + content + b" ") == [one for one in found if one == b"abcd"]
    assert texts(ONE_FOR_ALL, content) == found


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [b"tok_abcd", b"\n", b" ", b"\v", b"x", b"key=ab", b"first_ab", b"last_ab", b"<ab", b"cd>", b"y" * 300]
        ),
        max_size=12,
    ).map(b"".join)
)
def test_a_line_that_comes_again_is_judged_by_what_stands_around_it(content: bytes) -> None:
    for one in (content, b"x" + content, content + b"x", content + b"\n"):
        assert ONE_FOR_ALL.find(one) == Matcher(EDGES, patient=True).find(one)


CHOICES = [
    b"tok_abcd1234",
    b"\n",
    b" ",
    b"key = ",
    b"'",
    b"x" * 50,
    b"tok_",
    b"--B--",
    b"--E--",
    b"abc.def",
    b"\xff\xe4",
    b"\r",
    b"\v",
    b"KEY = ",
    b"$",
    b"password=hunter2",
]
SEVERAL = [
    Pattern("a", TOKEN.regex, ("tok_",)),
    Pattern("b", r"--B--([\s\S]{3,}?)--E--"),
    Pattern("c", r"(?i)key = '([^'\n]+)'", ("key",)),
    Pattern("d", r"(?i)[\w.]{0,50}?abc\.(\w+)", ("abc", "zzz")),
    Pattern("e", r"(?m)password=(\S{4,20})$", ("password",)),
    Pattern("f", r"key = ([^\s']{2,9})(?:\s|$)", ("key =",), path=r"\.yaml$"),
    Pattern("g", "", path=r"\.pem$"),
]


@settings(max_examples=150, deadline=None)
@example(b"abc.def\nabc.def\vabc.def", "a.yaml")
@given(st.lists(st.sampled_from(CHOICES), max_size=60).map(b"".join), st.sampled_from(["a.yaml", "b.pem", "c"]))
def test_a_patient_matcher_finds_what_any_other_finds(content: bytes, path: str) -> None:
    patient = Matcher(SEVERAL, patient=True)
    assert patient.find(content, (path,)) == EAGER.find(content, (path,))


EAGER = Matcher(SEVERAL)


def test_a_patient_matcher_turns_to_hyperscan_when_it_has_looked_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    whole = matcher_module.open_database
    monkeypatch.setattr(matcher_module, "open_database", lambda *a, **k: opened.append(1) or whole(*a, **k))
    patient = Matcher([TOKEN], patient=True)
    assert texts(patient, b"tok_abcd1234") == [b"abcd1234"]
    assert not opened
    monkeypatch.setattr(patient, "_patience", -1)
    assert texts(patient, b"tok_abcd1234") == texts(patient, b"tok_abcd1234 ") == [b"abcd1234"]
    assert opened == [1]


@pytest.mark.parametrize("expected", [34_999_999, 35_000_001])
def test_a_patient_matcher_that_would_not_last_does_not_begin(
    expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(Matcher, "_patiently", lambda *_: asked.append(1))
    found = Matcher([TOKEN], patient=True, expected=expected)
    assert found._database is None
    assert texts(found, b"tok_abcd1234") == [b"abcd1234"]
    assert len(asked) == (expected < 35_000_000)


ODD = [Pattern("a", r"key=([^\s;]{3,60})"), Pattern("b", r"BEGIN([\s\S]{3,}?)END"), Pattern("c", r"q=(\S+)")]


@pytest.mark.parametrize("left", [-1, 0, 1, 12, 13, 24])
def test_whatever_is_left_of_the_patience_nothing_is_missed(left: int) -> None:
    patient = Matcher([TOKEN], patient=True)
    patient._patience = left
    assert texts(patient, b"tok_abcd1234") == texts(patient, b"tok_abcd1234") == [b"abcd1234"]


@pytest.mark.parametrize(
    "content",
    [
        b"key=abc\vdef ", b"key=ab\v", b"q=a\vb q=cd", b"BEGIN" + b"x" * 20_000 + b"END key=abcd",
        b"BEGIN" + b"y\n" * 200_000 + b"END key=abcd ", b"q=" + b"z" * 40_000 + b" key=abcd",
    ],
    ids=range(6),
)  # fmt: skip
def test_what_hyperscan_may_see_otherwise_is_left_to_it(content: bytes) -> None:
    patient = Matcher(ODD, patient=True)
    assert patient.find(content) == Matcher(ODD).find(content)
    assert patient._database is not None


@pytest.mark.parametrize("content", [b"\v key=abcd \v", b" " * 300_000 + b"key=abcd " + b"x" * 20_000])
def test_long_lines_and_vertical_tabs_around_a_match_change_nothing(content: bytes) -> None:
    patient = Matcher(ODD, patient=True)
    assert patient.find(content) == Matcher(ODD).find(content) != []
    assert patient._database is None


@pytest.mark.parametrize(
    "before",
    ["\u043f\u0430\u0440\u043e\u043b\u044c", "\u043f\u0410\u0440\u043e\u043b\u044c", "\u00e4", "\u00c4", "parol"],
)
@pytest.mark.parametrize("size", [0, 20_000])
def test_a_keyword_that_is_not_ascii_is_looked_for_as_written_by_both(before: str, size: int) -> None:
    patterns = [Pattern("p", r"=([a-z]+)", ("\u0430\u0440\u043e\u043b\u044c", "\u00e4"))]
    patient, eager = Matcher(patterns, patient=True), Matcher(patterns)
    content = f"{before}=abc\n{'x' * size}".encode()
    assert patient._database is None
    assert patient.find(content) == eager.find(content)
    assert bool(eager.find(content)) == (before in ("\u043f\u0430\u0440\u043e\u043b\u044c", "\u00e4"))


@pytest.mark.parametrize("pattern", [Pattern("p", "gr\u00fc\u00dfe_([a-z]+)"), Pattern("p", r"\pL+_x")])
def test_a_pattern_that_is_not_plain_is_compiled_at_once(pattern: Pattern) -> None:
    assert Matcher([pattern], patient=True)._database is not None


def test_a_refused_expression_is_told_by_a_patient_matcher_too() -> None:
    with pytest.raises(ConfigurationError):
        Matcher([Pattern("p", r"(a")], patient=True).find(b"a")


@pytest.mark.parametrize("patience", [0, 40, 10_000])
def test_contents_that_are_looked_through_together_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, patience: int
) -> None:
    monkeypatch.setattr(matcher_module, "PATIENCE", patience)
    patterns = [TOKEN, Pattern("only", r"tok_(zzzz)", path=r"\.tf$")]
    contents = [b"tok_abc", b"d1234 tok_abcd1234", b"", b"tok_zzzz9999", b"x"]
    contents.append(b"tok_zzzz9999 tok_abcd1234 tok_zzzz1111")
    looked = [(content, (f"{number}.{ending}",)) for number, content in enumerate(contents) for ending in ("tf", "py")]
    together = Matcher(patterns, patient=True).find_all(looked)
    assert together == [Matcher(patterns).find(content, paths) for content, paths in looked]
    assert [len(hits) for hits in together] == [0, 0, 1, 1, 0, 0, 2, 1, 0, 0, 5, 3]
