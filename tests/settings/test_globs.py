"""What path patterns mean."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.settings.globs import matcher, path_matches, word_matches


@pytest.mark.parametrize(
    ("glob", "path", "answer"),
    [
        ("*.md", "README.md", True),
        ("*.md", "docs/a/b.md", True),
        ("*.md", "b.mdx", False),
        ("vendor", "a/vendor/x/y.go", True),
        ("vendor/", "a/vendor/x/y.go", True),
        ("vendor", "vendored/x", False),
        ("docs/*.md", "docs/a.md", True),
        ("docs/*.md", "docs/a/b.md", False),
        ("docs/*.md", "x/docs/a.md", False),
        ("/docs", "docs/x", True),
        ("docs/**/b.md", "docs/b.md", True),
        ("docs/**/b.md", "docs/x/y/b.md", True),
        ("**/test/**", "a/test/b", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[a-c].py", "b.py", True),
        ("[!a-c].py", "b.py", False),
        ("a.c", "abc", False),
        ("[", "[", True),
        ("a\\b", "a\\b", True),
    ],
)
def test_a_glob_matches_as_documented(glob: str, path: str, answer: bool) -> None:
    assert path_matches(glob, path) is answer


def test_no_globs_match_nothing() -> None:
    assert not matcher(())("a")


@pytest.mark.parametrize(
    ("glob", "word", "answer"),
    [
        ("secrets/*", "secrets/a/b", True),
        ("*/x", "a/y", False),
        ("a*a", "a", False),
        ("a", "a", True),
        ("*", "", True),
        ("a*b*c", "axbyc", True),
        ("a*b*c", "acb", False),
    ],
)
def test_a_star_in_a_rule_glob_stands_for_anything(glob: str, word: str, answer: bool) -> None:
    assert word_matches(glob, word) is answer


@given(st.text("a*?[]!^-/.\\é{}()|\n", max_size=20), st.text("ab/.[]\n", max_size=20))
@settings(max_examples=100, deadline=None)
def test_any_glob_compiles_and_answers(glob: str, path: str) -> None:
    assert path_matches(glob, path) in (True, False)
