"""Push protection: real commits, pushes and a real server's hook."""

import os
import subprocess
import sys

import pytest

DENIED, USAGE = 1, 2


def git(folder, *arguments, **env):
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**os.environ, "PYTHONPATH": path, **env}, capture_output=True, text=True, timeout=50,
    )  # fmt: skip


@pytest.fixture
def guarded(lockgate, secrets_only):
    assert lockgate("hook", "install", cwd=secrets_only.folder).returncode == 0
    return secrets_only


def test_a_commit_with_a_secret_is_held_back(guarded, token):
    guarded.write("app.py", f'TOKEN = "{token}"\n')
    guarded.git("add", "app.py")
    done = git(guarded.folder, "commit", "-m", "leak")
    assert done.returncode != 0
    assert "held back" in done.stderr
    assert token not in done.stderr + done.stdout


def test_a_clean_commit_passes(guarded):
    guarded.write("app.py", "print(1)\n")
    guarded.git("add", "app.py")
    done = git(guarded.folder, "commit", "-m", "clean")
    assert done.returncode == 0, done.stderr


def test_a_commit_and_a_push_that_only_delete_pass(guarded, tmp_path):
    server = tmp_path / "server.git"
    guarded.git("init", "-q", "--bare", str(server))
    guarded.write("a.txt", "1")
    guarded.commit()
    (guarded.folder / "a.txt").unlink()
    guarded.git("add", "-A")
    steps = [
        ["push", str(server), "HEAD:refs/heads/main"],
        ["commit", "-m", "deletes"],
        ["commit", "--allow-empty", "-m", "nothing"],
        ["push", str(server), "HEAD:refs/heads/main"],
    ]
    for step in steps:
        done = git(guarded.folder, *step)
        assert done.returncode == 0, done.stderr


def test_a_bypass_needs_a_reason_and_is_recorded(guarded, token):
    guarded.write("app.py", f'TOKEN = "{token}"\n')
    guarded.git("add", "app.py")
    assert git(guarded.folder, "commit", "-m", "x", LOCKGATE_BYPASS="ok").returncode != 0
    done = git(guarded.folder, "commit", "-m", "x", LOCKGATE_BYPASS="a revoked key, see SEC-12")
    assert done.returncode == 0, done.stderr
    from lockgate.store import Ledger

    with Ledger.open(guarded.folder / ".lockgate") as ledger:
        (bypass,) = ledger.bypasses()
    assert (bypass.reason, bypass.at) == ("a revoked key, see SEC-12", "commit")
    assert bypass.identities


def test_a_push_is_judged_by_every_blob_it_brings(guarded, token, tmp_path):
    remote = tmp_path / "remote.git"
    guarded.git("init", "-q", "--bare", str(remote))
    guarded.git("remote", "add", "origin", str(remote))
    assert git(guarded.folder, "push", "-q", "origin", "main").returncode == 0
    guarded.write("app.py", f'TOKEN = "{token}"\n')
    guarded.git("add", "-A")
    guarded.git("commit", "-q", "--no-verify", "-m", "leak")
    guarded.write("app.py", "TOKEN = None\n")
    guarded.git("add", "-A")
    guarded.git("commit", "-q", "--no-verify", "-m", "hide it")
    done = git(guarded.folder, "push", "-q", "origin", "main")
    assert done.returncode != 0
    assert "held back" in done.stderr


def test_a_server_refuses_a_push_that_brings_a_secret(secrets_only, token, tmp_path):
    server = tmp_path / "server.git"
    secrets_only.git("clone", "-q", "--bare", str(secrets_only.folder), str(server))
    hook = server / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\nexec {sys.executable} -m lockgate hook pre-receive\n")
    hook.chmod(0o755)
    git(server, "config", "receive.advertisePushOptions", "true")
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    secrets_only.commit("leak")
    refused = git(secrets_only.folder, "push", "-q", str(server), "main")
    assert refused.returncode != 0
    assert "held back" in refused.stderr
    allowed = git(secrets_only.folder, "push", "-q", "-o", "lockgate.bypass=revoked an hour ago", str(server), "main")
    assert allowed.returncode == 0, allowed.stderr
    assert "recorded" in allowed.stderr
    named = git(secrets_only.folder, "push", "-q", str(server), "main:refs/heads/topic", "main:refs/tags/v1")
    assert named.returncode == 0, named.stderr  # a branch and a tag that bring no blob are not asked for a reason again
    secrets_only.write("other.py", f'OTHER = "{token[:-4]}{token[:3:-1][:4]}"\n')
    secrets_only.commit("another leak")
    again = git(secrets_only.folder, "push", "-q", str(server), "main:refs/heads/third")
    assert again.returncode != 0
    assert "other.py" in again.stderr
    assert "app.py" not in again.stderr
    secrets_only.git("tag", "bare", "HEAD:other.py")
    tagged = git(secrets_only.folder, "push", "-q", str(server), "bare")
    assert "held back" in tagged.stderr  # a tag may name a blob without any commit


def test_a_hook_that_is_there_is_kept_and_called_first(lockgate, secrets_only):
    present = secrets_only.folder / ".git" / "hooks" / "pre-commit"
    present.parent.mkdir(exist_ok=True)
    present.write_text("#!/bin/sh\ntouch called\n")
    present.chmod(0o755)
    assert lockgate("hook", "install", cwd=secrets_only.folder).returncode == USAGE
    assert lockgate("hook", "install", "--force", cwd=secrets_only.folder).returncode == 0
    secrets_only.write("a.py", "1\n")
    secrets_only.git("add", "a.py")
    done = git(secrets_only.folder, "commit", "-m", "x")
    assert done.returncode == 0, done.stderr
    assert (secrets_only.folder / "called").exists()
    assert lockgate("hook", "uninstall", cwd=secrets_only.folder).returncode == 0
    assert "touch called" in present.read_text()


def test_a_hook_whose_lockgate_is_gone_lets_nothing_pass(guarded):
    hook = guarded.folder / ".git" / "hooks" / "pre-commit"
    hook.write_text(hook.read_text().replace(sys.executable, "/nowhere/python"))
    guarded.write("a.py", "1\n")
    guarded.git("add", "a.py")
    done = git(guarded.folder, "commit", "-m", "x")
    assert done.returncode != 0
    assert "lockgate hook install" in done.stderr
