"""The journal: kept when told so, in the record once, whatever dies when."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest

from lockgate.errors import StoreError
from lockgate.store import Record
from lockgate.store import settling as settling_module
from lockgate.store.journal import Journal, SharedText, line_of, runs
from lockgate.store.settling import DAMAGED, settle

NOW = datetime(2026, 11, 26, 1, 2, 3, 456789, tzinfo=UTC)


def review(uid, run="w-1"):
    return "AdmissionReviews", {"TimeGenerated": NOW, "RunId": run, "Uid": uid, "Seconds": 0.5, "DryRun": False,
                                "Outcomes": "[]"}  # fmt: skip


def body(digest, run="w-1"):
    return "AdmissionObjects", {"TimeGenerated": NOW, "RunId": run, "Digest": digest, "Bytes": 2, "Body": "{}"}


def uids(record):
    return [row["Uid"] for row in record.rows("AdmissionReviews")]


@pytest.fixture
def root(tmp_path):
    return tmp_path / "journal"


@pytest.fixture
def record(tmp_path):
    return Record.open(tmp_path)


def test_what_is_closed_is_settled_as_it_was_and_removed(root, record):
    journal = Journal(root, "w-1")
    journal.append([body("sha256:1"), review("a")])
    journal.append([review("b")])
    assert settle(root, record).files == 0 and journal.waiting() > 0  # nothing is closed yet
    assert journal.turn() and not journal.turn()
    done = settle(root, record)
    assert (done.files, done.rows, done.problems, journal.waiting()) == (1, 3, [], 0)
    assert sorted(uids(record)) == ["a", "b"]
    (row,) = record.rows("AdmissionObjects")
    assert (row["TimeGenerated"], row["Bytes"], row["Digest"]) == (NOW, 2, "sha256:1")
    journal.append([review("c")])
    journal.turn()
    settle(root, record)
    assert sorted(uids(record)) == ["a", "b", "c"]
    journal.close()
    settle(root, record)
    assert runs(root) == []


def test_a_file_that_was_settled_and_not_removed_is_not_settled_twice(root, record, monkeypatch):
    journal = Journal(root, "w-1")
    journal.append([body("sha256:1"), review("a")])
    journal.turn()
    (file,) = root.glob("w-1/*.jsonl")
    content = file.read_bytes()
    settle(root, record)
    file.write_bytes(content)  # as if the process had died between the commit and the removal
    assert settle(root, record).files == 1
    assert uids(record) == ["a"] and len(record.rows("AdmissionObjects")) == 1


def test_a_death_between_two_tables_leaves_the_second_to_be_done(root, record, monkeypatch):
    journal = Journal(root, "w-1")
    journal.append([review("a")])
    journal.append([body("sha256:1"), review("b")])
    journal.turn()
    real = record.append_alone

    def dies(table, rows, **more):
        if table == "AdmissionReviews":
            raise StoreError("the disk is full")
        real(table, rows, **more)

    monkeypatch.setattr(record, "append_alone", dies)
    with pytest.raises(StoreError):
        settle(root, record)
    assert len(record.rows("AdmissionObjects")) == 1  # bodies first: one too many, never one too few
    monkeypatch.undo()
    settle(root, record)
    assert sorted(uids(record)) == ["a", "b"] and len(record.rows("AdmissionObjects")) == 1


WRITER = """
import sys
from tests.store.test_journal import review
from lockgate.store.journal import Journal
from pathlib import Path
journal = Journal(Path(sys.argv[1]), "dead")
number = 0
while True:
    journal.append([review(str(number), "dead")])
    print(number, flush=True)
    number += 1
    if number % 7 == 0:
        journal.turn()
