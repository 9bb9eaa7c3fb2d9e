"""The ledger holds what changes in place."""

from __future__ import annotations

import json
import pickle
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lockgate.errors import StoreError
from lockgate.model import Confidence, Family, Finding, Fix, Location, Related, RuleId, Severity, Subject
from lockgate.store import KnownFinding, Ledger, codec
from lockgate.store.codec import Kept
from lockgate.store.known import decoded, encoded


def _known(number: int) -> KnownFinding:
    place = Location(f"a{number}.py", number, commit="c" * 40 if number == 1 else "")
    finding = Finding(
        RuleId("secrets/x"), Family.SECRETS, Severity.LOW, Confidence.HIGH, Subject("code", "n", f"k{number}"), place,
        "m", aliases=("CVE-1",), facts=(Related("cvss", "9.8"),),
    )  # fmt: skip
    return KnownFinding(f"lg1-{number}", "lg1-f", finding, (place,), "2031-01-01T00:00:00+00:00", introduced_by="Ada")


def test_what_is_remembered_is_known_to_the_next_run(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        assert ledger.known("p") == ()
        assert ledger.remember("p", [_known(1), _known(2)]) == 2
    with Ledger.open(tmp_path) as ledger:
        assert ledger.known("p") == (_known(1), _known(2))
        assert ledger.known("another project") == ()


def test_what_is_remembered_holds_no_snippet_and_no_fix(tmp_path: Path) -> None:
    place = Location("a1.py", 1, commit="c" * 40, snippet=("FROM a-private-place",))
    shown = replace(_known(1).finding, location=place, fix=Fix("use a-private-place"))
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", [replace(_known(1), finding=shown, locations=(place, replace(place, line=2)))])
        (known,) = ledger.known("p")
        places = (_known(1).finding.location, replace(_known(1).finding.location, line=2))
        assert known == replace(_known(1), locations=places)
    assert not any(b"a-private-place" in one.read_bytes() for one in tmp_path.iterdir())


def test_an_unchanged_set_is_not_written_again(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", [_known(1)])
        ledger.known("p")
        assert ledger.remember("p", [_known(1)]) == 0
        assert ledger.remember("p", [replace(_known(1), fixed_at="2031-02-02")]) == 1


def _seen(number: int, path: str = "a.yaml") -> KnownFinding:
    place = Location(path, number, number, snippet=("privileged: a-private-place",))
    told = replace(_known(2).finding, location=place, aliases=(), fix=Fix("use a-private-place"))
    return KnownFinding(f"lg1-{9 - number}", f"lg1-{9 - number}", told, (place,), "2031-01-01T00:00:00+00:00")


def test_what_the_cache_packed_is_remembered_as_what_it_was_packed_of(tmp_path: Path) -> None:
    several = [_seen(number) for number in range(1, 5)]
    read = codec.decode(codec.encode(Kept(tuple(one.finding for one in several))))
    packed = {"a.yaml": (read.findings, read.bodies)}
    told = [replace(one, finding=finding, locations=(finding.location,))
            for one, finding in zip(several, read.findings, strict=True)]  # fmt: skip
    with Ledger.open(tmp_path) as ledger, Ledger.open(tmp_path / "other") as other:
        assert ledger.remember("p", told[::-1], packed) == other.remember("p", told) == 4
        assert ledger.known("p") == other.known("p")
        assert ledger.remember("p", told, packed) == 0
        assert ledger.remember("p", [*told, _seen(5)], packed) == 5
        assert len(ledger.known("p")) == 5
    assert not any(b"a-private-place" in one.read_bytes() for one in tmp_path.iterdir() if one.is_file())


def test_what_was_packed_of_others_is_not_remembered(tmp_path: Path) -> None:
    read = codec.decode(codec.encode(Kept((_seen(1).finding,))))
    two = replace(_seen(2), locations=(*_seen(2).locations, Location("b.yaml", 1)))
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", [_seen(2)], {"a.yaml": (read.findings, read.bodies)})
        assert [one.finding.location.line for one in ledger.known("p")] == [2]
        ledger.remember("p", [two], {"a.yaml": ((two.finding,), read.bodies)})
        assert [[place.path for place in one.locations] for one in ledger.known("p")] == [["a.yaml", "b.yaml"]]


def test_what_was_read_and_stays_as_it_is_is_not_unpacked_to_be_remembered(tmp_path: Path) -> None:
    plain = replace(_known(1).finding, location=Location("a.py"), aliases=())
    here = [replace(_known(n), finding=plain, locations=(plain.location,)) for n in (1, 2, 3)]
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", here)
        read = ledger.known("p")
        assert ledger.remember("p", read[::-1]) == 0
        assert all(one.bodies is not None and one.bodies._rows is None for one in read)
        assert ledger.remember("p", [read[0], replace(read[1], fixed_at="2031-02-02"), read[2]]) == 3
        assert ledger.known("p") == (here[0], replace(here[1], fixed_at="2031-02-02"), here[2])


@pytest.mark.parametrize("number", range(4))
def test_a_row_that_was_read_in_part_is_the_row_that_would_be_made_of_it(number: int) -> None:
    finding = replace(_known(1).finding, location=Location("a.py", 1))
    places = (finding.location, Location("b.py"))
    here = [replace(_known(1), identity=f"lg1-{n}", finding=finding, locations=places) for n in range(4)]
    row = encoded(here)
    read = decoded("a.py", row)
    assert encoded(read) == row
    assert decoded("a.py", encoded([*read[:number], here[number], *read[number + 1 :]])) == here
    assert decoded("a.py", encoded(read[number:])) == here[number:]
    assert decoded("a.py", encoded([read[number]] * 4)) == [here[number]] * 4


def test_two_runs_at_once_keep_what_both_found(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as left, Ledger.open(tmp_path) as right:
        left.known("p")
        right.known("p")
        left.remember("p", [_known(1)])
        right.remember("p", [_known(2)])
        assert {one.identity for one in left.known("p")} == {"lg1-1", "lg1-2"}


def test_long_fixed_findings_can_be_forgotten(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", [_known(1), replace(_known(2), fixed_at="2020-01-01T00:00:00+00:00")])
        assert ledger.retain(365) == 1
        assert [one.identity for one in ledger.known("p")] == ["lg1-1"]


def test_a_bypass_says_who_when_and_why(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.record_bypass(run="r", who="Ada", reason="a false alarm'); --", at="pre-push", identities=["lg1-1"])
        (bypass,) = ledger.bypasses()
    assert (bypass.who, bypass.reason, bypass.identities) == ("Ada", "a false alarm'); --", ("lg1-1",))
    assert bypass.time


def test_acknowledgements_and_jobs_are_kept(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.acknowledge_waiver("secrets/x", "Ada", note="still needed")
        number = ledger.start_job("advisories", detail="update")
        assert ledger.jobs[0].ended == ""
        ledger.finish_job(number, "done")
        assert (ledger.jobs[0].id, ledger.jobs[0].outcome) == (number, "done")
        assert ledger.acknowledgements()[0].note == "still needed"
        with pytest.raises(StoreError):
            ledger.finish_job(number, "twice")


def test_a_damaged_ledger_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database " * 100)
    with pytest.raises(StoreError) as caught:
        Ledger.open(tmp_path)
    assert caught.value.where.endswith("ledger.db")
    assert "damaged" in caught.value.hint


def test_a_ledger_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    Ledger.open(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "ledger.db")
    connection.execute("UPDATE schema_version SET version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="99"):
        Ledger.open(tmp_path)


@pytest.mark.parametrize("column", ["marks", "bodies"])
def test_what_was_damaged_is_a_store_error(tmp_path: Path, column: str) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", [_known(1)])
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection, connection:
        connection.execute(f"UPDATE known_places SET {column} = ?", (b"[]",))
    with Ledger.open(tmp_path) as ledger, pytest.raises(StoreError, match=r"a1\.py"):
        ledger.known("p")


def test_knowing_and_remembering_import_no_database_toolkit(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from lockgate.store import Ledger; l = Ledger.open(pathlib.Path(sys.argv[1]));"
        "l.remember('p', l.known('p')); l.close(); "
        "print([m for m in ('sqlalchemy', 'duckdb', 'deltalake') if m in sys.modules])"
    )
    source = str(Path(__file__).parents[2] / "src")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": source},
    )
    assert done.stdout.strip() == "[]"


def _changed(folder: Path, column: str, change: Callable[[list[Any]], object], *, where: str = "a1.py") -> None:
    """A row that says something else, with the check sum of that."""
    with closing(sqlite3.connect(folder / "ledger.db")) as connection, connection:
        stored = connection.execute("SELECT marks, bodies FROM known_places WHERE path = ?", (where,)).fetchone()
        row = dict(zip(("marks", "bodies"), stored, strict=True))
        body = json.loads(row[column])
        change(body)
        row[column] = json.dumps(body).encode()
        digest = zlib.crc32(row["bodies"], zlib.crc32(row["marks"]))
        told = (*row.values(), digest, where)
        connection.execute("UPDATE known_places SET marks = ?, bodies = ?, digest = ? WHERE path = ?", told)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body[1][0].__setitem__(1, "no-such-family"),
        lambda body: body[1][0].__setitem__(9, "x"),
        lambda body: body[0][0].__setitem__(0, [[], "x"]),
        lambda body: body[1].pop(),
        lambda body: body[1][0].pop(),
        lambda body: body.pop(),
        list.clear,
    ],
)
def test_a_known_finding_of_another_form_is_a_store_error(
    tmp_path: Path, change: Callable[[list[Any]], object]
) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", [_known(1)])
    _changed(tmp_path, "bodies", change)
    with Ledger.open(tmp_path) as ledger:
        (known,) = ledger.known("p")
        with pytest.raises(StoreError, match=r"a1\.py"):
            known.finding  # noqa: B018 -- what it says is read when it is asked for


@pytest.mark.parametrize("change", [list.clear, list.pop, lambda marks: marks.__setitem__(1, [])])
def test_marks_of_another_form_are_a_store_error(tmp_path: Path, change: Callable[[list[Any]], object]) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", [_known(1)])
    _changed(tmp_path, "marks", change)
    with Ledger.open(tmp_path) as ledger, pytest.raises(StoreError):
        ledger.known("p")


def test_names_of_vulnerabilities_are_known_without_unpacking_what_findings_say(tmp_path: Path) -> None:
    plain = replace(_known(2).finding, aliases=(), location=_known(1).finding.location)
    here = [_known(1), replace(_known(2), finding=plain, locations=(plain.location,))]
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", here)
        first, second = ledger.known("p")
        assert (first.names, first.flawed, second.names) == (["CVE-1"], ("code", "k1"), [])
        assert first.bodies is not None and first.bodies._rows is None


def test_a_row_that_only_says_that_there_are_names_is_read_alike(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", [_known(1)])
    _changed(tmp_path, "marks", lambda marks: marks.__setitem__(-1, True))
    with Ledger.open(tmp_path) as ledger:
        (first,) = ledger.known("p")
        assert (first.names, first.flawed) == (["CVE-1"], ("code", "k1"))
        assert first == _known(1)


@pytest.mark.parametrize("named", [[[]], [7], [["a"]]])
def test_names_of_another_form_are_a_store_error(tmp_path: Path, named: list[object]) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", [_known(1)])
    _changed(tmp_path, "marks", lambda marks: marks.__setitem__(-1, named))
    with Ledger.open(tmp_path) as ledger:
        (first,) = ledger.known("p")
        with pytest.raises(StoreError, match=r"a1\.py"):
            _ = first.names, first.flawed


def test_a_finding_that_moved_leaves_its_path_and_others_stay_there(tmp_path: Path) -> None:
    place = _known(2).finding.location
    moved = replace(_known(1), finding=replace(_known(1).finding, location=place), locations=(place,))
    late = replace(_known(3), finding=_known(1).finding, locations=_known(1).locations)
    with Ledger.open(tmp_path) as left, Ledger.open(tmp_path) as right:
        left.remember("p", [_known(1), _known(2)])
        left.known("p")
        right.remember("p", [late])
        assert left.remember("p", [moved, _known(2)]) == 2
        assert left.known("p") == (moved, _known(2), late)


def test_a_finding_that_two_runs_put_at_two_paths_is_known_once(tmp_path: Path) -> None:
    place = Location("z.py", 4)
    moved = replace(_known(1), finding=replace(_known(1).finding, location=place), locations=(place,))
    with Ledger.open(tmp_path) as left, Ledger.open(tmp_path) as right:
        left.remember("p", [_known(1)])
        right.remember("p", [moved])
        (known,) = right.known("p")
        assert known in (_known(1), moved)
        right.remember("p", [moved])
        assert right.known("p") == (moved,)


def test_what_was_read_is_copied_and_changed_as_what_was_made(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", [_known(1), _known(2)])
        first, second = ledger.known("p")
    assert replace(first, fixed_at="2031-02-02") == replace(_known(1), fixed_at="2031-02-02")
    assert (second.path, tuple(second.names), hash(second)) == ("a2.py", _known(2).finding.aliases, hash(_known(2)))
    assert pickle.loads(pickle.dumps(second)) == _known(2)
    assert repr(second) == repr(_known(2))
    with pytest.raises(AttributeError, match="strange"):
        second.strange  # type: ignore[attr-defined]  # noqa: B018


def test_a_ledger_of_the_first_form_is_taken_over(tmp_path: Path) -> None:
    place = ["a.yaml", 7, 7, 0, 0, "/spec"]
    finding = ["policy/x", "policy", 3, 2, ["object", "Pod a", "k"], place, "m", None, [], [["kind", "Pod"]]]
    bodies = {
        "lg1-1": [finding, [place], "2031-01-01", "Ada", "2030-12-31", "c0ffee"],
        "lg1-2": [finding, [place, ["b.yaml"]], "2031-01-02", "", "", ""],
    }
    Ledger.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection, connection:
        connection.execute("UPDATE schema_version SET version = 1")
        connection.execute(
            "CREATE TABLE known_findings (project TEXT NOT NULL, identity TEXT NOT NULL, fingerprint TEXT NOT NULL, "
            "fixed_at TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (project, identity)) WITHOUT ROWID"
        )
        for identity, body in bodies.items():
            row = ("p", identity, "lg1-1", "2031-03-03" if identity == "lg1-2" else "", json.dumps(body).encode())
            connection.execute("INSERT INTO known_findings VALUES (?, ?, ?, ?, ?)", row)
    for _ in range(2):
        with Ledger.open(tmp_path) as ledger:
            one, two = ledger.known("p")
    spot = Location("a.yaml", 7, 7, pointer="/spec")
    expected = Finding(
        RuleId("policy/x"), Family.POLICY, Severity.HIGH, Confidence.HIGH, Subject("object", "Pod a", "k"), spot, "m",
        facts=(Related("kind", "Pod"),),
    )  # fmt: skip
    assert one == KnownFinding("lg1-1", "lg1-1", expected, (spot,), "2031-01-01", "", "Ada", "2030-12-31", "c0ffee")
    places = (spot, Location("b.yaml"))
    assert two == KnownFinding("lg1-2", "lg1-1", expected, places, "2031-01-02", "2031-03-03")


def test_a_ledger_of_the_first_form_that_is_damaged_is_refused(tmp_path: Path) -> None:
    Ledger.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection, connection:
        connection.execute("UPDATE schema_version SET version = 1")
        connection.execute("CREATE TABLE known_findings (project, identity, fingerprint, fixed_at, body)")
        connection.execute("INSERT INTO known_findings VALUES ('p', 'i', 'i', '', '[]')")
    with pytest.raises(StoreError):
        Ledger.open(tmp_path)


def test_findings_are_read_as_they_were_remembered_in_whatever_order(tmp_path: Path) -> None:
    places = (Location("a.py", 1, pointer="/x", commit="c"), Location("b.py", 2, pointer="/y"))
    many = [
        replace(_known(number), locations=places[: number % 3] or _known(number).locations, identity=f"lg1-{mixed:08x}")
        for number in range(300)
        if (mixed := number * 7_919 % 1_009) >= 0
    ]
    with Ledger.open(tmp_path) as ledger:
        assert ledger.remember("p", many) == 300
    with Ledger.open(tmp_path) as ledger:
        assert list(ledger.known("p")) == sorted(many, key=lambda one: one.identity)


def test_a_ledger_of_the_second_form_which_lacks_the_lines_is_taken_over(tmp_path: Path) -> None:
    several = [_seen(number) for number in (1, 2, 3)]
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", several)
        ledger.remember("q", [_known(1)])
        (present,) = _rows_of(tmp_path, "p")
    _changed(tmp_path, "marks", lambda marks: marks.pop(-2), where="a.yaml")
    _changed(tmp_path, "marks", lambda marks: marks.pop(-2), where="a1.py")
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection, connection:
        connection.execute("UPDATE schema_version SET version = 2")
    with Ledger.open(tmp_path) as ledger:
        read = ledger.known("p")
        assert [one.line for one in read] == [3, 2, 1]
        assert all(one.bodies is not None and one.bodies._rows is None for one in read)
        assert ledger.known("q") == (_known(1),)
    assert _rows_of(tmp_path, "p") == [present]


def _rows_of(folder: Path, project: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "ledger.db")) as connection:
        return connection.execute("SELECT * FROM known_places WHERE project = ?", (project,)).fetchall()


@pytest.fixture
def nothing_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a ledger that is larger than what is held of one in memory."""
    monkeypatch.setattr("lockgate.store.ledger._MOST_HELD", 0)


@pytest.mark.usefixtures("nothing_held")
def test_what_findings_of_a_large_ledger_say_is_read_as_it_stood_when_they_were_known(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as left, Ledger.open(tmp_path) as right:
        left.remember("p", [_known(1), _known(2)])
        first, second = left.known("p")
        right.known("p")
        moved = replace(_known(1), finding=_known(3).finding, locations=_known(3).locations)
        right.remember("p", [moved, _known(2)])
        assert (first.line, first.finding, first.locations) == (1, _known(1).finding, _known(1).locations)
        fixed = replace(first, fixed_at="2031-02-02")
        assert left.remember("p", [fixed, second]) == 1
        assert right.known("p") == (replace(_known(1), fixed_at="2031-02-02"), _known(2))


@pytest.mark.usefixtures("nothing_held")
def test_what_was_read_of_a_large_ledger_and_stays_as_it_is_is_not_written(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", [_known(1), _known(2), _known(3)])
    with Ledger.open(tmp_path) as ledger:
        known = ledger.known("p")
        assert ledger.remember("p", known) == 0
        assert known == (_known(1), _known(2), _known(3))


@pytest.mark.usefixtures("nothing_held")
def test_what_findings_of_a_large_ledger_say_is_not_there_once_it_is_closed(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.remember("p", [_known(1)])
        (first,) = ledger.known("p")
    assert (first.identity, first.line) == ("lg1-1", 1)
    with pytest.raises(StoreError, match="closed"):
        first.finding  # noqa: B018 -- what it says is read when it is asked for
