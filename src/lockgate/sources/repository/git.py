"""Calls git without letting the repository that is read decide what runs.

A repository is untrusted input: its configuration can name programs (``core.fsmonitor``, ``core.hooksPath``, external
diffs, text converters, filters, ``ext::`` transports). Every call switches those off, never asks at a terminal, takes
no optional lock and gets an argument list.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError

_HARDENED = (
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.quotePath=false",
    "-c", "core.pager=cat",
    "-c", "core.sshCommand=ssh -o BatchMode=yes",
    "-c", "protocol.ext.allow=never",
    "-c", "diff.external=",
    "-c", "log.showSignature=false",
    "-c", "gc.auto=0",
    "-c", "core.packedGitLimit=128m",
    "-c", "core.packedGitWindowSize=8m",
    "-c", "maintenance.auto=false",
)  # fmt: skip
_DROPPED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_EXTERNAL_DIFF", "GIT_TRACE", "GIT_CONFIG_COUNT")
TIMEOUT = 600.0
"""Seconds that one short call may take."""
_PATIENCE = 10.0
"""Seconds after which it is looked whether git waits for a pipe."""
_READ_EVERYWHERE = frozenset((".gitignore", ".gitattributes", ".gitmodules"))
_READ_ONCE = (".git/info/exclude", ".git/info/attributes", ".git/config")
_MOST_FOLDERS = 200_000
_NAMED = ("fetch", "gc")
"""What is called with settings before its name."""


@dataclass(frozen=True, slots=True)
class Git:
    """git at work in one folder. ``in_hook``: git itself names the index and the quarantine to read."""

    folder: Path
    in_hook: bool = False

    def text(self, *arguments: str, timeout: float = TIMEOUT) -> str:
        """Standard output, decoded leniently and stripped of its last line end."""
        return self.output(*arguments, timeout=timeout).decode("utf-8", "replace").rstrip("\n")

    def output(
        self, *arguments: str, stdin: bytes | None = None, timeout: float = TIMEOUT,
        given: dict[str, str] | None = None,
    ) -> bytes:  # fmt: skip
        """Standard output. ``given``: variables for this call alone. Raises :class:`SourceError` with git's own words
        when it fails."""
        try:
            process = subprocess.Popen(
                self._command(arguments),
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment() | (given or {}),
            )
        except FileNotFoundError:
            raise SourceError("git is not installed", hint="install git, or check a plain folder") from None
        with process:
            try:
                told, wrong = self._ended(process, stdin, timeout)
            except subprocess.TimeoutExpired:
                reason = f"git {_called(arguments)} took longer than {timeout:.0f} s"
                raise SourceError(reason, where=str(self.folder)) from None
            finally:
                process.kill()  # nothing where it has ended
        if process.returncode:
            said = wrong.decode("utf-8", "replace").strip().splitlines()
            told_last = said[-1] if said else process.returncode
            raise SourceError(f"git {_called(arguments)} failed: {told_last}", where=str(self.folder))
        return told

    def _ended(self, process: subprocess.Popen[bytes], stdin: bytes | None, timeout: float) -> tuple[bytes, bytes]:
        """What it wrote. A pipe in the place of a file that git reads would be waited for until the time is over."""
        try:
            return process.communicate(stdin, min(timeout, _PATIENCE))
        except subprocess.TimeoutExpired:
            pipe = _waited_for(self.folder)
            if pipe:
                raise SourceError("git waits for what is no file", where=pipe, hint="remove it") from None
            return process.communicate(timeout=max(timeout - _PATIENCE, 0.0))

    def try_text(self, *arguments: str) -> str:
        """Like :meth:`text`, but an empty string where git refuses."""
        try:
            return self.text(*arguments)
        except SourceError:
            return ""

    @property
    def bare(self) -> bool:
        """Whether the repository has no working tree. One with ``.git`` in this folder, a top, has."""
        return not (self.folder / ".git").exists() and self.try_text("rev-parse", "--is-bare-repository") == "true"

    def head(self) -> tuple[str, str]:
        """Commit and branch of HEAD; empty where there is none, as before the first commit or on a detached HEAD."""
        both = self.try_text("rev-parse", "HEAD^{commit}", "--abbrev-ref", "HEAD").split("\n")
        if len(both) == 2 and both[1] != "HEAD":
            return both[0], both[1]
        commit = self.try_text("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return commit, self.try_text("symbolic-ref", "--quiet", "--short", "HEAD")

    @contextmanager
    def stream(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A running git with both pipes open; ended when the block ends, however it ends."""
        process = subprocess.Popen(
            self._command(arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment(),
        )
        try:
            yield process
        finally:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                _close(pipe)
            process.wait()

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return ["git", "-C", str(self.folder), *_HARDENED, *arguments]

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key not in _DROPPED}
        if self.in_hook:
            kept |= {key: os.environ[key] for key in ("GIT_OBJECT_DIRECTORY",) if key in os.environ}
        else:
            kept.pop("GIT_INDEX_FILE", None)
            kept.pop("GIT_ALTERNATE_OBJECT_DIRECTORIES", None)
        return kept | {
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ASKPASS": "true",
            "LC_ALL": "C",
        }


