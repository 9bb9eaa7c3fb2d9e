"""Judges files in several processes. Order is kept; a file that ends its worker becomes a Skip, not the end of the run.

Workers are spawned, not forked: threads of engines that the parent holds do not survive a fork.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from typing import Any

from lockgate.engine.judge import Judge, Judged
from lockgate.model import Family, File, Rule, Skip, SkipKind
from lockgate.scanners import ScanContext, Scanner

_BATCH = 64
"""Files a worker is handed at once: enough to hide the cost of handing over, few enough to keep all busy."""
_judge: Judge | None = None


def judged_by_workers(
    files: Iterable[File],
    scanners: Mapping[str, Scanner],
    rules: Mapping[Family, Sequence[Rule]],
    context: ScanContext,
    options: Mapping[str, Mapping[str, Any]],
    *,
    jobs: int,
) -> Iterator[tuple[File, Judged]]:
    """Every file with what the cacheable scanners said, in the order given; at most ``4 * jobs`` batches in flight."""
    state = (tuple(scanners), dict(rules), context, dict(options))
    with ProcessPoolExecutor(jobs, get_context("spawn"), _start, state) as pool:
        rows = iter(files)
        waiting: list[tuple[list[File], Any]] = []
        while True:
            while len(waiting) < 4 * jobs and (batch := list(islice(rows, _BATCH))):
                waiting.append((batch, pool.submit(_batch, batch)))
            if not waiting:
                return
            batch, answer = waiting.pop(0)
            try:
                answers = answer.result()
            except BrokenProcessPool:
                reason = "the process that judged it ended; run with --jobs 1 to find out on which file"
                answers = [Judged(skips=(Skip(file.path, SkipKind.LIMIT, reason),)) for file in batch]
            yield from zip(batch, answers, strict=True)


def _start(
    names: tuple[str, ...],
    rules: dict[Family, Sequence[Rule]],
    context: ScanContext,
    options: dict[str, Mapping[str, Any]],
) -> None:
    global _judge
    from lockgate import scanners
    from lockgate.discover import discover

    found = discover(scanners, "SCANNER", Scanner)
    _judge = Judge({name: found[name] for name in names}, rules)
    _judge.prepare(context, options)
    _judge.start()


def _batch(files: list[File]) -> list[Judged]:
    if _judge is None:
        raise RuntimeError("a worker was handed files before it was started")
    return [_judge.file(file, cacheable=True) for file in files]
