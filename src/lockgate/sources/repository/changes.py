"""What a change introduces: the files it touches, and the same files as they stood before it.

``ChangesSource`` is the working tree against the merge base with a revision; ``StagedSource`` the index against HEAD.
``before`` gives the old side: the engine judges both and keeps what only the new side shows, so a finding that moved
with its line, its file or its function is not called new.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import field, replace
from functools import partial
from itertools import islice

from lockgate.dataclass import dataclass
from lockgate.model import File, Skip, SkipKind
from lockgate.sources import Wants
from lockgate.sources.repository.blobs import blobs
from lockgate.sources.repository.git import Git, resolved
from lockgate.sources.repository.tree import MAX_BELOW, TreeSource

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""git's name of a tree without files."""


@dataclass(frozen=True, slots=True)
class CommitSource:
    """Files of one tree-ish by path: a commit, or the index when ``tree`` is empty."""

    git: Git
    tree: str
    paths: tuple[str, ...] | None = None
    """These and no others; None: every file."""
    excluded: Callable[[str], bool] = lambda path: False
    max_bytes: int = 16 * 1024 * 1024
    mode: str = "commit"
    name: str = ""
    """Of the repository, where it is another than its folder's."""

    @property
    def root(self) -> str:
        """The repository, for people."""
        return self.name or str(self.git.folder)

    def collect(self, wants: Wants) -> Iterator[File | Skip]:
        """Files in path order, one in memory at a time."""
        picked: list[tuple[str, str]] = []
        chosen = None if self.paths is None else set(self.paths)
        for mode, blob, size, path in self._entries():
            if self.excluded(path) or (chosen is not None and path not in chosen):
                continue
            if mode in ("100644", "100755") and wants(path, size):
                picked.append((blob, path))
            elif mode == "160000":
                yield from self._submodule(path, blob, wants)
        answers = blobs(self.git, [blob for blob, _ in picked], max_bytes=self.max_bytes)
        for (blob, path), (_, size, content) in zip(picked, answers, strict=True):
            if content is not None:
                yield File(path, size, partial(bytes, content), stamp=f"blob-{blob}")
            elif size:
                yield Skip(path, SkipKind.TOO_LARGE, f"{size} bytes, over the limit of {self.max_bytes}")
            else:
                yield Skip(path, SkipKind.UNREADABLE, "the git object is missing or corrupt")

    def _submodule(self, path: str, commit: str, wants: Wants) -> Iterator[File | Skip]:
        """Files of that commit of a submodule, where its repository lies in its place and has the commit."""
        folder = self.git.folder / path
        git = Git(folder)
        if (
            not (folder / ".git").exists()
            or folder.resolve() != self.git.folder.resolve() / path
            or git.try_text("cat-file", "-t", commit) != "commit"
        ):
            yield Skip(path, SkipKind.UNRESOLVED, "a submodule whose commit is not here: its files were not read")
            return
        inner = CommitSource(git, commit, max_bytes=self.max_bytes, mode=self.mode)
        for row in inner.collect(
            lambda name, size: not self.excluded(f"{path}/{name}") and wants(f"{path}/{name}", size)
        ):
            yield replace(row, path=f"{path}/{row.path}")

    def sibling(self, path: str) -> bytes | None:
        """Another file of the same tree."""
        clean = os.path.normpath(path)
        if clean.startswith(("..", "/", "-")) or "\n" in clean:
            return None
        found = self.git.try_text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{self.tree}:{clean}")
        return (
            next((content for _, _, content in blobs(self.git, [found], max_bytes=64 << 20)), None) if found else None
        )

    def below(self, folder: str) -> tuple[str, ...]:
        """Paths of the files below a folder of the same tree, sorted; at most ``MAX_BELOW``."""
        clean = os.path.normpath(folder)
        if clean.startswith(("..", "/", "-", ":")):
            return ()
        prefix = "" if clean == "." else f"{clean}/"
        paths = (path for mode, _, _, path in self._entries() if mode in ("100644", "100755"))
        return tuple(sorted(islice((path for path in paths if path.startswith(prefix)), MAX_BELOW)))

    def _entries(self) -> Iterator[tuple[str, str, int, str]]:
        if self.tree:
            out = self.git.output("ls-tree", "-r", "-z", "--long", "--full-tree", self.tree)
            for row in out.split(b"\0"):
                if row:
                    head, _, path = row.partition(b"\t")
                    mode, _, blob, size = head.decode().split()
                    known = int(size) if size.isdigit() else int(size != "-")  # BAD: the object is missing or corrupt
                    yield mode, blob, known, os.fsdecode(path)
            return
        rows = [row for row in self.git.output("ls-files", "-z", "--stage", "--full-name").split(b"\0") if row]
        for row in rows:
            head, _, path = row.partition(b"\t")
            mode, blob, stage = head.decode().split()
            if stage in ("0", "2"):
                yield mode, blob, 1, os.fsdecode(path)


