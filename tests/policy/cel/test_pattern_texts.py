"""What a pattern needs is read off it: no text that RE2 finds it in lacks that."""

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.policy.cel.pattern_texts import needed
from lockgate.policy.cel.regex import search


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("abc", [("abc", False, False, True, False)]),
        ("^docker[.]io/", [("docker.io/", True, False, True, False)]),
        ("^a\\.b$", [("a.b", True, True, False, False)]),
        (":latest$", [(":latest", False, True, True, False)]),
        ("(?i):Latest$", [(":latest", False, True, True, True)]),
        ("a.*bc$", [("bc", False, True, False, False)]),
        ("abc.*d$", [("abc", False, False, False, False)]),
        ("ab\\$", [("ab$", False, False, True, False)]),
        ("ab[$]", [("ab$", False, False, True, False)]),
        ("ab|cd", [("ab", False, False, True, False), ("cd", False, False, True, False)]),
        ("debugpy.*--listen[ =]0[.]0", [("--listen", False, False, False, False)]),
        ("--inspect(-brk)?=(a|b)", [("--inspect", False, False, False, False)]),
        ("(a|b)+cde*", [("cd", False, False, False, False)]),
        ("^[a-z]+xyz", [("xyz", False, False, False, False)]),
        ("ab{2}c", [("a", False, False, False, False)]),
        ("ab+c", [("ab", False, False, False, False)]),
        ("[[]::[]]", [("[::]", False, False, True, False)]),
        ("(?i)abc", [("abc", False, False, True, True)]),
        ("(?i)\u212abc", []),
        ("(?s)abc", []),
        ("a(?i)bc", []),
        ("$", []),
        ("abc$*", [("abc", False, False, False, False)]),
        ("abc|", []),
        (".*", []),
        ("abc|[0-9]", []),
        ("\\x41bc", []),
        ("\\pNbc", []),
        ("\\QNbc\\E", []),
        ("(?P<n>a)bc", []),
        ("^{1,2}", []),
        ("^{2}abc", []),
        ("^*abc", []),
        ("", []),
    ],
)
def test_the_longest_text_of_each_alternative(pattern, expected):
    assert [tuple(one) for one in needed(pattern)] == expected


PIECES = [
    *"abc.^$|()[]{}*+?\\-:1,",
    "[.]",
    "(?:",
    "[^a]",
    "[a-c]",
    "\\.",
    "\\d",
    "\\b",
    "{1,2}",
    "[[:alpha:]]",
    "(?i)",
    "(?i)aB",
    "[]a]",
    "bc$",
]


@settings(max_examples=1500, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.lists(st.text("abcBC.-1A[]$\n", max_size=8), max_size=6),
)
def test_the_answer_is_always_that_of_re2(pattern, texts):
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error:
        return
    for text in texts:
        assert search(text, pattern) is (compiled.search(text) is not None), (pattern, text)
