"""git blame says who brought a line, or says nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.findings.blame import introductions, parse_porcelain


def _git(root: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false", *arguments],
        cwd=root, check=True, capture_output=True,
        env={key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        | {"GIT_AUTHOR_DATE": "2030-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2030-01-02T03:04:05Z"},
    )  # fmt: skip


def test_the_author_time_and_commit_of_each_line_are_told(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    (tmp_path / "a b.txt").write_text("one\ntwo\nthree\n")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "first")
    (tmp_path / "a b.txt").write_text("one\nTWO\nthree\n")
    (tmp_path / "loose.txt").write_text("x\n")
    told = introductions(tmp_path)([("a b.txt", 1), ("a b.txt", 2), ("a b.txt", 3), ("loose.txt", 1), ("gone", 1)])
    assert set(told) == {("a b.txt", 1), ("a b.txt", 3)}
    first = told["a b.txt", 1]
    assert (first.by, first.at, len(first.commit)) == ("Ada <ada@example.org>", "2030-01-02T03:04:05+00:00", 40)


def test_a_folder_that_is_no_repository_tells_nothing(tmp_path: Path) -> None:
    assert introductions(tmp_path)([("a", 1)]) == {}


def test_one_call_a_file_and_none_after_the_budget() -> None:
    calls: list[Sequence[str]] = []

    def runner(arguments: Sequence[str], seconds: float) -> bytes | None:
        calls.append(arguments)
        return None

    ask = introductions(Path(), run=runner)
    ask([("a", 3), ("a", 1), ("a", 3), ("b", 1), ("c", 0)])
    assert [call[2:] for call in calls] == [["-L", "1,1", "-L", "3,3", "--", "a"], ["-L", "1,1", "--", "b"]]
    introductions(Path(), run=runner, seconds=0)([("a", 1)])
    assert len(calls) == 2


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_any_output_is_survived(output: bytes) -> None:
    parse_porcelain(output)
    parse_porcelain(b"a" * 40 + b" 1 1 1\nauthor " + output + b"\nauthor-time 99999999999999999999\n\tx\n")
