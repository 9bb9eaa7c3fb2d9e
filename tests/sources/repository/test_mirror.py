"""A mirror of a repository at a forge: what is fetched, and whom the password is shown to."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from tests.conftest import Repository
from tests.simulators.git_hosting import hosted, serve_git
from tests.simulators.listening import listening

from lockgate.errors import SourceError
from lockgate.sources.repository.changes import changed_paths
from lockgate.sources.repository.mirror import Remote, fetched

PASSWORD = "s3cr3t" + "-of-git"


@contextmanager
def serving(root: Path, redirect: str = "") -> Iterator[tuple[str, list[str]]]:
    """A forge's git, and the passwords that it was shown."""
    shown: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            shown.append(self.headers.get("Authorization", ""))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if redirect:
                self.send_response(302)
                self.send_header("Location", redirect + self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            serve_git(self, root, self.path.partition("?")[0], PASSWORD, body)

        do_GET = do_POST = _answer  # noqa: N815 -- names of the standard library

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with listening(Handler) as server:
        yield f"http://127.0.0.1:{server.server_port}/shop.git", shown


@pytest.fixture
def history(tmp_path: Path, repository: Repository) -> list[str]:
    """Five commits at the forge, and their names."""
    (tmp_path / "forge").mkdir()
    bare = hosted(tmp_path / "forge", "shop.git")
    found = []
    for number in range(5):
        repository.write(f"file{number}.txt", f"{number}\n")
        found.append(repository.commit(f"commit {number}"))
    repository.git("push", "-q", str(bare), "HEAD:refs/heads/main")
    return found


def test_only_the_commits_are_fetched_and_only_once(tmp_path: Path, history: list[str]) -> None:
    with serving(tmp_path / "forge") as (address, shown):
        remote = Remote(address, "x-access-token", PASSWORD)
        git = fetched(tmp_path / "mirror.git", remote, [history[1], history[4]])
        assert changed_paths(git, history[1], history[4]) == ("file2.txt", "file3.txt", "file4.txt")
        assert git.try_text("cat-file", "-t", history[3]) == ""
        asked = len(shown)
        fetched(tmp_path / "mirror.git", remote, [history[4], history[1]])
        assert len(shown) == asked
        fetched(tmp_path / "mirror.git", remote, [history[2]])
        assert git.text("rev-parse", f"{history[2]}^{{tree}}")


def test_the_password_is_in_no_argument_and_no_file(tmp_path: Path, history: list[str]) -> None:
    called = tmp_path / "bin"
    called.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, text=True).stdout.strip()
    script = called / "git"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {tmp_path}/arguments\nexec {real} "$@"\n')
    script.chmod(0o755)
    with serving(tmp_path / "forge") as (address, shown), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{called}:{os.environ['PATH']}")
        fetched(tmp_path / "mirror.git", Remote(address, "x-access-token", PASSWORD), [history[4]])
        assert any(shown)
    assert "fetch" in (tmp_path / "arguments").read_text()
    assert PASSWORD not in (tmp_path / "arguments").read_text()
    found = subprocess.run(["grep", "-rl", PASSWORD, str(tmp_path / "mirror.git")], capture_output=True, text=True)
    assert found.stdout == ""


def test_a_redirect_is_not_followed(tmp_path: Path, history: list[str]) -> None:
    with serving(tmp_path / "forge") as (address, shown):
        elsewhere = address.removesuffix("/shop.git")
        with serving(tmp_path / "forge", redirect=elsewhere) as (led, _), pytest.raises(SourceError):
            fetched(tmp_path / "mirror.git", Remote(led, "x", PASSWORD), [history[4]])
        assert shown == []


@pytest.mark.parametrize(
    "address",
    ["http://forge.example/shop.git", "file:///etc", "ext::sh -c id", "ssh://forge.example/x", "--upload-pack=id"],
)
def test_only_https_is_fetched_from(tmp_path: Path, address: str) -> None:
    with pytest.raises(SourceError, match="https alone"):
        fetched(tmp_path / "mirror.git", Remote(address, "x", "y"), ["a" * 40])


@pytest.mark.parametrize("commit", ["main", "--all", "a" * 39, "A" * 40, "a" * 40 + ":refs/heads/x"])
def test_a_commit_is_named_by_its_whole_hash(tmp_path: Path, commit: str) -> None:
    with pytest.raises(SourceError, match="no whole hash"):
        fetched(tmp_path / "mirror.git", Remote("https://forge.example/shop.git"), [commit])


def test_a_commit_that_the_server_gives_by_no_name_is_found_under_a_ref(tmp_path: Path, history: list[str]) -> None:
    bare = tmp_path / "forge/shop.git"
    subprocess.run(["git", "-C", str(bare), "config", "uploadpack.allowAnySHA1InWant", "false"], check=True)
    with serving(tmp_path / "forge") as (address, _):
        remote = Remote(address, "x-access-token", PASSWORD)
        git = fetched(tmp_path / "mirror.git", remote, [history[2]], refs=["refs/heads/main"])
        assert git.text("cat-file", "-t", history[2]) == "commit"
        fetched(tmp_path / "mirror.git", remote, [history[2]])


def test_a_wrong_password_is_told_without_it(tmp_path: Path, history: list[str]) -> None:
    with serving(tmp_path / "forge") as (address, _), pytest.raises(SourceError) as caught:
        fetched(tmp_path / "mirror.git", Remote(address, "x", "wr0ng-" + PASSWORD), [history[4]])
    assert PASSWORD not in f"{caught.value}"
    assert PASSWORD not in repr(Remote(address, "x", PASSWORD))
