"""Files that are no files, odd names, deep and crowded folders."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from tests.cli.bad_input.cases import lock_of


def test_links_pipes_and_sockets_are_skips_and_never_opened(check, repository, tmp_path):
    folder = repository.folder
    repository.write("real.py", "x = 1\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "package-lock.json").write_bytes(lock_of(1))
    os.symlink("loop", folder / "loop")
    os.symlink("ring-b", folder / "ring-a")
    os.symlink("ring-a", folder / "ring-b")
    os.symlink(tmp_path / "outside" / "package-lock.json", folder / "package-lock.json")
    os.symlink(tmp_path / "outside", folder / "folder-out")
    os.symlink(".", folder / "self")
    os.symlink("/dev/zero", folder / "Dockerfile")
    os.symlink("/dev/zero", folder / "yarn.lock")
    os.mkfifo(folder / "Cargo.lock")
    os.mkfifo(folder / ".npmrc")
    server = socket.socket(socket.AF_UNIX)
    os.chdir(folder)
    server.bind("poetry.lock")
    server.close()
    expected = {"loop", "ring-a", "ring-b", "package-lock.json", "folder-out", "Dockerfile", "yarn.lock"}
    plain = {"Cargo.lock", ".npmrc", "poetry.lock"}
    done = check(folder)
    assert expected <= set(done.skipped)
    shutil.rmtree(folder / ".git")
    done = check(folder)
    assert expected | plain <= set(done.skipped)


def test_a_device_is_never_opened(check, repository):
    try:
        os.mknod(repository.folder / "package-lock.json", 0o020666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("devices cannot be made here")
    shutil.rmtree(repository.folder / ".git")
    repository.write("a.py", "x = 1\n")
    assert "package-lock.json" in check(repository.folder).skipped


def test_unreadable_files_and_folders_are_skips(check, repository):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    repository.write("package-lock.json", lock_of(1)).chmod(0)
    repository.write("inner/yarn.lock", "").parent.chmod(0)
    try:
        done = check(repository.folder)
    finally:
        (repository.folder / "inner").chmod(0o700)
    assert {"package-lock.json", "inner"} <= set(done.skipped)


def test_odd_paths_are_read_and_told_without_harm(check, repository, token):
    names = ["new\nline.py", "\u202egnp.py", "a" * 252 + ".py", "tab\t.py", 'quote".py', "-rf.py", " .py", "\x1b[2J.py"]
    for name in names:
        repository.write(name, f'TOKEN = "{token}"\n')
    (repository.folder / os.fsdecode(b"\xff\xfe.py")).write_text(f'TOKEN = "{token}"\n')
    done = check(repository.folder)
    places = [place for one in done.document["findings"] for place in one["locations"]]
    assert len(places) == len(names) + 1
    for form in ("terminal", "markdown", "html", "csv", "junit", "sarif"):
        assert "\x1b[2J" not in check(repository.folder, "--format", form).out


def test_a_thousand_folders_deep_is_read_or_a_skip(check, repository, token, monkeypatch, request):
    # pytest's own cleaning recurses a frame a folder and would fail, in this run and the next.
    request.addfinalizer(lambda: subprocess.run(["rm", "-rf", str(repository.folder / "d")], check=True))
    monkeypatch.chdir(repository.folder)
    for _ in range(1000):
        os.mkdir("d")
        os.chdir("d")
    Path("app.py").write_text(f'TOKEN = "{token}"\n')
    os.chdir(repository.folder)
    for _ in range(2):
        done = check(repository.folder)
        assert done.document["findings"] or done.skipped
        shutil.rmtree(repository.folder / ".git", ignore_errors=True)


@pytest.mark.slow
def test_twenty_thousand_tiny_files_are_read(check, repository):
    for number in range(20_000):
        folder = repository.folder / f"d{number % 100}"
        folder.mkdir(exist_ok=True)
        (folder / f"f{number}.py").write_text(f"x = {number}\n")
    done = check(repository.folder)
    assert done.document["run"]["files"] == 20_000
