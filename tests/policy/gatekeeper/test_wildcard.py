"""Names with a star at one end or both."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.policy.gatekeeper.wildcard import matches, matches_generated

_NAMES = st.text(alphabet="ab-*", max_size=6)


@given(pattern=_NAMES, name=_NAMES)
def test_agrees_with_shell_patterns_whose_inner_stars_are_plain_characters(pattern: str, name: str) -> None:
    inner = pattern[1:] if pattern.startswith("*") else pattern
    inner = inner[:-1] if inner.endswith("*") else inner
    shell = inner.replace("*", "[*]")
    shell = ("*" if pattern.startswith("*") else "") + shell + ("*" if pattern.endswith("*") else "")
    assert matches(pattern, name) == fnmatch.fnmatchcase(name, shell)


@given(pattern=_NAMES, prefix=_NAMES, ending=st.text(alphabet="ab", min_size=5, max_size=5))
def test_a_generated_name_is_covered_whatever_its_end(pattern: str, prefix: str, ending: str) -> None:
    if matches_generated(pattern, prefix):
        assert matches(pattern, prefix + ending)


@pytest.mark.parametrize(
    ("pattern", "prefix", "expected"),
    [
        ("shop-*", "shop-", True),
        ("*shop*", "my-shop-", True),
        ("*-shop", "my-shop", False),
        ("shop-", "shop-", False),
        ("*", "", True),
    ],
)
def test_only_a_star_at_the_end_covers_generated_names(pattern: str, prefix: str, expected: bool) -> None:
    assert matches_generated(pattern, prefix) is expected
