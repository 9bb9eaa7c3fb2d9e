"""Damaged, shallow, bare and nested repositories."""

import random
import shutil

import pytest
from tests.cli.bad_input.cases import ALLOWED, DENIED, UNAVAILABLE, lock_of


def broken(repository, how: str) -> None:
    """One commit with a secret-free file, then damage."""
    repository.write("app.py", "x = 1\n")
    repository.write("package-lock.json", lock_of(3))
    repository.commit()
    git = repository.folder / ".git"
    loose = [path for path in (git / "objects").glob("??/*") if path.is_file()]
    if how == "objects":
        for path in loose:
            path.chmod(0o600)
            path.write_bytes(b"rubbish")
    elif how == "objects missing":
        shutil.rmtree(git / "objects")
        (git / "objects").mkdir()
    elif how == "index":
        (git / "index").write_bytes(b"DIRC" + b"\0" * 20)
    elif how == "index random":
        (git / "index").write_bytes(random.Random(1).randbytes(500))
    elif how == "HEAD":
        (git / "HEAD").write_bytes(b"\0\xff rubbish")
    elif how == "HEAD nowhere":
        (git / "HEAD").write_text("ref: refs/heads/nowhere\n")
    elif how == "config":
        (git / "config").write_text("[core\nrubbish")
    elif how == "git file":
        shutil.rmtree(git)
        git.write_text("gitdir: /nowhere/at/all\n")
    elif how == "git file empty":
        shutil.rmtree(git)
        git.write_text("")
    elif how == "refs":
        (git / "refs" / "heads" / "main").write_text("0" * 40 + "\n")


DAMAGE = [
    "objects", "objects missing", "index", "index random", "HEAD", "HEAD nowhere", "config", "git file",
    "git file empty", "refs",
]  # fmt: skip


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_repository_is_read_or_refused_with_a_reason(check, repository, how):
    broken(repository, how)
    done = check(repository.folder)
    if done.out:
        locked = [one for one in done.document["components"] if one["path"] == "package-lock.json"]
        assert len(locked) == 3 or done.skipped
    else:
        assert done.code == UNAVAILABLE


@pytest.mark.parametrize("arguments", [("--staged",), ("--since", "HEAD"), ("--history",)])
@pytest.mark.parametrize("how", ["objects", "objects missing", "index", "HEAD"])
def test_what_cannot_be_had_from_git_is_never_called_clean(check, repository, how, arguments):
    broken(repository, how)
    done = check(repository.folder, *arguments)
    assert done.code != ALLOWED or done.skipped or (how == "index" and arguments == ("--history",))


def test_shallow_clones_worktrees_submodules_and_bare_repositories(check, new_repository, token, tmp_path):
    origin = new_repository("origin")
    origin.write("app.py", f'TOKEN = "{token}"\n')
    origin.commit()
    origin.write("app.py", "TOKEN = None\n")
    origin.commit()
    origin.git("clone", "-q", "--depth", "1", f"file://{origin.folder}", str(tmp_path / "shallow"))
    assert "." in check(tmp_path / "shallow", "--history").skipped
    origin.git("worktree", "add", "-q", str(tmp_path / "worktree"), "HEAD~1")
    assert check(tmp_path / "worktree").code == DENIED
    origin.git("clone", "-q", "--bare", str(origin.folder), str(tmp_path / "bare.git"))
    assert check(tmp_path / "bare.git", "--history").code == DENIED
    assert check(tmp_path / "bare.git").code != ALLOWED
    outer = new_repository("outer")
    outer.write("a.py", "x = 1\n")
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(origin.folder), "inner")
    outer.commit()
    outer.git("-c", "protocol.file.allow=always", "clone", "-q", str(outer.folder), str(tmp_path / "unfetched"))
    assert check(tmp_path / "unfetched").skipped["inner"][0]["kind"] == "unresolved"
