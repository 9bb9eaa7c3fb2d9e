"""`lockgate doctor` says what is there, what is stale, and what a full check would miss."""

import json
import os
import shutil
import time


def looked_at(lockgate, folder, **more):
    done = lockgate("doctor", "--format", "json", cwd=folder, **more)
    return done.returncode, {one["name"]: one for one in json.loads(done.stdout)}


def test_without_advisories_a_full_check_would_miss_something(lockgate, repository):
    code, checks = looked_at(lockgate, repository.folder)
    assert code == 4
    assert not checks["advisories"]["ok"]
    assert "advisories update" in checks["advisories"]["hint"]
    assert checks["git"]["ok"]
    assert checks["rules"]["ok"]


def test_with_fresh_advisories_everything_is_well_and_old_ones_are_told(lockgate, repository, advisory_store):
    code, checks = looked_at(lockgate, repository.folder, env={"LOCKGATE_ADVISORIES": str(advisory_store)})
    assert [name for name, one in checks.items() if not one["ok"]] == []
    assert code == 0
    month_ago = time.time() - 30 * 86400
    os.utime(advisory_store, (month_ago, month_ago))
    code, checks = looked_at(lockgate, repository.folder, env={"LOCKGATE_ADVISORIES": str(advisory_store)})
    assert code == 4
    assert "30 day(s) ago" in checks["advisories"]["says"]


def test_a_damaged_store_is_told_and_the_rest_is_looked_at(lockgate, repository, tmp_path):
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"not a database" * 100)
    code, checks = looked_at(lockgate, repository.folder, env={"LOCKGATE_ADVISORIES": str(broken)})
    assert code == 4
    assert not checks["advisories"]["ok"]
    assert checks["rules"]["ok"]


def test_a_shallow_clone_is_told(lockgate, repository):
    repository.commit()
    repository.commit()
    clone = repository.folder.parent / "clone"
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.folder}", str(clone))
    _, checks = looked_at(lockgate, clone)
    assert not checks["history"]["ok"]
    assert "unshallow" in checks["history"]["hint"]


def test_a_missing_git_is_told_in_words(lockgate, tmp_path):
    code, checks = looked_at(lockgate, tmp_path, env={"PATH": str(tmp_path)})
    assert code == 4
    if shutil.which("git", path=str(tmp_path)) is None:
        assert checks["git"]["says"] == "not found"


def test_the_text_form_marks_what_is_missing(lockgate, repository):
    done = lockgate("doctor", cwd=repository.folder)
    assert any(line.startswith("ok   python") for line in done.stdout.splitlines())
    assert any(line.startswith("MISS advisories") for line in done.stdout.splitlines())
