"""Whole repositories of one kind of rubbish under every name that some reader wants."""

from pathlib import Path

import pytest
from tests.cli.bad_input.cases import ALSO_NAMED, LOCKS, RUBBISH, fill

from lockgate.formats import lockfiles


def test_an_empty_lock_file_is_a_skip_and_no_other_empty_file_is_trouble(check, repository):
    fill(repository, b"")
    done = check(repository.folder)
    assert set(done.skipped) >= LOCKS
    assert done.document["findings"] == []


@pytest.mark.parametrize("kind", RUBBISH)
def test_rubbish_under_every_wanted_name_is_skipped_and_never_called_clean(check, repository, kind):
    fill(repository, RUBBISH[kind])
    done = check(repository.folder)
    assert not (repository.folder / "OWNED").exists()
    assert LOCKS - set(done.skipped) == set()
    assert not [one for one in done.document["components"] if Path(one["path"]).name in LOCKS]


def test_the_lists_above_name_every_lock_that_is_read():
    locks = [reader for reader in lockfiles.readers().values() if reader.lock]
    assert {name for reader in locks for name in getattr(reader.matches, "names", ())} - LOCKS <= ALSO_NAMED
