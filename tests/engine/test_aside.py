"""Work in a copy of the process is done once, and what goes wrong there is told here.

A process that runs tests has threads, so what is copied is one of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lockgate.engine.aside import Aside
from lockgate.errors import StoreError
from lockgate.store import Ledger, Record

_HEAD = """
import os, signal, sys, time
from lockgate.engine.aside import Aside
here, place = os.getpid(), sys.argv[1]
def note():
    with open(place, "a") as file:
        file.write("here " if os.getpid() == here else "copy ")
def killed():
    if os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
    note()
def killed_late():
    note()
    if os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
def by_copy():
    return os.path.exists(place) and "copy" in open(place).read()
def failing():
    if os.getpid() != here:
        note()
    raise OSError("the disk is full")
def slow():
    time.sleep(50)
    note()
print("unflushed", end="")
"""


def _alone(place: Path, code: str) -> tuple[int, str, str, str]:
    """Exit code, output, errors, and who did the work, of a process of one thread."""
    source = str(Path(__file__).parents[2] / "src")
    command = [sys.executable, "-c", _HEAD + code, str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": source})
    return done.returncode, done.stdout, done.stderr, place.read_text() if place.exists() else ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere no process is copied")
@pytest.mark.parametrize(
    ("code", "by"),
    [
        ("aside = Aside(note, worth_it=True, done=by_copy); aside.wait(); aside.wait(); aside.drop()", "copy "),
        ("Aside(note, worth_it=False, done=by_copy).wait()", "here "),
        ("Aside(killed, worth_it=True, done=by_copy).wait()", "here "),
        ("aside = Aside(killed_late, worth_it=True, done=by_copy); aside.wait(); aside.wait()", "copy "),
        ("aside = Aside(slow, worth_it=True, done=by_copy); aside.drop(); aside.wait()", ""),
        ("Aside(note, worth_it=False, done=by_copy).drop()", ""),
    ],
    ids=[
        "in the copy once", "here where it is not worth it", "here where the copy was killed",
        "in the copy that was killed when it was done", "dropped", "not begun",
    ],
)
def test_work_is_done_once_or_not_at_all(tmp_path: Path, code: str, by: str) -> None:
    assert _alone(tmp_path / "by", code) == (0, "unflushed", "", by)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere no process is copied")
def test_what_goes_wrong_in_the_copy_is_raised_where_it_is_waited_for(tmp_path: Path) -> None:
    code, out, errors, by = _alone(tmp_path / "by", "Aside(failing, worth_it=True, done=lambda: False).wait()")
    assert (code, out, by) == (1, "unflushed", "copy ")
    assert errors.count("the disk is full") == 1 + errors.count('raise OSError("the disk is full")')


def test_a_process_with_threads_does_the_work_itself_when_it_is_waited_for() -> None:
    by: list[int] = []
    aside = Aside(lambda: by.append(os.getpid()), worth_it=False, done=lambda: False)
    assert by == []
    aside.wait()
    aside.wait()
    assert by == [os.getpid()]

    def fail() -> None:
        raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        Aside(fail, worth_it=False, done=lambda: False).wait()


_CHECK = """
import os, signal, sys
import lockgate.engine.scan
from lockgate.cli import main
from lockgate.store import record
sys.modules["lockgate.engine.scan"]._WORTH_A_COPY = int(sys.argv[1])
here, append = os.getpid(), record.Record._append
def appended(self, table, *args, **kwargs):
    if os.getpid() != here and sys.argv[3] == f"before {table.name}":
        os.kill(os.getpid(), signal.SIGKILL)
    append(self, table, *args, **kwargs)
    if os.getpid() != here and sys.argv[3] == f"after {table.name}":
        os.kill(os.getpid(), signal.SIGKILL)
record.Record._append = appended
sys.exit(main(["check", "--quiet", "--family", "policy", sys.argv[2]]))
"""
_POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'x.example/a:1'}]}\n"


def _checked(folder: Path, least: int, kill: str = "") -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    (folder / "pod.yaml").write_text(_POD)
    source = str(Path(__file__).parents[2] / "src")
    surroundings = {"PYTHONPATH": source, "HOME": str(folder), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", _CHECK, str(least), str(folder), kill]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings)


def _stored(folder: Path) -> tuple[list[str], list[str]]:
    """Identities in the record and in the ledger."""
    with Ledger.open(folder / ".lockgate") as ledger:
        known = sorted(one.identity for one in ledger.known("."))
    return sorted(row["Identity"] for row in Record.open(folder / ".lockgate").rows("Findings")), known


def test_a_run_whose_rows_a_copy_appends_is_stored_as_any_other(tmp_path: Path) -> None:
    copied, alone = (_checked(tmp_path / str(least), least) for least in (1, 10**9))
    assert (copied.returncode, copied.stderr) == (alone.returncode, alone.stderr) == (1, "")
    assert _stored(tmp_path / "1") == _stored(tmp_path / "1000000000")
    recorded, known = _stored(tmp_path / "1")
    assert recorded == known != []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere no process is copied")
@pytest.mark.parametrize(("kill", "written"), [
    ("after Findings", 2), ("before Runs", 2), ("after Runs", 1),
])  # fmt: skip
def test_a_run_whose_copy_is_killed_stands_in_the_record_once(tmp_path: Path, kill: str, written: int) -> None:
    done = _checked(tmp_path / "a", 1, kill)
    alone = _checked(tmp_path / "b", 10**9)
    assert (done.returncode, done.stderr) == (alone.returncode, "")
    assert done.stdout.splitlines()[1:] == alone.stdout.splitlines()[1:]
    assert _stored(tmp_path / "a") == _stored(tmp_path / "b")
    record = Record.open(tmp_path / "a" / ".lockgate")
    assert len(record.rows("Runs")) == 1
    assert len(record.history("Findings")) == written  # what a killed copy wrote of it does not show


def test_what_the_record_does_not_hold_is_not_known(tmp_path: Path) -> None:
    (tmp_path / ".lockgate").mkdir()
    (tmp_path / ".lockgate" / "record").write_text("no folder")
    done = _checked(tmp_path, 1)
    assert done.returncode not in (0, 1)
    assert "record" in done.stderr
    with Ledger.open(tmp_path / ".lockgate") as ledger:
        assert ledger.known(".") == ()
