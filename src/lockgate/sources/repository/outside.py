"""Blobs that references name without any commit: a tag may name a blob or a tree, which ``git log`` passes over.

What does not belong: blobs of commits (``history``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lockgate.sources.repository.git import Git

_COMMIT = "commit"


def outside_commits(git: Git, revisions: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """``(blob, object, path)`` of each blob below a revision that is no commit. ``object`` is the blob or the tree that
    is named; a blob that is named by itself stands at the path of its reference, or of its id where that was given.

    ``revisions``: as ``git log`` takes them. Only ``--all`` and plain names can name such objects.
    """
    names: list[str] = []
    for revision in revisions:
        if revision == "--not":
            break
        if revision == "--all":
            names.extend(_references(git))
        elif not revision.startswith(("-", "^")) and ".." not in revision and revision != "HEAD":
            names.append(revision)
    for name, kind, named in _peeled(git, names):
        if kind == "blob":
            yield named, named, name
        elif kind == "tree":
            yield from ((blob, named, path) for blob, path in _files(git, named))


def _references(git: Git) -> list[str]:
    """References that are not known to lead to a commit: one to a tag of a tag is among them."""
    form = "--format=%(objecttype) %(*objecttype) %(refname)"
    rows = [line.split(" ", 2) for line in git.try_text("for-each-ref", form).split("\n")]
    return [row[2] for row in rows if len(row) == 3 and _COMMIT not in row[:2]]


def _peeled(git: Git, names: list[str]) -> Iterator[tuple[str, str, str]]:
    """``(name, type, id)`` of what each name leads to through all tags; a name that leads nowhere is left out."""
    if not names:
        return
    asked = "".join(f"{name}^{{}}\n" for name in names).encode()
    for name, line in zip(names, git.output("cat-file", "--batch-check", stdin=asked).splitlines(), strict=False):
        answer = line.decode("ascii", "replace").split(" ")
        if len(answer) == 3:
            yield name, answer[1], answer[0]


def _files(git: Git, tree: str) -> Iterator[tuple[str, str]]:
    """``(blob, path)`` of each regular file below a tree; lines of ``<mode> <type> <id>\\t<path>``."""
    for line in git.output("ls-tree", "-r", "-z", tree).split(b"\0"):
        head, _, path = line.partition(b"\t")
        fields = head.split()
        if len(fields) == 3 and fields[0].startswith(b"100"):
            yield fields[2].decode("ascii"), path.decode("utf-8", "replace")