def _called(arguments: Sequence[str]) -> str:
    """The command among them, of those that are called with settings before their name."""
    return next((one for one in arguments if one in _NAMED), arguments[0])


def _waited_for(folder: Path) -> str:
    """A pipe where git reads a file of its own; empty where none was found."""
    for path in _read_by_git(folder):
        try:
            if path.is_fifo():
                return str(path)
        except OSError:
            continue
    return ""


def _read_by_git(folder: Path) -> Iterator[Path]:
    for at in (folder, *folder.absolute().parents):
        yield from (at / name for name in (*_READ_ONCE, *_READ_EVERYWHERE))
    for inner, _, names in islice(os.walk(folder), _MOST_FOLDERS):
        yield from (Path(inner, name) for name in _READ_EVERYWHERE.intersection(names))


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except BrokenPipeError:
            return


def repository_of(folder: Path) -> Path | None:
    """Top of the working tree that holds ``folder`` (or the bare repository itself); None outside any repository."""
    if not _may_be_in_one(os.path.realpath(folder)):
        return None
    git = Git(folder)
    if top := git.try_text("rev-parse", "--show-toplevel"):
        return Path(top)
    try:
        if git.text("rev-parse", "--is-bare-repository") == "true":
            return Path(git.text("rev-parse", "--absolute-git-dir"))
        return Path(git.text("rev-parse", "--show-toplevel"))
    except SourceError:
        return None


def repository_and_head(folder: Path) -> tuple[Path | None, tuple[str, str] | None]:
    """As :func:`repository_of`, and what :meth:`Git.head` would say there, for one start of git instead of two.

    None for the second where that has to be asked: outside a working tree, before the first commit, on a detached HEAD.
    """
    if not _may_be_in_one(os.path.realpath(folder)):
        return None, None
    said = Git(folder).try_text("rev-parse", "--show-toplevel", "HEAD^{commit}", "--abbrev-ref", "HEAD")
    top, *head = said.rsplit("\n", 2)
    if len(head) != 2 or head[1] == "HEAD":
        return repository_of(folder), None
    return Path(top), (head[0], head[1])


def _may_be_in_one(folder: str) -> bool:
    """False where git would look in vain: nothing from here to the root holds ``.git`` or looks like a bare repository.

    To ask git costs more than a small check reads.
    """
    while True:
        if os.path.lexists(f"{folder}/.git") or all(os.path.lexists(f"{folder}/{one}") for one in ("HEAD", "refs")):
            return True
        above = os.path.dirname(folder)  # noqa: PTH120 -- a path that is text already
        if above == folder:
            return False
        folder = above


def resolved(git: Git, revision: str) -> str:
    """The commit id of ``revision``; :class:`SourceError` says what to do when there is none."""
    if revision.startswith("-"):
        raise SourceError(f"{revision!r} is not a revision", where=str(git.folder))
    found = git.try_text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not found:
        shallow = git.try_text("rev-parse", "--is-shallow-repository") == "true"
        hint = "the clone is shallow: fetch more of it (git fetch --unshallow)" if shallow else "see git log for names"
        raise SourceError(f"there is no commit {revision!r}", where=str(git.folder), hint=hint)
    return found
