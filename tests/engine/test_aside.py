"""Work aside is done once, what goes wrong there is told where it is waited for, and a run is stored all the same."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lockgate.engine.aside import Aside
from lockgate.errors import StoreError
from lockgate.store import Ledger, Record


@pytest.mark.parametrize("worth_it", [True, False], ids=["in a thread", "when it is waited for"])
def test_work_is_done_once(*, worth_it: bool) -> None:
    by: list[bool] = []
    here = threading.current_thread()
    aside = Aside(lambda wanted: by.append(wanted() and threading.current_thread() is here), worth_it=worth_it)
    aside.wait()
    aside.wait()
    aside.drop()
    assert by == [not worth_it]


@pytest.mark.parametrize("worth_it", [True, False], ids=["in a thread", "when it is waited for"])
def test_what_goes_wrong_is_raised_where_it_is_waited_for(*, worth_it: bool) -> None:
    def fail(_: Callable[[], bool]) -> None:
        raise StoreError("the disk is full")

    aside = Aside(fail, worth_it=worth_it)
    with pytest.raises(StoreError, match="the disk is full"):
        aside.wait()
    aside.drop()


def test_work_that_is_dropped_leaves_off_and_work_that_had_not_begun_never_does() -> None:
    begun, left = threading.Event(), threading.Event()

    def work(wanted: Callable[[], bool]) -> None:
        begun.set()
        while wanted():
            left.wait(0.001)
        left.set()

    aside = Aside(work, worth_it=True)
    begun.wait()
    aside.drop()
    assert left.is_set()
    by: list[int] = []
    waiting = Aside(lambda _: by.append(1), worth_it=False)
    waiting.drop()
    waiting.wait()
    assert by == []


_CHECK = """
import os, signal, sys, threading
import lockgate.engine.scan
from lockgate.cli import main
from lockgate.store import record
sys.modules["lockgate.engine.scan"]._WORTH_A_THREAD = int(sys.argv[1])
append = record.Record._append
def appended(self, table, *args, **kwargs):
    if sys.argv[3] == f"before {table.name}":
        assert threading.current_thread() is not threading.main_thread()
        os.kill(os.getpid(), getattr(signal, sys.argv[4]))
    append(self, table, *args, **kwargs)
record.Record._append = appended
sys.exit(main(["check", "--quiet", "--family", "policy", sys.argv[2]]))
"""
_POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'x.example/a:1'}]}\n"


def _checked(folder: Path, least: int, when: str = "", kill: str = "") -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    (folder / "pod.yaml").write_text(_POD)
    source = str(Path(__file__).parents[2] / "src")
    surroundings = {"PYTHONPATH": source, "HOME": str(folder), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", _CHECK, str(least), str(folder), when, kill]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings)


def _stored(folder: Path) -> tuple[list[str], list[str]]:
    """Identities in the record and in the ledger."""
    with Ledger.open(folder / ".lockgate") as ledger:
        known = sorted(one.identity for one in ledger.known("."))
    return sorted(row["Identity"] for row in Record.open(folder / ".lockgate").rows("Findings")), known


def test_a_run_whose_rows_are_appended_aside_is_stored_as_any_other(tmp_path: Path) -> None:
    aside, alone = (_checked(tmp_path / str(least), least) for least in (1, 10**9))
    assert (aside.returncode, aside.stderr) == (alone.returncode, alone.stderr) == (1, "")
    assert _stored(tmp_path / "1") == _stored(tmp_path / "1000000000")
    recorded, known = _stored(tmp_path / "1")
    assert recorded == known != []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("kill", ["SIGKILL", "SIGINT"])
def test_a_run_that_is_stopped_is_stored_whole_or_not_at_all_and_the_next_is_whole(tmp_path: Path, kill: str) -> None:
    stopped = _checked(tmp_path / "a", 1, "before Runs" if kill == "SIGKILL" else "before Findings", kill)
    assert stopped.returncode == (-9 if kill == "SIGKILL" else 130)
    recorded, known = _stored(tmp_path / "a")
    assert known == []
    again = _checked(tmp_path / "a", 1)
    alone = _checked(tmp_path / "b", 10**9)
    assert (again.returncode, again.stderr) == (alone.returncode, "")
    assert again.stdout.splitlines()[1:] == alone.stdout.splitlines()[1:]
    whole, known = _stored(tmp_path / "b")
    # A run that is interrupted may be stored before it hears of it, and one that is killed before its end cannot.
    assert recorded in ([], whole if kill == "SIGINT" else [])
    assert _stored(tmp_path / "a") == (sorted(recorded + whole), known)


def test_what_the_record_does_not_hold_is_not_known(tmp_path: Path) -> None:
    (tmp_path / ".lockgate").mkdir()
    (tmp_path / ".lockgate" / "record").write_text("no folder")
    done = _checked(tmp_path, 1)
    assert done.returncode not in (0, 1)
    assert "record" in done.stderr
    with Ledger.open(tmp_path / ".lockgate") as ledger:
        assert ledger.known(".") == ()
