"""The work of ``lockgate admission serve --workers N``: several processes on one port."""

from __future__ import annotations

import argparse
import gc
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from lockgate.cli._admission import loader_of, serve
from lockgate.server.admission.carrying import FOLDER, settle_apart
from lockgate.server.admission.starter import Starter
from lockgate.server.admission.workers import Peers, Worker, Workers, reserved
from lockgate.store.journal import runs
from lockgate.store.upkeep import Upkeep
from lockgate.store.workspace import Workspace


def serve_together(arguments: argparse.Namespace, place: Workspace, upkeep: Upkeep) -> int:
    """Serve until a signal; returns the exit code. ``upkeep``: how what is left at the end is compacted."""
    with reserved(arguments.host, arguments.port) as port, _shared(place.folder) as folder:
        told = argparse.Namespace(**{**vars(arguments), "port": port})
        prepared = None
        if not arguments.cluster and not arguments.bundle:  # what follows a cluster has threads, and they do not fork
            loader = loader_of(told, place)
            prepared = loader, loader.load()
            gc.freeze()  # what is shared with the workers is not looked through by each of them, and stays shared

        def work(worker: Worker) -> int:
            return serve(told, place, lambda port: worker.ready(), prepared=None if worker.again else prepared,
                         first=worker.number == 0, peers=Peers(folder, worker.number))  # fmt: skip

        code = Workers(arguments.workers, work, lambda: print(f"listening on {port}", flush=True)).run()
    journals = place.folder / FOLDER
    if not arguments.no_store and any(runs(journals)):  # what was journalled after the first worker had settled
        with closing(Starter()) as starter:
            settle_apart(journals, place.record, upkeep, starter)
    return code


@contextmanager
def _shared(workspace: Path) -> Iterator[Path]:
    """A folder in which workers tell each other what they have counted."""
    folder = workspace / f"workers-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)  # of a process of the same number that was killed
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
