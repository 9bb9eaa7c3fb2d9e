"""What does not fit into memory goes to a private folder, within a bound."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lockgate.store import _spill
from lockgate.store.ask import Tables, ask
from lockgate.store.ask.answer import LimitError

LARGE = "(SELECT i AS n, hash(i)::VARCHAR || repeat('x', 300) AS Text FROM range(400000) t(i))"


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tables:
    """120 MB of text, and memory for half of it."""
    monkeypatch.chdir(tmp_path)
    found = Tables(memory="64MB", threads=1)
    found.add("Large", {"n": "long", "Text": "string"}, LARGE)
    return found


QUERY = "Large | summarize n = count() by Text | summarize count(), sum(n)"


def test_a_question_larger_than_memory_is_answered_and_writes_nothing_here(large: Tables, tmp_path: Path) -> None:
    assert ask(QUERY, large).rows == [(400_000, 400_000)]
    assert list(Path(_spill._folder()).iterdir()), "the folder was not needed, so this showed nothing"
    assert os.listdir(tmp_path) == []


def test_a_question_past_the_bound_is_stopped(large: Tables, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_spill, "MOST", "1MB")
    with pytest.raises(LimitError, match="memory"):
        ask(QUERY, large)
    assert os.listdir(tmp_path) == []


def test_the_folder_is_private_and_goes_with_the_process() -> None:
    name = "import os, stat; from lockgate.store import _spill as s; f = s._folder(); print(oct(os.stat(f).st_mode), f)"
    mode, folder = subprocess.run(
        [sys.executable, "-c", name], capture_output=True, text=True, check=True, timeout=30
    ).stdout.split()
    assert stat.S_IMODE(int(mode, 8)) == 0o700
    assert not Path(folder).exists()


def test_without_a_folder_nothing_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    assert _spill._folder.__wrapped__() == ""
    monkeypatch.setattr(_spill, "_folder", lambda: "")
    found = Tables(memory="64MB", threads=1)
    found.add("Large", {"n": "long", "Text": "string"}, LARGE)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LimitError, match="memory"):
        ask(QUERY, found)
    assert os.listdir(tmp_path) == []
