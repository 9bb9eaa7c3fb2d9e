"""Brings what was journalled into the record, by a process of its own that ends when it is done.

What writes Delta tables takes some 90 MB and a tenth of a second of CPU an append; neither belongs beside a judge. So
a thread closes the journal's file from time to time and has ``lockgate.store.settling`` started (``starter``). While
that fails nothing is lost: files wait, in this process and for the next one on the same workspace.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import orjson

from lockgate.errors import LockgateError
from lockgate.formats.printable import clipped, printable
from lockgate.server.admission.starter import Starter
from lockgate.store.journal import CLOSED, Journal, runs
from lockgate.store.settling import DAMAGED
from lockgate.store.upkeep import Upkeep

_log = logging.getLogger("lockgate.admission")
FOLDER = "journal"
"""Within the workspace's own folder."""
_LOOK = 0.5
"""Seconds between looks at the size of the file."""
_LARGE = 8 * 1024 * 1024
"""Bytes at which a file is settled before its time, so that the settling process stays small."""
_LONGEST = 300.0
"""Seconds for one settling."""


class Carrier:
    """One thread that settles one journal, and at first what writers left that are gone."""

    def __init__(self, journal: Journal, root: Path, record: str, *, seconds: float = 10.0, settles: bool = True,
                 told: Callable[[bool, int], None] = lambda ok, waiting: None,
                 upkeep: Callable[[], Upkeep] = Upkeep) -> None:  # fmt: skip
        """``root`` is the folder of the journals, ``record`` the workspace's address, as ``Record.open`` takes it;
        ``upkeep`` says what compaction does there.

        ``seconds``: how old a row may get before it is brought along. ``told`` gets whether a settling went well, and
        the bytes that wait. Without ``settles`` files are only closed: another process settles those of all.
        """
        self._settles, self._upkeep = settles, upkeep
        self._journal, self._root, self._record, self._seconds, self._told = journal, root, record, seconds, told
        self._stop, self._starter = threading.Event(), Starter()
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)

    def start(self) -> None:
        """Settle from now on."""
        self._thread.start()

    def close(self) -> None:
        """Settle what there is, then end. What cannot be settled stays for the next start."""
        self._stop.set()
        self._thread.join(_LONGEST)
        try:
            self._journal.close()
        except LockgateError as error:
            _log.error("%s", error)
        if self._settles and any(runs(self._root)):
            self.settle()
        self._starter.close()

    def _run(self) -> None:
        pending = self._settles and len(runs(self._root)) > 1
        passed = 0.0
        while not self._stop.wait(_LOOK):
            if self._settles and not passed:
                self._make_starter()
            passed += _LOOK
            if passed < self._seconds and self._journal.size < _LARGE:
                continue
            passed = 0.0
            try:
                pending = self._journal.turn() or pending
            except LockgateError as error:
                _log.error("%s", error)
            if self._settles and (pending or any(self._root.glob(f"*/*{CLOSED}"))):
                pending = not self.settle()

    def settle(self) -> bool:
        """Settle what is closed; whether that went well."""
        ok = settle_apart(self._root, self._record, self._upkeep(), self._starter)
        self._told(ok, self._journal.waiting())
        return ok

    def _make_starter(self) -> None:
        """Before it is needed: right after the start there is least to do."""
        try:
            self._starter.start()
        except OSError as error:  # asked again when it is needed, and told then
            _log.warning("what starts commands could not be made yet: %s", error)


def settle_apart(root: Path, record: str, upkeep: Upkeep, starter: Starter) -> bool:
    """Settle every journal below ``root`` by a process of its own; whether the record has what was closed."""
    # -P: the folder that this was started in is the user's, and no place to import from.
    command = [sys.executable, "-P", "-m", "lockgate.store.settling", str(root), record,
               orjson.dumps(upkeep.told()).decode()]  # fmt: skip
    code, said = starter.run(command, seconds=_LONGEST)
    if code:
        what = "damaged" if code == DAMAGED else "not settled, reviews wait in it"
        _log.error("the journal is %s: %s", what, clipped(printable(said), 1000))
    return code in (0, DAMAGED)
