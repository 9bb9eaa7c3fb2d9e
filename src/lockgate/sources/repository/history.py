"""Every reachable blob of a repository, once, with all paths at which it stood and a commit that brought it.

``git log --raw -m --no-renames`` names the blobs (``-m``: plain ``--raw`` prints nothing for merges, which hides about
4 % of the blobs), ``cat-file --batch`` reads them. Blobs that an earlier run saw are not read again. A blob that a tag
names without a commit has the blob or tree that is named in the place of the commit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import field
from functools import partial

from lockgate.dataclass import dataclass
from lockgate.model import File, Skip, SkipKind
from lockgate.sources import Wants
from lockgate.sources.repository.blobs import blobs
from lockgate.sources.repository.git import Git
from lockgate.sources.repository.outside import outside_commits

_MAX_PATHS = 16
"""Paths kept for one blob: the first may be left out by a path filter, the hundredth tells nothing more."""


@dataclass(slots=True)
class _Blob:
    commit: str
    paths: list[str]


@dataclass(frozen=True, slots=True)
class HistorySource:
    """All commits that any reference reaches, or ``revisions`` (as ``git log`` takes them: ``A``, ``A..B``)."""

    git: Git
    seen: Collection[bytes] = frozenset()
    """Ids (20 or 32 bytes) that need not be read again."""
    revisions: tuple[str, ...] = ("--all", "HEAD")
    excluded: Callable[[str], bool] = lambda path: False
    max_bytes: int = 1024 * 1024
    read_ids: list[bytes] = field(default_factory=list)
    """Ids that were handed out, for the caller to remember once the run is stored."""
    mode: str = field(default="history", init=False)

    @property
    def may_be_empty(self) -> bool:
        """A part of the history may bring no blob that is new; the whole of it, read for the first time, may not."""
        return bool(self.seen) or self.revisions != ("--all", "HEAD")

    @property
    def root(self) -> str:
        """The repository, for people."""
        return str(self.git.folder)

    def sibling(self, path: str) -> bytes | None:
        """History has no tree to look in."""
        del path
        return None

    def collect(self, wants: Wants) -> Iterator[File | Skip]:
        """Blobs in the order of the log, newest first."""
        if self.git.try_text("rev-parse", "--is-shallow-repository") == "true":
            yield Skip(".", SkipKind.UNRESOLVED, "a shallow clone: older commits are not here (git fetch --unshallow)")
        submodules: set[str] = set()
        named = self._named(submodules)
        for path in sorted(submodules):
            yield Skip(path, SkipKind.UNRESOLVED, "a submodule: its history is in its own repository")
        wanted = [
            blob
            for blob, entry in named.items()
            if bytes.fromhex(blob) not in self.seen and any(wants(p, 1) and not self.excluded(p) for p in entry.paths)
        ]
        for blob, size, content in blobs(self.git, wanted, max_bytes=self.max_bytes):
            entry = named[blob]
            if content is None:
                kind = SkipKind.TOO_LARGE if size else SkipKind.UNREADABLE
                reason = f"blob of {size} bytes, over the limit" if size else "the git object is missing or corrupt"
                yield Skip(entry.paths[0], kind, f"{reason} (commit {entry.commit[:12]})")
                continue
            yield File(
                entry.paths[0],
                size,
                partial(bytes, content),
                stamp=f"blob-{blob}",
                commit=entry.commit,
                other_paths=tuple(entry.paths[1:]),
            )
            self.read_ids.append(bytes.fromhex(blob))

    def _named(self, submodules: set[str]) -> dict[str, _Blob]:
        """Blob id -> where it stood, from one ``git log``; an unborn HEAD names nothing. Fills ``submodules``."""
        revisions = self.revisions
        if not self.git.try_text("rev-parse", "--verify", "--quiet", "HEAD^{commit}"):
            revisions = tuple(one for one in revisions if one != "HEAD")
        if not revisions:
            return {}
        found: dict[str, _Blob] = {}
        commit = ""
        with self.git.stream(
            "log", "--raw", "-z", "-m", "--no-renames", "--no-abbrev", "--format=%x01%H", "--root", *revisions, "--"
        ) as process:
            if process.stdout is None:
                return {}
            blob, link = "", False
            for token in _tokens(process.stdout):
                if token.startswith(b"\x01"):
                    head = token[1:].decode("ascii", "replace").split()
                    commit = head[0] if head else ""
                elif token.startswith(b":"):
                    blob, link = _new_blob(token), token.split(b" ", 2)[1] == b"160000"
                elif link:
                    submodules.add(os.fsdecode(token).encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
                    link = False
                elif blob:
                    _note(found, blob, commit, os.fsencode(os.fsdecode(token)).decode("utf-8", "replace"))
                    blob = ""
        apart: dict[str, _Blob] = {}
        for blob, named, path in outside_commits(self.git, revisions):
            _note(apart, blob, named, path)
        return apart | found


def _tokens(stream: object) -> Iterator[bytes]:
    """NUL-separated fields; a commit header carries its line end, which belongs to no field."""
    rest = b""
    read = stream.read1 if hasattr(stream, "read1") else stream.read  # type: ignore[attr-defined]
    while chunk := read(1 << 20):
        *whole, rest = (rest + chunk).split(b"\0")
        for token in whole:
            yield token.lstrip(b"\n")
    if rest.strip():
        yield rest.lstrip(b"\n")


def _new_blob(token: bytes) -> str:
    """The id on the new side of ``:oldmode newmode old new status``; empty for deletions, links and submodules."""
    fields = token.split(b" ")
    if len(fields) < 5 or not fields[1].startswith(b"100") or fields[3].strip(b"0") == b"":
        return ""
    return fields[3].decode("ascii")


def _note(found: dict[str, _Blob], blob: str, commit: str, path: str) -> None:
    entry = found.get(blob)
    if entry is None:
        found[blob] = _Blob(commit, [path])
        return
    entry.commit = commit  # the log runs backwards: the last commit met is the first that held it
    if path not in entry.paths and len(entry.paths) < _MAX_PATHS:
        entry.paths.append(path)
