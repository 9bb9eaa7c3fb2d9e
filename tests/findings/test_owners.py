"""CODEOWNERS as GitHub reads it: the last match wins."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.findings import Owners
from lockgate.findings.owners import compiled


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*", "a/b.py", True),
        ("*.js", "a/b.js", True), ("*.js", "a/b.jsx", False), ("*.js", "x.js/y", True),
        ("/build/logs/", "build/logs/a/b", True), ("/build/logs/", "x/build/logs/a", False),
        ("/build/logs/", "build/logs", False),
        ("docs/*", "docs/a.md", True), ("docs/*", "docs/deep/a.md", False), ("docs/*", "x/docs/a.md", False),
        ("apps/", "x/apps/a", True), ("apps/", "apps", False),
        ("/docs/", "docs/a/b", True), ("/scripts", "scripts/a", True), ("/scripts", "x/scripts", False),
        ("**/logs", "a/b/logs/c", True), ("**/logs", "logs", True),
        ("a/**/z", "a/z", True), ("a/**/z", "a/b/c/z", True), ("a/**", "a/b/c", True), ("a/**", "a", False),
        ("doc?.md", "x/docs.md", True), ("a\\ b", "a b", True), ("/apps/github", "apps/github/x", True),
        ("/", "anything", True), ("Makefile", "sub/Makefile", True), ("a.b", "aXb", False),
    ],
)  # fmt: skip
def test_patterns_mean_what_github_says(pattern: str, path: str, matches: bool) -> None:
    assert bool(Owners.parse(f"{pattern.replace(' ', ' ')} @x").of(path)) is matches


def test_the_last_match_wins_and_may_take_owners_away() -> None:
    owners = Owners.parse("* @all # comment\n*.py @py ada@example.org\n/vendor/\n\n!bad @no\n[abc].x @no")
    assert owners.of("a.txt") == ("@all",)
    assert owners.of("a.py") == ("@py", "ada@example.org")
    assert owners.of("vendor/a.py") == ()


def test_owners_of_a_gitlab_section_stand_for_entries_without_any() -> None:
    owners = Owners.parse("[Docs] @writers\n*.md\n^[Code][2] @core\n*.py @special\n*.go")
    assert (owners.of("a.md"), owners.of("a.py"), owners.of("a.go")) == (("@writers",), ("@special",), ("@core",))


@settings(max_examples=100)
@given(st.text(max_size=60), st.text(alphabet="ab/*?\\. ", max_size=30))
def test_any_file_can_be_parsed_and_asked(text: str, path: str) -> None:
    Owners.parse(text + "\n" + path + " @x").of(path)


def test_many_stars_cost_no_time() -> None:
    pattern = compiled("/" + "*a" * 20)
    assert pattern is None or _seconds(pattern.matches, "a" * 4000 + "b") < 1
    assert compiled("*" * 30 + "/x") is None


def _seconds(call: object, argument: str) -> float:
    start = time.process_time()
    call(argument)  # type: ignore[operator]
    return time.process_time() - start


_PATTERNS = st.one_of(
    st.sampled_from(["*", "*.py", "/src/", "docs/*", "**/logs", "a/**/z", "/", "lib", "a?c", "caf\u00e9"]),
    st.text("ab/*?.", min_size=1, max_size=6),
)


@given(
    st.lists(_PATTERNS, max_size=40),
    st.lists(st.text("ab/.\u00e9\ud800", max_size=8) | st.sampled_from(["src/a.py", "x/logs/y"]), max_size=8),
)
@settings(max_examples=150, deadline=None)
def test_many_patterns_at_once_say_what_they_say_one_by_one(patterns: list[str], paths: list[str]) -> None:
    owners = Owners.parse("\n".join(f"{pattern} @o{number}" for number, pattern in enumerate(patterns)))
    for path in paths:
        assert owners.of(path) == one_by_one(owners, path)


def one_by_one(owners: Owners, path: str) -> tuple[str, ...]:
    return next((names for glob, names in reversed(owners.entries) if glob.matches(path)), ())


def test_a_file_of_thousands_of_entries_is_asked_quickly() -> None:
    owners = Owners.parse("* @all\n" + "".join(f"/part{n}/ @t{n}\n*.x{n} @x{n}\n" for n in range(2_500)))
    began = time.process_time()
    said = [owners.of(path) for n in range(0, 2_500, 25) for path in (f"part{n}/a.py", f"q/b.x{n}", f"other/{n}")]
    assert time.process_time() - began < 10
    assert said[:3] == [("@t0",), ("@x0",), ("@all",)]
    assert said[-3:] == [("@t2475",), ("@x2475",), ("@all",)]


def test_patterns_too_large_to_join_are_asked_one_by_one() -> None:
    long = "/a/" + "*x?" * 19 + "y" * 900
    owners = Owners.parse("* @all\n" + "".join(f"{long}{n} @t{n}\n" for n in range(300)))
    assert owners.of("a/b") == ("@all",)
    assert owners.of("a/" + "axb" * 19 + "y" * 900 + "299") == ("@t299",)
