"""Reads many blobs from one ``git cat-file --batch`` process, in order, without holding more than one."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import IO

from lockgate.errors import SourceError
from lockgate.sources.repository.git import Git


def blobs(git: Git, ids: Iterable[str], *, max_bytes: int) -> Iterator[tuple[str, int, bytes | None]]:
    """``(id, size, content)`` in the order of ``ids``; content is None when it is missing, corrupt or over the limit.

    A corrupt object ends the batch process; a new one goes on behind it.
    """
    pending = list(ids)
    while pending:
        done = 0
        for answer in _batch(git, pending, max_bytes):
            done += 1
            yield answer
        if done < len(pending):
            yield pending[done], 0, None
            done += 1
        pending = pending[done:]


def _batch(git: Git, ids: list[str], max_bytes: int) -> Iterator[tuple[str, int, bytes | None]]:
    with git.stream("cat-file", "--batch", "--buffer") as process:
        if process.stdin is None or process.stdout is None:
            raise SourceError("git cat-file gave no pipes", where=str(git.folder))
        feeder = threading.Thread(target=_feed, args=(process.stdin, ids), daemon=True)
        feeder.start()
        out = process.stdout
        for blob in ids:
            header = out.readline().split()
            if len(header) == 2 and header[1] == b"missing":
                yield blob, 0, None
                continue
            if len(header) != 3:
                return
            size = int(header[2])
            if size > max_bytes:
                _discard(out, size + 1)
                yield blob, size, None
                continue
            content = out.read(size)
            if len(content) != size or len(out.read(1)) != 1:
                return
            yield blob, size, content


def _feed(stdin: IO[bytes], ids: list[str]) -> None:
    try:
        stdin.write("".join(f"{blob}\n" for blob in ids).encode())
        stdin.close()
    except (OSError, ValueError):
        return  # the reader has gone; nobody waits for the rest


def _discard(out: IO[bytes], count: int) -> None:
    while count:
        got = len(out.read(min(count, 1 << 20)))
        if not got:
            return
        count -= got