"""


def test_what_a_killed_writer_was_told_is_kept_is_in_the_record_after_the_next_settling(root, record):
    command = [sys.executable, "-c", WRITER, str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        told = [int(writer.stdout.readline()) for _ in range(60)]
        assert settle(root, record).files > 0  # beside the living one
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout]
        writer.wait()
    settle(root, record)
    kept = sorted(map(int, uids(record)))
    assert kept == list(range(len(kept))) and len(kept) in (len(told), len(told) + 1)
    assert runs(root) == []


def test_a_torn_last_line_of_a_dead_writer_is_passed_over_and_a_damaged_one_is_kept_apart(root, record):
    for run, text in (("torn", b'AdmissionReviews {"TimeGen'), ("damaged", b"AdmissionReviews {no json}\nOther {}\n")):
        journal = Journal(root, run)
        journal.append([review(run, run)])
        with next(root.glob(f"{run}/*.part")).open("ab") as file:
            file.write(text)
        os.close(journal._owner)  # as the death of the process does
    done = settle(root, record)
    assert sorted(uids(record)) == ["damaged", "torn"]
    (problem,) = done.problems
    assert problem.startswith("2 lines of a journal cannot be read: ") and problem.endswith(".damaged")
    assert [one.name for one in runs(root)] == ["damaged"]
    assert settle(root, record).files == 0


def test_a_row_with_a_column_that_is_none_or_a_value_of_another_type_is_damage(root, record):
    journal = Journal(root, "w-1")
    journal.append([("AdmissionReviews", {"TimeGenerated": NOW, "Colour": "red"}),
                    ("AdmissionReviews", {"TimeGenerated": NOW, "Uid": 5}), ("Skips", {}), review("a")])  # fmt: skip
    journal.turn()
    assert settle(root, record).problems[0].startswith("3 lines")
    assert uids(record) == ["a"]


def test_an_append_that_fails_leaves_nothing_of_itself(root, record, monkeypatch):
    journal = Journal(root, "w-1")
    journal.append([review("a")])
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:10]))
    monkeypatch.setattr(os, "fdatasync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StoreError, match="No space left"):
        journal.append([review("b")])
    monkeypatch.undo()
    journal.append([review("c")])
    journal.turn()
    assert settle(root, record).problems == []
    assert sorted(uids(record)) == ["a", "c"]


def naming(uid, shared):
    table, row = review(uid)
    return line_of(table, {**row, "Outcomes": shared.named})


def test_a_text_that_rows_share_stands_once_in_a_file_and_whole_in_every_row(root, record):
    text, other = '[{"message":"long and \\"quoted\\"\\n"}]', '[{"message":"another"}]'
    journal = Journal(root, "w-1")
    for turn in range(2):
        for uid, said in (("a", text), ("b", other), ("c", text)):
            shared = SharedText(said)
            before = journal.size
            journal.append_lines([naming(f"{uid}{turn}", shared)], [shared])
            assert journal.size - before >= len(naming(f"{uid}{turn}", shared)) + len(shared.line) // 3
        journal.turn()
        assert journal.size == 0
    for file in root.glob("w-1/*.jsonl"):
        assert (file.read_bytes().count(b"long and"), file.read_bytes().count(b"another")) == (1, 1)
    assert settle(root, record).problems == []
    told = {row["Uid"][0]: row["Outcomes"] for row in record.rows("AdmissionReviews")}
    assert told == {"a": text, "b": other, "c": text}


def test_a_text_that_rows_share_has_others_in_it_for_each(root, record):
    journal, shared = Journal(root, "w-1"), SharedText('[{"message":"pod STAND of STAND, BY"}]')
    for uid, name in (("a", "web-1"), ("b", "web-2")):
        said = shared.with_texts({"STAND": name, "BY": "me"})
        journal.append_lines([naming(uid, said)], [said])
    journal.append_lines([naming("c", shared)], [shared])
    journal.turn()
    (file,) = root.glob("w-1/*.jsonl")
    assert file.read_bytes().count(b"pod STAND") == 1
    assert settle(root, record).problems == []
    told = {row["Uid"]: row["Outcomes"] for row in record.rows("AdmissionReviews")}
    assert told == {
        "a": '[{"message":"pod web-1 of web-1, me"}]', "b": '[{"message":"pod web-2 of web-2, me"}]',
        "c": '[{"message":"pod STAND of STAND, BY"}]',
    }  # fmt: skip


def test_a_text_is_written_again_where_it_was_not_kept(root, record, monkeypatch):
    journal, shared = Journal(root, "w-1"), SharedText("[1]")
    with monkeypatch.context() as failing:
        failing.setattr(os, "fdatasync", lambda _: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        with pytest.raises(StoreError):
            journal.append_lines([naming("a", shared)], [shared])
    journal.append_lines([naming("b", shared)], [shared])
    journal.turn()
    assert settle(root, record).problems == []
    assert [(row["Uid"], row["Outcomes"]) for row in record.rows("AdmissionReviews")] == [("b", "[1]")]


def test_a_row_whose_text_is_not_there_is_damage(root, record):
    journal = Journal(root, "w-1")
    journal.append_lines([naming("a", SharedText("[1]")), line_of(*review("b")), b"= key 3\n", b"= key\n"])
    journal.turn()
    assert settle(root, record).problems[0].startswith("3 lines")
    assert uids(record) == ["b"]


def test_a_journal_that_nobody_settles_has_an_end(root):
    journal = Journal(root, "w-1", max_waiting=600)
    journal.append([review("a")])
    with pytest.raises(StoreError, match="600 bytes wait"):
        for number in range(10):
            journal.append([review(str(number))])


def test_two_settlings_at_once_append_each_row_once(root, record, tmp_path):
    for number in range(4):
        journal = Journal(root, f"w-{number}")
        for uid in range(5):
            journal.append([review(f"{number}-{uid}", f"w-{number}")])
            journal.turn()
        journal.close()
    threads = [threading.Thread(target=settle, args=(root, Record.open(tmp_path))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settle(root, record)
    assert sorted(uids(record)) == sorted(f"{number}-{uid}" for number in range(4) for uid in range(5))


def test_the_process_says_what_it_did_in_its_exit_code(root, tmp_path):
    journal = Journal(root, "w-1")
    journal.append([review("a"), ("Other", {})])
    journal.close()
    command = [sys.executable, "-P", "-m", settling_module.__name__, str(root)]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (DAMAGED, 1), done.stderr
    assert uids(Record.open(tmp_path)) == ["a"]
    (tmp_path / "file").write_text("")
    journal = Journal(root, "w-2")
    journal.append([review("b")])
    journal.close()
    done = subprocess.run([*command, str(tmp_path / "file")], capture_output=True, text=True)
    assert done.returncode == 5 and "the record cannot be used" in done.stderr
    assert (root / "w-2").is_dir()
