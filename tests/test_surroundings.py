"""What one test does to the process must not reach the next."""

import os
from pathlib import Path


def test_wherever_a_test_goes_the_next_one_begins_where_it_began(monkeypatch, tmp_path):
    began = Path.cwd()
    os.chdir(tmp_path)
    monkeypatch.undo()  # as at the end of every test
    assert Path.cwd() == began


def test_the_corpora_are_found_from_any_folder():
    from tests.corpora import CORPORA

    assert CORPORA.is_absolute()
