"""Files judged in other processes: what one process says, in its order, and nothing lost when a worker cannot work."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from lockgate.engine import observe, workers
from lockgate.engine.judge import MOST_BYTES, MOST_FILES, Judge, batches
from lockgate.engine.scan import members
from lockgate.engine.workers import judged_by_workers
from lockgate.errors import NothingCheckedError
from lockgate.model import Family, File, SkipKind
from lockgate.rules import load
from lockgate.scanners import ScanContext, Scanner
from lockgate.sources.repository import TreeSource

FAMILIES = (Family.POLICY, Family.WORKFLOWS)
POD = """apiVersion: v1
kind: Pod
metadata: {{name: pod-{0}}}
spec:
  containers:
    - {{name: app, image: "shop:{0}"}} # lockgate:waive rule=policy/{1} by=ada reason="our test" expires=2026-12-31
"""
KUSTOMIZATION = "resources: [../pod-{0:03}.yaml]\nnamePrefix: p-\n"


def _tree(folder: Path) -> TreeSource:
    """Manifests, some of them broken, and overlays that judge them again."""
    for number in range(200):
        text = POD.format(number, "run-as-non-root" if number % 2 else "none")
        (folder / f"pod-{number:03}.yaml").write_text(text if number % 7 else text.replace("spec:", "spec: ["))
        if number % 25 == 1:
            (folder / f"over-{number:03}").mkdir()
            (folder / f"over-{number:03}" / "kustomization.yaml").write_text(KUSTOMIZATION.format(number))
    return TreeSource(folder)


def test_findings_skips_and_notices_are_those_of_one_process(engine, tmp_path):
    source, rules = _tree(tmp_path), load(FAMILIES)
    one, three = (
        engine.run(source, scanners=members(FAMILIES), families=FAMILIES, rules=rules, jobs=jobs) for jobs in (1, 3)
    )
    assert len(one.findings) > 1_000 and len(one.skips) > 25 and one.notices
    assert any(told.waived for told in one.findings)
    assert (three.findings, three.skips, three.notices) == (one.findings, one.skips, one.notices)
    assert (three.coverage, three.run.bytes, three.decision) == (one.coverage, one.run.bytes, one.decision)


def test_what_is_left_when_the_time_is_used_up_is_told_once(engine, tmp_path, monkeypatch):
    source, rules = _tree(tmp_path), load([Family.POLICY])
    judged = observe._by_workers

    def late(seen, files, waiting, kept, deadline, request):
        return judged(seen, files, waiting, kept, -1.0, request)

    monkeypatch.setattr(observe, "_by_workers", late)
    result = engine.run(source, scanners=members([Family.POLICY]), families=(Family.POLICY,), rules=rules, jobs=2)
    (told,) = [skip for skip in result.skips if skip.kind is SkipKind.LIMIT]
    assert "time budget" in told.reason
    assert result.findings
    paths = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.yaml"))
    late = paths[observe.FIRST :]
    assert told.path == late[0]
    assert told.reason.endswith(
        f"before this file and {len(late) - 1} more were judged: {', '.join(late[1:11])} and {len(late) - 11} more"
    )
    assert result.run.files == observe.FIRST


def test_what_no_time_is_left_for_is_told_by_several_processes_as_by_one(engine, tmp_path):
    source, rules = _tree(tmp_path), load(FAMILIES)
    one, three = (
        engine.run(source, scanners=members(FAMILIES), families=FAMILIES, rules=rules, jobs=jobs, seconds=-1.0)
        for jobs in (1, 3)
    )
    assert (three.findings, three.skips, three.run.files) == (one.findings, one.skips, one.run.files)
    assert (one.findings, one.run.files) == ((), 0)
    (told,) = one.skips
    paths = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.yaml"))
    assert told.path == paths[0]
    assert f"before this file and {len(paths) - 1} more were judged: {paths[1]}, " in told.reason


def test_files_that_still_wait_when_the_walk_is_cut_are_told_with_those_behind_them(engine, tmp_path, monkeypatch):
    source, rules = _tree(tmp_path), load([Family.POLICY])
    paths = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.yaml"))
    clock = _Clock(ends=151)  # the run itself asks once, for its start
    for module in (observe, sys.modules["lockgate.engine.scan"]):
        monkeypatch.setattr(module, "time", clock)
    for jobs, judged in ((1, 150), (2, observe.FIRST)):
        clock.asked = 0
        ran = engine.run(
            source, scanners=members([Family.POLICY]), families=(Family.POLICY,), rules=rules, jobs=jobs, seconds=5.0
        )
        (told,) = [skip for skip in ran.skips if skip.kind is SkipKind.LIMIT]
        late = paths[judged:]
        assert (told.path, ran.run.files) == (late[0], judged)
        assert f"before this file and {len(late) - 1} more were judged: {', '.join(late[1:11])} and" in told.reason


class _Clock:
    """A clock by which the time is up when it has been asked that often."""

    def __init__(self, *, ends: int) -> None:
        self.asked, self._ends = 0, ends

    def monotonic(self) -> float:
        self.asked += 1
        return 5.5 * (self.asked > self._ends)


def _judge() -> Judge:
    scanners = {name: one for name, one in members([Family.POLICY]).items() if one.reads is File and one.cacheable}
    judge = Judge(scanners, {Family.POLICY: load([Family.POLICY]).of(Family.POLICY)})
    judge.prepare(ScanContext(salt=b"0" * 16), {})
    return judge


def _files(folder: Path, count: int) -> list[File]:
    for number in range(count):
        (folder / f"{number}.yaml").write_text("x")
    return [File(f"{number}.yaml", 1, partial(Path.read_bytes, folder / f"{number}.yaml")) for number in range(count)]


def test_a_scanner_that_cannot_work_in_a_worker_is_blind_in_the_run(tmp_path, monkeypatch):
    def start(rules, context):
        raise NothingCheckedError("no engine", hint="install it")

    there, here = (Judge({"word": Scanner(Family.SECRETS, File, start)}, {Family.SECRETS: ()}) for _ in range(2))
    monkeypatch.setattr(workers, "_judge", there)
    with ThreadPoolExecutor(1) as pool:
        told = list(workers._handed_out(_files(tmp_path, 40), here, pool, 1, ask=workers._batch))
    assert not any(answers.skips for _, answers, _ in told)
    (blind,) = here.blind
    assert (blind.name, blind.error.message, blind.error.hint) == ("word", "no engine", "install it")


def test_workers_that_cannot_be_forked_are_started_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "has_one_thread", lambda: False)
    files = _files(tmp_path, 10)
    (tmp_path / "3.yaml").write_text("x" * 9)
    told = list(judged_by_workers(files, _judge(), jobs=2))
    assert [answers.loaded for _, answers, _ in told] == [9 if number == 3 else 1 for number in range(10)]


@pytest.fixture(params=["forked", "spawned"])
def beginning(request, monkeypatch):
    """Both ways in which workers begin, whatever threads the test run has."""
    monkeypatch.setattr(workers, "has_one_thread", lambda: request.param == "forked")


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.usefixtures("beginning")
@pytest.mark.parametrize("deadly", [{70}, {0, 70, 199}])
def test_a_file_that_ends_its_worker_is_skipped_and_no_other(tmp_path, deadly):
    files = _files(tmp_path, 200)
    for number in deadly:
        files[number] = File(f"{number}.yaml", 1, partial(os._exit, 9))
    told = list(judged_by_workers(files, _judge(), jobs=2))
    assert [file for file, _, _ in told] == files
    lost = {skip.path for _, answers, _ in told for skip in answers.skips if "process that judged it" in skip.reason}
    assert lost == {f"{number}.yaml" for number in deadly}
    assert sum(answers.loaded for _, answers, _ in told) == 200 - len(deadly)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.usefixtures("beginning")
def test_when_one_worker_after_the_other_ends_what_is_left_is_skipped(tmp_path, monkeypatch):
    begun = []
    spawn = workers._Workers.spawn
    monkeypatch.setattr(workers._Workers, "spawn", lambda self: begun.append(1) or spawn(self))
    files = [File(f"{number}.yaml", 1, partial(os._exit, 9)) for number in range(200)]
    told = list(judged_by_workers(files, _judge(), jobs=2))
    assert [[skip.path for skip in answers.skips] for _, answers, _ in told] == [[file.path] for file in files]
    assert len(begun) <= workers._MOST_DEATHS + 2


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.usefixtures("beginning")
def test_what_cannot_be_handed_over_is_an_error_and_no_wait(tmp_path):
    files = _files(tmp_path, 100)
    files[40] = File("40.yaml", 1, lambda: b"x")
    with pytest.raises(Exception, match="pickle"):
        list(judged_by_workers(files, _judge(), jobs=2))


WAITS = """
import sys, time
from tests.engine.test_workers import _judge
from lockgate.engine import workers
from lockgate.model import File
workers.has_one_thread = lambda: sys.argv[1] == "forked"