@dataclass(frozen=True, slots=True)
class StagedSource:
    """The index against HEAD: what the next commit introduces."""

    git: Git
    excluded: Callable[[str], bool] = lambda path: False
    max_bytes: int = 16 * 1024 * 1024
    mode: str = field(default="staged", init=False)
    may_be_empty: bool = field(default=True, init=False)
    """A change may delete files and bring none."""

    @property
    def root(self) -> str:
        """The repository, for people."""
        return str(self.git.folder)

    def collect(self, wants: Wants) -> Iterator[File | Skip]:
        """The staged content of every file that differs from HEAD."""
        return self._side("").collect(wants)

    def sibling(self, path: str) -> bytes | None:
        """Another file of the index."""
        return self._side("").sibling(path)

    def below(self, folder: str) -> tuple[str, ...]:
        """Files of the index below a folder."""
        return self._side("").below(folder)

    def before(self) -> CommitSource:
        """The same change's old side."""
        return self._side(self._head())

    def renames(self) -> dict[str, str]:
        """New path -> old path."""
        return renames(self.git, "--cached", self._head())

    def _head(self) -> str:
        return self.git.try_text("rev-parse", "--verify", "--quiet", "HEAD^{commit}") or EMPTY_TREE

    def _side(self, tree: str) -> CommitSource:
        paths = changed_paths(self.git, "--cached", self._head())
        return CommitSource(self.git, tree, paths, self.excluded, self.max_bytes, mode="staged")


@dataclass(frozen=True, slots=True)
class ChangesSource:
    """The working tree, with what is not committed yet, against the merge base of HEAD and ``revision``."""

    git: Git
    revision: str
    excluded: Callable[[str], bool] = lambda path: False
    max_bytes: int = 16 * 1024 * 1024
    head: str = ""
    """Compare this commit instead of the working tree (a push, a bare repository)."""
    name: str = ""
    """Of the repository, where it is another than its folder's."""
    mode: str = field(default="since", init=False)
    may_be_empty: bool = field(default=True, init=False)
    """A change may delete files and bring none."""

    @property
    def root(self) -> str:
        """The repository, for people."""
        return self.name or str(self.git.folder)

    def collect(self, wants: Wants) -> Iterator[File | Skip]:
        """The new side of every file that changed."""
        return self._new().collect(wants)

    def sibling(self, path: str) -> bytes | None:
        """Another file of the new side."""
        return self._new().sibling(path)

    def below(self, folder: str) -> tuple[str, ...]:
        """Files of the new side below a folder."""
        return self._new().below(folder)

    def before(self) -> CommitSource:
        """The old side."""
        return self._commit(self.base())

    def renames(self) -> dict[str, str]:
        """New path -> old path."""
        return renames(self.git, self.base(), *([self.head] if self.head else []))

    def base(self) -> str:
        """The merge base; the revision itself when the histories share nothing."""
        commit = resolved(self.git, self.revision)
        head = self.git.try_text("rev-parse", "--verify", "--quiet", f"{self.head or 'HEAD'}^{{commit}}")
        return (self.git.try_text("merge-base", commit, head) if head else "") or commit

    def _new(self) -> TreeSource | CommitSource:
        if self.head:
            return self._commit(self.head)
        only = self._paths()
        return TreeSource(self.git.folder, self.excluded, self.max_bytes, only=only or ("\0nothing",))

    def _commit(self, tree: str) -> CommitSource:
        return CommitSource(self.git, tree, self._paths(), self.excluded, self.max_bytes, "since", self.name)

    def _paths(self) -> tuple[str, ...]:
        if self.head:
            return changed_paths(self.git, self.base(), self.head)
        untracked = self.git.output("ls-files", "-z", "--others", "--exclude-standard").split(b"\0")
        changed = changed_paths(self.git, self.base())
        return tuple(sorted({*changed, *(os.fsdecode(raw) for raw in untracked if raw)}))


def changed_paths(git: Git, *sides: str) -> tuple[str, ...]:
    """Paths, old and new, that differ between two sides (as ``git diff`` names sides)."""
    out = git.output("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", *sides, "--")
    return tuple(sorted(os.fsdecode(raw) for raw in out.split(b"\0") if raw))


def renames(git: Git, *sides: str) -> dict[str, str]:
    """New path -> old path for what git takes for a rename or a move."""
    out = git.output(
        "diff", "--name-status", "-z", "-M", "--diff-filter=R", "--no-ext-diff", "--no-textconv", *sides, "--"
    )
    fields = [os.fsdecode(raw) for raw in out.split(b"\0") if raw]
    return {fields[at + 2]: fields[at + 1] for at in range(0, len(fields) - 2, 3)}
