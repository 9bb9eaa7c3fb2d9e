"""`lockgate advisories` over the sample advisories of the example."""

from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "examples" / "advisories"


def test_samples_are_compiled_and_shown(lockgate, repository):
    done = lockgate("advisories", "update", str(SAMPLES), cwd=repository.folder)
    assert done.returncode == 0, done.stderr
    assert "5 of 5 advisories compiled" in done.stdout
    shown = dict(
        line.split(": ", 1) for line in lockgate("advisories", "show", cwd=repository.folder).stdout.splitlines()
    )
    assert shown["advisories"] == "5"
    assert "PyPI" in shown["ecosystems"]


def test_the_store_may_lie_elsewhere(lockgate, repository, tmp_path):
    target = tmp_path / "shared.db"
    lockgate("advisories", "update", str(SAMPLES), "--store", str(target), cwd=repository.folder)
    assert target.is_file()
    assert not (repository.folder / ".lockgate").exists()
    assert lockgate("advisories", "show", "--store", str(target), cwd=repository.folder).returncode == 0


def test_showing_a_store_that_is_not_there_says_how_to_make_one(lockgate, repository):
    done = lockgate("advisories", "show", cwd=repository.folder)
    assert done.returncode == 5
    assert "lockgate advisories update" in done.stderr


def test_a_source_that_is_not_there_leaves_the_old_store(lockgate, repository):
    lockgate("advisories", "update", str(SAMPLES), cwd=repository.folder)
    done = lockgate("advisories", "update", "nowhere.zip", cwd=repository.folder)
    assert done.returncode == 5
    assert "nowhere.zip" in done.stderr
    assert "advisories: 5" in lockgate("advisories", "show", cwd=repository.folder).stdout


def test_a_source_without_an_advisory_is_no_success_and_leaves_the_old_store(lockgate, repository, tmp_path):
    lockgate("advisories", "update", str(SAMPLES), cwd=repository.folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "broken.json").write_text('{"id": ')
    done = lockgate("advisories", "update", str(empty), cwd=repository.folder)
    assert done.returncode in (4, 5)
    assert "not JSON" in done.stderr
    assert "advisories: 5" in lockgate("advisories", "show", cwd=repository.folder).stdout


@pytest.mark.parametrize("address", ["http://osv.invalid/all.zip", "ftp://osv.invalid/all.zip"])
def test_only_https_addresses_are_read(lockgate, repository, address):
    done = lockgate("advisories", "update", address, cwd=repository.folder)
    assert done.returncode in (2, 5)
    assert "a defect of Lockgate" not in done.stderr


def test_a_file_that_is_no_store_is_refused(lockgate, repository, tmp_path):
    (tmp_path / "x.db").write_text("no store")
    done = lockgate("advisories", "show", "--store", str(tmp_path / "x.db"), cwd=repository.folder)
    assert done.returncode == 5
    assert "a defect of Lockgate" not in done.stderr