if __name__ == "__main__":
    told = workers.judged_by_workers([File("first.yaml", 1, bytes)] * 64, _judge(), jobs=2)
    next(told)
    print("begun", flush=True)
    time.sleep(50)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("how", ["forked", "spawned"])
def test_workers_end_when_the_check_is_killed(tmp_path, how):
    (tmp_path / "waits.py").write_text(WAITS)
    environment = os.environ | {"PYTHONPATH": str(Path.cwd()), "PYTHONWARNINGS": "ignore"}
    check = subprocess.Popen(
        [sys.executable, tmp_path / "waits.py", how], stdout=subprocess.PIPE, env=environment, start_new_session=True
    )
    assert check.stdout.readline() == b"begun\n"
    assert len(_group(check.pid)) >= 3
    check.send_signal(signal.SIGKILL)
    check.wait(20)
    end = time.monotonic() + 20
    while _group(check.pid):
        assert time.monotonic() < end, "workers are left behind"
        time.sleep(0.05)
    check.stdout.close()


def _group(group: int) -> list[int]:
    """Processes of a process group that have not ended."""
    there = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(of) == group and state != "Z":
            there.append(int(stat.parent.name))
    return there


def test_a_file_of_a_batch_that_cannot_be_read_is_skipped_and_no_other(tmp_path):
    files = _files(tmp_path, 5)
    (tmp_path / "2.yaml").unlink()
    (tmp_path / "3.yaml").write_text(POD.format(3, "pod-privileged"))
    told = list(_judge().files(files))
    assert [(one.loaded > 0, [skip.kind for skip in one.skips]) for one in told] == [
        (number != 2, [SkipKind.UNREADABLE] if number == 2 else []) for number in range(5)
    ]
    assert {finding.location.path for one in told for finding in one.findings} == {"3.yaml"}


def test_a_batch_takes_no_file_beyond_its_bytes(tmp_path):
    files = [File(str(number), size, bytes) for number, size in enumerate([1, MOST_BYTES, 5, 5] + [1] * 70)]
    assert [len(batch) for batch in batches(files)] == [2, MOST_FILES, len(files) - 2 - MOST_FILES]
    assert [file for batch in batches(files) for file in batch] == files
