"""A bare repository kept here of one that stands at a forge: the commits that are judged, without their history.

Only what is not here yet is transferred: each commit that was fetched keeps a ref by its name. The password never
stands in an argument, a file or a log: git asks a helper for it, which reads it from the environment of that one call.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats.addresses import loopback
from lockgate.lazy_pattern import lazy_pattern
from lockgate.sources.repository.git import Git

_COMMIT = lazy_pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REFS = "refs/lockgate/"
_MOST_REFS = 400
"""Commits that are kept; of more the oldest half is let go."""
_SECONDS = 300.0
_HELPER = (
    '!f() { test "$1" = get && '
    'printf "username=%s\\npassword=%s\\n" "$LOCKGATE_GIT_USER" "$LOCKGATE_GIT_PASSWORD"; }; f'
)
"""Run by the shell that git starts; the values stand in the environment alone."""


@dataclass(frozen=True, slots=True)
class Remote:
    """Where to fetch, and as whom."""

    address: str
    """Without user and password."""
    user: str = ""
    password: str = ""
    ca_file: str = ""

    def __repr__(self) -> str:
        return f"Remote({self.address!r})"


def fetched(folder: Path, remote: Remote, commits: Sequence[str], refs: Sequence[str] = ()) -> Git:
    """The mirror in ``folder``, made where there is none, with the trees of ``commits``.

    ``refs`` are fetched with their history where the server gives no commit by its name. Raises ``SourceError``.
    """
    parts = urlsplit(remote.address)
    plain = parts.scheme == "http" and loopback(parts.hostname or "")
    if parts.scheme != "https" and not plain:
        raise SourceError("a forge is fetched from over https alone", where=parts.hostname or "")
    if any(not _COMMIT.fullmatch(one) for one in commits):
        raise SourceError("that is no whole hash of a commit", where=parts.hostname or "")
    with _held(folder):
        git = Git(folder)
        if not (folder / "HEAD").exists():
            Git(folder.parent).output("init", "--quiet", "--bare", "--template=", "--", str(folder))
        lacking = [one for one in dict.fromkeys(commits) if not _has(git, one)]
        if lacking:
            _fetch(git, remote, lacking, refs)
            _tidy(git)
    return git


def _has(git: Git, commit: str) -> bool:
    """Whether the commit was fetched whole: its ref is written after all of its objects."""
    return git.try_text("rev-parse", "--verify", "--quiet", f"{_REFS}{commit}^{{commit}}") == commit


def _fetch(git: Git, remote: Remote, commits: Sequence[str], refs: Sequence[str]) -> None:
    wanted = [f"+{one}:{_REFS}{one}" for one in commits]
    try:
        _call(git, remote, ["--depth=1", "--", remote.address, *wanted])
        return
    except SourceError as error:
        if not refs or not any(words in error.message for words in ("not our ref", "unadvertised")):
            raise
    _call(git, remote, ["--", remote.address, *(f"+{one}:{_REFS}{one.replace('/', '-')}" for one in refs)])
    for one in commits:
        git.output("update-ref", f"{_REFS}{one}", one)


def _call(git: Git, remote: Remote, arguments: Sequence[str]) -> None:
    allowed = "http" if remote.address.startswith("http:") else "https"
    git.output(
        "-c", "credential.helper=", "-c", f"credential.helper={_HELPER}",
        "-c", "http.followRedirects=false", "-c", "protocol.allow=never", "-c", f"protocol.{allowed}.allow=always",
        "-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=30",
        *(("-c", f"http.sslCAInfo={remote.ca_file}") if remote.ca_file else ()),
        "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-gc", *arguments,
        timeout=_SECONDS, given={"LOCKGATE_GIT_USER": remote.user, "LOCKGATE_GIT_PASSWORD": remote.password},
    )  # fmt: skip


def _tidy(git: Git) -> None:
    """Let go of the commits that were fetched first, where there are many."""
    listed = git.text("for-each-ref", "--format=%(refname)", "--sort=committerdate", _REFS).split()
    if len(listed) <= _MOST_REFS:
        return
    gone = "".join(f"delete {one}\n" for one in listed[: len(listed) // 2])
    git.output("update-ref", "--stdin", stdin=gone.encode())
    git.output("-c", "gc.auto=1", "gc", "--quiet", "--prune=now")


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """One fetch at a time: two would be in each other's way at git's own list of shallow commits."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(f"{folder.name}.lock"), "wb", opener=_private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
